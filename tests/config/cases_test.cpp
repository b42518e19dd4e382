// Every file of config/ and config/cases against what stands beside it: NAME.ok is its canonical
// print (which must load back to an equal configuration), NAME.err the exact lines of its errors. A
// folder NAME/ holds the files of a merged directory. PERD_UPDATE_GOLDEN=1 rewrites what stands
// beside.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_load.h"
#include "config/config_print.h"

namespace perd {
namespace {

namespace fs = std::filesystem;

const fs::path kConfig = fs::path{PERD_SOURCE_DIR} / "config";

std::string slurp(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The same wherever the tests run: no file system, no host name.
ConfigOptions options() {
  ConfigOptions o;
  o.environment.hostname = "testhost";
  o.read_secret = [](const std::string& path) -> Expected<std::string, std::string> {
    if (path.find("missing") != std::string::npos) {
      return unexpected(std::string{"No such file or directory"});
    }
    if (path.find("empty") != std::string::npos) return std::string{"\n"};
    return std::string{"secret-of-a-file\n"};
  };
  return o;
}

std::vector<ConfigText> texts_of(const fs::path& path) {
  std::vector<ConfigText> texts;
  if (!fs::is_directory(path)) return {{path.filename().string(), slurp(path)}};
  for (const auto& entry : fs::directory_iterator{path}) {
    texts.push_back({entry.path().filename().string(), slurp(entry.path())});
  }
  std::sort(texts.begin(), texts.end(),
            [](const ConfigText& a, const ConfigText& b) { return a.name < b.name; });
  return texts;
}

std::string lines_of(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& error : errors) out += to_string(error) + "\n";
  return out;
}

std::vector<fs::path> inputs(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator{folder}) {
    const bool file = entry.path().extension() == ".yaml";
    if (file || (entry.is_directory() && entry.path().filename() != "cases")) {
      out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// What is left of a configuration after --print.
Config without_passwords(Config config) {
  for (NeighborConfig& n : config.underlay->neighbors) {
    if (n.password_file.empty() && !n.password.empty()) n.password = kRedactedPassword;
  }
  return config;
}

bool updating() { return std::getenv("PERD_UPDATE_GOLDEN") != nullptr; }

void expect_golden(const fs::path& path, const std::string& text) {
  if (updating()) {
    std::ofstream{path, std::ios::binary} << text;
    return;
  }
  EXPECT_EQ(slurp(path), text) << path.filename();
}

void run_case(const fs::path& input) {
  fs::path ok = input;
  fs::path err = input;
  ok.replace_extension(".ok");
  err.replace_extension(".err");
  const auto loaded = load_config(texts_of(input), options());
  if (updating()) {
    fs::remove(ok);
    fs::remove(err);
  } else {
    ASSERT_NE(fs::exists(ok), fs::exists(err)) << "exactly one of .ok and .err stands beside";
  }
  if (!loaded) {
    EXPECT_TRUE(updating() || fs::exists(err)) << lines_of(loaded.error());
    expect_golden(err, lines_of(loaded.error()));
    return;
  }
  ASSERT_TRUE(updating() || fs::exists(ok)) << "should have been refused";
  const std::string printed = print_config(*loaded);
  expect_golden(ok, printed);
  const auto again = load_config({{"printed", printed}}, options());
  ASSERT_TRUE(again) << lines_of(again.error()) << printed;
  EXPECT_EQ(print_config(*again), printed);
  const Config expected = without_passwords(*loaded);
  EXPECT_EQ(*again, expected) << printed;
}

TEST(ConfigCases, EveryFileLoadsOrIsRefusedAsItStandsBeside) {
  const auto cases = inputs(kConfig / "cases");
  EXPECT_GE(cases.size(), 60U);
  for (const fs::path& input : cases) {
    SCOPED_TRACE(input.filename().string());
    run_case(input);
  }
}

TEST(ConfigCases, TheExamplesLoad) {
  for (const char* name : {"per.yaml", "minimal.yaml"}) {
    SCOPED_TRACE(name);
    const auto loaded = load_config({{name, slurp(kConfig / name)}}, options());
    ASSERT_TRUE(loaded) << lines_of(loaded.error());
    const std::string printed = print_config(*loaded);
    const auto again = load_config({{"printed", printed}}, options());
    ASSERT_TRUE(again) << lines_of(again.error());
    EXPECT_EQ(*again, without_passwords(*loaded)) << printed;
  }
}

}  // namespace
}  // namespace perd
