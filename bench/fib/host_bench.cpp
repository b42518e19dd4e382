// How much of a second fib itself costs per remote host of a MAC-VRF, without a kernel: wishes to
// operations, the account of answers, taking over what an earlier run left, losing all, one change
// among many; and octets per entry. What the kernel costs: bench/netlink.
#include <benchmark/benchmark.h>

#include <memory>

#include "fib/l2/host_programs.h"

namespace perd::fib {
namespace {

constexpr std::uint32_t kHosts = 100000;
constexpr MacVrfId kSegment{1};
constexpr IfIndex kBridge{10};
constexpr IfIndex kVxlan{11};

[[nodiscard]] MacAddress host(std::uint32_t i) {
  MacAddress m{{2, 0, 0, 0, 0, 0}};
  for (unsigned k = 0; k < 3; ++k) m.octets[5 - k] = static_cast<std::uint8_t>(i >> (8 * k));
  return m;
}
[[nodiscard]] IpAddress address(std::uint32_t i) { return IpAddress::v4(0x0a000001U + i); }

// The remote side over a kernel that says yes.
struct Bench {
  Limits limits;
  Shared shared{limits};
  LinkTable links;
  HostPrograms hosts{shared, links};
  TimePoint now{std::chrono::seconds(1)};
  std::uint64_t last = 0;

  Bench() {
    for (const auto& [index, name] :
         {std::pair{kBridge, "br-pe-110"}, std::pair{kVxlan, "vni110"}}) {
      Link l;
      l.index = index;
      l.name = name;
      l.admin_up = true;
      (void)links.see(l, false);
    }
    const MacVrfPortMap ports{
        {kSegment, MacVrfPorts{kBridge, kVxlan, kBridge, 0, Vni{110}, true, {}}}};
    (void)hosts.set_ports(ports, [](IfIndex) { return true; });
    hosts.go_on_marking(now);
    shared.writing = true;
  }
  [[nodiscard]] static L2Delta delta(bool add, bool addresses) {
    L2Delta d;
    if (add) d.sets.push_back({1, kSegment, Vni{110}, {IpAddress::v4(0x64410001)}});
    if (!add) d.released_sets.push_back(1);
    const NeighbourWish wish = add ? NeighbourWish::kRemote : NeighbourWish::kNone;
    for (std::uint32_t i = 0; i < kHosts; ++i) {
      d.macs.push_back({kSegment, host(i), add ? 1U : 0U, false, false});
      if (addresses) d.neighbours.push_back({kSegment, address(i), host(i), wish, false, false});
    }
    return d;
  }
  void dump() {
    (void)hosts.may_begin_dump(DumpKind::kFdb);
    hosts.begin_dump(DumpKind::kFdb);
    FdbEntry self;
    self.link = kVxlan;
    self.self = self.extern_learn = true;
    self.destination = IpAddress::v4(0x64410001);
    self.state = 2;
    FdbEntry bridge;
    bridge.link = kVxlan;
    bridge.master = kBridge;
    bridge.extern_learn = true;
    bridge.state = 2;
    for (std::uint32_t i = 0; i < kHosts; ++i) {
      self.mac = bridge.mac = host(i);
      hosts.observe(Seen<FdbEntry>{bridge, false, true}, now);
      hosts.observe(Seen<FdbEntry>{self, false, true}, now);
    }
    hosts.end_dump(DumpKind::kFdb, now);
  }
  // Takes what there is and says yes; the number of operations.
  std::size_t turn() {
    hosts.go_on_marking(now);
    hosts.step_first(now);
    hosts.step(now, limits.step_routes);
    hosts.step_erases(now);
    const auto ops = shared.ops.take(100000);
    if (!ops.empty()) last = ops.back().id;
    benchmark::DoNotOptimize(ops.data());
    while (const auto flight = shared.ops.acked(last)) (void)hosts.acked(*flight, now);
    return ops.size();
  }
  std::size_t run() {
    std::size_t n = turn();
    while (hosts.more_work() || hosts.marking()) n += turn();
    return n;
  }
  [[nodiscard]] double octets(const char* name) const {
    MemoryParts parts;
    hosts.memory(parts);
    for (const auto& p : parts) {
      if (p.name == name) return static_cast<double>(p.octets) / kHosts;
    }
    return 0;
  }
};

void program(benchmark::State& state, bool addresses) {
  double mac = 0;
  double neighbour = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto b = std::make_unique<Bench>();
    const L2Delta d = Bench::delta(true, addresses);
    state.ResumeTiming();
    b->hosts.apply(d);
    if (b->run() < kHosts * (addresses ? 2U : 1U)) state.SkipWithError("entries are missing");
    state.PauseTiming();
    mac = b->octets("kernel macs");
    neighbour = b->octets("kernel host neighbours");
    b.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kHosts);
  state.counters["octets/mac"] = mac;
  if (addresses) state.counters["octets/neighbour"] = neighbour;
}
void program_macs(benchmark::State& state) { program(state, false); }
void program_macs_with_addresses(benchmark::State& state) { program(state, true); }
BENCHMARK(program_macs)->Unit(benchmark::kMillisecond);
BENCHMARK(program_macs_with_addresses)->Unit(benchmark::kMillisecond);

void withdraw(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto b = std::make_unique<Bench>();
    b->hosts.apply(Bench::delta(true, true));
    b->run();
    const L2Delta d = Bench::delta(false, true);
    state.ResumeTiming();
    b->hosts.apply(d);
    b->run();
    if (b->hosts.counts(ObjectKind::kMac).stale != 0) state.SkipWithError("MACs are left");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kHosts);
}
BENCHMARK(withdraw)->Unit(benchmark::kMillisecond);

void adopt(benchmark::State& state) {
  const L2Delta d = Bench::delta(true, false);
  for (auto _ : state) {
    Bench b;
    b.dump();
    b.hosts.apply(d);
    if (b.run() != 0) state.SkipWithError("adopted entries were written again");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kHosts);
}
BENCHMARK(adopt)->Unit(benchmark::kMillisecond);

void one_change(benchmark::State& state) {
  Bench b;
  b.hosts.apply(Bench::delta(true, true));
  b.run();
  L2Delta other;
  other.sets.push_back({2, kSegment, Vni{110}, {IpAddress::v4(0x64410002)}});
  b.hosts.apply(other);
  L2Delta d;
  VtepSetId to = 2;
  for (auto _ : state) {
    d.macs.assign(1, {kSegment, host(77), to, false, true});
    to = 3 - to;
    b.hosts.apply(d);
    if (b.run() != 1) state.SkipWithError("a change is one operation");
  }
}
BENCHMARK(one_change)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace perd::fib
