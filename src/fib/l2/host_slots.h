// The slots of a MAC-VRF's entries: desired and observed state of a remote MAC, of a remote host's
// address, of a flood destination, in 20, 16 (IPv4), 28 (IPv6) and 24 octets. Tables of them:
// RouteTable. What the bits mean together is the programmers' knowledge.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "perd/hash.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::fib {

// Bits of `flags` that all kinds share.
inline constexpr std::uint32_t kHostInFlight = 1U << 0;  // an operation is not answered yet
inline constexpr std::uint32_t kHostErasing = 1U << 1;   // it is an erase
inline constexpr std::uint32_t kHostEcho = 1U << 2;      // its notification came before the answer
inline constexpr std::uint32_t kHostDoubt = 1U << 3;     // what is in flight may have been undone
inline constexpr std::uint32_t kHostAdopted = 1U << 4;   // of an earlier run, not wanted so far
inline constexpr std::uint32_t kHostQueued = 1U << 5;    // stands in the queue of dirty keys
inline constexpr std::uint32_t kHostUrgent = 1U << 6;    // a single change: before all others
inline constexpr std::uint32_t kHostSuspect = 1U << 7;   // somebody changed what we wrote
inline constexpr std::uint32_t kHostMarked = 1U << 8;    // seen since the running dump began
inline constexpr std::uint32_t kHostTouched = 1U << 9;   // by a notification: newer than the dump

// ---- MACs ---------------------------------------------------------------------------------------

// The bridge's half of a MAC.
enum class BridgeHalf : std::uint8_t {
  kAbsent,   // or learned where our put simply moves it from
  kOwn,      // at the VXLAN port, extern_learn
  kSticky,   // at the VXLAN port, sticky
  kBare,     // at the VXLAN port, but the kernel ignored the mark
  kLocal,    // a local port took it from us
  kForeign,  // an operator's: permanent or static
};
[[nodiscard]] constexpr bool at_vxlan_port(BridgeHalf half) {
  return half == BridgeHalf::kOwn || half == BridgeHalf::kSticky || half == BridgeHalf::kBare;
}
inline constexpr unsigned kBridgeShift = 16;
inline constexpr std::uint32_t kBridgeMask = 7U << kBridgeShift;
inline constexpr std::uint32_t kMacSticky = 1U << 10;      // wanted so
inline constexpr std::uint32_t kMacSeenSticky = 1U << 11;  // the VXLAN device's half is so
inline constexpr std::uint32_t kMacYield = 1U
                                           << 12;  // a local port has it: wait for routing's word
inline constexpr std::uint32_t kMacBridgeMarked = 1U << 13;
inline constexpr std::uint32_t kMacBridgeTouched = 1U << 14;
inline constexpr std::uint32_t kMacBridgeMine = 1U << 15;  // this run wrote the bridge's half
// What is known of the bridge's half is newer than the operation in flight, or may be.
inline constexpr std::uint32_t kMacBridgeTold = 1U << 19;
// In doubt, and what may be there is nothing that a put replaces.
inline constexpr std::uint32_t kMacOddShape = 1U << 20;

struct MacSlot {
  using Key = MacAddress;
  std::array<std::uint8_t, 6> mac{};  // zero: free
  std::uint16_t reason = 0;           // of the refusal; 0: none
  std::uint32_t set = 0;              // index of the desired set (VtepSetStore); 0: not wanted
  std::uint32_t seen = 0;             // the VXLAN device's half: a way (Ways); 0: nothing
  std::uint32_t flags = 0;

  static constexpr IpFamily kFamily = IpFamily::kIpv4;  // has none; for the account of refusals
  [[nodiscard]] bool free() const { return mac == std::array<std::uint8_t, 6>{}; }
  [[nodiscard]] bool same_key(const MacSlot& o) const { return mac == o.mac; }
  void set_key(const MacAddress& m) { mac = m.octets; }
  [[nodiscard]] MacAddress key() const { return MacAddress{mac}; }
  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t word = 0;
    for (const std::uint8_t octet : mac) word = word << 8 | octet;
    return mix64(word + 0x9e3779b97f4a7c15ULL);
  }
  [[nodiscard]] BridgeHalf bridge() const {
    return static_cast<BridgeHalf>((flags & kBridgeMask) >> kBridgeShift);
  }
  void set_bridge(BridgeHalf half) {
    flags = (flags & ~kBridgeMask) | static_cast<std::uint32_t>(half) << kBridgeShift;
  }
};
static_assert(sizeof(MacSlot) == 20);

// ---- neighbours ---------------------------------------------------------------------------------

inline constexpr std::uint32_t kHostWantRemote = 1U << 10;  // perd's entry
inline constexpr std::uint32_t kHostWantLocal = 1U << 11;   // perd's entry becomes the kernel's own
inline constexpr std::uint32_t kHostWantRouter = 1U << 12;
inline constexpr std::uint32_t kHostSeenOwn = 1U << 13;
inline constexpr std::uint32_t kHostSeenForeign = 1U << 14;  // an operator's
inline constexpr std::uint32_t kHostSeenRouter = 1U << 15;   // own and unwanted: it is a router's
inline constexpr std::uint32_t kHostSame = 1U << 16;         // own, and as it is wanted
inline constexpr std::uint32_t kHostOutdated = 1U << 17;     // the wish changed after the launch
inline constexpr std::uint32_t kHostHandover = 1U << 18;     // in flight: it becomes the kernel's

// `mac`: of the wish; of what was seen when there is none.
struct NeighbourSlotV4 {
  using Key = IpAddress;
  std::uint32_t address = 0;  // 0: free
  std::array<std::uint8_t, 6> mac{};
  std::uint16_t reason = 0;
  std::uint32_t flags = 0;

  static constexpr IpFamily kFamily = IpFamily::kIpv4;
  [[nodiscard]] bool free() const { return address == 0; }
  [[nodiscard]] bool same_key(const NeighbourSlotV4& o) const { return address == o.address; }
  void set_key(const IpAddress& a) { address = a.v4_value(); }
  [[nodiscard]] IpAddress key() const { return IpAddress::v4(address); }
  [[nodiscard]] std::uint64_t hash() const { return mix64(address + 0x9e3779b97f4a7c15ULL); }
};
static_assert(sizeof(NeighbourSlotV4) == 16);

struct NeighbourSlotV6 {
  using Key = IpAddress;
  std::array<std::uint8_t, 16> address{};  // zero: free
  std::array<std::uint8_t, 6> mac{};
  std::uint16_t reason = 0;
  std::uint32_t flags = 0;

  static constexpr IpFamily kFamily = IpFamily::kIpv6;
  [[nodiscard]] bool free() const { return address == std::array<std::uint8_t, 16>{}; }
  [[nodiscard]] bool same_key(const NeighbourSlotV6& o) const { return address == o.address; }
  void set_key(const IpAddress& a) { address = a.octets; }
  [[nodiscard]] IpAddress key() const { return IpAddress{address, IpFamily::kIpv6}; }
  [[nodiscard]] std::uint64_t hash() const { return hash_bytes(address); }
};
static_assert(sizeof(NeighbourSlotV6) == 28);

// ---- flood lists --------------------------------------------------------------------------------

inline constexpr std::uint32_t kFloodWanted = 1U << 10;
inline constexpr std::uint32_t kFloodSeenOwn = 1U << 11;
inline constexpr std::uint32_t kFloodSeenForeign = 1U << 12;

struct FloodSlot {
  using Key = IpAddress;
  std::array<std::uint8_t, 16> address{};
  std::uint8_t family = 0;  // 0: free
  std::uint16_t reason = 0;
  std::uint32_t flags = 0;

  static constexpr IpFamily kFamily = IpFamily::kIpv4;  // as MacSlot::kFamily
  [[nodiscard]] bool free() const { return family == 0; }
  [[nodiscard]] bool same_key(const FloodSlot& o) const {
    return family == o.family && address == o.address;
  }
  void set_key(const IpAddress& a) {
    address = a.octets, family = static_cast<std::uint8_t>(a.family);
  }
  [[nodiscard]] IpAddress key() const { return {address, static_cast<IpFamily>(family)}; }
  [[nodiscard]] std::uint64_t hash() const { return hash_bytes(address, family); }
};
static_assert(sizeof(FloodSlot) == 24);

}  // namespace perd::fib
