#include "config/config_check.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>

namespace perd {
namespace {

constexpr std::uint32_t kIpv6MtuMin = 1280;

class Checker {
 public:
  explicit Checker(const Config& config) : config_(config) {}

  std::vector<RuleViolation> run() {
    if (config_.underlay) {
      check_underlay(*config_.underlay);
    } else {
      fail("underlays", "expected exactly one underlay for this node, found none", {"documents"});
    }
    name_made_links();
    for (std::size_t i = 0; i < config_.l3vnis.size(); ++i) {
      check_l3vni(config_.l3vnis[i], "l3vnis[" + std::to_string(i) + "]");
    }
    for (std::size_t i = 0; i < config_.l2vnis.size(); ++i) {
      check_l2vni(config_.l2vnis[i], "l2vnis[" + std::to_string(i) + "]");
    }
    for (auto& [domain, subnets] : subnets_) check_overlaps(subnets);
    return std::move(violations_);
  }

 private:
  void fail(std::string path, std::string message, std::vector<std::string> depends = {}) {
    violations_.push_back({std::move(path), std::move(message), "", std::move(depends)});
  }

  // Tells the second of two equal values where the first stands. True when there is no first.
  template <class Key>
  bool once(std::map<Key, std::string>& met, const Key& key, const std::string& path,
            const std::string& what) {
    const auto [it, first] = met.try_emplace(key, path);
    if (!first) violations_.push_back({path, what + " is taken", it->second, {}});
    return first;
  }

  void check_underlay(const UnderlayConfig& u) {
    const std::string path = "underlays[0]";
    if (u.cluster_id && !u.router_id_cidr.empty()) {
      const auto cidr = parse_prefix(u.router_id_cidr);
      if (cidr && cidr->contains(IpAddress::v4(u.cluster_id->value))) {
        fail(path + ".routeReflector.clusterID",
             "lies in routerIDCIDR " + u.router_id_cidr + ", where it may be a node's router id");
      }
    }
    if (has_vnis() && u.tunnel_addresses.empty()) {
      fail(path + ".tunnelEndpoint", "needed, since there are VNIs");
    }
    for (std::size_t i = 0; i < u.interfaces.size(); ++i) {
      links_.emplace(u.interfaces[i], path + ".interfaces[" + std::to_string(i) + "]");
    }
    for (std::size_t i = 0; i < u.neighbors.size(); ++i) {
      check_neighbor(u, u.neighbors[i], path + ".neighbors[" + std::to_string(i) + "]");
    }
  }

  void check_neighbor(const UnderlayConfig& u, const NeighborConfig& n, const std::string& path) {
    if (!n.address.is_unspecified()) {
      once(neighbors_, n.address, path + ".address", to_string(n.address));
    }
    for (const IpAddress& own : u.tunnel_addresses) {
      if (own == n.address) fail(path + ".address", "is this node's own tunnel endpoint");
    }
    if (n.source_address && n.source_address->family != n.address.family) {
      fail(path + ".sourceAddress", "not of the family of the neighbor's address",
           {path + ".address"});
    }
    if (n.ttl_security_hops != 0 && n.ebgp_multihop_ttl != 0) {
      fail(path + ".ttlSecurityHops", "excludes ebgpMultiHop");
    }
    check_kind(u, n, path);
  }

  // What only internal or only external neighbours can have.
  void check_kind(const UnderlayConfig& u, const NeighborConfig& n, const std::string& path) {
    const std::vector<std::string> kind = {"underlays[0].asn", path + ".asn", path + ".type"};
    const bool internal = n.asn == u.asn;
    if (internal && n.ebgp_multihop_ttl != 0) {
      fail(path + ".properties", "ebgpMultiHop is for external neighbors; this one is internal",
           kind);
    }
    if (internal && n.as_override) {
      fail(path + ".asOverride", "is for external neighbors; this one is internal", kind);
    }
    if (n.local_asn && internal) {
      fail(path + ".localASN", "is for external neighbors; this one is internal", kind);
    } else if (n.local_asn && *n.local_asn == u.asn) {
      fail(path + ".localASN", "is the underlay's AS number anyway; leave it out", kind);
    } else if (n.local_asn && *n.local_asn == n.asn) {
      fail(path + ".localASN", "is the neighbor's own AS number", kind);
    }
    for (std::size_t i = 0; i < n.families.size(); ++i) {
      if (n.families[i].route_reflector_client && !internal) {
        fail(path + ".addressFamilies[" + std::to_string(i) + "].properties",
             "routeReflectorClient is for internal neighbors; this one is external", kind);
      }
    }
  }

  void check_l3vni(const L3VniConfig& v, const std::string& path) {
    const bool new_vrf = once(vrfs_, v.vrf, path + ".vrf", "VRF '" + v.vrf + "'");
    if (!v.name.empty() && (new_vrf || v.name != v.vrf)) {
      once(names_, v.name, path + ".name", "name '" + v.name + "'");
    }
    check_vni(v, path);
    if (v.table) {
      once(tables_, *v.table, path + ".table", "table " + std::to_string(v.table->value));
    }
    check_vrf_name(v, path);
    std::set<IpPrefix> prefixes;
    for (std::size_t i = 0; i < v.static_routes.size(); ++i) {
      const IpPrefix& prefix = v.static_routes[i].prefix;
      if (!prefixes.insert(prefix).second) {
        fail(path + ".staticRoutes[" + std::to_string(i) + "].prefix",
             "has a static route already; several next hops are not yet supported");
      }
    }
  }

  // What both kinds of VNI must keep to.
  template <class VniConfig>
  void check_vni(const VniConfig& v, const std::string& path) {
    once(vnis_, v.vni, path + ".vni", "VNI " + std::to_string(v.vni.value));
    if (v.rd) once(rds_, *v.rd, path + ".rd", "route distinguisher " + to_string(*v.rd));
    for (std::size_t i = 0; i < v.interfaces.size(); ++i) {
      claim_link(v.interfaces[i], path + ".interfaces[" + std::to_string(i) + "]");
    }
    if (config_.underlay && !config_.underlay->tunnel_addresses.empty() &&
        v.vtep.is_unspecified()) {
      const char* family = v.underlay_family == IpFamily::kIpv4 ? "IPv4" : "IPv6";
      fail(path + ".underlayAddressFamily",
           std::string{"the tunnelEndpoint has no "} + family + " address",
           {"underlays[0].tunnelEndpoint"});
    }
  }

  void check_l2vni(const L2VniConfig& v, const std::string& path) {
    if (!v.name.empty()) once(l2_names_, v.name, path + ".name", "name '" + v.name + "'");
    check_vni(v, path);
    if (!v.host_bridge.empty()) claim_link(v.host_bridge, path + ".hostMaster.linuxBridge.name");
    const bool known = std::any_of(config_.l3vnis.begin(), config_.l3vnis.end(),
                                   [&](const L3VniConfig& l3vni) { return l3vni.name == v.l3vni; });
    if (!v.l3vni.empty() && !known) {
      fail(path + ".routingDomain.l3vni.name", "no L3VNI has the name '" + v.l3vni + "'",
           {"documents", "l3vnis"});
    }
    if (!v.gateway_ips.empty() && v.l3vni.empty()) {
      fail(path + ".gatewayIPs", "needs a routingDomain", {path + ".routingDomain"});
    }
    for (std::size_t i = 0; i < v.gateway_ips.size(); ++i) {
      const InterfaceAddress& gateway = v.gateway_ips[i];
      const std::string at = path + ".gatewayIPs[" + std::to_string(i) + "]";
      if (!v.l3vni.empty()) {
        auto& subnets = subnets_[v.l3vni];
        subnets.push_back({IpPrefix::make(gateway.address, gateway.length), subnets.size(), at});
      }
      // RFC 8200 5: no link below 1280.
      if (gateway.address.is_v6() && v.mtu && *v.mtu < kIpv6MtuMin) {
        fail(path + ".mtu", "at least 1280 with an IPv6 gateway", {at});
      }
    }
  }

  struct Subnet {
    IpPrefix prefix;
    std::size_t order = 0;  // in the configuration
    std::string path;
  };
  // Sorted, a subnet stands behind those that contain it, with only their like between.
  void check_overlaps(std::vector<Subnet>& subnets) {
    std::sort(subnets.begin(), subnets.end(), [](const Subnet& a, const Subnet& b) {
      return a.prefix != b.prefix ? a.prefix < b.prefix : a.order < b.order;
    });
    std::vector<const Subnet*> around;
    for (const Subnet& subnet : subnets) {
      while (!around.empty() && !around.back()->prefix.contains(subnet.prefix)) around.pop_back();
      if (!around.empty()) {
        const bool later = subnet.order > around.back()->order;
        const Subnet& second = later ? subnet : *around.back();
        const Subnet& first = later ? *around.back() : subnet;
        violations_.push_back({second.path,
                               "overlaps within the routing domain with " +
                                   to_string(first.prefix) + ", which is taken",
                               first.path,
                               {}});
      }
      around.push_back(&subnet);
    }
  }

  // The links that perd makes for a VNI share one space of names with all others.
  void name_made_links() {
    for (const L3VniConfig& v : config_.l3vnis) name_made_links(v.vni, {"vni", "br-pe-"});
    for (const L2VniConfig& v : config_.l2vnis) {
      name_made_links(v.vni, {"vni", "br-pe-"});
      if (v.host_master != HostMaster::kNone) name_made_links(v.vni, {"host-e-", "pe-e-"});
      if (v.host_master == HostMaster::kManaged) name_made_links(v.vni, {"br-hs-"});
    }
  }
  void name_made_links(Vni vni, std::initializer_list<std::string_view> prefixes) {
    const std::string number = std::to_string(vni.value);
    for (const std::string_view prefix : prefixes) made_[std::string{prefix} + number] = vni;
  }
  // False, and told, when the name is that of a link that perd makes.
  bool not_made(const std::string& name, const std::string& path) {
    const auto made = made_.find(name);
    if (made == made_.end()) return true;
    fail(path, "'" + name + "' is the name of a link that perd makes for VNI " +
                   std::to_string(made->second.value));
    return false;
  }
  // A link serves one VNI or the underlay.
  void claim_link(const std::string& name, const std::string& path) {
    if (not_made(name, path)) once(links_, name, path, "link '" + name + "'");
  }

  void check_vrf_name(const L3VniConfig& v, const std::string& path) {
    not_made(v.vrf, path + ".vrf");
    if (const auto link = links_.find(v.vrf); link != links_.end()) {
      violations_.push_back({path + ".vrf", "'" + v.vrf + "' is taken", link->second, {}});
    }
  }

  [[nodiscard]] bool has_vnis() const { return !config_.l3vnis.empty() || !config_.l2vnis.empty(); }

  const Config& config_;
  std::vector<RuleViolation> violations_;
  std::map<IpAddress, std::string> neighbors_;
  std::map<std::string, std::string> names_;
  std::map<std::string, std::string> vrfs_;
  std::map<Vni, std::string> vnis_;
  std::map<TableId, std::string> tables_;
  std::map<RouteDistinguisher, std::string> rds_;
  std::map<std::string, std::string> l2_names_;
  std::map<std::string, std::string> links_;
  std::map<std::string, Vni> made_;                     // links that perd makes
  std::map<std::string, std::vector<Subnet>> subnets_;  // by routing domain
};

}  // namespace

std::vector<RuleViolation> check_config(const Config& config) { return Checker{config}.run(); }

}  // namespace perd
