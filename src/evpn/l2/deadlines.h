// When to look at which host again, and how fast hosts may be asked. One heap of deadlines for all
// hosts and bindings of a node. An entry counts only if its owner still names that very time; one
// that was overtaken is dropped when it comes up, so nothing is ever searched for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "perd/memory.h"
#include "perd/time.h"

namespace perd::evpn {

struct Timer {
  TimePoint when{};
  std::uint32_t id = 0;  // of a host or a binding
  std::uint32_t generation = 0;
  bool of_host = false;
};

class Deadlines {
 public:
  void push(const Timer& t) {
    heap_.push_back(t);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  [[nodiscard]] bool due(TimePoint now) const {
    return !heap_.empty() && heap_.front().when <= now;
  }
  [[nodiscard]] Timer pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Timer t = heap_.back();
    heap_.pop_back();
    return t;
  }
  [[nodiscard]] Deadline next() const {
    return heap_.empty() ? Deadline{} : Deadline{heap_.front().when};
  }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  [[nodiscard]] std::size_t memory() const { return vector_octets(heap_); }

 private:
  // The rest only makes the order one.
  [[nodiscard]] static bool later(const Timer& a, const Timer& b) {
    if (a.when != b.when) return a.when > b.when;
    return a.generation > b.generation;
  }
  std::vector<Timer> heap_;
};

// A token bucket: `per_second` in the long run, a twentieth of that at once.
class Pace {
 public:
  explicit Pace(std::size_t per_second)
      : interval_(Duration(std::chrono::seconds(1)) /
                  static_cast<std::int64_t>(std::max<std::size_t>(per_second, 1))),
        burst_(std::chrono::milliseconds(50)) {}
  [[nodiscard]] bool ready(TimePoint now) const { return full_ - burst_ <= now; }
  [[nodiscard]] TimePoint ready_at() const { return full_ - burst_; }
  void take(TimePoint now) { full_ = std::max(full_, now) + interval_; }

 private:
  Duration interval_;
  Duration burst_;
  TimePoint full_{};  // when the bucket is full again
};

}  // namespace perd::evpn
