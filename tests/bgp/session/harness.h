// A Recorder that remembers what a Peer reports, and a Network in which two Peers meet: virtual
// time, streams that are cut anywhere, delays, refusals, resets and readers that do not read.
// Seeded.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bgp/session/negotiate.h"
#include "bgp/session/peer.h"
#include "perd/overloaded.h"

namespace perd::session::test {

inline TimePoint at(Duration d) { return TimePoint{} + d; }

class Recorder final : public PeerSink {
 public:
  void on_session_up(PeerId, const Negotiated& n) override {
    EXPECT_FALSE(is_up) << "up twice without down";
    is_up = true;
    ++ups;
    negotiated = n;
  }
  void on_session_down(PeerId, const std::string& reason) override {
    EXPECT_TRUE(is_up) << "down without up";
    is_up = false;
    downs.push_back(reason);
  }
  void on_update(PeerId, wire::Update& update) override {
    EXPECT_TRUE(is_up);
    updates.push_back(std::move(update));
  }
  void on_route_refresh(PeerId, Family family, std::uint8_t subtype) override {
    EXPECT_TRUE(is_up);
    refreshes.emplace_back(family, subtype);
  }
  void on_event(Event&& event) override { events.push_back(std::move(event)); }

  [[nodiscard]] std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [kind](const Event& e) { return e.kind == kind; }));
  }
  [[nodiscard]] std::string text_of(EventKind kind) const {
    for (const Event& e : events) {
      if (e.kind == kind) return e.text;
    }
    return {};
  }

  bool is_up = false;
  int ups = 0;
  Negotiated negotiated;
  std::vector<std::string> downs;
  std::vector<wire::Update> updates;
  std::vector<std::pair<Family, std::uint8_t>> refreshes;
  std::vector<Event> events;
};

inline FamilySet families(std::initializer_list<Family> list) {
  FamilySet s;
  for (const Family f : list) s.add(f);
  return s;
}

inline PeerSettings settings_a() {
  PeerSettings s;
  s.address = IpAddress::v4(0x0a000002);
  s.local_asn = Asn{64514};
  s.remote_asn = Asn{64512};
  s.router_id = RouterId{0x01010101};
  s.families = families({Family::kIpv4Unicast, Family::kEvpn});
  return s;
}
inline PeerSettings settings_b() {
  PeerSettings s;
  s.address = IpAddress::v4(0x0a000001);
  s.local_asn = Asn{64512};
  s.remote_asn = Asn{64514};
  s.router_id = RouterId{0x02020202};
  s.families = families({Family::kIpv4Unicast, Family::kEvpn});
  return s;
}

// An UPDATE with one IPv4 route, as octets.
inline std::vector<std::uint8_t> one_route(const wire::CodecContext& codec, std::uint32_t address) {
  wire::Update u;
  u.attributes.origin = wire::Origin::kIgp;
  u.attributes.has_as_path = true;
  if (codec.ebgp)
    u.attributes.as_path.segments.push_back({wire::SegmentType::kSequence, {codec.local_asn}});
  if (!codec.ebgp) u.attributes.local_pref = 100;
  u.attributes.next_hop = IpAddress::v4(0x0a000001);
  u.announced.ipv4.push_back({});
  u.announced.ipv4.back().prefix = IpPrefix::make(IpAddress::v4(address), 24);
  std::vector<std::uint8_t> out;
  EXPECT_TRUE(wire::encode_update(u, codec, out));
  return out;
}

struct Node {
  Node(PeerId id, PeerSettings s, std::uint64_t seed, IpAddress own)
      : peer(id, std::move(s), seed, ids), address(own) {}
  ConnectionIdSource ids;
  Peer peer;
  Recorder sink;
  IpAddress address;
  std::uint32_t next_accepted = 2;
  bool listens = true;
  bool reads = true;     // false: the other side's octets pile up in kernel buffers
  bool freezes = false;  // the process gets no turn at all; what arrives waits
  std::uint64_t dials = 0;
};

class Network {
 public:
  static constexpr std::size_t kKernelBuffers = 128U << 10;

  Network(PeerSettings a, PeerSettings b, std::uint64_t seed)
      : random_(seed),
        nodes_{Node(PeerId{1}, a, random_.next(), b.address),
               Node(PeerId{2}, b, random_.next(), a.address)} {}

  Node& a() { return nodes_[0]; }
  Node& b() { return nodes_[1]; }
  [[nodiscard]] TimePoint now() const { return now_; }

  Duration min_delay = milliseconds(1);
  Duration max_delay = milliseconds(1);
  bool split = false;      // cut streams anywhere
  bool blackhole = false;  // nothing arrives any more, nothing fails

  void start() {
    for (Node& n : nodes_) {
      n.peer.start(now_);
      pump(n);
    }
  }
  // Calls a function on a node's peer and carries out what follows.
  template <class F>
  void with(Node& n, F f) {
    f(n.peer);
    pump(n);
  }
  void run_for(Duration d) {
    const TimePoint end = now_ + d;
    while (step(end)) {
    }
    now_ = end;
  }
  // True when it came true in time.
  bool run_until(const std::function<bool()>& done, Duration limit) {
    const TimePoint end = now_ + limit;
    while (!done()) {
      if (!step(end)) {
        now_ = end;
        return done();
      }
    }
    return true;
  }
  bool both_up() { return a().sink.is_up && b().sink.is_up; }

  // Every connection breaks; both ends are told.
  void reset_all() {
    for (auto& w : wires_) {
      for (std::size_t side = 0; side < 2; ++side) end(*w, side, "connection reset by peer");
    }
  }
  [[nodiscard]] std::size_t open_connections() const {
    std::size_t n = 0;
    for (const auto& w : wires_) n += std::size_t{w->open[0] && w->open[1]};
    return n;
  }
  void thaw(Node& n) {
    n.freezes = false;
    pump(n);
  }

 private:
  struct Wire {
    std::array<ConnectionId, 2> id{};    // by node
    std::array<bool, 2> open{};          // that side still knows the id
    std::array<TimePoint, 2> arrives{};  // last arrival at that side, to keep the order
    std::array<std::size_t, 2> stuck{};  // octets sent towards that side that it did not read
  };
  using Action = std::function<void()>;

  std::size_t index(const Node& n) const { return static_cast<std::size_t>(&n - nodes_.data()); }
  Duration delay() {
    const auto spread = static_cast<std::uint64_t>((max_delay - min_delay).count()) + 1;
    return min_delay + Duration(static_cast<std::int64_t>(random_.below(spread)));
  }
  void later(TimePoint t, Action f) { queue_.emplace(std::pair(t, sequence_++), std::move(f)); }

  // The next queued action or deadline, if it lies before `end`.
  bool step(TimePoint end) {
    Deadline next;
    if (!queue_.empty()) next = queue_.begin()->first.first;
    for (Node& n : nodes_) {
      if (!n.freezes) next = earliest(next, n.peer.next_deadline());
    }
    if (!next || *next > end) return false;
    now_ = std::max(now_, *next);
    if (!queue_.empty() && queue_.begin()->first.first <= now_) {
      Action f = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      f();
      return true;
    }
    for (Node& n : nodes_) {
      if (n.freezes || !is_due(n.peer.next_deadline(), now_)) continue;
      n.peer.tick(now_, n.sink);
      pump(n);
    }
    return true;
  }

  void pump(Node& n) {
    std::vector<TransportCommand> commands;
    n.peer.take_commands(commands);
    for (auto& c : commands) {
      std::visit(Overloaded{[&](DialCommand& d) { dial(n, d); }, [](AdoptAcceptedCommand&) {},
                            [&](SendCommand& s) { send(n, s); },
                            [&](CloseConnectionCommand& x) { close(n, x.connection); },
                            [](ListenCommand&) { FAIL() << "a neighbour never listens"; }},
                 c);
    }
  }

  Wire* find(const Node& n, ConnectionId id) {
    for (auto& w : wires_) {
      if (w->id[index(n)] == id && w->open[index(n)]) return w.get();
    }
    return nullptr;
  }

  void dial(Node& n, const DialCommand& d) {
    const std::size_t me = index(n);
    ++n.dials;
    wires_.push_back(std::make_shared<Wire>());
    auto w = wires_.back();
    w->id[me] = d.connection;
    w->open[me] = true;
    if (blackhole) return;
    later(now_ + delay(), [this, w, me] {
      Node& from = nodes_[me];
      Node& to = nodes_[1 - me];
      if (!w->open[me]) return;
      if (!to.listens) return end(*w, me, "connection refused");
      w->id[1 - me] = ConnectionId{to.next_accepted};
      to.next_accepted += 2;
      w->open[1 - me] = true;
      later(arrival(*w, me), [this, w, me, &from] {
        if (!w->open[me]) return;
        from.peer.on_connection_up(w->id[me], from.address, now_);
        pump(from);
      });
      to.peer.on_accepted(w->id[1 - me], to.address, now_);
      pump(to);
    });
  }

  // Keeps the order of one direction.
  TimePoint arrival(Wire& w, std::size_t side) {
    w.arrives[side] = std::max(w.arrives[side], now_ + delay());
    return w.arrives[side];
  }

  void send(Node& n, SendCommand& s) {
    const std::size_t me = index(n);
    Wire* found = find(n, s.connection);
    ASSERT_NE(found, nullptr) << "octets for a connection that is dead";
    auto w = shared(found);
    if (!nodes_[1 - me].reads) {
      const std::size_t room = kKernelBuffers - std::min(kKernelBuffers, w->stuck[1 - me]);
      w->stuck[1 - me] += s.octets.size();
      const std::size_t gone = std::min(room, s.octets.size());
      if (gone != 0) progress(w, me, gone);
      return;
    }
    progress(w, me, s.octets.size());
    if (blackhole) return;
    std::size_t from = 0;
    while (from < s.octets.size()) {
      std::size_t n_octets = s.octets.size() - from;
      if (split) n_octets = 1 + random_.below(std::min<std::size_t>(n_octets, 40));
      const auto first = s.octets.begin() + static_cast<std::ptrdiff_t>(from);
      deliver(w, 1 - me, {first, first + static_cast<std::ptrdiff_t>(n_octets)});
      from += n_octets;
    }
  }
  void progress(const std::shared_ptr<Wire>& w, std::size_t side, std::size_t octets) {
    later(now_, [this, w, side, octets] {
      if (!w->open[side]) return;
      nodes_[side].peer.on_send_progress(w->id[side], octets, now_);
      pump(nodes_[side]);
    });
  }
  void deliver(const std::shared_ptr<Wire>& w, std::size_t side, std::vector<std::uint8_t> octets) {
    later(arrival(*w, side), [this, w, side, octets = std::move(octets)]() mutable {
      arrive(w, side, std::move(octets));
    });
  }
  void arrive(const std::shared_ptr<Wire>& w, std::size_t side, std::vector<std::uint8_t> octets) {
    if (!w->open[side]) return;
    Node& n = nodes_[side];
    if (n.freezes) {  // lies in the socket until the process runs again
      return later(now_ + milliseconds(50), [this, w, side, o = std::move(octets)]() mutable {
        arrive(w, side, std::move(o));
      });
    }
    n.peer.on_received(w->id[side], octets, now_, n.sink);
    pump(n);
  }
  void close(Node& n, ConnectionId id) {
    Wire* w = find(n, id);
    ASSERT_NE(w, nullptr) << "closed twice or after its end";
    w->open[index(n)] = false;
    if (!blackhole) end(*w, 1 - index(n), "closed by peer");
  }
  void end(Wire& wire, std::size_t side, const std::string& reason) {
    auto w = shared(&wire);
    later(arrival(wire, side), [this, w, side, reason] {
      if (!w->open[side]) return;
      w->open[side] = false;
      nodes_[side].peer.on_connection_down(w->id[side], reason, now_, nodes_[side].sink);
      pump(nodes_[side]);
    });
  }
  std::shared_ptr<Wire> shared(const Wire* wire) {
    for (auto& w : wires_) {
      if (w.get() == wire) return w;
    }
    return nullptr;
  }

  Random random_;
  std::array<Node, 2> nodes_;
  TimePoint now_{};
  std::map<std::pair<TimePoint, std::uint64_t>, Action> queue_;
  std::uint64_t sequence_ = 0;
  std::vector<std::shared_ptr<Wire>> wires_;
};

}  // namespace perd::session::test
