// RouteSet: the routes that a benchmark announces, by number, and their UPDATE messages. Written
// without perd's own codec, so that a mistake there cannot hide behind its own reflection.
//
// Route i is prefix number first + i: 10.0.0.0/8 cut in /28s, 2001:db8::/32 cut in /64s; or, of
// type 2, MAC address 02:bc and that number, with the same number as address in 10.0.0.0/8 or in
// 2001:db8::/96 where the route has one. It belongs to attribute set set_of(i); the set decides
// VTEP, VNI and what else differs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perd::loadgen {

using Octets = std::vector<std::uint8_t>;

using Mac = std::array<std::uint8_t, 6>;

// Unicast; type 5; type 2 with a MAC only, with an IPv4, with an IPv6 address.
enum class RouteFamily : std::uint8_t { kIpv4, kIpv6, kEvpnV4, kEvpnV6, kMac, kMacV4, kMacV6 };

struct RouteSetSettings {
  RouteFamily family = RouteFamily::kEvpnV4;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t sets = 1;  // attribute sets
  std::uint32_t vteps = 1;
  std::uint32_t vtep_base = 0x0AC80001;  // 10.200.0.1
  std::vector<std::uint32_t> vnis{100};
  std::uint32_t rt_as = 65001;
  std::uint32_t next_hop = 0;  // of IPv4 unicast
  std::uint32_t origin_as = 64999;
  std::uint32_t med = 0;
  std::uint32_t sequence = 0;  // MAC mobility; 0: none is sent
  // Set: routes that somebody else announces, of whose RD only the administrator is known.
  std::uint32_t rd_administrator = 0;
};

// One NLRI as received.
struct Nlri {
  RouteFamily family{};
  std::uint32_t number = 0;  // of the prefix or the MAC address
  std::uint64_t rd = 0;
  std::uint32_t label = 0;
};
// An EVPN NLRI, from its route type on; none when it is nothing that a set could hold.
[[nodiscard]] std::optional<Nlri> read_evpn(const std::uint8_t* nlri);

class RouteSet {
 public:
  explicit RouteSet(RouteSetSettings settings);

  [[nodiscard]] const RouteSetSettings& settings() const { return s_; }
  [[nodiscard]] std::uint32_t count() const { return s_.count; }
  [[nodiscard]] bool evpn() const {
    return s_.family != RouteFamily::kIpv4 && s_.family != RouteFamily::kIpv6;
  }
  [[nodiscard]] bool type2() const { return s_.family >= RouteFamily::kMac; }
  // With a prefix or an address, and of which kind.
  [[nodiscard]] bool has_address() const { return s_.family != RouteFamily::kMac; }
  [[nodiscard]] bool ipv6() const {
    return s_.family == RouteFamily::kIpv6 || s_.family == RouteFamily::kEvpnV6 ||
           s_.family == RouteFamily::kMacV6;
  }
  [[nodiscard]] std::uint32_t set_of(std::uint32_t route) const {
    return static_cast<std::uint32_t>(std::uint64_t{route} * s_.sets / s_.count);
  }
  [[nodiscard]] std::uint32_t vtep_of(std::uint32_t set) const;
  [[nodiscard]] std::uint32_t vni_of(std::uint32_t set) const {
    return s_.vnis[set % s_.vnis.size()];
  }
  [[nodiscard]] std::uint64_t rd_of(std::uint32_t set) const;

  // The route that an NLRI names; none when it is not of this set.
  [[nodiscard]] std::optional<std::uint32_t> find(const Nlri& nlri) const;
  // The prefix as in a kernel table, or the address of a type 2 (with a MAC only: that which the
  // host has, IPv4): 4 or 16 octets.
  [[nodiscard]] Octets address(std::uint32_t route) const;
  [[nodiscard]] std::uint8_t prefix_length() const { return ipv6() ? 64 : 28; }
  [[nodiscard]] std::optional<std::uint32_t> find_address(const std::uint8_t* octets) const;
  [[nodiscard]] Mac mac(std::uint32_t route) const;
  [[nodiscard]] std::optional<std::uint32_t> find_mac(const std::uint8_t* octets) const;

  // UPDATE messages for the routes [from, to). `as` is the AS number of the speaker.
  [[nodiscard]] Octets announcements(std::uint32_t as, std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] Octets withdrawals(std::uint32_t from, std::uint32_t to) const;

 private:
  void put_nlri(Octets& out, std::uint32_t route, bool withdrawn) const;
  void put_type2(Octets& out, std::uint32_t route, bool withdrawn) const;
  void put_type5(Octets& out, std::uint32_t route, bool withdrawn) const;
  void put_extended_communities(Octets& out, std::uint32_t set) const;
  [[nodiscard]] std::size_t nlri_size() const;
  void put_attributes(Octets& out, std::uint32_t as, std::uint32_t set) const;
  void put_announcement(Octets& out, const Octets& attributes, std::uint32_t set,
                        std::uint32_t from, std::uint32_t to) const;

  RouteSetSettings s_;
};

[[nodiscard]] std::string to_string(RouteFamily family);
[[nodiscard]] std::optional<RouteFamily> family_of(const std::string& name);

}  // namespace perd::loadgen
