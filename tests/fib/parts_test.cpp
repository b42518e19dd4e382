// Goal: the small parts keep their promises alone: the flat table under random changes, tokens and
// their counts, numbering of operations, names. Method: a std::map beside the table as the truth.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fib/fib.h"
#include "fib/hop_tokens.h"
#include "fib/op_queue.h"
#include "fib/refusals.h"
#include "fib/route_table.h"
#include "perd/random.h"

namespace perd::fib {
namespace {

[[nodiscard]] IpPrefix random_prefix(Random& random, IpFamily family) {
  IpAddress a;
  a.family = family;
  for (std::size_t i = 0; i < 3; ++i) a.octets[i] = static_cast<std::uint8_t>(random.below(12));
  return IpPrefix::make(a, static_cast<unsigned>(random.below(25)));
}

template <class SlotT>
class FlatTable : public ::testing::Test {};
using Slots = ::testing::Types<SlotV4, SlotV6>;
TYPED_TEST_SUITE(FlatTable, Slots);

TYPED_TEST(FlatTable, EqualsAMapUnderRandomChanges) {
  Random random(11);
  RouteTable<TypeParam> table;
  std::map<IpPrefix, std::uint32_t> truth;
  for (std::uint32_t turn = 1; turn < 40000; ++turn) {
    const IpPrefix p = random_prefix(random, TypeParam::kFamily);
    if (random.below(5) < (turn < 20000 ? 3U : 1U)) {
      table.insert(p).set = turn;
      truth[p] = turn;
    } else if (const TypeParam* s = table.find(p)) {
      table.erase(s);
      truth.erase(p);
    }
    ASSERT_EQ(table.size(), truth.size());
    const auto it = truth.find(p);
    const TypeParam* s = table.find(p);
    ASSERT_EQ(s != nullptr, it != truth.end());
    if (s != nullptr) {
      ASSERT_EQ(s->set, it->second);
    }
  }
  std::map<IpPrefix, std::uint32_t> walked;
  std::uint64_t last = 0;
  table.for_each([&](const TypeParam& s) {
    EXPECT_GE(s.hash(), last);
    last = s.hash();
    walked[s.key()] = s.set;
  });
  EXPECT_EQ(walked, truth);
}

// Slots move when others are erased; none may slip past the cursor.
TYPED_TEST(FlatTable, AScanMissesNothingThatStays) {
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    Random random(seed);
    RouteTable<TypeParam> table;
    for (int i = 0; i < 300; ++i) (void)table.insert(random_prefix(random, TypeParam::kFamily));
    const auto keep = [](TypeParam&) { return Visit::kKeep; };
    table.request_scan();
    table.scan(random.below(300), keep);
    table.request_scan();
    std::set<IpPrefix> stay;
    table.for_each([&](TypeParam& s) { stay.insert(s.key()); });
    std::set<IpPrefix> scanned;
    while (table.scanning()) {
      table.scan(1, [&](TypeParam& s) {
        scanned.insert(s.key());
        return Visit::kKeep;
      });
      const IpPrefix p = random_prefix(random, TypeParam::kFamily);
      if (const TypeParam* gone = table.find(p)) {
        table.erase(gone);
        stay.erase(p);
      }
    }
    for (const auto& p : stay) EXPECT_EQ(scanned.count(p), 1U) << to_string(p) << " seed " << seed;
  }
}

TEST(HopTokensTest, ADeadTokenIsUsedAgainOnlyWhenNobodyCarriesIt) {
  HopTokens tokens;
  const std::uint32_t a = tokens.of(7);
  EXPECT_EQ(tokens.of(7), a);
  tokens.use(a);
  tokens.doom(a);
  EXPECT_EQ(tokens.take_idle(), std::vector<std::uint32_t>{7}) << "all its routes are doomed";
  EXPECT_TRUE(tokens.kill(7));
  EXPECT_FALSE(tokens.alive(a));
  EXPECT_EQ(tokens.find(7), kNoToken);
  const std::uint32_t b = tokens.of(7);
  EXPECT_NE(a, b) << "another life";
  tokens.undoom(a);
  tokens.unuse(a);
  EXPECT_EQ(tokens.of(8), a);
  EXPECT_FALSE(tokens.kill(7)) << "nobody carried it";
  EXPECT_FALSE(tokens.kill(99));
}

TEST(OpQueueTest, NumbersFromOneAndBoundsTheWindow) {
  OpQueue queue(3);
  Flight f;
  f.kind = FlightKind::kNextHop;
  for (std::uint32_t i = 0; i < 3; ++i) {
    f.index = i;
    queue.push(NextHopErase{i}, f);
  }
  EXPECT_EQ(queue.room(), 0U);
  const auto first = queue.take(2);
  const auto rest = queue.take(2);
  ASSERT_EQ(first.size() + rest.size(), 3U);
  EXPECT_EQ(first[0].id, 1U);
  EXPECT_EQ(rest[0].id, 3U);
  EXPECT_EQ(queue.refused(2)->index, 1U);
  EXPECT_FALSE(queue.refused(2).has_value()) << "once";
  EXPECT_FALSE(queue.refused(9).has_value());
  EXPECT_EQ(queue.acked(2)->index, 0U);
  EXPECT_FALSE(queue.acked(2).has_value()) << "the refused one is not acknowledged";
  EXPECT_EQ(queue.in_flight(), 1U);
  EXPECT_EQ(queue.acked(3)->index, 2U);
  EXPECT_EQ(queue.room(), 3U);
}

TEST(RefusalTableTest, BackOffDoublesForAllRoutesTogether) {
  const Limits limits;
  RefusalTable table;
  bool fresh = false;
  const auto n = table.number(0, IpFamily::kIpv4, ENOSPC, "full", fresh);
  EXPECT_TRUE(fresh);
  TimePoint now{};
  Duration last{};
  for (int round = 0; round < 12; ++round) {
    for (int route = 0; route < 300; ++route) table.add(n, IpPrefix{}, limits, now);
    const Duration wait = table.at(n).due - now;
    EXPECT_GE(wait, last);
    EXPECT_LE(wait, limits.retry_last);
    last = wait;
    now = table.at(n).due;
  }
  EXPECT_EQ(last, limits.retry_last);
  EXPECT_TRUE(table.at(n).overflow);
  table.count(n);
  EXPECT_EQ(table.number(0, IpFamily::kIpv4, ENOSPC, "full", fresh), n);
  EXPECT_FALSE(fresh);
  table.uncount(n);
  EXPECT_EQ(table.at(n).attempts, 0U);
}

TEST(NamesTest, EveryValueHasOne) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kObjectKindCount; ++i) {
    names.insert(to_string(static_cast<ObjectKind>(i)));
  }
  EXPECT_EQ(names.size(), kObjectKindCount);
  for (const EntryState s : {EntryState::kWaiting, EntryState::kPending, EntryState::kAcked,
                             EntryState::kRefused, EntryState::kStale}) {
    EXPECT_FALSE(to_string(s).empty());
  }
}

}  // namespace
}  // namespace perd::fib
