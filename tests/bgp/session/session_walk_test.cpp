// Goal: whatever happens in whatever order, a Session keeps its books: a connection exists exactly
// in the states that have one, is closed once, nothing is sent on a dead one, no timer outlives it.
// Method: random triggers, octets, progress and time, seeded; the rules are checked after each
// step.
#include <gtest/gtest.h>

#include <set>

#include "harness.h"

namespace perd::session::test {
namespace {

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {
    around_.settings = settings_a();
    around_.settings.passive = seed % 3 == 0;
    if (seed % 5 == 0) around_.settings.hold_seconds = 0;
    around_.random = Random(seed);
    around_.ids = &ids_;
  }

  void step() {
    now_ += milliseconds(static_cast<std::int64_t>(random_.below(20000)));
    switch (random_.below(6)) {
      case 0:
        trigger();
        break;
      case 1:
        sensible();
        break;
      case 2:
        octets();
        break;
      case 3:
        time();
        break;
      case 4:
        if (session_.state() == State::kEstablished) {
          session_.send(std::vector<std::uint8_t>(random_.below(5000)), now_);
        }
        break;
      default:
        session_.progress(random_.below(6000), now_);
    }
    check();
  }

 private:
  void trigger() {
    auto t = static_cast<Trigger>(random_.below(kTriggerCount));
    // The edge reports a connection only where one was asked for, and only once.
    const State s = session_.state();
    if (t == Trigger::kTcpUp && s != State::kConnect) return;
    if (t == Trigger::kTcpAccepted && s != State::kActive) return;
    if (t == Trigger::kTcpUp) session_.attach(session_.connection(), IpAddress{}, false);
    if (t == Trigger::kTcpAccepted) {
      session_.attach(ConnectionId{accepted_ += 2}, IpAddress{}, true);
      live_.insert(session_.connection());
    }
    if (t == Trigger::kTcpFailed) {
      live_.erase(session_.connection());
      session_.detach();
    }
    if (t == Trigger::kOpenGood) agree();
    session_.fire(t, now_);
  }
  void agree() {
    auto n = negotiate(around_.settings, make_open(around_.settings), make_open(settings_b()));
    ASSERT_TRUE(n.has_value());
    session_.agree(std::move(*n));
  }
  // What leads forward, so that the walk also lives in the later states.
  void sensible() {
    switch (session_.state()) {
      case State::kIdle:
        session_.fire(Trigger::kStart, now_);
        break;
      case State::kActive:
        session_.fire(Trigger::kConnectRetryDue, now_);
        break;
      case State::kConnect:
        session_.attach(session_.connection(), IpAddress{}, false);
        session_.fire(Trigger::kTcpUp, now_);
        break;
      case State::kOpenSent:
        agree();
        session_.fire(Trigger::kOpenGood, now_);
        break;
      case State::kOpenConfirm:
      case State::kEstablished:
        session_.fire(Trigger::kKeepalive, now_);
        break;
    }
  }
  void octets() {
    if (session_.state() < State::kOpenSent) return;
    std::vector<std::uint8_t> o;
    if (random_.below(2) == 0) wire::encode_keepalive(o);
    if (random_.below(4) == 0) wire::encode_open(make_open(settings_b()), o);
    if (random_.below(8) == 0) o.push_back(static_cast<std::uint8_t>(random_.below(256)));
    const ConnectionId id = session_.connection();
    session_.feed(o);
    while (session_.has(id)) {
      const auto input = session_.read(update_);
      if (!input) break;
      if (input->trigger == Trigger::kOpenGood) agree();
      session_.fire(input->trigger, now_);
    }
  }
  void time() {
    while (const auto t = session_.due(now_)) session_.fire(*t, now_);
  }

  void check() {
    for (const auto& c : around_.commands) {
      if (const auto* d = std::get_if<DialCommand>(&c)) {
        EXPECT_TRUE(live_.insert(d->connection).second);
      } else if (const auto* s = std::get_if<SendCommand>(&c)) {
        EXPECT_EQ(live_.count(s->connection), 1U) << "sent on a dead connection";
      } else if (const auto* x = std::get_if<CloseConnectionCommand>(&c)) {
        EXPECT_EQ(live_.erase(x->connection), 1U) << "closed twice";
      }
    }
    around_.commands.clear();
    const State s = session_.state();
    const bool wants = s == State::kConnect || s >= State::kOpenSent;
    EXPECT_EQ(session_.connection().value != 0, wants);
    EXPECT_EQ(live_.size(), wants ? 1U : 0U);
    if (!wants) {
      EXPECT_EQ(session_.unsent(), 0U);
    }
    if (s == State::kIdle) {
      EXPECT_FALSE(session_.next_deadline());
    }
    if (s == State::kConnect || s == State::kOpenSent) {
      EXPECT_TRUE(session_.next_deadline());
    }
    seen.insert(s);
  }

 public:
  std::set<State> seen;

 private:
  Random random_;
  ConnectionIdSource ids_;
  Surroundings around_;
  Session session_{around_};
  wire::Update update_;
  TimePoint now_{};
  std::uint32_t accepted_ = 0;
  std::set<ConnectionId> live_;
};

TEST(SessionWalk, KeepsItsBooks) {
  std::set<State> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < 400; ++i) {
      walk.step();
      if (::testing::Test::HasFailure()) return;
    }
    seen.insert(walk.seen.begin(), walk.seen.end());
  }
  EXPECT_EQ(seen.size(), kStateCount) << "the walk must come everywhere";
}

}  // namespace
}  // namespace perd::session::test
