#include "evpn/refusal.h"

namespace perd::evpn {

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "imported";
    case Refusal::kRouteType:
      return "route-type";
    case Refusal::kMartianPrefix:
      return "martian-prefix";
    case Refusal::kNoRouteTarget:
      return "no-route-target";
    case Refusal::kOwnRoute:
      return "own-route";
    case Refusal::kLocalLeak:
      return "local-leak";
    case Refusal::kOwnNextHop:
      return "own-next-hop";
    case Refusal::kMartianNextHop:
      return "martian-next-hop";
    case Refusal::kUnreachableNextHop:
      return "unreachable-next-hop";
    case Refusal::kVtepFamily:
      return "vtep-family";
    case Refusal::kEncapsulation:
      return "encapsulation";
    case Refusal::kOverlayIndexEsi:
      return "overlay-index-esi";
    case Refusal::kOverlayIndexGateway:
      return "overlay-index-gateway";
    case Refusal::kNoRouterMac:
      return "no-router-mac";
    case Refusal::kBadRouterMac:
      return "bad-router-mac";
    case Refusal::kOwnRouterMac:
      return "own-router-mac";
    case Refusal::kNoLabel:
      return "no-label";
  }
  return "";
}

std::string_view explanation(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "imported";
    case Refusal::kRouteType:
      return "neither a prefix nor a host with an L3 label";
    case Refusal::kMartianPrefix:
      return "multicast, loopback or link-local prefix";
    case Refusal::kNoRouteTarget:
      return "no VRF imports any of its route targets";
    case Refusal::kOwnRoute:
      return "originated by this node";
    case Refusal::kLocalLeak:
      return "originated by another VRF of this node: local VRF leaking comes later";
    case Refusal::kOwnNextHop:
      return "next hop is a tunnel address of this node";
    case Refusal::kMartianNextHop:
      return "next hop is not a usable unicast address";
    case Refusal::kUnreachableNextHop:
      return "next hop is not reachable in the underlay";
    case Refusal::kVtepFamily:
      return "next hop is not of the IP version of the VRF's tunnel";
    case Refusal::kEncapsulation:
      return "encapsulation is not VXLAN";
    case Refusal::kOverlayIndexEsi:
      return "overlay index ESI is not resolved";
    case Refusal::kOverlayIndexGateway:
      return "overlay index gateway address is not resolved";
    case Refusal::kNoRouterMac:
      return "no router MAC";
    case Refusal::kBadRouterMac:
      return "router MAC is zero or a group address";
    case Refusal::kOwnRouterMac:
      return "router MAC is one of this node's own";
    case Refusal::kNoLabel:
      return "label is zero";
  }
  return "";
}

}  // namespace perd::evpn
