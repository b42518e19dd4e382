// Helpers of the parsers in this folder; not for other layers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perd::text {

// The whole of `s` as a decimal number up to `max`: no sign, no spaces, no leading zeros.
[[nodiscard]] inline std::optional<std::uint64_t> decimal(std::string_view s, std::uint64_t max) {
  if (s.empty() || (s.size() > 1 && s[0] == '0')) return std::nullopt;
  std::uint64_t v = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (error != std::errc{} || end != s.data() + s.size() || v > max) return std::nullopt;
  return v;
}

[[nodiscard]] constexpr std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// "aa:bb:...": exactly out_size octets of two hex digits each, separated by colons.
[[nodiscard]] inline bool colon_hex(std::string_view s, std::uint8_t* out, std::size_t out_size) {
  if (s.size() != out_size * 3 - 1) return false;
  for (std::size_t i = 0; i < out_size; ++i) {
    const auto high = hex_digit(s[3 * i]);
    const auto low = hex_digit(s[3 * i + 1]);
    if (!high || !low || (i + 1 < out_size && s[3 * i + 2] != ':')) return false;
    out[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

inline void append_colon_hex(std::string& out, const std::uint8_t* octets, std::size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out.push_back(':');
    out.push_back(kDigits[octets[i] >> 4]);
    out.push_back(kDigits[octets[i] & 0xf]);
  }
}

}  // namespace perd::text
