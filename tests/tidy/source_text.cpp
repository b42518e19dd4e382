#include "tidy/source_text.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace perd::tidy {
namespace {

enum class Mode { kCode, kLineComment, kBlockComment, kString, kCharacter, kRawString, kDirective };

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Walks over a text once and sorts each character into code, comment or neither.
class Splitter {
 public:
  explicit Splitter(const std::string& text) : text_(text), code_(blank(text)), comments_(code_) {}

  void run() {
    while (at_ < text_.size()) step();
  }

  [[nodiscard]] const std::string& code() const { return code_; }
  [[nodiscard]] const std::string& comments() const { return comments_; }

 private:
  static std::string blank(const std::string& text) {
    std::string out = text;
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c != '\n'; }, ' ');
    return out;
  }

  [[nodiscard]] bool sees(std::string_view word) const {
    return std::string_view(text_).substr(at_).starts_with(word);
  }

  void keep_code(std::size_t count = 1) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) code_[at_] = text_[at_];
  }

  void keep_comment(std::size_t count = 1) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) comments_[at_] = text_[at_];
  }

  void step() {
    switch (mode_) {
      case Mode::kCode:
        in_code();
        break;
      case Mode::kLineComment:
        if (text_[at_] == '\n') mode_ = Mode::kCode;
        keep_comment();
        break;
      case Mode::kBlockComment:
        if (sees("*/")) {
          keep_comment();
          mode_ = Mode::kCode;
        }
        keep_comment();
        break;
      case Mode::kString:
        in_literal('"');
        break;
      case Mode::kCharacter:
        in_literal('\'');
        break;
      case Mode::kRawString:
        in_raw_string();
        break;
      case Mode::kDirective:
        in_directive();
        break;
    }
  }

  void in_code() {
    const char c = text_[at_];
    if (sees("//")) {
      mode_ = Mode::kLineComment;
      keep_comment();
    } else if (sees("/*")) {
      mode_ = Mode::kBlockComment;
      keep_comment(2);
    } else if (c == '#' && first_on_line()) {
      mode_ = Mode::kDirective;
    } else if (sees("R\"") && !follows_identifier()) {
      const std::size_t open = text_.find('(', at_);
      raw_end_ = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
      mode_ = Mode::kRawString;
      keep_code(2);
    } else if (c == '"') {
      mode_ = Mode::kString;
      keep_code();
    } else if (c == '\'' && !follows_identifier()) {  // 1'000 is a number
      mode_ = Mode::kCharacter;
      keep_code();
    } else {
      keep_code();
    }
  }

  void in_literal(char quote) {
    if (text_[at_] == '\\') {
      at_ += 2;
    } else if (text_[at_] == quote) {
      mode_ = Mode::kCode;
      keep_code();
    } else {
      ++at_;
    }
  }

  void in_raw_string() {
    if (sees(raw_end_)) {
      at_ += raw_end_.size() - 1;
      mode_ = Mode::kCode;
      keep_code();
    } else {
      ++at_;
    }
  }

  void in_directive() {
    if (sees("\\\n")) {
      at_ += 2;
    } else if (sees("//")) {
      mode_ = Mode::kLineComment;
    } else {
      if (text_[at_] == '\n') mode_ = Mode::kCode;
      ++at_;
    }
  }

  [[nodiscard]] bool first_on_line() const {
    for (std::size_t i = at_; i > 0 && text_[i - 1] != '\n'; --i) {
      if (text_[i - 1] != ' ') return false;
    }
    return true;
  }

  [[nodiscard]] bool follows_identifier() const {
    if (at_ == 0) return false;
    const char before = text_[at_ - 1];
    return std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '_';
  }

  const std::string& text_;
  std::string code_;
  std::string comments_;
  std::string raw_end_;
  std::size_t at_ = 0;
  Mode mode_ = Mode::kCode;
};

}  // namespace

std::string to_text(const std::vector<Finding>& findings) {
  std::ostringstream out;
  for (const Finding& finding : findings) {
    out << finding.file << ':' << finding.line << ": " << finding.message << '\n';
  }
  return out.str();
}

SourceFile parse(std::string path, const std::string& text) {
  Splitter splitter(text);
  splitter.run();
  return {std::move(path), split(text), split(splitter.code()), split(splitter.comments())};
}

std::vector<SourceFile> read_tree(const std::string& root,
                                  const std::vector<std::string>& folders) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    if (!fs::exists(fs::path(root) / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(root) / folder)) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && (extension == ".h" || extension == ".cpp")) {
        paths.push_back(fs::relative(entry.path(), root).generic_string());
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SourceFile> files;
  for (const std::string& path : paths) {
    std::ifstream in(fs::path(root) / path);
    std::ostringstream text;
    text << in.rdbuf();
    files.push_back(parse(path, text.str()));
  }
  return files;
}

}  // namespace perd::tidy
