// The configuration after the door: strong types, every default filled in, nothing left to parse.
// Words and defaults are those of per.yaml (README, config/per.yaml). Loading, checking and
// printing live in src/config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "perd/desired.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

struct AllowAsIn {           // how often the own AS number may stand in a received AS_PATH
  std::uint8_t count = 0;    // 0: off
  bool origin_only = false;  // "origin": only as the origin AS, any number of times
  friend bool operator==(const AllowAsIn&, const AllowAsIn&) = default;
};

struct MaximumPrefixes {
  std::uint32_t limit = 0;
  std::uint8_t warn_percent = 80;
  std::uint32_t restart_seconds = 0;  // 0: stays down until cleared
  friend bool operator==(const MaximumPrefixes&, const MaximumPrefixes&) = default;
};

struct NeighborFamily {
  Family family = Family::kIpv4Unicast;
  bool route_reflector_client = false;
  friend bool operator==(const NeighborFamily&, const NeighborFamily&) = default;
};

// What --print writes where a password stands, and what loads back as "known elsewhere"
// (src/config/config_load.h says who accepts it). Never a password in its own right.
inline constexpr char kRedactedPassword[] = "<redacted>";

struct NeighborConfig {
  IpAddress address{};
  // The remote one; of `type: Internal` the own one, filled in; 0 of `type: External`: any but the
  // own.
  Asn asn{};
  std::uint16_t port = 179;
  std::string password;       // of password or of passwordFile; never printed
  std::string password_file;  // empty when the password was given in place
  std::uint16_t hold_time_seconds = 180;
  std::uint16_t keepalive_time_seconds = 60;
  std::uint16_t connect_time_seconds = 5;
  std::uint8_t ebgp_multihop_ttl = 0;  // 0: not set
  std::vector<NeighborFamily> families;
  std::string description;
  std::optional<Asn> local_asn;
  std::optional<IpAddress> source_address;
  bool passive = false;
  std::uint8_t ttl_security_hops = 0;  // 0: off
  AllowAsIn allow_as_in;
  bool as_override = false;
  std::optional<MaximumPrefixes> maximum_prefixes;
  bool add_path_receive = false;
  friend bool operator==(const NeighborConfig&, const NeighborConfig&) = default;

  [[nodiscard]] FamilySet family_set() const {
    FamilySet s;
    for (const auto& f : families) s.add(f.family);
    return s;
  }
};

struct UnderlayConfig {
  Asn asn{};
  RouterId router_id{};
  std::string router_id_cidr;           // as written, for --print; empty when routerID was given
  std::vector<std::string> interfaces;  // NetworkDevice names, used where they are
  std::vector<IpAddress> tunnel_addresses;  // at most one of each family, this node's
  std::vector<IpPrefix> networks;
  std::uint16_t multipath = 16;
  bool transit = false;
  std::optional<RouterId> cluster_id;  // routeReflector
  std::vector<NeighborConfig> neighbors;
  friend bool operator==(const UnderlayConfig&, const UnderlayConfig&) = default;
};

struct Redistribute {
  bool connected = false;
  bool static_routes = false;
  bool kernel = false;
  friend bool operator==(const Redistribute&, const Redistribute&) = default;
};

struct L3VniConfig {
  std::string name;
  std::string vrf;
  Vni vni{};
  std::uint16_t vxlan_port = 4789;
  IpFamily underlay_family = IpFamily::kIpv4;
  IpAddress vtep{};                           // the tunnel address of that family, filled in
  std::vector<RouteTargetMatch> import_rts;   // default *:VNI, filled in
  std::vector<ExtendedCommunity> export_rts;  // default (asn mod 65536):VNI, filled in
  Asn asn{};                                  // of the VRF; default the underlay's, filled in
  std::optional<RouteDistinguisher> rd;       // none: router-id:<number stable across restarts>
  std::optional<TableId> table;
  std::optional<MacAddress> router_mac;
  std::vector<std::string> interfaces;
  Redistribute redistribute;
  std::vector<IpPrefix> networks;
  std::vector<StaticRoute> static_routes;
  bool vrf_device = true;
  friend bool operator==(const L3VniConfig&, const L3VniConfig&) = default;
};

struct L2VniConfig {
  std::string name;
  Vni vni{};
  std::uint16_t vxlan_port = 4789;
  IpFamily underlay_family = IpFamily::kIpv4;
  IpAddress vtep{};                           // the tunnel address of that family, filled in
  std::string l3vni;                          // name of the routing domain; empty: layer 2 only
  std::vector<InterfaceAddress> gateway_ips;  // at most one of each family; needs a routing domain
  MacAddress gateway_mac{};                   // default 00:f3 + (VNI + 1), filled in
  bool gateway_mac_configured = false;
  HostMaster host_master = HostMaster::kNone;
  std::string host_bridge;                    // of an external one
  std::vector<RouteTargetMatch> import_rts;   // default *:VNI, filled in
  std::vector<ExtendedCommunity> export_rts;  // default (underlay ASN mod 65536):VNI, filled in
  std::optional<RouteDistinguisher> rd;       // none: router-id:<number stable across restarts>
  std::vector<std::string> interfaces;
  std::optional<std::uint32_t> mtu;  // none: the underlay's less 50 (IPv4 VTEP) or 70 (IPv6)
  bool neighbor_suppression = true;
  friend bool operator==(const L2VniConfig&, const L2VniConfig&) = default;
};

struct NodeConfig {
  std::string name;
  std::uint32_t index = 0;
  friend bool operator==(const NodeConfig&, const NodeConfig&) = default;
};
struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};
struct BgpConfig {
  std::vector<IpAddress> listen;  // default 0.0.0.0 and ::
  std::uint16_t port = 179;       // 0: dial out only
  friend bool operator==(const BgpConfig&, const BgpConfig&) = default;
};
struct KernelConfig {
  bool install = true;
  std::uint8_t route_protocol = 179;
  friend bool operator==(const KernelConfig&, const KernelConfig&) = default;
};

struct Config {
  NodeConfig node;
  LogConfig log;
  std::string api_socket = "/run/perd/perd.sock";
  BgpConfig bgp;
  KernelConfig kernel;
  std::optional<UnderlayConfig> underlay;  // always set after a successful load
  std::vector<L3VniConfig> l3vnis;
  std::vector<L2VniConfig> l2vnis;
  friend bool operator==(const Config&, const Config&) = default;
};

// 02:54 and the VTEP's IPv4 address; for IPv6 a hash of it (per.yaml, routerMAC).
[[nodiscard]] MacAddress default_router_mac(const IpAddress& vtep);
// 00:f3 and (VNI + 1) as four octets: the same on every node (per.yaml, gatewayMAC).
[[nodiscard]] MacAddress default_gateway_mac(Vni vni);

}  // namespace perd
