// Goal: AsPath as a value, and the AS4_PATH merge of RFC 6793 4.2.3 row by row.
#include "bgp/wire/as_path.h"

#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

using S = SegmentType;

AsPath path(std::vector<std::pair<S, std::vector<std::uint32_t>>> segments) {
  AsPath out;
  for (const auto& [type, asns] : segments) {
    AsSegment s{type, {}};
    for (const std::uint32_t a : asns) s.asns.push_back(Asn{a});
    out.segments.push_back(std::move(s));
  }
  return out;
}

TEST(AsPath, LengthFirstOriginCountText) {
  struct Case {
    AsPath path;
    std::size_t length;
    std::uint32_t first, origin;  // 0: none
    const char* text;
  };
  const Case cases[] = {
      {path({}), 0, 0, 0, ""},
      {path({{S::kSequence, {1, 2, 3}}}), 3, 1, 3, "1 2 3"},
      {path({{S::kSequence, {1, 2}}, {S::kSet, {3, 4}}}), 3, 1, 0, "1 2 {3,4}"},
      {path({{S::kSet, {3, 4}}}), 1, 0, 0, "{3,4}"},
      {path({{S::kConfedSequence, {7, 8}}, {S::kSequence, {1}}}), 1, 0, 1, "(7 8) 1"},
      {path({{S::kConfedSet, {7, 8}}, {S::kSequence, {1}}}), 1, 0, 1, "[7,8] 1"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.path.length(), c.length);
    EXPECT_EQ(c.path.first().value_or(Asn{}).value, c.first);
    EXPECT_EQ(c.path.origin().value_or(Asn{}).value, c.origin);
    EXPECT_EQ(to_string(c.path), c.text);
  }
  EXPECT_EQ(path({{S::kSequence, {5, 1, 5}}, {S::kSet, {5}}}).count(Asn{5}), 3U);
}

TEST(AsPath, Prepend) {  // RFC 4271 5.1.2 b
  AsPath p = path({{S::kSet, {3}}});
  p.prepend(Asn{2}, 2);
  p.prepend(Asn{1});
  EXPECT_EQ(to_string(p), "1 2 2 {3}");
  p.prepend(Asn{9}, 0);
  EXPECT_EQ(p.length(), 4U);
  AsPath full;
  full.prepend(Asn{1}, 300);
  ASSERT_EQ(full.segments.size(), 2U);
  EXPECT_EQ(full.segments[0].asns.size(), 45U);
  EXPECT_EQ(full.segments[1].asns.size(), 255U);
  EXPECT_EQ(full.length(), 300U);
}

TEST(AsPath, LongSegmentsAreSplitOnTheWire) {
  AsPath p = path({{S::kSequence, std::vector<std::uint32_t>(600, 7)}});
  Octets out;
  Writer w(out);
  encode_as_path(p, true, w);
  AsPath again;
  ASSERT_TRUE(decode_as_path(Reader(out), true, false, again));
  EXPECT_EQ(again.segments.size(), 3U);
  EXPECT_EQ(again.length(), 600U);
}

TEST(AsPath, DecodingReusesMemoryWithoutLeftovers) {
  AsPath p = path({{S::kSequence, {1, 2, 3}}, {S::kSet, {4}}});
  ASSERT_TRUE(decode_as_path(Reader(from_hex("0201fde9")), false, false, p));
  EXPECT_EQ(p, path({{S::kSequence, {65001}}}));
}

TEST(AsPath, MergeOfAs4Path) {
  struct Case {
    const char* name;
    AsPath two, four;
    const char* want;
  };
  const Case cases[] = {
      {"same length", path({{S::kSequence, {65000, 23456}}}),
       path({{S::kSequence, {65000, 4200000001}}}), "65000 4200000001"},
      {"two-octet speakers in front", path({{S::kSequence, {1, 2, 23456}}}),
       path({{S::kSequence, {4200000001}}}), "1 2 4200000001"},
      {"AS4_PATH longer", path({{S::kSequence, {1}}}), path({{S::kSequence, {70000, 70001}}}), "1"},
      {"empty AS4_PATH", path({{S::kSequence, {1}}}), path({}), "1"},
      {"a set counts one", path({{S::kSequence, {1, 23456}}, {S::kSet, {5, 6}}}),
       path({{S::kSequence, {70000}}, {S::kSet, {5, 6}}}), "1 70000 {5,6}"},
      {"a set leads", path({{S::kSet, {5, 6}}, {S::kSequence, {23456}}}),
       path({{S::kSequence, {70000}}}), "{5,6} 70000"},
      {"confederation in AS4_PATH is dropped", path({{S::kSequence, {1, 23456}}}),
       path({{S::kConfedSequence, {9}}, {S::kSequence, {70000}}}), "1 70000"},
      {"only confederation in AS4_PATH", path({{S::kSequence, {1}}}), path({{S::kConfedSet, {9}}}),
       "1"},
      {"a leading confederation stays", path({{S::kConfedSequence, {9}}, {S::kSequence, {23456}}}),
       path({{S::kSequence, {70000}}}), "(9) 70000"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(to_string(merge_as4_path(c.two, c.four)), c.want);
  }
}

// The same through a whole UPDATE, with the rule of AGGREGATOR (RFC 6793 4.2.3).
TEST(AsPath, AggregatorDecidesOverAs4Path) {
  CodecContext context = ebgp_context();
  context.four_octet_as = false;
  const std::string head =
      "40010100"
      "4002060202fde85ba0"
      "400304c0000201";
  const std::string as4 =
      "c0110a0202"
      "0000fde8fa56ea01"
      "c01208fa56ea02"
      "0a000001";
  struct Case {
    const char* name;
    std::string attributes;
    const char* path;
    std::uint32_t aggregator;
  };
  const Case cases[] = {
      {"no AGGREGATOR: path merged, AS4_AGGREGATOR ignored", head + as4, "65000 4200000001", 0},
      {"AS_TRANS: both", head + "c007065ba00a000001" + as4, "65000 4200000001", 4200000002},
      {"another AS, no AS4_AGGREGATOR: the path stands",
       head + "c00706fde90a000001" + as4.substr(0, 26), "65000 4200000001", 65001},
      {"another AS: neither", head + "c00706fde90a000001" + as4, "65000 23456", 65001},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Update u;
    ASSERT_TRUE(decode_update(update_body("", c.attributes, "180a0101"), context, u));
    EXPECT_EQ(u.disposition, Disposition::kNone);
    EXPECT_EQ(to_string(u.attributes.as_path), c.path);
    EXPECT_EQ(u.attributes.aggregator.value_or(Aggregator{}).asn.value, c.aggregator);
  }
}

}  // namespace
}  // namespace perd::wire::test
