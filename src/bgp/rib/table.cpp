#include "bgp/rib/table.h"

#include <algorithm>
#include <array>

#include "perd/assert.h"

namespace perd::rib {
namespace {

// The reasons that import gives; a decision never overwrites them.
bool import_refused(Reason r) { return r >= Reason::kAsLoop && r <= Reason::kPolicy; }

PathExtra extra_of(std::uint32_t path_id, const NoData&) {
  PathExtra e;
  e.path_id = path_id;
  return e;
}

PathExtra extra_of(std::uint32_t path_id, const wire::EvpnData& data) {
  PathExtra e;
  e.path_id = path_id;
  e.label1 = data.label1.value & 0xFFFFFF;
  if (data.label2) e.label2 = data.label2->value & 0xFFFFFF;
  e.esi = data.esi;
  if (data.gateway) {
    e.gateway_family = static_cast<std::uint8_t>(data.gateway->family);
    e.gateway = data.gateway->octets;
  }
  return e;
}

bool fits_node(const PathExtra& e) {
  return e.path_id == 0 && e.label2 == PathExtra::kNoLabel && e.gateway_family == 0 &&
         e.esi.is_zero();
}

const IpPrefix& key_of(const wire::PrefixNlri& n) { return n.prefix; }
const wire::EvpnKey& key_of(const wire::EvpnNlri& n) { return n.key; }
NoData data_of(const wire::PrefixNlri&) { return {}; }
const wire::EvpnData& data_of(const wire::EvpnNlri& n) { return n.data; }

std::uint8_t age(std::uint8_t now, std::uint8_t then) {
  return static_cast<std::uint8_t>(now - then);
}

}  // namespace

template <class F>
Table<F>::~Table() {
  for (std::uint32_t at = paths_.next(0); at < paths_.end(); at = paths_.next(at + 1)) {
    if (paths_[at].attributes != 0) attributes_->release(paths_[at].attributes);
  }
}

// ---- Adj-RIB-In ---------------------------------------------------------------------------------

template <class F>
RouteId Table<F>::find(const Key& key) const {
  const auto probe = keys_.probe(key);
  return index_.find(probe.hash,
                     [&](std::uint32_t id) { return keys_.equal(routes_[id].key, probe); });
}

template <class F>
RouteId Table<F>::make_route(const typename KeyStore<F>::Probe& probe) {
  if (routes_.used() >= kMaxRoutes) return 0;
  const RouteId id = routes_.make();
  routes_[id].key = keys_.store(probe);
  routes_[id].in_use = true;
  return id;
}

template <class F>
auto Table<F>::find_path(const Route& route, PeerId peer, std::uint32_t path_id) const -> Place {
  Place place;
  place.at = route.first;
  while (place.at != 0) {
    const PathNode& node = paths_[place.at];
    const std::uint32_t id = node.is(PathNode::kExtra) ? extras_[node.upper()].path_id : 0;
    if (node.peer == peer.value && id == path_id) break;
    place.previous = place.at;
    place.at = node.next;
  }
  return place;
}

template <class F>
void Table<F>::put_extra(PathNode& node, const PathExtra& wanted) {
  const bool had = node.is(PathNode::kExtra);
  if (fits_node(wanted)) {
    if (had) extras_.destroy(node.upper());
    node.put_upper(wanted.label1);
    node.put(PathNode::kExtra, false);
    return;
  }
  if (!had) {
    node.put_upper(extras_.make());
    node.put(PathNode::kExtra, true);
  }
  extras_[node.upper()] = wanted;
}

template <class F>
RouteId Table<F>::upsert(const Key& key, PeerId from, std::uint32_t path_id, AttrId attributes,
                         const Data& data, Reason rejected) {
  return upsert_probed(keys_.probe(key), from, path_id, attributes, data, rejected, 0);
}

template <class F>
bool Table<F>::upsert_all(std::span<const typename F::Nlri> routes, PeerId from, AttrId attributes,
                          Reason rejected) {
  constexpr std::size_t kBatch = 16;  // as many cache misses as a core has under way
  std::array<typename KeyStore<F>::Probe, kBatch> probes;
  std::array<RouteId, kBatch> guesses{};
  bool all = true;
  while (!routes.empty()) {
    const auto batch = routes.first(std::min(routes.size(), kBatch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      probes[i] = keys_.probe(key_of(batch[i]));
      index_.prefetch(probes[i].hash);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      guesses[i] = index_.first_guess(probes[i].hash);
      if (guesses[i] != 0) __builtin_prefetch(&routes_[guesses[i]]);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      all = upsert_probed(probes[i], from, batch[i].path_id, attributes, data_of(batch[i]),
                          rejected, guesses[i]) != 0 &&
            all;
    }
    routes = routes.subspan(batch.size());
  }
  return all;
}

// Rare, and a probe points to its key: one by one.
template <>
bool Table<OpaqueEvpn>::upsert_all(std::span<const wire::OpaqueEvpnNlri> routes, PeerId from,
                                   AttrId attributes, Reason rejected) {
  bool all = true;
  for (const auto& r : routes) {
    all = upsert({r.type, r.octets}, from, r.path_id, attributes, {}, rejected) != 0 && all;
  }
  return all;
}

template <class F>
RouteId Table<F>::upsert_probed(const typename KeyStore<F>::Probe& probe, PeerId from,
                                std::uint32_t path_id, AttrId attributes, const Data& data,
                                Reason rejected, RouteId guess) {
  PERD_ASSERT(attributes != 0 && (rejected == Reason::kNone || import_refused(rejected)));
  const PathExtra wanted = extra_of(path_id, data);
  if (!fits_node(wanted) && extras_.used() >= PathNode::kMaxExtras) return 0;
  const auto equal = [&](std::uint32_t r) { return keys_.equal(routes_[r].key, probe); };
  const auto hash_of = [&](std::uint32_t r) { return keys_.hash(routes_[r].key); };
  RouteId id = guess;
  if (id == 0 || !equal(id)) {
    id = index_.find_or_make(
        probe.hash, equal, [&] { return make_route(probe); }, hash_of);
  }
  if (id == 0) return 0;

  Route& route = routes_[id];
  Peer& owner = peer(from);
  Place place = find_path(route, from, path_id);
  const bool is_new = place.at == 0;
  if (is_new) {
    place.at = paths_.make();
    (place.previous == 0 ? route.first : paths_[place.previous].next) = place.at;
    paths_[place.at].peer = from.value;
    paths_[place.at].generation = owner.generation;
    ++owner.paths;
  }
  PathNode& node = paths_[place.at];
  if (is_stale(node)) {
    if (is_dropped(node)) make_dirty(id);
    node.generation = owner.generation;
    --owner.stale;
  }
  if (!is_new && is_same(node, attributes, wanted, rejected)) return id;

  attributes_->add_ref(attributes);
  if (!is_new) attributes_->release(node.attributes);
  node.attributes = attributes;
  node.reason = static_cast<std::uint8_t>(rejected);
  put_extra(node, wanted);
  touch(id, node);
  return id;
}

template <class F>
bool Table<F>::is_same(const PathNode& node, AttrId attributes, const PathExtra& wanted,
                       Reason rejected) const {
  if (node.attributes != attributes) return false;
  const auto reason = static_cast<Reason>(node.reason);
  if ((import_refused(reason) ? reason : Reason::kNone) != rejected) return false;
  if (node.is(PathNode::kExtra)) return extras_[node.upper()] == wanted;
  return node.upper() == wanted.label1 && fits_node(wanted);
}

template <class F>
bool Table<F>::withdraw(const Key& key, PeerId from, std::uint32_t path_id) {
  const RouteId id = find(key);
  if (id == 0) return false;
  const Place place = find_path(routes_[id], from, path_id);
  if (place.at == 0) return false;
  remove_path(id, place);
  return true;
}

template <class F>
void Table<F>::remove_path(RouteId id, Place place) {
  PathNode& node = paths_[place.at];
  touch(id, node);
  Peer& owner = peer(PeerId{node.peer});
  --owner.paths;
  if (is_stale(node)) --owner.stale;
  (place.previous == 0 ? routes_[id].first : paths_[place.previous].next) = node.next;
  if (node.is(PathNode::kExtra)) extras_.destroy(node.upper());
  attributes_->release(node.attributes);
  paths_.destroy(place.at);
}

template <class F>
void Table<F>::touch(RouteId id, const PathNode& node) {
  make_dirty(id);
  if (node.is(PathNode::kBest)) routes_[id].best_touched = true;
  if (node.is(PathNode::kMultipath)) routes_[id].used_touched = true;
}

// ---- generations --------------------------------------------------------------------------------

template <class F>
auto Table<F>::peer(PeerId id) -> Peer& {
  if (id.value >= peers_.size()) peers_.resize(std::size_t{id.value} + 1);
  return peers_[id.value];
}

template <class F>
bool Table<F>::is_stale(const PathNode& node) const {
  return node.generation != peers_[node.peer].generation;
}

template <class F>
bool Table<F>::is_dropped(const PathNode& node) const {
  const Peer& p = peers_[node.peer];
  return age(p.generation, node.generation) > age(p.generation, p.keep);
}

template <class F>
void Table<F>::mark_stale(PeerId id, Stale how) {
  Peer& p = peer(id);
  // 255 flaps during one sweep: finish it now, or the numbers would come round.
  if (age(p.generation, p.reach) == 255) {
    while (sweep(id, routes_.end()) > 0) {
    }
  }
  ++p.generation;
  p.stale = p.paths;
  p.cursor = 0;
  if (how == Stale::kDrop) p.keep = p.generation;
  if (p.stale == 0) p.reach = p.keep = p.generation;
}

template <class F>
std::size_t Table<F>::sweep(PeerId id, std::size_t max) {
  Peer& p = peer(id);
  RouteId at = routes_.next(p.cursor);
  for (; max > 0 && p.stale > 0 && at < routes_.end(); --max, at = routes_.next(at + 1)) {
    for (Place place{0, routes_[at].first}; place.at != 0;) {
      const std::uint32_t next = paths_[place.at].next;
      if (paths_[place.at].peer == id.value && is_stale(paths_[place.at])) {
        remove_path(at, place);
      } else {
        place.previous = place.at;
      }
      place.at = next;
    }
  }
  p.cursor = at;
  if (p.stale == 0) {
    p.cursor = 0;
    p.reach = p.keep = p.generation;
  }
  PERD_ASSERT(p.stale == 0 || at < routes_.end());
  return p.stale;
}

// ---- Loc-RIB ------------------------------------------------------------------------------------

template <class F>
Reason Table<F>::taking_part(const PathNode& node) const {
  const auto reason = static_cast<Reason>(node.reason);
  if (import_refused(reason)) return reason;
  return is_dropped(node) ? Reason::kStale : Reason::kNone;
}

// The rule: one path, so only whether it may be used is asked.
template <class F>
BestChange Table<F>::decide_single(Route& route, const DecisionContext& context) {
  PathNode& node = paths_[route.first];
  Reason reason = taking_part(node);
  if (reason == Reason::kNone) {
    const bool usable =
        node.peer == kLocalPeer.value ||
        context.next_hops.reachable(context.attributes.get(node.attributes).next_hop_id());
    reason = usable ? Reason::kOnlyPath : Reason::kNextHopUnreachable;
  }
  node.reason = static_cast<std::uint8_t>(reason);
  BestChange change;
  change.had_best = route.had_best;
  change.has_best = reason == Reason::kOnlyPath;
  const bool stays = change.had_best && change.has_best && node.is(PathNode::kBest);
  change.best_changed = stays ? route.best_touched : change.had_best || change.has_best;
  const bool used_stays = node.is(PathNode::kMultipath) == change.has_best;
  change.multipath_changed = route.used_touched || !used_stays;
  node.put(PathNode::kBest, change.has_best);
  node.put(PathNode::kMultipath, change.has_best);
  return change;
}

// Writes list order, flags and reasons; true when the used set has other members than before.
template <class F>
bool Table<F>::relink(Route& route, std::size_t used) {
  bool changed = false;
  std::uint32_t next = 0;
  for (std::size_t rank = order_.size(); rank-- > 0;) {
    const std::uint32_t at = nodes_[order_[rank]];
    PathNode& node = paths_[at];
    const bool is_used = rank < used;
    changed = changed || node.is(PathNode::kMultipath) != is_used;
    node.put(PathNode::kMultipath, is_used);
    node.put(PathNode::kBest, rank == 0 && used > 0);
    node.reason = static_cast<std::uint8_t>(reasons_[order_[rank]]);
    node.next = next;
    next = at;
  }
  route.first = next;
  return changed;
}

template <class F>
BestChange Table<F>::decide_one(RouteId id, const DecisionContext& context) {
  dirty_.clear(id);
  Route& route = routes_[id];
  BestChange change;
  change.had_best = route.had_best;
  if (route.first == 0) {
    change.best_changed = change.had_best;
    change.multipath_changed = change.had_best;
  } else if (paths_[route.first].next == 0) {
    change = decide_single(route, context);
  } else {
    nodes_.clear();
    candidates_.clear();
    for (std::uint32_t at = route.first; at != 0; at = paths_[at].next) {
      const PathNode& node = paths_[at];
      nodes_.push_back(at);
      candidates_.push_back(make_candidate(context, node.attributes, PeerId{node.peer},
                                           view(at).path_id, taking_part(node)));
    }
    reasons_.assign(nodes_.size(), Reason::kNone);
    order_.assign(nodes_.size(), 0);
    const std::size_t used = select(candidates_, context.options, reasons_, order_).used;
    change.has_best = used > 0;
    const bool stays =
        change.had_best && change.has_best && paths_[nodes_[order_[0]]].is(PathNode::kBest);
    change.best_changed = stays ? route.best_touched : change.had_best || change.has_best;
    change.multipath_changed = relink(route, used) || route.used_touched;
  }
  route.had_best = change.has_best;
  route.best_touched = false;
  route.used_touched = false;
  return change;
}

template <class F>
void Table<F>::free_if_unused(RouteId id) {
  Route& route = routes_[id];
  if (!route.in_use || route.first != 0 || route.holders != 0 || dirty_.has(id)) return;
  index_.erase(keys_.hash(route.key), id);
  keys_.release(route.key);
  routes_.destroy(id);
  dirty_.fit(routes_.end());
}

template <class F>
void Table<F>::hold(RouteId id) {
  PERD_ASSERT(exists(id) && routes_[id].holders < 0xFFFF);
  ++routes_[id].holders;
}

template <class F>
void Table<F>::unhold(RouteId id) {
  PERD_ASSERT(exists(id) && routes_[id].holders > 0);
  --routes_[id].holders;
  free_if_unused(id);
}

// ---- reading ------------------------------------------------------------------------------------

template <class F>
PathView Table<F>::view(std::uint32_t at) const {
  const PathNode& node = paths_[at];
  PathView v;
  v.attrs = node.attributes;
  v.peer = PeerId{node.peer};
  v.reason = static_cast<Reason>(node.reason);
  v.best = node.is(PathNode::kBest);
  v.multipath = node.is(PathNode::kMultipath);
  v.stale = is_stale(node);
  if (node.is(PathNode::kExtra)) {
    v.extra = &extras_[node.upper()];
    v.path_id = v.extra->path_id;
    v.label1 = Label{v.extra->label1};
  } else {
    v.label1 = Label{node.upper()};
  }
  return v;
}

template <class F>
std::size_t Table<F>::paths(PeerId id) const {
  return id.value < peers_.size() ? peers_[id.value].paths : 0;
}

template <class F>
std::size_t Table<F>::stale_paths(PeerId id) const {
  return id.value < peers_.size() ? peers_[id.value].stale : 0;
}

template <class F>
std::size_t Table<F>::memory() const {
  return keys_.memory() + routes_.memory() + paths_.memory() + extras_.memory() + index_.memory() +
         dirty_.memory();
}

template <class F>
void Table<F>::memory_parts(const std::string& name, MemoryParts& out) const {
  out.push_back({name + " keys", routes_.used(), keys_.memory()});
  out.push_back({name + " index", index_.size(), index_.memory()});
  out.push_back({name + " routes", routes_.used(), routes_.memory()});
  out.push_back({name + " paths", paths_.used(), paths_.memory()});
  out.push_back({name + " path extras", extras_.used(), extras_.memory()});
  out.push_back({name + " dirty bits", dirty_.size(), dirty_.memory()});
}

template class Table<Ipv4Unicast>;
template class Table<Ipv6Unicast>;
template class Table<L2vpnEvpn>;
template class Table<OpaqueEvpn>;

}  // namespace perd::rib
