// What the layer 2 engine costs per route of type 2, beside the RIB: time and memory of importing
// 100,000 MACs, with and without addresses, of their loss and of their move to another VTEP; and
// per host of our own, heard and originated, moving in and out. Drains the outputs every 1,000
// changes, as the speaker does.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bgp/rib/table.h"
#include "evpn/l2/l2_engine.h"

namespace perd::evpn {
namespace {

constexpr std::uint32_t kBatch = 1000;
constexpr std::uint32_t kVteps = 16;
constexpr MacVrfId kMacVrf{1};
constexpr TimePoint kNow{std::chrono::hours(1)};

std::size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

MacAddress mac_of(std::uint32_t i) {
  const auto octet = [](std::uint32_t v) { return static_cast<std::uint8_t>(v); };
  return {{2, 0xbc, octet(i >> 24), octet(i >> 16), octet(i >> 8), octet(i)}};
}

struct Bed {
  // bits: 0 for MACs alone, 32 for MACs with IPv4 addresses.
  explicit Bed(std::uint32_t set_count, std::uint8_t bits)
      : store(next_hops), table(store), engine(store, next_hops, context), ip_bits(bits) {
    rib::PeerInfo peer;
    peer.id = PeerId{1};
    peers.set(peer);
    for (std::uint32_t i = 0; i < set_count; ++i) sets.push_back(make_set(i));
    MacVrfSettings settings;
    settings.id = kMacVrf;
    settings.name = "blue";
    settings.vni = Vni{100};
    settings.rd = RouteDistinguisher::of_ip(RouterId{1}, 2);
    settings.import_rts = {*parse_route_target_match("*:100")};
    settings.export_rts = {make_route_target_as2(64514, 100)};
    settings.vtep = IpAddress::v4(0xc0000201);
    NodeSettings node;
    node.asn = Asn{64514};
    engine.configure(node, {settings}, kNow);
    MacVrfState state;
    state.mac_vrf = kMacVrf;
    state.up = true;
    state.local_vtep = settings.vtep;
    state.own_mac = *parse_mac("02:fe:00:00:00:64");
    engine.on_state(state, kNow);
    settle();
  }

  rib::AttrId make_set(std::uint32_t i) {
    const IpAddress vtep = IpAddress::v4(0x0a000000 + i % kVteps + 1);
    wire::PathAttributes a;
    a.has_as_path = true;
    a.as_path.prepend(Asn{65000 + i});
    a.next_hop = vtep;
    a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                              make_route_target_as2(65000, 100)};
    const rib::AttrId id = store.intern(a);
    (void)next_hops.set_state({vtep, true, false, 0});
    return id;
  }
  // All routes have the same RD: which set a route has decides where its host is.
  [[nodiscard]] wire::EvpnKey key(std::uint32_t i) const {
    wire::EvpnKey key;
    key.type = wire::EvpnRouteType::kMacIp;
    key.rd = RouteDistinguisher::of_ip(RouterId{0x0a000001}, 2);
    key.mac = mac_of(i);
    key.ip_bits = ip_bits;
    if (ip_bits != 0) {
      key.ip = {10, key.mac.octets[3], key.mac.octets[4], key.mac.octets[5]};
    }
    return key;
  }
  void put(std::uint32_t routes, std::uint32_t shift) {
    wire::EvpnData data;
    data.label1 = Label{100};
    for (std::uint32_t i = 0; i < routes; ++i) {
      (void)table.upsert(key(i), PeerId{1}, 0, sets[(i + shift) % sets.size()], data);
    }
  }
  void withdraw(std::uint32_t routes) {
    for (std::uint32_t i = 0; i < routes; ++i) (void)table.withdraw(key(i), PeerId{1}, 0);
  }
  // Decides what changed and tells the engine of it; returns with nothing left to do.
  void decide_and_tell(bool tell = true) {
    while (table.decide(kBatch, context, [&](rib::RouteId id, const rib::BestChange&) {
      if (tell) engine.on_route_changed(table, id, kNow);
    }) > 0) {
      (void)engine.step(table, kNow, kBatch);
      drain();
    }
    settle();
  }
  // Tells the engine of every route, as after a decision.
  void tell_all() {
    const auto end = static_cast<rib::RouteId>(table.routes());
    for (rib::RouteId id = 1; id <= end; ++id) {
      engine.on_route_changed(table, id, kNow);
      if (id % kBatch != 0) continue;
      (void)engine.step(table, kNow, kBatch);
      drain();
    }
    settle();
  }
  void drain() {
    L2Delta& delta = engine.delta();
    macs += delta.macs.size();
    neighbours += delta.neighbours.size();
    originated += engine.originations().size();
    delta = {};
    engine.originations().clear();
    engine.host_routes().clear();
    engine.events().clear();
  }
  void settle() {
    while (engine.step(table, kNow, kBatch)) drain();
    drain();
  }
  void hear(std::uint32_t hosts) {
    LocalMac local;
    local.mac_vrf = kMacVrf;
    local.port = 1;
    for (std::uint32_t i = 0; i < hosts; ++i) {
      local.mac = mac_of(i);
      engine.on_local_mac(local, kNow);
      if (i % kBatch == 0) drain();
    }
    settle();
  }
  [[nodiscard]] MacVrfView view() const {
    const auto all = engine.mac_vrfs();
    return all.empty() ? MacVrfView{} : all.front();
  }

  rib::NextHopTable next_hops;
  rib::AttributeStore store;
  rib::PeerTable peers;
  rib::DecisionContext context{store, next_hops, peers, {}};
  EvpnTable table;
  L2Engine engine;
  std::uint8_t ip_bits;
  std::vector<rib::AttrId> sets;
  std::size_t macs = 0, neighbours = 0, originated = 0;  // that were told
};

// `all`: every route or host did what was measured.
void per_item(benchmark::State& state, std::uint64_t items, const char* name, bool all) {
  if (!all) return state.SkipWithError("not all of them did");
  state.SetItemsProcessed(static_cast<std::int64_t>(items) * state.iterations());
  state.counters[name] = benchmark::Counter(
      static_cast<double>(items) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Arguments of the following: routes, attribute sets, bits of the address.
std::unique_ptr<Bed> make_bed(const benchmark::State& state) {
  return std::make_unique<Bed>(static_cast<std::uint32_t>(state.range(1)),
                               static_cast<std::uint8_t>(state.range(2)));
}

void import_macs(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  bool all = true;
  for (auto _ : state) {
    state.PauseTiming();
    auto bed = make_bed(state);
    bed->put(routes, 0);
    bed->decide_and_tell(false);
    const std::size_t before = heap();
    state.ResumeTiming();
    bed->tell_all();
    state.PauseTiming();
    state.counters["octets/route"] = static_cast<double>(heap() - before) / routes;
    all = all && bed->view().remote_macs == routes && bed->macs == routes &&
          bed->neighbours == (bed->ip_bits != 0 ? routes : 0);
    bed.reset();
    state.ResumeTiming();
  }
  per_item(state, routes, "ns/route", all);
}
BENCHMARK(import_macs)
    ->Args({100000, 1000, 0})
    ->Args({100000, 1000, 32})
    ->Args({100000, 25000, 32})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

void withdraw_macs(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  bool all = true;
  for (auto _ : state) {
    state.PauseTiming();
    auto bed = make_bed(state);
    bed->put(routes, 0);
    bed->decide_and_tell();
    bed->withdraw(routes);
    state.ResumeTiming();
    bed->decide_and_tell();
    state.PauseTiming();
    all = all && bed->view().remote_macs == 0 && bed->macs == 2 * std::size_t{routes};
    bed.reset();
    state.ResumeTiming();
  }
  per_item(state, routes, "ns/route", all);
}
BENCHMARK(withdraw_macs)
    ->Args({100000, 1000, 0})
    ->Args({100000, 1000, 32})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

// Every MAC is at the next VTEP.
void move_macs(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  auto bed = make_bed(state);
  bed->put(routes, 0);
  bed->decide_and_tell();
  std::uint32_t shift = 0;
  bool all = true;
  for (auto _ : state) {
    state.PauseTiming();
    bed->put(routes, ++shift);
    bed->macs = 0;
    state.ResumeTiming();
    bed->decide_and_tell();
    all = all && bed->macs == routes;
  }
  per_item(state, routes, "ns/route", all);
}
BENCHMARK(move_macs)->Args({100000, 1000, 0})->Unit(benchmark::kMillisecond)->Iterations(3);

// Argument: hosts that the bridge learns, none of them known before.
void learn_hosts(benchmark::State& state) {
  const auto hosts = static_cast<std::uint32_t>(state.range(0));
  bool all = true;
  for (auto _ : state) {
    state.PauseTiming();
    auto bed = std::make_unique<Bed>(1, std::uint8_t{0});
    const std::size_t before = heap();
    bed->originated = 0;
    state.ResumeTiming();
    bed->hear(hosts);
    state.PauseTiming();
    state.counters["octets/host"] = static_cast<double>(heap() - before) / hosts;
    all = all && bed->originated == hosts;
    bed.reset();
    state.ResumeTiming();
  }
  per_item(state, hosts, "ns/host", all);
}
BENCHMARK(learn_hosts)->Arg(10000)->Arg(100000)->Unit(benchmark::kMillisecond)->Iterations(3);

// Hosts that were behind other VTEPs are heard here.
void move_in(benchmark::State& state) {
  const auto hosts = static_cast<std::uint32_t>(state.range(0));
  bool all = true;
  for (auto _ : state) {
    state.PauseTiming();
    auto bed = std::make_unique<Bed>(1000, std::uint8_t{0});
    bed->put(hosts, 0);
    bed->decide_and_tell();
    bed->originated = 0;
    state.ResumeTiming();
    bed->hear(hosts);
    state.PauseTiming();
    all = all && bed->originated == hosts;
    bed.reset();
    state.ResumeTiming();
  }
  per_item(state, hosts, "ns/host", all);
}
BENCHMARK(move_in)->Arg(10000)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace perd::evpn
