// Goal: a reload changes exactly what differs, in slices, and leaves nothing behind. Method: routes
// first, then configuration, device state and reloads around them; tiny budgets.
#include "evpn/engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

RemoteRoute numbered(unsigned i, std::string target = "65000:100") {
  RemoteRoute r;
  r.prefix = "10." + std::to_string(i / 200) + "." + std::to_string(i % 200) + ".0/24";
  r.targets = {std::move(target)};
  return r;
}

void announce_many(Node& n, unsigned count) {
  for (unsigned i = 0; i < count; ++i) n.announce(numbered(i, i % 2 == 0 ? "1:100" : "1:200"));
}

// Every order of {configuration, device, routes} ends in the same state.
TEST(Reload, AnyOrder) {
  for (const std::string order : {"cdr", "crd", "rcd"}) {
    SCOPED_TRACE(order);
    Node n;
    for (const char c : order) {
      if (c == 'c') n.configure({red(), blue()});
      if (c == 'd') n.engine.on_vrf_state(up(red())), n.engine.on_vrf_state(up(blue()));
      if (c == 'r') announce_many(n, 300);
      n.run(11);
    }
    EXPECT_EQ(n.fib.routes.size(), 300U);
    EXPECT_TRUE(n.fib.has(kRed, "10.0.0.0/24"));
    EXPECT_TRUE(n.fib.has(kBlue, "10.0.1.0/24"));
  }
}

TEST(Reload, ImportTargets) {
  Node n;
  n.start();
  announce_many(n, 300);
  n.run();
  EXPECT_EQ(n.fib.routes.size(), 150U);
  const std::size_t before = n.fib.route_messages;
  VrfSettings v = red();
  v.import_rts = {match("*:100"), match("1:200")};
  n.configure({v});
  n.run(11);
  EXPECT_EQ(n.fib.routes.size(), 300U);
  EXPECT_EQ(n.fib.route_messages, before + 150) << "what was there is not told again";
  v.import_rts = {match("1:200")};
  n.configure({v});
  n.run(11);
  EXPECT_EQ(n.fib.routes.size(), 150U);
  EXPECT_TRUE(n.fib.has(kRed, "10.0.1.0/24"));
  v.import_rts = {};
  n.configure({v});
  n.run(11);
  EXPECT_TRUE(n.fib.routes.empty());
  EXPECT_EQ(n.refused(Refusal::kNoRouteTarget), 300U);
}

// Routes come and go while a reload is half done.
TEST(Reload, MovingTarget) {
  Node n;
  n.start();
  announce_many(n, 300);
  n.run();
  VrfSettings v = red();
  v.import_rts = {match("1:200")};
  n.configure({v});
  (void)n.turn(50);
  for (unsigned i = 0; i < 300; i += 3) n.withdraw(numbered(i));
  (void)n.turn(50);
  for (unsigned i = 0; i < 300; i += 6) n.announce(numbered(i, "1:200"));
  n.configure({red(), blue()});
  (void)n.turn(20);
  n.configure({v});
  n.run(11);
  std::size_t want = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const bool gone = i % 3 == 0 && i % 6 != 0;
    const bool imported = !gone && (i % 2 == 1 || i % 6 == 0);
    want += imported ? 1 : 0;
    EXPECT_EQ(n.fib.has(kRed, numbered(i).prefix), imported) << i;
  }
  EXPECT_EQ(n.fib.routes.size(), want);
}

TEST(Reload, VrfGoesAndComesBack) {
  Node n;
  n.configure({red(), blue()});
  n.engine.on_vrf_state(up(red()));
  n.engine.on_vrf_state(up(blue()));
  announce_many(n, 300);
  n.local(kRed, "10.110.0.0/24");
  n.run();
  EXPECT_EQ(n.engine.vrfs().size(), 2U);
  n.configure({blue()});
  n.run(11);
  EXPECT_EQ(n.engine.vrfs().size(), 1U);
  EXPECT_EQ(n.fib.routes.size(), 150U);
  EXPECT_TRUE(n.originated.empty());
  EXPECT_FALSE(n.engine.lookup(n.table, kRed, prefix("10.110.0.0/24")).has_value());
  n.local(kRed, "10.111.0.0/24");
  n.engine.on_vrf_state(up(red()));
  EXPECT_EQ(n.engine.counters().unknown_vrf_news, 2U);
  n.configure({red(), blue()});
  n.engine.on_vrf_state(up(red()));
  n.run(11);
  EXPECT_EQ(n.fib.routes.size(), 300U);
  EXPECT_TRUE(n.originated.empty()) << "the kernel is told of anew";
}

// Removed and configured again before the removal was carried through.
TEST(Reload, VrfComesBackAtOnce) {
  for (const std::size_t slice : {0U, 20U, 170U, 330U}) {
    SCOPED_TRACE(slice);
    Node n;
    VrfSettings v = red();
    v.networks = {prefix("10.200.0.0/16")};
    n.configure({v});
    n.engine.on_vrf_state(up(v));
    announce_many(n, 300);
    for (int i = 0; i < 20; ++i) n.local(kRed, "10.110." + std::to_string(i) + ".0/24");
    n.run();
    EXPECT_EQ(n.originated.size(), 21U);
    n.configure({});
    if (slice > 0) (void)n.turn(slice);
    v.rd = rd("192.0.2.1:9");
    n.configure({v});
    n.engine.on_vrf_state(up(v));
    n.local(kRed, "10.110.3.0/24");
    n.run(11);
    EXPECT_EQ(n.fib.routes.size(), 150U);
    EXPECT_EQ(n.originated.size(), 2U);
    EXPECT_TRUE(n.originates(v.rd, "10.110.3.0/24"));
    EXPECT_TRUE(n.originates(v.rd, "10.200.0.0/16"));
    EXPECT_EQ(n.engine.vrfs().front().local_prefixes, 1U);
  }
}

TEST(Reload, DeviceDownAndUp) {
  Node n;
  n.start();
  announce_many(n, 300);
  RemoteRoute twin = numbered(0);
  twin.rd = "192.0.2.3:2";
  twin.next_hop = "192.0.2.3";
  n.announce(twin);
  n.run();
  EXPECT_EQ(n.fib.routes.size(), 150U);
  n.engine.on_vrf_state(down(red()));
  n.run(11);
  EXPECT_TRUE(n.fib.routes.empty());
  EXPECT_TRUE(n.fib.sets.empty());
  const std::string told = n.explain(kRed, "10.0.0.0/24");
  EXPECT_NE(told.find("no link vni100"), std::string::npos) << told;
  n.engine.on_vrf_state(up(red()));
  n.run(11);
  EXPECT_EQ(n.fib.routes.size(), 150U);
  EXPECT_EQ(n.fib.hops(kRed, "10.0.0.0/24").size(), 2U);
}

TEST(Reload, OwnAddressesAndRouterMac) {
  Node n;
  n.start();
  n.announce({});
  n.run();
  NodeSettings s = node_settings();
  s.own_addresses.push_back(ip("192.0.2.2"));
  n.configure({red()}, s);
  n.run();
  EXPECT_EQ(n.refused(Refusal::kOwnNextHop), 1U);
  EXPECT_TRUE(n.fib.routes.empty());
  n.configure({red()});
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, "10.1.0.0/24"));
  n.engine.on_vrf_state(up(red(), "aa:bb:cc:00:02:64"));
  n.run();
  EXPECT_EQ(n.refused(Refusal::kOwnRouterMac), 1U);
  EXPECT_TRUE(n.fib.routes.empty());
}

TEST(Reload, NothingDiffersNothingHappens) {
  Node n;
  n.configure({red(), blue()});
  n.engine.on_vrf_state(up(red()));
  announce_many(n, 300);
  n.local(kRed, "10.110.0.0/24");
  n.run();
  n.configure({red(), blue()});
  EXPECT_FALSE(n.engine.step(n.table, 1000));
  EXPECT_TRUE(n.engine.delta().empty());
  EXPECT_TRUE(n.engine.originations().empty());
}

}  // namespace
}  // namespace perd::evpn::test
