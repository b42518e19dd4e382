// What differs between two configurations, in the lines of their canonical form: "- old" and "+
// new", under the section they stand in. Secrets do not appear: the canonical form has none.
#pragma once

#include <string>

#include "perd/config.h"

namespace perd {

[[nodiscard]] std::string diff_configs(const Config& from, const Config& to);  // "" when equal
[[nodiscard]] std::string diff_lines(const std::string& from, const std::string& to);

}  // namespace perd
