// Goal: a set goes in and comes out unchanged whatever it holds, equal sets are one, counts end at
// nothing, and next hops are tracked exactly while a set names them.
#include "bgp/rib/attribute_store.h"

#include <gtest/gtest.h>

#include "perd/random.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

wire::PathAttributes everything() {
  wire::PathAttributes a = attributes_of(v6(9), {65001, 65002});
  wire::AsSegment set;
  set.type = wire::SegmentType::kSet;
  set.asns = {Asn{4200000000}, Asn{7}};
  a.as_path.segments.push_back(set);
  a.link_local_next_hop = v6(1);
  a.med = 0;
  a.local_pref = 4294967295;
  a.atomic_aggregate = true;
  a.aggregator = wire::Aggregator{Asn{65009}, RouterId{9}};
  a.originator_id = RouterId{0};
  a.cluster_list = {RouterId{1}, RouterId{2}};
  a.communities = {1, 2, 3};
  a.large_communities = {{1, 2, 3}, {4, 5, 6}};
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                            make_auto_route_target(Asn{64514}, Vni{100})};
  wire::PmsiTunnel pmsi;
  pmsi.label = Label{110};
  pmsi.identifier = {192, 0, 2, 1};
  a.pmsi = pmsi;
  a.unknown = {{0xC0, 99, {1, 2, 3}}, {0xC0, 100, {}}};
  return a;
}

TEST(AttributeStore, EverySingleAttributeSurvives) {
  const wire::PathAttributes all = everything();
  using Set = void (*)(wire::PathAttributes&, const wire::PathAttributes&);
  const Set one_each[] = {
      [](auto& a, const auto& b) { a.origin = b.origin; },
      [](auto& a, const auto& b) { a.as_path = b.as_path, a.has_as_path = true; },
      [](auto& a, const auto&) { a.has_as_path = true; },
      [](auto& a, const auto& b) { a.next_hop = b.next_hop; },
      [](auto& a, const auto&) { a.next_hop = v4(1, 2, 3, 4); },
      [](auto& a, const auto& b) { a.link_local_next_hop = b.link_local_next_hop; },
      [](auto& a, const auto& b) { a.med = b.med; },
      [](auto& a, const auto& b) { a.local_pref = b.local_pref; },
      [](auto& a, const auto&) { a.atomic_aggregate = true; },
      [](auto& a, const auto& b) { a.aggregator = b.aggregator; },
      [](auto& a, const auto& b) { a.originator_id = b.originator_id; },
      [](auto& a, const auto& b) { a.cluster_list = b.cluster_list; },
      [](auto& a, const auto& b) { a.communities = b.communities; },
      [](auto& a, const auto& b) { a.large_communities = b.large_communities; },
      [](auto& a, const auto& b) { a.extended_communities = b.extended_communities; },
      [](auto& a, const auto& b) { a.pmsi = b.pmsi; },
      [](auto& a, const auto& b) { a.unknown = b.unknown; },
  };
  NextHopTable next_hops;
  AttributeStore store{next_hops};
  std::vector<wire::PathAttributes> sets = {wire::PathAttributes{}, all};
  for (const Set set : one_each) set(sets.emplace_back(), all);

  std::vector<AttrId> ids;
  wire::PathAttributes reused = all;
  for (const auto& a : sets) {
    SCOPED_TRACE(ids.size());
    ids.push_back(store.intern(a));
    EXPECT_EQ(store.get(ids.back()).expand(), a);
    store.get(ids.back()).expand_into(reused);
    EXPECT_EQ(reused, a);
  }
  EXPECT_EQ(store.size(), sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) EXPECT_EQ(store.intern(sets[i]), ids[i]);
  EXPECT_EQ(store.size(), sets.size());
  for (const AttrId id : ids) store.release(id), store.release(id);
  EXPECT_EQ(store.size(), 0U);
}

TEST(AttributeStore, AccessorsReadThePackedForm) {
  NextHopTable next_hops;
  AttributeStore store{next_hops};
  const wire::PathAttributes a = everything();
  const AttrId id = store.intern(a);
  const AttributeSet& set = store.get(id);
  EXPECT_EQ(set.origin(), wire::Origin::kIgp);
  EXPECT_EQ(set.next_hop(), a.next_hop);
  EXPECT_EQ(set.next_hop_id(), next_hops.find(v6(9)));
  EXPECT_EQ(set.med(), 0U);
  EXPECT_EQ(set.local_pref(), 4294967295U);
  EXPECT_EQ(set.originator_id(), RouterId{0});
  EXPECT_EQ(set.cluster_list_length(), 2U);
  EXPECT_EQ(set.communities().size(), 3U);
  EXPECT_TRUE(set.has_community(3));
  EXPECT_FALSE(set.has_community(4));
  ASSERT_EQ(set.extended_communities().size(), 2U);
  EXPECT_EQ(set.extended_communities()[1], a.extended_communities[1]);
  EXPECT_EQ(set.as_path_length(), 3U);  // the set counts one
  EXPECT_EQ(set.neighbor_as(), Asn{65001});
  EXPECT_EQ(set.as_path(), a.as_path);
  EXPECT_GE(set.memory(), sizeof(AttributeSet));

  const AttrId bare = store.intern(wire::PathAttributes{});
  const AttributeSet& none = store.get(bare);
  EXPECT_EQ(none.origin(), wire::Origin::kIncomplete);
  EXPECT_EQ(none.next_hop(), std::nullopt);
  EXPECT_EQ(none.next_hop_id(), 0U);
  EXPECT_EQ(none.med(), std::nullopt);
  EXPECT_EQ(none.local_pref(), std::nullopt);
  EXPECT_EQ(none.originator_id(), std::nullopt);
  EXPECT_EQ(none.neighbor_as(), std::nullopt);
  EXPECT_TRUE(none.communities().empty());
}

TEST(AttributeStore, NextHopIsTrackedWhileASetNamesIt) {
  NextHopTable next_hops;
  AttributeStore store{next_hops};
  wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1));
  const AttrId first = store.intern(a);
  a.med = 5;
  const AttrId second = store.intern(a);
  EXPECT_NE(first, second);
  EXPECT_EQ(store.get(first).next_hop_id(), store.get(second).next_hop_id());
  EXPECT_EQ(next_hops.size(), 1U);
  store.release(first);
  EXPECT_EQ(next_hops.size(), 1U);
  store.release(second);
  EXPECT_EQ(next_hops.size(), 0U);
}

// Many sets, random references and releases, against a plain list of what should be there.
TEST(AttributeStore, RandomLifetimes) {
  NextHopTable next_hops;
  AttributeStore store{next_hops};
  Random random{3};
  struct Held {
    AttrId id;
    std::uint32_t number;
  };
  std::vector<Held> held;
  const auto content = [](std::uint32_t number) {
    wire::PathAttributes a = attributes_of(v4(10, 0, 0, number % 7), {65000 + number % 5});
    a.communities = {number};
    return a;
  };
  for (int i = 0; i < 20000; ++i) {
    if (held.empty() || random.below(100) < 52) {
      const auto number = static_cast<std::uint32_t>(random.below(300));
      held.push_back({store.intern(content(number)), number});
    } else {
      const std::size_t at = random.below(held.size());
      ASSERT_EQ(store.get(held[at].id).communities()[0], held[at].number);
      store.release(held[at].id);
      held[at] = held.back();
      held.pop_back();
    }
  }
  for (const Held& h : held) {
    ASSERT_EQ(store.get(h.id).expand(), content(h.number));
    store.release(h.id);
  }
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(next_hops.size(), 0U);
}

TEST(NextHopTable, TellsWhatToAskAndRemembersTheAnswer) {
  NextHopTable table;
  const IpAddress a = v4(192, 0, 2, 1);
  const IpAddress b = v6(2);
  const NextHopId id = table.track(a);
  EXPECT_EQ(table.track(a), id);
  const NextHopId other = table.track(b);
  EXPECT_FALSE(table.reachable(id));
  EXPECT_FALSE(table.reachable(0));

  auto changes = table.drain();
  EXPECT_EQ(changes.newly_tracked, (std::vector<IpAddress>{a, b}));
  EXPECT_TRUE(changes.newly_untracked.empty());

  NextHopState state;
  state.address = a;
  state.reachable = true;
  state.metric = 10;
  EXPECT_TRUE(table.set_state(state));
  EXPECT_FALSE(table.set_state(state));
  EXPECT_TRUE(table.reachable(id));
  EXPECT_EQ(table.metric(id), 10U);
  EXPECT_EQ(table.state(id), state);
  state.metric = 11;
  EXPECT_TRUE(table.set_state(state));
  state.address = v4(9, 9, 9, 9);
  EXPECT_FALSE(table.set_state(state));  // nobody asked

  // Gone and back before anybody looked: the state stays and nobody is told.
  table.untrack(other);
  EXPECT_EQ(table.track(b), other);
  table.untrack(id);
  EXPECT_EQ(table.size(), 2U);
  table.untrack(id);
  EXPECT_EQ(table.size(), 1U);
  changes = table.drain();
  EXPECT_TRUE(changes.newly_tracked.empty());
  EXPECT_EQ(changes.newly_untracked, std::vector<IpAddress>{a});
  EXPECT_EQ(table.find(a), 0U);

  // Tracked and forgotten between two looks: not worth a word.
  table.untrack(table.track(a));
  changes = table.drain();
  EXPECT_TRUE(changes.newly_tracked.empty() && changes.newly_untracked.empty());
  // A new life begins without the old answer.
  EXPECT_FALSE(table.reachable(table.track(a)));
}

}  // namespace
}  // namespace perd::rib
