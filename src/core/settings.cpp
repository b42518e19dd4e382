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

}  // namespace

VrfId VrfIds::of(const std::string& name) {
  const auto next = VrfId{static_cast<std::uint16_t>(ids_.size() + 1)};
  return ids_.try_emplace(name, next).first->second;
}

std::optional<VrfId> VrfIds::find(const std::string& name) const {
  const auto known = ids_.find(name);
  if (known == ids_.end()) return std::nullopt;
  return known->second;
}

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

std::vector<std::uint16_t> rd_numbers(const std::vector<L3VniConfig>& vnis) {
  std::vector<std::size_t> order(vnis.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return vnis[a].vni < vnis[b].vni; });
  std::vector<std::uint16_t> numbers(vnis.size());
  std::set<std::uint16_t> taken;
  for (const auto i : order) {
    auto number = static_cast<std::uint16_t>(vnis[i].vni.value);
    while (number == 0 || taken.count(number) != 0) ++number;
    taken.insert(number);
    numbers[i] = number;
  }
  return numbers;
}

evpn::NodeSettings evpn_node_settings(const Config& config) {
  return {config.underlay->asn, config.underlay->tunnel_addresses, config.underlay->multipath};
}

std::vector<evpn::VrfSettings> evpn_vrf_settings(const Config& config, VrfIds& ids) {
  std::vector<evpn::VrfSettings> all;
  const auto numbers = rd_numbers(config.l3vnis);
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

WantedNode wanted_node(const Config& config, VrfIds& ids) {
  WantedNode node;
  node.tunnel_addresses = config.underlay->tunnel_addresses;
  node.route_protocol = config.kernel.route_protocol;
  node.install = config.kernel.install;
  node.underlay_interfaces = config.underlay->interfaces;
  for (const auto& vni : config.l3vnis) {
    WantedVrf vrf;
    vrf.id = ids.of(vni.vrf);
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
