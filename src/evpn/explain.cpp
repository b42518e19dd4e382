// `perctl explain route VRF PREFIX`: the road of a prefix from the RIB to the desired set, step by
// step, also for routes that never got into the VRF. Judges anew, with the same rules as the
// import.
#include <algorithm>
#include <string>

#include "evpn/engine.h"
#include "evpn/state.h"

namespace perd::evpn {
namespace {

using Steps = std::vector<ExplainStep>;

void append(std::string& list, std::string_view separator, std::string_view word) {
  if (!list.empty()) list += separator;
  list += word;
}

std::string text_of(const TunnelHop& hop) {
  return "VTEP " + to_string(hop.vtep) + ", router MAC " + to_string(hop.router_mac) + ", VNI " +
         std::to_string(hop.vni.value);
}

std::string received_from(const rib::DecisionContext& decision, const rib::PathView& path) {
  if (path.local()) return "originated by this node";
  return "received from " + to_string(decision.peers.get(path.peer).address);
}

// Which import entry of the VRF takes the route, or what both sides hold.
ExplainStep target_step(const VrfSettings& vrf, std::span<const ExtendedCommunity> communities) {
  std::string carried, wanted;
  for (const auto& c : communities) {
    if (!is_route_target(c)) continue;
    append(carried, " ", to_string(c));
    for (const auto& match : vrf.import_rts) {
      if (match.matches(c)) {
        return {"route target", to_string(c) + " is taken by " + to_string(match), true};
      }
    }
  }
  for (const auto& match : vrf.import_rts) append(wanted, " ", to_string(match));
  if (carried.empty()) carried = "no route target";
  if (wanted.empty()) wanted = "nothing";
  return {"route target", carried + "; vrf " + vrf.name + " imports " + wanted, false};
}

void tunnel_steps(const ImportSubject& subject, const ImportVerdict& verdict, bool into_vrf,
                  Steps& steps) {
  const std::string next_hop = subject.next_hop ? to_string(*subject.next_hop) : "none";
  const auto mac = router_mac_of(subject.communities);
  const std::string facts = "next hop " + next_hop + ", label " +
                            std::to_string(subject.label.value) + ", router MAC " +
                            (mac ? to_string(*mac) : std::string("none"));
  const bool good = verdict.refusal == Refusal::kNone && into_vrf;
  const Refusal why =
      good || verdict.refusal != Refusal::kNone ? verdict.refusal : Refusal::kVtepFamily;
  steps.push_back({"import", facts + ": " + std::string(explanation(why)), good});
}

std::string local_kinds(const PrefixState& state) {
  std::string kinds;
  const auto add = [&](std::uint8_t flag, std::string_view name) {
    if (state.has(flag)) append(kinds, ", ", name);
  };
  add(PrefixState::kConnected, "connected");
  add(PrefixState::kStatic, "static");
  add(PrefixState::kKernel, "kernel");
  add(PrefixState::kHost, "host");
  return kinds;
}

bool can_be_for_vrf(const wire::EvpnKey& key) {
  return key.type == wire::EvpnRouteType::kIpPrefix ||
         (key.type == wire::EvpnRouteType::kMacIp && key.ip_bits != 0);
}

void origin_steps(const VrfTable& vrf, const PrefixState& state, Steps& steps) {
  if (state.has(PrefixState::kOriginated)) {
    steps.push_back(
        {"origination",
         "announced as type 5 with RD " + to_string(vrf.form.rd) +
             (state.has(PrefixState::kOriginatedNetwork) ? ", from `networks`" : ", redistributed"),
         true});
  } else if (state.has(PrefixState::kLocal | PrefixState::kNetwork)) {
    const bool able = vrf.exports();
    steps.push_back({"origination",
                     able ? "not announced: not redistributed, or a prefix that never is"
                          : "not announced: the VRF is not up",
                     true});
  }
}

}  // namespace

// One route of the RIB with this prefix, as far as it gets.
void Engine::State::explain_route(const EvpnTable& table, const VrfTable& vrf, rib::RouteId route,
                                  std::vector<ExplainStep>& steps) const {
  const wire::EvpnKey key = table.key(route);
  const std::string name = "route " + to_string(key.rd) + " " + to_string(key);
  const auto best = table.best(route);
  if (!best) {
    table.for_each_path(route, [&](const rib::PathView& path) {
      const bool unreachable = path.reason == rib::Reason::kNextHopUnreachable;
      steps.push_back({name,
                       received_from(decision, path) + "; not usable: " +
                           (unreachable ? std::string(explanation(Refusal::kUnreachableNextHop))
                                        : std::string(rib::to_string(path.reason))),
                       false});
    });
    return;
  }
  steps.push_back({name,
                   received_from(decision, *best) +
                       "; best path of the route: " + std::string(rib::to_string(best->reason)),
                   true});
  if (!is_for_vrf(key, *best)) {
    steps.push_back({"import", "no second label: the host is not routed", false});
    return;
  }
  const ImportSubject subject = cache.subject(key, *best);
  ExplainStep target = target_step(vrf.settings, subject.communities);
  const bool wanted = target.good;
  steps.push_back(std::move(target));
  const ImportVerdict verdict = cache.rules().judge(subject);
  const bool into_vrf =
      std::binary_search(verdict.vrfs.begin(), verdict.vrfs.end(), vrf.settings.id);
  if (wanted || verdict.refusal != Refusal::kNone) tunnel_steps(subject, verdict, into_vrf, steps);
}

void Engine::State::explain_choice(const EvpnTable& table, const VrfTable& vrf,
                                   const PrefixState& state,
                                   std::vector<ExplainStep>& steps) const {
  Choice contest;
  compete(table, vrf, state, contest);
  for (std::uint32_t i = 0; i < contest.contenders.size(); ++i) {
    const Contender& x = contest.contenders[i];
    const bool used = std::find(contest.used.begin(), contest.used.end(), i) != contest.used.end();
    const bool best = contest.order.front() == i;
    steps.push_back({"decision",
                     "RD " + to_string(x.key.rd) + ": " +
                         (best ? "best" : (used ? "used beside the best" : "not used")) + " (" +
                         std::string(rib::to_string(contest.reasons[i])) + ")",
                     used});
  }
  if (state.has(PrefixState::kLocal)) {
    steps.push_back({"local route",
                     local_kinds(state) + " route in the kernel: a local route beats a remote one",
                     contest.contenders.empty()});
  }
  if (!vrf.imports()) {
    steps.push_back({"vrf",
                     vrf.device.problem.empty() ? "is not up" : "is not up: " + vrf.device.problem,
                     false});
  }
  origin_steps(vrf, state, steps);
  if (state.has(PrefixState::kPending)) {
    steps.push_back({"desired", "waits for the next slice of decisions", true});
  } else if (state.set == 0) {
    steps.push_back({"desired", "not wanted in the kernel by EVPN", false});
  } else {
    for (const TunnelHop& hop : next_hops.tunnels(state.set)) {
      steps.push_back({"desired", "set " + std::to_string(state.set) + ": " + text_of(hop), true});
    }
  }
}

std::vector<ExplainStep> Engine::explain(const EvpnTable& table, VrfId id,
                                         const IpPrefix& prefix) const {
  const State& s = *state_;
  Steps steps;
  const VrfTable* v = s.vrf(id);
  if (v == nullptr || v->removed) {
    steps.push_back({"vrf", "is not configured", false});
    return steps;
  }
  bool any = false;
  rib::RouteId cursor = 0;
  do {
    cursor = table.walk(cursor, rib::kMaxRoutes, [&](rib::RouteId route) {
      const wire::EvpnKey key = table.key(route);
      if (!can_be_for_vrf(key) || prefix_of(key) != prefix) return;
      any = true;
      s.explain_route(table, *v, route, steps);
    });
  } while (cursor != 0);
  if (!any) steps.push_back({"routes", "no EVPN route with this prefix", false});
  const PrefixState nothing;
  const PrefixState* state = v->find(prefix);
  s.explain_choice(table, *v, state == nullptr ? nothing : *state, steps);
  return steps;
}

}  // namespace perd::evpn
