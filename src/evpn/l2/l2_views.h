// Read-only answers of the layer 2 engine for perctl. Copies, made on demand, bounded by what was
// asked.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bgp/wire/nlri.h"
#include "perd/desired.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::evpn {

// Why a route of type 1, 2 or 3 is not used by any MAC-VRF.
enum class L2Refusal : std::uint8_t {
  kNone,
  kRouteType,           // not layer 2
  kNoRouteTarget,       // no MAC-VRF imports any of its route targets
  kOwnRoute,            // originated here
  kOwnNextHop,          // learned, but its next hop is a tunnel address of ours
  kMartianNextHop,      // RFC 4271 6.3
  kUnreachableNextHop,  // the underlay has no way to the VTEP
  kVtepFamily,          // VTEP of the other IP version than the tunnel of the MAC-VRF
  kEncapsulation,       // RFC 8365 5.1.3: encapsulations named, VXLAN not among them
  kTunnelType,          // type 3: PMSI tunnel that is not ingress replication (RFC 6514 5)
  kNoLabel,             // label 0
  kBadMac,              // zero or a group address
  kOwnMac,              // of a bridge or router of ours: its gateway's
};
inline constexpr std::size_t kL2RefusalCount = static_cast<std::size_t>(L2Refusal::kOwnMac) + 1;
[[nodiscard]] std::string_view to_string(L2Refusal refusal);    // "no-route-target"
[[nodiscard]] std::string_view explanation(L2Refusal refusal);  // for people

struct MacVrfView {
  MacVrfId id{};
  std::string name;
  Vni vni{};
  VrfId vrf{};  // kDefaultVrf: layer 2 only
  bool up = false;
  std::string problem;
  IpAddress vtep{};
  std::uint32_t local_macs = 0;
  std::uint32_t remote_macs = 0;
  std::uint32_t local_neighbours = 0;
  std::uint32_t remote_neighbours = 0;
  std::uint32_t frozen_macs = 0;
  std::uint32_t originated = 0;  // type 2 and 3 routes
  std::vector<IpAddress> flood;  // remote VTEPs, sorted
};

enum class HostPlace : std::uint8_t { kNowhere, kLocal, kRemote };

struct MacView {
  MacAddress mac{};
  HostPlace place = HostPlace::kNowhere;
  std::uint32_t port = 0;             // kLocal
  std::vector<IpAddress> vteps;       // kRemote
  EthernetSegmentId esi{};            // kRemote, zero: single-homed
  std::uint32_t sequence = 0;         // the one in force
  std::uint32_t remote_sequence = 0;  // greatest heard of
  bool sticky = false;
  bool default_gateway = false;      // kRemote: Default Gateway community (RFC 7432 10.1)
  bool frozen = false;               // duplicate (RFC 7432 15.1)
  unsigned moves = 0;                // within the present window
  bool probing = false;              // kLocal: some address of it is being asked
  std::vector<IpAddress> addresses;  // bound to it, sorted; empty in pages
  std::uint32_t address_count = 0;
  std::uint32_t candidates = 0;  // remote routes
};

struct NeighbourView {
  IpAddress address{};
  MacAddress mac{};
  HostPlace place = HostPlace::kNowhere;
  IpAddress vtep{};  // kRemote
  std::uint32_t sequence = 0;
  bool router = false;
  bool permanent = false;  // kLocal
  bool probing = false;    // kLocal
};

struct L2VtepView {
  IpAddress address{};
  std::vector<Vni> flood;  // VNIs it takes part in, sorted
  std::uint32_t macs = 0;  // MACs reached by it
};

struct EthernetSegmentView {
  EthernetSegmentId esi{};
  bool single_active = false;
  std::vector<IpAddress> vteps;  // with an A-D route per ES, sorted
  std::uint32_t macs = 0;
};

struct L2Counters {
  std::array<std::uint32_t, kL2RefusalCount> routes{};  // by L2Refusal, kNone: used
  std::uint64_t moves = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t probes_sent = 0;
  std::uint64_t hosts_silent = 0;  // withdrawn after failed probes
  std::uint32_t vtep_sets = 0;
};

}  // namespace perd::evpn
