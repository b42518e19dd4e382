#include "evpn/import_rules.h"

#include <algorithm>

#include "perd/assert.h"

namespace perd::evpn {

bool is_martian_prefix(const IpPrefix& prefix) {
  const IpAddress& a = prefix.address;
  const auto covered_by = [&prefix](unsigned length) { return prefix.length >= length; };
  if (a.is_v4()) {
    return (a.octets[0] == 127 && covered_by(8)) || ((a.octets[0] & 0xf0) == 0xe0 && covered_by(4));
  }
  if (a.octets[0] == 0xff && covered_by(8)) return true;
  if (a.octets[0] == 0xfe && (a.octets[1] & 0xc0) == 0x80 && covered_by(10)) return true;
  return a.is_loopback() && covered_by(128);
}

std::optional<MacAddress> router_mac_of(std::span<const ExtendedCommunity> communities) {
  for (const auto& c : communities) {
    if (const auto mac = as_router_mac(c)) return mac;
  }
  return std::nullopt;
}

bool allows_vxlan(std::span<const ExtendedCommunity> communities) {
  bool any = false;
  for (const auto& c : communities) {
    const auto encapsulation = as_encapsulation(c);
    if (!encapsulation) continue;
    if (*encapsulation == kEncapsulationVxlan) return true;
    any = true;
  }
  return !any;
}

void ImportRules::reset(std::span<const IpAddress> own_addresses, std::span<const LocalVrf> vrfs) {
  targets_.clear();
  own_addresses_.assign(own_addresses.begin(), own_addresses.end());
  own_macs_.clear();
  rows_.clear();
  for (const LocalVrf& vrf : vrfs) {
    rows_.push_back({vrf.id, vrf.vni, vrf.vtep.family});
    if (!vrf.vtep.is_unspecified()) own_addresses_.push_back(vrf.vtep);
    if (!vrf.router_mac.is_zero()) own_macs_.push_back(vrf.router_mac);
    for (const RouteTargetMatch& match : vrf.import_rts) targets_.add(vrf.id, match);
  }
  std::sort(own_addresses_.begin(), own_addresses_.end());
  std::sort(own_macs_.begin(), own_macs_.end());
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
}

const ImportRules::Row& ImportRules::row(VrfId id) const {
  const auto it = std::lower_bound(rows_.begin(), rows_.end(), id,
                                   [](const Row& r, VrfId wanted) { return r.id < wanted; });
  PERD_ASSERT(it != rows_.end() && it->id == id);
  return *it;
}

Refusal ImportRules::judge_local(const ImportSubject& subject,
                                 const std::vector<VrfId>& wanted) const {
  // The label of a route of ours is the VNI of its VRF. Any other VRF that wants it would need a
  // route across VRFs inside this node.
  for (const VrfId id : wanted) {
    if (row(id).vni.value != subject.label.value) return Refusal::kLocalLeak;
  }
  return Refusal::kOwnRoute;
}

Refusal ImportRules::judge_tunnel(const ImportSubject& subject, ImportVerdict& verdict) const {
  if (subject.next_hop->is_martian_next_hop() || subject.next_hop->is_link_local()) {
    return Refusal::kMartianNextHop;
  }
  if (!allows_vxlan(subject.communities)) return Refusal::kEncapsulation;
  // RFC 9136 3.2: an ESI or a gateway is the overlay index whatever else the route carries. Both at
  // once is malformed and never comes here (3.1, wire).
  if (subject.esi) return Refusal::kOverlayIndexEsi;
  if (subject.gateway) return Refusal::kOverlayIndexGateway;
  if (subject.label.value == 0 || subject.label.value > kVniMax) return Refusal::kNoLabel;
  const auto mac = router_mac_of(subject.communities);
  if (!mac) return Refusal::kNoRouterMac;  // RFC 9136 4.4.1; RFC 9135 5.2 of a host route
  if (!mac->is_unicast()) return Refusal::kBadRouterMac;
  if (std::binary_search(own_macs_.begin(), own_macs_.end(), *mac)) return Refusal::kOwnRouterMac;
  std::erase_if(verdict.vrfs, [&](VrfId id) { return row(id).family != subject.next_hop->family; });
  if (verdict.vrfs.empty()) return Refusal::kVtepFamily;
  verdict.vtep = *subject.next_hop;
  verdict.router_mac = *mac;
  verdict.vni = Vni{subject.label.value};
  return Refusal::kNone;
}

ImportVerdict ImportRules::judge(const ImportSubject& subject) const {
  ImportVerdict verdict;
  const auto refuse = [&verdict](Refusal why) {
    verdict.refusal = why;
    verdict.vrfs.clear();
    return verdict;
  };
  if (subject.martian) return refuse(Refusal::kMartianPrefix);
  targets_.match(subject.communities, verdict.vrfs);
  if (subject.local) return refuse(judge_local(subject, verdict.vrfs));
  if (!subject.next_hop) return refuse(Refusal::kMartianNextHop);
  if (std::binary_search(own_addresses_.begin(), own_addresses_.end(), *subject.next_hop)) {
    return refuse(Refusal::kOwnNextHop);
  }
  if (verdict.vrfs.empty()) return refuse(Refusal::kNoRouteTarget);
  const Refusal why = judge_tunnel(subject, verdict);
  if (why != Refusal::kNone) return refuse(why);
  verdict.refusal = Refusal::kNone;
  return verdict;
}

}  // namespace perd::evpn
