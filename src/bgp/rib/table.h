// Table<F>: Adj-RIB-In of all peers and Loc-RIB of one family over shared nodes.
//
// Owns the keys, each stored once, and a list of paths per key. A change marks the route dirty;
// decide() then takes each dirty route once, in slab order, and reports what changed. After a
// decision the list begins with the best path, then the other multipath members.
//
// Adj-RIB-Out, EVPN tables and others refer to a route by RouteId. Whoever keeps one must hold()
// it: a route without a path and without a holder is freed at the end of its decision.
//
// It never looks into attributes (that is decision.h), never sends, and does no walk over
// everything in one call: walk(), sweep(), mark_dirty_if() and decide() all take a limit. best()
// and multipath are those of the last decision; a withdrawn best path is gone at once, before the
// next one is chosen.
//
// Limits: kMaxRoutes routes and PathNode::kMaxExtras paths with an extra node (upsert returns 0
// beyond), 65,535 holders of one route.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/decision.h"
#include "bgp/rib/flat_index.h"
#include "bgp/rib/ids.h"
#include "bgp/rib/key_store.h"
#include "bgp/rib/path.h"
#include "bgp/rib/reason.h"
#include "bgp/rib/route_bits.h"
#include "bgp/rib/slab.h"
#include "perd/memory.h"

namespace perd::rib {

struct BestChange {
  bool had_best = false;
  bool has_best = false;
  bool best_changed = false;       // another path, or the same with other attributes or data
  bool multipath_changed = false;  // the used set, the best included
  bool urgent = false;             // touched while Table::set_urgent() was on
  [[nodiscard]] bool any() const { return best_changed || multipath_changed; }
};

template <class F>
class Table {
 public:
  using Key = typename F::Key;
  using Data = typename F::Data;

  explicit Table(AttributeStore& attributes) : attributes_(&attributes) {}
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // Adds the path of (peer, path_id) or replaces it; takes its own reference on `attributes`.
  // `rejected` is what the import rules said: such a path is kept but takes no part. The same again
  // changes nothing but its staleness. 0 when the table is full.
  RouteId upsert(const Key& key, PeerId peer, std::uint32_t path_id, AttrId attributes,
                 const Data& data, Reason rejected = Reason::kNone);
  // The same for all routes of an UPDATE, which share their attributes: faster, because the places
  // of several keys are fetched at once. False when the table became full.
  bool upsert_all(std::span<const typename F::Nlri> routes, PeerId peer, AttrId attributes,
                  Reason rejected = Reason::kNone);
  // False when there is no such path.
  bool withdraw(const Key& key, PeerId peer, std::uint32_t path_id);

  // ---- sessions that go, refresh and restart ----
  // All paths the peer has now are stale until it tells them again. kKeep: they stay candidates
  // (route refresh RFC 7313, graceful restart RFC 4724); kDrop: they take no part in decisions from
  // now on (those already made stand until sweep() removes the paths). What the peer tells from now
  // on, even on a new session while the sweep is still going on, is not stale.
  enum class Stale : std::uint8_t { kKeep, kDrop };
  void mark_stale(PeerId peer, Stale how);
  // Visits at most `max` routes and removes the peer's stale paths; returns how many are left. Call
  // until 0.
  std::size_t sweep(PeerId peer, std::size_t max);

  // ---- decision ----
  // What is touched while this is on is decided before all else: a neighbour that says little must
  // not wait behind one that says much. More than kUrgentMax at a time are nothing special.
  void set_urgent(bool on) { urgent_ = on; }
  // Decides at most `max` dirty routes; visit(RouteId, const BestChange&) for those where something
  // changed. Returns how many were decided. `visit` may upsert and withdraw.
  template <class Visitor>
  std::size_t decide(std::size_t max, const DecisionContext& context, Visitor&& visit) {
    std::size_t done = 0;
    const auto one = [&](RouteId id, bool urgent) {
      BestChange change = decide_one(id, context);
      change.urgent = urgent;
      if (change.any()) visit(id, change);
      free_if_unused(id);
      ++done;
    };
    urgent_turn_.swap(urgent_routes_);
    for (const RouteId id : urgent_turn_) {
      if (dirty_.has(id)) one(id, true);
    }
    urgent_turn_.clear();
    for (RouteId id = next_dirty(); done < max && id != 0; id = next_dirty()) one(id, false);
    return done;
  }
  [[nodiscard]] std::size_t dirty() const { return dirty_.size(); }
  [[nodiscard]] bool is_dirty(RouteId id) const { return dirty_.has(id); }
  void mark_dirty(RouteId id) {
    PERD_ASSERT(exists(id));
    dirty_.set(id);
  }
  // Marks routes of which predicate(PathView) holds for some path; goes on where `cursor` stands (0
  // to begin), visits at most `max` routes, returns the new cursor, 0 at the end.
  template <class Predicate>
  [[nodiscard]] RouteId mark_dirty_if(RouteId cursor, std::size_t max, Predicate&& predicate) {
    return walk(cursor, max, [&](RouteId id) {
      for (std::uint32_t at = routes_[id].first; at != 0; at = paths_[at].next) {
        if (!predicate(view(at))) continue;
        dirty_.set(id);
        return;
      }
    });
  }

  // ---- reading ----
  [[nodiscard]] RouteId find(const Key& key) const;
  [[nodiscard]] Key key(RouteId id) const { return keys_.load(routes_[id].key); }
  [[nodiscard]] bool exists(RouteId id) const {
    return id != 0 && routes_.backed(id) && routes_[id].in_use;
  }
  [[nodiscard]] std::optional<PathView> best(RouteId id) const {
    const std::uint32_t at = routes_[id].first;
    if (at == 0 || !paths_[at].is(PathNode::kBest)) return std::nullopt;
    return view(at);
  }
  // Best first, then multipath, then the others; f(PathView).
  template <class Visitor>
  void for_each_path(RouteId id, Visitor&& visit) const {
    for (std::uint32_t at = routes_[id].first; at != 0; at = paths_[at].next) visit(view(at));
  }
  template <class Visitor>
  void for_each_multipath(RouteId id, Visitor&& visit) const {
    for (std::uint32_t at = routes_[id].first; at != 0; at = paths_[at].next) {
      if (paths_[at].is(PathNode::kMultipath)) visit(view(at));
    }
  }
  // Pages through all routes in slab order: visit(RouteId) for at most `max` routes from `cursor`
  // (0 to begin); the cursor to go on with, 0 at the end. Routes made meanwhile may be missed or
  // seen.
  template <class Visitor>
  [[nodiscard]] RouteId walk(RouteId cursor, std::size_t max, Visitor&& visit) const {
    RouteId id = routes_.next(cursor);
    for (; max > 0 && id < routes_.end(); --max, id = routes_.next(id + 1)) visit(id);
    return id < routes_.end() ? id : 0;
  }

  // ---- holders ----
  void hold(RouteId id);
  void unhold(RouteId id);

  [[nodiscard]] std::size_t routes() const { return routes_.used(); }
  [[nodiscard]] std::size_t paths() const { return paths_.used(); }
  [[nodiscard]] std::size_t paths(PeerId peer) const;
  [[nodiscard]] std::size_t stale_paths(PeerId peer) const;
  [[nodiscard]] std::size_t memory() const;
  // The same by parts, each called `name` and what it is.
  void memory_parts(const std::string& name, MemoryParts& out) const;
  [[nodiscard]] const AttributeStore& attributes() const { return *attributes_; }

 private:
  struct Route {
    typename KeyStore<F>::Stored key{};
    std::uint32_t first = 0;  // best path first once decided
    std::uint16_t holders = 0;
    bool in_use : 1 = false;        // false in a node that nobody has
    bool had_best : 1 = false;      // at the last decision
    bool best_touched : 1 = false;  // since then: the best path changed or went
    bool used_touched : 1 = false;  // ... or another one of the used set
  };
  // Generations are numbers modulo 256; a path is as old as the distance from its generation to the
  // peer's present one. One that is older than `keep` takes no part, and none is older than
  // `reach`.
  struct Peer {
    std::size_t paths = 0;
    std::size_t stale = 0;
    std::uint8_t generation = 0;
    std::uint8_t keep = 0;
    std::uint8_t reach = 0;
    RouteId cursor = 0;  // of the sweep
  };

  [[nodiscard]] PathView view(std::uint32_t at) const;
  [[nodiscard]] RouteId next_dirty() {
    RouteId id = dirty_.next(dirty_cursor_);
    if (id == 0 && dirty_cursor_ != 0) id = dirty_.next(0);
    dirty_cursor_ = id;
    return id;
  }
  [[nodiscard]] BestChange decide_one(RouteId id, const DecisionContext& context);
  void free_if_unused(RouteId id);
  void touch(RouteId id, const PathNode& node);
  void make_dirty(RouteId id) {
    dirty_.set(id);
    if (urgent_ && urgent_routes_.size() < kUrgentMax) urgent_routes_.push_back(id);
  }
  struct Place {
    std::uint32_t previous = 0;
    std::uint32_t at = 0;  // 0: there is no such path
  };
  [[nodiscard]] Place find_path(const Route& route, PeerId peer, std::uint32_t path_id) const;
  RouteId upsert_probed(const typename KeyStore<F>::Probe& probe, PeerId from,
                        std::uint32_t path_id, AttrId attributes, const Data& data, Reason rejected,
                        RouteId guess);
  [[nodiscard]] RouteId make_route(const typename KeyStore<F>::Probe& probe);
  void remove_path(RouteId id, Place place);
  [[nodiscard]] bool is_same(const PathNode& node, AttrId attributes, const PathExtra& wanted,
                             Reason rejected) const;
  void put_extra(PathNode& node, const PathExtra& wanted);
  [[nodiscard]] Reason taking_part(const PathNode& node) const;
  [[nodiscard]] BestChange decide_single(Route& route, const DecisionContext& context);
  [[nodiscard]] bool is_stale(const PathNode& node) const;
  [[nodiscard]] bool is_dropped(const PathNode& node) const;
  [[nodiscard]] Peer& peer(PeerId id);
  [[nodiscard]] bool relink(Route& route, std::size_t used);

  AttributeStore* attributes_;
  KeyStore<F> keys_;
  Slab<Route> routes_;
  Slab<PathNode> paths_;
  Slab<PathExtra> extras_;
  FlatIndex index_;
  RouteBits dirty_;
  RouteId dirty_cursor_ = 0;
  static constexpr std::size_t kUrgentMax = 256;
  bool urgent_ = false;
  std::vector<RouteId> urgent_routes_;  // dirty ones, perhaps decided since
  std::vector<RouteId> urgent_turn_;    // reused by decide()
  std::vector<Peer> peers_;
  // Reused by decide_one.
  std::vector<Candidate> candidates_;
  std::vector<Reason> reasons_;
  std::vector<std::uint32_t> order_, nodes_;
};

template <>
bool Table<OpaqueEvpn>::upsert_all(std::span<const wire::OpaqueEvpnNlri> routes, PeerId peer,
                                   AttrId attributes, Reason rejected);
extern template class Table<Ipv4Unicast>;
extern template class Table<Ipv6Unicast>;
extern template class Table<L2vpnEvpn>;
extern template class Table<OpaqueEvpn>;

}  // namespace perd::rib
