// One L2VNI: a segment, its VNI, its gateway, and what it is joined to on the host's side.
#include <array>

#include "config/read_vni.h"

namespace perd::config {
namespace {

// `name` first, as with an L3VNI.
constexpr KeySpec kL2VniKeys[] = {
    {"name"},
    {"vni"},
    {"vxlanPort"},
    {"underlayAddressFamily"},
    {"routingDomain"},
    {"gatewayIPs"},
    {"hostMaster"},
    {"importRTs"},
    {"exportRTs"},
    {"rd"},
    {"gatewayMAC"},
    {"interfaces"},
    {"mtu"},
    {"neighborSuppression"},
    {"nodeSelector", KeyStatus::kNotYet},
    {"vrf", KeyStatus::kNever, "an old name; write `routingDomain`"},
    {"l2gatewayips", KeyStatus::kNever, "an old name; write `gatewayIPs`"},
};
constexpr KeySpec kRoutingDomainKeys[] = {{"type"}, {"l3vni"}, {"l3vpn"}};
constexpr KeySpec kL3VniReferenceKeys[] = {{"name"}};
constexpr KeySpec kHostMasterKeys[] = {{"type"}, {"linuxBridge"}, {"ovsBridge"}};
constexpr KeySpec kLinuxBridgeKeys[] = {
    {"lifecycle"},
    {"name"},
    {"autoCreate", KeyStatus::kNever, "an old name; write `lifecycle: Managed`"},
};

constexpr std::uint32_t kMtuMin = 576;  // what an IPv4 host must take (RFC 1122 3.3.2)
constexpr std::uint32_t kMtuMax = 65535;
constexpr std::size_t kGatewaysMax = 2;

// The one of the types that perd does; the others are refused with their reason.
bool read_type(const ObjectReader& o, std::string_view taken, std::string_view refused,
               std::string_view reason, Diagnostics& d) {
  const auto type = o.require("type", taken);
  if (!type) return false;
  if (type->node->is_scalar() && type->node->text == refused) {
    d.error(*type, std::string{refused} + ": not supported: " + std::string{reason});
    return false;
  }
  return read_word(*type, d, std::array{taken}).has_value();
}

void refuse_other(const ObjectReader& o, std::string_view key, std::string_view type,
                  Diagnostics& d) {
  if (const auto p = o.get(key)) d.error(*p, "does not go with type " + std::string{type});
}

void read_routing_domain(const Place& at, L2VniConfig& l2vni, Diagnostics& d) {
  const ObjectReader o{at, kRoutingDomainKeys, d};
  if (!o.usable()) return;
  if (!read_type(o, "L3VNI", "L3VPN", "perd carries VPNs by EVPN and VXLAN, not by SRv6 or MPLS",
                 d)) {
    return;
  }
  refuse_other(o, "l3vpn", "L3VNI", d);
  const auto l3vni = o.require("l3vni", "a map with `name`");
  if (!l3vni) return;
  const ObjectReader reference{*l3vni, kL3VniReferenceKeys, d};
  reference.take_required("name", "the name of an L3VNI", l2vni.l3vni,
                          [](const Place& p, Diagnostics& dd) { return read_line(p, dd, 253); });
}

void read_host_master(const Place& at, L2VniConfig& l2vni, Diagnostics& d) {
  constexpr std::array<std::string_view, 2> kLifecycles = {"Managed", "External"};
  const ObjectReader o{at, kHostMasterKeys, d};
  if (!o.usable()) return;
  if (!read_type(o, "LinuxBridge", "OVSBridge",
                 "perd joins Linux bridges only; it does not speak to ovsdb", d)) {
    return;
  }
  refuse_other(o, "ovsBridge", "LinuxBridge", d);
  const auto bridge = o.require("linuxBridge", "a map with `lifecycle`");
  if (!bridge) return;
  const ObjectReader inner{*bridge, kLinuxBridgeKeys, d};
  const auto lifecycle_at = inner.require("lifecycle", "Managed or External");
  const auto lifecycle = lifecycle_at ? read_word(*lifecycle_at, d, kLifecycles) : std::nullopt;
  if (!lifecycle) return;
  if (*lifecycle == 0) {
    l2vni.host_master = HostMaster::kManaged;
    if (const auto name = inner.get("name")) {
      d.error(*name, "is for an External bridge; a Managed one is br-hs-VNI");
    }
    return;
  }
  l2vni.host_master = HostMaster::kExternal;
  inner.take_required("name", "the name of the bridge", l2vni.host_bridge, read_interface_name);
}

// The last address of an IPv4 subnet is its broadcast address; /31 and /32 have none (RFC 3021).
bool is_broadcast(const InterfaceAddress& a) {
  if (!a.address.is_v4() || a.length >= 31) return false;
  const std::uint32_t host_bits = 0xffffffffU >> a.length;
  return (a.address.v4_value() & host_bits) == host_bits;
}

// The network address may be a gateway: there are fabrics that have it so.
std::optional<InterfaceAddress> read_gateway(const Place& at, Diagnostics& d) {
  constexpr std::string_view kExpected =
      "an address with the length of its subnet (address/length)";
  const auto text = read_text(at, d, kExpected);
  if (!text) return std::nullopt;
  const auto gateway = parse_interface_address(*text);
  if (!gateway || gateway->length == 0) {
    d.error(at, "expected " + std::string{kExpected} + ", found " + describe(*at.node));
    return std::nullopt;
  }
  const IpAddress& address = gateway->address;
  if (address.is_martian_next_hop() || is_broadcast(*gateway)) {
    d.error(at, "no host can have the address " + to_string(address));
    return std::nullopt;
  }
  if (address.is_v6() && address.is_link_local()) {
    d.error(at, "a link-local address is not routed; every bridge has one by itself");
    return std::nullopt;
  }
  return gateway;
}

void read_gateways(const ObjectReader& o, L2VniConfig& l2vni, Diagnostics& d) {
  o.take_list("gatewayIPs", kGatewaysMax, l2vni.gateway_ips, read_gateway);
  const auto& gateways = l2vni.gateway_ips;
  if (gateways.size() == 2 && gateways[0].address.family == gateways[1].address.family) {
    d.error(*o.get("gatewayIPs"), "at most one address of each family");
  }
}

}  // namespace

void read_l2vni(const Place& at, const std::string& name, Draft& draft, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  draft.l2vnis.emplace_back();
  L2VniDraft& out = draft.l2vnis.back();
  L2VniConfig& l2vni = out.config;
  l2vni.name = name;
  const std::span<const KeySpec> keys{kL2VniKeys};
  const ObjectReader o{at, name.empty() ? keys : keys.subspan(1), d};
  if (name.empty()) {
    o.take_required("name", "a name", l2vni.name,
                    [](const Place& p, Diagnostics& dd) { return read_line(p, dd, 253); });
  }
  read_vni_keys(o, out, d);
  if (const auto p = o.get("routingDomain")) read_routing_domain(*p, l2vni, d);
  read_gateways(o, l2vni, d);
  if (const auto p = o.get("hostMaster")) read_host_master(*p, l2vni, d);
  if (o.has("gatewayMAC")) l2vni.gateway_mac_configured = true;
  o.take("gatewayMAC", l2vni.gateway_mac, read_unicast_mac);
  o.take("mtu", l2vni.mtu, number<std::uint32_t>(kMtuMin, kMtuMax));
  o.take("neighborSuppression", l2vni.neighbor_suppression, read_bool);
}

}  // namespace perd::config
