#include "bgp/wire/capabilities.h"

#include <algorithm>

#include "bgp/wire/utf8.h"

namespace perd::wire {
namespace {

enum class CapabilityCode : std::uint8_t {
  kMultiprotocol = 1,
  kRouteRefresh = 2,
  kExtendedNextHop = 5,
  kExtendedMessage = 6,
  kGracefulRestart = 64,
  kFourOctetAs = 65,
  kAddPath = 69,
  kEnhancedRouteRefresh = 70,
  kFqdn = 73,
};

constexpr std::size_t kMaxCapabilityValue = 255;
constexpr std::uint16_t kRestartingBit = 0x8000;    // RFC 4724 3
constexpr std::uint16_t kNotificationBit = 0x4000;  // RFC 8538 2
constexpr std::uint16_t kRestartTimeMask = 0x0fff;
constexpr std::uint8_t kForwardingBit = 0x80;

template <class T>
void add_once(std::vector<T>& list, const T& item) {  // RFC 5492 4: repetition means nothing
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

void decode_multiprotocol(Reader& r, Capabilities& out) {
  AfiSafi family;
  family.afi = r.u16();
  r.skip(1);
  family.safi = r.u8();
  if (r.done()) add_once(out.multiprotocol, family);
}

void decode_four_octet_as(Reader& r, Capabilities& out) {
  const Asn asn{r.u32()};
  if (r.done() && !out.four_octet_as) out.four_octet_as = asn;
}

void decode_extended_next_hop(Reader& r, Capabilities& out) {
  while (r.remaining() > 0) {
    ExtendedNextHop e;
    e.afi = r.u16();
    e.safi = r.u16();
    e.next_hop_afi = r.u16();
    if (!r.failed()) add_once(out.extended_next_hop, e);
  }
}

void decode_add_path(Reader& r, Capabilities& out) {
  while (r.remaining() > 0) {
    AddPathFamily f;
    f.afi = r.u16();
    f.safi = r.u8();
    f.mode = r.u8();
    // RFC 7911 4: a mode other than 1 to 3 is as if the tuple were absent.
    if (!r.failed() && f.mode >= 1 && f.mode <= 3) add_once(out.add_path, f);
  }
}

void decode_graceful_restart(Reader& r, Capabilities& out) {
  GracefulRestartCapability g;
  const std::uint16_t head = r.u16();
  g.restarting = (head & kRestartingBit) != 0;
  g.notification = (head & kNotificationBit) != 0;
  g.restart_time_seconds = head & kRestartTimeMask;
  while (r.remaining() > 0) {
    GracefulRestartFamily f;
    f.afi = r.u16();
    f.safi = r.u8();
    f.forwarding_preserved = (r.u8() & kForwardingBit) != 0;
    if (!r.failed()) g.families.push_back(f);
  }
  if (r.done()) out.graceful_restart = std::move(g);  // RFC 4724 3: the last one counts
}

// Serves people only, so a malformed one is kept as unknown rather than refusing the session.
bool decode_fqdn(Reader r, Capabilities& out) {
  const std::size_t host_size = r.u8();
  const Bytes host = r.bytes(host_size);
  const std::size_t domain_size = r.u8();
  const Bytes domain = r.bytes(domain_size);
  if (!r.done()) return false;
  out.fqdn = Fqdn{printable_utf8(host), printable_utf8(domain)};
  return true;
}

// False when a capability that perd knows is malformed.
bool decode_capability(std::uint8_t code, Reader r, Capabilities& out) {
  switch (static_cast<CapabilityCode>(code)) {
    case CapabilityCode::kMultiprotocol:
      decode_multiprotocol(r, out);
      return r.done();
    case CapabilityCode::kRouteRefresh:
      out.route_refresh = true;
      return r.done();
    case CapabilityCode::kEnhancedRouteRefresh:
      out.enhanced_route_refresh = true;
      return r.done();
    case CapabilityCode::kExtendedMessage:
      out.extended_message = true;
      return r.done();
    case CapabilityCode::kFourOctetAs:
      decode_four_octet_as(r, out);
      return r.done();
    case CapabilityCode::kGracefulRestart:
      decode_graceful_restart(r, out);
      return r.done();
    case CapabilityCode::kAddPath:
      decode_add_path(r, out);
      return r.done();
    case CapabilityCode::kExtendedNextHop:
      decode_extended_next_hop(r, out);
      return r.done();
    case CapabilityCode::kFqdn:
      if (decode_fqdn(r, out)) return true;
      break;
  }
  // RFC 5492 3: unknown ones (LLGR, software version, ORF, ...) are no reason for anything.
  const Bytes value = r.rest();
  add_once(out.unknown, UnknownCapability{code, {value.begin(), value.end()}});
  return true;
}

class CapabilityList {
 public:
  Writer add(CapabilityCode code) {
    list_.push_back({static_cast<std::uint8_t>(code), {}});
    return Writer(list_.back().value);
  }
  void add_unknown(const UnknownCapability& u) {
    if (u.value.size() <= kMaxCapabilityValue) list_.push_back({u.code, u.value});
  }
  std::vector<EncodedCapability> take() { return std::move(list_); }

 private:
  std::vector<EncodedCapability> list_;
};

void encode_fqdn(const Fqdn& fqdn, Writer w) {
  constexpr std::size_t kMaxName = 64;  // draft-walton-bgp-hostname-capability 2
  for (const std::string* name : {&fqdn.host, &fqdn.domain}) {
    const std::string_view cut = utf8_prefix(*name, kMaxName);
    w.u8(static_cast<std::uint8_t>(cut.size()));
    for (const char c : cut) w.u8(static_cast<std::uint8_t>(c));
  }
}

void encode_graceful_restart(const GracefulRestartCapability& g, Writer w) {
  constexpr std::size_t kMaxFamilies = (kMaxCapabilityValue - 2) / 4;
  unsigned head = g.restart_time_seconds & kRestartTimeMask;
  if (g.restarting) head |= kRestartingBit;
  if (g.notification) head |= kNotificationBit;
  w.u16(static_cast<std::uint16_t>(head));
  for (std::size_t i = 0; i < std::min(g.families.size(), kMaxFamilies); ++i) {
    w.u16(g.families[i].afi);
    w.u8(g.families[i].safi);
    w.u8(g.families[i].forwarding_preserved ? kForwardingBit : std::uint8_t{0});
  }
}

void encode_add_path(const std::vector<AddPathFamily>& families, Writer w) {
  constexpr std::size_t kMaxFamilies = kMaxCapabilityValue / 4;
  for (std::size_t i = 0; i < std::min(families.size(), kMaxFamilies); ++i) {
    w.u16(families[i].afi);
    w.u8(families[i].safi);
    w.u8(families[i].mode);
  }
}

void encode_extended_next_hop(const std::vector<ExtendedNextHop>& tuples, Writer w) {
  constexpr std::size_t kMaxTuples = kMaxCapabilityValue / 6;
  for (std::size_t i = 0; i < std::min(tuples.size(), kMaxTuples); ++i) {
    w.u16(tuples[i].afi);
    w.u16(tuples[i].safi);
    w.u16(tuples[i].next_hop_afi);
  }
}

}  // namespace

bool decode_capabilities(Reader r, Capabilities& out) {
  while (r.remaining() > 0) {
    const std::uint8_t code = r.u8();
    const std::size_t length = r.u8();
    const Reader value = r.sub(length);
    if (r.failed() || !decode_capability(code, value, out)) return false;
  }
  return !r.failed();
}

std::vector<EncodedCapability> encode_capabilities(const Capabilities& c) {
  CapabilityList list;
  for (const AfiSafi& f : c.multiprotocol) {
    Writer w = list.add(CapabilityCode::kMultiprotocol);
    w.u16(f.afi);
    w.u8(0);
    w.u8(f.safi);
  }
  if (c.route_refresh) (void)list.add(CapabilityCode::kRouteRefresh);
  if (c.enhanced_route_refresh) (void)list.add(CapabilityCode::kEnhancedRouteRefresh);
  if (c.four_octet_as) list.add(CapabilityCode::kFourOctetAs).u32(c.four_octet_as->value);
  if (c.extended_message) (void)list.add(CapabilityCode::kExtendedMessage);
  if (!c.extended_next_hop.empty()) {
    encode_extended_next_hop(c.extended_next_hop, list.add(CapabilityCode::kExtendedNextHop));
  }
  if (!c.add_path.empty()) encode_add_path(c.add_path, list.add(CapabilityCode::kAddPath));
  if (c.fqdn) encode_fqdn(*c.fqdn, list.add(CapabilityCode::kFqdn));
  if (c.graceful_restart) {
    encode_graceful_restart(*c.graceful_restart, list.add(CapabilityCode::kGracefulRestart));
  }
  for (const UnknownCapability& u : c.unknown) list.add_unknown(u);
  return list.take();
}

}  // namespace perd::wire
