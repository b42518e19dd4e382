// One L3VNI: a VRF, its VNI, and what enters and leaves it.
#include <array>

#include "config/read_vni.h"

namespace perd::config {
namespace {

// `name` first: in a Kubernetes document it stands in metadata, and the rest is the spec.
constexpr KeySpec kL3VniKeys[] = {
    {"name"},
    {"vrf"},
    {"vni"},
    {"vxlanPort"},
    {"underlayAddressFamily"},
    {"importRTs"},
    {"exportRTs"},
    {"asn"},
    {"rd"},
    {"table"},
    {"routerMAC"},
    {"interfaces"},
    {"redistribute"},
    {"networks"},
    {"staticRoutes"},
    {"vrfDevice"},
    {"hostSession", KeyStatus::kNotYet},
    {"neighbors", KeyStatus::kNotYet},
    {"importPolicy", KeyStatus::kNotYet},
    {"exportPolicy", KeyStatus::kNotYet},
    {"nodeSelector", KeyStatus::kNotYet},
};
constexpr KeySpec kStaticRouteKeys[] = {{"prefix"}, {"via"}};

std::optional<TableId> read_table(const Place& at, Diagnostics& d) {
  const auto id = read_number(at, d, 1, 0xffffffffU);
  if (!id) return std::nullopt;
  if (*id >= 253 && *id <= 255) {
    d.error(at, "tables 253 (default), 254 (main) and 255 (local) are the kernel's");
    return std::nullopt;
  }
  return TableId{static_cast<std::uint32_t>(*id)};
}

void read_redistribute(const ObjectReader& o, L3VniConfig& l3vni) {
  constexpr std::array<std::string_view, 3> kSources = {"connected", "static", "kernel"};
  if (!o.has("redistribute")) {
    l3vni.redistribute.connected = true;
    return;
  }
  std::vector<std::size_t> sources;
  o.take_list("redistribute", kSources.size(), sources,
              [&](const Place& p, Diagnostics& dd) { return read_word(p, dd, kSources); });
  for (const std::size_t source : sources) {
    if (source == 0) l3vni.redistribute.connected = true;
    if (source == 1) l3vni.redistribute.static_routes = true;
    if (source == 2) l3vni.redistribute.kernel = true;
  }
}

std::optional<StaticRoute> read_static_route(const Place& at, Diagnostics& d) {
  const ObjectReader o{at, kStaticRouteKeys, d};
  const auto prefix_at = o.require("prefix", "a prefix");
  const auto via_at = o.require("via", "the address of the next hop");
  const auto prefix = prefix_at ? read_prefix(*prefix_at, d) : std::nullopt;
  const auto via = via_at ? read_address(*via_at, d) : std::nullopt;
  if (!prefix || !via) return std::nullopt;
  if (via->is_martian_next_hop()) {
    d.error(*via_at, "expected a unicast address, found " + describe(*via_at->node));
    return std::nullopt;
  }
  if (via->is_v4() != prefix->is_v4()) {
    d.error(*via_at, "not of the prefix's family");
    return std::nullopt;
  }
  return StaticRoute{*prefix, *via};
}

}  // namespace

void read_l3vni(const Place& at, const std::string& name, Draft& draft, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  draft.l3vnis.emplace_back();
  L3VniDraft& out = draft.l3vnis.back();
  L3VniConfig& l3vni = out.config;
  l3vni.name = name;
  const std::span<const KeySpec> keys{kL3VniKeys};
  const ObjectReader o{at, name.empty() ? keys : keys.subspan(1), d};
  if (name.empty()) {
    o.take("name", l3vni.name,
           [](const Place& p, Diagnostics& dd) { return read_line(p, dd, 253); });
  }
  o.take_required("vrf", "the name of the VRF", l3vni.vrf, read_vrf_name);
  if (l3vni.name.empty()) l3vni.name = l3vni.vrf;
  read_vni_keys(o, out, d);
  o.take("asn", out.asn, read_asn);
  o.take("table", l3vni.table, read_table);
  o.take("routerMAC", l3vni.router_mac, read_unicast_mac);
  read_redistribute(o, l3vni);
  o.take_list("networks", kNetworksMax, l3vni.networks, read_prefix);
  o.take_list("staticRoutes", kNetworksMax, l3vni.static_routes, read_static_route);
  o.take("vrfDevice", l3vni.vrf_device, read_bool);
}

}  // namespace perd::config
