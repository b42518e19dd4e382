// Names and numbers of the devices of a VRF or MAC-VRF (per.yaml, "Names of the links perd makes").
#pragma once

#include <cstdint>
#include <string>

#include "perd/ids.h"
#include "perd/kernel.h"

namespace perd::fib {

inline constexpr std::uint32_t kOverheadV4 = 50;  // Ethernet, IPv4, UDP, VXLAN (RFC 7348 4.3)
inline constexpr std::uint32_t kOverheadV6 = 70;
inline constexpr std::uint32_t kMtuLeast = 68;  // RFC 791

[[nodiscard]] inline std::string bridge_name(Vni vni) {
  return "br-pe-" + std::to_string(vni.value);
}
[[nodiscard]] inline std::string vxlan_name(Vni vni) { return "vni" + std::to_string(vni.value); }
// The way to the host: a veth pair, and the bridge that perd makes at its far end.
[[nodiscard]] inline std::string router_leg_name(Vni vni) {
  return "pe-e-" + std::to_string(vni.value);
}
[[nodiscard]] inline std::string host_leg_name(Vni vni) {
  return "host-e-" + std::to_string(vni.value);
}
[[nodiscard]] inline std::string host_bridge_name(Vni vni) {
  return "br-hs-" + std::to_string(vni.value);
}

[[nodiscard]] inline std::string kind_word(const Link& link) {
  switch (link.kind) {
    case LinkKind::kVrf:
      return "VRF";
    case LinkKind::kBridge:
      return "bridge";
    case LinkKind::kVxlan:
      return "VXLAN device";
    case LinkKind::kVeth:
      return "veth";
    case LinkKind::kDummy:
      return "dummy";
    case LinkKind::kVlan:
      return "VLAN";
    case LinkKind::kLoopback:
      return "loopback";
    case LinkKind::kOther:
      break;
  }
  return link.kind_name.empty() ? "link" : link.kind_name;
}

}  // namespace perd::fib
