// From what was written to what holds: the environment's word, defaults, addresses by node index.
#include <charconv>

#include "config/draft.h"
#include "config/node_addresses.h"
#include "config/object_reader.h"

namespace perd::config {
namespace {

void complete_node(Draft& draft, ReadContext& context) {
  const Environment& env = context.options.environment;
  if (env.node_name) {
    draft.node.name = *env.node_name;
    if (!is_line(*env.node_name, kNodeNameMax)) {
      context.diagnostics.error_of(
          "PERD_NODE_NAME", {}, "",
          "expected one line of text, 1 to 253 octets, found '" + shown_text(*env.node_name) + "'");
    }
  } else if (!draft.node_named) {
    draft.node.name = is_line(env.hostname, kNodeNameMax) ? env.hostname : "localhost";
  }
  if (!env.node_index) return;
  std::uint32_t index = 0;
  const std::string& text = *env.node_index;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size() ||
      index == 0xffffffffU) {
    context.diagnostics.error_of(
        "PERD_NODE_INDEX", {}, "",
        "expected a number from 0 to 4294967294, found '" + shown_text(text) + "'");
    return;
  }
  draft.node.index = index;
}

std::string no_address(const Draft& draft, const IpPrefix& cidr) {
  return "node index " + std::to_string(draft.node.index) + " has no address in " + to_string(cidr);
}

void complete_router_id(const Draft& draft, UnderlayDraft& u, Diagnostics& d) {
  if (u.has_router_id) return;
  const IpPrefix cidr =
      u.router_id_cidr ? *u.router_id_cidr : IpPrefix::make(IpAddress::v4(0x0a000000), 24);
  u.config.router_id_cidr = to_string(cidr);
  const auto id = router_id(cidr, draft.node.index);
  if (id && id->value != 0) {
    u.config.router_id = *id;
  } else {
    d.rule("underlays[0].routerIDCIDR", no_address(draft, cidr));
  }
}

void complete_tunnel(const Draft& draft, UnderlayDraft& u, Diagnostics& d) {
  for (std::size_t i = 0; i < u.tunnel_cidrs.size(); ++i) {
    const auto address = tunnel_address(u.tunnel_cidrs[i], draft.node.index);
    if (address) {
      u.config.tunnel_addresses.push_back(*address);
      continue;
    }
    d.rule("underlays[0].tunnelEndpoint.cidrs[" + std::to_string(u.tunnel_cidr_at[i]) + "]",
           no_address(draft, u.tunnel_cidrs[i]));
  }
  // One order whatever was written first: IPv4, then IPv6.
  auto& addresses = u.config.tunnel_addresses;
  if (addresses.size() == 2 && addresses[1] < addresses[0]) std::swap(addresses[0], addresses[1]);
}

bool has_family(const std::vector<IpAddress>& addresses, IpFamily family) {
  for (const IpAddress& a : addresses) {
    if (a.family == family) return true;
  }
  return false;
}

// per.yaml, "Families when unset".
std::vector<NeighborFamily> default_families(const NeighborConfig& n, const UnderlayConfig& u,
                                             bool vnis) {
  std::vector<NeighborFamily> out;
  const bool v4 = n.address.is_v4();
  if (v4 || vnis) out.push_back({Family::kIpv4Unicast, false});
  if (!v4 || has_family(u.tunnel_addresses, IpFamily::kIpv6)) {
    out.push_back({Family::kIpv6Unicast, false});
  }
  if (vnis) out.push_back({Family::kEvpn, false});
  return out;
}

NeighborConfig complete_neighbor(NeighborDraft& draft, const UnderlayConfig& u, bool vnis) {
  NeighborConfig n = std::move(draft.config);
  if (draft.type == PeerType::kInternal) n.asn = u.asn;
  const bool internal = n.asn == u.asn;
  constexpr AllowAsIn kExternalDefault{3, false};  // as OpenPERouter has FRR do
  n.allow_as_in =
      draft.allow_as_in ? *draft.allow_as_in : (internal ? AllowAsIn{} : kExternalDefault);
  if (n.families.empty()) n.families = default_families(n, u, vnis);
  return n;
}

// What both kinds of VNI have by default; `asn` is the administrator of the exported route target.
template <class VniConfig>
void complete_vni(VniConfig& vni, std::optional<IpFamily> family, const UnderlayConfig& u,
                  Asn asn) {
  const bool v4 = has_family(u.tunnel_addresses, IpFamily::kIpv4);
  const bool v6 = has_family(u.tunnel_addresses, IpFamily::kIpv6);
  vni.underlay_family = family.value_or(v6 && !v4 ? IpFamily::kIpv6 : IpFamily::kIpv4);
  for (const IpAddress& a : u.tunnel_addresses) {
    if (a.family == vni.underlay_family) vni.vtep = a;
  }
  if (vni.import_rts.empty()) {
    vni.import_rts.push_back({.any_admin = true, .exact = {}, .number = vni.vni.value});
  }
  if (vni.export_rts.empty()) vni.export_rts.push_back(make_auto_route_target(asn, vni.vni));
}

L3VniConfig complete_l3vni(L3VniDraft& draft, const UnderlayConfig& u) {
  L3VniConfig l3vni = std::move(draft.config);
  l3vni.asn = draft.asn.value_or(u.asn);
  complete_vni(l3vni, draft.underlay_family, u, l3vni.asn);
  return l3vni;
}

L2VniConfig complete_l2vni(L2VniDraft& draft, const UnderlayConfig& u) {
  L2VniConfig l2vni = std::move(draft.config);
  complete_vni(l2vni, draft.underlay_family, u, u.asn);
  if (!l2vni.gateway_mac_configured) l2vni.gateway_mac = default_gateway_mac(l2vni.vni);
  return l2vni;
}

}  // namespace

Config complete(Draft&& draft, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  complete_node(draft, context);
  Config out;
  if (!draft.underlays.empty()) {
    UnderlayDraft& u = draft.underlays.front();
    complete_router_id(draft, u, d);
    complete_tunnel(draft, u, d);
    const bool vnis = !draft.l3vnis.empty() || !draft.l2vnis.empty();
    for (NeighborDraft& n : u.neighbors) {
      u.config.neighbors.push_back(complete_neighbor(n, u.config, vnis));
    }
    out.underlay = std::move(u.config);
  }
  for (std::size_t i = 1; i < draft.underlays.size(); ++i) {
    d.rule("underlays[" + std::to_string(i) + "]", "expected exactly one underlay for this node");
  }
  const UnderlayConfig none;
  for (L3VniDraft& l3vni : draft.l3vnis) {
    out.l3vnis.push_back(complete_l3vni(l3vni, out.underlay ? *out.underlay : none));
  }
  for (L2VniDraft& l2vni : draft.l2vnis) {
    out.l2vnis.push_back(complete_l2vni(l2vni, out.underlay ? *out.underlay : none));
  }
  out.node = std::move(draft.node);
  out.log = draft.log;
  out.api_socket = std::move(draft.api_socket);
  out.bgp = std::move(draft.bgp);
  if (out.bgp.listen.empty()) {
    IpAddress any6;
    any6.family = IpFamily::kIpv6;
    out.bgp.listen = {IpAddress::v4(0), any6};
  }
  out.kernel = draft.kernel;
  return out;
}

}  // namespace perd::config
