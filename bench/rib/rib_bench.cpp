// The way of a type 5 route through the RIB, a million of them: intern its attributes, store,
// decide, and make the UPDATE for another neighbour. Two shapes, as in the comparison with other
// daemons: 1,000 attribute sets in runs of a full message, and sets of 4 routes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "bgp/rib/exporter.h"
#include "support/longest.h"

namespace perd::rib {
namespace {

constexpr std::uint32_t kRoutes = 1000000;
constexpr std::uint32_t kNlriPerMessage = 100;
constexpr std::size_t kSlice = 4096;
constexpr std::size_t kBudget = 65536;

struct World {
  NextHopTable next_hops;
  AttributeStore attributes{next_hops};
  PeerTable peers;
  Table<Ipv4Unicast> ipv4{attributes};
  Table<Ipv6Unicast> ipv6{attributes};
  Table<L2vpnEvpn> evpn{attributes};
  Table<OpaqueEvpn> opaque{attributes};
  Exporter exporter{RibTables{ipv4, ipv6, evpn, opaque}, peers};

  explicit World(std::uint16_t told = 1) {
    for (std::uint16_t i = 1; i <= told + 1; ++i) {
      PeerInfo p;
      p.id = PeerId{i};
      p.remote_asn = Asn{65000U + i};
      p.router_id = RouterId{i};
      p.address = IpAddress::v4(0x0a000000U + i);
      peers.set(p);
    }
    for (std::uint16_t i = 2; i <= told + 1; ++i) up(PeerId{i});
    NextHopState state;
    state.address = next_hop();
    state.reachable = true;
    (void)next_hops.track(state.address);
    (void)next_hops.set_state(state);
  }
  void up(PeerId id) {
    ExportPeer target;
    target.info = peers.get(id);
    target.families.add(Family::kEvpn);
    target.codec.families = target.families;
    target.local_asn = Asn{64512};
    target.transit = true;
    exporter.add_peer(target);
    exporter.start_initial(id, Family::kEvpn);
  }
  static IpAddress next_hop() { return IpAddress::v4(0xC0000201); }
  [[nodiscard]] DecisionContext context() const { return {attributes, next_hops, peers, {}}; }
};

wire::PathAttributes set_number(std::uint32_t i) {
  wire::PathAttributes a;
  a.origin = wire::Origin::kIgp;
  a.as_path.segments.resize(1);
  a.as_path.segments[0].asns = {Asn{65001}, Asn{65100}, Asn{66000 + i}};
  a.has_as_path = true;
  a.next_hop = World::next_hop();
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                            make_auto_route_target(Asn{65100}, Vni{100}),
                            make_router_mac({{2, 0, 0, 0, 0, 1}})};
  return a;
}
wire::EvpnKey key_number(std::uint32_t n) {
  return wire::EvpnKey::ip_prefix(RouteDistinguisher::of_ip(RouterId{1}, 7), EthernetTag{0},
                                  IpPrefix::make(IpAddress::v4(n << 8), 24));
}

// What arrives: UPDATEs of `per_message` routes with one attribute set each.
struct Shape {
  std::uint32_t sets;
  std::uint32_t per_message;
};
Shape shape_of(std::int64_t arg) {
  return arg == 0 ? Shape{1000, kNlriPerMessage} : Shape{250000, 4};
}

struct Input {
  std::vector<wire::PathAttributes> sets;
  std::vector<wire::EvpnNlri> routes;
  Shape shape;
  explicit Input(Shape s) : shape(s) {
    for (std::uint32_t i = 0; i < s.sets; ++i) sets.push_back(set_number(i));
    for (std::uint32_t n = 0; n < kRoutes; ++n) {
      routes.emplace_back();
      routes.back().key = key_number(n);
      routes.back().data.label1 = Label{100};
    }
  }
};

void receive(World& w, const Input& in) {
  const std::uint32_t step = in.shape.per_message;
  for (std::uint32_t n = 0; n < kRoutes; n += step) {
    const AttrId id = w.attributes.intern(in.sets[n / step % in.shape.sets]);
    w.evpn.upsert_all(std::span{in.routes}.subspan(n, step), PeerId{1}, id);
    w.attributes.release(id);
  }
}
void decide(World& w) {
  while (w.evpn.decide(kSlice, w.context(), [&w](RouteId id, const BestChange&) {
    w.exporter.on_best_change<L2vpnEvpn>(id);
  }) > 0) {
  }
}
std::size_t produce(World& w, std::vector<std::uint8_t>& out) {
  std::size_t octets = 0;
  bool more = true;
  while (more) {
    out.clear();
    more = w.exporter.produce(PeerId{2}, kBudget, out);
    octets += out.size();
  }
  return octets;
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * std::int64_t{kRoutes});
}

void BM_Intern(benchmark::State& state) {
  const Shape shape = shape_of(state.range(0));
  std::vector<wire::PathAttributes> sets;
  for (std::uint32_t i = 0; i < shape.sets; ++i) sets.push_back(set_number(i));
  for (auto _ : state) {
    NextHopTable next_hops;
    AttributeStore store{next_hops};
    for (const auto& a : sets) benchmark::DoNotOptimize(store.intern(a));
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t{shape.sets});
}
BENCHMARK(BM_Intern)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Store(benchmark::State& state) {
  const Input in{shape_of(state.range(0))};
  for (auto _ : state) {
    state.PauseTiming();
    auto w = std::make_unique<World>();
    state.ResumeTiming();
    receive(*w, in);
    state.PauseTiming();
    w.reset();
    state.ResumeTiming();
  }
  count(state);
}
BENCHMARK(BM_Store)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Decide(benchmark::State& state) {
  const Input in{shape_of(state.range(0))};
  for (auto _ : state) {
    state.PauseTiming();
    auto w = std::make_unique<World>();
    receive(*w, in);
    state.ResumeTiming();
    decide(*w);
    state.PauseTiming();
    w.reset();
    state.ResumeTiming();
  }
  count(state);
}
BENCHMARK(BM_Decide)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Produce(benchmark::State& state) {
  const Input in{shape_of(state.range(0))};
  std::vector<std::uint8_t> out;
  std::size_t octets = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto w = std::make_unique<World>();
    receive(*w, in);
    decide(*w);
    state.ResumeTiming();
    octets = produce(*w, out);
    state.PauseTiming();
    w.reset();
    state.ResumeTiming();
  }
  count(state);
  state.counters["wire_octets/route"] = static_cast<double>(octets) / kRoutes;
}
BENCHMARK(BM_Produce)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_StoreDecideProduce(benchmark::State& state) {
  const Input in{shape_of(state.range(0))};
  std::vector<std::uint8_t> out;
  std::size_t memory = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto w = std::make_unique<World>();
    state.ResumeTiming();
    receive(*w, in);
    decide(*w);
    (void)produce(*w, out);
    state.PauseTiming();
    memory = w->evpn.memory() + w->attributes.memory() + w->exporter.memory();
    w.reset();
    state.ResumeTiming();
  }
  count(state);
  state.counters["octets/route"] = static_cast<double>(memory) / kRoutes;
}
BENCHMARK(BM_StoreDecideProduce)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// The longest upsert on the way to a million routes, and the longest withdrawal with its decision.
void BM_LongestStep(benchmark::State& state) {
  const Input in{shape_of(0)};
  for (auto _ : state) {
    LongestStep grow(kRoutes), shrink(kRoutes);
    std::size_t left = 0;
    for (int run = 0; run < LongestStep::kRuns; ++run) {
      World w;
      std::vector<AttrId> sets;
      for (const auto& a : in.sets) sets.push_back(w.attributes.intern(a));
      for (std::uint32_t n = 0; n < kRoutes; ++n) {
        const auto& route = in.routes[n];
        grow.time(
            n, [&] { w.evpn.upsert(route.key, PeerId{1}, 0, sets[n % sets.size()], route.data); });
      }
      while (w.evpn.decide(kSlice, w.context(), [](RouteId, const BestChange&) {}) > 0) {
      }
      for (std::uint32_t n = 0; n < kRoutes; ++n) {
        shrink.time(n, [&] {
          w.evpn.withdraw(in.routes[n].key, PeerId{1}, 0);
          w.evpn.decide(1, w.context(), [](RouteId, const BestChange&) {});
        });
      }
      left = w.evpn.memory();
    }
    state.counters["longest_upsert_us"] = grow.micros();
    state.counters["longest_withdraw_us"] = shrink.micros();
    state.counters["octets_left"] = static_cast<double>(left);
  }
}
BENCHMARK(BM_LongestStep)->Unit(benchmark::kMillisecond)->Iterations(1);

// The same table told again with nothing new, as after a refresh.
void BM_StoreAgain(benchmark::State& state) {
  const Input in{shape_of(state.range(0))};
  World w;
  receive(w, in);
  decide(w);
  for (auto _ : state) receive(w, in);
  count(state);
}
BENCHMARK(BM_StoreAgain)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// The table for many neighbours that are told alike: each takes its own copy of the octets, as its
// socket would. `separately`: their sessions come up one after the other, so that each has a walk
// to itself, which is what every neighbour cost before there were groups.
void tell_many(benchmark::State& state, bool separately) {
  const auto told = static_cast<std::uint16_t>(state.range(0));
  const Input in{shape_of(0)};
  std::vector<std::uint8_t> out;
  std::size_t octets = 0, memory = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto w = std::make_unique<World>(separately ? std::uint16_t{0} : told);
    for (std::uint16_t i = 2; separately && i <= told + 1; ++i) {
      PeerInfo p = w->peers.get(PeerId{1});
      p.id = PeerId{i};
      p.router_id = RouterId{i};
      w->peers.set(p);
    }
    receive(*w, in);
    if (separately) decide(*w);
    octets = 0;
    state.ResumeTiming();
    if (!separately) decide(*w);
    for (std::uint16_t i = 2; separately && i <= told + 1; ++i) {
      w->up(PeerId{i});
      (void)w->exporter.produce(PeerId{i}, 1, out);
    }
    for (bool more = true; more;) {
      more = false;
      for (std::uint16_t i = 2; i <= told + 1; ++i) {
        out.clear();
        more = w->exporter.produce(PeerId{i}, kBudget, out) || more;
        octets += out.size();
      }
      memory = std::max(memory, w->exporter.memory());
    }
    state.PauseTiming();
    w.reset();
    state.ResumeTiming();
  }
  count(state);
  state.counters["octets/route/peer"] = static_cast<double>(octets) / kRoutes / told;
  state.counters["export_octets/route"] = static_cast<double>(memory) / kRoutes;
}
void BM_TellMany(benchmark::State& state) { tell_many(state, false); }
BENCHMARK(BM_TellMany)->Arg(2)->Arg(10)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);
void BM_TellOneByOne(benchmark::State& state) { tell_many(state, true); }
BENCHMARK(BM_TellOneByOne)->Arg(2)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace perd::rib
