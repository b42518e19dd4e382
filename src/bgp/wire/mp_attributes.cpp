// MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 3, 4; RFC 7606 5.3, 7.11, 7.12).
//   reach:   AFI 2 | SAFI 1 | next hop length 1 | next hop | reserved 1 | routes
//   unreach: AFI 2 | SAFI 1 | routes
// Any fault returned here resets the session: without the routes nothing can be withdrawn instead.
#include "bgp/wire/attribute_codecs.h"
#include "bgp/wire/evpn_nlri.h"
#include "bgp/wire/ip_nlri.h"
#include "bgp/wire/next_hop.h"

namespace perd::wire {
namespace {

constexpr std::uint8_t kReachCode = static_cast<std::uint8_t>(AttributeCode::kMpReach);

// The family when both sides agreed to it; others are stepped over (RFC 4760 8).
std::optional<Family> negotiated(AfiSafi wire, UpdateState& state) {
  const auto family = family_of(wire.afi, wire.safi);
  if (family && state.context.families.has(*family)) return family;
  state.out.unknown_family = wire;
  return std::nullopt;
}

bool decode_routes(Bytes field, Family family, bool withdraw, UpdateState& state) {
  const bool add_path = state.context.add_path_receive.has(family);
  RouteList& list = withdraw ? state.out.withdrawn : state.out.announced;
  switch (family) {
    case Family::kIpv4Unicast:
      return decode_prefixes(field, IpFamily::kIpv4, add_path, list.ipv4);
    case Family::kIpv6Unicast:
      return decode_prefixes(field, IpFamily::kIpv6, add_path, list.ipv6);
    case Family::kEvpn: {
      const EvpnFieldResult result =
          withdraw ? decode_evpn_unreach(field, add_path, state.out, state.faults)
                   : decode_evpn_reach(field, add_path, state.out, state.faults);
      if (!withdraw) state.saw_bare_prefix |= result.saw_bare_prefix;
      return result.framed;
    }
  }
  return false;
}

}  // namespace

FaultOrNone decode_mp_reach(Reader value, UpdateState& state) {
  constexpr std::size_t kMinimum = 5;  // RFC 7606 5.3
  if (value.remaining() < kMinimum) return AttributeFaultKind::kLength;
  AfiSafi wire_family;
  wire_family.afi = value.u16();
  wire_family.safi = value.u8();
  const std::size_t next_hop_size = value.u8();
  const Bytes next_hop = value.bytes(next_hop_size);
  value.skip(1);  // reserved, to be ignored (RFC 4760 3)
  if (value.failed()) return AttributeFaultKind::kLength;
  const Bytes routes = value.rest();
  state.mp_reach_has_routes = !routes.empty();

  const auto family = negotiated(wire_family, state);
  if (!family) return std::nullopt;
  const bool ipv6_for_ipv4 = state.context.extended_next_hop.has(Family::kIpv4Unicast);
  const auto hop = decode_mp_next_hop(next_hop, *family, ipv6_for_ipv4);
  if (!hop) return AttributeFaultKind::kBadNextHop;  // RFC 7606 7.11
  state.out.mp_next_hop = hop->global;
  state.out.mp_link_local_next_hop = hop->link_local;
  state.mp_reach_is_ipv4 = *family == Family::kIpv4Unicast;
  state.mp_reach_octets = next_hop;
  if (!decode_routes(routes, *family, false, state)) return AttributeFaultKind::kBadNlri;
  if (!routes.empty() && is_martian(hop->global)) {
    // Syntax is good, sense is not: RFC 7606 7.3 by analogy, RFC 4271 6.3.
    state.faults.add(kReachCode, AttributeFaultKind::kBadNextHop, Disposition::kTreatAsWithdraw,
                     next_hop);
  }
  return std::nullopt;
}

FaultOrNone decode_mp_unreach(Reader value, UpdateState& state) {
  constexpr std::size_t kMinimum = 3;  // RFC 7606 5.3
  if (value.remaining() < kMinimum) return AttributeFaultKind::kLength;
  AfiSafi wire_family;
  wire_family.afi = value.u16();
  wire_family.safi = value.u8();
  const Bytes routes = value.rest();
  const auto family = negotiated(wire_family, state);
  if (!family) return std::nullopt;
  if (routes.empty()) state.mp_unreach_empty = family;
  if (!decode_routes(routes, *family, true, state)) return AttributeFaultKind::kBadNlri;
  return std::nullopt;
}

}  // namespace perd::wire
