// Goal: what each part is set up with follows from the configuration, and stays the same when an
// unrelated part of it changes. Method: tables over hand-made configurations.
#include "core/settings.h"

#include <gtest/gtest.h>

namespace perd {
namespace {

Config sample() {
  Config c;
  c.node.name = "leaf2";
  c.underlay.emplace();
  c.underlay->asn = Asn{64512};
  c.underlay->router_id = *parse_router_id("10.0.0.2");
  c.underlay->interfaces = {"eth1"};
  c.underlay->tunnel_addresses = {*parse_ip("100.65.0.2")};
  NeighborConfig n;
  n.address = *parse_ip("192.168.1.2");
  n.asn = Asn{64612};
  n.families = {{Family::kIpv4Unicast, false}, {Family::kEvpn, false}};
  c.underlay->neighbors = {n};
  L3VniConfig v;
  v.name = v.vrf = "red";
  v.vni = Vni{100};
  v.vtep = c.underlay->tunnel_addresses[0];
  v.asn = Asn{64512};
  c.l3vnis = {v};
  return c;
}

L3VniConfig vni(const char* name, std::uint32_t number) {
  L3VniConfig v;
  v.name = v.vrf = name;
  v.vni = Vni{number};
  return v;
}

L2VniConfig l2vni(const char* name, std::uint32_t number) {
  L2VniConfig v;
  v.name = name;
  v.vni = Vni{number};
  return v;
}

// A routed segment in VRF red and one of layer 2 only.
Config sample_with_segments() {
  Config c = sample();
  c.l3vnis[0].name = "red-domain";
  c.l3vnis[0].export_rts = {make_auto_route_target(Asn{64512}, Vni{100})};
  auto storage = l2vni("storage", 110);
  storage.vtep = c.underlay->tunnel_addresses[0];
  storage.l3vni = "red-domain";
  storage.gateway_ips = {*parse_interface_address("2001:db8:110::1/64"),
                         *parse_interface_address("192.170.1.1/24")};
  storage.gateway_mac = default_gateway_mac(Vni{110});
  storage.import_rts = {*parse_route_target_match("*:110")};
  storage.export_rts = {make_auto_route_target(Asn{64512}, Vni{110})};
  storage.interfaces = {"eth3"};
  storage.mtu = 1450;
  storage.neighbor_suppression = false;
  auto lan = l2vni("lan", 120);
  lan.host_master = HostMaster::kExternal;
  lan.host_bridge = "br-lan";
  lan.gateway_mac = *parse_mac("00:00:5e:00:01:01");
  lan.gateway_mac_configured = true;
  c.l2vnis = {storage, lan};
  return c;
}

TEST(RdNumbers, DependOnTheVniAndNotOnTheOrder) {
  struct Case {
    const char* what;
    std::vector<std::uint32_t> vnis;
    std::vector<std::uint16_t> want;
  };
  const Case cases[] = {
      {"small VNIs are their own number", {100, 200}, {100, 200}},
      {"in any order", {200, 100}, {200, 100}},
      {"low 16 bits of a large one", {0x10064, 5}, {100, 5}},
      {"the lower VNI keeps the number", {0x10064, 100}, {101, 100}},
      {"zero is no number", {0x10000}, {1}},
      {"wraps over the end", {65535, 0x1ffff}, {65535, 1}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Config config;
    for (const auto n : c.vnis) config.l3vnis.push_back(vni("x", n));
    EXPECT_EQ(rd_numbers(config).l3vnis, c.want);
    Config layer2;
    for (const auto n : c.vnis) layer2.l2vnis.push_back(l2vni("x", n));
    EXPECT_EQ(rd_numbers(layer2).l2vnis, c.want);
  }
}

TEST(RdNumbers, AreUniqueOverBothKindsAndL3VnisKeepTheirs) {
  Config config;
  config.l3vnis = {vni("red", 0x10064), vni("blue", 200)};
  const auto before = rd_numbers(config);
  EXPECT_EQ(before.l3vnis, (std::vector<std::uint16_t>{100, 200}));
  config.l2vnis = {l2vni("storage", 100), l2vni("lan", 110), l2vni("dmz", 0x100c8)};
  const auto after = rd_numbers(config);
  EXPECT_EQ(after.l3vnis, before.l3vnis);
  EXPECT_EQ(after.l2vnis, (std::vector<std::uint16_t>{101, 110, 201}));
}

TEST(PeerSettings, TtlFollowsTheKindOfNeighbour) {
  struct Case {
    const char* what;
    std::uint32_t asn;
    std::uint8_t multihop, hops;
    std::uint8_t ttl, minimum;
  };
  const Case cases[] = {
      {"eBGP on the link", 64612, 0, 0, 1, 0},
      {"iBGP anywhere", 64512, 0, 0, 255, 0},
      {"eBGP multihop", 64612, 3, 0, 3, 0},
      {"RFC 5082, on the link", 64612, 0, 1, 255, 255},
      {"RFC 5082, two hops", 64612, 0, 2, 255, 254},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Config config = sample();
    auto& n = config.underlay->neighbors[0];
    n.asn = Asn{c.asn};
    n.ebgp_multihop_ttl = c.multihop;
    n.ttl_security_hops = c.hops;
    const auto s = peer_settings(config, n);
    EXPECT_EQ(s.transport.ttl, c.ttl);
    EXPECT_EQ(s.transport.minimum_ttl, c.minimum);
  }
}

TEST(PeerSettings, LocalAsnReplacesTheOwnOneInTheOpen) {
  Config config = sample();
  auto& n = config.underlay->neighbors[0];
  EXPECT_EQ(peer_settings(config, n).local_asn, Asn{64512});
  n.local_asn = Asn{65001};
  EXPECT_EQ(peer_settings(config, n).local_asn, Asn{65001});
  n.asn = Asn{65001};
  EXPECT_FALSE(peer_settings(config, n).ebgp());
}

TEST(PeerSettings, UnrelatedChangesLeaveThemEqual) {
  const Config before = sample();
  Config after = before;
  after.l3vnis.push_back(vni("blue", 200));
  after.underlay->networks.push_back(*parse_prefix("203.0.113.0/24"));
  EXPECT_EQ(peer_settings(before, before.underlay->neighbors[0]),
            peer_settings(after, after.underlay->neighbors[0]));
}

TEST(ListenSettings, CarriesKeysAndNothingWithPortZero) {
  Config config = sample();
  config.bgp.listen = {*parse_ip("0.0.0.0")};
  config.underlay->neighbors[0].password = "s3cret";
  const auto listen = listen_settings(config);
  ASSERT_EQ(listen.keys.size(), 1U);
  EXPECT_EQ(to_string(listen.keys[0].peer), "192.168.1.2/32");
  EXPECT_EQ(listen.addresses.size(), 1U);
  config.bgp.port = 0;
  EXPECT_TRUE(listen_settings(config).addresses.empty());
}

TEST(VrfIds, AreKeptByName) {
  VrfIds ids;
  const auto red = ids.of("red");
  const auto blue = ids.of("blue");
  EXPECT_NE(red, blue);
  EXPECT_NE(red, kDefaultVrf);
  EXPECT_EQ(ids.of("red"), red);
  EXPECT_EQ(ids.find("blue"), blue);
  EXPECT_FALSE(ids.find("green"));
}

TEST(MacVrfIds, AreKeptByNameAndNeverNone) {
  MacVrfIds ids;
  const auto storage = ids.of("storage");
  EXPECT_NE(storage, kNoMacVrf);
  EXPECT_NE(ids.of("lan"), storage);
  EXPECT_EQ(ids.of("storage"), storage);
  EXPECT_FALSE(ids.find("dmz"));
}

TEST(WantedNode, HasTheDefaultRouterMac) {
  VrfIds ids;
  MacVrfIds mac_vrf_ids;
  const auto node = wanted_node(sample(), ids, mac_vrf_ids);
  ASSERT_EQ(node.vrfs.size(), 1U);
  EXPECT_EQ(to_string(node.vrfs[0].default_mac), "02:54:64:41:00:02");
  EXPECT_FALSE(node.vrfs[0].router_mac);
}

TEST(WantedNode, HasTheDevicesOfEachSegment) {
  VrfIds ids;
  MacVrfIds mac_vrf_ids;
  const Config config = sample_with_segments();
  const auto node = wanted_node(config, ids, mac_vrf_ids);
  ASSERT_EQ(node.mac_vrfs.size(), 2U);
  WantedMacVrf storage;
  storage.id = *mac_vrf_ids.find("storage");
  storage.name = "storage";
  storage.vni = Vni{110};
  storage.local_vtep = *parse_ip("100.65.0.2");
  storage.vrf = *ids.find("red");
  storage.gateways = {*parse_interface_address("192.170.1.1/24"),
                      *parse_interface_address("2001:db8:110::1/64")};
  storage.bridge_mac = *parse_mac("00:f3:00:00:00:6f");
  storage.interfaces = {"eth3"};
  storage.mtu = 1450;
  storage.neighbour_suppression = false;
  EXPECT_EQ(node.mac_vrfs[0], storage);
  WantedMacVrf lan;
  lan.id = *mac_vrf_ids.find("lan");
  lan.name = "lan";
  lan.vni = Vni{120};
  lan.bridge_mac = *parse_mac("00:00:5e:00:01:01");
  lan.bridge_mac_configured = true;
  lan.host_master = HostMaster::kExternal;
  lan.host_bridge = "br-lan";
  EXPECT_EQ(node.mac_vrfs[1], lan);
}

TEST(MacVrfSettings, FollowTheRoutingDomain) {
  VrfIds ids;
  MacVrfIds mac_vrf_ids;
  Config config = sample_with_segments();
  const auto all = mac_vrf_settings(config, ids, mac_vrf_ids);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, *mac_vrf_ids.find("storage"));
  EXPECT_EQ(all[0].name, "storage");
  EXPECT_EQ(all[0].vni, Vni{110});
  EXPECT_EQ(to_string(all[0].rd), "10.0.0.2:110");
  EXPECT_EQ(all[0].import_rts, config.l2vnis[0].import_rts);
  EXPECT_EQ(all[0].export_rts, config.l2vnis[0].export_rts);
  EXPECT_EQ(to_string(all[0].vtep), "100.65.0.2");
  EXPECT_EQ(all[0].vrf, *ids.find("red"));
  EXPECT_EQ(all[0].l3_vni, Vni{100});
  EXPECT_EQ(all[0].l3_export_rts, config.l3vnis[0].export_rts);
  ASSERT_EQ(all[0].gateways.size(), 2U);
  EXPECT_EQ(to_string(all[0].gateways[0]), "192.170.1.1/24");
  EXPECT_EQ(all[1].vrf, kDefaultVrf);
  EXPECT_EQ(all[1].l3_vni, Vni{});
  EXPECT_TRUE(all[1].l3_export_rts.empty());

  config.l2vnis[0].rd = parse_rd("100.65.0.2:7");
  EXPECT_EQ(to_string(mac_vrf_settings(config, ids, mac_vrf_ids)[0].rd), "100.65.0.2:7");
  EXPECT_EQ(mac_vrf_settings(config, ids, mac_vrf_ids)[1], all[1]) << "another one stays equal";
}

TEST(EvpnSettings, RdIsRouterIdAndNumberUnlessConfigured) {
  VrfIds ids;
  Config config = sample();
  EXPECT_EQ(to_string(evpn_vrf_settings(config, ids)[0].rd), "10.0.0.2:100");
  config.l3vnis[0].rd = parse_rd("100.65.0.2:7");
  EXPECT_EQ(to_string(evpn_vrf_settings(config, ids)[0].rd), "100.65.0.2:7");
}

TEST(UnderlayPrefixes, TunnelAddressesAndNetworksOnce) {
  Config config = sample();
  config.underlay->networks = {*parse_prefix("203.0.113.0/24"), *parse_prefix("100.65.0.2/32")};
  const auto prefixes = underlay_prefixes(config);
  ASSERT_EQ(prefixes.size(), 2U);
  EXPECT_EQ(to_string(prefixes[0]), "100.65.0.2/32");
}

}  // namespace
}  // namespace perd
