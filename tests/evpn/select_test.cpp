// Goal: among routes of several RDs, VTEPs and neighbours the right ones are used, and a change
// touches as little as it can. Method: a handful of routes for one prefix, the hops of the
// forwarding table.
#include "evpn/next_hops.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

constexpr const char* kPrefix = "10.1.0.0/24";

// The same prefix from leaf `n`: own RD, VTEP and router MAC.
RemoteRoute from_leaf(unsigned n) {
  RemoteRoute r;
  const std::string id = std::to_string(n);
  r.rd = "192.0.2." + id + ":2";
  r.next_hop = "192.0.2." + id;
  r.router_mac = "02:00:00:00:00:" + std::string(n < 10 ? "0" : "") + id;
  return r;
}
TunnelHop hop_of(unsigned n) {
  const RemoteRoute r = from_leaf(n);
  return {ip(r.next_hop), mac(r.router_mac), Vni{100}};
}

TEST(Select, EcmpAcrossVtepsEachWithItsOwnRouterMac) {
  Node n;
  n.start();
  n.announce(from_leaf(12));
  n.announce(from_leaf(13));
  n.announce(from_leaf(11), kSpine2);
  n.run();
  const std::vector<TunnelHop> want = {hop_of(11), hop_of(12), hop_of(13)};
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), want);
  n.withdraw(from_leaf(12));
  n.run();
  const std::vector<TunnelHop> rest = {hop_of(11), hop_of(13)};
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), rest);
}

// A single change of a contested prefix overtakes the contests that wait for their slice.
TEST(Select, UrgentContestsGoFirst) {
  Node n;
  n.start();
  const auto tell = [&n](bool urgent) {
    n.table.decide(10000, n.context, [&](rib::RouteId id, const rib::BestChange&) {
      n.engine.on_route_changed(n.table, id, urgent);
    });
  };
  for (unsigned i = 0; i < 50; ++i) {
    for (const unsigned leaf : {11U, 12U}) {
      RemoteRoute r = from_leaf(leaf);
      r.prefix = "10.9." + std::to_string(i) + ".0/24";
      n.announce(r);
    }
  }
  tell(false);
  n.announce(from_leaf(11));
  n.announce(from_leaf(12));
  tell(true);
  n.fib.apply(n.engine.delta());
  EXPECT_TRUE(n.engine.step(n.table, 1));
  const auto& routes = n.engine.delta().routes;
  ASSERT_FALSE(routes.empty());
  EXPECT_EQ(routes.front().prefix, prefix(kPrefix));
  EXPECT_TRUE(routes.front().urgent);
  for (std::size_t i = 1; i < routes.size(); ++i) EXPECT_FALSE(routes[i].urgent);
  EXPECT_LE(routes.size(), 2U);
  n.fib.apply(n.engine.delta());
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), (std::vector<TunnelHop>{hop_of(11), hop_of(12)}));
  EXPECT_EQ(n.fib.hops(kRed, "10.9.49.0/24").size(), 2U);
}

TEST(Select, MultipathLimitCountsVteps) {
  for (const unsigned limit : {1U, 2U}) {
    SCOPED_TRACE(limit);
    Node n;
    NodeSettings s = node_settings();
    s.multipath = limit;
    n.configure({red()}, s);
    n.engine.on_vrf_state(up(red()));
    RemoteRoute again = from_leaf(11);  // two RDs of one VTEP are one hop
    again.rd = "192.0.2.11:3";
    n.announce(from_leaf(11));
    n.announce(again);
    n.announce(from_leaf(12));
    n.announce(from_leaf(13));
    n.run();
    EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), limit);
    EXPECT_EQ(n.fib.hops(kRed, kPrefix).front(), hop_of(11));
    s.multipath = 16;
    n.configure({red()}, s);
    n.run();
    EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), 3U);
  }
}

struct Contest {
  std::string name;
  void (*change)(RemoteRoute& first, RemoteRoute& second);
  bool second_used;
};

TEST(Select, OnlyEqualPathsShare) {
  const Contest contests[] = {
      {"equal", [](RemoteRoute&, RemoteRoute&) {}, true},
      {"other AS numbers, same length",
       [](RemoteRoute&, RemoteRoute& b) { b.as_path = {4200000002}; }, true},
      {"longer AS path",
       [](RemoteRoute&, RemoteRoute& b) {
         b.as_path = {1, 2};
       },
       false},
      {"higher MED of one AS", [](RemoteRoute&, RemoteRoute& b) { b.med = 10; }, false},
      {"higher MED of another AS",
       [](RemoteRoute&, RemoteRoute& b) { b.med = 10, b.as_path = {4200000002}; }, true},
  };
  for (const Contest& c : contests) {
    SCOPED_TRACE(c.name);
    RemoteRoute a = from_leaf(11), b = from_leaf(12);
    c.change(a, b);
    Node n;
    n.start();
    n.announce(b);
    n.announce(a);
    n.run();
    std::vector<TunnelHop> want = {hop_of(11)};
    if (c.second_used) want.push_back(hop_of(12));
    EXPECT_EQ(n.fib.hops(kRed, kPrefix), want);
  }
}

constexpr const char* kHost = "10.1.0.5/32";

// The host, as leaf `n` tells of it.
RemoteRoute host_at(unsigned n, std::uint32_t sequence = 0, bool sticky = false) {
  RemoteRoute r = remote_host(kHost);
  const RemoteRoute leaf = from_leaf(n);
  r.rd = leaf.rd;
  r.next_hop = leaf.next_hop;
  r.router_mac = leaf.router_mac;
  if (sequence != 0 || sticky) r.mobility = MacMobility{sequence, sticky};
  return r;
}

struct Claim {
  std::string name;
  std::vector<RemoteRoute> routes;
  std::vector<unsigned> used;  // leaves
};

// RFC 7432 15, RFC 9135 7: a host is at one place, whatever the paths are worth otherwise.
TEST(Select, HostsAreWhereTheyMovedLast) {
  const auto changed = [](RemoteRoute r, void (*change)(RemoteRoute&)) {
    change(r);
    return r;
  };
  const auto far = [](RemoteRoute& r) { r.as_path = {1, 2, 3}; };
  const auto segment = [](RemoteRoute& r) { r.esi = true; };
  const auto other_mac = [](RemoteRoute& r) { r.host_mac = "02:00:00:00:00:12"; };
  const auto prefix_route = [](RemoteRoute& r) { r.host_mac = "", r.mobility.reset(); };
  const Claim claims[] = {
      {"higher sequence", {host_at(11), host_at(12, 1)}, {12}},
      {"higher sequence over a worse path", {host_at(11), changed(host_at(12, 1), far)}, {12}},
      {"the last of three", {host_at(11, 1), host_at(12, 3), host_at(13, 2)}, {12}},
      {"sequence as a number", {host_at(11, 0x7fffffff), host_at(12, 0x80000000)}, {12}},
      {"sequence 0 told or not",
       {host_at(12), changed(host_at(11),
                             [](RemoteRoute& r) {
                               r.mobility = MacMobility{0, false};
                             })},
       {11}},
      {"same sequence, lower VTEP", {host_at(12, 4), host_at(11, 4)}, {11}},
      {"lower VTEP over a worse path", {host_at(12), changed(host_at(11), far)}, {11}},
      {"sticky before all", {host_at(11, 9), host_at(12, 0, true)}, {12}},
      {"two sticky ones", {host_at(12, 0, true), host_at(11, 0, true)}, {11}},
      {"address at another MAC", {host_at(11), changed(host_at(12, 1), other_mac)}, {12}},
      {"one Ethernet segment",
       {changed(host_at(11), segment), changed(host_at(12), segment)},
       {11, 12}},
      {"one segment, an old sequence",
       {changed(host_at(11, 1), segment), changed(host_at(12), segment)},
       {11}},
      {"segment or not", {changed(host_at(12), segment), host_at(11)}, {11}},
      {"type 5 shares", {host_at(11), changed(host_at(12), prefix_route)}, {11, 12}},
      {"type 5 with the better path",
       {changed(host_at(11), far), changed(host_at(12), prefix_route)},
       {12}},
      {"type 5 beside moves",
       {host_at(11), host_at(13, 1), changed(host_at(12), prefix_route)},
       {12, 13}},
  };
  for (const Claim& c : claims) {
    for (const bool backwards : {false, true}) {
      SCOPED_TRACE(c.name + (backwards ? ", backwards" : ""));
      auto routes = c.routes;
      if (backwards) std::reverse(routes.begin(), routes.end());
      Node n;
      n.start();
      for (const RemoteRoute& r : routes) {
        n.announce(r);
        n.run();
      }
      std::vector<TunnelHop> want;
      for (const unsigned leaf : c.used) want.push_back(hop_of(leaf));
      EXPECT_EQ(n.fib.hops(kRed, kHost), want) << n.explain(kRed, kHost);
    }
  }
}

TEST(Select, AHostThatMovesTakesItsRouteAlong) {
  Node n;
  n.start();
  n.announce(host_at(11));
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kHost), std::vector<TunnelHop>{hop_of(11)});
  n.announce(host_at(12, 1));
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kHost), std::vector<TunnelHop>{hop_of(12)});
  EXPECT_NE(n.explain(kRed, kHost).find("RD 192.0.2.11:2: not used (mac-mobility)"),
            std::string::npos)
      << n.explain(kRed, kHost);
  const std::size_t before = n.fib.route_messages;
  n.withdraw(host_at(11));
  n.run();
  EXPECT_EQ(n.fib.route_messages, before) << "the old place had no part in it any more";
  // The new place is lost with its VTEP; the old one counts again as long as it is told.
  n.announce(host_at(11));
  n.run();
  n.set_next_hop("192.0.2.12", false, 0);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kHost), std::vector<TunnelHop>{hop_of(11)});
}

// Nodes of one RD: their claims are paths of one route.
TEST(Select, HostsOfASharedRouteDistinguisher) {
  Node n;
  n.start();
  RemoteRoute a = host_at(11), b = host_at(12);
  b.rd = a.rd;
  n.announce(a, kSpine1);
  n.announce(b, kSpine2);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kHost).size(), 1U) << "one place";
  a.esi = b.esi = true;
  n.announce(a, kSpine1);
  n.announce(b, kSpine2);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kHost), (std::vector<TunnelHop>{hop_of(11), hop_of(12)}));
  n.withdraw(a, kSpine1);
  n.withdraw(b, kSpine2);
  n.run();
  EXPECT_EQ(n.engine.counters().import_classes, 0U);
}

TEST(Select, UnderlayMetricDecidesAndItsChangeIsNoticed) {
  Node n;
  n.start();
  n.announce(from_leaf(11));
  n.announce(from_leaf(12));
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), 2U);
  n.set_next_hop("192.0.2.11", true, 50);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), std::vector<TunnelHop>{hop_of(12)});
  n.set_next_hop("192.0.2.12", true, 50);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), 2U);
}

// The same route over two spines is one tunnel, and nothing changes when one of them goes.
TEST(Select, TwoSpinesOneVtep) {
  Node n;
  n.start();
  RemoteRoute other = from_leaf(11);
  other.as_path = {64999};
  n.announce(from_leaf(11), kSpine1);
  n.announce(other, kSpine2);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), std::vector<TunnelHop>{hop_of(11)});
  const std::size_t before = n.fib.route_messages;
  n.withdraw(from_leaf(11), kSpine1);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), std::vector<TunnelHop>{hop_of(11)});
  EXPECT_EQ(n.fib.route_messages, before);
}

// Two nodes with one RD: one route of the RIB with two next hops.
TEST(Select, SharedRouteDistinguisher) {
  Node n;
  n.start();
  RemoteRoute twin = from_leaf(12);
  twin.rd = from_leaf(11).rd;
  n.announce(from_leaf(11), kSpine1);
  n.announce(twin, kSpine2);
  n.run();
  const std::vector<TunnelHop> both = {hop_of(11), hop_of(12)};
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), both);
  VrfSettings changed = red();
  changed.import_rts = {match("*:300")};
  n.configure({changed});
  n.run();
  EXPECT_TRUE(n.fib.routes.empty());
  n.configure({red()});
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), both);
  n.withdraw(twin, kSpine2);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix), std::vector<TunnelHop>{hop_of(11)});
  n.withdraw(from_leaf(11), kSpine1);
  n.run();
  EXPECT_TRUE(n.fib.sets.empty());
  EXPECT_EQ(n.engine.counters().import_classes, 0U);
}

TEST(Select, LocalRoutesBeatRemoteOnes) {
  for (const auto kind : {LocalRouteKind::kConnected, LocalRouteKind::kStatic,
                          LocalRouteKind::kKernel, LocalRouteKind::kHost}) {
    Node n;
    n.start();
    n.announce(from_leaf(11));
    n.announce(from_leaf(12));
    n.run();
    n.local(kRed, kPrefix, kind);
    n.run();
    EXPECT_FALSE(n.fib.has(kRed, kPrefix));
    n.local(kRed, kPrefix, kind, true);
    n.run();
    EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), 2U);
  }
}

TEST(Select, LocalFirstRemoteLater) {
  Node n;
  n.start();
  n.local(kRed, kPrefix);
  n.local(kRed, kPrefix, LocalRouteKind::kKernel);
  n.announce(from_leaf(11));
  n.run();
  EXPECT_FALSE(n.fib.has(kRed, kPrefix));
  n.local(kRed, kPrefix, LocalRouteKind::kConnected, true);
  n.run();
  EXPECT_FALSE(n.fib.has(kRed, kPrefix)) << "the kernel route is still there";
  n.local(kRed, kPrefix, LocalRouteKind::kKernel, true);
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, kPrefix));
}

// A set is one per content: a thousand routes over one VTEP share it, and a new router MAC is one
// message, not a thousand.
TEST(Select, SetsAreShared) {
  Node n;
  n.start();
  const auto route = [](unsigned i) {
    RemoteRoute r = from_leaf(11);
    r.prefix = "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24";
    return r;
  };
  for (unsigned i = 0; i < 1000; ++i) n.announce(route(i));
  n.run();
  EXPECT_EQ(n.fib.routes.size(), 1000U);
  EXPECT_EQ(n.fib.sets.size(), 1U);
  EXPECT_EQ(n.engine.counters().next_hop_sets, 1U);
  EXPECT_EQ(n.engine.counters().import_classes, 1U);
  const std::size_t routes = n.fib.route_messages, sets = n.fib.set_messages;
  for (unsigned i = 0; i < 1000; ++i) {
    RemoteRoute r = route(i);
    r.router_mac = "02:00:00:00:00:99";
    n.announce(r);
  }
  n.run();
  EXPECT_EQ(n.fib.route_messages, routes);
  EXPECT_EQ(n.fib.set_messages, sets + 1);
  EXPECT_EQ(n.fib.hops(kRed, "10.0.0.0/24").front().router_mac, mac("02:00:00:00:00:99"));
  EXPECT_TRUE(std::none_of(n.events.begin(), n.events.end(), [](const Event& e) {
    return e.kind == EventKind::kRouterMacConflict;
  })) << "a router MAC that changes as a whole is no conflict";
}

TEST(Select, RouterMacConflictLastHeardWins) {
  Node n;
  n.start();
  RemoteRoute a = from_leaf(11), b = from_leaf(11);
  b.prefix = "10.2.0.0/24";
  b.router_mac = "02:00:00:00:00:99";
  n.announce(a);
  n.run();
  n.announce(b);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix).front().router_mac, mac("02:00:00:00:00:99"));
  EXPECT_EQ(n.fib.hops(kRed, b.prefix).front().router_mac, mac("02:00:00:00:00:99"));
  const auto conflicts = [&n] {
    return std::count_if(n.events.begin(), n.events.end(),
                         [](const Event& e) { return e.kind == EventKind::kRouterMacConflict; });
  };
  EXPECT_EQ(conflicts(), 1);
  RemoteRoute third = b;
  third.prefix = "10.3.0.0/24";
  n.announce(third);
  n.run();
  EXPECT_EQ(conflicts(), 1) << "once";
  const auto vteps = n.engine.vteps();
  ASSERT_EQ(vteps.size(), 1U);
  EXPECT_EQ(vteps[0].router_mac, mac("02:00:00:00:00:99"));
  EXPECT_EQ(vteps[0].other_macs, std::vector<MacAddress>{mac("02:00:00:00:00:11")});
  EXPECT_EQ(vteps[0].routes, 3U);
  n.withdraw(b);
  n.withdraw(third);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix).front().router_mac, mac("02:00:00:00:00:11"));
  n.announce(b);
  n.run();
  EXPECT_EQ(conflicts(), 2) << "a new conflict is told again";
}

// The id of a dead set may come back only after the delta that buried it was taken.
TEST(Select, ReleasedIdsRest) {
  Node n;
  n.start();
  n.announce(from_leaf(11));
  n.run();
  const NextHopSetId old = n.fib.routes.begin()->second;
  n.withdraw(from_leaf(11));
  n.table.decide(10, n.context, [&](rib::RouteId id, const rib::BestChange&) {
    n.engine.on_route_changed(n.table, id);
  });
  (void)n.engine.step(n.table, 100);
  DesiredDelta& delta = n.engine.delta();
  ASSERT_EQ(delta.released_sets, std::vector<NextHopSetId>{old});
  n.announce(from_leaf(12));
  n.table.decide(10, n.context, [&](rib::RouteId id, const rib::BestChange&) {
    n.engine.on_route_changed(n.table, id);
  });
  (void)n.engine.step(n.table, 100);
  ASSERT_EQ(n.engine.delta().sets.size(), 1U);
  EXPECT_NE(n.engine.delta().sets[0].id, old);
  n.run();
  n.announce(from_leaf(13));
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, kPrefix).size(), 2U);
}

TEST(Select, OrderOfArrivalDoesNotMatter) {
  std::vector<TunnelHop> first;
  for (unsigned turn = 0; turn < 6; ++turn) {
    std::vector<unsigned> leaves = {11, 12, 13};
    for (unsigned i = 0; i < turn; ++i) std::next_permutation(leaves.begin(), leaves.end());
    Node n;
    NodeSettings s = node_settings();
    s.multipath = 2;
    n.configure({red()}, s);
    n.engine.on_vrf_state(up(red()));
    for (const unsigned leaf : leaves) {
      n.announce(from_leaf(leaf));
      n.run();
    }
    const auto hops = n.fib.hops(kRed, kPrefix);
    EXPECT_EQ(hops.size(), 2U);
    if (turn == 0) first = hops;
    EXPECT_EQ(hops, first);
  }
}

}  // namespace
}  // namespace perd::evpn::test
