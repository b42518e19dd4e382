// Big-endian integers at a place that is known to be large enough: the tight loops over routes,
// where one check of the frame stands for all fields. Everything else uses Reader and Writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace perd::wire {

[[nodiscard]] inline std::uint32_t load_u24(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 16 | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]};
}
[[nodiscard]] inline std::uint32_t load_u32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | load_u24(p + 1);
}
// Not swapped: for tests against zero and the like.
[[nodiscard]] inline std::uint64_t load_u64(const std::uint8_t* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}
inline void store_u24(std::uint8_t* p, std::uint32_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 16);
  p[1] = static_cast<std::uint8_t>(v >> 8);
  p[2] = static_cast<std::uint8_t>(v);
}
inline void store_u32(std::uint8_t* p, std::uint32_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 24);
  store_u24(p + 1, v);
}

// The network mask of an IPv4 prefix of at most 32 bits.
[[nodiscard]] inline std::uint32_t mask_u32(unsigned prefix_length) {
  return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length);
}
// Sixteen octets with the bits behind the prefix cleared; at most 128 bits.
inline void copy_masked_v6(std::uint8_t* to, const std::uint8_t* from, unsigned prefix_length) {
  std::memcpy(to, from, 16);
  const std::size_t whole = prefix_length / 8;
  if (whole == 16) return;
  to[whole] = static_cast<std::uint8_t>(to[whole] & ~(0xffU >> (prefix_length % 8)));
  std::memset(to + whole + 1, 0, 15 - whole);
}

}  // namespace perd::wire
