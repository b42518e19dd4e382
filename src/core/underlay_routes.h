// What the underlay's unicast Loc-RIB means for the kernel's main table: the next hops of the
// chosen paths of a prefix become an interned NextHopSet of gateways, and the prefix a DesiredRoute
// of the default VRF. Resolution of the gateways to links is fib's work (RFC 4271 9.1.2.1, 5.1.3).
//
// Numbers of sets have the top bit set, so that they never meet those of the EVPN engine.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "perd/desired.h"
#include "perd/ip.h"
#include "perd/memory.h"

namespace perd {

class UnderlayRoutes {
 public:
  // `gateways` empty: the prefix is not to be in the kernel (any more).
  // `urgent`: DesiredRoute::urgent.
  void set(const IpPrefix& prefix, std::vector<IpAddress> gateways, bool urgent = false);
  [[nodiscard]] const DesiredDelta& delta() const { return delta_; }
  // The delta has been applied: its released numbers may be used again.
  void clear_delta();
  [[nodiscard]] std::size_t size() const { return routes_.size(); }
  [[nodiscard]] std::size_t memory() const { return node_octets(routes_) + node_octets(sets_); }

 private:
  struct Set {
    NextHopSetId id = 0;
    std::uint32_t users = 0;
  };
  using Sets = std::map<std::vector<IpAddress>, Set>;

  void release(Sets::iterator set);

  Sets sets_;
  std::unordered_map<IpPrefix, Sets::iterator> routes_;
  std::vector<NextHopSetId> free_ids_;
  NextHopSetId next_id_ = 0x80000001U;
  DesiredDelta delta_;
};

}  // namespace perd
