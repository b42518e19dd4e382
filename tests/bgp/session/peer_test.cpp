// Goal: what one neighbour does, message by message: OPEN checks, NOTIFICATIONs with exact octets,
// timers, refreshes, faults, reports. Method: the other side is written by hand with the wire
// encoders.
#include "bgp/session/peer.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace perd::session::test {
namespace {

using wire::CeaseSubcode;
using wire::ErrorCode;
using wire::Notification;
using Octets = std::vector<std::uint8_t>;

const IpAddress kOwn = IpAddress::v4(0x0a000001);

class PeerTest : public ::testing::Test {
 protected:
  explicit PeerTest(PeerSettings s = settings_a()) : peer_(PeerId{7}, s, 1, ids_) {}

  // Everything the peer has asked for since the last look.
  std::vector<TransportCommand> commands() {
    std::vector<TransportCommand> out;
    peer_.take_commands(out);
    for (auto& c : out) {
      if (auto* s = std::get_if<SendCommand>(&c)) sent_.push_back(s->octets);
    }
    return out;
  }
  template <class T>
  std::vector<T> only(const std::vector<TransportCommand>& all) {
    std::vector<T> some;
    for (const auto& c : all) {
      if (const auto* x = std::get_if<T>(&c)) some.push_back(*x);
    }
    return some;
  }
  ConnectionId dialled() {
    const auto dials = only<DialCommand>(commands());
    EXPECT_EQ(dials.size(), 1U);
    return dials.empty() ? ConnectionId{} : dials.back().connection;
  }
  void receive(const Octets& octets) { peer_.on_received(id_, octets, now_, sink_); }
  void receive_open(const wire::Open& open) {
    Octets octets;
    wire::encode_open(open, octets);
    receive(octets);
  }
  void receive_keepalive() {
    Octets octets;
    wire::encode_keepalive(octets);
    receive(octets);
  }
  void receive_notification(const Notification& n) {
    Octets octets;
    wire::encode_notification(n, octets);
    receive(octets);
  }
  void connect() {
    peer_.start(now_);
    id_ = dialled();
    peer_.on_connection_up(id_, kOwn, now_);
    EXPECT_EQ(peer_.state(), State::kOpenSent);
  }
  void establish() {
    connect();
    receive_open(make_open(settings_b()));
    EXPECT_EQ(peer_.state(), State::kOpenConfirm);
    receive_keepalive();
    EXPECT_EQ(peer_.state(), State::kEstablished);
    drain();
  }
  // Lets everything sent so far reach the kernel.
  void drain() {
    (void)commands();
    if (peer_.unsent() != 0) peer_.on_send_progress(id_, peer_.unsent(), now_);
  }
  void advance(Duration d) {
    const TimePoint end = now_ + d;
    while (is_due(peer_.next_deadline(), end)) {
      now_ = std::max(now_, *peer_.next_deadline());
      peer_.tick(now_, sink_);
    }
    now_ = end;
  }
  // The NOTIFICATION that was sent last, followed by a close that lets it out.
  Notification expect_notified() {
    const auto all = commands();
    EXPECT_FALSE(sent_.empty());
    const auto closes = only<CloseConnectionCommand>(all);
    EXPECT_EQ(closes.size(), 1U);
    if (!closes.empty()) {
      EXPECT_TRUE(closes[0].after_flush);
      EXPECT_EQ(closes[0].connection, id_);
    }
    if (sent_.empty() || sent_.back().size() < 21) return {};
    EXPECT_EQ(sent_.back()[18], 3);
    const auto n = wire::decode_notification(Bytes(sent_.back()).subspan(wire::kHeaderSize));
    return n ? *n : Notification{};
  }

  ConnectionIdSource ids_;
  Peer peer_;
  Recorder sink_;
  ConnectionId id_{};
  TimePoint now_ = at(seconds(100));
  std::vector<Octets> sent_;
};

TEST_F(PeerTest, DialsAtOnceWithItsOptions) {
  PeerSettings s = settings_a();
  s.port = 1790;
  s.transport.ttl = 255;
  s.transport.md5_password = "secret";
  EXPECT_TRUE(peer_.change_settings(s, now_) == false);
  peer_.start(now_);
  peer_.start(now_);  // a second start changes nothing
  const auto dials = only<DialCommand>(commands());
  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].remote, s.address);
  EXPECT_EQ(dials[0].port, 1790);
  EXPECT_EQ(dials[0].options, s.transport);
  EXPECT_EQ(dials[0].connection.value % 2, 1U);
  EXPECT_EQ(peer_.state(), State::kConnect);
}

TEST_F(PeerTest, ComesUpAndSaysWhatWasAgreed) {
  establish();
  EXPECT_EQ(sink_.ups, 1);
  EXPECT_EQ(sink_.negotiated.remote_asn, Asn{64512});
  EXPECT_EQ(sink_.negotiated.local_address, kOwn);
  EXPECT_FALSE(sink_.negotiated.incoming);
  EXPECT_EQ(sink_.text_of(EventKind::kSessionUp),
            "up: AS 64512, router id 2.2.2.2, ipv4unicast evpn, hold time 180 s");
  EXPECT_EQ(sink_.events[0].subject, "neighbor 10.0.0.2");
  EXPECT_EQ(peer_.counters().established, 1U);
  EXPECT_EQ(peer_.counters().sent_of(wire::MessageType::kOpen), 1U);
  EXPECT_EQ(peer_.counters().sent_of(wire::MessageType::kKeepalive), 1U);
  EXPECT_EQ(peer_.counters().received_of(wire::MessageType::kOpen), 1U);
  EXPECT_EQ(peer_.counters().received_of(wire::MessageType::kKeepalive), 1U);
  EXPECT_EQ(peer_.established_since(), now_);
}

TEST_F(PeerTest, RefusesAnOpenWithExactOctets) {
  connect();
  wire::Open open = make_open(settings_b());
  open.asn = Asn{65001};
  open.capabilities.four_octet_as = open.asn;
  receive_open(open);
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kOpen, 2, {}}));
  EXPECT_EQ(peer_.state(), State::kIdle);
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem),
            "wrong AS number: the neighbor says 65001, configured is 64512");
  EXPECT_EQ(peer_.last_reason(), sink_.text_of(EventKind::kSessionProblem));
  EXPECT_EQ(sink_.ups, 0);
  EXPECT_TRUE(sink_.downs.empty());
}

// The same reason again and again is told once; another one is told, too.
TEST_F(PeerTest, SaysEachProblemOnce) {
  peer_.start(now_);
  for (int i = 0; i < 20; ++i) {
    for (const auto& d : only<DialCommand>(commands())) {
      peer_.on_connection_down(d.connection, i % 2 == 0 ? "connection refused" : "no route to host",
                               now_, sink_);
    }
    now_ = *peer_.next_deadline();
    peer_.tick(now_, sink_);
  }
  ASSERT_EQ(sink_.count(EventKind::kSessionProblem), 2U);
  EXPECT_EQ(sink_.events[0].text, "cannot connect to 10.0.0.2 port 179: connection refused");
  EXPECT_EQ(sink_.events[1].text, "cannot connect to 10.0.0.2 port 179: no route to host");
}

// Retry: 250 ms, doubled, never beyond connect_seconds; always 75 to 100 % of it.
TEST_F(PeerTest, DialsAgainQuicklyThenSteadily) {
  peer_.start(now_);
  const Duration nominal[] = {milliseconds(250), milliseconds(500), seconds(1), seconds(2),
                              seconds(4),        seconds(5),        seconds(5), seconds(5)};
  for (const Duration want : nominal) {
    const auto dials = only<DialCommand>(commands());
    ASSERT_EQ(dials.size(), 1U);
    peer_.on_connection_down(dials[0].connection, "connection refused", now_, sink_);
    EXPECT_EQ(peer_.state(), State::kActive);
    ASSERT_TRUE(peer_.next_deadline());
    const Duration wait = *peer_.next_deadline() - now_;
    EXPECT_GE(wait, want * 3 / 4);
    EXPECT_LE(wait, want);
    now_ += wait;
    peer_.tick(now_, sink_);
    EXPECT_EQ(peer_.state(), State::kConnect);
  }
}

TEST_F(PeerTest, GivesUpADialThatIsNotAnswered) {
  peer_.start(now_);
  const ConnectionId first = dialled();
  advance(seconds(5));
  const auto all = commands();
  ASSERT_EQ(only<CloseConnectionCommand>(all).size(), 1U);
  EXPECT_EQ(only<CloseConnectionCommand>(all)[0].connection, first);
  ASSERT_EQ(only<DialCommand>(all).size(), 1U);
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem),
            "cannot connect to 10.0.0.2 port 179: no answer within 5 s");
  // The late answer to the first dial means nothing any more.
  peer_.on_connection_up(first, kOwn, now_);
  EXPECT_EQ(peer_.state(), State::kConnect);
}

TEST_F(PeerTest, AWrongPasswordLooksLikeSilence) {
  PeerSettings s = settings_a();
  s.transport.md5_password = "secret";
  (void)peer_.change_settings(s, now_);
  peer_.start(now_);
  advance(seconds(6));
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem),
            "cannot connect to 10.0.0.2 port 179: no answer within 5 s (perhaps the passwords "
            "differ)");
}

// A neighbour whose sessions fail at once is tried less and less often, up to the bound.
TEST_F(PeerTest, IdleHoldGrowsToItsBound) {
  connect();
  std::vector<Duration> waits;
  for (int i = 0; i < 12; ++i) {
    receive_notification({ErrorCode::kOpen, 2, {}});
    ASSERT_EQ(peer_.state(), State::kIdle);
    waits.push_back(*peer_.next_deadline() - now_);
    now_ = *peer_.next_deadline();
    peer_.tick(now_, sink_);
    id_ = only<DialCommand>(commands()).back().connection;
    peer_.on_connection_up(id_, kOwn, now_);
  }
  EXPECT_LE(waits[0], kFirstIdleHold);
  EXPECT_GE(waits[4], seconds(3));
  EXPECT_GE(waits.back(), kMaxIdleHold * 3 / 4);
  EXPECT_LE(waits.back(), kMaxIdleHold);
  // All of it was one problem.
  EXPECT_EQ(sink_.count(EventKind::kSessionProblem), 1U);
  EXPECT_EQ(sink_.count(EventKind::kNotificationReceived), 1U);
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem),
            "the neighbor sent OPEN Message Error/Bad Peer AS");
}

TEST_F(PeerTest, AnIncomingConnectionEndsTheIdleHold) {
  connect();
  for (int i = 0; i < 8; ++i) {
    receive_notification({ErrorCode::kOpen, 2, {}});
    now_ = *peer_.next_deadline();
    peer_.tick(now_, sink_);
    id_ = only<DialCommand>(commands()).back().connection;
    peer_.on_connection_up(id_, kOwn, now_);
  }
  receive_notification({ErrorCode::kOpen, 2, {}});
  (void)commands();
  peer_.on_accepted(ConnectionId{2}, kOwn, now_);
  EXPECT_EQ(peer_.state(), State::kOpenSent);
  const auto all = commands();
  ASSERT_EQ(only<AdoptAcceptedCommand>(all).size(), 1U);
  EXPECT_EQ(only<SendCommand>(all).size(), 1U);
}

TEST_F(PeerTest, ASessionLostIsDialledAgainWithinASecond) {
  establish();
  advance(seconds(70));
  receive_keepalive();
  peer_.on_connection_down(id_, "closed by peer", now_, sink_);
  ASSERT_EQ(sink_.downs, std::vector<std::string>{"connection lost: closed by peer"});
  EXPECT_EQ(peer_.counters().dropped, 1U);
  EXPECT_FALSE(peer_.established_since());
  (void)commands();
  std::size_t dials = 0;
  const TimePoint lost = now_;
  while (now_ - lost < seconds(1)) {
    for (const auto& d : only<DialCommand>(commands())) {
      ++dials;
      peer_.on_connection_down(d.connection, "connection refused", now_, sink_);
    }
    advance(milliseconds(10));
  }
  EXPECT_GE(dials, 2U);
}

TEST_F(PeerTest, HoldTimer) {
  establish();
  // 180 s of silence, and the grace in which unread data would have been seen.
  advance(seconds(180) - milliseconds(1));
  EXPECT_EQ(peer_.state(), State::kEstablished);
  (void)commands();
  advance(kHoldGrace + milliseconds(1));
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kHoldTimer, 0, {}}));
  EXPECT_EQ(sink_.downs, std::vector<std::string>{"hold timer expired: nothing heard for 180 s"});
  EXPECT_EQ(sink_.count(EventKind::kNotificationSent), 1U);
}

TEST_F(PeerTest, AnyMessageHoldsTheSession) {
  establish();
  for (int i = 0; i < 5; ++i) {
    advance(seconds(179));
    drain();
    switch (i % 3) {
      case 0:
        receive_keepalive();
        break;
      case 1:
        receive(one_route(sink_.negotiated.codec, 0xc0a80000));
        break;
      default: {
        Octets octets;
        wire::encode_route_refresh({1, 0, 1}, octets);
        receive(octets);
      }
    }
    ASSERT_EQ(peer_.state(), State::kEstablished);
  }
  EXPECT_EQ(sink_.refreshes.size(), 1U);
}

// The process was away (stopped, or busy) for longer than the hold time; the neighbour's messages
// lie in the socket. The timer is late, so it waits for them.
TEST_F(PeerTest, ABusyProcessIsNotASilentNeighbour) {
  establish();
  now_ += seconds(400);
  peer_.tick(now_, sink_);  // the timer is seen first
  ASSERT_EQ(peer_.state(), State::kEstablished);
  now_ += kHoldGrace + seconds(3);  // ... and again the process was busy
  peer_.tick(now_, sink_);
  ASSERT_EQ(peer_.state(), State::kEstablished);
  receive_keepalive();
  advance(seconds(100));
  EXPECT_EQ(peer_.state(), State::kEstablished);
  // But not for ever.
  for (unsigned i = 0; i < kMaxHoldGraces + 2; ++i) {
    now_ += seconds(100);
    peer_.tick(now_, sink_);
  }
  EXPECT_NE(peer_.state(), State::kEstablished);
}

TEST_F(PeerTest, LargeHoldTimerBeforeTheOpen) {
  connect();
  advance(kLargeHoldTime + kHoldGrace);
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kHoldTimer, 0, {}}));
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem), "the neighbor sends no OPEN");
}

TEST_F(PeerTest, HoldTimerBeforeTheFirstKeepalive) {
  connect();
  receive_open(make_open(settings_b()));
  advance(seconds(180) + kHoldGrace);
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kHoldTimer, 0, {}}));
  EXPECT_EQ(sink_.text_of(EventKind::kSessionProblem),
            "hold timer expired before the first KEEPALIVE");
}

TEST_F(PeerTest, HoldTimeZeroMeansNoTimersAtAll) {
  connect();
  wire::Open open = make_open(settings_b());
  open.hold_time_seconds = 0;
  receive_open(open);
  receive_keepalive();
  ASSERT_EQ(peer_.state(), State::kEstablished);
  (void)commands();
  EXPECT_FALSE(peer_.next_deadline());
  sent_.clear();
  advance(seconds(100000));
  EXPECT_TRUE(commands().empty());
  EXPECT_EQ(peer_.state(), State::kEstablished);
}

// A third of the hold time, or what is configured when that is less; 75 to 100 % of it.
TEST_F(PeerTest, KeepaliveInterval) {
  struct Case {
    std::uint16_t keepalive, hold;
    Duration want;
  };
  const Case cases[] = {{60, 180, seconds(60)},     {60, 9, seconds(3)}, {1, 9, seconds(1)},
                        {0, 9, seconds(3)},         {60, 3, seconds(1)}, {3, 10, seconds(3)},
                        {5, 10, milliseconds(3333)}};
  for (const Case& c : cases) {
    SCOPED_TRACE(std::to_string(c.keepalive) + "/" + std::to_string(c.hold));
    PeerSettings s = settings_a();
    s.keepalive_seconds = c.keepalive;
    s.hold_seconds = c.hold;
    Peer peer(PeerId{1}, s, 3, ids_);
    Recorder sink;
    peer.start(now_);
    const ConnectionId id = peer.connections()[0];
    peer.on_connection_up(id, kOwn, now_);
    Octets octets;
    wire::encode_open(make_open(settings_b()), octets);
    wire::encode_keepalive(octets);
    peer.on_received(id, octets, now_, sink);
    ASSERT_TRUE(peer.established());
    TimePoint now = now_;
    for (int i = 0; i < 50; ++i) {
      peer.on_send_progress(id, peer.unsent(), now);
      Octets alive;
      wire::encode_keepalive(alive);
      peer.on_received(id, alive, now, sink);
      const Duration wait = *peer.next_deadline() - now;
      EXPECT_GE(wait, c.want * 3 / 4 - milliseconds(1));
      EXPECT_LE(wait, c.want + milliseconds(1));
      const auto before = peer.counters().sent_of(wire::MessageType::kKeepalive);
      now += wait;
      peer.tick(now, sink);
      EXPECT_EQ(peer.counters().sent_of(wire::MessageType::kKeepalive), before + 1);
    }
  }
}

TEST_F(PeerTest, NotificationsReceived) {
  struct Case {
    Notification n;
    const char* reason;
  };
  const Case cases[] = {
      {wire::make_cease(CeaseSubcode::kAdministrativeShutdown, "moving to rack 7"),
       "the neighbor sent Cease/Administrative Shutdown: \"moving to rack 7\""},
      {wire::make_cease(CeaseSubcode::kAdministrativeReset),
       "the neighbor sent Cease/Administrative Reset"},
      {{ErrorCode::kUpdate, 3, {14}},
       "the neighbor sent UPDATE Message Error/Missing Well-known "
       "Attribute"},
      {{ErrorCode::kHoldTimer, 0, {}}, "the neighbor sent Hold Timer Expired"},
      {{ErrorCode::kSendHoldTimer, 0, {}}, "the neighbor sent Send Hold Timer Expired"},
      {{ErrorCode::kOpen, 1, {0, 4}},
       "the neighbor sent OPEN Message Error/Unsupported Version Number"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.reason);
    Peer peer(PeerId{1}, settings_a(), 3, ids_);
    Recorder sink;
    peer.start(now_);
    const ConnectionId id = peer.connections()[0];
    peer.on_connection_up(id, kOwn, now_);
    Octets octets;
    wire::encode_open(make_open(settings_b()), octets);
    wire::encode_keepalive(octets);
    wire::encode_notification(c.n, octets);
    wire::encode_keepalive(octets);  // what follows is not read any more
    peer.on_received(id, octets, now_, sink);
    EXPECT_EQ(sink.downs, std::vector<std::string>{c.reason});
    EXPECT_EQ(peer.state(), State::kIdle);
    EXPECT_EQ(peer.counters().received_of(wire::MessageType::kKeepalive), 1U);
    EXPECT_EQ(sink.count(EventKind::kNotificationReceived), 1U);
    // A NOTIFICATION is never answered with one (RFC 4271 6.4).
    EXPECT_EQ(peer.counters().sent_of(wire::MessageType::kNotification), 0U);
  }
}

TEST_F(PeerTest, MessagesOutOfPlace) {
  struct Case {
    const char* name;
    int stage;  // 0 OpenSent, 1 OpenConfirm, 2 Established
    wire::MessageType type;
    std::uint8_t subcode;  // RFC 6608
  };
  const Case cases[] = {
      {"KEEPALIVE in OpenSent", 0, wire::MessageType::kKeepalive, 1},
      {"UPDATE in OpenSent", 0, wire::MessageType::kUpdate, 1},
      {"ROUTE-REFRESH in OpenSent", 0, wire::MessageType::kRouteRefresh, 1},
      {"UPDATE in OpenConfirm", 1, wire::MessageType::kUpdate, 2},
      {"ROUTE-REFRESH in OpenConfirm", 1, wire::MessageType::kRouteRefresh, 2},
      {"OPEN in OpenConfirm", 1, wire::MessageType::kOpen, 2},
      {"OPEN in Established", 2, wire::MessageType::kOpen, 3},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Peer peer(PeerId{1}, settings_a(), 3, ids_);
    Recorder sink;
    peer.start(now_);
    const ConnectionId id = peer.connections()[0];
    peer.on_connection_up(id, kOwn, now_);
    Octets octets;
    if (c.stage >= 1) wire::encode_open(make_open(settings_b()), octets);
    if (c.stage >= 2) wire::encode_keepalive(octets);
    switch (c.type) {
      case wire::MessageType::kOpen:
        wire::encode_open(make_open(settings_b()), octets);
        break;
      case wire::MessageType::kKeepalive:
        wire::encode_keepalive(octets);
        break;
      case wire::MessageType::kRouteRefresh:
        wire::encode_route_refresh({1, 0, 1}, octets);
        break;
      case wire::MessageType::kUpdate:
        wire::encode_end_of_rib(Family::kIpv4Unicast, octets);
        break;
      case wire::MessageType::kNotification:
        break;
    }
    peer.on_received(id, octets, now_, sink);
    std::vector<TransportCommand> out;
    peer.take_commands(out);
    ASSERT_GE(out.size(), 2U);
    const auto* sent = std::get_if<SendCommand>(&out[out.size() - 2]);
    ASSERT_NE(sent, nullptr);
    Octets want;
    wire::encode_notification({ErrorCode::kFsm, c.subcode, {}}, want);
    EXPECT_EQ(sent->octets, want);
    EXPECT_EQ(sink.is_up, false);
    EXPECT_EQ(sink.downs.size(), c.stage == 2 ? 1U : 0U);
  }
}

TEST_F(PeerTest, BrokenFramingEndsTheSession) {
  establish();
  Octets bad(19, 0xff);
  bad[16] = 0;
  bad[17] = 19;
  bad[18] = 77;
  receive(bad);
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kMessageHeader, 3, {77}}));
  EXPECT_EQ(sink_.downs.size(), 1U);
}

TEST_F(PeerTest, AnUpdateThatCannotBeParsedResets) {
  establish();
  Octets bad(16, 0xff);
  Writer w(bad);
  w.u16(23);
  w.u8(2);
  w.u16(9);  // withdrawn routes longer than the message
  w.u16(0);
  receive(bad);
  EXPECT_EQ(expect_notified(), (Notification{ErrorCode::kUpdate, 1, {}}));
  EXPECT_EQ(sink_.count(EventKind::kUpdateReset), 1U);
  EXPECT_EQ(sink_.downs,
            std::vector<std::string>{"perd sent UPDATE Message Error/Malformed Attribute List"});
}

TEST_F(PeerTest, UpdatesArePassedUpInOrder) {
  establish();
  Octets octets;
  for (std::uint32_t i = 0; i < 50; ++i) {
    const auto one = one_route(sink_.negotiated.codec, 0xc0a80000 + (i << 8));
    octets.insert(octets.end(), one.begin(), one.end());
  }
  receive(octets);
  EXPECT_EQ(sink_.text_of(EventKind::kUpdateError), "");
  EXPECT_EQ(sink_.downs.size(), 0U);
  ASSERT_EQ(sink_.updates.size(), 50U);
  for (std::uint32_t i = 0; i < 50; ++i) {
    ASSERT_EQ(sink_.updates[i].announced.ipv4.size(), 1U);
    EXPECT_EQ(sink_.updates[i].announced.ipv4[0].prefix.address.v4_value(), 0xc0a80000 + (i << 8));
  }
}

// RFC 7606: the session stays, the fault is told; a flood of them is told in part.
TEST_F(PeerTest, FaultsAreToldAtABoundedRate) {
  establish();
  Octets one = one_route(sink_.negotiated.codec, 0xc0a80000);
  // ORIGIN 9: treated as withdrawn (RFC 7606 7.1). The attribute is 40 01 01 00.
  const Octets origin = {0x40, 1, 1, 0};
  const auto found = std::search(one.begin(), one.end(), origin.begin(), origin.end());
  ASSERT_NE(found, one.end());
  found[3] = 9;
  for (int i = 0; i < 100; ++i) receive(one);
  EXPECT_EQ(peer_.state(), State::kEstablished);
  EXPECT_EQ(sink_.updates.size(), 100U);
  EXPECT_EQ(peer_.counters().treated_as_withdraw, 100U);
  EXPECT_EQ(sink_.count(EventKind::kUpdateError), std::size_t{kUpdateErrorBurst});
  EXPECT_EQ(sink_.text_of(EventKind::kUpdateError).substr(0, 21), "treated as withdrawn:");
  now_ += kUpdateErrorWindow;
  receive(one);
  EXPECT_EQ(sink_.count(EventKind::kUpdateError), kUpdateErrorBurst + 2U);
  EXPECT_NE(sink_.events[sink_.events.size() - 2].text.find("90 more"), std::string::npos);
}

TEST_F(PeerTest, RouteRefreshBothWays) {
  establish();
  EXPECT_TRUE(peer_.send_route_refresh(Family::kEvpn, now_));
  EXPECT_FALSE(peer_.send_route_refresh(Family::kIpv6Unicast, now_)) << "not negotiated";
  (void)commands();
  Octets want;
  wire::encode_route_refresh({25, 0, 70}, want);
  EXPECT_EQ(sent_.back(), want);
  Octets octets;
  wire::encode_route_refresh({25, 0, 70}, octets);
  wire::encode_route_refresh({1, 1, 1}, octets);
  wire::encode_route_refresh({1, 2, 1}, octets);
  wire::encode_route_refresh({2, 0, 1}, octets);   // not negotiated: ignored
  wire::encode_route_refresh({1, 9, 1}, octets);   // unknown subtype: ignored
  wire::encode_route_refresh({77, 0, 1}, octets);  // unknown family: ignored
  receive(octets);
  EXPECT_EQ(sink_.refreshes,
            (std::vector<std::pair<Family, std::uint8_t>>{
                {Family::kEvpn, 0}, {Family::kIpv4Unicast, 1}, {Family::kIpv4Unicast, 2}}));
  EXPECT_EQ(sink_.count(EventKind::kRouteRefresh), 3U);
  EXPECT_EQ(peer_.state(), State::kEstablished);
}

TEST_F(PeerTest, NoRefreshForWhoDoesNotKnowIt) {
  connect();
  wire::Open open = make_open(settings_b());
  open.capabilities.route_refresh = false;
  receive_open(open);
  receive_keepalive();
  EXPECT_TRUE(peer_.established());
  EXPECT_FALSE(peer_.send_route_refresh(Family::kEvpn, now_));
}

TEST_F(PeerTest, ABadRefreshResets) {
  establish();
  Octets bad(16, 0xff);
  Writer w(bad);
  w.u16(24);
  w.u8(5);
  w.u32(0x00010101);  // BoRR with an octet too many (RFC 7313 5)
  w.u8(0);
  receive(bad);
  const Notification n = expect_notified();
  EXPECT_EQ(n.code, ErrorCode::kRouteRefresh);
  EXPECT_EQ(n.subcode, 1);
}

TEST_F(PeerTest, StopSaysWhyAndStaysDown) {
  establish();
  peer_.stop(wire::make_cease(CeaseSubcode::kAdministrativeShutdown, "good night"), now_);
  const Notification n = expect_notified();
  EXPECT_EQ(n, wire::make_cease(CeaseSubcode::kAdministrativeShutdown, "good night"));
  EXPECT_TRUE(peer_.admin_down());
  EXPECT_EQ(peer_.state(), State::kIdle);
  // The report waits for a call that has a sink, and asks for it.
  EXPECT_TRUE(sink_.downs.empty());
  EXPECT_TRUE(peer_.has_reports());
  EXPECT_TRUE(is_due(peer_.next_deadline(), now_));
  advance(seconds(3600));
  EXPECT_FALSE(peer_.has_reports());
  EXPECT_EQ(sink_.downs,
            std::vector<std::string>{"perd sent Cease/Administrative Shutdown: \"good night\""});
  EXPECT_TRUE(commands().empty());
  // Nobody gets in.
  peer_.on_accepted(ConnectionId{2}, kOwn, now_);
  const auto closes = only<CloseConnectionCommand>(commands());
  ASSERT_EQ(closes.size(), 1U);
  EXPECT_EQ(closes[0].connection, ConnectionId{2});
  EXPECT_FALSE(peer_.send(Octets(19), now_));
  peer_.start(now_);
  EXPECT_EQ(peer_.state(), State::kConnect);
}

TEST_F(PeerTest, ClosedWithANotificationItComesBack) {
  establish();
  peer_.send_notification_and_close(wire::make_cease(CeaseSubcode::kMaximumPrefixes), now_, sink_);
  EXPECT_EQ(expect_notified().subcode, 1);
  EXPECT_EQ(sink_.downs.size(), 1U);
  advance(seconds(1));
  EXPECT_EQ(only<DialCommand>(commands()).size(), 1U);
}

TEST_F(PeerTest, SettingsThatDoNotTouchTheSession) {
  establish();
  PeerSettings s = settings_a();
  s.connect_seconds = 9;
  s.keepalive_seconds = 10;
  s.hostname = "new";
  EXPECT_FALSE(peer_.change_settings(s, now_));
  s.passive = true;
  EXPECT_FALSE(peer_.change_settings(s, now_));
  EXPECT_EQ(peer_.state(), State::kEstablished);
  EXPECT_TRUE(commands().empty());
  EXPECT_EQ(peer_.settings(), s);
}

TEST_F(PeerTest, SettingsThatNeedANewSession) {
  establish();
  PeerSettings s = settings_a();
  s.families.add(Family::kIpv6Unicast);
  EXPECT_TRUE(peer_.change_settings(s, now_));
  std::vector<TransportCommand> out;
  peer_.take_commands(out);
  ASSERT_EQ(out.size(), 3U);
  Octets want;
  wire::encode_notification(wire::make_cease(CeaseSubcode::kOtherConfigurationChange), want);
  EXPECT_EQ(std::get<SendCommand>(out[0]).octets, want);
  EXPECT_TRUE(std::get<CloseConnectionCommand>(out[1]).after_flush);
  EXPECT_EQ(std::get<DialCommand>(out[2]).remote, s.address);  // at once
  peer_.tick(now_, sink_);
  EXPECT_EQ(sink_.downs, std::vector<std::string>{"configuration changed"});
}

TEST_F(PeerTest, PassiveNeverDialsUntilItMay) {
  PeerSettings s = settings_a();
  s.passive = true;
  (void)peer_.change_settings(s, now_);
  peer_.start(now_);
  advance(seconds(1000));
  EXPECT_TRUE(commands().empty());
  EXPECT_EQ(peer_.state(), State::kActive);
  EXPECT_FALSE(peer_.next_deadline());
  s.passive = false;
  EXPECT_FALSE(peer_.change_settings(s, now_));
  EXPECT_EQ(only<DialCommand>(commands()).size(), 1U);
}

TEST_F(PeerTest, BackpressureIsALimitWithTwoMarks) {
  establish();
  EXPECT_TRUE(peer_.can_send());
  while (peer_.can_send()) EXPECT_TRUE(peer_.send(Octets(100000), now_));
  EXPECT_GE(peer_.unsent(), kOutboundHighWater);
  EXPECT_LT(peer_.unsent(), kOutboundHighWater + 100000);
  Octets kept(50, 1);
  EXPECT_FALSE(peer_.send(std::move(kept), now_));
  EXPECT_EQ(kept.size(), 50U) << "nothing is taken";  // NOLINT(bugprone-use-after-move)
  peer_.on_send_progress(id_, peer_.unsent() - kOutboundLowWater - 1, now_);
  EXPECT_FALSE(peer_.can_send());
  peer_.on_send_progress(id_, 1, now_);
  EXPECT_TRUE(peer_.can_send());
}

// RFC 9687: the neighbour sends KEEPALIVEs but takes nothing. No KEEPALIVE of ours piles up.
TEST_F(PeerTest, SendHoldTimer) {
  establish();
  EXPECT_TRUE(peer_.send(Octets(100000), now_));
  const TimePoint stuck = now_;
  (void)commands();
  while (peer_.established() && now_ - stuck < seconds(10000)) {
    advance(seconds(50));
    EXPECT_LE(peer_.unsent(), 100000U);
    if (peer_.established()) receive_keepalive();
  }
  EXPECT_EQ(sink_.downs,
            std::vector<std::string>{"send hold timer expired: the neighbor takes no data"});
  EXPECT_GE(now_ - stuck, kMinSendHoldTime);
  EXPECT_LE(now_ - stuck, kMinSendHoldTime + seconds(50));
  const auto closes = only<CloseConnectionCommand>(commands());
  ASSERT_FALSE(closes.empty());
  EXPECT_FALSE(closes[0].after_flush);
}

TEST_F(PeerTest, SendHoldTimerRestartsWithProgress) {
  establish();
  EXPECT_TRUE(peer_.send(Octets(100000), now_));
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 4; ++k) {
      advance(seconds(100));
      receive_keepalive();
    }
    peer_.on_send_progress(id_, 10, now_);
  }
  EXPECT_TRUE(peer_.established());
}

TEST_F(PeerTest, StaleIdsAreIgnored) {
  establish();
  peer_.on_connection_down(ConnectionId{99}, "x", now_, sink_);
  peer_.on_connection_up(ConnectionId{99}, kOwn, now_);
  peer_.on_connection_up(id_, kOwn, now_);
  peer_.on_received(ConnectionId{99}, Octets(19, 0), now_, sink_);
  peer_.on_send_progress(ConnectionId{99}, 5, now_);
  peer_.on_received(ConnectionId{0}, Octets(19, 0), now_, sink_);
  EXPECT_TRUE(peer_.established());
  EXPECT_TRUE(peer_.has(id_));
  EXPECT_FALSE(peer_.has(ConnectionId{0}));
}

}  // namespace
}  // namespace perd::session::test
