// Goal: what this node says of its hosts is what FRR says, octet by octet, and follows every change
// of what it depends on. Method: UPDATEs of FRR 8.4.4 and GoBGP 3.10 from files against our own of
// the same hosts, encoded; then changes of devices and configuration, and what is announced then.
#include <algorithm>

#include "bgp/wire/wire_support.h"
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

// Leaf 1 or 2 of the captured session: VTEP 192.0.2.N, L2VNI 110 in L3VNI 100.
struct FrrLeaf : L2Node {
  explicit FrrLeaf(unsigned number) : asn(number == 1 ? 64514U : 4200000001U) {
    const std::string vtep = "192.0.2." + std::to_string(number);
    MacVrfSettings v = one();
    v.vtep = ip(vtep);
    v.rd = rd(vtep + ":3");
    v.export_rts = {make_auto_route_target(Asn{asn}, Vni{110})};
    v.l3_export_rts = {make_auto_route_target(Asn{asn}, Vni{100})};
    NodeSettings node = l2_node_settings();
    node.own_addresses = {ip(vtep)};
    configure({v}, node);
    VrfState vrf = red_up(number == 1 ? "aa:bb:cc:00:01:64" : "aa:bb:cc:00:02:64");
    vrf.local_vtep = v.vtep;
    engine.on_vrf_state(vrf, now);
    engine.on_state(up(v), now);
    run();
  }
  // One UPDATE of all that is originated and of which `wanted` holds, as an external peer gets it.
  template <class F>
  [[nodiscard]] std::string update(F&& wanted) const {
    std::vector<wire::EvpnNlri> routes;
    wire::PathAttributes attributes;
    for (const auto& [key, o] : originated) {
      if (!wanted(o)) continue;
      routes.push_back({key, o.data, 0});
      // FRR gives a link-local address the label of an IP-VRF whose route target it leaves out.
      if (key.address() && key.address()->is_link_local()) routes.back().data.label2 = Label{100};
      if (routes.size() > 1) {
        EXPECT_EQ(attributes, o.attributes);
      }
      attributes = o.attributes;
    }
    attributes.as_path.prepend(Asn{asn});
    std::vector<std::uint8_t> out;
    wire::CodecContext codec = wire::test::ebgp_context();
    wire::UpdateEncoder encoder(codec, out);
    EXPECT_EQ(encoder.announce(attributes, routes), 1U);
    return wire::test::to_hex(out);
  }
  std::uint32_t asn;
};

bool is_mac_ip(const Origination& o) { return o.key.type == wire::EvpnRouteType::kMacIp; }
std::string frr(std::size_t line) {
  return wire::test::to_hex(wire::test::read_vectors("frr-8.4.4-session.hex").at(line - 1));
}

TEST(Golden, FrrMulticast) {
  EXPECT_EQ(FrrLeaf(2).update([](const Origination&) { return true; }), frr(10));
  EXPECT_EQ(FrrLeaf(1).update([](const Origination&) { return true; }), frr(17));
}

// One message: a MAC alone, and another one with its link-local address.
TEST(Golden, FrrMacAloneAndLinkLocal) {
  FrrLeaf n(1);
  n.fdb("02:00:00:00:00:11");
  n.heard("aa:bb:cc:00:01:6e", "fe80::a8bb:ccff:fe00:16e");
  const MacAddress alone = mac("02:00:00:00:00:11");
  for (const auto& [key, o] : n.originated) EXPECT_FALSE(o.data.label2) << to_string(key);
  EXPECT_EQ(n.update([&](const Origination& o) {
    return is_mac_ip(o) && (o.key.mac == alone || o.key.ip_bits == 128);
  }),
            frr(15));
}

// One message: IPv4 and IPv6, two labels, both route targets, router MAC.
TEST(Golden, FrrMacWithAddresses) {
  FrrLeaf n(2);
  n.heard("aa:bb:cc:00:02:6e", "10.110.0.2");
  n.heard("aa:bb:cc:00:02:6e", "fd00:110::2");
  EXPECT_EQ(n.update([](const Origination& o) { return is_mac_ip(o) && o.key.ip_bits != 0; }),
            frr(9));
}

TEST(Golden, FrrMacThatMoved) {
  FrrLeaf n(2);
  n.announce(RemoteMac{.mac = "02:00:00:00:00:11", .next_hop = "192.0.2.1"});
  n.fdb("02:00:00:00:00:11");
  EXPECT_EQ(n.update(is_mac_ip), frr(37));
}

// GoBGP writes its attributes in another order; what they say is the same.
TEST(Golden, GobgpSaysTheSame) {
  L2Node n;
  MacVrfSettings v = one();
  v.vni = Vni{100};
  v.l3_vni = Vni{200};
  v.rd = rd("10.0.0.1:2");
  v.vtep = ip("100.64.0.1");
  v.export_rts = {rt("65001:100")};
  v.l3_export_rts.clear();
  n.configure({v});
  n.engine.on_vrf_state(red_up("aa:bb:cc:00:00:65"), n.now);
  n.engine.on_state(up(v), n.now);
  n.run();
  n.heard("aa:bb:cc:dd:ee:ff", "10.0.0.5");
  n.fdb("aa:bb:cc:dd:ee:fe");
  const auto messages = wire::test::read_vectors("gobgp-3.10-evpn.hex");
  for (const std::size_t line : {2U, 3U, 4U}) {
    SCOPED_TRACE(line);
    wire::Update update;
    ASSERT_TRUE(wire::decode_update(wire::test::body_of(messages.at(line - 1)),
                                    wire::test::ebgp_context(), update));
    ASSERT_EQ(update.announced.evpn.size(), 1U);
    const wire::EvpnNlri& theirs = update.announced.evpn[0];
    const Origination* ours = n.find(theirs.key);
    ASSERT_NE(ours, nullptr) << to_string(theirs.key);
    EXPECT_EQ(ours->data, theirs.data);
    EXPECT_EQ(ours->attributes.next_hop, update.attributes.next_hop);
    EXPECT_EQ(ours->attributes.pmsi, update.attributes.pmsi);
    auto a = ours->attributes.extended_communities;
    auto b = update.attributes.extended_communities;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    EXPECT_EQ(a, b);
  }
}

// ---- communities ----

std::string communities(const Origination* o) {
  std::string text;
  if (o == nullptr) return text;
  for (const auto& c : o->attributes.extended_communities) {
    text += (text.empty() ? "" : " ") + to_string(c);
  }
  return text;
}

TEST(Communities, InFrrsOrder) {
  L2Node n;
  n.start();
  n.neighbour("fd00::a", kHostA, NeighbourNews::kReachable, false, true);
  n.fdb(kHostA, 7, true);
  EXPECT_EQ(communities(n.find_mac(kHostA)), "ET:8 RT:64514:110 MM:0, sticky MAC");
  EXPECT_EQ(communities(n.find_mac(kHostA, "fd00::a")),
            "ET:8 RT:64514:110 RT:64514:100 MM:0, sticky MAC Rmac:aa:bb:cc:00:01:64 "
            "ND:Router");
  n.announce(RemoteMac{.mac = kHostB, .next_hop = kHigher, .sequence = 2});
  n.heard(kHostB, "10.110.0.11");
  EXPECT_EQ(communities(n.find_mac(kHostB, "10.110.0.11")),
            "ET:8 RT:64514:110 RT:64514:100 Rmac:aa:bb:cc:00:01:64 MM:3");
}

TEST(Communities, RouterFlagIsForIpv6) {
  L2Node n;
  n.start();
  n.neighbour("10.110.0.10", kHostA, NeighbourNews::kReachable, false, true);
  EXPECT_EQ(communities(n.find_mac(kHostA, "10.110.0.10")),
            "ET:8 RT:64514:110 RT:64514:100 Rmac:aa:bb:cc:00:01:64");
}

// ---- what it depends on ----

TEST(Origin, NothingUntilTheDevicesAreThere) {
  L2Node n;
  n.configure({one()});
  n.heard(kHostA, "10.110.0.10");
  n.fdb(kHostA);
  n.run();
  EXPECT_TRUE(n.originated.empty());
  n.engine.on_state(up(one()), n.now);
  n.run();
  EXPECT_EQ(n.originated.size(), 3U);
  EXPECT_FALSE(n.find_mac(kHostA, "10.110.0.10")->data.label2) << "its routing domain is not up";
  n.engine.on_vrf_state(red_up(), n.now);
  n.run();
  EXPECT_EQ(n.find_mac(kHostA, "10.110.0.10")->data.label2, Label{100});
  EXPECT_FALSE(n.find_mac(kHostA)->data.label2);
  VrfState gone = red_up();
  gone.up = false;
  n.engine.on_vrf_state(gone, n.now);
  n.run();
  EXPECT_FALSE(n.find_mac(kHostA, "10.110.0.10")->data.label2);
  n.engine.on_state(down(one()), n.now);
  n.run();
  EXPECT_TRUE(n.originated.empty());
  EXPECT_EQ(n.engine.mac_vrfs()[0].originated, 0U);
  n.engine.on_state(up(one()), n.now);
  n.run();
  EXPECT_EQ(n.originated.size(), 3U) << "what is known of the hosts stays";
}

TEST(Origin, AnotherVtepRdOrTarget) {
  L2Node n;
  n.start({one(), two()});
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostB, "10.120.0.10", 7, kTwo);
  ASSERT_EQ(n.originated.size(), 6U);
  const std::size_t before = n.origination_news;

  MacVrfSettings v = one();
  v.rd = rd("10.0.0.1:999");
  n.configure({v, two()});
  n.run();
  ASSERT_EQ(n.originated.size(), 6U);
  EXPECT_EQ(n.origination_news - before, 6U) << "three withdrawn, three announced, others alone";
  RemoteMac key{.mac = kHostA, .ip = "10.110.0.10", .rd = "10.0.0.1:999"};
  ASSERT_NE(n.find(key_of(key)), nullptr);

  v.export_rts = {rt("1:1")};
  n.configure({v, two()});
  n.run();
  EXPECT_EQ(n.origination_news - before, 9U) << "same keys: announced again, not withdrawn";
  EXPECT_EQ(n.find(key_of(key))->attributes.extended_communities[1], rt("1:1"));

  MacVrfState s = up(v);
  s.local_vtep = ip("192.0.2.6");
  n.engine.on_state(s, n.now);
  n.run();
  EXPECT_EQ(n.find(key_of(key))->attributes.next_hop, ip("192.0.2.6"));
  unsigned multicast = 0;
  for (const auto& [k, o] : n.originated) {
    if (k.type != wire::EvpnRouteType::kInclusiveMulticast || k.rd != v.rd) continue;
    ++multicast;
    EXPECT_EQ(k.address(), ip("192.0.2.6"));
    EXPECT_EQ(o.attributes.pmsi->identifier.back(), 6);
  }
  EXPECT_EQ(multicast, 1U);
}

TEST(Origin, Ipv6Vtep) {
  L2Node n;
  MacVrfSettings v = one();
  v.vtep = ip("2001:db8::5");
  n.start({v});
  ASSERT_EQ(n.originated.size(), 1U);
  const Origination& o = n.originated.begin()->second;
  EXPECT_EQ(o.key.ip_bits, 128);
  EXPECT_EQ(o.attributes.pmsi->identifier.size(), 16U);
  EXPECT_EQ(o.attributes.pmsi->type, 6);
  EXPECT_EQ(o.attributes.pmsi->label, Label{110});
}

// ---- host routes of the routing domain ----

TEST(HostRoutes, OfLocalHostsOnly) {
  L2Node n;
  n.start({one(), two()});
  n.heard(kHostA, "10.110.0.10");
  n.heard(kHostA, "fd00::a");
  n.heard(kHostA, "fe80::a");
  n.heard(kHostB, "10.120.0.10", 7, kTwo);
  n.announce(RemoteMac{.mac = "02:00:00:00:00:0c", .ip = "10.110.0.12"});
  EXPECT_EQ(n.host_routes.size(), 2U);
  EXPECT_TRUE(n.has_host_route("10.110.0.10/32"));
  EXPECT_TRUE(n.has_host_route("fd00::a/128"));
  MacVrfSettings v = one();
  v.vrf = kBlue;
  n.configure({v, two()});
  n.run();
  EXPECT_EQ(n.host_routes.size(), 2U);
  EXPECT_TRUE(n.host_routes.contains({kBlue.value, prefix("10.110.0.10/32")}));
  v.vrf = kDefaultVrf;
  n.configure({v, two()});
  n.run();
  EXPECT_TRUE(n.host_routes.empty());
}

}  // namespace
}  // namespace perd::evpn::test
