#include "perd/ids.h"

#include "perd/config.h"
#include "perd/event.h"
#include "perd/ip.h"

namespace perd {

std::string to_string(RouterId id) { return to_string(IpAddress::v4(id.value)); }

std::optional<RouterId> parse_router_id(std::string_view text) {
  const auto a = parse_ip(text);
  if (!a || !a->is_v4()) return std::nullopt;
  return RouterId{a->v4_value()};
}

std::string_view to_string(Family f) {
  switch (f) {
    case Family::kIpv4Unicast:
      return "ipv4unicast";
    case Family::kIpv6Unicast:
      return "ipv6unicast";
    case Family::kEvpn:
      return "evpn";
  }
  return "?";
}

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::kConfigApplied:
      return "config-applied";
    case EventKind::kConfigRefused:
      return "config-refused";
    case EventKind::kSessionUp:
      return "session-up";
    case EventKind::kSessionDown:
      return "session-down";
    case EventKind::kSessionProblem:
      return "session-problem";
    case EventKind::kNotificationSent:
      return "notification-sent";
    case EventKind::kNotificationReceived:
      return "notification-received";
    case EventKind::kConnectionRefused:
      return "connection-refused";
    case EventKind::kUpdateError:
      return "update-error";
    case EventKind::kUpdateReset:
      return "update-reset";
    case EventKind::kPrefixLimit:
      return "prefix-limit";
    case EventKind::kLoopRefused:
      return "loop-refused";
    case EventKind::kEndOfRib:
      return "end-of-rib";
    case EventKind::kRouteRefresh:
      return "route-refresh";
    case EventKind::kVrfUp:
      return "vrf-up";
    case EventKind::kVrfDown:
      return "vrf-down";
    case EventKind::kRouterMacConflict:
      return "router-mac-conflict";
    case EventKind::kMacVrfUp:
      return "mac-vrf-up";
    case EventKind::kMacVrfDown:
      return "mac-vrf-down";
    case EventKind::kMacMoved:
      return "mac-moved";
    case EventKind::kMacDuplicate:
      return "mac-duplicate";
    case EventKind::kHostSilent:
      return "host-silent";
    case EventKind::kKernelRefused:
      return "kernel-refused";
    case EventKind::kKernelRepaired:
      return "kernel-repaired";
    case EventKind::kKernelOverrun:
      return "kernel-overrun";
    case EventKind::kKernelSwept:
      return "kernel-swept";
    case EventKind::kKernelProblem:
      return "kernel-problem";
    case EventKind::kListenFailed:
      return "listen-failed";
    case EventKind::kStarted:
      return "started";
    case EventKind::kStopping:
      return "stopping";
  }
  return "?";
}

MacAddress default_router_mac(const IpAddress& vtep) {
  // 02 is the locally administered unicast bit; 54 as the systems before perd chose it.
  MacAddress mac{{0x02, 0x54, 0, 0, 0, 0}};
  std::uint32_t tail = vtep.v4_value();
  if (vtep.is_v6()) tail = static_cast<std::uint32_t>(hash_value(vtep));
  for (unsigned i = 0; i < 4; ++i) {
    mac.octets[2 + i] = static_cast<std::uint8_t>(tail >> (24 - 8 * i));
  }
  return mac;
}

MacAddress default_gateway_mac(Vni vni) {
  MacAddress mac{{0x00, 0xf3, 0, 0, 0, 0}};
  const std::uint32_t tail = vni.value + 1;
  for (unsigned i = 0; i < 4; ++i) {
    mac.octets[2 + i] = static_cast<std::uint8_t>(tail >> (24 - 8 * i));
  }
  return mac;
}

}  // namespace perd
