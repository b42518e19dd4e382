// Time as an argument: a clock without now(). The daemon fills it from CLOCK_MONOTONIC, the
// simulation from its own virtual time.
#pragma once

#include <chrono>
#include <optional>

namespace perd {

struct CoreClock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};
using Duration = CoreClock::duration;
using TimePoint = CoreClock::time_point;
using Deadline = std::optional<TimePoint>;

[[nodiscard]] constexpr Deadline earliest(Deadline a, Deadline b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}
[[nodiscard]] constexpr bool is_due(const Deadline& d, TimePoint now) { return d && *d <= now; }

}  // namespace perd
