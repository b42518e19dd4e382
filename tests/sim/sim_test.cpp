// Goal: whole nodes reach the right kernel state whatever the order of events and whatever fails on
// the way. Method: fabrics of speakers in virtual time; after each phase the world must come to
// rest and check() must find nothing, and the host prefixes must be where the topology says.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/expect.h"
#include "sim/fabric.h"

namespace perd::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

IpPrefix host_prefix(std::size_t leaf, unsigned number, bool v6 = false) {
  const auto a = Fabric::host_address(leaf, number, v6);
  return IpPrefix::make(a.address, a.length);
}

TEST(Simulation, TypeFiveBothWays) {
  Fabric f(World::seed_or(1), {});
  f.start_all();
  expect_settles(f.world);
  f.add_host_prefix(1, 0, 10);
  f.add_host_prefix(2, 0, 20);
  f.add_host_prefix(2, 0, 21, true);
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(2, 0, host_prefix(1, 10)), std::vector<IpAddress>{vtep_of(1)});
  EXPECT_EQ(f.gateways(1, 0, host_prefix(2, 20)), std::vector<IpAddress>{vtep_of(2)});
  EXPECT_EQ(f.gateways(1, 0, host_prefix(2, 21, true)),
            std::vector<IpAddress>{vtep_of(2).to_v4_mapped()});
  f.remove_host_prefix(1, 0, 10);
  expect_settles(f.world);
  EXPECT_TRUE(f.gateways(2, 0, host_prefix(1, 10)).empty());
}

TEST(Simulation, SamePrefixFromTwoLeavesIsEcmp) {
  FabricOptions options;
  options.leaves = 3;
  Fabric f(World::seed_or(2), options);
  f.start_all();
  expect_settles(f.world);
  for (std::size_t leaf = 1; leaf <= 2; ++leaf) {
    auto config = f.world.speaker(leaf).config();
    config.l3vnis[0].networks = {*parse_prefix("172.16.0.0/24")};
    f.world.reload(leaf, config);
  }
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(3, 0, *parse_prefix("172.16.0.0/24")),
            (std::vector<IpAddress>{vtep_of(1), vtep_of(2)}));
  f.world.stop(1);
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(3, 0, *parse_prefix("172.16.0.0/24")), std::vector<IpAddress>{vtep_of(2)});
}

TEST(Simulation, RouteReflectorPassesTypeFiveOn) {
  FabricOptions options;
  options.leaves = 3;
  options.ibgp = true;
  Fabric f(World::seed_or(3), options);
  f.start_all();
  expect_settles(f.world);
  f.add_host_prefix(1, 0, 1);
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(3, 0, host_prefix(1, 1)), std::vector<IpAddress>{vtep_of(1)});
}

TEST(Simulation, RestartKeepsEveryLiveRoute) {
  Fabric f(World::seed_or(4), {});
  f.start_all();
  expect_settles(f.world);
  for (unsigned i = 0; i < 20; ++i) f.add_host_prefix(1, 0, i);
  expect_settles(f.world);
  f.world.crash(2);
  for (unsigned i = 0; i < 5; ++i) f.remove_host_prefix(1, 0, i);
  f.world.run_for(seconds(30));
  f.world.restart(2);
  // At no time of the new process's start may a route be missing that is wanted before and after.
  for (int turn = 0; turn < 400; ++turn) {
    f.world.run_for(std::chrono::milliseconds(50));
    for (unsigned i = 5; i < 20; ++i) {
      ASSERT_FALSE(f.gateways(2, 0, host_prefix(1, i)).empty())
          << "seed " << f.world.seed() << " turn " << turn << " prefix " << i;
    }
  }
  expect_settles(f.world);
  for (unsigned i = 0; i < 5; ++i) EXPECT_TRUE(f.gateways(2, 0, host_prefix(1, i)).empty()) << i;
}

TEST(Simulation, LinkDeletedAfterARestartIsMadeAgain) {
  Fabric f(World::seed_or(7), {});
  f.start_all();
  expect_settles(f.world);
  f.add_host_prefix(2, 0, 1);
  expect_settles(f.world);
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    f.world.restart(1);
    f.world.run_for(seconds(7));
    f.world.kernel(1).del_link("vni100");
    expect_settles(f.world);
    EXPECT_EQ(f.gateways(1, 0, host_prefix(2, 1)), std::vector<IpAddress>{vtep_of(2)});
  }
}

TEST(Simulation, LostNotificationsAreMadeUpForByADump) {
  Fabric f(World::seed_or(5), {});
  f.start_all();
  expect_settles(f.world);
  f.world.kernel(1).force_overrun();
  f.add_host_prefix(1, 0, 7);
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(2, 0, host_prefix(1, 7)), std::vector<IpAddress>{vtep_of(1)});
}

TEST(Simulation, ReloadTouchesNoOtherSession) {
  FabricOptions options;
  options.vrfs = 1;
  Fabric f(World::seed_or(6), options);
  f.start_all();
  expect_settles(f.world);
  auto config = f.world.speaker(1).config();
  config.l3vnis[0].networks = {*parse_prefix("198.51.100.0/24")};
  config.underlay->networks = {*parse_prefix("203.0.113.0/24")};
  f.world.reload(1, config);
  expect_settles(f.world);
  EXPECT_EQ(f.gateways(2, 0, *parse_prefix("198.51.100.0/24")), std::vector<IpAddress>{vtep_of(1)});
  for (const auto& [id, n] : f.world.speaker(1).neighbors()) {
    EXPECT_EQ(n->peer->counters().dropped, 0U);
  }
  config.l3vnis.clear();
  f.world.reload(1, config);
  expect_settles(f.world);
  EXPECT_TRUE(f.gateways(2, 0, *parse_prefix("198.51.100.0/24")).empty());
}

// Everything at once, by chance: prefixes come and go, links of the kernel vanish, sessions are
// reset, cables stall, processes die and return, notifications are lost.
void act(Fabric& f) {
  auto& random = f.world.random();
  const std::size_t leaf = 1 + random.below(f.options.leaves);
  const std::size_t vrf = random.below(f.options.vrfs);
  const auto number = static_cast<unsigned>(random.below(6));
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      f.add_host_prefix(leaf, vrf, number, random.below(3) == 0);
      break;
    case 3:
    case 4:
      f.remove_host_prefix(leaf, vrf, number, random.below(3) == 0);
      break;
    case 5:
      f.world.reset_connections(0, leaf);
      break;
    case 6:
      f.world.set_cable(0, leaf, random.below(2) == 0);
      break;
    case 7:
      f.world.restart(leaf);
      break;
    case 8:
      f.world.kernel(leaf).force_overrun();
      break;
    case 9: {
      auto& kernel = f.world.kernel(leaf);
      const auto name = "vni" + std::to_string(100 + vrf);
      if (kernel.link(name) != nullptr) kernel.del_link(name);
      break;
    }
    default:
      break;
  }
}

class Chaos : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Chaos, EndsInTheRightState) {
  FabricOptions options;
  options.leaves = 3;
  options.vrfs = 2;
  Fabric f(World::seed_or(GetParam()), options);
  f.start_all();
  for (int phase = 0; phase < 4; ++phase) {
    for (int i = 0; i < 12; ++i) {
      act(f);
      f.world.run_for(std::chrono::milliseconds(f.world.random().below(3000)));
    }
    for (std::size_t leaf = 1; leaf <= options.leaves; ++leaf) f.world.set_cable(0, leaf, true);
    expect_settles(f.world, minutes(30));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, testing::Range<std::uint64_t>(100, 112));

}  // namespace
}  // namespace perd::sim
