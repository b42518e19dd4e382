// Which VRFs import a route, by its route targets (RFC 4364 4.3.1). Exact targets are looked up by
// their eight octets, wildcards `*:number` by the number: four octets of a two-octet-AS target, two
// of the other forms. Agrees with RouteTargetMatch::matches(), which the tests check.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "perd/evpn_ids.h"
#include "perd/ids.h"

namespace perd::evpn {

class RouteTargetIndex {
 public:
  void clear();
  void add(VrfId vrf, const RouteTargetMatch& match);
  // Appends the VRFs that take any of the communities; `out` ends up sorted and without repetition.
  void match(std::span<const ExtendedCommunity> communities, std::vector<VrfId>& out) const;

 private:
  // Looked up only, never walked.
  std::unordered_map<std::uint64_t, std::vector<VrfId>> exact_;
  std::unordered_map<std::uint32_t, std::vector<VrfId>> any_admin_;
};

}  // namespace perd::evpn
