// A neighbour: up to two connections at a time and everything that is decided above them: when to
// dial, which of two connections survives (RFC 4271 6.8), how long to wait after a failure, what is
// reported. Pure: time is an argument, sockets are commands and events (perd/transport.h).
//
// Two Sessions, `main` and `extra`. `main` dials, or takes the neighbour's connection while it
// waits in Idle or Active; `extra` takes one that arrives beside a dial or an own session. As soon
// as `extra` is the better of the two they change roles, so `main` is always the state of the
// neighbour.
//
// Never does: routes (Speaker), sockets (bgp/io), configuration text. Never loses a report:
// handlers without a sink (start, stop, change_settings) leave theirs for the next call that has
// one, and next_deadline() asks for it at once.
//
// Limits: kOutboundHighWater of unsent octets, then send() refuses until kOutboundLowWater;
// kUpdateErrorBurst UPDATE faults told in kUpdateErrorWindow, the rest counted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/session/session.h"
#include "perd/event.h"
#include "perd/ids.h"
#include "perd/time.h"
#include "perd/transport.h"

namespace perd::session {

inline constexpr std::size_t kOutboundHighWater = 1U << 20;
inline constexpr std::size_t kOutboundLowWater = 256U << 10;
// IdleHoldTimer (RFC 4271 8.1.1, DampPeerOscillations): after the first failure, then doubled up to
// the bound. A session that ended without an error, or had been up for kStableTime, starts over.
inline constexpr Duration kFirstIdleHold = milliseconds(250);
inline constexpr Duration kMaxIdleHold = seconds(30);
inline constexpr Duration kStableTime = seconds(60);
inline constexpr unsigned kUpdateErrorBurst = 10;
inline constexpr Duration kUpdateErrorWindow = seconds(10);
inline constexpr std::size_t kRememberedProblems = 32;

class PeerSink {  // called from inside Peer's handlers; never calls back into the Peer
 public:
  virtual void on_session_up(PeerId peer, const Negotiated& negotiated) = 0;
  virtual void on_session_down(PeerId peer, const std::string& reason) = 0;
  // The decoder has applied the disposition already. May be moved from.
  virtual void on_update(PeerId peer, wire::Update& update) = 0;
  // Subtype: 0 request, 1 BoRR, 2 EoRR (RFC 7313).
  virtual void on_route_refresh(PeerId peer, Family family, std::uint8_t subtype) = 0;
  virtual void on_event(Event&& event) = 0;

 protected:
  ~PeerSink() = default;
};

class Peer {
 public:
  // `ids` must outlive the Peer; the same for all neighbours.
  Peer(PeerId id, PeerSettings settings, std::uint64_t seed, ConnectionIdSource& ids);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // ---- administration
  void start(TimePoint now);
  // Down until start(). `why` goes to the neighbour (RFC 9003 text included).
  void stop(wire::Notification why, TimePoint now);
  // True when connections were closed for it; false when everything was taken over live.
  bool change_settings(PeerSettings settings, TimePoint now);

  // ---- what the transport reports; ids that are not this neighbour's any more are ignored
  void on_connection_up(ConnectionId id, const IpAddress& local, TimePoint now);
  // Answers with AdoptAcceptedCommand or CloseConnectionCommand.
  void on_accepted(ConnectionId id, const IpAddress& local, TimePoint now);
  void on_received(ConnectionId id, Bytes octets, TimePoint now, PeerSink& sink);
  void on_send_progress(ConnectionId id, std::size_t octets, TimePoint now);
  void on_connection_down(ConnectionId id, const std::string& reason, TimePoint now,
                          PeerSink& sink);

  // ---- time
  void tick(TimePoint now, PeerSink& sink);
  [[nodiscard]] Deadline next_deadline() const;

  // Appends what the transport is to do, in order; to be called after every handler.
  void take_commands(std::vector<TransportCommand>& out);

  // ---- established traffic
  // Whole messages. False (nothing taken) when not Established or can_send() is false.
  bool send(std::vector<std::uint8_t>&& messages, TimePoint now);
  [[nodiscard]] std::size_t unsent() const { return main().unsent(); }
  // Octets kept of messages that are not whole.
  [[nodiscard]] std::size_t receive_memory() const {
    return main().receive_memory() + extra().receive_memory();
  }
  // False from kOutboundHighWater on until no more than kOutboundLowWater is unsent.
  [[nodiscard]] bool can_send() const { return established() && !congested_; }
  // False when the session is not up, the neighbour never named the capability, or not this family.
  bool send_route_refresh(Family family, TimePoint now);
  // The session comes back after the idle hold time; for good: stop().
  void send_notification_and_close(wire::Notification n, TimePoint now, PeerSink& sink);

  // ---- to look at
  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] const PeerSettings& settings() const { return around_.settings; }
  [[nodiscard]] State state() const { return main().state(); }
  [[nodiscard]] bool established() const { return state() == State::kEstablished; }
  [[nodiscard]] bool admin_down() const { return !admin_up_; }
  // The connections of now; 0 where there is none. Sound after take_commands().
  [[nodiscard]] std::array<ConnectionId, 2> connections() const {
    return {main().connection(), extra().connection()};
  }
  [[nodiscard]] bool has(ConnectionId c) const { return main().has(c) || extra().has(c); }
  // A report waits for a call with a sink: not the moment to destroy the Peer.
  [[nodiscard]] bool has_reports() const { return !reports_.empty(); }
  [[nodiscard]] const Counters& counters() const { return around_.counters; }
  // Why it went down last, or does not come up; empty when nothing ever failed.
  [[nodiscard]] const std::string& last_reason() const { return last_reason_; }
  [[nodiscard]] std::optional<TimePoint> established_since() const { return established_since_; }
  // Of the session that is up, or was last.
  [[nodiscard]] const Negotiated& negotiated() const { return negotiated_; }

 private:
  struct Report {
    enum class Kind : std::uint8_t { kUp, kDown, kEvent };
    Kind kind = Kind::kEvent;
    Event event;
  };

  [[nodiscard]] Session& main() { return sessions_[main_]; }
  [[nodiscard]] const Session& main() const { return sessions_[main_]; }
  [[nodiscard]] Session& extra() { return sessions_[1 - main_]; }
  [[nodiscard]] const Session& extra() const { return sessions_[1 - main_]; }
  [[nodiscard]] Session& other(const Session& s) { return &s == &main() ? extra() : main(); }
  [[nodiscard]] Session* find(ConnectionId id);

  void run(Session& s, Trigger t, TimePoint now);
  void act(Session& s, Trigger t, TimePoint now);
  void settle(TimePoint now);
  void start_main(TimePoint now);
  void stop_both(const wire::Notification& why, const std::string& reason, TimePoint now);
  void take_accepted(Session& s, ConnectionId id, const IpAddress& local, TimePoint now);
  void arm_idle_hold(TimePoint now);

  void handle(Session& s, const Input& input, TimePoint now, PeerSink& sink);
  void handle_open(Session& s, TimePoint now);
  [[nodiscard]] bool survives_collision(Session& s, const Negotiated& n, TimePoint now);
  void handle_update(Session& s, TimePoint now, PeerSink& sink);
  void handle_refresh(Session& s, TimePoint now, PeerSink& sink);

  void session_up(Session& s, TimePoint now);
  void session_lost(const Session& s, Trigger t, TimePoint now);
  void report_problem(const std::string& reason);
  [[nodiscard]] std::string no_answer() const;
  void report_notification(EventKind kind, const wire::Notification& n, bool always);
  void report_faults(TimePoint now);
  void report(EventKind kind, Severity severity, std::string text);
  [[nodiscard]] bool say_once(std::string_view text);
  void flush(PeerSink& sink);

  PeerId id_;
  Surroundings around_;
  std::array<Session, 2> sessions_;
  std::size_t main_ = 0;
  bool admin_up_ = false;
  bool congested_ = false;
  Deadline idle_hold_;
  unsigned idle_hold_step_ = 0;
  TimePoint last_now_{};

  wire::Update update_;  // reused
  Negotiated negotiated_;
  std::optional<TimePoint> established_since_;
  std::string last_reason_;

  std::vector<Report> reports_;
  std::vector<std::uint64_t> said_;  // hashes of problems told since the session was last up
  TimePoint fault_window_{};
  unsigned faults_told_ = 0;
  std::uint64_t faults_untold_ = 0;
};

}  // namespace perd::session
