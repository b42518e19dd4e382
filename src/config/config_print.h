// A Config as canonical YAML: every default filled in, one spelling for everything, in the order of
// config/per.yaml. Loading it gives the same Config.
//
// Secrets are never printed: a passwordFile is printed as its path, a password as `<redacted>`,
// which loads back as described in config_options.h.
#pragma once

#include <string>

#include "perd/config.h"

namespace perd {

[[nodiscard]] std::string print_config(const Config& config);

}  // namespace perd
