// The last events, for `perctl show events`, and how often each kind happened.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "perd/event.h"
#include "perd/time.h"

namespace perd {

inline constexpr std::size_t kEventLogMax = 1000;  // older ones are forgotten

class EventLog {
 public:
  struct Entry {
    TimePoint at{};
    std::uint64_t number = 0;
    Event event;
  };
  void add(const Event& event, TimePoint now) {
    ++counts_[static_cast<std::size_t>(event.kind)];
    entries_.push_back({now, ++total_, event});
    if (entries_.size() > kEventLogMax) entries_.pop_front();
  }
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::uint64_t count(EventKind kind) const {
    return counts_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::size_t memory() const {
    std::size_t octets = 0;
    for (const Entry& e : entries_) {
      octets += sizeof(Entry) + e.event.subject.capacity() + e.event.text.capacity();
    }
    return octets;
  }

 private:
  std::deque<Entry> entries_;
  std::array<std::uint64_t, kEventKindCount> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace perd
