// Expectations of a whole world that tell, on failure, how to repeat the run and what happened
// last.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "sim/world.h"

namespace perd::sim {

// The last events of each node, for a failure's report.
inline std::string history(World& world) {
  constexpr std::size_t kShown = 12;
  std::string text;
  for (NodeIndex n = 0; n < world.size(); ++n) {
    const auto& events = world.events(n);
    const std::size_t from = events.size() > kShown ? events.size() - kShown : 0;
    for (std::size_t i = from; i < events.size(); ++i) {
      text += "\n  node " + std::to_string(n) + " " + std::string(to_string(events[i].kind)) + " " +
              events[i].subject + ": " + events[i].text;
    }
  }
  return text;
}

inline void expect_sound(World& world) {
  const auto faults = check(world);
  std::string text;
  for (const auto& f : faults) text += "\n  " + f;
  EXPECT_TRUE(faults.empty()) << "seed " << world.seed() << ":" << text << history(world);
}

inline void expect_settles(World& world, Duration limit = std::chrono::minutes(10)) {
  ASSERT_TRUE(world.settle(limit)) << "seed " << world.seed() << ": not at rest";
  expect_sound(world);
}

}  // namespace perd::sim
