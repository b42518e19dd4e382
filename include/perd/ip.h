// IP addresses and prefixes of both families as values. A prefix is always masked: host bits are
// zero, so equality of octets is equality of prefixes. Text is RFC 5952.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "perd/hash.h"

namespace perd {

enum class IpFamily : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

struct IpAddress {
  std::array<std::uint8_t, 16> octets{};  // IPv4: the first four, the rest zero
  IpFamily family = IpFamily::kIpv4;

  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;
  friend constexpr std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
    if (a.family != b.family) return a.family <=> b.family;
    return a.octets <=> b.octets;
  }

  [[nodiscard]] static constexpr IpAddress v4(std::uint32_t host_order) {
    IpAddress a;
    for (unsigned i = 0; i < 4; ++i) {
      a.octets[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    }
    return a;
  }
  // Four or sixteen octets in network order; any other size is a programming error.
  [[nodiscard]] static IpAddress from_bytes(std::span<const std::uint8_t> bytes);

  [[nodiscard]] constexpr bool is_v4() const { return family == IpFamily::kIpv4; }
  [[nodiscard]] constexpr bool is_v6() const { return family == IpFamily::kIpv6; }
  [[nodiscard]] constexpr unsigned bits() const { return is_v4() ? 32 : 128; }
  [[nodiscard]] constexpr std::size_t size() const { return is_v4() ? 4 : 16; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {octets.data(), size()}; }
  [[nodiscard]] constexpr std::uint32_t v4_value() const {
    return std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 |
           std::uint32_t{octets[2]} << 8 | std::uint32_t{octets[3]};
  }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;    // 127/8, ::1
  [[nodiscard]] bool is_multicast() const;   // 224/4, ff00::/8
  [[nodiscard]] bool is_link_local() const;  // 169.254/16, fe80::/10
  // RFC 4271 6.3 / RFC 1812: cannot be the next hop of a route: unspecified, loopback, multicast,
  // 240/4.
  [[nodiscard]] bool is_martian_next_hop() const;
  // ::ffff:a.b.c.d of an IPv4 address; IPv6 addresses unchanged.
  [[nodiscard]] IpAddress to_v4_mapped() const;
};

struct IpPrefix {
  IpAddress address{};
  std::uint8_t length = 0;

  friend constexpr bool operator==(const IpPrefix&, const IpPrefix&) = default;
  friend constexpr std::strong_ordering operator<=>(const IpPrefix& a, const IpPrefix& b) {
    if (auto c = a.address <=> b.address; c != 0) return c;
    return a.length <=> b.length;
  }

  // Masks the host bits away; `length` must not exceed the family's.
  [[nodiscard]] static IpPrefix make(const IpAddress& address, unsigned length);
  [[nodiscard]] static IpPrefix host(const IpAddress& address) {
    return make(address, address.bits());
  }
  [[nodiscard]] constexpr bool is_v4() const { return address.is_v4(); }
  [[nodiscard]] bool contains(const IpAddress& a) const;
  [[nodiscard]] bool contains(const IpPrefix& p) const;
  [[nodiscard]] constexpr bool is_default() const { return length == 0; }
};

// An address with the length of its subnet, host bits kept ("192.168.11.2/24").
struct InterfaceAddress {
  IpAddress address{};
  std::uint8_t length = 0;
  friend constexpr bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
  friend constexpr auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) = default;
};

[[nodiscard]] std::string to_string(const IpAddress& a);
[[nodiscard]] std::string to_string(const IpPrefix& p);
[[nodiscard]] std::string to_string(const InterfaceAddress& a);
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
// "10.0.0.0/8"; host bits that are set make it nullopt unless `mask_host_bits`.
[[nodiscard]] std::optional<IpPrefix> parse_prefix(std::string_view text,
                                                   bool mask_host_bits = false);
[[nodiscard]] std::optional<InterfaceAddress> parse_interface_address(std::string_view text);

[[nodiscard]] inline std::uint64_t hash_value(const IpAddress& a) {
  return hash_bytes(a.bytes(), static_cast<std::uint64_t>(a.family));
}
[[nodiscard]] inline std::uint64_t hash_value(const IpPrefix& p) {
  return hash_combine(hash_value(p.address), p.length);
}

}  // namespace perd

template <>
struct std::hash<perd::IpAddress> {
  std::size_t operator()(const perd::IpAddress& a) const noexcept { return hash_value(a); }
};
template <>
struct std::hash<perd::IpPrefix> {
  std::size_t operator()(const perd::IpPrefix& p) const noexcept { return hash_value(p); }
};
