// Hashing for the open-addressing tables of the RIB and the FIB. Deterministic on purpose: the same
// inputs give the same tables in every run, which the simulation relies on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace perd {

[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  return x;
}

[[nodiscard]] constexpr std::uint64_t hash_combine(std::uint64_t seed, std::uint64_t value) {
  return mix64(seed * 0x9e3779b97f4a7c15ULL + value);
}

[[nodiscard]] inline std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes,
                                              std::uint64_t seed = 0) {
  std::uint64_t h = hash_combine(seed, bytes.size());
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    h = hash_combine(h, word);
  }
  std::uint64_t tail = 0;
  for (unsigned shift = 0; i < bytes.size(); ++i, shift += 8) {
    tail |= std::uint64_t{bytes[i]} << shift;
  }
  return hash_combine(h, tail);
}

}  // namespace perd
