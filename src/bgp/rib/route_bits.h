// RouteBits: a set of RouteIds as a bitmap with a summary (one bit per 64 words of routes), so that
// membership costs an eighth of an octet per route and finding the next member of a sparse set is a
// scan of the summary. Members come in slab order, which is deterministic and kind to the cache.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "bgp/rib/ids.h"

namespace perd::rib {

class RouteBits {
 public:
  [[nodiscard]] bool has(RouteId id) const {
    const std::size_t word = id >> 6;
    return word < words_.size() && ((words_[word] >> (id & 63)) & 1) != 0;
  }
  // False when it was there already.
  bool set(RouteId id) {
    const std::size_t word = id >> 6;
    if (word >= words_.size()) grow(word);
    const std::uint64_t bit = std::uint64_t{1} << (id & 63);
    if ((words_[word] & bit) != 0) return false;
    words_[word] |= bit;
    summary_[word >> 6] |= std::uint64_t{1} << (word & 63);
    ++count_;
    return true;
  }
  // False when it was not there.
  bool clear(RouteId id) {
    const std::size_t word = id >> 6;
    const std::uint64_t bit = std::uint64_t{1} << (id & 63);
    if (word >= words_.size() || (words_[word] & bit) == 0) return false;
    words_[word] &= ~bit;
    if (words_[word] == 0) summary_[word >> 6] &= ~(std::uint64_t{1} << (word & 63));
    --count_;
    return true;
  }
  // The first member that is not below `from`; 0 when there is none.
  [[nodiscard]] RouteId next(RouteId from) const {
    std::size_t word = from >> 6;
    if (count_ == 0 || word >= words_.size()) return 0;
    const std::uint64_t rest = words_[word] >> (from & 63);
    if (rest != 0) return from + static_cast<RouteId>(std::countr_zero(rest));
    ++word;
    for (std::size_t group = word >> 6; group < summary_.size(); ++group) {
      std::uint64_t bits = summary_[group];
      if (group == word >> 6) bits &= ~std::uint64_t{0} << (word & 63);
      if (bits == 0) continue;
      const std::size_t at = group << 6 | static_cast<std::size_t>(std::countr_zero(bits));
      return static_cast<RouteId>(at << 6 | static_cast<std::size_t>(std::countr_zero(words_[at])));
    }
    return 0;
  }
  // Sixty-four members at once: bit i of word w stands for 64 w + i.
  [[nodiscard]] std::size_t words() const { return words_.size(); }
  [[nodiscard]] std::uint64_t word(std::size_t at) const {
    return at < words_.size() ? words_[at] : 0;
  }
  // No route has an id from `end` on: gives back what a table that shrank no longer needs.
  void fit(RouteId end) {
    const std::size_t size = end == 0 ? 0 : ((end - 1) >> 6 | 63) + 1;
    if (words_.size() <= kKept || size * 2 > words_.size()) return;
    const auto words = static_cast<std::ptrdiff_t>(std::max(size, kKept));
    // New ones: without exceptions libstdc++ takes shrink_to_fit() for no request at all.
    words_ = std::vector<std::uint64_t>(words_.begin(), words_.begin() + words);
    summary_ = std::vector<std::uint64_t>(summary_.begin(), summary_.begin() + (words >> 6));
  }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t memory() const {
    return (words_.capacity() + summary_.capacity()) * sizeof(std::uint64_t);
  }

 private:
  static constexpr std::size_t kKept = 64;  // words, whatever the size of the table

  void grow(std::size_t word) {
    const std::size_t size = (word | 63) + 1;  // whole summary words
    words_.resize(size, 0);
    summary_.resize(size >> 6, 0);
  }

  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> summary_;
  std::size_t count_ = 0;
};

}  // namespace perd::rib
