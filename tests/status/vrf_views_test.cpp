// Goal: VRFs, VNIs, VTEPs and the kernel's counts as perctl tells them. Method: a fabric at rest.
#include "fixture.h"

namespace perd::status {
namespace {

class VrfViews : public StatusTest {};

TEST_F(VrfViews, VrfInJson) {
  const auto v = ask_json({"show", "vrfs"});
  const auto& o = v.as_object().at("vrfs").as_array().at(0).as_object();
  EXPECT_EQ(o.at("vrf").as_string(), "vrf0");
  EXPECT_EQ(o.at("state").as_string(), "Up");
  EXPECT_EQ(o.at("table").to_number<int>(), 1100);
  EXPECT_EQ(o.at("rd").as_string(), "10.0.0.2:100");
  EXPECT_EQ(o.at("importRts").as_array().at(0).as_string(), "*:100");
  EXPECT_EQ(o.at("exportRts").as_array().at(0).as_string(), "65002:100");
  EXPECT_EQ(o.at("bridge").as_string(), "br-pe-100");
  EXPECT_EQ(o.at("vxlan").as_string(), "vni100");
  EXPECT_FALSE(o.at("adopted").as_bool());
  EXPECT_EQ(o.at("kernelRoutes").to_number<int>(), 1);
  EXPECT_EQ(o.at("originated").to_number<int>(), 1);
}

TEST_F(VrfViews, VtepsWithRouterMacAndRoutes) {
  const auto v = ask_json({"show", "vteps"});
  const auto& o = v.as_object().at("vteps").as_array().at(0).as_object();
  EXPECT_EQ(o.at("vtep").as_string(), "100.64.0.1");
  EXPECT_EQ(o.at("routerMac").as_string(), "02:54:64:40:00:01");
  EXPECT_EQ(o.at("routes").to_number<int>(), 1);
  EXPECT_TRUE(o.at("reachable").as_bool());
}

TEST_F(VrfViews, KernelCountsAndRefusals) {
  auto v = ask_json({"show", "kernel"});
  EXPECT_TRUE(v.as_object().at("inStep").as_bool());
  const auto& objects = v.as_object().at("objects").as_object();
  EXPECT_EQ(objects.size(), fib::kObjectKindCount);
  EXPECT_GE(objects.at("route-v4").as_object().at("acked").to_number<int>(), 1);
  fabric_.world.kernel(2).refuse = [](const KernelOp& op) -> std::optional<sim::SimRefusal> {
    if (!std::holds_alternative<RoutePut>(op.what)) return std::nullopt;
    return sim::SimRefusal{12, "no memory today"};
  };
  fabric_.add_host_prefix(1, 0, 11);
  fabric_.world.run_for(std::chrono::seconds(2));
  const auto text = ask({"show", "kernel"});
  EXPECT_NE(text.find("no memory today"), std::string::npos) << text;
  v = ask_json({"show", "kernel"});
  EXPECT_EQ(v.as_object().at("refused").as_array().at(0).as_object().at("errno").to_number<int>(),
            12);
  fabric_.world.kernel(2).refuse = nullptr;
  EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  EXPECT_TRUE(ask_json({"show", "kernel"}).as_object().at("refused").as_array().empty());
}

TEST_F(VrfViews, EventsAreNumberedAndTimed) {
  const auto v = ask_json({"show", "events"});
  const auto& list = v.as_object().at("events").as_array();
  ASSERT_FALSE(list.empty());
  std::int64_t last = 0;
  for (const auto& e : list) {
    const auto number = e.as_object().at("number").to_number<std::int64_t>();
    EXPECT_GT(number, last);
    last = number;
    EXPECT_LE(e.as_object().at("time").to_number<std::int64_t>(), 1'700'000'000);
  }
}

}  // namespace
}  // namespace perd::status
