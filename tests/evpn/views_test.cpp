// Goal: perctl sees what is: counts, VTEPs, pages in order, candidates with reasons, and explain
// tells every step in words. Method: a small table read through every view.
#include "fixture.h"

namespace perd::evpn::test {
namespace {

RemoteRoute second_leaf() {
  RemoteRoute r;
  r.rd = "192.0.2.3:2";
  r.next_hop = "192.0.2.3";
  r.router_mac = "aa:bb:cc:00:03:64";
  return r;
}

TEST(Views, Counts) {
  Node n;
  VrfSettings v = red();
  v.networks = {prefix("10.9.0.0/16")};
  n.configure({v, blue()});
  n.engine.on_vrf_state(up(v));
  n.engine.on_vrf_state(down(blue()));
  RemoteRoute six;
  six.prefix = "fd00::/64";
  n.announce({});
  n.announce(second_leaf());
  n.announce(six);
  n.local(kRed, "10.110.0.0/24");
  n.run();
  const auto vrfs = n.engine.vrfs();
  ASSERT_EQ(vrfs.size(), 2U);
  EXPECT_EQ(vrfs[0].name, "red");
  EXPECT_EQ(vrfs[0].vni, Vni{100});
  EXPECT_TRUE(vrfs[0].up);
  EXPECT_EQ(vrfs[0].router_mac, mac("aa:bb:cc:00:01:64"));
  EXPECT_EQ(vrfs[0].vtep, ip("192.0.2.1"));
  EXPECT_EQ(vrfs[0].prefixes_v4, 3U);
  EXPECT_EQ(vrfs[0].prefixes_v6, 1U);
  EXPECT_EQ(vrfs[0].remote_paths, 3U);
  EXPECT_EQ(vrfs[0].local_prefixes, 1U);
  EXPECT_EQ(vrfs[0].desired, 2U);
  EXPECT_EQ(vrfs[0].originated, 2U);
  EXPECT_FALSE(vrfs[1].up);
  EXPECT_EQ(vrfs[1].problem, "no link vni100");
  const auto vteps = n.engine.vteps();
  ASSERT_EQ(vteps.size(), 2U);
  EXPECT_EQ(vteps[0].address, ip("192.0.2.2"));
  EXPECT_EQ(vteps[0].routes, 2U);
  EXPECT_EQ(vteps[1].router_mac, mac("aa:bb:cc:00:03:64"));
  EXPECT_EQ(vteps[1].routes, 1U);
}

TEST(Views, LookupNamesCandidatesAndReasons) {
  Node n;
  n.start();
  RemoteRoute longer = second_leaf();
  longer.as_path = {1, 2};
  n.announce({});
  n.announce(longer, kSpine2);
  n.run();
  const auto view = n.engine.lookup(n.table, kRed, prefix("10.1.0.0/24"));
  ASSERT_TRUE(view.has_value());
  ASSERT_EQ(view->candidates.size(), 2U);
  EXPECT_TRUE(view->candidates[0].best);
  EXPECT_TRUE(view->candidates[0].chosen);
  EXPECT_EQ(view->candidates[0].peer, kSpine1);
  EXPECT_EQ(view->candidates[0].next_hop, ip("192.0.2.2"));
  EXPECT_FALSE(view->candidates[1].chosen);
  EXPECT_EQ(view->candidates[1].reason, rib::to_string(rib::Reason::kAsPathLength));
  EXPECT_EQ(view->hops, n.fib.hops(kRed, "10.1.0.0/24"));
  EXPECT_FALSE(n.engine.lookup(n.table, kRed, prefix("10.2.0.0/24")).has_value());
  EXPECT_FALSE(n.engine.lookup(n.table, VrfId{99}, prefix("10.1.0.0/24")).has_value());
}

TEST(Views, PagesAreInOrderAndComplete) {
  Node n;
  n.start();
  std::set<IpPrefix> want;
  for (unsigned i = 0; i < 500; ++i) {
    RemoteRoute r;
    r.prefix = i % 5 == 0
                   ? "fd00:" + std::to_string(i) + "::/48"
                   : "10." + std::to_string(i * 7 % 250) + "." + std::to_string(i % 250) + ".0/24";
    want.insert(prefix(r.prefix));
    n.announce(r);
  }
  n.local(kRed, "172.16.0.0/24");
  want.insert(prefix("172.16.0.0/24"));
  n.run();
  for (const std::size_t limit : {1U, 7U, 100U, 10000U}) {
    SCOPED_TRACE(limit);
    std::vector<IpPrefix> got;
    std::optional<IpPrefix> after;
    while (true) {
      const auto page = n.engine.page(kRed, after, limit);
      if (page.empty()) break;
      ASSERT_LE(page.size(), limit);
      for (const auto& p : page) {
        got.push_back(p.prefix);
        EXPECT_EQ(p.connected, p.prefix == prefix("172.16.0.0/24"));
        EXPECT_EQ(p.hops.size(), p.connected ? 0U : 1U);
      }
      after = got.back();
    }
    EXPECT_EQ(got, std::vector<IpPrefix>(want.begin(), want.end()));
  }
  EXPECT_TRUE(n.engine.page(kRed, std::nullopt, 0).empty());
  EXPECT_TRUE(n.engine.page(VrfId{99}, std::nullopt, 10).empty());
}

}  // namespace
}  // namespace perd::evpn::test
