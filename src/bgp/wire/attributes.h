// Path attributes as values (RFC 4271 5, RFC 4456, RFC 1997, RFC 4360, RFC 8092, RFC 6514).
// MP_REACH_NLRI and MP_UNREACH_NLRI are not here: their next hop lands in `next_hop`, their routes
// in Update. AS numbers always have four octets here; the AS4_PATH merge (RFC 6793 4.2.3) is done
// by the decoder.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::wire {

enum class AttributeCode : std::uint8_t {
  kOrigin = 1,
  kAsPath = 2,
  kNextHop = 3,
  kMed = 4,
  kLocalPref = 5,
  kAtomicAggregate = 6,
  kAggregator = 7,
  kCommunities = 8,
  kOriginatorId = 9,
  kClusterList = 10,
  kMpReach = 14,
  kMpUnreach = 15,
  kExtendedCommunities = 16,
  kAs4Path = 17,
  kAs4Aggregator = 18,
  kPmsiTunnel = 22,
  kLargeCommunities = 32,
};

enum class Origin : std::uint8_t { kIgp = 0, kEgp = 1, kIncomplete = 2 };

enum class SegmentType : std::uint8_t {
  kSet = 1,
  kSequence = 2,
  kConfedSequence = 3,
  kConfedSet = 4
};
struct AsSegment {
  SegmentType type = SegmentType::kSequence;
  std::vector<Asn> asns;
  friend bool operator==(const AsSegment&, const AsSegment&) = default;
};
struct AsPath {
  std::vector<AsSegment> segments;
  friend bool operator==(const AsPath&, const AsPath&) = default;

  // RFC 4271 9.1.2.2 a: a set counts one, confederation segments none (RFC 5065 5.3).
  [[nodiscard]] std::size_t length() const;
  [[nodiscard]] std::optional<Asn> first()
      const;  // the neighbouring AS: first of a leading sequence
  [[nodiscard]] std::optional<Asn> origin() const;  // last of a trailing sequence
  [[nodiscard]] std::size_t count(Asn asn) const;   // occurrences in any segment
  void prepend(Asn asn, unsigned times = 1);        // RFC 4271 5.1.2 b: respects 255 per segment
};
[[nodiscard]] std::string to_string(const AsPath& path);  // "64612 64512 {65000,65001}"

struct Aggregator {
  Asn asn{};
  RouterId id{};
  friend bool operator==(const Aggregator&, const Aggregator&) = default;
};
struct LargeCommunity {
  std::uint32_t global = 0, local1 = 0, local2 = 0;
  friend bool operator==(const LargeCommunity&, const LargeCommunity&) = default;
  friend auto operator<=>(const LargeCommunity&, const LargeCommunity&) = default;
};

inline constexpr std::uint8_t kPmsiIngressReplication = 6;
struct PmsiTunnel {  // RFC 6514 5
  std::uint8_t flags = 0;
  std::uint8_t type = kPmsiIngressReplication;
  Label label{};                         // raw 24 bits
  std::vector<std::uint8_t> identifier;  // ingress replication: the endpoint, 4 or 16 octets
  friend bool operator==(const PmsiTunnel&, const PmsiTunnel&) = default;
};

// An attribute perd does not know: kept as it came; passed on only if transitive, then with the
// Partial bit (RFC 4271 5).
struct UnknownAttribute {
  std::uint8_t flags = 0;
  std::uint8_t code = 0;
  std::vector<std::uint8_t> value;
  friend bool operator==(const UnknownAttribute&, const UnknownAttribute&) = default;
};

struct PathAttributes {
  std::optional<Origin> origin;
  AsPath as_path;
  bool has_as_path = false;           // an empty AS_PATH is not an absent one
  std::optional<IpAddress> next_hop;  // of NEXT_HOP or MP_REACH_NLRI
  std::optional<IpAddress>
      link_local_next_hop;  // RFC 2545 3: the second half of a 32-octet next hop
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::optional<RouterId> originator_id;
  std::vector<RouterId> cluster_list;
  std::vector<std::uint32_t> communities;
  std::vector<LargeCommunity> large_communities;
  std::vector<ExtendedCommunity> extended_communities;
  std::optional<PmsiTunnel> pmsi;
  std::vector<UnknownAttribute> unknown;  // sorted by code
  friend bool operator==(const PathAttributes&, const PathAttributes&) = default;
};

}  // namespace perd::wire
