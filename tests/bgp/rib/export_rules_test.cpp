// Goal: who is told what, and with which attributes: a row for every combination of kinds of
// neighbours, and one for every attribute rule.
#include "bgp/rib/export_rules.h"

#include <gtest/gtest.h>

#include <set>

#include "rib_fixture.h"

namespace perd::rib {
namespace {

constexpr std::uint32_t kOwn = 64512;
constexpr auto kFour = Family::kIpv4Unicast;

enum class Kind { kLocal, kEbgp, kIbgp, kClient };

PeerInfo peer_of(Kind kind, std::uint16_t id) {
  if (kind == Kind::kLocal) return PeerInfo{};
  PeerInfo p = peer_info(id, kind == Kind::kEbgp, kind == Kind::kEbgp ? 65000U + id : kOwn);
  if (kind == Kind::kClient) {
    for (const Family f : kAllFamilies) p.route_reflector_client.add(f);
  }
  return p;
}

ExportPeer target_of(Kind kind, bool transit = true, std::uint16_t id = 2) {
  ExportPeer t;
  t.info = peer_of(kind, id);
  for (const Family f : kAllFamilies) t.families.add(f);
  t.codec.ebgp = t.info.ebgp;
  t.local_asn = Asn{kOwn};
  t.cluster_id = RouterId{0x0c0c0c0c};
  t.transit = transit;
  t.own_v4 = v4(10, 9, 9, 9);
  t.own_v6 = v6(99);
  return t;
}

TEST(ExportRules, WhoIsToldWhat) {
  using enum ExportVerdict;
  struct Case {
    Kind from, to;
    ExportVerdict transit, no_transit;
  };
  const Case cases[] = {
      {Kind::kLocal, Kind::kEbgp, kSend, kSend},
      {Kind::kLocal, Kind::kIbgp, kSend, kSend},
      {Kind::kLocal, Kind::kClient, kSend, kSend},
      {Kind::kEbgp, Kind::kEbgp, kSend, kNoTransit},
      {Kind::kEbgp, Kind::kIbgp, kSend, kNoTransit},
      {Kind::kEbgp, Kind::kClient, kSend, kSend},
      {Kind::kIbgp, Kind::kEbgp, kSend, kNoTransit},
      {Kind::kIbgp, Kind::kIbgp, kNotReflected, kNotReflected},
      {Kind::kIbgp, Kind::kClient, kSend, kSend},
      {Kind::kClient, Kind::kEbgp, kSend, kSend},
      {Kind::kClient, Kind::kIbgp, kSend, kSend},
      {Kind::kClient, Kind::kClient, kSend, kSend},
  };
  for (const Case& c : cases) {
    for (const bool transit : {true, false}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(c.from) << " to "
                                      << static_cast<int>(c.to) << " transit " << transit);
      const ExportVerdict want = transit ? c.transit : c.no_transit;
      const ExportPeer target = target_of(c.to, transit);
      EXPECT_EQ(export_between(peer_of(c.from, 1), target, kFour), want);
      if (c.from != Kind::kLocal) {
        EXPECT_EQ(export_between(target.info, target, kFour), kSamePeer);
      }
    }
  }
  // Being a client is said per family.
  ExportPeer target = target_of(Kind::kIbgp);
  target.info.route_reflector_client.add(Family::kEvpn);
  EXPECT_EQ(export_between(peer_of(Kind::kIbgp, 1), target, Family::kEvpn), kSend);
  EXPECT_EQ(export_between(peer_of(Kind::kIbgp, 1), target, kFour), kNotReflected);
}

ExportVerdict ask(const wire::PathAttributes& a, const PeerInfo& from, const ExportPeer& to,
                  Family family = kFour) {
  NextHopTable next_hops;
  AttributeStore store{next_hops};
  const AttrId id = store.intern(a);
  const ExportVerdict v = export_verdict(store.get(id), from, to, family);
  store.release(id);
  return v;
}

TEST(ExportRules, CommunitiesAndOriginator) {
  using enum ExportVerdict;
  struct Case {
    std::uint32_t community;
    ExportVerdict external, internal;
  };
  const Case cases[] = {
      {kCommunityNoExport, kNoExport, kSend},
      {kCommunityNoExportSubconfed, kNoExport, kSend},
      {kCommunityNoAdvertise, kNoAdvertise, kNoAdvertise},
      {65000U << 16 | 1, kSend, kSend},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.community);
    wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1));
    a.communities = {1, c.community};
    for (const Kind from : {Kind::kLocal, Kind::kEbgp}) {
      EXPECT_EQ(ask(a, peer_of(from, 1), target_of(Kind::kEbgp)), c.external);
      EXPECT_EQ(ask(a, peer_of(from, 1), target_of(Kind::kIbgp)), c.internal);
    }
  }
  // RFC 4456 8: never back to where it came from.
  wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1));
  a.originator_id = target_of(Kind::kClient).info.router_id;
  EXPECT_EQ(ask(a, peer_of(Kind::kIbgp, 1), target_of(Kind::kClient)), kOriginator);
  a.originator_id = RouterId{1};
  EXPECT_EQ(ask(a, peer_of(Kind::kIbgp, 1), target_of(Kind::kClient)), kSend);
}

TEST(ExportRules, NextHopOfUnicast) {
  struct Case {
    const char* name;
    Kind from, to;
    NextHopSelf self;
    bool own;
  };
  const Case cases[] = {
      {"local to external", Kind::kLocal, Kind::kEbgp, NextHopSelf::kNo, true},
      {"local to internal", Kind::kLocal, Kind::kIbgp, NextHopSelf::kNo, true},
      {"external to external", Kind::kEbgp, Kind::kEbgp, NextHopSelf::kNo, true},
      {"internal to external", Kind::kIbgp, Kind::kEbgp, NextHopSelf::kNo, true},
      {"external to internal", Kind::kEbgp, Kind::kIbgp, NextHopSelf::kNo, false},
      {"external to internal, self", Kind::kEbgp, Kind::kIbgp, NextHopSelf::kYes, true},
      {"external to internal, force", Kind::kEbgp, Kind::kIbgp, NextHopSelf::kForce, true},
      {"reflected", Kind::kIbgp, Kind::kClient, NextHopSelf::kNo, false},
      {"reflected, self", Kind::kIbgp, Kind::kClient, NextHopSelf::kYes, false},
      {"reflected, force", Kind::kIbgp, Kind::kClient, NextHopSelf::kForce, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ExportPeer to = target_of(c.to);
    to.next_hop_self = c.self;
    const PeerInfo from = peer_of(c.from, 1);
    wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1));
    EXPECT_EQ(ask(a, from, to), ExportVerdict::kSend);
    rewrite_for_export(a, from, to, kFour);
    EXPECT_EQ(a.next_hop, c.own ? v4(10, 9, 9, 9) : v4(1, 1, 1, 1));

    wire::PathAttributes b = attributes_of(v6(1));
    b.link_local_next_hop = v6(2);
    rewrite_for_export(b, from, to, Family::kIpv6Unicast);
    EXPECT_EQ(b.next_hop, c.own ? v6(99) : v6(1));
    // RFC 2545 3: the second half is for one link only, and no one here knows the link.
    EXPECT_FALSE(b.link_local_next_hop.has_value());
    wire::PathAttributes l = attributes_of(*parse_ip("fe80::1"));
    EXPECT_EQ(ask(l, from, to, Family::kIpv6Unicast),
              c.own ? ExportVerdict::kSend : ExportVerdict::kNoNextHop);

    // EVPN: never, whoever it came from and whoever gets it.
    wire::PathAttributes e = attributes_of(v4(1, 1, 1, 1));
    EXPECT_EQ(ask(e, from, to, Family::kEvpn), ExportVerdict::kSend);
    rewrite_for_export(e, from, to, Family::kEvpn);
    EXPECT_EQ(e.next_hop, v4(1, 1, 1, 1));
  }
}

TEST(ExportRules, NoNextHopNoRoute) {
  using enum ExportVerdict;
  const PeerInfo from = peer_of(Kind::kEbgp, 1);
  ExportPeer to = target_of(Kind::kEbgp);
  to.own_v4.reset();
  EXPECT_EQ(ask(attributes_of(v4(1, 1, 1, 1)), from, to), kNoNextHop);
  // RFC 8950.
  to.codec.extended_next_hop.add(kFour);
  EXPECT_EQ(ask(attributes_of(v4(1, 1, 1, 1)), from, to), kSend);
  wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1));
  rewrite_for_export(a, from, to, kFour);
  EXPECT_EQ(a.next_hop, v6(99));
  to.own_v6.reset();
  EXPECT_EQ(ask(attributes_of(v4(1, 1, 1, 1)), from, to), kNoNextHop);
  EXPECT_EQ(ask(attributes_of(v6(1)), from, to, Family::kIpv6Unicast), kNoNextHop);
  // An internal peer that cannot take an IPv6 next hop for IPv4.
  EXPECT_EQ(ask(attributes_of(v6(1)), from, target_of(Kind::kIbgp)), kNoNextHop);
  EXPECT_EQ(ask(attributes_of(v4(1, 1, 1, 1)), from, target_of(Kind::kIbgp), Family::kIpv6Unicast),
            kNoNextHop);
  // EVPN takes both, but needs one.
  EXPECT_EQ(ask(attributes_of(v6(1)), from, to, Family::kEvpn), kSend);
  EXPECT_EQ(ask(attributes_of(v4(0, 0, 0, 0)), from, to, Family::kEvpn), kNoNextHop);
  EXPECT_EQ(ask(wire::PathAttributes{}, from, to, Family::kEvpn), kNoNextHop);
}

wire::PathAttributes full() {
  wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1), {65001});
  a.med = 10;
  a.local_pref = 300;
  a.originator_id = RouterId{7};
  a.cluster_list = {RouterId{8}};
  ExtendedCommunity local_only;
  local_only.octets = {0x40, 4, 0, 0, 0, 0, 0, 1};
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan), local_only};
  a.unknown = {{0x80, 200, {1}}, {0xC0, 201, {2}}};
  return a;
}

TEST(ExportRules, ToAnExternalNeighbour) {
  wire::PathAttributes a = full();
  rewrite_for_export(a, peer_of(Kind::kEbgp, 1), target_of(Kind::kEbgp), Family::kEvpn);
  EXPECT_EQ(a.as_path, path_of({kOwn, 65001}));
  EXPECT_EQ(a.med, std::nullopt);
  EXPECT_EQ(a.local_pref, std::nullopt);
  EXPECT_EQ(a.originator_id, std::nullopt);
  EXPECT_TRUE(a.cluster_list.empty());
  ASSERT_EQ(a.extended_communities.size(), 1U);
  EXPECT_EQ(as_encapsulation(a.extended_communities[0]), kEncapsulationVxlan);
  ASSERT_EQ(a.unknown.size(), 1U);
  EXPECT_EQ(a.unknown[0].code, 201);
  EXPECT_EQ(a.unknown[0].flags, 0xE0);  // optional, transitive, partial

  // The own MED goes out; an absent AS_PATH and ORIGIN become present.
  wire::PathAttributes own;
  own.med = 10;
  own.next_hop = v4(1, 1, 1, 1);
  own.unknown = {{0xC0, 201, {2}}};
  rewrite_for_export(own, PeerInfo{}, target_of(Kind::kEbgp), Family::kEvpn);
  EXPECT_EQ(own.med, 10U);
  EXPECT_TRUE(own.has_as_path);
  EXPECT_EQ(own.as_path, path_of({kOwn}));
  EXPECT_EQ(own.origin, wire::Origin::kIncomplete);
  EXPECT_EQ(own.unknown[0].flags, 0xC0);
}

TEST(ExportRules, AsNumbersShownToANeighbour) {
  struct Case {
    const char* name;
    std::optional<Asn> shown;
    bool override_as;
    std::vector<std::uint32_t> path, want;
  };
  const Case cases[] = {
      {"plain", {}, false, {65002, 65002, 65003}, {kOwn, 65002, 65002, 65003}},
      {"override", {}, true, {65002, 65002, 65003}, {kOwn, kOwn, kOwn, 65003}},
      {"localASN", Asn{65500}, false, {65003}, {65500, kOwn, 65003}},
      {"localASN is the own one", Asn{kOwn}, false, {65003}, {kOwn, 65003}},
      {"both", Asn{65500}, true, {65002}, {65500, kOwn, 65500}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ExportPeer to = target_of(Kind::kEbgp);  // AS 65002
    to.peer_local_asn = c.shown;
    to.as_override = c.override_as;
    wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1), c.path);
    rewrite_for_export(a, peer_of(Kind::kEbgp, 1), to, Family::kEvpn);
    EXPECT_EQ(a.as_path, path_of(c.want));
  }
}

TEST(ExportRules, ToAnInternalNeighbour) {
  const ExportPeer to = target_of(Kind::kClient);
  const PeerInfo from = peer_of(Kind::kIbgp, 1);
  wire::PathAttributes a = full();
  rewrite_for_export(a, from, to, Family::kEvpn);
  EXPECT_EQ(a.as_path, path_of({65001}));
  EXPECT_EQ(a.med, 10U);
  EXPECT_EQ(a.local_pref, 300U);
  EXPECT_EQ(a.originator_id, RouterId{7});  // RFC 4456 8: made only where there is none
  EXPECT_EQ(a.cluster_list, (std::vector<RouterId>{to.cluster_id, RouterId{8}}));
  EXPECT_EQ(a.extended_communities.size(), 2U);

  wire::PathAttributes bare = attributes_of(v4(1, 1, 1, 1));
  rewrite_for_export(bare, from, to, Family::kEvpn);
  EXPECT_EQ(bare.local_pref, kDefaultLocalPref);
  EXPECT_EQ(bare.originator_id, from.router_id);
  EXPECT_EQ(bare.cluster_list, std::vector<RouterId>{to.cluster_id});

  // Not reflected: own and external routes carry neither.
  for (const Kind kind : {Kind::kLocal, Kind::kEbgp}) {
    wire::PathAttributes b = attributes_of(v4(1, 1, 1, 1));
    b.med = 3;
    rewrite_for_export(b, peer_of(kind, 1), to, Family::kEvpn);
    EXPECT_EQ(b.originator_id, std::nullopt);
    EXPECT_TRUE(b.cluster_list.empty());
    EXPECT_EQ(b.local_pref, kDefaultLocalPref);
    EXPECT_EQ(b.med, 3U);
    EXPECT_EQ(b.as_path, path_of({65001}));
  }
}

TEST(ExportRules, EveryVerdictHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kExportVerdictCount; ++i) {
    names.insert(to_string(static_cast<ExportVerdict>(i)));
  }
  EXPECT_EQ(names.size(), kExportVerdictCount);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace perd::rib
