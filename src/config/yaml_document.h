// YAML text to document trees. yaml_document.cpp is the only file that includes the YAML library.
#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/document.h"

namespace perd::config {

// Limits; what exceeds them is refused as a whole.
inline constexpr std::size_t kFileOctetsMax = 16 * 1024 * 1024;
inline constexpr std::size_t kNodesMax = 1'000'000;  // aliases expanded
inline constexpr std::size_t kDepthMax = 64;

// Documents of file number `file`; those before a syntax error are kept, the error is told.
[[nodiscard]] std::vector<Node> parse_yaml(const std::string& text, std::uint32_t file,
                                           Diagnostics& diagnostics);

}  // namespace perd::config
