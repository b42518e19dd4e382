// Goal: the TCP edge does what perd/transport.h promises, over real sockets on the loopback.
// Method: one or two AsioTransports in one io_context, ports chosen by the kernel, everything
// waited for by condition with a bound.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>

#include "bgp/io/asio_transport.h"

namespace perd::io {
namespace {

using Octets = std::vector<std::uint8_t>;
using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kLoopback = IpAddress::v4(0x7f000001);

// A transport and everything it has said.
struct Edge {
  explicit Edge(boost::asio::io_context& context, std::size_t limit = kMaxAccepted)
      : transport(
            context, [this](const TransportEvent& e) { take(e); }, limit) {}

  void take(const TransportEvent& event) {
    if (const auto* e = std::get_if<ConnectionUp>(&event)) ups.push_back(*e);
    if (const auto* e = std::get_if<Accepted>(&event)) accepted.push_back(*e);
    if (const auto* e = std::get_if<ConnectionDown>(&event)) downs.push_back(*e);
    if (const auto* e = std::get_if<ListenFailed>(&event)) failures.push_back(*e);
    if (const auto* e = std::get_if<SendProgress>(&event)) progress[e->connection] += e->octets;
    if (const auto* e = std::get_if<Received>(&event)) {
      EXPECT_LE(e->octets.size(), kReadTurn);
      auto& all = received[e->connection];
      all.insert(all.end(), e->octets.begin(), e->octets.end());
    }
    if (on_event) on_event(event);
  }
  void listen(std::vector<IpAddress> addresses, std::vector<ListenCommand::Md5Key> keys = {}) {
    transport.execute(ListenCommand{std::move(addresses), 0, std::move(keys)});
  }
  std::uint16_t port(std::size_t i = 0) {
    const auto all = transport.listening();
    EXPECT_GT(all.size(), i);
    return all.size() > i ? all[i].port() : std::uint16_t{0};
  }

  std::vector<ConnectionUp> ups;
  std::vector<Accepted> accepted;
  std::vector<ConnectionDown> downs;
  std::vector<ListenFailed> failures;
  std::map<ConnectionId, std::size_t> progress;
  std::map<ConnectionId, Octets> received;
  std::function<void(const TransportEvent&)> on_event;
  AsioTransport transport;
};

class TransportTest : public ::testing::Test {
 protected:
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) return done();
      context_.restart();
      context_.run_one_for(milliseconds(20));
    }
    return true;
  }
  // One connection between the two edges; its ids at both.
  std::pair<ConnectionId, ConnectionId> connect(TransportOptions dial = {},
                                                TransportOptions accept = {}) {
    if (server_.transport.listening().empty()) server_.listen({kLoopback});
    const ConnectionId id{next_ += 2};
    const std::size_t before = server_.accepted.size();
    client_.transport.execute(DialCommand{id, kLoopback, server_.port(), dial});
    EXPECT_TRUE(run_until([&] {
      return server_.accepted.size() > before && !client_.ups.empty() &&
             client_.ups.back().connection == id;
    }));
    if (server_.accepted.size() == before) return {};
    const ConnectionId other = server_.accepted.back().connection;
    server_.transport.execute(AdoptAcceptedCommand{other, accept});
    return {id, other};
  }

  boost::asio::io_context context_;
  Edge client_{context_};
  Edge server_{context_};
  std::uint32_t next_ = 1;
};

TEST_F(TransportTest, DialAcceptAndTalkBothWays) {
  const auto [c, s] = connect();
  EXPECT_EQ(c.value % 2, 1U);
  EXPECT_EQ(s.value % 2, 0U);
  EXPECT_EQ(client_.ups[0].local, kLoopback);
  EXPECT_EQ(server_.accepted[0].remote, kLoopback);
  EXPECT_EQ(server_.accepted[0].local, kLoopback);
  EXPECT_EQ(server_.accepted[0].remote_port, client_.ups[0].local_port);
  client_.transport.execute(SendCommand{c, {1, 2, 3}});
  client_.transport.execute(SendCommand{c, {4}});
  server_.transport.execute(SendCommand{s, {9, 8}});
  const ConnectionId sc = s;
  const ConnectionId cc = c;
  EXPECT_TRUE(run_until(
      [&] { return server_.received[sc].size() == 4 && client_.received[cc].size() == 2; }));
  EXPECT_EQ(server_.received[s], (Octets{1, 2, 3, 4}));
  EXPECT_EQ(client_.received[c], (Octets{9, 8}));
  EXPECT_EQ(client_.progress[c], 4U);
}

TEST_F(TransportTest, IPv6AndBothFamiliesOnOnePort) {
  const auto v6 = *parse_ip("::1");
  server_.listen({*parse_ip("0.0.0.0"), *parse_ip("::")});
  ASSERT_EQ(server_.transport.listening().size(), 2U);
  // The same port for both: the IPv6 socket takes IPv6 only.
  const std::uint16_t port = server_.port(0);
  server_.transport.execute(ListenCommand{{*parse_ip("0.0.0.0"), *parse_ip("::")}, port, {}});
  ASSERT_TRUE(run_until([&] { return server_.transport.listening().size() == 2; }));
  EXPECT_EQ(server_.port(1), port);
  client_.transport.execute(DialCommand{ConnectionId{1}, v6, port, {}});
  client_.transport.execute(DialCommand{ConnectionId{3}, kLoopback, port, {}});
  ASSERT_TRUE(run_until([&] { return server_.accepted.size() == 2 && client_.ups.size() == 2; }));
  std::vector<IpAddress> remotes{server_.accepted[0].remote, server_.accepted[1].remote};
  std::sort(remotes.begin(), remotes.end());
  EXPECT_EQ(remotes, (std::vector<IpAddress>{kLoopback, v6}));
}

TEST_F(TransportTest, RefusedDialInWords) {
  server_.listen({kLoopback});
  const std::uint16_t port = server_.port();
  server_.transport.execute(ListenCommand{{}, 0, {}});
  EXPECT_TRUE(server_.transport.listening().empty());
  client_.transport.execute(DialCommand{ConnectionId{1}, kLoopback, port, {}});
  EXPECT_TRUE(client_.downs.empty()) << "never from inside execute()";
  ASSERT_TRUE(run_until([&] { return !client_.downs.empty(); }));
  EXPECT_EQ(client_.downs[0].connection, ConnectionId{1});
  EXPECT_EQ(client_.downs[0].reason, "connection refused");
  EXPECT_EQ(client_.transport.connections(), 0U);
}

TEST_F(TransportTest, DialsThatCannotEvenStart) {
  struct Case {
    const char* reason;
    IpAddress remote;
    TransportOptions options;
  };
  TransportOptions strange_source;
  strange_source.source = *parse_ip("192.0.2.77");
  TransportOptions long_password;
  long_password.md5_password = std::string(81, 'x');
  const Case cases[] = {
      {"source address 192.0.2.77: cannot assign requested address", kLoopback, strange_source},
      {"MD5 password: argument list too long", kLoopback, long_password},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.reason);
    const std::size_t before = client_.downs.size();
    client_.transport.execute(DialCommand{ConnectionId{next_ += 2}, c.remote, 179, c.options});
    EXPECT_EQ(client_.downs.size(), before);
    ASSERT_TRUE(run_until([&] { return client_.downs.size() > before; }));
    EXPECT_EQ(client_.downs.back().reason, c.reason);
  }
}

TEST_F(TransportTest, SourceAddressIsBound) {
  TransportOptions options;
  options.source = *parse_ip("127.0.0.9");
  (void)connect(options);
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(server_.accepted[0].remote, *options.source);
  EXPECT_EQ(client_.ups[0].local, *options.source);
}

TEST_F(TransportTest, TheOtherSideCloses) {
  const auto ids = connect();
  server_.transport.execute(CloseConnectionCommand{ids.second, false});
  ASSERT_TRUE(run_until([&] { return !client_.downs.empty(); }));
  EXPECT_EQ(client_.downs[0].connection, ids.first);
  EXPECT_EQ(client_.downs[0].reason, "closed by peer");
  EXPECT_TRUE(server_.downs.empty()) << "who closes hears nothing more";
  EXPECT_EQ(server_.transport.connections(), 0U);
  // Commands for a dead id are ignored.
  server_.transport.execute(SendCommand{ids.second, {1}});
  server_.transport.execute(AdoptAcceptedCommand{ids.second, {}});
  server_.transport.execute(CloseConnectionCommand{ids.second, true});
}

// A NOTIFICATION before the close arrives although the neighbour's data lies unread in our socket.
TEST_F(TransportTest, CloseAfterFlushLetsTheLastWordsOut) {
  for (int round = 0; round < 20; ++round) {
    const auto ids = connect();
    client_.transport.execute(SendCommand{ids.first, Octets(200000, 7)});
    ASSERT_TRUE(run_until([&] { return client_.progress[ids.first] > 0; }));
    server_.transport.execute(SendCommand{ids.second, Octets(50000, 1)});
    server_.transport.execute(SendCommand{ids.second, {42}});
    server_.transport.execute(CloseConnectionCommand{ids.second, true});
    const std::size_t heard = server_.received[ids.second].size();
    const std::size_t before = client_.downs.size();
    ASSERT_TRUE(run_until([&] { return client_.downs.size() > before; }));
    ASSERT_EQ(client_.received[ids.first].size(), 50001U);
    EXPECT_EQ(client_.received[ids.first].back(), 42);
    EXPECT_EQ(client_.downs.back().reason, "closed by peer");
    EXPECT_EQ(server_.received[ids.second].size(), heard) << "nothing is reported after close";
    client_.downs.clear();
    EXPECT_TRUE(run_until([&] { return server_.transport.connections() == 0; }));
  }
}

TEST_F(TransportTest, CloseAfterFlushHasAnEnd) {
  const auto ids = connect();
  // The client's owner does not run: a raw socket that never reads.
  tcp::socket raw(context_);
  raw.connect({boost::asio::ip::address_v4::loopback(), server_.port()});
  ASSERT_TRUE(run_until([&] { return server_.accepted.size() == 2; }));
  const ConnectionId id = server_.accepted[1].connection;
  server_.transport.execute(AdoptAcceptedCommand{id, {}});
  server_.transport.execute(SendCommand{id, Octets(std::size_t{64} << 20)});
  server_.transport.execute(CloseConnectionCommand{id, true});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(run_until([&] { return server_.transport.connections() == 1; }, seconds(5)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(3));
  EXPECT_EQ(server_.transport.connections(), 1U);
  (void)ids;
}

TEST_F(TransportTest, CloseFromInsideAReport) {
  const auto ids = connect();
  const ConnectionId id = ids.second;
  server_.on_event = [&](const TransportEvent& e) {
    if (std::holds_alternative<Received>(e)) {
      server_.transport.execute(CloseConnectionCommand{id, false});
    }
  };
  client_.transport.execute(SendCommand{ids.first, Octets(300000)});
  ASSERT_TRUE(run_until([&] { return !client_.downs.empty(); }));
  EXPECT_LE(server_.received[id].size(), kReadTurn);
  EXPECT_TRUE(server_.downs.empty());
}

// One neighbour takes nothing: its octets wait, progress stops, the others are served as before.
TEST_F(TransportTest, ASlowReaderDelaysNobody) {
  server_.listen({kLoopback});
  tcp::socket slow(context_);
  slow.connect({boost::asio::ip::address_v4::loopback(), server_.port()});
  ASSERT_TRUE(run_until([&] { return server_.accepted.size() == 1; }));
  const ConnectionId stuck = server_.accepted[0].connection;
  server_.transport.execute(AdoptAcceptedCommand{stuck, {}});
  const auto ids = connect();
  constexpr std::size_t kMuch = std::size_t{64} << 20;
  server_.transport.execute(SendCommand{stuck, Octets(kMuch)});
  for (int i = 0; i < 100; ++i) {
    server_.transport.execute(SendCommand{ids.second, Octets(1000, static_cast<std::uint8_t>(i))});
  }
  const ConnectionId fast = ids.first;
  EXPECT_TRUE(run_until([&] { return client_.received[fast].size() == 100000; }, seconds(5)));
  EXPECT_LT(server_.progress[stuck], kMuch);
  EXPECT_TRUE(server_.downs.empty());
}

// More than any buffer holds, in order and without loss; progress adds up.
TEST_F(TransportTest, MuchDataInOrder) {
  const auto ids = connect();
  Octets want;
  for (std::uint32_t i = 0; i < 400; ++i) {
    Octets block(20011);
    for (std::size_t k = 0; k < block.size(); ++k) block[k] = static_cast<std::uint8_t>(i + k);
    want.insert(want.end(), block.begin(), block.end());
    client_.transport.execute(SendCommand{ids.first, std::move(block)});
  }
  const ConnectionId to = ids.second;
  const ConnectionId from = ids.first;
  ASSERT_TRUE(run_until([&] { return server_.received[to].size() == want.size(); }, seconds(30)));
  EXPECT_TRUE(server_.received[to] == want);
  EXPECT_EQ(client_.progress[from], want.size());
}

TEST_F(TransportTest, AcceptedConnectionsAreLimited) {
  Edge small(context_, 2);
  small.listen({kLoopback});
  for (std::uint32_t i = 0; i < 5; ++i) {
    client_.transport.execute(DialCommand{ConnectionId{i * 2 + 1}, kLoopback, small.port(), {}});
  }
  ASSERT_TRUE(run_until([&] { return small.transport.refused() == 3; }));
  EXPECT_EQ(small.accepted.size(), 2U);
  ASSERT_TRUE(run_until([&] { return client_.downs.size() == 3; }));
  // One goes, one may come.
  small.transport.execute(CloseConnectionCommand{small.accepted[0].connection, false});
  client_.transport.execute(DialCommand{ConnectionId{99}, kLoopback, small.port(), {}});
  EXPECT_TRUE(run_until([&] { return small.accepted.size() == 3; }));
}

TEST_F(TransportTest, ListeningIsState) {
  server_.listen({kLoopback});
  const std::uint16_t port = server_.port();
  const auto ids = connect();
  server_.listen({kLoopback});  // the same again: nothing is touched
  EXPECT_EQ(server_.port(), port);
  server_.listen({kLoopback, *parse_ip("::1")});
  EXPECT_EQ(server_.port(0), port);
  EXPECT_EQ(server_.transport.listening().size(), 2U);
  server_.listen({*parse_ip("::1")});
  ASSERT_EQ(server_.transport.listening().size(), 1U);
  EXPECT_TRUE(server_.transport.listening()[0].address().is_v6());
  // What was accepted lives on.
  client_.transport.execute(SendCommand{ids.first, {1}});
  const ConnectionId to = ids.second;
  EXPECT_TRUE(run_until([&] { return server_.received[to].size() == 1; }));
}

TEST_F(TransportTest, ListenFailuresInWords) {
  Edge other(context_);
  other.listen({kLoopback});
  const std::uint16_t port = other.port();
  server_.transport.execute(ListenCommand{{kLoopback}, port, {}});
  EXPECT_TRUE(server_.failures.empty()) << "never from inside execute()";
  ASSERT_TRUE(run_until([&] { return server_.failures.size() == 1; }));
  EXPECT_EQ(server_.failures[0].reason,
            "port " + std::to_string(port) + " is in use by another program");
  EXPECT_EQ(server_.failures[0].address, kLoopback);
  EXPECT_EQ(server_.failures[0].port, port);
  server_.transport.execute(ListenCommand{{*parse_ip("192.0.2.77")}, 0, {}});
  ASSERT_TRUE(run_until([&] { return server_.failures.size() == 2; }));
  EXPECT_EQ(server_.failures[1].reason, "cannot assign requested address");
  // Asked again once the port is free, it works.
  other.transport.execute(ListenCommand{{}, 0, {}});
  server_.transport.execute(ListenCommand{{kLoopback}, port, {}});
  EXPECT_EQ(server_.transport.listening().size(), 1U);
}

// RFC 2385. A wrong or missing password: the kernel drops the segments, the dial stays unanswered.
TEST_F(TransportTest, Md5Passwords) {
  struct Case {
    const char* name;
    std::vector<ListenCommand::Md5Key> keys;
    const char* password;
    bool connects;
  };
  const IpPrefix host = IpPrefix::host(kLoopback);
  const IpPrefix net = *parse_prefix("127.0.0.0/8");
  const Case cases[] = {
      {"same", {{host, "secret"}}, "secret", true},
      {"prefix", {{net, "secret"}}, "secret", true},
      {"wrong", {{host, "secret"}}, "other", false},
      {"missing at the dialler", {{host, "secret"}}, "", false},
      {"missing at the listener", {}, "secret", false},
      {"other peer's key only", {{IpPrefix::host(*parse_ip("192.0.2.1")), "x"}}, "", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Edge server(context_);
    server.listen({kLoopback}, c.keys);
    ASSERT_FALSE(run_until([&] { return !server.failures.empty(); }, milliseconds(1)))
        << server.failures[0].reason;
    TransportOptions options;
    options.md5_password = c.password;
    const ConnectionId id{next_ += 2};
    const std::size_t before = client_.ups.size();
    client_.transport.execute(DialCommand{id, kLoopback, server.port(), options});
    const bool up = run_until([&] { return client_.ups.size() > before; },
                              c.connects ? milliseconds(5000) : milliseconds(300));
    EXPECT_EQ(up, c.connects);
    client_.transport.execute(CloseConnectionCommand{id, false});
  }
}

TEST_F(TransportTest, Md5KeysFollowTheCommand) {
  const IpPrefix host = IpPrefix::host(kLoopback);
  server_.listen({kLoopback}, {{host, "one"}});
  const auto tries = [&](const char* password) {
    TransportOptions options;
    options.md5_password = password;
    const ConnectionId id{next_ += 2};
    const std::size_t before = client_.ups.size();
    client_.transport.execute(DialCommand{id, kLoopback, server_.port(), options});
    const bool up = run_until([&] { return client_.ups.size() > before; }, milliseconds(300));
    client_.transport.execute(CloseConnectionCommand{id, false});
    return up;
  };
  EXPECT_TRUE(tries("one"));
  server_.listen({kLoopback}, {{host, "two"}});
  EXPECT_FALSE(tries("one"));
  EXPECT_TRUE(tries("two"));
  server_.listen({kLoopback});
  EXPECT_FALSE(tries("two"));
  EXPECT_TRUE(tries(""));
  server_.listen({kLoopback}, {{host, std::string(81, 'x')}});
  ASSERT_TRUE(run_until([&] { return !server_.failures.empty(); }));
  EXPECT_EQ(server_.failures[0].reason, "MD5 password of 127.0.0.1/32: argument list too long");
}

// RFC 5082: what has travelled further than allowed is not heard, at either end, in either family.
TEST_F(TransportTest, GtsmDropsWhatComesFromFar) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    SCOPED_TRACE(address);
    const IpAddress local = *parse_ip(address);
    Edge server(context_);
    server.listen({local});
    struct Case {
      std::uint8_t dialler_ttl, minimum;
      bool heard;
    };
    for (const Case c :
         {Case{255, 255, true}, Case{64, 255, false}, Case{64, 64, true}, Case{1, 0, true}}) {
      SCOPED_TRACE(int{c.dialler_ttl});
      TransportOptions dial;
      dial.ttl = c.dialler_ttl;
      TransportOptions accept;
      accept.ttl = 255;
      accept.minimum_ttl = c.minimum;
      const ConnectionId id{next_ += 2};
      const std::size_t before = server.accepted.size();
      client_.transport.execute(DialCommand{id, local, server.port(), dial});
      ASSERT_TRUE(run_until([&] { return server.accepted.size() > before; }));
      const ConnectionId other = server.accepted.back().connection;
      const std::size_t downs = server.downs.size();
      server.transport.execute(AdoptAcceptedCommand{other, accept});
      if (c.heard) {
        ASSERT_TRUE(run_until([&] { return !client_.ups.empty(); }));
        client_.transport.execute(SendCommand{id, {1}});
        EXPECT_TRUE(run_until([&] { return !server.received[other].empty(); }));
        EXPECT_EQ(server.downs.size(), downs);
      } else {
        // The SYN already came from too far.
        EXPECT_TRUE(run_until([&] { return server.downs.size() > downs; }));
        EXPECT_EQ(server.downs.back().reason, "refused: it came over too many hops");
      }
      client_.transport.execute(CloseConnectionCommand{id, false});
      client_.ups.clear();
    }
    // And the dialler's side: the listener answers with 255, so the handshake passes.
    TransportOptions strict;
    strict.ttl = 255;
    strict.minimum_ttl = 255;
    client_.transport.execute(DialCommand{ConnectionId{next_ += 2}, local, server.port(), strict});
    EXPECT_TRUE(run_until([&] { return !client_.ups.empty(); }));
    client_.ups.clear();
  }
}

TEST_F(TransportTest, GoneWithEverythingOpen) {
  auto edge = std::make_unique<Edge>(context_);
  edge->listen({kLoopback});
  client_.transport.execute(DialCommand{ConnectionId{1}, kLoopback, edge->port(), {}});
  ASSERT_TRUE(run_until([&] { return edge->accepted.size() == 1; }));
  edge->transport.execute(AdoptAcceptedCommand{edge->accepted[0].connection, {}});
  edge->transport.execute(SendCommand{edge->accepted[0].connection, Octets(100000)});
  edge->transport.execute(DialCommand{ConnectionId{1}, kLoopback, 1, {}});
  edge->transport.execute(DialCommand{ConnectionId{3}, *parse_ip("192.0.2.1"), 1, {}});
  edge.reset();
  EXPECT_TRUE(run_until([&] { return !client_.downs.empty(); }));
}

TEST(Reasons, InWords) {
  namespace errc = boost::system::errc;
  struct Case {
    ErrorCode error;
    const char* words;
  };
  const Case cases[] = {
      {boost::asio::error::eof, "closed by peer"},
      {boost::asio::error::connection_refused, "connection refused"},
      {boost::asio::error::connection_reset, "connection reset by peer"},
      {boost::asio::error::timed_out, "connection timed out"},
      {boost::asio::error::host_unreachable, "no route to host"},
      {boost::asio::error::network_unreachable, "network is unreachable"},
      {boost::asio::error::address_in_use, "address already in use"},
      {boost::asio::error::access_denied, "permission denied"},
      {make_error_code(errc::broken_pipe), "broken pipe"},
  };
  for (const Case& c : cases) EXPECT_EQ(in_words(c.error), c.words);
}

}  // namespace
}  // namespace perd::io
