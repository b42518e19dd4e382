// The answer to one perctl command. Small ones are whole at once; those over tables are produced
// piece by piece, each piece from a bounded walk, so that a million routes neither hold the speaker
// up nor stand in memory as one text.
//
// A producer looks at the live tables at each turn: routes that come or go meanwhile may be missed
// or seen, none is shown twice.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace perd::status {

namespace json = boost::json;

struct Answer {
  int exit = 0;      // 0 good, 1 negative ("no such neighbor"), 2 usage
  std::string text;  // the first piece; for -o json too
  // Appends the next piece to `out`; false when that was the last one.
  std::function<bool(std::string& out)> more;
};

// One object shown either way.
struct Shown {
  json::value json;
  std::string text;
};

// Columns padded to the widest cell, two spaces between, the head first; the last column is not
// padded.
class Columns {
 public:
  explicit Columns(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// One line of a table that is told piece by piece, so that nobody knows the widest cell: cells
// padded to the given widths, a space between, nothing after the last.
[[nodiscard]] std::string fixed_line(std::span<const std::size_t> widths,
                                     std::initializer_list<std::string> cells);

[[nodiscard]] std::string pretty(const json::value& value);  // two spaces an indent, keys as given

}  // namespace perd::status
