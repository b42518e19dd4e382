// Goal: hosts that fall silent are asked before they are withdrawn, those that answer stay, and
// however many there are, the pace is bounded. Method: news of the bridge and the kernel with time
// in hand; counts of probes, of withdrawals and of deadlines.
#include "evpn/l2/deadlines.h"
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kAddress = "10.110.0.10";

std::size_t probes(const L2Node& n) { return n.count(HostMessageKind::kProbe); }

struct Watched : L2Node {
  Watched() {
    start();
    fdb(kHostA);
    heard(kHostA, kAddress);
  }
};

TEST(Silence, IsAskedAboutAndThenWithdrawn) {
  Watched n;
  n.advance(seconds(23));  // 30 s less a fifth
  EXPECT_EQ(probes(n), 0U);
  n.advance(seconds(14));  // ... more a fifth
  ASSERT_GE(probes(n), 1U);
  const HostMessage& m = n.tables.messages[0];
  EXPECT_EQ(m.kind, HostMessageKind::kProbe);
  EXPECT_EQ(m.mac, mac(kHostA));
  EXPECT_EQ(m.address, ip(kAddress));
  EXPECT_EQ(m.port, 7U);
  n.advance(seconds(4));
  EXPECT_EQ(probes(n), 3U);
  EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  EXPECT_FALSE(n.has_host_route("10.110.0.10/32"));
  EXPECT_EQ(n.sequence(kHostA), 0) << "the bridge still has the MAC";
  ASSERT_EQ(n.count(EventKind::kHostSilent), 1U);
  EXPECT_EQ(n.events.back().severity, Severity::kInfo);
  EXPECT_EQ(n.engine.counters().hosts_silent, 1U);
  EXPECT_EQ(n.engine.counters().probes_sent, 3U);
}

TEST(Silence, AnAnswerIsEnough) {
  struct Case {
    const char* name;
    void (*answer)(L2Node&);
  };
  const Case kCases[] = {
      {"heard", [](L2Node& n) { n.heard(kHostA, kAddress); }},
      {"reachable", [](L2Node& n) { n.neighbour(kAddress, kHostA, NeighbourNews::kReachable); }},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Watched n;
    for (int round = 1; round <= 3; ++round) {
      while (probes(n) < 2U * static_cast<std::size_t>(round)) n.advance(milliseconds(500));
      EXPECT_TRUE(n.view(kHostA).probing);
      c.answer(n);
      EXPECT_FALSE(n.view(kHostA).probing);
      n.advance(seconds(20));
      EXPECT_EQ(probes(n), 2U * static_cast<std::size_t>(round));
    }
    EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
  }
}

TEST(Silence, LifeKeepsTheProbesAway) {
  Watched n;
  for (int i = 0; i < 20; ++i) {
    n.advance(seconds(20));
    n.heard(kHostA, kAddress);
  }
  EXPECT_EQ(probes(n), 0U);
  EXPECT_LT(n.engine.memory()[7].entries, 5U) << "deadlines do not pile up";
}

TEST(Silence, StaleIsNoReason) {
  Watched n;
  n.neighbour(kAddress, kHostA, NeighbourNews::kStale);
  n.advance(seconds(2));
  EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
  EXPECT_EQ(probes(n), 0U);
}

// The kernel gave up, or forgot: the host itself has the last word.
TEST(Silence, TheKernelDoubts) {
  for (const auto news : {NeighbourNews::kFailed, NeighbourNews::kGone}) {
    Watched n;
    n.neighbour(kAddress, kHostA, news);
    EXPECT_EQ(probes(n), 1U) << "at once";
    EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
    n.advance(milliseconds(900));
    n.heard(kHostA, kAddress);
    n.advance(seconds(5));
    EXPECT_EQ(probes(n), 1U);
    EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
    n.neighbour(kAddress, kHostA, news);
    n.advance(seconds(4));
    EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  }
}

// A bridge that forgets MACs after 30 s: hosts are asked within 10 s, so it never does.
TEST(Silence, IsShorterThanTheMemoryOfTheBridge) {
  Watched n;
  MacVrfState s = up(one());
  s.ageing = 30;
  n.engine.on_state(s, n.now);
  n.heard(kHostB, "10.110.0.11");
  n.fdb(kHostB);
  n.advance(seconds(12));
  EXPECT_GE(std::count_if(n.tables.messages.begin(), n.tables.messages.end(),
                          [](const HostMessage& m) { return m.mac == mac(kHostB); }),
            1);
}

TEST(Silence, PermanentNeighboursAreNeverAsked) {
  L2Node n;
  n.start();
  n.fdb(kHostA);
  n.neighbour(kAddress, kHostA, NeighbourNews::kStale, true);
  n.advance(seconds(600));
  n.fdb_gone(kHostA);
  n.advance(seconds(600));
  EXPECT_EQ(probes(n), 0U);
  EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
  EXPECT_TRUE(n.engine.neighbours(kOne, std::nullopt, 10)[0].permanent);
  n.neighbour(kAddress, kHostA, NeighbourNews::kGone);
  n.advance(seconds(5));
  EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  EXPECT_EQ(n.sequence(kHostA), -1);
}

// ---- the bridge forgets ----

TEST(Aged, WithAddressesTheHostIsAskedFirst) {
  Watched n;
  n.heard(kHostA, "fd00::a");
  n.fdb_gone(kHostA);
  EXPECT_EQ(probes(n), 2U) << "at once, each address";
  EXPECT_EQ(n.place(kHostA), "local");
  n.advance(milliseconds(200));
  n.heard(kHostA, "fd00::a");  // answers from one of them
  n.fdb(kHostA);
  n.advance(seconds(5));
  EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  EXPECT_EQ(n.sequence(kHostA, "fd00::a"), 0);
  EXPECT_EQ(n.sequence(kHostA), 0);
  n.fdb_gone(kHostA);
  n.advance(seconds(5));
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.engine.memory()[6].entries, 0U);
}

TEST(Aged, WithoutAddressesItIsGoneAtOnce) {
  L2Node n;
  n.start();
  n.fdb(kHostA);
  n.fdb_gone(kHostA);
  EXPECT_EQ(n.place(kHostA), "nowhere");
}

TEST(Aged, PortThatIsDown) {
  Watched n;
  n.fdb_gone(kHostA, true);
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  EXPECT_FALSE(n.has_host_route("10.110.0.10/32"));
  EXPECT_EQ(probes(n), 0U);
}

// ---- heard, and never seen by the bridge ----

TEST(Heard, WithoutTheBridgeItDoesNotLast) {
  L2Node n;
  n.start();
  n.heard(kHostA, kAddress);
  EXPECT_EQ(n.place(kHostA), "local");
  n.advance(seconds(4));
  EXPECT_EQ(n.place(kHostA), "local");
  n.advance(seconds(2));
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.sequence(kHostA, kAddress), -1);
  EXPECT_EQ(n.engine.memory()[6].entries, 0U) << "no host, no address is kept";
}

TEST(Heard, ConfirmedItLasts) {
  L2Node n;
  n.start();
  n.heard(kHostA, kAddress);
  n.advance(seconds(1));
  n.fdb(kHostA);
  n.advance(seconds(20));
  EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
}

// A neighbour entry of a host nobody else has: taken at once when it is firm, else asked for.
TEST(Heard, NeighbourWithoutAMac) {
  L2Node n;
  n.start();
  n.neighbour(kAddress, kHostA, NeighbourNews::kReachable);
  EXPECT_EQ(n.sequence(kHostA, kAddress), 0);
  n.neighbour("10.110.0.11", kHostB, NeighbourNews::kStale);
  EXPECT_EQ(n.sequence(kHostB, "10.110.0.11"), -1);
  ASSERT_EQ(probes(n), 1U);
  EXPECT_EQ(n.tables.messages.back().mac, mac(kHostB));
  EXPECT_EQ(n.tables.messages.back().port, 0U) << "every port";
  n.advance(seconds(4));
  EXPECT_EQ(n.engine.neighbours(kOne, std::nullopt, 10).size(), 1U) << "no answer: forgotten";
  EXPECT_EQ(n.count(EventKind::kHostSilent), 0U) << "it was never said to be here";
  n.advance(seconds(6));
  EXPECT_EQ(n.place(kHostA), "nowhere") << "the bridge never had it, and it does not answer";
}

TEST(Heard, NonsenseIsIgnored) {
  L2Node n;
  n.start();
  n.heard("01:00:5e:00:00:01", kAddress);
  n.heard("00:00:00:00:00:00", kAddress);
  n.heard("02:00:5e:00:01:01", kAddress);  // the bridge
  n.heard("aa:bb:cc:00:01:64", kAddress);  // the router MAC
  n.fdb("02:00:5e:00:01:01");
  n.neighbour("10.110.0.9", "02:00:5e:00:01:01", NeighbourNews::kReachable);
  EXPECT_EQ(n.originated.size(), 1U) << "our type 3";
  for (const char* address :
       {"0.0.0.0", "224.0.0.1", "127.0.0.1", "ff02::1", "::1", "10.110.0.1"}) {
    n.heard(kHostA, address);
    n.neighbour(address, kHostA, NeighbourNews::kReachable);
  }
  EXPECT_EQ(n.originated.size(), 2U) << "and the MAC alone";
  EXPECT_TRUE(n.host_routes.empty());
  n.heard(kHostB, "10.110.0.11", 7, MacVrfId{9});  // nobody's MAC-VRF
  EXPECT_EQ(n.originated.size(), 2U);
}

// ---- many hosts ----

TEST(Pace, TenThousandHostsMakeNoStorm) {
  constexpr std::uint32_t kHosts = 10000;
  L2Node n;
  n.start();
  for (std::uint32_t i = 0; i < kHosts; ++i) {
    HostHeard h;
    h.mac_vrf = kOne;
    h.mac =
        MacAddress{{2, 1, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
    h.address = IpAddress::v4(0x0a6f0000U + i);
    n.engine.on_local_mac({kOne, h.mac, 7, false, false, false}, n.now);
    n.engine.on_heard(h, n.now);
  }
  n.take();
  EXPECT_EQ(n.originated.size(), 2 * kHosts + 1);
  const TimePoint end = n.now + seconds(120);
  std::size_t most = 0, before = 0;
  std::size_t turns = 0;
  std::map<IpAddress, unsigned> asked;
  for (; n.now < end; n.now += seconds(1)) {
    const TimePoint second = n.now + seconds(1);
    for (Deadline d = n.engine.next_deadline(); d && *d < second; d = n.engine.next_deadline()) {
      n.now = std::max(n.now, *d);
      n.run();
      ++turns;
    }
    n.now = second - seconds(1);
    most = std::max(most, n.tables.messages.size() - before);
    // Every host answers what it is asked.
    for (; before < n.tables.messages.size(); ++before) {
      const HostMessage m = n.tables.messages[before];
      ++asked[m.address];
      n.engine.on_heard({kOne, 7, m.mac, m.address, false, false}, second);
    }
  }
  n.take();
  EXPECT_LE(most, 525U) << "500 a second, and a twentieth of that at once";
  EXPECT_EQ(n.engine.counters().hosts_silent, 0U);
  EXPECT_EQ(asked.size(), kHosts);
  unsigned fewest = 100, greatest = 0;
  for (const auto& [address, times] : asked) {
    fewest = std::min(fewest, times);
    greatest = std::max(greatest, times);
  }
  EXPECT_GE(fewest, 2U) << "nobody is forgotten";
  EXPECT_LE(greatest, 6U);
  EXPECT_EQ(n.originated.size(), 2 * kHosts + 1);
  EXPECT_LT(turns, 200000U);
}

TEST(Pace, IsATokenBucket) {
  Pace pace(100);
  TimePoint now{seconds(10)};
  int at_once = 0;
  for (; pace.ready(now); ++at_once) pace.take(now);
  EXPECT_EQ(at_once, 6);  // 50 ms worth, and the one that is due
  now = pace.ready_at();
  EXPECT_TRUE(pace.ready(now));
  pace.take(now);
  EXPECT_FALSE(pace.ready(now));
  int in_a_second = 0;
  for (const TimePoint end = now + seconds(1); now < end; now += milliseconds(1)) {
    for (; pace.ready(now); ++in_a_second) pace.take(now);
  }
  EXPECT_NEAR(in_a_second, 100, 1);
}

TEST(Deadlines, ComeInOrder) {
  Deadlines d;
  EXPECT_FALSE(d.next());
  for (const std::uint32_t s : {5U, 1U, 9U, 1U, 3U}) {
    d.push({TimePoint{seconds(s)}, s, s, false});
  }
  EXPECT_FALSE(d.due(TimePoint{milliseconds(999)}));
  std::vector<std::uint32_t> order;
  while (d.due(TimePoint{seconds(100)})) order.push_back(d.pop().id);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 1, 3, 5, 9}));
}

}  // namespace
}  // namespace perd::evpn::test
