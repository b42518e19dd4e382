// The numbers of this field, each its own type. Ranges that matter are checked where text or octets
// become a value (config loader, wire decoder), so a value of these types is always legal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "perd/strong.h"

namespace perd {

using Asn =
    Strong<struct AsnTag, std::uint32_t>;  // RFC 6793: four octets, 0 is reserved (RFC 7607)
using RouterId =
    Strong<struct RouterIdTag, std::uint32_t>;     // BGP Identifier, host order (RFC 6286)
using Vni = Strong<struct VniTag, std::uint32_t>;  // 1..2^24-1 (RFC 7348)
using EthernetTag = Strong<struct EthernetTagTag, std::uint32_t>;  // RFC 7432 7
using Label = Strong<struct LabelTag, std::uint32_t>;      // the raw 24 bits of an EVPN label field
using TableId = Strong<struct TableIdTag, std::uint32_t>;  // kernel routing table; 254 is main
using IfIndex = Strong<struct IfIndexTag, std::uint32_t>;  // kernel interface index; 0 is none
using PeerId = Strong<struct PeerIdTag, std::uint16_t>;    // index of a neighbour; 0 is perd itself
using VrfId = Strong<struct VrfIdTag, std::uint16_t>;      // index of a VRF; 0 is the default VRF
using MacVrfId =
    Strong<struct MacVrfIdTag, std::uint16_t>;  // index of a MAC-VRF (RFC 7432 3); 0 is none
using ConnectionId =
    Strong<struct ConnectionIdTag, std::uint32_t>;  // one TCP connection; 0 is none

inline constexpr TableId kMainTable{254};
inline constexpr PeerId kLocalPeer{0};
inline constexpr VrfId kDefaultVrf{0};
inline constexpr MacVrfId kNoMacVrf{0};
inline constexpr std::uint32_t kVniMax = (1U << 24) - 1;

// RFC 6793 9: stands for a four-octet AS number in a two-octet field.
inline constexpr Asn kAsTrans{23456};

[[nodiscard]] std::string to_string(RouterId id);  // dotted quad
[[nodiscard]] std::optional<RouterId> parse_router_id(std::string_view text);

// Address families as on the wire (RFC 4760, RFC 7432).
enum class Afi : std::uint16_t { kIpv4 = 1, kIpv6 = 2, kL2vpn = 25 };
enum class Safi : std::uint8_t { kUnicast = 1, kEvpn = 70 };

// The families perd speaks, as a dense index.
enum class Family : std::uint8_t { kIpv4Unicast = 0, kIpv6Unicast = 1, kEvpn = 2 };
inline constexpr std::size_t kFamilyCount = 3;
inline constexpr Family kAllFamilies[kFamilyCount] = {Family::kIpv4Unicast, Family::kIpv6Unicast,
                                                      Family::kEvpn};

[[nodiscard]] constexpr Afi afi_of(Family f) {
  return f == Family::kIpv4Unicast   ? Afi::kIpv4
         : f == Family::kIpv6Unicast ? Afi::kIpv6
                                     : Afi::kL2vpn;
}
[[nodiscard]] constexpr Safi safi_of(Family f) {
  return f == Family::kEvpn ? Safi::kEvpn : Safi::kUnicast;
}
[[nodiscard]] constexpr std::optional<Family> family_of(std::uint16_t afi, std::uint8_t safi) {
  if (afi == 1 && safi == 1) return Family::kIpv4Unicast;
  if (afi == 2 && safi == 1) return Family::kIpv6Unicast;
  if (afi == 25 && safi == 70) return Family::kEvpn;
  return std::nullopt;
}
// "ipv4unicast", "ipv6unicast", "evpn": the words of per.yaml, perctl and the events.
[[nodiscard]] std::string_view to_string(Family f);

// A set of families.
struct FamilySet {
  std::uint8_t bits = 0;
  constexpr void add(Family f) {
    bits = static_cast<std::uint8_t>(bits | (1U << static_cast<unsigned>(f)));
  }
  constexpr void remove(Family f) {
    bits = static_cast<std::uint8_t>(bits & ~(1U << static_cast<unsigned>(f)));
  }
  [[nodiscard]] constexpr bool has(Family f) const {
    return ((bits >> static_cast<unsigned>(f)) & 1U) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return bits == 0; }
  friend constexpr bool operator==(FamilySet, FamilySet) = default;
};

}  // namespace perd
