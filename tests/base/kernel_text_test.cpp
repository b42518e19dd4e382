// Goal: an operator who reads --dry-run could type the same into iproute2. One row per operation
// and per part that it may have.
#include "perd/kernel_text.h"

#include <gtest/gtest.h>

namespace perd {
namespace {

IpAddress ip(const char* text) { return *parse_ip(text); }
MacAddress mac(const char* text) { return *parse_mac(text); }

template <class What>
std::string text(What what) {
  return format_op({1, std::move(what)}, [](IfIndex i) {
    return i == IfIndex{2} ? std::string{"br-pe-100"} : std::string{};
  });
}

TEST(KernelText, Links) {
  LinkCreate c;
  c.name = "br-pe-100";
  c.mac = mac("02:54:0a:00:00:01");
  c.mtu = 9000;
  c.master = IfIndex{9};
  c.alias = "perd";
  c.addrgen_none = true;
  c.up = true;
  EXPECT_EQ(text(c),
            "link add br-pe-100 address 02:54:0a:00:00:01 mtu 9000 master if9 alias perd "
            "addrgenmode none up type bridge vlan_default_pvid 0");
  LinkCreate vxlan;
  vxlan.name = "vni100";
  vxlan.kind = LinkKind::kVxlan;
  vxlan.vxlan = VxlanInfo{.vni = Vni{100}, .local = ip("192.0.2.1")};
  vxlan.vxlan_link = IfIndex{2};
  EXPECT_EQ(text(vxlan),
            "link add vni100 type vxlan id 100 local 192.0.2.1 dev br-pe-100 dstport 4789 "
            "nolearning");
  vxlan.vxlan = VxlanInfo{.learning = true, .external = true};
  vxlan.vxlan_link = {};
  EXPECT_EQ(text(vxlan), "link add vni100 type vxlan external dstport 4789 learning");
  LinkCreate vrf;
  vrf.name = "red";
  vrf.kind = LinkKind::kVrf;
  vrf.vrf_table = TableId{1100};
  EXPECT_EQ(text(vrf), "link add red type vrf table 1100");
  LinkCreate veth;
  veth.name = "v0";
  veth.kind = LinkKind::kVeth;
  veth.peer_name = "v1";
  EXPECT_EQ(text(veth), "link add v0 type veth peer name v1");
  veth.mtu = 1450;
  EXPECT_EQ(text(veth), "link add v0 mtu 1450 type veth peer name v1 mtu 1450");
  LinkChange change{.link = IfIndex{2}};
  change.mac = mac("02:54:0a:00:00:01");
  change.mtu = 1450;
  change.master = IfIndex{0};
  change.alias = "";
  change.addrgen_none = false;
  change.up = false;
  change.port_learning = false;
  change.port_neigh_suppress = true;
  EXPECT_EQ(text(change),
            "link set dev br-pe-100 address 02:54:0a:00:00:01 mtu 1450 nomaster alias \"\" "
            "addrgenmode eui64 down type bridge_slave learning off neigh_suppress on");
  change = LinkChange{.link = IfIndex{3}, .master = IfIndex{2}, .up = true};
  EXPECT_EQ(text(change), "link set dev if3 master br-pe-100 up");
  EXPECT_EQ(text(LinkErase{IfIndex{2}}), "link del dev br-pe-100");
}

TEST(KernelText, AddressesNeighboursAndForwarding) {
  const Address a{IfIndex{1}, *parse_interface_address("192.0.2.1/32")};
  EXPECT_EQ(text(AddressPut{a}), "address replace 192.0.2.1/32 dev if1");
  EXPECT_EQ(text(AddressPut{a, true}), "address replace 192.0.2.1/32 dev if1 nodad");
  EXPECT_EQ(text(AddressErase{a}), "address del 192.0.2.1/32 dev if1");
  EXPECT_EQ(
      text(NeighbourPut{{IfIndex{2}, ip("192.0.2.2"), mac("02:54:c0:00:02:02"), 0x40, true, 179}}),
      "neigh replace 192.0.2.2 lladdr 02:54:c0:00:02:02 dev br-pe-100 nud NOARP "
      "extern_learn proto 179");
  Neighbour router{IfIndex{2}, ip("2001:db8::9"), mac("02:54:c0:00:02:02"), 0x40, true, 179};
  router.router = true;
  EXPECT_EQ(text(NeighbourPut{router}),
            "neigh replace 2001:db8::9 lladdr 02:54:c0:00:02:02 dev br-pe-100 nud NOARP "
            "extern_learn router proto 179");
  EXPECT_EQ(text(NeighbourErase{IfIndex{2}, ip("192.0.2.2")}), "neigh del 192.0.2.2 dev br-pe-100");
  FdbEntry e;
  e.link = IfIndex{3};
  e.mac = mac("02:54:c0:00:02:02");
  e.destination = ip("192.0.2.2");
  e.state = 0x02;
  e.extern_learn = true;
  EXPECT_EQ(text(FdbPut{e, true, false}),
            "fdb replace 02:54:c0:00:02:02 dev if3 self master dst 192.0.2.2 extern_learn nud "
            "REACHABLE");
  e.destination = {};
  e.next_hop_id = 10;
  EXPECT_EQ(text(FdbPut{e, true, false}),
            "fdb replace 02:54:c0:00:02:02 dev if3 self master nhid 10 extern_learn nud "
            "REACHABLE");
  e = {};
  e.self = true;
  e.vni = Vni{7};
  e.vlan = 5;
  e.sticky = true;
  e.state = 0xc0;
  EXPECT_EQ(text(FdbPut{e, false, true}),
            "fdb append 00:00:00:00:00:00 dev if0 self vni 7 vlan 5 sticky nud NOARP|PERMANENT");
  EXPECT_EQ(text(FdbErase{{}, false}), "fdb del 00:00:00:00:00:00 dev if0 master");
  EXPECT_EQ(neighbour_state_text(0), "NONE");
  EXPECT_EQ(neighbour_state_text(0xff),
            "INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT");
}

TEST(KernelText, NextHopsAndRoutes) {
  EXPECT_EQ(text(NextHopPut{{.id = 7,
                             .link = IfIndex{2},
                             .gateway = ip("192.0.2.2"),
                             .onlink = true,
                             .protocol = 179}}),
            "nexthop replace id 7 via 192.0.2.2 dev br-pe-100 onlink proto 179");
  EXPECT_EQ(text(NextHopPut{{.id = 8, .group = {{7, 1}, {9, 3}}}}),
            "nexthop replace id 8 group 7/9,3");
  EXPECT_EQ(text(NextHopPut{{.id = 8, .group = {{7, 1}, {9, 1}}, .fdb = true}}),
            "nexthop replace id 8 group 7/9 fdb");
  EXPECT_EQ(text(NextHopPut{{.id = 7, .gateway = ip("192.0.2.2"), .protocol = 179, .fdb = true}}),
            "nexthop replace id 7 via 192.0.2.2 fdb proto 179");
  EXPECT_EQ(text(NextHopPut{{.id = 9, .blackhole = true}}), "nexthop replace id 9 blackhole");
  EXPECT_EQ(text(NextHopErase{7}), "nexthop del id 7");
  Route r{{TableId{1100}, *parse_prefix("10.0.0.0/24"), 20}, RouteType::kUnicast, 179, 0, 7, {}};
  EXPECT_EQ(text(RoutePut{r}), "route replace 10.0.0.0/24 table 1100 metric 20 proto 179 nhid 7");
  EXPECT_EQ(text(RouteErase{r}), "route del 10.0.0.0/24 table 1100 metric 20 proto 179");
  r.next_hop_id = 0;
  r.protocol = 0;
  r.key.metric = 0;
  r.hops = {{.link = IfIndex{2}, .gateway = ip("2001:db8::1"), .onlink = true}};
  EXPECT_EQ(text(RoutePut{r}),
            "route replace 10.0.0.0/24 table 1100 via inet6 2001:db8::1 dev br-pe-100 onlink");
  r.hops = {{.link = IfIndex{2}}, {.gateway = ip("10.0.0.2"), .weight = 3}};
  EXPECT_EQ(text(RoutePut{r}),
            "route replace 10.0.0.0/24 table 1100 nexthop dev br-pe-100 nexthop via 10.0.0.2 "
            "weight 3");
  r.hops.clear();
  r.type = RouteType::kUnreachable;
  EXPECT_EQ(text(RoutePut{r}), "route replace unreachable 10.0.0.0/24 table 1100");
}

TEST(KernelText, HostsAtPorts) {
  EXPECT_EQ(text(PortListen{IfIndex{2}, true}), "listen dev br-pe-100");
  EXPECT_EQ(text(PortListen{IfIndex{3}, false}), "unlisten dev if3");
  PacketSend s;
  s.packet.link = IfIndex{2};
  s.packet.mac = mac("02:00:00:00:00:11");
  s.packet.kind = HostPacketKind::kRarp;
  EXPECT_EQ(text(s), "send rarp dev br-pe-100 lladdr 02:00:00:00:00:11");
  struct Row {
    HostPacketKind kind;
    const char* v4;
    const char* v6;
  };
  for (const Row& row :
       {Row{HostPacketKind::kRequest, "arp", "ns"}, Row{HostPacketKind::kReply, "arp-reply", "na"},
        Row{HostPacketKind::kAnnouncement, "garp", "unsolicited-na"}}) {
    s.packet.kind = row.kind;
    s.packet.address = ip("10.0.0.11");
    const std::string rest = " lladdr 02:00:00:00:00:11";
    EXPECT_EQ(text(s), "send " + std::string{row.v4} + " dev br-pe-100 10.0.0.11" + rest);
    s.packet.address = ip("fd00::b");
    EXPECT_EQ(text(s), "send " + std::string{row.v6} + " dev br-pe-100 fd00::b" + rest);
  }
}

TEST(KernelText, RulesSysctlsAndDumps) {
  EXPECT_EQ(text(RulePut{{IpFamily::kIpv4, 1000, "eth1", TableId{1100}, 179}}),
            "rule add pref 1000 iif eth1 lookup 1100 proto 179");
  EXPECT_EQ(text(RuleErase{{IpFamily::kIpv6, 1000, "", TableId{1100}, 0}}),
            "-6 rule del pref 1000 lookup 1100");
  EXPECT_EQ(text(SysctlPut{"net/ipv4/ip_forward", "1"}), "sysctl net/ipv4/ip_forward=1");
  const char* words[] = {"links",    "addresses", "neighbours", "fdb",
                         "nexthops", "routes v4", "routes v6",  "rules"};
  for (std::size_t i = 0; i < std::size(words); ++i) {
    EXPECT_EQ(text(DumpRequest{static_cast<DumpKind>(i)}), std::string{"show "} + words[i]);
  }
}

TEST(KernelText, EveryKindAndTypeHasAWord) {
  const char* kinds[] = {"other", "vrf", "bridge", "vxlan", "veth", "dummy", "vlan", "loopback"};
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    EXPECT_EQ(to_string(static_cast<LinkKind>(i)), kinds[i]);
  }
  const char* types[] = {"unicast", "unreachable", "blackhole", "prohibit",
                         "throw",   "local",       "other"};
  for (std::size_t i = 0; i < std::size(types); ++i) {
    EXPECT_EQ(to_string(static_cast<RouteType>(i)), types[i]);
  }
}

}  // namespace
}  // namespace perd
