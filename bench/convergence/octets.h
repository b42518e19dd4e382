// Big-endian numbers into and out of octets.
#pragma once

#include <cstdint>
#include <vector>

namespace perd::loadgen {

inline void put8(std::vector<std::uint8_t>& out, std::uint32_t v) {
  out.push_back(static_cast<std::uint8_t>(v));
}
inline void put16(std::vector<std::uint8_t>& out, std::uint32_t v) {
  put8(out, v >> 8);
  put8(out, v);
}
inline void put24(std::vector<std::uint8_t>& out, std::uint32_t v) {
  put8(out, v >> 16);
  put16(out, v);
}
inline void put32(std::vector<std::uint8_t>& out, std::uint32_t v) {
  put16(out, v >> 16);
  put16(out, v);
}
inline void put64(std::vector<std::uint8_t>& out, std::uint64_t v) {
  put32(out, static_cast<std::uint32_t>(v >> 32));
  put32(out, static_cast<std::uint32_t>(v));
}
[[nodiscard]] inline std::uint32_t get16(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 8 | p[1];
}
[[nodiscard]] inline std::uint32_t get24(const std::uint8_t* p) { return get16(p) << 8 | p[2]; }
[[nodiscard]] inline std::uint32_t get32(const std::uint8_t* p) {
  return get16(p) << 16 | get16(p + 2);
}
[[nodiscard]] inline std::uint64_t get64(const std::uint8_t* p) {
  return std::uint64_t{get32(p)} << 32 | get32(p + 4);
}

}  // namespace perd::loadgen
