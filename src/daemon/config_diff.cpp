#include "daemon/config_diff.h"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <vector>

#include "config/config_print.h"

namespace perd {
namespace {

using Lines = std::vector<std::string>;

Lines split(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool is_section(const std::string& line) {
  return !line.empty() && line[0] != ' ' && line[0] != '-' && line[0] != '#';
}

// Above this many cells the middle parts are shown whole instead of matched line by line.
constexpr std::size_t kMatchCellsMax = 16'000'000;

// lengths[i][j]: the longest common subsequence of a[i..] and b[j..].
std::vector<std::vector<std::uint32_t>> common_lengths(const Lines& a, const Lines& b) {
  std::vector<std::vector<std::uint32_t>> lengths(a.size() + 1,
                                                  std::vector<std::uint32_t>(b.size() + 1));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      lengths[i][j] =
          a[i] == b[j] ? lengths[i + 1][j + 1] + 1 : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

}  // namespace

std::string diff_lines(const std::string& from, const std::string& to) {
  const Lines a = split(from);
  const Lines b = split(to);
  const bool match = a.size() * b.size() <= kMatchCellsMax;
  const auto lengths = match ? common_lengths(a, b) : std::vector<std::vector<std::uint32_t>>{};
  std::string out, section, told;
  const auto show = [&](char sign, const std::string& line) {
    if (section != told && !section.empty() && !is_section(line)) out += section + "\n";
    told = section;
    out += std::string(1, sign) + " " + line + "\n";
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (match && i < a.size() && j < b.size() && a[i] == b[j]) {
      if (is_section(a[i])) section = a[i];
      ++i, ++j;
    } else if (i < a.size() &&
               (!match || j == b.size() || lengths[i + 1][j] >= lengths[i][j + 1])) {
      show('-', a[i++]);
    } else {
      show('+', b[j++]);
    }
  }
  return out;
}

std::string diff_configs(const Config& from, const Config& to) {
  const auto text = diff_lines(print_config(from), print_config(to));
  if (text.empty() && from != to) return "a password changed\n";
  return text;
}

}  // namespace perd
