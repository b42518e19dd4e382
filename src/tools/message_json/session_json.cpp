// OPEN, NOTIFICATION and ROUTE-REFRESH as JSON and back.
#include "tools/message_json/json_parts.h"

namespace perd::tools {
namespace {

constexpr std::uint64_t kMax8 = 0xff;
constexpr std::uint64_t kMax16 = 0xffff;
constexpr std::uint64_t kMax32 = 0xffffffff;

json::object family_object(std::uint16_t afi, unsigned safi) {
  return {{"afi", afi}, {"safi", safi}};
}

json::object graceful_restart_to_json(const wire::GracefulRestartCapability& g) {
  json::object o{{"restarting", g.restarting},
                 {"notification", g.notification},
                 {"restartTime", g.restart_time_seconds}};
  json::array families;
  for (const auto& f : g.families) {
    json::object family = family_object(f.afi, f.safi);
    family["forwardingPreserved"] = f.forwarding_preserved;
    families.push_back(std::move(family));
  }
  o["families"] = std::move(families);
  return o;
}

void lists_to_json(const wire::Capabilities& c, json::object& o) {
  if (!c.add_path.empty()) {
    json::array list;
    for (const auto& f : c.add_path) {
      json::object family = family_object(f.afi, f.safi);
      family["mode"] = f.mode;
      list.push_back(std::move(family));
    }
    o["addPath"] = std::move(list);
  }
  if (!c.extended_next_hop.empty()) {
    json::array list;
    for (const auto& e : c.extended_next_hop) {
      json::object tuple = family_object(e.afi, e.safi);
      tuple["nextHopAfi"] = e.next_hop_afi;
      list.push_back(std::move(tuple));
    }
    o["extendedNextHop"] = std::move(list);
  }
  if (!c.unknown.empty()) {
    json::array list;
    for (const auto& u : c.unknown) {
      list.push_back(json::object{{"code", u.code}, {"value", hex_of(u.value)}});
    }
    o["unknown"] = std::move(list);
  }
}

json::object capabilities_to_json(const wire::Capabilities& c) {
  json::object o;
  if (!c.multiprotocol.empty()) {
    json::array list;
    for (const auto& f : c.multiprotocol) list.push_back(family_object(f.afi, f.safi));
    o["multiprotocol"] = std::move(list);
  }
  if (c.route_refresh) o["routeRefresh"] = true;
  if (c.enhanced_route_refresh) o["enhancedRouteRefresh"] = true;
  if (c.extended_message) o["extendedMessage"] = true;
  if (c.four_octet_as) o["fourOctetAs"] = c.four_octet_as->value;
  if (c.fqdn) o["fqdn"] = json::object{{"hostname", c.fqdn->host}, {"domain", c.fqdn->domain}};
  if (c.graceful_restart) o["gracefulRestart"] = graceful_restart_to_json(*c.graceful_restart);
  lists_to_json(c, o);
  return o;
}

std::uint16_t afi_at(const json::object& o) {
  return static_cast<std::uint16_t>(number_at(o, "afi", kMax16));
}
std::uint8_t safi_at(const json::object& o) {
  return static_cast<std::uint8_t>(number_at(o, "safi", kMax8));
}

// A capability has one octet for its length.
std::vector<std::uint8_t> capability_value(const json::object& o) {
  auto value = octets_of(text_at(o, "value"));
  if (value.size() > kMax8) throw JsonFault("value must be at most 255 octets");
  return value;
}

void check_count(const json::array& list, std::size_t max, std::string_view what) {
  if (list.size() > max) {
    throw JsonFault(std::string(what) + " must have at most " + std::to_string(max) + " entries");
  }
}

wire::GracefulRestartCapability graceful_restart_from_json(const json::object& o) {
  constexpr std::uint64_t kMaxTime = 0xfff;
  wire::GracefulRestartCapability g;
  g.restarting = flag_at(o, "restarting");
  g.notification = flag_at(o, "notification");
  g.restart_time_seconds = static_cast<std::uint16_t>(number_at(o, "restartTime", kMaxTime, 0));
  check_count(array_of(o, "families"), 63, "families");
  for (const json::value& v : array_of(o, "families")) {
    const json::object& f = as_object(v, "families");
    g.families.push_back({afi_at(f), safi_at(f), flag_at(f, "forwardingPreserved")});
  }
  return g;
}

wire::Fqdn fqdn_from_json(const json::object& o) {
  return {std::string(text_at(o, "hostname")), std::string(text_at(o, "domain"))};
}

wire::Capabilities capabilities_from_json(const json::object& o) {
  wire::Capabilities c;
  check_count(array_of(o, "multiprotocol"), 200, "multiprotocol");
  for (const json::value& v : array_of(o, "multiprotocol")) {
    const json::object& f = as_object(v, "multiprotocol");
    c.multiprotocol.push_back({afi_at(f), safi_at(f)});
  }
  c.route_refresh = flag_at(o, "routeRefresh");
  c.enhanced_route_refresh = flag_at(o, "enhancedRouteRefresh");
  c.extended_message = flag_at(o, "extendedMessage");
  if (find(o, "fourOctetAs") != nullptr) {
    c.four_octet_as = Asn{static_cast<std::uint32_t>(number_at(o, "fourOctetAs", kMax32))};
  }
  if (const auto* v = find(o, "fqdn")) c.fqdn = fqdn_from_json(as_object(*v, "fqdn"));
  if (const auto* v = find(o, "gracefulRestart")) {
    c.graceful_restart = graceful_restart_from_json(as_object(*v, "gracefulRestart"));
  }
  check_count(array_of(o, "addPath"), 63, "addPath");
  for (const json::value& v : array_of(o, "addPath")) {
    const json::object& f = as_object(v, "addPath");
    c.add_path.push_back(
        {afi_at(f), safi_at(f), static_cast<std::uint8_t>(number_at(f, "mode", 3))});
  }
  check_count(array_of(o, "extendedNextHop"), 42, "extendedNextHop");
  for (const json::value& v : array_of(o, "extendedNextHop")) {
    const json::object& e = as_object(v, "extendedNextHop");
    c.extended_next_hop.push_back({afi_at(e),
                                   static_cast<std::uint16_t>(number_at(e, "safi", kMax16)),
                                   static_cast<std::uint16_t>(number_at(e, "nextHopAfi", kMax16))});
  }
  for (const json::value& v : array_of(o, "unknown")) {
    const json::object& u = as_object(v, "unknown");
    c.unknown.push_back(
        {static_cast<std::uint8_t>(number_at(u, "code", kMax8)), capability_value(u)});
  }
  return c;
}

}  // namespace

json::object open_to_json(const wire::Open& open) {
  return {{"version", open.version},
          {"as", open.asn.value},
          {"holdTime", open.hold_time_seconds},
          {"routerId", to_string(open.id)},
          {"capabilities", capabilities_to_json(open.capabilities)}};
}

wire::Open open_from_json(const json::object& o) {
  wire::Open open;
  open.version = static_cast<std::uint8_t>(number_at(o, "version", kMax8, 4));
  open.asn = Asn{static_cast<std::uint32_t>(number_at(o, "as", kMax32))};
  open.hold_time_seconds = static_cast<std::uint16_t>(number_at(o, "holdTime", kMax16));
  open.id = parsed(text_at(o, "routerId"), "routerId", parse_router_id);
  if (const auto* v = find(o, "capabilities")) {
    open.capabilities = capabilities_from_json(as_object(*v, "capabilities"));
  }
  return open;
}

json::object notification_to_json(const wire::Notification& n) {
  json::object o{{"code", static_cast<unsigned>(n.code)},
                 {"subcode", n.subcode},
                 {"name", wire::to_string(n)},
                 {"data", hex_of(n.data)}};
  const std::string text = wire::shutdown_text(n);
  if (!text.empty()) o["text"] = text;
  return o;
}

wire::Notification notification_from_json(const json::object& o) {
  wire::Notification n;
  n.code = static_cast<wire::ErrorCode>(number_at(o, "code", kMax8));
  n.subcode = static_cast<std::uint8_t>(number_at(o, "subcode", kMax8));
  if (const auto* v = find(o, "data")) n.data = octets_of(text_of(*v, "data"));
  return n;
}

json::object route_refresh_to_json(const wire::RouteRefresh& r) {
  return {{"afi", r.afi}, {"safi", r.safi}, {"subtype", r.subtype}};
}

wire::RouteRefresh route_refresh_from_json(const json::object& o) {
  wire::RouteRefresh r;
  r.afi = afi_at(o);
  r.safi = safi_at(o);
  r.subtype = static_cast<std::uint8_t>(number_at(o, "subtype", kMax8, 0));
  return r;
}

}  // namespace perd::tools
