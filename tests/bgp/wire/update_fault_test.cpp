// Goal: every fault of an UPDATE does what RFC 7606 says, for external and internal peers alike.
// Method: one row per rule; a good UPDATE with one thing changed.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

using K = AttributeFaultKind;
using D = Disposition;

const std::string kOrigin = "40010100";
const std::string kPath =
    "500200060201"
    "0000fde9";
const std::string kHop = "400304c0000201";
const std::string kGood = kOrigin + kPath + kHop;
const std::string kRoute = "180a0101";  // 10.1.1.0/24

// MP_REACH_NLRI of EVPN with one type-3 route, next hop 192.0.2.1.
const std::string kImet =
    "03110001c0000201000300000000"
    "20c0000201";
std::string reach(const std::string& next_hop, const std::string& routes,
                  const std::string& family = "001946", const std::string& flags = "900e") {
  const std::string size = to_hex(Octets{static_cast<std::uint8_t>(next_hop.size() / 2)});
  return attribute(flags, family + size + next_hop + "00" + routes);
}

struct Case {
  std::string name;
  std::string attributes;
  std::string nlri;
  D disposition;
  unsigned code = 0;  // of the first fault
  K kind{};
  unsigned subcode = 0;  // not 0: the session is reset with UPDATE Message Error and this
  std::string withdrawn = {};
  bool only_internal = false;  // external peers: no fault at all
  bool two_octet = false;
};

void check(const Case& c, const CodecContext& context) {
  Update u;
  const auto result = decode_update(update_body(c.withdrawn, c.attributes, c.nlri), context, u);
  if (c.subcode != 0) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUpdate);
    EXPECT_EQ(result.error().subcode, c.subcode);
    return;
  }
  ASSERT_TRUE(result) << to_string(result.error());
  const bool quiet = c.only_internal && context.ebgp;
  EXPECT_EQ(u.disposition, quiet ? D::kNone : c.disposition);
  if (quiet || c.disposition == D::kNone) {
    EXPECT_TRUE(u.faults.empty()) << to_string(u.faults.front());
    return;
  }
  ASSERT_FALSE(u.faults.empty());
  EXPECT_EQ(unsigned{u.faults.front().code}, c.code);
  EXPECT_EQ(u.faults.front().kind, c.kind) << to_string(u.faults.front());
  if (c.disposition == D::kTreatAsWithdraw) {
    EXPECT_TRUE(u.announced.empty());
    EXPECT_FALSE(u.withdrawn.empty());
  }
}

void check_both(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    for (CodecContext context : {ebgp_context(), ibgp_context()}) {
      SCOPED_TRACE(c.name + (context.ebgp ? ", external" : ", internal"));
      context.four_octet_as = !c.two_octet;
      check(c, context);
    }
  }
}

TEST(UpdateFault, GoodOnesHaveNone) {
  check_both({
      {"classic", kGood, kRoute, D::kNone},
      {"evpn", reach("c0000201", kImet) + kOrigin + kPath, "", D::kNone},
      {"MP attribute last", kOrigin + kPath + reach("c0000201", kImet), "", D::kNone},
      {"only withdrawn", "", "", D::kNone, 0, {}, 0, "180a0101"},
      {"unknown transitive", kGood + "c0f003010203", kRoute, D::kNone},
      {"unknown non-transitive", kGood + "80f003010203", kRoute, D::kNone},
      {"empty AS_PATH", kOrigin + "400200" + kHop, kRoute, D::kNone},
      {"low flag bits do not count", "4f010100" + kPath + kHop, kRoute, D::kNone},
  });
}

TEST(UpdateFault, WellKnownAttributes) {
  check_both({
      {"ORIGIN of two octets", "4001020000" + kPath + kHop, kRoute, D::kTreatAsWithdraw, 1,
       K::kLength},
      {"ORIGIN 3", "40010103" + kPath + kHop, kRoute, D::kTreatAsWithdraw, 1, K::kValue},
      {"ORIGIN optional", "c0010100" + kPath + kHop, kRoute, D::kTreatAsWithdraw, 1, K::kFlags},
      {"ORIGIN not transitive", "00010100" + kPath + kHop, kRoute, D::kTreatAsWithdraw, 1,
       K::kFlags},
      {"AS_PATH segment type 5", kOrigin + "40020605010000fde9" + kHop, kRoute, D::kTreatAsWithdraw,
       2, K::kValue},
      {"AS_PATH segment type 0", kOrigin + "40020600010000fde9" + kHop, kRoute, D::kTreatAsWithdraw,
       2, K::kValue},
      {"AS_PATH empty segment", kOrigin + "4002020200" + kHop, kRoute, D::kTreatAsWithdraw, 2,
       K::kValue},
      {"AS_PATH overrun", kOrigin + "40020602020000fde9" + kHop, kRoute, D::kTreatAsWithdraw, 2,
       K::kValue},
      {"AS_PATH one octet left", kOrigin + "40020702010000fde902" + kHop, kRoute,
       D::kTreatAsWithdraw, 2, K::kValue},
      {"AS 0", kOrigin + "400206020100000000" + kHop, kRoute, D::kTreatAsWithdraw, 2, K::kValue},
      {"NEXT_HOP of three octets", kOrigin + kPath + "400303c00002", kRoute, D::kTreatAsWithdraw, 3,
       K::kLength},
      {"NEXT_HOP of sixteen octets", kOrigin + kPath + "40031020010db8000000000000000000000001",
       kRoute, D::kTreatAsWithdraw, 3, K::kLength},
      {"NEXT_HOP optional", kOrigin + kPath + "c00304c0000201", kRoute, D::kTreatAsWithdraw, 3,
       K::kFlags},
      {"LOCAL_PREF of three octets", kGood + "400503000064", kRoute, D::kTreatAsWithdraw, 5,
       K::kLength, 0, "", true},
      {"LOCAL_PREF optional", kGood + "c0050400000064", kRoute, D::kTreatAsWithdraw, 5, K::kFlags,
       0, "", true},
      {"LOCAL_PREF", kGood + "40050400000064", kRoute, D::kNone},
      {"ATOMIC_AGGREGATE with a value", kGood + "40060100", kRoute, D::kAttributeDiscard, 6,
       K::kLength},
      {"ATOMIC_AGGREGATE optional", kGood + "c00600", kRoute, D::kAttributeDiscard, 6, K::kFlags},
      {"unknown well-known", kGood + "40f00100", kRoute, D::kNone, 0, {}, 2},
  });
}

TEST(UpdateFault, OptionalAttributes) {
  const std::string id = "0a000001";
  check_both({
      {"MED of two octets", kGood + "8004020001", kRoute, D::kTreatAsWithdraw, 4, K::kLength},
      {"MED transitive", kGood + "c0040400000001", kRoute, D::kTreatAsWithdraw, 4, K::kFlags},
      {"AGGREGATOR of six octets", kGood + "c00706fde90a000001", kRoute, D::kAttributeDiscard, 7,
       K::kLength},
      {"AGGREGATOR AS 0", kGood + "c00708000000000a000001", kRoute, D::kAttributeDiscard, 7,
       K::kValue},
      {"AGGREGATOR not transitive", kGood + "8007080000fde90a000001", kRoute, D::kAttributeDiscard,
       7, K::kFlags},
      {"AGGREGATOR of eight octets for two-octet peer",
       kOrigin + "4002040201fde9" + kHop + "c007080000fde90a000001", kRoute, D::kAttributeDiscard,
       7, K::kLength, 0, "", false, true},
      {"COMMUNITIES empty", kGood + "c00800", kRoute, D::kTreatAsWithdraw, 8, K::kLength},
      {"COMMUNITIES of five octets", kGood + "c008050000000000", kRoute, D::kTreatAsWithdraw, 8,
       K::kLength},
      {"COMMUNITIES not transitive", kGood + "800804fde90001", kRoute, D::kTreatAsWithdraw, 8,
       K::kFlags},
      {"ORIGINATOR_ID of five octets", kGood + "8009050a00000100", kRoute, D::kTreatAsWithdraw, 9,
       K::kLength, 0, "", true},
      {"ORIGINATOR_ID transitive", kGood + "c00904" + id, kRoute, D::kTreatAsWithdraw, 9, K::kFlags,
       0, "", true},
      {"CLUSTER_LIST empty", kGood + "800a00", kRoute, D::kTreatAsWithdraw, 10, K::kLength, 0, "",
       true},
      {"CLUSTER_LIST of six octets", kGood + "800a06" + id + "0000", kRoute, D::kTreatAsWithdraw,
       10, K::kLength, 0, "", true},
      {"EXTENDED_COMMUNITIES empty", kGood + "c01000", kRoute, D::kTreatAsWithdraw, 16, K::kLength},
      {"EXTENDED_COMMUNITIES of nine octets", kGood + "c01009" + id + id + "00", kRoute,
       D::kTreatAsWithdraw, 16, K::kLength},
      {"unknown extended community", kGood + "c01008ffff" + id + "0000", kRoute, D::kNone},
      {"LARGE_COMMUNITIES empty", kGood + "c02000", kRoute, D::kTreatAsWithdraw, 32, K::kLength},
      {"LARGE_COMMUNITIES of 13 octets", kGood + "c0200d" + id + id + id + "00", kRoute,
       D::kTreatAsWithdraw, 32, K::kLength},
      {"PMSI of four octets", kGood + "c0160400060000", kRoute, D::kTreatAsWithdraw, 22,
       K::kLength},
      {"PMSI ingress replication without endpoint", kGood + "c01605000600006e", kRoute,
       D::kTreatAsWithdraw, 22, K::kLength},
      {"PMSI not transitive",
       kGood +
           "8016090006"
           "00006e" +
           id,
       kRoute, D::kTreatAsWithdraw, 22, K::kFlags},
      {"PMSI of an unknown kind", kGood + "c01605007f00006e", kRoute, D::kNone},
      {"AS4_PATH from a four-octet peer", kGood + "c0110101", kRoute, D::kNone},
      {"AS4_PATH malformed", kOrigin + "4002040201fde9" + kHop + "c0110101", kRoute,
       D::kAttributeDiscard, 17, K::kValue, 0, "", false, true},
      {"AS4_PATH flags", kOrigin + "4002040201fde9" + kHop + "80110602010000fde9", kRoute,
       D::kTreatAsWithdraw, 17, K::kFlags, 0, "", false, true},
      {"AS4_AGGREGATOR of six octets", kOrigin + "4002040201fde9" + kHop + "c012060000fde90a00",
       kRoute, D::kAttributeDiscard, 18, K::kLength, 0, "", false, true},
      {"AS4_AGGREGATOR AS 0", kOrigin + "4002040201fde9" + kHop + "c01208000000000a000001", kRoute,
       D::kAttributeDiscard, 18, K::kValue, 0, "", false, true},
  });
}

TEST(UpdateFault, ConfederationSegmentsAreForInternalPeersOnly) {
  const Octets body = update_body("", kOrigin + "40020603010000fde9" + kHop, kRoute);
  Update u;
  ASSERT_TRUE(decode_update(body, ebgp_context(), u));
  EXPECT_EQ(u.disposition, D::kTreatAsWithdraw);
  ASSERT_TRUE(decode_update(body, ibgp_context(), u));
  EXPECT_EQ(u.disposition, D::kNone);
  EXPECT_EQ(u.attributes.as_path.length(), 0U);
}

TEST(UpdateFault, MandatoryAttributes) {
  const std::string mp = reach("c0000201", kImet);
  check_both({
      {"no attributes at all", "", kRoute, D::kTreatAsWithdraw, 1, K::kMissing},
      {"no ORIGIN", kPath + kHop, kRoute, D::kTreatAsWithdraw, 1, K::kMissing},
      {"no AS_PATH", kOrigin + kHop, kRoute, D::kTreatAsWithdraw, 2, K::kMissing},
      {"no NEXT_HOP", kOrigin + kPath, kRoute, D::kTreatAsWithdraw, 3, K::kMissing},
      {"MP without ORIGIN", mp + kPath, "", D::kTreatAsWithdraw, 1, K::kMissing},
      {"MP without AS_PATH", mp + kOrigin, "", D::kTreatAsWithdraw, 2, K::kMissing},
      {"MP and classic routes without NEXT_HOP", mp + kOrigin + kPath, kRoute, D::kTreatAsWithdraw,
       3, K::kMissing},
      {"withdrawals need none", "800f16001946" + kImet, "", D::kNone},
  });
}

TEST(UpdateFault, Repetition) {
  check_both({
      {"ORIGIN twice", kGood + "40010102", kRoute, D::kAttributeDiscard, 1, K::kDuplicate},
      {"unknown twice",
       kGood + "c0f00101"
               "c0f00102",
       kRoute, D::kAttributeDiscard, 240, K::kDuplicate},
      {"MP_REACH twice",
       reach("c0000201", kImet) + reach("c0000201", kImet) + kOrigin + kPath,
       "",
       D::kNone,
       0,
       {},
       1},
      {"MP_UNREACH twice",
       "900f0003001946"
       "900f0003001946",
       "",
       D::kNone,
       0,
       {},
       1},
  });
  Update u;  // the first one counts
  ASSERT_TRUE(decode_update(update_body("",
                                        kGood + "40010102"
                                                "c0f00101"
                                                "c0f00102",
                                        kRoute),
                            ebgp_context(), u));
  EXPECT_EQ(u.attributes.origin, Origin::kIgp);
  ASSERT_EQ(u.attributes.unknown.size(), 1U);
  EXPECT_EQ(u.attributes.unknown[0].value, Octets{1});
}

TEST(UpdateFault, Framing) {
  check_both({
      // RFC 7606 4, with the routes still to be found: withdrawn.
      {"attribute runs past the field", kGood + "c008ff0000", kRoute, D::kTreatAsWithdraw, 8,
       K::kTruncated},
      {"two octets left", kGood + "c008", kRoute, D::kTreatAsWithdraw, 8, K::kTruncated},
      {"one octet left", kGood + "c0", kRoute, D::kTreatAsWithdraw, 0, K::kTruncated},
      {"extended length cut", kGood + "d00800", kRoute, D::kTreatAsWithdraw, 8, K::kTruncated},
      // Not to be found: reset.
      {"truncated and no routes", kOrigin + "c008ff0000", "", D::kNone, 0, {}, 1},
      {"MP_REACH truncated", kGood + "900e00ff0019", kRoute, D::kNone, 0, {}, 1},
      {"MP_UNREACH truncated", kGood + "900f00ff0019", kRoute, D::kNone, 0, {}, 1},
      {"route of 33 bits", kGood, "210a01010100", D::kNone, 0, {}, 10},
      {"route cut short", kGood, "180a01", D::kNone, 0, {}, 10},
      {"withdrawn route of 33 bits", "", "", D::kNone, 0, {}, 10, "210a01010100"},
      {"withdrawn route cut short", "", "", D::kNone, 0, {}, 10, "180a01"},
  });
}

TEST(UpdateFault, LengthsThatExceedTheMessage) {
  for (const char* body :
       {"", "00", "0000", "000000", "0001", "00010000", "0000000140", "ffff0000"}) {
    SCOPED_TRACE(body);
    Update u;
    const auto result = decode_update(from_hex(body), ebgp_context(), u);
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error()), "UPDATE Message Error/Malformed Attribute List");
  }
}

// RFC 7606 5.2: attributes without a reachable route; a fault that would withdraw resets instead.
TEST(UpdateFault, WithoutReachableRoutes) {
  check_both({
      {"malformed ORIGIN alone", "40010103", "", D::kNone, 0, {}, 6},
      {"malformed AS_PATH alone", "4002020200", "", D::kNone, 0, {}, 11},
      {"malformed NEXT_HOP alone", "400301c0", "", D::kNone, 0, {}, 5},
      {"wrong flags alone", "c0010100", "", D::kNone, 0, {}, 4},
      {"malformed ORIGIN with a withdrawal", "40010103", "", D::kNone, 0, {}, 6, "180a0101"},
      {"malformed ORIGIN with End-of-RIB",
       "900f0003001946"
       "40010103",
       "",
       D::kNone,
       0,
       {},
       6},
      {"discard alone", "40060100", "", D::kAttributeDiscard, 6, K::kLength},
      {"good attributes alone", kOrigin + kPath, "", D::kNone},
      {"MP_REACH without routes", reach("c0000201", "") + "40010103", "", D::kNone, 0, {}, 6},
  });
}

TEST(UpdateFault, MpAttributes) {
  const std::string rest = kOrigin + kPath;
  const std::string v6 = "20010db8000000000000000000000001";
  check_both({
      {"flags transitive",
       reach("c0000201", kImet, "001946", "d00e") + rest,
       "",
       D::kNone,
       0,
       {},
       4},
      {"flags well-known",
       reach("c0000201", kImet, "001946", "500e") + rest,
       "",
       D::kNone,
       0,
       {},
       4},
      {"four octets", "800e0400194600" + rest, "", D::kNone, 0, {}, 9},
      {"next hop runs past", "800e06001946ff0000" + rest, "", D::kNone, 0, {}, 9},
      {"EVPN next hop of 5", reach("c000020100", kImet) + rest, "", D::kNone, 0, {}, 9},
      {"EVPN next hop of 0", reach("", kImet) + rest, "", D::kNone, 0, {}, 9},
      {"EVPN next hop of 32", reach(v6 + v6, kImet) + rest, "", D::kNone, 0, {}, 9},
      {"EVPN next hop of 16", reach(v6, kImet) + rest, "", D::kNone},
      {"IPv6 next hop of 4",
       reach("c0000201", "4020010db800000000", "000201") + rest,
       "",
       D::kNone,
       0,
       {},
       9},
      {"IPv6 next hop of 16", reach(v6, "4020010db800000000", "000201") + rest, "", D::kNone},
      {"IPv4 next hop of 16, not negotiated",
       reach(v6, "180a0101", "000101") + rest,
       "",
       D::kNone,
       0,
       {},
       9},
      {"IPv4 in MP_REACH", reach("c0000201", "180a0101", "000101") + rest, "", D::kNone},
      {"IPv6 route of 129 bits",
       reach(v6, "8120010db80000000000000000000000000100", "000201") + rest,
       "",
       D::kNone,
       0,
       {},
       9},
      {"IPv6 route cut short", reach(v6, "4020010db8", "000201") + rest, "", D::kNone, 0, {}, 9},
      {"EVPN route runs past",
       reach("c0000201",
             "0311"
             "00") +
           rest,
       "",
       D::kNone,
       0,
       {},
       9},
      {"EVPN one octet left", reach("c0000201", kImet + "03") + rest, "", D::kNone, 0, {}, 9},
      {"unreach of two octets", "800f020019", "", D::kNone, 0, {}, 9},
      {"unreach flags", "c00f03001946", "", D::kNone, 0, {}, 4},
      {"unreach route runs past", "800f050019460311", "", D::kNone, 0, {}, 9},
      {"IPv4 routes in both fields, two next hops", reach("c0000202", "180a0101", "000101") + kGood,
       kRoute, D::kTreatAsWithdraw, 14, K::kBadNextHop},
      {"IPv4 routes in both fields, one next hop", reach("c0000201", "180a0101", "000101") + kGood,
       kRoute, D::kNone},
  });
}

TEST(UpdateFault, MartianNextHops) {
  const std::string rest = kOrigin + kPath;
  const std::string route6 = "4020010db800000000";
  const std::string zero12 = "000000000000000000000000";
  for (const std::string hop :
       {"00000000", "00000001", "7f000001", "e0000001", "efffffff", "f0000001", "ffffffff"}) {
    const std::string mapped = "00000000000000000000ffff" + hop;
    check_both({
        {"NEXT_HOP " + hop, kOrigin + kPath + "400304" + hop, kRoute, D::kTreatAsWithdraw, 3,
         K::kBadNextHop},
        {"MP_REACH " + hop, reach(hop, kImet) + rest, "", D::kTreatAsWithdraw, 14, K::kBadNextHop},
        {"v4-mapped " + hop, reach(mapped, route6, "000201") + rest, "", D::kTreatAsWithdraw, 14,
         K::kBadNextHop},
    });
  }
  check_both({
      {"::", reach(zero12 + "00000000", route6, "000201") + rest, "", D::kTreatAsWithdraw, 14,
       K::kBadNextHop},
      {"::1", reach(zero12 + "00000001", route6, "000201") + rest, "", D::kTreatAsWithdraw, 14,
       K::kBadNextHop},
      {"multicast", reach("ff020000" + zero12, route6, "000201") + rest, "", D::kTreatAsWithdraw,
       14, K::kBadNextHop},
      {"martian NEXT_HOP without classic routes",
       reach("c0000201", kImet) + rest + "4003047f000001", "", D::kNone},
      {"v4-mapped", reach("00000000000000000000ffffc0000201", route6, "000201") + rest, "",
       D::kNone},
  });
}

TEST(UpdateFault, StrongestActionWins) {
  Update u;  // RFC 7606 3 h
  ASSERT_TRUE(decode_update(update_body("", "40010103" + kPath + kHop + "40060100", kRoute),
                            ebgp_context(), u));
  EXPECT_EQ(u.disposition, D::kTreatAsWithdraw);
  EXPECT_EQ(u.faults.size(), 2U);
  EXPECT_EQ(u.withdrawn.ipv4.size(), 1U);
  EXPECT_FALSE(decode_update(update_body("", "40010103" + kPath + reach("c000020100", kImet), ""),
                             ebgp_context(), u));
}

TEST(UpdateFault, FaultsCarryPlaceAndOctetsAndAreBounded) {
  Update u;
  std::string attributes = kGood;
  for (unsigned i = 0; i < 40; ++i) attributes += "40010100";  // repeated
  ASSERT_TRUE(decode_update(update_body("", attributes, kRoute), ebgp_context(), u));
  EXPECT_EQ(u.faults.size(), kMaxFaults);
  EXPECT_EQ(u.disposition, D::kAttributeDiscard);
  EXPECT_EQ(to_hex(u.faults[0].octets), "40010100");
  EXPECT_EQ(u.faults[0].offset, 4 + from_hex(kGood).size());
  EXPECT_EQ(to_string(u.faults[0]), "ORIGIN: repeated, attribute discarded");

  const std::string big = attribute("d008", std::string(2 * 201, '0'));
  ASSERT_TRUE(decode_update(update_body("", kGood + big, kRoute), ebgp_context(), u));
  EXPECT_EQ(u.faults.at(0).octets.size(), kMaxFaultOctets);
}

TEST(UpdateFault, EveryKindAndDispositionHasWords) {
  const K kinds[] = {K::kFlags,   K::kLength,    K::kValue,   K::kDuplicate,
                     K::kMissing, K::kTruncated, K::kBadNlri, K::kBadNextHop};
  const D dispositions[] = {D::kNone, D::kAttributeDiscard, D::kRouteWithdrawn,
                            D::kTreatAsWithdraw};
  for (const K kind : kinds) {
    for (const D disposition : dispositions) {
      const std::string text = to_string(AttributeFault{200, kind, disposition, 0, {}});
      EXPECT_EQ(text.rfind("attribute 200: ", 0), 0U);
      EXPECT_EQ(text.find(": ,"), std::string::npos) << text;
      EXPECT_NE(text.back(), ' ') << text;
    }
  }
}

// A reset tells the peer which attribute it was (RFC 4271 6.3).
TEST(UpdateFault, ResetCarriesTheAttribute) {
  Update u;
  auto result = decode_update(update_body("", kGood + "40f00100", kRoute), ebgp_context(), u);
  ASSERT_FALSE(result);
  EXPECT_EQ(to_hex(result.error().data), "40f00100");
  EXPECT_EQ(to_string(result.error()), "UPDATE Message Error/Unrecognized Well-known Attribute");
  // No octet of an attribute of 64 KiB may blow the NOTIFICATION up beyond what every peer takes.
  CodecContext context = ebgp_context();
  context.extended_message = true;
  const std::string big = attribute("50f0", std::string(2 * 6000, '0'));
  result = decode_update(update_body("", big, kRoute), context, u);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().data.size(), kMaxMessage - kHeaderSize - 2);
}

TEST(UpdateFault, ForeignFamiliesAreSteppedOver) {
  Update u;
  const std::string vpn = reach("000000000000000000000000", "0102030405", "000180");
  ASSERT_TRUE(decode_update(update_body("", vpn + kOrigin + kPath, ""), ebgp_context(), u));
  EXPECT_EQ(u.unknown_family, (AfiSafi{1, 128}));
  EXPECT_TRUE(u.announced.empty());
  EXPECT_EQ(u.disposition, D::kNone);
  ASSERT_TRUE(decode_update(update_body("", "800f0500018001ff", ""), ebgp_context(), u));
  EXPECT_EQ(u.unknown_family, (AfiSafi{1, 128}));
  EXPECT_FALSE(u.end_of_rib);
  // Known to perd, not agreed with this peer: the same.
  CodecContext only_evpn = ebgp_context();
  only_evpn.families = {};
  only_evpn.families.add(Family::kEvpn);
  ASSERT_TRUE(decode_update(update_body("", kGood, kRoute), only_evpn, u));
  EXPECT_EQ(u.unknown_family, (AfiSafi{1, 1}));
  EXPECT_TRUE(u.announced.empty());
  ASSERT_TRUE(decode_update(update_body("", "", ""), only_evpn, u));
  EXPECT_FALSE(u.end_of_rib);
}

}  // namespace
}  // namespace perd::wire::test
