// Goal: every kind of object that perd writes is in the running kernel what was asked, and is told
// back as it was put. Method: put through LinuxKernel in an own network namespace, read by dump,
// and where a dump could share an error with the encoder, ask `ip` or `bridge`.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "kernel_lab.h"
#include "netlink/dry_run_kernel.h"
#include "netlink/kernel_features.h"
#include "netlink/sysctl.h"

namespace perd::netlink {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint8_t kProtocol = 179;

class KernelObjects : public KernelLab {
 protected:
  void SetUp() override {
    KernelLab::SetUp();
    if (IsSkipped()) return;
    start();
  }
  static LinkCreate bridge(const std::string& name) {
    LinkCreate c;
    c.name = name;
    c.kind = LinkKind::kBridge;
    c.up = true;
    return c;
  }
  Link link(const std::string& name) {
    for (const Link& l : dump<Link>(DumpKind::kLinks)) {
      if (l.name == name) return l;
    }
    ADD_FAILURE() << "no link " << name;
    return {};
  }
  // A bridge with an address to route over.
  IfIndex routable(const std::string& name, const char* v4, const char* v6 = nullptr) {
    LinkCreate c = bridge(name);
    c.addrgen_none = true;
    EXPECT_EQ(put(c), 0);
    const IfIndex index = index_of(name);
    // A bridge without ports has no carrier. A port that runs already gives it one at once.
    sh("ip link add p-" + name + " type veth peer name q-" + name + " && ip link set q-" + name +
       " up && ip link set p-" + name + " up");
    wait_until_running(index_of("p-" + name));
    sh("ip link set p-" + name + " master " + name);
    EXPECT_EQ(put(AddressPut{{index, interface_address(v4)}}), 0);
    if (v6 != nullptr) {
      // No duplicate address detection: routes need the address now.
      EXPECT_EQ(put(SysctlPut{"net/ipv6/conf/" + name + "/accept_dad", "0"}), 0);
      EXPECT_EQ(put(AddressPut{{index, interface_address(v6)}}), 0);
    }
    return index;
  }
};

TEST_F(KernelObjects, BridgeIsRightFromItsFirstMoment) {
  LinkCreate c = bridge("br-pe-100");
  c.mac = mac("02:54:0a:00:00:01");
  c.mtu = 9000;
  c.alias = "perd";
  c.addrgen_none = true;
  EXPECT_EQ(put(c), 0);
  const Link l = link("br-pe-100");
  EXPECT_EQ(l.kind, LinkKind::kBridge);
  EXPECT_EQ(l.kind_name, "bridge");
  EXPECT_EQ(l.mac, mac("02:54:0a:00:00:01"));
  EXPECT_EQ(l.mtu, 9000U);
  EXPECT_EQ(l.alias, "perd");
  EXPECT_TRUE(l.addrgen_none);
  EXPECT_TRUE(l.admin_up);
  EXPECT_EQ(l.index, index_of("br-pe-100"));
  EXPECT_THAT(output("ip -6 addr show dev br-pe-100"), Not(HasSubstr("fe80")));
}

TEST_F(KernelObjects, CreationThatFailsLeavesTheOtherLinkAlone) {
  sh("ip link add br1 type bridge");
  LinkCreate c = bridge("br1");
  c.alias = "perd";
  EXPECT_EQ(put(c), EEXIST);
  EXPECT_EQ(link("br1").alias, "");
  EXPECT_FALSE(link("br1").admin_up);
}

TEST_F(KernelObjects, VxlanOfBothFamilies) {
  for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
    SCOPED_TRACE(local);
    ASSERT_EQ(put(bridge("br0")), 0);
    LinkCreate c;
    c.name = "vni100";
    c.kind = LinkKind::kVxlan;
    c.vxlan = VxlanInfo{Vni{100}, ip(local), 4790, false, false};
    c.master = index_of("br0");
    c.up = true;
    EXPECT_EQ(put(c), 0);
    Link l = link("vni100");
    EXPECT_EQ(l.kind, LinkKind::kVxlan);
    EXPECT_EQ(l.vxlan, c.vxlan);
    EXPECT_EQ(l.master, index_of("br0"));
    EXPECT_TRUE(l.port_learning);

    LinkChange change{.link = l.index};
    change.port_learning = false;
    change.port_neigh_suppress = true;
    change.mtu = 1400;
    EXPECT_EQ(put(change), 0);
    l = link("vni100");
    EXPECT_FALSE(l.port_learning);
    EXPECT_TRUE(l.port_neigh_suppress);
    EXPECT_EQ(l.mtu, 1400U);
    EXPECT_EQ(put(LinkErase{l.index}), 0);
    EXPECT_EQ(put(LinkErase{l.index}), ENODEV);
    EXPECT_EQ(put(LinkErase{index_of("br0")}), 0);
  }
}

TEST_F(KernelObjects, ExternalVxlanIsToldAsSuch) {
  LinkCreate c;
  c.name = "vx";
  c.kind = LinkKind::kVxlan;
  c.vxlan = VxlanInfo{.external = true};
  EXPECT_EQ(put(c), 0);
  const Link l = link("vx");
  ASSERT_TRUE(l.vxlan);
  EXPECT_TRUE(l.vxlan->external);
}

TEST_F(KernelObjects, VethAndChangesOfALink) {
  LinkCreate c;
  c.name = "v0";
  c.peer_name = "v1";
  c.kind = LinkKind::kVeth;
  EXPECT_EQ(put(c), 0);
  EXPECT_EQ(link("v1").kind, LinkKind::kVeth);
  ASSERT_EQ(put(bridge("br0")), 0);
  LinkChange change{.link = index_of("v0")};
  change.master = index_of("br0");
  change.mac = mac("02:00:00:00:00:07");
  change.alias = "perd";
  change.addrgen_none = true;
  change.up = true;
  EXPECT_EQ(put(change), 0);
  Link l = link("v0");
  EXPECT_EQ(l.master, index_of("br0"));
  EXPECT_EQ(l.mac, mac("02:00:00:00:00:07"));
  EXPECT_EQ(l.alias, "perd");
  EXPECT_TRUE(l.addrgen_none);
  EXPECT_TRUE(l.admin_up);
  EXPECT_FALSE(l.running);  // its peer is down

  LinkChange back{.link = l.index};
  back.master = IfIndex{0};
  back.alias = "";
  back.addrgen_none = false;
  back.up = false;
  EXPECT_EQ(put(back), 0);
  l = link("v0");
  EXPECT_EQ(l.master, IfIndex{0});
  EXPECT_EQ(l.alias, "");
  EXPECT_FALSE(l.addrgen_none);
  EXPECT_FALSE(l.admin_up);
}

TEST_F(KernelObjects, APairKnowsItselfWhileBothEndsAreHere) {
  LinkCreate c;
  c.name = "v0";
  c.peer_name = "v1";
  c.kind = LinkKind::kVeth;
  c.mtu = 1450;
  ASSERT_EQ(put(c), 0);
  EXPECT_EQ(link("v0").peer, index_of("v1"));
  EXPECT_EQ(link("v1").peer, index_of("v0"));
  EXPECT_EQ(link("v0").mtu, 1450U);
  EXPECT_EQ(link("v1").mtu, 1450U);
  const std::string note = std::string{PERD_BINARY_DIR} + "/pair." + std::to_string(getpid());
  sh("unshare -n sleep 60 & echo $! > " + note + " && sleep 0.2 && ip link set v1 netns $(cat " +
     note + ")");
  EXPECT_EQ(link("v0").peer, IfIndex{});
  sh("kill $(cat " + note + ") && rm " + note);
  c.name = "v2";
  c.peer_name = "v3";
  ASSERT_EQ(put(c), 0);
  c.name = "v4";
  EXPECT_EQ(put(c), EEXIST) << "the name of the other end is taken";
  EXPECT_EQ(put(LinkErase{index_of("v3")}), 0);
  EXPECT_EQ(index_of("v2").value, 0U) << "both ends go";
}

TEST_F(KernelObjects, ABridgeTellsWhenItForgets) {
  sh("ip link add br0 type bridge ageing_time 6000 && ip link add br1 type bridge ageing_time 0 && "
     "ip link add br2 type bridge");
  EXPECT_EQ(link("br0").ageing, 60U);
  EXPECT_EQ(link("br1").ageing, 0U);
  EXPECT_EQ(link("br2").ageing, 300U);
}

// Where the kernel has bridges with VLANs: links themselves do not carry the VLANs of a port.
TEST_F(KernelObjects, PortsTellTheirVlan) {
  if (std::system("ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0 2>/dev/null")) {
    GTEST_SKIP() << "no VLAN filtering in this kernel";
  }
  sh("ip link add v0 type veth peer name v1 && ip link set v0 master br0 && "
     "ip link add v2 type veth peer name v3 && ip link set v2 master br0 && "
     "bridge vlan add dev v0 vid 110 pvid untagged && bridge vlan add dev v0 vid 120-130");
  EXPECT_TRUE(link("br0").vlan_filtering);
  EXPECT_EQ(link("v0").port_vlan, 110U);
  EXPECT_EQ(link("v2").port_vlan, 0U);
  EXPECT_EQ(link("v1").port_vlan, 0U);
  const auto told = [this](const char* name, std::uint16_t vlan) {
    heard.seen.clear();
    return listen_until([=](const Heard& h) {
      const auto all = h.all<Link>();
      return std::any_of(all.begin(), all.end(), [=](const Seen<Link>& s) {
        return s.object.name == name && s.object.port_vlan == vlan;
      });
    });
  };
  sh("bridge vlan add dev v2 vid 111 pvid untagged");
  EXPECT_TRUE(told("v2", 111));
  sh("ip link set v2 up");  // a message without VLANs
  EXPECT_TRUE(told("v2", 111));
  sh("bridge vlan del dev v2 vid 111");
  EXPECT_TRUE(told("v2", 0));
  sh("ip link set v0 nomaster");
  EXPECT_TRUE(told("v0", 0));
  sh("ip link set v0 master br0");
  EXPECT_EQ(link("v0").port_vlan, 0U);
  if (std::system("ip link add link br0 name br0.110 type vlan id 110 2>/dev/null") == 0) {
    EXPECT_EQ(link("br0.110").vlan_id, 110U);
    EXPECT_EQ(link("br0.110").peer, index_of("br0"));
  }
}

TEST_F(KernelObjects, LinksThatPerdDoesNotMakeAreRefused) {
  LinkCreate c;
  c.name = "x0";
  c.kind = LinkKind::kVlan;
  EXPECT_EQ(put(c), EOPNOTSUPP);
  c.kind = LinkKind::kVxlan;  // without its parameters
  EXPECT_EQ(put(c), EINVAL);
  c.kind = LinkKind::kBridge;
  for (const char* name : {"", "a/b", "sixteen-is-a-lot"}) {
    c.name = name;
    EXPECT_EQ(put(c), EINVAL) << name;
  }
  EXPECT_EQ(put(LinkChange{}), EINVAL);
  EXPECT_EQ(put(LinkErase{}), EINVAL);
}

TEST_F(KernelObjects, DummyWhereTheKernelHasIt) {
  const auto features = probe_kernel();
  ASSERT_TRUE(features);
  LinkCreate c;
  c.name = "d0";
  c.kind = LinkKind::kDummy;
  EXPECT_EQ(put(c), features->dummy ? 0 : EOPNOTSUPP);
}

TEST_F(KernelObjects, VrfDevice) {
  const auto features = probe_kernel();
  ASSERT_TRUE(features);
  LinkCreate c;
  c.name = "red";
  c.kind = LinkKind::kVrf;
  c.vrf_table = TableId{1100};
  c.up = true;
  if (!features->vrf) {
    EXPECT_EQ(put(c), EOPNOTSUPP);
    ASSERT_EQ(std::getenv("PERD_KERNEL_GUEST"), nullptr) << "the guest's kernel must have VRF";
    GTEST_SKIP() << "this kernel has no VRF devices; the guest's has";
  }
  EXPECT_EQ(put(c), 0);
  const Link l = link("red");
  EXPECT_EQ(l.kind, LinkKind::kVrf);
  EXPECT_EQ(l.vrf_table, TableId{1100});
  LinkCreate member = bridge("br0");
  member.master = l.index;
  EXPECT_EQ(put(member), 0);
  EXPECT_EQ(link("br0").master, l.index);
  EXPECT_EQ(put(AddressPut{{index_of("br0"), interface_address("10.1.1.1/24")}}), 0);
  Route r;
  r.key = {TableId{1100}, prefix("0.0.0.0/0"), 4278198272U};
  r.type = RouteType::kUnreachable;
  r.protocol = kProtocol;
  EXPECT_EQ(put(RoutePut{r}), 0);
  EXPECT_THAT(output("ip route show vrf red"), HasSubstr("unreachable default"));
}

TEST_F(KernelObjects, AddressesOfBothFamilies) {
  for (const char* text : {"192.0.2.1/32", "10.0.0.1/24", "2001:db8::1/128"}) {
    SCOPED_TRACE(text);
    const Address a{index_of("lo"), interface_address(text)};
    EXPECT_EQ(put(AddressPut{a}), 0);
    EXPECT_EQ(put(AddressPut{a}), 0);  // again: no error
    EXPECT_THAT(dump<Address>(DumpKind::kAddresses), Contains(a));
    EXPECT_THAT(output("ip addr show dev lo"), HasSubstr(text));
    EXPECT_EQ(put(AddressErase{a}), 0);
    EXPECT_THAT(dump<Address>(DumpKind::kAddresses), Not(Contains(a)));
    EXPECT_EQ(put(AddressErase{a}), EADDRNOTAVAIL);
  }
  EXPECT_EQ(put(AddressPut{{index_of("lo"), {ip("10.0.0.1"), 33}}}), EINVAL);
}

// An address that other nodes have as well serves at once.
TEST_F(KernelObjects, AddressesWithoutDuplicateDetection) {
  ASSERT_EQ(put(bridge("br0")), 0);
  sh("ip link set br0 up");
  const Address anycast{index_of("br0"), interface_address("2001:db8:1::1/64")};
  const Address other{index_of("br0"), interface_address("2001:db8:2::1/64")};
  ASSERT_EQ(put(AddressPut{anycast, true}), 0);
  ASSERT_EQ(put(AddressPut{other}), 0);
  EXPECT_THAT(output("ip -6 addr show dev br0 to 2001:db8:1::1"), HasSubstr("nodad"));
  EXPECT_THAT(output("ip -6 addr show dev br0 to 2001:db8:1::1"), Not(HasSubstr("tentative")));
  EXPECT_THAT(output("ip -6 addr show dev br0 to 2001:db8:2::1"), Not(HasSubstr("nodad")));
  EXPECT_THAT(dump<Address>(DumpKind::kAddresses), Contains(anycast));
}

TEST_F(KernelObjects, NeighboursAreMarkedAsOurs) {
  const IfIndex br = routable("br0", "10.0.0.1/24", "2001:db8::1/64");
  for (const char* text : {"192.0.2.2", "::ffff:192.0.2.2", "2001:db8::2"}) {
    SCOPED_TRACE(text);
    Neighbour n{br, ip(text), mac("02:54:c0:00:02:02"), NUD_NOARP, true, kProtocol};
    EXPECT_EQ(put(NeighbourPut{n}), 0);
    EXPECT_THAT(dump<Neighbour>(DumpKind::kNeighbours), Contains(n));
    n.mac = mac("02:54:c0:00:02:03");
    EXPECT_EQ(put(NeighbourPut{n}), 0);
    EXPECT_THAT(dump<Neighbour>(DumpKind::kNeighbours), Contains(n));
    EXPECT_THAT(output("ip neigh show dev br0; ip -6 neigh show dev br0"),
                HasSubstr("lladdr 02:54:c0:00:02:03 extern_learn NOARP proto 179"));
    EXPECT_EQ(put(NeighbourErase{br, n.address}), 0);
    // NOARP entries may linger as FAILED until collected; none is left that could carry traffic.
    for (const Neighbour& left : dump<Neighbour>(DumpKind::kNeighbours)) {
      EXPECT_TRUE(left.address != n.address || left.state == NUD_FAILED);
    }
  }
  EXPECT_EQ(put(NeighbourErase{br, ip("192.0.2.77")}), ENOENT);
}

TEST_F(KernelObjects, OneFdbMessageMakesTwoEntries) {
  ASSERT_EQ(put(bridge("br0")), 0);
  LinkCreate c;
  c.name = "vni100";
  c.kind = LinkKind::kVxlan;
  c.vxlan = VxlanInfo{.vni = Vni{100}, .local = ip("192.0.2.1")};
  c.master = index_of("br0");
  c.up = true;
  ASSERT_EQ(put(c), 0);
  FdbEntry e;
  e.link = index_of("vni100");
  e.mac = mac("02:54:c0:00:02:02");
  e.destination = ip("192.0.2.2");
  e.state = NUD_REACHABLE;
  e.extern_learn = true;
  EXPECT_EQ(put(FdbPut{e, true, false}), 0);
  FdbEntry self = e;
  self.self = true;
  FdbEntry master = e;
  master.destination = {};
  master.master = index_of("br0");
  auto fdb = dump<FdbEntry>(DumpKind::kFdb);
  EXPECT_THAT(fdb, Contains(self));
  EXPECT_THAT(fdb, Contains(master));
  EXPECT_THAT(output("bridge fdb show dev vni100"),
              HasSubstr("02:54:c0:00:02:02 dst 192.0.2.2 self extern_learn"));

  self.destination = ip("192.0.2.3");  // the VTEP moved
  EXPECT_EQ(put(FdbPut{self, false, false}), 0);
  EXPECT_THAT(dump<FdbEntry>(DumpKind::kFdb), Contains(self));

  EXPECT_EQ(put(FdbErase{self, true}), 0);
  fdb = dump<FdbEntry>(DumpKind::kFdb);
  EXPECT_THAT(fdb, Not(Contains(self)));
  EXPECT_THAT(fdb, Not(Contains(master)));
  EXPECT_EQ(put(FdbErase{self, true}), ENOENT);
}

// Kernels with VLANs would keep it once more for VLAN 1.
TEST_F(KernelObjects, AnEntryStandsOnceInABridgeOfOurs) {
  ASSERT_EQ(put(bridge("br0")), 0);
  sh("ip link add vni100 master br0 type vxlan id 100 local 192.0.2.1 dstport 4789 nolearning && "
     "ip link set vni100 up");
  FdbEntry e;
  e.link = index_of("vni100");
  e.mac = mac("02:54:c0:00:02:02");
  e.destination = ip("192.0.2.2");
  e.state = NUD_REACHABLE;
  e.extern_learn = true;
  ASSERT_EQ(put(FdbPut{e, true, false}), 0);
  std::size_t entries = 0;
  for (const FdbEntry& f : dump<FdbEntry>(DumpKind::kFdb)) entries += f.mac == e.mac ? 1U : 0U;
  EXPECT_EQ(entries, 2U) << "one of the bridge, one of the device";
}

TEST_F(KernelObjects, FloodEntriesAreAppendedAndForeignVniKept) {
  LinkCreate c;
  c.name = "vni100";
  c.kind = LinkKind::kVxlan;
  c.vxlan = VxlanInfo{.vni = Vni{100}, .local = ip("192.0.2.1")};
  c.up = true;
  ASSERT_EQ(put(c), 0);
  FdbEntry flood;
  flood.link = index_of("vni100");
  flood.self = true;
  flood.state = NUD_NOARP | NUD_PERMANENT;
  for (const char* vtep : {"192.0.2.2", "192.0.2.3"}) {
    flood.destination = ip(vtep);
    EXPECT_EQ(put(FdbPut{flood, false, true}), 0);
  }
  FdbEntry downstream = flood;  // the VNI that the other end chose
  downstream.mac = mac("02:00:00:00:00:09");
  downstream.vni = Vni{200};
  EXPECT_EQ(put(FdbPut{downstream, false, false}), 0);
  auto fdb = dump<FdbEntry>(DumpKind::kFdb);
  EXPECT_THAT(fdb, Contains(flood));
  EXPECT_THAT(fdb, Contains(downstream));
  EXPECT_EQ(put(FdbErase{flood, false}), 0);  // only the second destination
  fdb = dump<FdbEntry>(DumpKind::kFdb);
  EXPECT_THAT(fdb, Not(Contains(flood)));
  flood.destination = ip("192.0.2.2");
  EXPECT_THAT(fdb, Contains(flood));
  FdbEntry stateless = downstream;
  stateless.state = 0;
  stateless.link = IfIndex{9999};
  EXPECT_EQ(put(FdbPut{stateless, false, false}), ENODEV);
}

TEST_F(KernelObjects, NextHopsAndGroups) {
  const IfIndex br = routable("br0", "10.0.0.1/24", "2001:db8::1/64");
  NextHop v4{
      .id = 101, .link = br, .gateway = ip("192.0.2.2"), .onlink = true, .protocol = kProtocol};
  NextHop v6{.id = 102,
             .family = IpFamily::kIpv6,
             .link = br,
             .gateway = ip("2001:db8::2"),
             .protocol = kProtocol};
  NextHop hole{.id = 103, .blackhole = true, .protocol = kProtocol};
  NextHop direct{.id = 104, .link = br, .protocol = kProtocol};
  NextHop other = v4;
  other.id = 105;
  other.gateway = ip("192.0.2.3");
  NextHop group{.id = 200, .group = {{101, 1}, {105, 7}}, .protocol = kProtocol};
  for (const NextHop& n : {v4, v6, hole, direct, other, group}) {
    EXPECT_EQ(put(NextHopPut{n}), 0) << n.id;
    if (n.blackhole) continue;
    EXPECT_THAT(dump<NextHop>(DumpKind::kNextHops), Contains(n)) << n.id;
  }
  EXPECT_THAT(output("ip nexthop"), HasSubstr("id 200 group 101/105,7"));
  EXPECT_THAT(output("ip nexthop"), HasSubstr("id 103 blackhole"));
  v4.gateway = ip("192.0.2.9");  // replaced in place
  EXPECT_EQ(put(NextHopPut{v4}), 0);
  EXPECT_THAT(dump<NextHop>(DumpKind::kNextHops), Contains(v4));

  EXPECT_EQ(put(NextHopErase{101}), 0);  // the group loses a member
  group.group = {{105, 7}};
  EXPECT_THAT(dump<NextHop>(DumpKind::kNextHops), Contains(group));
  EXPECT_EQ(put(NextHopErase{101}), ENOENT);
  EXPECT_EQ(put(NextHopErase{0}), EINVAL);
  EXPECT_EQ(put(NextHopPut{NextHop{}}), EINVAL);
  NextHop no_members{.id = 300, .group = {{999, 1}}};
  EXPECT_EQ(put(NextHopPut{no_members}), EINVAL);
}

TEST_F(KernelObjects, RoutesInOtherTables) {
  const IfIndex br = routable("br0", "10.0.0.1/24", "2001:db8::1/64");
  ASSERT_EQ(put(NextHopPut{{.id = 7, .link = br, .gateway = ip("192.0.2.2"), .onlink = true}}), 0);
  ASSERT_EQ(put(NextHopPut{{.id = 8,
                            .family = IpFamily::kIpv6,
                            .link = br,
                            .gateway = ip("::ffff:192.0.2.2"),
                            .onlink = true}}),
            0);
  struct Case {
    const char* name;
    const char* dst;
    RouteType type;
    std::uint32_t nhid;
    std::vector<RouteHop> hops;
  };
  const RouteHop direct{.link = br};
  const RouteHop onlink{.link = br, .gateway = ip("192.0.2.2"), .onlink = true};
  const RouteHop near4{.link = br, .gateway = ip("10.0.0.2"), .weight = 3};
  const RouteHop over6{.link = br, .gateway = ip("2001:db8::2")};
  const RouteHop over6b{.link = br, .gateway = ip("2001:db8::3")};
  const Case cases[] = {
      {"object", "203.0.113.0/24", RouteType::kUnicast, 7, {}},
      {"object, host", "203.0.113.1/32", RouteType::kUnicast, 7, {}},
      {"object, default", "0.0.0.0/0", RouteType::kUnicast, 7, {}},
      {"object, IPv6", "2001:db8:1::/48", RouteType::kUnicast, 8, {}},
      {"direct", "203.0.114.0/24", RouteType::kUnicast, 0, {direct}},
      {"onlink", "203.0.115.0/24", RouteType::kUnicast, 0, {onlink}},
      {"multipath", "203.0.116.0/24", RouteType::kUnicast, 0, {onlink, near4}},
      {"IPv4 over IPv6", "203.0.117.0/24", RouteType::kUnicast, 0, {over6}},
      {"IPv4 over both", "203.0.118.0/24", RouteType::kUnicast, 0, {onlink, over6}},
      {"IPv6", "2001:db8:2::/48", RouteType::kUnicast, 0, {over6}},
      {"IPv6 multipath", "2001:db8:3::/48", RouteType::kUnicast, 0, {over6, over6b}},
      {"unreachable", "203.0.119.0/24", RouteType::kUnreachable, 0, {}},
      {"blackhole", "203.0.120.0/24", RouteType::kBlackhole, 0, {}},
      {"prohibit", "203.0.121.0/24", RouteType::kProhibit, 0, {}},
      {"throw", "203.0.122.0/24", RouteType::kThrow, 0, {}},
      {"local", "203.0.123.0/24", RouteType::kLocal, 0, {direct}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Route r{{TableId{1100}, prefix(c.dst), 20}, c.type, kProtocol, 0, c.nhid, c.hops};
    if (c.type == RouteType::kLocal) r.scope = RT_SCOPE_HOST;
    const DumpKind kind = r.key.prefix.is_v4() ? DumpKind::kRoutesV4 : DumpKind::kRoutesV6;
    EXPECT_EQ(put(RoutePut{r}), 0) << heard.refused[last_id].message;
    EXPECT_EQ(put(RoutePut{r}), 0);
    EXPECT_THAT(dump<Route>(kind), Contains(r));
    Route foreign = r;
    foreign.protocol = RTPROT_STATIC;
    EXPECT_EQ(put(RouteErase{foreign}), ESRCH);  // the protocol counts
    EXPECT_EQ(put(RouteErase{r}), 0);
    EXPECT_THAT(dump<Route>(kind), Not(Contains(r)));
    EXPECT_EQ(put(RouteErase{r}), ESRCH);
  }
  Route other{{TableId{1100}, prefix("203.0.124.0/24"), 20}, RouteType::kOther};
  EXPECT_EQ(put(RoutePut{other}), EOPNOTSUPP);
}

TEST_F(KernelObjects, ReplacingARouteLeavesOne) {
  const IfIndex br = routable("br0", "10.0.0.1/24", "2001:db8::1/64");
  for (std::uint32_t id : {7U, 8U}) {
    ASSERT_EQ(
        put(NextHopPut{
            {.id = id, .link = br, .gateway = IpAddress::v4(0xc0000200 + id), .onlink = true}}),
        0);
    ASSERT_EQ(put(NextHopPut{{.id = id + 10,
                              .family = IpFamily::kIpv6,
                              .link = br,
                              .gateway = IpAddress::v4(0xc0000200 + id).to_v4_mapped(),
                              .onlink = true}}),
              0);
  }
  for (const char* dst : {"203.0.113.0/24", "2001:db8:1::/48"}) {
    SCOPED_TRACE(dst);
    Route r{{TableId{1100}, prefix(dst), 20}, RouteType::kUnicast, kProtocol, 0, 0, {}};
    const bool v4 = r.key.prefix.is_v4();
    for (std::uint32_t id : {7U, 8U, 7U}) {
      r.next_hop_id = v4 ? id : id + 10;
      EXPECT_EQ(put(RoutePut{r}), 0);
    }
    const auto all = dump<Route>(v4 ? DumpKind::kRoutesV4 : DumpKind::kRoutesV6);
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [&](const Route& x) { return x.key == r.key; }),
              1);
    EXPECT_THAT(all, Contains(r));
  }
}

TEST_F(KernelObjects, RulesOfBothFamilies) {
  sh("ip rule add from 10.9.0.0/16 lookup 99");  // a selector that Rule has no field for
  for (const IpFamily family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
    const Rule r{family, 1000, "eth-x", TableId{1100}, kProtocol};
    const Rule small{family, 1001, "eth-y", TableId{100}, 0};
    EXPECT_EQ(put(RulePut{r}), 0);
    EXPECT_EQ(put(RulePut{small}), 0);
    EXPECT_EQ(put(RulePut{r}), EEXIST);
    const auto rules = dump<Rule>(DumpKind::kRules);
    EXPECT_THAT(rules, Contains(r));
    EXPECT_THAT(rules, Contains(small));
    for (const Rule& rule : rules) EXPECT_NE(rule.table, TableId{99});
    EXPECT_THAT(output(family == IpFamily::kIpv4 ? "ip rule" : "ip -6 rule"),
                HasSubstr("1000:\tfrom all iif eth-x [detached] lookup 1100 proto 179"));
    EXPECT_EQ(put(RuleErase{r}), 0);
    EXPECT_EQ(put(RuleErase{r}), ENOENT);
  }
  EXPECT_EQ(put(RulePut{Rule{IpFamily::kIpv4, 1, std::string(16, 'x'), TableId{1}}}), EINVAL);
}

TEST_F(KernelObjects, SysctlsOfThisNamespaceInOrderWithLinks) {
  add(bridge("br0"));
  const auto first = add(SysctlPut{"net/ipv6/conf/br0/disable_ipv6", "1"});
  const auto missing = add(SysctlPut{"net/ipv4/conf/br9/rp_filter", "0"});
  const auto outside = add(SysctlPut{"../../etc/hostname", "x"});
  const auto absolute = add(SysctlPut{"/etc/hostname", "x"});
  const auto invalid = add(SysctlPut{"net/ipv4/conf/br0/rp_filter", "many"});
  const auto last = add(SysctlPut{"net/ipv4/conf/br0/rp_filter", "2"});
  run();
  EXPECT_EQ(heard.refused.count(first), 0U);
  EXPECT_EQ(heard.refused[missing].error, ENOENT);
  EXPECT_EQ(heard.refused[outside].error, EINVAL);
  EXPECT_EQ(heard.refused[absolute].error, EINVAL);
  EXPECT_EQ(heard.refused[invalid].error, EINVAL);
  EXPECT_EQ(heard.refused.count(last), 0U);
  EXPECT_EQ(read_sysctl("net/ipv6/conf/br0/disable_ipv6"), "1");
  EXPECT_EQ(read_sysctl("net/ipv4/conf/br0/rp_filter"), "2");
}

TEST_F(KernelObjects, ProbeFindsWhatTheKernelHas) {
  const auto f = probe_kernel();
  ASSERT_TRUE(f);
  EXPECT_TRUE(f->net_admin);
  EXPECT_TRUE(f->bridge);
  EXPECT_TRUE(f->vxlan);
  EXPECT_TRUE(f->veth);
  EXPECT_TRUE(f->next_hop_objects);
  EXPECT_TRUE(f->rules_v4);
  EXPECT_TRUE(f->rules_v6);
  EXPECT_EQ(missing_features(*f, {true, false, true}), std::vector<std::string>{});
  EXPECT_EQ(missing_features(*f, {true, true, false}).empty(), f->vrf);
  EXPECT_THAT(output("ip -o link"), Not(HasSubstr("perdprobe")));
  EXPECT_EQ(f->vrf, std::system("ip link add vrfx type vrf table 9 2>/dev/null") == 0);
}

TEST_F(KernelObjects, DryRunTellsAndTouchesNothing) {
  sh("ip link add br1 type bridge");
  std::vector<std::string> lines;
  auto dry = DryRunKernel::open({}, [&](const std::string& line) { lines.push_back(line); });
  ASSERT_TRUE(dry);
  std::vector<KernelOp> ops;
  ops.push_back({1, DumpRequest{DumpKind::kLinks}});
  ops.push_back({2, bridge("br0")});
  ops.push_back({3, LinkChange{.link = index_of("br1"), .up = true}});
  ops.push_back({4, SysctlPut{"net/ipv4/ip_forward", "1"}});
  ops.push_back({5, DumpRequest{DumpKind::kLinks}});
  (*dry)->submit(std::move(ops));
  while ((*dry)->in_flight() > 0) {
    ASSERT_TRUE((*dry)->wants_turn() || readable((*dry)->request_fd(), 5000));
    (*dry)->on_request_readable(heard);
  }
  EXPECT_EQ(heard.acked, 5U);
  EXPECT_EQ(heard.dumps.size(), 2U);
  EXPECT_EQ(lines,
            (std::vector<std::string>{"link add br0 up type bridge vlan_default_pvid 0",
                                      "link set dev br1 up", "sysctl net/ipv4/ip_forward=1"}));
  EXPECT_THAT(output("ip -o link"), Not(HasSubstr("br0")));
  last_id = 5;
}

}  // namespace
}  // namespace perd::netlink
