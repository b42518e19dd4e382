// Goal: what perctl says of neighbours is what the speaker knows, under keys that stay. Method: a
// fabric at rest, then one whose spine has gone.
#include "fixture.h"

namespace perd::status {
namespace {

class Sessions : public StatusTest {};

TEST_F(Sessions, EstablishedNeighborInJson) {
  const auto v = ask_json({"show", "neighbors", "192.168.2.0"});
  const auto& o = v.as_object();
  EXPECT_EQ(o.at("state").as_string(), "Established");
  EXPECT_TRUE(o.at("established").as_bool());
  EXPECT_EQ(o.at("remoteAs").to_number<int>(), 65000);
  EXPECT_EQ(o.at("localAs").to_number<int>(), 65002);
  EXPECT_EQ(o.at("remoteRouterId").as_string(), "10.255.0.1");
  EXPECT_EQ(o.at("sessionsEstablished").to_number<int>(), 1);
  const auto& evpn = o.at("families").as_object().at("evpn").as_object();
  EXPECT_TRUE(evpn.at("negotiated").as_bool());
  EXPECT_TRUE(evpn.at("endOfRib").as_bool());
  EXPECT_EQ(evpn.at("received").to_number<int>(), 1);
  EXPECT_EQ(evpn.at("sent").to_number<int>(), 1);
}

TEST_F(Sessions, SummaryCountsWhatIsUp) {
  const auto v = ask_json({"show", "summary"});
  const auto& o = v.as_object();
  EXPECT_EQ(o.at("neighborsUp").to_number<int>(), 1);
  EXPECT_EQ(o.at("neighborsTotal").to_number<int>(), 1);
  EXPECT_EQ(o.at("vrfsUp").to_number<int>(), 1);
  EXPECT_TRUE(o.at("kernelInStep").as_bool());
  EXPECT_EQ(o.at("routes").as_object().at("evpn").to_number<int>(), 2);
}

TEST_F(Sessions, ADownNeighborSaysWhy) {
  fabric_.world.stop(0);
  fabric_.world.run_for(std::chrono::seconds(5));
  const auto v = ask_json({"show", "neighbors"});
  const auto& n = v.as_object().at("neighbors").as_array().at(0).as_object();
  EXPECT_FALSE(n.at("established").as_bool());
  EXPECT_NE(n.at("lastReason").as_string(), "");
  EXPECT_EQ(n.at("families").as_object().at("evpn").as_object().at("received").to_number<int>(), 0);
}

}  // namespace
}  // namespace perd::status
