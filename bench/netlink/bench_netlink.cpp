// Encoding routes to octets, decoding a dump, and the whole way into a kernel table: 100,000 IPv4
// routes through one next-hop object, in shuffled order, in a network namespace of its own.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>

#include "netlink/codec.h"
#include "netlink/linux_kernel.h"

namespace perd::netlink {
namespace {

constexpr std::uint32_t kRoutes = 100'000;

Route route(std::uint32_t n) {
  Route r;
  r.key = {TableId{1100}, IpPrefix::make(IpAddress::v4(0x0a000000U + (n << 8)), 24), 20};
  r.protocol = 179;
  r.next_hop_id = 1;
  return r;
}

void encode_routes(benchmark::State& state) {
  MessageBuilder builder;
  BatchBuffer out;
  std::vector<KernelOp> ops;
  for (std::uint32_t n = 0; n < kRoutes; ++n) ops.push_back({n + 1, RoutePut{route(n)}});
  for (auto _ : state) {
    for (std::uint32_t n = 0; n < kRoutes; ++n) {
      if (n % kBatchMessagesMax == 0) out.octets.clear();
      benchmark::DoNotOptimize(encode_op(builder, ops[n], out));
    }
  }
  state.SetItemsProcessed(state.iterations() * kRoutes);
}
BENCHMARK(encode_routes)->Unit(benchmark::kMillisecond);

void decode_routes(benchmark::State& state) {
  MessageBuilder builder;
  BatchBuffer out;
  for (std::uint32_t n = 0; n < kRoutes; ++n)
    (void)encode_op(builder, {1, RoutePut{route(n)}}, out);
  for (auto _ : state) {
    Bytes rest{out.octets};
    std::optional<KernelEvent> event;
    while (const auto m = next_message(rest)) benchmark::DoNotOptimize(decode(*m, event));
  }
  state.SetItemsProcessed(state.iterations() * kRoutes);
}
BENCHMARK(decode_routes)->Unit(benchmark::kMillisecond);

struct Counting final : KernelEventSink {
  void on_kernel_event(KernelEvent&& event) override {
    if (std::get_if<KernelRefused>(&event) != nullptr) ++refused;
    if (std::get_if<Seen<Route>>(&event) != nullptr) ++routes;
  }
  std::uint64_t refused = 0;
  std::uint64_t routes = 0;
};

// A kernel of one's own; null without the right to make a namespace.
std::unique_ptr<LinuxKernel> own_kernel() {
  if (unshare(CLONE_NEWNET) != 0 || std::system("ip link set lo up") != 0) return nullptr;
  auto kernel = LinuxKernel::open({});
  return kernel ? std::move(*kernel) : nullptr;
}

void finish(LinuxKernel& kernel, KernelEventSink& sink) {
  while (kernel.in_flight() > 0) {
    pollfd p{kernel.request_fd(), POLLIN, 0};
    (void)poll(&p, 1, -1);
    kernel.on_request_readable(sink);
  }
}

template <class What>
std::vector<KernelOp> for_all(const std::vector<std::uint32_t>& order, std::uint64_t& id) {
  std::vector<KernelOp> ops;
  ops.reserve(order.size());
  for (const std::uint32_t n : order) ops.push_back({++id, What{route(n)}});
  return ops;
}

enum class Measure { kPut, kErase, kDump };

void kernel_routes(benchmark::State& state, Measure measure) {
  auto kernel = own_kernel();
  if (!kernel) {
    state.SkipWithError("no right to make a network namespace");
    return;
  }
  std::vector<std::uint32_t> order(kRoutes);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937{1});
  Counting sink;
  std::uint64_t id = 1;
  std::vector<KernelOp> first;
  first.push_back({id, NextHopPut{{.id = 1, .link = IfIndex{1}}}});
  kernel->submit(std::move(first));
  finish(*kernel, sink);
  const auto run = [&](std::vector<KernelOp>&& ops) {
    kernel->submit(std::move(ops));
    finish(*kernel, sink);
  };
  for (auto _ : state) {
    state.PauseTiming();
    auto puts = for_all<RoutePut>(order, id);
    if (measure == Measure::kPut) state.ResumeTiming();
    run(std::move(puts));
    if (measure == Measure::kPut) state.PauseTiming();
    if (measure == Measure::kDump) {
      std::vector<KernelOp> dump;
      dump.push_back({++id, DumpRequest{DumpKind::kRoutesV4}});
      state.ResumeTiming();
      run(std::move(dump));
      state.PauseTiming();
    }
    auto erases = for_all<RouteErase>(order, id);
    if (measure == Measure::kErase) state.ResumeTiming();
    run(std::move(erases));
    if (measure != Measure::kErase) state.ResumeTiming();
  }
  if (sink.refused != 0) state.SkipWithError("the kernel refused routes");
  state.SetItemsProcessed(state.iterations() * kRoutes);
}
BENCHMARK_CAPTURE(kernel_routes, put, Measure::kPut)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(kernel_routes, dump, Measure::kDump)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(kernel_routes, erase, Measure::kErase)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace perd::netlink
