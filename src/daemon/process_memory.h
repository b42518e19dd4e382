// The memory of this process, as the system and malloc tell it, and when to give some back.
#pragma once

#include <cstddef>

#include "perd/time.h"
#include "status/status.h"

namespace perd {

[[nodiscard]] status::ProcessMemory process_memory();

// Gives free pages of the heap back to the system.
void trim_heap();

// When to trim: malloc returns only what is free at the end of its heap, and one small block that
// lives keeps all below it. Trimming costs a walk over the free blocks and the freeing of the pages
// (a tenth of a millisecond a MiB), so it is done in steps, as the tables shrink.
class TrimSchedule {
 public:
  static constexpr std::size_t kStep = 8U << 20;        // octets lost between two trims
  static constexpr std::size_t kStepAtRest = 2U << 20;  // when nothing is left to do
  static constexpr Duration kLook = std::chrono::milliseconds(50);

  // `octets`: what the tables hold now.
  [[nodiscard]] bool due(std::size_t octets, bool at_rest, TimePoint now) {
    if (!at_rest && now < next_look_) return false;
    next_look_ = now + kLook;
    if (octets > high_) high_ = octets;
    if (high_ - octets < (at_rest ? kStepAtRest : kStep)) return false;
    high_ = octets;
    return true;
  }

 private:
  std::size_t high_ = 0;  // since the last trim
  TimePoint next_look_{};
};

}  // namespace perd
