#include "status/rows.h"

#include <algorithm>

namespace perd::status {
namespace {

template <class Id, class List, class F>
std::map<Id, typename List::value_type> by_id(List list, F&& id_of) {
  std::map<Id, typename List::value_type> out;
  for (auto& item : list) out.insert_or_assign(id_of(item), std::move(item));
  return out;
}

template <class Map, class Id>
auto found(const Map& map, Id id) -> std::optional<typename Map::mapped_type> {
  const auto it = map.find(id);
  if (it == map.end()) return std::nullopt;
  return it->second;
}

}  // namespace

std::vector<std::string> rt_texts(const std::vector<RouteTargetMatch>& rts) {
  std::vector<std::string> out;
  for (const auto& rt : rts) out.push_back(to_string(rt));
  return out;
}

std::vector<std::string> rt_texts(const std::vector<ExtendedCommunity>& rts) {
  std::vector<std::string> out;
  for (const auto& rt : rts) out.push_back(to_string(rt).substr(3));  // without "RT:"
  return out;
}

bool is_reachable(const Speaker& speaker, const IpAddress& vtep) {
  const auto hop = speaker.rib().next_hops.find(vtep);
  return hop != 0 && speaker.rib().next_hops.reachable(hop);
}

std::vector<VrfRow> vrf_rows(const Speaker& speaker) {
  VrfIds ids = speaker.vrf_ids();
  const auto settings =
      by_id<VrfId>(evpn_vrf_settings(speaker.config(), ids), [](const auto& s) { return s.id; });
  const auto devices =
      by_id<VrfId>(speaker.fib().vrf_devices(), [](const auto& d) { return d.vrf; });
  std::vector<VrfRow> rows;
  for (const auto& view : speaker.evpn().vrfs()) {
    const auto s = found(settings, view.id);
    if (s) rows.push_back({view, *s, found(devices, view.id)});
  }
  return rows;
}

std::vector<MacVrfRow> mac_vrf_rows(const Speaker& speaker) {
  VrfIds vrf_ids = speaker.vrf_ids();
  MacVrfIds ids = speaker.mac_vrf_ids();
  const auto settings = by_id<MacVrfId>(mac_vrf_settings(speaker.config(), vrf_ids, ids),
                                        [](const auto& s) { return s.id; });
  const auto devices =
      by_id<MacVrfId>(speaker.fib().mac_vrf_devices(), [](const auto& d) { return d.mac_vrf; });
  std::map<VrfId, std::string> names;
  for (const auto& vrf : speaker.evpn().vrfs()) names[vrf.id] = vrf.name;
  std::vector<MacVrfRow> rows;
  for (auto& view : speaker.l2().mac_vrfs()) {
    const auto s = found(settings, view.id);
    if (!s) continue;
    const auto name = found(names, view.vrf);
    rows.push_back({std::move(view), *s, found(devices, s->id), name.value_or("")});
  }
  return rows;
}

json::object vrf_json(const VrfRow& row) {
  const auto& v = row.view;
  json::object o;
  o["vrf"] = v.name;
  o["vni"] = v.vni.value;
  o["state"] = v.up ? "Up" : "Down";
  o["problem"] = v.problem;
  o["rd"] = to_string(row.settings.rd);
  o["importRts"] = json::value_from(rt_texts(row.settings.import_rts));
  o["exportRts"] = json::value_from(rt_texts(row.settings.export_rts));
  o["as"] = row.settings.asn.value;
  o["routerMac"] = to_string(v.router_mac);
  o["localVtep"] = to_string(v.vtep);
  o["prefixesIpv4"] = v.prefixes_v4;
  o["prefixesIpv6"] = v.prefixes_v6;
  o["remotePaths"] = v.remote_paths;
  o["localPrefixes"] = v.local_prefixes;
  o["kernelRoutes"] = v.desired;
  o["originated"] = v.originated;
  if (const auto& device = row.device) {
    o["table"] = device->table.value;
    o["vrfLink"] = device->vrf_link;
    o["bridge"] = device->bridge;
    o["vxlan"] = device->vxlan;
    o["mtu"] = device->mtu;
    o["adopted"] = device->vrf_adopted || device->bridge_adopted || device->vxlan_adopted;
    o["notes"] = json::value_from(device->notes);
  }
  return o;
}

json::object mac_vrf_json(const MacVrfRow& row) {
  const auto& v = row.view;
  json::object o;
  o["name"] = v.name;
  o["vrf"] = row.vrf;
  o["vni"] = v.vni.value;
  o["state"] = v.up ? "Up" : "Down";
  o["problem"] = v.problem;
  o["rd"] = to_string(row.settings.rd);
  o["importRts"] = json::value_from(rt_texts(row.settings.import_rts));
  o["exportRts"] = json::value_from(rt_texts(row.settings.export_rts));
  o["localVtep"] = to_string(v.vtep);
  o["gateways"] = texts_json(row.settings.gateways);
  o["localMacs"] = v.local_macs;
  o["remoteMacs"] = v.remote_macs;
  o["localNeighbors"] = v.local_neighbours;
  o["remoteNeighbors"] = v.remote_neighbours;
  o["frozenMacs"] = v.frozen_macs;
  o["originated"] = v.originated;
  o["remoteVteps"] = texts_json(v.flood);
  if (const auto& device = row.device) {
    o["bridge"] = device->bridge;
    o["vxlan"] = device->vxlan;
    o["ports"] = json::value_from(device->ports);
    o["hostBridge"] = device->host_bridge;
    o["bridgeMac"] = to_string(device->bridge_mac);
    o["mtu"] = device->mtu;
    o["suppression"] = device->suppression;
    o["adopted"] = device->bridge_adopted || device->vxlan_adopted;
    o["notes"] = json::value_from(device->notes);
  }
  return o;
}

}  // namespace perd::status
