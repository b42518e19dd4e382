// Goal: whatever the kernel holds at the start and whatever is done to it later, it ends as wanted;
// foreign entries stay. Method: restarts, an operator's hand, lost notifications, refusals; and
// random states with random orders of events, one per seed (a failure names it).
#include "fib/fib.h"
#include "fib/fib_lab.h"
#include "perd/random.h"

namespace perd::fib {
namespace {

constexpr const char* kMacA = "aa:00:00:00:00:0a";
constexpr const char* kMacB = "aa:00:00:00:00:0b";

class Reconcile : public Lab {
 protected:
  // 200 routes over A, 200 over B, 50 IPv6 over both, one of the underlay.
  void load(bool changed = false) {
    last_set = 0;
    const auto a = set(kRed, {tunnel("100.65.0.1", kMacA)});
    const auto b = set(kRed, {tunnel("100.65.0.3", kMacB)});
    const auto ab = set(kRed, {tunnel("100.65.0.1", kMacA), tunnel("100.65.0.3", kMacB)});
    const auto up = gateways({ip("192.168.1.2"), ip("192.168.3.2")});
    for (std::uint32_t i = 0; i < 400; ++i) {
      if (changed && i % 10 == 0) continue;
      const auto p = IpPrefix::make(IpAddress::v4(0x0b000000U + (i << 8)), 24);
      delta.routes.push_back({kRed, p, (i + (changed ? 1 : 0)) % 2 == 0 ? a : b});
    }
    for (std::uint32_t i = 0; i < 50; ++i) {
      IpAddress p = ip("2001:db8::");
      p.octets[5] = static_cast<std::uint8_t>(i);
      delta.routes.push_back({kRed, IpPrefix::make(p, 64), ab});
    }
    want(kDefaultVrf, "100.65.0.1/32", up);
    apply();
  }
  [[nodiscard]] std::size_t ours() const {
    std::size_t n = 0;
    for (const auto& [key, r] : kernel.routes()) {
      n += r.protocol == kOurs && key.metric == kRouteMetric ? 1U : 0U;
    }
    return n;
  }
  struct State {
    std::map<RouteKey, std::vector<std::string>> routes;
    std::map<sim::SimKernel::NeighbourKey, MacAddress> neighbours;
    std::map<sim::SimKernel::FdbKey, IpAddress> fdb;
    std::size_t next_hops = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  // Everything of perd's, by content: numbers of objects do not count.
  [[nodiscard]] State state() const {
    State s;
    for (const auto& [key, r] : kernel.routes()) {
      if (r.protocol == kOurs) s.routes[key] = hops(&r);
    }
    for (const auto& [key, n] : kernel.neighbours()) {
      if (n.protocol == kOurs) s.neighbours[key] = n.mac;
    }
    for (const auto& [key, e] : kernel.fdb()) {
      if (e.extern_learn) s.fdb[key] = e.destination;
    }
    for (const auto& [id, n] : kernel.next_hops()) s.next_hops += n.protocol == kOurs ? 1U : 0U;
    return s;
  }
};

TEST_F(Reconcile, ARestartWithTheSameRoutesWritesNone) {
  start(wanted_node());
  load();
  const State before = state();
  restart();
  (void)kernel.take_journal();
  start(wanted_node());
  load();
  const auto journal = kernel.take_journal();
  EXPECT_EQ(writes(journal), count<SysctlPut>(journal));
  EXPECT_EQ(state(), before);
  fib->allow_sweep(now);
  settle();
  EXPECT_EQ(state(), before);
  EXPECT_EQ(heard(EventKind::kKernelSwept), 0U);
}

TEST_F(Reconcile, ARestartSweepsOnlyWhenAllowed) {
  start(wanted_node());
  load();
  restart();
  start(wanted_node());
  EXPECT_EQ(ours(), 451U) << "nothing is lost before routing has spoken";
  load(true);
  EXPECT_EQ(ours(), 451U) << "40 are stale";
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).stale, 40U);
  fib->allow_sweep(now);
  settle();
  EXPECT_EQ(ours(), 411U);
  EXPECT_EQ(heard(EventKind::kKernelSwept), 1U);
  const State swept = state();
  kernel.reboot();
  // From scratch it is the same.
  kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
  kernel.add_address(kernel.add_link("eth3"), cidr("192.168.3.1/24"));
  kernel.add_address(kernel.add_link("eth2"), cidr("10.2.0.1/24"));
  restart();
  start(wanted_node());
  load(true);
  EXPECT_EQ(state().routes, swept.routes);
  EXPECT_EQ(state().next_hops, swept.next_hops);
}

TEST_F(Reconcile, TheDeadlineSweepsToo) {
  start(wanted_node());
  load();
  restart();
  start(wanted_node());
  run_for(limits.sweep_after + std::chrono::seconds(1));
  EXPECT_EQ(ours(), 0U);
  for (const auto& [id, n] : kernel.next_hops()) EXPECT_NE(n.protocol, kOurs);
  EXPECT_TRUE(kernel.neighbours().empty());
  EXPECT_EQ(written_fdb(), 0U);
  EXPECT_TRUE(vrf_state(kRed).up);
}

TEST_F(Reconcile, WhatSomebodyUndoesIsRepairedAndSaid) {
  start(wanted_node());
  load();
  const State good = state();
  struct Undo {
    const char* name;
    std::function<void()> act;
  };
  const Undo undos[] = {
      {"route deleted",
       [this] {
         kernel.del_route({TableId{1100}, net("11.0.5.0/24"), 20});
       }},
      {"v6 route deleted",
       [this] {
         kernel.del_route({TableId{1100}, net("2001:db8:1::/64"), 20});
       }},
      {"next hop deleted", [this] { kernel.del_next_hop(route("11.0.5.0/24")->next_hop_id); }},
      {"group deleted", [this] { kernel.del_next_hop(route("2001:db8:1::/64")->next_hop_id); }},
      {"neighbour deleted", [this] { kernel.del_neighbour(index("br-pe-100"), ip("100.65.0.1")); }},
      {"fdb self deleted", [this] { kernel.del_fdb(index("vni100"), mac(kMacA), true); }},
      {"fdb bridge deleted", [this] { kernel.del_fdb(index("vni100"), mac(kMacA), false); }},
      {"route changed",
       [this] {
         Route r = *route("11.0.5.0/24");
         r.next_hop_id = route("11.0.6.0/24")->next_hop_id;
         kernel.add_route(r);
       }},
      {"neighbour changed",
       [this] {
         Neighbour n = *neighbour("br-pe-100", "100.65.0.1");
         n.mac = mac("0e:00:00:00:00:01");
         kernel.add_neighbour(n);
       }},
      {"fdb changed",
       [this] {
         FdbEntry e = *fdb("vni100", kMacA, true);
         e.destination = ip("192.0.2.99");
         kernel.add_fdb(e);
       }},
  };
  for (const Undo& u : undos) {
    SCOPED_TRACE(u.name);
    run_for(std::chrono::seconds(20));
    said.clear();
    u.act();
    EXPECT_FALSE(state() == good);
    settle(std::chrono::milliseconds(200));
    EXPECT_EQ(state(), good);
    EXPECT_GE(heard(EventKind::kKernelRepaired), 1U);
    EXPECT_TRUE(fib->synchronized());
  }
}

TEST_F(Reconcile, ALostTableIsOneEventAndAllIsBack) {
  start(wanted_node());
  load();
  const State good = state();
  run_for(std::chrono::seconds(20));
  said.clear();
  for (std::uint32_t i = 0; i < 400; ++i) {
    kernel.del_route(
        {TableId{1100}, IpPrefix::make(IpAddress::v4(0x0b000000U + (i << 8)), 24), 20});
  }
  settle(std::chrono::milliseconds(200));
  EXPECT_EQ(state(), good);
  EXPECT_EQ(heard(EventKind::kKernelRepaired), 1U);
}

TEST_F(Reconcile, AFightOverARouteIsFoughtSlowly) {
  start(wanted_node());
  load();
  (void)kernel.take_journal();
  for (int i = 0; i < 300; ++i) {
    kernel.del_route({TableId{1100}, net("11.0.5.0/24"), 20});
    run_for(std::chrono::milliseconds(100));
  }
  EXPECT_LE(count<RoutePut>(kernel.take_journal()), 6U * limits.repairs);
  run_for(std::chrono::seconds(40));
  EXPECT_NE(route("11.0.5.0/24"), nullptr);
}

TEST_F(Reconcile, LostNotificationsAreReadAgain) {
  start(wanted_node());
  load();
  const State good = state();
  kernel.del_route({TableId{1100}, net("11.0.5.0/24"), 20});
  kernel.del_next_hop(route("11.0.6.0/24")->next_hop_id);
  kernel.del_neighbour(index("br-pe-100"), ip("100.65.0.3"));
  kernel.set_up("vni100", false);
  kernel.del_address(index("lo"), cidr("100.65.0.2/32"));
  kernel.force_overrun();
  kernel.interrupt_dumps(4);
  settle(std::chrono::seconds(2));
  EXPECT_EQ(heard(EventKind::kKernelOverrun), 1U);
  EXPECT_EQ(state(), good);
  EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
}

// The table is judged in slices: what is lost is found in all of them, and a dump that is asked for
// before the judgement is over waits for it.
TEST_F(Reconcile, ADumpIsJudgedInSlices) {
  limits.step_slots = 3;
  start(wanted_node());
  load();
  const State good = state();
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t i = round; i < 400; i += 7) {
      kernel.del_route(
          {TableId{1100}, IpPrefix::make(IpAddress::v4(0x0b000000U + (i << 8)), 24), 20});
    }
    kernel.force_overrun();
    if (round == 1) kernel.interrupt_dumps(3);
    for (int i = 0; i < 4; ++i) turn();
    if (round == 2) kernel.force_overrun();
    settle(std::chrono::seconds(2));
    EXPECT_EQ(state(), good) << round;
  }
}

TEST_F(Reconcile, RefusalsAreShownSaidOnceAndRetried) {
  start(wanted_node());
  kernel.refuse = [](const KernelOp& op) -> std::optional<sim::SimRefusal> {
    const auto* put = std::get_if<RoutePut>(&op.what);
    if (put != nullptr && put->route.key.metric == kRouteMetric) {
      return sim::SimRefusal{ENOSPC, "table is full"};
    }
    return std::nullopt;
  };
  load();
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).refused, 401U);
  EXPECT_LE(heard(EventKind::kKernelRefused), 3U) << "once per table, family and reason";
  const auto refusals = fib->refusals(10);
  ASSERT_FALSE(refusals.empty());
  EXPECT_EQ(refusals[0].error, ENOSPC);
  EXPECT_EQ(refusals[0].text, "table is full");
  EXPECT_EQ(fib->route(kRed, net("11.0.5.0/24"))->state, EntryState::kRefused);
  (void)kernel.take_journal();
  run_for(std::chrono::seconds(10));
  EXPECT_LT(kernel.take_journal().size(), 10000U) << "the back-off grows";
  kernel.refuse = nullptr;
  run_for(std::chrono::seconds(90));
  EXPECT_EQ(ours(), 451U);
  EXPECT_EQ(fib->counts(ObjectKind::kRouteV4).refused, 0U);
}

// Every kind of object may be refused once; the rest must not be lost by it.
TEST_F(Reconcile, ARefusalOfAnyKindIsOvercome) {
  start(wanted_node());
  load();
  const State good = state();
  for (std::size_t kind = 0; kind < std::variant_size_v<decltype(KernelOp::what)>; ++kind) {
    for (const int error : {ENOBUFS, ENODEV, EINVAL, ENOENT, EEXIST, ENETUNREACH}) {
      SCOPED_TRACE(std::to_string(kind) + " errno " + std::to_string(error));
      kernel.reboot();
      kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
      kernel.add_address(kernel.add_link("eth3"), cidr("192.168.3.1/24"));
      kernel.add_address(kernel.add_link("eth2"), cidr("10.2.0.1/24"));
      restart();
      int left = 3;
      kernel.refuse = [kind, error, &left](const KernelOp& op) -> std::optional<sim::SimRefusal> {
        if (op.what.index() != kind || left == 0) return std::nullopt;
        --left;
        return sim::SimRefusal{error, ""};
      };
      start(wanted_node());
      load();
      run_for(std::chrono::seconds(4));
      kernel.refuse = nullptr;
      EXPECT_EQ(state().routes, good.routes);
      EXPECT_EQ(state().fdb.size(), good.fdb.size());
      EXPECT_EQ(state().neighbours.size(), good.neighbours.size());
      EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
    }
  }
}

// ---- random states ------------------------------------------------------------------------------

class Chaos : public Reconcile {
 protected:
  void litter(Random& random) {
    const auto some = [&random](std::uint64_t n) { return random.below(n); };
    for (int i = 0; i < 12; ++i) {
      NextHop n;
      n.id = some(2) == 0 ? 100 + static_cast<std::uint32_t>(some(50))
                          : kNextHopIdFirst + static_cast<std::uint32_t>(some(20));
      if (kernel.next_hops().count(n.id) != 0) continue;
      n.protocol = n.id < kNextHopIdFirst ? kBird : kOurs;
      n.link = index(some(2) == 0 ? "eth1" : "eth3");
      n.gateway = IpAddress::v4(0xc0a80100U + static_cast<std::uint32_t>(some(200)));
      n.onlink = true;
      kernel.add_next_hop(n);
    }
    for (int i = 0; i < 60; ++i) {
      Route r;
      const bool red = some(3) != 0;
      r.key.table = red ? TableId{1100} : kMainTable;
      r.key.prefix = IpPrefix::make(
          IpAddress::v4(0x0b000000U + (static_cast<std::uint32_t>(some(500)) << 8)), 24);
      r.key.metric = some(2) == 0 ? kRouteMetric : 33;
      r.protocol = some(2) == 0 ? kOurs : kBird;
      if (kernel.routes().count(r.key) != 0) continue;
      if (some(2) == 0 && !kernel.next_hops().empty()) {
        auto it = kernel.next_hops().begin();
        std::advance(it, static_cast<long>(some(kernel.next_hops().size())));
        if (it->second.protocol != r.protocol) continue;  // a foreign route must not hang on ours
        r.next_hop_id = it->first;
      } else {
        r.hops.push_back({index("eth1"), ip("192.168.1.77"), false, false, 1});
      }
      kernel.add_route(r);
    }
    if (some(2) == 0) {
      LinkCreate c;
      c.name = "br-pe-100";
      c.kind = LinkKind::kBridge;
      c.alias = some(2) == 0 ? "perd" : "";
      c.up = some(2) == 0 || c.alias.empty();
      kernel.add_link(c);
    }
    if (some(2) == 0) {
      LinkCreate c;
      c.name = "vni100";
      c.kind = LinkKind::kVxlan;
      c.alias = "perd";
      c.vxlan =
          VxlanInfo{Vni{100}, ip(some(2) == 0 ? "100.65.0.2" : "100.65.0.7"), 4789, true, false};
      c.master = index("br-pe-100");
      c.up = some(2) == 0;
      kernel.add_link(c);
      if (c.master != IfIndex{}) {
        FdbEntry e;
        e.link = index("vni100");
        e.mac = mac("aa:00:00:00:00:99");
        e.extern_learn = true;
        e.state = 2;
        kernel.add_fdb(e);
      }
    }
  }
  [[nodiscard]] std::map<RouteKey, Route> foreign_routes() const {
    std::map<RouteKey, Route> out;
    for (const auto& [key, r] : kernel.routes()) {
      if (r.protocol == kBird) out[key] = r;
    }
    return out;
  }
  void trouble(Random& random) {
    switch (random.below(8)) {
      case 0:
        kernel.set_up("eth3", !kernel.link("eth3")->admin_up);
        break;
      case 1:
        if (index("br-pe-100") != IfIndex{}) kernel.set_up("br-pe-100", false);
        break;
      case 2:
        if (index("vni100") != IfIndex{}) kernel.del_link("vni100");
        break;
      case 3:
        if (index("red") != IfIndex{}) kernel.del_link("red");
        break;
      case 4:
        kernel.force_overrun();
        break;
      case 5:
        kernel.interrupt_dumps(2);
        break;
      case 6:
        if (!kernel.next_hops().empty()) {
          const auto id = kernel.next_hops().rbegin()->first;
          if (id >= kNextHopIdFirst) kernel.del_next_hop(id);
        }
        break;
      default:
        for (const auto& [key, r] : kernel.routes()) {
          if (r.protocol != kOurs || random.below(50) != 0) continue;
          kernel.del_route(RouteKey(key));
          break;
        }
    }
  }
};

TEST_F(Chaos, AnyStateReachesTheDesiredOne) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    kernel.reboot();
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    kernel.add_address(kernel.add_link("eth3"), cidr("192.168.3.1/24"));
    kernel.add_address(kernel.add_link("eth2"), cidr("10.2.0.1/24"));
    litter(random);
    const auto foreign = foreign_routes();
    kernel.set_order(static_cast<sim::SimKernel::Order>(random.below(3)), seed);
    // Every other time a table is walked in many slices, between which anything may happen.
    limits.step_slots = seed % 2 == 0 ? Limits{}.step_slots : 1 + seed % 37;
    restart();
    take_max = 1 + random.below(300);
    fib->configure(wanted_node(), now);
    fib->start(now);
    for (int i = 0; i < 10; ++i) {
      if (i == 3) load(random.below(2) == 0);
      if (i == 5) fib->allow_sweep(now);
      if (i > 0) trouble(random);
      turn();
      now += std::chrono::milliseconds(random.below(100));
    }
    kernel.set_up("eth3", true);
    // What was adopted is the operator's to bring up.
    if (const Link* l = kernel.link("br-pe-100"); l != nullptr && l->alias.empty()) {
      kernel.set_up("br-pe-100", true);
    }
    load(true);
    run_for(std::chrono::seconds(45));
    EXPECT_TRUE(vrf_state(kRed).up) << vrf_state(kRed).problem;
    EXPECT_EQ(kernel.foreign_overwritten(), 0U);
    for (const auto& [key, r] : foreign) {
      const Route* there = kernel.route(key.table, key.prefix, key.metric);
      const bool on_eth3 = r.next_hop_id != 0;  // its object may have gone with the link
      if (!on_eth3) {
        ASSERT_NE(there, nullptr) << to_string(key.prefix);
        EXPECT_EQ(*there, r);
      }
    }
    // What is wanted is there or visibly refused for a foreign route; nothing else of ours is.
    std::size_t there = 0;
    for (const auto& view : fib->routes(kRed, std::nullopt, 1000)) {
      const Route* r = kernel.route(TableId{1100}, view.prefix, kRouteMetric);
      if (view.state == EntryState::kRefused) {
        EXPECT_TRUE(r != nullptr && r->protocol == kBird)
            << to_string(view.prefix) << " " << view.reason;
        continue;
      }
      ASSERT_EQ(view.state, EntryState::kAcked) << to_string(view.prefix) << " " << view.reason;
      ASSERT_NE(r, nullptr) << to_string(view.prefix);
      EXPECT_EQ(r->next_hop_id, view.next_hop_id);
      EXPECT_EQ(hops(r).size(), view.hops.size());
      ++there;
    }
    EXPECT_EQ(ours(), there + fib->route_count(kDefaultVrf));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace perd::fib
