#include "perd/evpn_ids.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace perd {
namespace {

std::uint64_t integer(const std::uint8_t* octets, unsigned count) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < count; ++i) v = v << 8 | octets[i];
  return v;
}

void put(std::uint8_t* octets, unsigned count, std::uint64_t v) {
  for (unsigned i = 0; i < count; ++i) {
    octets[i] = static_cast<std::uint8_t>(v >> (8 * (count - 1 - i)));
  }
}

// The six octets "administrator:number" in one of the three forms that route distinguishers and
// route targets share (RFC 4364 4.2, RFC 4360 3, RFC 5668 2).
struct AdminNumber {
  std::uint8_t form = 0;  // 0: two-octet AS, 1: IPv4 address, 2: four-octet AS
  std::array<std::uint8_t, 6> octets{};
};

std::optional<AdminNumber> parse_admin_number(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto admin = text.substr(0, colon);
  const auto number = text.substr(colon + 1);
  AdminNumber out;
  if (admin.find('.') != std::string_view::npos) {
    const auto ip = parse_ip(admin);
    const auto n = text::decimal(number, 0xffff);
    if (!ip || !n) return std::nullopt;
    out.form = 1;
    std::copy_n(ip->octets.begin(), 4, out.octets.begin());
    put(out.octets.data() + 4, 2, *n);
    return out;
  }
  const auto as = text::decimal(admin, 0xffffffff);
  if (!as) return std::nullopt;
  const bool wide = *as > 0xffff;
  const auto n = text::decimal(number, wide ? 0xffff : 0xffffffff);
  if (!n) return std::nullopt;
  out.form = wide ? 2 : 0;
  put(out.octets.data(), wide ? 4 : 2, *as);
  put(out.octets.data() + (wide ? 4 : 2), wide ? 2 : 4, *n);
  return out;
}

std::string admin_number_text(std::uint8_t form, const std::uint8_t* octets) {
  if (form == 1) {
    return to_string(IpAddress::from_bytes({octets, 4})) + ":" +
           std::to_string(integer(octets + 4, 2));
  }
  const unsigned as_octets = form == 2 ? 4 : 2;
  return std::to_string(integer(octets, as_octets)) + ":" +
         std::to_string(integer(octets + as_octets, 6 - as_octets));
}

std::string hex(const std::uint8_t* octets, std::size_t count) {
  std::string s;
  text::append_colon_hex(s, octets, count);
  s.erase(std::remove(s.begin(), s.end(), ':'), s.end());
  return s;
}

ExtendedCommunity with_mac(std::uint8_t type, std::uint8_t subtype, const MacAddress& mac) {
  ExtendedCommunity c{{type, subtype}};
  std::copy(mac.octets.begin(), mac.octets.end(), c.octets.begin() + 2);
  return c;
}

std::optional<MacAddress> mac_of(const ExtendedCommunity& c, std::uint8_t type,
                                 std::uint8_t subtype) {
  if (c.type() != type || c.subtype() != subtype) return std::nullopt;
  MacAddress mac;
  std::copy_n(c.octets.begin() + 2, 6, mac.octets.begin());
  return mac;
}

constexpr std::uint8_t kEvpnType = 0x06;    // RFC 7153 2.2
constexpr std::uint8_t kOpaqueType = 0x03;  // RFC 4360 3.3

}  // namespace

RouteDistinguisher RouteDistinguisher::of_ip(RouterId id, std::uint16_t number) {
  RouteDistinguisher rd{{0, 1}};
  put(rd.octets.data() + 2, 4, id.value);
  put(rd.octets.data() + 6, 2, number);
  return rd;
}

std::string to_string(const RouteDistinguisher& rd) {
  const auto type = integer(rd.octets.data(), 2);
  if (type > 2) return "0x" + hex(rd.octets.data(), 8);
  return admin_number_text(static_cast<std::uint8_t>(type), rd.octets.data() + 2);
}

std::optional<RouteDistinguisher> parse_rd(std::string_view text) {
  const auto parsed = parse_admin_number(text);
  if (!parsed) return std::nullopt;
  RouteDistinguisher rd{{0, parsed->form}};
  std::copy(parsed->octets.begin(), parsed->octets.end(), rd.octets.begin() + 2);
  return rd;
}

std::string to_string(const EthernetSegmentId& esi) {
  std::string s;
  text::append_colon_hex(s, esi.octets.data(), esi.octets.size());
  return s;
}

std::optional<EthernetSegmentId> parse_esi(std::string_view text) {
  EthernetSegmentId esi;
  if (!text::colon_hex(text, esi.octets.data(), esi.octets.size())) return std::nullopt;
  return esi;
}

std::string to_string(const MacAddress& mac) {
  std::string s;
  text::append_colon_hex(s, mac.octets.data(), mac.octets.size());
  return s;
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress mac;
  if (!text::colon_hex(text, mac.octets.data(), mac.octets.size())) return std::nullopt;
  return mac;
}

ExtendedCommunity make_encapsulation(std::uint16_t tunnel_type) {
  ExtendedCommunity c{{kOpaqueType, 0x0c}};
  put(c.octets.data() + 6, 2, tunnel_type);
  return c;
}

ExtendedCommunity make_router_mac(const MacAddress& mac) { return with_mac(kEvpnType, 0x03, mac); }

ExtendedCommunity make_mac_mobility(const MacMobility& m) {
  ExtendedCommunity c{{kEvpnType, 0x00, static_cast<std::uint8_t>(m.sticky ? 1 : 0)}};
  put(c.octets.data() + 4, 4, m.sequence);
  return c;
}

ExtendedCommunity make_default_gateway() { return ExtendedCommunity{{kOpaqueType, 0x0d}}; }

ExtendedCommunity make_nd_flags(const NdFlags& flags) {
  const unsigned octet =
      (flags.router ? 1U : 0U) | (flags.override_flag ? 2U : 0U) | (flags.immutable ? 4U : 0U);
  return ExtendedCommunity{{kEvpnType, 0x08, static_cast<std::uint8_t>(octet)}};
}

ExtendedCommunity make_esi_label(bool single_active, Label label) {
  ExtendedCommunity c{{kEvpnType, 0x01, static_cast<std::uint8_t>(single_active ? 1 : 0)}};
  put(c.octets.data() + 5, 3, label.value);
  return c;
}

ExtendedCommunity make_es_import(const MacAddress& mac) { return with_mac(kEvpnType, 0x02, mac); }

std::optional<std::uint16_t> as_encapsulation(const ExtendedCommunity& c) {
  if (c.type() != kOpaqueType || c.subtype() != 0x0c) return std::nullopt;
  return static_cast<std::uint16_t>(integer(c.octets.data() + 6, 2));
}

std::optional<MacAddress> as_router_mac(const ExtendedCommunity& c) {
  return mac_of(c, kEvpnType, 0x03);
}

std::optional<MacMobility> as_mac_mobility(const ExtendedCommunity& c) {
  if (c.type() != kEvpnType || c.subtype() != 0x00) return std::nullopt;
  return MacMobility{static_cast<std::uint32_t>(integer(c.octets.data() + 4, 4)),
                     (c.octets[2] & 1U) != 0};
}

bool is_default_gateway(const ExtendedCommunity& c) {
  return c.type() == kOpaqueType && c.subtype() == 0x0d;
}

std::optional<NdFlags> as_nd_flags(const ExtendedCommunity& c) {
  if (c.type() != kEvpnType || c.subtype() != 0x08) return std::nullopt;
  return NdFlags{(c.octets[2] & 1U) != 0, (c.octets[2] & 2U) != 0, (c.octets[2] & 4U) != 0};
}

std::optional<MacAddress> as_es_import(const ExtendedCommunity& c) {
  return mac_of(c, kEvpnType, 0x02);
}

bool is_route_target(const ExtendedCommunity& c) { return c.type() <= 2 && c.subtype() == 0x02; }

ExtendedCommunity make_route_target_as2(std::uint16_t as, std::uint32_t number) {
  ExtendedCommunity c{{0x00, 0x02}};
  put(c.octets.data() + 2, 2, as);
  put(c.octets.data() + 4, 4, number);
  return c;
}

ExtendedCommunity make_route_target_as4(Asn as, std::uint16_t number) {
  ExtendedCommunity c{{0x02, 0x02}};
  put(c.octets.data() + 2, 4, as.value);
  put(c.octets.data() + 6, 2, number);
  return c;
}

ExtendedCommunity make_route_target_ip(RouterId ip, std::uint16_t number) {
  ExtendedCommunity c{{0x01, 0x02}};
  put(c.octets.data() + 2, 4, ip.value);
  put(c.octets.data() + 6, 2, number);
  return c;
}

ExtendedCommunity make_auto_route_target(Asn asn, Vni vni) {
  return make_route_target_as2(static_cast<std::uint16_t>(asn.value), vni.value);
}

std::optional<ExtendedCommunity> parse_route_target(std::string_view text) {
  const auto parsed = parse_admin_number(text);
  if (!parsed) return std::nullopt;
  ExtendedCommunity c{{parsed->form, 0x02}};
  std::copy(parsed->octets.begin(), parsed->octets.end(), c.octets.begin() + 2);
  return c;
}

std::string to_string(const ExtendedCommunity& c) {
  if (is_route_target(c)) return "RT:" + admin_number_text(c.type(), c.octets.data() + 2);
  if (c.type() <= 2 && c.subtype() == 0x03) {
    return "SoO:" + admin_number_text(c.type(), c.octets.data() + 2);
  }
  if (const auto tunnel = as_encapsulation(c)) return "ET:" + std::to_string(*tunnel);
  if (const auto mac = as_router_mac(c)) return "Rmac:" + to_string(*mac);
  if (const auto m = as_mac_mobility(c)) {
    return "MM:" + std::to_string(m->sequence) + (m->sticky ? ", sticky MAC" : "");
  }
  if (is_default_gateway(c)) return "Default Gateway";
  if (const auto nd = as_nd_flags(c)) {
    return std::string("ND:") + (nd->router ? "Router" : "") +
           (nd->override_flag ? "Override" : "") + (nd->immutable ? "Immutable" : "");
  }
  if (const auto mac = as_es_import(c)) return "ES-Import-Rt:" + to_string(*mac);
  if (c.type() == kEvpnType && c.subtype() == 0x01) {
    return std::string("ESI-label-Rt:") + ((c.octets[2] & 1U) != 0 ? "SA" : "AA");
  }
  return "UNK:" + hex(c.octets.data(), 8);
}

bool RouteTargetMatch::matches(const ExtendedCommunity& c) const {
  if (!any_admin) return c == exact;
  if (!is_route_target(c)) return false;
  if (c.type() == 0) return integer(c.octets.data() + 4, 4) == number;
  return number <= 0xffff && integer(c.octets.data() + 6, 2) == number;
}

std::string to_string(const RouteTargetMatch& m) {
  if (m.any_admin) return "*:" + std::to_string(m.number);
  return admin_number_text(m.exact.type(), m.exact.octets.data() + 2);
}

std::optional<RouteTargetMatch> parse_route_target_match(std::string_view text) {
  if (text.starts_with("*:")) {
    const auto n = text::decimal(text.substr(2), 0xffffffff);
    if (!n) return std::nullopt;
    return RouteTargetMatch{true, {}, static_cast<std::uint32_t>(*n)};
  }
  const auto exact = parse_route_target(text);
  if (!exact) return std::nullopt;
  return RouteTargetMatch{false, *exact, 0};
}

}  // namespace perd
