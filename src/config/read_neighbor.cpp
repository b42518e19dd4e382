// One <neighbor>: everything that can be judged by looking at it alone.
#include <array>

#include "config/draft.h"
#include "config/object_reader.h"

namespace perd::config {
namespace {

constexpr std::size_t kPasswordMax = 80;  // TCP_MD5SIG_MAXKEYLEN
constexpr std::size_t kDescriptionMax = 255;
constexpr std::uint16_t kDefaultHoldTime = 180;
constexpr std::uint16_t kDefaultKeepaliveTime = 60;

constexpr KeySpec kNeighborKeys[] = {
    {"address"},
    {"asn"},
    {"type"},
    {"port"},
    {"password"},
    {"passwordFile"},
    {"holdTimeSeconds"},
    {"keepaliveTimeSeconds"},
    {"connectTimeSeconds"},
    {"properties"},
    {"addressFamilies"},
    {"description"},
    {"localASN"},
    {"sourceAddress"},
    {"passive"},
    {"ttlSecurityHops"},
    {"allowASIn"},
    {"asOverride"},
    {"maximumPrefixes"},
    {"addPath"},
    {"gracefulRestart"},
    {"interface", KeyStatus::kNotYet},
    {"listenRange", KeyStatus::kNotYet},
    {"bfd", KeyStatus::kNotYet},
    {"importPolicy", KeyStatus::kNotYet},
    {"exportPolicy", KeyStatus::kNotYet},
    {"passwordSecret", KeyStatus::kNever,
     "perd reads no Kubernetes secrets; mount it and write `passwordFile`"},
};
constexpr KeySpec kPropertyKeys[] = {{"type"}, {"ebgpMultiHop"}};
constexpr KeySpec kMultiHopKeys[] = {{"ttl"}};
constexpr KeySpec kFamilyKeys[] = {{"type"}, {"properties"}};
constexpr KeySpec kFamilyPropertyKeys[] = {{"type"}};
constexpr KeySpec kMaximumPrefixesKeys[] = {{"limit"}, {"warnPercent"}, {"restartSeconds"}};
constexpr KeySpec kAddPathKeys[] = {{"receive"}, {"send"}};

void read_peer_as(const ObjectReader& o, NeighborDraft& n, Diagnostics& d) {
  constexpr std::array<std::string_view, 2> kTypes = {"External", "Internal"};
  const auto asn = o.get("asn");
  const auto type = o.get("type");
  if (asn.has_value() == type.has_value()) {
    const Place at = o.place().child("asn", asn ? *asn->node : *o.place().node);
    d.error(at, "expected exactly one of asn and type");
    return;
  }
  o.take("asn", n.config.asn, read_asn);
  if (!type) return;
  if (const auto i = read_word(*type, d, kTypes)) {
    n.type = *i == 0 ? PeerType::kExternal : PeerType::kInternal;
  }
}

bool good_password(std::string_view text) {
  if (text.empty() || text.size() > kPasswordMax) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return false;
  }
  return true;
}

constexpr std::string_view kPasswordExpected =
    "1 to 80 octets without spaces or control characters (the kernel's limit for TCP MD5)";

void read_inline_password(const Place& at, NeighborConfig& n, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  // The value itself appears in no message.
  if (!at.node->is_scalar()) {
    d.error(at, "expected " + std::string{kPasswordExpected});
    return;
  }
  if (at.node->text != kRedactedPassword) {
    if (!good_password(at.node->text)) d.error(at, "expected " + std::string{kPasswordExpected});
    n.password = at.node->text;
    return;
  }
  std::optional<std::string> known;
  if (context.options.known_password) known = context.options.known_password(n.address);
  if (!known && context.options.refuse_redacted) {
    d.error(at,
            "'<redacted>' stands for a password that was not printed, and nothing that runs "
            "knows it; write the password, or passwordFile");
    return;
  }
  n.password = known ? *known : kRedactedPassword;
}

void read_password_file(const Place& at, NeighborConfig& n, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  auto path = read_absolute_path(at, d);
  if (!path) return;
  n.password_file = std::move(*path);
  if (!context.options.read_secret) return;
  auto secret = context.options.read_secret(n.password_file);
  if (!secret) {
    d.error(at, "cannot be read: " + secret.error());
    return;
  }
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  if (!good_password(*secret)) {
    d.error(at, "what the file holds is no password: expected " + std::string{kPasswordExpected});
    return;
  }
  n.password = std::move(*secret);
}

void read_password(const ObjectReader& o, NeighborConfig& n, ReadContext& context) {
  const auto in_place = o.get("password");
  const auto in_file = o.get("passwordFile");
  if (in_place && in_file) {
    context.diagnostics.error(*in_file, "expected at most one of password and passwordFile");
    return;
  }
  if (in_place) read_inline_password(*in_place, n, context);
  if (in_file) read_password_file(*in_file, n, context);
}

void read_timers(const ObjectReader& o, NeighborConfig& n, Diagnostics& d) {
  const auto hold = o.get("holdTimeSeconds");
  const auto keepalive = o.get("keepaliveTimeSeconds");
  o.take("connectTimeSeconds", n.connect_time_seconds, number<std::uint16_t>(1, 65535));
  n.hold_time_seconds = kDefaultHoldTime;
  n.keepalive_time_seconds = kDefaultKeepaliveTime;
  if (hold.has_value() != keepalive.has_value()) {
    d.error(hold ? *hold : *keepalive,
            "expected both or none of holdTimeSeconds and keepaliveTimeSeconds");
    return;
  }
  if (!hold) return;
  const auto hold_value = read_number(*hold, d, 0, 65535);
  const auto keepalive_value = read_number(*keepalive, d, 0, 65535);
  if (!hold_value || !keepalive_value) return;
  if (*hold_value == 1 || *hold_value == 2) {  // RFC 4271 4.2
    d.error(*hold, "expected 0 or at least 3, found " + describe(*hold->node));
    return;
  }
  if (*keepalive_value > *hold_value) {
    d.error(*keepalive, "longer than holdTimeSeconds (" + std::to_string(*hold_value) + ")");
    return;
  }
  if (*keepalive_value == 0 && *hold_value != 0) {
    d.error(*keepalive, "0 sends no KEEPALIVE at all, which goes with holdTimeSeconds 0 only");
    return;
  }
  n.hold_time_seconds = static_cast<std::uint16_t>(*hold_value);
  n.keepalive_time_seconds = static_cast<std::uint16_t>(*keepalive_value);
}

void read_properties(const ObjectReader& o, NeighborConfig& n, Diagnostics& d) {
  constexpr std::array<std::string_view, 1> kTypes = {"ebgpMultiHop"};
  for (const Place& at : o.list("properties", 1)) {
    const ObjectReader property{at, kPropertyKeys, d};
    const auto type = property.require("type", "ebgpMultiHop");
    if (!type || !read_word(*type, d, kTypes)) continue;
    n.ebgp_multihop_ttl = 255;
    if (const auto p = property.get("ebgpMultiHop")) {
      const ObjectReader multi_hop{*p, kMultiHopKeys, d};
      multi_hop.take("ttl", n.ebgp_multihop_ttl, number<std::uint8_t>(1, 255));
    }
  }
}

bool read_client(const ObjectReader& family, Diagnostics& d) {
  constexpr std::array<std::string_view, 1> kTypes = {"routeReflectorClient"};
  bool client = false;
  for (const Place& at : family.list("properties", 1)) {
    d.seen(at);
    const ObjectReader property{at, kFamilyPropertyKeys, d};
    const auto type = property.require("type", "routeReflectorClient");
    client = type && read_word(*type, d, kTypes).has_value();
  }
  return client;
}

std::optional<NeighborFamily> read_family(const Place& at, Diagnostics& d) {
  constexpr std::array<std::string_view, kFamilyCount> kTypes = {"ipv4unicast", "ipv6unicast",
                                                                 "evpn"};
  const ObjectReader o{at, kFamilyKeys, d};
  const auto type = o.require("type", "ipv4unicast, ipv6unicast or evpn");
  if (!type) return std::nullopt;
  if (type->node->is_scalar() && (type->node->text == "ipv4vpn" || type->node->text == "ipv6vpn")) {
    d.error(*type, type->node->text + ": not supported: perd carries VPNs by EVPN and VXLAN");
    return std::nullopt;
  }
  const auto i = read_word(*type, d, kTypes);
  const bool client = read_client(o, d);
  if (!i) return std::nullopt;
  return NeighborFamily{static_cast<Family>(*i), client};
}

void read_families(const ObjectReader& o, NeighborConfig& n, Diagnostics& d) {
  const auto at = o.get("addressFamilies");
  if (!at) return;
  if (at->node->is_sequence() && at->node->items.empty()) {
    d.error(*at, "expected at least one family; leave the key out for the default");
  }
  for (const Place& p : o.list("addressFamilies", 2 * kFamilyCount)) {
    const auto family = read_family(p, d);
    if (!family) continue;
    if (n.family_set().has(family->family)) {
      d.error(p, std::string{to_string(family->family)} + " stands here twice");
      continue;
    }
    n.families.push_back(*family);
  }
}

void read_allow_as_in(const Place& at, NeighborDraft& n, Diagnostics& d) {
  constexpr std::uint8_t kAllowAsInMax = 10;
  if (at.node->is_scalar() && at.node->text == "origin") {
    n.allow_as_in = AllowAsIn{0, true};
    return;
  }
  const auto count = at.node->is_scalar() && !at.node->quoted && !at.node->text.empty() &&
                             at.node->text.front() >= '0' && at.node->text.front() <= '9'
                         ? read_number(at, d, 0, kAllowAsInMax)
                         : std::optional<std::uint64_t>{};
  if (count) {
    n.allow_as_in = AllowAsIn{static_cast<std::uint8_t>(*count), false};
  } else if (!d.failed(at.canon)) {
    d.error(at, "expected a number from 0 to 10, or origin, found " + describe(*at.node));
  }
}

void read_maximum_prefixes(const Place& at, NeighborConfig& n, Diagnostics& d) {
  const ObjectReader o{at, kMaximumPrefixesKeys, d};
  MaximumPrefixes m;
  o.take_required("limit", "a number of prefixes", m.limit, number<std::uint32_t>(1, 0xffffffffU));
  o.take("warnPercent", m.warn_percent, number<std::uint8_t>(1, 100));
  o.take("restartSeconds", m.restart_seconds, number<std::uint32_t>(0, 86400));
  n.maximum_prefixes = m;
}

void read_add_path(const Place& at, NeighborConfig& n, Diagnostics& d) {
  const ObjectReader o{at, kAddPathKeys, d};
  o.take("receive", n.add_path_receive, read_bool);
  if (const auto p = o.get("send")) {
    const auto send = read_bool(*p, d);
    if (send && *send) d.error(*p, "not yet supported, except as false");
  }
}

// An address a neighbour can have, or a session start from.
std::optional<IpAddress> read_peer_address(const Place& at, Diagnostics& d) {
  const auto a = read_address(at, d);
  if (!a) return std::nullopt;
  if (a->is_unspecified() || a->is_multicast()) {
    d.error(at, "expected a unicast address, found " + describe(*at.node));
    return std::nullopt;
  }
  if (!a->is_v4() && a->is_link_local()) {
    d.error(at, "a link-local address needs its link; `interface` neighbors are not yet supported");
    return std::nullopt;
  }
  return a;
}

}  // namespace

NeighborDraft read_neighbor(const Place& at, ReadContext& context) {
  Diagnostics& d = context.diagnostics;
  NeighborDraft n;
  const ObjectReader o{at, kNeighborKeys, d};
  if (!o.has("interface") && !o.has("listenRange")) {
    o.take_required("address", "the neighbor's address", n.config.address, read_peer_address);
  } else if (const auto p = o.get("address")) {
    d.error(*p, "expected exactly one of address, interface and listenRange");
  }
  if (o.usable()) read_peer_as(o, n, d);
  o.take("port", n.config.port, number<std::uint16_t>(1, 65535));
  read_password(o, n.config, context);
  read_timers(o, n.config, d);
  read_properties(o, n.config, d);
  read_families(o, n.config, d);
  o.take("description", n.config.description,
         [](const Place& p, Diagnostics& dd) { return read_line(p, dd, kDescriptionMax); });
  o.take("localASN", n.config.local_asn, read_asn);
  o.take("sourceAddress", n.config.source_address, read_peer_address);
  o.take("passive", n.config.passive, read_bool);
  o.take("ttlSecurityHops", n.config.ttl_security_hops, number<std::uint8_t>(1, 254));
  if (const auto p = o.get("allowASIn")) read_allow_as_in(*p, n, d);
  o.take("asOverride", n.config.as_override, read_bool);
  if (const auto p = o.get("maximumPrefixes")) read_maximum_prefixes(*p, n.config, d);
  if (const auto p = o.get("addPath")) read_add_path(*p, n.config, d);
  if (const auto p = o.get("gracefulRestart")) read_graceful_restart(*p, context);
  return n;
}

}  // namespace perd::config
