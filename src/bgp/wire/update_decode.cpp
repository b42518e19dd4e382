// UPDATE, read (RFC 4271 4.3, 6.3; RFC 7606):
//   withdrawn length 2 | withdrawn | attributes length 2 | attributes | NLRI
//
// Two passes. The first takes the octets apart; what cannot be taken apart resets the session. The
// second looks at what came out as a whole: mandatory attributes, next hops, AS4_PATH, End-of-RIB,
// and turns announcements into withdrawals when RFC 7606 says so.
#include <algorithm>

#include "bgp/wire/as_path.h"
#include "bgp/wire/attribute_table.h"
#include "bgp/wire/evpn_nlri.h"
#include "bgp/wire/framing.h"
#include "bgp/wire/ip_nlri.h"
#include "bgp/wire/next_hop.h"
#include "bgp/wire/update_state.h"

namespace perd::wire {
namespace {

struct Sections {
  Bytes withdrawn, attributes, nlri;
};

Expected<Sections, DecodeError> split(Bytes body) {
  Reader r(body);
  Sections s;
  const std::size_t withdrawn_size = r.u16();
  s.withdrawn = r.bytes(withdrawn_size);
  const std::size_t attributes_size = r.u16();
  s.attributes = r.bytes(attributes_size);
  s.nlri = r.rest();
  // RFC 4271 6.3: the two lengths exceed the message, so NLRI cannot be found either.
  if (r.failed()) return unexpected(update_error(UpdateSubcode::kMalformedAttributeList));
  return s;
}

// The classic fields, which are IPv4 unicast. RFC 7606 3 i, 5.3: unreadable ones reset the session.
Expected<void, DecodeError> decode_classic(Bytes field, UpdateState& state, RouteList& list) {
  const bool add_path = state.context.add_path_receive.has(Family::kIpv4Unicast);
  if (!decode_prefixes(field, IpFamily::kIpv4, add_path, list.ipv4)) {
    return unexpected(update_error(UpdateSubcode::kInvalidNetworkField));
  }
  if (!field.empty() && !state.context.families.has(Family::kIpv4Unicast)) {
    state.out.unknown_family = AfiSafi{1, 1};
    list.ipv4.clear();
  }
  return {};
}

// RFC 6793 4.2.3.
void merge_as4(UpdateState& state) {
  PathAttributes& a = state.out.attributes;
  if (a.aggregator && state.as4_aggregator) {
    // Somebody in between aggregated anew without knowing four octets: both AS4 attributes are old.
    if (a.aggregator->asn != kAsTrans) return;
    a.aggregator = state.as4_aggregator;
  }
  if (a.has_as_path && state.as4_path) {
    a.as_path = merge_as4_path(a.as_path, *std::move(state.as4_path));
  }
}

void check_mandatory(const Sections& s, UpdateState& state) {
  const PathAttributes& a = state.out.attributes;
  if (s.nlri.empty() && !state.mp_reach_has_routes) return;
  // RFC 7606 3 d. A malformed one is known already and not missing.
  const auto told = [&state](AttributeCode code) {
    const auto& faults = state.out.faults;
    return std::any_of(faults.begin(), faults.end(), [code](const AttributeFault& f) {
      return f.code == static_cast<std::uint8_t>(code);
    });
  };
  const auto require = [&](bool present, AttributeCode code) {
    if (!present && !told(code)) state.faults.add_missing(code);
  };
  require(a.origin.has_value(), AttributeCode::kOrigin);
  require(a.has_as_path, AttributeCode::kAsPath);
  if (!s.nlri.empty()) require(state.next_hop.has_value(), AttributeCode::kNextHop);
}

void settle_next_hops(const Sections& s, UpdateState& state) {
  PathAttributes& a = state.out.attributes;
  if (s.nlri.empty()) {  // RFC 4760 3: NEXT_HOP has no meaning for the routes of MP_REACH_NLRI
    a.next_hop = state.out.mp_next_hop;
    a.link_local_next_hop = state.out.mp_link_local_next_hop;
    return;
  }
  a.next_hop = state.next_hop;
  if (state.next_hop && is_martian(*state.next_hop)) {
    state.faults.add(static_cast<std::uint8_t>(AttributeCode::kNextHop),
                     AttributeFaultKind::kBadNextHop, Disposition::kTreatAsWithdraw,
                     state.next_hop_octets);
  }
  // IPv4 routes in both places with two next hops: no telling which belongs to which any more.
  if (state.mp_reach_is_ipv4 && state.mp_reach_has_routes &&
      state.out.mp_next_hop != state.next_hop) {
    state.faults.add(static_cast<std::uint8_t>(AttributeCode::kMpReach),
                     AttributeFaultKind::kBadNextHop, Disposition::kTreatAsWithdraw,
                     state.mp_reach_octets);
  }
}

// RFC 9136 3.1: type 5 whose ESI, gateway, label and router MAC are all zero counts as withdrawn.
void settle_bare_prefixes(UpdateState& state) {
  if (!state.saw_bare_prefix) return;
  const auto& communities = state.out.attributes.extended_communities;
  const bool has_router_mac =
      std::any_of(communities.begin(), communities.end(), [](const ExtendedCommunity& c) {
        const auto mac = as_router_mac(c);
        return mac && !mac->is_zero();
      });
  if (has_router_mac) return;
  auto& routes = state.out.announced.evpn;
  for (const EvpnNlri& route : routes) {
    if (!lacks_overlay_index(route)) continue;
    state.out.withdrawn.evpn.push_back({route.key, {}, route.path_id});
  }
  std::erase_if(routes, lacks_overlay_index);
  state.faults.add(static_cast<std::uint8_t>(AttributeCode::kMpReach), AttributeFaultKind::kBadNlri,
                   Disposition::kRouteWithdrawn, {});
}

template <class Route>
void move_routes(std::vector<Route>& from, std::vector<Route>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

void treat_as_withdraw(Update& out) {
  for (EvpnNlri& route : out.announced.evpn) route.data = {};
  move_routes(out.announced.ipv4, out.withdrawn.ipv4);
  move_routes(out.announced.ipv6, out.withdrawn.ipv6);
  move_routes(out.announced.evpn, out.withdrawn.evpn);
  move_routes(out.announced.opaque_evpn, out.withdrawn.opaque_evpn);
}

// RFC 7606 5.2: attributes without a reachable route, and a fault that would withdraw routes:
// perhaps the routes themselves were lost, so nothing less than a reset is safe.
Expected<void, DecodeError> check_reachable(const Sections& s, const UpdateState& state) {
  const Update& out = state.out;
  const bool reachable = !s.nlri.empty() || state.mp_reach_has_routes;
  if (reachable || !state.other_attributes || out.disposition != Disposition::kTreatAsWithdraw) {
    return {};
  }
  for (const AttributeFault& fault : out.faults) {
    if (fault.disposition == Disposition::kTreatAsWithdraw) {
      return unexpected(error_of(fault.code, fault.kind, fault.octets));
    }
  }
  return unexpected(update_error(UpdateSubcode::kMalformedAttributeList));
}

// RFC 4724 2.
std::optional<Family> end_of_rib(const Sections& s, const UpdateState& state) {
  if (!s.withdrawn.empty() || !s.nlri.empty() || state.other_attributes) return std::nullopt;
  if (s.attributes.empty()) {
    const bool spoken = state.context.families.has(Family::kIpv4Unicast);
    return spoken ? std::optional(Family::kIpv4Unicast) : std::nullopt;
  }
  return state.mp_unreach_empty;
}

}  // namespace

DecodeError update_error(UpdateSubcode subcode, Bytes data) {
  constexpr std::size_t kMaxData = kMaxMessage - kHeaderSize - 2;
  const Bytes cut = data.first(std::min(data.size(), kMaxData));
  return {ErrorCode::kUpdate, static_cast<std::uint8_t>(subcode), {cut.begin(), cut.end()}};
}

void Update::clear() {
  withdrawn.clear();
  announced.clear();
  attributes.origin.reset();
  attributes.as_path.segments.clear();
  attributes.has_as_path = false;
  attributes.next_hop.reset();
  attributes.link_local_next_hop.reset();
  attributes.med.reset();
  attributes.local_pref.reset();
  attributes.atomic_aggregate = false;
  attributes.aggregator.reset();
  attributes.originator_id.reset();
  attributes.cluster_list.clear();
  attributes.communities.clear();
  attributes.large_communities.clear();
  attributes.extended_communities.clear();
  attributes.pmsi.reset();
  attributes.unknown.clear();
  mp_next_hop.reset();
  mp_link_local_next_hop.reset();
  unknown_family.reset();
  end_of_rib.reset();
  faults.clear();
  disposition = Disposition::kNone;
}

Expected<void, DecodeError> decode_update(Bytes body, const CodecContext& context, Update& out) {
  // The segments of the last path lend their memory to the next one.
  std::vector<AsSegment> segments = std::move(out.attributes.as_path.segments);
  out.clear();
  out.attributes.as_path.segments = std::move(segments);

  const auto sections = split(body);
  if (!sections) return unexpected(sections.error());
  UpdateState state{context, out, FaultLog(body, out)};
  if (auto good = decode_classic(sections->withdrawn, state, out.withdrawn); !good) return good;
  if (auto good = decode_attributes(sections->attributes, state); !good) return good;
  if (auto good = decode_classic(sections->nlri, state, out.announced); !good) return good;
  if (!out.attributes.has_as_path) out.attributes.as_path.segments.clear();

  if (!context.four_octet_as) merge_as4(state);
  check_mandatory(*sections, state);
  settle_next_hops(*sections, state);
  if (auto good = check_reachable(*sections, state); !good) return good;
  settle_bare_prefixes(state);
  if (out.disposition == Disposition::kTreatAsWithdraw) treat_as_withdraw(out);
  out.end_of_rib = end_of_rib(*sections, state);
  return {};
}

}  // namespace perd::wire
