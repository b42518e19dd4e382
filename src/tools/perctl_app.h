// perctl without main(): the command line in, an exit code out.
//
// What needs no daemon (check, decode, encode) is done here; everything else is handed to the
// daemon word by word, which answers in text or JSON and knows what it does not know: perctl need
// not be of the same version. Files are read here and travel by content.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "config/config_options.h"

namespace perd {

struct PerctlWorld {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Environment environment;
  std::optional<std::string> socket;     // of PERD_SOCKET; --socket wins
  std::optional<unsigned> watch_rounds;  // tests: how often --watch asks; none: for ever
};

// `args` without the program's name. Exit codes: 0 good, 1 refused or negative, 2 wrong command
// line, 3 no daemon; decode and encode: see usage.
[[nodiscard]] int run_perctl(const std::vector<std::string>& args, PerctlWorld& world);

}  // namespace perd
