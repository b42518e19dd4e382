// The command line of perd (per.yaml, "Command line").
#pragma once

#include <optional>
#include <string>

#include "perd/config.h"
#include "perd/expected.h"

namespace perd {

// Exit codes of perd.
enum class Exit : int {
  kGood = 0,
  kConfigRefused = 1,
  kUsage = 2,
  kSystem = 3,  // the system lacks something: a capability, a kernel feature, a port in use
};

struct CommandLine {
  enum class Mode { kRun, kCheck, kPrint, kDryRun };
  Mode mode = Mode::kRun;
  std::string config;
  std::optional<LogLevel> log_level;  // wins over the file's
};

// Nothing to run: --help, --version, or a fault; `text` goes to standard output or error.
struct CommandLineEnd {
  Exit exit = Exit::kGood;
  std::string text;
};

[[nodiscard]] Expected<CommandLine, CommandLineEnd> parse_command_line(int argc,
                                                                       const char* const* argv);

}  // namespace perd
