// UpdateLog: what an update group has produced and not all of its members have taken yet. Messages
// are encoded once; a member copies those that are for it. An entry goes when its last reader has
// passed it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "bgp/rib/absences.h"
#include "perd/ids.h"

namespace perd::rib {

// Whom messages are for: one member, or all but some.
struct Audience {
  Absent except;
  PeerId only{};  // 0: not one alone

  [[nodiscard]] bool has(PeerId id) const {
    return only != kLocalPeer ? only == id : !except.has(id);
  }
  [[nodiscard]] bool everyone() const { return *this == Audience{}; }
  friend bool operator==(const Audience&, const Audience&) = default;
  friend auto operator<=>(const Audience&, const Audience&) = default;
};

// Whole messages, and which of them are for whom.
class UpdateChunk {
 public:
  std::vector<std::uint8_t> octets;

  // What was appended since the last mark is for `audience`.
  void mark(const Audience& audience) {
    if (octets.size() == (parts_.empty() ? 0 : parts_.back().end)) return;
    if (parts_.empty() || parts_.back().audience != audience) parts_.push_back({0, audience});
    parts_.back().end = octets.size();
  }
  void copy_for(PeerId member, std::vector<std::uint8_t>& out) const {
    std::size_t begin = 0;
    for (const Part& part : parts_) {
      if (part.audience.has(member)) {
        out.insert(out.end(), octets.begin() + static_cast<std::ptrdiff_t>(begin),
                   octets.begin() + static_cast<std::ptrdiff_t>(part.end));
      }
      begin = part.end;
    }
  }
  // As it counts for a neighbour that lags: many small changes weigh more than their octets.
  [[nodiscard]] std::size_t weight() const {
    constexpr std::size_t kOverhead = 128;
    return kOverhead + octets.capacity() + parts_.capacity() * sizeof(Part);
  }
  void clear() { octets.clear(), parts_.clear(); }

 private:
  struct Part {
    std::size_t end = 0;
    Audience audience;
  };
  std::vector<Part> parts_;
};
using SharedChunk = std::shared_ptr<const UpdateChunk>;

class UpdateLog {
 public:
  // Positions count all entries there ever were.
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return begin_ + entries_.size(); }
  [[nodiscard]] const SharedChunk& at(std::uint64_t position) const {
    return entries_[position - begin_].chunk;
  }
  void append(SharedChunk chunk, std::size_t readers) {
    weight_ += chunk->weight();
    entries_.push_back({std::move(chunk), readers});
  }
  // One reader is done with an entry.
  void pass(std::uint64_t position) {
    --entries_[position - begin_].readers;
    for (; !entries_.empty() && entries_.front().readers == 0; ++begin_) {
      weight_ -= entries_.front().chunk->weight();
      entries_.pop_front();
    }
  }
  [[nodiscard]] std::size_t weight() const { return weight_; }

 private:
  struct Entry {
    SharedChunk chunk;
    std::size_t readers = 0;
  };
  std::deque<Entry> entries_;
  std::uint64_t begin_ = 0;
  std::size_t weight_ = 0;
};

}  // namespace perd::rib
