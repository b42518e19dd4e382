// A command of the load tool: words, then options as key=value; answers are lines of JSON.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace perd::loadgen {

class Arguments {
 public:
  explicit Arguments(const std::string& line) {
    std::istringstream in(line);
    for (std::string word; in >> word;) {
      const auto at = word.find('=');
      if (at == std::string::npos) {
        words_.push_back(word);
      } else {
        options_[word.substr(0, at)] = word.substr(at + 1);
      }
    }
  }
  [[nodiscard]] std::size_t words() const { return words_.size(); }
  [[nodiscard]] const std::string& word(std::size_t i) const {
    if (i >= words_.size()) throw std::invalid_argument("the command wants more words");
    return words_[i];
  }
  [[nodiscard]] bool has(const std::string& key) const { return options_.contains(key); }
  [[nodiscard]] std::string text(const std::string& key, const std::string& none = {}) const {
    const auto it = options_.find(key);
    return it == options_.end() ? none : it->second;
  }
  [[nodiscard]] std::uint32_t number(const std::string& key, std::uint32_t none) const {
    return has(key) ? static_cast<std::uint32_t>(std::stoul(text(key))) : none;
  }
  [[nodiscard]] double real(const std::string& key, double none) const {
    return has(key) ? std::stod(text(key)) : none;
  }
  [[nodiscard]] std::vector<std::string> list(const std::string& key) const {
    std::vector<std::string> out;
    std::istringstream in(text(key));
    for (std::string item; std::getline(in, item, ',');) out.push_back(item);
    return out;
  }

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
};

// {"ok":true, ...} put together.
class Answer {
 public:
  Answer& number(const std::string& key, double v) {
    std::ostringstream s;
    s.precision(12);
    s << v;
    return raw(key, s.str());
  }
  Answer& text(const std::string& key, const std::string& v) {
    std::string quoted = "\"";
    for (const char c : v) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c == '\n' ? ' ' : c;
    }
    return raw(key, quoted + "\"");
  }
  [[nodiscard]] std::string line() const { return "{" + body_ + "}"; }
  static Answer good() { return Answer().raw("ok", "true"); }
  static Answer bad(const std::string& why) {
    return Answer().raw("ok", "false").text("error", why);
  }

 private:
  Answer& raw(const std::string& key, const std::string& v) {
    body_ += (body_.empty() ? "\"" : ",\"") + key + "\":" + v;
    return *this;
  }
  std::string body_;
};

}  // namespace perd::loadgen
