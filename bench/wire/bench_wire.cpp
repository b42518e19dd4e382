// How fast UPDATEs become values and back, in the two shapes of the comparison with other daemons:
// full messages of 4,096 octets, and 25,000 attribute sets of 4 routes each (`attrs25k`). The items
// are routes: items_per_second is routes a second.
#include <benchmark/benchmark.h>

#include <vector>

#include "bgp/wire/message.h"

namespace perd::wire {
namespace {

CodecContext context() {
  CodecContext c;
  for (const Family f : kAllFamilies) c.families.add(f);
  return c;
}

PathAttributes attributes(std::uint32_t set) {
  PathAttributes a;
  a.origin = Origin::kIncomplete;
  a.has_as_path = true;
  for (const std::uint32_t asn : {64612U, 4200000000U + set}) a.as_path.prepend(Asn{asn});
  a.next_hop = IpAddress::v4(0xc0000200);
  a.med = set;
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                            make_auto_route_target(Asn{64512}, Vni{100}),
                            make_router_mac(MacAddress{{2, 0, 0, 0, 0, 1}})};
  return a;
}

std::vector<EvpnNlri> prefixes5(std::size_t n, bool four) {
  std::vector<EvpnNlri> out(n);
  const RouteDistinguisher rd = RouteDistinguisher::of_ip(RouterId{0xc0000201}, 2);
  for (std::size_t i = 0; i < n; ++i) {
    IpAddress a = IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + (i << 8)));
    if (!four) {
      a = IpAddress{{0xfd}, IpFamily::kIpv6};
      a.octets[6] = static_cast<std::uint8_t>(i >> 8);
      a.octets[7] = static_cast<std::uint8_t>(i);
    }
    out[i].key = EvpnKey::ip_prefix(rd, EthernetTag{}, IpPrefix::make(a, four ? 24 : 64));
    out[i].data.label1 = Label{100};
  }
  return out;
}

std::vector<PrefixNlri> prefixes4(std::size_t n) {
  std::vector<PrefixNlri> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    out[i].prefix =
        IpPrefix::make(IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + (i << 8))), 24);
  }
  return out;
}

// Decodes the messages of a stream again and again into one Update, as a session does.
void decode_stream(benchmark::State& state, const std::vector<std::uint8_t>& stream,
                   std::size_t routes) {
  const CodecContext c = context();
  std::vector<Bytes> bodies;
  for (Bytes left(stream); !left.empty();) {
    const std::size_t length = decode_header(left.first(kHeaderSize), false)->length;
    bodies.push_back(left.first(length).subspan(kHeaderSize));
    left = left.subspan(length);
  }
  Update u;
  for (auto _ : state) {
    for (const Bytes body : bodies) {
      if (!decode_update(body, c, u)) state.SkipWithError("malformed");
      benchmark::DoNotOptimize(u.announced.evpn.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(routes));
}

void BM_DecodeType5Full(benchmark::State& state) {
  constexpr std::size_t kRoutes = 10000;
  std::vector<std::uint8_t> out;
  UpdateEncoder(context(), out).announce(attributes(1), prefixes5(kRoutes, state.range(0) == 4));
  decode_stream(state, out, kRoutes);
}
BENCHMARK(BM_DecodeType5Full)->Arg(4)->Arg(6);

void BM_DecodeType5Attrs25k(benchmark::State& state) {
  constexpr std::uint32_t kSets = 2500;
  std::vector<std::uint8_t> out;
  const auto routes = prefixes5(4, true);
  for (std::uint32_t i = 0; i < kSets; ++i) {
    UpdateEncoder(context(), out).announce(attributes(i), routes);
  }
  decode_stream(state, out, 4 * kSets);
}
BENCHMARK(BM_DecodeType5Attrs25k);

void BM_DecodeType5Withdraw(benchmark::State& state) {
  constexpr std::size_t kRoutes = 10000;
  std::vector<std::uint8_t> out;
  UpdateEncoder(context(), out).withdraw(prefixes5(kRoutes, true));
  decode_stream(state, out, kRoutes);
}
BENCHMARK(BM_DecodeType5Withdraw);

void BM_DecodeIpv4Full(benchmark::State& state) {
  constexpr std::size_t kRoutes = 10000;
  std::vector<std::uint8_t> out;
  UpdateEncoder(context(), out).announce(attributes(1), prefixes4(kRoutes), Family::kIpv4Unicast);
  decode_stream(state, out, kRoutes);
}
BENCHMARK(BM_DecodeIpv4Full);

void BM_EncodeType5Full(benchmark::State& state) {
  constexpr std::size_t kRoutes = 10000;
  const auto routes = prefixes5(kRoutes, true);
  const auto a = attributes(1);
  const CodecContext c = context();
  std::vector<std::uint8_t> out;
  UpdateEncoder encoder(c, out);
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(encoder.announce(a, routes));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRoutes));
}
BENCHMARK(BM_EncodeType5Full);

void BM_EncodeType5Attrs25k(benchmark::State& state) {
  constexpr std::uint32_t kSets = 2500;
  const auto routes = prefixes5(4, true);
  std::vector<PathAttributes> sets;
  for (std::uint32_t i = 0; i < kSets; ++i) sets.push_back(attributes(i));
  const CodecContext c = context();
  std::vector<std::uint8_t> out;
  UpdateEncoder encoder(c, out);
  for (auto _ : state) {
    out.clear();
    for (const PathAttributes& a : sets) benchmark::DoNotOptimize(encoder.announce(a, routes));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(4 * kSets));
}
BENCHMARK(BM_EncodeType5Attrs25k);

void BM_HashType5(benchmark::State& state) {
  const auto routes = prefixes5(1024, true);
  for (auto _ : state) {
    for (const EvpnNlri& r : routes) benchmark::DoNotOptimize(hash_value(r.key));
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(BM_HashType5);

}  // namespace
}  // namespace perd::wire
