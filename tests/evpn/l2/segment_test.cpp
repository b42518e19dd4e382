// Goal: MACs behind an Ethernet segment go where its A-D routes say (RFC 7432 8.2, 8.4, 9.2.2), and
// a VTEP that loses the segment leaves them by one change. Method: routes of types 1 and 2 in any
// order, the sets that the kernel side holds, and how many messages it took.
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

const char* const kEsi = "03:44:38:39:ff:ff:01:00:00:01";

RemoteAd segment_of(const char* vtep, bool single_active = false) {
  return {.next_hop = vtep, .single_active = single_active};
}
RemoteAd evi_of(const char* vtep, std::uint32_t label = 110) {
  return {.next_hop = vtep, .per_segment = false, .label = label};
}
RemoteMac mac_of(const char* m, const char* vtep) {
  return {.mac = m, .next_hop = vtep, .esi = kEsi};
}

TEST(Segment, AliasingNeedsBothAdRoutes) {
  L2Node n;
  n.start();
  n.announce(mac_of(kHostA, kLower));
  EXPECT_EQ(n.place(kHostA), "nowhere") << "RFC 7432 9.2.2";
  EXPECT_NE(n.explain(kHostA).find("no VTEP has an A-D route"), std::string::npos);
  n.announce(segment_of(kLower));
  EXPECT_EQ(n.place(kHostA), kLower) << "the advertiser";
  n.announce(segment_of(kHigher));
  EXPECT_EQ(n.place(kHostA), kLower);
  n.announce(evi_of(kHigher));
  EXPECT_EQ(n.place(kHostA), "192.0.2.2 192.0.2.9");
  n.withdraw(evi_of(kHigher));
  EXPECT_EQ(n.place(kHostA), kLower);
}

TEST(Segment, AnyOrder) {
  const auto all = [](L2Node& n, unsigned i) {
    if (i == 0) n.announce(mac_of(kHostA, kLower));
    if (i == 1) n.announce(segment_of(kLower));
    if (i == 2) n.announce(segment_of(kHigher));
    if (i == 3) n.announce(evi_of(kLower));
    if (i == 4) n.announce(evi_of(kHigher));
  };
  std::vector<unsigned> order{0, 1, 2, 3, 4};
  do {
    L2Node n;
    n.start();
    for (const unsigned i : order) all(n, i);
    ASSERT_EQ(n.place(kHostA), "192.0.2.2 192.0.2.9");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Segment, OtherLabelIsNoAlias) {
  L2Node n;
  n.start();
  n.announce(mac_of(kHostA, kLower));
  n.announce(segment_of(kLower));
  n.announce(segment_of(kHigher));
  n.announce(evi_of(kHigher, 999));
  EXPECT_EQ(n.place(kHostA), kLower);
}

TEST(Segment, SingleActiveIsTheAdvertiserOnly) {
  L2Node n;
  n.start();
  n.announce(mac_of(kHostA, kLower));
  n.announce(segment_of(kLower));
  n.announce(segment_of(kHigher, true));
  n.announce(evi_of(kLower));
  n.announce(evi_of(kHigher));
  EXPECT_EQ(n.place(kHostA), kLower);
  ASSERT_EQ(n.engine.ethernet_segments().size(), 1U);
  EXPECT_TRUE(n.engine.ethernet_segments()[0].single_active);
  n.announce(segment_of(kHigher, false));
  EXPECT_EQ(n.place(kHostA), "192.0.2.2 192.0.2.9");
}

TEST(Segment, MassWithdrawalIsOneChange) {
  L2Node n;
  n.start();
  for (const char* vtep : {kLower, kHigher}) {
    n.announce(segment_of(vtep));
    n.announce(evi_of(vtep));
  }
  constexpr unsigned kMacs = 500;
  for (unsigned i = 0; i < kMacs; ++i) {
    RemoteMac r = mac_of(kHostA, kLower);
    r.mac = to_string(
        MacAddress{{2, 0, 0, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}});
    n.put(r);
  }
  n.run();
  ASSERT_EQ(n.tables.macs.size(), kMacs);
  ASSERT_EQ(n.tables.sets.size(), 1U);
  ASSERT_EQ(n.engine.ethernet_segments().size(), 1U);
  EXPECT_EQ(n.engine.ethernet_segments()[0].macs, kMacs);
  EXPECT_EQ(n.engine.vteps()[1].macs, kMacs);
  n.tables.mac_news = n.tables.set_news = 0;
  n.withdraw(segment_of(kLower));
  EXPECT_EQ(n.tables.mac_news, 0U) << "no work per MAC";
  EXPECT_EQ(n.tables.set_news, 1U);
  EXPECT_EQ(n.tables.sets.begin()->second.vteps, std::vector<IpAddress>{ip(kHigher)});
  // The last one goes: MACs fall away, a slice at a time.
  n.drop(segment_of(kHigher));
  EXPECT_TRUE(n.turn(100));
  EXPECT_FALSE(n.tables.macs.empty());
  n.run(100);
  EXPECT_TRUE(n.tables.macs.empty());
  n.announce(segment_of(kLower));
  EXPECT_EQ(n.tables.macs.size(), kMacs);
}

// A MAC whose segment is gone goes where another route says, and comes back.
TEST(Segment, AnotherRouteTakesOver) {
  L2Node n;
  n.start();
  n.announce(segment_of(kLower));
  n.announce(mac_of(kHostA, kLower));
  n.announce(RemoteMac{.next_hop = kHigher});
  EXPECT_EQ(n.place(kHostA), kLower);
  n.withdraw(segment_of(kLower));
  EXPECT_EQ(n.place(kHostA), kHigher);
  n.announce(segment_of(kLower));
  EXPECT_EQ(n.place(kHostA), kLower);
}

TEST(Segment, NeighboursFollowTheirMac) {
  L2Node n;
  n.start();
  RemoteMac r = mac_of(kHostA, kLower);
  r.ip = "10.110.0.10";
  n.announce(r);
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
  n.announce(segment_of(kLower));
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
  n.withdraw(segment_of(kLower));
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
}

TEST(Segment, LeavesNothingBehind) {
  L2Node n;
  n.start();
  for (const char* vtep : {kLower, kHigher}) {
    n.announce(segment_of(vtep));
    n.announce(evi_of(vtep));
    n.announce(mac_of(kHostA, vtep));
  }
  for (const char* vtep : {kLower, kHigher}) {
    n.withdraw(segment_of(vtep));
    n.withdraw(evi_of(vtep));
    n.withdraw(mac_of(kHostA, vtep));
  }
  EXPECT_TRUE(n.engine.ethernet_segments().empty());
  EXPECT_TRUE(n.tables.sets.empty());
  EXPECT_EQ(n.engine.counters().vtep_sets, 0U);
}

}  // namespace
}  // namespace perd::evpn::test
