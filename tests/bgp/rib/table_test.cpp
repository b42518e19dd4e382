// Goal: Table is Adj-RIB-In and Loc-RIB of a family: it holds what peers said, decides each changed
// route once, and tells exactly what changed. Method: scenes for each rule, then random histories
// against a naive model that recomputes everything.
#include "bgp/rib/table.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "perd/random.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

class TableTest : public testing::Test {
 protected:
  TableTest() {
    for (std::uint16_t i = 1; i <= 3; ++i) rib.peers.set(peer_info(i, true, 65000U + i));
    keep = rib.attributes.intern(attributes_of(v4(192, 0, 2, 1)));  // the next hop stays tracked
    rib.reach(v4(192, 0, 2, 1));
    first_sets = rib.attributes.size();
  }
  ~TableTest() override { rib.attributes.release(keep); }

  wire::PathAttributes path(std::vector<std::uint32_t> asns) {
    return attributes_of(v4(192, 0, 2, 1), std::move(asns));
  }
  RouteId put(std::uint16_t peer, std::vector<std::uint32_t> asns, std::uint32_t path_id = 0,
              Reason rejected = Reason::kNone) {
    return rib.put(rib.ipv4, key, peer, path(std::move(asns)), {}, path_id, rejected);
  }
  // The one change of a full decision; nothing when there was none.
  std::optional<BestChange> decide() {
    std::optional<BestChange> seen;
    rib.ipv4.decide(100, rib.context(), [&](RouteId, const BestChange& c) {
      EXPECT_FALSE(seen.has_value());
      seen = c;
    });
    return seen;
  }
  std::uint16_t best_peer(RouteId id) {
    const auto best = rib.ipv4.best(id);
    return best ? best->peer.value : 999;
  }

  Rib rib;
  AttrId keep = 0;
  std::size_t first_sets = 0;
  IpPrefix key = prefix4(0x0a000000, 8);
};

TEST_F(TableTest, ChangesAreToldOnce) {
  const RouteId id = put(1, {65001, 65009});
  EXPECT_TRUE(rib.ipv4.is_dirty(id));
  EXPECT_EQ(rib.ipv4.best(id), std::nullopt);
  auto c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_FALSE(c->had_best);
  EXPECT_TRUE(c->has_best && c->best_changed && c->multipath_changed);
  EXPECT_EQ(best_peer(id), 1);
  EXPECT_EQ(rib.ipv4.key(id), key);
  EXPECT_EQ(rib.ipv4.find(key), id);
  EXPECT_EQ(rib.ipv4.find(prefix4(0x0a000000, 9)), 0U);

  put(1, {65001, 65009});  // the same again
  EXPECT_EQ(rib.ipv4.dirty(), 0U);

  put(2, {65002, 65009, 65010});  // worse
  EXPECT_FALSE(decide().has_value());

  put(3, {65003, 65009});  // of equal worth: router-id decides, the used set grows
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->had_best && c->has_best && !c->best_changed && c->multipath_changed);
  std::vector<std::uint16_t> used;
  rib.ipv4.for_each_multipath(id, [&](const PathView& v) { used.push_back(v.peer.value); });
  EXPECT_EQ(used, (std::vector<std::uint16_t>{1, 3}));
  std::vector<Reason> reasons;
  rib.ipv4.for_each_path(id, [&](const PathView& v) { reasons.push_back(v.reason); });
  EXPECT_EQ(reasons,
            (std::vector<Reason>{Reason::kRouterId, Reason::kMultipath, Reason::kAsPathLength}));

  put(2, {65002});  // better than both
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->best_changed && c->multipath_changed);
  EXPECT_EQ(best_peer(id), 2);

  put(2, {65004});  // the best one changes its attributes
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->best_changed);

  EXPECT_TRUE(rib.ipv4.withdraw(key, PeerId{2}, 0));
  EXPECT_FALSE(rib.ipv4.withdraw(key, PeerId{2}, 0));
  EXPECT_FALSE(rib.ipv4.withdraw(prefix4(0, 0), PeerId{2}, 0));
  EXPECT_EQ(rib.ipv4.best(id), std::nullopt);  // gone at once
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->had_best && c->has_best && c->best_changed);
  EXPECT_EQ(best_peer(id), 1);

  rib.ipv4.withdraw(key, PeerId{1}, 0);
  rib.ipv4.withdraw(key, PeerId{3}, 0);
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(c->had_best && !c->has_best && c->best_changed && c->multipath_changed);
  EXPECT_FALSE(rib.ipv4.exists(id));
  EXPECT_EQ(rib.ipv4.routes(), 0U);
  EXPECT_EQ(rib.ipv4.paths(), 0U);
  EXPECT_EQ(rib.attributes.size(), first_sets);
}

TEST_F(TableTest, AMultipathMemberThatChangesOrGoesIsTold) {
  put(1, {65001});
  put(2, {65002});
  decide();
  put(2, {65003});  // still used, other attributes
  auto c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(!c->best_changed && c->multipath_changed);
  rib.ipv4.withdraw(key, PeerId{2}, 0);
  c = decide();
  ASSERT_TRUE(c.has_value());
  EXPECT_TRUE(!c->best_changed && c->multipath_changed && c->has_best);
}

TEST_F(TableTest, GoneAndBackBetweenTwoDecisions) {
  const RouteId id = put(1, {65001});
  rib.ipv4.withdraw(key, PeerId{1}, 0);
  EXPECT_FALSE(decide().has_value());  // never was
  EXPECT_FALSE(rib.ipv4.exists(id));

  const RouteId again = put(1, {65001});
  decide();
  rib.ipv4.withdraw(key, PeerId{1}, 0);
  EXPECT_EQ(put(1, {65001}), again);
  const auto c = decide();
  ASSERT_TRUE(c.has_value());  // another path as far as anybody knows
  EXPECT_TRUE(c->had_best && c->has_best);
}

// What a neighbour says in passing is decided before the table of another, however long that is.
TEST_F(TableTest, UrgentRoutesAreDecidedFirst) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    rib.put(rib.ipv4, prefix4(0x0b000000U + (i << 8), 24), 1, path({65001}));
  }
  rib.ipv4.set_urgent(true);
  const RouteId single = put(2, {65002});
  rib.ipv4.set_urgent(false);
  std::vector<std::pair<RouteId, bool>> order;
  const auto note = [&](RouteId id, const BestChange& c) { order.emplace_back(id, c.urgent); };
  EXPECT_EQ(rib.ipv4.decide(10, rib.context(), note), 10U);
  ASSERT_EQ(order.size(), 10U);
  EXPECT_EQ(order.front(), (std::pair{single, true}));
  for (std::size_t i = 1; i < order.size(); ++i) EXPECT_FALSE(order[i].second);

  // Decided already, freed, or no longer single: nothing is decided twice, nothing is lost.
  rib.ipv4.set_urgent(true);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    rib.put(rib.ipv4, prefix4(0x0c000000U + (i << 8), 24), 2, path({65002}));
  }
  rib.ipv4.withdraw(key, PeerId{2}, 0);
  rib.ipv4.set_urgent(false);
  order.clear();
  while (rib.ipv4.dirty() != 0) rib.ipv4.decide(50, rib.context(), note);
  std::map<RouteId, int> times;
  for (const auto& [id, urgent] : order) ++times[id];
  EXPECT_EQ(times.size(), 2000U + 91U + 1U);
  for (const auto& [id, n] : times) EXPECT_EQ(n, 1) << id;
  EXPECT_FALSE(rib.ipv4.exists(single));
}

TEST_F(TableTest, PathsOfOnePeerAreToldApartByPathId) {
  const RouteId id = put(1, {65001}, 1);
  put(1, {65001, 65002}, 2);
  put(1, {65001}, 0);
  EXPECT_EQ(rib.ipv4.paths(PeerId{1}), 3U);
  decide();
  EXPECT_EQ(rib.ipv4.best(id)->path_id, 0U);
  EXPECT_TRUE(rib.ipv4.withdraw(key, PeerId{1}, 0));
  decide();
  EXPECT_EQ(rib.ipv4.best(id)->path_id, 1U);
  EXPECT_TRUE(rib.ipv4.withdraw(key, PeerId{1}, 1));
  decide();
  EXPECT_EQ(rib.ipv4.best(id)->path_id, 2U);
}

TEST_F(TableTest, RejectedPathsStayButAreNotUsed) {
  const RouteId id = put(1, {65001}, 0, Reason::kAsLoop);
  EXPECT_FALSE(decide().has_value());
  EXPECT_EQ(rib.ipv4.best(id), std::nullopt);
  rib.ipv4.for_each_path(id, [](const PathView& v) { EXPECT_EQ(v.reason, Reason::kAsLoop); });
  put(2, {65002, 65003});
  decide();
  EXPECT_EQ(best_peer(id), 2);
  put(1, {65001});  // the same attributes, now accepted
  decide();
  EXPECT_EQ(best_peer(id), 1);
  put(1, {65001}, 0, Reason::kPolicy);
  decide();
  EXPECT_EQ(best_peer(id), 2);
  put(2, {65002, 65003}, 0, Reason::kPolicy);
  EXPECT_FALSE(decide()->has_best);
}

TEST_F(TableTest, NextHopsComeAndGo) {
  const RouteId id = rib.put(rib.ipv4, key, 1, attributes_of(v4(192, 0, 2, 77)));
  EXPECT_FALSE(decide().has_value());
  rib.ipv4.for_each_path(
      id, [](const PathView& v) { EXPECT_EQ(v.reason, Reason::kNextHopUnreachable); });
  rib.reach(v4(192, 0, 2, 77));
  const NextHopId changed = rib.next_hops.find(v4(192, 0, 2, 77));
  const auto uses = [&](const PathView& v) {
    return rib.attributes.get(v.attrs).next_hop_id() == changed;
  };
  EXPECT_EQ(rib.ipv4.mark_dirty_if(0, 100, uses), 0U);
  EXPECT_TRUE(decide()->has_best);
  rib.reach(v4(192, 0, 2, 77), false);
  EXPECT_EQ(rib.ipv4.mark_dirty_if(0, 100, uses), 0U);
  EXPECT_FALSE(decide()->has_best);
  rib.ipv4.mark_dirty(id);
  EXPECT_FALSE(decide().has_value());
}

TEST_F(TableTest, AHeldRouteOutlivesItsPaths) {
  const RouteId id = put(1, {65001});
  decide();
  rib.ipv4.hold(id);
  rib.ipv4.hold(id);
  rib.ipv4.withdraw(key, PeerId{1}, 0);
  decide();
  EXPECT_TRUE(rib.ipv4.exists(id));
  EXPECT_EQ(rib.ipv4.key(id), key);
  rib.ipv4.unhold(id);
  EXPECT_TRUE(rib.ipv4.exists(id));
  rib.ipv4.unhold(id);
  EXPECT_FALSE(rib.ipv4.exists(id));
}

TEST_F(TableTest, WalkAndSlicesSeeEverythingOnce) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    rib.put(rib.ipv4, prefix4(i << 8, 24), 1, path({65001}));
  }
  EXPECT_EQ(rib.ipv4.decide(300, rib.context(), [](RouteId, const BestChange&) {}), 300U);
  EXPECT_EQ(rib.ipv4.dirty(), 700U);
  while (rib.ipv4.decide(300, rib.context(), [](RouteId, const BestChange&) {}) > 0) {
  }
  std::vector<RouteId> seen;
  RouteId cursor = 0;
  int pages = 0;
  do {
    cursor = rib.ipv4.walk(cursor, 64, [&](RouteId id) { seen.push_back(id); });
    ++pages;
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(pages, 16);
}

// ---- generations --------------------------------------------------------------------------------

TEST_F(TableTest, SweepRemovesWhatWasNotToldAgain) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    rib.put(rib.ipv4, prefix4(i << 8, 24), 1, path({65001}));
    rib.put(rib.ipv4, prefix4(i << 8, 24), 2, path({65002}));
  }
  rib.decide_all();
  using Stale = Table<Ipv4Unicast>::Stale;
  rib.ipv4.mark_stale(PeerId{1}, Stale::kKeep);
  EXPECT_EQ(rib.ipv4.stale_paths(PeerId{1}), 100U);
  EXPECT_EQ(rib.ipv4.stale_paths(PeerId{2}), 0U);
  EXPECT_EQ(rib.ipv4.dirty(), 0U);  // they stay candidates
  for (std::uint32_t i = 0; i < 60; ++i) {
    rib.put(rib.ipv4, prefix4(i << 8, 24), 1, path({65001}));
  }
  EXPECT_EQ(rib.ipv4.dirty(), 0U);
  rib.ipv4.withdraw(prefix4(99 << 8, 24), PeerId{1}, 0);
  EXPECT_EQ(rib.ipv4.stale_paths(PeerId{1}), 39U);
  int slices = 0;
  while (rib.ipv4.sweep(PeerId{1}, 16) > 0) ++slices;
  EXPECT_GE(slices, 5);
  EXPECT_EQ(rib.ipv4.paths(PeerId{1}), 60U);
  EXPECT_EQ(rib.ipv4.paths(PeerId{2}), 100U);
}

TEST_F(TableTest, ANewSessionIsNotHurtByTheSweepOfTheOldOne) {
  using Stale = Table<Ipv4Unicast>::Stale;
  for (std::uint32_t i = 0; i < 100; ++i) {
    rib.put(rib.ipv4, prefix4(i << 8, 24), 1, path({65001}));
  }
  rib.decide_all();
  for (int flap = 0; flap < 600; ++flap) {  // more than the generations there are
    rib.ipv4.mark_stale(PeerId{1}, Stale::kDrop);
    (void)rib.ipv4.sweep(PeerId{1}, 1);
    // The session is back at once and tells the last ones again.
    for (std::uint32_t i = 90; i < 100; ++i) {
      rib.put(rib.ipv4, prefix4(i << 8, 24), 1, path({65001}));
    }
  }
  while (rib.ipv4.sweep(PeerId{1}, 7) > 0) {
  }
  rib.decide_all();
  EXPECT_EQ(rib.ipv4.paths(PeerId{1}), 10U);
  for (std::uint32_t i = 90; i < 100; ++i) {
    const RouteId id = rib.ipv4.find(prefix4(i << 8, 24));
    ASSERT_NE(id, 0U);
    ASSERT_TRUE(rib.ipv4.best(id).has_value());
    EXPECT_FALSE(rib.ipv4.best(id)->stale);
  }
}

TEST_F(TableTest, DroppedPathsTakeNoPartUntilToldAgain) {
  using Stale = Table<Ipv4Unicast>::Stale;
  const RouteId id = put(1, {65001});
  put(2, {65002, 65003});
  decide();
  rib.ipv4.mark_stale(PeerId{1}, Stale::kDrop);
  rib.ipv4.mark_dirty(id);
  EXPECT_TRUE(decide()->best_changed);
  EXPECT_EQ(best_peer(id), 2);
  rib.ipv4.for_each_path(id, [](const PathView& v) {
    EXPECT_EQ(v.stale, v.peer == PeerId{1});
    EXPECT_EQ(v.reason, v.stale ? Reason::kStale : Reason::kOnlyPath);
  });
  put(1, {65001});
  decide();
  EXPECT_EQ(best_peer(id), 1);
  // A restart: dropped ones stay dropped when the next generation is one that is kept.
  rib.ipv4.mark_stale(PeerId{1}, Stale::kDrop);
  rib.ipv4.mark_stale(PeerId{1}, Stale::kKeep);
  rib.ipv4.mark_dirty(id);
  decide();
  EXPECT_EQ(best_peer(id), 2);
  EXPECT_EQ(rib.ipv4.sweep(PeerId{1}, 100), 0U);
  EXPECT_EQ(rib.ipv4.paths(PeerId{1}), 0U);
}

// ---- EVPN data ----------------------------------------------------------------------------------

TEST_F(TableTest, EvpnDataComesBackAndItsChangeIsAChange) {
  std::vector<wire::EvpnData> all(6);
  all[0].label1 = Label{100};
  all[1].label1 = Label{0xFFFFFF};
  all[2].label1 = Label{100};
  all[2].label2 = Label{0};
  all[3].label1 = Label{100};
  all[3].esi.octets[9] = 1;
  all[4].label1 = Label{100};
  all[4].gateway = v4(10, 0, 0, 1);
  all[5].label1 = Label{100};
  all[5].gateway = v6(1);
  const auto evpn_key = type5(1, 0x0a000000);
  RouteId id = 0;
  for (const std::uint32_t path_id : {0U, 9U}) {
    for (const auto& from : all) {
      for (const auto& to : all) {
        id = rib.put(rib.evpn, evpn_key, 1, path({65001}), from, path_id);
        rib.decide_all();
        ASSERT_EQ(rib.evpn.best(id)->evpn(), from);
        ASSERT_EQ(rib.evpn.best(id)->path_id, path_id);
        rib.put(rib.evpn, evpn_key, 1, path({65001}), to, path_id);
        ASSERT_EQ(rib.evpn.dirty(), from == to ? 0U : 1U);
        rib.decide_all();
        ASSERT_EQ(rib.evpn.best(id)->evpn(), to);
      }
    }
    EXPECT_TRUE(rib.evpn.withdraw(evpn_key, PeerId{1}, path_id));
    rib.decide_all();
  }
  EXPECT_EQ(rib.evpn.routes(), 0U);
}

TEST_F(TableTest, OtherFamilies) {
  const IpPrefix six = IpPrefix::make(v6(0), 64);
  const RouteId a = rib.put(rib.ipv6, six, 1, path({65001}));
  const OpaqueKey key9{9, {1, 2, 3}};
  const RouteId b = rib.put(rib.opaque, key9, 1, path({65001}));
  rib.decide_all();
  EXPECT_EQ(rib.ipv6.key(a), six);
  EXPECT_EQ(rib.opaque.key(b), key9);
  EXPECT_TRUE(rib.ipv6.best(a).has_value());
  EXPECT_TRUE(rib.opaque.best(b).has_value());
  EXPECT_TRUE(rib.opaque.withdraw(key9, PeerId{1}, 0));
  rib.decide_all();
  EXPECT_EQ(rib.opaque.find(key9), 0U);
}

// upsert_all() is upsert() for each, in every family.
TEST_F(TableTest, WholeUpdates) {
  const AttrId id = rib.attributes.intern(path({65001}));
  std::vector<wire::EvpnNlri> evpn(100);
  std::vector<wire::PrefixNlri> four(40);
  std::vector<wire::PrefixNlri> six(3);
  std::vector<wire::OpaqueEvpnNlri> opaque(3);
  for (std::uint32_t i = 0; i < evpn.size(); ++i) {
    evpn[i].key = type5(1, i << 8);
    evpn[i].data.label1 = Label{i};
    evpn[i].path_id = i % 2;
  }
  for (std::uint32_t i = 0; i < four.size(); ++i) four[i].prefix = prefix4(i << 8, 24);
  for (std::uint8_t i = 0; i < six.size(); ++i) six[i].prefix = IpPrefix::make(v6(i), 128);
  for (std::uint8_t i = 0; i < opaque.size(); ++i) opaque[i] = {9, {i}, 5};
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(rib.evpn.upsert_all(evpn, PeerId{1}, id));
    EXPECT_TRUE(rib.ipv4.upsert_all(four, PeerId{1}, id));
    EXPECT_TRUE(rib.ipv6.upsert_all(six, PeerId{1}, id));
    EXPECT_TRUE(rib.opaque.upsert_all(opaque, PeerId{1}, id, Reason::kAsLoop));
    EXPECT_EQ(rib.evpn.dirty(), round == 0 ? evpn.size() : 0);
    rib.decide_all();
  }
  rib.attributes.release(id);
  EXPECT_EQ(rib.evpn.routes(), evpn.size());
  for (const auto& n : evpn) {
    const auto best = rib.evpn.best(rib.evpn.find(n.key));
    ASSERT_TRUE(best.has_value());
    EXPECT_EQ(best->evpn(), n.data);
    EXPECT_EQ(best->path_id, n.path_id);
  }
  EXPECT_EQ(rib.ipv4.paths(PeerId{1}), four.size());
  EXPECT_EQ(rib.ipv6.paths(PeerId{1}), six.size());
  rib.opaque.for_each_path(rib.opaque.find({9, {2}}), [](const PathView& v) {
    EXPECT_EQ(v.path_id, 5U);
    EXPECT_EQ(v.reason, Reason::kAsLoop);
  });
}

// ---- against a model ----------------------------------------------------------------------------

struct ModelPath {
  AttrId attributes = 0;
  std::uint32_t label = 0;
  Reason rejected = Reason::kNone;
  bool stale = false;
  bool dropped = false;
};
using ModelKey = std::tuple<std::uint32_t, std::uint16_t, std::uint32_t>;  // route, peer, path id

class TableModel : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint32_t kRoutes = 40;
  using Stale = Table<L2vpnEvpn>::Stale;

  TableModel() : random(GetParam()) {
    for (std::uint16_t i = 1; i <= 4; ++i) rib.peers.set(peer_info(i, i % 2 == 0, 65000U + i % 2));
    for (std::uint32_t i = 0; i < 24; ++i) {
      wire::PathAttributes a = attributes_of(v4(192, 0, 2, i % 4), {65001 + i % 3, 65009});
      a.med = i % 2;
      if (i % 5 == 0) a.local_pref = 200;
      sets.push_back(rib.attributes.intern(a));
    }
    for (unsigned i = 0; i < 3; ++i) rib.reach(v4(192, 0, 2, i), true, i);  // the fourth is not
    rib.options.multipath = 3;
  }
  static wire::EvpnKey key_of(std::uint32_t n) {
    return type5(static_cast<std::uint16_t>(n % 5), n << 8);
  }

  void announce(const ModelKey& mk) {
    ModelPath p;
    p.attributes = sets[random.below(sets.size())];
    p.label = static_cast<std::uint32_t>(random.below(3));
    p.rejected = random.below(10) == 0 ? Reason::kAsLoop : Reason::kNone;
    wire::EvpnData data;
    data.label1 = Label{p.label};
    const auto [n, peer, path_id] = mk;
    ASSERT_NE(rib.evpn.upsert(key_of(n), PeerId{peer}, path_id, p.attributes, data, p.rejected),
              0U);
    model[mk] = p;
  }
  void mark(std::uint16_t peer, bool drop) {
    rib.evpn.mark_stale(PeerId{peer}, drop ? Stale::kDrop : Stale::kKeep);
    for (auto& [k, p] : model) {
      if (std::get<1>(k) != peer) continue;
      p.stale = true;
      p.dropped = p.dropped || drop;
    }
  }
  void sweep(std::uint16_t peer) {
    while (rib.evpn.sweep(PeerId{peer}, 1 + random.below(9)) > 0) {
    }
    std::erase_if(model,
                  [&](const auto& e) { return std::get<1>(e.first) == peer && e.second.stale; });
  }
  void step() {
    const auto n = static_cast<std::uint32_t>(random.below(kRoutes));
    const auto peer = static_cast<std::uint16_t>(random.below(5));
    const auto path_id = static_cast<std::uint32_t>(random.below(4) == 0 ? 1 : 0);
    const ModelKey mk{n, peer, path_id};
    const std::uint64_t what = random.below(100);
    if (what < 55) {
      announce(mk);
    } else if (what < 90) {
      ASSERT_EQ(rib.evpn.withdraw(key_of(n), PeerId{peer}, path_id), model.erase(mk) == 1);
    } else if (what < 92) {
      mark(peer, random.below(2) == 0);
    } else if (what < 94) {
      sweep(peer);
    } else {
      rib.evpn.decide(1 + random.below(20), rib.context(), [](RouteId, const BestChange&) {});
    }
  }

  // The keys of a route's paths in the model, the used ones first; how many are used.
  std::vector<ModelKey> used_of(std::uint32_t n, std::size_t& paths) {
    std::vector<Candidate> candidates;
    std::vector<ModelKey> keys;
    for (const auto& [k, p] : model) {
      if (std::get<0>(k) != n) continue;
      Reason rejected = p.rejected;
      if (rejected == Reason::kNone && p.dropped) rejected = Reason::kStale;
      candidates.push_back(make_candidate(rib.context(), p.attributes, PeerId{std::get<1>(k)},
                                          std::get<2>(k), rejected));
      keys.push_back(k);
    }
    std::vector<Reason> reasons(keys.size());
    std::vector<std::uint32_t> order(keys.size());
    const std::size_t used = select(candidates, rib.options, reasons, order).used;
    std::vector<ModelKey> want;
    for (std::size_t i = 0; i < used; ++i) want.push_back(keys[order[i]]);
    paths = keys.size();
    return want;
  }
  void expect_same(std::uint32_t n, std::size_t& routes) {
    std::size_t paths = 0;
    const std::vector<ModelKey> want = used_of(n, paths);
    const RouteId id = rib.evpn.find(key_of(n));
    ASSERT_EQ(id != 0, paths != 0);
    if (id == 0) return;
    ++routes;
    std::vector<ModelKey> got;
    std::size_t count = 0;
    rib.evpn.for_each_path(id, [&](const PathView& v) {
      const ModelKey k{n, v.peer.value, v.path_id};
      ASSERT_TRUE(model.contains(k));
      EXPECT_EQ(v.attrs, model[k].attributes);
      EXPECT_EQ(v.label1.value, model[k].label);
      EXPECT_EQ(v.stale, model[k].stale);
      ++count;
      if (v.multipath) got.push_back(k);
    });
    EXPECT_EQ(count, paths);
    EXPECT_EQ(got, want);
    EXPECT_EQ(rib.evpn.best(id).has_value(), !want.empty());
  }

  Random random;
  Rib rib;
  std::vector<AttrId> sets;
  std::map<ModelKey, ModelPath> model;
};

TEST_P(TableModel, RandomHistoriesEndTheSame) {
  for (int i = 0; i < 4000; ++i) step();
  // Dropped paths only leave the contest when their route is looked at.
  ASSERT_EQ(rib.evpn.mark_dirty_if(0, 100000, [](const PathView&) { return true; }), 0U);
  rib.decide_all();
  std::size_t routes = 0;
  for (std::uint32_t n = 0; n < kRoutes; ++n) {
    SCOPED_TRACE(n);
    expect_same(n, routes);
  }
  EXPECT_EQ(rib.evpn.routes(), routes);
  EXPECT_EQ(rib.evpn.paths(), model.size());

  for (const auto& [k, p] : model) {
    rib.evpn.withdraw(key_of(std::get<0>(k)), PeerId{std::get<1>(k)}, std::get<2>(k));
  }
  rib.decide_all();
  EXPECT_EQ(rib.evpn.routes(), 0U);
  for (const AttrId id : sets) rib.attributes.release(id);
  EXPECT_EQ(rib.attributes.size(), 0U);  // nothing leaked
}

INSTANTIATE_TEST_SUITE_P(Seeds, TableModel, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace perd::rib
