// Why a path is the best, or why it is not: one value per outcome of the decision process.
#pragma once

#include <cstdint>
#include <string_view>

namespace perd::rib {

// Of the best path: the step at which its last rival fell. Of any other: the step at which it fell
// itself, kMultipath when it is used beside the best, or what keeps it out of the contest. The last
// two are given by the contest of routes inside a VRF (evpn) alone.
enum class Reason : std::uint8_t {
  kNone,  // not decided yet
  kOnlyPath,
  kLocalOrigin,
  kLocalPref,
  kAsPathLength,
  kOrigin,
  kMed,
  kEbgp,
  kIgpMetric,
  kMultipath,
  kRouterId,
  kClusterList,
  kPeerAddress,
  kPathId,
  // Not a candidate:
  kNextHopUnreachable,
  kAsLoop,
  kFirstAs,
  kOwnNextHop,
  kOriginatorLoop,
  kClusterLoop,
  kPolicy,
  kStale,
  kMacMobility,
  kVtepAddress,
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kVtepAddress) + 1;

[[nodiscard]] constexpr bool is_candidate(Reason r) { return r < Reason::kNextHopUnreachable; }
[[nodiscard]] std::string_view to_string(Reason reason);  // "as-path-length"

}  // namespace perd::rib
