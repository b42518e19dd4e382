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

// What the segment is joined to on the host's side (per.yaml, hostMaster).
enum class HostMaster : std::uint8_t {
  kNone,
  kManaged,   // a bridge br-hs-<VNI> that perd makes, joined by a veth pair
  kExternal,  // a bridge that somebody else keeps, joined by a veth pair
};

// The devices of one L2VNI, a MAC-VRF with one broadcast domain (RFC 7432 6.1): bridge, VXLAN
// device, local ports, anycast gateway.
struct WantedMacVrf {
  MacVrfId id{};
  std::string name;
  Vni vni{};
  std::uint16_t vxlan_port = 4789;
  IpAddress local_vtep{};
  VrfId vrf{};                             // the routing domain; kDefaultVrf: layer 2 only
  std::vector<InterfaceAddress> gateways;  // on the bridge, the same on every node
  MacAddress bridge_mac{};                 // gatewayMAC; the same on every node
  bool bridge_mac_configured = false;      // else an adopted bridge keeps its own
  std::vector<std::string> interfaces;     // ports of the bridge
  HostMaster host_master = HostMaster::kNone;
  std::string host_bridge;           // of kExternal
  std::optional<std::uint32_t> mtu;  // none: the underlay's less the encapsulation
  bool neighbour_suppression = true;
  friend bool operator==(const WantedMacVrf&, const WantedMacVrf&) = default;
};

struct WantedNode {
  std::vector<IpAddress> tunnel_addresses;  // on lo
  std::vector<WantedVrf> vrfs;
  std::vector<WantedMacVrf> mac_vrfs;
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

// ---- wanted, from layer 2
// ------------------------------------------------------------------------

using VtepSetId = std::uint32_t;  // 0: none

// Where the frames for a remote MAC go: one VTEP, or all of its Ethernet segment (aliasing, RFC
// 7432 8.4). Interned by the producer, per MAC-VRF; a change under the same id moves every MAC that
// uses it.
struct VtepSet {
  VtepSetId id = 0;
  MacVrfId mac_vrf{};
  Vni vni{};                     // to send with (RFC 8365 5.1.3)
  std::vector<IpAddress> vteps;  // sorted; never empty
  friend bool operator==(const VtepSet&, const VtepSet&) = default;
};

// A remote MAC. set == 0 erases.
struct DesiredMac {
  MacVrfId mac_vrf{};
  MacAddress mac{};
  VtepSetId set = 0;
  bool sticky = false;  // RFC 7432 15.2: no local port takes it over
  bool urgent = false;  // DesiredRoute::urgent
  friend bool operator==(const DesiredMac&, const DesiredMac&) = default;
};

// The address of a host, as a neighbour on the bridge.
enum class NeighbourWish : std::uint8_t {
  kNone,    // perd's entry goes
  kRemote,  // perd's entry: suppression answers for it, routing uses it
  kLocal,  // the host is here: perd's entry becomes one of the kernel's own, with this MAC, at once
};
struct DesiredNeighbour {
  MacVrfId mac_vrf{};
  IpAddress address{};
  MacAddress mac{};
  NeighbourWish wish = NeighbourWish::kNone;
  bool router = false;  // RFC 9047 2
  bool urgent = false;
  friend bool operator==(const DesiredNeighbour&, const DesiredNeighbour&) = default;
};

// Who gets a copy of broadcast, unknown unicast and multicast (RFC 7432 11, RFC 8365 5.1).
struct DesiredFlood {
  MacVrfId mac_vrf{};
  IpAddress vtep{};
  bool gone = false;
  friend bool operator==(const DesiredFlood&, const DesiredFlood&) = default;
};

// Something to say to the hosts behind the local ports of a MAC-VRF.
enum class HostMessageKind : std::uint8_t {
  kProbe,     // are you still there? an ARP request or a neighbour solicitation, to this MAC only
  kAnnounce,  // this address is at this MAC, elsewhere: gratuitous ARP or unsolicited NA, all ports
  kRarp,      // this MAC is elsewhere: switches behind the ports learn it; address unspecified
};
struct HostMessage {
  MacVrfId mac_vrf{};
  HostMessageKind kind{};
  MacAddress mac{};
  IpAddress address{};
  std::uint32_t port = 0;  // kProbe: LocalMac::port; 0: every port
  friend bool operator==(const HostMessage&, const HostMessage&) = default;
};

// Applied in this order: sets, macs and the others, dead sets.
struct L2Delta {
  std::vector<VtepSet> sets;
  std::vector<DesiredMac> macs;
  std::vector<DesiredNeighbour> neighbours;
  std::vector<DesiredFlood> floods;
  std::vector<HostMessage> messages;
  std::vector<VtepSetId> released_sets;
  [[nodiscard]] bool empty() const {
    return sets.empty() && macs.empty() && neighbours.empty() && floods.empty() &&
           messages.empty() && released_sets.empty();
  }
};

// ---- learned from the kernel --------------------------------------------------------------------

enum class LocalRouteKind : std::uint8_t {
  kConnected,
  kStatic,
  kKernel,
  kHost,  // a host behind a local port of a routed MAC-VRF; never originated as type 5
};

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

// State of a MAC-VRF's devices. Type 2 and 3 routes are originated only while `up`.
struct MacVrfState {
  MacVrfId mac_vrf{};
  bool up = false;
  IpAddress local_vtep{};
  MacAddress own_mac{};        // of the bridge: never a host's
  std::uint32_t ageing = 300;  // seconds after which the bridge forgets a silent MAC; 0: never
  std::string problem;
  friend bool operator==(const MacVrfState&, const MacVrfState&) = default;
};

// A MAC behind a local port, as the bridge learned it or an operator put it there. Told when it
// comes, moves to another port, changes its kind, goes; after a read of the tables only differences
// are told. `port` names the port; only fib knows what it stands for (Fib::port_name).
struct LocalMac {
  MacVrfId mac_vrf{};
  MacAddress mac{};
  std::uint32_t port = 0;
  bool sticky = false;     // NTF_STICKY, or permanent: RFC 7432 15.2
  bool gone = false;       // `port` is the last one
  bool port_down = false;  // gone, and so is the port: no use in asking the host
  friend bool operator==(const LocalMac&, const LocalMac&) = default;
};

// A neighbour entry on the bridge that perd did not write.
enum class NeighbourNews : std::uint8_t {
  kReachable,  // confirmed just now
  kStale,      // known, not confirmed lately; DELAY and PROBE count as this
  kFailed,     // the kernel asked and got no answer
  kGone,       // the entry is deleted
};
struct LocalNeighbour {
  MacVrfId mac_vrf{};
  IpAddress address{};
  MacAddress mac{};
  NeighbourNews news{};
  bool permanent = false;  // an operator's: never probed, never given up
  bool router = false;
  friend bool operator==(const LocalNeighbour&, const LocalNeighbour&) = default;
};

// A host behind a local port said who it is: ARP, RARP (no address), neighbour advertisement or
// solicitation. Not told for what perd said itself.
struct HostHeard {
  MacVrfId mac_vrf{};
  std::uint32_t port = 0;
  MacAddress mac{};
  IpAddress address{};        // unspecified: the MAC alone
  bool announcement = false;  // gratuitous ARP, unsolicited NA, RARP: it may have moved here
  bool router = false;
  friend bool operator==(const HostHeard&, const HostHeard&) = default;
};

using LocalKnowledge = std::variant<LocalRoute, VrfState, NextHopState, MacVrfState, LocalMac,
                                    LocalNeighbour, HostHeard>;

}  // namespace perd
