// FlatIndex: open addressing over numbers whose keys live elsewhere. A slot is six octets: 26 bits
// of number and 22 bits of hash, so that a probe hardly ever looks at a wrong key.
//
// Extendible hashing, as in perd/segment_table.h: the top bits of a hash lead through a directory
// to a segment, which grows by steps, splits in two and merges again; so no insert or erase touches
// more than one small segment. Slots of a segment are sorted by the up to sixteen bits of hash that
// follow those of the directory (`local`); a split uses one of them up. Only when fewer than
// kFewestKnown are left are the keys asked for their hashes (`hash_of`), which is a cache miss
// each: once in five splits. Linear probing without wrapping around, at most 85 % full, no
// tombstones; numbers are below 2^26.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bgp/rib/ids.h"
#include "perd/assert.h"

namespace perd::rib {

class FlatIndex {
 public:
  FlatIndex() = default;
  ~FlatIndex();
  FlatIndex(const FlatIndex&) = delete;
  FlatIndex& operator=(const FlatIndex&) = delete;

  // The number whose key `equal(number)` accepts; 0 when there is none.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (used_ == 0) return 0;
    const View& v = directory_[at(hash)];
    const std::uint16_t local = local_of(hash, v);
    return find_at(v, place_of(v, local), local, tag_of(hash), equal);
  }

  // The same; when there is none, the number that `make()` gives is put there (0: it is not).
  // `hash_of(number)` gives the hash of any number that is present.
  template <class Equal, class Make, class HashOf>
  std::uint32_t find_or_make(std::uint64_t hash, Equal&& equal, Make&& make, HashOf&& hash_of) {
    if (directory_.empty()) start();
    const View& v = directory_[at(hash)];
    const std::uint16_t local = local_of(hash, v);
    const std::size_t place = place_of(v, local);
    const std::uint32_t known = find_at(v, place, local, tag_of(hash), equal);
    if (known != 0) return known;
    const std::uint32_t number = make();
    if (number == 0) return 0;
    PERD_ASSERT(number <= kMaxRoutes);
    ++used_;
    if (!is_full(*v.segment)) {
      put_at(*v.segment, place, make_slot(local, tag_of(hash), number));
    } else {
      make_room(hash, hash_of);
      put(hash, number);
    }
    if (moved_) publish(hash);
    return number;
  }
  // `number` must not be present.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    PERD_ASSERT(number != 0 && number <= kMaxRoutes);
    if (directory_.empty()) start();
    make_room(hash, hash_of);
    put(hash, number);
    ++used_;
    if (moved_) publish(hash);
  }
  void erase(std::uint64_t hash, std::uint32_t number);

  void prefetch(std::uint64_t hash) const {
    if (used_ == 0) return;
    const View& v = directory_[at(hash)];
    __builtin_prefetch(&v.slots[home(v, local_of(hash, v))]);
  }
  // What most probably is the number of this hash; 0 when it certainly has none. Never trusted.
  [[nodiscard]] std::uint32_t first_guess(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::size_t memory() const {
    return octets_ + directory_.capacity() * sizeof(directory_[0]);
  }

 private:
  // A free slot has the word 0 and the local kFree, so that it ends a search for anything smaller.
  static constexpr std::uint16_t kFree = 0xFFFF;
  static constexpr std::size_t kGroup = 4;  // slots compared at once, without a branch
  static constexpr int kFewestKnown = 12;
  // Halves of the word, so that a slot takes six octets and not eight.
  struct Slot {
    std::uint16_t local = kFree;
    std::uint16_t low = 0;
    std::uint16_t high = 0;
    // tag << 26 | number
    [[nodiscard]] std::uint32_t word() const { return std::uint32_t{high} << 16 | low; }
    [[nodiscard]] std::uint32_t number() const { return word() & kMaxRoutes; }
    [[nodiscard]] bool free() const { return (low | high) == 0; }
  };
  static_assert(sizeof(Slot) == 6);
  struct Segment {
    std::vector<Slot> slots;  // homes, a tail for what overflows, and kGroup that stay free
    std::uint32_t homes = 0;
    std::uint32_t used = 0;
    std::uint32_t depth = 0;      // bits of hash that all its slots have in common
    std::uint16_t mask = 0xFFFF;  // bits of `local` that are known
    [[nodiscard]] std::size_t end() const { return slots.size() - kGroup; }
  };
  // What a search needs of a segment, in the directory, so that it costs one cache miss less.
  struct View {
    Segment* segment = nullptr;
    const Slot* slots = nullptr;
    std::uint32_t homes = 0;
    std::uint16_t mask = 0;
    std::uint16_t depth = 0;
  };
  static constexpr std::size_t kMostHomes = 2048;

  [[nodiscard]] static std::uint16_t local_of(std::uint64_t hash, const View& v) {
    return static_cast<std::uint16_t>((hash << v.depth >> 48) & v.mask);
  }
  [[nodiscard]] static Slot make_slot(std::uint16_t local, std::uint32_t tag,
                                      std::uint32_t number) {
    const std::uint32_t word = tag << kRouteIdBits | number;
    return {local, static_cast<std::uint16_t>(word & 0xFFFF),
            static_cast<std::uint16_t>(word >> 16)};
  }
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash & 63);
  }
  [[nodiscard]] std::size_t at(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash >> 1 >> (63 - depth_));
  }
  [[nodiscard]] std::size_t span(const Segment& s) const {
    return std::size_t{1} << (depth_ - s.depth);
  }
  [[nodiscard]] static std::size_t home(const View& v, std::uint16_t local) {
    return std::size_t{local} * v.homes >> 16;
  }
  [[nodiscard]] static View view(Segment& s) {
    return {&s, s.slots.data(), s.homes, s.mask, static_cast<std::uint16_t>(s.depth)};
  }
  // The first slot from its home on whose local is not smaller. All between are smaller: slots are
  // sorted, and behind a free slot everything has a later home.
  [[nodiscard]] static std::size_t place_of(const View& v, std::uint16_t local) {
    for (std::size_t place = home(v, local);; place += kGroup) {
      const Slot* const group = v.slots + place;
      const unsigned smaller =
          (group[0].local < local ? 1U : 0U) + (group[1].local < local ? 1U : 0U) +
          (group[2].local < local ? 1U : 0U) + (group[3].local < local ? 1U : 0U);
      if (smaller < kGroup) return place + smaller;
    }
  }
  template <class Equal>
  [[nodiscard]] static std::uint32_t find_at(const View& v, std::size_t place, std::uint16_t local,
                                             std::uint32_t tag, Equal&& equal) {
    for (; v.slots[place].local == local && !v.slots[place].free(); ++place) {
      const std::uint32_t word = v.slots[place].word();
      if (word >> kRouteIdBits == tag && equal(word & kMaxRoutes)) return word & kMaxRoutes;
    }
    return 0;
  }

  [[nodiscard]] static bool is_full(const Segment& s) {  // at most 85 % of the homes are taken
    return (s.used + 1) * 20 > s.homes * 17;
  }
  void start();
  void publish(std::uint64_t hash);
  template <class HashOf>
  void make_room(std::uint64_t hash, HashOf&& hash_of) {
    while (is_full(*directory_[at(hash)].segment)) {
      if (!grow(hash)) split(hash, hash_of);
    }
  }
  // False: the segment must be split.
  [[nodiscard]] bool grow(std::uint64_t hash);
  void put(std::uint64_t hash, std::uint32_t number);
  void put_at(Segment& s, std::size_t place, const Slot& slot);
  [[nodiscard]] static std::size_t octets(const Segment& s);
  void allocate(Segment& s, std::size_t homes);
  void lengthen(Segment& s);
  void resize(Segment& s, std::size_t homes);
  std::size_t append(Segment& s, std::size_t from, const Slot& slot);
  template <class HashOf>
  void split(std::uint64_t hash, HashOf&& hash_of) {
    Segment& s = *directory_[at(hash)].segment;
    if (knows_too_little(s)) {
      std::vector<std::pair<std::uint64_t, std::uint32_t>> all;
      all.reserve(s.used);
      for (const Slot& slot : s.slots) {
        if (!slot.free()) all.emplace_back(hash_of(slot.number()), slot.word());
      }
      learn(s, all);
    }
    split_in_two(hash);
  }
  [[nodiscard]] static bool knows_too_little(const Segment& s) {
    return std::popcount(s.mask) <= kFewestKnown;
  }
  void learn(Segment& s, std::vector<std::pair<std::uint64_t, std::uint32_t>>& all);
  void split_in_two(std::uint64_t hash);
  void reset();
  void tidy(std::uint64_t hash);
  bool merge(std::uint64_t hash);
  void halve_directory();

  std::vector<View> directory_;             // 2^depth_, by the top bits of the hash
  std::array<std::size_t, 34> of_depth_{};  // segments by depth
  unsigned depth_ = 0;
  std::size_t used_ = 0;
  std::size_t octets_ = 0;  // of segments and their slots
  bool moved_ = false;      // a segment's slots are elsewhere than its views say
};

}  // namespace perd::rib
