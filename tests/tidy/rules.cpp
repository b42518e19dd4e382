#include "tidy/rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <utility>

namespace perd::tidy {
namespace {

// The folders whose code is pure: it gets time, chance and the world as arguments.
constexpr std::array kPureFolders{
    "include/perd", "src/base", "src/bgp/wire", "src/bgp/session", "src/bgp/rib", "src/bgp/policy",
    "src/bgp/bfd",  "src/evpn", "src/fib",      "src/config",      "src/core",    "src/status"};

struct BannedWord {
  const char* hint;  // looked for first: regular expressions are slow
  const char* pattern;
  const char* name;
  const char* instead;
};

constexpr std::array kBannedWords{
    BannedWord{"steady_clock", R"(\bsteady_clock\b)", "steady_clock", "take a TimePoint argument"},
    BannedWord{"system_clock", R"(\bsystem_clock\b)", "system_clock", "take a TimePoint argument"},
    BannedWord{"now", R"(\bnow\s*\(\s*\))", "now()", "take a TimePoint argument"},
    BannedWord{"rand", R"(\bs?rand\s*\()", "rand", "use perd::Random, seeded from outside"},
    BannedWord{"random_device", R"(\brandom_device\b)", "random_device",
               "use perd::Random, seeded from outside"},
    BannedWord{"getenv", R"(\bgetenv\b)", "getenv", "read it at the edge and pass it in Config"},
    BannedWord{"thread", R"(\bstd::j?thread\b)", "std::thread",
               "return data; threads belong to edges"},
    BannedWord{"throw", R"(\bthrow\b)", "throw", "return perd::Expected"},
    BannedWord{"std::c", R"(\bstd::(cout|cerr|clog)\b)", "std::cout",
               "return an Event or a string"},
    BannedWord{"reinterpret_cast", R"(\breinterpret_cast\b)", "reinterpret_cast",
               "use perd::Reader or std::bit_cast"},
};

bool is_pure(const SourceFile& file) {
  // config's edge: it reads files, the environment and, by yaml-cpp's leave, exceptions.
  if (file.path.starts_with("src/config/config_load")) return false;
  if (file.path.starts_with("src/config/yaml_document")) return false;
  return std::any_of(kPureFolders.begin(), kPureFolders.end(),
                     [&](const char* folder) { return file.is_below(folder); });
}

std::size_t code_points(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

// Cuts a leading `template <...>` off a declaration.
std::string without_template(std::string head) {
  while (head.starts_with("template")) {
    std::size_t at = head.find('<');
    if (at == std::string::npos) return head;
    int depth = 0;
    do {
      if (head[at] == '<') ++depth;
      if (head[at] == '>') --depth;
      ++at;
    } while (depth > 0 && at < head.size());
    head = trimmed(head.substr(at));
  }
  return head;
}

// Is what stands before an opening brace the head of a function?
bool is_function_head(const std::string& raw) {
  const std::string head = without_template(trimmed(raw));
  static const std::regex kNoFunction(
      R"(^(namespace|class|struct|union|enum|extern|alignas|typedef|using|return)\b)");
  if (head.find(')') == std::string::npos || std::regex_search(head, kNoFunction)) return false;
  return head.back() != '=' && head.back() != ',' && head.back() != '(' && head.back() != '{';
}

// Follows the braces of one file and measures each outermost function.
class FunctionMeter {
 public:
  explicit FunctionMeter(const SourceFile& file) : file_(file) {}

  std::vector<Finding> run() {
    for (line_ = 1; line_ <= file_.code.size(); ++line_) {
      for (const char c : file_.code[line_ - 1]) take(c);
      take('\n');
    }
    return findings_;
  }

 private:
  void take(char c) {
    if (inside_ > 0) {
      if (c == '{') ++inside_;
      if (c == '}' && --inside_ == 0) measure();
      return;
    }
    if (c == '{' && is_function_head(head_)) {
      inside_ = 1;
    } else if (c == '{' || c == '}' || c == ';' || (c == ':' && ends_with_access())) {
      head_.clear();
    } else {
      if (head_.find_first_not_of(" \n") == std::string::npos) head_line_ = line_;
      head_ += c;
    }
  }

  // "public" and the like begin no function.
  [[nodiscard]] bool ends_with_access() const {
    return head_.ends_with("public") || head_.ends_with("private") || head_.ends_with("protected");
  }

  void measure() {
    const std::size_t length = line_ - head_line_ + 1;
    if (length > kMaxFunctionLines) {
      findings_.push_back({file_.path, head_line_,
                           "function of " + std::to_string(length) + " lines (at most " +
                               std::to_string(kMaxFunctionLines) + "): split it"});
    }
    head_.clear();
  }

  const SourceFile& file_;
  std::vector<Finding> findings_;
  std::string head_;
  std::size_t head_line_ = 0;
  std::size_t line_ = 0;
  std::size_t inside_ = 0;
};

// "src/evpn/importer.cpp" -> "evpn/importer"
std::string stem_of(const std::string& path) {
  return path.substr(4, path.size() - 4 - std::string(".cpp").size());
}

// What a file includes in quotes, in order: the first one of a source is its own header.
std::vector<std::string> quoted_includes(const SourceFile& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s+"([^"]+)")re");
  std::vector<std::string> found;
  for (const std::string& line : file.lines) {
    std::smatch match;
    if (line.find('#') == std::string::npos) continue;
    if (std::regex_search(line, match, kInclude)) found.push_back(match[1].str());
  }
  return found;
}

// "src/evpn/importer.cpp" -> "evpn/", "src/main.cpp" -> "".
std::string folder_of(const std::string& path) {
  const std::string stem = stem_of(path);
  return stem.substr(0, stem.rfind('/') + 1);
}

// What the tests of one folder reach: the headers they include, and, within that folder, what
// those headers and the sources behind them include in turn.
class Reach {
 public:
  Reach(std::string folder, const std::vector<SourceFile>& sources,
        const std::vector<SourceFile>& tests)
      : folder_(std::move(folder)) {
    for (const SourceFile& source : sources) {
      if (!source.is_below("src")) continue;
      std::vector<std::string> includes = quoted_includes(source);
      std::string owner = source.path.substr(std::string("src/").size());
      if (source.path.ends_with(".cpp")) owner = includes.empty() ? "" : includes.front();
      std::vector<std::string>& all = behind_[owner];
      all.insert(all.end(), includes.begin(), includes.end());
    }
    for (const SourceFile& test : tests) {
      if (!test.path.ends_with("_test.cpp") || !test.path.starts_with("tests/" + folder_)) continue;
      for (const std::string& header : quoted_includes(test)) visit(header);
    }
  }

  [[nodiscard]] bool contains(const std::string& header) const { return seen_.contains(header); }

 private:
  void visit(const std::string& header) {
    if (!seen_.insert(header).second || !header.starts_with(folder_)) return;
    for (const std::string& next : behind_[header]) {
      if (next.starts_with(folder_)) visit(next);
    }
  }

  std::string folder_;
  std::map<std::string, std::vector<std::string>> behind_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<Finding> check_file_length(const SourceFile& file) {
  const std::size_t limit = file.is_below("tests") ? kMaxTestFileLines : kMaxFileLines;
  if (file.lines.size() <= limit) return {};
  return {{file.path, file.lines.size(),
           "file of " + std::to_string(file.lines.size()) + " lines (at most " +
               std::to_string(limit) + "): split it by noun"}};
}

std::vector<Finding> check_lines(const SourceFile& file) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    const std::size_t columns = code_points(line);
    if (columns > kMaxColumns) {
      findings.push_back({file.path, i + 1, "line of " + std::to_string(columns) + " columns"});
    }
    if (line.find('\t') != std::string::npos) findings.push_back({file.path, i + 1, "a tab"});
    if (line.ends_with(' ')) findings.push_back({file.path, i + 1, "blanks at the line's end"});
  }
  return findings;
}

std::vector<Finding> check_function_length(const SourceFile& file) {
  return FunctionMeter(file).run();
}

std::vector<Finding> check_banned_words(const SourceFile& file) {
  if (!is_pure(file)) return {};
  static const std::vector<std::regex> patterns = [] {
    std::vector<std::regex> made;
    for (const BannedWord& word : kBannedWords) made.emplace_back(word.pattern);
    return made;
  }();
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < file.code.size(); ++i) {
    for (std::size_t w = 0; w < patterns.size(); ++w) {
      if (file.code[i].find(kBannedWords[w].hint) == std::string::npos) continue;
      if (!std::regex_search(file.code[i], patterns[w])) continue;
      findings.push_back(
          {file.path, i + 1,
           std::string(kBannedWords[w].name) + " in pure code: " + kBannedWords[w].instead});
    }
  }
  return findings;
}

std::vector<Finding> check_notes(const SourceFile& file) {
  static const std::regex kNote(R"(\b(TODO|FIXME|XXX)\b(?!\(#\d+\)))");
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < file.comments.size(); ++i) {
    if (file.comments[i].find_first_of("TFX") == std::string::npos) continue;
    if (std::regex_search(file.comments[i], kNote)) {
      findings.push_back({file.path, i + 1, "a note without its issue's number: write TODO(#123)"});
    }
  }
  return findings;
}

std::vector<Finding> check_every_source_has_test(const std::vector<SourceFile>& sources,
                                                 const std::vector<SourceFile>& tests,
                                                 const std::vector<Excuse>& excuses) {
  std::set<std::string> named;
  for (const SourceFile& test : tests) named.insert(test.path);
  std::map<std::string, Reach> reaches;
  std::set<std::string> untested;
  for (const SourceFile& source : sources) {
    if (!source.is_below("src") || !source.path.ends_with(".cpp")) continue;
    const std::string folder = folder_of(source.path);
    const Reach& reach = reaches.try_emplace(folder, folder, sources, tests).first->second;
    const std::vector<std::string> includes = quoted_includes(source);
    const bool reached = !includes.empty() && reach.contains(includes.front());
    if (!reached && !named.contains("tests/" + stem_of(source.path) + "_test.cpp")) {
      untested.insert(source.path);
    }
  }
  std::vector<Finding> findings;
  for (const Excuse& excuse : excuses) {
    if (excuse.reason.empty()) findings.push_back({excuse.path, 1, "an excuse without a reason"});
    if (untested.erase(excuse.path) == 0) {
      findings.push_back({excuse.path, 1, "needs no excuse any more: it is gone or has a test"});
    }
  }
  for (const std::string& path : untested) {
    findings.push_back({path, 1,
                        "no test: write tests/" + stem_of(path) +
                            "_test.cpp, or reach its header from a test of that folder"});
  }
  return findings;
}

}  // namespace perd::tidy
