// Names of the enumerations of fib.h, as perctl prints them.
#include "fib/fib.h"

namespace perd::fib {

std::string_view to_string(EntryState state) {
  switch (state) {
    case EntryState::kWaiting:
      return "waiting";
    case EntryState::kPending:
      return "pending";
    case EntryState::kAcked:
      return "acked";
    case EntryState::kRefused:
      return "refused";
    case EntryState::kStale:
      return "stale";
  }
  return "";
}

std::string_view to_string(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kLink:
      return "link";
    case ObjectKind::kAddress:
      return "address";
    case ObjectKind::kSysctl:
      return "sysctl";
    case ObjectKind::kRule:
      return "rule";
    case ObjectKind::kNeighbour:
      return "neighbour";
    case ObjectKind::kFdb:
      return "fdb";
    case ObjectKind::kNextHop:
      return "next-hop";
    case ObjectKind::kFixedRoute:
      return "fixed-route";
    case ObjectKind::kRouteV4:
      return "route-v4";
    case ObjectKind::kRouteV6:
      return "route-v6";
    case ObjectKind::kMac:
      return "mac";
    case ObjectKind::kHostNeighbour:
      return "host-neighbour";
    case ObjectKind::kFlood:
      return "flood";
    case ObjectKind::kFdbNextHop:
      return "fdb-next-hop";
  }
  return "";
}

}  // namespace perd::fib
