// Commands that look at kernel tables.
#include <linux/rtnetlink.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr std::uint32_t kMainTable = 254;
constexpr std::size_t kSample = 1000;
constexpr auto kWatchDumpEvery = std::chrono::milliseconds(100);

std::vector<int> route_groups(const RouteSet& routes) {
  return {routes.ipv6_prefix() ? RTNLGRP_IPV6_ROUTE : RTNLGRP_IPV4_ROUTE};
}

std::uint32_t count_in(const std::vector<bool>& bits, Range range) {
  return static_cast<std::uint32_t>(
      std::count(bits.begin() + range.from, bits.begin() + range.to, true));
}

}  // namespace

// A dump of a large table disturbs whom it watches, so it is only the last word: until then single
// routes are asked for, random ones of those that were missing, one after the other. When the last
// of a thousand is there, a thousandth of the others may be still to come at most.
Answer Tool::kernel(const Arguments& a) {
  const Routes& r = routes(a.word(2));
  const bool want = a.word(3) == "present";
  const std::uint32_t table = a.number("table", kMainTable);
  const std::uint32_t mark = a.number("mark", 0);
  const Range part = range(a, *r);
  RouteSocket socket(a.word(1), {});
  const auto deadline = a.real("timeout", 120);
  std::mt19937 random(part.size());
  std::vector<std::uint32_t> open(part.size());
  for (std::uint32_t i = 0; i < part.size(); ++i) open[i] = part.from + i;
  std::vector<bool> present;
  std::uint32_t extra = 0;
  double first = -1;
  double seconds = 0;
  while (!open.empty()) {
    std::shuffle(open.begin(), open.end(), random);
    open.resize(std::min(open.size(), kSample));
    const bool in_time = serve(
        [&] {
          while (!open.empty() && socket.has(*r, open.back(), mark) == want) {
            if (first < 0) first = elapsed();
            open.pop_back();
          }
          return open.empty();
        },
        deadline - elapsed());
    seconds = elapsed();
    extra = socket.dump(*r, table, present);
    open.clear();
    for (std::uint32_t i = part.from; i < part.to; ++i) {
      if (present[i] != want) open.push_back(i);
    }
    if (!in_time && !open.empty()) {
      return Answer::bad(std::to_string(open.size()) + " routes of the kernel are not as awaited");
    }
  }
  return Answer::good()
      .number("seconds", seconds)
      .number("first", first)
      .number("missing", 0)
      .number("extra", extra);
}

Answer Tool::dump(const Arguments& a) {
  const Routes& r = routes(a.word(2));
  const Range part = range(a, *r);
  RouteSocket socket(a.word(1), {});
  std::vector<bool> present;
  const std::uint32_t extra = socket.dump(*r, a.number("table", kMainTable), present);
  const std::uint32_t there = count_in(present, part);
  return Answer::good()
      .number("present", there)
      .number("missing", part.size() - there)
      .number("extra", extra);
}

// Notifications tell of each route that goes; those that Linux does not tell of (lost with their
// next-hop object) show in the dumps between.
void Tool::feed(Watch& w) {
  w.events->drain(*w.routes, w.table, [&w](std::uint32_t route, bool came) {
    if (route < w.range.from || route >= w.range.to || w.present[route] == came) return;
    w.present[route] = came;
    w.count = came ? w.count + 1 : w.count - 1;
    w.least = std::min(w.least, w.count);
  });
  if (Clock::now() < w.next_dump) return;
  std::vector<bool> seen;
  (void)w.dumps->dump(*w.routes, w.table, seen);
  ++w.samples;
  w.least = std::min(w.least, count_in(seen, w.range));
  w.next_dump = Clock::now() + kWatchDumpEvery;
}

Answer Tool::watch(const Arguments& a) {
  if (a.word(3) == "stop") {
    if (watch_ == nullptr) throw std::invalid_argument("nothing is watched");
    feed(*watch_);
    const Answer answer = Answer::good()
                              .number("min_present", watch_->least)
                              .number("of", watch_->range.size())
                              .number("samples", watch_->samples);
    watch_.reset();
    return answer;
  }
  auto w = std::make_unique<Watch>();
  w->routes = routes(a.word(2));
  w->table = a.number("table", kMainTable);
  w->range = range(a, *w->routes);
  w->events = std::make_unique<RouteSocket>(a.word(1), route_groups(*w->routes));
  w->dumps = std::make_unique<RouteSocket>(a.word(1), std::vector<int>{});
  (void)w->dumps->dump(*w->routes, w->table, w->present);
  w->least = w->count = count_in(w->present, w->range);
  w->next_dump = Clock::now() + kWatchDumpEvery;
  watch_ = std::move(w);
  return Answer::good().number("present", watch_->count);
}

Answer Tool::load_kernel(const Arguments& a) {
  LoadSettings s;
  s.network_namespace = a.word(1);
  s.device = a.text("dev", "lo");
  s.gateway = a.text("gateway");
  s.table = a.number("table", kMainTable);
  s.batch = std::max(1U, a.number("batch", 512));
  s.next_hop_object = a.number("nhid", 1) != 0;
  s.shuffled = a.text("order", "hash") != "ascending";
  s.window = std::max(1U, a.number("window", s.window));
  s.erase = a.number("erase", 0) != 0;
  const LoadFigures f = load(*routes(a.word(2)), s);
  return Answer::good()
      .number("seconds", f.seconds)
      .number("cpu_seconds", f.cpu_seconds)
      .number("refused", f.refused);
}

}  // namespace perd::loadgen
