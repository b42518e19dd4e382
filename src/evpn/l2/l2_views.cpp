#include "evpn/l2/l2_views.h"

namespace perd::evpn {

std::string_view to_string(L2Refusal refusal) {
  switch (refusal) {
    case L2Refusal::kNone:
      return "used";
    case L2Refusal::kRouteType:
      return "route-type";
    case L2Refusal::kNoRouteTarget:
      return "no-route-target";
    case L2Refusal::kOwnRoute:
      return "own-route";
    case L2Refusal::kOwnNextHop:
      return "own-next-hop";
    case L2Refusal::kMartianNextHop:
      return "martian-next-hop";
    case L2Refusal::kUnreachableNextHop:
      return "unreachable-next-hop";
    case L2Refusal::kVtepFamily:
      return "vtep-family";
    case L2Refusal::kEncapsulation:
      return "encapsulation";
    case L2Refusal::kTunnelType:
      return "tunnel-type";
    case L2Refusal::kNoLabel:
      return "no-label";
    case L2Refusal::kBadMac:
      return "bad-mac";
    case L2Refusal::kOwnMac:
      return "own-mac";
  }
  return "";
}

std::string_view explanation(L2Refusal refusal) {
  switch (refusal) {
    case L2Refusal::kNone:
      return "used";
    case L2Refusal::kRouteType:
      return "not a layer 2 route";
    case L2Refusal::kNoRouteTarget:
      return "no MAC-VRF imports any of its route targets";
    case L2Refusal::kOwnRoute:
      return "originated by this node";
    case L2Refusal::kOwnNextHop:
      return "next hop is a tunnel address of this node";
    case L2Refusal::kMartianNextHop:
      return "next hop is not a usable unicast address";
    case L2Refusal::kUnreachableNextHop:
      return "next hop is not reachable in the underlay";
    case L2Refusal::kVtepFamily:
      return "next hop is not of the IP version of the MAC-VRF's tunnel";
    case L2Refusal::kEncapsulation:
      return "encapsulation is not VXLAN";
    case L2Refusal::kTunnelType:
      return "multicast tunnel is not ingress replication";
    case L2Refusal::kNoLabel:
      return "label is zero";
    case L2Refusal::kBadMac:
      return "MAC is zero or a group address";
    case L2Refusal::kOwnMac:
      return "MAC is one of this node's own";
  }
  return "";
}

}  // namespace perd::evpn
