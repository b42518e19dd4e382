// Goal: neighbours that are told alike share state and messages, and nobody can tell: each gets
// what it would get alone, whatever its pace and whoever a route came from. Method: scenes with
// receivers that decode every octet; groups and memory are counted, not timed.
#include "bgp/rib/update_group.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "bgp/rib/absences.h"
#include "bgp/rib/exporter.h"
#include "bgp/rib/packer.h"
#include "bgp/rib/update_log.h"
#include "receiver.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

constexpr Family kEvpn = Family::kEvpn;

// Neighbours 1 to n, all of one kind.
class World {
 public:
  World(std::uint16_t members, bool ebgp, std::size_t max_lag = UpdateGroup::kMaxLag)
      : rib(max_lag) {
    for (std::uint16_t i = 1; i <= members; ++i) {
      PeerInfo info = peer_info(i, ebgp, ebgp ? 65000U + i : 64512U);
      if (!ebgp) info.route_reflector_client.add(kEvpn);
      rib.peers.set(info);
      configs[i] = export_peer(info);
    }
    hold = rib.next_hops.track(next_hop());
    rib.reach(next_hop());
  }
  ~World() { rib.next_hops.untrack(hold); }

  static IpAddress next_hop() { return v4(192, 0, 2, 1); }
  void up(std::uint16_t peer) {
    receivers[peer] = std::make_unique<Receiver>(configs.at(peer).codec);
    rib.exporter.add_peer(configs.at(peer));
    rib.exporter.start_initial(PeerId{peer}, kEvpn);
  }
  void all_up() {
    for (const auto& [peer, config] : configs) up(peer);
  }
  // By LOCAL_PREF the higher path is the better one.
  void put(std::uint32_t n, std::uint16_t from, std::uint32_t pref = 100, std::uint32_t mark = 0,
           std::optional<RouterId> originator = {}) {
    wire::PathAttributes a = attributes_of(next_hop(), {65001});
    a.local_pref = pref;
    a.communities = {mark};
    a.originator_id = originator;
    wire::EvpnData data;
    data.label1 = Label{100};
    rib.put(rib.evpn, type5(1, n << 8), from, a, data);
  }
  void drop(std::uint32_t n, std::uint16_t from) {
    rib.evpn.withdraw(type5(1, n << 8), PeerId{from}, 0);
  }
  // One call, its octets; they are also received.
  Octets take(std::uint16_t peer, std::size_t budget = 1U << 16) {
    Octets out;
    (void)rib.exporter.produce(PeerId{peer}, budget, out);
    receivers.at(peer)->take(out);
    return out;
  }
  // Everything for everybody but one.
  void settle(std::uint16_t but = 0) {
    rib.decide_all();
    for (bool more = true; more;) {
      more = false;
      for (const auto& [peer, r] : receivers) {
        if (peer == but || !rib.exporter.has_work(PeerId{peer})) continue;
        take(peer);
        more = true;
      }
    }
    while (rib.exporter.reap(1000)) {
    }
  }
  [[nodiscard]] Receiver& at(std::uint16_t peer) { return *receivers.at(peer); }
  [[nodiscard]] bool has(std::uint16_t peer, std::uint32_t n) {
    return at(peer).held.contains(Receiver::name(type5(1, n << 8)));
  }
  [[nodiscard]] std::size_t groups() const { return rib.exporter.groups(kEvpn); }
  [[nodiscard]] std::uint64_t group_of(std::uint16_t peer) const {
    return rib.exporter.group_of(PeerId{peer}, kEvpn);
  }

  Rib rib;
  NextHopId hold = 0;
  std::map<std::uint16_t, ExportPeer> configs;
  std::map<std::uint16_t, std::unique_ptr<Receiver>> receivers;
};

// ---- who is told alike --------------------------------------------------------------------------

struct AlikeCase {
  const char* name;
  void (*change)(ExportPeer&);
  bool evpn, ipv4;  // still told alike
};

const AlikeCase kAlike[] = {
    {"nothing", [](ExportPeer&) {}, true, true},
    {"who_it_is",
     [](ExportPeer& p) {
       p.info.id = PeerId{9};
       p.info.router_id = RouterId{99};
       p.info.address = v4(9, 9, 9, 9);
     },
     true, true},
    {"remote_as", [](ExportPeer& p) { p.info.remote_asn = Asn{65099}; }, true, true},
    {"internal", [](ExportPeer& p) { p.info.ebgp = false; }, false, false},
    {"client_of_evpn", [](ExportPeer& p) { p.info.route_reflector_client.add(kEvpn); }, false,
     true},
    {"own_as", [](ExportPeer& p) { p.local_asn = Asn{1}; }, false, false},
    {"prepended_as", [](ExportPeer& p) { p.peer_local_asn = Asn{1}; }, false, false},
    {"as_override", [](ExportPeer& p) { p.as_override = true; }, false, false},
    {"transit", [](ExportPeer& p) { p.transit = !p.transit; }, false, false},
    {"cluster", [](ExportPeer& p) { p.cluster_id = RouterId{77}; }, false, false},
    {"own_address", [](ExportPeer& p) { p.own_v4 = v4(10, 9, 9, 8); }, true, false},
    {"own_address_of_the_other_family", [](ExportPeer& p) { p.own_v6 = v6(98); }, true, true},
    {"next_hop_self", [](ExportPeer& p) { p.next_hop_self = NextHopSelf::kYes; }, true, false},
    {"two_octet_as", [](ExportPeer& p) { p.codec.four_octet_as = false; }, false, false},
    {"long_messages", [](ExportPeer& p) { p.codec.extended_message = true; }, false, false},
    {"add_path", [](ExportPeer& p) { p.codec.add_path_send.add(Family::kIpv4Unicast); }, true,
     false},
    {"extended_next_hop",
     [](ExportPeer& p) { p.codec.extended_next_hop.add(Family::kIpv4Unicast); }, true, false},
    {"add_path_receive", [](ExportPeer& p) { p.codec.add_path_receive.add(kEvpn); }, true, true},
    {"other_families", [](ExportPeer& p) { p.families.remove(Family::kIpv6Unicast); }, true, true},
};

TEST(ExportAlike, ByFamily) {
  const ExportPeer base = export_peer(peer_info(1, true, 65001));
  for (const AlikeCase& c : kAlike) {
    SCOPED_TRACE(c.name);
    ExportPeer other = base;
    c.change(other);
    EXPECT_EQ(export_alike(base, other, kEvpn), c.evpn);
    EXPECT_EQ(export_alike(other, base, kEvpn), c.evpn);
    EXPECT_EQ(export_alike(base, other, Family::kIpv4Unicast), c.ipv4);
    EXPECT_TRUE(export_alike(as_group(other), other, kEvpn));
  }
  // With as-override it matters which AS is replaced.
  ExportPeer a = base, b = base;
  a.as_override = b.as_override = true;
  EXPECT_TRUE(export_alike(a, b, kEvpn));
  b.info.remote_asn = Asn{65002};
  EXPECT_FALSE(export_alike(a, b, kEvpn));
}

TEST(UpdateGroups, LinksDifferForIpv4AndNotForEvpn) {
  World w{3, true};
  for (auto& [peer, config] : w.configs) config.own_v4 = v4(10, 1, peer, 1);
  w.all_up();
  for (const auto& [peer, config] : w.configs) {
    w.rib.exporter.start_initial(PeerId{peer}, Family::kIpv4Unicast);
  }
  EXPECT_EQ(w.groups(), 1U);
  EXPECT_EQ(w.rib.exporter.groups(Family::kIpv4Unicast), 3U);
}

TEST(UpdateGroups, TwoInternalSessionsWithOneRouterStayApart) {
  World w{3, false};
  w.configs[2].info.router_id = w.configs[1].info.router_id;
  w.rib.peers.set(w.configs[2].info);
  w.all_up();
  w.put(1, 3, 100, 0, w.configs[1].info.router_id);
  w.put(2, 1);
  w.settle();
  EXPECT_EQ(w.groups(), 2U);
  EXPECT_NE(w.group_of(1), w.group_of(2));
  EXPECT_FALSE(w.has(1, 1));  // both are the originator
  EXPECT_FALSE(w.has(2, 1));
  EXPECT_TRUE(w.has(3, 2));
}

// ---- sharing ------------------------------------------------------------------------------------

TEST(UpdateGroups, MembersGetTheOctetsOfASoloNeighbour) {
  World one{2, true}, many{30, true};
  one.up(2);
  for (std::uint16_t peer = 2; peer <= 30; ++peer) many.up(peer);
  const auto both = [&](auto&& change) {
    change(one);
    change(many);
    one.rib.decide_all();
    many.rib.decide_all();
    const Octets want = one.take(2);
    EXPECT_FALSE(want.empty());
    for (std::uint16_t peer = 2; peer <= 30; ++peer) EXPECT_EQ(many.take(peer), want);
  };
  both([](World& w) {
    for (std::uint32_t n = 0; n < 500; ++n) w.put(n, 1, 100, n % 7);
  });
  both([](World& w) {
    for (std::uint32_t n = 0; n < 500; n += 5) w.drop(n, 1);
    for (std::uint32_t n = 1; n < 500; n += 5) w.put(n, 1, 100, 77);
  });
  EXPECT_EQ(many.groups(), 1U);
  EXPECT_EQ(many.at(2).marks, std::vector<std::string>{"eor evpn"});
  EXPECT_FALSE(many.rib.exporter.has_work(PeerId{30}));
}

TEST(UpdateGroups, MemoryIsTheGroupsNotTheMembers) {
  constexpr std::uint32_t kRoutes = 20000;
  std::map<std::uint16_t, std::size_t> octets;
  for (const std::uint16_t members : {std::uint16_t{2}, std::uint16_t{101}}) {
    World w{members, true};
    for (std::uint16_t peer = 2; peer <= members; ++peer) w.up(peer);
    for (std::uint32_t n = 0; n < kRoutes; ++n) w.put(n, 1, 100, n / 100);
    w.settle();
    EXPECT_EQ(w.rib.exporter.advertised_count(PeerId{members}, kEvpn), kRoutes);
    EXPECT_EQ(w.groups(), 1U);
    octets[members] = w.rib.exporter.memory();
  }
  // A hundred members cost their entries, and what is kept to encode with: nothing per route.
  EXPECT_LE(octets[101], octets[2] + 100 * 1024 + (1U << 18));
}

TEST(UpdateGroups, SessionsThatComeUpTogetherShareTheirWalk) {
  World w{6, true};
  for (std::uint32_t n = 0; n < 5000; ++n) w.put(n, 1, 100, n % 9);
  w.rib.decide_all();
  w.up(2);
  w.up(3);
  EXPECT_EQ(w.groups(), 1U);
  w.take(2, 5000);
  w.up(4);  // too late for that walk
  w.up(5);
  EXPECT_EQ(w.groups(), 2U);
  EXPECT_EQ(w.group_of(4), w.group_of(5));
  w.settle();
  EXPECT_EQ(w.groups(), 1U);  // in the end they are together
  for (std::uint16_t peer = 2; peer <= 5; ++peer) {
    EXPECT_EQ(w.at(peer).held.size(), 5000U);
    EXPECT_EQ(w.at(peer).announced, 5000U);  // once
    EXPECT_EQ(w.at(peer).marks, std::vector<std::string>{"eor evpn"});
  }
}

TEST(UpdateGroups, EndOfRibFollowsTheTableForASlowReaderToo) {
  World w{4, true};
  for (std::uint32_t n = 0; n < 5000; ++n) w.put(n, 1, 100, n % 9);
  w.rib.decide_all();
  for (std::uint16_t peer = 2; peer <= 4; ++peer) w.up(peer);
  while (w.rib.exporter.has_work(PeerId{2})) w.take(2, 4000);
  EXPECT_EQ(w.at(2).marks.size(), 1U);
  while (w.at(3).held.size() < 5000) {
    EXPECT_TRUE(w.at(3).marks.empty());
    EXPECT_TRUE(w.rib.exporter.has_work(PeerId{3}));
    w.take(3, 4000);
  }
  EXPECT_EQ(w.at(3).marks.size(), 1U);
  // What happens after the walk does not hold the marker back.
  w.put(1, 1, 100, 99);
  w.rib.decide_all();
  w.settle();
  EXPECT_EQ(w.at(4).marks.size(), 1U);
}

// ---- whom a route came from ---------------------------------------------------------------------

TEST(SplitHorizon, TheBestPathMovesBetweenMembers) {
  World w{4, true};
  w.all_up();
  w.put(1, 1, 100);
  w.settle();
  EXPECT_FALSE(w.has(1, 1));
  EXPECT_TRUE(w.has(2, 1) && w.has(3, 1) && w.has(4, 1));
  EXPECT_FALSE(w.rib.exporter.is_advertised<L2vpnEvpn>(PeerId{1}, 1));
  EXPECT_EQ(w.rib.exporter.advertised_count(PeerId{1}, kEvpn), 0U);
  EXPECT_EQ(w.rib.exporter.next_advertised<L2vpnEvpn>(PeerId{1}, 0), 0U);
  EXPECT_EQ(w.rib.exporter.next_advertised<L2vpnEvpn>(PeerId{2}, 0), 1U);

  w.put(1, 2, 200);  // 2 is better: 1 is told, from 2 it is taken back
  w.settle();
  EXPECT_TRUE(w.has(1, 1) && w.has(3, 1) && w.has(4, 1));
  EXPECT_FALSE(w.has(2, 1));
  EXPECT_EQ(w.at(2).withdrawn, 1U);

  w.drop(1, 2);  // and back
  w.settle();
  EXPECT_FALSE(w.has(1, 1));
  EXPECT_TRUE(w.has(2, 1));
  EXPECT_EQ(w.at(1).withdrawn, 1U);

  w.drop(1, 1);
  w.settle();
  for (const auto& [peer, r] : w.receivers) EXPECT_TRUE(r->held.empty());
  EXPECT_EQ(w.at(1).withdrawn, 1U);  // it had nothing
  EXPECT_EQ(w.groups(), 1U);
  EXPECT_EQ(w.rib.evpn.routes(), 0U);
}

TEST(SplitHorizon, ASourceThatRepeatsItselfHearsNothing) {
  World w{3, true};
  w.all_up();
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::uint32_t n = 0; n < 50; ++n) w.put(n, 1, 100, round);
    w.settle();
  }
  EXPECT_EQ(w.at(1).messages, 1U);  // End-of-RIB
  EXPECT_EQ(w.at(2).announced, 250U);
  EXPECT_EQ(w.at(2).held.size(), 50U);
}

TEST(SplitHorizon, AnOriginatorIsNotToldEither) {
  World w{4, false};
  w.all_up();
  const RouterId third = w.configs[3].info.router_id;
  w.put(1, 1, 100);
  w.settle();
  EXPECT_TRUE(w.has(2, 1) && w.has(3, 1) && w.has(4, 1));
  w.put(1, 1, 100, 0, third);  // the same source, but it is the third's own route
  w.settle();
  EXPECT_TRUE(w.has(2, 1) && w.has(4, 1));
  EXPECT_FALSE(w.has(1, 1) || w.has(3, 1));
  EXPECT_EQ(w.at(3).withdrawn, 1U);
  EXPECT_EQ(w.at(1).withdrawn, 0U);
  w.put(1, 3, 200, 0, third);
  w.settle();
  EXPECT_TRUE(w.has(1, 1) && w.has(2, 1) && w.has(4, 1));
  EXPECT_FALSE(w.has(3, 1));
  EXPECT_EQ(w.at(3).withdrawn, 1U);
  EXPECT_EQ(w.groups(), 1U);
}

TEST(SplitHorizon, ARouteThatNoLongerFitsIsTakenBackFromThoseWhoHaveIt) {
  World w{3, true};
  w.all_up();
  w.put(1, 1, 100);
  w.settle();
  wire::PathAttributes a = attributes_of(World::next_hop());
  a.local_pref = 200;
  for (std::uint32_t i = 0; i < 1100; ++i) a.communities.push_back(i);
  w.rib.put(w.rib.evpn, type5(1, 1 << 8), 2, a);
  w.settle();
  for (const auto& [peer, r] : w.receivers) EXPECT_TRUE(r->held.empty()) << peer;
  EXPECT_EQ(w.at(1).withdrawn, 0U);
  EXPECT_EQ(w.at(2).withdrawn, 1U);
  EXPECT_EQ(w.rib.exporter.too_big(PeerId{3}), 1U);
  EXPECT_EQ(w.rib.exporter.advertised_count(PeerId{3}, kEvpn), 0U);
}

// ---- members that go their own way --------------------------------------------------------------

TEST(UpdateGroups, ASlowMemberGoesOnAloneAndComesBack) {
  World w{5, true, 20000};
  w.all_up();
  w.settle();
  std::size_t most = 0;
  for (std::uint32_t round = 0; round < 40; ++round) {
    for (std::uint32_t n = 0; n < 100; ++n) {
      if ((n + round) % 10 == 0) {
        w.drop(n, 1);
      } else {
        w.put(n, 1, 100, round * 1000 + n / 20);
      }
    }
    w.settle(3);
    EXPECT_EQ(w.at(2).held.size(), 90U);  // nobody waits
    most = std::max(most, w.rib.exporter.memory());
  }
  EXPECT_EQ(w.groups(), 2U);
  EXPECT_LE(most, 20000U * 3 + 40000U);
  EXPECT_TRUE(w.at(3).held.empty());
  w.settle();
  EXPECT_EQ(w.at(3).held.size(), 90U);
  for (const auto& [key, told] : w.at(2).held) {
    ASSERT_TRUE(w.at(3).held.contains(key));
    EXPECT_EQ(w.at(3).held.at(key).attributes, told.attributes);
  }
  EXPECT_LT(w.at(3).announced, w.at(2).announced);  // what was outdated meanwhile is not told
  EXPECT_EQ(w.groups(), 1U);
  EXPECT_EQ(w.at(3).marks.size(), 1U);
}

TEST(UpdateGroups, ARefreshIsForWhoAskedAndEndsTogether) {
  World w{5, true};
  w.all_up();
  for (std::uint32_t n = 0; n < 300; ++n) w.put(n, static_cast<std::uint16_t>(1 + n % 2));
  w.settle();
  const std::size_t before = w.at(5).messages;
  w.put(900, 1);  // not read yet when the refresh begins
  w.rib.decide_all();
  w.take(2);
  for (const std::uint16_t peer : {std::uint16_t{3}, std::uint16_t{4}}) {
    w.rib.exporter.start_refresh(PeerId{peer}, kEvpn, true);
    w.rib.exporter.start_refresh(PeerId{peer}, kEvpn, true);
  }
  EXPECT_EQ(w.groups(), 2U);  // both share the walk
  EXPECT_EQ(w.group_of(3), w.group_of(4));
  w.settle();
  EXPECT_EQ(w.groups(), 1U);
  for (std::uint16_t peer = 1; peer <= 5; ++peer) {
    SCOPED_TRACE(peer);
    const bool asked = peer == 3 || peer == 4;
    const std::vector<std::string> plain{"eor evpn"};
    const std::vector<std::string> all{"eor evpn", "borr evpn", "eorr evpn"};
    EXPECT_EQ(w.at(peer).marks, asked ? all : plain);
    EXPECT_EQ(w.at(peer).held.size(), peer == 1 ? 150U : peer == 2 ? 151U : 301U);
    EXPECT_EQ(w.at(peer).withdrawn, 0U);
  }
  EXPECT_EQ(w.at(5).messages, before + 1);
  EXPECT_GE(w.at(3).announced, 601U);
}

TEST(UpdateGroups, ARefreshAmidTheFirstTableEndsWithOneEndOfRib) {
  World w{3, true};
  for (std::uint32_t n = 0; n < 3000; ++n) w.put(n, 1, 100, n % 9);
  w.rib.decide_all();
  w.up(2);
  w.up(3);
  w.take(2, 3000);
  w.rib.exporter.start_refresh(PeerId{3}, kEvpn, true);
  w.take(3, 3000);
  EXPECT_TRUE(w.at(3).marks.empty());
  w.settle();
  EXPECT_EQ(w.at(3).marks, std::vector<std::string>{"eor evpn"});
  EXPECT_EQ(w.at(2).marks, std::vector<std::string>{"eor evpn"});
  EXPECT_EQ(w.at(3).held.size(), 3000U);
  EXPECT_EQ(w.groups(), 1U);
}

TEST(UpdateGroups, OtherRulesMakeAnotherGroup) {
  World w{5, true};
  w.all_up();
  for (std::uint32_t n = 0; n < 100; ++n) w.put(n, 1);
  w.settle();
  for (const std::uint16_t peer : {std::uint16_t{3}, std::uint16_t{4}}) {
    w.configs[peer].transit = false;
    w.rib.exporter.change_peer(w.configs[peer]);
  }
  EXPECT_EQ(w.groups(), 2U);
  w.settle();
  EXPECT_EQ(w.groups(), 2U);
  EXPECT_TRUE(w.at(3).held.empty() && w.at(4).held.empty());
  EXPECT_EQ(w.at(5).held.size(), 100U);
  EXPECT_EQ(w.at(5).withdrawn, 0U);
  for (const std::uint16_t peer : {std::uint16_t{3}, std::uint16_t{4}}) {
    w.configs[peer].transit = true;
    w.rib.exporter.change_peer(w.configs[peer]);
  }
  w.settle();
  EXPECT_EQ(w.groups(), 1U);
  EXPECT_EQ(w.at(3).held.size(), 100U);
}

TEST(UpdateGroups, AMemberThatGoesTakesNothingAlong) {
  World w{4, true};
  w.all_up();
  for (std::uint32_t n = 0; n < 2000; ++n) w.put(n, 1, 100, n % 5);
  w.rib.decide_all();
  w.take(2, 3000);
  w.take(3, 3000);
  w.take(2, 3000);
  w.rib.exporter.remove_peer(PeerId{2});  // the one that was ahead
  w.receivers.erase(2);
  w.settle();
  EXPECT_EQ(w.at(3).held.size(), 2000U);
  EXPECT_EQ(w.at(4).held.size(), 2000U);
  // The source goes: its name is no longer in the way when it is back.
  w.rib.exporter.remove_peer(PeerId{1});
  w.receivers.erase(1);
  w.up(1);
  for (std::uint32_t n = 0; n < 2000; ++n) w.put(n, 3, 200);
  w.settle();
  EXPECT_EQ(w.at(1).held.size(), 2000U);
  EXPECT_TRUE(w.at(3).held.empty());
  EXPECT_EQ(w.groups(), 1U);
  for (const std::uint16_t peer : {std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{4}}) {
    w.rib.exporter.remove_peer(PeerId{peer});
  }
  EXPECT_EQ(w.groups(), 0U);
  EXPECT_TRUE(w.rib.exporter.reap(10));
  EXPECT_FALSE(w.rib.exporter.reap(10000));
}

// ---- what is urgent -----------------------------------------------------------------------------

TEST(Urgent, GoesBeforeATable) {
  World w{3, true};
  w.up(2);
  w.up(3);
  w.settle();
  for (std::uint32_t n = 0; n < 20000; ++n) w.put(n, 1, 100, n % 5);
  w.rib.decide_all();
  w.take(2, 4000);
  w.put(50000, 1, 100, 9);
  w.rib.evpn.decide(10, w.rib.context(), [&](RouteId id, const BestChange&) {
    w.rib.exporter.on_best_change<L2vpnEvpn>(id, true);
  });
  EXPECT_FALSE(w.has(2, 50000));
  w.take(2, 4000);
  EXPECT_TRUE(w.has(2, 50000));
  EXPECT_LT(w.at(2).held.size(), 2000U);
  w.settle();
  EXPECT_EQ(w.at(2).held.size(), 20001U);
  EXPECT_EQ(w.at(2).announced, 20001U);
  EXPECT_EQ(w.at(3).announced, 20001U);
}

TEST(Urgent, TooManyWaitTheirTurn) {
  World w{3, true};
  w.up(2);
  w.settle();
  for (std::uint32_t n = 0; n < 3000; ++n) w.put(n, 1, 100, n);
  while (w.rib.evpn.decide(100, w.rib.context(), [&](RouteId id, const BestChange&) {
    w.rib.exporter.on_best_change<L2vpnEvpn>(id, true);
  }) > 0) {
  }
  // A withdrawal before its turn leaves nothing behind in the list.
  for (std::uint32_t n = 0; n < 100; ++n) w.drop(n, 1);
  w.rib.decide_all();
  w.take(2, 300);
  EXPECT_LE(w.at(2).held.size(), 5U);  // the budget holds for them too
  w.settle();
  EXPECT_EQ(w.at(2).held.size(), 2900U);
  EXPECT_EQ(w.at(2).announced, 2900U);
  EXPECT_EQ(w.at(2).withdrawn, 0U);
}

// ---- the parts ----------------------------------------------------------------------------------

TEST(Absences, ColumnsAppearWithWhatIsInThem) {
  Absences a;
  a.set(1000, {});
  EXPECT_EQ(a.memory(), 0U);
  Absent one;
  one.add(PeerId{7});
  a.set(10, one);
  const std::size_t single = a.memory();
  EXPECT_EQ(a.get(10), one);
  EXPECT_EQ(a.get(9), Absent{});
  EXPECT_EQ(a.get(99), Absent{});
  Absent two = one;
  two.add(PeerId{3});
  two.add(PeerId{3});
  EXPECT_TRUE(two.full());
  EXPECT_EQ(two.first, PeerId{3});
  EXPECT_EQ(two.second, PeerId{7});
  a.set(5, two);
  EXPECT_GT(a.memory(), single);
  EXPECT_EQ(a.count(PeerId{7}), 2U);
  EXPECT_EQ(a.count(PeerId{3}), 1U);
  EXPECT_EQ(a.count(PeerId{4000}), 0U);
  a.forget(PeerId{3});
  EXPECT_EQ(a.get(5), one);
  a.forget(PeerId{7});
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(a.memory(), 0U);
}

TEST(Absent, KeepsItsOrder) {
  Absent a;
  EXPECT_EQ(a.size(), 0U);
  a.add(PeerId{5});
  a.add(PeerId{9});
  a.remove(PeerId{5});
  EXPECT_EQ(a.first, PeerId{9});
  EXPECT_EQ(a.size(), 1U);
  a.remove(PeerId{4});
  EXPECT_TRUE(a.has(PeerId{9}));
  a.remove(PeerId{9});
  EXPECT_EQ(a, Absent{});
}

TEST(UpdateLog, EntriesGoWithTheirLastReader) {
  UpdateChunk chunk;
  chunk.octets = {1, 2, 3};
  chunk.mark({});
  chunk.octets.insert(chunk.octets.end(), {4, 5});
  Absent absent;
  absent.add(PeerId{2});
  chunk.mark({absent, {}});
  chunk.mark({});  // nothing was appended
  chunk.octets.push_back(6);
  chunk.mark({{}, PeerId{3}});
  const std::map<std::uint16_t, Octets> want{
      {1, {1, 2, 3, 4, 5}}, {2, {1, 2, 3}}, {3, {1, 2, 3, 4, 5, 6}}};
  for (const auto& [peer, octets] : want) {
    Octets out;
    chunk.copy_for(PeerId{peer}, out);
    EXPECT_EQ(out, octets) << peer;
  }
  UpdateLog log;
  for (int i = 0; i < 3; ++i) log.append(std::make_shared<const UpdateChunk>(chunk), 2);
  EXPECT_EQ(log.end(), 3U);
  EXPECT_EQ(log.weight(), 3 * log.at(0)->weight());
  log.pass(0);
  log.pass(1);
  log.pass(1);
  EXPECT_EQ(log.begin(), 0U);  // the first has a reader left
  log.pass(0);
  EXPECT_EQ(log.begin(), 2U);
  EXPECT_EQ(log.at(2)->octets, chunk.octets);
  log.pass(2);
  log.pass(2);
  EXPECT_EQ(log.weight(), 0U);
  EXPECT_EQ(log.begin(), log.end());
}

TEST(FindMember, ByItsId) {
  const std::vector<GroupMember> members{{PeerId{2}, RouterId{20}}, {PeerId{5}, RouterId{50}}};
  EXPECT_EQ(find_member(members, PeerId{5})->router_id, RouterId{50});
  EXPECT_EQ(find_member(members, PeerId{3}), nullptr);
  EXPECT_EQ(find_member(members, PeerId{9}), nullptr);
}

}  // namespace
}  // namespace perd::rib
