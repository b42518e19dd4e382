// Goal: however prefixes change, what the kernel side was told equals what was set last, and a
// number never names two sets at a time. Method: single cases, then random changes against a plain
// map.
#include "core/underlay_routes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "perd/random.h"

namespace perd {
namespace {

IpAddress gateway(unsigned i) { return IpAddress::v4(0xc0a80100U + i); }
IpPrefix prefix(unsigned i) { return IpPrefix::make(IpAddress::v4(0x0a000000U + (i << 8)), 24); }

// Applies deltas as fib does: sets, routes, released sets.
struct Reader {
  std::map<NextHopSetId, std::vector<IpAddress>> sets;
  std::map<IpPrefix, NextHopSetId> routes;
  void take(UnderlayRoutes& from) {
    for (const auto& s : from.delta().sets) sets[s.id] = s.gateways;
    for (const auto& r : from.delta().routes) {
      if (r.set == 0) {
        routes.erase(r.prefix);
      } else {
        routes[r.prefix] = r.set;
      }
    }
    for (const auto id : from.delta().released_sets) {
      for (const auto& [p, set] : routes) EXPECT_NE(set, id) << "released while in use";
      EXPECT_EQ(sets.erase(id), 1U);
    }
    from.clear_delta();
  }
};

TEST(UnderlayRoutes, SameGatewaysShareASet) {
  UnderlayRoutes routes;
  routes.set(prefix(1), {gateway(2), gateway(1)});
  routes.set(prefix(2), {gateway(1), gateway(2), gateway(2)});
  ASSERT_EQ(routes.delta().sets.size(), 1U);
  EXPECT_EQ(routes.delta().routes[0].set, routes.delta().routes[1].set);
  EXPECT_NE(routes.delta().routes[0].set & 0x80000000U, 0U);
}

TEST(UnderlayRoutes, NoChangeSaysNothing) {
  UnderlayRoutes routes;
  routes.set(prefix(1), {gateway(1)});
  routes.clear_delta();
  routes.set(prefix(1), {gateway(1)});
  routes.set(prefix(9), {});
  EXPECT_TRUE(routes.delta().empty());
}

TEST(UnderlayRoutes, RandomChangesEndInWhatWasSetLast) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    UnderlayRoutes routes;
    Reader reader;
    std::map<IpPrefix, std::set<IpAddress>> model;
    for (int i = 0; i < 2000; ++i) {
      const auto p = prefix(static_cast<unsigned>(random.below(20)));
      std::vector<IpAddress> gateways;
      for (auto n = random.below(4); n > 0; --n) {
        gateways.push_back(gateway(static_cast<unsigned>(random.below(4))));
      }
      model[p] = {gateways.begin(), gateways.end()};
      routes.set(p, std::move(gateways));
      if (random.below(5) == 0) reader.take(routes);
    }
    reader.take(routes);
    std::size_t used = 0;
    for (const auto& [p, want] : model) {
      if (want.empty()) {
        EXPECT_EQ(reader.routes.count(p), 0U);
        continue;
      }
      ++used;
      const auto& got = reader.sets.at(reader.routes.at(p));
      EXPECT_EQ(std::set<IpAddress>(got.begin(), got.end()), want);
    }
    EXPECT_EQ(reader.routes.size(), used);
    EXPECT_EQ(routes.size(), used);
  }
}

}  // namespace
}  // namespace perd
