// Goal: tunnelled routes stand in the VRF's table with next hop, neighbour and FDB, in the right
// order and with as few messages as the kernel allows. Method: deltas in, tables and journal out.
#include "fib/fib.h"
#include "fib/fib_lab.h"
#include "fib/hop_tokens.h"

namespace perd::fib {
namespace {

constexpr const char* kMacA = "aa:00:00:00:00:0a";
constexpr const char* kMacB = "aa:00:00:00:00:0b";

class Routes : public Lab {
 protected:
  Routes() { start(wanted_node()); }
  void many(VrfId vrf, std::uint32_t n, NextHopSetId id) {
    for (std::uint32_t i = 0; i < n; ++i) {
      delta.routes.push_back({vrf, IpPrefix::make(IpAddress::v4(0x0b000000U + (i << 8)), 24), id});
    }
  }
  [[nodiscard]] std::size_t ours(std::uint32_t table = 1100) const {
    std::size_t n = 0;
    for (const auto& [key, r] : kernel.routes()) {
      n += key.table == TableId{table} && r.protocol == kOurs && r.key.metric == kRouteMetric;
    }
    return n;
  }
};

TEST_F(Routes, OneTunnelledRouteOfEachFamily) {
  (void)kernel.take_journal();
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  want(kRed, "10.1.0.0/24", id);
  want(kRed, "2001:db8:1::/64", id);
  apply();
  ASSERT_NE(route("10.1.0.0/24"), nullptr);
  EXPECT_EQ(route("10.1.0.0/24")->protocol, kOurs);
  EXPECT_EQ(hops(route("10.1.0.0/24")), std::vector<std::string>{"100.65.0.1 dev br-pe-100"});
  EXPECT_EQ(hops(route("2001:db8:1::/64")),
            std::vector<std::string>{"::ffff:100.65.0.1 dev br-pe-100"});
  for (const char* a : {"100.65.0.1", "::ffff:100.65.0.1"}) {
    const Neighbour* n = neighbour("br-pe-100", a);
    ASSERT_NE(n, nullptr) << a;
    EXPECT_EQ(n->mac, mac(kMacA));
    EXPECT_EQ(n->state, 0x40);
    EXPECT_TRUE(n->extern_learn);
    EXPECT_EQ(n->protocol, kOurs);
  }
  const FdbEntry* self = fdb("vni100", kMacA, true);
  const FdbEntry* bridge = fdb("vni100", kMacA, false);
  ASSERT_TRUE(self != nullptr && bridge != nullptr);
  EXPECT_EQ(self->destination, ip("100.65.0.1"));
  EXPECT_FALSE(self->vni.has_value());
  EXPECT_EQ(bridge->master, index("br-pe-100"));
  EXPECT_TRUE(self->extern_learn && bridge->extern_learn);
  // Neighbour and FDB before next hop before route.
  std::vector<std::size_t> order;
  for (const auto& op : kernel.take_journal()) order.push_back(op.what.index());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "variant order is write order";
  EXPECT_EQ(fib->route(kRed, net("10.1.0.0/24"))->state, EntryState::kAcked);
  EXPECT_EQ(fib->route(kRed, net("10.1.0.0/24"))->hops.at(0).router_mac, mac(kMacA));
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).acked, 1U);
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV6).acked, 1U);
  EXPECT_TRUE(fib->synchronized());

  want(kRed, "10.1.0.0/24", 0);
  want(kRed, "2001:db8:1::/64", 0);
  delta.released_sets.push_back(id);
  apply();
  EXPECT_EQ(ours(), 0U);
  EXPECT_TRUE(kernel.next_hops().empty());
  EXPECT_TRUE(kernel.neighbours().empty());
  EXPECT_EQ(written_fdb(), 0U);
  EXPECT_FALSE(fib->route(kRed, net("10.1.0.0/24")).has_value());
}

TEST_F(Routes, EqualCostOverTwoVteps) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA), tunnel("100.65.0.3", kMacB)});
  want(kRed, "10.1.0.0/24", id);
  want(kRed, "2001:db8:1::/64", id);
  apply();
  EXPECT_EQ(hops(route("10.1.0.0/24")).size(), 2U);
  EXPECT_EQ(hops(route("2001:db8:1::/64")).size(), 2U);
  EXPECT_EQ(neighbour("br-pe-100", "100.65.0.3")->mac, mac(kMacB));
  // The set loses a leg: one message about the group, none about routes.
  (void)kernel.take_journal();
  delta.sets.push_back({id, kRed, {tunnel("100.65.0.3", kMacB)}, {}});
  apply();
  const auto journal = kernel.take_journal();
  EXPECT_EQ(count<RoutePut>(journal), 0U);
  EXPECT_EQ(count<NextHopPut>(journal), 2U) << "one group of each family";
  EXPECT_EQ(hops(route("10.1.0.0/24")), std::vector<std::string>{"100.65.0.3 dev br-pe-100"});
  EXPECT_EQ(neighbour("br-pe-100", "100.65.0.1"), nullptr);
  EXPECT_EQ(fdb("vni100", kMacA, true), nullptr);
}

TEST_F(Routes, AChangedVtepIsOneMessageForAllItsRoutes) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  many(kRed, 3000, id);
  apply();
  EXPECT_EQ(ours(), 3000U);
  (void)kernel.take_journal();
  delta.sets.push_back({id, kRed, {tunnel("100.65.0.3", kMacB)}, {}});
  apply();
  const auto journal = kernel.take_journal();
  EXPECT_EQ(count<RoutePut>(journal), 0U);
  EXPECT_EQ(count<NextHopPut>(journal), 1U);
  EXPECT_EQ(hops(route("11.0.0.0/24")), std::vector<std::string>{"100.65.0.3 dev br-pe-100"});
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).acked, 3000U);
}

TEST_F(Routes, ALostVtepIsOneMessage) {
  const auto a = set(kRed, {tunnel("100.65.0.1", kMacA)});
  const auto b = set(kRed, {tunnel("100.65.0.3", kMacB)});
  many(kRed, 3000, a);
  want(kRed, "10.9.0.0/16", b);
  apply();
  (void)kernel.take_journal();
  many(kRed, 3000, 0);
  delta.released_sets.push_back(a);
  apply();
  const auto journal = kernel.take_journal();
  EXPECT_EQ(count<RouteErase>(journal), 0U);
  EXPECT_EQ(count<NextHopErase>(journal), 1U);
  EXPECT_EQ(ours(), 1U);
  EXPECT_EQ(fib->route_count(kRed), 1U);
  EXPECT_EQ(neighbour("br-pe-100", "100.65.0.1"), nullptr);
}

TEST_F(Routes, MovingToAnotherSetNeverLosesARoute) {
  const auto a = set(kRed, {tunnel("100.65.0.1", kMacA)});
  const auto b = set(kRed, {tunnel("100.65.0.3", kMacB)});
  many(kRed, 300, a);
  apply();
  (void)kernel.take_journal();
  many(kRed, 300, b);
  delta.released_sets.push_back(a);
  apply();
  const auto journal = kernel.take_journal();
  EXPECT_EQ(count<RoutePut>(journal), 300U);
  EXPECT_EQ(count<RouteErase>(journal), 0U);
  bool erased = false;
  for (const auto& op : journal) {
    if (std::holds_alternative<NextHopErase>(op.what)) erased = true;
    if (std::holds_alternative<RoutePut>(op.what)) {
      EXPECT_FALSE(erased) << "make before break";
    }
  }
  EXPECT_TRUE(erased);
  EXPECT_EQ(hops(route("11.0.0.0/24")), std::vector<std::string>{"100.65.0.3 dev br-pe-100"});
}

TEST_F(Routes, IPv4GoesOutInHashOrderAndIPv6Ascending) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  many(kRed, 1000, id);
  for (std::uint32_t i = 1000; i-- > 0;) {
    IpAddress a = ip("2001:db8::");
    a.octets[5] = static_cast<std::uint8_t>(i >> 8), a.octets[6] = static_cast<std::uint8_t>(i);
    delta.routes.push_back({kRed, IpPrefix::make(a, 64), id});
  }
  apply();
  std::vector<IpPrefix> v4;
  std::vector<IpPrefix> v6;
  for (const auto& op : kernel.take_journal()) {
    const auto* put = std::get_if<RoutePut>(&op.what);
    if (put == nullptr || put->route.key.metric != kRouteMetric) continue;
    (put->route.key.prefix.is_v4() ? v4 : v6).push_back(put->route.key.prefix);
  }
  ASSERT_EQ(v4.size(), 1000U);
  std::size_t rises = 0;
  for (std::size_t i = 1; i < v4.size(); ++i) rises += v4[i - 1] < v4[i] ? 1U : 0U;
  EXPECT_GT(rises, 400U);
  EXPECT_LT(rises, 600U) << "as shuffled as chance";
  EXPECT_TRUE(std::is_sorted(v6.begin(), v6.end()));
}

TEST_F(Routes, TheLastRouterMacOfAVtepWins) {
  const auto a = set(kRed, {tunnel("100.65.0.1", kMacA)});
  want(kRed, "10.1.0.0/24", a);
  apply();
  const auto b = set(kRed, {tunnel("100.65.0.1", kMacB)});
  want(kRed, "10.2.0.0/24", b);
  apply();
  EXPECT_EQ(neighbour("br-pe-100", "100.65.0.1")->mac, mac(kMacB));
  EXPECT_NE(fdb("vni100", kMacA, true), nullptr) << "still referenced";
  EXPECT_EQ(kernel.next_hops().size(), 1U) << "one VTEP, one object";
  want(kRed, "10.1.0.0/24", b);
  delta.released_sets.push_back(a);
  apply();
  EXPECT_EQ(fdb("vni100", kMacA, true), nullptr);
  EXPECT_NE(fdb("vni100", kMacB, true), nullptr);
}

TEST_F(Routes, OneMacOfTwoVtepsIsSaid) {
  const auto a = set(kRed, {tunnel("100.65.0.1", kMacA)});
  want(kRed, "10.1.0.0/24", a);
  apply();
  const auto b = set(kRed, {tunnel("100.65.0.3", kMacA)});
  want(kRed, "10.2.0.0/24", b);
  apply();
  EXPECT_EQ(heard(EventKind::kRouterMacConflict), 1U);
  EXPECT_EQ(fdb("vni100", kMacA, true)->destination, ip("100.65.0.3"));
  want(kRed, "10.2.0.0/24", 0);
  apply();
  EXPECT_EQ(fdb("vni100", kMacA, true)->destination, ip("100.65.0.1"));
}

TEST_F(Routes, AnotherVniGoesOverItsOwnSviOrWithTheVniInTheFdb) {
  const auto a = set(kRed, {tunnel("100.65.0.1", kMacA, 200)});
  want(kRed, "10.1.0.0/24", a);
  apply();
  EXPECT_EQ(hops(route("10.1.0.0/24")), std::vector<std::string>{"100.65.0.1 dev br-pe-100"});
  EXPECT_EQ(fdb("vni100", kMacA, true)->vni, Vni{200});
  WantedNode node = wanted_node();
  node.vrfs.push_back(wanted_vrf(kBlue, "blue", 200));
  fib->configure(node, now);
  settle();
  EXPECT_EQ(hops(route("10.1.0.0/24")), std::vector<std::string>{"100.65.0.1 dev br-pe-200"});
  EXPECT_FALSE(fdb("vni200", kMacA, true)->vni.has_value());
  EXPECT_EQ(fdb("vni100", kMacA, true), nullptr);
}

TEST_F(Routes, AnIpv6VtepServesBothFamilies) {
  const auto id = set(kRed, {tunnel("2001:db8:ffff::1", kMacA)});
  want(kRed, "10.1.0.0/24", id);
  want(kRed, "2001:db8:1::/64", id);
  apply();
  EXPECT_EQ(hops(route("10.1.0.0/24")), std::vector<std::string>{"2001:db8:ffff::1 dev br-pe-100"});
  EXPECT_EQ(route("10.1.0.0/24")->next_hop_id, route("2001:db8:1::/64")->next_hop_id);
  EXPECT_EQ(kernel.neighbours().size(), 1U);
}

TEST_F(Routes, ADownedBridgeTakesAllAlongAndItComesBack) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA), tunnel("100.65.0.3", kMacB)});
  many(kRed, 500, id);
  want(kRed, "2001:db8:1::/64", id);
  apply();
  for (int i = 0; i < 3; ++i) {
    kernel.set_up("br-pe-100", false);
    EXPECT_EQ(ours(), 0U);
    EXPECT_TRUE(kernel.next_hops().empty());
    settle();
    EXPECT_EQ(ours(), 501U);
    EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).acked, 500U);
    run_for(std::chrono::seconds(15));
  }
  kernel.del_link("br-pe-100");
  settle();
  EXPECT_EQ(ours(), 501U);
  EXPECT_NE(fdb("vni100", kMacA, true), nullptr);
  kernel.del_link("red");
  settle();
  EXPECT_EQ(ours(), 501U);
  EXPECT_TRUE(fib->synchronized());
}

TEST_F(Routes, WithoutDevicesRoutesWait) {
  const auto id = set(kBlue, {tunnel("100.65.0.1", kMacA, 200)});
  want(kBlue, "10.1.0.0/24", id);
  apply();
  EXPECT_EQ(fib->route(kBlue, net("10.1.0.0/24"))->state, EntryState::kWaiting);
  EXPECT_FALSE(fib->route(kBlue, net("10.1.0.0/24"))->reason.empty());
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).waiting, 1U);
  WantedNode node = wanted_node();
  node.vrfs.push_back(wanted_vrf(kBlue, "blue", 200));
  fib->configure(node, now);
  settle();
  EXPECT_NE(route("10.1.0.0/24", vrf_state(kBlue).table.value), nullptr);
}

TEST_F(Routes, APageOfRoutesInOrder) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  many(kRed, 100, id);
  want(kRed, "2001:db8:1::/64", id);
  apply();
  std::vector<IpPrefix> seen;
  std::optional<IpPrefix> after;
  for (;;) {
    const auto page = fib->routes(kRed, after, 7);
    if (page.empty()) break;
    for (const auto& r : page) seen.push_back(r.prefix);
    after = seen.back();
  }
  EXPECT_EQ(seen.size(), 101U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_TRUE(fib->routes(VrfId{9}, std::nullopt, 10).empty());
}

TEST_F(Routes, TheWindowBoundsWhatIsUnanswered) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  many(kRed, 20000, id);
  fib->apply(delta, now);
  delta.clear();
  std::size_t taken = 0;
  for (int i = 0; i < 50; ++i) {
    fib->step(now);
    taken += fib->take_ops(1000000).size();
  }
  EXPECT_LE(taken, limits.window);
  EXPECT_FALSE(fib->more_work());
  EXPECT_FALSE(fib->synchronized());
}

// An object with a good part of all routes takes them along; the routes of one among many go one by
// one, since the kernel would walk all the others for it.
TEST_F(Routes, ObjectsTakeRoutesAlongWhenTheyHaveMany) {
  const auto large = set(kRed, {tunnel("100.65.0.1", kMacA)});
  const auto small = set(kRed, {tunnel("100.65.0.3", kMacB)});
  many(kRed, 6500, large);
  for (const char* prefix : {"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"}) {
    want(kRed, prefix, small);
  }
  apply();
  EXPECT_EQ(ours(), 6503U);
  const auto erased = [this] {
    std::pair<std::size_t, std::size_t> n;
    for (const auto& op : kernel.take_journal()) {
      n.first += std::holds_alternative<RouteErase>(op.what) ? 1U : 0U;
      n.second += std::holds_alternative<NextHopErase>(op.what) ? 1U : 0U;
    }
    return n;
  };
  (void)erased();
  for (const char* prefix : {"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"}) want(kRed, prefix, 0);
  delta.released_sets.push_back(small);
  apply();
  EXPECT_EQ(erased(), (std::pair<std::size_t, std::size_t>{3, 1}));
  EXPECT_EQ(ours(), 6500U);
  many(kRed, 6500, 0);
  delta.released_sets.push_back(large);
  apply();
  EXPECT_EQ(erased(), (std::pair<std::size_t, std::size_t>{0, 1}));
  EXPECT_EQ(ours(), 0U);
  EXPECT_TRUE(fib->synchronized());
}

// The object was to take its routes along and could not yet; meanwhile it has become one of many.
TEST(HopTokens, RoutesLeftToTheirObjectStayWithIt) {
  HopTokens tokens;
  const auto one = tokens.of(1);
  const auto other = tokens.of(2);
  tokens.use(one);
  EXPECT_TRUE(tokens.worth_a_walk(one));
  for (int i = 0; i < 100; ++i) tokens.use(other);
  EXPECT_FALSE(tokens.worth_a_walk(one));
  tokens.go_together(one);
  EXPECT_TRUE(tokens.worth_a_walk(one));
  EXPECT_TRUE(tokens.worth_a_walk(other));
}

// With the window full of bulk there is room for single changes, and they are the next to go.
TEST_F(Routes, SingleChangesPassBulk) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  want(kRed, "10.1.0.0/24", id);
  want(kRed, "2001:db8:1::/64", id);
  apply();  // the ways are there
  many(kRed, 20000, id);
  fib->apply(delta, now);
  delta.clear();
  std::size_t bulk = 0;
  for (int i = 0; i < 50; ++i) {
    fib->step(now);
    bulk += fib->take_ops(1000000).size();
  }
  EXPECT_EQ(bulk, limits.window - limits.reserve);
  EXPECT_FALSE(fib->more_work());
  for (const char* prefix : {"10.2.0.0/24", "2001:db8:2::/64"}) {
    delta.routes.push_back({kRed, net(prefix), id, true});
    fib->apply(delta, now);
    delta.clear();
    EXPECT_TRUE(fib->more_work());
    fib->step(now, 0);
    const auto ops = fib->take_ops(1000000);
    ASSERT_EQ(ops.size(), 1U);
    const auto* put = std::get_if<RoutePut>(&ops[0].what);
    ASSERT_NE(put, nullptr);
    EXPECT_EQ(put->route.key.prefix, net(prefix));
    EXPECT_FALSE(fib->more_work());
  }
}

// Longer than any list that is kept: the next one finds its way all the same.
TEST_F(Routes, LongQueuesOfIPv6OneAfterTheOther) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  const auto many_v6 = [&](std::uint32_t n, NextHopSetId wanted) {
    for (std::uint32_t i = 0; i < n; ++i) {
      IpPrefix p = net("2001:db8::/64");
      p.address.octets[6] = static_cast<std::uint8_t>(i >> 8);
      p.address.octets[7] = static_cast<std::uint8_t>(i);
      p.address.octets[5] = static_cast<std::uint8_t>(i >> 16);
      delta.routes.push_back({kRed, p, wanted});
    }
    apply();
  };
  for (const std::uint32_t n : {20'000U, 70'000U}) {
    many_v6(n, id);
    EXPECT_EQ(ours(), n);
    EXPECT_TRUE(fib->synchronized());
    many_v6(n, 0);
    EXPECT_EQ(ours(), 0U);
  }
}

// More single changes at a time than there is room for end up with the bulk; none is lost.
TEST_F(Routes, ManySingleChangesAreBulk) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  many(kRed, 5000, id);
  for (auto& route : delta.routes) route.urgent = true;
  apply();
  EXPECT_EQ(ours(), 5000U);
  many(kRed, 5000, 0);
  for (auto& route : delta.routes) route.urgent = true;
  apply();
  EXPECT_EQ(ours(), 0U);
}

TEST_F(Routes, TeardownRemovesWhatPerdMade) {
  const auto id = set(kRed, {tunnel("100.65.0.1", kMacA)});
  const auto up = gateways({ip("192.168.1.2")});
  many(kRed, 100, id);
  want(kDefaultVrf, "100.65.0.1/32", up);
  apply();
  EXPECT_NE(route("100.65.0.1/32", 254), nullptr);
  fib->withdraw_everything(now);
  settle();
  EXPECT_TRUE(fib->synchronized());
  for (const auto& [key, r] : kernel.routes())
    EXPECT_NE(r.protocol, kOurs) << to_string(key.prefix);
  EXPECT_TRUE(kernel.next_hops().empty());
  EXPECT_EQ(written_fdb(), 0U);
  EXPECT_TRUE(kernel.neighbours().empty());
  EXPECT_EQ(kernel.link("red"), nullptr);
  EXPECT_EQ(kernel.addresses().count({index("lo"), cidr("100.65.0.2/32")}), 0U);
  EXPECT_NE(kernel.link("eth2"), nullptr);
}

}  // namespace
}  // namespace perd::fib
