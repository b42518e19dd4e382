// Goal: routes as perctl tells them, whole and in pieces. Method: a fabric at rest, also with more
// routes than one piece holds.
#include "fixture.h"

namespace perd::status {
namespace {

class RouteViews : public StatusTest {};

TEST_F(RouteViews, EvpnRouteInJson) {
  const auto v = ask_json({"show", "evpn", "rd", "10.0.0.1:100"});
  const auto& o = v.as_object();
  EXPECT_EQ(o.at("numRoutes").to_number<int>(), 1);
  const auto& route = o.at("routes").as_array().at(0).as_object();
  EXPECT_EQ(route.at("prefix").as_string(), "[5]:[0]:[24]:[10.1.10.0]");
  EXPECT_EQ(route.at("rd").as_string(), "10.0.0.1:100");
  const auto& path = route.at("paths").as_array().at(0).as_object();
  EXPECT_EQ(path.at("nextHop").as_string(), "100.64.0.1");
  EXPECT_EQ(path.at("asPath").as_string(), "65000 65001");
  EXPECT_EQ(path.at("label").to_number<int>(), 100);
  EXPECT_TRUE(path.at("best").as_bool());
  EXPECT_EQ(path.at("peer").as_string(), "192.168.2.0");
  const auto communities = json::serialize(path.at("extendedCommunities"));
  for (const char* want : {"RT:65001:100", "ET:8", "Rmac:02:54:64:40:00:01"}) {
    EXPECT_NE(communities.find(want), std::string::npos) << communities;
  }
}

TEST_F(RouteViews, VrfRouteWithItsRoad) {
  const auto v = ask_json({"show", "routes", "vrf0", "10.1.10.0/24"});
  EXPECT_EQ(v.as_object().at("kernelState").as_string(), "acked");
  EXPECT_EQ(v.as_object().at("paths").as_array().size(), 1U);
  const auto steps = ask_json({"explain", "route", "vrf0", "10.1.10.0/24"});
  for (const auto& s : steps.as_object().at("steps").as_array()) {
    EXPECT_TRUE(s.as_object().at("good").as_bool()) << json::serialize(s);
  }
  const auto missing = ask_json({"explain", "route", "vrf0", "10.77.0.0/24"});
  bool bad = false;
  for (const auto& s : missing.as_object().at("steps").as_array()) {
    bad = bad || !s.as_object().at("good").as_bool();
  }
  EXPECT_TRUE(bad);
}

TEST_F(RouteViews, MoreRoutesThanOnePieceAreToldOnceEach) {
  auto config = leaf().config();
  for (std::uint32_t i = 0; i < 5000; ++i) {
    config.l3vnis[0].networks.push_back(IpPrefix::make(IpAddress::v4(0x2d000000U + (i << 8)), 24));
  }
  fabric_.world.reload(2, config);
  ASSERT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  auto a = answer(leaf(), std::vector<std::string>{"show", "evpn"}, true, clock());
  std::string text = a.text;
  int pieces = 1;
  while (a.more(text)) ++pieces;
  EXPECT_GT(pieces, 1);
  const auto evpn = json::parse(text);
  EXPECT_EQ(evpn.as_object().at("routes").as_array().size(), 5002U);
  const auto vrf = ask_json({"show", "routes", "vrf0"});
  EXPECT_EQ(vrf.as_object().at("numRoutes").to_number<int>(), 5002);
  EXPECT_EQ(vrf.as_object().at("routes").as_array().size(), 5002U);
}

}  // namespace
}  // namespace perd::status
