#include "config/config_print.h"

#include <string_view>

namespace perd {
namespace {

bool plain_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/';
}

// A word that no reader of YAML takes for anything but text, else in double quotes.
std::string quoted(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool plain = !text.empty() && (letter(text.front()) || text.front() == '/');
  for (const char c : text) plain = plain && plain_character(c);
  for (const std::string_view word :
       {"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE",
        "yes",  "Yes",  "YES",  "no",   "No",   "NO",   "on",    "On",    "ON",
        "off",  "Off",  "OFF",  "y",    "Y",    "n",    "N"}) {
    plain = plain && text != word;
  }
  if (plain) return std::string{text};
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

// Digits, dots and a slash only: text to YAML without quotes. What has a colon is quoted.
std::string address_text(std::string text) {
  return text.find(':') == std::string::npos ? text : "\"" + text + "\"";
}
std::string value(const IpAddress& a) { return address_text(to_string(a)); }
std::string value(const IpPrefix& p) { return address_text(to_string(p)); }
std::string value(const InterfaceAddress& a) { return address_text(to_string(a)); }
std::string value(const RouteTargetMatch& m) { return "\"" + to_string(m) + "\""; }
std::string value(const std::string& text) { return quoted(text); }
std::string value(bool b) { return b ? "true" : "false"; }
std::string value(Asn asn) { return std::to_string(asn.value); }

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "trace";
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

class Printer {
 public:
  [[nodiscard]] std::string take() { return std::move(out_); }

  void config(const Config& c) {
    line(0, "node:");
    entry(1, "name", value(c.node.name));
    entry(1, "index", std::to_string(c.node.index));
    line(0, "log:");
    entry(1, "level", std::string{word(c.log.level)});
    entry(1, "format", c.log.format == LogFormat::kText ? "text" : "json");
    line(0, "api:");
    entry(1, "socket", value(c.api_socket));
    line(0, "bgp:");
    list(1, "listen", c.bgp.listen);
    entry(1, "port", std::to_string(c.bgp.port));
    line(0, "kernel:");
    entry(1, "install", value(c.kernel.install));
    entry(1, "routeProtocol", std::to_string(c.kernel.route_protocol));
    if (c.underlay) {
      line(0, "underlays:");
      underlay(*c.underlay);
    }
    if (!c.l3vnis.empty()) line(0, "l3vnis:");
    for (const L3VniConfig& v : c.l3vnis) l3vni(v);
    if (!c.l2vnis.empty()) line(0, "l2vnis:");
    for (const L2VniConfig& v : c.l2vnis) l2vni(v);
  }

 private:
  void line(unsigned depth, std::string_view text) {
    out_.append(2 * depth, ' ');
    out_ += text;
    out_ += '\n';
  }
  void entry(unsigned depth, std::string_view key, const std::string& text) {
    line(depth, std::string{key} + ": " + text);
  }
  // The first entry of a list's element.
  void first(unsigned depth, std::string_view key, const std::string& text) {
    line(depth, "- " + std::string{key} + ": " + text);
  }
  template <class T>
  void list(unsigned depth, std::string_view key, const std::vector<T>& items) {
    std::string text = "[";
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += ", ";
      text += value(items[i]);
    }
    entry(depth, key, text + "]");
  }

  void underlay(const UnderlayConfig& u) {
    first(0, "asn", value(u.asn));
    if (u.router_id_cidr.empty()) {
      entry(1, "routerID", to_string(u.router_id));
    } else {
      entry(1, "routerIDCIDR", u.router_id_cidr + "  # this node: " + to_string(u.router_id));
    }
    if (!u.interfaces.empty()) line(1, "interfaces:");
    for (const std::string& name : u.interfaces) {
      first(1, "type", "NetworkDevice");
      entry(2, "networkDevice", "{interfaceName: " + value(name) + "}");
      entry(2, "inPlace", "true");
    }
    if (!u.tunnel_addresses.empty()) {
      line(1, "tunnelEndpoint:");
      list(2, "addresses", u.tunnel_addresses);
    }
    list(1, "networks", u.networks);
    entry(1, "multipath", std::to_string(u.multipath));
    entry(1, "transit", value(u.transit));
    if (u.cluster_id) {
      entry(1, "routeReflector", "{clusterID: " + to_string(*u.cluster_id) + "}");
    }
    if (!u.neighbors.empty()) line(1, "neighbors:");
    for (const NeighborConfig& n : u.neighbors) neighbor(n);
  }

  void neighbor(const NeighborConfig& n) {
    first(1, "address", value(n.address));
    if (n.asn.value == 0) {
      entry(2, "type", "External");
    } else {
      entry(2, "asn", value(n.asn));
    }
    entry(2, "port", std::to_string(n.port));
    if (!n.password_file.empty()) {
      entry(2, "passwordFile", value(n.password_file));
    } else if (!n.password.empty()) {
      entry(2, "password", quoted(kRedactedPassword));
    }
    entry(2, "holdTimeSeconds", std::to_string(n.hold_time_seconds));
    entry(2, "keepaliveTimeSeconds", std::to_string(n.keepalive_time_seconds));
    entry(2, "connectTimeSeconds", std::to_string(n.connect_time_seconds));
    if (n.ebgp_multihop_ttl != 0) {
      line(2, "properties:");
      line(2, "- {type: ebgpMultiHop, ebgpMultiHop: {ttl: " + std::to_string(n.ebgp_multihop_ttl) +
                  "}}");
    }
    line(2, "addressFamilies:");
    for (const NeighborFamily& f : n.families) {
      line(2,
           "- {type: " + std::string{to_string(f.family)} +
               (f.route_reflector_client ? ", properties: [{type: routeReflectorClient}]}" : "}"));
    }
    neighbor_options(n);
  }

  void neighbor_options(const NeighborConfig& n) {
    if (!n.description.empty()) entry(2, "description", value(n.description));
    if (n.local_asn) entry(2, "localASN", value(*n.local_asn));
    if (n.source_address) entry(2, "sourceAddress", value(*n.source_address));
    entry(2, "passive", value(n.passive));
    if (n.ttl_security_hops != 0) {
      entry(2, "ttlSecurityHops", std::to_string(n.ttl_security_hops));
    }
    entry(2, "allowASIn",
          n.allow_as_in.origin_only ? "origin" : std::to_string(n.allow_as_in.count));
    entry(2, "asOverride", value(n.as_override));
    if (n.maximum_prefixes) {
      entry(2, "maximumPrefixes",
            "{limit: " + std::to_string(n.maximum_prefixes->limit) +
                ", warnPercent: " + std::to_string(n.maximum_prefixes->warn_percent) +
                ", restartSeconds: " + std::to_string(n.maximum_prefixes->restart_seconds) + "}");
    }
    entry(2, "addPath", "{receive: " + value(n.add_path_receive) + ", send: false}");
  }

  // What both kinds of VNI have.
  template <class VniConfig>
  void vni(const VniConfig& v) {
    entry(1, "vni", std::to_string(v.vni.value));
    entry(1, "vxlanPort", std::to_string(v.vxlan_port));
    entry(1, "underlayAddressFamily", v.underlay_family == IpFamily::kIpv4 ? "IPv4" : "IPv6");
    list(1, "importRTs", v.import_rts);
    std::vector<RouteTargetMatch> exports;
    for (const ExtendedCommunity& rt : v.export_rts) {
      exports.push_back({.any_admin = false, .exact = rt, .number = 0});
    }
    list(1, "exportRTs", exports);
    if (v.rd) entry(1, "rd", "\"" + to_string(*v.rd) + "\"");
    list(1, "interfaces", v.interfaces);
  }

  void l2vni(const L2VniConfig& v) {
    first(0, "name", value(v.name));
    vni(v);
    if (!v.l3vni.empty()) {
      entry(1, "routingDomain", "{type: L3VNI, l3vni: {name: " + value(v.l3vni) + "}}");
    }
    if (!v.gateway_ips.empty()) list(1, "gatewayIPs", v.gateway_ips);
    if (v.host_master == HostMaster::kManaged) {
      entry(1, "hostMaster", "{type: LinuxBridge, linuxBridge: {lifecycle: Managed}}");
    } else if (v.host_master == HostMaster::kExternal) {
      entry(1, "hostMaster",
            "{type: LinuxBridge, linuxBridge: {lifecycle: External, name: " + value(v.host_bridge) +
                "}}");
    }
    if (v.gateway_mac_configured) {
      entry(1, "gatewayMAC", "\"" + to_string(v.gateway_mac) + "\"");
    } else {
      line(1, "# gatewayMAC: " + to_string(v.gateway_mac) + ", unless a bridge is adopted");
    }
    if (v.mtu) entry(1, "mtu", std::to_string(*v.mtu));
    entry(1, "neighborSuppression", value(v.neighbor_suppression));
  }

  void l3vni(const L3VniConfig& v) {
    first(0, "name", value(v.name));
    entry(1, "vrf", value(v.vrf));
    vni(v);
    entry(1, "asn", value(v.asn));
    if (v.table) entry(1, "table", std::to_string(v.table->value));
    if (v.router_mac) entry(1, "routerMAC", "\"" + to_string(*v.router_mac) + "\"");
    std::vector<std::string> sources;
    if (v.redistribute.connected) sources.emplace_back("connected");
    if (v.redistribute.static_routes) sources.emplace_back("static");
    if (v.redistribute.kernel) sources.emplace_back("kernel");
    list(1, "redistribute", sources);
    list(1, "networks", v.networks);
    if (!v.static_routes.empty()) line(1, "staticRoutes:");
    for (const StaticRoute& route : v.static_routes) {
      line(1, "- {prefix: " + value(route.prefix) + ", via: " + value(route.via) + "}");
    }
    entry(1, "vrfDevice", value(v.vrf_device));
  }

  std::string out_;
};

}  // namespace

std::string print_config(const Config& config) {
  Printer printer;
  printer.config(config);
  return printer.take();
}

}  // namespace perd
