// Read-only answers of the engine for perctl. Copies, made on demand, bounded by what was asked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bgp/wire/nlri.h"
#include "evpn/refusal.h"
#include "perd/desired.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::evpn {

struct VrfView {
  VrfId id{};
  std::string name;
  Vni vni{};
  bool up = false;
  std::string problem;  // why it is not up
  MacAddress router_mac{};
  IpAddress vtep{};
  std::uint32_t prefixes_v4 = 0;  // known in the VRF, remote or local
  std::uint32_t prefixes_v6 = 0;
  std::uint32_t remote_paths = 0;    // EVPN routes imported
  std::uint32_t local_prefixes = 0;  // connected, static, kernel, hosts
  std::uint32_t desired = 0;         // prefixes wanted in the kernel
  std::uint32_t originated = 0;      // type 5 routes of this VRF
};

struct VtepView {
  VrfId vrf{};
  IpAddress address{};
  MacAddress router_mac{};             // the one in use
  std::vector<MacAddress> other_macs;  // conflicting ones, oldest first
  std::uint32_t routes = 0;            // prefixes that go there
};

struct CandidateView {
  std::uint32_t route = 0;  // RouteId
  wire::EvpnKey key{};
  PeerId peer{};
  IpAddress next_hop{};
  bool best = false;    // the one all others were compared with
  bool chosen = false;  // in the next-hop set
  std::string reason;   // why not, or why it is
};

struct PrefixView {
  IpPrefix prefix{};
  bool connected = false;
  bool static_route = false;
  bool kernel = false;
  bool host = false;        // behind a local port of a MAC-VRF
  bool network = false;     // configured under `networks`
  bool originated = false;  // exported as type 5
  NextHopSetId set = 0;     // wanted in the kernel; 0: not
  std::vector<TunnelHop> hops;
  std::vector<CandidateView> candidates;  // sorted by key; empty in pages
  std::uint32_t candidate_count = 0;
};

struct ExplainStep {
  std::string what;  // "route 10.0.0.1:2 [5]:[0]:[24]:[10.1.0.0]", "route target", ...
  std::string finding;
  bool good = true;  // false: the road ends here
};

struct Counters {
  std::array<std::uint32_t, kRefusalCount> routes{};  // EVPN routes by Refusal, kNone: imported
  std::array<std::uint32_t, 6> ignored_types{};       // 1 to 4, not for IP-VRFs, by type
  std::uint64_t unknown_vrf_news = 0;  // local knowledge about a VRF nobody configured
  std::uint32_t import_classes = 0;    // distinct (attribute set, label) alive
  std::uint32_t next_hop_sets = 0;
};

}  // namespace perd::evpn
