// Goal: the small words of the views. Method: table.
#include "status/format.h"

#include <gtest/gtest.h>

namespace perd::status {
namespace {

TEST(DurationText, ClockUntilADayThenDays) {
  struct Case {
    std::int64_t seconds;
    const char* want;
  };
  const Case cases[] = {{-5, "00:00:00"},    {0, "00:00:00"},     {61, "00:01:01"},
                        {86399, "23:59:59"}, {86400, "1d00h00m"}, {183840, "2d03h04m"}};
  for (const auto& c : cases) EXPECT_EQ(duration_text(c.seconds), c.want) << c.seconds;
}

TEST(HopsText, NamesVtepRouterMacAndVni) {
  const std::vector<TunnelHop> hops{
      {*parse_ip("100.64.0.1"), *parse_mac("02:00:00:00:00:01"), Vni{100}},
      {*parse_ip("100.64.0.2"), *parse_mac("02:00:00:00:00:02"), Vni{100}}};
  EXPECT_EQ(hops_text(hops),
            "100.64.0.1 rmac 02:00:00:00:00:01 vni 100, 100.64.0.2 rmac 02:00:00:00:00:02 vni 100");
}

}  // namespace
}  // namespace perd::status
