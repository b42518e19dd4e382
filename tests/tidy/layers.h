// The rules of layer_test: which folder may include which, and who may use which library.
#pragma once

#include <string>
#include <vector>

#include "tidy/source_text.h"

namespace perd::tidy {

// Checks every #include of one file below include/ or src/ against the tables in layers.cpp.
[[nodiscard]] std::vector<Finding> check_includes(const SourceFile& file);

// The folders that the tables know; a new folder must be entered there first.
[[nodiscard]] std::vector<std::string> known_layers();

}  // namespace perd::tidy
