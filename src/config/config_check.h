// Rules over several values of a configuration (one underlay, nothing twice, what needs what).
// Rules of a single value are the readers'. Pure.
#pragma once

#include <string>
#include <vector>

#include "perd/config.h"

namespace perd {

struct RuleViolation {
  std::string path;  // canonical: "l3vnis[1].vni"
  std::string message;
  std::string other = {};  // canonical path of the value it clashes with; may be empty
  // The rule says nothing when one of these could not be read (their values are made up then).
  // "documents": when any document could not be.
  std::vector<std::string> depends = {};
  friend bool operator==(const RuleViolation&, const RuleViolation&) = default;
};

// In the order of the configuration, overlapping subnets last; empty when it is good.
[[nodiscard]] std::vector<RuleViolation> check_config(const Config& config);

}  // namespace perd
