#include "evpn/engine.h"

#include <algorithm>
#include <limits>

#include "evpn/state.h"
#include "perd/assert.h"

namespace perd::evpn {
namespace {

std::uint8_t flag_of(LocalRouteKind kind) {
  switch (kind) {
    case LocalRouteKind::kConnected:
      return PrefixState::kConnected;
    case LocalRouteKind::kStatic:
      return PrefixState::kStatic;
    case LocalRouteKind::kKernel:
      return PrefixState::kKernel;
    case LocalRouteKind::kHost:
      return PrefixState::kHost;
  }
  return 0;
}

bool holds(std::span<const VrfId> list, VrfId id) {
  return std::binary_search(list.begin(), list.end(), id);
}

bool holds(std::span<const IpPrefix> list, const IpPrefix& p) {
  return std::find(list.begin(), list.end(), p) != list.end();
}

}  // namespace

Engine::State::State(rib::AttributeStore& attribute_store, const rib::NextHopTable& tracked,
                     const rib::DecisionContext& context)
    : attributes(attribute_store),
      next_hop_table(tracked),
      decision(context),
      cache(attribute_store, next_hops) {}

VrfTable* Engine::State::vrf(VrfId id) {
  return id.value < vrfs.size() ? vrfs[id.value].get() : nullptr;
}
const VrfTable* Engine::State::vrf(VrfId id) const {
  return id.value < vrfs.size() ? vrfs[id.value].get() : nullptr;
}

// ---- configuration ----

void Engine::State::configure(const NodeSettings& wanted,
                              const std::vector<VrfSettings>& wanted_vrfs) {
  const NodeSettings before = std::exchange(node, wanted);
  bool rules_changed = before.own_addresses != node.own_addresses;
  for (const auto& known : vrfs) {
    if (known == nullptr || known->removed) continue;
    const VrfId id = known->settings.id;
    const bool kept = std::any_of(wanted_vrfs.begin(), wanted_vrfs.end(),
                                  [id](const VrfSettings& v) { return v.id == id; });
    if (kept) continue;
    known->removed = true;
    known->device = {};
    known->start_walk();
    rules_changed = true;
  }
  for (const VrfSettings& v : wanted_vrfs) rules_changed = configure_vrf(v) || rules_changed;
  if (rules_changed) renew_rules();
  if (before == node) return;
  for (const auto& known : vrfs) {
    if (known == nullptr) continue;
    update_form(*known);
    known->start_walk();
  }
}

bool Engine::State::configure_vrf(const VrfSettings& wanted) {
  PERD_ASSERT(wanted.id != kDefaultVrf);
  if (wanted.id.value >= vrfs.size()) vrfs.resize(std::size_t{wanted.id.value} + 1);
  auto& slot = vrfs[wanted.id.value];
  const bool fresh = slot == nullptr || slot->removed;
  if (slot == nullptr) slot = std::make_unique<VrfTable>();
  VrfTable& v = *slot;
  if (v.removed) revive(v);
  if (!fresh && v.settings == wanted) return false;
  const VrfSettings before = std::exchange(v.settings, wanted);
  update_form(v);
  apply_networks(v, before.networks);
  if (before.redistribute != wanted.redistribute) v.start_walk();
  return fresh || before.import_rts != wanted.import_rts || before.vni != wanted.vni ||
         before.vtep != wanted.vtep;
}

// Configured again before it was gone: what it knew of the kernel is told anew, so it is forgotten.
void Engine::State::revive(VrfTable& v) {
  const auto forget = [](const IpPrefix&, PrefixState& state) {
    state.assign(PrefixState::kLocal | PrefixState::kNetwork, false);
    return true;
  };
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  TableCursor v4, v6;
  (void)v.v4.walk(v4, kAll, forget);
  (void)v.v6.walk(v6, kAll, forget);
  v.local_prefixes = 0;
  v.settings.networks.clear();
  v.removed = false;
  v.start_walk();
}

void Engine::State::set_network(VrfTable& v, const IpPrefix& prefix, bool on) {
  PrefixState& state = v.insert(prefix);
  state.assign(PrefixState::kNetwork, on);
  export_prefix(v, node.own_addresses, prefix, state, originations);
  if (state.idle()) v.erase(prefix);
}

void Engine::State::apply_networks(VrfTable& v, std::span<const IpPrefix> before) {
  for (const IpPrefix& p : before) {
    if (!holds(v.settings.networks, p)) set_network(v, p, false);
  }
  for (const IpPrefix& p : v.settings.networks) {
    if (!holds(before, p)) set_network(v, p, true);
  }
}

void Engine::State::renew_rules() {
  std::vector<ImportRules::LocalVrf> rows;
  for (const auto& v : vrfs) {
    if (v == nullptr || v->removed) continue;
    rows.push_back(
        {v->settings.id, v->settings.vni, v->vtep(), v->device.router_mac, v->settings.import_rts});
  }
  cache.set_rules(node.own_addresses, rows);
  refresh_cursor = 1;
}

void Engine::State::update_form(VrfTable& v) {
  if (adopt_export_form(v, make_export_form(v, node.asn))) v.start_walk();
  if (v.originated == 0) forget_old_forms(v);
}

// ---- news from the kernel side ----

void Engine::State::on_local(const LocalRoute& route) {
  VrfTable* v = vrf(route.vrf);
  if (v == nullptr || v->removed) {
    ++unknown_vrf_news;
    return;
  }
  if (route.gone && v->find(route.prefix) == nullptr) return;
  PrefixState& state = v->insert(route.prefix);
  const bool before = state.has(PrefixState::kLocal);
  state.assign(flag_of(route.kind), !route.gone);
  const bool now = state.has(PrefixState::kLocal);
  v->local_prefixes = v->local_prefixes + (now ? 1U : 0U) - (before ? 1U : 0U);
  export_prefix(*v, node.own_addresses, route.prefix, state, originations);
  settle(*v, route.prefix, state);
}

void Engine::State::on_vrf_state(const VrfState& news) {
  VrfTable* v = vrf(news.vrf);
  if (v == nullptr || v->removed) {
    ++unknown_vrf_news;
    return;
  }
  const IpAddress old_vtep = v->vtep();
  const VrfState before = std::exchange(v->device, news);
  if (before == news) return;
  update_form(*v);
  if (before.up != news.up) {
    v->start_walk();
    const std::string subject = "vrf " + v->settings.name;
    if (news.up) {
      events.push_back({EventKind::kVrfUp, Severity::kInfo, subject,
                        "VNI " + std::to_string(v->settings.vni.value) + ", VTEP " +
                            to_string(v->vtep()) + ", router MAC " + to_string(news.router_mac)});
    } else {
      events.push_back({EventKind::kVrfDown, Severity::kWarning, subject,
                        news.problem.empty() ? "its devices are down" : news.problem});
    }
  }
  if (before.router_mac != news.router_mac || old_vtep != v->vtep()) {
    v->start_walk();  // it may not have been possible to originate before
    renew_rules();
  }
}

void Engine::State::on_next_hop_changed(const IpAddress& vtep) {
  if (candidates.nodes() == 0) return;  // no contest anywhere
  for (const auto& v : vrfs) {
    if (v != nullptr && next_hops.find(v->settings.id, vtep) != 0) v->start_walk();
  }
}

// ---- news from the RIB ----

Membership Engine::State::join(const EvpnTable& table, rib::RouteId route, const wire::EvpnKey& key,
                               const rib::PathView& best) {
  if (!is_for_vrf(key, best)) return cache.acquire_ignored(key.type);
  const ClassId first = cache.acquire(key, best);
  if (cache.import(first).verdict.refusal != Refusal::kNone) return first;
  // Nodes that share an RD: a host is at one place (RFC 7432 15), or behind one Ethernet segment.
  const bool host = key.type == wire::EvpnRouteType::kMacIp;
  if (host && best.esi().is_zero()) return first;
  // Several neighbours usually tell of the same VTEP; only another VTEP adds a hop.
  const rib::NextHopId next_hop = attributes.get(best.attrs).next_hop_id();
  std::uint32_t group = 0;
  table.for_each_multipath(route, [&](const rib::PathView& path) {
    if (path.best || attributes.get(path.attrs).next_hop_id() == next_hop) return;
    if (host && (!is_for_vrf(key, path) || path.esi() != best.esi())) return;
    const ClassId other = cache.acquire(key, path);
    if (cache.import(other).verdict.refusal != Refusal::kNone) {
      cache.release(other);
      return;
    }
    if (group == 0) {
      group = groups.make();
      groups[group].classes.push_back(first);
    }
    groups[group].classes.push_back(other);
  });
  return group == 0 ? first : kGroup | group;
}

void Engine::State::leave(Membership m) {
  if (m == 0) return;
  if ((m & kGroup) == 0) {
    cache.release(m);
    return;
  }
  for (const ClassId id : groups[m & ~kGroup].classes) cache.release(id);
  groups.destroy(m & ~kGroup);
}

bool Engine::State::is_current(Membership m) {
  if ((m & kGroup) == 0) return cache.refresh(m);
  bool current = true;
  for (const ClassId id : groups[m & ~kGroup].classes) current = cache.refresh(id) && current;
  return current;
}

void Engine::State::on_route_changed(const EvpnTable& table, rib::RouteId route) {
  const Membership before = memberships.get(route);
  const auto best = table.exists(route) ? table.best(route) : std::nullopt;
  if (before == 0 && !best) return;
  const wire::EvpnKey key = table.key(route);
  const Membership after = best ? join(table, route, key, *best) : 0;
  memberships.set(route, after);
  std::span<const VrfId> from, to;
  if (before != 0) {
    const ImportVerdict& verdict = cache.import(first_class(before)).verdict;
    --refusals[static_cast<std::size_t>(verdict.refusal)];
    from = verdict.vrfs;
  }
  if (after != 0) {
    const ImportVerdict& verdict = cache.import(first_class(after)).verdict;
    ++refusals[static_cast<std::size_t>(verdict.refusal)];
    to = verdict.vrfs;
  }
  if (!from.empty() || !to.empty()) move_route(prefix_of(key), route, from, to);
  leave(before);
}

void Engine::State::move_route(const IpPrefix& prefix, rib::RouteId route,
                               std::span<const VrfId> from, std::span<const VrfId> to) {
  for (const VrfId id : from) {
    if (holds(to, id)) continue;
    VrfTable& v = *vrf(id);
    PrefixState& state = v.insert(prefix);
    candidates.remove(state.paths, route);
    --v.remote_paths;
    settle(v, prefix, state);
  }
  for (const VrfId id : to) {
    VrfTable& v = *vrf(id);
    PrefixState& state = v.insert(prefix);
    if (!holds(from, id)) {
      candidates.add(state.paths, route);
      ++v.remote_paths;
    }
    settle(v, prefix, state);
  }
}

void Engine::State::settle(VrfTable& v, const IpPrefix& prefix, PrefixState& state) {
  if (!is_contest(v, state)) {
    decide(nullptr, v, prefix, state);
    if (state.idle()) v.erase(prefix);
    return;
  }
  if (urgent) urgent_pending.push_back({v.settings.id, prefix});
  if (state.has(PrefixState::kPending)) return;
  state.assign(PrefixState::kPending, true);
  if (urgent) return;
  pending.push_back({v.settings.id, prefix});
}

// ---- slices ----

void Engine::State::decide_pending(const EvpnTable& table, const Pending& item) {
  VrfTable* v = vrf(item.vrf);
  PrefixState* state = v == nullptr ? nullptr : v->find(item.prefix);
  if (state == nullptr || !state->has(PrefixState::kPending)) return;
  decide(&table, *v, item.prefix, *state);
  if (state->idle()) v->erase(item.prefix);
}

void Engine::State::decide_urgent(const EvpnTable& table) {
  urgent = true;
  for (const Pending& item : urgent_pending) decide_pending(table, item);
  urgent = false;
  urgent_pending.clear();
}

std::size_t Engine::State::decide_pending(const EvpnTable& table, std::size_t budget) {
  std::size_t done = 0;
  for (; done < budget && !pending.empty(); ++done) {
    const Pending item = pending.front();
    pending.pop_front();
    decide_pending(table, item);
  }
  return done;
}

std::size_t Engine::State::refresh_routes(const EvpnTable& table, std::size_t budget) {
  if (refresh_cursor == 0) return 0;
  std::size_t done = 0;
  for (; done < budget; ++done, ++refresh_cursor) {
    refresh_cursor = memberships.next(refresh_cursor);
    if (refresh_cursor >= memberships.end()) break;
    const Membership m = memberships.get(refresh_cursor);
    if (m != 0 && !is_current(m)) on_route_changed(table, refresh_cursor);
  }
  if (refresh_cursor >= memberships.end()) refresh_cursor = 0;
  return done;
}

std::size_t Engine::State::walk_vrf(const EvpnTable& table, VrfTable& v, std::size_t budget) {
  const auto visit = [&](const IpPrefix& prefix, PrefixState& state) {
    if (v.removed) {
      if (state.has(PrefixState::kLocal)) --v.local_prefixes;
      state.assign(PrefixState::kLocal | PrefixState::kNetwork, false);
    }
    export_prefix(v, node.own_addresses, prefix, state, originations);
    decide(&table, v, prefix, state);
    return !state.idle();
  };
  std::size_t done = 0;
  if (!v.cursor_v4.done) done += v.v4.walk(v.cursor_v4, budget, visit);
  if (v.cursor_v4.done && done < budget) done += v.v6.walk(v.cursor_v6, budget - done, visit);
  if (v.cursor_v4.done && v.cursor_v6.done) {
    v.walking = false;
    if (v.walk_again) {
      v.start_walk();
    } else {
      forget_old_forms(v);
    }
  }
  return done;
}

void Engine::State::drop_removed_vrfs() {
  for (auto& v : vrfs) {
    if (v != nullptr && v->removed && !v->walking && v->size() == 0) v.reset();
  }
}

bool Engine::State::step(const EvpnTable& table, std::size_t budget) {
  std::size_t left = std::max<std::size_t>(budget, 1);
  decide_urgent(table);
  left -= decide_pending(table, left);
  left -= refresh_routes(table, left);
  bool more = refresh_cursor != 0 || !pending.empty();
  for (const auto& v : vrfs) {
    if (v == nullptr || !v->walking) continue;
    if (left > 0) left -= std::min(left, walk_vrf(table, *v, left));
    more = more || v->walking;
  }
  drop_removed_vrfs();
  return more;
}

// ---- the public face ----

Engine::Engine(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
               const rib::DecisionContext& decision)
    : state_(std::make_unique<State>(attributes, next_hops, decision)) {}
Engine::~Engine() = default;

void Engine::configure(const NodeSettings& node, const std::vector<VrfSettings>& vrfs) {
  state_->configure(node, vrfs);
}
void Engine::on_local(const LocalRoute& route) { state_->on_local(route); }
void Engine::on_vrf_state(const VrfState& state) { state_->on_vrf_state(state); }
void Engine::on_next_hop_changed(const IpAddress& vtep) { state_->on_next_hop_changed(vtep); }
void Engine::on_route_changed(const EvpnTable& table, std::uint32_t route, bool urgent) {
  state_->urgent = urgent;
  state_->on_route_changed(table, route);
  state_->urgent = false;
}
bool Engine::step(const EvpnTable& table, std::size_t budget) {
  return state_->step(table, budget);
}

DesiredDelta& Engine::delta() {
  State& s = *state_;
  s.next_hops.flush(s.delta, s.events, [&s](VrfId id) -> std::string_view {
    const VrfTable* v = s.vrf(id);
    return v == nullptr ? std::string_view{} : std::string_view{v->settings.name};
  });
  return s.delta;
}
std::vector<Origination>& Engine::originations() { return state_->originations; }
std::vector<Event>& Engine::events() { return state_->events; }

}  // namespace perd::evpn
