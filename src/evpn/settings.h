// What the EVPN engine is told about this node and its IP-VRFs, and what it asks the RIB to
// originate. Values only; a VrfSettings that compares equal is one a reload does not touch.
#pragma once

#include <string>
#include <vector>

#include "bgp/wire/attributes.h"
#include "bgp/wire/nlri.h"
#include "perd/config.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::evpn {

struct VrfSettings {
  VrfId id{};  // never kDefaultVrf
  std::string name;
  Vni vni{};
  RouteDistinguisher rd{};
  std::vector<RouteTargetMatch> import_rts;
  std::vector<ExtendedCommunity> export_rts;
  Asn asn{};
  Redistribute redistribute;
  std::vector<IpPrefix> networks;
  IpAddress vtep{};  // until VrfState tells what the device really has
  friend bool operator==(const VrfSettings&, const VrfSettings&) = default;
};

// A MAC-VRF with one broadcast domain, one VNI (RFC 7432 6.1).
struct MacVrfSettings {
  MacVrfId id{};  // never kNoMacVrf
  std::string name;
  Vni vni{};
  RouteDistinguisher rd{};
  std::vector<RouteTargetMatch> import_rts;
  std::vector<ExtendedCommunity> export_rts;
  IpAddress vtep{};                              // until MacVrfState tells what the device has
  VrfId vrf{};                                   // the routing domain; kDefaultVrf: none
  Vni l3_vni{};                                  // of the routing domain
  std::vector<ExtendedCommunity> l3_export_rts;  // of the routing domain
  std::vector<InterfaceAddress> gateways;        // ours: never a host's
  friend bool operator==(const MacVrfSettings&, const MacVrfSettings&) = default;
};

inline constexpr unsigned kDefaultMultipath = 16;

struct NodeSettings {
  Asn asn{};
  std::vector<IpAddress> own_addresses;    // tunnel addresses: a route with such a next hop is ours
  unsigned multipath = kDefaultMultipath;  // VTEPs of one prefix at most
  friend bool operator==(const NodeSettings&, const NodeSettings&) = default;
};

// A route of ours, for the local side of the RIB. A withdrawal has only the key.
struct Origination {
  wire::EvpnKey key;
  bool withdraw = false;
  wire::EvpnData data;
  wire::PathAttributes attributes;
  friend bool operator==(const Origination&, const Origination&) = default;
};

}  // namespace perd::evpn
