// What the EVPN engine costs per type 5 route, beside the RIB: time and memory of importing a
// million routes in 1,000 attribute sets into one VRF, of changing them all, withdrawing them all,
// and of a reload that moves them all to another import list. Drains the delta every 1,000 routes,
// as the speaker does.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bgp/rib/table.h"
#include "evpn/engine.h"
#include "support/longest.h"

namespace perd::evpn {
namespace {

constexpr std::uint32_t kBatch = 1000;
constexpr VrfId kVrf{1};

std::size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Bed {
  Bed(std::uint32_t route_count, std::uint32_t set_count, std::uint32_t rds)
      : store(next_hops), table(store), engine(store, next_hops, context), routes(route_count) {
    rib::PeerInfo peer;
    peer.id = PeerId{1};
    peers.set(peer);
    for (std::uint32_t i = 0; i < set_count; ++i) sets.push_back(make_set(i));
    for (std::uint32_t i = 0; i < routes; ++i) {
      for (std::uint32_t d = 0; d < rds; ++d) put(i, d, sets[(i + d) % set_count]);
    }
    decide([](rib::RouteId) {});
    settings.id = kVrf;
    settings.name = "red";
    settings.vni = Vni{100};
    settings.rd = RouteDistinguisher::of_ip(RouterId{1}, 2);
    settings.import_rts = {*parse_route_target_match("*:100")};
    settings.vtep = IpAddress::v4(0xc0000201);
    node.asn = Asn{64514};
    engine.configure(node, {settings});
    VrfState state;
    state.vrf = kVrf;
    state.up = true;
    state.router_mac = *parse_mac("02:54:00:00:00:01");
    state.local_vtep = settings.vtep;
    engine.on_vrf_state(state);
    settle();
  }

  rib::AttrId make_set(std::uint32_t i) {
    const IpAddress vtep = IpAddress::v4(0x0a000000 + i % 250 + 1);
    wire::PathAttributes a;
    a.origin = wire::Origin::kIncomplete;
    a.has_as_path = true;
    a.as_path.prepend(Asn{65000 + i});
    a.next_hop = vtep;
    a.extended_communities = {
        make_encapsulation(kEncapsulationVxlan), make_route_target_as2(65000, 100),
        make_router_mac({{2, 0, 0, 0, 0, static_cast<std::uint8_t>(i % 250)}})};
    const rib::AttrId id = store.intern(a);
    (void)next_hops.set_state({vtep, true, false, 0});
    return id;
  }
  static wire::EvpnKey key(std::uint32_t i, std::uint32_t rd) {
    return wire::EvpnKey::ip_prefix(RouteDistinguisher::of_ip(RouterId{0x0a000001 + rd}, 2),
                                    EthernetTag{0}, IpPrefix::make(IpAddress::v4(i << 8), 24));
  }
  void put(std::uint32_t i, std::uint32_t rd, rib::AttrId set) {
    wire::EvpnData data;
    data.label1 = Label{100};
    (void)table.upsert(key(i, rd), PeerId{1}, 0, set, data);
  }
  template <class Visit>
  void decide(Visit&& visit) {
    while (table.decide(kBatch, context,
                        [&](rib::RouteId id, const rib::BestChange&) { visit(id); }) > 0) {
    }
  }
  void drain() {
    DesiredDelta& delta = engine.delta();
    changes += delta.routes.size();
    delta.clear();
  }
  void settle() {
    while (engine.step(table, kBatch)) drain();
    drain();
  }
  // Tells the engine of every route, as after a decision.
  void tell_all() {
    const auto end = static_cast<rib::RouteId>(table.routes());
    for (rib::RouteId id = 1; id <= end; ++id) {
      engine.on_route_changed(table, id);
      if (id % kBatch == 0) {
        (void)engine.step(table, kBatch);
        drain();
      }
    }
    settle();
  }

  rib::NextHopTable next_hops;
  rib::AttributeStore store;
  rib::PeerTable peers;
  rib::DecisionContext context{store, next_hops, peers, {}};
  rib::Table<rib::L2vpnEvpn> table;
  Engine engine;
  VrfSettings settings;
  NodeSettings node;
  std::uint32_t routes;
  std::vector<rib::AttrId> sets;
  std::size_t changes = 0;
};

void per_route(benchmark::State& state, std::uint64_t routes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(routes) * state.iterations());
  state.counters["ns/route"] = benchmark::Counter(
      static_cast<double>(routes) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Arguments: routes, attribute sets, RDs (and so VTEPs) per prefix.
void import_routes(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  const auto rds = static_cast<std::uint32_t>(state.range(2));
  for (auto _ : state) {
    state.PauseTiming();
    auto bed = std::make_unique<Bed>(routes, static_cast<std::uint32_t>(state.range(1)), rds);
    const std::size_t before = heap();
    state.ResumeTiming();
    bed->tell_all();
    state.PauseTiming();
    state.counters["octets/route"] =
        static_cast<double>(heap() - before) / (static_cast<double>(routes) * rds);
    if (bed->engine.vrfs().front().desired != routes) state.SkipWithError("not all imported");
    bed.reset();
    state.ResumeTiming();
  }
  per_route(state, std::uint64_t{routes} * rds);
}
BENCHMARK(import_routes)
    ->Args({1000000, 1000, 1})
    ->Args({1000000, 250000, 1})
    ->Args({250000, 1000, 4})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// The longest import of one route on the way to a million, and the longest loss of one.
void longest_step(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    LongestStep grow(routes), shrink(routes);
    for (int run = 0; run < LongestStep::kRuns; ++run) {
      Bed bed(routes, 1000, 1);
      for (rib::RouteId id = 1; id <= routes; ++id) {
        grow.time(id - 1, [&] { bed.engine.on_route_changed(bed.table, id); });
        if (id % kBatch == 0) bed.settle();
      }
      for (std::uint32_t i = 0; i < routes; ++i) {
        (void)bed.table.withdraw(Bed::key(i, 0), PeerId{1}, 0);
      }
      std::uint32_t n = 0;
      bed.decide([&](rib::RouteId id) {
        shrink.time(n++, [&] { bed.engine.on_route_changed(bed.table, id); });
        if (n % kBatch == 0) bed.settle();
      });
    }
    state.counters["longest_import_us"] = grow.micros();
    state.counters["longest_loss_us"] = shrink.micros();
  }
}
BENCHMARK(longest_step)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

// Each route gets another attribute set with the same tunnel: nothing for the kernel.
void same_again(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  Bed bed(routes, 1000, 1);
  bed.tell_all();
  for (auto _ : state) bed.tell_all();
  per_route(state, routes);
}
BENCHMARK(same_again)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

void withdraw_routes(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  Bed bed(routes, 1000, 1);
  bed.tell_all();
  for (auto _ : state) {
    state.PauseTiming();
    for (std::uint32_t i = 0; i < routes; ++i) {
      (void)bed.table.withdraw(Bed::key(i, 0), PeerId{1}, 0);
    }
    state.ResumeTiming();
    bed.decide([&bed](rib::RouteId id) { bed.engine.on_route_changed(bed.table, id); });
    bed.settle();
  }
  per_route(state, routes);
}
BENCHMARK(withdraw_routes)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

// A reload with another import list that takes the same routes, then one that takes none.
void reload(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  Bed bed(routes, 1000, 1);
  bed.tell_all();
  for (auto _ : state) {
    bed.settings.import_rts = {*parse_route_target_match("65000:100")};
    bed.engine.configure(bed.node, {bed.settings});
    bed.settle();
    bed.settings.import_rts = {*parse_route_target_match("65000:101")};
    bed.engine.configure(bed.node, {bed.settings});
    bed.settle();
  }
  if (bed.engine.vrfs().front().desired != 0) state.SkipWithError("still imported");
  per_route(state, routes);
}
BENCHMARK(reload)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

// One page of a full table, as perctl asks for it.
void page(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  Bed bed(routes, 1000, 1);
  bed.tell_all();
  for (auto _ : state) benchmark::DoNotOptimize(bed.engine.page(kVrf, std::nullopt, 4096));
}
BENCHMARK(page)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
}  // namespace perd::evpn
