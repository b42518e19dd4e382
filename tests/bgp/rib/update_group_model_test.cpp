// Goal: whatever happens to the members of update groups, each holds in the end what the rules of
// export say of the best paths, and is never told to give up what it does not have. Method: random
// histories of neighbours that announce, withdraw, stall, resume, refresh, change their rules, fall
// and come back, with a lag so short that groups are split all the time; what each was sent is
// decoded and compared with the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "bgp/rib/exporter.h"
#include "bgp/rib/update_group.h"
#include "perd/random.h"
#include "receiver.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

constexpr std::uint16_t kPeers = 14;
constexpr std::size_t kLag = 1500;

class UpdateGroupModel : public testing::TestWithParam<std::uint64_t> {
 protected:
  UpdateGroupModel() : random(GetParam()), rib(kLag) {
    for (std::uint16_t i = 1; i <= kPeers; ++i) {
      const bool ebgp = i <= 7;
      PeerInfo info = peer_info(i, ebgp, ebgp ? 65000U + i : 64512U);
      // Clients, and two internal neighbours that are none; the last two are one router.
      if (!ebgp && i != 8 && i != 9) {
        for (const Family f : kAllFamilies) info.route_reflector_client.add(f);
      }
      if (i == kPeers) info.router_id = rib.peers.get(PeerId{kPeers - 1}).router_id;
      rib.peers.set(info);
      configs.push_back(export_peer(info));
    }
    configs[6].codec.extended_message = true;
    for (std::uint32_t i = 0; i < 24; ++i) {
      wire::PathAttributes a = attributes_of(next_hop(), {65000 + i % 4, 65010});
      a.local_pref = 100 + i % 4;
      if (i % 12 == 0) a.communities = {kCommunityNoExport};
      if (i % 3 == 0) a.originator_id = configs[8 + i % 6].info.router_id;
      a.extended_communities = {make_auto_route_target(Asn{64512}, Vni{i})};
      sets.push_back(a);
    }
    hold = rib.next_hops.track(next_hop());
    rib.reach(next_hop());
  }
  ~UpdateGroupModel() override { rib.next_hops.untrack(hold); }
  static IpAddress next_hop() { return v4(192, 0, 2, 1); }

  void connect(std::uint16_t peer) {
    rib.exporter.add_peer(configs[peer - 1U]);
    receivers[peer] = std::make_unique<Receiver>(configs[peer - 1U].codec);
    for (const Family f : kAllFamilies) rib.exporter.start_initial(PeerId{peer}, f);
  }
  void produce(std::uint16_t peer, std::size_t budget) {
    Octets out;
    const bool more = rib.exporter.produce(PeerId{peer}, budget, out);
    EXPECT_EQ(more, rib.exporter.has_work(PeerId{peer}));
    receivers[peer]->take(out);
  }
  void change_one() {
    const auto n = static_cast<std::uint32_t>(random.below(40));
    const auto from = static_cast<std::uint16_t>(random.below(kPeers + 1));
    const bool put = random.below(100) < 55;
    const wire::PathAttributes& a = sets[random.below(sets.size())];
    const auto change = [&](auto& table, const auto& key, const auto& data) {
      if (put) {
        rib.put(table, key, from, a, data);
      } else {
        table.withdraw(key, PeerId{from}, 0);
      }
    };
    wire::EvpnData data;
    data.label1 = Label{static_cast<std::uint32_t>(1 + random.below(3))};
    switch (random.below(4)) {
      case 0:
        return change(rib.ipv4, prefix4(n << 8, 24), NoData{});
      case 1:
        return change(rib.opaque, OpaqueKey{9, {static_cast<std::uint8_t>(n), 7}}, NoData{});
      default:
        return change(rib.evpn, type5(static_cast<std::uint16_t>(n % 3), n << 8), data);
    }
  }
  void decide_some() {
    const auto some = [&]<class F>(Table<F>& table, F) {
      table.decide(1 + random.below(30), rib.context(), [&](RouteId id, const BestChange&) {
        rib.exporter.on_best_change<F>(id, random.below(4) == 0);
      });
    };
    some(rib.ipv4, Ipv4Unicast{});
    some(rib.evpn, L2vpnEvpn{});
    some(rib.opaque, OpaqueEvpn{});
  }
  void disturb(std::uint16_t peer) {
    const bool up = rib.exporter.has_peer(PeerId{peer});
    const Family f = kAllFamilies[random.below(3)];
    const std::uint64_t what = random.below(12);
    if (what < 4) {
      stalled[peer] = !stalled[peer];
    } else if (what < 7) {
      if (up) rib.exporter.start_refresh(PeerId{peer}, f, random.below(2) == 0);
    } else if (what < 8) {
      if (!up) return;
      configs[peer - 1U].transit = !configs[peer - 1U].transit;
      rib.exporter.change_peer(configs[peer - 1U]);
    } else if (what < 9) {
      if (up) rib.exporter.remove_peer(PeerId{peer});
    } else {
      if (!up) connect(peer);
    }
  }

  template <class F>
  void expect_all(const Table<F>& table, std::uint16_t peer, std::size_t& count) {
    const ExportPeer& config = configs[peer - 1U];
    std::size_t told = 0;
    const RouteId end = table.walk(0, 1U << 20, [&](RouteId id) {
      const auto best = table.best(id);
      if (!best) return;
      const PeerInfo& source = rib.peers.get(best->peer);
      const bool sent = export_verdict(rib.attributes.get(best->attrs), source, config,
                                       F::kFamily) == ExportVerdict::kSend;
      const auto held = receivers[peer]->held.find(Receiver::name(table.key(id)));
      EXPECT_EQ(rib.exporter.is_advertised<F>(PeerId{peer}, id), sent);
      ASSERT_EQ(held != receivers[peer]->held.end(), sent) << Receiver::name(table.key(id));
      if (!sent) return;
      ++told;
      wire::PathAttributes want = rib.attributes.get(best->attrs).expand();
      rewrite_for_export(want, source, config, F::kFamily);
      EXPECT_EQ(held->second.attributes, want);
    });
    EXPECT_EQ(end, 0U);
    std::size_t walked = 0;
    EXPECT_EQ(
        rib.exporter.walk_advertised<F>(PeerId{peer}, 0, 1U << 20, [&](RouteId) { ++walked; }), 0U);
    EXPECT_EQ(walked, told);
    count += told;
  }

  void finish() {
    rib.decide_all();
    for (std::uint16_t peer = 1; peer <= kPeers; ++peer) {
      if (!rib.exporter.has_peer(PeerId{peer})) connect(peer);
    }
    for (bool more = true; more;) {
      more = false;
      for (std::uint16_t peer = 1; peer <= kPeers; ++peer) {
        if (!rib.exporter.has_work(PeerId{peer})) continue;
        produce(peer, 1 + random.below(600));
        more = true;
      }
      while (rib.exporter.reap(1000)) {
      }
    }
  }

  // How many groups there are when all are together. Two sessions with one internal router cannot
  // be.
  [[nodiscard]] std::size_t kinds() const {
    std::vector<const ExportPeer*> leaders;
    for (const ExportPeer& config : configs) {
      const bool known = std::any_of(leaders.begin(), leaders.end(), [&](const ExportPeer* other) {
        return export_alike(config, *other, Family::kEvpn) &&
               (config.info.ebgp || config.info.router_id != other->info.router_id);
      });
      if (!known) leaders.push_back(&config);
    }
    const ExportPeer& a = configs[kPeers - 2];
    const ExportPeer& b = configs[kPeers - 1];
    const bool twice = export_alike(a, b, Family::kEvpn) &&
                       std::find(leaders.begin(), leaders.end(), &b) == leaders.end();
    return leaders.size() + (twice ? 1 : 0);
  }

  Random random;
  Rib rib;
  NextHopId hold = 0;
  std::vector<ExportPeer> configs;
  std::vector<wire::PathAttributes> sets;
  std::map<std::uint16_t, bool> stalled;
  std::map<std::uint16_t, std::unique_ptr<Receiver>> receivers;
};

TEST_P(UpdateGroupModel, EachMemberHoldsWhatTheRulesSay) {
  for (std::uint16_t peer = 1; peer <= kPeers; ++peer) connect(peer);
  std::size_t most = 0;
  for (int step = 0; step < 6000; ++step) {
    const std::uint64_t what = random.below(100);
    const auto peer = static_cast<std::uint16_t>(1 + random.below(kPeers));
    if (what < 40) {
      change_one();
    } else if (what < 55) {
      decide_some();
    } else if (what < 94) {
      if (rib.exporter.has_peer(PeerId{peer}) && !stalled[peer]) {
        produce(peer, 1 + random.below(600));
      }
    } else if (what < 96) {
      disturb(peer);
    } else {
      (void)rib.exporter.reap(random.below(20));
    }
    most = std::max(most, rib.exporter.groups(Family::kEvpn));
  }
  EXPECT_GT(most, 6U);  // the history did split groups
  finish();
  for (std::uint16_t peer = 1; peer <= kPeers; ++peer) {
    SCOPED_TRACE(peer);
    std::size_t count = 0;
    expect_all(rib.ipv4, peer, count);
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
      const std::string name{to_string(f)};
      EXPECT_EQ(std::count(marks.begin(), marks.end(), "eor " + name), 1);
      EXPECT_LE(std::count(marks.begin(), marks.end(), "eorr " + name),
                std::count(marks.begin(), marks.end(), "borr " + name));
    }
  }
  // Nobody is left alone whose kind has another one.
  EXPECT_LE(rib.exporter.groups(Family::kEvpn), kinds());

  for (std::uint16_t peer = 1; peer <= kPeers; ++peer) rib.exporter.remove_peer(PeerId{peer});
  while (rib.exporter.reap(1000)) {
  }
  const auto clear = [&](auto& table) {
    using Stale = typename std::remove_reference_t<decltype(table)>::Stale;
    for (std::uint16_t peer = 0; peer <= kPeers; ++peer) {
      table.mark_stale(PeerId{peer}, Stale::kDrop);
      while (table.sweep(PeerId{peer}, 50) > 0) {
      }
    }
  };
  clear(rib.ipv4);
  clear(rib.evpn);
  clear(rib.opaque);
  rib.decide_all();
  EXPECT_EQ(rib.evpn.routes() + rib.ipv4.routes() + rib.opaque.routes(), 0U);  // no hold is left
}

INSTANTIATE_TEST_SUITE_P(Seeds, UpdateGroupModel, testing::Range<std::uint64_t>(1, 17));

}  // namespace
}  // namespace perd::rib
