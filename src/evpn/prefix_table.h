// The prefixes of one VRF: a flat table (perd/segment_table.h), 16 octets per IPv4 and 28 per IPv6
// slot, no allocation per prefix. A walk that was interrupted goes on where it was, whatever was
// inserted, erased or grown meanwhile.
//
// Limits: 2^31 prefixes of a family. Pointers and references to a PrefixState live until the next
// insert or erase.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "perd/hash.h"
#include "perd/ip.h"
#include "perd/segment_table.h"

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
  static constexpr std::uint8_t kHost = 1U << 7;  // a host behind a local port, never originated
  static constexpr std::uint8_t kLocal = kConnected | kStatic | kKernel | kHost;

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
  [[nodiscard]] bool free() const { return state.length == PrefixState::kEmpty; }
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
  [[nodiscard]] bool free() const { return state.length == PrefixState::kEmpty; }
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

template <class Slot>
class PrefixTable {
 public:
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t memory() const { return slots_.memory(); }

  [[nodiscard]] PrefixState* find(const IpPrefix& prefix) {
    Slot* const slot = slots_.find(Slot::of(prefix));
    return slot == nullptr ? nullptr : &slot->state;
  }
  [[nodiscard]] const PrefixState* find(const IpPrefix& prefix) const {
    const Slot* const slot = slots_.find(Slot::of(prefix));
    return slot == nullptr ? nullptr : &slot->state;
  }
  // Finds or makes.
  [[nodiscard]] PrefixState& insert(const IpPrefix& prefix) {
    return slots_.insert(Slot::of(prefix)).state;
  }
  void erase(const IpPrefix& prefix) {
    if (const Slot* const slot = slots_.find(Slot::of(prefix))) slots_.erase(slot);
  }
  // Visits at most `budget` prefixes from the cursor on. `visit(prefix, state)` must not change the
  // table; it returns true to keep the prefix and false to erase it. Returns how many were visited.
  template <class F>
  std::size_t walk(TableCursor& cursor, std::size_t budget, F&& visit) {
    return slots_.walk(cursor, budget, 0, [&visit](Slot& slot) {
      return visit(slot.prefix(), slot.state) ? Visit::kKeep : Visit::kErase;
    });
  }
  // All prefixes, in the order of the table.
  template <class F>
  void for_each(F&& visit) const {
    slots_.for_each(visit);
  }

 private:
  SegmentTable<Slot> slots_;
};

}  // namespace perd::evpn
