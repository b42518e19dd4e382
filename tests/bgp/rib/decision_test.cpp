// Goal: every step of the decision process decides what its RFC says, in that order, and select()
// does not depend on the order in which paths are given. One row per step; each row differs from
// the next in a later step that would decide the other way, so a wrong order is seen too.
#include "bgp/rib/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "perd/random.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

Candidate base() {
  Candidate c;
  c.ebgp = true;
  c.origin = wire::Origin::kEgp;
  c.as_path_length = 3;
  c.neighbor_as = 65001;
  c.med = 50;
  c.igp_metric = 50;
  c.router_id = RouterId{50};
  c.cluster_list_length = 5;
  c.peer_address = v4(10, 0, 0, 50);
  c.path_id = 50;
  return c;
}

// Better and worse in one thing each, best step first.
struct Step {
  const char* name;
  Reason reason;
  std::function<void(Candidate&)> better;
  std::function<void(Candidate&)> worse;
};
const std::vector<Step>& steps() {
  static const std::vector<Step> kSteps = {
      {"local", Reason::kLocalOrigin, [](Candidate& c) { c.local = true; }, [](Candidate&) {}},
      {"local_pref", Reason::kLocalPref, [](Candidate& c) { c.local_pref = 200; },
       [](Candidate& c) { c.local_pref = 99; }},
      {"as_path", Reason::kAsPathLength, [](Candidate& c) { c.as_path_length = 2; },
       [](Candidate& c) { c.as_path_length = 4; }},
      {"origin", Reason::kOrigin, [](Candidate& c) { c.origin = wire::Origin::kIgp; },
       [](Candidate& c) { c.origin = wire::Origin::kIncomplete; }},
      {"med", Reason::kMed, [](Candidate& c) { c.med = 0; }, [](Candidate& c) { c.med = 60; }},
      {"external", Reason::kEbgp, [](Candidate&) {}, [](Candidate& c) { c.ebgp = false; }},
      {"metric", Reason::kIgpMetric, [](Candidate& c) { c.igp_metric = 1; },
       [](Candidate& c) { c.igp_metric = 60; }},
      {"router_id", Reason::kRouterId, [](Candidate& c) { c.router_id = RouterId{1}; },
       [](Candidate& c) { c.router_id = RouterId{60}; }},
      {"cluster_list", Reason::kClusterList, [](Candidate& c) { c.cluster_list_length = 1; },
       [](Candidate& c) { c.cluster_list_length = 6; }},
      {"peer_address", Reason::kPeerAddress, [](Candidate& c) { c.peer_address = v4(10, 0, 0, 1); },
       [](Candidate& c) { c.peer_address = v4(10, 0, 0, 60); }},
      {"path_id", Reason::kPathId, [](Candidate& c) { c.path_id = 1; },
       [](Candidate& c) { c.path_id = 60; }},
  };
  return kSteps;
}

TEST(Decision, EachStepDecidesBeforeTheNextOne) {
  for (std::size_t i = 0; i < steps().size(); ++i) {
    SCOPED_TRACE(steps()[i].name);
    Candidate a = base();
    Candidate b = base();
    steps()[i].better(a);
    steps()[i].worse(b);
    // Every later step would say the opposite.
    for (std::size_t j = i + 1; j < steps().size(); ++j) {
      steps()[j].worse(a);
      steps()[j].better(b);
    }
    EXPECT_EQ(compare(a, b).order, std::strong_ordering::less);
    EXPECT_EQ(compare(a, b).reason, steps()[i].reason);
    EXPECT_EQ(compare(b, a).order, std::strong_ordering::greater);

    for (const bool swapped : {false, true}) {
      const Candidate both[] = {swapped ? b : a, swapped ? a : b};
      Reason reasons[2];
      std::uint32_t order[2];
      DecisionOptions options;
      options.multipath = 1;
      EXPECT_EQ(select(both, options, reasons, order).used, 1U);
      EXPECT_EQ(order[0], swapped ? 1U : 0U);
      EXPECT_EQ(reasons[0], steps()[i].reason);
      EXPECT_EQ(reasons[1], steps()[i].reason);
    }
    const bool tie = steps()[i].reason > Reason::kMultipath;
    EXPECT_EQ(multipath_equal(a, b), tie);
  }
}

TEST(Decision, MedOnlyComparesOneNeighbouringAs) {
  Candidate a = base();
  Candidate b = base();
  a.med = 100;
  b.neighbor_as = 65002;
  a.router_id = RouterId{1};
  EXPECT_EQ(compare(a, b).reason, Reason::kRouterId);
  EXPECT_TRUE(multipath_equal(a, b));
}

// The textbook case where pairwise comparison runs in a circle: a beats b by MED, b beats c and c
// beats a by router-id. The elimination of RFC 4271 has one answer whatever the order.
TEST(Decision, MedCircleHasOneAnswer) {
  std::vector<Candidate> all(3, base());
  all[0].med = 1;
  all[0].router_id = RouterId{30};
  all[1].med = 9;
  all[1].router_id = RouterId{10};
  all[2].neighbor_as = 65002;
  all[2].router_id = RouterId{20};
  std::vector<std::uint32_t> places = {0, 1, 2};
  do {
    std::vector<Candidate> shuffled;
    for (const std::uint32_t i : places) shuffled.push_back(all[i]);
    std::vector<Reason> reasons(3);
    std::vector<std::uint32_t> order(3);
    DecisionOptions options;
    const Selection s = select(shuffled, options, reasons, order);
    EXPECT_EQ(places[order[0]], 2U);
    EXPECT_EQ(s.used, 2U);
    EXPECT_EQ(places[order[1]], 0U);
    EXPECT_EQ(reasons[order[1]], Reason::kMultipath);
    EXPECT_EQ(reasons[order[2]], Reason::kMed);
  } while (std::next_permutation(places.begin(), places.end()));
}

TEST(Decision, MultipathTakesEqualWorthUpToTheLimit) {
  struct Case {
    const char* name;
    std::uint16_t limit;
    std::vector<std::uint32_t> as_path_lengths;
    std::size_t used;
  };
  const Case cases[] = {
      {"one of one", 16, {2}, 1},
      {"all equal, other AS numbers", 16, {2, 2, 2}, 3},
      {"limit two", 2, {2, 2, 2}, 2},
      {"limit zero is one", 0, {2, 2, 2}, 1},
      {"a longer one stays out", 16, {2, 3, 2}, 2},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < c.as_path_lengths.size(); ++i) {
      Candidate x = base();
      x.as_path_length = c.as_path_lengths[i];
      x.neighbor_as = static_cast<std::uint32_t>(65001 + i);
      x.router_id = RouterId{static_cast<std::uint32_t>(9 - i)};
      all.push_back(x);
    }
    std::vector<Reason> reasons(all.size());
    std::vector<std::uint32_t> order(all.size());
    DecisionOptions options;
    options.multipath = c.limit;
    EXPECT_EQ(select(all, options, reasons, order).used, c.used);
    EXPECT_EQ(order[0], all.size() - 1);  // the lowest router-id
    if (all.size() == 1) {
      EXPECT_EQ(reasons[0], Reason::kOnlyPath);
    }
  }
}

TEST(Decision, RejectedPathsTakeNoPartAndKeepTheirReason) {
  const Reason out[] = {
      Reason::kNextHopUnreachable, Reason::kAsLoop,      Reason::kFirstAs, Reason::kOwnNextHop,
      Reason::kOriginatorLoop,     Reason::kClusterLoop, Reason::kPolicy,  Reason::kStale,
      Reason::kMacMobility,        Reason::kVtepAddress};
  for (const Reason reason : out) {
    SCOPED_TRACE(to_string(reason));
    EXPECT_FALSE(is_candidate(reason));
    Candidate good = base();
    Candidate bad = base();
    bad.local_pref = 1000;
    bad.rejected = reason;
    const Candidate all[] = {bad, good};
    Reason reasons[2];
    std::uint32_t order[2];
    EXPECT_EQ(select(all, {}, reasons, order).used, 1U);
    EXPECT_EQ(order[0], 1U);
    EXPECT_EQ(reasons[0], reason);
    EXPECT_EQ(reasons[1], Reason::kOnlyPath);
    EXPECT_EQ(compare(bad, good).order, std::strong_ordering::greater);
    EXPECT_EQ(compare(bad, good).reason, reason);

    const Candidate none[] = {bad};
    EXPECT_EQ(select(none, {}, std::span{reasons}.first(1), std::span{order}.first(1)).used, 0U);
    EXPECT_EQ(reasons[0], reason);
  }
}

TEST(Decision, EveryReasonHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    names.insert(to_string(static_cast<Reason>(i)));
  }
  EXPECT_EQ(names.size(), kReasonCount);
  EXPECT_FALSE(names.contains(""));
}

Candidate random_candidate(Random& random, bool one_as) {
  Candidate c;
  const auto few = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); };
  c.local = few(8) == 0;
  c.ebgp = few(2) == 0;
  c.origin = static_cast<wire::Origin>(few(3));
  c.local_pref = 100 + few(2);
  c.as_path_length = few(2);
  c.neighbor_as = one_as ? 1 : 1 + few(3);
  c.med = few(2);
  c.igp_metric = few(2);
  c.router_id = RouterId{few(2)};
  c.cluster_list_length = few(2);
  c.peer_address = v4(0, 0, 0, few(3));
  c.path_id = few(2);
  if (few(8) == 0) c.rejected = Reason::kAsLoop;
  return c;
}

// With one neighbouring AS, MED is an order, and so must be the whole comparison.
TEST(Decision, CompareIsAStrictWeakOrder) {
  Random random{7};
  std::vector<Candidate> all;
  for (int i = 0; i < 120; ++i) all.push_back(random_candidate(random, true));
  const auto less = [](const Candidate& a, const Candidate& b) {
    return compare(a, b).order == std::strong_ordering::less;
  };
  for (const auto& a : all) {
    ASSERT_FALSE(less(a, a));
    for (const auto& b : all) {
      ASSERT_FALSE(less(a, b) && less(b, a));
      for (const auto& c : all) {
        if (less(a, b) && less(b, c)) {
          ASSERT_TRUE(less(a, c));
        }
        const bool ab = !less(a, b) && !less(b, a);
        const bool bc = !less(b, c) && !less(c, b);
        if (ab && bc) {
          ASSERT_TRUE(!less(a, c) && !less(c, a));
        }
      }
    }
  }
}

// Any neighbouring ASes: the winner and the used set are the same in every order, and no candidate
// that takes part beats the winner before MED comes in.
TEST(Decision, SelectDoesNotDependOnOrder) {
  Random random{11};
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE(round);
    std::vector<Candidate> all;
    const std::size_t n = 1 + random.below(7);
    for (std::size_t i = 0; i < n; ++i) {
      all.push_back(random_candidate(random, false));
      all.back().path_id = static_cast<std::uint32_t>(i);  // no two are equal
    }
    DecisionOptions options;
    options.multipath = static_cast<std::uint16_t>(1 + random.below(4));
    std::vector<std::uint32_t> places(n);
    std::iota(places.begin(), places.end(), 0U);
    std::optional<std::vector<std::uint32_t>> first;
    for (int shuffle = 0; shuffle < 4; ++shuffle) {
      for (std::size_t i = n; i > 1; --i) std::swap(places[i - 1], places[random.below(i)]);
      std::vector<Candidate> shuffled;
      for (const std::uint32_t i : places) shuffled.push_back(all[i]);
      std::vector<Reason> reasons(n);
      std::vector<std::uint32_t> order(n);
      const Selection s = select(shuffled, options, reasons, order);
      std::vector<std::uint32_t> used;
      for (std::size_t i = 0; i < s.used; ++i) used.push_back(places[order[i]]);
      if (!first) first = used;
      ASSERT_EQ(used, *first);
      std::vector<std::uint32_t> sorted = order;
      std::sort(sorted.begin(), sorted.end());
      for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(sorted[i], i);
      for (std::size_t i = 0; i < n; ++i) ASSERT_NE(reasons[i], Reason::kNone);
      if (n == 2) {
        const bool second = compare(shuffled[0], shuffled[1]).order > 0;
        if (s.used > 0) {
          ASSERT_EQ(order[0], second ? 1U : 0U);
        }
      }
    }
  }
}

// What make_candidate() reads out of attributes and peers.
TEST(Decision, CandidateComesFromAttributesAndPeer) {
  Rib rib;
  rib.peers.set(peer_info(1, true, 65001));
  rib.peers.set(peer_info(2, false, 65000));
  wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1), {65001, 65010});
  a.med = 7;
  a.local_pref = 150;
  a.cluster_list = {RouterId{1}, RouterId{2}};
  const AttrId full = rib.attributes.intern(a);
  const AttrId bare = rib.attributes.intern(wire::PathAttributes{});
  EXPECT_EQ(make_candidate(rib.context(), full, PeerId{1}, 3).rejected,
            Reason::kNextHopUnreachable);
  rib.reach(v4(192, 0, 2, 1), true, 20);

  Candidate c = make_candidate(rib.context(), full, PeerId{1}, 3);
  EXPECT_EQ(c.rejected, Reason::kNone);
  EXPECT_TRUE(c.ebgp);
  EXPECT_FALSE(c.local);
  EXPECT_EQ(c.origin, wire::Origin::kIgp);
  EXPECT_EQ(c.local_pref, 150U);
  EXPECT_EQ(c.as_path_length, 2U);
  EXPECT_EQ(c.neighbor_as, 65001U);
  EXPECT_EQ(c.med, 7U);
  EXPECT_EQ(c.igp_metric, 20U);
  EXPECT_EQ(c.router_id, rib.peers.get(PeerId{1}).router_id);
  EXPECT_EQ(c.cluster_list_length, 2U);
  EXPECT_EQ(c.peer_address, v4(10, 0, 0, 1));
  EXPECT_EQ(c.path_id, 3U);

  // RFC 4456 9: ORIGINATOR_ID stands for the router-id.
  a.originator_id = RouterId{77};
  const AttrId reflected = rib.attributes.intern(a);
  c = make_candidate(rib.context(), reflected, PeerId{2}, 0, Reason::kAsLoop);
  EXPECT_EQ(c.router_id, RouterId{77});
  EXPECT_FALSE(c.ebgp);
  EXPECT_EQ(c.rejected, Reason::kAsLoop);

  // A local path needs no reachable next hop; missing attributes have their defaults.
  c = make_candidate(rib.context(), bare, kLocalPeer, 0);
  EXPECT_TRUE(c.local);
  EXPECT_FALSE(c.ebgp);
  EXPECT_EQ(c.rejected, Reason::kNone);
  EXPECT_EQ(c.local_pref, kDefaultLocalPref);
  EXPECT_EQ(c.med, 0U);
  EXPECT_EQ(c.origin, wire::Origin::kIncomplete);
  for (const AttrId id : {full, bare, reflected}) rib.attributes.release(id);
}

}  // namespace
}  // namespace perd::rib
