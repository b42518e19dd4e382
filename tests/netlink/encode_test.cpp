// Goal: what perd writes is what iproute2 and FRR write for the same wish. Method: the same
// message, compared by header and attributes (captured.txt); where perd differs on purpose, the row
// says how.
#include <gtest/gtest.h>
#include <linux/neighbour.h>

#include "captured.h"
#include "netlink/codec.h"
#include "netlink/link_codec.h"

namespace perd::netlink {
namespace {

IpAddress ip(const char* text) { return *parse_ip(text); }
MacAddress mac(const char* text) { return *parse_mac(text); }
InterfaceAddress ifa(const char* text) { return *parse_interface_address(text); }

LinkCreate create(const char* name, LinkKind kind) {
  LinkCreate c;
  c.name = name;
  c.kind = kind;
  return c;
}
LinkCreate bridge() {
  LinkCreate c = create("br-pe-100", LinkKind::kBridge);
  c.mac = mac("02:54:0a:00:00:01");
  c.mtu = 9000;
  return c;
}
LinkCreate vxlan(const char* name, VxlanInfo info, IfIndex master) {
  LinkCreate c = create(name, LinkKind::kVxlan);
  c.vxlan = info;
  c.master = master;
  return c;
}
LinkCreate vrf() {
  LinkCreate c = create("red", LinkKind::kVrf);
  c.vrf_table = TableId{1100};
  return c;
}
LinkCreate veth(std::optional<std::uint32_t> mtu = {}) {
  LinkCreate c = create("v8", LinkKind::kVeth);
  c.peer_name = "v9";
  c.mtu = mtu;
  return c;
}
template <class Set>
LinkChange change(std::uint32_t link, Set set) {
  LinkChange c{.link = IfIndex{link}};
  set(c);
  return c;
}
FdbEntry fdb(const char* address, std::uint32_t link, bool self, const char* destination) {
  FdbEntry e;
  e.mac = mac(address);
  e.link = IfIndex{link};
  e.self = self;
  if (destination != nullptr) e.destination = ip(destination);
  e.state = NUD_REACHABLE;
  return e;
}
FdbEntry with(FdbEntry e, std::uint16_t state, bool extern_learn) {
  e.state = state;
  e.extern_learn = extern_learn;
  return e;
}
Route route(const char* dst, std::uint32_t table, std::uint32_t metric, std::uint32_t nhid,
            std::vector<RouteHop> hops = {}, RouteType type = RouteType::kUnicast) {
  return {{TableId{table}, *parse_prefix(dst), metric}, type, 179, 0, nhid, std::move(hops)};
}
Route by_bgp(Route r) {
  r.protocol = RTPROT_BGP;
  return r;
}

struct Case {
  const char* name;
  KernelOp op;
  // Octets of the fixed header and attributes in which perd differs on purpose.
  std::set<std::size_t> header = {};
  std::set<std::string> theirs_only = {};
};

// ndm_type: perd writes RTN_UNICAST as FRR does, iproute2 nothing. rtm_scope: iproute2 guesses.
const std::set<std::size_t> kTypeOctet = {11};
const std::set<std::size_t> kScopeOctet = {6};
constexpr IfIndex kBridge{2};

std::vector<Case> link_cases() {
  const IfIndex br = kBridge;
  return {
      {"bridge", {1, bridge()}},
      {"vxlan", {1, vxlan("vni200", {.vni = Vni{200}, .local = ip("192.0.2.1")}, br)}},
      {"vxlan6",
       {1,
        vxlan("vni201",
              {.vni = Vni{201}, .local = ip("2001:db8::1"), .port = 4790, .learning = true}, {})}},
      {"vrf", {1, vrf()}},
      {"veth", {1, veth()}},
      {"dummy", {1, create("d0", LinkKind::kDummy)}},
      {"veth-mtu", {1, veth(1450)}},
      {"link-up", {1, change(2, [](LinkChange& c) { c.up = true; })}},
      {"link-down", {1, change(3, [](LinkChange& c) { c.up = false; })}},
      {"link-change",
       {1, change(5,
                  [](LinkChange& c) {
                    c.mtu = 1400;
                    c.master = IfIndex{2};
                    c.mac = mac("02:00:00:00:00:07");
                  })}},
      {"link-alias", {1, change(2, [](LinkChange& c) { c.alias = "perd"; })}},
      {"link-addrgen", {1, change(2, [](LinkChange& c) { c.addrgen_none = true; })}},
      {"port-flags",
       {1, change(5,
                  [](LinkChange& c) {
                    c.port_learning = false;
                    c.port_neigh_suppress = true;
                  })}},
      {"link-del", {1, LinkErase{IfIndex{9}}}},
      {"address", {1, AddressPut{{IfIndex{1}, ifa("192.0.2.1/32")}}}},
      {"address6", {1, AddressPut{{IfIndex{1}, ifa("2001:db8::1/128")}}}},
      // iproute2 has the flag in the header, where no more than eight fit.
      {"address6-nodad",
       {1, AddressPut{{kBridge, ifa("2001:db8:9::1/64")}, true}},
       {2},
       {"/8 02000000"}},
      {"address-del", {1, AddressErase{{IfIndex{1}, ifa("192.0.2.1/32")}}}},
  };
}

std::vector<Case> neighbour_cases() {
  const IfIndex br = kBridge;
  const Neighbour v4{br, ip("192.0.2.2"), mac("02:54:c0:00:02:02"), NUD_NOARP, true, 179};
  Neighbour v6 = v4;
  v6.address = ip("::ffff:192.0.2.2");
  Neighbour frr{br, ip("192.0.2.2"), mac("aa:bb:cc:00:02:64"), NUD_NOARP, true, 11};
  Neighbour frr6 = frr;
  frr6.address = ip("::ffff:192.0.2.2");
  FdbEntry other_vni = fdb("02:54:c0:00:02:02", 5, true, "192.0.2.3");
  other_vni.vni = Vni{200};
  const FdbEntry rmac = fdb("02:54:c0:00:02:02", 5, true, "192.0.2.2");
  Neighbour router = v4;
  router.address = ip("2001:db8::9");
  router.router = true;
  FdbEntry group = fdb("02:54:c0:00:02:02", 5, true, nullptr);
  group.next_hop_id = 10;
  FdbEntry sticky = fdb("02:54:c0:00:02:03", 5, true, "192.0.2.2");
  sticky.sticky = true;
  FdbEntry tagged = fdb("02:54:c0:00:02:02", 4, false, nullptr);
  tagged.vlan = 10;
  const FdbEntry zero = fdb("00:00:00:00:00:00", 5, true, "192.0.2.2");
  const FdbEntry zero6 = fdb("00:00:00:00:00:00", 5, true, "2001:db8::2");
  return {
      {"neigh", {1, NeighbourPut{v4}}, kTypeOctet},
      {"neigh6", {1, NeighbourPut{v6}}, kTypeOctet},
      {"neigh-router", {1, NeighbourPut{router}}, kTypeOctet},
      {"fdb-nhid", {1, FdbPut{with(group, NUD_REACHABLE, true), true, false}}},
      {"fdb-sticky", {1, FdbPut{with(sticky, NUD_REACHABLE | NUD_NOARP, false), true, false}}},
      {"fdb-vlan", {1, FdbPut{with(tagged, NUD_REACHABLE | NUD_NOARP, false), false, false}}},
      {"neigh-del", {1, NeighbourErase{br, ip("192.0.2.2")}}, {8, 9}},
      {"fdb-both", {1, FdbPut{with(rmac, NUD_REACHABLE, true), true, false}}},
      {"fdb-self", {1, FdbPut{other_vni, false, false}}},
      {"fdb-flood", {1, FdbPut{with(zero6, NUD_PERMANENT, false), false, true}}, {8}},
      {"fdb-del", {1, FdbErase{fdb("02:54:c0:00:02:02", 5, true, "192.0.2.3"), true}}, {8}},
      // NDA_PROTOCOL (12) and NDA_MASTER (9) of zebra's forwarding entries: the kernel keeps
      // neither.
      {"frr-flood",
       {1, FdbPut{with(zero, NUD_NOARP | NUD_PERMANENT, false), false, true}},
       {},
       {"/12 0b"}},
      {"frr-fdb",
       {1, FdbPut{with(fdb("aa:bb:cc:00:02:64", 3, true, "192.0.2.2"), NUD_REACHABLE, true), true,
                  false}},
       {},
       {"/12 0b", "/9 02000000"}},
      {"frr-neigh", {1, NeighbourPut{frr}}},
      {"frr-neigh6", {1, NeighbourPut{frr6}}},
  };
}

std::vector<Case> route_cases() {
  const IfIndex br = kBridge;
  const RouteHop onlink{.link = br, .gateway = ip("192.0.2.2"), .onlink = true};
  const RouteHop near4{.link = br, .gateway = ip("10.0.0.2"), .weight = 3};
  const RouteHop over6{.link = br, .gateway = ip("2001:db8::2")};
  const RouteHop over6b{.link = br, .gateway = ip("2001:db8::3")};
  return {
      {"nexthop",
       {1,
        NextHopPut{
            {.id = 7, .link = br, .gateway = ip("192.0.2.2"), .onlink = true, .protocol = 179}}}},
      {"nexthop6",
       {1, NextHopPut{{.id = 8, .link = br, .gateway = ip("2001:db8::2"), .protocol = 179}}}},
      {"nexthop-dev", {1, NextHopPut{{.id = 9, .link = br, .protocol = 179}}}},
      {"nexthop-blackhole", {1, NextHopPut{{.id = 10, .blackhole = true, .protocol = 179}}}},
      {"nexthop-group",
       {1, NextHopPut{{.id = 200, .group = {{101, 1}, {105, 7}}, .protocol = 179}}}},
      {"nexthop-fdb",
       {1, NextHopPut{{.id = 1, .gateway = ip("192.0.2.2"), .protocol = 179, .fdb = true}}}},
      {"nexthop-fdb-group",
       {1, NextHopPut{{.id = 10, .group = {{1, 1}, {2, 1}}, .protocol = 179, .fdb = true}}}},
      {"nexthop-del", {1, NextHopErase{7}}},
      {"route-nhid", {1, RoutePut{route("203.0.113.0/24", 1100, 20, 101)}}, kScopeOctet},
      {"route-nhid6", {1, RoutePut{route("2001:db8:1::/48", 1100, 20, 102)}}, kScopeOctet},
      {"route-default", {1, RoutePut{route("0.0.0.0/0", 100, 0, 101)}}, kScopeOctet},
      {"route-onlink", {1, RoutePut{route("203.0.115.0/24", 1100, 20, 0, {onlink})}}},
      {"route-via6", {1, RoutePut{route("203.0.117.0/24", 1100, 0, 0, {over6})}}},
      {"route-multipath", {1, RoutePut{route("203.0.116.0/24", 1100, 0, 0, {onlink, near4})}}},
      {"route-multipath6", {1, RoutePut{route("2001:db8:3::/48", 1100, 0, 0, {over6, over6b})}}},
      {"route-unreachable",
       {1, RoutePut{route("0.0.0.0/0", 1100, 4278198272U, 0, {}, RouteType::kUnreachable)}}},
      {"route-blackhole",
       {1, RoutePut{route("203.0.120.0/24", 1100, 0, 0, {}, RouteType::kBlackhole)}}},
      {"route-prohibit",
       {1, RoutePut{route("203.0.121.0/24", 1100, 0, 0, {}, RouteType::kProhibit)}}},
      {"route-throw", {1, RoutePut{route("203.0.122.0/24", 1100, 0, 0, {}, RouteType::kThrow)}}},
      {"route-del", {1, RouteErase{route("203.0.113.0/24", 1100, 20, 0)}}, {7}},
      {"rule", {1, RulePut{{IpFamily::kIpv4, 1000, "eth-x", TableId{1100}, 179}}}},
      {"rule6", {1, RulePut{{IpFamily::kIpv6, 1001, "eth-y", TableId{100}, 0}}}},
      {"rule-del", {1, RuleErase{{IpFamily::kIpv4, 1000, "eth-x", TableId{1100}, 179}}}, {7}},
      {"frr-route", {1, RoutePut{by_bgp(route("172.16.2.0/24", 254, 20, 0, {onlink}))}}},
  };
}

std::vector<Case> cases() {
  std::vector<Case> all = link_cases();
  for (const auto& more : {neighbour_cases(), route_cases()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<std::string> without(std::vector<std::string> s, const Case& c) {
  for (std::string& line : s) {
    if (line.rfind("header ", 0) != 0) continue;
    for (const std::size_t octet : c.header) line.replace(7 + 2 * octet, 2, "__");
  }
  s.erase(std::remove_if(s.begin(), s.end(),
                         [&](const std::string& line) { return c.theirs_only.count(line) != 0; }),
          s.end());
  return s;
}

TEST(Encode, SameMessagesAsOthers) {
  MessageBuilder builder;
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    BatchBuffer out;
    ASSERT_EQ(encode_op(builder, c.op, out), 0);
    const auto theirs = captured(std::string{"request "} + c.name);
    ASSERT_FALSE(theirs.empty());
    EXPECT_EQ(without(shape(out.octets), c), without(shape(theirs), c));
    EXPECT_EQ(out.next_sequence, 2U);
  }
}

TEST(Encode, EveryRequestInTheFileHasItsRow) {
  std::set<std::string> rows;
  for (const Case& c : cases()) rows.insert(std::string{"request "} + c.name);
  for (const auto& [name, octets] : captures()) {
    // Written otherwise than perd does (more attributes, no NLM_F_REPLACE); the decoder's test has
    // them.
    if (name == "request frr-neigh-del" || name == "request frr-route6") continue;
    EXPECT_TRUE(name.rfind("request ", 0) != 0 || rows.count(name) == 1) << name;
  }
}

}  // namespace
}  // namespace perd::netlink
