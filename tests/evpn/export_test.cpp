// Goal: what is originated, when, and octet for octet like FRR. Method: local knowledge in,
// originations out; the golden octets are those of FRR 8.4.4 (two leaves, VTEP 192.0.2.1, AS 64514,
// L3VNI 100).
#include "bgp/wire/message.h"
#include "evpn/exporter.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

std::string hex_of(const std::vector<std::uint8_t>& octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string s;
  for (const auto o : octets) {
    s += kDigits[o >> 4];
    s += kDigits[o & 15];
  }
  return s;
}

std::string encoded(const Origination& o) {
  std::vector<std::uint8_t> out;
  wire::CodecContext context;
  context.families.add(Family::kEvpn);
  wire::UpdateEncoder encoder(context, out);
  const std::vector<wire::EvpnNlri> routes = {{o.key, o.data, 0}};
  EXPECT_EQ(encoder.announce(o.attributes, routes), 1U);
  return hex_of(out);
}

TEST(Export, OctetsOfFrr) {
  Node n;
  n.start();
  n.local(kRed, "10.110.0.0/24");
  n.local(kRed, "fd00:110::/64");
  n.run();
  ASSERT_EQ(n.origination_log.size(), 2U);
  const std::string v4 = encoded(n.origination_log[0]);
  const std::string v6 = encoded(n.origination_log[1]);
  const std::string communities = "c01018030c0000000000080002fc02000000640603aabbcc000164";
  EXPECT_NE(v4.find(communities), std::string::npos) << v4;
  EXPECT_NE(v6.find(communities), std::string::npos) << v6;
  EXPECT_NE(v4.find("04c000020100"
                    "05220001c00002010002"
                    "00000000000000000000"
                    "00000000180a6e000000000000000064"),
            std::string::npos)
      << v4;
  EXPECT_NE(v6.find("053a0001c00002010002"
                    "00000000000000000000"
                    "0000000040fd000110000000000000000000000000"
                    "00000000000000000000000000000000000064"),
            std::string::npos)
      << v6;
}

// A host behind a local port is told as type 2: never as type 5, whatever is redistributed; only a
// prefix that stands under `networks` is.
TEST(Export, LocalHostsAreNotOriginated) {
  Node n;
  VrfSettings all = red();
  all.redistribute = {true, true, true};
  n.configure({all});
  n.engine.on_vrf_state(up(red()));
  n.local(kRed, "10.110.0.5/32", LocalRouteKind::kHost);
  n.local(kRed, "fd00:110::5/128", LocalRouteKind::kHost);
  n.run();
  EXPECT_TRUE(n.originated.empty());
  EXPECT_EQ(n.engine.vrfs().at(0).local_prefixes, 2U);
  const auto seen = n.engine.lookup(n.table, kRed, prefix("10.110.0.5/32"));
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->host);
  n.local(kRed, "10.110.0.5/32", LocalRouteKind::kStatic);
  n.run();
  EXPECT_TRUE(n.originates(red().rd, "10.110.0.5/32")) << "the static route is its own reason";
  n.local(kRed, "10.110.0.5/32", LocalRouteKind::kStatic, true);
  all.networks = {prefix("fd00:110::5/128")};
  n.configure({all});
  n.run();
  EXPECT_EQ(n.originated.size(), 1U);
  EXPECT_TRUE(n.originates(red().rd, "fd00:110::5/128"));
  all.networks = {};
  n.configure({all});
  n.run();
  n.local(kRed, "10.110.0.5/32", LocalRouteKind::kHost, true);
  n.local(kRed, "fd00:110::5/128", LocalRouteKind::kHost, true);
  n.run();
  EXPECT_TRUE(n.originated.empty());
  EXPECT_EQ(n.engine.vrfs().at(0).local_prefixes, 0U);
  EXPECT_FALSE(n.engine.lookup(n.table, kRed, prefix("10.110.0.5/32"))) << "not forgotten";
}

TEST(Export, OnlyWhileTheVrfIsUp) {
  Node n;
  n.configure({red()});
  n.local(kRed, "10.110.0.0/24");
  n.run();
  EXPECT_TRUE(n.originated.empty());
  n.engine.on_vrf_state(up(red()));
  n.run();
  EXPECT_TRUE(n.originates(red().rd, "10.110.0.0/24"));
  n.engine.on_vrf_state(down(red()));
  n.run();
  EXPECT_TRUE(n.originated.empty());
  ASSERT_EQ(n.events.size(), 2U);
  EXPECT_EQ(n.events[0].kind, EventKind::kVrfUp);
  EXPECT_EQ(n.events[1].kind, EventKind::kVrfDown);
  EXPECT_EQ(n.events[1].text, "no link vni100");
  VrfState lame = up(red());
  lame.router_mac = {};
  n.engine.on_vrf_state(lame);
  n.run();
  EXPECT_TRUE(n.originated.empty()) << "no router MAC, no route";
  n.engine.on_vrf_state(up(red()));
  n.run();
  EXPECT_EQ(n.originated.size(), 1U);
}

struct Kind {
  LocalRouteKind kind;
  Redistribute flags;
  bool want;
};

TEST(Export, RedistributeFlags) {
  using enum LocalRouteKind;
  const Redistribute none{}, c{true, false, false}, s{false, true, false}, k{false, false, true};
  const Kind kinds[] = {{kConnected, none, false}, {kConnected, c, true}, {kConnected, s, false},
                        {kStatic, s, true},        {kStatic, k, false},   {kKernel, k, true},
                        {kKernel, c, false}};
  for (const Kind& x : kinds) {
    Node n;
    VrfSettings v = red();
    v.redistribute = x.flags;
    n.configure({v});
    n.engine.on_vrf_state(up(v));
    n.local(kRed, "10.110.0.0/24", x.kind);
    n.run();
    EXPECT_EQ(n.originates(v.rd, "10.110.0.0/24"), x.want);
    // A reload that turns it round.
    v.redistribute = x.want ? none : Redistribute{true, true, true};
    n.configure({v});
    n.run();
    EXPECT_EQ(n.originates(v.rd, "10.110.0.0/24"), !x.want);
  }
}

TEST(Export, NeverThese) {
  Node n;
  VrfSettings v = red();
  v.networks = {prefix("224.0.0.0/4"), prefix("192.0.2.1/32")};
  n.configure({v});
  n.engine.on_vrf_state(up(v));
  for (const char* p : {"fe80::/64", "ff02::/16", "127.0.0.0/8", "::1/128", "192.0.2.1/32"}) {
    n.local(kRed, p);
  }
  n.run();
  EXPECT_TRUE(n.originated.empty());
  n.local(kRed, "169.254.1.0/30");  // a transfer net of a tenant is a prefix like any other
  n.run();
  EXPECT_EQ(n.originated.size(), 1U);
  n.local(kRed, "192.0.2.9/32");  // another host route is fine
  n.run();
  EXPECT_EQ(n.originated.size(), 2U);
}

TEST(Export, ImportedIsNotExported) {
  Node n;
  VrfSettings v = red();
  v.redistribute = {true, true, true};
  n.configure({v});
  n.engine.on_vrf_state(up(v));
  n.announce({});
  n.run();
  EXPECT_TRUE(n.fib.has(kRed, "10.1.0.0/24"));
  EXPECT_TRUE(n.originated.empty());
}

TEST(Export, NetworksAndOrigin) {
  Node n;
  VrfSettings v = red();
  v.networks = {prefix("10.1.0.0/16")};
  n.configure({v});
  n.engine.on_vrf_state(up(v));
  n.run();
  const auto key = wire::EvpnKey::ip_prefix(v.rd, EthernetTag{0}, prefix("10.1.0.0/16"));
  ASSERT_TRUE(n.originated.contains(key));
  EXPECT_EQ(n.originated[key].attributes.origin, wire::Origin::kIgp);
  EXPECT_TRUE(n.fib.routes.empty()) << "networks do not install";
  // The same prefix redistributed as well: the network's origin stays, nothing is said twice.
  const std::size_t said = n.origination_log.size();
  n.local(kRed, "10.1.0.0/16");
  n.run();
  EXPECT_EQ(n.origination_log.size(), said);
  v.networks = {prefix("10.2.0.0/16")};
  n.configure({v});
  n.run();
  EXPECT_EQ(n.originated[key].attributes.origin, wire::Origin::kIncomplete);
  EXPECT_TRUE(n.originates(v.rd, "10.2.0.0/16"));
  n.local(kRed, "10.1.0.0/16", LocalRouteKind::kConnected, true);
  n.run();
  EXPECT_EQ(n.originated.size(), 1U);
}

// facts of the peers: the AS of the VRF is prepended only where it differs from the node's.
TEST(Export, VrfAsNumber) {
  for (const std::uint32_t asn : {64514U, 64512U}) {
    Node n;
    VrfSettings v = red();
    v.asn = Asn{asn};
    n.configure({v});
    n.engine.on_vrf_state(up(v));
    n.local(kRed, "10.110.0.0/24");
    n.run();
    ASSERT_EQ(n.originated.size(), 1U);
    const auto& a = n.originated.begin()->second.attributes;
    EXPECT_TRUE(a.has_as_path);
    EXPECT_EQ(to_string(a.as_path), asn == 64514U ? "" : "64512");
    EXPECT_EQ(a.next_hop, ip("192.0.2.1"));
    NodeSettings node = node_settings();
    node.asn = Asn{64512};
    n.configure({v}, node);
    n.run();
    EXPECT_EQ(to_string(n.originated.begin()->second.attributes.as_path),
              asn == 64514U ? "64514" : "");
  }
}

struct Change {
  std::string name;
  void (*change)(VrfSettings&, VrfState&);
  bool moves;  // another key: the old one is withdrawn
};

TEST(Export, ChangesAreAnnouncedAgain) {
  const Change changes[] = {
      {"rd", [](VrfSettings& v, VrfState&) { v.rd = rd("192.0.2.1:77"); }, true},
      {"vni", [](VrfSettings& v, VrfState&) { v.vni = Vni{101}; }, false},
      {"rts",
       [](VrfSettings& v, VrfState&) {
         v.export_rts = {rt("1:1"), rt("2:2")};
       },
       false},
      {"asn", [](VrfSettings& v, VrfState&) { v.asn = Asn{65001}; }, false},
      {"router mac", [](VrfSettings&, VrfState& s) { s.router_mac = mac("02:54:c0:00:02:01"); },
       false},
      {"vtep", [](VrfSettings&, VrfState& s) { s.local_vtep = ip("192.0.2.7"); }, false},
  };
  for (const Change& c : changes) {
    SCOPED_TRACE(c.name);
    Node n;
    n.start();
    for (int i = 0; i < 50; ++i) n.local(kRed, "10.110." + std::to_string(i) + ".0/24");
    n.run();
    const auto before = n.originated;
    n.origination_log.clear();
    VrfSettings v = red();
    VrfState s = up(red());
    c.change(v, s);
    n.configure({v});
    n.engine.on_vrf_state(s);
    n.run(7);  // in slices
    EXPECT_EQ(n.originated.size(), 50U);
    EXPECT_EQ(n.origination_log.size(), c.moves ? 100U : 50U);
    for (const auto& [key, o] : n.originated) {
      EXPECT_EQ(before.contains(key), !c.moves);
      if (!c.moves) {
        EXPECT_NE(before.at(key), o);
      }
    }
    // Nothing changes, nothing is said.
    n.origination_log.clear();
    n.configure({v});
    n.engine.on_vrf_state(s);
    n.run();
    EXPECT_TRUE(n.origination_log.empty());
  }
}

// Two changes of the RD before the first one has been carried through.
TEST(Export, OvertakenChange) {
  Node n;
  n.start();
  for (int i = 0; i < 50; ++i) n.local(kRed, "10.110." + std::to_string(i) + ".0/24");
  n.run();
  VrfSettings v = red();
  for (const char* next : {"192.0.2.1:77", "192.0.2.1:78", "192.0.2.1:2", "192.0.2.1:79"}) {
    v.rd = rd(next);
    n.configure({v});
    (void)n.turn(13);
  }
  n.run(7);
  EXPECT_EQ(n.originated.size(), 50U);
  for (const auto& [key, o] : n.originated) EXPECT_EQ(key.rd, v.rd);
}

}  // namespace
}  // namespace perd::evpn::test
