// Identifiers of EVPN: route distinguisher (RFC 4364 4.2), Ethernet segment identifier (RFC 7432
// 5), extended communities (RFC 4360, RFC 5668, RFC 7153) and route targets as a view on them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "perd/hash.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd {

struct RouteDistinguisher {
  std::array<std::uint8_t, 8> octets{};
  friend constexpr bool operator==(const RouteDistinguisher&, const RouteDistinguisher&) = default;
  friend constexpr auto operator<=>(const RouteDistinguisher&, const RouteDistinguisher&) = default;

  // Type 1: `router-id:number`, what RFC 7432 7.9 asks of EVPN instances.
  [[nodiscard]] static RouteDistinguisher of_ip(RouterId id, std::uint16_t number);
};
// "65000:100" (type 0), "10.0.0.1:100" (type 1), "4200000000:100" (type 2).
[[nodiscard]] std::string to_string(const RouteDistinguisher& rd);
[[nodiscard]] std::optional<RouteDistinguisher> parse_rd(std::string_view text);

struct EthernetSegmentId {
  std::array<std::uint8_t, 10> octets{};
  friend constexpr bool operator==(const EthernetSegmentId&, const EthernetSegmentId&) = default;
  friend constexpr auto operator<=>(const EthernetSegmentId&, const EthernetSegmentId&) = default;
  [[nodiscard]] constexpr bool is_zero() const { return *this == EthernetSegmentId{}; }
};
[[nodiscard]] std::string to_string(const EthernetSegmentId& esi);  // 00:11:...:99
[[nodiscard]] std::optional<EthernetSegmentId> parse_esi(std::string_view text);

// Eight octets as on the wire, with typed readers for those perd acts on. Unknown ones are kept.
struct ExtendedCommunity {
  std::array<std::uint8_t, 8> octets{};
  friend constexpr bool operator==(const ExtendedCommunity&, const ExtendedCommunity&) = default;
  friend constexpr auto operator<=>(const ExtendedCommunity&, const ExtendedCommunity&) = default;

  [[nodiscard]] constexpr std::uint8_t type() const { return octets[0]; }
  [[nodiscard]] constexpr std::uint8_t subtype() const { return octets[1]; }
  // Bit 0x40 of the type: not passed over an AS boundary (RFC 4360 2).
  [[nodiscard]] constexpr bool transitive() const { return (octets[0] & 0x40U) == 0; }
};

struct MacMobility {
  std::uint32_t sequence = 0;
  bool sticky = false;
  friend constexpr bool operator==(const MacMobility&, const MacMobility&) = default;
};
struct NdFlags {  // RFC 9047
  bool router = false;
  bool override_flag = false;
  bool immutable = false;
  friend constexpr bool operator==(const NdFlags&, const NdFlags&) = default;
};

inline constexpr std::uint16_t kEncapsulationVxlan = 8;  // RFC 8365 11
inline constexpr std::uint16_t kEncapsulationMpls = 10;

[[nodiscard]] ExtendedCommunity make_encapsulation(std::uint16_t tunnel_type);
[[nodiscard]] ExtendedCommunity make_router_mac(const MacAddress& mac);
[[nodiscard]] ExtendedCommunity make_mac_mobility(const MacMobility& m);
[[nodiscard]] ExtendedCommunity make_default_gateway();
[[nodiscard]] ExtendedCommunity make_nd_flags(const NdFlags& flags);
[[nodiscard]] ExtendedCommunity make_esi_label(bool single_active, Label label);
[[nodiscard]] ExtendedCommunity make_es_import(const MacAddress& mac);

[[nodiscard]] std::optional<std::uint16_t> as_encapsulation(const ExtendedCommunity& c);
[[nodiscard]] std::optional<MacAddress> as_router_mac(const ExtendedCommunity& c);
[[nodiscard]] std::optional<MacMobility> as_mac_mobility(const ExtendedCommunity& c);
[[nodiscard]] bool is_default_gateway(const ExtendedCommunity& c);
[[nodiscard]] std::optional<NdFlags> as_nd_flags(const ExtendedCommunity& c);
[[nodiscard]] std::optional<MacAddress> as_es_import(const ExtendedCommunity& c);
[[nodiscard]] bool is_route_target(const ExtendedCommunity& c);  // types 00/01/02, subtype 02

// A route target is an extended community of subtype 2 in one of three forms: two-octet AS with a
// four-octet number, four-octet AS or IPv4 address with a two-octet number.
[[nodiscard]] ExtendedCommunity make_route_target_as2(std::uint16_t as, std::uint32_t number);
[[nodiscard]] ExtendedCommunity make_route_target_as4(Asn as, std::uint16_t number);
[[nodiscard]] ExtendedCommunity make_route_target_ip(RouterId ip, std::uint16_t number);
// The automatic one: (ASN mod 65536):VNI, as FRR derives it.
[[nodiscard]] ExtendedCommunity make_auto_route_target(Asn asn, Vni vni);

// "64514:100", "4200000000:100", "10.0.0.1:100".
[[nodiscard]] std::optional<ExtendedCommunity> parse_route_target(std::string_view text);
// Human words for any extended community: "RT:64514:100", "ET:8", "Rmac:aa:..", "MM:3",
// "MM:3, sticky MAC", "Default Gateway", "ND:Router Flag", "UNK:xx..".
[[nodiscard]] std::string to_string(const ExtendedCommunity& c);

// What an import list holds: one exact route target, or `*:number` that takes any administrator.
struct RouteTargetMatch {
  bool any_admin = false;
  ExtendedCommunity exact{};  // when !any_admin
  std::uint32_t number = 0;   // when any_admin
  friend constexpr bool operator==(const RouteTargetMatch&, const RouteTargetMatch&) = default;
  friend constexpr auto operator<=>(const RouteTargetMatch&, const RouteTargetMatch&) = default;

  // The wildcard compares four octets of a two-octet-AS target, two of the other forms.
  [[nodiscard]] bool matches(const ExtendedCommunity& c) const;
};
[[nodiscard]] std::string to_string(const RouteTargetMatch& m);  // "*:100" or "64514:100"
[[nodiscard]] std::optional<RouteTargetMatch> parse_route_target_match(std::string_view text);

}  // namespace perd
