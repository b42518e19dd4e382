// Goal: addresses of remote hosts are perd's neighbours on the bridge, become the kernel's when the
// host moves in, and nobody else's entry is touched; the flood list likewise.
// Method: HostPrograms over a model of Linux's rules.
#include "fib/l2/neighbour_programmer.h"

#include "fib/l2/flood_store.h"
#include "fib/l2/host_lab.h"

namespace perd::fib {
namespace {

class RemoteNeighbours : public HostLab {};
constexpr std::uint8_t kOwnProtocol = 179;

TEST_F(RemoteNeighbours, ARemoteHostIsExternLearned) {
  want_host("10.0.0.11", kHost);
  want_host("2001:db8::11", kHost, NeighbourWish::kRemote, true);
  apply();
  EXPECT_EQ(2U, journal.size());
  const Neighbour* n = neighbour("10.0.0.11");
  ASSERT_NE(nullptr, n);
  EXPECT_EQ((Neighbour{kBridge, ip("10.0.0.11"), mac(kHost), 0x40, true, kOwnProtocol}), *n);
  n = neighbour("2001:db8::11");
  ASSERT_NE(nullptr, n);
  EXPECT_TRUE(n->router);
  const auto view = hosts->neighbour(kRedSegment, ip("2001:db8::11"));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(EntryState::kAcked, view->state);
  EXPECT_EQ(mac(kHost), view->mac);
  EXPECT_EQ(2U, hosts->counts(ObjectKind::kHostNeighbour).acked);
  want_host("10.0.0.11", kHost, NeighbourWish::kNone);
  want_host("2001:db8::11", kHost, NeighbourWish::kNone);
  apply();
  EXPECT_TRUE(kernel.neighbours.empty());
  EXPECT_FALSE(hosts->neighbour(kRedSegment, ip("10.0.0.11")).has_value());
}

TEST_F(RemoteNeighbours, AnotherMacOrFlagReplaces) {
  want_host("10.0.0.11", kHost);
  apply();
  want_host("10.0.0.11", "02:00:00:00:00:22");
  apply();
  EXPECT_EQ(1U, journal.size());
  EXPECT_EQ(mac("02:00:00:00:00:22"), neighbour("10.0.0.11")->mac);
  want_host("10.0.0.11", "02:00:00:00:00:22", NeighbourWish::kRemote, true);
  apply();
  EXPECT_EQ(1U, journal.size());
  EXPECT_TRUE(neighbour("10.0.0.11")->router);
  want_host("10.0.0.11", "02:00:00:00:00:22", NeighbourWish::kRemote, true);
  apply();
  EXPECT_TRUE(journal.empty());
}

TEST_F(RemoteNeighbours, AHostThatMovesInGetsItsOwnEntry) {
  want_host("10.0.0.11", kHost);
  apply();
  want_host("10.0.0.11", "02:00:00:00:00:22", NeighbourWish::kLocal);
  apply();
  ASSERT_EQ(1U, journal.size());
  const Neighbour* n = neighbour("10.0.0.11");
  ASSERT_NE(nullptr, n);
  EXPECT_FALSE(n->extern_learn);
  EXPECT_EQ(0x04, n->state);
  EXPECT_EQ(mac("02:00:00:00:00:22"), n->mac);
  // It is the kernel's now, whatever is said later.
  want_host("10.0.0.11", kHost, NeighbourWish::kNone);
  apply();
  EXPECT_TRUE(journal.empty());
  EXPECT_NE(nullptr, neighbour("10.0.0.11"));
  restart();
  start();
  shared->sweep_allowed = true;
  hosts->allow_sweep();
  settle();
  EXPECT_NE(nullptr, neighbour("10.0.0.11"));
}

TEST_F(RemoteNeighbours, AHostThatIsHereAlreadyNeedsNothing) {
  kernel.put_neighbour({kBridge, ip("10.0.0.11"), mac(kHost), 0x02});
  settle();
  want_host("10.0.0.11", kHost, NeighbourWish::kLocal);
  apply();
  EXPECT_TRUE(journal.empty());
  EXPECT_FALSE(hosts->busy());
}

TEST_F(RemoteNeighbours, MovingInWhileTheEntryIsOnItsWay) {
  for (const bool answers_first : {true, false}) {
    for (const auto echoes : kAllEchoes) {
      kernel.answers_first = answers_first;
      kernel.own_echoes = echoes;
      want_host("10.0.0.11", kHost);
      hand_over();
      step();
      want_host("10.0.0.11", "02:00:00:00:00:22", NeighbourWish::kLocal);
      hand_over();
      step();
      kernel.submit(take());
      settle();
      ASSERT_NE(nullptr, neighbour("10.0.0.11"));
      EXPECT_FALSE(neighbour("10.0.0.11")->extern_learn);
      EXPECT_EQ(mac("02:00:00:00:00:22"), neighbour("10.0.0.11")->mac);
      kernel.erase_neighbour(kBridge, ip("10.0.0.11"));
      settle();
    }
  }
}

TEST_F(RemoteNeighbours, MovingOutAgainTakesTheKernelsEntry) {
  kernel.put_neighbour({kBridge, ip("10.0.0.11"), mac("02:00:00:00:00:22"), 0x02});
  settle();
  want_host("10.0.0.11", kHost);
  apply();
  EXPECT_TRUE(neighbour("10.0.0.11")->extern_learn);
  EXPECT_EQ(mac(kHost), neighbour("10.0.0.11")->mac);
}

TEST_F(RemoteNeighbours, AnOperatorsEntryStays) {
  kernel.put_neighbour({kBridge, ip("10.0.0.11"), mac("02:00:00:00:00:99"), 0x80});
  settle();
  want_host("10.0.0.11", kHost);
  apply();
  EXPECT_EQ(mac("02:00:00:00:00:99"), neighbour("10.0.0.11")->mac);
  EXPECT_EQ(EntryState::kRefused, hosts->neighbour(kRedSegment, ip("10.0.0.11"))->state);
  want_host("10.0.0.11", kHost, NeighbourWish::kLocal);
  apply();
  EXPECT_EQ(mac("02:00:00:00:00:99"), neighbour("10.0.0.11")->mac);
  want_host("10.0.0.11", kHost);
  apply();
  kernel.erase_neighbour(kBridge, ip("10.0.0.11"));
  settle();
  EXPECT_EQ(mac(kHost), neighbour("10.0.0.11")->mac);
  EXPECT_EQ(0U, kernel.foreign_harm);
}

TEST_F(RemoteNeighbours, WhatIsDeletedOrChangedIsRepaired) {
  want_host("10.0.0.11", kHost);
  want_host("10.0.0.12", kHost);
  apply();
  kernel.erase_neighbour(kBridge, ip("10.0.0.11"));
  kernel.put_neighbour({kBridge, ip("10.0.0.12"), mac("02:00:00:00:00:22"), 0x04});
  settle();
  for (const char* address : {"10.0.0.11", "10.0.0.12"}) {
    ASSERT_NE(nullptr, neighbour(address));
    EXPECT_TRUE(neighbour(address)->extern_learn) << address;
    EXPECT_EQ(mac(kHost), neighbour(address)->mac) << address;
  }
  EXPECT_EQ(1U, shared->events.size());  // for both
}

TEST_F(RemoteNeighbours, AnEntryOfAnEarlierRunThatDiffersIsReplaced) {
  want_host("10.0.0.11", kHost);
  apply();
  restart();
  start();
  journal.clear();
  want_host("10.0.0.11", kHost, NeighbourWish::kRemote, true);
  hand_over();
  settle();
  EXPECT_EQ(1U, journal.size());
  EXPECT_TRUE(neighbour("10.0.0.11")->router);
}

// ---- flood lists --------------------------------------------------------------------------------

TEST_F(RemoteNeighbours, FloodsAreAppended) {
  flood("192.0.2.1");
  flood("192.0.2.2");
  apply();
  ASSERT_EQ(2U, journal.size());
  const auto& put = std::get<FdbPut>(journal[0].what);
  EXPECT_TRUE(put.append);
  EXPECT_FALSE(put.both);
  EXPECT_TRUE(put.entry.self);
  EXPECT_TRUE(put.entry.mac.is_zero());
  EXPECT_EQ(0xc0, put.entry.state);
  EXPECT_EQ(2U, kernel.floods[kVxlan].size());
  EXPECT_EQ(2U, hosts->counts(ObjectKind::kFlood).acked);
  flood("192.0.2.1", true);
  apply();
  ASSERT_EQ(1U, journal.size());
  EXPECT_EQ(ip("192.0.2.1"), std::get<FdbErase>(journal[0].what).entry.destination);
  EXPECT_EQ(1U, kernel.floods[kVxlan].size());
}

TEST_F(RemoteNeighbours, AFloodThatIsDeletedIsWrittenAgain) {
  flood("192.0.2.1");
  apply();
  kernel.erase_flood(kVxlan, ip("192.0.2.1"));
  settle();
  EXPECT_EQ(1U, kernel.floods[kVxlan].size());
}

TEST_F(RemoteNeighbours, AnOperatorsFloodStays) {
  kernel.floods[kVxlan][ip("192.0.2.9")] = 0x80;
  read(DumpKind::kFdb);
  settle();
  flood("192.0.2.9");
  apply();
  EXPECT_TRUE(journal.empty());
  EXPECT_EQ(1U, hosts->counts(ObjectKind::kFlood).acked);
  flood("192.0.2.9", true);
  apply();
  EXPECT_TRUE(journal.empty());
  EXPECT_EQ(1U, kernel.floods[kVxlan].size());
}

}  // namespace
}  // namespace perd::fib
