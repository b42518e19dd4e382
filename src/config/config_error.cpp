#include "config/config_error.h"

namespace perd {

std::string to_string(const ConfigError& error) {
  std::string out = error.file;
  if (error.line != 0) {
    out += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  }
  if (!out.empty()) out += ": ";
  if (!error.path.empty()) out += error.path + ": ";
  return out + error.message;
}

}  // namespace perd
