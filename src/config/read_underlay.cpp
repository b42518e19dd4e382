// The underlay of this node.
#include <array>

#include "config/draft.h"
#include "config/object_reader.h"

namespace perd::config {
namespace {

constexpr std::uint16_t kMultipathMax = 256;

constexpr KeySpec kUnderlayKeys[] = {
    {"asn"},
    {"routerIDCIDR"},
    {"routerID"},
    {"interfaces"},
    {"tunnelEndpoint"},
    {"networks"},
    {"multipath"},
    {"transit"},
    {"gracefulRestart"},
    {"routeReflector"},
    {"neighbors"},
    {"nodeSelector", KeyStatus::kNotYet},
    {"srv6", KeyStatus::kNever, "perd tunnels by VXLAN only"},
    {"isis", KeyStatus::kNever, "the underlay's routes come by BGP"},
    {"nics", KeyStatus::kNever, "an old name; write `interfaces`"},
    {"evpn", KeyStatus::kNever, "an old name; write `tunnelEndpoint`"},
};
constexpr KeySpec kInterfaceKeys[] = {
    {"type"}, {"networkDevice"}, {"inPlace"}, {"vlan"}, {"cniDevice"},
};
constexpr KeySpec kNetworkDeviceKeys[] = {{"interfaceName"}};
constexpr KeySpec kTunnelEndpointKeys[] = {{"cidrs"}, {"addresses"}};
constexpr KeySpec kRouteReflectorKeys[] = {{"clusterID"}};

void read_interface(const Place& at, UnderlayDraft& underlay, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  const ObjectReader o{at, kInterfaceKeys, d};
  const auto type = o.require("type", "NetworkDevice");
  if (!type) return;
  if (type->node->is_scalar() && type->node->text == "Vlan") {
    d.error(*type, "Vlan: not yet supported");
    return;
  }
  if (type->node->is_scalar() && type->node->text == "CNIDevice") {
    d.error(*type, "CNIDevice: not supported: perd runs no CNI plugins");
    return;
  }
  constexpr std::array<std::string_view, 1> kTypes = {"NetworkDevice"};
  if (!read_word(*type, d, kTypes)) return;
  for (const std::string_view other : {"vlan", "cniDevice"}) {
    if (const auto p = o.get(other)) d.error(*p, "does not go with type NetworkDevice");
  }
  if (const auto p = o.get("inPlace")) {
    const auto in_place = read_bool(*p, d);
    if (in_place && !*in_place) {
      d.error(*p, "not yet supported: without node.netns a link is used where it is");
    }
  }
  const auto device = o.require("networkDevice", "a map with `interfaceName`");
  if (!device) return;
  const ObjectReader inner{*device, kNetworkDeviceKeys, d};
  std::string name;
  inner.take_required("interfaceName", "a link name", name, read_interface_name);
  if (name.empty()) return;
  for (const std::string& other : underlay.config.interfaces) {
    if (other == name) {
      d.error(at, "link '" + name + "' stands here twice");
      return;
    }
  }
  underlay.config.interfaces.push_back(std::move(name));
}

// A tunnel address that other nodes can send to.
bool usable_endpoint(const IpAddress& a) {
  return !a.is_unspecified() && !a.is_loopback() && !a.is_multicast() && !a.is_link_local();
}

void read_tunnel_addresses(const ObjectReader& o, UnderlayDraft& underlay, Diagnostics& d) {
  o.take_list("addresses", 2, underlay.config.tunnel_addresses,
              [](const Place& p, Diagnostics& dd) -> std::optional<IpAddress> {
                const auto address = read_address(p, dd);
                if (address && !usable_endpoint(*address)) {
                  dd.error(p, "expected a unicast address that other nodes can reach, found " +
                                  describe(*p.node));
                  return std::nullopt;
                }
                return address;
              });
  const auto& addresses = underlay.config.tunnel_addresses;
  if (addresses.size() == 2 && addresses[0].family == addresses[1].family) {
    d.error(o.place(), "at most one address of each family");
  }
}

void read_tunnel_cidrs(const ObjectReader& o, UnderlayDraft& underlay, Diagnostics& d) {
  const std::vector<Place> places = o.list("cidrs", 2);
  for (std::size_t i = 0; i < places.size(); ++i) {
    d.seen(places[i]);
    const auto cidr = read_prefix(places[i], d);
    if (!cidr) continue;
    underlay.tunnel_cidrs.push_back(*cidr);
    underlay.tunnel_cidr_at.push_back(i);
  }
  const auto& cidrs = underlay.tunnel_cidrs;
  if (cidrs.size() == 2 && cidrs[0].is_v4() == cidrs[1].is_v4()) {
    d.error(places[1], "at most one CIDR of each family");
    underlay.tunnel_cidrs.pop_back();
  }
}

void read_tunnel_endpoint(const Place& at, UnderlayDraft& underlay, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  const ObjectReader o{at, kTunnelEndpointKeys, d};
  if (!o.usable()) return;
  if (o.has("cidrs") == o.has("addresses")) {
    d.error(at, "expected exactly one of cidrs and addresses");
    return;
  }
  for (const std::string_view key : {"cidrs", "addresses"}) {
    const auto p = o.get(key);
    if (p && p->node->is_sequence() && p->node->items.empty()) {
      d.error(*p, "expected one IPv4 and/or one IPv6 entry, found none");
    }
  }
  read_tunnel_cidrs(o, underlay, d);
  read_tunnel_addresses(o, underlay, d);
}

void read_router_id_of(const ObjectReader& o, UnderlayDraft& underlay, Diagnostics& d) {
  const auto id = o.get("routerID");
  const auto cidr = o.get("routerIDCIDR");
  if (id && cidr) {
    d.error(*id, "expected exactly one of routerIDCIDR and routerID");
    return;
  }
  if (id) {
    underlay.has_router_id = true;
    if (const auto value = read_router_id(*id, d)) underlay.config.router_id = *value;
  }
  if (!cidr) return;
  const auto prefix = read_prefix(*cidr, d);
  if (prefix && !prefix->is_v4()) {
    d.error(*cidr, "expected an IPv4 prefix, found " + describe(*cidr->node));
  } else if (prefix) {
    underlay.router_id_cidr = *prefix;
  }
}

void read_route_reflector(const Place& at, UnderlayDraft& underlay, ReadContext& context) {
  constexpr RouterId kDefaultClusterId{0xc0000201};  // 192.0.2.1, as OpenPERouter
  const ObjectReader o{at, kRouteReflectorKeys, context.diagnostics};
  RouterId id = kDefaultClusterId;
  o.take("clusterID", id, read_router_id);
  underlay.config.cluster_id = id;
}

}  // namespace

void read_graceful_restart(const Place& at, ReadContext& context) {
  constexpr KeySpec kKeys[] = {{"enabled"}, {"restartTimeSeconds"}, {"stalePathTimeSeconds"}};
  Diagnostics& d = context.diagnostics;
  const ObjectReader o{at, kKeys, d};
  if (!o.usable()) return;
  const auto enabled = o.get("enabled");
  bool on = true;
  if (enabled) {
    const auto value = read_bool(*enabled, d);
    if (!value) return;
    on = *value;
  }
  if (on || at.node->pairs() > 1) {
    d.error(at, "not yet supported, except as {enabled: false}");
  }
}

void read_underlay(const Place& at, Draft& draft, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  draft.underlays.emplace_back();
  UnderlayDraft& underlay = draft.underlays.back();
  const ObjectReader o{at, kUnderlayKeys, d};
  o.take_required("asn", "the AS number of this node", underlay.config.asn, read_asn);
  read_router_id_of(o, underlay, d);
  for (const Place& p : o.list("interfaces", kInterfacesMax)) read_interface(p, underlay, context);
  if (const auto p = o.get("tunnelEndpoint")) read_tunnel_endpoint(*p, underlay, context);
  o.take_list("networks", kNetworksMax, underlay.config.networks, read_prefix);
  o.take("multipath", underlay.config.multipath, number<std::uint16_t>(1, kMultipathMax));
  o.take("transit", underlay.config.transit, read_bool);
  if (const auto p = o.get("gracefulRestart")) read_graceful_restart(*p, context);
  if (const auto p = o.get("routeReflector")) read_route_reflector(*p, underlay, context);
  for (const Place& p : o.list("neighbors", kNeighborsMax)) {
    underlay.neighbors.push_back(read_neighbor(p, context));
  }
}

}  // namespace perd::config
