// Goal: a broken invariant ends the process and names itself, in every build. Method: death test.
#include "perd/assert.h"

#include <gtest/gtest.h>

namespace perd {
namespace {

TEST(AssertDeathTest, NamesConditionAndPlace) {
  EXPECT_DEATH(PERD_ASSERT(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3 .*assert_test.cpp");
}

TEST(Assert, EvaluatesOnceAndGoesOn) {
  int evaluated = 0;
  PERD_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace perd
