#include "config/config_check.h"

#include <map>
#include <set>
#include <utility>

namespace perd {
namespace {

class Checker {
 public:
  explicit Checker(const Config& config) : config_(config) {}

  std::vector<RuleViolation> run() {
    if (config_.underlay) {
      check_underlay(*config_.underlay);
    } else {
      fail("underlays", "expected exactly one underlay for this node, found none", {"documents"});
    }
    for (std::size_t i = 0; i < config_.l3vnis.size(); ++i) {
      check_l3vni(config_.l3vnis[i], "l3vnis[" + std::to_string(i) + "]");
    }
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
    if (!config_.l3vnis.empty() && u.tunnel_addresses.empty()) {
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
    once(vnis_, v.vni, path + ".vni", "VNI " + std::to_string(v.vni.value));
    if (v.table) {
      once(tables_, *v.table, path + ".table", "table " + std::to_string(v.table->value));
    }
    if (v.rd) once(rds_, *v.rd, path + ".rd", "route distinguisher " + to_string(*v.rd));
    for (std::size_t i = 0; i < v.interfaces.size(); ++i) {
      once(links_, v.interfaces[i], path + ".interfaces[" + std::to_string(i) + "]",
           "link '" + v.interfaces[i] + "'");
    }
    if (config_.underlay && !config_.underlay->tunnel_addresses.empty() &&
        v.vtep.is_unspecified()) {
      const char* family = v.underlay_family == IpFamily::kIpv4 ? "IPv4" : "IPv6";
      fail(path + ".underlayAddressFamily",
           std::string{"the tunnelEndpoint has no "} + family + " address",
           {"underlays[0].tunnelEndpoint"});
    }
    check_link_names(v, path);
    std::set<IpPrefix> prefixes;
    for (std::size_t i = 0; i < v.static_routes.size(); ++i) {
      const IpPrefix& prefix = v.static_routes[i].prefix;
      if (!prefixes.insert(prefix).second) {
        fail(path + ".staticRoutes[" + std::to_string(i) + "].prefix",
             "has a static route already; several next hops are not yet supported");
      }
    }
  }

  // The VRF link and the links that perd makes for each VNI share one space of names.
  void check_link_names(const L3VniConfig& v, const std::string& path) {
    for (const std::string_view prefix : {"vni", "br-pe-"}) {
      if (v.vrf.compare(0, prefix.size(), prefix) != 0) continue;
      for (const L3VniConfig& other : config_.l3vnis) {
        const std::string vni = std::to_string(other.vni.value);
        if (v.vrf.compare(prefix.size(), std::string::npos, vni) == 0) {
          fail(path + ".vrf",
               "'" + v.vrf + "' is the name of a link that perd makes for VNI " + vni);
        }
      }
    }
    if (const auto link = links_.find(v.vrf); link != links_.end()) {
      violations_.push_back({path + ".vrf", "'" + v.vrf + "' is taken", link->second, {}});
    }
  }

  const Config& config_;
  std::vector<RuleViolation> violations_;
  std::map<IpAddress, std::string> neighbors_;
  std::map<std::string, std::string> names_;
  std::map<std::string, std::string> vrfs_;
  std::map<Vni, std::string> vnis_;
  std::map<TableId, std::string> tables_;
  std::map<RouteDistinguisher, std::string> rds_;
  std::map<std::string, std::string> links_;
};

}  // namespace

std::vector<RuleViolation> check_config(const Config& config) { return Checker{config}.run(); }

}  // namespace perd
