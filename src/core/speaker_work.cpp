// One slice of work: flow steps 4 to 7 of ARCHITECTURE.md, and the road of local routes.
#include <algorithm>

#include "core/speaker.h"
#include "perd/overloaded.h"

namespace perd {
namespace {

// Bounds of one turn, chosen so that it takes a millisecond or two.
constexpr std::size_t kSweepSlice = 20'000;      // routes visited for stale paths
constexpr std::size_t kDecideSlice = 8'192;      // routes decided
constexpr std::size_t kRescanSlice = 20'000;     // routes looked at after a next hop changed
constexpr std::size_t kEvpnSlice = 4'096;        // prefixes or routes of the EVPN engine
constexpr std::size_t kReapSlice = 50'000;       // routes forgotten of a session that ended
constexpr std::size_t kSendSlice = 256 * 1024;   // octets produced for one neighbour
constexpr std::size_t kOpsPerTurn = 4'096;       // kernel operations handed out
constexpr std::size_t kRoutesBesideInput = 256;  // route operations while the tables still fill
constexpr std::size_t kSingleOriginations = 64;  // so few at a time are single changes
constexpr std::size_t kListKept = 16'384;        // places of an emptied list
constexpr Duration kBulkWaits = std::chrono::milliseconds(500);

// A reload or a VRF that comes up fills a list for once. (Without exceptions libstdc++ takes
// shrink_to_fit() for no request at all.)
template <class T>
void empty(std::vector<T>& list) {
  list.clear();
  if (list.capacity() > kListKept) list = std::vector<T>();
}
void empty(DesiredDelta& delta) {
  empty(delta.sets);
  empty(delta.routes);
  empty(delta.released_sets);
}
void empty(L2Delta& delta) {
  empty(delta.sets);
  empty(delta.macs);
  empty(delta.neighbours);
  empty(delta.floods);
  empty(delta.messages);
  empty(delta.released_sets);
}

}  // namespace

void Speaker::work(TimePoint now) {
  sweep_peers();
  rescan_next_hops();
  learn_news(now);
  decide(now);
  run_evpn(now);
  track_next_hops();
  run_fib(now);
  reap_more_ = exporter_.reap(kReapSlice);
  send_updates(now);
  consider_sweep(now);
  forget_removed_neighbors();
  outputs_.more_work = has_work();
}

void Speaker::sweep_peers() {
  for (auto& [id, n] : neighbors_) {
    if (n->sweeping.empty()) continue;
    const auto sweep = [&](Family f, auto&... tables) {
      if (!n->sweeping.has(f)) return;
      const std::size_t left = (tables.sweep(n->id, kSweepSlice) + ...);
      if (left == 0) n->sweeping.remove(f);
    };
    sweep(Family::kIpv4Unicast, rib_.ipv4);
    sweep(Family::kIpv6Unicast, rib_.ipv6);
    sweep(Family::kEvpn, rib_.evpn, rib_.opaque);
  }
}

void Speaker::decide(TimePoint now) {
  const auto gateways = [&](const auto& table, rib::RouteId id) {
    std::vector<IpAddress> list;
    const auto best = table.best(id);
    if (!best || best->local()) return list;
    table.for_each_multipath(id, [&](const rib::PathView& path) {
      if (path.local()) return;
      if (const auto next_hop = rib_.attributes.get(path.attrs).next_hop()) {
        list.push_back(*next_hop);
      }
    });
    return list;
  };
  rib_.ipv4.decide(kDecideSlice, rib_.decision, [&](rib::RouteId id, const rib::BestChange& c) {
    underlay_.set(rib_.ipv4.key(id), gateways(rib_.ipv4, id), c.urgent);
    exporter_.on_best_change<rib::Ipv4Unicast>(id, c.urgent);
  });
  rib_.ipv6.decide(kDecideSlice, rib_.decision, [&](rib::RouteId id, const rib::BestChange& c) {
    underlay_.set(rib_.ipv6.key(id), gateways(rib_.ipv6, id), c.urgent);
    exporter_.on_best_change<rib::Ipv6Unicast>(id, c.urgent);
  });
  rib_.evpn.decide(kDecideSlice, rib_.decision,
                   [&](rib::RouteId id, const rib::BestChange& change) {
                     evpn_.on_route_changed(rib_.evpn, id, change.urgent);
                     l2_.on_route_changed(rib_.evpn, id, now, change.urgent);
                     if (!change.best_changed) return;
                     exporter_.on_best_change<rib::L2vpnEvpn>(id, change.urgent);
                   });
  rib_.opaque.decide(kDecideSlice, rib_.decision,
                     [&](rib::RouteId id, const rib::BestChange& change) {
                       if (change.best_changed) exporter_.on_best_change<rib::OpaqueEvpn>(id);
                     });
}

void Speaker::originate(std::vector<evpn::Origination>& originations) {
  if (originations.empty()) return;
  rib_.evpn.set_urgent(originations.size() <= kSingleOriginations);
  for (const auto& o : originations) {
    if (o.withdraw) {
      rib_.evpn.withdraw(o.key, kLocalPeer, 0);
      continue;
    }
    const auto attributes = rib_.attributes.intern(o.attributes);
    rib_.evpn.upsert(o.key, kLocalPeer, 0, attributes, o.data);
    rib_.attributes.release(attributes);
  }
  rib_.evpn.set_urgent(false);
  empty(originations);
}

// What both engines have to say beside what the kernel should hold.
void Speaker::originate() {
  for (const auto& route : l2_.host_routes()) evpn_.on_local(route), evpn_more_ = true;
  empty(l2_.host_routes());
  originate(l2_.originations());
  originate(evpn_.originations());
  for (auto* events : {&l2_.events(), &evpn_.events()}) {
    for (auto& event : *events) on_event(std::move(event));
    empty(*events);
  }
}

// Before routes are decided, so that what a host said stands in an UPDATE when this turn ends.
void Speaker::learn_news(TimePoint now) {
  for (auto& knowledge : fib_.take_knowledge()) learn(std::move(knowledge), now);
  originate();
}

void Speaker::run_evpn(TimePoint now) {
  evpn_more_ = evpn_.step(rib_.evpn, kEvpnSlice);
  evpn_more_ = l2_.step(rib_.evpn, now, kEvpnSlice) || evpn_more_;
  originate();
}

void Speaker::track_next_hops() {
  const auto changes = rib_.next_hops.drain();
  for (const auto& a : changes.newly_tracked) fib_.track_next_hop(a);
  for (const auto& a : changes.newly_untracked) fib_.untrack_next_hop(a);
}

// The kernel takes routes fastest in the order of the whole table: while tables still fill or empty
// it is not fed at all for a moment, then a little, and gets all its time afterwards. The sum is
// shorter, and nobody starves. Single changes are not held back by any of this.
std::size_t Speaker::bulk_share(TimePoint now) {
  const bool filling = bulk_input_ || dirty_routes() != 0;
  bulk_input_ = false;
  if (!filling) {
    filling_since_.reset();
    return kOpsPerTurn;
  }
  if (!filling_since_) filling_since_ = now;
  return now - *filling_since_ < kBulkWaits ? 0 : kRoutesBesideInput;
}

void Speaker::run_fib(TimePoint now) {
  if (!underlay_.delta().empty()) {
    fib_.apply(underlay_.delta(), now);
    underlay_.clear_delta();
  }
  if (!evpn_.delta().empty()) {
    fib_.apply(evpn_.delta(), now);
    empty(evpn_.delta());
  }
  if (!l2_.delta().empty()) {
    fib_.apply(l2_.delta(), now);
    empty(l2_.delta());
  }
  fib_.step(now, bulk_share(now));
  auto ops = fib_.take_ops(kOpsPerTurn);
  std::move(ops.begin(), ops.end(), std::back_inserter(outputs_.kernel));
  for (auto& knowledge : fib_.take_knowledge()) learn(std::move(knowledge), now);
  for (auto& event : fib_.take_events()) on_event(std::move(event));
}

void Speaker::learn(LocalKnowledge&& knowledge, TimePoint now) {
  evpn_more_ = true;
  std::visit(Overloaded{[&](const LocalRoute& route) {
                          if (route.vrf != kDefaultVrf) evpn_.on_local(route);
                        },
                        [&](const VrfState& state) {
                          evpn_.on_vrf_state(state);
                          l2_.on_vrf_state(state, now);
                        },
                        [&](const NextHopState& state) {
                          if (!rib_.next_hops.set_state(state)) return;
                          changed_next_hops_.push_back(rib_.next_hops.find(state.address));
                          evpn_.on_next_hop_changed(state.address);
                        },
                        [&](const MacVrfState& state) { l2_.on_state(state, now); },
                        [&](const LocalMac& mac) { l2_.on_local_mac(mac, now); },
                        [&](const LocalNeighbour& n) { l2_.on_local_neighbour(n, now); },
                        [&](const HostHeard& heard) { l2_.on_heard(heard, now); }},
             knowledge);
}

// A next hop that came, went or moved concerns every route over it. The tables keep no list of
// those, so they are walked, once for all next hops that changed since the last walk began.
void Speaker::rescan_next_hops() {
  if (rescan_left_ == 0) {
    if (changed_next_hops_.empty() && !rescan_everything_) return;
    rescanning_all_ = rescan_everything_;
    rescan_everything_ = false;
    rescanning_.assign(changed_next_hops_.begin(), changed_next_hops_.end());
    std::sort(rescanning_.begin(), rescanning_.end());
    changed_next_hops_.clear();
    rescan_cursor_.fill(0);
    rescan_left_ = 0xf;
  }
  std::size_t i = 0;
  rib_.for_each_table([&](auto& table) {
    const auto bit = static_cast<std::uint8_t>(1U << i);
    auto& cursor = rescan_cursor_[i++];
    if ((rescan_left_ & bit) == 0) return;
    cursor = table.mark_dirty_if(cursor, kRescanSlice, [&](const rib::PathView& path) {
      return rescanning_all_ || std::binary_search(rescanning_.begin(), rescanning_.end(),
                                                   rib_.attributes.get(path.attrs).next_hop_id());
    });
    if (cursor == 0) rescan_left_ = static_cast<std::uint8_t>(rescan_left_ & ~bit);
  });
}

void Speaker::send_updates(TimePoint now) {
  for (auto& [id, n] : neighbors_) {
    if (!exporter_.has_work(id) || !n->peer->can_send()) continue;
    exporter_.produce(id, kSendSlice, n->outbox);
    if (n->outbox.empty()) continue;
    if (n->peer->send(std::move(n->outbox), now)) n->outbox = {};
  }
}

// What an earlier run left in the kernel may go once every neighbour that is configured has said
// everything (RFC 4724 4.1 has the same condition for a restarting speaker). A neighbour that does
// not come up holds this back no longer than Limits::sweep_after.
void Speaker::consider_sweep(TimePoint now) {
  if (sweep_told_ || !configured_) return;
  for (const auto& [id, n] : neighbors_) {
    if (n->removed) continue;
    if (!n->peer->established() || n->end_of_rib != n->peer->negotiated().families) return;
  }
  if (!quiescent()) return;  // what the neighbours said is in the kernel
  sweep_told_ = true;
  fib_.allow_sweep(now);
}

std::size_t Speaker::dirty_routes() const {
  return rib_.ipv4.dirty() + rib_.ipv6.dirty() + rib_.evpn.dirty() + rib_.opaque.dirty();
}

bool Speaker::has_work() const {
  if (dirty_routes() != 0 || evpn_more_ || reap_more_ || rescan_left_ != 0 || rescan_everything_ ||
      !changed_next_hops_.empty() || fib_.more_work()) {
    return true;
  }
  return std::any_of(neighbors_.begin(), neighbors_.end(), [&](const auto& entry) {
    const Neighbor& n = *entry.second;
    return !n.sweeping.empty() || (exporter_.has_work(n.id) && n.peer->can_send());
  });
}

void Speaker::forget_removed_neighbors() {
  for (auto it = neighbors_.begin(); it != neighbors_.end();) {
    const Neighbor& n = *it->second;
    const bool dead = n.removed && n.sweeping.empty() && n.peer->admin_down() &&
                      !n.peer->has_reports() &&
                      n.peer->connections() == std::array<ConnectionId, 2>{};
    it = dead ? neighbors_.erase(it) : std::next(it);
  }
}

}  // namespace perd
