// The inside of Engine: its parts and how they touch each other. The work is spread over engine.cpp
// (configuration, news, slices), select.cpp (choice among the candidates of a prefix) and
// views.cpp, explain.cpp (reading).
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "bgp/rib/decision.h"
#include "bgp/rib/route_map.h"
#include "bgp/rib/table.h"
#include "evpn/candidate_pool.h"
#include "evpn/engine.h"
#include "evpn/exporter.h"
#include "evpn/import_cache.h"
#include "evpn/next_hops.h"
#include "evpn/vrf_table.h"

namespace perd::evpn {

// What a route became: its class, or a group of classes when the RIB uses paths over several VTEPs
// for one and the same route (two nodes that share an RD).
using Membership = std::uint32_t;
inline constexpr Membership kGroup = 1U << 31;

struct RouteGroup {
  std::vector<ClassId> classes;  // of the best path first
};

// One path that competes in a prefix, for the decision and for explanations.
struct Contender {
  rib::RouteId route = 0;
  wire::EvpnKey key{};
  rib::PathView path{};
  MacMobility mobility{};  // of a host
  IpAddress vtep{};        // of a host
  [[nodiscard]] bool host() const { return key.type == wire::EvpnRouteType::kMacIp; }
};
struct Choice {
  std::vector<Contender> contenders;  // sorted by key
  std::vector<rib::Reason> reasons;   // one each
  std::vector<std::uint32_t> order;   // best first
  std::size_t equal = 0;              // how many of `order` are equally good
  std::vector<std::uint32_t> used;    // indexes whose VTEPs are in the set
  std::vector<Hop> hops;
  std::vector<rib::Candidate> candidates;  // scratch
  void clear();
  // The hosts among the contenders that are somewhere else by now take no part.
  void judge_mobility(const rib::AttributeStore& attributes);
};

struct Engine::State {
  struct Pending {
    VrfId vrf{};
    IpPrefix prefix{};
  };
  State(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
        const rib::DecisionContext& decision);

  // ---- engine.cpp ----
  void configure(const NodeSettings& wanted, const std::vector<VrfSettings>& wanted_vrfs);
  [[nodiscard]] bool configure_vrf(const VrfSettings& wanted);  // true: the import rules change
  void revive(VrfTable& vrf);
  void set_network(VrfTable& vrf, const IpPrefix& prefix, bool on);
  void apply_networks(VrfTable& vrf, std::span<const IpPrefix> before);
  void renew_rules();
  void update_form(VrfTable& vrf);
  void on_local(const LocalRoute& route);
  void on_vrf_state(const VrfState& news);
  void on_next_hop_changed(const IpAddress& vtep);
  void on_route_changed(const EvpnTable& table, rib::RouteId route);
  bool step(const EvpnTable& table, std::size_t budget);
  [[nodiscard]] VrfTable* vrf(VrfId id);
  [[nodiscard]] const VrfTable* vrf(VrfId id) const;

  [[nodiscard]] Membership join(const EvpnTable& table, rib::RouteId route,
                                const wire::EvpnKey& key, const rib::PathView& best);
  void leave(Membership m);
  [[nodiscard]] ClassId first_class(Membership m) const {
    return (m & kGroup) != 0 ? groups[m & ~kGroup].classes.front() : m;
  }
  [[nodiscard]] bool is_current(Membership m);
  void move_route(const IpPrefix& prefix, rib::RouteId route, std::span<const VrfId> from,
                  std::span<const VrfId> to);
  // Decides now or, when it takes the table, in the next step. May erase the prefix.
  void settle(VrfTable& vrf, const IpPrefix& prefix, PrefixState& state);
  std::size_t refresh_routes(const EvpnTable& table, std::size_t budget);
  std::size_t walk_vrf(const EvpnTable& table, VrfTable& vrf, std::size_t budget);
  void decide_pending(const EvpnTable& table, const Pending& item);
  void decide_urgent(const EvpnTable& table);
  std::size_t decide_pending(const EvpnTable& table, std::size_t budget);
  void drop_removed_vrfs();

  // ---- select.cpp ----
  // More than one route competes: only that needs the table.
  [[nodiscard]] static bool is_contest(const VrfTable& vrf, const PrefixState& state);
  void decide(const EvpnTable* table, VrfTable& vrf, const IpPrefix& prefix, PrefixState& state);
  [[nodiscard]] NextHopSetId choose(const EvpnTable* table, VrfTable& vrf,
                                    const PrefixState& state);
  void compete(const EvpnTable& table, const VrfTable& vrf, const PrefixState& state,
               Choice& choice) const;
  bool add_hops(Membership m, VrfId vrf, unsigned limit, std::vector<Hop>& hops) const;
  void set_desired(VrfTable& vrf, const IpPrefix& prefix, PrefixState& state, NextHopSetId set);

  // ---- explain.cpp ----
  // One route of the RIB with this prefix, as far as it gets.
  void explain_route(const EvpnTable& table, const VrfTable& vrf, rib::RouteId route,
                     std::vector<ExplainStep>& steps) const;
  void explain_choice(const EvpnTable& table, const VrfTable& vrf, const PrefixState& state,
                      std::vector<ExplainStep>& steps) const;

  rib::AttributeStore& attributes;
  const rib::NextHopTable& next_hop_table;
  const rib::DecisionContext& decision;

  NodeSettings node;
  std::vector<std::unique_ptr<VrfTable>> vrfs;  // by VrfId, with holes
  NextHops next_hops;
  ImportCache cache;
  CandidatePool candidates;
  rib::RouteMap<Membership> memberships;  // 0: not known here
  rib::Slab<RouteGroup> groups;

  rib::RouteId refresh_cursor = 0;  // 0: nothing to refresh
  std::deque<Pending> pending;
  std::vector<Pending> urgent_pending;  // decided before those; perhaps among them as well
  bool urgent = false;                  // what is decided now follows from a single change
  Choice choice;                        // reused

  DesiredDelta delta;
  std::vector<Origination> originations;
  std::vector<Event> events;
  std::array<std::uint32_t, kRefusalCount> refusals{};
  std::uint64_t unknown_vrf_news = 0;
};

}  // namespace perd::evpn
