// Commands that measure how long single changes and rounds of changes take.
#include <linux/rtnetlink.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr std::uint32_t kMainTable = 254;
constexpr double kLostAfter = 10;  // seconds

double milliseconds(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

struct Latencies {
  std::vector<double> ms;
  [[nodiscard]] double quantile(double q) {
    if (ms.empty()) return 0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1) + 0.5);
    std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(at), ms.end());
    return ms[at];
  }
  void tell(Answer& a) {
    a.number("p50_ms", quantile(0.5))
        .number("p99_ms", quantile(0.99))
        .number("max_ms", quantile(1));
  }
};

// Where a change shows: at another peer, or in a kernel table.
class Observer {
 public:
  Observer(Told* told, std::shared_ptr<const RouteSet> routes, const Arguments& a)
      : told_(told), routes_(std::move(routes)), table_(a.number("table", kMainTable)) {
    if (told_ != nullptr) {
      told_->timed = true;
      told_->times.clear();
      return;
    }
    const int group = routes_->ipv6_prefix() ? RTNLGRP_IPV6_ROUTE : RTNLGRP_IPV4_ROUTE;
    socket_ = std::make_unique<RouteSocket>(a.text("netns"), std::vector<int>{group});
  }
  ~Observer() {
    if (told_ != nullptr) told_->timed = false;
  }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // seen(route, when) for each change since the last call.
  template <class F>
  void collect(F&& seen) {
    if (told_ != nullptr) {
      for (const auto& [route, when] : told_->times) seen(route, when);
      told_->times.clear();
      return;
    }
    socket_->drain(*routes_, table_, [&](std::uint32_t route, bool) { seen(route, Clock::now()); });
  }

 private:
  Told* told_;
  std::shared_ptr<const RouteSet> routes_;
  std::uint32_t table_;
  std::unique_ptr<RouteSocket> socket_;
};

}  // namespace

// Each change is a withdrawal or, of the route withdrawn the time before, an announcement: the
// table stays as full as it was, but for one route.
Answer Tool::probe(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  Told* told = a.has("sink") ? &peer(a.text("sink")).told(r) : nullptr;
  Observer observer(told, r, a);
  const std::uint32_t count = a.number("count", 100);
  const double rate = a.real("rate", 0);
  std::mt19937 random(count);
  std::vector<Clock::time_point> sent(r->count());
  std::vector<bool> out(r->count());
  Latencies latencies;
  std::uint32_t open = 0;
  std::uint32_t next = 0;  // changes made
  std::uint32_t route = 0;
  const auto collect = [&] {
    observer.collect([&](std::uint32_t seen, Clock::time_point when) {
      if (!out[seen]) return;
      out[seen] = false;
      --open;
      latencies.ms.push_back(milliseconds(when - sent[seen]));
    });
  };
  const auto change = [&] {
    const bool gone = next % 2 == 0;
    // In the open loop the announcement follows its withdrawal by a few changes, when that has
    // surely arrived; here it is the very next one, so in the closed loop only.
    if (gone) {
      do route = static_cast<std::uint32_t>(random() % r->count());
      while (out[route]);
    } else if (out[route]) {
      return;  // its withdrawal is still under way: wait for it
    }
    Octets octets = gone ? r->withdrawals(route, route + 1)
                         : r->announcements(p.settings().as, route, route + 1);
    out[route] = true;
    ++open;
    ++next;
    sent[route] = Clock::now();
    p.send(std::move(octets));
  };
  start_clock();
  (void)serve(
      [&] {
        collect();
        const bool due = rate == 0 ? open == 0 : elapsed() * rate >= next;
        if (next < count && due) change();
        return (next >= count && open == 0) || p.fd() < 0;
      },
      (rate == 0 ? 0.0 : count / rate) + kLostAfter, true);
  if (p.fd() < 0) throw std::runtime_error("the session went down: " + p.problem());
  Answer answer = Answer::good();
  latencies.tell(answer);
  return answer.number("changes", next)
      .number("lost", open + (count - next))
      .number("seconds", elapsed());
}

Answer Tool::churn(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  Told& told = peer(a.text("sink")).told(r);
  Observer observer(&told, r, a);
  const std::uint32_t rounds = a.number("rounds", 10);
  const auto part = static_cast<std::uint32_t>(a.real("share", 0.1) * r->count());
  if (part == 0) throw std::invalid_argument("share is too small");
  Latencies latencies;
  double seconds = 0;
  double changes = 0;
  const std::uint32_t before = told.count;
  for (std::uint32_t half = 0; half < rounds * 2; ++half) {
    const std::uint32_t from = half / 2 * part % (r->count() - part + 1);
    const bool gone = half % 2 == 0;
    Octets octets = gone ? r->withdrawals(from, from + part)
                         : r->announcements(p.settings().as, from, from + part);
    const std::uint32_t want = gone ? before - part : before;
    start_clock();
    const auto begin = clock_;
    p.send(std::move(octets));
    const bool in_time = serve([&] { return told.count == want || p.fd() < 0; }, 60);
    seconds += elapsed();
    if (!in_time || p.fd() < 0) throw std::runtime_error("a round of the churn did not arrive");
    observer.collect([&](std::uint32_t, Clock::time_point when) {
      latencies.ms.push_back(milliseconds(when - begin));
    });
    changes += part;
  }
  Answer answer = Answer::good();
  answer.number("seconds", seconds).number("changes", changes);
  latencies.tell(answer);
  return answer;
}

}  // namespace perd::loadgen
