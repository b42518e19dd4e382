// What a YAML text says, free of the YAML library: a tree of nodes with positions. Made by
// yaml_document.cpp, read by the pure readers of this folder.
//
// Aliases are already expanded; duplicate keys are still there, for the reader to refuse.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace perd::config {

// Line and column count from 1; 0 means "the file as a whole".
struct Position {
  std::uint32_t file = 0;  // index into the list of files
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // a scalar that can only be text
  Position at{};
  std::string text;         // kScalar
  std::vector<Node> items;  // kSequence: the elements; kMap: key, value, key, value, ...

  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::kSequence; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] std::size_t pairs() const { return items.size() / 2; }
};

}  // namespace perd::config
