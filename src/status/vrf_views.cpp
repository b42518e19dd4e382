// VRFs, VNIs, VTEPs and the kernel's side of them.
#include <algorithm>
#include <map>

#include "status/format.h"
#include "status/rows.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr std::size_t kRefusalsShown = 100;
constexpr std::size_t kCountSlice = 50'000;  // routes of the kernel counted in one piece

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
    list.push_back(vrf_json(r));
  }
  return {json::object{{"vrfs", std::move(list)}}, table.text()};
}

Shown vnis(const Speaker& speaker) {
  Columns table({"VNI", "Type", "VxLAN IF", "Bridge", "State", "VRF", "VTEP", "MACs", "Neighbors",
                 "Remote VTEPs", "Problem"});
  json::array list;
  std::map<VrfId, std::size_t> remote;  // VTEPs of each VRF
  for (const auto& t : speaker.evpn().vteps()) ++remote[t.vrf];
  for (const auto& r : vrf_rows(speaker)) {
    const auto& v = r.view;
    table.row({std::to_string(v.vni.value), "L3", r.device ? r.device->vxlan : "",
               r.device ? r.device->bridge : "", v.up ? "Up" : "Down", v.name, to_string(v.vtep),
               "-", "-", std::to_string(remote[v.id]), v.problem});
    auto o = vrf_json(r);
    o["type"] = "L3";
    list.push_back(std::move(o));
  }
  for (const auto& r : mac_vrf_rows(speaker)) {
    const auto& v = r.view;
    table.row({std::to_string(v.vni.value), "L2", r.device ? r.device->vxlan : "",
               r.device ? r.device->bridge : "", v.up ? "Up" : "Down", r.vrf.empty() ? "-" : r.vrf,
               to_string(v.vtep), std::to_string(v.local_macs + v.remote_macs),
               std::to_string(v.local_neighbours + v.remote_neighbours),
               std::to_string(v.flood.size()), v.problem});
    auto o = mac_vrf_json(r);
    o["type"] = "L2";
    list.push_back(std::move(o));
  }
  return {json::object{{"vnis", std::move(list)}}, table.text()};
}

namespace {

constexpr std::size_t kVnisShown = 8;  // of one VTEP, in text

std::string vnis_text(const std::vector<Vni>& vnis) {
  const std::size_t shown = std::min(vnis.size(), kVnisShown);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i)
    out += (i == 0 ? "" : " ") + std::to_string(vnis[i].value);
  return shown == vnis.size() ? out : out + " ... (" + std::to_string(vnis.size()) + ")";
}

}  // namespace

Shown vteps(const Speaker& speaker) {
  Columns table({"VRF", "VTEP", "Router MAC", "Routes", "Reachable", "Also said"});
  json::array list;
  std::map<VrfId, std::string> names;
  for (const auto& v : speaker.evpn().vrfs()) names[v.id] = v.name;
  for (const auto& t : speaker.evpn().vteps()) {
    const auto name = names.find(t.vrf) == names.end() ? std::string("?") : names[t.vrf];
    const bool reachable = is_reachable(speaker, t.address);
    table.row({name, to_string(t.address), to_string(t.router_mac), std::to_string(t.routes),
               reachable ? "yes" : "no",
               join(t.other_macs, " ", [](const auto& m) { return to_string(m); })});
    list.push_back(json::object{{"vrf", name},
                                {"vtep", to_string(t.address)},
                                {"routerMac", to_string(t.router_mac)},
                                {"otherRouterMacs", texts_json(t.other_macs)},
                                {"routes", t.routes},
                                {"reachable", reachable}});
  }
  Columns l2_table({"Layer 2 VTEP", "MACs", "Reachable", "VNIs"});
  json::array l2_list;
  for (const auto& t : speaker.l2().vteps()) {
    const bool reachable = is_reachable(speaker, t.address);
    l2_table.row({to_string(t.address), std::to_string(t.macs), reachable ? "yes" : "no",
                  vnis_text(t.flood)});
    json::array vnis;
    for (const auto vni : t.flood) vnis.emplace_back(vni.value);
    l2_list.push_back(json::object{{"vtep", to_string(t.address)},
                                   {"vnis", std::move(vnis)},
                                   {"macs", t.macs},
                                   {"reachable", reachable}});
  }
  std::string text = table.text();
  if (!l2_list.empty()) text += "\n" + l2_table.text();
  return {json::object{{"vteps", std::move(list)}, {"l2Vteps", std::move(l2_list)}},
          std::move(text)};
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
