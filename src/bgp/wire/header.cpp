// The 19 octets in front of every message (RFC 4271 4.1, 6.1) and the messages that are nothing
// else.
#include <algorithm>

#include "bgp/wire/framing.h"
#include "bgp/wire/message.h"

namespace perd::wire {
namespace {

constexpr std::size_t kMarkerSize = 16;

// RFC 4271 6.1 c..f, RFC 2918 3.
std::size_t minimum_length(MessageType type) {
  switch (type) {
    case MessageType::kOpen:
      return 29;
    case MessageType::kUpdate:
      return 23;
    case MessageType::kNotification:
      return 21;
    case MessageType::kKeepalive:
      return kHeaderSize;
    case MessageType::kRouteRefresh:
      return 23;
  }
  return kHeaderSize;
}

std::size_t maximum_length(MessageType type, bool extended_message) {
  if (type == MessageType::kKeepalive) return kHeaderSize;
  // RFC 8654 4: an OPEN is never extended, whatever was negotiated before.
  if (type == MessageType::kOpen || !extended_message) return kMaxMessage;
  return kMaxExtendedMessage;
}

}  // namespace

DecodeError bad_length(std::uint16_t length) {
  return header_error(HeaderSubcode::kBadLength,
                      {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
}

DecodeError header_error(HeaderSubcode subcode, std::vector<std::uint8_t> data) {
  return {ErrorCode::kMessageHeader, static_cast<std::uint8_t>(subcode), std::move(data)};
}

Expected<Header, DecodeError> decode_header(Bytes nineteen, bool extended_message) {
  Reader r(nineteen);
  const Bytes marker = r.bytes(kMarkerSize);
  const std::uint16_t length = r.u16();
  const std::uint8_t type = r.u8();
  if (r.failed()) return unexpected(bad_length(static_cast<std::uint16_t>(nineteen.size())));
  if (!std::all_of(marker.begin(), marker.end(), [](std::uint8_t o) { return o == 0xff; })) {
    return unexpected(header_error(HeaderSubcode::kNotSynchronized, {}));
  }
  const std::size_t ceiling = extended_message ? kMaxExtendedMessage : kMaxMessage;
  if (length < kHeaderSize || length > ceiling) return unexpected(bad_length(length));
  if (type < static_cast<std::uint8_t>(MessageType::kOpen) ||
      type > static_cast<std::uint8_t>(MessageType::kRouteRefresh)) {
    return unexpected(header_error(HeaderSubcode::kBadType, {type}));
  }
  const auto known = static_cast<MessageType>(type);
  if (length < minimum_length(known) || length > maximum_length(known, extended_message)) {
    return unexpected(bad_length(length));
  }
  return Header{length, known};
}

std::size_t begin_message(MessageType type, std::vector<std::uint8_t>& out) {
  const std::size_t start = out.size();
  out.insert(out.end(), kMarkerSize, 0xff);
  Writer w(out);
  w.u16(0);
  w.u8(static_cast<std::uint8_t>(type));
  return start;
}

void end_message(std::size_t start, std::vector<std::uint8_t>& out) {
  Writer w(out);
  w.patch_u16(start + kMarkerSize, static_cast<std::uint16_t>(out.size() - start));
}

void encode_keepalive(std::vector<std::uint8_t>& out) {
  end_message(begin_message(MessageType::kKeepalive, out), out);
}

}  // namespace perd::wire
