// Ethernet addresses.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perd {

struct MacAddress {
  std::array<std::uint8_t, 6> octets{};
  friend constexpr bool operator==(const MacAddress&, const MacAddress&) = default;
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;

  [[nodiscard]] constexpr bool is_zero() const { return *this == MacAddress{}; }
  [[nodiscard]] constexpr bool is_multicast() const {
    return (octets[0] & 1U) != 0;
  }  // broadcast too
  // A host may use it: neither zero nor a group address.
  [[nodiscard]] constexpr bool is_unicast() const { return !is_zero() && !is_multicast(); }
};

[[nodiscard]] std::string to_string(const MacAddress& mac);  // aa:bb:cc:dd:ee:ff
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);

}  // namespace perd
