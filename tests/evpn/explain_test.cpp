// Goal: explain tells every step of a prefix in words, also where nothing was imported. Method:
// small tables, the whole text.
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

TEST(Explain, TellsTheRoad) {
  Node n;
  n.start();
  n.announce({});
  n.announce(second_leaf(), kSpine2);
  n.run();
  EXPECT_EQ(n.explain(kRed, "10.1.0.0/24"),
            "+ route 192.0.2.2:2 [5]:[0]:[24]:[10.1.0.0]: received from 192.168.1.1; best path of "
            "the route: only-path\n"
            "+ route target: RT:65000:100 is taken by *:100\n"
            "+ import: next hop 192.0.2.2, label 100, router MAC aa:bb:cc:00:02:64: imported\n"
            "+ route 192.0.2.3:2 [5]:[0]:[24]:[10.1.0.0]: received from 192.168.1.2; best path of "
            "the route: only-path\n"
            "+ route target: RT:65000:100 is taken by *:100\n"
            "+ import: next hop 192.0.2.3, label 100, router MAC aa:bb:cc:00:03:64: imported\n"
            "+ decision: RD 192.0.2.2:2: best (router-id)\n"
            "+ decision: RD 192.0.2.3:2: used beside the best (multipath)\n"
            "+ desired: set 2: VTEP 192.0.2.2, router MAC aa:bb:cc:00:02:64, VNI 100\n"
            "+ desired: set 2: VTEP 192.0.2.3, router MAC aa:bb:cc:00:03:64, VNI 100\n");
  n.local(kRed, "10.1.0.0/24");
  n.local(kRed, "10.1.0.0/24", LocalRouteKind::kStatic);
  n.run();
  const std::string local = n.explain(kRed, "10.1.0.0/24");
  EXPECT_NE(
      local.find("- local route: connected, static route in the kernel: a local route beats a "
                 "remote one\n"
                 "+ origination: announced as type 5 with RD 192.0.2.1:2, redistributed\n"
                 "- desired: not wanted in the kernel by EVPN\n"),
      std::string::npos)
      << local;
}

TEST(Explain, OfWhatIsNotThere) {
  Node n;
  n.start();
  EXPECT_EQ(n.explain(kRed, "10.1.0.0/24"),
            "- routes: no EVPN route with this prefix\n"
            "- desired: not wanted in the kernel by EVPN\n");
  EXPECT_EQ(n.explain(kBlue, "10.1.0.0/24"), "- vrf: is not configured\n");
  RemoteRoute r;
  r.targets = {"65000:300"};
  n.announce(r);
  n.run();
  const std::string told = n.explain(kRed, "10.1.0.0/24");
  EXPECT_NE(told.find("- route target: RT:65000:300; vrf red imports *:100\n"), std::string::npos)
      << told;
}

// A decision that needs the table waits for the next slice; explain says so.
TEST(Explain, Pending) {
  Node n;
  n.start();
  n.announce({});
  n.announce(second_leaf());
  n.table.decide(10, n.context, [&](rib::RouteId id, const rib::BestChange&) {
    n.engine.on_route_changed(n.table, id);
  });
  EXPECT_NE(n.explain(kRed, "10.1.0.0/24").find("waits for the next slice"), std::string::npos);
  n.run();
  EXPECT_EQ(n.fib.hops(kRed, "10.1.0.0/24").size(), 2U);
}

}  // namespace
}  // namespace perd::evpn::test
