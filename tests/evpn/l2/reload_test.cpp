// Goal: a reload touches what changed and nothing else; what goes leaves nothing behind; what comes
// again begins anew. Also what perctl is told. Method: two MAC-VRFs with hosts, configurations
// one after the other, counts of messages.
#include "evpn/l2/l2_engine.h"
#include "fixture.h"

namespace perd::evpn::test {
namespace {

const std::vector<std::string> kBoth{"65000:110", "65000:120"};

struct Loaded : L2Node {
  Loaded() {
    start({one(), two()});
    announce(RemoteMac{.ip = "10.110.0.10", .targets = kBoth});
    announce(RemoteFlood{.targets = kBoth});
    heard(kHostB, "10.110.0.11");
    heard(kHostB, "10.110.0.11", 7, kTwo);
    fdb(kHostB);
    fdb(kHostB, 7, false, kTwo);
    forget_news();
  }
  void forget_news() {
    tables.mac_news = tables.neighbour_news = tables.set_news = origination_news = 0;
  }
};

TEST(Reload, TheSameAgainIsNothing) {
  Loaded n;
  n.configure({one(), two()});
  EXPECT_FALSE(n.turn());
  EXPECT_EQ(n.tables.mac_news + n.tables.neighbour_news + n.origination_news, 0U);
}

TEST(Reload, ImportTargets) {
  Loaded n;
  MacVrfSettings v = one();
  v.import_rts = {match("65000:999")};
  n.configure({v, two()});
  n.run();
  EXPECT_EQ(n.place(kHostA, kOne), "nowhere");
  EXPECT_EQ(n.place(kHostA, kTwo), kLower);
  EXPECT_EQ(n.tables.floods.size(), 1U);
  EXPECT_EQ(n.tables.mac_news, 1U) << "MAC-VRF two is left alone";
  EXPECT_EQ(n.tables.neighbour_news, 1U);
  EXPECT_EQ(n.origination_news, 0U);
  n.configure({one(), two()});
  n.run();
  EXPECT_EQ(n.place(kHostA, kOne), kLower);
  EXPECT_EQ(n.neighbour_mac("10.110.0.10"), kHostA);
}

TEST(Reload, RemovalLeavesNothing) {
  Loaded n;
  n.configure({two()});
  n.run();
  EXPECT_EQ(n.engine.mac_vrfs().size(), 1U);
  EXPECT_EQ(n.tables.macs.size(), 1U);
  EXPECT_EQ(n.tables.neighbours.size(), 1U);
  EXPECT_EQ(n.tables.floods.size(), 1U);
  EXPECT_EQ(n.originated.size(), 3U);
  EXPECT_TRUE(n.host_routes.empty());
  EXPECT_EQ(n.engine.memory().size(), 3U + 7U) << "its tables are gone";
  n.configure({});
  n.run();
  EXPECT_TRUE(n.tables.macs.empty() && n.tables.sets.empty() && n.originated.empty());
  EXPECT_TRUE(n.tables.floods.empty());
  EXPECT_EQ(n.refused(L2Refusal::kNoRouteTarget), 2U);
}

// Removed and configured again before the slices of the removal were done.
TEST(Reload, RevivedItForgetsItsHosts) {
  Loaded n;
  n.configure({two()});
  n.configure({one(), two()});
  n.engine.on_state(up(one()), n.now);
  n.run();
  EXPECT_EQ(n.place(kHostA, kOne), kLower);
  EXPECT_EQ(n.place(kHostB, kOne), "nowhere") << "the kernel side tells of hosts anew";
  EXPECT_EQ(n.originated.size(), 4U);
  n.heard(kHostB, "10.110.0.11");
  EXPECT_EQ(n.place(kHostB, kOne), "local");
  EXPECT_EQ(n.tables.floods.size(), 2U);
}

TEST(Reload, SmallSlicesEndInTheSame) {
  Loaded n;
  for (unsigned i = 0; i < 40; ++i) {
    RemoteMac r{.ip = "10.110.1." + std::to_string(i), .targets = kBoth};
    r.mac = "02:00:00:00:02:" + std::string(1, static_cast<char>('0' + i / 10)) +
            std::string(1, static_cast<char>('0' + i % 10));
    n.put(r);
  }
  n.run();
  EXPECT_EQ(n.tables.macs.size(), 82U);
  n.configure({two()});
  n.run(1);
  EXPECT_EQ(n.tables.macs.size(), 41U);
  n.configure({one(), two()});
  n.engine.on_state(up(one()), n.now);
  n.run(3);
  EXPECT_EQ(n.tables.macs.size(), 82U);
  EXPECT_EQ(n.tables.neighbours.size(), 82U);
}

// A VTEP of ours that a route already names.
TEST(Reload, OwnAddresses) {
  Loaded n;
  NodeSettings node = l2_node_settings();
  node.own_addresses.push_back(ip(kLower));
  n.configure({one(), two()}, node);
  n.run();
  EXPECT_EQ(n.place(kHostA), "nowhere");
  EXPECT_EQ(n.refused(L2Refusal::kOwnNextHop), 2U);
}

// ---- views ----

TEST(Views, MacVrfs) {
  Loaded n;
  const auto all = n.engine.mac_vrfs();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "one");
  EXPECT_EQ(all[0].vrf, kRed);
  EXPECT_TRUE(all[0].up);
  EXPECT_EQ(all[0].local_macs, 1U);
  EXPECT_EQ(all[0].remote_macs, 1U);
  EXPECT_EQ(all[0].local_neighbours, 1U);
  EXPECT_EQ(all[0].remote_neighbours, 1U);
  EXPECT_EQ(all[0].originated, 3U);
  n.engine.on_state(down(one()), n.now);
  n.run();
  EXPECT_EQ(n.engine.mac_vrfs()[0].problem, "no link vni110");
  EXPECT_EQ(n.engine.mac_vrfs()[0].remote_macs, 0U);
}

TEST(Views, PagesAreInOrderAndComplete) {
  Loaded n;
  for (const char* m : {"02:00:00:00:09:03", "02:00:00:00:09:01", "02:00:00:00:09:02"}) {
    n.announce(RemoteMac{.mac = m, .ip = std::string("10.110.9.") + m[16]});
  }
  std::vector<std::string> macs;
  std::optional<MacAddress> after;
  for (auto page = n.engine.macs(kOne, after, 2); !page.empty();
       page = n.engine.macs(kOne, after, 2)) {
    for (const auto& v : page) {
      macs.push_back(to_string(v.mac));
      EXPECT_EQ(v.address_count, 1U) << macs.back();
      EXPECT_EQ(v.place == HostPlace::kLocal, macs.back() == kHostB);
    }
    after = page.back().mac;
  }
  EXPECT_EQ(macs, (std::vector<std::string>{kHostA, kHostB, "02:00:00:00:09:01",
                                            "02:00:00:00:09:02", "02:00:00:00:09:03"}));
  n.announce(RemoteMac{.ip = "fd00::a"});
  std::vector<std::string> addresses;
  std::optional<IpAddress> last;
  for (auto page = n.engine.neighbours(kOne, last, 2); !page.empty();
       page = n.engine.neighbours(kOne, last, 2)) {
    for (const auto& v : page) addresses.push_back(to_string(v.address));
    last = page.back().address;
  }
  EXPECT_EQ(addresses, (std::vector<std::string>{"10.110.0.10", "10.110.0.11", "10.110.9.1",
                                                 "10.110.9.2", "10.110.9.3", "fd00::a"}));
  EXPECT_EQ(n.engine.neighbours(kOne, std::nullopt, 2)[0].vtep, ip(kLower));
  EXPECT_EQ(n.engine.neighbours(kOne, std::nullopt, 2)[1].place, HostPlace::kLocal);
}

TEST(Views, OneMacAndWhy) {
  Loaded n;
  n.announce(RemoteMac{.next_hop = kHigher, .sequence = 2, .rd = "1:1"});
  n.announce(RemoteMac{.next_hop = "192.0.2.10", .rd = "1:2", .targets = {"65000:999"}});
  const MacView v = n.view(kHostA);
  EXPECT_EQ(v.place, HostPlace::kRemote);
  EXPECT_EQ(v.vteps, std::vector<IpAddress>{ip(kHigher)});
  EXPECT_EQ(v.sequence, 2U);
  EXPECT_EQ(v.candidates, 2U);
  EXPECT_EQ(v.addresses, std::vector<IpAddress>{ip("10.110.0.10")});
  const std::string text = n.explain(kHostA);
  EXPECT_NE(text.find("its sequence is lower"), std::string::npos) << text;
  EXPECT_NE(text.find("no MAC-VRF imports"), std::string::npos) << text;
  EXPECT_NE(text.find("remote: VTEP 192.0.2.9"), std::string::npos) << text;
  EXPECT_NE(n.explain(kHostB).find("local: nobody else claims it"), std::string::npos);
  EXPECT_NE(n.explain("02:00:00:00:00:99").find("nowhere"), std::string::npos);
  EXPECT_NE(n.explain(kHostA, MacVrfId{7}).find("not configured"), std::string::npos);
}

TEST(Views, Vteps) {
  Loaded n;
  const auto all = n.engine.vteps();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].address, ip(kLower));
  EXPECT_EQ(all[0].flood, (std::vector<Vni>{Vni{110}, Vni{120}}));
  EXPECT_EQ(all[0].macs, 2U);
  EXPECT_EQ(n.engine.counters().vtep_sets, 2U);
}

}  // namespace
}  // namespace perd::evpn::test
