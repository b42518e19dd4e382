// The rules of tidy_test: each takes source files and returns what breaks it.
#pragma once

#include <string>
#include <vector>

#include "tidy/source_text.h"

namespace perd::tidy {

inline constexpr std::size_t kMaxFileLines = 500;
inline constexpr std::size_t kMaxTestFileLines = 900;
inline constexpr std::size_t kMaxFunctionLines = 70;
inline constexpr std::size_t kMaxColumns = 100;

// A file is short enough to be read in one go: 500 lines, tests 900.
[[nodiscard]] std::vector<Finding> check_file_length(const SourceFile& file);

// A line has at most 100 columns (code points), and neither tabs nor blanks at its end.
[[nodiscard]] std::vector<Finding> check_lines(const SourceFile& file);

// A function, from the line that opens its signature to its last brace, has at most 70 lines.
// Found by braces: good for code that clang-format has laid out.
[[nodiscard]] std::vector<Finding> check_function_length(const SourceFile& file);

// Pure code names no clock, no generator, no environment, no thread; the message says what to use.
[[nodiscard]] std::vector<Finding> check_banned_words(const SourceFile& file);

// A note of work to do carries the number of its issue.
[[nodiscard]] std::vector<Finding> check_notes(const SourceFile& file);

// A source file that needs no test of its own, and why.
struct Excuse {
  std::string path;
  std::string reason;
};

// Every .cpp below src has a test: tests/<path>_test.cpp, or a *_test.cpp in the mirrored folder of
// tests that reaches the source's own header (its first #include), be it through the headers and
// sources of that folder: so a component may be tested by its front door. What has none needs an
// excuse; an excuse for what is gone or has a test is a finding too.
[[nodiscard]] std::vector<Finding> check_every_source_has_test(
    const std::vector<SourceFile>& sources, const std::vector<SourceFile>& tests,
    const std::vector<Excuse>& excuses);

}  // namespace perd::tidy
