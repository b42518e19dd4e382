// Goal: the flat table is a map, and an interrupted walk sees each prefix that stays exactly once,
// whatever happens in between. Method: random operations against std::map, seeded.
#include "evpn/prefix_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "evpn/candidate_pool.h"
#include "perd/random.h"

namespace perd::evpn {
namespace {

IpPrefix random_prefix(Random& random, bool v6, std::uint64_t space) {
  const auto n = static_cast<std::uint32_t>(random.below(space));
  if (!v6) {
    return IpPrefix::make(IpAddress::v4(0x0a000000U + (n << 8)),
                          static_cast<unsigned>(24 + random.below(3) * 4));
  }
  IpAddress a;
  a.family = IpFamily::kIpv6;
  a.octets = {0xfd, 0, 0, 0, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  return IpPrefix::make(a, static_cast<unsigned>(48 + random.below(2) * 16));
}

template <class Slot>
void random_operations(bool v6) {
  Random random(7);
  PrefixTable<Slot> table;
  std::map<IpPrefix, std::uint32_t> model;
  for (int i = 0; i < 60000; ++i) {
    // It grows, shrinks to nothing, and grows again.
    const bool growing = (i / 10000) % 2 == 0;
    const IpPrefix p = random_prefix(random, v6, 3000);
    if (random.below(10) < (growing ? 8U : 1U)) {
      PrefixState& state = table.insert(p);
      ASSERT_EQ(state.set, model[p]);
      state.set = model[p] = static_cast<std::uint32_t>(i + 1);
    } else {
      table.erase(p);
      model.erase(p);
    }
    ASSERT_EQ(table.size(), model.size());
    const IpPrefix q = random_prefix(random, v6, 3000);
    const PrefixState* found = table.find(q);
    ASSERT_EQ(found != nullptr, model.contains(q));
    if (found != nullptr) {
      ASSERT_EQ(found->set, model[q]);
    }
  }
  std::map<IpPrefix, std::uint32_t> seen;
  table.for_each([&](const Slot& slot) { seen[slot.prefix()] = slot.state.set; });
  EXPECT_EQ(seen, model);
}

TEST(PrefixTable, IsAMapV4) { random_operations<SlotV4>(false); }
TEST(PrefixTable, IsAMapV6) { random_operations<SlotV6>(true); }

template <class Slot>
void interrupted_walks(bool v6) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    PrefixTable<Slot> table;
    std::set<IpPrefix> present;
    for (int i = 0; i < 2000; ++i) {
      const IpPrefix p = random_prefix(random, v6, 4000);
      (void)table.insert(p);
      present.insert(p);
    }
    std::set<IpPrefix> stayed = present;
    std::map<IpPrefix, int> seen;
    TableCursor cursor;
    int rounds = 0;
    while (!cursor.done) {
      ASSERT_LT(++rounds, 10000);
      const std::size_t visited = table.walk(cursor, 17, [&](const IpPrefix& p, PrefixState&) {
        ++seen[p];
        const bool keep = random.below(10) != 0;
        if (!keep) present.erase(p);
        return keep;
      });
      EXPECT_LE(visited, 17U);
      // More come than go at first, then the other way round: it grows and shrinks on the way.
      for (int i = 0; i < 40; ++i) {
        const IpPrefix p = random_prefix(random, v6, 4000);
        if (random.below(3) < (rounds < 60 ? 2U : 1U)) {
          (void)table.insert(p);
          present.insert(p);
        } else {
          table.erase(p);
          present.erase(p);
          stayed.erase(p);
        }
      }
    }
    for (const IpPrefix& p : stayed) ASSERT_EQ(seen[p], 1) << to_string(p);
    ASSERT_EQ(table.size(), present.size());
    for (const IpPrefix& p : present) ASSERT_NE(table.find(p), nullptr);
  }
}

TEST(PrefixTable, InterruptedWalkMissesNothingV4) { interrupted_walks<SlotV4>(false); }
TEST(PrefixTable, InterruptedWalkMissesNothingV6) { interrupted_walks<SlotV6>(true); }

TEST(PrefixTable, GivesMemoryBack) {
  PrefixTable<SlotV4> table;
  EXPECT_EQ(table.memory(), 0U);
  EXPECT_EQ(table.find(IpPrefix{}), nullptr);
  for (std::uint32_t i = 0; i < 100000; ++i) {
    (void)table.insert(IpPrefix::make(IpAddress::v4(i << 8), 24));
  }
  EXPECT_LT(table.memory(), 100000U * 32);
  for (std::uint32_t i = 0; i < 100000; ++i) table.erase(IpPrefix::make(IpAddress::v4(i << 8), 24));
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.memory(), 0U);
}

TEST(CandidatePool, IsASet) {
  Random random(3);
  CandidatePool pool;
  std::uint32_t paths = 0;
  std::set<rib::RouteId> model;
  for (int i = 0; i < 20000; ++i) {
    const auto route = static_cast<rib::RouteId>(1 + random.below(6));
    if (model.contains(route)) {
      pool.remove(paths, route);
      model.erase(route);
    } else {
      pool.add(paths, route);
      model.insert(route);
    }
    std::set<rib::RouteId> seen;
    pool.for_each(paths, [&seen](rib::RouteId r) { EXPECT_TRUE(seen.insert(r).second); });
    ASSERT_EQ(seen, model);
    ASSERT_EQ(pool.count(paths), model.size());
    ASSERT_EQ(CandidatePool::is_list(paths), model.size() > 1);
    ASSERT_EQ(pool.nodes(), model.size() > 1 ? model.size() : 0U);
    if (model.empty()) {
      ASSERT_EQ(paths, 0U);
    }
  }
}

}  // namespace
}  // namespace perd::evpn
