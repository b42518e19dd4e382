#include "status/answer.h"

#include <algorithm>

namespace perd::status {
namespace {

void print(const json::value& v, std::string& out, std::size_t indent) {
  const auto pad = [&](std::size_t n) { out.append(2 * n, ' '); };
  if (const auto* object = v.if_object(); object != nullptr && !object->empty()) {
    out += "{\n";
    std::size_t i = 0;
    for (const auto& member : *object) {
      pad(indent + 1);
      out += json::serialize(json::string(member.key()));
      out += ": ";
      print(member.value(), out, indent + 1);
      out += ++i < object->size() ? ",\n" : "\n";
    }
    pad(indent);
    out += '}';
    return;
  }
  if (const auto* array = v.if_array(); array != nullptr && !array->empty()) {
    out += "[\n";
    for (std::size_t i = 0; i < array->size(); ++i) {
      pad(indent + 1);
      print((*array)[i], out, indent + 1);
      out += i + 1 < array->size() ? ",\n" : "\n";
    }
    pad(indent);
    out += ']';
    return;
  }
  out += json::serialize(v);
}

}  // namespace

std::string Columns::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size() + 2, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  }
  return out;
}

std::string fixed_line(std::span<const std::size_t> widths,
                       std::initializer_list<std::string> cells) {
  std::string out;
  std::size_t i = 0;
  for (const auto& cell : cells) {
    out += cell;
    if (i < widths.size() && cell.size() < widths[i]) out.append(widths[i] - cell.size(), ' ');
    out += ' ';
    ++i;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out + "\n";
}

std::string pretty(const json::value& value) {
  std::string out;
  print(value, out, 0);
  out += '\n';
  return out;
}

}  // namespace perd::status
