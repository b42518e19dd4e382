// Goal: text and octets of the shared values agree with what operators of FRR write, both ways.
// Method: tables of text against octets; refusals beside acceptances.
#include "perd/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "perd/config.h"
#include "perd/event.h"
#include "perd/evpn_ids.h"
#include "perd/mac.h"
#include "perd/random.h"

namespace perd {
namespace {

std::string octets(const ExtendedCommunity& c) {
  std::string s;
  for (const auto o : c.octets) {
    constexpr char kDigits[] = "0123456789abcdef";
    s.push_back(kDigits[o >> 4]);
    s.push_back(kDigits[o & 0xf]);
  }
  return s;
}

TEST(RouteTarget, TextAndOctets) {
  struct Case {
    const char* text;
    const char* hex;  // "" = refused
  };
  const Case cases[] = {
      {"64514:100", "0002fc0200000064"},
      {"65535:4294967295", "0002ffffffffffff"},
      {"4200000001:100", "0202fa56ea010064"},
      {"10.0.0.1:65535", "01020a000001ffff"},
      {"65536:65535", "020200010000ffff"},
      {"4200000001:65536", ""},
      {"10.0.0.1:65536", ""},
      {"1:4294967296", ""},
      {"64514", ""},
      {":100", ""},
      {"64514:", ""},
      {"01:1", ""},
      {"-1:1", ""},
      {"4294967296:1", ""},
      {"10.0.0:1", ""},
      {"*:100", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto rt = parse_route_target(c.text);
    EXPECT_EQ(rt ? octets(*rt) : "", c.hex);
    if (rt) {
      EXPECT_EQ(to_string(*rt), std::string("RT:") + c.text);
    }
  }
}

TEST(RouteTarget, AutomaticOneTruncatesTheAsNumberAsFrrDoes) {
  EXPECT_EQ(octets(make_auto_route_target(Asn{4200000001}, Vni{110})), "0002ea010000006e");
  EXPECT_EQ(octets(make_auto_route_target(Asn{64514}, Vni{100})), "0002fc0200000064");
}

TEST(RouteTargetMatch, WildcardComparesTheNumberOfEachForm) {
  struct Case {
    const char* match;
    const char* target;
    bool want;
  };
  const Case cases[] = {
      {"*:100", "64514:100", true},     {"*:100", "1:100", true},
      {"*:100", "64514:101", false},    {"*:100", "4200000001:100", true},
      {"*:100", "10.0.0.1:100", true},  {"*:65636", "10.0.0.1:100", false},
      {"64514:100", "64514:100", true}, {"64514:100", "64515:100", false},
      {"100:1", "0.0.0.100:1", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.match) + " against " + c.target);
    const auto match = parse_route_target_match(c.match);
    ASSERT_TRUE(match);
    EXPECT_EQ(match->matches(*parse_route_target(c.target)), c.want);
    EXPECT_EQ(to_string(*match), c.match);
  }
  EXPECT_FALSE(parse_route_target_match("*:100")->matches(make_encapsulation(100)));
  EXPECT_FALSE(parse_route_target_match("*:"));
  EXPECT_FALSE(parse_route_target_match("*"));
}

TEST(ExtendedCommunity, GoldenOctetsOfFrr) {
  const auto mac = *parse_mac("aa:bb:cc:00:01:64");
  EXPECT_EQ(octets(make_encapsulation(kEncapsulationVxlan)), "030c000000000008");
  EXPECT_EQ(octets(make_router_mac(mac)), "0603aabbcc000164");
  EXPECT_EQ(octets(make_mac_mobility({1, false})), "0600000000000001");
  EXPECT_EQ(octets(make_mac_mobility({7, true})), "0600010000000007");
  EXPECT_EQ(octets(make_default_gateway()), "030d000000000000");
  EXPECT_EQ(octets(make_nd_flags({true, false, true})), "0608050000000000");
  EXPECT_EQ(octets(make_esi_label(true, Label{0})), "0601010000000000");
  EXPECT_EQ(octets(make_es_import(mac)), "0602aabbcc000164");
}

TEST(ExtendedCommunity, ReadersTakeOnlyTheirOwn) {
  const auto mac = *parse_mac("aa:bb:cc:00:01:64");
  const ExtendedCommunity all[] = {make_encapsulation(8),
                                   make_router_mac(mac),
                                   make_mac_mobility({3, true}),
                                   make_default_gateway(),
                                   make_nd_flags({true, true, false}),
                                   make_es_import(mac),
                                   make_route_target_as2(1, 2)};
  int readers = 0;
  for (const auto& c : all) {
    readers += as_encapsulation(c) == 8;
    readers += as_router_mac(c) == mac;
    readers += as_mac_mobility(c) == MacMobility{3, true};
    readers += is_default_gateway(c);
    readers += as_nd_flags(c) == NdFlags{true, true, false};
    readers += as_es_import(c) == mac;
    readers += is_route_target(c);
  }
  EXPECT_EQ(readers, 7);
}

TEST(ExtendedCommunity, Words) {
  EXPECT_EQ(to_string(make_encapsulation(8)), "ET:8");
  EXPECT_EQ(to_string(make_router_mac(*parse_mac("02:00:00:00:00:01"))), "Rmac:02:00:00:00:00:01");
  EXPECT_EQ(to_string(make_mac_mobility({4, true})), "MM:4, sticky MAC");
  EXPECT_EQ(to_string(make_mac_mobility({4, false})), "MM:4");
  EXPECT_EQ(to_string(make_default_gateway()), "Default Gateway");
  EXPECT_EQ(to_string(make_nd_flags({true, false, false})), "ND:Router");
  EXPECT_EQ(to_string(make_esi_label(false, Label{0})), "ESI-label-Rt:AA");
  EXPECT_EQ(to_string(ExtendedCommunity{{0, 3, 0, 1, 0, 0, 0, 2}}), "SoO:1:2");
  EXPECT_EQ(to_string(ExtendedCommunity{{0x43, 9, 1, 2, 3, 4, 5, 6}}), "UNK:4309010203040506");
  EXPECT_FALSE((ExtendedCommunity{{0x43}}).transitive());
  EXPECT_TRUE(make_router_mac({}).transitive());
}

TEST(RouteDistinguisher, TextBothWays) {
  for (const char* text : {"65000:100", "10.0.0.1:2", "4200000000:100", "0:4294967295"}) {
    const auto rd = parse_rd(text);
    ASSERT_TRUE(rd) << text;
    EXPECT_EQ(to_string(*rd), text);
  }
  EXPECT_EQ(to_string(RouteDistinguisher::of_ip(RouterId{0xc0000201}, 2)), "192.0.2.1:2");
  EXPECT_EQ(to_string(RouteDistinguisher{{0, 3, 1, 2, 3, 4, 5, 6}}), "0x0003010203040506");
  EXPECT_FALSE(parse_rd("10.0.0.1:65536"));
  EXPECT_FALSE(parse_rd("x"));
}

TEST(Mac, TextBothWaysAndKinds) {
  EXPECT_EQ(to_string(*parse_mac("AA:bb:cc:DD:00:0f")), "aa:bb:cc:dd:00:0f");
  for (const char* bad : {"", "aa:bb:cc:dd:ee", "aa:bb:cc:dd:ee:ff:00", "aa-bb-cc-dd-ee-ff",
                          "aa:bb:cc:dd:ee:fg", "aa:bb:cc:dd:ee:f"}) {
    EXPECT_FALSE(parse_mac(bad)) << bad;
  }
  EXPECT_FALSE(parse_mac("00:00:00:00:00:00")->is_unicast());
  EXPECT_FALSE(parse_mac("ff:ff:ff:ff:ff:ff")->is_unicast());
  EXPECT_FALSE(parse_mac("01:00:5e:00:00:01")->is_unicast());
  EXPECT_TRUE(parse_mac("02:00:00:00:00:01")->is_unicast());
}

TEST(Esi, TextBothWays) {
  const char* text = "01:aa:bb:cc:dd:ee:01:00:64:00";
  EXPECT_EQ(to_string(*parse_esi(text)), text);
  EXPECT_FALSE(parse_esi("01:aa"));
  EXPECT_TRUE(EthernetSegmentId{}.is_zero());
}

TEST(RouterMac, DefaultIsStableAndLocallyAdministered) {
  EXPECT_EQ(to_string(default_router_mac(*parse_ip("100.65.0.2"))), "02:54:64:41:00:02");
  const auto six = default_router_mac(*parse_ip("fd00:64::1"));
  EXPECT_EQ(six, default_router_mac(*parse_ip("fd00:64::1")));
  EXPECT_NE(six, default_router_mac(*parse_ip("fd00:64::2")));
  EXPECT_TRUE(six.is_unicast());
}

TEST(Families, NamesAndNumbers) {
  FamilySet set;
  for (const auto f : kAllFamilies) {
    EXPECT_EQ(
        family_of(static_cast<std::uint16_t>(afi_of(f)), static_cast<std::uint8_t>(safi_of(f))), f);
    set.add(f);
  }
  set.remove(Family::kIpv6Unicast);
  EXPECT_TRUE(set.has(Family::kEvpn) && set.has(Family::kIpv4Unicast));
  EXPECT_FALSE(set.has(Family::kIpv6Unicast));
  EXPECT_FALSE(family_of(1, 128));
  EXPECT_EQ(to_string(Family::kIpv4Unicast), "ipv4unicast");
  EXPECT_EQ(to_string(Family::kIpv6Unicast), "ipv6unicast");
  EXPECT_EQ(to_string(Family::kEvpn), "evpn");
  EXPECT_EQ(to_string(RouterId{0x0a000001}), "10.0.0.1");
  EXPECT_EQ(parse_router_id("10.0.0.1"), RouterId{0x0a000001});
  EXPECT_FALSE(parse_router_id("::1"));
}

TEST(Events, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEventKindCount; ++i) {
    names.insert(to_string(static_cast<EventKind>(i)));
  }
  EXPECT_EQ(names.size(), kEventKindCount);
  EXPECT_EQ(names.count("?"), 0U);
}

TEST(Random, RepeatsFromItsSeed) {
  Random a(7), b(7), c(8);
  const auto first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
  for (int i = 0; i < 100; ++i) EXPECT_LT(a.below(10), 10U);
}

}  // namespace
}  // namespace perd
