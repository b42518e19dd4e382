// Path attributes as JSON and back.
#include <charconv>

#include "tools/message_json/json_parts.h"

namespace perd::tools {
namespace {

using wire::Origin;
using wire::PathAttributes;
using wire::SegmentType;

constexpr std::uint64_t kMax8 = 0xff;
constexpr std::uint64_t kMax16 = 0xffff;
constexpr std::uint64_t kMax24 = 0xffffff;
constexpr std::uint64_t kMax32 = 0xffffffff;

struct SegmentName {
  SegmentType type;
  std::string_view name;
};
constexpr SegmentName kSegmentNames[] = {
    {SegmentType::kSet, "as-set"},
    {SegmentType::kSequence, "as-sequence"},
    {SegmentType::kConfedSequence, "as-confed-sequence"},
    {SegmentType::kConfedSet, "as-confed-set"},
};
struct OriginName {
  Origin origin;
  std::string_view name;
};
constexpr OriginName kOriginNames[] = {
    {Origin::kIgp, "IGP"}, {Origin::kEgp, "EGP"}, {Origin::kIncomplete, "incomplete"}};

json::string string_of(std::string_view text) { return json::string(text.data(), text.size()); }

json::object as_path_to_json(const wire::AsPath& path) {
  json::array segments;
  for (const wire::AsSegment& s : path.segments) {
    json::object o;
    for (const SegmentName& row : kSegmentNames) {
      if (row.type == s.type) o["type"] = string_of(row.name);
    }
    json::array list;
    for (const Asn asn : s.asns) list.push_back(asn.value);
    o["list"] = std::move(list);
    segments.push_back(std::move(o));
  }
  return {{"string", to_string(path)}, {"segments", std::move(segments)}};
}

wire::AsPath as_path_from_json(const json::object& o) {
  wire::AsPath path;
  for (const json::value& v : array_of(o, "segments")) {
    const json::object& segment = as_object(v, "segments");
    const std::string_view type = text_at(segment, "type");
    wire::AsSegment s;
    s.type = parsed(type, "type", [](std::string_view text) -> std::optional<SegmentType> {
      for (const SegmentName& row : kSegmentNames) {
        if (row.name == text) return row.type;
      }
      return std::nullopt;
    });
    for (const json::value& asn : array_of(segment, "list")) {
      s.asns.push_back(Asn{static_cast<std::uint32_t>(number_of(asn, kMax32, "list"))});
    }
    if (s.asns.empty()) throw JsonFault("a segment must have AS numbers");
    path.segments.push_back(std::move(s));
  }
  return path;
}

// "65000:1" or "1:2:3": exactly N numbers of at most `max`.
template <std::size_t N>
std::array<std::uint32_t, N> numbers_of(std::string_view text, std::uint64_t max) {
  std::array<std::uint32_t, N> out{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < N; ++i) {
    const bool separated = i == 0 || (at != end && *at++ == ':');
    const auto result = std::from_chars(at, end, out[i]);
    if (!separated || result.ec != std::errc{} || out[i] > max) {
      throw JsonFault("not a community: \"" + std::string(text) + "\"");
    }
    at = result.ptr;
  }
  if (at != end) throw JsonFault("not a community: \"" + std::string(text) + "\"");
  return out;
}

void communities_to_json(const PathAttributes& a, json::object& o) {
  if (!a.communities.empty()) {
    json::array list;
    for (const std::uint32_t c : a.communities) {
      list.push_back(string_of(std::to_string(c >> 16) + ":" + std::to_string(c & kMax16)));
    }
    o["community"] = std::move(list);
  }
  if (!a.large_communities.empty()) {
    json::array list;
    for (const auto& c : a.large_communities) {
      list.push_back(string_of(std::to_string(c.global) + ":" + std::to_string(c.local1) + ":" +
                               std::to_string(c.local2)));
    }
    o["largeCommunity"] = std::move(list);
  }
  if (!a.extended_communities.empty()) {
    json::array list;
    for (const ExtendedCommunity& c : a.extended_communities) {
      list.push_back(json::object{{"octets", hex_of(c.octets)}, {"string", to_string(c)}});
    }
    o["extendedCommunity"] = std::move(list);
  }
}

void communities_from_json(const json::object& o, PathAttributes& a) {
  for (const json::value& v : array_of(o, "community")) {
    const auto n = numbers_of<2>(text_of(v, "community"), kMax16);
    a.communities.push_back(n[0] << 16 | n[1]);
  }
  for (const json::value& v : array_of(o, "largeCommunity")) {
    const auto n = numbers_of<3>(text_of(v, "largeCommunity"), kMax32);
    a.large_communities.push_back({n[0], n[1], n[2]});
  }
  for (const json::value& v : array_of(o, "extendedCommunity")) {
    const auto octets = octets_of(text_at(as_object(v, "extendedCommunity"), "octets"));
    ExtendedCommunity c;
    if (octets.size() != c.octets.size()) throw JsonFault("an extended community has 8 octets");
    std::copy(octets.begin(), octets.end(), c.octets.begin());
    a.extended_communities.push_back(c);
  }
}

void rare_to_json(const PathAttributes& a, json::object& o) {
  if (a.atomic_aggregate) o["atomicAggregate"] = true;
  if (a.aggregator) {
    o["aggregatorAs"] = a.aggregator->asn.value;
    o["aggregatorId"] = to_string(a.aggregator->id);
  }
  if (a.originator_id) o["originatorId"] = to_string(*a.originator_id);
  if (!a.cluster_list.empty()) {
    json::array list;
    for (const RouterId id : a.cluster_list) list.push_back(string_of(to_string(id)));
    o["clusterList"] = std::move(list);
  }
  if (a.pmsi) {
    o["pmsi"] = json::object{{"flags", a.pmsi->flags},
                             {"tunnelType", a.pmsi->type},
                             {"label", a.pmsi->label.value},
                             {"id", hex_of(a.pmsi->identifier)}};
  }
  if (!a.unknown.empty()) {
    json::array list;
    for (const auto& u : a.unknown) {
      list.push_back(
          json::object{{"flags", u.flags}, {"code", u.code}, {"value", hex_of(u.value)}});
    }
    o["unknown"] = std::move(list);
  }
}

void rare_from_json(const json::object& o, PathAttributes& a) {
  a.atomic_aggregate = flag_at(o, "atomicAggregate");
  if (find(o, "aggregatorAs") != nullptr) {
    a.aggregator =
        wire::Aggregator{Asn{static_cast<std::uint32_t>(number_at(o, "aggregatorAs", kMax32))},
                         parsed(text_at(o, "aggregatorId"), "aggregatorId", parse_router_id)};
  }
  if (find(o, "originatorId") != nullptr) {
    a.originator_id = parsed(text_at(o, "originatorId"), "originatorId", parse_router_id);
  }
  for (const json::value& v : array_of(o, "clusterList")) {
    a.cluster_list.push_back(parsed(text_of(v, "clusterList"), "clusterList", parse_router_id));
  }
  if (const json::value* v = find(o, "pmsi")) {
    const json::object& p = as_object(*v, "pmsi");
    wire::PmsiTunnel& tunnel = a.pmsi.emplace();
    tunnel.flags = static_cast<std::uint8_t>(number_at(p, "flags", kMax8, 0));
    tunnel.type = static_cast<std::uint8_t>(number_at(p, "tunnelType", kMax8));
    tunnel.label = Label{static_cast<std::uint32_t>(number_at(p, "label", kMax24, 0))};
    tunnel.identifier = octets_of(text_at(p, "id"));
  }
  for (const json::value& v : array_of(o, "unknown")) {
    const json::object& u = as_object(v, "unknown");
    a.unknown.push_back({static_cast<std::uint8_t>(number_at(u, "flags", kMax8)),
                         static_cast<std::uint8_t>(number_at(u, "code", kMax8)),
                         octets_of(text_at(u, "value"))});
  }
  const auto by_code = [](const auto& x, const auto& y) { return x.code < y.code; };
  std::stable_sort(a.unknown.begin(), a.unknown.end(), by_code);
}

}  // namespace

json::object attributes_to_json(const PathAttributes& a) {
  json::object o;
  for (const OriginName& row : kOriginNames) {
    if (a.origin == row.origin) o["origin"] = string_of(row.name);
  }
  if (a.has_as_path) o["aspath"] = as_path_to_json(a.as_path);
  if (a.next_hop) o["nextHop"] = to_string(*a.next_hop);
  if (a.link_local_next_hop) o["linkLocalNextHop"] = to_string(*a.link_local_next_hop);
  if (a.med) o["metric"] = *a.med;
  if (a.local_pref) o["locPrf"] = *a.local_pref;
  communities_to_json(a, o);
  rare_to_json(a, o);
  return o;
}

PathAttributes attributes_from_json(const json::object& o) {
  PathAttributes a;
  if (find(o, "origin") != nullptr) {
    a.origin = parsed(text_at(o, "origin"), "origin", [](std::string_view text) {
      std::optional<Origin> found;
      for (const OriginName& row : kOriginNames) {
        if (row.name == text) found = row.origin;
      }
      return found;
    });
  }
  if (const json::value* v = find(o, "aspath")) {
    a.as_path = as_path_from_json(as_object(*v, "aspath"));
    a.has_as_path = true;
  }
  if (find(o, "nextHop") != nullptr)
    a.next_hop = parsed(text_at(o, "nextHop"), "nextHop", parse_ip);
  if (find(o, "linkLocalNextHop") != nullptr) {
    a.link_local_next_hop = parsed(text_at(o, "linkLocalNextHop"), "linkLocalNextHop", parse_ip);
  }
  if (find(o, "metric") != nullptr)
    a.med = static_cast<std::uint32_t>(number_at(o, "metric", kMax32));
  if (find(o, "locPrf") != nullptr) {
    a.local_pref = static_cast<std::uint32_t>(number_at(o, "locPrf", kMax32));
  }
  communities_from_json(o, a);
  rare_from_json(o, a);
  return a;
}

}  // namespace perd::tools
