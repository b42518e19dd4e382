#include "evpn/l2/l2_engine.h"

#include <algorithm>
#include <limits>

#include "evpn/l2/l2_state.h"
#include "perd/assert.h"

namespace perd::evpn {

L2Engine::State::State(rib::AttributeStore& attribute_store, const rib::NextHopTable& tracked,
                       const rib::DecisionContext& context, const L2Limits& wanted_limits)
    : attributes(attribute_store),
      next_hop_table(tracked),
      decision(context),
      limits(wanted_limits),
      cache(attribute_store, sets),
      pace(wanted_limits.probes_per_second) {}

MacVrf* L2Engine::State::mac_vrf(MacVrfId id) {
  return id.value < mac_vrfs.size() ? mac_vrfs[id.value].get() : nullptr;
}
const MacVrf* L2Engine::State::mac_vrf(MacVrfId id) const {
  return id.value < mac_vrfs.size() ? mac_vrfs[id.value].get() : nullptr;
}
const VrfState* L2Engine::State::vrf_state(VrfId id) const {
  return id.value < vrf_states.size() ? &vrf_states[id.value] : nullptr;
}
bool L2Engine::State::is_own(const MacAddress& mac) const {
  return std::binary_search(own_macs.begin(), own_macs.end(), mac);
}
void L2Engine::State::tell(EventKind kind, Severity severity, const MacVrf& mv, std::string text) {
  events.push_back({kind, severity, "mac-vrf " + mv.settings.name, std::move(text)});
}

// ---- configuration ----

void L2Engine::State::configure(const NodeSettings& wanted,
                                const std::vector<MacVrfSettings>& wanted_vrfs) {
  const NodeSettings before = std::exchange(node, wanted);
  bool rules_changed = before.own_addresses != node.own_addresses;
  for (const auto& known : mac_vrfs) {
    if (known == nullptr || known->removed) continue;
    const MacVrfId id = known->settings.id;
    const bool kept = std::any_of(wanted_vrfs.begin(), wanted_vrfs.end(),
                                  [id](const MacVrfSettings& v) { return v.id == id; });
    if (kept) continue;
    known->removed = true;
    known->device = {};
    update_form(*known);
    known->start_walk();
    rules_changed = true;
  }
  for (const MacVrfSettings& v : wanted_vrfs) {
    rules_changed = configure_mac_vrf(v) || rules_changed;
  }
  if (!rules_changed) return;
  renew_own_macs();
  renew_rules();
}

// True when the import rules change.
bool L2Engine::State::configure_mac_vrf(const MacVrfSettings& wanted) {
  PERD_ASSERT(wanted.id != kNoMacVrf);
  if (wanted.id.value >= mac_vrfs.size()) mac_vrfs.resize(std::size_t{wanted.id.value} + 1);
  auto& place = mac_vrfs[wanted.id.value];
  const bool fresh = place == nullptr || place->removed;
  if (place == nullptr) place = std::make_unique<MacVrf>();
  MacVrf& mv = *place;
  if (mv.removed) revive(mv);
  if (!fresh && mv.settings == wanted) return false;
  const MacVrfSettings before = std::exchange(mv.settings, wanted);
  update_form(mv);
  // The addresses of the gateways, and the domain of host routes, are no part of the form.
  if (before.gateways != wanted.gateways || before.vrf != wanted.vrf) mv.start_walk();
  return fresh || before.import_rts != wanted.import_rts || before.vtep != wanted.vtep;
}

// Configured again before it was gone: what it knew of the kernel is told anew, so it is forgotten.
void L2Engine::State::revive(MacVrf& mv) {
  mv.macs.for_each([&](const MacSlot& slot) {
    if (slot.host != 0) touch(mv, slot.mac);
  });
  settle();  // while it still counts as removed
  mv.removed = false;
  mv.start_walk();
}

void L2Engine::State::renew_rules() {
  std::vector<L2Rules::Row> rows;
  for (const auto& mv : mac_vrfs) {
    if (mv == nullptr || mv->removed) continue;
    rows.push_back({mv->settings.id, mv->vtep(), mv->settings.import_rts});
  }
  cache.set_rules(node.own_addresses, rows);
  refresh_cursor = 1;
}

void L2Engine::State::renew_own_macs() {
  std::vector<MacAddress> wanted;
  for (const auto& mv : mac_vrfs) {
    if (mv != nullptr && mv->device.own_mac.is_unicast()) wanted.push_back(mv->device.own_mac);
  }
  for (const VrfState& v : vrf_states) {
    if (v.router_mac.is_unicast()) wanted.push_back(v.router_mac);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (wanted == own_macs) return;
  own_macs = std::move(wanted);
  refresh_cursor = 1;
  refresh_keys = true;
  for (const auto& mv : mac_vrfs) {
    if (mv != nullptr) mv->start_walk();
  }
}

// Takes over what the routes of this MAC-VRF are to look like; what is outdated by it follows.
void L2Engine::State::update_form(MacVrf& mv) {
  L2Form form;
  form.rd = mv.settings.rd;
  form.vni = mv.settings.vni;
  form.route_targets = mv.settings.export_rts;
  form.vtep = mv.vtep();
  form.up = mv.up() && !form.vtep.is_unspecified();
  const VrfState* const domain = vrf_state(mv.settings.vrf);
  if (mv.settings.vrf != kDefaultVrf && domain != nullptr && domain->up &&
      domain->router_mac.is_unicast() && mv.settings.l3_vni.value != 0) {
    form.routed = true;
    form.l3_vni = mv.settings.l3_vni;
    form.l3_route_targets = mv.settings.l3_export_rts;
    form.router_mac = domain->router_mac;
  }
  if (form == mv.form && !mv.rds.empty()) return;
  mv.form = std::move(form);
  ++mv.epoch;
  // 65,536 changes before one walk is done would make a number ambiguous.
  PERD_ASSERT(mv.rds.size() < 0xffff);
  mv.rds.emplace_back(mv.epoch, mv.form.rd);
  originate_multicast(mv);
  mv.start_walk();
}

// ---- devices ----

void L2Engine::State::on_state(const MacVrfState& news) {
  MacVrf* const mv = mac_vrf(news.mac_vrf);
  if (mv == nullptr || mv->removed) return;
  const MacVrfState before = std::exchange(mv->device, news);
  const bool was_up = before.up;
  if (was_up != news.up) {
    tell(news.up ? EventKind::kMacVrfUp : EventKind::kMacVrfDown, Severity::kInfo, *mv,
         news.up ? "up" : news.problem);
    update_flood(*mv);
    mv->start_walk();
  }
  update_form(*mv);
  if (before.own_mac != news.own_mac) renew_own_macs();
  if (before.local_vtep == news.local_vtep) return;
  mv->start_walk();  // RFC 7432 15: the lower address wins a tie
  renew_rules();
}

void L2Engine::State::on_vrf_state(const VrfState& news) {
  if (news.vrf.value >= vrf_states.size()) vrf_states.resize(std::size_t{news.vrf.value} + 1);
  vrf_states[news.vrf.value] = news;
  for (const auto& mv : mac_vrfs) {
    if (mv != nullptr && mv->settings.vrf == news.vrf) update_form(*mv);
  }
  renew_own_macs();
}

// ---- slices ----

std::size_t L2Engine::State::walk(MacVrf& mv, std::size_t budget) {
  std::size_t done = 0;
  if (!mv.mac_cursor.done) {
    done += mv.macs.walk(mv.mac_cursor, budget, 0, [&](const MacSlot& slot) {
      touch(mv, slot.mac);
      return Visit::kKeep;
    });
  }
  const auto visit = [&](const auto& slot) {
    touch(mv, slot.address());
    return Visit::kKeep;
  };
  if (mv.mac_cursor.done && done < budget) {
    done += mv.v4.walk(mv.v4_cursor, budget - done, 0, visit);
  }
  if (mv.mac_cursor.done && mv.v4_cursor.done && done < budget) {
    done += mv.v6.walk(mv.v6_cursor, budget - done, 0, visit);
  }
  settle();
  if (!mv.mac_cursor.done || !mv.v4_cursor.done || !mv.v6_cursor.done) return done;
  mv.walking = false;
  if (mv.walk_again) {
    mv.walk_again = false;
    mv.start_walk();
  } else if (mv.rds.size() > 1) {
    mv.rds.erase(mv.rds.begin(), mv.rds.end() - 1);
  }
  return done;
}

// Not before all routes were judged anew: an import names its MAC-VRFs.
void L2Engine::State::drop_removed() {
  if (refresh_cursor != 0) return;
  for (auto& mv : mac_vrfs) {
    if (mv != nullptr && mv->removed && mv->empty()) mv.reset();
  }
}

bool L2Engine::State::step(const EvpnTable& table, std::size_t budget) {
  std::size_t left = std::max<std::size_t>(budget, 1);
  for (; left > 0 && deadlines.due(now); --left) {
    on_timer(deadlines.pop());
    settle();
  }
  left -= refresh_routes(table, left);
  bool more = refresh_cursor != 0 || deadlines.due(now);
  for (const auto& mv : mac_vrfs) {
    if (mv == nullptr) continue;
    if (left > 0) left -= std::min(left, seek(*mv, left));
    if (left > 0 && mv->walking) left -= std::min(left, walk(*mv, left));
    more = more || mv->walking || !mv->arrived.empty() || !mv->arriving.empty();
  }
  send_probes();
  drop_removed();
  return more;
}

std::size_t L2Engine::State::clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac) {
  MacVrf* const mv = mac_vrf(id);
  if (mv == nullptr) return 0;
  std::vector<HostId> frozen;
  const auto look = [&](const MacSlot& slot) {
    if (slot.host != 0 && hosts.host(slot.host).has(Host::kFrozen)) frozen.push_back(slot.host);
  };
  if (!mac) {
    mv->macs.for_each(look);
  } else if (const MacSlot* slot = mv->macs.find(MacSlot::of(*mac))) {
    look(*slot);
  }
  for (const HostId host_id : frozen) {
    Host& host = hosts.host(host_id);
    thaw(*mv, host);
    host.moves = 0;
    tell(EventKind::kMacDuplicate, Severity::kInfo, *mv,
         "MAC " + to_string(host.mac) + " is taken up again");
    if (host.has(Host::kFdb | Host::kHeard)) learn(*mv, host_id);
    arm_host(host_id);
    touch(*mv, host.mac);
    touch_addresses(*mv, host);
  }
  return frozen.size();
}

// ---- the public face ----

L2Engine::L2Engine(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
                   const rib::DecisionContext& decision, const L2Limits& limits)
    : state_(std::make_unique<State>(attributes, next_hops, decision, limits)) {}
L2Engine::~L2Engine() = default;

void L2Engine::configure(const NodeSettings& node, const std::vector<MacVrfSettings>& mac_vrfs,
                         TimePoint now) {
  state_->now = now;
  state_->configure(node, mac_vrfs);
}
void L2Engine::on_state(const MacVrfState& state, TimePoint now) {
  state_->now = now;
  state_->on_state(state);
}
void L2Engine::on_vrf_state(const VrfState& state, TimePoint now) {
  state_->now = now;
  state_->on_vrf_state(state);
}
void L2Engine::on_local_mac(const LocalMac& mac, TimePoint now) {
  State& s = *state_;
  s.now = now;
  s.urgent = true;
  s.on_local_mac(mac);
  s.settle();
  s.send_probes();
  s.urgent = false;
}
void L2Engine::on_local_neighbour(const LocalNeighbour& neighbour, TimePoint now) {
  State& s = *state_;
  s.now = now;
  s.urgent = true;
  s.on_local_neighbour(neighbour);
  s.settle();
  s.send_probes();
  s.urgent = false;
}
void L2Engine::on_heard(const HostHeard& heard, TimePoint now) {
  State& s = *state_;
  s.now = now;
  s.urgent = true;
  s.on_heard(heard);
  s.settle();
  s.urgent = false;
}
void L2Engine::on_route_changed(const EvpnTable& table, std::uint32_t route, TimePoint now,
                                bool urgent) {
  state_->now = now;
  state_->urgent = urgent;
  state_->on_route_changed(table, route);
  state_->urgent = false;
}
bool L2Engine::step(const EvpnTable& table, TimePoint now, std::size_t budget) {
  state_->now = now;
  return state_->step(table, budget);
}
Deadline L2Engine::next_deadline() const { return state_->next_deadline(); }

L2Delta& L2Engine::delta() {
  state_->sets.flush(state_->delta);
  return state_->delta;
}
std::vector<Origination>& L2Engine::originations() { return state_->originations; }
std::vector<LocalRoute>& L2Engine::host_routes() { return state_->host_routes; }
std::vector<Event>& L2Engine::events() { return state_->events; }
std::size_t L2Engine::clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac,
                                       TimePoint now) {
  state_->now = now;
  const std::size_t cleared = state_->clear_duplicates(id, mac);
  state_->settle();
  return cleared;
}

}  // namespace perd::evpn
