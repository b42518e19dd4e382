// Goal: what routing wants of remote hosts reaches the kernel through the whole of fib, stays over
// restarts, lost notifications and lost devices, and goes without a trace.
// Method: Fib over the simulated kernel; the devices are fib's own or an operator's.
#include <string>

#include "fib/l2/host_programs.h"
#include "fib/l2/l2_lab.h"

namespace perd::fib {
namespace {

constexpr const char* kHost = "02:00:00:00:00:11";
constexpr const char* kOtherHost = "02:00:00:00:00:22";

class RemoteSide : public L2Lab {
 protected:
  void want_hosts() {
    L2Delta d;
    d.sets.push_back({1, kStorage, Vni{110}, {ip("100.64.0.1")}});
    d.macs.push_back({kStorage, mac(kHost), 1, false, false});
    d.macs.push_back({kStorage, mac(kOtherHost), 1, false, true});
    d.neighbours.push_back(
        {kStorage, ip("192.170.1.11"), mac(kHost), NeighbourWish::kRemote, false, false});
    d.neighbours.push_back(
        {kStorage, ip("2001:db8::11"), mac(kHost), NeighbourWish::kRemote, true, false});
    d.floods.push_back({kStorage, ip("100.64.0.1"), false});
    fib->apply(d, now);
    settle();
  }
  void expect_hosts() {
    for (const char* host : {kHost, kOtherHost}) {
      const FdbEntry* self = fdb("vni110", host, true);
      ASSERT_NE(nullptr, self) << host;
      EXPECT_EQ(ip("100.64.0.1"), self->destination);
      EXPECT_TRUE(self->extern_learn);
      const FdbEntry* bridge = fdb("vni110", host, false);
      ASSERT_NE(nullptr, bridge) << host;
      EXPECT_EQ(index("br-pe-110"), bridge->master);
      EXPECT_EQ(EntryState::kAcked, fib->mac(kStorage, mac(host))->state);
    }
    for (const char* address : {"192.170.1.11", "2001:db8::11"}) {
      const Neighbour* n = neighbour("br-pe-110", address);
      ASSERT_NE(nullptr, n) << address;
      EXPECT_TRUE(n->extern_learn);
      EXPECT_EQ(kOurs, n->protocol);
      EXPECT_EQ(EntryState::kAcked, fib->neighbour(kStorage, ip(address))->state);
    }
    EXPECT_EQ(1U, kernel.floods().count({index("vni110"), ip("100.64.0.1")}));
    EXPECT_EQ((StateCounts{0, 0, 2, 0, 0}), fib->counts(ObjectKind::kMac));
    EXPECT_EQ((StateCounts{0, 0, 2, 0, 0}), fib->counts(ObjectKind::kHostNeighbour));
    EXPECT_EQ((StateCounts{0, 0, 1, 0, 0}), fib->counts(ObjectKind::kFlood));
    EXPECT_TRUE(fib->synchronized());
    EXPECT_EQ(0U, kernel.foreign_overwritten());
  }
};

TEST_F(RemoteSide, ComesAndGoes) {
  start(wanted_l2_node());
  want_hosts();
  expect_hosts();
  L2Delta d;
  d.macs.push_back({kStorage, mac(kHost), 0, false, false});
  d.macs.push_back({kStorage, mac(kOtherHost), 0, false, false});
  d.neighbours.push_back({kStorage, ip("192.170.1.11"), {}, NeighbourWish::kNone, false, false});
  d.neighbours.push_back({kStorage, ip("2001:db8::11"), {}, NeighbourWish::kNone, false, false});
  d.floods.push_back({kStorage, ip("100.64.0.1"), true});
  d.released_sets.push_back(1);
  fib->apply(d, now);
  settle();
  EXPECT_TRUE(kernel.floods().empty());
  EXPECT_EQ(nullptr, fdb("vni110", kHost, true));
  EXPECT_EQ(nullptr, fdb("vni110", kHost, false));
  EXPECT_EQ(nullptr, neighbour("br-pe-110", "192.170.1.11"));
  EXPECT_FALSE(fib->mac(kStorage, mac(kHost)).has_value());
  EXPECT_TRUE(fib->synchronized());
}

TEST_F(RemoteSide, WishesMayComeBeforeTheDevices) {
  fib->configure(wanted_l2_node(), now);
  want_hosts();
  EXPECT_EQ(EntryState::kWaiting, fib->mac(kStorage, mac(kHost))->state);
  fib->start(now);
  settle();
  expect_hosts();
}

TEST_F(RemoteSide, ARestartWritesNothing) {
  start(wanted_l2_node());
  want_hosts();
  restart();
  fib->configure(wanted_l2_node(), now);
  want_hosts();
  (void)kernel.take_journal();
  start(wanted_l2_node());
  fib->allow_sweep(now);
  settle();
  expect_hosts();
  EXPECT_EQ(0U, count<FdbPut>(kernel.take_journal()));
}

TEST_F(RemoteSide, WhatIsNotWantedAfterARestartWaitsForTheSweep) {
  start(wanted_l2_node());
  want_hosts();
  restart();
  start(wanted_l2_node());
  EXPECT_EQ(2U, fib->counts(ObjectKind::kMac).stale);
  EXPECT_NE(nullptr, fdb("vni110", kHost, true));
  EXPECT_NE(nullptr, neighbour("br-pe-110", "192.170.1.11"));
  fib->allow_sweep(now);
  settle();
  EXPECT_EQ(nullptr, fdb("vni110", kHost, true));
  EXPECT_EQ(nullptr, fdb("vni110", kHost, false));
  EXPECT_EQ(nullptr, neighbour("br-pe-110", "192.170.1.11"));
  EXPECT_TRUE(kernel.floods().empty());
  EXPECT_EQ(1U, heard(EventKind::kKernelSwept));
}

TEST_F(RemoteSide, LostNotificationsAreReadAgain) {
  start(wanted_l2_node());
  want_hosts();
  (void)kernel.del_fdb(index("vni110"), mac(kHost), true);
  (void)kernel.del_fdb(index("vni110"), mac(kOtherHost), false);
  (void)kernel.del_neighbour(index("br-pe-110"), ip("192.170.1.11"));
  kernel.force_overrun();
  settle();
  expect_hosts();
}

TEST_F(RemoteSide, ADeletedDeviceIsMadeAndFilledAgain) {
  start(wanted_l2_node());
  want_hosts();
  kernel.del_link("vni110");
  settle(std::chrono::seconds(2));
  expect_hosts();
  kernel.del_link("br-pe-110");
  settle(std::chrono::seconds(2));
  expect_hosts();
  kernel.set_up("vni110", false);
  settle(std::chrono::seconds(2));
  expect_hosts();
}

TEST_F(RemoteSide, AHostMovesInAndOut) {
  start(wanted_l2_node());
  want_hosts();
  kernel.learn("tap1", mac(kHost));
  settle(std::chrono::seconds(2));
  EXPECT_NE(nullptr, fdb("tap1", kHost, false));  // until routing has spoken
  L2Delta d;
  d.macs.push_back({kStorage, mac(kHost), 0, false, true});
  d.neighbours.push_back(
      {kStorage, ip("192.170.1.11"), mac(kHost), NeighbourWish::kLocal, false, true});
  fib->apply(d, now);
  settle();
  EXPECT_NE(nullptr, fdb("tap1", kHost, false));
  EXPECT_EQ(nullptr, fdb("vni110", kHost, true));
  EXPECT_FALSE(neighbour("br-pe-110", "192.170.1.11")->extern_learn);
  want_hosts();
  EXPECT_EQ(nullptr, fdb("tap1", kHost, false));
  expect_hosts();
}

TEST_F(RemoteSide, WithdrawalTakesAllOfPerdsAndNothingElse) {
  // A bridge and a VXLAN device that an operator made, with entries of his own.
  LinkCreate bridge;
  bridge.name = "br110";
  bridge.kind = LinkKind::kBridge;
  bridge.up = true;
  const IfIndex br = kernel.add_link(bridge);
  LinkCreate vxlan;
  vxlan.name = "vx110";
  vxlan.kind = LinkKind::kVxlan;
  vxlan.vxlan = VxlanInfo{Vni{110}, ip("100.65.0.2"), 4789, false, false};
  vxlan.master = br;
  vxlan.up = true;
  const IfIndex vx = kernel.add_link(vxlan);
  FdbEntry entry;
  entry.link = vx;
  entry.mac = mac("02:00:00:00:00:99");
  entry.self = true;
  entry.destination = ip("100.64.0.9");
  entry.state = 0x80;
  kernel.add_fdb(entry);
  Neighbour n;
  n.link = br;
  n.address = ip("192.170.1.99");
  n.mac = mac("02:00:00:00:00:99");
  n.state = 0x80;
  kernel.add_neighbour(n);
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].vrf = kDefaultVrf;  // a link that enters or leaves a VRF loses its neighbours
  start(node);
  want_hosts();
  ASSERT_NE(nullptr, fdb("vx110", kHost, true));
  ASSERT_NE(nullptr, neighbour("br110", "192.170.1.11"));
  fib->withdraw_everything(now);
  settle(std::chrono::seconds(2));
  EXPECT_TRUE(fib->synchronized());
  EXPECT_EQ(nullptr, fdb("vx110", kHost, true));
  EXPECT_EQ(nullptr, fdb("vx110", kHost, false));
  EXPECT_EQ(nullptr, neighbour("br110", "192.170.1.11"));
  EXPECT_TRUE(kernel.floods().empty());
  EXPECT_NE(nullptr, fdb("vx110", "02:00:00:00:00:99", true));
  EXPECT_NE(nullptr, neighbour("br110", "192.170.1.99"));
  EXPECT_EQ(0U, kernel.foreign_overwritten());
}

TEST_F(RemoteSide, ARemovedMacVrfLeavesNothing) {
  start(wanted_l2_node());
  want_hosts();
  reconfigure(wanted_node());
  settle(std::chrono::seconds(2));
  EXPECT_EQ(nullptr, kernel.link("vni110"));
  EXPECT_TRUE(kernel.floods().empty());
  EXPECT_EQ(StateCounts{}, fib->counts(ObjectKind::kMac));
  EXPECT_TRUE(fib->synchronized());
  reconfigure(wanted_l2_node());
  want_hosts();
  expect_hosts();
}

TEST_F(RemoteSide, RoutesAndHostsShareTheWindow) {
  limits.window = 64;
  limits.reserve = 16;
  restart();
  start(wanted_l2_node());
  const NextHopSetId id = set(kRed, {tunnel("100.64.0.1", "02:00:00:00:01:01")});
  L2Delta hosts;
  hosts.sets.push_back({1, kStorage, Vni{110}, {ip("100.64.0.1")}});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    MacAddress m = mac("02:00:00:00:00:00");
    m.octets[4] = static_cast<std::uint8_t>(i >> 8);
    m.octets[5] = static_cast<std::uint8_t>(i);
    hosts.macs.push_back({kStorage, m, 1, false, false});
    delta.routes.push_back(
        {kRed, IpPrefix::make(IpAddress::v4(0x0b000000U + (i << 8)), 24), id, false});
  }
  fib->apply(hosts, now);
  fib->apply(delta, now);
  for (int i = 0; i < 12; ++i) turn();  // both have begun long before one has ended
  EXPECT_GT(fib->counts(ObjectKind::kMac).acked, 50U);
  EXPECT_GT(fib->counts(ObjectKind::kRouteV4).acked, 50U);
  settle();
  EXPECT_EQ(1000U, fib->counts(ObjectKind::kMac).acked);
  EXPECT_EQ(1000U, fib->counts(ObjectKind::kRouteV4).acked);
}

}  // namespace
}  // namespace perd::fib
