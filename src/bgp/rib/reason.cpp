#include "bgp/rib/reason.h"

namespace perd::rib {

std::string_view to_string(Reason reason) {
  switch (reason) {
    using enum Reason;
    case kNone:
      return "undecided";
    case kOnlyPath:
      return "only-path";
    case kLocalOrigin:
      return "local-origin";
    case kLocalPref:
      return "local-preference";
    case kAsPathLength:
      return "as-path-length";
    case kOrigin:
      return "origin";
    case kMed:
      return "med";
    case kEbgp:
      return "external";
    case kIgpMetric:
      return "next-hop-metric";
    case kMultipath:
      return "multipath";
    case kRouterId:
      return "router-id";
    case kClusterList:
      return "cluster-list-length";
    case kPeerAddress:
      return "peer-address";
    case kPathId:
      return "path-id";
    case kNextHopUnreachable:
      return "next-hop-unreachable";
    case kAsLoop:
      return "as-loop";
    case kFirstAs:
      return "first-as";
    case kOwnNextHop:
      return "own-next-hop";
    case kOriginatorLoop:
      return "originator-loop";
    case kClusterLoop:
      return "cluster-loop";
    case kPolicy:
      return "policy";
    case kStale:
      return "stale";
    case kMacMobility:
      return "mac-mobility";
    case kVtepAddress:
      return "vtep-address";
  }
  return "";
}

}  // namespace perd::rib
