// Routes as JSON and back.
#include "tools/message_json/json_parts.h"

namespace perd::tools {
namespace {

using wire::EvpnNlri;
using wire::EvpnRouteType;

constexpr std::uint64_t kMax8 = 0xff;
constexpr std::uint64_t kMax24 = 0xffffff;
constexpr std::uint64_t kMax32 = 0xffffffff;

void put_path_id(std::uint32_t path_id, json::object& o) {
  if (path_id != 0) o["pathId"] = path_id;
}
std::uint32_t path_id_at(const json::object& o) {
  return static_cast<std::uint32_t>(number_at(o, "pathId", kMax32, 0));
}

// Distinguishers of a type without a text form are written as hex.
json::string rd_text(const RouteDistinguisher& rd) {
  const std::string text = to_string(rd);
  return json::string(parse_rd(text) == rd ? text : hex_of(rd.octets));
}
RouteDistinguisher rd_at(const json::object& o) {
  const std::string_view text = text_at(o, "rd");
  if (const auto rd = parse_rd(text)) return *rd;
  const auto octets = octets_of(text);
  RouteDistinguisher rd;
  if (octets.size() != rd.octets.size())
    throw JsonFault("rd: \"" + std::string(text) + "\" is none");
  std::copy(octets.begin(), octets.end(), rd.octets.begin());
  return rd;
}

json::object evpn_to_json(const EvpnNlri& r) {
  json::object o{{"route", to_string(r.key)},
                 {"routeType", static_cast<unsigned>(r.key.type)},
                 {"rd", rd_text(r.key.rd)}};
  if (r.key.type != EvpnRouteType::kEthernetSegment) o["ethTag"] = r.key.tag.value;
  const bool esi_in_key =
      r.key.type == EvpnRouteType::kEthernetAd || r.key.type == EvpnRouteType::kEthernetSegment;
  if (r.key.type != EvpnRouteType::kInclusiveMulticast) {
    o["esi"] = to_string(esi_in_key ? r.key.esi : r.data.esi);
  }
  if (r.key.type == EvpnRouteType::kMacIp) o["mac"] = to_string(r.key.mac);
  if (r.key.type == EvpnRouteType::kIpPrefix) o["prefix"] = to_string(r.key.prefix());
  if (const auto address = r.key.address()) o["ip"] = to_string(*address);
  const bool has_label = r.key.type != EvpnRouteType::kInclusiveMulticast &&
                         r.key.type != EvpnRouteType::kEthernetSegment;
  if (has_label) o["label"] = r.data.label1.value;
  if (r.data.label2) o["label2"] = r.data.label2->value;
  if (r.data.gateway) o["gatewayIP"] = to_string(*r.data.gateway);
  put_path_id(r.path_id, o);
  return o;
}

void put_address(const json::object& o, bool required, wire::EvpnKey& key) {
  if (!required && find(o, "ip") == nullptr) return;
  const IpAddress address = parsed(text_at(o, "ip"), "ip", parse_ip);
  key.ip = address.octets;
  key.ip_bits = static_cast<std::uint8_t>(address.bits());
}

EthernetSegmentId esi_at(const json::object& o) {
  if (find(o, "esi") == nullptr) return {};
  return parsed(text_at(o, "esi"), "esi", parse_esi);
}

void put_gateway(const json::object& o, EvpnNlri& r) {
  if (find(o, "gatewayIP") == nullptr) return;
  const IpAddress gateway = parsed(text_at(o, "gatewayIP"), "gatewayIP", parse_ip);
  if (gateway.bits() != r.key.ip_bits) throw JsonFault("gatewayIP must be of the prefix's family");
  if (!gateway.is_unspecified()) r.data.gateway = gateway;
}

EvpnNlri evpn_from_json(const json::object& o) {
  EvpnNlri r;
  r.key.type = static_cast<EvpnRouteType>(number_at(o, "routeType", 5));
  r.key.rd = rd_at(o);
  r.key.tag = EthernetTag{static_cast<std::uint32_t>(number_at(o, "ethTag", kMax32, 0))};
  r.path_id = path_id_at(o);
  const Label label{static_cast<std::uint32_t>(number_at(o, "label", kMax24, 0))};
  switch (r.key.type) {
    case EvpnRouteType::kEthernetAd:
      r.key.esi = esi_at(o);
      r.data.label1 = label;
      return r;
    case EvpnRouteType::kMacIp:
      r.key.mac = parsed(text_at(o, "mac"), "mac", parse_mac);
      put_address(o, false, r.key);
      r.data.esi = esi_at(o);
      r.data.label1 = label;
      if (find(o, "label2") != nullptr) {
        r.data.label2 = Label{static_cast<std::uint32_t>(number_at(o, "label2", kMax24))};
      }
      return r;
    case EvpnRouteType::kInclusiveMulticast:
      put_address(o, true, r.key);
      return r;
    case EvpnRouteType::kEthernetSegment:
      r.key.tag = {};
      r.key.esi = esi_at(o);
      put_address(o, true, r.key);
      return r;
    case EvpnRouteType::kIpPrefix: {
      const auto parse = [](std::string_view text) { return parse_prefix(text, true); };
      const IpPrefix prefix = parsed(text_at(o, "prefix"), "prefix", parse);
      r.key = wire::EvpnKey::ip_prefix(r.key.rd, r.key.tag, prefix);
      r.data.esi = esi_at(o);
      r.data.label1 = label;
      put_gateway(o, r);
      return r;
    }
  }
  throw JsonFault("routeType must be 1 to 5; other types belong to opaqueEvpn");
}

json::array prefixes_to_json(const std::vector<wire::PrefixNlri>& routes) {
  json::array list;
  for (const wire::PrefixNlri& r : routes) {
    json::object o{{"prefix", to_string(r.prefix)}};
    put_path_id(r.path_id, o);
    list.push_back(std::move(o));
  }
  return list;
}

std::vector<wire::PrefixNlri> prefixes_from_json(const json::array& list, IpFamily family) {
  std::vector<wire::PrefixNlri> out;
  for (const json::value& v : list) {
    const json::object& o = as_object(v, "route");
    const auto parse = [](std::string_view text) { return parse_prefix(text, true); };
    const IpPrefix prefix = parsed(text_at(o, "prefix"), "prefix", parse);
    if (prefix.address.family != family)
      throw JsonFault("prefix of the other family: " + to_string(prefix));
    out.push_back({prefix, path_id_at(o)});
  }
  return out;
}

}  // namespace

json::object routes_to_json(const wire::RouteList& list) {
  json::object o;
  if (!list.ipv4.empty()) o["ipv4"] = prefixes_to_json(list.ipv4);
  if (!list.ipv6.empty()) o["ipv6"] = prefixes_to_json(list.ipv6);
  if (!list.evpn.empty()) {
    json::array routes;
    for (const EvpnNlri& r : list.evpn) routes.push_back(evpn_to_json(r));
    o["evpn"] = std::move(routes);
  }
  if (!list.opaque_evpn.empty()) {
    json::array routes;
    for (const wire::OpaqueEvpnNlri& r : list.opaque_evpn) {
      json::object route{{"routeType", r.type}, {"octets", hex_of(r.octets)}};
      put_path_id(r.path_id, route);
      routes.push_back(std::move(route));
    }
    o["opaqueEvpn"] = std::move(routes);
  }
  return o;
}

wire::RouteList routes_from_json(const json::object& o) {
  wire::RouteList list;
  list.ipv4 = prefixes_from_json(array_of(o, "ipv4"), IpFamily::kIpv4);
  list.ipv6 = prefixes_from_json(array_of(o, "ipv6"), IpFamily::kIpv6);
  for (const json::value& v : array_of(o, "evpn")) {
    list.evpn.push_back(evpn_from_json(as_object(v, "evpn")));
  }
  for (const json::value& v : array_of(o, "opaqueEvpn")) {
    const json::object& r = as_object(v, "opaqueEvpn");
    auto octets = octets_of(text_at(r, "octets"));
    if (octets.size() > kMax8) throw JsonFault("octets must be at most 255");
    list.opaque_evpn.push_back({static_cast<std::uint8_t>(number_at(r, "routeType", kMax8)),
                                std::move(octets), path_id_at(r)});
  }
  return list;
}

}  // namespace perd::tools
