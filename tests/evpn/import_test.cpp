// Goal: each rule of the import has its row: what is imported, into which VRFs, over which tunnel,
// and what is refused under which name, visible in the counters and in explain. Method: one route
// on a node with VRFs red (*:100) and blue (*:200), through the real RIB.
#include "evpn/import_cache.h"
#include "evpn/refusal.h"
#include "evpn/route_target_index.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

struct Case {
  std::string name;
  RemoteRoute route;
  Refusal want = Refusal::kNone;
  std::vector<VrfId> vrfs = {};
};

RemoteRoute with(void (*change)(RemoteRoute&)) {
  RemoteRoute r;
  change(r);
  return r;
}

RemoteRoute host_with(void (*change)(RemoteRoute&)) {
  RemoteRoute r = remote_host();
  change(r);
  return r;
}

// RFC 9135 5.2: a type 2 with an address and a second label is a host route.
std::vector<Case> host_cases() {
  return {
      {"host", remote_host(), Refusal::kNone, {kRed}},
      {"IPv6 host", remote_host("fd00:16:2::5/128"), Refusal::kNone, {kRed}},
      {"host behind an Ethernet segment",
       host_with([](RemoteRoute& r) { r.esi = true; }),
       Refusal::kNone,
       {kRed}},
      {"host for two VRFs",
       host_with([](RemoteRoute& r) {
         r.targets = {"1:200", "1:100"};
       }),
       Refusal::kNone,
       {kRed, kBlue}},
      {"host, only the L2 target", host_with([](RemoteRoute& r) { r.targets = {"65000:110"}; }),
       Refusal::kNoRouteTarget},
      {"host without router MAC", host_with([](RemoteRoute& r) { r.router_mac = ""; }),
       Refusal::kNoRouterMac},
      {"host with our router MAC",
       host_with([](RemoteRoute& r) { r.router_mac = "aa:bb:cc:00:01:64"; }),
       Refusal::kOwnRouterMac},
      {"host, second label zero", host_with([](RemoteRoute& r) { r.label = 0; }),
       Refusal::kNoLabel},
      {"host at our own VTEP", host_with([](RemoteRoute& r) { r.next_hop = "192.0.2.1"; }),
       Refusal::kOwnNextHop},
      {"link-local host", remote_host("fe80::11/128"), Refusal::kMartianPrefix},
      {"host without a second label", host_with([](RemoteRoute& r) { r.second_label = false; }),
       Refusal::kRouteType},
  };
}

std::vector<Case> imported_cases() {
  return {
      {"wildcard as2", {}, Refusal::kNone, {kRed}},
      {"wildcard as4 form",
       with([](RemoteRoute& r) { r.targets = {"4200000000:100"}; }),
       Refusal::kNone,
       {kRed}},
      {"wildcard ip form",
       with([](RemoteRoute& r) { r.targets = {"10.0.0.1:200"}; }),
       Refusal::kNone,
       {kBlue}},
      {"two VRFs",
       with([](RemoteRoute& r) {
         r.targets = {"1:200", "1:100"};
       }),
       Refusal::kNone,
       {kRed, kBlue}},
      {"ipv6 prefix",
       with([](RemoteRoute& r) { r.prefix = "fd00:16:2::/64"; }),
       Refusal::kNone,
       {kRed}},
      {"default route",
       with([](RemoteRoute& r) { r.prefix = "0.0.0.0/0"; }),
       Refusal::kNone,
       {kRed}},
      {"no encapsulation means VXLAN",
       with([](RemoteRoute& r) { r.encapsulations = {}; }),
       Refusal::kNone,
       {kRed}},
      {"VXLAN among others",
       with([](RemoteRoute& r) {
         r.encapsulations = {kEncapsulationMpls, kEncapsulationVxlan};
       }),
       Refusal::kNone,
       {kRed}},
      {"another VNI than our own",
       with([](RemoteRoute& r) { r.label = 777; }),
       Refusal::kNone,
       {kRed}},
      {"greatest label", with([](RemoteRoute& r) { r.label = 0xffffff; }), Refusal::kNone, {kRed}},
  };
}

std::vector<Case> refused_cases() {
  return {
      {"no target", with([](RemoteRoute& r) { r.targets = {}; }), Refusal::kNoRouteTarget},
      {"foreign target", with([](RemoteRoute& r) { r.targets = {"1:300"}; }),
       Refusal::kNoRouteTarget},
      {"number only in the low half", with([](RemoteRoute& r) { r.targets = {"1:65636"}; }),
       Refusal::kNoRouteTarget},
      {"MPLS only", with([](RemoteRoute& r) { r.encapsulations = {kEncapsulationMpls}; }),
       Refusal::kEncapsulation},
      {"no router MAC", with([](RemoteRoute& r) { r.router_mac = ""; }), Refusal::kNoRouterMac},
      {"zero router MAC", with([](RemoteRoute& r) { r.router_mac = "00:00:00:00:00:00"; }),
       Refusal::kBadRouterMac},
      {"group router MAC", with([](RemoteRoute& r) { r.router_mac = "01:00:5e:00:00:01"; }),
       Refusal::kBadRouterMac},
      {"broadcast router MAC", with([](RemoteRoute& r) { r.router_mac = "ff:ff:ff:ff:ff:ff"; }),
       Refusal::kBadRouterMac},
      {"our router MAC", with([](RemoteRoute& r) { r.router_mac = "aa:bb:cc:00:01:64"; }),
       Refusal::kOwnRouterMac},
      {"no label", with([](RemoteRoute& r) { r.label = 0; }), Refusal::kNoLabel},
      {"our next hop", with([](RemoteRoute& r) { r.next_hop = "192.0.2.1"; }),
       Refusal::kOwnNextHop},
      {"loopback next hop", with([](RemoteRoute& r) { r.next_hop = "127.0.0.1"; }),
       Refusal::kMartianNextHop},
      {"multicast next hop", with([](RemoteRoute& r) { r.next_hop = "224.0.0.9"; }),
       Refusal::kMartianNextHop},
      {"link-local next hop", with([](RemoteRoute& r) { r.next_hop = "fe80::1"; }),
       Refusal::kMartianNextHop},
      {"IPv6 VTEP, IPv4 tunnel", with([](RemoteRoute& r) { r.next_hop = "2001:db8::2"; }),
       Refusal::kVtepFamily},
      {"overlay index ESI", with([](RemoteRoute& r) { r.esi = true; }), Refusal::kOverlayIndexEsi},
      {"overlay index gateway", with([](RemoteRoute& r) { r.gateway = "10.1.0.7"; }),
       Refusal::kOverlayIndexGateway},
      {"multicast prefix", with([](RemoteRoute& r) { r.prefix = "224.0.0.0/4"; }),
       Refusal::kMartianPrefix},
      {"loopback prefix", with([](RemoteRoute& r) { r.prefix = "127.1.0.0/16"; }),
       Refusal::kMartianPrefix},
      {"link-local prefix", with([](RemoteRoute& r) { r.prefix = "fe80::/64"; }),
       Refusal::kMartianPrefix},
  };
}

TEST(Import, EachRule) {
  std::vector<Case> all = imported_cases();
  for (const Case& c : refused_cases()) all.push_back(c);
  for (const Case& c : host_cases()) all.push_back(c);
  for (const Case& c : all) {
    SCOPED_TRACE(c.name);
    Node n;
    n.configure({red(), blue()});
    n.engine.on_vrf_state(up(red()));
    n.engine.on_vrf_state(up(blue()));
    n.announce(c.route);
    n.run();
    EXPECT_EQ(n.refused(c.want), 1U);
    for (const VrfId vrf : {kRed, kBlue}) {
      const bool want = std::find(c.vrfs.begin(), c.vrfs.end(), vrf) != c.vrfs.end();
      EXPECT_EQ(n.fib.has(vrf, c.route.prefix), want) << "vrf " << vrf.value;
      if (!want) continue;
      const std::vector<TunnelHop> hops = {
          {ip(c.route.next_hop), mac(c.route.router_mac), Vni{c.route.label}}};
      EXPECT_EQ(n.fib.hops(vrf, c.route.prefix), hops);
    }
    if (c.want == Refusal::kRouteType) {
      const std::string told = n.explain(kRed, c.route.prefix);
      EXPECT_NE(told.find("no second label"), std::string::npos) << told;
    } else if (c.want != Refusal::kNone) {
      const std::string told = n.explain(kRed, c.route.prefix);
      EXPECT_NE(told.find(explanation(c.want)), std::string::npos) << told;
    }
    n.withdraw(c.route);
    n.run();
    EXPECT_TRUE(n.fib.routes.empty());
    EXPECT_TRUE(n.fib.sets.empty());
    EXPECT_EQ(n.refused(c.want), 0U);
    EXPECT_EQ(n.engine.counters().import_classes, 0U);
  }
}

TEST(Import, UnreachableNextHopIsNamed) {
  Node n;
  n.start();
  n.announce({});
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, "10.1.0.0/24"));
  n.set_next_hop("192.0.2.2", false, 0);
  n.run();
  EXPECT_FALSE(n.fib.has(kRed, "10.1.0.0/24"));
  const std::string told = n.explain(kRed, "10.1.0.0/24");
  EXPECT_NE(told.find(explanation(Refusal::kUnreachableNextHop)), std::string::npos) << told;
  n.set_next_hop("192.0.2.2", true, 5);
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, "10.1.0.0/24"));
}

TEST(Import, OwnRoutesAndLeaks) {
  Node n;
  VrfSettings leaking = blue();
  leaking.import_rts = {match("*:200"), match("64514:100")};
  n.configure({red(), leaking});
  n.engine.on_vrf_state(up(red()));
  n.engine.on_vrf_state(up(blue()));
  n.local(kRed, "10.110.0.0/24");
  n.local(kBlue, "10.120.0.0/24");
  n.run();
  ASSERT_EQ(n.originated.size(), 2U);
  for (const auto& [key, o] : n.originated) n.upsert(key, kLocalPeer, o.attributes, o.data);
  n.run();
  EXPECT_TRUE(n.fib.routes.empty());
  EXPECT_EQ(n.refused(Refusal::kLocalLeak), 1U);
  EXPECT_EQ(n.refused(Refusal::kOwnRoute), 1U);
  const std::string told = n.explain(kBlue, "10.110.0.0/24");
  EXPECT_NE(told.find("local VRF leaking comes later"), std::string::npos) << told;
}

// The second label comes and goes with the L3VNI of the far side: one and the same route (RFC 7432
// 7.2: labels are no part of the key) is the VRF's or not.
TEST(Import, HostsGetAndLoseTheirSecondLabel) {
  Node n;
  n.start();
  RemoteRoute r = remote_host();
  for (const bool routed : {false, true, false, true}) {
    r.second_label = routed;
    n.announce(r);
    n.run();
    EXPECT_EQ(n.fib.has(kRed, r.prefix), routed);
    EXPECT_EQ(n.refused(Refusal::kRouteType), routed ? 0U : 1U);
    EXPECT_EQ(n.engine.counters().ignored_types[2], routed ? 0U : 1U);
  }
  // Two MACs that claim one address are two routes with one prefix.
  RemoteRoute other = r;
  other.host_mac = "02:00:00:00:00:12";
  n.announce(other);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, r.prefix).size(), 1U);
  n.withdraw(r);
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, r.prefix));
  n.withdraw(other);
  n.run();
  EXPECT_TRUE(n.fib.routes.empty());
  EXPECT_EQ(n.engine.counters().import_classes, 0U);
}

// Our own hosts, with the L3VNI of their VRF, are no leak.
TEST(Import, OwnHosts) {
  Node n;
  n.start();
  n.upsert(key_of(remote_host()), kLocalPeer, attributes_of(remote_host()), data_of(remote_host()));
  n.run();
  EXPECT_TRUE(n.fib.routes.empty());
  EXPECT_EQ(n.refused(Refusal::kOwnRoute), 1U);
}

TEST(Import, IgnoredTypesAreCounted) {
  Node n;
  n.start();
  for (std::uint8_t type = 1; type <= 4; ++type) {
    wire::EvpnKey key;
    key.type = static_cast<wire::EvpnRouteType>(type);
    key.rd = rd("192.0.2.2:3");
    if (type == 3 || type == 4) {
      key.ip_bits = 32;
      key.ip[0] = 192;
    }
    if (type == 2) key.mac = mac("02:00:00:00:00:11");
    n.upsert(key, kSpine1, attributes_of({}), data_of({}));
  }
  n.run();
  const Counters c = n.engine.counters();
  for (std::size_t type = 1; type <= 4; ++type) EXPECT_EQ(c.ignored_types[type], 1U);
  EXPECT_EQ(n.refused(Refusal::kRouteType), 4U);
  EXPECT_EQ(c.import_classes, 0U);
  EXPECT_TRUE(n.fib.routes.empty());
}

TEST(Import, RefusalsHaveDistinctWords) {
  std::set<std::string_view> names, words;
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    names.insert(to_string(static_cast<Refusal>(i)));
    words.insert(explanation(static_cast<Refusal>(i)));
  }
  EXPECT_EQ(names.size(), kRefusalCount);
  EXPECT_EQ(words.size(), kRefusalCount);
  EXPECT_FALSE(names.contains(""));
  EXPECT_FALSE(words.contains(""));
}

// The index and RouteTargetMatch::matches() are two ways to say the same.
TEST(Import, IndexAgreesWithMatch) {
  const std::vector<std::string> matches = {
      "*:100", "*:65636", "*:0", "65000:100", "10.0.0.1:100", "4200000000:100", "*:4294967295"};
  const std::vector<std::string> targets = {"65000:100",    "1:100",          "1:65636",
                                            "10.0.0.1:100", "4200000000:100", "1:0",
                                            "10.0.0.2:7",   "1:4294967295"};
  for (const auto& m : matches) {
    RouteTargetIndex index;
    index.add(kRed, match(m));
    index.add(kRed, match(m));
    for (const auto& t : targets) {
      SCOPED_TRACE(m + " " + t);
      const std::vector<ExtendedCommunity> communities = {make_encapsulation(8), rt(t)};
      std::vector<VrfId> got;
      index.match(communities, got);
      EXPECT_EQ(!got.empty(), match(m).matches(rt(t)));
      EXPECT_LE(got.size(), 1U);
    }
  }
}

}  // namespace
}  // namespace perd::evpn::test
