// RouteTable: the routes of one kernel table and one family; desired and observed state of a route
// in one slot of a flat, open-addressing hash. No allocation per route, no second copy. The entries
// of MAC-VRFs stand in the same kind of table (l2/host_slots.h).
//
// Slots stand in the order of their hash (perd/segment_table.h), so a walk over them is the
// shuffled order in which Linux adds and deletes IPv4 routes fastest. The table knows nothing of
// the meaning of a slot's numbers. A pointer to a slot is dead after insert() or erase(). The scan
// cursor is a hash, so nothing slips past it when slots move.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "perd/hash.h"
#include "perd/ip.h"
#include "perd/segment_table.h"

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

  using Key = IpPrefix;
  static constexpr IpFamily kFamily = IpFamily::kIpv4;
  [[nodiscard]] bool free() const { return length == kSlotFree; }
  [[nodiscard]] bool same_key(const SlotV4& o) const {
    return length == o.length && prefix == o.prefix;
  }
  void set_key(const IpPrefix& p) { prefix = p.address.v4_value(), length = p.length; }
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

  using Key = IpPrefix;
  static constexpr IpFamily kFamily = IpFamily::kIpv6;
  [[nodiscard]] bool free() const { return length == kSlotFree; }
  [[nodiscard]] bool same_key(const SlotV6& o) const {
    return length == o.length && prefix == o.prefix;
  }
  void set_key(const IpPrefix& p) { prefix = p.address.octets, length = p.length; }
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
  using Key = typename SlotT::Key;

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t octets() const { return slots_.memory(); }

  [[nodiscard]] Slot* find(const Key& p) { return slots_.find(slot_of(p)); }
  [[nodiscard]] const Slot* find(const Key& p) const { return slots_.find(slot_of(p)); }
  void prefetch(const Key& p) const { slots_.prefetch(slot_of(p)); }
  // The slot of p, made when there is none.
  [[nodiscard]] Slot& insert(const Key& p) { return slots_.insert(slot_of(p)); }
  void erase(const Slot* slot) { slots_.erase(slot); }

  // A walk of one's own, apart from the scan: as SegmentTable::walk.
  template <class F>
  std::size_t walk(TableCursor& cursor, std::size_t budget, F&& visit) {
    return slots_.walk(cursor, budget, 0, visit);
  }
  template <class F>
  void read(TableCursor& cursor, std::size_t budget, F&& visit) const {
    slots_.read(cursor, budget, visit);
  }
  // All slots; `visit` may change what is not the key.
  template <class F>
  void for_each(F&& visit) {
    TableCursor cursor;
    (void)slots_.walk(cursor, slots_.size() + 1, 0, [&visit](Slot& s) {
      visit(s);
      return Visit::kKeep;
    });
  }
  template <class F>
  void for_each(F&& visit) const {
    slots_.for_each(visit);
  }

  // ---- the scan: one full circle of the cursor from where it stands ----
  void request_scan() {
    if (size() == 0) return;
    requested_ = true;
    scanning_ = true;
  }
  [[nodiscard]] bool scanning() const { return scanning_; }
  // Shows at most `budget` slots of the circle to `visit`, which says what becomes of each (Visit).
  // It must not insert or erase; it may request a scan, which begins where the cursor then stands.
  // How many were shown.
  template <class F>
  std::size_t scan(std::size_t budget, F&& visit) {
    begin_circle();
    std::size_t shown = 0;
    while (scanning_ && budget > 0) {
      TableCursor cursor{at_, false};
      bool stopped = false;
      const std::uint64_t limit = wrapped_ ? from_ : 0;
      const std::size_t seen = slots_.walk(cursor, budget, limit, [&](Slot& s) {
        const Visit verdict = visit(s);
        stopped = verdict == Visit::kStop;
        return verdict;
      });
      shown += seen;
      budget -= seen < budget ? seen : budget;
      if (!cursor.done) {
        at_ = cursor.next_hash;
      } else if (!wrapped_ && from_ != 0) {
        wrapped_ = true;
        at_ = 0;
      } else {
        at_ = wrapped_ ? from_ : 0;
        scanning_ = requested_;
      }
      begin_circle();
      if (stopped) break;
    }
    return shown;
  }

 private:
  void begin_circle() {
    if (!requested_) return;
    requested_ = false;
    wrapped_ = false;
    from_ = at_;
  }
  [[nodiscard]] static Slot slot_of(const Key& p) {
    Slot s;
    s.set_key(p);
    return s;
  }

  SegmentTable<Slot> slots_;
  std::uint64_t at_ = 0;    // where the cursor stands
  std::uint64_t from_ = 0;  // where the circle began
  bool wrapped_ = false;    // the circle has come to the hashes below from_
  bool scanning_ = false;
  bool requested_ = false;  // a circle that has not begun
};

}  // namespace perd::fib
