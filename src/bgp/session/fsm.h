// The state machine of one BGP connection (RFC 4271 8.2.2) as a function of enums: (state, trigger)
// -> (next state, effects). It owns nothing and does nothing; Session runs the effects, always in
// the order of their bits, and keeps what they carry (which OPEN, which NOTIFICATION).
//
// Left out, as the RFC allows: DelayOpen (events 12 and 20). Connections are judged (events 14, 15)
// before a trigger is made of them. Where the table differs from the RFC, the line says why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perd::session {

enum class State : std::uint8_t { kIdle, kConnect, kActive, kOpenSent, kOpenConfirm, kEstablished };
inline constexpr std::size_t kStateCount = 6;
[[nodiscard]] std::string_view to_string(State s);  // "Idle", "OpenSent"

// The numbers are those of RFC 4271 8.1.
enum class Trigger : std::uint8_t {
  kStart,            // 1 ManualStart, 3 AutomaticStart, 6 with damping, 13 IdleHoldTimer_Expires
  kStartPassive,     // 4, 5, 7: the same, with PassiveTcpEstablishment
  kStop,             // 2 ManualStop, 8 AutomaticStop
  kConnectRetryDue,  // 9 ConnectRetryTimer_Expires
  kHoldDue,          // 10 HoldTimer_Expires
  kKeepaliveDue,     // 11 KeepaliveTimer_Expires
  kSendHoldDue,      // 29 SendHoldTimer_Expires (RFC 9687)
  kTcpUp,            // 16 Tcp_CR_Acked
  kTcpAccepted,      // 17 TcpConnectionConfirmed
  kTcpFailed,        // 18 TcpConnectionFails
  kOpenGood,         // 19 BGPOpen
  kHeaderBad,        // 21 BGPHeaderErr
  kOpenBad,          // 22 BGPOpenMsgErr
  kCollisionLost,    // 23 OpenCollisionDump
  kNotificationVersion,  // 24 NotifMsgVerErr
  kNotification,         // 25 NotifMsg
  kKeepalive,            // 26 KeepAliveMsg
  kUpdateGood,           // 27 UpdateMsg
  kUpdateBad,            // 28 UpdateMsgErr
  kRefresh,              // a good ROUTE-REFRESH (RFC 2918)
  kRefreshBad,           // a bad one (RFC 7313 5)
};
inline constexpr std::size_t kTriggerCount = 21;
[[nodiscard]] std::string_view to_string(Trigger t);  // "TcpConnectionFails"

// In the order in which they are run.
enum Effect : std::uint16_t {
  kNone = 0,
  kSendOpen = 1U << 0,
  kSendKeepalive = 1U << 1,
  kSendNotification = 1U << 2,
  kCloseTcp = 1U << 3,
  kDisarmAll = 1U << 4,
  kDialTcp = 1U << 5,
  kArmConnect = 1U << 6,   // ConnectRetryTimer while a dial is under way
  kArmRetry = 1U << 7,     // ConnectRetryTimer until the next dial
  kArmHoldLong = 1U << 8,  // RFC 4271 8.2.2: "a HoldTimer value of 4 minutes is suggested"
  kArmHold = 1U << 9,
  kArmKeepalive = 1U << 10,
  kCountRetry = 1U << 11,  // ConnectRetryCounter
  kReportUp = 1U << 12,
  kReportDown = 1U << 13,  // only out of Established
  kDeliver = 1U << 14,     // hand the message to the neighbour
};

struct Transition {
  State next = State::kIdle;
  std::uint16_t effects = kNone;
  friend constexpr bool operator==(const Transition&, const Transition&) = default;
};

namespace detail {

inline constexpr std::uint16_t kDrop = kCloseTcp | kDisarmAll | kCountRetry;
inline constexpr std::uint16_t kOpening = kDisarmAll | kSendOpen | kArmHoldLong;

[[nodiscard]] constexpr Transition on_idle(Trigger t) {
  switch (t) {
    case Trigger::kStart:
      return {State::kConnect, kDialTcp | kArmConnect};
    case Trigger::kStartPassive:
      return {State::kActive, kNone};
    // Nobody waits for a connection here; a neighbour that takes one is started first.
    case Trigger::kTcpUp:
    case Trigger::kTcpAccepted:
      return {State::kIdle, kCloseTcp};
    case Trigger::kStop:
    case Trigger::kConnectRetryDue:
    case Trigger::kHoldDue:
    case Trigger::kKeepaliveDue:
    case Trigger::kSendHoldDue:
    case Trigger::kTcpFailed:
    case Trigger::kOpenGood:
    case Trigger::kHeaderBad:
    case Trigger::kOpenBad:
    case Trigger::kCollisionLost:
    case Trigger::kNotificationVersion:
    case Trigger::kNotification:
    case Trigger::kKeepalive:
    case Trigger::kUpdateGood:
    case Trigger::kUpdateBad:
    case Trigger::kRefresh:
    case Trigger::kRefreshBad:
      return {State::kIdle, kNone};
  }
  return {};
}

// Connect and Active have no peer to talk to yet, so what both say to most triggers is the same.
[[nodiscard]] constexpr Transition before_open(State self, Trigger t) {
  switch (t) {
    case Trigger::kStart:
    case Trigger::kStartPassive:
      return {self, kNone};
    case Trigger::kStop:
      return {State::kIdle, kCloseTcp | kDisarmAll};
    case Trigger::kConnectRetryDue:
      return {State::kConnect, kCloseTcp | kDialTcp | kArmConnect};
    case Trigger::kTcpUp:
    case Trigger::kTcpAccepted:
      return {State::kOpenSent, kOpening};
    // The RFC goes to Idle when DelayOpen is not running. A refused dial is no oscillation, and in
    // Active the neighbour's own connection is still taken: so Active, and the retry timer.
    case Trigger::kTcpFailed:
      return {State::kActive, kCloseTcp | kDisarmAll | kArmRetry};
    case Trigger::kNotificationVersion:
      return {State::kIdle, kCloseTcp | kDisarmAll};
    case Trigger::kHoldDue:
    case Trigger::kKeepaliveDue:
    case Trigger::kSendHoldDue:
    case Trigger::kOpenGood:
    case Trigger::kHeaderBad:
    case Trigger::kOpenBad:
    case Trigger::kCollisionLost:
    case Trigger::kNotification:
    case Trigger::kKeepalive:
    case Trigger::kUpdateGood:
    case Trigger::kUpdateBad:
    case Trigger::kRefresh:
    case Trigger::kRefreshBad:
      return {State::kIdle, kDrop};
  }
  return {};
}

[[nodiscard]] constexpr Transition on_open_sent(Trigger t) {
  switch (t) {
    case Trigger::kStart:
    case Trigger::kStartPassive:
    // A second connection of the neighbour is another Session; collisions are the Peer's.
    case Trigger::kTcpUp:
    case Trigger::kTcpAccepted:
      return {State::kOpenSent, kNone};
    case Trigger::kStop:
      return {State::kIdle, kSendNotification | kCloseTcp | kDisarmAll};
    case Trigger::kTcpFailed:
      return {State::kActive, kCloseTcp | kDisarmAll | kArmRetry};
    case Trigger::kOpenGood:
      return {State::kOpenConfirm, kSendKeepalive | kDisarmAll | kArmHold | kArmKeepalive};
    case Trigger::kNotificationVersion:
      return {State::kIdle, kCloseTcp | kDisarmAll};
    // 25: the RFC answers with an FSM error; a NOTIFICATION is never answered with another (6.4).
    case Trigger::kNotification:
    // RFC 9687 4: what cannot be sent would only wait behind what is stuck.
    case Trigger::kSendHoldDue:
      return {State::kIdle, kDrop};
    case Trigger::kHoldDue:
    case Trigger::kHeaderBad:
    case Trigger::kOpenBad:
    case Trigger::kCollisionLost:
    // What follows is out of place: Finite State Machine Error (6.6).
    case Trigger::kConnectRetryDue:
    case Trigger::kKeepaliveDue:
    case Trigger::kKeepalive:
    case Trigger::kUpdateGood:
    case Trigger::kUpdateBad:
    case Trigger::kRefresh:
    case Trigger::kRefreshBad:
      return {State::kIdle, kSendNotification | kDrop};
  }
  return {};
}

[[nodiscard]] constexpr Transition on_open_confirm(Trigger t) {
  switch (t) {
    case Trigger::kStart:
    case Trigger::kStartPassive:
    case Trigger::kTcpUp:
    case Trigger::kTcpAccepted:
      return {State::kOpenConfirm, kNone};
    case Trigger::kStop:
      return {State::kIdle, kSendNotification | kCloseTcp | kDisarmAll};
    case Trigger::kKeepaliveDue:
      return {State::kOpenConfirm, kSendKeepalive | kArmKeepalive};
    case Trigger::kKeepalive:
      return {State::kEstablished, kArmHold | kReportUp};
    case Trigger::kNotificationVersion:
      return {State::kIdle, kCloseTcp | kDisarmAll};
    case Trigger::kTcpFailed:
    case Trigger::kNotification:
    case Trigger::kSendHoldDue:
      return {State::kIdle, kDrop};
    case Trigger::kHoldDue:
    case Trigger::kHeaderBad:
    case Trigger::kOpenBad:
    case Trigger::kCollisionLost:
    // Out of place. A second OPEN on one connection too: it cannot be a collision.
    case Trigger::kOpenGood:
    case Trigger::kConnectRetryDue:
    case Trigger::kUpdateGood:
    case Trigger::kUpdateBad:
    case Trigger::kRefresh:
    case Trigger::kRefreshBad:
      return {State::kIdle, kSendNotification | kDrop};
  }
  return {};
}

[[nodiscard]] constexpr Transition on_established(Trigger t) {
  switch (t) {
    case Trigger::kStart:
    case Trigger::kStartPassive:
    case Trigger::kTcpUp:
    case Trigger::kTcpAccepted:
      return {State::kEstablished, kNone};
    case Trigger::kStop:
      return {State::kIdle, kSendNotification | kCloseTcp | kDisarmAll | kReportDown};
    case Trigger::kKeepaliveDue:
      return {State::kEstablished, kSendKeepalive | kArmKeepalive};
    case Trigger::kKeepalive:
      return {State::kEstablished, kArmHold};
    case Trigger::kUpdateGood:
    case Trigger::kRefresh:
      return {State::kEstablished, kArmHold | kDeliver};
    case Trigger::kTcpFailed:
    case Trigger::kNotificationVersion:
    case Trigger::kNotification:
    case Trigger::kSendHoldDue:
      return {State::kIdle, kDrop | kReportDown};
    case Trigger::kHoldDue:
    case Trigger::kHeaderBad:
    case Trigger::kUpdateBad:
    case Trigger::kRefreshBad:
    case Trigger::kCollisionLost:
    // Out of place.
    case Trigger::kOpenGood:
    case Trigger::kOpenBad:
    case Trigger::kConnectRetryDue:
      return {State::kIdle, kSendNotification | kDrop | kReportDown};
  }
  return {};
}

}  // namespace detail

[[nodiscard]] constexpr Transition transition(State s, Trigger t) {
  switch (s) {
    case State::kIdle:
      return detail::on_idle(t);
    case State::kConnect:
    case State::kActive:
      return detail::before_open(s, t);
    case State::kOpenSent:
      return detail::on_open_sent(t);
    case State::kOpenConfirm:
      return detail::on_open_confirm(t);
    case State::kEstablished:
      return detail::on_established(t);
  }
  return {};
}

}  // namespace perd::session
