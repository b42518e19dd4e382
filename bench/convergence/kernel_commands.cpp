// Commands that look at kernel tables.
#include <algorithm>
#include <random>
#include <stdexcept>

#include "convergence/bulk_load.h"
#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr std::size_t kSample = 1000;
constexpr std::size_t kLookUpsATurn = 2000;
constexpr auto kWatchDumpEvery = std::chrono::milliseconds(100);

std::uint32_t count_in(const std::vector<bool>& bits, Range range) {
  return static_cast<std::uint32_t>(
      std::count(bits.begin() + range.from, bits.begin() + range.to, true));
}

// Asks for routes one after the other until each is as awaited. `seconds` is when the last of those
// that had to be waited for was: how long the asking itself takes does not count.
class Asker {
 public:
  Asker(KernelView& view, bool want) : view_(view), want_(want) {}

  void ask_for(std::vector<std::uint32_t> routes) {
    open_ = std::move(routes);
    waited_ = true;
  }
  // True when none is left.
  bool turn(double elapsed) {
    for (std::size_t n = 0; n < kLookUpsATurn && !open_.empty(); ++n) {
      if (!view_.is(open_.back(), want_)) {
        waited_ = true;
        return false;
      }
      open_.pop_back();
      if (!waited_) continue;
      waited_ = false;
      seconds_ = elapsed;
      if (first_ < 0) first_ = elapsed;
    }
    return open_.empty();
  }
  [[nodiscard]] const std::vector<std::uint32_t>& left() const { return open_; }
  [[nodiscard]] double seconds() const { return seconds_; }
  [[nodiscard]] double first() const { return first_; }

 private:
  KernelView& view_;
  bool want_;
  std::vector<std::uint32_t> open_;
  bool waited_ = true;
  double seconds_ = 0;
  double first_ = -1;
};

}  // namespace

KernelPlace Tool::place(const Arguments& a, const std::string& network_namespace) {
  return {network_namespace, a.number("table", 254), a.number("mark", 0), a.text("vxlan"),
          a.text("bridge")};
}

// A dump of a large table disturbs whom it watches, so it is only the last word: until then single
// routes are asked for, random ones of those that were missing. When the last of a thousand is
// there, a thousandth of the others may be still to come at most. A dump of forwarding entries
// would hold up even those and takes seconds, so of them every single one is asked for instead.
Answer Tool::kernel(const Arguments& a) {
  const Routes& r = routes(a.word(2));
  const bool want = a.word(3) == "present";
  const Range part = range(a, *r);
  const auto view = kernel_view(place(a, a.word(1)), r, false);
  const auto deadline = a.real("timeout", 120);
  const std::size_t sample = view->wants_dumps() ? kSample : part.size();
  Asker asker(*view, want);
  std::mt19937 random(part.size());
  std::vector<std::uint32_t> open(part.size());
  for (std::uint32_t i = 0; i < part.size(); ++i) open[i] = part.from + i;
  std::uint32_t extra = 0;
  while (!open.empty()) {
    std::shuffle(open.begin(), open.end(), random);
    open.resize(std::min(open.size(), sample));
    asker.ask_for(std::move(open));
    const bool in_time = serve([&] { return asker.turn(elapsed()); }, deadline - elapsed());
    open = asker.left();
    if (view->wants_dumps()) {
      std::vector<bool> so;
      extra = view->dump(want, so);
      open.clear();
      for (std::uint32_t i = part.from; i < part.to; ++i) {
        if (!so[i]) open.push_back(i);
      }
    }
    if (!in_time && !open.empty()) {
      return Answer::bad(std::to_string(open.size()) + " routes of the kernel are not as awaited");
    }
  }
  return Answer::good()
      .number("seconds", asker.seconds())
      .number("first", asker.first())
      .number("missing", 0)
      .number("extra", extra);
}

Answer Tool::dump(const Arguments& a) {
  const Routes& r = routes(a.word(2));
  const Range part = range(a, *r);
  const auto view = kernel_view(place(a, a.word(1)), r, false);
  std::vector<bool> present;
  const std::uint32_t extra = view->dump(true, present);
  const std::uint32_t there = count_in(present, part);
  return Answer::good()
      .number("present", there)
      .number("missing", part.size() - there)
      .number("extra", extra);
}

// Notifications tell of each route that goes; those that Linux does not tell of (lost with their
// next-hop object) show in the dumps between.
void Tool::feed(Watch& w) {
  w.events->drain([&w](std::uint32_t route, Presence presence) {
    const bool came = presence == Presence::kAll;
    if (route < w.range.from || route >= w.range.to || w.present[route] == came) return;
    w.present[route] = came;
    w.count = came ? w.count + 1 : w.count - 1;
    w.least = std::min(w.least, w.count);
  });
  if (!w.events->wants_dumps() || Clock::now() < w.next_dump) return;
  std::vector<bool> seen;
  (void)w.dumps->dump(true, seen);
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
  w->range = range(a, *w->routes);
  w->events = kernel_view(place(a, a.word(1)), w->routes, true);
  w->dumps = kernel_view(place(a, a.word(1)), w->routes, false);
  if (w->dumps->wants_dumps()) {
    (void)w->dumps->dump(true, w->present);
  } else {
    w->present.resize(w->routes->count());
    for (std::uint32_t i = 0; i < w->routes->count(); ++i) w->present[i] = w->dumps->is(i, true);
  }
  w->least = w->count = count_in(w->present, w->range);
  w->next_dump = Clock::now() + kWatchDumpEvery;
  watch_ = std::move(w);
  return Answer::good().number("present", watch_->count);
}

Answer Tool::load_kernel(const Arguments& a) {
  LoadSettings s;
  s.place = place(a, a.word(1));
  s.device = a.text("dev", "lo");
  s.gateway = a.text("gateway");
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
