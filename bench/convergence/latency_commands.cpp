// Commands that measure how long single changes and rounds of changes take.
#include <algorithm>
#include <deque>
#include <random>
#include <stdexcept>

#include "convergence/latencies.h"
#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr double kLostAfter = 10;  // seconds

// Where a change shows: at another peer, or in a kernel table.
class Observer {
 public:
  Observer(Told* told, std::unique_ptr<KernelView> view) : told_(told), view_(std::move(view)) {
    if (told_ == nullptr) return;
    told_->timed = true;
    told_->times.clear();
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
      for (const Change& c : told_->times) seen(c.route, c.when);
      told_->times.clear();
      return;
    }
    view_->drain([&](std::uint32_t route, Presence presence) {
      if (presence != Presence::kSome) seen(route, Clock::now());
    });
  }

 private:
  Told* told_;
  std::unique_ptr<KernelView> view_;
};

// Each change is a withdrawal or, of a route withdrawn before, an announcement: in the end the
// table is as full as it was. Closed loop (rate 0): the next change is made when the last one has
// shown. Open loop: changes are made on time whatever the device does, and an announcement follows
// its withdrawal by a fifth of a second, when that has surely arrived.
class Prober {
 public:
  Prober(Peer& peer, std::shared_ptr<const RouteSet> routes, Observer& observer, double rate,
         std::uint32_t count)
      : peer_(peer),
        routes_(std::move(routes)),
        observer_(observer),
        rate_(rate),
        count_(count),
        lag_(rate == 0 ? 1 : static_cast<std::size_t>(std::max(1.0, rate / 10))),
        random_(count),
        sent_(routes_->count()),
        out_(routes_->count()) {}

  // True when all changes were made and seen.
  bool turn(double elapsed) {
    observer_.collect([this](std::uint32_t route, Clock::time_point when) {
      if (!out_[route]) return;
      out_[route] = false;
      --open_;
      latencies_.ms.push_back(milliseconds(when - sent_[route]));
    });
    const bool due = rate_ == 0 ? open_ == 0 : elapsed * rate_ >= made_;
    if (due && (made_ < count_ || !gone_.empty())) change();
    return made_ >= count_ && gone_.empty() && open_ == 0;
  }
  void tell(Answer& a) {
    latencies_.tell(a);
    a.number("changes", made_).number("lost", open_ + (made_ < count_ ? count_ - made_ : 0));
  }

 private:
  void change() {
    const bool last = made_ + gone_.size() >= count_;
    const bool back = !gone_.empty() && !out_[gone_.front()] && (last || gone_.size() >= lag_);
    if (last && !back) return;  // its withdrawal is still under way: wait for it
    std::uint32_t route = 0;
    if (back) {
      route = gone_.front();
      gone_.pop_front();
    } else {
      do route = static_cast<std::uint32_t>(random_() % routes_->count());
      while (out_[route] || std::find(gone_.begin(), gone_.end(), route) != gone_.end());
      gone_.push_back(route);
    }
    Octets octets = back ? routes_->announcements(peer_.settings().as, route, route + 1)
                         : routes_->withdrawals(route, route + 1);
    out_[route] = true;
    ++open_;
    ++made_;
    sent_[route] = Clock::now();
    peer_.send(std::move(octets));
  }

  Peer& peer_;
  std::shared_ptr<const RouteSet> routes_;
  Observer& observer_;
  double rate_;
  std::uint32_t count_;
  std::size_t lag_;
  std::mt19937 random_;
  std::vector<Clock::time_point> sent_;
  std::vector<bool> out_;           // changes that have not shown yet
  std::deque<std::uint32_t> gone_;  // withdrawn and not announced again yet
  std::uint32_t open_ = 0;
  std::uint32_t made_ = 0;
  Latencies latencies_;
};

}  // namespace

Answer Tool::probe(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  Told* told = a.has("sink") ? &peer(a.text("sink")).told(r) : nullptr;
  Observer observer(told,
                    told != nullptr ? nullptr : kernel_view(place(a, a.text("netns")), r, true));
  const std::uint32_t count = a.number("count", 100);
  const double rate = a.real("rate", 0);
  Prober prober(p, r, observer, rate, count);
  start_clock();
  (void)serve([&] { return prober.turn(elapsed()) || p.fd() < 0; },
              (rate == 0 ? 0.0 : count / rate) + kLostAfter, true);
  if (p.fd() < 0) throw std::runtime_error("the session went down: " + p.problem());
  Answer answer = Answer::good();
  prober.tell(answer);
  return answer.number("seconds", elapsed());
}

Answer Tool::churn(const Arguments& a) {
  Peer& p = peer(a.word(1));
  const Routes& r = routes(a.word(2));
  Told& told = peer(a.text("sink")).told(r);
  Observer observer(&told, nullptr);
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
