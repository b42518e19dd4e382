// VRFs, VNIs, VTEPs and the kernel's side of them.
#include <algorithm>

#include "status/format.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr std::size_t kRefusalsShown = 100;
constexpr std::size_t kCountSlice = 50'000;  // routes of the kernel counted in one piece

std::string rts_text(const std::vector<RouteTargetMatch>& rts) {
  return join(rts, " ", [](const auto& rt) { return to_string(rt); });
}
std::string rts_text(const std::vector<ExtendedCommunity>& rts) {
  return join(rts, " ", [](const auto& rt) { return to_string(rt).substr(3); });  // without "RT:"
}

template <class List>
json::array texts(const List& list) {
  json::array out;
  for (const auto& item : list) {
    auto text = to_string(item);
    if (text.starts_with("RT:")) text.erase(0, 3);
    out.emplace_back(std::move(text));
  }
  return out;
}

const fib::VrfDeviceView* find_device(const std::vector<fib::VrfDeviceView>& all, VrfId id) {
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.vrf == id; });
  return it == all.end() ? nullptr : &*it;
}

json::object vrf_json(const evpn::VrfView& v, const fib::VrfDeviceView* device,
                      const evpn::VrfSettings& settings) {
  json::object o;
  o["vrf"] = v.name;
  o["vni"] = v.vni.value;
  o["state"] = v.up ? "Up" : "Down";
  o["problem"] = v.problem;
  o["rd"] = to_string(settings.rd);
  o["importRts"] = texts(settings.import_rts);
  o["exportRts"] = texts(settings.export_rts);
  o["as"] = settings.asn.value;
  o["routerMac"] = to_string(v.router_mac);
  o["localVtep"] = to_string(v.vtep);
  o["prefixesIpv4"] = v.prefixes_v4;
  o["prefixesIpv6"] = v.prefixes_v6;
  o["remotePaths"] = v.remote_paths;
  o["localPrefixes"] = v.local_prefixes;
  o["kernelRoutes"] = v.desired;
  o["originated"] = v.originated;
  if (device != nullptr) {
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

struct VrfRow {
  evpn::VrfView view;
  evpn::VrfSettings settings;
  std::optional<fib::VrfDeviceView> device;
};
std::vector<VrfRow> vrf_rows(const Speaker& speaker) {
  std::vector<VrfRow> rows;
  const auto devices = speaker.fib().vrf_devices();
  VrfIds ids = speaker.vrf_ids();
  const auto settings = evpn_vrf_settings(speaker.config(), ids);
  for (const auto& view : speaker.evpn().vrfs()) {
    const auto s = std::find_if(settings.begin(), settings.end(),
                                [&](const auto& x) { return x.id == view.id; });
    if (s == settings.end()) continue;
    const auto* device = find_device(devices, view.id);
    rows.push_back({view, *s, device == nullptr ? std::nullopt : std::optional(*device)});
  }
  return rows;
}

fib::StateCounts counts_of(const fib::Fib& fib, fib::ObjectKind kind,
                           const fib::RouteCounts& routes) {
  if (kind == fib::ObjectKind::kRouteV4) return routes.v4;
  if (kind == fib::ObjectKind::kRouteV6) return routes.v6;
  return fib.counts(kind);
}

Shown kernel_shown(const Speaker& speaker, const fib::RouteCounts& routes) {
  const auto& fib = speaker.fib();
  Columns table({"Object", "Acked", "Pending", "Waiting", "Refused", "Stale"});
  json::object objects;
  for (std::size_t i = 0; i < fib::kObjectKindCount; ++i) {
    const auto kind = static_cast<fib::ObjectKind>(i);
    const auto c = counts_of(fib, kind, routes);
    table.row({std::string(to_string(kind)), std::to_string(c.acked), std::to_string(c.pending),
               std::to_string(c.waiting), std::to_string(c.refused), std::to_string(c.stale)});
    objects[to_string(kind)] = json::object{{"acked", c.acked},
                                            {"pending", c.pending},
                                            {"waiting", c.waiting},
                                            {"refused", c.refused},
                                            {"stale", c.stale}};
  }
  json::array refused;
  std::string text = table.text();
  for (const auto& r : fib.refusals(kRefusalsShown)) {
    refused.push_back(json::object{{"kind", to_string(r.kind)},
                                   {"what", r.what},
                                   {"errno", r.error},
                                   {"text", r.text},
                                   {"count", r.count},
                                   {"attempts", r.attempts}});
    text += "refused: " + r.what + ": " + r.text + " (errno " + std::to_string(r.error) + ", " +
            std::to_string(r.count) + " objects, " + std::to_string(r.attempts) + " attempts)\n";
  }
  const std::string state =
      fib.synchronized() ? "in step" : std::to_string(fib.in_flight()) + " operations in flight";
  text = "Kernel " + state + ", repaired " +
         std::to_string(speaker.events(EventKind::kKernelRepaired)) + ", overruns " +
         std::to_string(speaker.events(EventKind::kKernelOverrun)) + "\n" + text;
  json::object o{{"inStep", fib.synchronized()},
                 {"inFlight", fib.in_flight()},
                 {"sweepAllowed", fib.sweep_allowed()},
                 {"repaired", speaker.events(EventKind::kKernelRepaired)},
                 {"overruns", speaker.events(EventKind::kKernelOverrun)},
                 {"objects", std::move(objects)},
                 {"refused", std::move(refused)}};
  return {std::move(o), std::move(text)};
}

}  // namespace

Shown vrfs(const Speaker& speaker) {
  Columns table(
      {"VRF", "VNI", "Table", "State", "RD", "Remote", "Local", "Kernel", "Originated", "Problem"});
  json::array list;
  for (const auto& r : vrf_rows(speaker)) {
    const auto& v = r.view;
    table.row({v.name, std::to_string(v.vni.value),
               r.device ? std::to_string(r.device->table.value) : "-", v.up ? "Up" : "Down",
               to_string(r.settings.rd), std::to_string(v.remote_paths),
               std::to_string(v.local_prefixes), std::to_string(v.desired),
               std::to_string(v.originated), v.problem});
    list.push_back(vrf_json(v, r.device ? &*r.device : nullptr, r.settings));
  }
  return {json::object{{"vrfs", std::move(list)}}, table.text()};
}

Shown vnis(const Speaker& speaker) {
  Columns table({"VNI", "Type", "VxLAN IF", "L3-SVI", "State", "Tenant VRF", "Router MAC",
                 "Local VTEP", "Import RT", "Export RT"});
  json::array list;
  for (const auto& r : vrf_rows(speaker)) {
    const auto& v = r.view;
    table.row({std::to_string(v.vni.value), "L3", r.device ? r.device->vxlan : "",
               r.device ? r.device->bridge : "", v.up ? "Up" : "Down", v.name,
               to_string(v.router_mac), to_string(v.vtep), rts_text(r.settings.import_rts),
               rts_text(r.settings.export_rts)});
    auto o = vrf_json(v, r.device ? &*r.device : nullptr, r.settings);
    o["type"] = "L3";
    list.push_back(std::move(o));
  }
  return {json::object{{"vnis", std::move(list)}}, table.text()};
}

Shown vteps(const Speaker& speaker) {
  Columns table({"VRF", "VTEP", "Router MAC", "Routes", "Reachable", "Also said"});
  json::array list;
  const auto views = speaker.evpn().vrfs();
  for (const auto& t : speaker.evpn().vteps()) {
    const auto v =
        std::find_if(views.begin(), views.end(), [&](const auto& x) { return x.id == t.vrf; });
    const std::string name = v == views.end() ? "?" : v->name;
    const auto hop = speaker.rib().next_hops.find(t.address);
    const bool reachable = hop != 0 && speaker.rib().next_hops.reachable(hop);
    table.row({name, to_string(t.address), to_string(t.router_mac), std::to_string(t.routes),
               reachable ? "yes" : "no",
               join(t.other_macs, " ", [](const auto& m) { return to_string(m); })});
    list.push_back(json::object{{"vrf", name},
                                {"vtep", to_string(t.address)},
                                {"routerMac", to_string(t.router_mac)},
                                {"otherRouterMacs", texts(t.other_macs)},
                                {"routes", t.routes},
                                {"reachable", reachable}});
  }
  return {json::object{{"vteps", std::move(list)}}, table.text()};
}

Answer kernel(const Speaker& speaker, bool as_json) {
  Answer a;
  a.more = [&speaker, as_json, routes = fib::RouteCounts{}](std::string& out) mutable {
    speaker.fib().count_routes(routes, kCountSlice);
    if (!routes.done) return true;
    auto shown = kernel_shown(speaker, routes);
    out += as_json ? pretty(shown.json) : shown.text;
    return false;
  };
  return a;
}

Shown events(const Speaker& speaker, const Clock& clock) {
  json::array list;
  std::string text;
  constexpr const char* kSeverity[] = {"debug", "info", "warning", "error"};
  for (const auto& e : speaker.event_log().entries()) {
    const auto ago = seconds_between(e.at, clock.now);
    list.push_back(json::object{{"number", e.number},
                                {"time", clock.unix_seconds - ago},
                                {"kind", to_string(e.event.kind)},
                                {"severity", kSeverity[static_cast<std::size_t>(e.event.severity)]},
                                {"subject", e.event.subject},
                                {"text", e.event.text}});
    text += duration_text(ago) + " ago  " + std::string(to_string(e.event.kind)) + "  " +
            e.event.subject + ": " + e.event.text + "\n";
  }
  return {json::object{{"events", std::move(list)}}, std::move(text)};
}

}  // namespace perd::status
