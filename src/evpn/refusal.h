// Why an EVPN route does not reach a VRF. Every route has exactly one of these at any time, so the
// counters add up to the number of routes; `perctl explain` shows the same words.
//
// RFC 9136 3.2, as this node reads its table (it resolves no overlay index):
//
//   ESI set                          overlay index is the ESI             kOverlayIndexEsi
//   gateway set                      overlay index is the gateway, the    kOverlayIndexGateway
//                                    router MAC does not count
//   router MAC, label                interface-less (4.4.1)               imported
//   router MAC, no label             overlay index is the MAC             kNoLabel
//   label, no router MAC             no inner Ethernet header can be      kNoRouterMac
//                                    built for VXLAN
//
// A type 2 with an address and a second label is read like a type 5 of the host's address (RFC 9135
// 5.2): the second label stands for the label, and its ESI is no overlay index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perd::evpn {

enum class Refusal : std::uint8_t {
  kNone,                 // imported into one VRF or several
  kRouteType,            // not for an IP-VRF: neither type 5 nor type 2 with address and L3 label
  kMartianPrefix,        // multicast, loopback or link local
  kNoRouteTarget,        // no import list of a VRF takes any of its route targets
  kOwnRoute,             // originated here
  kLocalLeak,            // originated here by one VRF, wanted by another one of this node
  kOwnNextHop,           // learned, but its next hop is a tunnel address of ours
  kMartianNextHop,       // RFC 4271 6.3
  kUnreachableNextHop,   // the underlay has no way to the VTEP
  kVtepFamily,           // VTEP of the other IP version than the tunnel of the VRF
  kEncapsulation,        // RFC 8365 5.1.3: encapsulations named, VXLAN not among them
  kOverlayIndexEsi,      // RFC 9136 3.2
  kOverlayIndexGateway,  // RFC 9136 3.2
  kNoRouterMac,          // RFC 9136 4.4.1
  kBadRouterMac,         // zero or a group address
  kOwnRouterMac,
  kNoLabel,
};
inline constexpr std::size_t kRefusalCount = static_cast<std::size_t>(Refusal::kNoLabel) + 1;

[[nodiscard]] std::string_view to_string(Refusal refusal);    // "no-route-target", for counters
[[nodiscard]] std::string_view explanation(Refusal refusal);  // for people

}  // namespace perd::evpn
