#include "daemon/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>

#include "status/status.h"

namespace perd {

Expected<CommandLine, CommandLineEnd> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"perd: an embedded BGP-EVPN routing engine"};
  CommandLine line;
  bool check = false, print = false, dry_run = false;
  std::string level;
  const std::map<std::string, LogLevel> levels{{"trace", LogLevel::kTrace},
                                               {"debug", LogLevel::kDebug},
                                               {"info", LogLevel::kInfo},
                                               {"warn", LogLevel::kWarn},
                                               {"error", LogLevel::kError}};
  app.add_option("-c,--config", line.config, "per.yaml, or a directory of *.yaml")
      ->required()
      ->type_name("FILE|DIR");
  auto* check_flag = app.add_flag("--check", check, "check the configuration and end");
  auto* print_flag =
      app.add_flag("--print", print, "print the configuration in canonical form and end");
  auto* dry_flag =
      app.add_flag("--dry-run", dry_run, "print what would change in the kernel and end");
  check_flag->excludes(print_flag)->excludes(dry_flag);
  print_flag->excludes(dry_flag);
  auto* level_option = app.add_option("--log-level", level, "trace, debug, info, warn or error")
                           ->check(CLI::IsMember(levels))
                           ->type_name("LEVEL");
  app.set_version_flag("--version", status::version_text());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::ostringstream out;
    const int code = app.exit(e, out, out);
    return unexpected(CommandLineEnd{code == 0 ? Exit::kGood : Exit::kUsage, out.str()});
  }
  if (level_option->count() > 0) line.log_level = levels.at(level);
  line.mode = check     ? CommandLine::Mode::kCheck
              : print   ? CommandLine::Mode::kPrint
              : dry_run ? CommandLine::Mode::kDryRun
                        : CommandLine::Mode::kRun;
  return line;
}

}  // namespace perd
