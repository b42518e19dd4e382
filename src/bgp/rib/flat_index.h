// FlatIndex: open addressing over numbers whose keys live elsewhere. A slot is four octets: 26 bits
// of number and 6 bits of hash, so that a probe rarely has to look at the key. Linear probing, at
// most 3/4 full, backward-shift deletion (no tombstones). Growing rehashes from the keys, which the
// owner computes; numbers are below 2^26.
#pragma once

#include <cstdint>
#include <vector>

#include "bgp/rib/ids.h"
#include "perd/assert.h"

namespace perd::rib {

class FlatIndex {
 public:
  // The number whose key `equal(number)` accepts; 0 when there is none.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (slots_.empty()) return 0;
    for (std::size_t at = home(hash); slots_[at] != 0; at = (at + 1) & mask_) {
      if (tag_of(slots_[at]) == tag(hash) && equal(slots_[at] & kMaxRoutes)) {
        return slots_[at] & kMaxRoutes;
      }
    }
    return 0;
  }

  // `number` must not be present; `hash_of(number)` gives the hash of any number that is.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    PERD_ASSERT(number != 0 && number <= kMaxRoutes);
    if ((used_ + 1) * 4 > slots_.size() * 3) grow(hash_of);
    place(hash, number);
    ++used_;
  }

  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    std::size_t at = home(hash);
    while ((slots_[at] & kMaxRoutes) != number) {
      PERD_ASSERT(slots_[at] != 0);
      at = (at + 1) & mask_;
    }
    --used_;
    for (std::size_t next = (at + 1) & mask_; slots_[next] != 0; next = (next + 1) & mask_) {
      const std::size_t want = home(hash_of(slots_[next] & kMaxRoutes));
      // May move back only if its home is not after the gap (cyclically).
      if (((next - want) & mask_) < ((next - at) & mask_)) continue;
      slots_[at] = slots_[next];
      at = next;
    }
    slots_[at] = 0;
  }

  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(hash)]);
  }
  // What most probably is the number of this hash; 0 when it certainly has none. Never trusted.
  [[nodiscard]] std::uint32_t first_guess(std::uint64_t hash) const {
    return slots_.empty() ? 0 : slots_[home(hash)] & kMaxRoutes;
  }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::size_t memory() const { return slots_.capacity() * sizeof(std::uint32_t); }

 private:
  static constexpr std::size_t kFirstSize = 16;

  [[nodiscard]] std::size_t home(std::uint64_t hash) const { return hash & mask_; }
  [[nodiscard]] static std::uint32_t tag(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 58);
  }
  [[nodiscard]] static std::uint32_t tag_of(std::uint32_t slot) { return slot >> kRouteIdBits; }
  void place(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = home(hash);
    while (slots_[at] != 0) at = (at + 1) & mask_;
    slots_[at] = tag(hash) << kRouteIdBits | number;
  }
  template <class HashOf>
  void grow(HashOf&& hash_of) {
    std::vector<std::uint32_t> old = std::move(slots_);
    slots_.assign(old.empty() ? kFirstSize : old.size() * 2, 0);
    mask_ = slots_.size() - 1;
    for (const std::uint32_t slot : old) {
      if (slot != 0) place(hash_of(slot & kMaxRoutes), slot & kMaxRoutes);
    }
  }

  std::vector<std::uint32_t> slots_;
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
};

}  // namespace perd::rib
