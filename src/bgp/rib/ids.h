// The small numbers by which the parts of the RIB point to each other, and the families as types.
//
// An NLRI key is stored once, in its table; everything else says RouteId. An attribute set is
// stored once, in AttributeStore; everything else says AttrId. Ids are slab indexes: they are
// reused after the last holder let go, so whoever keeps one across turns must hold it (Table::hold,
// add_ref).
#pragma once

#include <cstdint>
#include <vector>

#include "bgp/wire/nlri.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::rib {

using AttrId = std::uint32_t;     // 0 = none
using RouteId = std::uint32_t;    // 0 = none
using NextHopId = std::uint32_t;  // 0 = none (the set has no next hop)

// A table of 2^26 routes is beyond every use of EVPN; the six spare bits of a slot are a hash tag.
inline constexpr std::uint32_t kRouteIdBits = 26;
inline constexpr std::uint32_t kMaxRoutes = (1U << kRouteIdBits) - 1;

struct NoData {
  friend bool operator==(const NoData&, const NoData&) = default;
};

// Identity of an EVPN route of a type perd does not know.
struct OpaqueKey {
  std::uint8_t type = 0;
  std::vector<std::uint8_t> octets;
  friend bool operator==(const OpaqueKey&, const OpaqueKey&) = default;
};

struct Ipv4Unicast {
  using Key = IpPrefix;
  using Data = NoData;
  using Nlri = wire::PrefixNlri;
  static constexpr Family kFamily = Family::kIpv4Unicast;
};
struct Ipv6Unicast {
  using Key = IpPrefix;
  using Data = NoData;
  using Nlri = wire::PrefixNlri;
  static constexpr Family kFamily = Family::kIpv6Unicast;
};
struct L2vpnEvpn {
  using Key = wire::EvpnKey;
  using Data = wire::EvpnData;
  using Nlri = wire::EvpnNlri;
  static constexpr Family kFamily = Family::kEvpn;
};
struct OpaqueEvpn {
  using Key = OpaqueKey;
  using Data = NoData;
  using Nlri = wire::OpaqueEvpnNlri;
  static constexpr Family kFamily = Family::kEvpn;
};

}  // namespace perd::rib
