// Goal: next hops resolve through the main table as packets would go, answers follow every change,
// and local routes are told as they are. Method: foreign routes and links of the simulated kernel.
#include "fib/fib.h"
#include "fib/fib_lab.h"

namespace perd::fib {
namespace {

class Underlay : public Lab {
 protected:
  Underlay() { start(wanted_node()); }
  Route foreign(const char* prefix, const char* via, const char* link, std::uint32_t metric = 0,
                std::uint8_t protocol = kBird, std::uint32_t table = 254) {
    Route r;
    r.key = {TableId{table}, net(prefix), metric};
    r.protocol = protocol;
    r.hops.push_back({index(link),
                      via != nullptr ? std::optional<IpAddress>(ip(via)) : std::nullopt, false,
                      false, 1});
    return r;
  }
};

TEST_F(Underlay, AnswersFollowTheTable) {
  fib->track_next_hop(ip("192.168.1.2"));
  fib->track_next_hop(ip("100.65.0.1"));
  settle();
  ASSERT_TRUE(answer("192.168.1.2").has_value());
  EXPECT_TRUE(answer("192.168.1.2")->reachable && answer("192.168.1.2")->connected);
  ASSERT_TRUE(answer("100.65.0.1").has_value());
  EXPECT_FALSE(answer("100.65.0.1")->reachable);
  // A default route will do.
  kernel.add_route(foreign("0.0.0.0/0", "192.168.1.254", "eth1", 100));
  settle();
  EXPECT_TRUE(answer("100.65.0.1")->reachable);
  EXPECT_FALSE(answer("100.65.0.1")->connected);
  EXPECT_EQ(answer("100.65.0.1")->metric, 100U);
  // An unreachable route that is longer decides.
  Route dead = foreign("100.65.0.0/16", nullptr, "eth1");
  dead.type = RouteType::kUnreachable;
  dead.hops.clear();
  kernel.add_route(dead);
  settle();
  EXPECT_FALSE(answer("100.65.0.1")->reachable);
  kernel.del_route(dead.key);
  settle();
  EXPECT_TRUE(answer("100.65.0.1")->reachable);
  // Links: without a word about the routes.
  kernel.set_carrier("eth1", false);
  settle();
  EXPECT_FALSE(answer("100.65.0.1")->reachable);
  EXPECT_FALSE(answer("192.168.1.2")->reachable);
  kernel.set_carrier("eth1", true);
  settle();
  EXPECT_TRUE(answer("100.65.0.1")->reachable);
  kernel.set_up("eth1", false);
  settle();
  EXPECT_FALSE(answer("192.168.1.2")->reachable);
  kernel.set_up("eth1", true);
  settle();
  EXPECT_TRUE(answer("192.168.1.2")->reachable);
  EXPECT_FALSE(answer("100.65.0.1")->reachable) << "Linux does not bring the default route back";
  knowledge.clear();
  fib->untrack_next_hop(ip("192.168.1.2"));
  kernel.set_up("eth1", false);
  settle();
  EXPECT_FALSE(answer("192.168.1.2").has_value());
}

TEST_F(Underlay, OwnRoutesResolveRecursivelyWithEveryLeg) {
  const auto ecmp = gateways({ip("192.168.1.2"), ip("192.168.3.2")});
  want(kDefaultVrf, "100.65.0.1/32", ecmp);
  const auto via = gateways({ip("100.65.0.1")});
  want(kDefaultVrf, "203.0.113.0/24", via);
  apply();
  EXPECT_EQ(hops(route("100.65.0.1/32", 254)),
            (std::vector<std::string>{"192.168.1.2 dev eth1", "192.168.3.2 dev eth3"}));
  EXPECT_EQ(hops(route("203.0.113.0/24", 254)), hops(route("100.65.0.1/32", 254)));
  fib->track_next_hop(ip("203.0.113.7"));
  settle();
  EXPECT_TRUE(answer("203.0.113.7")->reachable);
  // One link goes: the groups shrink.
  kernel.set_up("eth3", false);
  settle();
  EXPECT_EQ(hops(route("203.0.113.0/24", 254)), std::vector<std::string>{"192.168.1.2 dev eth1"});
  kernel.set_up("eth3", true);
  settle();
  EXPECT_EQ(hops(route("203.0.113.0/24", 254)).size(), 2U);
  want(kDefaultVrf, "100.65.0.1/32", 0);
  apply();
  EXPECT_FALSE(answer("203.0.113.7")->reachable);
  EXPECT_EQ(fib->route(kDefaultVrf, net("203.0.113.0/24"))->state, EntryState::kWaiting);
}

TEST_F(Underlay, ARouteNeverResolvesThroughItself) {
  const auto self = gateways({ip("198.51.100.1")});
  want(kDefaultVrf, "198.51.100.0/24", self);
  const auto a = gateways({ip("203.0.113.1")});
  const auto b = gateways({ip("192.0.2.1")});
  want(kDefaultVrf, "192.0.2.0/24", a);
  want(kDefaultVrf, "203.0.113.0/24", b);
  apply();
  EXPECT_EQ(route("198.51.100.0/24", 254), nullptr);
  EXPECT_EQ(route("192.0.2.0/24", 254), nullptr);
  EXPECT_EQ(route("203.0.113.0/24", 254), nullptr);
  kernel.add_route(foreign("0.0.0.0/0", "192.168.1.254", "eth1"));
  settle();
  EXPECT_NE(route("198.51.100.0/24", 254), nullptr);
}

TEST_F(Underlay, AnIpv4RouteOverALinkLocalGateway) {
  Route v6 = foreign("2001:db8:ffff::1/128", "fe80::2", "eth1");
  kernel.add_route(v6);
  const auto id = gateways({ip("2001:db8:ffff::1")});
  want(kDefaultVrf, "100.65.0.9/32", id);
  apply();
  EXPECT_EQ(hops(route("100.65.0.9/32", 254)), std::vector<std::string>{"fe80::2 dev eth1"});
}

TEST_F(Underlay, AForeignRouteOfTheSameKeyIsLeftAlone) {
  Route there = foreign("100.65.0.1/32", "192.168.3.2", "eth3", kRouteMetric);
  kernel.add_route(there);
  settle();
  const auto id = gateways({ip("192.168.1.2")});
  want(kDefaultVrf, "100.65.0.1/32", id);
  apply();
  EXPECT_EQ(route("100.65.0.1/32", 254)->protocol, kBird);
  const auto view = fib->route(kDefaultVrf, net("100.65.0.1/32"));
  EXPECT_EQ(view->state, EntryState::kRefused);
  EXPECT_EQ(view->error, EEXIST);
  EXPECT_EQ(heard(EventKind::kKernelRefused), 1U);
  EXPECT_EQ(kernel.foreign_overwritten(), 0U);
  kernel.del_route(there.key);
  settle();
  EXPECT_EQ(route("100.65.0.1/32", 254)->protocol, kOurs);
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).refused, 0U);
}

TEST_F(Underlay, ForeignNextHopObjectsCount) {
  NextHop n;
  n.id = 42;
  n.link = index("eth1");
  n.gateway = ip("192.168.1.2");
  n.protocol = kBird;
  kernel.add_next_hop(n);
  Route r = foreign("100.65.0.0/24", nullptr, "eth1");
  r.hops.clear();
  r.next_hop_id = 42;
  kernel.add_route(r);
  fib->track_next_hop(ip("100.65.0.1"));
  settle();
  EXPECT_TRUE(answer("100.65.0.1")->reachable);
  EXPECT_TRUE(local(kDefaultVrf, "100.65.0.0/24", LocalRouteKind::kKernel).has_value());
  kernel.del_next_hop(42);
  settle();
  EXPECT_FALSE(answer("100.65.0.1")->reachable);
}

TEST_F(Underlay, LocalRoutesAreToldByKind) {
  EXPECT_TRUE(local(kRed, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_TRUE(local(kDefaultVrf, "192.168.1.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_FALSE(local(kDefaultVrf, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  kernel.add_route(foreign("10.7.0.0/16", "10.2.0.9", "eth2", 5, 4, 1100));
  kernel.add_route(foreign("10.8.0.0/16", "10.2.0.9", "eth2", 7, 3, 1100));
  kernel.add_route(foreign("10.8.0.0/16", "10.2.0.9", "eth2", 6, kBird, 1100));
  settle();
  EXPECT_EQ(local(kRed, "10.7.0.0/16", LocalRouteKind::kStatic)->metric, 5U);
  EXPECT_EQ(local(kRed, "10.8.0.0/16", LocalRouteKind::kKernel)->metric, 6U);
  kernel.del_route({TableId{1100}, net("10.8.0.0/16"), 6});
  settle();
  EXPECT_EQ(local(kRed, "10.8.0.0/16", LocalRouteKind::kKernel)->metric, 7U);
  kernel.set_carrier("eth2", false);
  settle();
  EXPECT_FALSE(local(kRed, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  kernel.set_carrier("eth2", true);
  settle();
  EXPECT_TRUE(local(kRed, "10.7.0.0/16", LocalRouteKind::kStatic).has_value());
  kernel.set_up("eth2", false);
  kernel.set_up("eth2", true);
  settle();
  EXPECT_TRUE(local(kRed, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_FALSE(local(kRed, "10.7.0.0/16", LocalRouteKind::kStatic).has_value());
  // What a restart reads is what events had told.
  restart();
  start(wanted_node());
  EXPECT_TRUE(local(kRed, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_FALSE(local(kRed, "10.8.0.0/16", LocalRouteKind::kKernel).has_value());
  // Own routes are nobody's news.
  EXPECT_FALSE(local(kRed, "0.0.0.0/0", LocalRouteKind::kKernel).has_value());
}

TEST_F(Underlay, StaticRoutesStandWhileTheirGatewayIsANeighbour) {
  WantedNode node = wanted_node();
  node.vrfs[0].static_routes = {{net("0.0.0.0/0"), ip("10.2.0.9")}};
  fib->configure(node, now);
  settle();
  const Route* r = route("0.0.0.0/0", 1100, kStaticMetric);
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->hops.at(0).gateway, ip("10.2.0.9"));
  EXPECT_EQ(r->protocol, kOurs);
  EXPECT_TRUE(local(kRed, "0.0.0.0/0", LocalRouteKind::kStatic).has_value());
  kernel.set_up("eth2", false);
  settle();
  EXPECT_FALSE(local(kRed, "0.0.0.0/0", LocalRouteKind::kStatic).has_value());
  kernel.set_up("eth2", true);
  settle();
  EXPECT_NE(route("0.0.0.0/0", 1100, kStaticMetric), nullptr);
  EXPECT_TRUE(local(kRed, "0.0.0.0/0", LocalRouteKind::kStatic).has_value());
  kernel.del_route({TableId{1100}, net("0.0.0.0/0"), kStaticMetric});
  settle(std::chrono::milliseconds(200));
  EXPECT_NE(route("0.0.0.0/0", 1100, kStaticMetric), nullptr);
  node.vrfs[0].static_routes.clear();
  fib->configure(node, now);
  settle();
  EXPECT_EQ(route("0.0.0.0/0", 1100, kStaticMetric), nullptr);
  EXPECT_FALSE(local(kRed, "0.0.0.0/0", LocalRouteKind::kStatic).has_value());
}

}  // namespace
}  // namespace perd::fib
