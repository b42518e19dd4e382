// How much of a second fib itself costs per route, without a kernel: desired routes to operations,
// the account of answers, taking over what an earlier run left, losing a VTEP; and octets per
// route.
#include <benchmark/benchmark.h>

#include <utility>

#include "fib/fib.h"
#include "support/longest.h"

namespace perd::fib {
namespace {

constexpr std::uint32_t kRoutes = 100000;
constexpr VrfId kRed{1};
constexpr std::uint8_t kOurs = 179;

[[nodiscard]] IpPrefix prefix(std::uint32_t i) {
  return IpPrefix::make(IpAddress::v4(0x0a000000U + (i << 6)), 26);
}

// A Fib over a kernel that says yes and shows a VRF with its devices.
struct Bench {
  Fib fib{1};
  TimePoint now{std::chrono::seconds(1)};
  std::uint32_t next_hop_id = 0;
  std::uint64_t last = 0;

  explicit Bench(bool adopt) {
    WantedNode node;
    node.tunnel_addresses = {IpAddress::v4(0x64410002)};
    WantedVrf v;
    v.id = kRed;
    v.name = "red";
    v.vni = Vni{100};
    v.local_vtep = IpAddress::v4(0x64410002);
    v.default_mac = MacAddress{{2, 0, 0, 0, 0, 1}};
    node.vrfs = {v};
    fib.configure(node, now);
    fib.start(now);
    answer(adopt);
    while (turn() != 0) {
    }
  }
  void link(std::uint32_t index, const char* name, LinkKind kind, std::uint32_t master) {
    Link l;
    l.index = IfIndex{index};
    l.name = name;
    l.kind = kind;
    l.master = IfIndex{master};
    l.mac = MacAddress{{2, 0, 0, 0, 0, 1}};
    l.admin_up = l.running = l.addrgen_none = l.port_neigh_suppress = true;
    l.port_learning = false;
    l.alias = "perd";
    l.vrf_table = TableId{kind == LinkKind::kVrf ? 10U : 0U};
    if (kind == LinkKind::kVxlan) {
      l.vxlan = VxlanInfo{Vni{100}, IpAddress::v4(0x64410002), 4789, false, false};
    }
    fib.on_kernel_event(Seen<Link>{l, false, true}, now);
  }
  void answer(bool adopt) {
    for (bool more = true; more;) {
      const auto ops = fib.take_ops(10000);
      more = !ops.empty();
      for (const auto& op : ops) {
        const auto* d = std::get_if<DumpRequest>(&op.what);
        if (d == nullptr) continue;
        if (d->kind == DumpKind::kLinks) {
          link(1, "lo", LinkKind::kLoopback, 0);
          link(2, "red", LinkKind::kVrf, 0);
          link(3, "br-pe-100", LinkKind::kBridge, 2);
          link(4, "vni100", LinkKind::kVxlan, 3);
        }
        if (adopt && d->kind == DumpKind::kNextHops) {
          NextHop n;
          n.id = kNextHopIdFirst;
          n.link = IfIndex{3};
          n.gateway = IpAddress::v4(0x64410001);
          n.onlink = true;
          n.protocol = kOurs;
          fib.on_kernel_event(Seen<NextHop>{n, false, true}, now);
        }
        if (adopt && d->kind == DumpKind::kRoutesV4) dump_routes();
        fib.on_kernel_event(DumpDone{d->kind, false}, now);
        last = op.id;
      }
      fib.on_kernel_event(KernelAcked{last}, now);
      fib.step(now);
    }
  }
  void dump_routes() {
    for (std::uint32_t i = 0; i < kRoutes; ++i) {
      Route r;
      r.key = {TableId{10}, prefix(i), kRouteMetric};
      r.protocol = kOurs;
      r.next_hop_id = kNextHopIdFirst;
      fib.on_kernel_event(Seen<Route>{std::move(r), false, true}, now);
    }
  }
  DesiredDelta delta(bool add) const {
    DesiredDelta d;
    if (add) {
      NextHopSet s;
      s.id = 1;
      s.vrf = kRed;
      s.tunnels = {{IpAddress::v4(0x64410001), MacAddress{{2, 0, 0, 0, 0, 9}}, Vni{100}}};
      d.sets.push_back(s);
    } else {
      d.released_sets.push_back(1);
    }
    d.routes.reserve(kRoutes);
    for (std::uint32_t i = 0; i < kRoutes; ++i)
      d.routes.push_back({kRed, prefix(i), add ? 1U : 0U});
    return d;
  }
  // Takes what there is and says yes; the number of operations.
  std::size_t turn() {
    fib.step(now);
    const auto ops = fib.take_ops(100000);
    if (!ops.empty()) last = ops.back().id;
    if (fib.in_flight() != 0) fib.on_kernel_event(KernelAcked{last}, now);
    benchmark::DoNotOptimize(ops.data());
    return ops.size() + (fib.more_work() ? 1U : 0U);
  }
  std::size_t run() {
    std::size_t n = 0;
    for (std::size_t got = turn(); got != 0; got = turn()) n += got;
    return n;
  }
};

void program(benchmark::State& state) {
  double octets = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Bench b(false);
    const DesiredDelta d = b.delta(true);
    state.ResumeTiming();
    b.fib.apply(d, b.now);
    if (b.run() < kRoutes) state.SkipWithError("routes are missing");
    octets = static_cast<double>(b.fib.route_octets()) / kRoutes;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRoutes);
  state.counters["octets/route"] = octets;
}
BENCHMARK(program)->Unit(benchmark::kMillisecond);

// The longest wish for one route on the way to a million.
void longest_step(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    LongestStep grow(routes);
    double octets = 0;
    for (int run = 0; run < LongestStep::kRuns; ++run) {
      Bench b(false);
      DesiredDelta d = b.delta(true);
      d.routes.clear();
      b.fib.apply(d, b.now);
      d.sets.clear();
      for (std::uint32_t i = 0; i < routes; ++i) {
        d.routes.assign(
            1, {kRed, IpPrefix::make(IpAddress::v4(0x0a000000U + (i << 4)), 28), NextHopSetId{1}});
        grow.time(i, [&] { b.fib.apply(d, b.now); });
      }
      octets = static_cast<double>(b.fib.route_octets()) / routes;
    }
    state.counters["longest_wish_us"] = grow.micros();
    state.counters["octets/route"] = octets;
  }
}
BENCHMARK(longest_step)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

void lose_vtep(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    Bench b(false);
    b.fib.apply(b.delta(true), b.now);
    b.run();
    const DesiredDelta d = b.delta(false);
    state.ResumeTiming();
    b.fib.apply(d, b.now);
    b.run();
    if (b.fib.route_count(kRed) != 0) state.SkipWithError("routes are left");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRoutes);
}
BENCHMARK(lose_vtep)->Unit(benchmark::kMillisecond);

void adopt(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto b = std::make_unique<Bench>(false);
    const DesiredDelta d = b->delta(true);
    state.ResumeTiming();
    b = std::make_unique<Bench>(true);
    b->fib.apply(d, b->now);
    if (b->run() > 100) state.SkipWithError("adopted routes were written again");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRoutes);
}
BENCHMARK(adopt)->Unit(benchmark::kMillisecond);

void one_change(benchmark::State& state) {
  Bench b(false);
  b.fib.apply(b.delta(true), b.now);
  b.run();
  DesiredDelta d;
  bool add = false;
  for (auto _ : state) {
    d.routes.assign(1, {kRed, prefix(77), add ? 1U : 0U});
    add = !add;
    b.fib.apply(d, b.now);
    b.run();
  }
}
BENCHMARK(one_change)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace perd::fib
