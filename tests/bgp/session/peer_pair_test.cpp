// Goal: two neighbours find each other and stay together, whatever the network does: streams cut at
// any octet, delays, collisions, resets, refusals, frozen processes, readers that do not read.
// Method: two Peers over the Network of harness.h, virtual time, seeds printed on failure.
#include <gtest/gtest.h>

#include "harness.h"

namespace perd::session::test {
namespace {

using wire::CeaseSubcode;

TEST(PeerPair, ComesUpWithinAMoment) {
  Network net(settings_a(), settings_b(), 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(3)));
  EXPECT_EQ(net.a().sink.negotiated.remote_id, settings_b().router_id);
  EXPECT_EQ(net.b().sink.negotiated.remote_id, settings_a().router_id);
  net.run_for(seconds(3600));
  EXPECT_EQ(net.a().sink.ups, 1);
  EXPECT_EQ(net.b().sink.ups, 1);
  EXPECT_EQ(net.open_connections(), 1U);
}

// Both dial at once: every order of events must leave one session on one connection.
TEST(PeerPair, CollisionsOfEveryKind) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PeerSettings a = settings_a();
    PeerSettings b = settings_b();
    if (seed % 4 == 1) std::swap(a.router_id, b.router_id);
    if (seed % 4 == 2) b.router_id = a.router_id;  // RFC 6286: the AS number decides
    Network net(a, b, seed);
    net.split = seed % 2 == 0;
    net.max_delay = milliseconds(static_cast<std::int64_t>(1 + seed % 60));
    net.start();
    ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(20)));
    net.run_for(seconds(200));
    EXPECT_TRUE(net.both_up());
    EXPECT_EQ(net.open_connections(), 1U);
    EXPECT_LE(net.a().sink.ups, 2);
    EXPECT_LE(net.b().sink.ups, 2);
    EXPECT_EQ(net.a().sink.negotiated.incoming, !net.b().sink.negotiated.incoming);
  }
}

// Equal delays: both OPENs cross, so that both see the collision in OpenConfirm (RFC 4271 6.8).
TEST(PeerPair, TheHigherIdKeepsItsConnection) {
  for (const bool a_higher : {true, false}) {
    PeerSettings a = settings_a();
    PeerSettings b = settings_b();
    if (a_higher) std::swap(a.router_id, b.router_id);
    Network net(a, b, 1);
    net.start();
    ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
    net.run_for(seconds(10));
    EXPECT_EQ(net.a().sink.ups, 1);
    EXPECT_EQ(net.b().sink.ups, 1);
    EXPECT_EQ(net.a().sink.negotiated.incoming, !a_higher);
    EXPECT_EQ(net.b().sink.negotiated.incoming, a_higher);
    EXPECT_EQ(net.open_connections(), 1U);
    // A collision is how it works, not a problem to tell.
    EXPECT_EQ(net.a().sink.count(EventKind::kSessionProblem), 0U);
    EXPECT_EQ(net.b().sink.count(EventKind::kSessionProblem), 0U);
  }
}

struct Shape {
  const char* name;
  bool a_passive, b_passive, a_listens, b_listens, comes_up;
};
TEST(PeerPair, WhoDialsAndWhoListens) {
  const Shape shapes[] = {
      {"a passive", true, false, true, true, true},
      {"b passive", false, true, true, true, true},
      {"both passive", true, true, true, true, false},
      {"only a listens", false, false, true, false, true},
      {"only b listens", false, false, false, true, true},
      {"nobody listens", false, false, false, false, false},
      {"passive and the other cannot listen", true, false, true, false, true},
  };
  for (const Shape& s : shapes) {
    SCOPED_TRACE(s.name);
    PeerSettings a = settings_a();
    PeerSettings b = settings_b();
    a.passive = s.a_passive;
    b.passive = s.b_passive;
    Network net(a, b, 5);
    net.a().listens = s.a_listens;
    net.b().listens = s.b_listens;
    net.start();
    EXPECT_EQ(net.run_until([&] { return net.both_up(); }, seconds(60)), s.comes_up);
    EXPECT_EQ(net.a().dials == 0, s.a_passive);
    EXPECT_EQ(net.b().dials == 0, s.b_passive);
  }
}

TEST(PeerPair, ANeighbourThatComesBackIsThereWithinASecond) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Network net(settings_a(), settings_b(), seed);
    net.start();
    ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
    net.run_for(seconds(30));
    net.reset_all();
    net.run_for(milliseconds(2));
    ASSERT_FALSE(net.a().sink.is_up);
    EXPECT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(1)));
  }
}

// Away for a while, with its port closed; then it listens again but does not dial (passive).
TEST(PeerPair, APassiveNeighbourThatComesBackIsFoundByTheNextDial) {
  PeerSettings b = settings_b();
  b.passive = true;
  Network net(settings_a(), b, 3);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  net.b().listens = false;
  net.reset_all();
  net.run_for(seconds(600));
  EXPECT_EQ(net.a().sink.count(EventKind::kSessionProblem), 1U) << "said once, not each dial";
  EXPECT_GE(net.a().dials, 100U);
  net.b().listens = true;
  EXPECT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(6)));
}

TEST(PeerPair, HoldTimerEndsASilentSession) {
  PeerSettings a = settings_a();
  a.hold_seconds = 9;
  Network net(a, settings_b(), 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  net.run_for(seconds(60));
  ASSERT_TRUE(net.both_up());
  net.blackhole = true;
  net.run_for(seconds(10));
  EXPECT_EQ(net.a().sink.downs,
            std::vector<std::string>{"hold timer expired: nothing heard for 9 s"});
  EXPECT_EQ(net.b().sink.downs,
            std::vector<std::string>{"hold timer expired: nothing heard for 9 s"});
  net.blackhole = false;
  EXPECT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(8)));
}

// Frozen for less than the neighbour's hold time but more than its own timers could bear.
TEST(PeerPair, AFrozenProcessKeepsItsSession) {
  PeerSettings a = settings_a();
  PeerSettings b = settings_b();
  a.hold_seconds = b.hold_seconds = 9;
  Network net(a, b, 2);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  for (int i = 0; i < 5; ++i) {
    net.a().freezes = true;
    net.run_for(seconds(5));
    net.thaw(net.a());
    net.run_for(seconds(5));
    ASSERT_TRUE(net.both_up());
  }
  EXPECT_EQ(net.a().sink.ups, 1);
}

TEST(PeerPair, HoldTimeZeroLastsForEver) {
  PeerSettings a = settings_a();
  PeerSettings b = settings_b();
  a.hold_seconds = 0;
  b.passive = true;  // one connection: each KEEPALIVE below answers an OPEN
  Network net(a, b, 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  net.run_for(seconds(100000));
  EXPECT_TRUE(net.both_up());
  EXPECT_EQ(net.a().peer.counters().sent_of(wire::MessageType::kKeepalive), 1U);
}

TEST(PeerPair, WrongAsIsToldOnceAndMended) {
  PeerSettings a = settings_a();
  a.remote_asn = Asn{65000};
  Network net(a, settings_b(), 1);
  net.start();
  net.run_for(seconds(600));
  EXPECT_EQ(net.a().sink.ups + net.b().sink.ups, 0);
  EXPECT_EQ(net.a().sink.text_of(EventKind::kSessionProblem),
            "wrong AS number: the neighbor says 64512, configured is 65000");
  EXPECT_EQ(net.b().sink.text_of(EventKind::kSessionProblem),
            "the neighbor sent OPEN Message Error/Bad Peer AS");
  EXPECT_LE(net.a().sink.events.size(), 4U);
  EXPECT_LE(net.b().sink.events.size(), 4U);
  // The operator mends it: connected within a moment, no waiting for the back-off.
  net.with(net.a(), [&](Peer& p) { (void)p.change_settings(settings_a(), net.now()); });
  EXPECT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(1)));
}

TEST(PeerPair, ShutdownTextArrives) {
  Network net(settings_a(), settings_b(), 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  net.with(net.a(), [&](Peer& p) {
    p.stop(wire::make_cease(CeaseSubcode::kAdministrativeShutdown, "maintenance"), net.now());
  });
  net.run_for(seconds(60));
  EXPECT_EQ(
      net.b().sink.downs,
      std::vector<std::string>{"the neighbor sent Cease/Administrative Shutdown: \"maintenance\""});
  EXPECT_EQ(net.a().sink.downs.size(), 1U);
  EXPECT_EQ(net.open_connections(), 0U);
  net.with(net.a(), [&](Peer& p) { p.start(net.now()); });
  EXPECT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(1)));
}

TEST(PeerPair, ReloadTouchesOnlyWhatItMust) {
  Network net(settings_a(), settings_b(), 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  PeerSettings same = settings_a();
  same.connect_seconds = 30;
  net.with(net.a(), [&](Peer& p) { EXPECT_FALSE(p.change_settings(same, net.now())); });
  net.run_for(seconds(100));
  EXPECT_EQ(net.b().sink.ups, 1);
  same.hold_seconds = 30;
  net.with(net.a(), [&](Peer& p) { EXPECT_TRUE(p.change_settings(same, net.now())); });
  EXPECT_TRUE(net.run_until([&] { return net.b().sink.ups == 2 && net.both_up(); }, seconds(1)));
  EXPECT_EQ(net.b().sink.negotiated.hold_seconds, 30);
  EXPECT_EQ(net.b().sink.downs,
            std::vector<std::string>{"the neighbor sent Cease/Other Configuration Change"});
}

// Ten thousand UPDATEs, the stream cut anywhere: all arrive once and in order.
TEST(PeerPair, UpdatesSurviveAnyCut) {
  Network net(settings_a(), settings_b(), 11);
  net.split = true;
  net.max_delay = milliseconds(5);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  constexpr std::uint32_t kRoutes = 1000;
  for (std::uint32_t i = 0; i < kRoutes; ++i) {
    net.with(net.a(), [&](Peer& p) {
      EXPECT_TRUE(p.send(one_route(p.negotiated().codec, i << 8), net.now()));
    });
  }
  net.run_for(seconds(30));
  const auto& got = net.b().sink.updates;
  ASSERT_EQ(got.size(), kRoutes);
  for (std::uint32_t i = 0; i < kRoutes; ++i) {
    ASSERT_EQ(got[i].announced.ipv4.size(), 1U);
    ASSERT_EQ(got[i].announced.ipv4[0].prefix.address.v4_value(), i << 8);
  }
  EXPECT_TRUE(net.both_up());
  EXPECT_EQ(net.b().peer.counters().received_of(wire::MessageType::kUpdate), kRoutes);
  EXPECT_EQ(net.a().peer.counters().sent_of(wire::MessageType::kUpdate), kRoutes);
  EXPECT_EQ(net.a().peer.unsent(), 0U);
}

// The neighbour's process sends KEEPALIVEs but never reads: memory stays bounded, RFC 9687 ends it.
TEST(PeerPair, ANeighbourThatDoesNotRead) {
  PeerSettings b = settings_b();
  Network net(settings_a(), b, 1);
  net.start();
  ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, seconds(5)));
  net.b().reads = false;
  const TimePoint start = net.now();
  while (net.a().sink.is_up && net.now() - start < seconds(2000)) {
    net.with(net.a(), [&](Peer& p) {
      if (p.can_send()) (void)p.send(std::vector<std::uint8_t>(64U << 10), net.now());
    });
    // What b hears does not matter here; keep its own hold timer out of the game.
    std::vector<std::uint8_t> alive;
    wire::encode_keepalive(alive);
    for (const ConnectionId id : net.b().peer.connections()) {
      net.b().peer.on_received(id, alive, net.now(), net.b().sink);
    }
    ASSERT_LE(net.a().peer.unsent(), kOutboundHighWater + (64U << 10));
    net.run_for(seconds(5));
  }
  EXPECT_EQ(net.a().sink.downs,
            std::vector<std::string>{"send hold timer expired: the neighbor takes no data"});
  EXPECT_GE(net.now() - start, kMinSendHoldTime);
}

// A neighbour that lost everything without a FIN dials anew while our old session looks alive. With
// graceful restart agreed the new connection wins at once (RFC 4724 4.2).
TEST(PeerPair, GracefulRestartDialReplacesTheOldSession) {
  PeerSettings a = settings_a();
  a.graceful_restart_helper = true;
  a.passive = true;
  ConnectionIdSource ids;
  Peer peer(PeerId{1}, a, 1, ids);
  Recorder sink;
  TimePoint now = at(seconds(1));
  peer.start(now);
  wire::Open theirs = make_open(settings_b());
  theirs.capabilities.graceful_restart = wire::GracefulRestartCapability{};
  std::vector<std::uint8_t> hello;
  wire::encode_open(theirs, hello);
  wire::encode_keepalive(hello);
  peer.on_accepted(ConnectionId{2}, a.address, now);
  peer.on_received(ConnectionId{2}, hello, now, sink);
  ASSERT_TRUE(sink.is_up);
  peer.on_accepted(ConnectionId{4}, a.address, now);
  peer.on_received(ConnectionId{4}, hello, now, sink);
  EXPECT_EQ(sink.ups, 2);
  EXPECT_EQ(sink.downs, std::vector<std::string>{"the neighbor restarted"});
  EXPECT_EQ(peer.connections()[0], ConnectionId{4});
  EXPECT_FALSE(peer.has(ConnectionId{2}));
  EXPECT_EQ(peer.counters().sent_of(wire::MessageType::kNotification), 0U);
}

// Without it the established one stays (RFC 4271 6.8), but is probed.
TEST(PeerPair, TheEstablishedSessionStaysAndIsProbed) {
  PeerSettings a = settings_a();
  a.passive = true;
  ConnectionIdSource ids;
  Peer peer(PeerId{1}, a, 1, ids);
  Recorder sink;
  const TimePoint now = at(seconds(1));
  peer.start(now);
  std::vector<std::uint8_t> hello;
  wire::encode_open(make_open(settings_b()), hello);
  wire::encode_keepalive(hello);
  peer.on_accepted(ConnectionId{2}, a.address, now);
  peer.on_received(ConnectionId{2}, hello, now, sink);
  peer.on_send_progress(ConnectionId{2}, peer.unsent(), now);
  ASSERT_TRUE(sink.is_up);
  const auto keepalives = peer.counters().sent_of(wire::MessageType::kKeepalive);
  peer.on_accepted(ConnectionId{4}, a.address, now);
  EXPECT_EQ(peer.counters().sent_of(wire::MessageType::kKeepalive), keepalives + 1);
  peer.on_received(ConnectionId{4}, hello, now, sink);
  EXPECT_FALSE(peer.has(ConnectionId{4}));
  EXPECT_TRUE(peer.established());
  EXPECT_EQ(sink.ups, 1);
  EXPECT_EQ(peer.counters().sent_of(wire::MessageType::kNotification), 1U);
  // A third beside a second that is still opening: the older of the two is given up.
  peer.on_accepted(ConnectionId{6}, a.address, now);
  peer.on_accepted(ConnectionId{8}, a.address, now);
  EXPECT_FALSE(peer.has(ConnectionId{6}));
  EXPECT_TRUE(peer.has(ConnectionId{8}));
  // The old one is dead after all: the new one takes its place.
  peer.on_connection_down(ConnectionId{2}, "connection reset by peer", now, sink);
  peer.on_received(ConnectionId{8}, hello, now, sink);
  EXPECT_EQ(sink.ups, 2);
  EXPECT_EQ(peer.connections()[0], ConnectionId{8});
}

// Anything may happen at any time; when it stops, the session is up within a connect interval, on
// one connection, and every up had its down.
TEST(PeerPair, RandomTrouble) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    PeerSettings a = settings_a();
    PeerSettings b = settings_b();
    a.hold_seconds = b.hold_seconds = 9;
    Network net(a, b, random.next());
    net.split = true;
    net.max_delay = milliseconds(static_cast<std::int64_t>(random.below(300) + 1));
    net.start();
    for (int i = 0; i < 40; ++i) {
      Node& n = random.below(2) == 0 ? net.a() : net.b();
      switch (random.below(9)) {
        case 0:
          net.reset_all();
          break;
        case 1:
          n.listens = !n.listens;
          break;
        case 2:
          net.blackhole = !net.blackhole;
          break;
        case 3:
          n.freezes = true;
          break;
        case 4:
          net.thaw(n);
          break;
        case 5:
          net.with(n, [&](Peer& p) {
            p.stop(wire::make_cease(CeaseSubcode::kAdministrativeReset), net.now());
          });
          break;
        case 6:
          net.with(n, [&](Peer& p) { p.start(net.now()); });
          break;
        case 7:
          net.with(n, [&](Peer& p) {
            PeerSettings s = p.settings();
            s.hold_seconds = static_cast<std::uint16_t>(6 + random.below(5));
            (void)p.change_settings(s, net.now());
          });
          break;
        default:
          net.with(n, [&](Peer& p) {
            p.send_notification_and_close({wire::ErrorCode::kUpdate, 1, {}}, net.now(), n.sink);
          });
      }
      net.run_for(milliseconds(static_cast<std::int64_t>(random.below(4000))));
    }
    net.blackhole = false;
    for (Node* n : {&net.a(), &net.b()}) {
      n->listens = true;
      net.thaw(*n);
      net.with(*n, [&](Peer& p) { p.start(net.now()); });
    }
    ASSERT_TRUE(net.run_until([&] { return net.both_up(); }, kMaxIdleHold + seconds(15)));
    net.run_for(seconds(60));
    ASSERT_TRUE(net.both_up());
    EXPECT_EQ(net.open_connections(), 1U);
    for (Node* n : {&net.a(), &net.b()}) {
      EXPECT_EQ(static_cast<std::size_t>(n->sink.ups), n->sink.downs.size() + 1);
      EXPECT_EQ(n->peer.counters().established, static_cast<std::uint64_t>(n->sink.ups));
      EXPECT_EQ(n->peer.counters().dropped, n->sink.downs.size());
    }
  }
}

}  // namespace
}  // namespace perd::session::test
