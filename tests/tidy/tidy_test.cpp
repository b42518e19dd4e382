// Goal: the whole tree keeps the rules of the house. Method: each rule is first tried on small
// samples, good and bad, then run over every source file; a failure names file, line and remedy.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tidy/rules.h"
#include "tidy/source_text.h"

namespace perd::tidy {
namespace {

const std::vector<Excuse>& excuses() {
  static const std::vector<Excuse> kExcuses{
      {"src/daemon/main.cpp", "a whole process: tests/daemon/two_nodes.sh and interop run it"},
      {"src/daemon/daemon.cpp", "a whole process: tests/daemon/two_nodes.sh and interop run it"},
      {"src/daemon/control.cpp", "a whole process: tests/daemon/two_nodes.sh runs it"},
      {"src/daemon/dry_run.cpp", "a whole process: tests/daemon/two_nodes.sh runs it"},
  };
  return kExcuses;
}

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> kTree =
      read_tree(PERD_SOURCE_DIR, {"include", "src", "tests", "bench"});
  return kTree;
}

std::vector<Finding> over_tree(std::vector<Finding> (*rule)(const SourceFile&)) {
  std::vector<Finding> all;
  for (const SourceFile& file : tree()) {
    const std::vector<Finding> found = rule(file);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

void expect_none(const std::vector<Finding>& findings) {
  EXPECT_TRUE(findings.empty()) << to_text(findings);
}

std::string repeated(const std::string& line, std::size_t count) {
  std::string text;
  for (; count > 0; --count) text += line;
  return text;
}

// The rules over the tree.

TEST(Tree, IsThere) { EXPECT_GT(tree().size(), 20U); }
TEST(Tree, FilesAreShort) { expect_none(over_tree(check_file_length)); }
TEST(Tree, LinesAreShort) { expect_none(over_tree(check_lines)); }
TEST(Tree, FunctionsAreShort) { expect_none(over_tree(check_function_length)); }
TEST(Tree, PureCodeIsPure) { expect_none(over_tree(check_banned_words)); }
TEST(Tree, NotesHaveNumbers) { expect_none(over_tree(check_notes)); }

TEST(Tree, EverySourceHasATest) {
  std::vector<Excuse> present;
  for (const Excuse& excuse : excuses()) {
    if (std::filesystem::exists(std::string(PERD_SOURCE_DIR) + "/" + excuse.path)) {
      present.push_back(excuse);
    }
  }
  expect_none(check_every_source_has_test(tree(), tree(), present));
}

// The checkers themselves.

TEST(Parse, KeepsLinesAndTellsCodeFromComments) {
  const SourceFile file = parse("src/a.cpp",
                                "int a = 1'000;  // throw\n"
                                "/* now()\n"
                                "   rand() */ f(\"throw {\", '{', R\"x(a\")x\");\n"
                                "#define BRACE {\n");
  ASSERT_EQ(4U, file.lines.size());
  EXPECT_EQ("int a = 1'000;          ", file.code[0]);
  EXPECT_EQ("                // throw", file.comments[0]);
  EXPECT_EQ(std::string::npos, file.code[2].find("throw"));
  EXPECT_EQ(std::string::npos, file.code[2].find('{'));
  EXPECT_NE(std::string::npos, file.code[2].find("f("));
  EXPECT_NE(std::string::npos, file.code[2].find(");"));
  EXPECT_EQ(std::string::npos, file.code[3].find('{'));
}

TEST(FileLength, DependsOnTheFolder) {
  const std::string text = repeated("int a;\n", kMaxFileLines + 1);
  EXPECT_EQ(1U, check_file_length(parse("src/a.cpp", text)).size());
  EXPECT_EQ(0U, check_file_length(parse("tests/a_test.cpp", text)).size());
  EXPECT_EQ(0U, check_file_length(parse("src/a.cpp", repeated("\n", kMaxFileLines))).size());
}

TEST(Lines, CountsCodePoints) {
  EXPECT_EQ(0U, check_lines(parse("src/a.cpp", repeated("x", kMaxColumns) + "\n")).size());
  EXPECT_EQ(1U, check_lines(parse("src/a.cpp", repeated("x", kMaxColumns + 1) + "\n")).size());
  EXPECT_EQ(0U, check_lines(parse("src/a.cpp", repeated("é", kMaxColumns) + "\n")).size());
  EXPECT_EQ(2U, check_lines(parse("src/a.cpp", "\tint a; \n")).size());
}

struct FunctionCase {
  const char* name;
  std::string text;
  std::vector<std::size_t> lines;  // where too long functions begin
};

class FunctionLength : public testing::TestWithParam<FunctionCase> {};

TEST_P(FunctionLength, FindsTooLongOnes) {
  std::vector<std::size_t> lines;
  for (const Finding& finding : check_function_length(parse("src/a.cpp", GetParam().text))) {
    lines.push_back(finding.line);
  }
  EXPECT_EQ(GetParam().lines, lines);
}

INSTANTIATE_TEST_SUITE_P(
    Samples, FunctionLength,
    testing::Values(
        FunctionCase{"exactly", "void f() {\n" + repeated("  g();\n", 68) + "}\n", {}},
        FunctionCase{"one_more", "\nvoid f() {\n" + repeated("  g();\n", 69) + "}\n", {2}},
        FunctionCase{"long_signature",
                     "void f(int a,\n       int b)\n    const {\n" + repeated("  g();\n", 67) +
                         "}\nvoid h() {}\n",
                     {1}},
        FunctionCase{"nested_blocks",
                     "namespace n {\nvoid f() {\n  if (a) {\n" + repeated("  g();\n", 40) +
                         "  }\n  while (b) {\n" + repeated("  g();\n", 40) + "  }\n}\n}\n",
                     {2}},
        FunctionCase{"method_in_class",
                     "class A {\n public:\n  A() : a_(1) {\n" + repeated("  g();\n", 80) +
                         "  }\n  int a_;\n};\n",
                     {3}},
        FunctionCase{"long_class_of_short_functions",
                     "class A : public B {\n" + repeated("  int f() { return 1; }\n", 90) + "};\n",
                     {}},
        FunctionCase{"long_template_struct",
                     "template <class T>\nstruct A {\n" + repeated("  T a;\n", 90) + "};\n",
                     {}},
        FunctionCase{"function_template",
                     "template <class T>\nvoid f(T t) {\n" + repeated("  g();\n", 90) + "}\n",
                     {1}},
        FunctionCase{
            "table", "const Row kRows[] = {\n" + repeated("  {f(1), 2},\n", 90) + "};\n", {}},
        FunctionCase{"braces_in_strings_and_comments",
                     "void f() {\n  // }\n  g(\"}\");\n" + repeated("  g('{');\n", 80) + "}\n",
                     {1}}),
    [](const auto& sample) { return sample.param.name; });

struct WordCase {
  const char* name;
  const char* path;
  const char* line;
  bool found;
};

class BannedWords : public testing::TestWithParam<WordCase> {};

TEST_P(BannedWords, OnlyInPureCode) {
  const auto& [name, path, line, found] = GetParam();
  EXPECT_EQ(found ? 1U : 0U, check_banned_words(parse(path, line)).size());
}

INSTANTIATE_TEST_SUITE_P(
    Samples, BannedWords,
    testing::Values(
        WordCase{"clock", "src/core/a.cpp", "using C = std::chrono::steady_clock;", true},
        WordCase{"wall_clock", "src/fib/a.cpp", "std::chrono::system_clock c;", true},
        WordCase{"now", "src/bgp/rib/a.cpp", "auto t = Clock::now();", true},
        WordCase{"now_as_argument", "src/bgp/rib/a.cpp", "f(now); tick(now, out);", false},
        WordCase{"rand", "src/evpn/a.cpp", "int a = rand();", true},
        WordCase{"operand", "src/evpn/a.cpp", "int a = operand();", false},
        WordCase{"device", "src/evpn/a.cpp", "std::random_device d;", true},
        WordCase{"environment", "src/config/config_check.cpp", "std::getenv(name);", true},
        WordCase{"environment_in_loader", "src/config/config_load.cpp", "std::getenv(n);", false},
        WordCase{"thread", "src/bgp/session/a.h", "std::thread t;", true},
        WordCase{"throwing", "include/perd/a.h", "throw 1;", true},
        WordCase{"throwing_in_comment", "include/perd/a.h", "// never throw", false},
        WordCase{"output", "src/base/a.cpp", "std::cout << 1;", true},
        WordCase{"cast", "src/bgp/wire/a.cpp", "reinterpret_cast<char*>(p);", true},
        WordCase{"edge", "src/netlink/a.cpp", "reinterpret_cast<char*>(p);", false},
        WordCase{"daemon", "src/daemon/daemon.cpp", "auto t = std::chrono::steady_clock::now();",
                 false}),
    [](const auto& sample) { return sample.param.name; });

TEST(Notes, NeedANumber) {
  EXPECT_EQ(1U, check_notes(parse("src/a.cpp", "// TODO: later\n")).size());
  EXPECT_EQ(0U, check_notes(parse("src/a.cpp", "// TODO(#12): later\n")).size());
  EXPECT_EQ(0U, check_notes(parse("src/a.cpp", "f(\"TODO\");\n")).size());
}

TEST(HasTest, ByNameByIncludeOrByExcuse) {
  const std::string own = "#include \"evpn/b.h\"\n#include \"perd/ip.h\"\n";
  const std::vector<SourceFile> sources{parse("src/evpn/a.cpp", ""), parse("src/evpn/b.cpp", own),
                                        parse("src/evpn/c.cpp", ""), parse("src/evpn/d.h", "")};
  const std::vector<SourceFile> tests{parse("tests/evpn/a_test.cpp", ""),
                                      parse("tests/evpn/x_test.cpp", own)};
  const auto untested = check_every_source_has_test(sources, tests, {});
  ASSERT_EQ(1U, untested.size());
  EXPECT_EQ("src/evpn/c.cpp", untested[0].file);
  EXPECT_EQ(0U, check_every_source_has_test(sources, tests, {{"src/evpn/c.cpp", "why"}}).size());
  // Without a reason, and for what has a test: both are findings.
  EXPECT_EQ(1U, check_every_source_has_test(sources, tests, {{"src/evpn/c.cpp", ""}}).size());
  EXPECT_EQ(2U, check_every_source_has_test(sources, tests, {{"src/evpn/a.cpp", "why"}}).size());
}

TEST(HasTest, ThroughTheFrontDoorOfTheFolder) {
  const std::vector<SourceFile> sources{
      parse("src/evpn/engine.h", ""), parse("src/evpn/a.h", ""),
      parse("src/evpn/engine.cpp", "#include \"evpn/engine.h\"\n#include \"evpn/a.h\"\n"),
      parse("src/evpn/a.cpp", "#include \"evpn/a.h\"\n#include \"bgp/rib/table.h\"\n"),
      parse("src/bgp/rib/table.cpp", "#include \"bgp/rib/table.h\"\n")};
  const std::vector<SourceFile> tests{
      parse("tests/evpn/x_test.cpp", "#include \"evpn/engine.h\"\n")};
  const auto untested = check_every_source_has_test(sources, tests, {});
  ASSERT_EQ(1U, untested.size()) << to_text(untested);
  EXPECT_EQ("src/bgp/rib/table.cpp", untested[0].file);
}

TEST(HasTest, AnotherFoldersTestDoesNotCount) {
  const std::vector<SourceFile> sources{parse("src/evpn/b.cpp", "#include \"evpn/b.h\"\n")};
  const std::vector<SourceFile> tests{parse("tests/core/x_test.cpp", "#include \"evpn/b.h\"\n")};
  EXPECT_EQ(1U, check_every_source_has_test(sources, tests, {}).size());
}

}  // namespace
}  // namespace perd::tidy
