#include "tools/message_json/message_json.h"

#include "tools/message_json/json_parts.h"

namespace perd::tools {
namespace {

using wire::MessageType;

constexpr int kGood = 0;
constexpr int kFault = 1;
constexpr int kError = 2;

struct TypeName {
  MessageType type;
  std::string_view name;
};
constexpr TypeName kTypeNames[] = {
    {MessageType::kOpen, "open"},
    {MessageType::kUpdate, "update"},
    {MessageType::kNotification, "notification"},
    {MessageType::kKeepalive, "keepalive"},
    {MessageType::kRouteRefresh, "routeRefresh"},
};

json::string_view name_of(MessageType type) {
  for (const TypeName& row : kTypeNames) {
    if (row.type == type) return {row.name.data(), row.name.size()};
  }
  return "unknown";
}

// Merges what one message's decoder says into its object.
void merge(json::object&& from, json::object& into) {
  for (auto& member : from) into[member.key()] = std::move(member.value());
}

template <class T>
int put_result(const Expected<T, wire::DecodeError>& result, json::object (*convert)(const T&),
               json::object& o) {
  if (!result) {
    o["error"] = notification_to_json(result.error());
    return kError;
  }
  merge(convert(*result), o);
  return kGood;
}

int put_update(Bytes body, const wire::CodecContext& context, json::object& o) {
  wire::Update update;
  if (const auto result = wire::decode_update(body, context, update); !result) {
    o["error"] = notification_to_json(result.error());
    return kError;
  }
  merge(update_to_json(update), o);
  return update.disposition == wire::Disposition::kNone ? kGood : kFault;
}

int put_body(MessageType type, Bytes body, const wire::CodecContext& context, json::object& o) {
  switch (type) {
    case MessageType::kOpen:
      return put_result(wire::decode_open(body), open_to_json, o);
    case MessageType::kUpdate:
      return put_update(body, context, o);
    case MessageType::kNotification:
      return put_result(wire::decode_notification(body), notification_to_json, o);
    case MessageType::kKeepalive:
      return kGood;
    case MessageType::kRouteRefresh:
      return put_result(wire::decode_route_refresh(body), route_refresh_to_json, o);
  }
  return kError;
}

// Decodes the message at the front and steps over it; all of `octets` when it has no good frame.
int decode_one(Bytes& octets, const wire::CodecContext& context, json::object& o) {
  const auto header = wire::decode_header(octets.first(std::min(octets.size(), wire::kHeaderSize)),
                                          context.extended_message);
  if (!header) {
    o["error"] = notification_to_json(header.error());
    octets = {};
    return kError;
  }
  o["type"] = name_of(header->type);
  o["length"] = header->length;
  if (header->length > octets.size()) {
    o["error"] = json::object{{"name", "the message is cut short"}};
    octets = {};
    return kError;
  }
  const Bytes body = octets.first(header->length).subspan(wire::kHeaderSize);
  octets = octets.subspan(header->length);
  return put_body(header->type, body, context, o);
}

void encode_one(const json::object& o, const wire::CodecContext& context,
                std::vector<std::uint8_t>& out) {
  const std::string_view type = text_at(o, "type");
  if (find(o, "error") != nullptr) throw JsonFault("a message with an error cannot be encoded");
  if (type == "open") return wire::encode_open(open_from_json(o), out);
  if (type == "keepalive") return wire::encode_keepalive(out);
  if (type == "notification") return wire::encode_notification(notification_from_json(o), out);
  if (type == "routeRefresh") return wire::encode_route_refresh(route_refresh_from_json(o), out);
  if (type != "update") throw JsonFault("type: \"" + std::string(type) + "\" is none");
  if (!wire::encode_update(update_from_json(o), context, out)) {
    throw JsonFault(
        "the update does not fit one message: too long, no next hop, or IPv6 and EVPN at once");
  }
}

std::string_view disposition_name(wire::Disposition d) {
  switch (d) {
    case wire::Disposition::kNone:
      return "none";
    case wire::Disposition::kAttributeDiscard:
      return "attributeDiscard";
    case wire::Disposition::kRouteWithdrawn:
      return "routeWithdrawn";
    case wire::Disposition::kTreatAsWithdraw:
      return "treatAsWithdraw";
  }
  return "none";
}

json::array faults_to_json(const std::vector<wire::AttributeFault>& faults) {
  json::array list;
  for (const wire::AttributeFault& f : faults) {
    list.push_back(json::object{{"attribute", f.code},
                                {"offset", f.offset},
                                {"octets", hex_of(f.octets)},
                                {"text", wire::to_string(f)}});
  }
  return list;
}

json::string_view family_name(Family family) {
  const std::string_view name = to_string(family);
  return {name.data(), name.size()};
}

std::optional<Family> parse_family(std::string_view text) {
  for (const Family f : kAllFamilies) {
    if (to_string(f) == text) return f;
  }
  return std::nullopt;
}

}  // namespace

json::object update_to_json(const wire::Update& u) {
  json::object o;
  if (!u.withdrawn.empty()) o["withdrawn"] = routes_to_json(u.withdrawn);
  if (!u.announced.empty()) o["announced"] = routes_to_json(u.announced);
  json::object attributes = attributes_to_json(u.attributes);
  if (!attributes.empty()) o["attributes"] = std::move(attributes);
  if (u.mp_next_hop) o["mpNextHop"] = to_string(*u.mp_next_hop);
  if (u.mp_link_local_next_hop) o["mpLinkLocalNextHop"] = to_string(*u.mp_link_local_next_hop);
  if (u.end_of_rib) o["endOfRib"] = family_name(*u.end_of_rib);
  if (u.unknown_family) {
    o["unknownFamily"] =
        json::object{{"afi", u.unknown_family->afi}, {"safi", u.unknown_family->safi}};
  }
  if (u.disposition != wire::Disposition::kNone) {
    const std::string_view name = disposition_name(u.disposition);
    o["disposition"] = json::string_view(name.data(), name.size());
    o["faults"] = faults_to_json(u.faults);
  }
  return o;
}

wire::Update update_from_json(const json::object& o) {
  wire::Update u;
  if (const auto* v = find(o, "withdrawn"))
    u.withdrawn = routes_from_json(as_object(*v, "withdrawn"));
  if (const auto* v = find(o, "announced"))
    u.announced = routes_from_json(as_object(*v, "announced"));
  if (const auto* v = find(o, "attributes")) {
    u.attributes = attributes_from_json(as_object(*v, "attributes"));
  }
  if (find(o, "mpNextHop") != nullptr) {
    u.mp_next_hop = parsed(text_at(o, "mpNextHop"), "mpNextHop", parse_ip);
  }
  if (find(o, "mpLinkLocalNextHop") != nullptr) {
    u.mp_link_local_next_hop =
        parsed(text_at(o, "mpLinkLocalNextHop"), "mpLinkLocalNextHop", parse_ip);
  }
  if (find(o, "endOfRib") != nullptr) {
    u.end_of_rib = parsed(text_at(o, "endOfRib"), "endOfRib", parse_family);
  }
  return u;
}

wire::CodecContext tool_context() {
  wire::CodecContext context;
  context.extended_message = true;
  context.ebgp = false;
  for (const Family f : kAllFamilies) context.families.add(f);
  context.extended_next_hop.add(Family::kIpv4Unicast);
  return context;
}

Expected<DecodedMessages, std::string> decode_to_json(std::string_view hex,
                                                      const wire::CodecContext& context) {
  if (hex.size() > kMaxToolInput) return unexpected(std::string("more than 1 MiB"));
  try {
    const std::vector<std::uint8_t> all = octets_of(hex);
    if (all.empty()) return unexpected(std::string("no octets"));
    DecodedMessages out;
    json::array list;
    for (Bytes left = all; !left.empty();) {
      json::object o;
      out.exit_code = std::max(out.exit_code, decode_one(left, context, o));
      list.push_back(std::move(o));
    }
    out.json = json::serialize(list.size() == 1 ? list[0] : json::value(std::move(list)));
    return out;
  } catch (const JsonFault& fault) {
    return unexpected(std::string(fault.what()));
  }
}

Expected<std::string, std::string> encode_from_json(std::string_view text,
                                                    const wire::CodecContext& context) {
  if (text.size() > kMaxToolInput) return unexpected(std::string("more than 1 MiB"));
  json::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return unexpected("not JSON: " + error.message());
  try {
    std::vector<std::uint8_t> out;
    if (const json::array* list = value.if_array()) {
      for (const json::value& v : *list) encode_one(as_object(v, "a message"), context, out);
    } else {
      encode_one(as_object(value, "a message"), context, out);
    }
    return hex_of(out);
  } catch (const JsonFault& fault) {
    return unexpected(std::string(fault.what()));
  }
}

}  // namespace perd::tools
