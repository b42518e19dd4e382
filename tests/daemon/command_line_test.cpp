// Goal: the command line of perd as per.yaml's contract has it. Method: table.
#include "daemon/command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace perd {
namespace {

struct Case {
  std::vector<const char*> words;
  int exit;  // -1: runs
  CommandLine::Mode mode = CommandLine::Mode::kRun;
};

TEST(CommandLine, ModesAndExitCodes) {
  using Mode = CommandLine::Mode;
  const Case cases[] = {
      {{"perd", "-c", "per.yaml"}, -1, Mode::kRun},
      {{"perd", "--config", "d"}, -1, Mode::kRun},
      {{"perd", "-c", "per.yaml", "--check"}, -1, Mode::kCheck},
      {{"perd", "-c", "per.yaml", "--print"}, -1, Mode::kPrint},
      {{"perd", "-c", "per.yaml", "--dry-run"}, -1, Mode::kDryRun},
      {{"perd", "-c", "per.yaml", "--log-level", "debug"}, -1, Mode::kRun},
      {{"perd", "--help"}, 0},
      {{"perd", "--version"}, 0},
      {{"perd"}, 2},
      {{"perd", "-c"}, 2},
      {{"perd", "-c", "per.yaml", "--check", "--print"}, 2},
      {{"perd", "-c", "per.yaml", "--log-level", "loud"}, 2},
      {{"perd", "-c", "per.yaml", "--frob"}, 2},
      {{"perd", "-c", "per.yaml", "stray"}, 2},
  };
  for (const auto& c : cases) {
    std::string line;
    for (const char* w : c.words) line += std::string(w) + " ";
    SCOPED_TRACE(line);
    const auto parsed = parse_command_line(static_cast<int>(c.words.size()), c.words.data());
    if (c.exit < 0) {
      ASSERT_TRUE(parsed) << parsed.error().text;
      EXPECT_EQ(parsed->mode, c.mode);
    } else {
      ASSERT_FALSE(parsed);
      EXPECT_EQ(static_cast<int>(parsed.error().exit), c.exit);
      EXPECT_FALSE(parsed.error().text.empty());
    }
  }
}

TEST(CommandLine, LogLevelIsOptional) {
  const char* plain[] = {"perd", "-c", "x"};
  EXPECT_FALSE(parse_command_line(3, plain)->log_level);
  const char* level[] = {"perd", "-c", "x", "--log-level", "error"};
  EXPECT_EQ(parse_command_line(5, level)->log_level, LogLevel::kError);
}

}  // namespace
}  // namespace perd
