// Goal: what a neighbour holds after decoding every octet it was sent is exactly what the export
// rules say of the best paths, whatever the order of changes and the size of the budgets. Method: a
// receiver that decodes messages into a map, scenes for the promises, then random histories.
#include "bgp/rib/exporter.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "perd/random.h"
#include "receiver.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

class ExporterTest : public testing::Test {
 protected:
  ExporterTest() {
    rib.peers.set(peer_info(1, true, 65001));
    rib.peers.set(peer_info(2, true, 65002));
    hold = rib.attributes.intern(attributes_of(v4(192, 0, 2, 1)));
    rib.reach(v4(192, 0, 2, 1));
    const ExportPeer p = export_peer(rib.peers.get(PeerId{2}));
    receiver = std::make_unique<Receiver>(p.codec);
    rib.exporter.add_peer(p);
  }
  ~ExporterTest() override { rib.attributes.release(hold); }

  void put(std::uint32_t n, std::uint32_t med = 0) {
    wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1));
    a.communities = {med};
    wire::EvpnData data;
    data.label1 = Label{100};
    rib.put(rib.evpn, type5(1, n << 8), 1, a, data);
  }
  void drop(std::uint32_t n) { rib.evpn.withdraw(type5(1, n << 8), PeerId{1}, 0); }
  std::size_t produce(std::size_t budget = 1U << 30) {
    Octets out;
    std::size_t calls = 0;
    bool more = true;
    while (more) {
      more = rib.exporter.produce(PeerId{2}, budget, out);
      EXPECT_EQ(more, rib.exporter.has_work(PeerId{2}));
      ++calls;
    }
    receiver->take(out);
    return calls;
  }

  Rib rib;
  AttrId hold = 0;
  std::unique_ptr<Receiver> receiver;
};

TEST_F(ExporterTest, TableThenEndOfRib) {
  for (std::uint32_t n = 0; n < 1000; ++n) put(n);
  rib.decide_all();
  EXPECT_FALSE(rib.exporter.has_work(PeerId{2}));  // not before it is started
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  EXPECT_TRUE(rib.exporter.has_work(PeerId{2}));
  produce();
  EXPECT_EQ(receiver->held.size(), 1000U);
  EXPECT_EQ(receiver->announced, 1000U);
  EXPECT_EQ(receiver->marks, std::vector<std::string>{"eor evpn"});
  EXPECT_EQ(rib.exporter.advertised_count(PeerId{2}, Family::kEvpn), 1000U);
  EXPECT_LE(receiver->messages, 14U);  // 1000 routes of 36 octets in 4096

  // Of an empty family only the marker; a family that was not negotiated has none.
  rib.exporter.start_initial(PeerId{2}, Family::kIpv4Unicast);
  rib.exporter.start_initial(PeerId{9}, Family::kIpv4Unicast);
  produce();
  EXPECT_EQ(receiver->marks.back(), "eor ipv4unicast");
}

TEST_F(ExporterTest, BudgetSlicesTheTable) {
  for (std::uint32_t n = 0; n < 5000; ++n) put(n, n % 3);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  Octets out;
  EXPECT_TRUE(rib.exporter.produce(PeerId{2}, 10000, out));
  EXPECT_GE(out.size(), 10000U);
  EXPECT_LE(out.size(), 10000U + AdjRibOut<L2vpnEvpn>::kRun * 64);
  receiver->take(out);
  EXPECT_TRUE(receiver->marks.empty());
  EXPECT_GE(produce(10000), 9U);  // of about 180,000 octets
  EXPECT_EQ(receiver->held.size(), 5000U);
  EXPECT_EQ(receiver->announced, 5000U);
  EXPECT_EQ(receiver->marks.size(), 1U);
}

TEST_F(ExporterTest, InterleavedAttributeSetsArePackedTogether) {
  for (std::uint32_t n = 0; n < 10000; ++n) put(n, n % 100);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce(4096);
  EXPECT_EQ(receiver->held.size(), 10000U);
  EXPECT_LE(receiver->messages, 101U);  // one for each set, and the marker
}

TEST_F(ExporterTest, ChangesBeforeTheirTurnAreSentOnce) {
  put(1);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce();
  receiver->announced = 0;
  for (std::uint32_t i = 1; i < 10; ++i) {
    put(1, i);
    rib.decide_all();
  }
  produce();
  EXPECT_EQ(receiver->announced, 1U);
  EXPECT_EQ(receiver->held.begin()->second.attributes.communities[0], 9U);

  // Appeared and gone before it was sent: nothing.
  put(2);
  rib.decide_all();
  EXPECT_TRUE(rib.exporter.has_work(PeerId{2}));
  drop(2);
  rib.decide_all();
  produce();
  EXPECT_EQ(receiver->announced, 1U);
  EXPECT_EQ(receiver->withdrawn, 0U);
  EXPECT_EQ(rib.evpn.routes(), 1U);  // and nobody holds it

  drop(1);
  rib.decide_all();
  EXPECT_EQ(rib.evpn.routes(), 1U);  // the neighbour still has it
  EXPECT_TRUE(rib.exporter.is_advertised<L2vpnEvpn>(PeerId{2}, 1));
  produce();
  EXPECT_EQ(receiver->withdrawn, 1U);
  EXPECT_EQ(rib.evpn.routes(), 0U);
}

TEST_F(ExporterTest, WindowsSurviveChangesWhileTheyAreServed) {
  for (std::uint32_t n = 0; n < 3000; ++n) put(n, n % 7);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  Octets out;
  EXPECT_TRUE(rib.exporter.produce(PeerId{2}, 2000, out));
  for (std::uint32_t n = 0; n < 3000; n += 3) drop(n);
  for (std::uint32_t n = 1; n < 3000; n += 3) put(n, 50);
  rib.decide_all();
  receiver->take(out);
  produce(2000);
  EXPECT_EQ(receiver->held.size(), 2000U);
  EXPECT_EQ(rib.evpn.routes(), 2000U);
  EXPECT_EQ(receiver->marks.size(), 1U);
}

TEST_F(ExporterTest, RefreshRepeatsTheTable) {
  for (std::uint32_t n = 0; n < 100; ++n) put(n);
  rib.decide_all();
  rib.exporter.start_refresh(PeerId{2}, Family::kEvpn, true);
  EXPECT_FALSE(rib.exporter.has_work(PeerId{2}));  // the first table is still to come
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce();
  rib.exporter.start_refresh(PeerId{2}, Family::kEvpn, false);
  produce();
  EXPECT_EQ(receiver->announced, 200U);
  EXPECT_EQ(receiver->marks, std::vector<std::string>{"eor evpn"});
  rib.exporter.start_refresh(PeerId{2}, Family::kEvpn, true);
  produce(500);
  EXPECT_EQ(receiver->announced, 300U);
  EXPECT_EQ(receiver->marks, (std::vector<std::string>{"eor evpn", "borr evpn", "eorr evpn"}));
  // Asked for again in the middle of one: everything once more after that.
  rib.exporter.start_refresh(PeerId{2}, Family::kEvpn, false);
  Octets out;
  (void)rib.exporter.produce(PeerId{2}, 1, out);
  rib.exporter.start_refresh(PeerId{2}, Family::kEvpn, false);
  receiver->take(out);
  produce();
  EXPECT_GE(receiver->announced, 400U);
  EXPECT_EQ(receiver->held.size(), 100U);
}

TEST_F(ExporterTest, RoutesThatDoNotFitAreNotAdvertised) {
  wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1));
  put(1);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce();
  EXPECT_EQ(receiver->held.size(), 1U);
  for (std::uint32_t i = 0; i < 1100; ++i) a.communities.push_back(i);  // 4400 octets
  rib.put(rib.evpn, type5(1, 1 << 8), 1, a);
  rib.put(rib.evpn, type5(1, 2 << 8), 1, a);
  rib.decide_all();
  produce();
  EXPECT_EQ(receiver->withdrawn, 1U);  // the one that was known
  EXPECT_EQ(rib.exporter.too_big(PeerId{2}), 2U);
  EXPECT_EQ(rib.exporter.advertised_count(PeerId{2}, Family::kEvpn), 0U);
  EXPECT_TRUE(receiver->held.empty());
}

TEST_F(ExporterTest, ARemovedPeerLetsGoInSlices) {
  for (std::uint32_t n = 0; n < 1000; ++n) put(n);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce();
  for (std::uint32_t n = 0; n < 1000; ++n) drop(n);
  rib.decide_all();
  EXPECT_EQ(rib.evpn.routes(), 1000U);
  rib.exporter.remove_peer(PeerId{2});
  rib.exporter.remove_peer(PeerId{2});
  EXPECT_FALSE(rib.exporter.has_peer(PeerId{2}));
  EXPECT_FALSE(rib.exporter.has_work(PeerId{2}));
  Octets out;
  EXPECT_FALSE(rib.exporter.produce(PeerId{2}, 100, out));
  // The session is back before that.
  rib.exporter.add_peer(export_peer(rib.peers.get(PeerId{2})));
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  EXPECT_TRUE(rib.exporter.reap(300));
  EXPECT_EQ(rib.evpn.routes(), 700U);
  while (rib.exporter.reap(300)) {
  }
  EXPECT_EQ(rib.evpn.routes(), 0U);
}

TEST_F(ExporterTest, WhatIsShownIsWhatIsSent) {
  put(1);
  put(2);
  wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1));
  a.communities = {kCommunityNoExport};
  const RouteId secret = rib.put(rib.evpn, type5(1, 3 << 8), 1, a);
  rib.decide_all();
  rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
  produce();
  EXPECT_EQ(rib.exporter.verdict<L2vpnEvpn>(PeerId{2}, secret), ExportVerdict::kNoExport);
  EXPECT_EQ(rib.exporter.exported<L2vpnEvpn>(PeerId{2}, secret), std::nullopt);
  EXPECT_EQ(rib.exporter.verdict<L2vpnEvpn>(PeerId{2}, 9999), ExportVerdict::kNoPath);
  EXPECT_EQ(rib.exporter.verdict<L2vpnEvpn>(PeerId{7}, 1), ExportVerdict::kNoPath);
  std::size_t seen = 0;
  const RouteId cursor = rib.exporter.walk_advertised<L2vpnEvpn>(PeerId{2}, 0, 10, [&](RouteId id) {
    ++seen;
    const auto shown = rib.exporter.exported<L2vpnEvpn>(PeerId{2}, id);
    ASSERT_TRUE(shown.has_value());
    EXPECT_EQ(*shown, receiver->held.at(Receiver::name(rib.evpn.key(id))).attributes);
  });
  EXPECT_EQ(cursor, 0U);
  EXPECT_EQ(seen, 2U);
  EXPECT_GT(rib.exporter.memory(), 0U);
}

// ---- random histories ---------------------------------------------------------------------------

class ExporterModel : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint16_t kPeers = 6;
  ExporterModel() : random(GetParam()) {
    for (std::uint16_t i = 1; i <= kPeers; ++i) {
      PeerInfo info = peer_info(i, i <= 3, i <= 3 ? 65000U + i : 64512U);
      if (i == 6) {
        for (const Family f : kAllFamilies) info.route_reflector_client.add(f);
      }
      rib.peers.set(info);
      configs.push_back(export_peer(info, i != 2));
      if (i == 4) configs.back().codec.extended_message = true;
    }
    for (std::uint32_t i = 0; i < 30; ++i) {
      wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1 + i % 3), {65000 + i % 4, 65010});
      a.local_pref = 100 + i % 3;
      if (i % 7 == 0) a.communities = {kCommunityNoExport};
      if (i % 11 == 0) a.communities = {kCommunityNoAdvertise};
      if (i % 5 == 0) a.originator_id = rib.peers.get(PeerId{6}).router_id;
      a.extended_communities = {make_auto_route_target(Asn{64512}, Vni{i})};
      sets.push_back(a);
      six_sets.push_back(a);
      six_sets.back().next_hop = v6(static_cast<std::uint8_t>(1 + i % 3));
    }
    for (unsigned i = 1; i <= 3; ++i) {
      for (const IpAddress& a : {v4(192, 0, 2, i), v6(static_cast<std::uint8_t>(i))}) {
        holds.push_back(rib.next_hops.track(a));
        rib.reach(a);
      }
    }
  }
  ~ExporterModel() override {
    for (const NextHopId id : holds) rib.next_hops.untrack(id);
  }

  void connect(std::uint16_t peer) {
    rib.exporter.add_peer(configs[peer - 1U]);
    receivers[peer] = std::make_unique<Receiver>(configs[peer - 1U].codec);
    for (const Family f : kAllFamilies) rib.exporter.start_initial(PeerId{peer}, f);
  }
  void produce(std::uint16_t peer, std::size_t budget) {
    Octets out;
    (void)rib.exporter.produce(PeerId{peer}, budget, out);
    receivers[peer]->take(out);
  }

  template <class F>
  void change(Table<F>& table, const typename F::Key& key, const typename F::Data& data,
              const std::vector<wire::PathAttributes>& from) {
    const auto peer = static_cast<std::uint16_t>(random.below(kPeers + 1));
    if (random.below(100) < 55) {
      rib.put(table, key, peer, from[random.below(from.size())], data);
    } else {
      table.withdraw(key, PeerId{peer}, 0);
    }
  }
  void change_one() {
    const auto n = static_cast<std::uint32_t>(random.below(60));
    switch (random.below(6)) {
      case 0:
        return change(rib.ipv4, prefix4(n << 8, 24), {}, sets);
      case 1:
        return change(rib.ipv6, IpPrefix::make(v6(static_cast<std::uint8_t>(n)), 128), {},
                      six_sets);
      case 2:
        return change(rib.opaque, OpaqueKey{9, {static_cast<std::uint8_t>(n), 7}}, {}, sets);
      default: {
        wire::EvpnData data;
        data.label1 = Label{static_cast<std::uint32_t>(1 + random.below(3))};
        return change(rib.evpn, type5(static_cast<std::uint16_t>(n % 3), n << 8), data, sets);
      }
    }
  }
  void decide_some() {
    const auto some = [&]<class F>(Table<F>& table, F) {
      table.decide(1 + random.below(30), rib.context(),
                   [&](RouteId id, const BestChange&) { rib.exporter.on_best_change<F>(id); });
    };
    some(rib.ipv4, Ipv4Unicast{});
    some(rib.ipv6, Ipv6Unicast{});
    some(rib.evpn, L2vpnEvpn{});
    some(rib.opaque, OpaqueEvpn{});
  }

  template <class F>
  void expect_all(const Table<F>& table, std::uint16_t peer, std::size_t& count) {
    const ExportPeer& config = configs[peer - 1U];
    const RouteId cursor = table.walk(0, 1U << 20, [&](RouteId id) {
      const auto best = table.best(id);
      if (!best) return;
      const PeerInfo& source = rib.peers.get(best->peer);
      const bool sent = export_verdict(rib.attributes.get(best->attrs), source, config,
                                       F::kFamily) == ExportVerdict::kSend;
      const auto held = receivers[peer]->held.find(Receiver::name(table.key(id)));
      EXPECT_EQ(rib.exporter.is_advertised<F>(PeerId{peer}, id), sent);
      ASSERT_EQ(held != receivers[peer]->held.end(), sent) << Receiver::name(table.key(id));
      if (!sent) return;
      ++count;
      wire::PathAttributes want = rib.attributes.get(best->attrs).expand();
      rewrite_for_export(want, source, config, F::kFamily);
      EXPECT_EQ(held->second.attributes, want);
      if constexpr (std::is_same_v<F, L2vpnEvpn>) {
        EXPECT_EQ(held->second.data, best->evpn());
      }
    });
    EXPECT_EQ(cursor, 0U);
  }

  Random random;
  Rib rib;
  std::vector<ExportPeer> configs;
  std::vector<wire::PathAttributes> sets, six_sets;
  std::vector<NextHopId> holds;
  std::map<std::uint16_t, std::unique_ptr<Receiver>> receivers;
};

TEST_P(ExporterModel, NeighboursHoldWhatTheRulesSay) {
  for (int step = 0; step < 4000; ++step) {
    const std::uint64_t what = random.below(100);
    const auto peer = static_cast<std::uint16_t>(1 + random.below(kPeers));
    const bool up = rib.exporter.has_peer(PeerId{peer});
    if (what < 70) {
      change_one();
    } else if (what < 82) {
      decide_some();
    } else if (what < 95) {
      if (up) produce(peer, 1 + random.below(600));
    } else if (what < 97) {
      if (!up) connect(peer);
    } else if (what < 98) {
      if (up) rib.exporter.remove_peer(PeerId{peer});
    } else if (what < 99) {
      const Family f = kAllFamilies[random.below(3)];
      if (up) rib.exporter.start_refresh(PeerId{peer}, f, random.below(2) == 0);
    } else {
      (void)rib.exporter.reap(random.below(20));
    }
  }
  rib.decide_all();
  for (std::uint16_t peer = 1; peer <= kPeers; ++peer) {
    SCOPED_TRACE(peer);
    if (!rib.exporter.has_peer(PeerId{peer})) connect(peer);
    while (rib.exporter.has_work(PeerId{peer})) produce(peer, 1 + random.below(600));
    std::size_t count = 0;
    expect_all(rib.ipv4, peer, count);
    expect_all(rib.ipv6, peer, count);
    expect_all(rib.evpn, peer, count);
    expect_all(rib.opaque, peer, count);
    EXPECT_EQ(receivers[peer]->held.size(), count);
    std::size_t advertised = 0;
    for (const Family f : kAllFamilies) {
      advertised += rib.exporter.advertised_count(PeerId{peer}, f);
    }
    EXPECT_EQ(advertised, count);
    const auto& marks = receivers[peer]->marks;
    for (const Family f : kAllFamilies) {
      EXPECT_EQ(std::count(marks.begin(), marks.end(), "eor " + std::string{to_string(f)}), 1);
    }
  }

  // Everything goes: nothing is left behind.
  for (std::uint16_t peer = 0; peer <= kPeers; ++peer) {
    const auto clear = [&](auto& table) {
      using Stale = typename std::remove_reference_t<decltype(table)>::Stale;
      table.mark_stale(PeerId{peer}, Stale::kDrop);
      while (table.sweep(PeerId{peer}, 50) > 0) {
      }
    };
    clear(rib.ipv4);
    clear(rib.ipv6);
    clear(rib.evpn);
    clear(rib.opaque);
  }
  rib.decide_all();
  for (std::uint16_t peer = 1; peer <= kPeers; ++peer) {
    while (rib.exporter.has_work(PeerId{peer})) produce(peer, 4000);
    EXPECT_TRUE(receivers[peer]->held.empty());
  }
  while (rib.exporter.reap(1000)) {
  }
  EXPECT_EQ(rib.evpn.routes() + rib.ipv4.routes() + rib.ipv6.routes() + rib.opaque.routes(), 0U);
  EXPECT_EQ(rib.attributes.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExporterModel, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace perd::rib
