// OPEN (RFC 4271 4.2, 6.2) with optional parameters of both lengths (RFC 9072). Whether the AS
// number and the identifier fit the configured neighbour is the session's to judge.
#include "bgp/wire/capabilities.h"
#include "bgp/wire/framing.h"
#include "bgp/wire/message.h"

namespace perd::wire {
namespace {

constexpr std::uint8_t kVersion = 4;
constexpr std::uint8_t kCapabilitiesParameter = 2;  // RFC 5492 4
constexpr std::uint8_t kExtendedMarker = 255;       // RFC 9072 2: length and type of the first one
constexpr std::size_t kMaxPlainParameters = 255;

DecodeError open_error(OpenSubcode subcode, std::vector<std::uint8_t> data = {}) {
  return {ErrorCode::kOpen, static_cast<std::uint8_t>(subcode), std::move(data)};
}

Expected<void, DecodeError> decode_parameters(Reader r, bool extended, Capabilities& out) {
  while (r.remaining() > 0) {
    const std::uint8_t type = r.u8();
    const std::size_t length = extended ? r.u16() : r.u8();
    const Reader value = r.sub(length);
    if (r.failed()) return unexpected(open_error(OpenSubcode::kUnspecific));
    if (type != kCapabilitiesParameter) {
      return unexpected(open_error(OpenSubcode::kUnsupportedParameter));
    }
    if (!decode_capabilities(value, out)) return unexpected(open_error(OpenSubcode::kUnspecific));
  }
  return {};
}

// Reads the length of the parameters, in either form, and then them.
Expected<void, DecodeError> decode_optional_part(Reader r, Capabilities& out) {
  std::size_t length = r.u8();
  Reader look_ahead = r;
  // RFC 9072 2: the type tells the form; the plain length must not be zero and else does not count.
  const bool extended = length != 0 && look_ahead.u8() == kExtendedMarker;
  if (extended) {
    r.skip(1);
    length = r.u16();
  }
  if (r.failed() || r.remaining() != length) {
    return unexpected(open_error(OpenSubcode::kUnspecific));
  }
  return decode_parameters(r, extended, out);
}

Expected<void, DecodeError> check_fixed_part(const Open& open) {
  if (open.version != kVersion) {
    // RFC 4271 6.2: the data is the version we do speak.
    return unexpected(open_error(OpenSubcode::kUnsupportedVersion, {0, kVersion}));
  }
  if (open.asn.value == 0) return unexpected(open_error(OpenSubcode::kBadPeerAs));  // RFC 7607 2
  if (open.hold_time_seconds == 1 || open.hold_time_seconds == 2) {
    return unexpected(open_error(OpenSubcode::kUnacceptableHoldTime));
  }
  // RFC 6286 2.1: any value but zero.
  if (open.id.value == 0) return unexpected(open_error(OpenSubcode::kBadIdentifier));
  return {};
}

}  // namespace

Expected<Open, DecodeError> decode_open(Bytes body) {
  constexpr std::size_t kMinimumBody = 10;
  if (body.size() < kMinimumBody) {
    return unexpected(bad_length(static_cast<std::uint16_t>(body.size() + kHeaderSize)));
  }
  Reader r(body);
  Open open;
  open.version = r.u8();
  open.asn = Asn{r.u16()};
  open.hold_time_seconds = r.u16();
  open.id = RouterId{r.u32()};
  if (auto good = check_fixed_part(open); !good) return unexpected(std::move(good.error()));
  if (auto good = decode_optional_part(r, open.capabilities); !good) {
    return unexpected(std::move(good.error()));
  }
  if (open.capabilities.four_octet_as) {
    open.asn = *open.capabilities.four_octet_as;
    if (open.asn.value == 0) return unexpected(open_error(OpenSubcode::kBadPeerAs));  // RFC 7607 2
  }
  return open;
}

void encode_open(const Open& open, std::vector<std::uint8_t>& out) {
  constexpr std::uint32_t kMaxTwoOctetAs = 0xffff;
  const std::vector<EncodedCapability> capabilities = encode_capabilities(open.capabilities);
  std::size_t plain_size = 0;
  for (const EncodedCapability& c : capabilities) plain_size += 4 + c.value.size();
  const bool extended = plain_size > kMaxPlainParameters;  // RFC 9072 2

  const std::size_t start = begin_message(MessageType::kOpen, out);
  Writer w(out);
  w.u8(open.version);
  const Asn short_as = open.asn.value > kMaxTwoOctetAs ? kAsTrans : open.asn;
  w.u16(static_cast<std::uint16_t>(short_as.value));
  w.u16(open.hold_time_seconds);
  w.u32(open.id.value);
  if (extended) {
    w.u8(kExtendedMarker);
    w.u8(kExtendedMarker);
    w.u16(static_cast<std::uint16_t>(plain_size + capabilities.size()));
  } else {
    w.u8(static_cast<std::uint8_t>(plain_size));
  }
  for (const EncodedCapability& c : capabilities) {  // one capability per parameter, as FRR does
    w.u8(kCapabilitiesParameter);
    if (extended) {
      w.u16(static_cast<std::uint16_t>(c.value.size() + 2));
    } else {
      w.u8(static_cast<std::uint8_t>(c.value.size() + 2));
    }
    w.u8(c.code);
    w.u8(static_cast<std::uint8_t>(c.value.size()));
    w.bytes(c.value);
  }
  end_message(start, out);
}

}  // namespace perd::wire
