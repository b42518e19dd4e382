// RouteTable: the routes of one kernel table and one family; desired and observed state of a route
// in one slot of a flat, open-addressing hash. No allocation per route, no second copy.
//
// Slots stand in the order of their hash, so a walk over them is the shuffled order in which Linux
// adds and deletes IPv4 routes fastest. The table knows nothing of the meaning of a slot's numbers.
// A pointer to a slot is dead after insert() or erase(). The scan cursor lives here because erase()
// moves slots and must not let one slip past it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "perd/hash.h"
#include "perd/ip.h"

namespace perd::fib {

// Bits of Slot::flags.
inline constexpr std::uint8_t kSlotInFlight = 0x01;  // an operation is not answered yet
inline constexpr std::uint8_t kSlotEcho = 0x02;      // its notification came before the answer
inline constexpr std::uint8_t kSlotAdopted =
    0x04;  // of an earlier run, not wanted in this one so far
inline constexpr std::uint8_t kSlotQueued = 0x08;   // stands in the queue of dirty prefixes
inline constexpr std::uint8_t kSlotSuspect = 0x10;  // a notification differs from what we wrote
inline constexpr std::uint8_t kSlotMarked = 0x20;   // seen since the running dump began
inline constexpr std::uint8_t kSlotTouched = 0x40;  // by a notification: newer than the dump
inline constexpr std::uint8_t kSlotErasing = 0x80;  // the operation in flight is an erase

inline constexpr std::uint8_t kSlotFree = 0xff;  // Slot::length of a free slot

struct SlotV4 {
  std::uint32_t prefix = 0;
  std::uint32_t set = 0;       // index of the desired set (SetStore); 0: not wanted
  std::uint32_t observed = 0;  // token of what the kernel has (HopTokens); 0: nothing
  std::uint8_t length = kSlotFree;
  std::uint8_t flags = 0;
  std::uint16_t reason = 0;  // of the refusal (ReasonTable); 0: none

  static constexpr IpFamily kFamily = IpFamily::kIpv4;
  void set_key(const IpPrefix& p) { prefix = p.address.v4_value(), length = p.length; }
  [[nodiscard]] bool has_key(const IpPrefix& p) const {
    return length == p.length && prefix == p.address.v4_value();
  }
  [[nodiscard]] IpPrefix key() const { return IpPrefix{IpAddress::v4(prefix), length}; }
  [[nodiscard]] std::uint64_t hash() const {
    return mix64((std::uint64_t{prefix} << 8 | length) + 0x9e3779b97f4a7c15ULL);
  }
};
static_assert(sizeof(SlotV4) == 16);

struct SlotV6 {
  std::array<std::uint8_t, 16> prefix{};
  std::uint32_t set = 0;
  std::uint32_t observed = 0;
  std::uint8_t length = kSlotFree;
  std::uint8_t flags = 0;
  std::uint16_t reason = 0;

  static constexpr IpFamily kFamily = IpFamily::kIpv6;
  void set_key(const IpPrefix& p) { prefix = p.address.octets, length = p.length; }
  [[nodiscard]] bool has_key(const IpPrefix& p) const {
    return length == p.length && prefix == p.address.octets;
  }
  [[nodiscard]] IpPrefix key() const {
    IpPrefix p;
    p.address.octets = prefix;
    p.address.family = IpFamily::kIpv6;
    p.length = length;
    return p;
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_bytes(prefix, length); }
};
static_assert(sizeof(SlotV6) == 28);

template <class SlotT>
class RouteTable {
 public:
  using Slot = SlotT;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
  [[nodiscard]] std::size_t octets() const { return slots_.capacity() * sizeof(Slot); }

  [[nodiscard]] Slot* find(const IpPrefix& p) {
    return const_cast<Slot*>(static_cast<const RouteTable*>(this)->find(p));
  }
  [[nodiscard]] const Slot* find(const IpPrefix& p) const {
    if (size_ == 0) return nullptr;
    for (std::size_t i = home_of(p);; i = next(i)) {
      const Slot& s = slots_[i];
      if (s.length == kSlotFree) return nullptr;
      if (s.has_key(p)) return &s;
    }
  }
  // The slot of p, made when there is none.
  [[nodiscard]] Slot& insert(const IpPrefix& p) {
    if (Slot* s = find(p)) return *s;
    if ((size_ + 1) * kLoadDenominator > slots_.size() * kLoadNumerator) {
      rehash(slots_.size() + slots_.size() / 2 + kCapacityMin);
    }
    Slot made;
    made.set_key(p);
    ++size_;
    return place(made);
  }
  void erase(const Slot* slot);
  // Gives memory back after a great loss.
  void shrink() {
    if (slots_.size() > kShrinkAbove && size_ < slots_.size() / 8) rehash(size_ * 2 + kCapacityMin);
  }

  // For loops over all slots; a free one has length kSlotFree.
  [[nodiscard]] Slot& at(std::size_t i) { return slots_[i]; }
  [[nodiscard]] const Slot& at(std::size_t i) const { return slots_[i]; }

  // ---- the scan: one full circle of the cursor from where it stands ----
  void request_scan() { scan_left_ = slots_.size(); }
  [[nodiscard]] bool scanning() const { return scan_left_ != 0; }
  [[nodiscard]] std::size_t scan_at() const { return scan_at_; }
  void scan_next() {
    if (scan_left_ != 0) --scan_left_;
    scan_at_ = slots_.empty() ? 0 : next(scan_at_);
  }

 private:
  static constexpr std::size_t kLoadNumerator = 85;  // more makes probes of misses long
  static constexpr std::size_t kLoadDenominator = 100;
  static constexpr std::size_t kCapacityMin = 16;
  static constexpr std::size_t kShrinkAbove = 4096;

  [[nodiscard]] std::size_t next(std::size_t i) const { return i + 1 == slots_.size() ? 0 : i + 1; }
  // The upper bits of the hash choose the slot: hash order is slot order at any capacity.
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>(((hash >> 32) * slots_.size()) >> 32);
  }
  [[nodiscard]] std::size_t home_of(const IpPrefix& p) const {
    Slot key;
    key.set_key(p);
    return home(key.hash());
  }
  Slot& place(const Slot& made) {
    std::size_t i = home(made.hash());
    while (slots_[i].length != kSlotFree) i = next(i);
    slots_[i] = made;
    return slots_[i];
  }
  void rehash(std::size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    for (const Slot& s : old) {
      if (s.length != kSlotFree) place(s);
    }
    if (scan_left_ != 0) scan_left_ = slots_.size();
    scan_at_ = 0;
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t scan_at_ = 0;
  std::size_t scan_left_ = 0;
};

// Backward shift: no tombstones, so that probes stay short under churn.
template <class SlotT>
void RouteTable<SlotT>::erase(const Slot* slot) {
  auto hole = static_cast<std::size_t>(slot - slots_.data());
  // Circular distances: the part still to be scanned may reach over the end of the array.
  const std::size_t capacity = slots_.size();
  const auto ahead = [this, capacity](std::size_t i) {
    return (i + capacity - scan_at_) % capacity < scan_left_;
  };
  std::size_t slipped = capacity;  // where a slot went that the cursor has not met
  for (std::size_t i = next(hole); slots_[i].length != kSlotFree; i = next(i)) {
    const std::size_t want = home(slots_[i].hash());
    // The slot may move into the hole unless its home lies behind the hole (cyclically).
    const bool home_after_hole =
        hole <= i ? (want > hole && want <= i) : (want > hole || want <= i);
    if (home_after_hole) continue;
    slots_[hole] = slots_[i];
    if (scan_left_ != 0 && slipped == capacity && ahead(i) && !ahead(hole)) slipped = hole;
    hole = i;
  }
  slots_[hole] = Slot{};
  --size_;
  if (slipped == capacity) return;
  scan_left_ += (scan_at_ + capacity - slipped) % capacity;
  if (scan_left_ > capacity) scan_left_ = capacity;
  scan_at_ = slipped;
}

}  // namespace perd::fib
