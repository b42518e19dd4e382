// The routes of types 2 and 3 of this node (RFC 7432 7.2, 7.3, 10.1; RFC 9135; RFC 8365
// 5.1.3). Each originated route remembers the number of the form it was announced with, so that a
// change of the form, found by a walk, withdraws it under the old RD.
#include "evpn/l2/l2_state.h"

#include "bgp/wire/attributes.h"
#include "perd/assert.h"

namespace perd::evpn {
namespace {

const RouteDistinguisher& rd_of_epoch(const MacVrf& mv, std::uint16_t epoch) {
  for (const auto& [number, rd] : mv.rds) {
    if (number == epoch) return rd;
  }
  PERD_ASSERT(false && "an originated route without the form it was announced with");
  return mv.form.rd;
}

wire::EvpnKey mac_key(const RouteDistinguisher& rd, const MacAddress& mac,
                      const IpAddress* address) {
  wire::EvpnKey key;
  key.type = wire::EvpnRouteType::kMacIp;
  key.rd = rd;
  key.mac = mac;
  if (address == nullptr) return key;
  key.ip_bits = static_cast<std::uint8_t>(address->bits());
  key.ip = address->octets;
  return key;
}

wire::PathAttributes attributes_of(const L2Form& form) {
  wire::PathAttributes a;
  a.origin = wire::Origin::kIgp;
  a.has_as_path = true;
  a.next_hop = form.vtep;
  a.extended_communities.push_back(make_encapsulation(kEncapsulationVxlan));
  a.extended_communities.insert(a.extended_communities.end(), form.route_targets.begin(),
                                form.route_targets.end());
  return a;
}

Origination make_mac_route(const L2Form& form, const Announced& what, const MacAddress& mac,
                           const IpAddress* address) {
  Origination o;
  o.key = mac_key(form.rd, mac, address);
  o.data.label1 = Label{form.vni.value};  // RFC 8365 5.1.3: the VNI, all 24 bits
  o.attributes = attributes_of(form);
  auto& communities = o.attributes.extended_communities;
  // An address of the link has no meaning in the IP-VRF.
  const bool routed = form.routed && address != nullptr && !address->is_link_local();
  if (routed) {
    o.data.label2 = Label{form.l3_vni.value};
    communities.insert(communities.end(), form.l3_route_targets.begin(),
                       form.l3_route_targets.end());
  }
  const ExtendedCommunity mobility = make_mac_mobility({what.sequence, what.sticky});
  if (what.sticky) communities.push_back(mobility);
  if (routed) communities.push_back(make_router_mac(form.router_mac));
  if (what.router) communities.push_back(make_nd_flags({.router = true}));  // RFC 9047 2
  // RFC 7432 15: a MAC that never moved has no number.
  if (!what.sticky && what.sequence > 0) communities.push_back(mobility);
  return o;
}

Origination make_multicast_route(const L2Form& form) {
  Origination o;
  o.key.type = wire::EvpnRouteType::kInclusiveMulticast;
  o.key.rd = form.rd;
  o.key.ip_bits = static_cast<std::uint8_t>(form.vtep.bits());
  o.key.ip = form.vtep.octets;
  o.attributes = attributes_of(form);
  wire::PmsiTunnel pmsi;  // RFC 7432 11.2
  pmsi.label = Label{form.vni.value};
  const auto octets = form.vtep.bytes();
  pmsi.identifier.assign(octets.begin(), octets.end());
  o.attributes.pmsi = std::move(pmsi);
  return o;
}

}  // namespace

void L2Engine::State::withdraw(MacVrf& mv, Announced& told, const MacAddress& mac,
                               const IpAddress* address) {
  if (!told.is) return;
  Origination o;
  o.key = mac_key(rd_of_epoch(mv, told.epoch), mac, address);
  o.withdraw = true;
  originations.push_back(std::move(o));
  told = {};
  --mv.originated;
}

void L2Engine::State::announce(MacVrf& mv, Announced& told, const Announced& wanted,
                               const MacAddress& mac, const IpAddress* address) {
  if (told == wanted) return;
  // Under the same RD the new announcement replaces the old one.
  if (told.is && rd_of_epoch(mv, told.epoch) != mv.form.rd) withdraw(mv, told, mac, address);
  if (!told.is) ++mv.originated;
  originations.push_back(make_mac_route(mv.form, wanted, mac, address));
  told = wanted;
}

void L2Engine::State::originate_mac(MacVrf& mv, Host& host) {
  if (!host.has(Host::kClaimed) || !mv.form.up) {
    withdraw(mv, host.announced, host.mac, nullptr);
    return;
  }
  const Announced wanted{true, host.has(Host::kSticky), false, mv.epoch, host.sequence};
  if (host.announced == wanted) return;
  announce(mv, host.announced, wanted, host.mac, nullptr);
  touch_addresses(mv, host);  // RFC 9721: all routes of a MAC carry one number
}

void L2Engine::State::originate_binding(MacVrf& mv, Binding& b, bool active) {
  const Host& host = hosts.host_of(b);
  mv.local_neighbours = mv.local_neighbours + (active ? 1U : 0U) - (b.counted ? 1U : 0U);
  b.counted = active;
  const VrfId vrf = active && !b.address.is_link_local() ? mv.settings.vrf : kDefaultVrf;
  if (vrf != b.told_vrf) {
    const IpPrefix prefix = IpPrefix::host(b.address);
    if (b.told_vrf != kDefaultVrf) {
      host_routes.push_back({b.told_vrf, prefix, LocalRouteKind::kHost, 0, true});
    }
    if (vrf != kDefaultVrf) host_routes.push_back({vrf, prefix, LocalRouteKind::kHost, 0, false});
    b.told_vrf = vrf;
  }
  if (!active || !mv.form.up) {
    withdraw(mv, b.announced, host.mac, &b.address);
    return;
  }
  // RFC 9047 2: the flag is one of neighbour discovery.
  const Announced wanted{true, host.has(Host::kSticky), b.router && b.address.is_v6(), mv.epoch,
                         host.sequence};
  announce(mv, b.announced, wanted, host.mac, &b.address);
}

void L2Engine::State::originate_multicast(MacVrf& mv) {
  std::optional<Origination> wanted;
  if (mv.form.up) wanted = make_multicast_route(mv.form);
  if (wanted == mv.multicast) return;
  if (mv.multicast && (!wanted || wanted->key != mv.multicast->key)) {
    Origination gone;
    gone.key = mv.multicast->key;
    gone.withdraw = true;
    originations.push_back(std::move(gone));
    --mv.originated;
    mv.multicast.reset();
  }
  if (!wanted) return;
  if (!mv.multicast) ++mv.originated;
  originations.push_back(*wanted);
  mv.multicast = std::move(wanted);
}

}  // namespace perd::evpn
