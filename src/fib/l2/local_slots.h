// The slots of what the kernel knows of hosts behind local ports: a MAC in 24 octets, an address in
// 40. Each holds what the kernel has and what was told of it, side by side. Tables of them:
// perd/segment_table.h.
#pragma once

#include <array>
#include <cstdint>

#include "perd/desired.h"
#include "perd/hash.h"

namespace perd::fib {

// Which read of a table spoke of a slot last, and which was running when a notification did.
struct SlotEpochs {
  std::uint8_t seen = 0;
  std::uint8_t touched = 0;
};

struct LocalMacSlot {
  MacVrfId mac_vrf{};  // 0: free
  std::array<std::uint8_t, 6> mac{};
  IfIndex seen{};  // the port the bridge has it at; 0: it has not
  IfIndex told{};  // the port that was told; 0: none
  bool seen_sticky = false;
  bool told_sticky = false;
  bool queued = false;
  SlotEpochs epochs;

  [[nodiscard]] bool free() const { return mac_vrf == kNoMacVrf; }
  [[nodiscard]] bool same_key(const LocalMacSlot& o) const {
    return mac_vrf == o.mac_vrf && mac == o.mac;
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_combine(hash_bytes(mac), mac_vrf.value); }
  [[nodiscard]] bool idle() const { return seen == IfIndex{} && told == IfIndex{}; }
};

static_assert(sizeof(LocalMacSlot) == 24);

// One state of a neighbour entry.
struct NeighbourFace {
  MacAddress mac{};
  NeighbourNews news = NeighbourNews::kGone;
  bool permanent = false;
  bool router = false;
  friend bool operator==(const NeighbourFace&, const NeighbourFace&) = default;
  [[nodiscard]] bool gone() const { return news == NeighbourNews::kGone; }
};

struct LocalNeighbourSlot {
  MacVrfId mac_vrf{};  // 0: free
  IpAddress address{};
  NeighbourFace seen;
  NeighbourFace told;
  bool queued = false;
  SlotEpochs epochs;

  [[nodiscard]] bool free() const { return mac_vrf == kNoMacVrf; }
  [[nodiscard]] bool same_key(const LocalNeighbourSlot& o) const {
    return mac_vrf == o.mac_vrf && address == o.address;
  }
  [[nodiscard]] std::uint64_t hash() const {
    return hash_combine(hash_value(address), mac_vrf.value);
  }
  [[nodiscard]] bool idle() const { return seen.gone() && told.gone(); }
};
static_assert(sizeof(LocalNeighbourSlot) == 40);

}  // namespace perd::fib
