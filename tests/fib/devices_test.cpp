// Goal: the links of a VRF stand as per.yaml asks, whether perd makes them or finds them, in
// whatever order things come and go. Method: operator's commands on the simulated kernel, then its
// tables.
#include "fib/fib.h"
#include "fib/fib_lab.h"

namespace perd::fib {
namespace {

using Devices = Lab;

TEST_F(Devices, AreMadeFromNothing) {
  start(wanted_node());
  const Link* vrf = kernel.link("red");
  const Link* bridge = kernel.link("br-pe-100");
  const Link* vxlan = kernel.link("vni100");
  ASSERT_TRUE(vrf != nullptr && bridge != nullptr && vxlan != nullptr);
  EXPECT_EQ(vrf->vrf_table, TableId{1100});
  EXPECT_EQ(bridge->master, vrf->index);
  EXPECT_EQ(vxlan->master, bridge->index);
  EXPECT_EQ(bridge->mac, mac("02:54:64:41:00:02"));
  EXPECT_TRUE(bridge->addrgen_none && vxlan->addrgen_none);
  EXPECT_FALSE(vxlan->port_learning);
  EXPECT_TRUE(vxlan->port_neigh_suppress);
  EXPECT_EQ(vxlan->vxlan->local, ip("100.65.0.2"));
  EXPECT_EQ(vxlan->mtu, 1450U);
  EXPECT_EQ(bridge->mtu, 1450U);
  for (const Link* l : {vrf, bridge, vxlan}) {
    EXPECT_TRUE(l->admin_up && l->running) << l->name;
    EXPECT_EQ(l->alias, "perd") << l->name;
  }
  EXPECT_EQ(kernel.link("eth2")->master, vrf->index);
  EXPECT_EQ(kernel.addresses().count({index("lo"), cidr("100.65.0.2/32")}), 1U);
  for (const char* any : {"0.0.0.0/0", "::/0"}) {
    const Route* r = route(any, 1100, kUnreachableMetric);
    ASSERT_NE(r, nullptr) << any;
    EXPECT_EQ(r->type, RouteType::kUnreachable);
    EXPECT_EQ(r->protocol, kOurs);
  }
  EXPECT_EQ(kernel.sysctls().at("net/ipv4/ip_forward"), "1");
  EXPECT_EQ(kernel.sysctls().at("net/ipv6/conf/all/forwarding"), "1");
  EXPECT_EQ(kernel.sysctls().at("net/ipv4/conf/br-pe-100/rp_filter"), "0");
  const VrfState s = vrf_state(kRed);
  EXPECT_TRUE(s.up) << s.problem;
  EXPECT_EQ(s.table, TableId{1100});
  EXPECT_EQ(s.router_mac, mac("02:54:64:41:00:02"));
  EXPECT_TRUE(fib->synchronized());
}

// Far more VRFs than steps may look at again and again: all come up, and the answers to "is there
// something to do" agree with what is done.
TEST_F(Devices, ManyVrfsComeUpAndGo) {
  constexpr unsigned kMany = 100;
  WantedNode node = wanted_node();
  for (std::uint16_t i = 1; i < kMany; ++i) {
    const std::string name = "v" + std::to_string(i);
    WantedVrf v =
        wanted_vrf(VrfId{static_cast<std::uint16_t>(kRed.value + i)}, name.c_str(), 100U + i);
    v.table = TableId{1100U + i};
    v.interfaces.clear();
    node.vrfs.push_back(v);
  }
  start(node);
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(fib->synchronized());
  for (const auto& v : fib->vrf_devices()) EXPECT_TRUE(v.up) << v.name << ": " << v.problem;
  EXPECT_EQ(fib->vrf_devices().size(), kMany);
  fib->configure(wanted_node(), now);
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(fib->synchronized());
  EXPECT_EQ(kernel.link("vni199"), nullptr);
  EXPECT_NE(kernel.link("vni100"), nullptr);
}

TEST_F(Devices, NothingIsWrittenBeforeTheDumpsAreComplete) {
  kernel.interrupt_dumps(3);
  fib->configure(wanted_node(), now);
  fib->start(now);
  kernel.submit(fib->take_ops(100));
  EXPECT_EQ(writes(kernel.take_journal()), 0U);
  turn();
  EXPECT_EQ(writes(kernel.take_journal()), 0U);
  settle();
  EXPECT_TRUE(vrf_state(kRed).up);
}

TEST_F(Devices, ARestartChangesNothing) {
  start(wanted_node());
  restart();
  (void)kernel.take_journal();
  start(wanted_node());
  // Settings of /proc are not dumped: they are written again.
  const auto journal = kernel.take_journal();
  EXPECT_EQ(writes(journal), count<SysctlPut>(journal));
  EXPECT_TRUE(vrf_state(kRed).up);
  EXPECT_TRUE(fib->synchronized());
}

TEST_F(Devices, TableIsStableAcrossRestarts) {
  WantedNode node = wanted_node();
  node.vrfs[0].table.reset();
  Route taken;
  taken.key = {TableId{1}, net("203.0.113.0/24"), 0};
  taken.protocol = kBird;
  taken.hops.push_back({index("eth1"), ip("192.168.1.9"), false, false, 1});
  kernel.add_route(taken);
  start(node);
  EXPECT_EQ(kernel.link("red")->vrf_table, TableId{2}) << "table 1 is in use";
  kernel.del_route(taken.key);
  restart();
  start(node);
  EXPECT_EQ(kernel.link("red")->vrf_table, TableId{2});
}

TEST_F(Devices, HandMadeLinksAreAdoptedAsTheyAre) {
  LinkCreate vrf;
  vrf.name = "red";
  vrf.kind = LinkKind::kVrf;
  vrf.vrf_table = TableId{77};
  vrf.up = true;
  kernel.add_link(vrf);
  LinkCreate bridge;
  bridge.name = "br100";
  bridge.kind = LinkKind::kBridge;
  bridge.mac = mac("02:aa:00:00:00:01");
  bridge.master = index("red");
  bridge.addrgen_none = bridge.up = true;
  kernel.add_link(bridge);
  LinkCreate vxlan;
  vxlan.name = "vxlan-red";
  vxlan.kind = LinkKind::kVxlan;
  vxlan.vxlan = VxlanInfo{Vni{100}, ip("100.65.0.2"), 4789, false, false};
  vxlan.master = index("br100");
  vxlan.addrgen_none = vxlan.up = true;
  kernel.add_link(vxlan);
  WantedNode node = wanted_node();
  node.vrfs[0].table.reset();
  start(node);
  const VrfState s = vrf_state(kRed);
  EXPECT_TRUE(s.up) << s.problem;
  EXPECT_EQ(s.table, TableId{77});
  EXPECT_EQ(s.router_mac, mac("02:aa:00:00:00:01"));
  EXPECT_EQ(kernel.link("br-pe-100"), nullptr);
  EXPECT_EQ(kernel.link("vni100"), nullptr);
  EXPECT_EQ(kernel.link("br100")->mtu, 1500U);
  const auto view = fib->vrf_devices().at(0);
  EXPECT_TRUE(view.vrf_adopted && view.bridge_adopted && view.vxlan_adopted);

  // The operator takes the bridge down: said, not undone.
  kernel.set_up("br100", false);
  settle();
  EXPECT_FALSE(vrf_state(kRed).up);
  EXPECT_EQ(vrf_state(kRed).problem, "bridge br100 is down");
  EXPECT_FALSE(kernel.link("br100")->admin_up);
  kernel.set_up("br100", true);
  settle();
  EXPECT_TRUE(vrf_state(kRed).up);

  // A configured router MAC is the exception; and nothing adopted is ever deleted.
  node.vrfs[0].router_mac = mac("02:54:00:00:00:09");
  fib->configure(node, now);
  settle();
  EXPECT_EQ(kernel.link("br100")->mac, mac("02:54:00:00:00:09"));
  node.vrfs.clear();
  fib->configure(node, now);
  settle();
  EXPECT_NE(kernel.link("br100"), nullptr);
  EXPECT_NE(kernel.link("vxlan-red"), nullptr);
  EXPECT_NE(kernel.link("red"), nullptr);
}

TEST_F(Devices, MissingPiecesOfAnAdoptedSetAreCompleted) {
  LinkCreate vxlan;
  vxlan.name = "vx";
  vxlan.kind = LinkKind::kVxlan;
  vxlan.vxlan = VxlanInfo{Vni{100}, ip("100.65.0.2"), 4789, false, false};
  vxlan.up = true;
  kernel.add_link(vxlan);
  start(wanted_node());
  EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
  EXPECT_EQ(kernel.link("vx")->master, index("br-pe-100"));
  EXPECT_EQ(kernel.link("vni100"), nullptr);
}

struct Obstacle {
  const char* name;
  const char* problem;
  void (*put)(sim::SimKernel&);
  void (*clear)(sim::SimKernel&);
};

void add_vrf_of_table(sim::SimKernel& k, std::uint32_t table) {
  LinkCreate c;
  c.name = "red";
  c.kind = LinkKind::kVrf;
  c.vrf_table = TableId{table};
  c.up = true;
  k.add_link(c);
}
void add_vxlan(sim::SimKernel& k, const char* local, std::uint16_t port) {
  LinkCreate c;
  c.name = "vx";
  c.kind = LinkKind::kVxlan;
  c.vxlan = VxlanInfo{Vni{100}, *parse_ip(local), port, false, false};
  c.up = true;
  k.add_link(c);
}

const Obstacle kObstacles[] = {
    {"vrf name taken", "red is a dummy, not a VRF",
     [](sim::SimKernel& k) { (void)k.add_link("red", LinkKind::kDummy); },
     [](sim::SimKernel& k) { k.del_link("red"); }},
    {"vrf of another table", "vrf red has table 9, 1100 is configured",
     [](sim::SimKernel& k) { add_vrf_of_table(k, 9); },
     [](sim::SimKernel& k) { k.del_link("red"); }},
    {"bridge name taken", "br-pe-100 is a dummy, not a bridge",
     [](sim::SimKernel& k) { (void)k.add_link("br-pe-100", LinkKind::kDummy); },
     [](sim::SimKernel& k) { k.del_link("br-pe-100"); }},
    {"vxlan name taken", "vni100 is a veth, not a VXLAN device of this VNI",
     [](sim::SimKernel& k) { (void)k.add_link("vni100"); },
     [](sim::SimKernel& k) { k.del_link("vni100"); }},
    {"vxlan of another address", "vxlan vx has local 100.65.0.9, 100.65.0.2 is configured",
     [](sim::SimKernel& k) { add_vxlan(k, "100.65.0.9", 4789); },
     [](sim::SimKernel& k) { k.del_link("vx"); }},
    {"vxlan of another port", "vxlan vx has port 8472, 4789 is configured",
     [](sim::SimKernel& k) { add_vxlan(k, "100.65.0.2", 8472); },
     [](sim::SimKernel& k) { k.del_link("vx"); }},
};

// What stands in the way is named, does not hurt another VRF, and its going is enough.
TEST_F(Devices, AnObstacleIsNamedAndItsGoingIsEnough) {
  for (const Obstacle& o : kObstacles) {
    SCOPED_TRACE(o.name);
    kernel.reboot();
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    (void)kernel.add_link("eth2");
    o.put(kernel);
    restart();
    WantedNode node = wanted_node();
    node.vrfs.push_back(wanted_vrf(kBlue, "blue", 200));
    start(node);
    EXPECT_FALSE(vrf_state(kRed).up);
    EXPECT_EQ(vrf_state(kRed).problem, o.problem);
    EXPECT_TRUE(vrf_state(kBlue).up) << vrf_state(kBlue).problem;
    o.clear(kernel);
    settle();
    EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
  }
}

TEST_F(Devices, WhatSomebodyUndoesIsDoneAgain) {
  start(wanted_node());
  struct Undo {
    const char* name;
    std::function<void()> act;
  };
  const Undo undos[] = {
      {"bridge down", [this] { kernel.set_up("br-pe-100", false); }},
      {"vxlan down", [this] { kernel.set_up("vni100", false); }},
      {"vrf down", [this] { kernel.set_up("red", false); }},
      {"vxlan released", [this] { kernel.set_master("vni100", ""); }},
      {"bridge released", [this] { kernel.set_master("br-pe-100", ""); }},
      {"interface released", [this] { kernel.set_master("eth2", ""); }},
      {"vxlan deleted", [this] { kernel.del_link("vni100"); }},
      {"bridge deleted", [this] { kernel.del_link("br-pe-100"); }},
      {"vrf deleted", [this] { kernel.del_link("red"); }},
      {"mtu", [this] { kernel.set_mtu("vni100", 9000); }},
      {"address", [this] { kernel.del_address(index("lo"), cidr("100.65.0.2/32")); }},
      {"default",
       [this] {
         kernel.del_route({TableId{1100}, net("0.0.0.0/0"), kUnreachableMetric});
       }},
  };
  for (const Undo& u : undos) {
    SCOPED_TRACE(u.name);
    run_for(std::chrono::seconds(30));
    said.clear();
    u.act();
    settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
    EXPECT_EQ(kernel.link("eth2")->master, index("red"));
    EXPECT_EQ(kernel.link("vni100")->master, index("br-pe-100"));
    EXPECT_FALSE(kernel.link("vni100")->port_learning);
    EXPECT_EQ(kernel.link("vni100")->mtu, 1450U);
    EXPECT_NE(route("0.0.0.0/0", 1100, kUnreachableMetric), nullptr);
    EXPECT_GE(heard(EventKind::kKernelRepaired), 1U);
    EXPECT_TRUE(fib->synchronized());
  }
}

TEST_F(Devices, AFightIsFoughtSlowly) {
  start(wanted_node());
  run_for(std::chrono::seconds(30));
  (void)kernel.take_journal();
  for (int i = 0; i < 200; ++i) {
    if (kernel.link("vni100")->mtu == 1450) kernel.set_mtu("vni100", 1400);
    run_for(std::chrono::milliseconds(100));
  }
  EXPECT_LE(count<LinkChange>(kernel.take_journal()), 3 * limits.repairs);
}

TEST_F(Devices, MtuFollowsTheUnderlay) {
  start(wanted_node());
  kernel.set_mtu("eth1", 9000);
  settle();
  EXPECT_EQ(kernel.link("vni100")->mtu, 8950U);
  EXPECT_EQ(kernel.link("br-pe-100")->mtu, 8950U);
}

TEST_F(Devices, InterfacesThatComeLateAreTaken) {
  kernel.del_link("eth2");
  start(wanted_node());
  EXPECT_TRUE(vrf_state(kRed).up);
  EXPECT_EQ(fib->vrf_devices().at(0).notes, std::vector<std::string>{"no link eth2"});
  EXPECT_EQ(heard(EventKind::kKernelProblem), 1U);
  kernel.add_link("eth2");
  settle();
  EXPECT_EQ(kernel.link("eth2")->master, index("red"));
  EXPECT_TRUE(fib->vrf_devices().at(0).notes.empty());
  kernel.del_link("eth2");
  kernel.add_link("eth2");  // the same name, another index
  settle();
  EXPECT_EQ(kernel.link("eth2")->master, index("red"));
}

TEST_F(Devices, EnslavingKeepsIpv6Addresses) {
  kernel.add_address(index("eth2"), cidr("2001:db8:2::1/64"));
  start(wanted_node());
  EXPECT_EQ(kernel.link("eth2")->master, index("red"));
  EXPECT_EQ(kernel.addresses().count({index("eth2"), cidr("2001:db8:2::1/64")}), 1U);
  EXPECT_TRUE(local(kRed, "2001:db8:2::/64", LocalRouteKind::kConnected).has_value());
}

TEST_F(Devices, WhatTheConfigurationDropsIsRemoved) {
  WantedNode node = wanted_node();
  node.vrfs.push_back(wanted_vrf(kBlue, "blue", 200));
  start(node);
  EXPECT_TRUE(vrf_state(kBlue).up);
  const IfIndex red = index("red");
  node.vrfs.pop_back();
  node.vrfs[0].interfaces.clear();
  fib->configure(node, now);
  settle();
  EXPECT_EQ(kernel.link("blue"), nullptr);
  EXPECT_EQ(kernel.link("br-pe-200"), nullptr);
  EXPECT_EQ(kernel.link("vni200"), nullptr);
  EXPECT_FALSE(vrf_state(kBlue).up);
  EXPECT_EQ(index("red"), red) << "what did not change is not touched";
  EXPECT_EQ(kernel.link("eth2")->master, IfIndex{});
  // And what an earlier run made.
  restart();
  node.vrfs.clear();
  start(node);
  EXPECT_EQ(kernel.link("red"), nullptr);
  EXPECT_EQ(kernel.link("vni100"), nullptr);
}

TEST_F(Devices, ANewTableOrPortRebuildsWhatPerdMade) {
  WantedNode node = wanted_node();
  start(node);
  node.vrfs[0].table = TableId{1200};
  node.vrfs[0].vxlan_port = 8472;
  fib->configure(node, now);
  settle();
  EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
  EXPECT_EQ(kernel.link("red")->vrf_table, TableId{1200});
  EXPECT_EQ(kernel.link("vni100")->vxlan->port, 8472);
  EXPECT_NE(route("0.0.0.0/0", 1200, kUnreachableMetric), nullptr);
  EXPECT_EQ(route("0.0.0.0/0", 1100, kUnreachableMetric), nullptr);
}

TEST_F(Devices, ATunnelAddressElsewhereIsGoodEnough) {
  kernel.add_address(index("eth1"), cidr("100.65.0.2/24"));
  start(wanted_node());
  EXPECT_EQ(kernel.addresses().count({index("lo"), cidr("100.65.0.2/32")}), 0U);
  EXPECT_TRUE(vrf_state(kRed).up);
  kernel.del_address(index("eth1"), cidr("100.65.0.2/24"));
  settle();
  EXPECT_EQ(kernel.addresses().count({index("lo"), cidr("100.65.0.2/32")}), 1U);
}

TEST_F(Devices, WithoutVrfDeviceRulesSteer) {
  kernel.has_vrf = false;
  WantedNode node = wanted_node();
  node.vrfs[0].vrf_device = false;
  node.vrfs[0].table.reset();
  start(node);
  const VrfState s = vrf_state(kRed);
  EXPECT_TRUE(s.up) << s.problem;
  EXPECT_EQ(kernel.link("red"), nullptr);
  EXPECT_EQ(kernel.link("br-pe-100")->master, IfIndex{});
  EXPECT_EQ(kernel.rules().size(), 4U);
  for (const auto& [key, rule] : kernel.rules()) EXPECT_EQ(rule.table, s.table);
  const Route* copy = route("10.2.0.0/24", s.table.value, kConnectedCopyMetric);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->hops.at(0).link, index("eth2"));
  EXPECT_TRUE(local(kRed, "10.2.0.0/24", LocalRouteKind::kConnected).has_value());
  // The rules remember the table.
  restart();
  start(node);
  EXPECT_EQ(vrf_state(kRed).table, s.table);
  node.vrfs.clear();
  fib->configure(node, now);
  settle();
  EXPECT_TRUE(kernel.rules().empty());
  EXPECT_EQ(route("10.2.0.0/24", s.table.value, kConnectedCopyMetric), nullptr);
}

TEST_F(Devices, AKernelWithoutVrfIsNamed) {
  kernel.has_vrf = false;
  start(wanted_node());
  EXPECT_EQ(vrf_state(kRed).problem, "cannot make red: Unknown device type");
  EXPECT_EQ(heard(EventKind::kKernelRefused), 1U) << "said once";
  EXPECT_EQ(fib->counts(ObjectKind::kLink).refused, 1U);
  ASSERT_FALSE(fib->refusals(10).empty());
  kernel.has_vrf = true;
  run_for(std::chrono::seconds(40));
  EXPECT_TRUE(vrf_state(kRed).up);
}

TEST_F(Devices, InstallFalseWritesNothing) {
  WantedNode node = wanted_node();
  node.install = false;
  start(node);
  EXPECT_EQ(writes(kernel.take_journal()), 0U);
  EXPECT_TRUE(fib->synchronized());
}

}  // namespace
}  // namespace perd::fib
