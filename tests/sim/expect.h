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

// Who still has something to do.
inline std::string restless(World& world) {
  std::string text;
  for (NodeIndex n = 0; n < world.size(); ++n) {
    if (!world.running(n) || world.speaker(n).quiescent()) continue;
    const auto& fib = world.speaker(n).fib();
    text += "\n  node " + std::to_string(n) + " is not at rest" +
            (fib.synchronized() ? "" : ", its kernel is not in step") +
            (fib.more_work() ? ", fib has work" : "");
    for (std::size_t i = 0; i < fib::kObjectKindCount; ++i) {
      const auto kind = static_cast<fib::ObjectKind>(i);
      const auto c = fib.counts(kind);
      if (c.pending + c.waiting == 0) continue;
      text += "; " + std::string(to_string(kind)) + ": " + std::to_string(c.pending) +
              " pending, " + std::to_string(c.waiting) + " waiting";
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
  ASSERT_TRUE(world.settle(limit))
      << "seed " << world.seed() << ": not at rest" << restless(world) << history(world);
  expect_sound(world);
}

}  // namespace perd::sim
