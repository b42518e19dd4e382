// `perctl explain mac`: the road of a MAC from the RIB to its place, step by step, also for routes
// that never got into the MAC-VRF. Judges anew, with the same rules as the import.
#include <algorithm>
#include <string>

#include "evpn/l2/l2_state.h"

namespace perd::evpn {
namespace {

std::string text_of(const L2Verdict& v) {
  std::string text = "VTEP " + to_string(v.vtep) + ", VNI " + std::to_string(v.vni.value) +
                     ", sequence " + std::to_string(v.sequence);
  if (v.sticky) text += ", static";
  if (v.gateway) text += ", default gateway";
  if (!v.esi.is_zero()) text += ", ESI " + to_string(v.esi);
  return text;
}

// What decides between the winner and another claim, in the words of RFC 7432 15.
std::string why_not(const L2Verdict& winner, const L2Verdict& other) {
  if (winner.sticky != other.sticky) return "the other one is static";
  if (winner.sequence != other.sequence) return "its sequence is lower";
  if (winner.vtep != other.vtep) return "same sequence, and the address of its VTEP is higher";
  return "says the same of the same VTEP";
}

}  // namespace

void L2Engine::State::explain_route(const EvpnTable& table, const MacVrf& mv, rib::RouteId route,
                                    std::vector<ExplainStep>& steps) const {
  const wire::EvpnKey key = table.key(route);
  const std::string name = "route " + to_string(key.rd) + " " + to_string(key);
  const auto best = table.best(route);
  if (!best) {
    table.for_each_path(route, [&](const rib::PathView& path) {
      const bool unreachable = path.reason == rib::Reason::kNextHopUnreachable;
      steps.push_back({name,
                       unreachable ? std::string(explanation(L2Refusal::kUnreachableNextHop))
                                   : std::string(rib::to_string(path.reason)),
                       false});
    });
    return;
  }
  const L2Verdict verdict = cache.rules().judge(cache.subject(key, *best, is_own(key.mac)));
  const bool here =
      std::binary_search(verdict.mac_vrfs.begin(), verdict.mac_vrfs.end(), mv.settings.id);
  if (verdict.refusal != L2Refusal::kNone || !here) {
    const L2Refusal why =
        verdict.refusal != L2Refusal::kNone ? verdict.refusal : L2Refusal::kNoRouteTarget;
    steps.push_back({name, std::string(explanation(why)), why == L2Refusal::kOwnRoute});
    return;
  }
  const L2ClassId known = memberships.get(route);
  if (known == 0) {
    steps.push_back({name, text_of(verdict) + ": not decided yet", true});
    return;
  }
  const bool usable = sets.usable(cache.of_class(known).set_of(mv.settings.id));
  std::string finding = text_of(verdict);
  if (!usable) finding += ": no VTEP has an A-D route of the Ethernet segment";
  steps.push_back({name, std::move(finding), usable});
}

void L2Engine::State::explain_place(const MacVrf& mv, const MacAddress& mac,
                                    std::vector<ExplainStep>& steps) const {
  const MacSlot* const slot = mv.macs.find(MacSlot::of(mac));
  if (slot == nullptr) {
    steps.push_back({"place", "nowhere: no route that is used, and no local port", false});
    return;
  }
  const L2ImportId best = best_import(mv, *slot);
  if (slot->host != 0) {
    const Host& host = hosts.host(slot->host);
    const std::string sequence = ", sequence " + std::to_string(host.sequence);
    if (host.has(Host::kFrozen)) {
      steps.push_back(
          {"duplicate", "frozen after " + std::to_string(host.moves) + " moves", false});
    }
    if (host.has(Host::kClaimed)) {
      steps.push_back({"local",
                       "behind port " + std::to_string(host.port) + sequence +
                           (host.has(Host::kSticky) ? ", static" : ""),
                       true});
      steps.push_back({"place",
                       best == 0 ? "local: nobody else claims it"
                                 : "local: stands above " + text_of(cache.import(best).verdict),
                       true});
      return;
    }
    if (host.evident()) steps.push_back({"local", "seen behind a port, not taken over", false});
  }
  if (best == 0) {
    steps.push_back({"place", "nowhere", false});
    return;
  }
  const L2Verdict& winner = cache.import(best).verdict;
  mac_candidates.for_each(*slot, [&](L2ImportId id, std::uint32_t) {
    const L2Verdict& other = cache.import(id).verdict;
    if (id == best || !sets.usable(cache.import(id).set_of(mv.settings.id))) return;
    steps.push_back({"not chosen", text_of(other) + ": " + why_not(winner, other), true});
  });
  std::string vteps;
  for (const IpAddress& a : sets.vteps(cache.import(best).set_of(mv.settings.id))) {
    vteps += (vteps.empty() ? "" : ", ") + to_string(a);
  }
  steps.push_back({"place", "remote: " + text_of(winner) + "; frames go to " + vteps, mv.up()});
}

std::vector<ExplainStep> L2Engine::explain(const EvpnTable& table, MacVrfId id,
                                           const MacAddress& mac) const {
  const State& s = *state_;
  std::vector<ExplainStep> steps;
  const MacVrf* const mv = s.mac_vrf(id);
  if (mv == nullptr || mv->removed) {
    steps.push_back({"mac-vrf", "is not configured", false});
    return steps;
  }
  if (!mv->up()) {
    steps.push_back({"mac-vrf",
                     mv->device.problem.empty() ? "is not up" : "is not up: " + mv->device.problem,
                     false});
  }
  bool any = false;
  rib::RouteId cursor = 0;
  do {
    cursor = table.walk(cursor, rib::kMaxRoutes, [&](rib::RouteId route) {
      const wire::EvpnKey key = table.key(route);
      if (key.type != wire::EvpnRouteType::kMacIp || key.mac != mac) return;
      any = true;
      s.explain_route(table, *mv, route, steps);
    });
  } while (cursor != 0);
  if (!any) steps.push_back({"routes", "no EVPN route with this MAC", true});
  s.explain_place(*mv, mac, steps);
  return steps;
}

}  // namespace perd::evpn
