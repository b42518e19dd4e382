// A source file as the rules see it: whole lines, code alone, comments alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perd::tidy {

struct Finding {
  std::string file;  // relative to the project's root
  std::size_t line;  // from 1
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// "file:line: message", one a line: what a test prints when it fails.
[[nodiscard]] std::string to_text(const std::vector<Finding>& findings);

struct SourceFile {
  std::string path;  // relative to the project's root, with '/'
  std::vector<std::string> lines;
  // The same lines; what is not code (comments, literals' contents, preprocessor directives), or
  // not a comment, is blank. So line and column stay what they are in the file.
  std::vector<std::string> code;
  std::vector<std::string> comments;

  [[nodiscard]] bool is_below(std::string_view folder) const {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
  }
};

// Splits a text into the three views above.
[[nodiscard]] SourceFile parse(std::string path, const std::string& text);

// All .h and .cpp files below the given folders of the project, sorted by path.
[[nodiscard]] std::vector<SourceFile> read_tree(const std::string& root,
                                                const std::vector<std::string>& folders);

}  // namespace perd::tidy
