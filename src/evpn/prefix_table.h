// The prefixes of one VRF: open addressing, linear probing, 16 octets per IPv4 and 28 per IPv6
// slot, no allocation per prefix.
//
// Slots are kept in the order of their hash and the home slot is monotone in the hash. So growing
// is one copy from front to back, and a walk that was interrupted goes on after the last hash it
// saw, whatever was inserted, erased or grown meanwhile: each prefix that stays is visited exactly
// once.
//
// Limits: 2^31 prefixes of a family. Pointers and references to a PrefixState live until the next
// insert or erase.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "perd/hash.h"
#include "perd/ip.h"

namespace perd::evpn {

// What a VRF knows of one prefix.
struct PrefixState {
  std::uint32_t paths = 0;       // candidates (candidate_pool.h); 0: none
  std::uint32_t set = 0;         // NextHopSetId last put into the delta
  std::uint8_t length = kEmpty;  // of the prefix
  std::uint8_t flags = 0;
  std::uint16_t epoch = 0;  // of the VRF's export settings when it was last originated

  static constexpr std::uint8_t kEmpty = 0xff;

  static constexpr std::uint8_t kConnected = 1U << 0;
  static constexpr std::uint8_t kStatic = 1U << 1;
  static constexpr std::uint8_t kKernel = 1U << 2;
  static constexpr std::uint8_t kNetwork = 1U << 3;
  static constexpr std::uint8_t kOriginated = 1U << 4;
  static constexpr std::uint8_t kOriginatedNetwork = 1U << 5;  // ... with the origin of a network
  static constexpr std::uint8_t kPending = 1U << 6;            // waits for a decision
  static constexpr std::uint8_t kLocal = kConnected | kStatic | kKernel;

  [[nodiscard]] bool has(std::uint8_t mask) const { return (flags & mask) != 0; }
  void assign(std::uint8_t mask, bool on) {
    flags = static_cast<std::uint8_t>(on ? flags | mask : flags & ~mask);
  }
  // Nothing is known and nothing was told to anybody: may be erased.
  [[nodiscard]] bool idle() const { return paths == 0 && set == 0 && flags == 0; }
};

struct SlotV4 {
  PrefixState state;
  std::uint32_t address = 0;

  [[nodiscard]] static SlotV4 of(const IpPrefix& p) {
    SlotV4 s;
    s.state.length = p.length;
    s.address = p.address.v4_value();
    return s;
  }
  [[nodiscard]] IpPrefix prefix() const { return {IpAddress::v4(address), state.length}; }
  [[nodiscard]] bool same_key(const SlotV4& o) const {
    return address == o.address && state.length == o.state.length;
  }
  [[nodiscard]] std::uint64_t hash() const {
    return mix64(std::uint64_t{address} << 8 | state.length);
  }
};
static_assert(sizeof(SlotV4) == 16);

struct SlotV6 {
  PrefixState state;
  std::array<std::uint32_t, 4> address{};  // as in memory: only compared and hashed

  [[nodiscard]] static SlotV6 of(const IpPrefix& p) {
    SlotV6 s;
    s.state.length = p.length;
    std::memcpy(s.address.data(), p.address.octets.data(), 16);
    return s;
  }
  [[nodiscard]] IpPrefix prefix() const {
    IpPrefix p;
    p.address.family = IpFamily::kIpv6;
    std::memcpy(p.address.octets.data(), address.data(), 16);
    p.length = state.length;
    return p;
  }
  [[nodiscard]] bool same_key(const SlotV6& o) const {
    return address == o.address && state.length == o.state.length;
  }
  [[nodiscard]] std::uint64_t hash() const {
    const std::uint64_t high = std::uint64_t{address[0]} << 32 | address[1];
    const std::uint64_t low = std::uint64_t{address[2]} << 32 | address[3];
    return hash_combine(hash_combine(state.length, high), low);
  }
};
static_assert(sizeof(SlotV6) == 28);

// Where an interrupted walk goes on.
struct TableCursor {
  std::uint64_t next_hash = 0;
  bool done = false;
};

template <class Slot>
class PrefixTable {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory() const { return slots_.capacity() * sizeof(Slot); }

  [[nodiscard]] PrefixState* find(const IpPrefix& prefix) {
    const std::size_t at = locate(Slot::of(prefix)).at;
    return at == kNowhere ? nullptr : &slots_[at].state;
  }
  [[nodiscard]] const PrefixState* find(const IpPrefix& prefix) const {
    const std::size_t at = locate(Slot::of(prefix)).at;
    return at == kNowhere ? nullptr : &slots_[at].state;
  }

  // Finds or makes.
  [[nodiscard]] PrefixState& insert(const IpPrefix& prefix) {
    const Slot slot = Slot::of(prefix);
    Place place = locate(slot);
    if (place.at != kNowhere) return slots_[place.at].state;
    if ((size_ + 1) * kLoadDenominator > home_slots_ * kLoadNumerator) {
      resize(std::max(kSmallest, home_slots_ + home_slots_ / 2));
      place = locate(slot);
    }
    return put(place.insert_at, slot);
  }

  void erase(const IpPrefix& prefix) {
    const std::size_t at = locate(Slot::of(prefix)).at;
    if (at == kNowhere) return;
    erase_at(at);
    shrink();
  }

  // Visits at most `budget` prefixes from the cursor on. `visit(prefix, state)` must not change the
  // table; it returns true to keep the prefix and false to erase it. Returns how many were visited.
  template <class Visit>
  std::size_t walk(TableCursor& cursor, std::size_t budget, Visit&& visit) {
    std::size_t visited = 0;
    std::uint64_t last = 0;
    for (std::size_t at = home(cursor.next_hash); at < slots_.size();) {
      const std::uint64_t hash = empty(at) ? 0 : slots_[at].hash();
      if (empty(at) || hash < cursor.next_hash) {
        ++at;
        continue;
      }
      // Prefixes of one hash are not parted, so that the cursor can name the next hash.
      if (visited >= budget && (visited == 0 || hash != last)) {
        cursor.next_hash = hash;
        return visited;
      }
      last = hash;
      ++visited;
      if (visit(slots_[at].prefix(), slots_[at].state)) {
        ++at;
      } else {
        erase_at(at);
      }
    }
    cursor.done = true;
    shrink();
    return visited;
  }

  // All prefixes, in the order of the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.state.length != PrefixState::kEmpty) visit(slot);
    }
  }

 private:
  struct Place {
    std::size_t at;         // of the prefix, or kNowhere
    std::size_t insert_at;  // where it belongs
  };
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  static constexpr std::size_t kSmallest = 16;
  static constexpr std::size_t kLoadNumerator = 4;  // at most 4/5 of the home slots are taken
  static constexpr std::size_t kLoadDenominator = 5;
  static constexpr std::size_t kTail = 32;  // slots after the last home slot, more when needed

  [[nodiscard]] bool empty(std::size_t at) const {
    return slots_[at].state.length == PrefixState::kEmpty;
  }
  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 32) * std::uint64_t{home_slots_} >> 32);
  }
  [[nodiscard]] Place locate(const Slot& key) const {
    if (slots_.empty()) return {kNowhere, 0};
    const std::uint64_t hash = key.hash();
    std::size_t at = home(hash);
    for (; at < slots_.size() && !empty(at); ++at) {
      if (slots_[at].same_key(key)) return {at, at};
      if (slots_[at].hash() > hash) break;
    }
    return {kNowhere, at};
  }

  PrefixState& put(std::size_t at, const Slot& slot) {
    std::size_t hole = at;
    while (hole < slots_.size() && !empty(hole)) ++hole;
    if (hole == slots_.size()) slots_.resize(slots_.size() + kTail);
    std::copy_backward(slots_.begin() + static_cast<std::ptrdiff_t>(at),
                       slots_.begin() + static_cast<std::ptrdiff_t>(hole),
                       slots_.begin() + static_cast<std::ptrdiff_t>(hole + 1));
    slots_[at] = slot;
    ++size_;
    return slots_[at].state;
  }

  void erase_at(std::size_t at) {
    std::size_t last = at;
    while (last + 1 < slots_.size() && !empty(last + 1) && home(slots_[last + 1].hash()) <= last) {
      slots_[last] = slots_[last + 1];
      ++last;
    }
    slots_[last] = Slot{};
    --size_;
  }

  void shrink() {
    if (size_ == 0) {
      slots_ = std::vector<Slot>();
      home_slots_ = 0;
    } else if (home_slots_ > kSmallest && size_ * 6 < home_slots_) {
      resize(std::max(kSmallest, size_ * 2));
    }
  }

  void resize(std::size_t home_slots) {
    std::vector<Slot> old(home_slots + kTail);
    old.swap(slots_);
    home_slots_ = home_slots;
    std::size_t at = 0;  // the next free slot: hashes ascend, so nothing is ever moved
    for (const Slot& slot : old) {
      if (slot.state.length == PrefixState::kEmpty) continue;
      at = std::max(at, home(slot.hash()));
      if (at >= slots_.size()) slots_.resize(at + kTail);
      slots_[at++] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t home_slots_ = 0;
  std::size_t size_ = 0;
};

}  // namespace perd::evpn
