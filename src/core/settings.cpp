#include "core/settings.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "perd/assert.h"

namespace perd {
namespace {

constexpr std::uint8_t kTtlDirect = 1;  // eBGP neighbours are on the link unless said otherwise
constexpr std::uint8_t kTtlAnywhere = 255;

TransportOptions transport_options(const NeighborConfig& peer, bool ebgp) {
  TransportOptions options;
  options.source = peer.source_address;
  options.md5_password = peer.password;
  options.ttl = ebgp ? kTtlDirect : kTtlAnywhere;
  if (peer.ebgp_multihop_ttl != 0) options.ttl = peer.ebgp_multihop_ttl;
  if (peer.ttl_security_hops != 0) {  // RFC 5082 3: send 255, take what came over few enough hops
    options.ttl = kTtlAnywhere;
    options.minimum_ttl = static_cast<std::uint8_t>(kTtlAnywhere - peer.ttl_security_hops + 1);
  }
  return options;
}

// Adds the numbers of `vnis`, lowest VNI first, beside those that are taken.
template <class VniConfig>
std::vector<std::uint16_t> take_numbers(const std::vector<VniConfig>& vnis,
                                        std::set<std::uint16_t>& taken) {
  std::vector<std::size_t> order(vnis.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return vnis[a].vni < vnis[b].vni; });
  std::vector<std::uint16_t> numbers(vnis.size());
  for (const auto i : order) {
    auto number = static_cast<std::uint16_t>(vnis[i].vni.value);
    while (number == 0 || taken.count(number) != 0) ++number;
    taken.insert(number);
    numbers[i] = number;
  }
  return numbers;
}

// The routing domain of an L2VNI; none: layer 2 only.
const L3VniConfig* routing_domain(const Config& config, const L2VniConfig& vni) {
  if (vni.l3vni.empty()) return nullptr;
  const auto it = std::find_if(config.l3vnis.begin(), config.l3vnis.end(),
                               [&](const L3VniConfig& v) { return v.name == vni.l3vni; });
  PERD_ASSERT(it != config.l3vnis.end());
  return &*it;
}

// One order whatever was written first: IPv4, then IPv6.
std::vector<InterfaceAddress> gateways(const L2VniConfig& vni) {
  auto sorted = vni.gateway_ips;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

WantedMacVrf wanted_mac_vrf(const Config& config, const L2VniConfig& vni, VrfIds& vrf_ids,
                            MacVrfIds& ids) {
  WantedMacVrf wanted;
  wanted.id = ids.of(vni.name);
  wanted.name = vni.name;
  wanted.vni = vni.vni;
  wanted.vxlan_port = vni.vxlan_port;
  wanted.local_vtep = vni.vtep;
  if (const auto* domain = routing_domain(config, vni)) wanted.vrf = vrf_ids.of(domain->vrf);
  wanted.gateways = gateways(vni);
  wanted.bridge_mac = vni.gateway_mac;
  wanted.bridge_mac_configured = vni.gateway_mac_configured;
  wanted.interfaces = vni.interfaces;
  wanted.host_master = vni.host_master;
  wanted.host_bridge = vni.host_bridge;
  wanted.mtu = vni.mtu;
  wanted.neighbour_suppression = vni.neighbor_suppression;
  return wanted;
}

}  // namespace

session::PeerSettings peer_settings(const Config& config, const NeighborConfig& peer) {
  PERD_ASSERT(config.underlay);
  session::PeerSettings s;
  s.address = peer.address;
  s.port = peer.port;
  s.local_asn = peer.local_asn.value_or(config.underlay->asn);
  s.remote_asn = peer.asn;
  s.router_id = config.underlay->router_id;
  s.hold_seconds = peer.hold_time_seconds;
  s.keepalive_seconds = peer.keepalive_time_seconds;
  s.connect_seconds = peer.connect_time_seconds;
  s.families = peer.family_set();
  if (peer.add_path_receive) s.add_path_receive = s.families;
  s.passive = peer.passive;
  s.hostname = config.node.name;
  s.transport = transport_options(peer, s.ebgp());
  return s;
}

ListenCommand listen_settings(const Config& config) {
  ListenCommand listen;
  listen.port = config.bgp.port;
  if (listen.port != 0) listen.addresses = config.bgp.listen;
  for (const auto& peer : config.underlay->neighbors) {
    if (!peer.password.empty()) {
      listen.keys.push_back({IpPrefix::host(peer.address), peer.password});
    }
  }
  return listen;
}

RdNumbers rd_numbers(const Config& config) {
  std::set<std::uint16_t> taken;
  RdNumbers numbers;
  numbers.l3vnis = take_numbers(config.l3vnis, taken);
  numbers.l2vnis = take_numbers(config.l2vnis, taken);
  return numbers;
}

evpn::NodeSettings evpn_node_settings(const Config& config) {
  return {config.underlay->asn, config.underlay->tunnel_addresses, config.underlay->multipath};
}

std::vector<evpn::VrfSettings> evpn_vrf_settings(const Config& config, VrfIds& ids) {
  std::vector<evpn::VrfSettings> all;
  const auto numbers = rd_numbers(config).l3vnis;
  for (std::size_t i = 0; i < config.l3vnis.size(); ++i) {
    const auto& vni = config.l3vnis[i];
    evpn::VrfSettings s;
    s.id = ids.of(vni.vrf);
    s.name = vni.vrf;
    s.vni = vni.vni;
    s.rd = vni.rd.value_or(RouteDistinguisher::of_ip(config.underlay->router_id, numbers[i]));
    s.import_rts = vni.import_rts;
    s.export_rts = vni.export_rts;
    s.asn = vni.asn;
    s.redistribute = vni.redistribute;
    s.networks = vni.networks;
    s.vtep = vni.vtep;
    all.push_back(std::move(s));
  }
  return all;
}

std::vector<evpn::MacVrfSettings> mac_vrf_settings(const Config& config, VrfIds& vrf_ids,
                                                   MacVrfIds& ids) {
  std::vector<evpn::MacVrfSettings> all;
  const auto numbers = rd_numbers(config).l2vnis;
  for (std::size_t i = 0; i < config.l2vnis.size(); ++i) {
    const auto& vni = config.l2vnis[i];
    evpn::MacVrfSettings s;
    s.id = ids.of(vni.name);
    s.name = vni.name;
    s.vni = vni.vni;
    s.rd = vni.rd.value_or(RouteDistinguisher::of_ip(config.underlay->router_id, numbers[i]));
    s.import_rts = vni.import_rts;
    s.export_rts = vni.export_rts;
    s.vtep = vni.vtep;
    if (const auto* domain = routing_domain(config, vni)) {
      s.vrf = vrf_ids.of(domain->vrf);
      s.l3_vni = domain->vni;
      s.l3_export_rts = domain->export_rts;
    }
    s.gateways = gateways(vni);
    all.push_back(std::move(s));
  }
  return all;
}

WantedNode wanted_node(const Config& config, VrfIds& vrf_ids, MacVrfIds& mac_vrf_ids) {
  WantedNode node;
  node.tunnel_addresses = config.underlay->tunnel_addresses;
  node.route_protocol = config.kernel.route_protocol;
  node.install = config.kernel.install;
  node.underlay_interfaces = config.underlay->interfaces;
  for (const auto& vni : config.l3vnis) {
    WantedVrf vrf;
    vrf.id = vrf_ids.of(vni.vrf);
    vrf.name = vni.vrf;
    vrf.table = vni.table;
    vrf.vrf_device = vni.vrf_device;
    vrf.interfaces = vni.interfaces;
    vrf.static_routes = vni.static_routes;
    vrf.vni = vni.vni;
    vrf.vxlan_port = vni.vxlan_port;
    vrf.local_vtep = vni.vtep;
    vrf.router_mac = vni.router_mac;
    vrf.default_mac = default_router_mac(vni.vtep);
    node.vrfs.push_back(std::move(vrf));
  }
  for (const auto& vni : config.l2vnis) {
    node.mac_vrfs.push_back(wanted_mac_vrf(config, vni, vrf_ids, mac_vrf_ids));
  }
  return node;
}

std::vector<IpPrefix> underlay_prefixes(const Config& config) {
  std::vector<IpPrefix> prefixes;
  for (const auto& a : config.underlay->tunnel_addresses) prefixes.push_back(IpPrefix::host(a));
  prefixes.insert(prefixes.end(), config.underlay->networks.begin(),
                  config.underlay->networks.end());
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  return prefixes;
}

}  // namespace perd
