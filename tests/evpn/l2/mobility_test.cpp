// Goal: where two nodes claim a MAC or an address, this one decides as RFC 7432 15 and RFC 9721
// say, and the same as the other one does. Method: tables of short stories told to a node whose own
// VTEP lies between a lower and a higher one; what counts is what the kernel side and the other
// nodes are told.
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

// ---- MACs: the table of RFC 7432 15 ----

enum class What { kLearn, kLearnSticky, kHear, kGone, kRemote, kWithdraw };
struct Act {
  What what;
  const char* vtep = kLower;
  std::uint32_t sequence = 0;
  bool sticky = false;
};
struct Story {
  const char* name;
  std::vector<Act> acts;
  const char* place;           // at the end
  std::int64_t sequence = -1;  // ours; -1: nothing originated
};

void play(L2Node& n, const Act& act) {
  const RemoteMac route{.next_hop = act.vtep, .sequence = act.sequence, .sticky = act.sticky};
  switch (act.what) {
    case What::kLearn:
      n.fdb(kHostA);
      break;
    case What::kLearnSticky:
      n.fdb(kHostA, 7, true);
      break;
    case What::kHear:
      n.heard(kHostA);
      break;
    case What::kGone:
      n.fdb_gone(kHostA);
      break;
    case What::kRemote:
      n.announce(route);
      break;
    case What::kWithdraw:
      n.withdraw(route);
      break;
  }
  n.run();
}

const Story kStories[] = {
    {"learned here", {{What::kLearn}}, "local", 0},
    {"heard here", {{What::kHear}}, "local", 0},
    {"gone again", {{What::kLearn}, {What::kGone}}, "nowhere"},
    {"learned elsewhere", {{What::kRemote, kLower}}, kLower},
    {"remote, then here: one more", {{What::kRemote, kLower}, {What::kLearn}}, "local", 1},
    {"remote, then heard: one more", {{What::kRemote, kHigher}, {What::kHear}}, "local", 1},
    {"remote 4, then here: 5", {{What::kRemote, kLower, 4}, {What::kLearn}}, "local", 5},
    {"two remotes, then here: above both",
     {{What::kRemote, kLower, 2}, {What::kRemote, kHigher, 6}, {What::kLearn}},
     "local",
     7},
    {"here, then remote with more", {{What::kLearn}, {What::kRemote, kHigher, 1}}, kHigher},
    {"here 5, then remote with less stays",
     {{What::kRemote, kLower, 4}, {What::kLearn}, {What::kRemote, kLower, 3}},
     "local",
     5},
    {"tie: the lower address takes it", {{What::kLearn}, {What::kRemote, kLower}}, kLower},
    {"tie: the higher address does not", {{What::kLearn}, {What::kRemote, kHigher}}, "local", 0},
    {"tie after a move, lower",
     {{What::kRemote, kHigher}, {What::kLearn}, {What::kRemote, kLower, 1}},
     kLower},
    {"tie after a move, higher",
     {{What::kRemote, kLower}, {What::kLearn}, {What::kRemote, kHigher, 1}},
     "local",
     1},
    {"number is kept when the remote withdraws",
     {{What::kRemote, kLower}, {What::kLearn}, {What::kWithdraw, kLower}},
     "local",
     1},
    {"nothing is kept when it leaves as well",
     {{What::kRemote, kLower},
      {What::kLearn},
      {What::kWithdraw, kLower},
      {What::kGone},
      {What::kLearn}},
     "local",
     0},
    {"comes back from where it went",
     {{What::kLearn}, {What::kRemote, kHigher, 1}, {What::kLearn}},
     "local",
     2},
    {"learned after the remote is gone",
     {{What::kRemote, kLower, 3}, {What::kWithdraw, kLower, 3}, {What::kLearn}},
     "local",
     0},
    {"among remotes the greater number",
     {{What::kRemote, kLower, 1}, {What::kRemote, kHigher, 2}},
     kHigher},
    {"among remotes the lower address",
     {{What::kRemote, kHigher, 1}, {What::kRemote, kLower, 1}},
     kLower},
    {"among remotes the static one",
     {{What::kRemote, kHigher, 0, true}, {What::kRemote, kLower, 9}},
     kHigher},
    {"remote static is not taken over",
     {{What::kRemote, kHigher, 0, true}, {What::kLearn}},
     kHigher},
    {"remote static takes a plain one",
     {{What::kLearn}, {What::kRemote, kHigher, 0, true}},
     kHigher},
    {"local static is not taken away",
     {{What::kLearnSticky}, {What::kRemote, kLower, 9}},
     "local",
     0},
    {"local static takes a remote one",
     {{What::kRemote, kLower, 3}, {What::kLearnSticky}},
     "local",
     4},
    {"both static: each keeps its own",
     {{What::kLearnSticky}, {What::kRemote, kLower, 0, true}},
     "local",
     0},
    {"static elsewhere, seen here, static one withdrawn",
     {{What::kRemote, kHigher, 0, true}, {What::kLearn}, {What::kWithdraw, kHigher, 0, true}},
     "local",
     0},
    {"numbers do not wrap",
     {{What::kRemote, kHigher, 0xffffffff}, {What::kLearn}},
     "local",
     0xffffffff},
};

TEST(Mobility, Stories) {
  for (const Story& story : kStories) {
    SCOPED_TRACE(story.name);
    L2Node n;
    n.start();
    for (const Act& act : story.acts) play(n, act);
    EXPECT_EQ(n.place(kHostA), story.place);
    EXPECT_EQ(n.sequence(kHostA), story.sequence) << n.explain(kHostA);
    const MacView v = n.view(kHostA);
    EXPECT_EQ(v.place == HostPlace::kLocal, std::string(story.place) == "local");
  }
}

// It is done when the call returns: no step, no timer between.
TEST(Mobility, AMoveHereIsCompleteAtOnce) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  n.heard(kHostA, "10.110.0.10");
  EXPECT_EQ(n.place(kHostA), "local");
  EXPECT_EQ(n.sequence(kHostA), 1);
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 1);
  ASSERT_EQ(n.tables.made_local.size(), 1U);
  EXPECT_EQ(n.tables.made_local[0].mac, mac(kHostA));
  EXPECT_TRUE(n.has_host_route("10.110.0.10/32"));
}

TEST(Mobility, AMoveAwayIsToldToWhatIsBehindThePorts) {
  L2Node n;
  n.start();
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostA, "fd00::a");
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 1});
  EXPECT_EQ(n.place(kHostA), kHigher);
  EXPECT_EQ(n.sequence(kHostA), -1);
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), -1);
  EXPECT_EQ(n.count(HostMessageKind::kAnnounce), 2U);
  EXPECT_EQ(n.count(HostMessageKind::kRarp), 0U);
  EXPECT_FALSE(n.has_host_route("10.110.0.10/32"));
  EXPECT_EQ(n.engine.mac_vrfs()[0].local_neighbours, 0U);
}

TEST(Mobility, AMoveAwayWithoutAddresses) {
  L2Node n;
  n.start();
  n.fdb(kHostA);
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 1});
  EXPECT_EQ(n.count(HostMessageKind::kAnnounce), 0U);
  ASSERT_EQ(n.count(HostMessageKind::kRarp), 1U);
  EXPECT_TRUE(n.tables.messages.back().address.is_unspecified());
}

TEST(Mobility, AllRoutesOfAMacCarryTheSameNumber) {
  L2Node n;
  n.start();
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostA, "fe80::a");
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 3});
  n.fdb(kHostA);
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostA, "fe80::a");
  EXPECT_EQ(n.sequence(kHostA), 4);
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 4);
  EXPECT_EQ(n.sequence(kHostA, "fe80::a"), 4);
}

TEST(Mobility, StaticElsewhereIsToldOnce) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.sticky = true});
  const std::size_t before = n.count(EventKind::kMacMoved);
  n.heard(kHostA);
  n.heard(kHostA);
  n.fdb(kHostA);
  EXPECT_EQ(n.count(EventKind::kMacMoved), before + 1);
  EXPECT_EQ(n.events.back().severity, Severity::kWarning);
  EXPECT_TRUE(n.tables.macs.at({1, mac(kHostA)}).sticky);
  n.announce(RemoteMac{});
  EXPECT_FALSE(n.tables.macs.contains({1, mac(kHostA)})) << "it is seen here, and no longer static";
}

// RFC 9135 7: it only sends data, so its addresses come along and are asked for.
TEST(Mobility, AddressesComeAlong) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  n.announce(RemoteMac{.ip = "fd00::a"});
  n.announce(RemoteMac{.ip = "10.110.0.1"});  // a gateway of ours
  n.announce(RemoteMac{.mac = kHostB, .ip = "10.110.0.11"});
  n.fdb(kHostA);
  n.run();
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 1);
  EXPECT_EQ(n.sequence(kHostA, "fd00::a"), 1);
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.1"), -1);
  EXPECT_EQ(n.sequence(kHostB, "10.110.0.11"), -1);
  EXPECT_TRUE(n.has_host_route("10.110.0.10/32"));
  EXPECT_EQ(n.count(HostMessageKind::kProbe), 2U);
  n.advance(std::chrono::milliseconds(500));
  n.heard(kHostA, "10.110.0.10");
  n.advance(std::chrono::seconds(5));
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 1);
  EXPECT_EQ(n.sequence(kHostA, "fd00::a"), -1) << "no answer; nor is it taken again";
}

// The old place may take an address back before the search comes to it: it was there a moment ago.
TEST(Mobility, AddressesComeAlongThoughTheyWereTakenBackFirst) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{});
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  n.announce(RemoteMac{.mac = kHostB, .ip = "10.110.0.11"});
  n.fdb(kHostA);
  n.drop(RemoteMac{.ip = "10.110.0.10"});
  n.drop(RemoteMac{.mac = kHostB, .ip = "10.110.0.11"});
  n.run();
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 1);
  EXPECT_EQ(n.sequence(kHostB, "10.110.0.11"), -1);
  EXPECT_EQ(n.count(HostMessageKind::kProbe), 1U);
  n.advance(std::chrono::seconds(5));
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), -1) << "no answer";
  EXPECT_EQ(n.sequence(kHostA), 1);
}

// What follows from a single change goes before bulk.
TEST(Mobility, SingleChangesAreUrgent) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  HostHeard h;
  h.mac_vrf = kOne;
  h.mac = mac(kHostA);
  h.address = ip("10.110.0.10");
  n.engine.on_heard(h, n.now);
  ASSERT_EQ(n.engine.delta().macs.size(), 1U);
  EXPECT_TRUE(n.engine.delta().macs[0].urgent);
  EXPECT_TRUE(n.engine.delta().neighbours[0].urgent);
  n.take();
  n.table.set_urgent(true);
  n.put(RemoteMac{.mac = kHostB});
  n.table.set_urgent(false);
  n.run();
  EXPECT_TRUE(n.tables.macs.at({1, mac(kHostB)}).urgent);
  n.announce(RemoteMac{.mac = kHostB, .next_hop = kHigher, .sequence = 1, .rd = "1:1"});
  EXPECT_FALSE(n.tables.macs.at({1, mac(kHostB)}).urgent);
}

// A neighbour entry may be an old one of a host that has gone elsewhere.
TEST(Mobility, ANeighbourEntryAloneMovesNothing) {
  for (const auto news : {NeighbourNews::kReachable, NeighbourNews::kStale}) {
    L2Node n;
    n.start();
    n.announce(RemoteMac{.ip = "10.110.0.10"});
    n.neighbour("10.110.0.10", kHostA, news);
    EXPECT_EQ(n.place(kHostA), kLower);
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
    EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), -1);
    n.fdb(kHostA);
    EXPECT_EQ(n.place(kHostA), "local");
    EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 1) << "known before, counts now";
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
  }
}

// ---- addresses: RFC 9721 ----

TEST(AddressMoves, FromARemoteMac) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.mac = kHostB, .ip = "10.110.0.10", .next_hop = kHigher, .sequence = 2});
  n.fdb(kHostA);
  EXPECT_EQ(n.sequence(kHostA), 0);
  n.heard(kHostA, "10.110.0.10");
  EXPECT_EQ(n.sequence(kHostA), 3) << "above the MAC that had the address";
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), 3);
  EXPECT_EQ(n.place(kHostB), kHigher);
  n.heard(kHostA, "10.110.0.10");
  EXPECT_EQ(n.sequence(kHostA), 3) << "no more than once";
}

TEST(AddressMoves, BetweenLocalMacs) {
  L2Node n;
  n.start();
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostB, "10.110.0.10");
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), -1);
  EXPECT_EQ(n.sequence(kHostA), 0);
  EXPECT_EQ(n.sequence(kHostB, "10.110.0.10"), 1);
  EXPECT_EQ(n.sequence(kHostB), 1);
  EXPECT_TRUE(n.has_host_route("10.110.0.10/32"));
  EXPECT_EQ(n.engine.mac_vrfs()[0].local_neighbours, 1U);
  n.neighbour("10.110.0.10", kHostA, NeighbourNews::kStale);
  EXPECT_EQ(n.sequence(kHostB, "10.110.0.10"), 1) << "an old entry takes nothing over";
}

TEST(AddressMoves, ToARemoteMac) {
  L2Node n;
  n.start();
  n.heard(kHostA, "10.110.0.10");
  n.announce(RemoteMac{.mac = kHostB, .ip = "10.110.0.10", .next_hop = kHigher, .sequence = 1});
  EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), -1);
  EXPECT_EQ(n.sequence(kHostA), 0) << "the MAC is still here";
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostB);
  EXPECT_FALSE(n.has_host_route("10.110.0.10/32"));
  ASSERT_EQ(n.count(HostMessageKind::kAnnounce), 1U);
  EXPECT_EQ(n.tables.messages.back().mac, mac(kHostB));
}

TEST(AddressMoves, ATieIsTheVteps) {
  for (const char* vtep : {kLower, kHigher}) {
    L2Node n;
    n.start();
    n.heard(kHostA, "10.110.0.10");
    n.announce(RemoteMac{.mac = kHostB, .ip = "10.110.0.10", .next_hop = vtep});
    const bool lost = std::string(vtep) == kLower;
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), lost ? kHostB : "");
    EXPECT_EQ(n.sequence(kHostA, "10.110.0.10"), lost ? -1 : 0);
  }
}

// ---- duplicates: RFC 7432 15.1 ----

void ping_pong(L2Node& n, unsigned rounds) {
  for (unsigned i = 0; i < rounds; ++i) {
    n.announce(RemoteMac{.next_hop = kHigher, .sequence = 2 * i + 1});
    n.fdb(kHostA);
  }
}

TEST(Duplicate, FreezesWhereItIs) {
  L2Node n;
  n.start();
  n.fdb(kHostA);
  ping_pong(n, 3);
  EXPECT_EQ(n.count(EventKind::kMacDuplicate), 1U);
  EXPECT_EQ(n.engine.mac_vrfs()[0].frozen_macs, 1U);
  EXPECT_TRUE(n.view(kHostA).frozen);
  EXPECT_EQ(n.place(kHostA), "local");
  const std::size_t news = n.origination_news;
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 50});
  n.fdb(kHostA);
  n.heard(kHostA);
  EXPECT_EQ(n.place(kHostA), "local") << "no more processing";
  EXPECT_EQ(n.origination_news, news) << "no more announcements";
  EXPECT_EQ(n.engine.clear_duplicates(kOne, mac(kHostB), n.now), 0U);
  EXPECT_EQ(n.engine.clear_duplicates(kOne, std::nullopt, n.now), 1U);
  n.run();
  EXPECT_EQ(n.place(kHostA), kHigher) << "50 stands above ours";
  EXPECT_EQ(n.engine.mac_vrfs()[0].frozen_macs, 0U);
  EXPECT_EQ(n.count(EventKind::kMacDuplicate), 2U);
  EXPECT_EQ(n.engine.counters().duplicates, 1U);
}

TEST(Duplicate, FrozenElsewhereAndTakenUpAgainHere) {
  L2Limits limits;
  limits.duplicate_moves = 2;
  L2Node n(limits);
  n.start();
  n.announce(RemoteMac{.next_hop = kHigher});
  n.fdb(kHostA);
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 2});
  EXPECT_EQ(n.place(kHostA), kHigher);
  EXPECT_TRUE(n.view(kHostA).frozen);
  n.fdb(kHostA);
  EXPECT_EQ(n.place(kHostA), kHigher);
  n.withdraw(RemoteMac{.next_hop = kHigher, .sequence = 2});
  EXPECT_EQ(n.place(kHostA), "nowhere") << "it stays on that side";
  EXPECT_EQ(n.engine.clear_duplicates(kOne, mac(kHostA), n.now), 1U);
  n.run();
  EXPECT_EQ(n.place(kHostA), "local");
}

TEST(Duplicate, SlowMovesAreNone) {
  L2Node n;
  n.start();
  n.fdb(kHostA);
  for (unsigned i = 0; i < 10; ++i) {
    n.announce(RemoteMac{.next_hop = kHigher, .sequence = 2 * i + 1});
    n.advance(std::chrono::seconds(50));
    n.fdb(kHostA);
    n.advance(std::chrono::seconds(50));
  }
  EXPECT_EQ(n.count(EventKind::kMacDuplicate), 0U);
  EXPECT_EQ(n.place(kHostA), "local");
  n.advance(std::chrono::seconds(200));
  EXPECT_EQ(n.view(kHostA).moves, 0U);
}

TEST(Duplicate, OneMoveIsNoNews) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.next_hop = kHigher});
  n.fdb(kHostA);
  ASSERT_EQ(n.count(EventKind::kMacMoved), 1U);
  EXPECT_EQ(n.events.back().severity, Severity::kDebug);
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 2});
  EXPECT_EQ(n.events.back().severity, Severity::kInfo);
  EXPECT_EQ(n.engine.counters().moves, 2U);
}

}  // namespace
}  // namespace perd::evpn::test
