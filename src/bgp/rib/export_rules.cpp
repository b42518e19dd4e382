#include "bgp/rib/export_rules.h"

#include <algorithm>

namespace perd::rib {
namespace {

constexpr std::uint8_t kFlagTransitive = 0x40;
constexpr std::uint8_t kFlagPartial = 0x20;

bool is_local(const PeerInfo& source) { return source.id == kLocalPeer; }
bool is_internal(const PeerInfo& source) { return !is_local(source) && !source.ebgp; }

// What "self" is for routes of a family on a session; none when the session has no such address.
std::optional<IpAddress> own_next_hop(const ExportPeer& target, Family family) {
  if (family == Family::kIpv6Unicast) return target.own_v6;
  // RFC 8950: an IPv4 route may have an IPv6 next hop when both sides said so.
  if (!target.own_v4 && target.codec.extended_next_hop.has(family)) return target.own_v6;
  return target.own_v4;
}

bool wants_self(const PeerInfo& source, const ExportPeer& target, Family family) {
  // RFC 8365 5.1.3, RFC 9136 4: the EVPN next hop names the VTEP, so it is never ours to change;
  // own EVPN routes carry the own VTEP from their origination.
  if (family == Family::kEvpn) return false;
  // RFC 4271 5.1.3: to external neighbours and for own routes it is the own address.
  if (target.info.ebgp || is_local(source)) return true;
  if (source.ebgp) return target.next_hop_self != NextHopSelf::kNo;
  // RFC 4456 10: a reflector leaves it alone.
  return target.next_hop_self == NextHopSelf::kForce;
}

bool can_stand(const std::optional<IpAddress>& next_hop, const ExportPeer& target, Family family) {
  if (!next_hop || next_hop->is_unspecified()) return false;
  if (family == Family::kIpv6Unicast) return next_hop->is_v6() && !next_hop->is_link_local();
  if (family == Family::kEvpn || next_hop->is_v4()) return true;
  return target.codec.extended_next_hop.has(family);
}

void replace_as(wire::AsPath& path, Asn from, Asn to) {
  for (auto& segment : path.segments)
    std::replace(segment.asns.begin(), segment.asns.end(), from, to);
}

void rewrite_external(wire::PathAttributes& a, const PeerInfo& source, const ExportPeer& target) {
  const Asn first = target.peer_local_asn.value_or(target.local_asn);
  if (target.as_override) replace_as(a.as_path, target.info.remote_asn, first);
  // RFC 4271 5.1.2 b 1.
  a.as_path.prepend(target.local_asn);
  if (first != target.local_asn) a.as_path.prepend(first);
  a.local_pref.reset();  // RFC 4271 5.1.5
  if (!is_local(source))
    a.med.reset();          // RFC 4271 5.1.4: MED of one neighbour is not told to another
  a.originator_id.reset();  // RFC 4456 8: optional non-transitive
  a.cluster_list.clear();
  // RFC 4360 6: not over the boundary of the AS.
  std::erase_if(a.extended_communities, [](const ExtendedCommunity& c) { return !c.transitive(); });
}

void rewrite_internal(wire::PathAttributes& a, const PeerInfo& source, const ExportPeer& target) {
  if (!a.local_pref) a.local_pref = kDefaultLocalPref;  // RFC 4271 5.1.5: required inside an AS
  if (!is_internal(source)) return;
  // RFC 4456 8: who reflects says where the route came from and that it was here.
  if (!a.originator_id) a.originator_id = source.router_id;
  a.cluster_list.insert(a.cluster_list.begin(), target.cluster_id);
}

}  // namespace

std::string_view to_string(ExportVerdict verdict) {
  switch (verdict) {
    using enum ExportVerdict;
    case kSend:
      return "send";
    case kNoPath:
      return "no-path";
    case kSamePeer:
      return "same-peer";
    case kNotReflected:
      return "not-reflected";
    case kNoTransit:
      return "no-transit";
    case kNoAdvertise:
      return "no-advertise";
    case kNoExport:
      return "no-export";
    case kOriginator:
      return "originator";
    case kNoNextHop:
      return "no-next-hop";
  }
  return "";
}

ExportVerdict export_between(const PeerInfo& source, const ExportPeer& target, Family family) {
  if (is_local(source)) return ExportVerdict::kSend;
  // RFC 4271 9.2 leaves this to the speaker; what came from a neighbour is of no use to it.
  if (source.id == target.info.id) return ExportVerdict::kSamePeer;
  const bool client =
      source.route_reflector_client.has(family) || target.info.route_reflector_client.has(family);
  // RFC 4271 9.2 as RFC 4456 6 loosens it: internal to internal only from or to a client.
  if (!source.ebgp && !target.info.ebgp && !client) return ExportVerdict::kNotReflected;
  // per.yaml, underlay.transit: a node is no way from one neighbour to another.
  if (!target.transit && !client) return ExportVerdict::kNoTransit;
  return ExportVerdict::kSend;
}

ExportVerdict export_verdict(const AttributeSet& attributes, const PeerInfo& source,
                             const ExportPeer& target, Family family) {
  const ExportVerdict between = export_between(source, target, family);
  if (between != ExportVerdict::kSend) return between;
  // RFC 1997; there are no confederations here, so both NO_EXPORTs mean the same.
  if (!attributes.communities().empty()) {
    if (attributes.has_community(kCommunityNoAdvertise)) return ExportVerdict::kNoAdvertise;
    if (target.info.ebgp && (attributes.has_community(kCommunityNoExport) ||
                             attributes.has_community(kCommunityNoExportSubconfed))) {
      return ExportVerdict::kNoExport;
    }
  }
  if (target.info.id != kLocalPeer) {
    const ExportVerdict member =
        export_member(attributes, source, target.info.id, target.info.router_id, target);
    if (member != ExportVerdict::kSend) return member;
  }
  const auto next_hop =
      wants_self(source, target, family) ? own_next_hop(target, family) : attributes.next_hop();
  return can_stand(next_hop, target, family) ? ExportVerdict::kSend : ExportVerdict::kNoNextHop;
}

ExportVerdict export_member(const AttributeSet& attributes, const PeerInfo& source, PeerId member,
                            RouterId router_id, const ExportPeer& target) {
  if (!is_local(source) && source.id == member) return ExportVerdict::kSamePeer;
  // RFC 4456 8: it would be ignored there.
  if (!target.info.ebgp && attributes.originator_id() == router_id) {
    return ExportVerdict::kOriginator;
  }
  return ExportVerdict::kSend;
}

bool export_alike(const ExportPeer& a, const ExportPeer& b, Family family) {
  if (a.info.ebgp != b.info.ebgp || a.local_asn != b.local_asn ||
      a.peer_local_asn != b.peer_local_asn || a.transit != b.transit ||
      a.cluster_id != b.cluster_id ||
      a.info.route_reflector_client.has(family) != b.info.route_reflector_client.has(family)) {
    return false;
  }
  if (a.as_override != b.as_override) return false;
  if (a.as_override && a.info.remote_asn != b.info.remote_asn) return false;
  if (a.codec.four_octet_as != b.codec.four_octet_as ||
      a.codec.extended_message != b.codec.extended_message ||
      a.codec.add_path_send.has(family) != b.codec.add_path_send.has(family) ||
      a.codec.extended_next_hop.has(family) != b.codec.extended_next_hop.has(family)) {
    return false;
  }
  // The next hop of EVPN is never ours to change: sessions over different links are told alike.
  if (family == Family::kEvpn) return true;
  return a.next_hop_self == b.next_hop_self && own_next_hop(a, family) == own_next_hop(b, family);
}

ExportPeer as_group(const ExportPeer& peer) {
  ExportPeer group = peer;
  group.info.id = kLocalPeer;
  group.info.router_id = {};
  group.info.address = {};
  return group;
}

void rewrite_for_export(wire::PathAttributes& attributes, const PeerInfo& source,
                        const ExportPeer& target, Family family) {
  attributes.has_as_path = true;  // RFC 4271 5.1.2: mandatory, if empty
  if (!attributes.origin) attributes.origin = wire::Origin::kIncomplete;
  if (wants_self(source, target, family)) {
    attributes.next_hop = own_next_hop(target, family);
  }
  // RFC 2545 3: only for a neighbour on the same link as the next hop, which nobody knows here.
  attributes.link_local_next_hop.reset();
  // RFC 4271 5: unknown optional attributes go on only if transitive, marked as partial.
  std::erase_if(attributes.unknown,
                [](const wire::UnknownAttribute& u) { return (u.flags & kFlagTransitive) == 0; });
  if (!is_local(source)) {
    for (auto& u : attributes.unknown) u.flags |= kFlagPartial;
  }
  if (target.info.ebgp) {
    rewrite_external(attributes, source, target);
  } else {
    rewrite_internal(attributes, source, target);
  }
}

}  // namespace perd::rib
