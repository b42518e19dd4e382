// Network layer reachability information as values.
//
// An EVPN route splits into a key (identity) and data: ESI, labels and gateway are not part of the
// identity (RFC 7432 7.2, RFC 9136 3.1), so a change of them is an update of the same route.
//
//   type 1  RD 8 | ESI 10 | tag 4 | label 3                                         (25 octets)
//   type 2  RD 8 | ESI 10 | tag 4 | 48 | MAC 6 | IP bits 1 | IP 0/4/16 | label 3 | [label 3]
//   type 3  RD 8 | tag 4 | IP bits 1 | originator 4/16                              (17, 29)
//   type 4  RD 8 | ESI 10 | IP bits 1 | originator 4/16                             (23, 35)
//   type 5  RD 8 | ESI 10 | tag 4 | prefix bits 1 | prefix 4/16 | gateway 4/16 | label 3  (34, 58)
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::wire {

enum class EvpnRouteType : std::uint8_t {
  kEthernetAd = 1,
  kMacIp = 2,
  kInclusiveMulticast = 3,
  kEthernetSegment = 4,
  kIpPrefix = 5,
};

// One flat shape for types 1 to 5; fields that a type does not have are zero, so == works for all.
struct EvpnKey {
  EvpnRouteType type = EvpnRouteType::kIpPrefix;
  std::uint8_t ip_bits = 0;  // type 2: 0, 32, 128; types 3, 4: 32, 128; type 5: the family's width
  std::uint8_t prefix_length = 0;  // type 5
  RouteDistinguisher rd{};
  EthernetTag tag{};        // types 1, 2, 3, 5
  EthernetSegmentId esi{};  // types 1, 4
  MacAddress mac{};         // type 2
  std::array<std::uint8_t, 16>
      ip{};  // type 2 host, types 3 and 4 originator, type 5 prefix (masked)

  friend constexpr bool operator==(const EvpnKey&, const EvpnKey&) = default;
  friend constexpr auto operator<=>(const EvpnKey&, const EvpnKey&) = default;

  [[nodiscard]] IpPrefix prefix() const;                   // type 5
  [[nodiscard]] std::optional<IpAddress> address() const;  // types 2, 3, 4
  [[nodiscard]] static EvpnKey ip_prefix(const RouteDistinguisher& rd, EthernetTag tag,
                                         const IpPrefix& prefix);
};
[[nodiscard]] std::uint64_t hash_value(const EvpnKey& key);
// FRR's form: "[5]:[0]:[24]:[192.168.10.0]", "[2]:[0]:[48]:[aa:..]:[32]:[10.0.0.5]", ...
[[nodiscard]] std::string to_string(const EvpnKey& key);

struct EvpnData {
  Label label1{};                    // types 1, 2, 5: the raw 24 bits
  std::optional<Label> label2;       // type 2
  EthernetSegmentId esi{};           // types 2, 5
  std::optional<IpAddress> gateway;  // type 5; none when zero on the wire
  friend bool operator==(const EvpnData&, const EvpnData&) = default;
};

struct EvpnNlri {
  EvpnKey key;
  EvpnData data;
  std::uint32_t path_id = 0;  // RFC 7911; 0 when add-path is not negotiated
  friend bool operator==(const EvpnNlri&, const EvpnNlri&) = default;
};

// A route type perd does not know: kept octet by octet, never an error (RFC 7606 5.4).
struct OpaqueEvpnNlri {
  std::uint8_t type = 0;
  std::vector<std::uint8_t> octets;  // after type and length
  std::uint32_t path_id = 0;
  friend bool operator==(const OpaqueEvpnNlri&, const OpaqueEvpnNlri&) = default;
};

struct PrefixNlri {
  IpPrefix prefix;
  std::uint32_t path_id = 0;
  friend bool operator==(const PrefixNlri&, const PrefixNlri&) = default;
};

}  // namespace perd::wire
