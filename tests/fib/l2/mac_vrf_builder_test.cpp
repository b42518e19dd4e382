// Goal: the links of a MAC-VRF stand as per.yaml asks, whether perd makes them or finds them, in
// whatever order things come and go. Method: operator's commands on the simulated kernel, then its
// tables.
#include "fib/l2/mac_vrf_builder.h"

#include <map>

#include "fib/l2/l2_lab.h"

namespace perd::fib {
namespace {

using MacVrfs = L2Lab;

LinkCreate a_bridge(const char* name) {
  LinkCreate c;
  c.name = name;
  c.kind = LinkKind::kBridge;
  c.mac = mac("02:aa:00:00:00:01");
  c.up = true;
  return c;
}
LinkCreate a_vxlan(const char* name, std::uint32_t vni, IfIndex bridge) {
  LinkCreate c;
  c.name = name;
  c.kind = LinkKind::kVxlan;
  c.vxlan = VxlanInfo{Vni{vni}, ip("100.65.0.2"), 4789, false, false};
  c.master = bridge;
  c.addrgen_none = c.up = true;
  return c;
}

TEST_F(MacVrfs, AreMadeFromNothing) {
  start(wanted_l2_node());
  const Link* bridge = kernel.link("br-pe-110");
  const Link* vxlan = kernel.link("vni110");
  ASSERT_TRUE(bridge != nullptr && vxlan != nullptr);
  EXPECT_EQ(master_of("br-pe-110"), "red");
  EXPECT_EQ(master_of("vni110"), "br-pe-110");
  EXPECT_EQ(master_of("tap1"), "br-pe-110");
  EXPECT_EQ(master_of("tap2"), "");
  EXPECT_EQ(bridge->mac, mac("00:f3:00:00:00:6f"));
  EXPECT_TRUE(bridge->addrgen_none && vxlan->addrgen_none);
  EXPECT_FALSE(vxlan->port_learning);
  EXPECT_TRUE(vxlan->port_neigh_suppress);
  EXPECT_TRUE(kernel.link("tap1")->port_learning);
  EXPECT_FALSE(kernel.link("tap1")->port_neigh_suppress);
  EXPECT_EQ(vxlan->vxlan->local, ip("100.65.0.2"));
  EXPECT_FALSE(vxlan->vxlan->learning);
  EXPECT_EQ(vxlan->mtu, 1450U);
  EXPECT_EQ(bridge->mtu, 1450U);
  for (const Link* l : {bridge, vxlan}) {
    EXPECT_TRUE(l->admin_up && l->running) << l->name;
    EXPECT_EQ(l->alias, "perd") << l->name;
  }
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_NE(route("192.170.1.0/24", 1100, 0), nullptr);
  EXPECT_TRUE(local(kRed, "192.170.1.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_EQ(kernel.sysctls().at("net/ipv4/conf/br-pe-110/rp_filter"), "0");
  const MacVrfState s = state();
  EXPECT_TRUE(s.up) << s.problem;
  EXPECT_EQ(s.own_mac, mac("00:f3:00:00:00:6f"));
  EXPECT_EQ(s.local_vtep, ip("100.65.0.2"));
  EXPECT_EQ(s.ageing, 300U);
  EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
  EXPECT_TRUE(fib->synchronized());
  const MacVrfDeviceView v = view();
  EXPECT_TRUE(v.up && v.suppression && !v.bridge_adopted && !v.vxlan_adopted);
  EXPECT_EQ(v.ports, std::vector<std::string>{"tap1"});
  EXPECT_TRUE(v.notes.empty());
  EXPECT_EQ(fib->port_name(index("tap1").value), "tap1");
  EXPECT_EQ(fib->port_name(9999), "");
  EXPECT_EQ(heard(EventKind::kKernelProblem), 0U);
}

TEST_F(MacVrfs, LayerTwoOnlyHasNoGateway) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].vrf = kDefaultVrf;
  node.mac_vrfs[0].neighbour_suppression = false;
  node.mac_vrfs[0].mtu = 1400;
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(master_of("br-pe-110"), "");
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_FALSE(kernel.link("vni110")->port_neigh_suppress);
  EXPECT_EQ(kernel.link("vni110")->mtu, 1400U);
  EXPECT_EQ(kernel.link("br-pe-110")->mtu, 1400U);
  // And both ways, live.
  reconfigure(wanted_l2_node());
  EXPECT_EQ(master_of("br-pe-110"), "red");
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_TRUE(kernel.link("vni110")->port_neigh_suppress);
  EXPECT_EQ(kernel.link("vni110")->mtu, 1450U);
  const IfIndex bridge = index("br-pe-110");
  reconfigure(node);
  EXPECT_EQ(index("br-pe-110"), bridge);
  EXPECT_EQ(master_of("br-pe-110"), "");
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_EQ(master_of("tap1"), "br-pe-110");
}

TEST_F(MacVrfs, MtuFollowsUnderlayAndFamily) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].host_master = HostMaster::kManaged;
  node.tunnel_addresses.push_back(ip("2001:db8::2"));
  node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "six", 111));
  node.mac_vrfs[1].local_vtep = ip("2001:db8::2");
  start(node);
  EXPECT_EQ(kernel.link("vni111")->mtu, 1430U);
  kernel.set_mtu("eth1", 9000);
  settle();
  for (const char* name : {"vni110", "br-pe-110", "host-e-110", "pe-e-110", "br-hs-110"}) {
    EXPECT_EQ(kernel.link(name)->mtu, 8950U) << name;
  }
  EXPECT_EQ(kernel.link("br-pe-111")->mtu, 8930U);
}

TEST_F(MacVrfs, ARestartChangesNothing) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].gateways.push_back(cidr("2001:db8:110::1/64"));
  node.mac_vrfs[0].host_master = HostMaster::kManaged;
  start(node);
  restart();
  (void)kernel.take_journal();
  start(node);
  const auto journal = kernel.take_journal();
  EXPECT_EQ(writes(journal), count<SysctlPut>(journal) + count<PortListen>(journal));
  EXPECT_TRUE(state().up) << state().problem;
  // What an earlier run put on its own bridge goes when it is dropped now.
  node.mac_vrfs[0].gateways.clear();
  reconfigure(node);
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_FALSE(has("br-pe-110", "2001:db8:110::1/64"));
  restart();
  node.mac_vrfs.clear();
  start(node);
  for (const char* name : {"vni110", "br-pe-110", "host-e-110", "pe-e-110", "br-hs-110"}) {
    EXPECT_EQ(kernel.link(name), nullptr) << name;
  }
  EXPECT_EQ(master_of("tap1"), "");
}

TEST_F(MacVrfs, GatewaysChangeLive) {
  WantedNode node = wanted_l2_node();
  start(node);
  EXPECT_FALSE(has("br-pe-110", "fe80::2f3:ff:fe00:6f/64")) << "IPv4 needs none";
  node.mac_vrfs[0].gateways = {cidr("192.170.2.1/24"), cidr("2001:db8:110::1/64")};
  (void)kernel.take_journal();
  reconfigure(node);
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_TRUE(has("br-pe-110", "192.170.2.1/24"));
  EXPECT_TRUE(has("br-pe-110", "2001:db8:110::1/64"));
  EXPECT_TRUE(has("br-pe-110", "fe80::2f3:ff:fe00:6f/64")) << "of the MAC: the same everywhere";
  const auto journal = kernel.take_journal();
  EXPECT_EQ(count<LinkChange>(journal) + count<LinkCreate>(journal), 0U);
  for (const auto& op : journal) {
    const auto* put = std::get_if<AddressPut>(&op.what);
    EXPECT_TRUE(put == nullptr || put->no_dad);
  }
  EXPECT_EQ(kernel.sysctls().at("net/ipv6/conf/br-pe-110/accept_dad"), "0");
  // Somebody takes it away.
  kernel.del_address(index("br-pe-110"), cidr("192.170.2.1/24"));
  settle();
  EXPECT_TRUE(has("br-pe-110", "192.170.2.1/24"));
  EXPECT_GE(heard(EventKind::kKernelRepaired), 1U);
}

TEST_F(MacVrfs, TheSameGatewayElsewhereIsNotGoodEnough) {
  kernel.add_address(index("eth3"), cidr("192.170.1.1/24"));
  start(wanted_l2_node());
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
}

TEST_F(MacVrfs, MoveBetweenVrfs) {
  WantedNode node = wanted_l2_node();
  node.vrfs.push_back(wanted_vrf(kBlue, "blue", 200));
  node.vrfs[1].table = TableId{1200};
  node.mac_vrfs[0].gateways.push_back(cidr("2001:db8:110::1/64"));
  start(node);
  EXPECT_NE(route("2001:db8:110::/64", 1100, 256), nullptr);
  const IfIndex bridge = index("br-pe-110");
  said.clear();
  node.mac_vrfs[0].vrf = kBlue;
  reconfigure(node);
  EXPECT_EQ(index("br-pe-110"), bridge);
  EXPECT_EQ(master_of("br-pe-110"), "blue");
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_TRUE(has("br-pe-110", "2001:db8:110::1/64"));
  EXPECT_EQ(route("192.170.1.0/24", 1100, 0), nullptr);
  EXPECT_NE(route("192.170.1.0/24", 1200, 0), nullptr);
  EXPECT_NE(route("2001:db8:110::/64", 1200, 256), nullptr);
  EXPECT_EQ(heard(EventKind::kKernelRepaired), 1U) << "the bridge's place, not its addresses";
  EXPECT_TRUE(local(kBlue, "192.170.1.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_FALSE(local(kRed, "192.170.1.0/24", LocalRouteKind::kConnected).has_value());
  EXPECT_TRUE(state().up);
  EXPECT_EQ(master_of("br-pe-100"), "red") << "the L3VNI's own bridge";
}

TEST_F(MacVrfs, TheVrfMayComeLater) {
  WantedNode node = wanted_l2_node();
  const WantedNode whole = node;
  node.vrfs.clear();
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(view().notes, std::vector<std::string>{"its VRF is not configured"});
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24")) << "its subnet would be in the main table";
  reconfigure(whole);
  EXPECT_EQ(master_of("br-pe-110"), "red");
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
  EXPECT_TRUE(view().notes.empty());
}

TEST_F(MacVrfs, LayerTwoWorksWithoutTheVrf) {
  kernel.has_vrf = false;
  start(wanted_l2_node());
  EXPECT_FALSE(vrf_state(kRed).up);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(view().notes, std::vector<std::string>{"no vrf red"});
  EXPECT_FALSE(has("br-pe-110", "192.170.1.1/24"));
  kernel.has_vrf = true;
  run_for(std::chrono::seconds(40));
  EXPECT_EQ(master_of("br-pe-110"), "red");
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
}

TEST_F(MacVrfs, WithoutVrfDeviceRulesSteer) {
  kernel.has_vrf = false;
  WantedNode node = wanted_l2_node();
  node.vrfs[0].vrf_device = false;
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
  std::size_t steered = 0;
  for (const auto& [key, rule] : kernel.rules()) {
    if (rule.iif == "br-pe-110" && rule.table == TableId{1100}) ++steered;
  }
  EXPECT_EQ(steered, 2U);
  const Route* copy = route("192.170.1.0/24", 1100, kConnectedCopyMetric);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->hops.at(0).link, index("br-pe-110"));
  EXPECT_TRUE(local(kRed, "192.170.1.0/24", LocalRouteKind::kConnected).has_value());
  node.mac_vrfs.clear();
  reconfigure(node);
  for (const auto& [key, rule] : kernel.rules()) EXPECT_NE(rule.iif, "br-pe-110");
  EXPECT_EQ(route("192.170.1.0/24", 1100, kConnectedCopyMetric), nullptr);
}

// ---- adopting -----------------------------------------------------------------------------------

TEST_F(MacVrfs, HandMadeLinksAreAdoptedAsTheyAre) {
  const IfIndex bridge = kernel.add_link(a_bridge("br110"));
  kernel.add_link(a_vxlan("vx110", 110, bridge));
  kernel.add_address(bridge, cidr("192.170.1.1/24"));
  WantedNode node = wanted_l2_node();
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(state().own_mac, mac("02:aa:00:00:00:01"));
  EXPECT_EQ(kernel.link("br-pe-110"), nullptr);
  EXPECT_EQ(kernel.link("vni110"), nullptr);
  EXPECT_EQ(master_of("br110"), "red");
  EXPECT_EQ(kernel.link("br110")->mtu, 1500U);
  EXPECT_EQ(kernel.link("br110")->alias, "");
  EXPECT_FALSE(kernel.link("br110")->addrgen_none);
  EXPECT_EQ(master_of("tap1"), "br110");
  EXPECT_FALSE(kernel.link("vx110")->port_learning);
  EXPECT_TRUE(view().bridge_adopted && view().vxlan_adopted);

  // Taken down by its owner: said, not undone.
  kernel.set_up("br110", false);
  settle();
  EXPECT_EQ(state().problem, "bridge br110 is down");
  kernel.set_up("br110", true);
  settle();
  EXPECT_TRUE(state().up);

  node.mac_vrfs[0].bridge_mac_configured = true;
  reconfigure(node);
  EXPECT_EQ(kernel.link("br110")->mac, mac("00:f3:00:00:00:6f"));

  node.mac_vrfs.clear();
  reconfigure(node);
  EXPECT_NE(kernel.link("vx110"), nullptr);
  EXPECT_EQ(master_of("br110"), "") << "perd had put it into the VRF";
  EXPECT_EQ(master_of("tap1"), "");
  EXPECT_TRUE(has("br110", "192.170.1.1/24")) << "its owner's";
  EXPECT_FALSE(state().up);
}

TEST_F(MacVrfs, AnAdoptedBridgeStaysWhereItsOwnerPutIt) {
  LinkCreate vrf;
  vrf.name = "theirs";
  vrf.kind = LinkKind::kVrf;
  vrf.vrf_table = TableId{77};
  vrf.up = true;
  kernel.add_link(vrf);
  const IfIndex bridge = kernel.add_link(a_bridge("br110"));
  kernel.add_link(a_vxlan("vx110", 110, bridge));
  kernel.set_master("br110", "theirs");
  start(wanted_l2_node());
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(master_of("br110"), "theirs");
  EXPECT_EQ(view().notes, std::vector<std::string>{"bridge br110 is in theirs"});
  EXPECT_FALSE(has("br110", "192.170.1.1/24"));
}

TEST_F(MacVrfs, AVxlanDeviceWithoutBridgeGetsOne) {
  kernel.add_link(a_vxlan("vx110", 110, {}));
  start(wanted_l2_node());
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(master_of("vx110"), "br-pe-110");
  EXPECT_EQ(kernel.link("vx110")->mtu, 1500U);
  WantedNode node = wanted_l2_node();
  node.mac_vrfs.clear();
  reconfigure(node);
  EXPECT_NE(kernel.link("vx110"), nullptr);
  EXPECT_EQ(kernel.link("br-pe-110"), nullptr);
}

// Two segments in one bridge, as VLANs; what perd sets for one does not concern the other.
TEST_F(MacVrfs, AVlanAwareBridgeIsAdoptedByVlan) {
  const IfIndex bridge = kernel.add_link(a_bridge("br0"));
  kernel.amend_link("br0", [](Link& l) { l.vlan_filtering = true, l.ageing = 60; });
  for (const std::uint32_t vni : {110U, 111U}) {
    const std::string vx = "vx" + std::to_string(vni);
    kernel.add_link(a_vxlan(vx.c_str(), vni, bridge));
    kernel.amend_link(vx, [vni](Link& l) { l.port_vlan = static_cast<std::uint16_t>(vni); });
  }
  (void)kernel.add_link("br0.110");
  kernel.amend_link(
      "br0.110", [bridge](Link& l) { l.kind = LinkKind::kVlan, l.peer = bridge, l.vlan_id = 110; });
  for (const std::uint16_t vlan : {std::uint16_t{110}, std::uint16_t{111}}) {
    const std::string tap = vlan == 110 ? "tap1" : "tap2";
    kernel.set_master(tap, "br0");
    kernel.amend_link(tap, [vlan](Link& l) { l.port_vlan = vlan; });
  }
  WantedNode node = wanted_l2_node();
  node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "other", 111));
  node.mac_vrfs[0].bridge_mac_configured = true;
  node.mac_vrfs[1].vrf = kRed;
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_TRUE(state(kOther).up) << state(kOther).problem;
  EXPECT_EQ(state().own_mac, mac("00:f3:00:00:00:6f"));
  EXPECT_EQ(state().ageing, 60U);
  EXPECT_EQ(master_of("br0.110"), "red");
  EXPECT_EQ(kernel.link("br0.110")->mac, mac("00:f3:00:00:00:6f"));
  EXPECT_TRUE(has("br0.110", "192.170.1.1/24"));
  EXPECT_EQ(master_of("br0"), "");
  EXPECT_EQ(kernel.link("br0")->mac, mac("02:aa:00:00:00:01"));
  EXPECT_EQ(view(1).notes, std::vector<std::string>{"bridge br0 has no link for VLAN 111"});
  EXPECT_EQ(kernel.listening(), (std::set<IfIndex>{index("tap1"), index("tap2")}));
  const MacAddress one = mac("02:00:00:00:00:01");
  const MacAddress two = mac("02:00:00:00:00:02");
  kernel.learn("tap1", one);
  kernel.learn("tap2", two);
  settle();
  std::map<MacAddress, MacVrfId> where;
  for (const auto& k : knowledge) {
    if (const auto* l = std::get_if<LocalMac>(&k)) where[l->mac] = l->mac_vrf;
  }
  EXPECT_EQ(where, (std::map<MacAddress, MacVrfId>{{one, kStorage}, {two, kOther}}));
  // Without its VLAN a VXLAN device serves nobody.
  kernel.amend_link("vx110", [](Link& l) { l.port_vlan = 0; });
  settle();
  EXPECT_EQ(state().problem, "vxlan vx110 has no VLAN in bridge br0");
  node.mac_vrfs.clear();
  reconfigure(node);
  EXPECT_FALSE(has("br0.110", "192.170.1.1/24"));
}

TEST_F(MacVrfs, ObstaclesAreNamedAndTheirGoingIsEnough) {
  struct Obstacle {
    const char* link;
    const char* problem;
    std::function<void()> put;
  };
  const Obstacle obstacles[] = {
      {"br-pe-110", "br-pe-110 is a dummy, not a bridge",
       [this] { (void)kernel.add_link("br-pe-110", LinkKind::kDummy); }},
      {"vni110", "vni110 is a veth, not a VXLAN device of this VNI",
       [this] { (void)kernel.add_link("vni110"); }},
      {"vx", "vxlan vx has local 100.65.0.9, 100.65.0.2 is configured",
       [this] {
         LinkCreate c = a_vxlan("vx", 110, {});
         c.vxlan->local = ip("100.65.0.9");
         kernel.add_link(c);
       }},
  };
  for (const Obstacle& o : obstacles) {
    SCOPED_TRACE(o.problem);
    kernel.reboot();
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    (void)kernel.add_link("tap1");
    o.put();
    restart();
    WantedNode node = wanted_l2_node();
    node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "other", 111));
    start(node);
    EXPECT_EQ(state().problem, o.problem);
    EXPECT_TRUE(state(kOther).up) << state(kOther).problem;
    EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
    kernel.del_link(o.link);
    settle();
    EXPECT_TRUE(state().up) << state().problem;
  }
}

// ---- ports and hosts ----------------------------------------------------------------------------

TEST_F(MacVrfs, InterfacesComeGoAndChangeSides) {
  kernel.del_link("tap1");
  WantedNode node = wanted_l2_node();
  node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "other", 111));
  node.mac_vrfs[1].interfaces = {"tap2"};
  start(node);
  EXPECT_TRUE(state().up);
  EXPECT_EQ(view().notes, std::vector<std::string>{"no link tap1"});
  kernel.add_link("tap1");
  settle();
  EXPECT_EQ(master_of("tap1"), "br-pe-110");
  EXPECT_TRUE(view().notes.empty());
  kernel.del_link("tap1");
  kernel.add_link("tap1");  // the same name, another index
  settle();
  EXPECT_EQ(master_of("tap1"), "br-pe-110");
  node.mac_vrfs[0].interfaces = {"tap1", "tap2"};
  node.mac_vrfs[1].interfaces.clear();
  reconfigure(node);
  EXPECT_EQ(master_of("tap2"), "br-pe-110");
  node.mac_vrfs[0].interfaces = {"tap2"};
  reconfigure(node);
  EXPECT_EQ(master_of("tap1"), "");
  EXPECT_EQ(master_of("tap2"), "br-pe-110");
  // From a VRF to a MAC-VRF and back.
  node.vrfs[0].interfaces.clear();
  node.mac_vrfs[0].interfaces = {"eth2"};
  reconfigure(node);
  EXPECT_EQ(master_of("eth2"), "br-pe-110");
  node.vrfs[0].interfaces = {"eth2"};
  node.mac_vrfs[0].interfaces.clear();
  reconfigure(node);
  EXPECT_EQ(master_of("eth2"), "red");
}

TEST_F(MacVrfs, APortOfSomebodyElseIsLeftThere) {
  (void)kernel.add_link(a_bridge("theirs"));
  kernel.set_master("tap1", "theirs");
  start(wanted_l2_node());
  EXPECT_EQ(master_of("tap1"), "theirs");
  EXPECT_EQ(view().notes, std::vector<std::string>{"link tap1 is in theirs"});
  kernel.set_master("tap1", "");
  settle();
  EXPECT_EQ(master_of("tap1"), "br-pe-110");
}

TEST_F(MacVrfs, TheManagedHostBridgeIsJoined) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].host_master = HostMaster::kManaged;
  start(node);
  EXPECT_EQ(master_of("pe-e-110"), "br-pe-110");
  EXPECT_EQ(master_of("host-e-110"), "br-hs-110");
  for (const char* name : {"host-e-110", "pe-e-110", "br-hs-110"}) {
    const Link* l = kernel.link(name);
    ASSERT_NE(l, nullptr) << name;
    EXPECT_TRUE(l->admin_up && l->running) << name;
    EXPECT_EQ(l->alias, "perd") << name;
    EXPECT_EQ(l->mtu, 1450U) << name;
  }
  EXPECT_EQ(view().host_bridge, "br-hs-110");
  EXPECT_EQ(view().ports, (std::vector<std::string>{"pe-e-110", "tap1"}));
  EXPECT_TRUE(view().notes.empty());
  EXPECT_TRUE(fib->synchronized());
  // Somebody deletes a leg, which takes the other along; then the bridge.
  run_for(std::chrono::seconds(30));
  kernel.del_link("host-e-110");
  settle();
  EXPECT_EQ(master_of("pe-e-110"), "br-pe-110");
  EXPECT_EQ(master_of("host-e-110"), "br-hs-110");
  kernel.del_link("br-hs-110");
  settle();
  EXPECT_EQ(master_of("host-e-110"), "br-hs-110");
  // To an external one, live, and away.
  (void)kernel.add_link(a_bridge("br-storage"));
  node.mac_vrfs[0].host_master = HostMaster::kExternal;
  node.mac_vrfs[0].host_bridge = "br-storage";
  reconfigure(node);
  EXPECT_EQ(master_of("host-e-110"), "br-storage");
  EXPECT_EQ(kernel.link("br-hs-110"), nullptr);
  EXPECT_EQ(kernel.link("br-storage")->mtu, 1500U);
  EXPECT_EQ(kernel.link("br-storage")->alias, "");
  node.mac_vrfs[0].host_master = HostMaster::kNone;
  reconfigure(node);
  EXPECT_EQ(kernel.link("host-e-110"), nullptr);
  EXPECT_EQ(kernel.link("pe-e-110"), nullptr);
  EXPECT_NE(kernel.link("br-storage"), nullptr);
}

TEST_F(MacVrfs, AnExternalHostBridgeMayComeLate) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].host_master = HostMaster::kExternal;
  node.mac_vrfs[0].host_bridge = "br-storage";
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(view().notes, std::vector<std::string>{"no link br-storage"});
  EXPECT_EQ(heard(EventKind::kKernelProblem), 1U);
  EXPECT_EQ(master_of("pe-e-110"), "br-pe-110");
  EXPECT_EQ(kernel.link("host-e-110")->alias, "perd");
  EXPECT_TRUE(kernel.link("host-e-110")->admin_up);
  (void)kernel.add_link(a_bridge("br-storage"));
  settle();
  EXPECT_EQ(master_of("host-e-110"), "br-storage");
  EXPECT_TRUE(view().notes.empty());
}

TEST_F(MacVrfs, TakenNamesOnTheHostsSideAreNotes) {
  (void)kernel.add_link("host-e-110", LinkKind::kDummy);
  (void)kernel.add_link("br-hs-110", LinkKind::kDummy);
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].host_master = HostMaster::kManaged;
  start(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(view().notes, (std::vector<std::string>{"br-hs-110 is a dummy, not a bridge",
                                                    "host-e-110 is a dummy, not a veth"}));
  kernel.del_link("host-e-110");
  kernel.del_link("br-hs-110");
  settle();
  EXPECT_EQ(master_of("host-e-110"), "br-hs-110");
  EXPECT_TRUE(view().notes.empty());
}

// ---- changes ------------------------------------------------------------------------------------

TEST_F(MacVrfs, WhatSomebodyUndoesIsDoneAgain) {
  start(wanted_l2_node());
  const std::function<void()> undos[] = {
      [this] { kernel.set_up("br-pe-110", false); }, [this] { kernel.set_up("vni110", false); },
      [this] { kernel.set_master("vni110", ""); },   [this] { kernel.set_master("br-pe-110", ""); },
      [this] { kernel.set_master("tap1", ""); },     [this] { kernel.del_link("vni110"); },
      [this] { kernel.del_link("br-pe-110"); },      [this] { kernel.del_link("red"); },
      [this] { kernel.set_mtu("vni110", 9000); },
  };
  for (std::size_t i = 0; i < std::size(undos); ++i) {
    SCOPED_TRACE(i);
    run_for(std::chrono::seconds(30));
    said.clear();
    undos[i]();
    settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(state().up) << state().problem;
    EXPECT_EQ(master_of("br-pe-110"), "red");
    EXPECT_EQ(master_of("vni110"), "br-pe-110");
    EXPECT_EQ(master_of("tap1"), "br-pe-110");
    EXPECT_FALSE(kernel.link("vni110")->port_learning);
    EXPECT_EQ(kernel.link("vni110")->mtu, 1450U);
    EXPECT_TRUE(has("br-pe-110", "192.170.1.1/24"));
    EXPECT_GE(heard(EventKind::kKernelRepaired), 1U);
    EXPECT_TRUE(fib->synchronized());
  }
}

TEST_F(MacVrfs, AreRenumberedAndRemovedWithNothingElseDisturbed) {
  WantedNode node = wanted_l2_node();
  node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "other", 111));
  start(node);
  const IfIndex other = index("br-pe-111");
  const IfIndex vxlan = index("vni111");
  const IfIndex l3 = index("br-pe-100");
  node.mac_vrfs[0].vni = Vni{120};
  reconfigure(node);
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(kernel.link("br-pe-110"), nullptr);
  EXPECT_EQ(kernel.link("vni110"), nullptr);
  EXPECT_EQ(master_of("vni120"), "br-pe-120");
  EXPECT_EQ(master_of("tap1"), "br-pe-120");
  EXPECT_TRUE(has("br-pe-120", "192.170.1.1/24"));
  node.mac_vrfs.erase(node.mac_vrfs.begin());
  (void)kernel.take_journal();
  reconfigure(node);
  EXPECT_EQ(kernel.link("br-pe-120"), nullptr);
  EXPECT_FALSE(state().up);
  EXPECT_EQ(state().problem, "not configured");
  EXPECT_EQ(index("br-pe-111"), other);
  EXPECT_EQ(index("vni111"), vxlan);
  EXPECT_EQ(index("br-pe-100"), l3);
  for (const auto& op : kernel.take_journal()) {
    const auto* change = std::get_if<LinkChange>(&op.what);
    EXPECT_TRUE(change == nullptr || change->link == index("tap1"));
  }
  node.mac_vrfs = wanted_l2_node().mac_vrfs;
  reconfigure(node);
  EXPECT_TRUE(state().up);
  EXPECT_EQ(kernel.link("br-pe-111"), nullptr);
}

TEST_F(MacVrfs, ManyComeUpAndGo) {
  constexpr std::uint16_t kMany = 100;
  WantedNode node = wanted_l2_node();
  for (std::uint16_t i = 1; i < kMany; ++i) {
    const std::string name = "s" + std::to_string(i);
    node.mac_vrfs.push_back(
        wanted_mac_vrf(MacVrfId{static_cast<std::uint16_t>(i + 1)}, name.c_str(), 200U + i));
    node.mac_vrfs.back().vrf = kRed;
    node.mac_vrfs.back().host_master = HostMaster::kManaged;
  }
  start(node);
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(fib->synchronized());
  EXPECT_EQ(fib->mac_vrf_devices().size(), kMany);
  for (const auto& v : fib->mac_vrf_devices()) EXPECT_TRUE(v.up) << v.name << ": " << v.problem;
  reconfigure(wanted_l2_node());
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(fib->synchronized());
  EXPECT_EQ(kernel.link("br-hs-250"), nullptr);
  EXPECT_EQ(kernel.link("host-e-250"), nullptr);
  EXPECT_NE(kernel.link("br-pe-110"), nullptr);
}

TEST_F(MacVrfs, OrderOfNewsDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    kernel.reboot();
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    (void)kernel.add_link("tap1");
    (void)kernel.add_link("eth2");
    kernel.set_order(sim::SimKernel::Order::kMixed, seed);
    take_max = 1 + seed % 4;
    restart();
    WantedNode node = wanted_l2_node();
    node.mac_vrfs[0].gateways.push_back(cidr("2001:db8:110::1/64"));
    node.mac_vrfs[0].host_master = HostMaster::kManaged;
    start(node);
    EXPECT_TRUE(state().up) << state().problem;
    EXPECT_EQ(master_of("host-e-110"), "br-hs-110");
    EXPECT_EQ(master_of("br-pe-110"), "red");
    EXPECT_TRUE(has("br-pe-110", "2001:db8:110::1/64"));
    EXPECT_TRUE(view().notes.empty());
    EXPECT_TRUE(fib->synchronized());
  }
}

TEST_F(MacVrfs, WithdrawLeavesOnlyWhatOthersMade) {
  const IfIndex bridge = kernel.add_link(a_bridge("br111"));
  kernel.add_link(a_vxlan("vx111", 111, bridge));
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].host_master = HostMaster::kManaged;
  node.mac_vrfs.push_back(wanted_mac_vrf(kOther, "other", 111));
  node.mac_vrfs[1].vrf = kRed;
  node.mac_vrfs[1].gateways = {cidr("192.170.3.1/24")};
  start(node);
  EXPECT_TRUE(has("br111", "192.170.3.1/24"));
  fib->withdraw_everything(now);
  settle();
  EXPECT_TRUE(fib->synchronized());
  for (const auto& [i, l] : kernel.links()) EXPECT_NE(l.alias, "perd") << l.name;
  EXPECT_EQ(master_of("vx111"), "br111");
  EXPECT_FALSE(has("br111", "192.170.3.1/24"));
  EXPECT_TRUE(kernel.rules().empty());
}

TEST_F(MacVrfs, TheTunnelAddressIsNeeded) {
  WantedNode node = wanted_l2_node();
  node.tunnel_addresses.clear();
  start(node);
  EXPECT_EQ(state().problem, "no address 100.65.0.2");
  kernel.add_address(index("eth1"), cidr("100.65.0.2/24"));
  settle();
  EXPECT_TRUE(state().up);
}

}  // namespace
}  // namespace perd::fib
