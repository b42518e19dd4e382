// What the fuzz targets of the wire codec share: contexts from one octet, and the properties that
// hold for whatever a peer sends.
#pragma once

#include "bgp/wire/message.h"
#include "perd/assert.h"

namespace perd::wire::fuzz {

inline FamilySet all_families() {
  FamilySet s;
  for (const Family f : kAllFamilies) s.add(f);
  return s;
}

inline CodecContext context_of(std::uint8_t bits) {
  CodecContext c;
  c.families = all_families();
  c.ebgp = (bits & 1) != 0;
  c.four_octet_as = (bits & 2) == 0;
  if ((bits & 4) != 0) c.add_path_receive = c.add_path_send = all_families();
  if ((bits & 8) != 0) c.extended_next_hop.add(Family::kIpv4Unicast);
  if ((bits & 16) != 0) c.families.remove(Family::kIpv4Unicast);
  c.extended_message = (bits & 32) != 0;
  return c;
}

// An UPDATE as decoded keeps what message.h promises, and what can be encoded again means the same.
inline void check_update(Bytes body, const CodecContext& context) {
  static Update u, again;  // reused, as the daemon does
  if (!decode_update(body, context, u)) return;
  PERD_ASSERT(u.faults.size() <= kMaxFaults);
  for (const AttributeFault& f : u.faults) {
    PERD_ASSERT(f.octets.size() <= kMaxFaultOctets);
    PERD_ASSERT(f.disposition <= u.disposition);
    PERD_ASSERT(!to_string(f).empty());
  }
  if (u.disposition == Disposition::kTreatAsWithdraw) {
    PERD_ASSERT(u.announced.empty());
    return;
  }
  for (const EvpnNlri& r : u.announced.evpn) {
    PERD_ASSERT(!to_string(r.key).empty());
    PERD_ASSERT(r.key.prefix_length <= r.key.ip_bits);
    (void)hash_value(r.key);
  }
  std::vector<std::uint8_t> octets;
  if (!encode_update(u, context, octets)) return;
  PERD_ASSERT(octets.size() <= context.max_message());
  const Bytes message(octets);
  PERD_ASSERT(decode_header(message.first(kHeaderSize), context.extended_message).has_value());
  PERD_ASSERT(decode_update(message.subspan(kHeaderSize), context, again).has_value());
  PERD_ASSERT(again.announced == u.announced);
  PERD_ASSERT(again.withdrawn.ipv4 == u.withdrawn.ipv4);
  PERD_ASSERT(again.withdrawn.evpn.size() == u.withdrawn.evpn.size());
}

}  // namespace perd::wire::fuzz
