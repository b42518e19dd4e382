// Goal: each route of types 1 to 3 is used by exactly the MAC-VRFs that want it and can use it, and
// is counted by the reason why not. Method: one route at a time against MAC-VRFs one and two, and
// what the kernel side then holds.
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

TEST(Import, MacGoesToItsVtep) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  EXPECT_EQ(n.place(kHostA), kLower);
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
  EXPECT_EQ(n.tables.sets.begin()->second.vni, Vni{110});
  EXPECT_EQ(n.refused(L2Refusal::kNone), 1U);
  n.withdraw(RemoteMac{.ip = "10.110.0.10"});
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
  EXPECT_EQ(n.refused(L2Refusal::kNone), 0U);
  EXPECT_TRUE(n.tables.sets.empty());
}

// RFC 8365 5.1.3: the label of the route is the VNI to send with, whatever our own is.
TEST(Import, LabelIsTheVniToSendWith) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.label = 7777});
  ASSERT_EQ(n.place(kHostA), kLower);
  EXPECT_EQ(n.tables.sets.begin()->second.vni, Vni{7777});
}

TEST(Import, SeveralMacVrfsMayImport) {
  L2Node n;
  n.start({one(), two()});
  n.announce(RemoteMac{.targets = {"65000:110", "65000:120"}});
  EXPECT_EQ(n.place(kHostA, kOne), kLower);
  EXPECT_EQ(n.place(kHostA, kTwo), kLower);
  n.announce(RemoteMac{.targets = {"65000:120"}});
  EXPECT_EQ(n.place(kHostA, kOne), "nowhere");
  EXPECT_EQ(n.place(kHostA, kTwo), kLower);
}

TEST(Import, Refusals) {
  struct Case {
    const char* name;
    RemoteMac route;
    L2Refusal why;
  };
  const Case kCases[] = {
      {"route target", {.targets = {"65000:999"}}, L2Refusal::kNoRouteTarget},
      {"own next hop", {.next_hop = kOwnVtep}, L2Refusal::kOwnNextHop},
      {"martian next hop", {.next_hop = "127.0.0.1"}, L2Refusal::kMartianNextHop},
      {"family", {.next_hop = "2001:db8::2", .rd = "1:1"}, L2Refusal::kVtepFamily},
      {"encapsulation", {.encapsulations = {kEncapsulationMpls}}, L2Refusal::kEncapsulation},
      {"one of several",
       {.encapsulations = {kEncapsulationMpls, kEncapsulationVxlan}},
       L2Refusal::kNone},
      {"no encapsulation", {.encapsulations = {}}, L2Refusal::kNone},
      {"label", {.label = 0}, L2Refusal::kNoLabel},
      {"group MAC", {.mac = "01:00:5e:00:00:01"}, L2Refusal::kBadMac},
      {"zero MAC", {.mac = "00:00:00:00:00:00"}, L2Refusal::kBadMac},
      {"bridge MAC", {.mac = "02:00:5e:00:01:01"}, L2Refusal::kOwnMac},
      {"router MAC", {.mac = "aa:bb:cc:00:01:64"}, L2Refusal::kOwnMac},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    L2Node n;
    n.start();
    const std::uint32_t own = n.refused(L2Refusal::kOwnRoute);
    EXPECT_EQ(own, 1U) << "our type 3";
    n.announce(c.route);
    EXPECT_EQ(n.refused(c.why), 1U);
    EXPECT_EQ(n.tables.macs.size(), c.why == L2Refusal::kNone ? 1U : 0U);
    const std::string text = n.explain(c.route.mac.c_str());
    if (c.why != L2Refusal::kNone) {
      EXPECT_NE(text.find(explanation(c.why)), std::string::npos) << text;
    }
    n.withdraw(c.route);
    EXPECT_EQ(n.refused(c.why), 0U);
    EXPECT_FALSE(to_string(c.why).empty());
  }
}

TEST(Import, UnreachableVtepIsAWithdrawal) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  n.set_reachable(kLower, false);
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_NE(n.explain(kHostA).find("not reachable"), std::string::npos);
  n.set_reachable(kLower, true);
  EXPECT_EQ(n.place(kHostA), kLower);
}

TEST(Import, OtherTypesAreNotCounted) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{});
  wire::EvpnKey k = wire::EvpnKey::ip_prefix(rd("1:1"), EthernetTag{0}, prefix("10.0.0.0/8"));
  n.upsert(k, kSpine1, base_attributes(kLower, {"65000:110"}), {});
  n.run();
  std::uint32_t sum = 0;
  for (const auto count : n.engine.counters().routes) sum += count;
  EXPECT_EQ(sum, 2U);  // the MAC and our own type 3
}

// A bridge gets a MAC that a route already names, and another one later.
TEST(Import, OwnMacsThatChange) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{});
  MacVrfState s = up(one());
  s.own_mac = mac(kHostA);
  n.engine.on_state(s, n.now);
  n.run();
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.refused(L2Refusal::kOwnMac), 1U);
  n.engine.on_state(up(one()), n.now);
  n.run();
  EXPECT_EQ(n.place(kHostA), kLower);
}

TEST(Import, LocalHostWithAMacThatBecomesOurs) {
  L2Node n;
  n.start();
  n.heard(kHostA, "10.110.0.10");
  ASSERT_EQ(n.place(kHostA), "local");
  n.engine.on_vrf_state(red_up(kHostA), n.now);
  n.run();
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_FALSE(n.has_host_route("10.110.0.10/32"));
}

// ---- neighbours ----

TEST(Neighbour, RouterFlag) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "fd00::a", .router = true});
  EXPECT_TRUE(n.tables.neighbours.at({1, ip("fd00::a")}).router);
  n.announce(RemoteMac{.ip = "fd00::a"});
  EXPECT_FALSE(n.tables.neighbours.at({1, ip("fd00::a")}).router);
  n.announce(RemoteMac{.ip = "fd00::a", .gateway = true});
  EXPECT_TRUE(n.tables.neighbours.at({1, ip("fd00::a")}).router);
}

TEST(Neighbour, AddressOfAGatewayIsNeverRemote) {
  L2Node n;
  n.start();
  n.announce(RemoteMac{.ip = "10.110.0.1"});
  EXPECT_EQ(n.place(kHostA), kLower);
  EXPECT_EQ(n.neighbour_mac("10.110.0.1"), "");
  MacVrfSettings other = one();
  other.gateways.clear();
  n.configure({other});
  n.run();
  EXPECT_EQ(n.neighbour_mac("10.110.0.1"), kHostA);
  n.configure({one()});
  n.run();
  EXPECT_EQ(n.neighbour_mac("10.110.0.1"), "");
}

// One address, several MACs: the sequence decides, then the VTEP, whoever spoke first.
TEST(Neighbour, SeveralMacsClaimOneAddress) {
  const RemoteMac a{.mac = kHostA, .ip = "10.110.0.10", .next_hop = kHigher};
  const RemoteMac b{.mac = kHostB, .ip = "10.110.0.10", .next_hop = kLower};
  RemoteMac c = a;
  c.sequence = 1;
  for (const bool first : {true, false}) {
    L2Node n;
    n.start();
    n.announce(first ? a : b);
    n.announce(first ? b : a);
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostB);
    n.announce(c);
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
    n.withdraw(c);
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostB);
    n.withdraw(b);
    EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
  }
}

// ---- flood lists ----

TEST(Flood, FollowsTheLastRouteOfAVtep) {
  L2Node n;
  n.start();
  const RemoteFlood first{.rd = "1:1"}, second{.rd = "1:2"};
  n.announce(first);
  n.announce(second);
  EXPECT_EQ(n.tables.floods.size(), 1U);
  n.withdraw(first);
  EXPECT_EQ(n.tables.floods.size(), 1U);
  EXPECT_EQ(n.engine.mac_vrfs()[0].flood, std::vector<IpAddress>{ip(kLower)});
  n.withdraw(second);
  EXPECT_TRUE(n.tables.floods.empty());
}

TEST(Flood, OnlyIngressReplication) {
  L2Node n;
  n.start();
  n.announce(RemoteFlood{.pmsi = std::nullopt});
  n.announce(RemoteFlood{.next_hop = kHigher, .pmsi = std::uint8_t{3}});
  EXPECT_TRUE(n.tables.floods.empty());
  EXPECT_EQ(n.refused(L2Refusal::kTunnelType), 2U);
}

TEST(Flood, GoesWithTheDevices) {
  L2Node n;
  n.start({one(), two()});
  n.announce(RemoteFlood{.targets = {"65000:110", "65000:120"}});
  n.announce(RemoteMac{.ip = "10.110.0.10"});
  EXPECT_EQ(n.tables.floods.size(), 2U);
  n.engine.on_state(down(one()), n.now);
  n.run();
  EXPECT_EQ(n.tables.floods.size(), 1U);
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), "");
  n.engine.on_state(up(one()), n.now);
  n.run();
  EXPECT_EQ(n.tables.floods.size(), 2U);
  EXPECT_EQ(n.place(kHostA), kLower);
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
  EXPECT_EQ(n.count(EventKind::kMacVrfUp), 3U);
  EXPECT_EQ(n.count(EventKind::kMacVrfDown), 1U);
}

// ---- the budget of a remote host ----

TEST(Memory, OfARemoteHost) {
  constexpr std::uint32_t kHosts = 50000;
  L2Node n;
  n.start();
  const std::size_t before = total_octets(n.engine.memory());
  const rib::AttrId with = n.store.intern(attributes_of(RemoteMac{}));
  (void)n.next_hop_table.set_state({ip(kLower), true, false, 1});
  for (std::uint32_t i = 0; i < kHosts; ++i) {
    RemoteMac r;
    wire::EvpnKey k = key_of(r);
    k.mac = MacAddress{{2, 0, 1, static_cast<std::uint8_t>(i >> 16),
                        static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
    EXPECT_NE(n.table.upsert(k, kSpine1, 0, with, data_of(r)), 0U);
    k.ip_bits = 32;
    k.ip = IpAddress::v4(0x0a000000U + i).octets;
    EXPECT_NE(n.table.upsert(k, kSpine1, 0, with, data_of(r)), 0U);
    if (i % 500 == 499) n.run();
  }
  n.run();
  n.store.release(with);
  EXPECT_EQ(n.tables.macs.size(), kHosts);
  EXPECT_EQ(n.tables.neighbours.size(), kHosts);
  const std::size_t octets = total_octets(n.engine.memory()) - before;
  RecordProperty("octets_per_host", static_cast<int>(octets / kHosts));
  EXPECT_LT(octets / kHosts, 90U) << "MAC and MAC+IP, both tables, candidates, memberships";
  EXPECT_GE(octets, n.engine.table_octets() / 2);
}

}  // namespace
}  // namespace perd::evpn::test
