// What the structures of perd hold, for `perctl show memory`: their own accounts, octets asked of
// the heap. What malloc adds and what small members hold is not in them.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace perd {

struct MemoryPart {
  std::string name;
  std::size_t entries = 0;
  std::size_t octets = 0;
  friend bool operator==(const MemoryPart&, const MemoryPart&) = default;
};
using MemoryParts = std::vector<MemoryPart>;

[[nodiscard]] inline std::size_t total_octets(const MemoryParts& parts) {
  std::size_t sum = 0;
  for (const MemoryPart& part : parts) sum += part.octets;
  return sum;
}
template <class T>
[[nodiscard]] std::size_t vector_octets(const std::vector<T>& v) {
  return v.capacity() * sizeof(T);
}
// Of a standard map or set: its nodes, each with the links of a tree and the heap's own word.
template <class Nodes>
[[nodiscard]] std::size_t node_octets(const Nodes& nodes) {
  return nodes.size() * (sizeof(typename Nodes::value_type) + 40);
}

}  // namespace perd
