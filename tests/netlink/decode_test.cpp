// Goal: what the kernel and others say is read as it was meant, noise is told from objects, and no
// octet that lies about its length is believed. Method: captured messages (captured.txt) against
// the objects that the quoted command makes; the same messages cut, stretched and flipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include "captured.h"
#include "netlink/codec.h"
#include "netlink/link_codec.h"

namespace perd::netlink {
namespace {

IpAddress ip(const char* text) { return *parse_ip(text); }
IpPrefix prefix(const char* text) { return *parse_prefix(text); }
InterfaceAddress ifa(const char* text) { return *parse_interface_address(text); }
MacAddress mac(const char* text) { return *parse_mac(text); }

constexpr IfIndex kBridge{2};
constexpr IfIndex kVni{5};

Decoded decode_octets(const std::vector<std::uint8_t>& octets, std::optional<KernelEvent>& out) {
  Bytes rest{octets};
  const auto m = next_message(rest);
  out.reset();
  return m ? decode(*m, out) : Decoded::kMalformed;
}

template <class T>
void expect_object(const char* name, const T& want, bool gone = false) {
  SCOPED_TRACE(name);
  std::optional<KernelEvent> event;
  ASSERT_EQ(decode_octets(captured(name), event), Decoded::kObject);
  const auto* seen = std::get_if<Seen<T>>(&*event);
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->object, want);
  EXPECT_EQ(seen->gone, gone);
}

TEST(Decode, WhatTheKernelTells) {
  const RouteHop a{.link = kBridge, .gateway = ip("2001:db8::a")};
  const RouteHop b{.link = kBridge, .gateway = ip("2001:db8::b")};
  const TableId table{1100};
  expect_object("notification address", Address{kBridge, ifa("10.7.0.1/24")});
  expect_object("notification address6", Address{kBridge, ifa("2001:db8:7::1/64")});
  expect_object("notification neigh", Neighbour{kBridge, ip("192.0.2.2"), mac("02:54:c0:00:02:02"),
                                                NUD_NOARP, true, 179});
  FdbEntry self;
  self.link = kVni;
  self.mac = mac("02:54:c0:00:02:02");
  self.self = true;
  self.destination = ip("192.0.2.2");
  self.state = NUD_REACHABLE;
  // The entry was there before without the flag, and the kernel does not add it.
  expect_object("notification fdb-self", self);
  FdbEntry master = self;
  master.extern_learn = true;
  master.self = false;
  master.destination = {};
  master.master = kBridge;
  expect_object("notification fdb-master", master);
  expect_object(
      "notification nexthop",
      NextHop{
          .id = 71, .link = kBridge, .gateway = ip("192.0.2.2"), .onlink = true, .protocol = 179});
  expect_object("notification nexthop-group",
                NextHop{.id = 201, .group = {{101, 1}, {105, 7}}, .protocol = 179});
  expect_object("notification route-nhid",
                Route{{table, prefix("203.0.113.0/24"), 20}, RouteType::kUnicast, 179, 0, 101, {}});
  expect_object("notification route-group",
                Route{{table, prefix("203.0.114.0/24"), 20}, RouteType::kUnicast, 179, 0, 201, {}});
  expect_object("notification route-multipath6", Route{{table, prefix("2001:db8:7::/48"), 1024},
                                                       RouteType::kUnicast,
                                                       RTPROT_BOOT,
                                                       0,
                                                       0,
                                                       {a, b}});
  expect_object(
      "notification route-hop-gone6",
      Route{{table, prefix("2001:db8:7::/48"), 1024}, RouteType::kUnicast, RTPROT_BOOT, 0, 0, {b}},
      true);
  expect_object("notification rule", Rule{IpFamily::kIpv4, 900, "eth-z", table, 3});
}

TEST(Decode, LinksInFull) {
  std::optional<KernelEvent> event;
  ASSERT_EQ(decode_octets(captured("notification link-vxlan-port"), event), Decoded::kObject);
  const Link& l = std::get<Seen<Link>>(*event).object;
  EXPECT_EQ(l.index, kVni);
  EXPECT_EQ(l.name, "vni100");
  EXPECT_EQ(l.kind, LinkKind::kVxlan);
  EXPECT_EQ(l.kind_name, "vxlan");
  EXPECT_EQ(l.master, kBridge);
  EXPECT_EQ(l.mac, mac("02:00:00:00:00:07"));
  EXPECT_EQ(l.mtu, 1450U);
  EXPECT_TRUE(l.admin_up);
  EXPECT_TRUE(l.running);
  EXPECT_FALSE(l.port_learning);
  EXPECT_TRUE(l.port_neigh_suppress);
  const VxlanInfo want{.vni = Vni{100}, .local = ip("192.0.2.1")};
  EXPECT_EQ(l.vxlan, want);
  ASSERT_EQ(decode_octets(captured("notification link-gone"), event), Decoded::kObject);
  EXPECT_TRUE(std::get<Seen<Link>>(*event).gone);
}

TEST(Decode, LayerTwoAsTheKernelTellsIt) {
  const MacAddress host = mac("02:54:c0:00:02:02");
  Neighbour n{kBridge, ip("2001:db8::9"), host, NUD_NOARP, true, 179};
  n.router = true;
  expect_object("notification neigh-router", n);
  // What goes fails first: the MAC and the mark are gone, the number and the router stay.
  n.mac = {}, n.state = NUD_FAILED, n.extern_learn = false;
  expect_object("notification neigh-failed", n);
  FdbEntry over;
  over.link = kVni;
  over.mac = host;
  over.self = true;
  over.next_hop_id = 10;
  over.state = NUD_REACHABLE;
  over.extern_learn = true;
  expect_object("notification fdb-nhid", over);
  FdbEntry moved;
  moved.link = IfIndex{4};
  moved.mac = mac("02:00:00:00:00:11");
  moved.master = kBridge;
  moved.state = NUD_REACHABLE;
  expect_object("notification fdb-moved", moved);
  expect_object("notification nexthop-fdb",
                NextHop{.id = 1, .gateway = ip("192.0.2.2"), .protocol = 179, .fdb = true});
  expect_object("notification nexthop-fdb-group",
                NextHop{.id = 10, .group = {{1, 1}, {2, 1}}, .protocol = 179, .fdb = true});
}

TEST(Decode, BridgesPairsAndVlans) {
  std::optional<KernelEvent> event;
  ASSERT_EQ(decode_octets(captured("notification link-bridge"), event), Decoded::kObject);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.ageing, 60U);
  EXPECT_FALSE(std::get<Seen<Link>>(*event).object.vlan_filtering);
  auto pair = captured("notification link-veth");
  ASSERT_EQ(decode_octets(pair, event), Decoded::kObject);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.peer, IfIndex{3});
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.alias, "perd");

  MessageBuilder b;
  BatchBuffer out;
  ifinfomsg h{};
  h.ifi_index = 7;
  b.begin(RTM_NEWLINK, 0);
  b.header(h);
  b.put_u32(IFLA_LINK, 2);
  b.put_u32(IFLA_LINK_NETNSID, 0);  // the other end is there: its index says nothing here
  nlattr* info = b.nest(IFLA_LINKINFO);
  b.put_string(IFLA_INFO_KIND, "vlan");
  nlattr* data = b.nest(IFLA_INFO_DATA);
  b.put_u16(IFLA_VLAN_ID, 110);
  b.end(data);
  b.end(info);
  ASSERT_TRUE(b.finish(out));
  ASSERT_EQ(decode_octets(out.octets, event), Decoded::kObject);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.kind, LinkKind::kVlan);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.vlan_id, 110U);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.peer, IfIndex{});

  out.octets.clear();
  b.begin(RTM_NEWLINK, 0);
  b.header(h);
  info = b.nest(IFLA_LINKINFO);
  b.put_string(IFLA_INFO_KIND, "bridge");
  data = b.nest(IFLA_INFO_DATA);
  b.put_u8(IFLA_BR_VLAN_FILTERING, 1);
  b.put_u32(IFLA_BR_AGEING_TIME, 0);
  b.end(data);
  b.end(info);
  ASSERT_TRUE(b.finish(out));
  ASSERT_EQ(decode_octets(out.octets, event), Decoded::kObject);
  EXPECT_TRUE(std::get<Seen<Link>>(*event).object.vlan_filtering);
  EXPECT_EQ(std::get<Seen<Link>>(*event).object.ageing, 0U);
}

// A message about port 7 with these VLANs, as the kernel nests them.
std::vector<std::uint8_t> port_message(const std::vector<bridge_vlan_info>& vlans, int cut = 0) {
  MessageBuilder b;
  BatchBuffer out;
  ifinfomsg h{};
  h.ifi_family = AF_BRIDGE;
  h.ifi_index = 7;
  b.begin(RTM_NEWLINK, 0);
  b.header(h);
  nlattr* port = b.nest(IFLA_PROTINFO);
  b.put_u8(IFLA_BRPORT_LEARNING, 0);
  b.end(port);
  nlattr* spec = b.nest(IFLA_AF_SPEC);
  for (const auto& v : vlans) {
    b.put(IFLA_BRIDGE_VLAN_INFO, &v, sizeof v - static_cast<std::size_t>(cut));
  }
  b.end(spec);
  EXPECT_TRUE(b.finish(out));
  return out.octets;
}

TEST(Decode, ThePvidOfAPort) {
  const auto decode_port = [](const std::vector<std::uint8_t>& octets, BridgePortFlags& out) {
    Bytes rest{octets};
    return decode_bridge_port(*next_message(rest), out);
  };
  BridgePortFlags port;
  ASSERT_EQ(decode_port(port_message({{BRIDGE_VLAN_INFO_RANGE_BEGIN, 2},
                                      {BRIDGE_VLAN_INFO_RANGE_END, 9},
                                      {BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, 110},
                                      {0, 120}}),
                        port),
            Decoded::kObject);
  EXPECT_EQ(port.link, IfIndex{7});
  EXPECT_FALSE(port.learning);
  EXPECT_EQ(port.vlan, 110U);
  ASSERT_EQ(decode_port(port_message({{0, 120}}), port), Decoded::kObject);
  EXPECT_EQ(port.vlan, 0U);
  ASSERT_EQ(decode_port(port_message({}), port), Decoded::kObject);
  EXPECT_EQ(port.vlan, 0U);
  EXPECT_EQ(decode_port(port_message({{BRIDGE_VLAN_INFO_PVID, 110}}, 1), port),
            Decoded::kMalformed);
}

// A request lacks the index; with one it reads like what the kernel tells.
TEST(Decode, LinkKindsFromTheirRequests) {
  struct Case {
    const char* name;
    LinkKind kind;
  };
  for (const Case& c :
       {Case{"request vrf", LinkKind::kVrf}, Case{"request bridge", LinkKind::kBridge},
        Case{"request veth", LinkKind::kVeth}, Case{"request dummy", LinkKind::kDummy},
        Case{"request vxlan6", LinkKind::kVxlan}}) {
    SCOPED_TRACE(c.name);
    auto octets = captured(c.name);
    std::optional<KernelEvent> event;
    EXPECT_EQ(decode_octets(octets, event), Decoded::kMalformed);
    octets.at(20) = 7;
    ASSERT_EQ(decode_octets(octets, event), Decoded::kObject);
    const Link& l = std::get<Seen<Link>>(*event).object;
    EXPECT_EQ(l.kind, c.kind);
    EXPECT_EQ(l.vrf_table, TableId{c.kind == LinkKind::kVrf ? 1100U : 0U});
    EXPECT_FALSE(l.running);
  }
}

TEST(Decode, BridgePortFlags) {
  const auto octets = captured("notification link-bridge-port");
  std::optional<KernelEvent> event;
  EXPECT_EQ(decode_octets(octets, event), Decoded::kIgnored);  // not a link
  Bytes rest{octets};
  BridgePortFlags flags;
  ASSERT_EQ(decode_bridge_port(*next_message(rest), flags), Decoded::kObject);
  EXPECT_EQ(flags.link, kVni);
  EXPECT_FALSE(flags.learning);
  EXPECT_TRUE(flags.neigh_suppress);
  const auto link = captured("notification link-vxlan-port");
  rest = link;
  EXPECT_EQ(decode_bridge_port(*next_message(rest), flags), Decoded::kIgnored);
}

TEST(Decode, WhatZebraWrites) {
  const RouteHop mapped{.link = kBridge, .gateway = ip("::ffff:192.0.2.2"), .onlink = true};
  expect_object("request frr-neigh",
                Neighbour{kBridge, ip("192.0.2.2"), mac("aa:bb:cc:00:02:64"), NUD_NOARP, true, 11});
  expect_object("request frr-neigh-del", Neighbour{kBridge, ip("192.0.2.2"), {}, 0, true, 11},
                true);
  expect_object("request frr-route6", Route{{kMainTable, prefix("fd00:16:2::/64"), 20},
                                            RouteType::kUnicast,
                                            RTPROT_BGP,
                                            0,
                                            0,
                                            {mapped}});
}

TEST(Decode, NoiseIsIgnored) {
  std::optional<KernelEvent> event;
  for (const char* name : {"notification route-local", "notification rule-other"}) {
    EXPECT_EQ(decode_octets(captured(name), event), Decoded::kIgnored) << name;
  }
  struct Case {
    const char* why;
    const char* name;
    std::size_t at;  // in the message
    std::uint8_t octet;
  };
  for (const Case& c : {
           Case{"proxy", "notification neigh", 26, NTF_PROXY},
           Case{"family", "notification neigh", 16, AF_MPLS},
           Case{"family", "notification address", 16, AF_MPLS},
           Case{"family", "notification route-nhid", 16, AF_MPLS},
           Case{"family", "notification rule", 16, AF_MPLS},
           Case{"family", "notification nexthop", 16, AF_MPLS},
           Case{"tos", "notification route-nhid", 19, 4},
           Case{"source", "notification route-nhid", 18, 8},
           Case{"cached", "notification route-nhid", 25, 0x02},
           Case{"broadcast", "notification route-nhid", 23, RTN_BROADCAST},
           Case{"anycast", "notification route-nhid", 23, RTN_ANYCAST},
           Case{"multicast", "notification route-nhid", 23, RTN_MULTICAST},
           Case{"action", "notification rule", 23, 6},
           Case{"inverted", "notification rule", 24, 2},
           Case{"message", "notification rule", 4, 250},
       }) {
    SCOPED_TRACE(std::string{c.why} + " of " + c.name);
    auto octets = captured(c.name);
    octets.at(c.at) = c.octet;
    EXPECT_EQ(decode_octets(octets, event), Decoded::kIgnored);
    EXPECT_FALSE(event);
  }
}

TEST(Decode, TypesOfRoutes) {
  struct Case {
    std::uint8_t number;
    RouteType type;
  };
  for (const Case& c :
       {Case{RTN_UNICAST, RouteType::kUnicast}, Case{RTN_LOCAL, RouteType::kLocal},
        Case{RTN_UNREACHABLE, RouteType::kUnreachable}, Case{RTN_BLACKHOLE, RouteType::kBlackhole},
        Case{RTN_PROHIBIT, RouteType::kProhibit}, Case{RTN_THROW, RouteType::kThrow},
        Case{RTN_NAT, RouteType::kOther}}) {
    auto octets = captured("notification route-nhid");
    octets.at(23) = c.number;
    std::optional<KernelEvent> event;
    ASSERT_EQ(decode_octets(octets, event), Decoded::kObject);
    EXPECT_EQ(std::get<Seen<Route>>(*event).object.type, c.type);
  }
}

TEST(Decode, LengthsThatLieAreMalformed) {
  struct Case {
    const char* name;
    std::size_t at;  // of the u16 length, in the message
    std::uint8_t length;
  };
  for (const Case& c : {
           Case{"notification route-nhid", 28, 200},      // RTA_TABLE beyond the end
           Case{"notification route-nhid", 28, 6},        // a table of two octets
           Case{"notification route-nhid", 28, 3},        // less than its own header
           Case{"notification route-nhid", 17, 33},       // prefix length
           Case{"notification neigh", 28, 7},             // an address of three octets
           Case{"notification neigh", 28, 4},             // of none
           Case{"notification fdb-self", 28, 8},          // a MAC of four octets
           Case{"notification nexthop", 24, 5},           // an id of one octet
           Case{"notification nexthop-group", 40, 17},    // one and a half members
           Case{"notification address", 32, 5},           // an address of one octet
           Case{"notification address", 17, 33},          // prefix length
           Case{"notification rule", 28, 5},              // a table of one octet
           Case{"notification route-multipath6", 68, 4},  // a hop shorter than rtnexthop
           Case{"notification route-multipath6", 68, 250},
           Case{"notification route-multipath6", 76, 9},  // a gateway of five octets
       }) {
    SCOPED_TRACE(std::string{c.name} + " at " + std::to_string(c.at));
    auto octets = captured(c.name);
    octets.at(c.at) = c.length;
    std::optional<KernelEvent> event;
    EXPECT_EQ(decode_octets(octets, event), Decoded::kMalformed);
    EXPECT_FALSE(event);
  }
}

// Whatever is cut or flipped: an answer, never a read outside (the sanitizers watch).
TEST(Decode, NoOctetIsTrusted) {
  std::optional<KernelEvent> event;
  for (const auto& [name, whole] : captures()) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      EXPECT_EQ(decode_octets(cut, event), Decoded::kMalformed);  // nlmsg_len is too long
      if (size < 16) continue;
      const auto length = static_cast<std::uint32_t>(size);
      std::memcpy(cut.data(), &length, sizeof length);
      (void)decode_octets(cut, event);
    }
    for (std::size_t at = 16; at < whole.size(); ++at) {
      for (const std::uint8_t octet : std::initializer_list<std::uint8_t>{0x00, 0x01, 0x7f, 0xff}) {
        auto flipped = whole;
        flipped[at] = octet;
        (void)decode_octets(flipped, event);
        Bytes rest{flipped};
        const auto m = next_message(rest);
        BridgePortFlags flags;
        (void)decode_bridge_port(*m, flags);
        (void)decode_answer(*m);
        (void)decode_done(*m);
      }
    }
  }
}

TEST(Decode, AnswersWithTheKernelsWords) {
  const auto answer_of = [](const char* name) {
    const auto octets = captured(name);
    Bytes rest{octets};
    return decode_answer(*next_message(rest));
  };
  for (const char* name : {"notification error-with-text", "notification error-capped"}) {
    const auto a = answer_of(name);
    ASSERT_TRUE(a) << name;
    EXPECT_EQ(a->error, EINVAL);
    EXPECT_EQ(a->text, "Nexthop id does not exist");
  }
  const auto ack = answer_of("notification acknowledged");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->error, 0);
  EXPECT_EQ(ack->text, "");
  const std::uint32_t few = 0;
  std::vector<std::uint8_t> octets(sizeof few);
  EXPECT_FALSE(decode_answer({NLMSG_ERROR, 0, 0, 0, octets}));
}

TEST(Decode, DoneCarriesWhyADumpBrokeOff) {
  const std::int32_t error = -ENOBUFS;
  std::vector<std::uint8_t> octets(sizeof error);
  EXPECT_EQ(decode_done({NLMSG_DONE, 0, 0, 0, octets}), 0);
  std::memcpy(octets.data(), &error, sizeof error);
  EXPECT_EQ(decode_done({NLMSG_DONE, 0, 0, 0, octets}), ENOBUFS);
  EXPECT_EQ(decode_done({NLMSG_DONE, 0, 0, 0, {}}), 0);
}

TEST(Message, SeveralInOneBuffer) {
  MessageBuilder builder;
  BatchBuffer out;
  ASSERT_EQ(encode_op(builder, {1, NextHopErase{1}}, out), 0);
  ASSERT_EQ(encode_barrier(builder, out), 0);
  ASSERT_EQ(encode_op(builder, {2, NextHopErase{2}}, out), 0);
  Bytes rest{out.octets};
  std::vector<std::uint32_t> sequences;
  while (const auto m = next_message(rest)) sequences.push_back(m->sequence);
  EXPECT_EQ(sequences, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_TRUE(rest.empty());
}

TEST(Message, WhatDoesNotFitIsRefusedAndLeavesTheBufferAlone) {
  MessageBuilder builder;
  BatchBuffer out;
  Route r;
  r.key.prefix = prefix("2001:db8::/32");
  r.hops.assign(2000, RouteHop{.link = kBridge, .gateway = ip("2001:db8::1")});
  EXPECT_EQ(encode_op(builder, {1, RoutePut{r}}, out), EMSGSIZE);
  LinkChange change{.link = kBridge, .alias = "perd"};
  change.up = false;
  change.alias = std::string(300, 'x');
  EXPECT_EQ(encode_op(builder, {2, change}, out), EINVAL);
  NextHop group{.id = 1};
  group.group.resize(9000, {1, 1});
  EXPECT_EQ(encode_op(builder, {3, NextHopPut{group}}, out), EMSGSIZE);
  EXPECT_TRUE(out.octets.empty());
  EXPECT_EQ(out.next_sequence, 1U);
  r.hops.resize(256);  // the most Linux has use for
  EXPECT_EQ(encode_op(builder, {4, RoutePut{r}}, out), 0);
  EXPECT_EQ(encode_op(builder, {5, SysctlPut{}}, out), EOPNOTSUPP);
  EXPECT_EQ(encode_op(builder, {6, DumpRequest{}}, out), EOPNOTSUPP);
}

}  // namespace
}  // namespace perd::netlink
