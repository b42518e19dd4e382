#include "status/frr_views.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "status/format.h"
#include "status/rows.h"

namespace perd::status {
namespace {

using Words = std::span<const std::string>;

std::string number(std::uint64_t n) { return std::to_string(n); }
std::string key_of(Vni vni) { return std::to_string(vni.value); }

// The tunnels of one IP-VRF: a router MAC and a VTEP each.
struct Tunnels {
  std::vector<evpn::VtepView> vteps;
  [[nodiscard]] std::size_t router_macs() const {
    std::size_t n = 0;
    for (const auto& t : vteps) n += 1 + t.other_macs.size();
    return n;
  }
};
std::map<VrfId, Tunnels> tunnels_by_vrf(const Speaker& speaker) {
  std::map<VrfId, Tunnels> out;
  for (auto& t : speaker.evpn().vteps()) out[t.vrf].vteps.push_back(std::move(t));
  return out;
}

// ---- show evpn vni ------------------------------------------------------------------------------

Shown evpn_vnis(const Speaker& speaker) {
  constexpr std::size_t kWidths[] = {10, 4, 21, 8, 8, 15, 37};
  json::object all;
  std::string text = fixed_line(
      kWidths, {"VNI", "Type", "VxLAN IF", "# MACs", "# ARPs", "# Remote VTEPs", "Tenant VRF"});
  for (const auto& r : mac_vrf_rows(speaker)) {
    const auto& v = r.view;
    const auto vxlan = r.device ? r.device->vxlan : std::string();
    const auto tenant = r.vrf.empty() ? std::string("default") : r.vrf;
    const auto macs = v.local_macs + v.remote_macs;
    const auto neighbors = v.local_neighbours + v.remote_neighbours;
    text += fixed_line(kWidths, {key_of(v.vni), "L2", vxlan, number(macs), number(neighbors),
                                 number(v.flood.size()), tenant});
    all[key_of(v.vni)] =
        json::object{{"vni", v.vni.value},    {"type", "L2"},
                     {"vxlanIf", vxlan},      {"numMacs", macs},
                     {"numArpNd", neighbors}, {"numRemoteVteps", v.flood.size()},
                     {"tenantVrf", tenant},   {"remoteVteps", texts_json(v.flood)}};
  }
  auto tunnels = tunnels_by_vrf(speaker);
  for (const auto& r : vrf_rows(speaker)) {
    const auto& v = r.view;
    const auto vxlan = r.device ? r.device->vxlan : std::string();
    const auto& t = tunnels[v.id];
    text += fixed_line(kWidths, {key_of(v.vni), "L3", vxlan, number(t.router_macs()),
                                 number(t.vteps.size()), "n/a", v.name});
    all[key_of(v.vni)] = json::object{{"vni", v.vni.value},         {"vxlanIf", vxlan},
                                      {"numMacs", t.router_macs()}, {"numArpNd", t.vteps.size()},
                                      {"numRemoteVteps", "n/a"},    {"type", "L3"},
                                      {"tenantVrf", v.name}};
  }
  return {std::move(all), std::move(text)};
}

Shown evpn_l2vni(const MacVrfRow& r) {
  const auto& v = r.view;
  const auto tenant = r.vrf.empty() ? std::string("default") : r.vrf;
  const auto vxlan = r.device ? r.device->vxlan : std::string();
  const auto bridge = r.device ? r.device->bridge : std::string();
  const auto macs = v.local_macs + v.remote_macs;
  const auto neighbors = v.local_neighbours + v.remote_neighbours;
  json::array remote;
  std::string text = "VNI: " + key_of(v.vni) + "\n Type: L2\n Tenant VRF: " + tenant +
                     "\n VxLAN interface: " + vxlan + "\n SVI interface: " + bridge +
                     "\n Local VTEP IP: " + to_string(v.vtep) + "\n Mcast group: 0.0.0.0\n";
  text += v.flood.empty() ? " No remote VTEPs known for this VNI\n" : " Remote VTEPs:\n";
  for (const auto& a : v.flood) {
    remote.push_back(json::object{{"ip", to_string(a)}, {"flood", "HER"}});
    text += "  " + to_string(a) + " flood: HER\n";
  }
  text += " Number of MACs (local and remote): " + number(macs) +
          "\n Number of neighbors (local and remote): " + number(neighbors) +
          "\n Advertise-gw-macip: No\n Advertise-svi-macip: No\n";
  json::object o{{"vni", v.vni.value},
                 {"type", "L2"},
                 {"vrf", tenant},
                 {"tenantVrf", tenant},
                 {"bridge", bridge},
                 {"vxlanInterface", vxlan},
                 {"sviInterface", bridge},
                 {"vtepIp", to_string(v.vtep)},
                 {"mcastGroup", "0.0.0.0"},
                 {"advertiseGatewayMacip", "No"},
                 {"advertiseSviMacip", "No"},
                 {"numMacs", macs},
                 {"numArpNd", neighbors},
                 {"numRemoteVteps", v.flood.size()},
                 {"remoteVteps", std::move(remote)}};
  return {std::move(o), std::move(text)};
}

Shown evpn_l3vni(const Speaker& speaker, const VrfRow& r) {
  const auto& v = r.view;
  const auto vxlan = r.device ? r.device->vxlan : std::string();
  const auto bridge = r.device ? r.device->bridge : std::string();
  const auto tunnels = tunnels_by_vrf(speaker)[v.id];
  const auto mac = to_string(v.router_mac);
  json::array l2_vnis;
  std::string list;
  for (const auto& segment : speaker.l2().mac_vrfs()) {
    if (segment.vrf != v.id) continue;
    l2_vnis.emplace_back(segment.vni.value);
    list += " " + key_of(segment.vni);
  }
  std::string text = "VNI: " + key_of(v.vni) + "\n  Type: L3\n  Tenant VRF: " + v.name +
                     "\n  Local Vtep Ip: " + to_string(v.vtep) + "\n  Vxlan-Intf: " + vxlan +
                     "\n  SVI-If: " + bridge + "\n  State: " + (v.up ? "Up" : "Down") +
                     "\n  System MAC: " + mac + "\n  Router MAC: " + mac + "\n  L2 VNIs:" + list +
                     "\n";
  json::object o{{"vni", v.vni.value},
                 {"type", "L3"},
                 {"localVtepIp", to_string(v.vtep)},
                 {"vxlanIntf", vxlan},
                 {"sviIntf", bridge},
                 {"bridge", bridge},
                 {"state", v.up ? "Up" : "Down"},
                 {"vrf", v.name},
                 {"tenantVrf", v.name},
                 {"sysMac", mac},
                 {"routerMac", mac},
                 {"vniFilter", "none"},
                 {"numMacs", tunnels.router_macs()},
                 {"numArpNd", tunnels.vteps.size()},
                 {"l2Vnis", std::move(l2_vnis)}};
  return {std::move(o), std::move(text)};
}

// ---- show bgp l2vpn evpn vni --------------------------------------------------------------------

// The first, and that there are more.
std::string first_of(const std::vector<std::string>& rts) {
  if (rts.empty()) return "";
  return rts.size() == 1 ? rts[0] : rts[0] + ", ...";
}

// What one line and one JSON object of `show bgp l2vpn evpn vni` say of either kind of VNI.
struct BgpVni {
  Vni vni{};
  const char* type;
  bool in_kernel;
  RouteDistinguisher rd;
  IpAddress vtep;
  std::vector<std::string> imports, exports;
  std::string tenant;
  std::string bridge;
  MacAddress router_mac{};  // of an L3VNI
};

template <class Row>
BgpVni bgp_vni(const Row& r, const char* type, std::string tenant) {
  const auto vxlan = r.device ? r.device->vxlan : std::string();
  return {r.view.vni,
          type,
          !vxlan.empty(),
          r.settings.rd,
          r.view.vtep,
          rt_texts(r.settings.import_rts),
          rt_texts(r.settings.export_rts),
          std::move(tenant),
          r.device ? r.device->bridge : std::string(),
          {}};
}

std::vector<BgpVni> bgp_vnis(const Speaker& speaker) {
  std::vector<BgpVni> all;
  for (const auto& r : mac_vrf_rows(speaker)) {
    all.push_back(bgp_vni(r, "L2", r.vrf.empty() ? "default" : r.vrf));
  }
  for (const auto& r : vrf_rows(speaker)) {
    all.push_back(bgp_vni(r, "L3", r.view.name));
    all.back().router_mac = r.view.router_mac;
  }
  return all;
}

json::object bgp_vni_json(const BgpVni& v) {
  const bool layer2 = std::string_view(v.type) == "L2";
  json::object o{{"vni", v.vni.value},
                 {"type", v.type},
                 {"inKernel", v.in_kernel ? "True" : "False"},
                 {"rd", to_string(v.rd)},
                 {"originatorIp", to_string(v.vtep)},
                 {"advertiseGatewayMacip", layer2 ? "Disabled" : "n/a"},
                 {"advertiseSviMacIp", layer2 ? "Disabled" : "n/a"},
                 {"tenantVrf", v.tenant},
                 {"importRts", json::value_from(v.imports)},
                 {"exportRts", json::value_from(v.exports)}};
  if (layer2) o["mcastGroup"] = "0.0.0.0";
  if (!layer2) {
    o["sysMac"] = to_string(v.router_mac);
    o["rmac"] = to_string(v.router_mac);
  }
  return o;
}

Shown bgp_vni_list(const Speaker& speaker) {
  constexpr std::size_t kWidths[] = {1, 10, 4, 21, 25, 25, 37};
  const auto all = bgp_vnis(speaker);
  const auto l2 = speaker.l2().mac_vrfs().size();
  const auto l3 = all.size() - l2;
  json::object o{{"advertiseGatewayMacip", "Disabled"},
                 {"advertiseSviMacIp", "Disabled"},
                 {"advertiseAllVnis", "Enabled"},
                 {"flooding", "Head-end replication"},
                 {"vxlanFlooding", "Enabled"},
                 {"numVnis", all.size()},
                 {"numL2Vnis", l2},
                 {"numL3Vnis", l3}};
  std::string text =
      "Advertise Gateway Macip: Disabled\nAdvertise SVI Macip: Disabled\n"
      "Advertise All VNI flag: Enabled\nBUM flooding: Head-end replication\n"
      "VXLAN flooding: Enabled\nNumber of L2 VNIs: " +
      number(l2) + "\nNumber of L3 VNIs: " + number(l3) + "\nFlags: * - Kernel\n";
  text += fixed_line(kWidths, {"", "VNI", "Type", "RD", "Import RT", "Export RT", "Tenant VRF"});
  for (const auto& v : all) {
    text += fixed_line(kWidths, {v.in_kernel ? "*" : "", key_of(v.vni), v.type, to_string(v.rd),
                                 first_of(v.imports), first_of(v.exports), v.tenant});
    o[key_of(v.vni)] = bgp_vni_json(v);
  }
  return {std::move(o), std::move(text)};
}

Shown bgp_vni_detail(const BgpVni& v) {
  const bool layer2 = std::string_view(v.type) == "L2";
  std::string text = "VNI: " + key_of(v.vni) + (v.in_kernel ? " (known to the kernel)" : "") +
                     "\n  Type: " + v.type + (layer2 ? "\n  Tenant-Vrf: " : "\n  Tenant VRF: ") +
                     v.tenant + "\n  RD: " + to_string(v.rd) +
                     "\n  Originator IP: " + to_string(v.vtep) + "\n";
  if (layer2) {
    text +=
        "  Mcast group: 0.0.0.0\n  Advertise-gw-macip : Disabled\n"
        "  Advertise-svi-macip : Disabled\n  SVI interface : " +
        v.bridge + "\n";
  } else {
    text += "  Advertise-gw-macip : n/a\n  Advertise-svi-macip : n/a\n  System-IP: " +
            to_string(v.vtep) + "\n  System-MAC: " + to_string(v.router_mac) +
            "\n  Router-MAC: " + to_string(v.router_mac) + "\n";
  }
  text += "  Import Route Target:\n";
  for (const auto& rt : v.imports) text += "    " + rt + "\n";
  text += "  Export Route Target:\n";
  for (const auto& rt : v.exports) text += "    " + rt + "\n";
  return {bgp_vni_json(v), std::move(text)};
}

Shown vrf_vni(const Speaker& speaker) {
  constexpr std::size_t kWidths[] = {37, 10, 20, 20, 5, 18};
  json::array list;
  std::string text = fixed_line(kWidths, {"VRF", "VNI", "VxLAN IF", "L3-SVI", "State", "Rmac"});
  for (const auto& r : vrf_rows(speaker)) {
    const auto& v = r.view;
    const auto vxlan = r.device ? r.device->vxlan : std::string();
    const auto bridge = r.device ? r.device->bridge : std::string();
    const char* state = v.up ? "Up" : "Down";
    text +=
        fixed_line(kWidths, {v.name, key_of(v.vni), vxlan, bridge, state, to_string(v.router_mac)});
    list.push_back(json::object{{"vrf", v.name},
                                {"vni", v.vni.value},
                                {"vxlanIntf", vxlan},
                                {"sviIntf", bridge},
                                {"state", state},
                                {"routerMac", to_string(v.router_mac)}});
  }
  return {json::object{{"vrfs", std::move(list)}}, std::move(text)};
}

// ---- show evpn next-hops and rmac
// -----------------------------------------------------------------

struct Table {
  json::object json;
  std::string text;
};

Table next_hops(const Tunnels& t) {
  constexpr std::size_t kWidths[] = {39, 17};
  Table out{{{"numNextHops", t.vteps.size()}}, fixed_line(kWidths, {"IP", "RMAC"})};
  for (const auto& v : t.vteps) {
    out.json[to_string(v.address)] =
        json::object{{"nexthopIp", to_string(v.address)}, {"routerMac", to_string(v.router_mac)}};
    out.text += fixed_line(kWidths, {to_string(v.address), to_string(v.router_mac)});
  }
  return out;
}

Table router_macs(const Tunnels& t) {
  constexpr std::size_t kWidths[] = {17, 39};
  Table out{{{"numRmacs", t.router_macs()}}, fixed_line(kWidths, {"MAC", "Remote VTEP"})};
  const auto add = [&](const MacAddress& mac, const IpAddress& vtep) {
    out.json[to_string(mac)] =
        json::object{{"routerMac", to_string(mac)}, {"vtepIp", to_string(vtep)}};
    out.text += fixed_line(kWidths, {to_string(mac), to_string(vtep)});
  };
  for (const auto& v : t.vteps) {
    add(v.router_mac, v.address);
    for (const auto& other : v.other_macs) add(other, v.address);
  }
  return out;
}

// Of one L3VNI, or of all under their numbers. Nothing: no such L3VNI.
std::optional<Shown> of_l3vnis(const Speaker& speaker, std::optional<Vni> one, const char* what,
                               Table (*make)(const Tunnels&)) {
  auto tunnels = tunnels_by_vrf(speaker);
  json::object all;
  std::string text;
  for (const auto& v : speaker.evpn().vrfs()) {
    if (one && v.vni != *one) continue;
    auto table = make(tunnels[v.id]);
    const auto count = table.json.size() - 1;
    if (one) {
      return Shown{std::move(table.json), "Number of " + std::string(what) +
                                              " known for this VNI: " + number(count) + "\n" +
                                              table.text};
    }
    text += (text.empty() ? "" : "\n") + std::string("VNI ") + key_of(v.vni) + " #" + what + " " +
            number(count) + "\n" + table.text;
    all[key_of(v.vni)] = std::move(table.json);
  }
  if (one) return std::nullopt;
  return Shown{std::move(all), std::move(text)};
}

// ---- words --------------------------------------------------------------------------------------

Answer whole(Shown&& s, bool as_json) {
  Answer a;
  a.text = as_json ? pretty(s.json) : std::move(s.text);
  return a;
}

Answer fault(int exit, const std::string& text, bool as_json) {
  Answer a;
  a.exit = exit;
  a.text = as_json ? pretty(json::object{{"error", text}}) : text + "\n";
  return a;
}

bool is(Words words, std::initializer_list<const char*> want) {
  return std::equal(words.begin(), words.end(), want.begin(), want.end());
}

Answer of_vni(const Speaker& speaker, Words w, bool as_json) {
  const std::string& what = w[1];
  const bool hosts = what == "mac" || what == "arp-cache";
  std::optional<Vni> vni;
  if (w[3] != "all") {
    vni = parse_vni(w[3]);
    if (!vni) return fault(2, "VNI or `all` expected: " + w[3], as_json);
  }
  if (hosts) {
    if (vni && find_l2vni(speaker.config(), *vni) == nullptr) {
      return fault(1, "no L2VNI " + w[3], as_json);
    }
    return what == "mac" ? frr_macs(speaker, vni, as_json) : frr_neighbors(speaker, vni, as_json);
  }
  auto shown = what == "rmac" ? of_l3vnis(speaker, vni, "RMACs", router_macs)
                              : of_l3vnis(speaker, vni, "NHs", next_hops);
  if (!shown) return fault(1, "no L3VNI " + w[3], as_json);
  return whole(std::move(*shown), as_json);
}

}  // namespace

std::optional<Shown> frr_evpn_vni(const Speaker& speaker, Vni vni) {
  for (const auto& r : mac_vrf_rows(speaker)) {
    if (r.view.vni == vni) return evpn_l2vni(r);
  }
  for (const auto& r : vrf_rows(speaker)) {
    if (r.view.vni == vni) return evpn_l3vni(speaker, r);
  }
  return std::nullopt;
}

std::optional<Answer> frr_answer(const Speaker& speaker, Words w, bool as_json) {
  if (is(w, {"evpn", "vni"})) return whole(evpn_vnis(speaker), as_json);
  if (is(w, {"vrf", "vni"})) return whole(vrf_vni(speaker), as_json);
  if (is(w, {"bgp", "l2vpn", "evpn", "vni"})) return whole(bgp_vni_list(speaker), as_json);
  if (w.size() == 5 && is(w.first(4), {"bgp", "l2vpn", "evpn", "vni"})) {
    const auto vni = parse_vni(w[4]);
    if (!vni) return fault(2, "VNI expected: " + w[4], as_json);
    for (const auto& v : bgp_vnis(speaker)) {
      if (v.vni == *vni) return whole(bgp_vni_detail(v), as_json);
    }
    return fault(1, "no VNI " + w[4], as_json);
  }
  if (w.size() == 4 && w[0] == "evpn" && w[2] == "vni" &&
      (w[1] == "mac" || w[1] == "arp-cache" || w[1] == "next-hops" || w[1] == "rmac")) {
    return of_vni(speaker, w, as_json);
  }
  return std::nullopt;
}

}  // namespace perd::status
