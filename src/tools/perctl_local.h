// The commands of perctl that need no daemon.
#pragma once

#include <string>
#include <vector>

#include "tools/perctl_app.h"

namespace perd {

struct PerctlOptions {
  std::vector<std::string> words;  // the command
  bool json = false;
  bool watch = false;
  std::string socket;
  std::string families;   // decode: "ipv4,ipv6,evpn"
  bool add_path = false;  // decode, encode
  bool as2 = false;       // decode, encode
};

[[nodiscard]] int check_command(const PerctlOptions& options, PerctlWorld& world);
[[nodiscard]] int decode_command(const PerctlOptions& options, PerctlWorld& world);
[[nodiscard]] int encode_command(const PerctlOptions& options, PerctlWorld& world);

// Lines of errors to world.err, or a JSON object to world.out.
void show_config_errors(const std::vector<struct ConfigError>& errors, bool json,
                        PerctlWorld& world);

}  // namespace perd
