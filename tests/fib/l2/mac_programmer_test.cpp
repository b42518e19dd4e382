// Goal: a remote MAC stands in bridge and VXLAN device as wanted, whatever shape it had before,
// whoever else had it, and whatever the kernel or an operator did to it meanwhile.
// Method: HostPrograms over a model of Linux's rules; each case checks both halves in the kernel.
#include "fib/l2/mac_programmer.h"

#include "fib/l2/host_lab.h"

namespace perd::fib {
namespace {

class RemoteMacs : public HostLab {};

// ---- shapes -------------------------------------------------------------------------------------

TEST_F(RemoteMacs, OneVtepIsOneOperation) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  ASSERT_EQ(1U, journal.size());
  const auto& put = std::get<FdbPut>(journal[0].what);
  EXPECT_TRUE(put.both);
  EXPECT_FALSE(put.append);
  EXPECT_EQ(kVxlan, put.entry.link);
  EXPECT_EQ(kBridge, put.entry.master);
  EXPECT_EQ(0x02, put.entry.state);
  EXPECT_FALSE(put.entry.vni.has_value());
  EXPECT_EQ(EntryState::kAcked, state(kHost));
  EXPECT_FALSE(hosts->busy());
}

TEST_F(RemoteMacs, AnotherVniIsNamed) {
  want(kHost, set({"192.0.2.1"}, 111));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1 vni 111", shape(kHost));
  want(kHost, set({"192.0.2.1"}, 110));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteMacs, AVlanAwareBridgeGetsTheVlan) {
  ports[kRedSegment].vlan = 7;
  (void)place(true);
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ(7, std::get<FdbPut>(journal[0].what).entry.vlan);
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge -, vxlan -", shape(kHost));
}

TEST_F(RemoteMacs, SeveralVtepsAreAGroup) {
  want(kHost, set({"192.0.2.1", "192.0.2.2"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape(kHost));
  EXPECT_EQ(3U, kernel.next_hops.size());
  for (const auto& [id, n] : kernel.next_hops) {
    EXPECT_GE(id, kFdbNextHopIdFirst);
    EXPECT_LE(id, kFdbNextHopIdLast);
    EXPECT_TRUE(n.fdb);
    EXPECT_EQ(179, n.protocol);
  }
  const auto view = hosts->mac(kRedSegment, mac(kHost));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(2U, view->vteps.size());
  EXPECT_GE(view->next_hop_id, kFdbNextHopIdFirst);
  EXPECT_EQ(3U, hosts->counts(ObjectKind::kFdbNextHop).acked);
}

TEST_F(RemoteMacs, AGroupCannotNameAVni) {
  want(kHost, set({"192.0.2.1", "192.0.2.2"}, 111));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1 vni 111", shape(kHost));
}

TEST_F(RemoteMacs, AKernelWithoutGroupsGetsTheFirstVtep) {
  kernel.group_support = false;
  want(kHost, set({"192.0.2.1", "192.0.2.2"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ(EntryState::kAcked, state(kHost));
  kernel.group_support = true;  // it learned something
  settle(std::chrono::seconds(40));
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape(kHost));
}

TEST_F(RemoteMacs, AChangedGroupIsOneMessageForAllMacs) {
  const VtepSetId id = set({"192.0.2.1", "192.0.2.2"});
  for (int i = 10; i < 60; ++i) want("02:00:00:00:01:" + std::to_string(i), id);
  apply();
  set({"192.0.2.1", "192.0.2.2", "192.0.2.3"}, 110, id);
  apply();
  EXPECT_EQ(0U, count<FdbPut>());
  EXPECT_EQ(2U, count<NextHopPut>());  // the new VTEP and the group
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2 192.0.2.3",
            shape("02:00:00:00:01:10"));
}

TEST_F(RemoteMacs, OneBecomesSeveralBecomesOne) {
  const VtepSetId id = set({"192.0.2.1"});
  want(kHost, id);
  want("02:00:00:00:00:22", id);
  apply();
  set({"192.0.2.1", "192.0.2.2"}, 110, id);
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape(kHost));
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape("02:00:00:00:00:22"));
  set({"192.0.2.2"}, 110, id);
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.2", shape(kHost));
  EXPECT_TRUE(kernel.next_hops.empty());
  EXPECT_TRUE(shared->events.empty());  // nothing was refused or repaired on the way
}

TEST_F(RemoteMacs, VtepsAreSharedByGroups) {
  const VtepSetId one = set({"192.0.2.1", "192.0.2.2"});
  const VtepSetId two = set({"192.0.2.2", "192.0.2.3"});
  want(kHost, one);
  want("02:00:00:00:00:22", two);
  apply();
  EXPECT_EQ(5U, kernel.next_hops.size());
  want(kHost, 0);
  delta.released_sets = {one};
  apply();
  EXPECT_EQ(3U, kernel.next_hops.size());
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.2 192.0.2.3", shape("02:00:00:00:00:22"));
  EXPECT_EQ(0U, kernel.foreign_harm);
}

TEST_F(RemoteMacs, StickyIsStaticAndBack) {
  const VtepSetId id = set({"192.0.2.1"});
  want(kHost, id, true);
  apply();
  EXPECT_EQ("bridge vni110 sticky, vxlan 192.0.2.1 sticky", shape(kHost));
  EXPECT_EQ(0x42, std::get<FdbPut>(journal[0].what).entry.state);
  kernel.host_sends(kPort1, mac(kHost));
  settle();
  EXPECT_EQ("bridge vni110 sticky, vxlan 192.0.2.1 sticky", shape(kHost));
  want(kHost, id, false);
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  want(kHost, id, true);
  apply();
  EXPECT_EQ("bridge vni110 sticky, vxlan 192.0.2.1 sticky", shape(kHost));
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge -, vxlan -", shape(kHost));
}

TEST_F(RemoteMacs, AMovedMacIsReplacedInPlace) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  want(kHost, set({"192.0.2.2"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.2", shape(kHost));
  EXPECT_EQ(1U, journal.size());
}

// Linux does not say who wrote an FDB entry, and tells of it later than it answers.
TEST_F(RemoteMacs, LateEchoesAreNoRepairs) {
  const VtepSetId sets[] = {set({"192.0.2.1"}), set({"192.0.2.2"}), set({"192.0.2.3"})};
  for (int i = 0; i < 20; ++i) {
    want(kHost, sets[i % 3]);
    hand_over();
    step();
    kernel.submit(take());
    hear_answers();
    if (i % 3 == 1) {  // the next one is on its way when the echoes come
      want(kHost, sets[(i + 1) % 3]);
      hand_over();
      step();
      hear_all();
      kernel.submit(take());
    }
  }
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.3", shape(kHost));
  EXPECT_EQ(0U, count<FdbErase>());
  EXPECT_TRUE(shared->events.empty());
}

// ---- local hosts --------------------------------------------------------------------------------

TEST_F(RemoteMacs, ALearnedEntryIsMoved) {
  kernel.host_sends(kPort1, mac(kHost));
  settle();
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteMacs, AHostThatMovesInIsLeftToItsPort) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  journal.clear();
  settle(std::chrono::seconds(5));
  EXPECT_TRUE(journal.empty());  // routing has not spoken
  EXPECT_EQ(EntryState::kWaiting, state(kHost));
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge eth2, vxlan -", shape(kHost));
  for (const auto& op : journal) EXPECT_FALSE(std::get<FdbErase>(op.what).both);
}

TEST_F(RemoteMacs, RoutingInsists) {
  const VtepSetId id = set({"192.0.2.1"});
  want(kHost, id);
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  settle();
  want(kHost, id);
  apply();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ(EntryState::kAcked, state(kHost));
  EXPECT_EQ(3U, journal.size());  // fetched back, removed, made anew
  EXPECT_TRUE(shared->events.empty());
}

// Older kernels would leave such an entry without extern_learn, so that it ages.
TEST_F(RemoteMacs, InAndOutAgainIsExternLearnedAgain) {
  const VtepSetId id = set({"192.0.2.1"});
  for (int i = 0; i < 3; ++i) {
    want(kHost, id);
    apply();
    EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
    kernel.host_sends(kPort1, mac(kHost));
    settle();
    want(kHost, 0);
    apply();
    EXPECT_EQ("bridge eth2, vxlan -", shape(kHost));
  }
}

TEST_F(RemoteMacs, TheMemoryOfALocalHostEndsWithItsEntry) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  settle();
  want(kHost, 0);
  apply();
  MemoryParts parts;
  hosts->memory(parts);
  EXPECT_EQ(1U, parts[0].entries);
  kernel.age_out(kBridge, mac(kHost));
  settle();
  parts.clear();
  hosts->memory(parts);
  EXPECT_EQ(0U, parts[0].entries);
}

TEST_F(RemoteMacs, ALocalEntryThatAgesOutLeavesTheWish) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  settle();
  kernel.age_out(kBridge, mac(kHost));
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

// The bridge's word comes while our operation is on its way, before or behind it; with and without
// echoes of our own operations. What counts is that nobody is left in a black hole.
TEST_F(RemoteMacs, AMoveDuringAnOperationIsNotLost) {
  for (const auto echoes : kAllEchoes) {
    for (const bool answers_first : {true, false}) {
      for (const bool before : {true, false}) {
        kernel.own_echoes = echoes;
        kernel.answers_first = answers_first;
        const VtepSetId one = set({"192.0.2.1"});
        const VtepSetId two = set({"192.0.2.2"});
        want(kHost, one);
        apply();
        want(kHost, two);
        hand_over();
        step();
        if (before) kernel.host_sends(kPort1, mac(kHost));
        kernel.submit(take());
        if (!before) kernel.host_sends(kPort1, mac(kHost));
        settle();
        if (!before) {
          EXPECT_EQ("bridge eth2, vxlan 192.0.2.2", shape(kHost));
        }
        want(kHost, 0);
        apply();
        const std::string left = shape(kHost);
        EXPECT_TRUE(left == "bridge eth2, vxlan -" || (before && left == "bridge -, vxlan -"))
            << left << ' ' << static_cast<int>(echoes) << answers_first << before;
        EXPECT_EQ(0U, kernel.foreign_harm);
        kernel.age_out(kBridge, mac(kHost));
        settle();
      }
    }
  }
}

TEST_F(RemoteMacs, AnEraseThatTheBridgeKnowsNothingOfStillClearsTheDevice) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.host_sends(kPort1, mac(kHost));
  kernel.lose_news();  // and nobody told us
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge eth2, vxlan -", shape(kHost));
}

// ---- operators ----------------------------------------------------------------------------------

TEST_F(RemoteMacs, AnOperatorsEntryStays) {
  kernel.operator_fdb(kPort2, mac(kHost));
  settle();
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge eth3 fixed, vxlan -", shape(kHost));
  EXPECT_EQ(EntryState::kRefused, state(kHost));
  std::vector<Refusal> refusals;
  hosts->refusals(refusals, 10);
  ASSERT_EQ(1U, refusals.size());
  EXPECT_EQ(ObjectKind::kMac, refusals[0].kind);
  EXPECT_EQ("mac 02:00:00:00:00:11 dev vni110", refusals[0].what);
  settle(std::chrono::seconds(60));
  EXPECT_EQ(0U, kernel.foreign_harm);
  EXPECT_EQ(1U, shared->events.size());  // said once
  kernel.age_out(kBridge, mac(kHost));   // taken away
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteMacs, AnOperatorTakesAMacFromUs) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.operator_fdb(kPort2, mac(kHost));
  settle();
  EXPECT_EQ(EntryState::kRefused, state(kHost));
  EXPECT_EQ("bridge eth3 fixed, vxlan 192.0.2.1", shape(kHost));
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge eth3 fixed, vxlan -", shape(kHost));
  EXPECT_EQ(0U, kernel.foreign_harm);
}

TEST_F(RemoteMacs, AnOperatorsVxlanEntryStays) {
  kernel.operator_vxlan(kVxlan, mac(kHost), ip("192.0.2.9"));
  settle();
  want(kHost, set({"192.0.2.1"}));
  apply();
  EXPECT_EQ("bridge -, vxlan 192.0.2.9 foreign", shape(kHost));
  EXPECT_EQ(EntryState::kRefused, state(kHost));
  want(kHost, 0);
  apply();
  EXPECT_EQ("bridge -, vxlan 192.0.2.9 foreign", shape(kHost));
  EXPECT_EQ(0U, kernel.foreign_harm);
}

TEST_F(RemoteMacs, WhatIsDeletedIsWrittenAgain) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  kernel.erase_vxlan({kVxlan, mac(kHost)});
  hear_all();
  step();
  EXPECT_TRUE(take().empty());  // it may have been an old echo
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  kernel.age_out(kBridge, mac(kHost));
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  ASSERT_EQ(2U, shared->events.size());
  EXPECT_EQ(EventKind::kKernelRepaired, shared->events[0].kind);
}

TEST_F(RemoteMacs, AFightIsGivenUpForAWhile) {
  want(kHost, set({"192.0.2.1"}));
  apply();
  std::size_t repairs = 0;
  for (int i = 0; i < 30; ++i) {
    kernel.erase_vxlan({kVxlan, mac(kHost)});
    journal.clear();
    settle(std::chrono::milliseconds(80));
    repairs += count<FdbPut>();
  }
  EXPECT_LE(repairs, limits.repairs + 6);
  EXPECT_EQ(EntryState::kRefused, state(kHost));
  settle(std::chrono::seconds(60));
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
}

TEST_F(RemoteMacs, ALostGroupTakesItsMacsAlongSilently) {
  want(kHost, set({"192.0.2.1", "192.0.2.2"}));
  apply();
  std::uint32_t group = 0;
  for (const auto& [id, n] : kernel.next_hops) group = n.group.empty() ? group : id;
  EXPECT_EQ(0, kernel.erase_next_hop(group));
  EXPECT_EQ("bridge vni110 extern, vxlan -", shape(kHost));
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape(kHost));
}

TEST_F(RemoteMacs, ALostMemberIsPutBack) {
  want(kHost, set({"192.0.2.1", "192.0.2.2"}));
  apply();
  EXPECT_EQ(0, kernel.erase_next_hop(kernel.next_hops.begin()->first));
  settle();
  EXPECT_EQ("bridge vni110 extern, vxlan group 192.0.2.1 192.0.2.2", shape(kHost));
}

// ---- refusals -----------------------------------------------------------------------------------

TEST_F(RemoteMacs, ARefusalIsTriedAgain) {
  kernel.refuse_puts = ENOSPC;
  const VtepSetId id = set({"192.0.2.1"});
  want(kHost, id);
  want("02:00:00:00:00:22", id);
  apply();
  EXPECT_EQ(EntryState::kRefused, state(kHost));
  std::vector<Refusal> refusals;
  hosts->refusals(refusals, 10);
  ASSERT_EQ(1U, refusals.size());  // of both MACs
  EXPECT_EQ(2U, refusals[0].count);
  EXPECT_EQ(ENOSPC, refusals[0].error);
  EXPECT_EQ(1U, shared->events.size());
  kernel.refuse_puts.reset();
  settle(std::chrono::seconds(2));
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape(kHost));
  EXPECT_EQ("bridge vni110 extern, vxlan 192.0.2.1", shape("02:00:00:00:00:22"));
  refusals.clear();
  hosts->refusals(refusals, 10);
  EXPECT_TRUE(refusals.empty());
}

TEST_F(RemoteMacs, ARefusedMacThatIsNotWantedAnyMoreIsForgotten) {
  kernel.refuse_puts = ENOSPC;
  want(kHost, set({"192.0.2.1"}));
  apply();
  want(kHost, 0);
  apply();
  EXPECT_FALSE(hosts->mac(kRedSegment, mac(kHost)).has_value());
  EXPECT_FALSE(hosts->busy());
}

}  // namespace
}  // namespace perd::fib
