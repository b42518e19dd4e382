// Goal: columns line up and JSON text reads back. Method: small tables.
#include "status/answer.h"

#include <gtest/gtest.h>

namespace perd::status {
namespace {

TEST(Columns, PadToTheWidestCellAndTrimTheEnd) {
  Columns c({"A", "Long head", "Z"});
  c.row({"wide cell", "x", ""});
  c.row({"y", "", "end"});
  EXPECT_EQ(c.text(),
            "A          Long head  Z\n"
            "wide cell  x\n"
            "y                     end\n");
}

TEST(Pretty, ReadsBackAndIndents) {
  const json::value v = json::object{
      {"a", json::array{1, "two", nullptr}}, {"b", json::object{}}, {"quote \"", json::array{}}};
  const auto text = pretty(v);
  EXPECT_EQ(json::parse(text), v);
  EXPECT_NE(text.find("{\n  \"a\": [\n    1,\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace perd::status
