// Goal: HostPrograms keeps the entries of MAC-VRFs in step for ever: over restarts, lost
// notifications, devices that come and go, withdrawal, and a hundred thousand of them.
// Method: HostPrograms over a model of Linux's rules; a random walk compares with what is wanted.
#include "fib/l2/host_programs.h"

#include <algorithm>
#include <set>

#include "fib/l2/host_lab.h"
#include "perd/random.h"

namespace perd::fib {
namespace {

class RemoteHosts : public HostLab {
 protected:
  void want_all() {
    const VtepSetId one = set({"192.0.2.1"});
    const VtepSetId two = set({"192.0.2.1", "192.0.2.2"});
    want(kHost, one);
    want("02:00:00:00:00:22", two);
    want("02:00:00:00:00:33", one, true);
    want_host("10.0.0.11", kHost);
    want_host("2001:db8::11", kHost, NeighbourWish::kRemote, true);
    flood("192.0.2.1");
    flood("192.0.2.2");
  }
  void expect_all() {
    EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
    EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape("02:00:00:00:00:22"));
    EXPECT_EQ("bridge vni110 sticky, vxlan 192.0.2.1 sticky", shape("02:00:00:00:00:33"));
    EXPECT_NE(nullptr, neighbour("10.0.0.11"));
    EXPECT_NE(nullptr, neighbour("2001:db8::11"));
    EXPECT_EQ(2U, kernel.floods[kVxlan].size());
  }
  void expect_nothing() {
    EXPECT_TRUE(kernel.bridge.empty());
    EXPECT_TRUE(kernel.vxlan.empty());
    EXPECT_TRUE(kernel.neighbours.empty());
    EXPECT_TRUE(kernel.floods[kVxlan].empty());
    EXPECT_TRUE(kernel.next_hops.empty());
  }
};

TEST_F(RemoteHosts, NothingIsWrittenBeforeWritingIsAllowed) {
  restart();
  want_all();
  hand_over();
  step();
  EXPECT_TRUE(take().empty());
  start();
  expect_all();
}

TEST_F(RemoteHosts, WhatARestartFindsIsKept) {
  want_all();
  apply();
  restart();
  journal.clear();
  start();
  want_all();
  hand_over();
  settle();
  EXPECT_TRUE(journal.empty());
  expect_all();
  shared->sweep_allowed = true;
  hosts->allow_sweep();
  settle();
  EXPECT_TRUE(journal.empty());
  expect_all();
}

TEST_F(RemoteHosts, WhatNobodyWantsAfterARestartIsSwept) {
  want_all();
  apply();
  kernel.operator_fdb(kPort2, mac("02:00:00:00:00:99"));
  kernel.floods[kVxlan][ip("192.0.2.77")] = 0x80;
  kernel.put_neighbour({kBridge, ip("10.0.0.99"), mac("02:00:00:00:00:99"), 0x80});
  kernel.put_neighbour({kBridge, ip("10.0.0.98"), mac("02:00:00:00:00:98"), 0x02});
  restart();
  start();
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape("02:00:00:00:00:22"));
  EXPECT_EQ(2U, hosts->counts(ObjectKind::kMac).stale);
  shared->sweep_allowed = true;
  hosts->allow_sweep();
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ("bridge -, vxlan -", shape("02:00:00:00:00:22"));
  EXPECT_EQ("bridge -, vxlan -", shape("02:00:00:00:00:33"));
  EXPECT_TRUE(kernel.next_hops.empty());
  EXPECT_EQ(1U, kernel.floods[kVxlan].size());
  EXPECT_EQ(2U, kernel.neighbours.size());
  EXPECT_EQ("bridge eth3 fixed, vxlan -", shape("02:00:00:00:00:99"));
  EXPECT_EQ(0U, kernel.foreign_harm);
  EXPECT_EQ(9U, shared->swept);  // 2 MACs, 2 neighbours, 2 floods, 3 next hops
}

TEST_F(RemoteHosts, WithdrawalLeavesWhatIsForeign) {
  want_all();
  apply();
  kernel.operator_fdb(kPort2, mac("02:00:00:00:00:99"));
  kernel.host_sends(kPort1, mac("02:00:00:00:00:44"));
  kernel.put_neighbour({kBridge, ip("10.0.0.99"), mac("02:00:00:00:00:99"), 0x80});
  settle();
  hosts->drop_all();
  for (VtepSetId id = 1; id <= last_set; ++id) delta.released_sets.push_back(id);
  apply();
  EXPECT_EQ("bridge eth3 fixed, vxlan -", shape("02:00:00:00:00:99"));
  EXPECT_EQ("bridge eth2, vxlan -", shape("02:00:00:00:00:44"));
  EXPECT_EQ(1U, kernel.neighbours.size());
  EXPECT_TRUE(kernel.vxlan.empty());
  EXPECT_TRUE(kernel.next_hops.empty());
  EXPECT_TRUE(kernel.floods[kVxlan].empty());
  EXPECT_EQ(0U, kernel.foreign_harm);
  EXPECT_FALSE(hosts->busy());
}

TEST_F(RemoteHosts, AMacVrfThatLeavesClearsDevicesThatStay) {
  want_all();
  apply();
  link(kVxlan, "vni110", LinkKind::kVxlan, "");
  link(kBridge, "br110", LinkKind::kBridge, "");
  ports.clear();
  (void)place();
  for (VtepSetId id = 1; id <= last_set; ++id) delta.released_sets.push_back(id);
  apply();
  expect_nothing();
}

TEST_F(RemoteHosts, AMacVrfThatLeavesLeavesTheRestToItsDevices) {
  want_all();
  apply();
  journal.clear();
  ports.clear();
  (void)place();
  settle();
  EXPECT_TRUE(journal.empty());
  lose_link(kVxlan);
  lose_link(kBridge);
  for (VtepSetId id = 1; id <= last_set; ++id) delta.released_sets.push_back(id);
  hand_over();
  settle();
  expect_nothing();
  EXPECT_EQ(StateCounts{}, hosts->counts(ObjectKind::kMac));
  EXPECT_EQ(StateCounts{}, hosts->counts(ObjectKind::kHostNeighbour));
}

// ---- devices ------------------------------------------------------------------------------------

TEST_F(RemoteHosts, EntriesWaitForTheirDevices) {
  ports[kRedSegment].placed = false;
  (void)place();
  want_all();
  apply();
  EXPECT_TRUE(kernel.bridge.empty());
  EXPECT_EQ(EntryState::kWaiting, state(kHost));
  EXPECT_FALSE(hosts->busy());
  EXPECT_EQ(3U, hosts->counts(ObjectKind::kMac).waiting);
  EXPECT_EQ(2U, hosts->counts(ObjectKind::kHostNeighbour).waiting);
  EXPECT_EQ(2U, hosts->counts(ObjectKind::kFlood).waiting);
  ports[kRedSegment].placed = true;
  (void)place();
  settle();
  expect_all();
}

TEST_F(RemoteHosts, ADeviceThatWasDeletedIsFilledAgain) {
  want_all();
  apply();
  lose_link(kVxlan);
  settle();
  EXPECT_EQ(EntryState::kWaiting, state(kHost));
  link(IfIndex{21}, "vni110", LinkKind::kVxlan);
  kernel.masters[IfIndex{21}] = kBridge;
  ports[kRedSegment].vxlan = IfIndex{21};
  EXPECT_FALSE(place(true));  // made by this run: nothing to read
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape("02:00:00:00:00:22"));
  EXPECT_EQ(2U, kernel.floods[IfIndex{21}].size());
  EXPECT_TRUE(shared->events.empty());
}

TEST_F(RemoteHosts, ABridgeThatWasDeletedIsFilledAgain) {
  want_all();
  apply();
  lose_link(kBridge);
  settle();
  link(IfIndex{20}, "br-pe-110", LinkKind::kBridge);
  kernel.masters[kVxlan] = IfIndex{20};
  ports[kRedSegment].bridge = ports[kRedSegment].svi = IfIndex{20};
  ports[kRedSegment].vxlan = kVxlan;
  ports[kRedSegment].placed = true;
  (void)place(true);
  settle();
  expect_all();
}

TEST_F(RemoteHosts, AnAnswerOfAnOldDeviceSaysNothingOfTheNewOne) {
  want(kHost, set({"192.0.2.1"}));
  hand_over();
  step();
  kernel.submit(take());  // answered later
  kernel.lose_device(kVxlan);
  link(IfIndex{21}, "vni110", LinkKind::kVxlan);
  kernel.masters[IfIndex{21}] = kBridge;
  ports[kRedSegment].vxlan = IfIndex{21};
  (void)place(true);
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteHosts, AnAdoptedDeviceIsReadBeforeItIsWritten) {
  ports.clear();
  restart();
  start();
  kernel.operator_fdb(kPort2, mac(kHost));
  settle();
  ports[kRedSegment] = MacVrfPorts{kBridge, kVxlan, kBridge, 0, Vni{110}, true, {}};
  EXPECT_TRUE(place());
  want_all();
  apply();
  EXPECT_TRUE(kernel.vxlan.empty());
  EXPECT_EQ(EntryState::kWaiting, state(kHost));
  read(DumpKind::kFdb);
  read(DumpKind::kNeighbours);
  settle();
  EXPECT_EQ("bridge eth3 fixed, vxlan -", shape(kHost));
  EXPECT_EQ("bridge vni110 sticky, vxlan 192.0.2.1 sticky", shape("02:00:00:00:00:33"));
  EXPECT_NE(nullptr, neighbour("10.0.0.11"));
  EXPECT_EQ(0U, kernel.foreign_harm);
}

TEST_F(RemoteHosts, ALinkThatIsDownGetsNothing) {
  set_up(kVxlan, false);
  set_up(kBridge, false);
  want_all();
  apply();
  EXPECT_TRUE(kernel.vxlan.empty());
  EXPECT_TRUE(kernel.neighbours.empty());
  set_up(kVxlan, true);
  set_up(kBridge, true);
  settle();
  expect_all();
}

// ---- lost notifications -------------------------------------------------------------------------

TEST_F(RemoteHosts, ADumpTellsWhatWasMissed) {
  want_all();
  apply();
  kernel.erase_vxlan({kVxlan, mac(kHost)});
  kernel.age_out(kBridge, mac("02:00:00:00:00:22"));
  kernel.erase_neighbour(kBridge, ip("10.0.0.11"));
  kernel.erase_flood(kVxlan, ip("192.0.2.2"));
  kernel.lose_news();
  journal.clear();
  for (const DumpKind kind : {DumpKind::kNextHops, DumpKind::kNeighbours, DumpKind::kFdb}) {
    read(kind);
  }
  settle();
  expect_all();
  EXPECT_EQ(4U, journal.size());
}

TEST_F(RemoteHosts, ADumpTellsOfAHostThatMovedIn) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  kernel.lose_news();
  journal.clear();
  read(DumpKind::kFdb);
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(journal.empty());
  EXPECT_EQ(EntryState::kWaiting, state(kHost));
}

TEST_F(RemoteHosts, ANotificationIsNewerThanADump) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  begin(DumpKind::kFdb);
  kernel.erase_vxlan({kVxlan, mac(kHost)});
  std::vector<KernelEvent> old;
  hear_all();
  FdbEntry before;
  before.link = kVxlan;
  before.mac = mac(kHost);
  before.self = before.extern_learn = true;
  before.destination = ip("192.0.2.1");
  hear(KernelEvent{Seen<FdbEntry>{before, false, true}});  // read before it went
  show(DumpKind::kFdb);
  hosts->end_dump(DumpKind::kFdb, now);
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteHosts, ABrokenOffDumpLeavesNoMarks) {
  want_all();
  apply();
  begin(DumpKind::kFdb);
  show(DumpKind::kFdb);  // and then it is interrupted
  kernel.erase_vxlan({kVxlan, mac(kHost)});
  kernel.lose_news();
  read(DumpKind::kFdb);
  settle();
  expect_all();
}

// ---- lanes and slices ---------------------------------------------------------------------------

TEST_F(RemoteHosts, SingleChangesPassBulk) {
  limits.window = 64;
  limits.reserve = 16;
  restart();
  start();
  const VtepSetId id = set({"192.0.2.1"});
  for (int i = 0; i < 2000; ++i) {
    MacAddress m = mac("02:00:00:01:00:00");
    m.octets[4] = static_cast<std::uint8_t>(i >> 8);
    m.octets[5] = static_cast<std::uint8_t>(i & 255);
    delta.macs.push_back({kRedSegment, m, id, false, false});
  }
  hand_over();
  step();
  EXPECT_EQ(48U, shared->ops.in_flight());  // bulk leaves the reserve free
  (void)take();
  want(kHost, id, false, true);
  hand_over();
  step();
  const auto ops = take();
  ASSERT_EQ(1U, ops.size());
  EXPECT_EQ(mac(kHost), std::get<FdbPut>(ops[0].what).entry.mac);
}

TEST_F(RemoteHosts, AHundredThousandInSlicesOfTwentyOctets) {
  constexpr std::uint32_t kMany = 100000;
  limits.step_routes = 1000;
  limits.step_slots = 5000;
  restart();
  start();
  const VtepSetId id = set({"192.0.2.1"});
  for (std::uint32_t i = 0; i < kMany; ++i) {
    MacAddress m = mac("02:00:00:00:00:00");
    for (unsigned k = 0; k < 3; ++k) m.octets[5 - k] = static_cast<std::uint8_t>(i >> (8 * k));
    delta.macs.push_back({kRedSegment, m, id, false, false});
    delta.neighbours.push_back(
        {kRedSegment, IpAddress::v4(0x0a000000U + i + 1), m, NeighbourWish::kRemote, false, false});
  }
  hand_over();
  std::size_t most = 0;
  for (int turns = 0; turns < 100000 && (hosts->more_work() || !kernel.news.empty()); ++turns) {
    hear_all();
    step();
    const auto ops = take();
    most = std::max(most, ops.size());
    kernel.submit(ops);
  }
  EXPECT_LE(most, limits.step_routes);
  EXPECT_EQ(kMany, hosts->counts(ObjectKind::kMac).acked);
  EXPECT_EQ(kMany, hosts->counts(ObjectKind::kHostNeighbour).acked);
  EXPECT_EQ(std::size_t{2} * kMany, count<FdbPut>() + count<NeighbourPut>());
  MemoryParts parts;
  hosts->memory(parts);
  const auto octets = [&parts, kMany](const char* name) {
    for (const auto& p : parts) {
      if (p.name == name) return static_cast<double>(p.octets) / kMany;
    }
    return 0.0;
  };
  EXPECT_LT(octets("kernel macs"), 30);
  EXPECT_LT(octets("kernel host neighbours"), 25);
  // A dump is judged in slices.
  read(DumpKind::kFdb);
  int slices = 0;
  for (; hosts->marking(); ++slices) hosts->go_on_marking(now);
  EXPECT_GE(slices, 20);
  hosts->drop_all();
  settle();
  EXPECT_TRUE(kernel.vxlan.empty());
  EXPECT_TRUE(kernel.neighbours.empty());
  parts.clear();
  hosts->memory(parts);
  EXPECT_LT(octets("kernel macs"), 1);
}

// ---- any order ----------------------------------------------------------------------------------

// Wishes, hosts, operators, lost and doubled news in random order: when it is quiet and routing has
// repeated its word, the kernel is as wanted, and nothing of anybody else's was touched.
class AnyOrder : public RemoteHosts, public ::testing::WithParamInterface<int> {
 protected:
  struct Wish {
    VtepSetId set = 0;
    bool sticky = false;
  };
  void random_event(Random& random) {
    const std::string host = "02:00:00:00:00:1" + std::to_string(random.below(6));
    const std::string address = "10.0.0." + std::to_string(11 + random.below(6));
    const auto dice = random.below(100);
    if (dice < 30) {
      const auto which = random.below(static_cast<std::uint64_t>(sets.size() + 1));
      Wish w{which == 0 ? 0U : sets[static_cast<std::size_t>(which - 1)], random.below(5) == 0};
      if (w.set == 0) w.sticky = false;
      want(host, w.set, w.sticky, random.below(2) == 0);
      wishes[host] = w;
      hand_over();
    } else if (dice < 45) {
      const auto wish = static_cast<NeighbourWish>(random.below(3));
      const bool router = random.below(2) == 0;
      want_host(address, host, wish, router);
      addresses[address] = {wish, host, router};
      hand_over();
    } else if (dice < 55) {
      const VtepSetId id = sets[static_cast<std::size_t>(random.below(sets.size()))];
      std::vector<std::string> vteps;
      for (int i = 1; i < 5; ++i) {
        if (random.below(2) == 0) vteps.push_back("192.0.2." + std::to_string(i));
      }
      if (vteps.empty()) vteps.emplace_back("192.0.2.9");
      content[id] = vteps;
      set(vteps, 110, id);
      hand_over();
    } else if (dice < 65) {
      kernel.host_sends(random.below(2) == 0 ? kPort1 : kPort2, mac(host));
    } else if (dice < 70) {
      kernel.erase_vxlan({kVxlan, mac(host)});
    } else if (dice < 75) {
      kernel.age_out(kBridge, mac(host));
    } else if (dice < 78) {
      kernel.erase_neighbour(kBridge, ip(address));
    } else if (dice < 80 && !kernel.next_hops.empty()) {
      (void)kernel.erase_next_hop(kernel.next_hops.begin()->first);
    } else if (dice < 83) {
      kernel.submit(take());  // a dump comes behind what was asked for before
      kernel.lose_news_but_answers();
      hear_all();
      for (const DumpKind kind : {DumpKind::kNextHops, DumpKind::kNeighbours, DumpKind::kFdb}) {
        read(kind);
      }
    } else if (dice < 86) {
      kernel.answers_first = !kernel.answers_first;
    } else if (dice < 93) {
      step();
    } else {
      turn();
    }
  }
  std::vector<VtepSetId> sets;
  std::map<VtepSetId, std::vector<std::string>> content;
  std::map<std::string, Wish> wishes;
  std::map<std::string, std::tuple<NeighbourWish, std::string, bool>> addresses;
};

TEST_P(AnyOrder, EndsAsWanted) {
  Random random(static_cast<std::uint64_t>(GetParam()));
  kernel.own_echoes = static_cast<HostKernel::Echoes>(GetParam() % 3);
  limits.repairs = 1000000;
  restart();
  start();
  for (int i = 1; i < 4; ++i) {
    content[static_cast<VtepSetId>(i)] = {"192.0.2." + std::to_string(i)};
    sets.push_back(set(content[static_cast<VtepSetId>(i)]));
  }
  hand_over();
  for (int i = 0; i < 300; ++i) random_event(random);
  settle(std::chrono::seconds(60));
  for (const auto& [host, w] : wishes) want(host, w.set, w.sticky);
  hand_over();
  settle(std::chrono::seconds(60));
  for (const auto& [host, w] : wishes) {
    const std::string is = shape(host);
    if (w.set == 0) {
      EXPECT_TRUE(is.ends_with("vxlan -") && is.find("vni110") == std::string::npos) << host << is;
      continue;
    }
    std::string vteps;
    for (const auto& v : content[w.set]) vteps += " " + v;
    const std::string to = content[w.set].size() == 1 ? ", vxlan" + vteps : ", vxlan group" + vteps;
    EXPECT_EQ((w.sticky ? "bridge vni110 sticky" : "bridge vni110 extern") + to +
                  (w.sticky ? " sticky" : ""),
              is)
        << host;
  }
  for (const auto& [address, wish] : addresses) {
    const Neighbour* n = neighbour(address);
    const auto& [kind, host, router] = wish;
    const bool ours = n != nullptr && n->extern_learn;
    EXPECT_EQ(kind == NeighbourWish::kRemote, ours) << address;
    if (ours) {
      EXPECT_EQ(mac(host), n->mac) << address;
      EXPECT_EQ(router, n->router) << address;
    }
  }
  EXPECT_FALSE(hosts->busy());
  EXPECT_EQ(0U, kernel.foreign_harm);
}
INSTANTIATE_TEST_SUITE_P(Seeds, AnyOrder, ::testing::Range(1, 400));

}  // namespace
}  // namespace perd::fib
