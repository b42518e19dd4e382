// One TCP connection to a neighbour: its state, its deadlines, its framing. A Session runs the
// effects of the state machine (fsm.h) and turns octets into triggers; it never looks at the other
// connection of the neighbour, never decides to start again and never reports to anyone: that is
// Peer.
//
// Limits: one partial message stored; what waits to be sent is bounded by Peer
// (kOutboundHighWater).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bgp/session/frame_buffer.h"
#include "bgp/session/fsm.h"
#include "bgp/session/settings.h"
#include "bgp/wire/message.h"
#include "perd/random.h"
#include "perd/time.h"
#include "perd/transport.h"

namespace perd::session {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr Duration kLargeHoldTime = seconds(240);  // RFC 4271 8.2.2, OpenSent
// RFC 9687 4.1: the greater of this and twice the hold time.
inline constexpr Duration kMinSendHoldTime = seconds(480);
// A dial that failed is repeated after this, then twice this, ... up to connect_seconds.
inline constexpr Duration kFirstRetry = milliseconds(250);
// A due hold timer waits this much longer once, so that data which lay unread while this process
// was busy is read first; again when that deadline, too, is met late by more than the slack.
inline constexpr Duration kHoldGrace = milliseconds(250);
inline constexpr Duration kTickSlack = milliseconds(100);
inline constexpr unsigned kMaxHoldGraces = 8;

inline constexpr std::size_t kMessageTypeCount = 6;  // index 0 unused

struct Counters {
  std::array<std::uint64_t, kMessageTypeCount> received{};  // by wire::MessageType
  std::array<std::uint64_t, kMessageTypeCount> sent{};
  std::uint64_t octets_received = 0;
  std::uint64_t octets_sent = 0;           // left for the kernel
  std::uint64_t established = 0;           // times the session came up
  std::uint64_t dropped = 0;               // times it went down again
  std::uint64_t connect_retries = 0;       // ConnectRetryCounter, RFC 4271 8.1
  std::uint64_t treated_as_withdraw = 0;   // UPDATEs, RFC 7606 2
  std::uint64_t attributes_discarded = 0;  // UPDATEs that lost attributes only
  [[nodiscard]] std::uint64_t received_of(wire::MessageType t) const {
    return received[static_cast<std::size_t>(t)];
  }
  [[nodiscard]] std::uint64_t sent_of(wire::MessageType t) const {
    return sent[static_cast<std::size_t>(t)];
  }
};

// The numbers of the connections perd opens: odd, never used twice, one source for all neighbours.
class ConnectionIdSource {
 public:
  [[nodiscard]] ConnectionId next() {
    const ConnectionId id{next_};
    next_ += 2;
    return id;
  }

 private:
  std::uint32_t next_ = 1;
};

// What the sessions of one neighbour share. Owned by Peer.
struct Surroundings {
  PeerSettings settings;
  Random random{0};
  ConnectionIdSource* ids = nullptr;
  std::vector<TransportCommand> commands;
  Counters counters;
  unsigned failed_dials = 0;  // since the neighbour's last good OPEN

  // RFC 4271 10: 75 to 100 % of the value.
  [[nodiscard]] Duration jittered(Duration d) {
    return d * static_cast<std::int64_t>(750 + random.below(251)) / 1000;
  }
};

// A message as a trigger. What came with it stays in the Session (or the Update given to read()).
struct Input {
  Trigger trigger{};
  wire::MessageType type{};
};

class Session {
 public:
  explicit Session(Surroundings& around) : around_(&around) {}

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] ConnectionId connection() const { return connection_; }
  [[nodiscard]] bool incoming() const { return incoming_; }
  [[nodiscard]] bool has(ConnectionId id) const { return id.value != 0 && connection_ == id; }

  // Before kTcpUp or kTcpAccepted; a connection under dial keeps its id.
  void attach(ConnectionId id, const IpAddress& local, bool incoming);
  // The connection is gone at the edge: nothing is left to close.
  void detach();
  // Runs the effects of the transition and returns them.
  std::uint16_t fire(Trigger t, TimePoint now);

  void feed(Bytes octets);
  // The next message as a trigger; nullopt when more octets are needed. `update` is filled for a
  // kUpdateGood in Established. For an error, what kSendNotification will say is set.
  [[nodiscard]] std::optional<Input> read(wire::Update& update);

  // A due deadline as a trigger, one at a time; nullopt when none is left.
  [[nodiscard]] std::optional<Trigger> due(TimePoint now);
  [[nodiscard]] Deadline next_deadline() const;
  void disarm_retry() { connect_retry_.reset(); }
  [[nodiscard]] bool retry_armed() const { return connect_retry_.has_value(); }

  void send(std::vector<std::uint8_t>&& messages, TimePoint now);
  void send_keepalive(TimePoint now);
  void progress(std::size_t octets, TimePoint now);
  [[nodiscard]] std::size_t unsent() const { return unsent_; }
  [[nodiscard]] std::size_t receive_memory() const { return frames_.memory(); }

  // What the next kSendNotification carries, and why, in words.
  void fail_with(wire::Notification n) { notification_ = std::move(n); }
  [[nodiscard]] const std::optional<wire::Notification>& notification() const {
    return notification_;
  }
  void because(std::string reason) { reason_ = std::move(reason); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

  [[nodiscard]] const wire::Open& our_open() const { return our_open_; }
  [[nodiscard]] const wire::Open& their_open() const { return their_open_; }
  [[nodiscard]] const wire::Notification& heard_notification() const { return heard_; }
  [[nodiscard]] const wire::RouteRefresh& heard_refresh() const { return heard_refresh_; }
  void agree(Negotiated n);
  [[nodiscard]] const Negotiated& negotiated() const { return negotiated_; }

 private:
  [[nodiscard]] std::optional<Input> read_frame(const Frame& frame, wire::Update& update);
  [[nodiscard]] Trigger read_open(Bytes body);
  [[nodiscard]] Trigger read_notification(Bytes body);
  [[nodiscard]] Trigger bad(Trigger t, wire::DecodeError error);
  void run_sends(std::uint16_t effects, State from, Trigger t, TimePoint now);
  void run_timers(std::uint16_t effects, TimePoint now);
  void push(std::vector<std::uint8_t>&& octets, TimePoint now);
  void dial();
  void close(bool after_flush);
  void clear_connection();
  void forget_failure();
  void arm_keepalive(TimePoint now);
  void arm_send_hold(TimePoint now);
  [[nodiscard]] Duration retry_delay();
  [[nodiscard]] bool grant_grace(TimePoint now);
  void explain(Trigger t, State from);

  Surroundings* around_;
  State state_ = State::kIdle;
  ConnectionId connection_{};
  bool incoming_ = false;
  IpAddress local_{};
  FrameBuffer frames_;
  std::size_t unsent_ = 0;

  Deadline connect_retry_, hold_, keepalive_, send_hold_;
  unsigned hold_graces_ = 0;

  wire::Open our_open_, their_open_;
  wire::Notification heard_;
  wire::RouteRefresh heard_refresh_;
  Negotiated negotiated_;
  std::optional<wire::Notification> notification_;
  std::string reason_;
};

}  // namespace perd::session
