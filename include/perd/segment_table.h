// SegmentTable<Slot>: a flat hash table that never moves more than one small segment at a time, so
// that neither an insert nor an erase takes longer in a table of a million than in one of a
// thousand.
//
// Extendible hashing: the top bits of a hash lead through a directory to a segment of at most
// kMostHomes home slots. A segment grows by a part of that, splits in two when it cannot grow, and
// two halves become one again when they have become small. Within a segment: linear probing
// without wrapping around, slots sorted by hash, no tombstones. So the order of slots is the order
// of hashes at any size, and a walk that was interrupted goes on after the last hash it saw,
// whatever was inserted, erased, split or merged meanwhile: each slot that stays is visited exactly
// once.
//
// A Slot is a value whose default is free: `bool free() const`, `std::uint64_t hash() const`,
// `bool same_key(const Slot&) const`. The hash must not depend on more than the key.
//
// Pointers to a slot live until the next insert or erase. An adversary who finds keys of one hash
// makes a segment grow beyond its bound, never the directory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace perd {

// Where an interrupted walk goes on.
struct TableCursor {
  std::uint64_t next_hash = 0;
  bool done = false;
};

// What a visitor says of the slot it was shown.
enum class Visit : std::uint8_t {
  kKeep,
  kErase,
  kStop,  // keep it, go no further, show it again next time
};

template <class Slot>
class SegmentTable {
 public:
  static constexpr std::size_t kMostHomes = 2048;

  SegmentTable() = default;
  ~SegmentTable() { reset(); }
  SegmentTable(const SegmentTable&) = delete;
  SegmentTable& operator=(const SegmentTable&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory() const {
    return octets_ + directory_.capacity() * sizeof(directory_[0]);
  }

  [[nodiscard]] Slot* find(const Slot& key) {
    return const_cast<Slot*>(std::as_const(*this).find(key));
  }
  [[nodiscard]] const Slot* find(const Slot& key) const {
    if (size_ == 0) return nullptr;
    const std::uint64_t hash = key.hash();
    const View& v = directory_[at(hash)];
    const Place place = locate(v, key, hash);
    return place.found ? v.slots + place.at : nullptr;
  }
  // Has the place of this key on its way from memory while others are looked at.
  void prefetch(const Slot& key) const {
    if (size_ == 0) return;
    const std::uint64_t hash = key.hash();
    const View& v = directory_[at(hash)];
    __builtin_prefetch(v.slots + home(v, hash));
  }
  // The slot of this key, made as a copy of `key` when there is none.
  Slot& insert(const Slot& key) {
    if (directory_.empty()) start();
    const std::uint64_t hash = key.hash();
    for (;;) {
      const View& v = directory_[at(hash)];
      const Place place = locate(v, key, hash);
      if (place.found) return v.slots[place.at];
      Segment& s = *v.segment;
      if ((s.used + 1) * kLoadDenominator <= s.homes * kLoadNumerator) {
        Slot& made = put(s, place.at, key);
        if (moved_) publish(hash);
        return made;
      }
      make_room(hash);
    }
  }
  void erase(const Slot* slot) {
    const std::uint64_t hash = slot->hash();
    Segment& s = *directory_[at(hash)].segment;
    erase_at(s, static_cast<std::size_t>(slot - s.slots.data()));
    tidy(hash);
  }

  // Visits at most `budget` slots with a hash below `limit` (0: no limit) from the cursor on:
  // `visit(slot)` says a Visit and must not insert or erase by itself. Returns how many were
  // visited. Slots of one hash are not parted by the budget, so that the cursor can name the next
  // hash.
  template <class F>
  std::size_t walk(TableCursor& cursor, std::size_t budget, std::uint64_t limit, F&& visit) {
    std::size_t visited = 0;
    while (!cursor.done) {
      if (size_ == 0 || (limit != 0 && cursor.next_hash >= limit)) {
        cursor.done = true;
        break;
      }
      const std::uint64_t hash = cursor.next_hash;
      Segment& s = *directory_[at(hash)].segment;
      const std::size_t used = s.used;
      const bool through = walk_segment(s, cursor, budget, limit, visited, visit);
      if (through && !step_over(cursor, hash, s)) cursor.done = true;
      if (s.used != used) tidy(hash);
      if (!through) break;
    }
    return visited;
  }
  // The same for readers: whole segments, until at least `budget` slots were shown.
  template <class F>
  void read(TableCursor& cursor, std::size_t budget, F&& visit) const {
    for (std::size_t seen = 0; !cursor.done && seen < budget;) {
      if (size_ == 0) {
        cursor.done = true;
        return;
      }
      const std::uint64_t hash = cursor.next_hash;
      const Segment& s = *directory_[at(hash)].segment;
      for (const Slot& slot : s.slots) {
        if (slot.free() || slot.hash() < hash) continue;
        visit(slot);
        ++seen;
      }
      if (!step_over(cursor, hash, s)) cursor.done = true;
    }
  }
  // All slots, in the order of their hashes.
  template <class F>
  void for_each(F&& visit) const {
    for (std::size_t i = 0; i < directory_.size(); i += span(*directory_[i].segment)) {
      for (const Slot& slot : directory_[i].segment->slots) {
        if (!slot.free()) visit(slot);
      }
    }
  }

 private:
  struct Segment {
    std::vector<Slot> slots;  // `homes` and a tail for what overflows them; the last is free
    std::size_t homes = 0;
    std::size_t used = 0;
    unsigned depth = 0;  // bits of hash that all its slots have in common
  };
  // What a search needs of a segment, in the directory, so that it costs one cache miss less.
  struct View {
    Segment* segment = nullptr;
    Slot* slots = nullptr;
    std::uint32_t homes = 0;
    std::uint32_t depth = 0;
  };
  struct Place {
    bool found = false;
    std::size_t at = 0;  // of the slot, or where it belongs
  };
  static constexpr std::size_t kFewestHomes = 16;
  static constexpr std::size_t kTail = 16;
  static constexpr std::size_t kLoadNumerator = 17;  // at most 85 % of the homes are taken
  static constexpr std::size_t kLoadDenominator = 20;
  static constexpr std::size_t kMergeBelow = kMostHomes * 3 / 8;  // slots of two halves
  // Directory entries beside one for 32 slots: bounds what keys of one hash can do.
  static constexpr std::size_t kSpareDirectory = 64;

  [[nodiscard]] std::size_t at(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash >> 1 >> (63 - depth_));
  }
  // Directory entries that lead to a segment.
  [[nodiscard]] std::size_t span(const Segment& s) const {
    return std::size_t{1} << (depth_ - s.depth);
  }
  template <class S>
  [[nodiscard]] static std::size_t home(const S& s, std::uint64_t hash) {
    return static_cast<std::size_t>((hash << s.depth >> 32) * s.homes >> 32);
  }
  [[nodiscard]] static View view(Segment& s) {
    return {&s, s.slots.data(), static_cast<std::uint32_t>(s.homes), s.depth};
  }
  [[nodiscard]] static Place locate(const View& v, const Slot& key, std::uint64_t hash) {
    for (std::size_t at = home(v, hash);; ++at) {
      const Slot& slot = v.slots[at];
      if (slot.free()) return {false, at};
      if (slot.same_key(key)) return {true, at};
      if (slot.hash() > hash) return {false, at};
    }
  }

  // ---- one segment ----
  void allocate(Segment& s, std::size_t homes) {
    octets_ -= s.slots.capacity() * sizeof(Slot);
    s.slots = std::vector<Slot>(homes == 0 ? 0 : homes + kTail);
    s.homes = homes;
    octets_ += s.slots.capacity() * sizeof(Slot);
    moved_ = true;
  }
  void lengthen(Segment& s) {
    octets_ -= s.slots.capacity() * sizeof(Slot);
    std::vector<Slot> longer(s.slots.size() + kTail);
    std::copy(s.slots.begin(), s.slots.end(), longer.begin());
    s.slots = std::move(longer);
    octets_ += s.slots.capacity() * sizeof(Slot);
    moved_ = true;
  }
  Slot& put(Segment& s, std::size_t where, const Slot& slot) {
    std::size_t hole = where;
    while (!s.slots[hole].free()) ++hole;
    if (hole + 1 == s.slots.size()) lengthen(s);
    const auto begin = s.slots.begin();
    std::copy_backward(begin + static_cast<std::ptrdiff_t>(where),
                       begin + static_cast<std::ptrdiff_t>(hole),
                       begin + static_cast<std::ptrdiff_t>(hole + 1));
    s.slots[where] = slot;
    ++s.used;
    ++size_;
    return s.slots[where];
  }
  void erase_at(Segment& s, std::size_t where) {
    std::size_t last = where;
    while (!s.slots[last + 1].free() && home(s, s.slots[last + 1].hash()) <= last) {
      s.slots[last] = s.slots[last + 1];
      ++last;
    }
    s.slots[last] = Slot{};
    --s.used;
    --size_;
  }
  // Takes the slots in [first, last) over; they ascend, so nothing is moved twice.
  template <class Iterator>
  void fill(Segment& s, std::size_t from, Iterator first, Iterator last) {
    std::size_t next = from;
    for (; first != last; ++first) {
      if (first->free()) continue;
      next = std::max(next, home(s, first->hash()));
      while (next + 1 >= s.slots.size()) lengthen(s);
      s.slots[next++] = *first;
      ++s.used;
    }
  }
  void resize(Segment& s, std::size_t homes) {
    const std::vector<Slot> old = std::exchange(s.slots, {});
    octets_ -= old.capacity() * sizeof(Slot);
    allocate(s, homes);
    s.used = 0;
    fill(s, 0, old.begin(), old.end());
  }
  [[nodiscard]] static std::size_t next_homes(std::size_t homes) {
    if (homes < kMostHomes / 2) return std::min(homes + homes / 2, kMostHomes * 5 / 8);
    return homes < kMostHomes ? homes + kMostHomes * 3 / 16 : homes + homes / 4;
  }
  [[nodiscard]] static std::size_t homes_for(std::size_t used) {
    std::size_t homes = kFewestHomes;
    while ((used + 1) * kLoadDenominator > homes * kLoadNumerator) homes = next_homes(homes);
    return homes;
  }

  // ---- segments and directory ----
  void start() {
    auto* const first = new Segment;
    octets_ += sizeof(Segment);
    ++of_depth_[0];
    allocate(*first, kFewestHomes);
    directory_.assign(1, view(*first));
  }
  void reset() {
    for (std::size_t i = 0; i < directory_.size();) {
      Segment* const s = directory_[i].segment;
      i += span(*s);
      delete s;
    }
    directory_ = std::vector<View>();
    of_depth_.fill(0);
    depth_ = 0;
    octets_ = 0;
    size_ = 0;
  }
  void publish(std::uint64_t hash) {
    Segment& s = *directory_[at(hash)].segment;
    const std::size_t first = at(hash) & ~(span(s) - 1);
    std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), span(s), view(s));
    moved_ = false;
  }
  void make_room(std::uint64_t hash) {
    Segment& s = *directory_[at(hash)].segment;
    const bool deeper =
        s.depth < depth_ || (directory_.size() <= kSpareDirectory + size_ / 32 && depth_ < 32);
    if (s.homes < kMostHomes || !deeper) {
      resize(s, next_homes(s.homes));
      publish(hash);
    } else {
      split(hash);
    }
  }
  void split(std::uint64_t hash) {
    Segment& low = *directory_[at(hash)].segment;
    if (low.depth == depth_) {
      std::vector<View> twice(directory_.size() * 2);
      for (std::size_t i = 0; i < twice.size(); ++i) twice[i] = directory_[i / 2];
      directory_ = std::move(twice);
      ++depth_;
    }
    const std::size_t first = at(hash) & ~(span(low) - 1);
    const std::uint64_t bit = std::uint64_t{1} << (63 - low.depth);
    --of_depth_[low.depth];
    ++low.depth;
    auto* const high = new Segment;
    octets_ += sizeof(Segment);
    high->depth = low.depth;
    of_depth_[low.depth] += 2;
    const std::vector<Slot> old = std::exchange(low.slots, {});
    octets_ -= old.capacity() * sizeof(Slot);
    const auto upper = std::find_if(old.begin(), old.end(), [bit](const Slot& s) {
      return !s.free() && (s.hash() & bit) != 0;
    });
    const auto taken = [](const Slot& s) { return !s.free(); };
    const auto in_low = static_cast<std::size_t>(std::count_if(old.begin(), upper, taken));
    const std::size_t in_high = low.used - in_low;
    low.used = 0;
    allocate(low, homes_for(in_low));
    allocate(*high, homes_for(in_high));
    fill(low, 0, old.begin(), upper);
    fill(*high, 0, upper, old.end());
    const auto begin = directory_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto middle = begin + static_cast<std::ptrdiff_t>(span(low));
    std::fill_n(begin, span(low), view(low));
    std::fill_n(middle, span(low), view(*high));
    moved_ = false;
  }
  // After erases: merges what has become small, gives memory back.
  void tidy(std::uint64_t hash) {
    if (size_ == 0) {
      reset();
      return;
    }
    while (merge(hash)) {
    }
    Segment& s = *directory_[at(hash)].segment;
    // Half of what a split or a resize leaves: it takes many more changes to get here again.
    if (s.homes > kFewestHomes && s.used * 3 < s.homes) {
      resize(s, std::max(kFewestHomes, s.used + s.used / 2 + 1));
    }
    if (moved_) publish(hash);
  }
  bool merge(std::uint64_t hash) {
    Segment* const one = directory_[at(hash)].segment;
    if (one->depth == 0) return false;
    const std::size_t first = at(hash) & ~(span(*one) - 1);
    Segment* const other = directory_[first ^ span(*one)].segment;
    if (other->depth != one->depth || one->used + other->used > kMergeBelow) return false;
    Segment* const low = (first & span(*one)) == 0 ? one : other;
    Segment* const high = low == one ? other : one;
    const std::vector<Slot> old = std::exchange(low->slots, {});
    octets_ -= old.capacity() * sizeof(Slot);
    allocate(*low, homes_for(low->used + high->used));
    of_depth_[low->depth] -= 2;
    --low->depth;
    ++of_depth_[low->depth];
    low->used = 0;
    fill(*low, 0, old.begin(), old.end());
    fill(*low, next_free(*low), high->slots.begin(), high->slots.end());
    octets_ -= high->slots.capacity() * sizeof(Slot) + sizeof(Segment);
    delete high;
    const std::size_t begin = at(hash) & ~(span(*low) - 1);
    std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(begin), span(*low), view(*low));
    halve_directory();
    return true;
  }
  // Behind the last slot that is taken.
  [[nodiscard]] static std::size_t next_free(const Segment& s) {
    std::size_t n = s.slots.size();
    while (n > 0 && s.slots[n - 1].free()) --n;
    return n;
  }
  void halve_directory() {
    while (depth_ > 0 && of_depth_[depth_] == 0) {
      std::vector<View> half(directory_.size() / 2);
      for (std::size_t i = 0; i < half.size(); ++i) half[i] = directory_[i * 2];
      directory_ = std::move(half);
      --depth_;
    }
  }

  // ---- walks ----
  // True when the segment is through.
  template <class F>
  bool walk_segment(Segment& s, TableCursor& cursor, std::size_t budget, std::uint64_t limit,
                    std::size_t& visited, F&& visit) {
    std::uint64_t last = 0;
    for (std::size_t i = home(s, cursor.next_hash); i < s.slots.size();) {
      if (s.slots[i].free()) {
        ++i;
        continue;
      }
      const std::uint64_t hash = s.slots[i].hash();
      if (hash < cursor.next_hash) {
        ++i;
        continue;
      }
      if (limit != 0 && hash >= limit) {
        cursor.done = true;
        return false;
      }
      const Visit verdict =
          visited >= budget && (visited == 0 || hash != last) ? Visit::kStop : visit(s.slots[i]);
      if (verdict == Visit::kStop) {
        cursor.next_hash = hash;
        return false;
      }
      last = hash;
      ++visited;
      if (verdict == Visit::kErase) {
        erase_at(s, i);
      } else {
        ++i;
      }
    }
    return true;
  }
  // To the first hash of the segment behind `s`; false when there is none.
  [[nodiscard]] static bool step_over(TableCursor& cursor, std::uint64_t hash, const Segment& s) {
    if (s.depth == 0) return false;
    const std::uint64_t last = hash | std::numeric_limits<std::uint64_t>::max() >> s.depth;
    cursor.next_hash = last + 1;
    return cursor.next_hash != 0;
  }

  std::vector<View> directory_;             // 2^depth_, by the top bits of the hash
  std::array<std::size_t, 34> of_depth_{};  // segments by depth
  unsigned depth_ = 0;
  std::size_t size_ = 0;
  std::size_t octets_ = 0;  // of segments and their slots
  bool moved_ = false;      // a segment's slots are elsewhere than its views say
};

}  // namespace perd
