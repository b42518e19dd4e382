// Goal: the figures of the process are plausible, and the heap is trimmed as tables shrink, not
// with each turn. Method: a block more and less; a made-up history.
#include "daemon/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace perd {
namespace {

TEST(ProcessMemory, HasFigures) {
  const auto figures = process_memory();
  EXPECT_GT(figures.resident, 100'000U);
  trim_heap();
}

TEST(TrimSchedule, TrimsByStepsAndAtRest) {
  TrimSchedule schedule;
  TimePoint now{std::chrono::seconds(1)};
  const auto due = [&](std::size_t mib, bool at_rest) {
    now += TrimSchedule::kLook;
    return schedule.due(mib << 20, at_rest, now);
  };
  EXPECT_FALSE(due(10, false));
  EXPECT_FALSE(due(100, false));  // growing
  EXPECT_FALSE(due(93, false));   // too little lost
  EXPECT_TRUE(due(92, false));
  EXPECT_FALSE(due(85, false));  // the account begins anew
  EXPECT_TRUE(due(60, false));
  EXPECT_FALSE(due(59, true));
  EXPECT_TRUE(due(50, true));  // at rest the rest counts
  EXPECT_FALSE(due(50, true));
}

TEST(TrimSchedule, LooksSeldomWhileThereIsWork) {
  TrimSchedule schedule;
  const TimePoint now{std::chrono::seconds(1)};
  EXPECT_FALSE(schedule.due(100U << 20, false, now));
  EXPECT_FALSE(schedule.due(1U << 20, false, now));
  EXPECT_TRUE(schedule.due(1U << 20, false, now + TrimSchedule::kLook));
}

}  // namespace
}  // namespace perd
