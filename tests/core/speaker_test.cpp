// Goal: what the speaker itself decides, beyond its parts: reloads that touch one thing only,
// limits, operators' commands, connections of strangers. Method: a spine and two leaves in virtual
// time.
#include "core/speaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "sim/fabric.h"
#include "sim/hosts.h"

namespace perd::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class SpeakerTest : public testing::Test {
 protected:
  SpeakerTest() : fabric_(11, {}) {
    fabric_.start_all();
    settle();
    fabric_.add_host_prefix(1, 0, 1);
    settle();
  }
  void settle() { EXPECT_TRUE(fabric_.world.settle(minutes(10))); }
  [[nodiscard]] Speaker& spine() { return fabric_.world.speaker(0); }
  [[nodiscard]] const Neighbor& spine_to(std::size_t leaf) {
    return *spine().neighbor(*parse_ip("192.168." + std::to_string(leaf) + ".1"));
  }
  [[nodiscard]] bool leaf2_has_route() {
    return !fabric_.gateways(2, 0, *parse_prefix("10.1.1.0/24")).empty();
  }
  [[nodiscard]] bool said(NodeIndex n, EventKind kind, const std::string& text) {
    const auto& all = fabric_.world.events(n);
    return std::any_of(all.begin(), all.end(), [&](const Event& e) {
      return e.kind == kind && (e.subject + ": " + e.text).find(text) != std::string::npos;
    });
  }
  Fabric fabric_;
};

TEST_F(SpeakerTest, TransitSwitchedOffWithdrawsWithoutAReset) {
  ASSERT_TRUE(leaf2_has_route());
  auto config = spine().config();
  config.underlay->transit = false;
  fabric_.world.reload(0, config);
  settle();
  EXPECT_FALSE(leaf2_has_route());
  EXPECT_EQ(spine_to(1).peer->counters().dropped, 0U);
  config.underlay->transit = true;
  fabric_.world.reload(0, config);
  settle();
  EXPECT_TRUE(leaf2_has_route());
  EXPECT_EQ(spine_to(2).peer->counters().established, 1U);
}

TEST_F(SpeakerTest, RemovedNeighborTakesItsRoutesAlongAndLeavesTheOther) {
  auto config = spine().config();
  const auto removed = config.underlay->neighbors[0];
  config.underlay->neighbors.erase(config.underlay->neighbors.begin());
  fabric_.world.reload(0, config);
  fabric_.world.run_for(seconds(20));
  EXPECT_FALSE(leaf2_has_route());
  EXPECT_EQ(spine().neighbors().size(), 1U);
  EXPECT_EQ(spine_to(2).peer->counters().dropped, 0U);
  EXPECT_TRUE(said(1, EventKind::kNotificationReceived, "De-configured") ||
              said(1, EventKind::kSessionDown, "De-configured"));
  // The leaf still dials: a stranger now, told once.
  EXPECT_EQ(spine().events(EventKind::kConnectionRefused), 1U);
  config.underlay->neighbors.push_back(removed);
  fabric_.world.reload(0, config);
  settle();
  EXPECT_TRUE(leaf2_has_route());
}

TEST_F(SpeakerTest, ChangedHoldTimeResetsThatSessionOnly) {
  auto config = spine().config();
  config.underlay->neighbors[0].hold_time_seconds = 30;
  fabric_.world.reload(0, config);
  settle();
  EXPECT_EQ(spine_to(1).peer->counters().established, 2U);
  EXPECT_EQ(spine_to(2).peer->counters().established, 1U);
  EXPECT_TRUE(leaf2_has_route());
}

TEST_F(SpeakerTest, PrefixLimitClosesUntilCleared) {
  auto config = spine().config();
  config.underlay->neighbors[0].maximum_prefixes = MaximumPrefixes{3, 80, 0};
  fabric_.world.reload(0, config);
  settle();
  for (unsigned i = 10; i < 14; ++i) fabric_.add_host_prefix(1, 0, i);
  fabric_.world.run_for(seconds(20));
  EXPECT_FALSE(spine_to(1).peer->established());
  EXPECT_TRUE(spine_to(1).over_limit);
  EXPECT_TRUE(said(0, EventKind::kPrefixLimit, "session closed"));
  EXPECT_FALSE(leaf2_has_route());
  for (unsigned i = 10; i < 14; ++i) fabric_.remove_host_prefix(1, 0, i);
  EXPECT_TRUE(spine().clear_neighbor(*parse_ip("192.168.1.1"), fabric_.world.now()));
  EXPECT_FALSE(spine().clear_neighbor(*parse_ip("192.168.99.1"), fabric_.world.now()));
  fabric_.world.run_for(seconds(40));
  EXPECT_TRUE(spine_to(1).peer->established());
  EXPECT_TRUE(leaf2_has_route());
}

TEST_F(SpeakerTest, PrefixLimitWithRestartComesBackByItself) {
  auto config = spine().config();
  config.underlay->neighbors[0].maximum_prefixes = MaximumPrefixes{1, 80, 20};
  fabric_.world.reload(0, config);
  fabric_.add_host_prefix(1, 0, 10);
  fabric_.add_host_prefix(1, 0, 11);
  fabric_.world.run_for(seconds(10));
  EXPECT_FALSE(spine_to(1).peer->established());
  for (unsigned i = 10; i < 12; ++i) fabric_.remove_host_prefix(1, 0, i);
  fabric_.remove_host_prefix(1, 0, 1);
  fabric_.world.run_for(seconds(40));
  EXPECT_TRUE(spine_to(1).peer->established());
}

TEST_F(SpeakerTest, SoftClearSendsAndAsksAgainWithoutAReset) {
  const auto before = spine_to(1).peer->counters();
  EXPECT_TRUE(spine().soft_clear(*parse_ip("192.168.1.1"), true, true, fabric_.world.now()));
  fabric_.world.run_for(seconds(5));
  const auto& after = spine_to(1).peer->counters();
  EXPECT_EQ(after.dropped, before.dropped);
  EXPECT_GT(after.sent_of(wire::MessageType::kUpdate), before.sent_of(wire::MessageType::kUpdate));
  EXPECT_GT(after.received_of(wire::MessageType::kUpdate),
            before.received_of(wire::MessageType::kUpdate));
  EXPECT_FALSE(spine().soft_clear(*parse_ip("192.168.9.9"), true, true, fabric_.world.now()));
  settle();
  EXPECT_TRUE(leaf2_has_route());
}

TEST(SpeakerReflects, AReloadThatMakesAClientIsJudgedAnewForTheOthers) {
  FabricOptions options;
  options.ibgp = true;
  Fabric f(12, options);
  auto config = f.world.config(0);
  for (auto& n : config.underlay->neighbors) {
    for (auto& family : n.families) family.route_reflector_client = false;
  }
  f.world.set_config(0, config);
  f.start_all();
  ASSERT_TRUE(f.world.settle(minutes(10)));
  f.add_host_prefix(1, 0, 1);
  ASSERT_TRUE(f.world.settle(minutes(10)));
  const auto prefix = *parse_prefix("10.1.1.0/24");
  EXPECT_TRUE(f.gateways(2, 0, prefix).empty());  // RFC 4456 6: not between two non-clients
  for (auto& family : config.underlay->neighbors[0].families) family.route_reflector_client = true;
  f.world.reload(0, config);
  ASSERT_TRUE(f.world.settle(minutes(10)));
  EXPECT_EQ(f.gateways(2, 0, prefix), std::vector<IpAddress>{vtep_of(1)});
  for (const auto& [id, n] : f.world.speaker(0).neighbors()) {
    EXPECT_EQ(n->peer->counters().dropped, 0U);
  }
}

TEST_F(SpeakerTest, UnreachableVtepTakesItsRoutesAlong) {
  ASSERT_TRUE(leaf2_has_route());
  // The VTEP's own route goes; the EVPN route stays with the spine, which has no way to its next
  // hop any more and so does not pass it on (RFC 4271 9.1.2).
  auto config = fabric_.world.speaker(1).config();
  auto& families = config.underlay->neighbors[0].families;
  families.erase(std::remove_if(families.begin(), families.end(),
                                [](const auto& f) { return f.family == Family::kIpv4Unicast; }),
                 families.end());
  fabric_.world.reload(1, config);
  settle();
  EXPECT_EQ(spine().rib().evpn.paths(spine_to(1).id), 1U);
  EXPECT_FALSE(leaf2_has_route());
}

// No turn stands between a host that says where it is and the UPDATE: what the kernel tells is
// learned, decided and sent by one tick().
TEST(SpeakerHosts, AnAnnouncementIsInAnUpdateOfTheSameTurn) {
  FabricOptions options;
  options.segments = 1;
  Fabric f(13, options);
  Hosts hosts(f);
  f.start_all();
  const auto h = hosts.add(0);
  hosts.arrive(h, 1);
  ASSERT_TRUE(f.world.settle(minutes(10)));
  for (const std::size_t leaf : {2U, 1U, 2U}) {
    SCOPED_TRACE(leaf);
    hosts.arrive(h, leaf);
    std::vector<KernelEvent> news;
    f.world.kernel(leaf).drain_events(news);
    Speaker& speaker = f.world.speaker(leaf);
    for (auto& event : news) speaker.on_kernel(std::move(event), f.world.now());
    speaker.tick(f.world.now());
    Outputs outputs = speaker.take_outputs();
    const auto told = std::count_if(
        outputs.transport.begin(), outputs.transport.end(), [&](const TransportCommand& command) {
          const auto* send = std::get_if<SendCommand>(&command);
          if (send == nullptr) return false;
          const auto& octets = hosts.host(h).mac.octets;
          return std::search(send->octets.begin(), send->octets.end(), octets.begin(),
                             octets.end()) != send->octets.end();
        });
    EXPECT_EQ(told, 1);
    f.world.carry_out(leaf, std::move(outputs));
    ASSERT_TRUE(f.world.settle(minutes(10)));
    EXPECT_TRUE(check_hosts(hosts).empty());
  }
}

TEST_F(SpeakerTest, StopSaysSoToEveryNeighbor) {
  fabric_.world.stop(1);
  fabric_.world.run_for(seconds(1));
  EXPECT_TRUE(said(0, EventKind::kNotificationReceived, "Administrative Shutdown") ||
              said(0, EventKind::kSessionDown, "Administrative Shutdown"));
  settle();
  EXPECT_FALSE(leaf2_has_route());
}

}  // namespace
}  // namespace perd::sim
