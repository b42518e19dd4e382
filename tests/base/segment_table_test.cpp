// Goal: the segmented table is a map in the order of hashes, an interrupted walk sees each slot
// that stays exactly once while segments split and merge, no step moves more than a segment, and
// memory comes back. Method: random operations against std::map, seeded; hashes that are all the
// same.
#include "perd/segment_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "perd/hash.h"
#include "perd/random.h"

namespace perd {
namespace {

std::size_t copies = 0;  // of slots, since last set to 0

// The hash is `spread`'s: few distinct ones make long runs, many make many segments.
struct Slot {
  std::uint64_t key = 0;  // 0: free
  std::uint32_t value = 0;
  static std::uint64_t spread;

  Slot() = default;
  explicit Slot(std::uint64_t k) : key(k) {}
  Slot(const Slot& o) : key(o.key), value(o.value) { ++copies; }
  Slot& operator=(const Slot& o) {
    key = o.key;
    value = o.value;
    ++copies;
    return *this;
  }
  [[nodiscard]] bool free() const { return key == 0; }
  [[nodiscard]] std::uint64_t hash() const { return mix64(key % spread); }
  [[nodiscard]] bool same_key(const Slot& o) const { return key == o.key; }
};
std::uint64_t Slot::spread = 1;

using Table = SegmentTable<Slot>;

void expect_same(const Table& table, const std::map<std::uint64_t, std::uint32_t>& model) {
  std::map<std::uint64_t, std::uint32_t> seen;
  std::uint64_t last = 0;
  table.for_each([&](const Slot& slot) {
    EXPECT_GE(slot.hash(), last);
    last = slot.hash();
    EXPECT_TRUE(seen.emplace(slot.key, slot.value).second);
  });
  EXPECT_EQ(seen, model);
}

TEST(SegmentTable, IsAMapInTheOrderOfHashes) {
  for (const std::uint64_t spread : {1ULL, 7ULL, 5000ULL, 1ULL << 40}) {
    SCOPED_TRACE(spread);
    Slot::spread = spread;
    const std::uint64_t keys = spread < 100 ? 500 : 20000;
    Random random(3);
    Table table;
    std::map<std::uint64_t, std::uint32_t> model;
    for (std::uint32_t i = 1; i <= 60000; ++i) {
      const bool growing = (i / 20000) % 2 == 0;
      const std::uint64_t key = 1 + random.below(keys);
      if (random.below(10) < (growing ? 9U : 2U)) {
        Slot& slot = table.insert(Slot(key));
        ASSERT_EQ(slot.value, model[key]);
        slot.value = model[key] = i;
      } else if (const Slot* slot = table.find(Slot(key))) {
        table.erase(slot);
        model.erase(key);
      }
      ASSERT_EQ(table.size(), model.size());
      const std::uint64_t other = 1 + random.below(keys);
      const Slot* found = table.find(Slot(other));
      ASSERT_EQ(found != nullptr, model.contains(other));
      if (i % 10000 == 0) expect_same(table, model);
    }
    while (!model.empty()) {
      table.erase(table.find(Slot(model.begin()->first)));
      model.erase(model.begin());
    }
    EXPECT_EQ(table.memory(), 0U);
  }
}

TEST(SegmentTable, AnInterruptedWalkSeesWhatStaysOnce) {
  Slot::spread = 1ULL << 40;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Table table;
    std::set<std::uint64_t> stays;
    for (int i = 0; i < 8000; ++i) {
      const std::uint64_t key = 1 + random.below(20000);
      (void)table.insert(Slot(key));
      stays.insert(key);
    }
    std::map<std::uint64_t, int> seen;
    TableCursor cursor;
    for (int round = 0; !cursor.done; ++round) {
      ASSERT_LT(round, 10000);
      const std::size_t visited = table.walk(cursor, 50, 0, [&](const Slot& slot) {
        if (random.below(50) == 0) return Visit::kStop;
        ++seen[slot.key];
        if (random.below(8) != 0) return Visit::kKeep;
        stays.erase(slot.key);
        return Visit::kErase;
      });
      EXPECT_LE(visited, 50U);
      // It grows at first, then it shrinks.
      for (int i = 0; i < 400; ++i) {
        const std::uint64_t key = 1 + random.below(20000);
        if (random.below(10) < (round < 60 ? 8U : 0U)) {
          (void)table.insert(Slot(key));
        } else if (const Slot* slot = table.find(Slot(key))) {
          table.erase(slot);
          stays.erase(key);
        }
      }
    }
    for (const std::uint64_t key : stays) ASSERT_EQ(seen[key], 1) << key;
  }
}

TEST(SegmentTable, AWalkEndsAtItsLimit) {
  Slot::spread = 1ULL << 40;
  Table table;
  for (std::uint64_t key = 1; key <= 5000; ++key) (void)table.insert(Slot(key));
  const std::uint64_t limit = 1ULL << 63;
  std::size_t below = 0;
  table.for_each([&](const Slot& slot) { below += slot.hash() < limit ? 1U : 0U; });
  TableCursor cursor;
  EXPECT_EQ(table.walk(cursor, 10000, limit, [](const Slot&) { return Visit::kKeep; }), below);
  EXPECT_TRUE(cursor.done);
}

TEST(SegmentTable, NoStepTakesMoreThanASegment) {
  Slot::spread = 1ULL << 40;
  Table table;
  constexpr std::uint64_t kKeys = 100000;
  std::size_t most = 0;
  std::size_t octets = 0;
  for (std::uint64_t key = 1; key <= kKeys; ++key) {
    copies = 0;
    (void)table.insert(Slot(key));
    most = std::max(most, copies);
    octets = std::max(octets, table.memory() / (key + 64));
  }
  EXPECT_LE(most, 3 * Table::kMostHomes);
  EXPECT_LE(table.memory(), kKeys * sizeof(Slot) * 3 / 2 + 8192);  // at least two thirds full
  most = 0;
  for (std::uint64_t key = 1; key <= kKeys; ++key) {
    copies = 0;
    table.erase(table.find(Slot(key)));
    most = std::max(most, copies);
    // Never more than a few times of what is left.
    ASSERT_LE(table.memory(), (kKeys - key) * sizeof(Slot) * 4 + 65536);
  }
  EXPECT_LE(most, 3 * Table::kMostHomes);
  EXPECT_EQ(table.memory(), 0U);
}

}  // namespace
}  // namespace perd
