// Where EVPN and BGP meet the kernel side: what should hold, in the words of VRF, VNI and VTEP. No
// interface index and no Linux word; fib expands it (src/fib/expander.h). Also the way back: what
// fib learned from the kernel, translated.
//
// Routes refer to next-hop sets by a number that the producer interned, so that a million routes
// over one VTEP carry four octets each and a change of the set is one message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd {

// ---- wanted, from configuration -----------------------------------------------------------------

struct StaticRoute {
  IpPrefix prefix;
  IpAddress via;
  friend bool operator==(const StaticRoute&, const StaticRoute&) = default;
};

// The devices of one L3VNI: VRF, bridge, VXLAN.
struct WantedVrf {
  VrfId id{};
  std::string name;
  std::optional<TableId>
      table;               // none: the adopted VRF's, else the first free, stable across restarts
  bool vrf_device = true;  // false: `ip rule iif` instead
  std::vector<std::string> interfaces;
  std::vector<StaticRoute> static_routes;
  Vni vni{};
  std::uint16_t vxlan_port = 4789;
  IpAddress local_vtep{};
  std::optional<MacAddress>
      router_mac;  // configured; none: the adopted bridge's, else `default_mac`
  MacAddress default_mac{};
  friend bool operator==(const WantedVrf&, const WantedVrf&) = default;
};

struct WantedNode {
  std::vector<IpAddress> tunnel_addresses;  // on lo
  std::vector<WantedVrf> vrfs;
  std::uint8_t route_protocol = 179;
  bool install = true;
  std::vector<std::string> underlay_interfaces;  // for the MTU
  friend bool operator==(const WantedNode&, const WantedNode&) = default;
};

// ---- wanted, from routing -----------------------------------------------------------------------

using NextHopSetId = std::uint32_t;  // 0: none

// One way to a prefix. Over the fabric: `vtep`, `router_mac` and the VNI to send with (RFC
// 9136 4.4.1). In the underlay: a gateway address, which fib resolves to a link.
struct TunnelHop {
  IpAddress vtep{};
  MacAddress router_mac{};
  Vni vni{};
  friend bool operator==(const TunnelHop&, const TunnelHop&) = default;
  friend auto operator<=>(const TunnelHop&, const TunnelHop&) = default;
};
struct NextHopSet {
  NextHopSetId id = 0;
  VrfId vrf{};                      // 0: the default VRF, with `gateways`; else with `tunnels`
  std::vector<TunnelHop> tunnels;   // sorted
  std::vector<IpAddress> gateways;  // sorted
  friend bool operator==(const NextHopSet&, const NextHopSet&) = default;
};

// set == 0 erases.
struct DesiredRoute {
  VrfId vrf{};
  IpPrefix prefix{};
  NextHopSetId set = 0;
  bool urgent = false;  // a single change: it goes before what waits in bulk
  friend bool operator==(const DesiredRoute&, const DesiredRoute&) = default;
};

// Applied in this order: sets, routes, dead sets.
struct DesiredDelta {
  std::vector<NextHopSet> sets;  // new or changed under the same id
  std::vector<DesiredRoute> routes;
  std::vector<NextHopSetId> released_sets;  // no route uses them any more
  void clear() { sets.clear(), routes.clear(), released_sets.clear(); }
  [[nodiscard]] bool empty() const {
    return sets.empty() && routes.empty() && released_sets.empty();
  }
};

// ---- learned from the kernel --------------------------------------------------------------------

enum class LocalRouteKind : std::uint8_t { kConnected, kStatic, kKernel };

// A foreign route of a VRF's table (VrfId 0: the main table), told once per prefix and kind.
struct LocalRoute {
  VrfId vrf{};
  IpPrefix prefix{};
  LocalRouteKind kind = LocalRouteKind::kConnected;
  std::uint32_t metric = 0;
  bool gone = false;
  friend bool operator==(const LocalRoute&, const LocalRoute&) = default;
};

// State of a VRF's devices. A type-5 route is originated only while `up`.
struct VrfState {
  VrfId vrf{};
  bool up = false;
  TableId table{};
  MacAddress router_mac{};
  IpAddress local_vtep{};
  std::string problem;  // why it is not up, for people: "no link vni100", "bridge br100 is down"
  friend bool operator==(const VrfState&, const VrfState&) = default;
};

// The answer to a tracked next hop (RFC 4271 9.1.2.1), again whenever it changes.
struct NextHopState {
  IpAddress address{};
  bool reachable = false;
  bool connected = false;    // on a link of ours
  std::uint32_t metric = 0;  // of the route it resolves through
  friend bool operator==(const NextHopState&, const NextHopState&) = default;
};

using LocalKnowledge = std::variant<LocalRoute, VrfState, NextHopState>;

}  // namespace perd
