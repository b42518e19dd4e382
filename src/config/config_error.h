// One fault of a configuration: where, what, and what was expected instead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perd {

struct ConfigError {
  std::string file;          // as it was named to the loader; an environment variable's name
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string path;          // "underlays[0].neighbors[1].asn"; empty: the file as a whole
  std::string message;
  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

// "file:line:column: path: message"; parts that are not known are left out.
[[nodiscard]] std::string to_string(const ConfigError& error);

}  // namespace perd
