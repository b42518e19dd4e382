// Goal: hosts of stretched segments are where they are, for every node and in every kernel, however
// they move and whatever fails meanwhile. Method: leaves around a spine in virtual time; hosts that
// announce themselves, only talk, or keep silent; after each phase the world must come to rest and
// check_hosts() must find one owner of each MAC and nothing that is left over.
#include <gtest/gtest.h>

#include <chrono>

#include "sim/expect.h"
#include "sim/hosts.h"

namespace perd::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

FabricOptions three_leaves() {
  FabricOptions options;
  options.leaves = 3;
  options.segments = 1;
  return options;
}

class HostsTest : public testing::Test {
 protected:
  explicit HostsTest(std::uint64_t seed = 30, const FabricOptions& options = three_leaves())
      : f(World::seed_or(seed), options), hosts(f) {
    f.start_all();
    rest();
  }
  void rest() {
    expect_settles(f.world, minutes(30));
    const auto faults = check_hosts(hosts);
    std::string text;
    for (const auto& fault : faults) text += "\n  " + fault;
    EXPECT_TRUE(faults.empty()) << "seed " << f.world.seed() << ":" << text << history(f.world);
  }
  [[nodiscard]] std::uint32_t sequence(std::size_t leaf, HostNumber h) {
    const auto& s = f.world.speaker(leaf);
    const auto id = s.mac_vrf_ids().find(segment_name(hosts.host(h).segment));
    const auto view = s.l2().mac(s.rib().evpn, *id, hosts.host(h).mac);
    return view ? view->sequence : ~0U;
  }
  [[nodiscard]] std::size_t told(std::size_t leaf, EventKind kind) {
    return f.world.speaker(leaf).events(kind);
  }

  Fabric f;
  Hosts hosts;
};

TEST_F(HostsTest, AreKnownEverywhere) {
  for (std::size_t leaf = 1; leaf <= 3; ++leaf) hosts.arrive(hosts.add(0), leaf);
  hosts.arrive(hosts.add(0), 1, true);
  rest();
  // At another port of the same leaf: no move that others hear of.
  hosts.arrive(0, 1, true);
  rest();
  EXPECT_EQ(sequence(2, 0), 0U);
}

TEST_F(HostsTest, MoveByAnnouncementAndBack) {
  const auto h = hosts.add(0);
  hosts.arrive(h, 1);
  rest();
  hosts.arrive(h, 2);
  rest();
  EXPECT_EQ(sequence(3, h), 1U);
  hosts.arrive(h, 3);
  rest();
  EXPECT_EQ(sequence(1, h), 2U);
  hosts.arrive(h, 1);
  rest();
  EXPECT_EQ(sequence(2, h), 3U);
  // Those who stayed behind at the old place were told where it is.
  EXPECT_GT(hosts.sent(2, HostPacketKind::kAnnouncement), 0U);
}

// Nothing is said of addresses at the new place: the bridge learns the MAC, and the leaf asks the
// host for the addresses that it had elsewhere.
TEST_F(HostsTest, MoveBySilentLearning) {
  const auto h = hosts.add(0);
  hosts.arrive(h, 1);
  rest();
  hosts.put(h, 3);
  hosts.talk(h);
  f.world.run_for(seconds(3));
  EXPECT_EQ(sequence(2, h), 1U) << "the MAC has moved";
  rest();
  // One that does not answer loses its addresses when it moves, not the MAC.
  hosts.host(h).answers = false;
  hosts.put(h, 1);
  hosts.talk(h);
  f.world.run_for(minutes(1));
  EXPECT_EQ(sequence(2, h), 2U);
  const auto& s = f.world.speaker(2);
  EXPECT_TRUE(s.l2().neighbours(*s.mac_vrf_ids().find(segment_name(0)), std::nullopt, 10).empty());
  hosts.host(h).answers = true;
  hosts.announce(h);
  rest();
}

TEST_F(HostsTest, SilentHostsStayWhileTheyAnswer) {
  const auto h = hosts.add(0);
  hosts.arrive(h, 2);
  rest();
  for (int i = 0; i < 4; ++i) {
    f.world.run_for(minutes(4));
    hosts.age();
    rest();
  }
  EXPECT_GT(hosts.sent(2, HostPacketKind::kRequest), 0U);
  EXPECT_EQ(told(2, EventKind::kHostSilent), 0U);
  // It is switched off: asked, then given up by all.
  hosts.put(h, 0);
  hosts.age();
  f.world.run_for(minutes(2));
  rest();
  EXPECT_GT(told(2, EventKind::kHostSilent), 0U);
  hosts.arrive(h, 1);
  rest();
}

TEST_F(HostsTest, MoveWhileThePlacesAreCutOff) {
  const auto a = hosts.add(0), b = hosts.add(0);
  hosts.arrive(a, 1);
  hosts.arrive(b, 2);
  rest();
  f.world.set_cable(0, 1, false);  // the old place of one, the new place of the other
  hosts.arrive(a, 2);
  hosts.arrive(b, 1);
  f.world.run_for(seconds(4));
  f.world.set_cable(0, 1, true);
  rest();
  f.world.set_cable(0, 1, false);
  hosts.arrive(a, 1);
  hosts.arrive(b, 3);
  f.world.run_for(minutes(1));  // the session is down
  f.world.set_cable(0, 1, true);
  f.world.run_for(minutes(1));
  hosts.announce_all();
  rest();
}

TEST_F(HostsTest, NodesRestartOverWhatTheirKernelsHold) {
  for (std::size_t leaf = 1; leaf <= 3; ++leaf) {
    hosts.arrive(hosts.add(0), leaf);
    hosts.arrive(hosts.add(0), leaf, true);
  }
  for (HostNumber h = 0; h < hosts.all().size(); ++h) hosts.resolve(h);
  rest();
  f.world.restart(2);
  f.world.run_for(minutes(1));
  rest();  // nobody spoke: forwarding database and neighbours tell
  f.world.crash(2);
  hosts.arrive(2, 1);  // away while nobody looks
  hosts.arrive(0, 2);  // in while nobody looks
  f.world.run_for(seconds(20));
  f.world.restart(2);
  f.world.run_for(minutes(1));
  hosts.announce_all();
  rest();
}

TEST_F(HostsTest, LostNotificationsAreReadAgain) {
  const auto a = hosts.add(0), b = hosts.add(0), c = hosts.add(0);
  hosts.arrive(a, 1);
  hosts.arrive(b, 2);
  rest();
  // Whatever the kernel wanted to say of these moves is lost; the tables tell.
  hosts.put(a, 2);
  hosts.put(c, 2);
  hosts.talk(a);
  hosts.talk(c);
  f.world.kernel(2).force_overrun();
  f.world.run_for(seconds(10));
  EXPECT_EQ(sequence(3, a), 1U);
  EXPECT_EQ(sequence(3, c), 0U);
  hosts.announce_all();
  rest();
}

TEST_F(HostsTest, DevicesThatSomebodyDeletesComeBackWithTheirEntries) {
  for (std::size_t leaf = 1; leaf <= 3; ++leaf) hosts.arrive(hosts.add(0), leaf);
  rest();
  f.world.kernel(1).del_link("vni200");
  rest();
  auto config = f.world.speaker(3).config();
  const auto without = [&config] {
    auto c = config;
    c.l2vnis.clear();
    return c;
  }();
  f.world.reload(3, without);
  f.world.run_for(seconds(5));
  f.world.reload(3, config);
  f.world.run_for(seconds(5));
  hosts.announce_all();
  rest();
}

// RFC 7432 15.1: a MAC that two hosts have is frozen, and an operator takes it up again.
TEST_F(HostsTest, DuplicatesAreFrozenAndCleared) {
  const auto h = hosts.add(0);
  for (int i = 0; i < 8; ++i) {
    hosts.arrive(h, 1 + static_cast<std::size_t>(i % 2));
    f.world.run_for(seconds(2));
  }
  EXPECT_GT(told(1, EventKind::kMacDuplicate) + told(2, EventKind::kMacDuplicate), 0U);
  const auto noisy = told(1, EventKind::kMacMoved) + told(2, EventKind::kMacMoved);
  for (int i = 0; i < 20; ++i) {
    hosts.arrive(h, 1 + static_cast<std::size_t>(i % 2));
    f.world.run_for(seconds(2));
  }
  EXPECT_LT(told(1, EventKind::kMacMoved) + told(2, EventKind::kMacMoved), noisy + 20);
  hosts.put(h, 3);
  for (std::size_t leaf = 1; leaf <= 3; ++leaf) {
    auto& s = f.world.speaker(leaf);
    const auto id = *s.mac_vrf_ids().find(segment_name(0));
    (void)s.clear_duplicates(id, std::nullopt, f.world.now());
  }
  hosts.age();
  f.world.run_for(minutes(5));
  hosts.announce_all();
  rest();
}

// Everything at once, by chance.
class HostChaos : public testing::TestWithParam<std::uint64_t> {
 protected:
  static FabricOptions options(std::uint64_t seed) {
    FabricOptions o;
    o.leaves = 3 + seed % 2;
    o.vrfs = 1 + seed % 2;
    o.segments = 2;
    o.ibgp = seed % 3 == 0;
    return o;
  }
  HostChaos() : f(World::seed_or(GetParam()), options(World::seed_or(GetParam()))), hosts(f) {}

  Random& random() { return f.world.random(); }
  std::size_t some_leaf() { return 1 + random().below(f.options.leaves); }
  HostNumber some_host() { return random().below(hosts.all().size()); }

  // Each host at most once a phase: what moves more often is a duplicate (RFC 7432 15.1).
  void move(HostNumber h) {
    if (moved[h]) return;
    moved[h] = true;
    hosts.put(h, random().below(6) == 0 ? 0 : some_leaf(), random().below(2) == 0);
    if (random().below(2) == 0) {
      hosts.announce(h);
    } else if (random().below(2) == 0) {
      hosts.resolve(h);
    } else {
      hosts.talk(h);
    }
  }

  void act() {
    const auto leaf = some_leaf();
    const auto segment = random().below(f.options.segments);
    auto& kernel = f.world.kernel(leaf);
    switch (random().below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        move(some_host());
        break;
      case 4:
        hosts.talk(some_host());
        break;
      case 5:
        hosts.age();
        break;
      case 6:
        f.world.reset_connections(0, leaf);
        break;
      case 7:
        f.world.set_cable(0, leaf, random().below(2) == 0);
        break;
      case 8:
        f.world.restart(leaf);
        break;
      case 9:
        kernel.force_overrun();
        break;
      case 10: {
        const auto name = "vni" + std::to_string(200 + segment);
        if (kernel.link(name) != nullptr) kernel.del_link(name);
        break;
      }
      default:
        kernel.set_carrier(port_name(segment, false), random().below(2) == 0);
        break;
    }
  }

  // Everything works again, and everybody speaks where he is.
  void calm_down() {
    for (std::size_t leaf = 1; leaf <= f.options.leaves; ++leaf) {
      f.world.set_cable(0, leaf, true);
      for (std::size_t k = 0; k < f.options.segments; ++k) {
        f.world.kernel(leaf).set_carrier(port_name(k, false), true);
      }
    }
    f.world.run_for(minutes(1));
    hosts.announce_all();
    hosts.age();
    f.world.run_for(minutes(2));
    hosts.announce_all();  // the old places have let go
  }

  void check_rest() {
    f.world.calm = milliseconds(400);
    expect_settles(f.world, minutes(30));
    const auto faults = check_hosts(hosts);
    std::string text;
    for (const auto& fault : faults) text += "\n  " + fault;
    EXPECT_TRUE(faults.empty()) << "seed " << f.world.seed() << ":" << text << history(f.world);
  }

  Fabric f;
  Hosts hosts;
  std::vector<bool> moved;
};

TEST_P(HostChaos, EndsWithOneOwnerEach) {
  f.start_all();
  check_rest();
  std::vector<std::size_t> sets;
  for (std::size_t n = 0; n < f.world.size(); ++n) {
    sets.push_back(f.world.speaker(n).rib().attributes.size());
  }
  for (std::size_t i = 0; i < 6; ++i) (void)hosts.add(i % f.options.segments);
  for (int phase = 0; phase < 3; ++phase) {
    moved.assign(hosts.all().size(), false);
    for (int i = 0; i < 14; ++i) {
      act();
      f.world.run_for(milliseconds(random().below(3000)));
    }
    calm_down();
    check_rest();
    if (HasFailure()) return;
  }
  // All hosts leave: nothing is kept of them, no attribute set either.
  for (HostNumber h = 0; h < hosts.all().size(); ++h) hosts.put(h, 0);
  hosts.age();
  f.world.run_for(minutes(5));
  check_rest();
  for (std::size_t n = 0; n < f.world.size(); ++n) {
    EXPECT_EQ(f.world.speaker(n).rib().attributes.size(), sets[n])
        << "seed " << f.world.seed() << ", node " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostChaos, testing::Range<std::uint64_t>(200, 212));

}  // namespace
}  // namespace perd::sim
