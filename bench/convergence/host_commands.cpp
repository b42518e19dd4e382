// Hosts that speak up at a local port: how long until another peer is told where they are.
#include <algorithm>
#include <stdexcept>

#include "convergence/frame_port.h"
#include "convergence/latencies.h"
#include "convergence/tool.h"

namespace perd::loadgen {
namespace {

constexpr double kLostAfter = 20;  // seconds
constexpr std::uint32_t kFramesATurn = 256;

// Of one host: when its frame was sent, when the bridge said that it is at the port, when the sink
// was told.
struct Host {
  Clock::time_point sent, learned, told;
  bool is_sent = false, is_learned = false, is_told = false;
};

class Hosts {
 public:
  Hosts(std::shared_ptr<const RouteSet> routes, std::uint32_t sequence)
      : routes_(std::move(routes)), hosts_(routes_->count()), sequence_(sequence) {}

  [[nodiscard]] std::uint32_t sent() const { return sent_; }
  [[nodiscard]] bool all_told() const { return told_ == hosts_.size(); }

  void on_sent(std::uint32_t route) {
    hosts_[route].sent = Clock::now();
    hosts_[route].is_sent = true;
    ++sent_;
  }
  void on_learned(std::uint32_t route) {
    Host& h = hosts_[route];
    if (!h.is_sent || h.is_learned) return;
    h.learned = Clock::now();
    h.is_learned = true;
    ++learned_;
    last_learned_ = h.learned;
  }
  void on_told(const Change& c) {
    Host& h = hosts_[c.route];
    if (!h.is_sent || h.is_told || !c.present || c.sequence < sequence_) return;
    h.told = c.when;
    h.is_told = true;
    ++told_;
    last_told_ = c.when;
    if (told_ == 1) first_told_ = c.when;
  }
  [[nodiscard]] Answer answer(Clock::time_point start) {
    const auto since = [&](Clock::time_point t) { return milliseconds(t - start) / 1000; };
    Latencies whole, inside;
    for (const Host& h : hosts_) {
      if (!h.is_told) continue;
      whole.ms.push_back(milliseconds(h.told - h.sent));
      // The device may hear the host itself and be faster than the bridge's notification.
      if (h.is_learned) inside.ms.push_back(std::max(0.0, milliseconds(h.told - h.learned)));
    }
    Answer a = Answer::good();
    a.number("seconds", since(last_told_))
        .number("first", since(first_told_))
        .number("learned_s", since(last_learned_))
        .number("not_learned", static_cast<double>(hosts_.size()) - learned_)
        .number("lost", static_cast<double>(hosts_.size()) - told_);
    whole.tell(a);
    inside.tell(a, "inside_");
    return a;
  }

 private:
  std::shared_ptr<const RouteSet> routes_;
  std::vector<Host> hosts_;
  std::uint32_t sequence_;
  std::uint32_t sent_ = 0, learned_ = 0, told_ = 0;
  Clock::time_point first_told_, last_told_, last_learned_;
};

}  // namespace

// Rate 0: all frames as fast as the link takes them. Otherwise each on time, whatever the device
// does.
Answer Tool::hosts(const Arguments& a) {
  const Routes& r = routes(a.word(3));
  if (!r->type2()) throw std::invalid_argument("hosts are of type 2");
  Peer& sink = peer(a.text("sink"));
  FramePort port(a.word(1), a.word(2));
  LearnedWatch bridge(a.text("netns"), a.text("port"), r);
  const bool arp = a.text("frame", "plain") == "arp";
  if (arp && r->ipv6()) throw std::invalid_argument("arp is of IPv4");
  std::vector<Octets> frames;
  for (std::uint32_t i = 0; i < r->count(); ++i) {
    frames.push_back(arp ? gratuitous_arp(r->mac(i), r->address(i)) : plain_frame(r->mac(i)));
  }
  const double rate = a.real("rate", 0);
  Hosts hosts(r, a.number("sequence", 0));
  Told& told = sink.told(r);
  told.timed = true;
  told.times.clear();
  start_clock();
  const auto turn = [&] {
    bridge.drain([&](std::uint32_t route) { hosts.on_learned(route); });
    for (const Change& c : told.times) hosts.on_told(c);
    told.times.clear();
    for (std::uint32_t n = 0; n < kFramesATurn && hosts.sent() < r->count(); ++n) {
      const std::uint32_t next = hosts.sent();
      if (rate != 0 && elapsed() * rate < next) break;
      // The moment before it leaves: what it sets off happens within the call.
      hosts.on_sent(next);
      if (!port.send(frames[next])) throw std::runtime_error("the link takes no more frames");
    }
    return hosts.all_told() || sink.fd() < 0;
  };
  const double limit = (rate == 0 ? 0.0 : r->count() / rate) + kLostAfter;
  (void)serve(turn, a.real("timeout", limit), true);
  told.timed = false;
  if (sink.fd() < 0) throw std::runtime_error("the session went down: " + sink.problem());
  return hosts.answer(clock_).number("wrong", static_cast<double>(told.wrong));
}

}  // namespace perd::loadgen
