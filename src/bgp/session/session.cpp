#include "bgp/session/session.h"

#include <algorithm>

#include "bgp/session/negotiate.h"

namespace perd::session {
namespace {

using wire::ErrorCode;
using wire::MessageType;

constexpr std::uint8_t kUnsupportedVersion = 1;  // RFC 4271 6.2

// RFC 6608 4: which state was surprised.
std::uint8_t fsm_subcode(State s) {
  switch (s) {
    case State::kOpenSent:
      return 1;
    case State::kOpenConfirm:
      return 2;
    case State::kEstablished:
      return 3;
    case State::kIdle:
    case State::kConnect:
    case State::kActive:
      return 0;
  }
  return 0;
}

wire::Notification default_notification(Trigger t, State from) {
  if (t == Trigger::kHoldDue) return {ErrorCode::kHoldTimer, 0, {}};
  if (t == Trigger::kStop) return wire::make_cease(wire::CeaseSubcode::kAdministrativeShutdown);
  if (t == Trigger::kCollisionLost) {
    return wire::make_cease(wire::CeaseSubcode::kCollisionResolution);
  }
  return {ErrorCode::kFsm, fsm_subcode(from), {}};
}

// Counts whole messages by their headers; `octets` was encoded by this program.
void count_sent(Bytes octets, Counters& counters) {
  while (octets.size() >= wire::kHeaderSize) {
    const std::size_t length = std::size_t{octets[16]} << 8 | octets[17];
    const std::size_t type = octets[18];
    if (length < wire::kHeaderSize || length > octets.size()) return;
    if (type < kMessageTypeCount) ++counters.sent[type];
    octets = octets.subspan(length);
  }
}

}  // namespace

void Session::attach(ConnectionId id, const IpAddress& local, bool incoming) {
  connection_ = id;
  local_ = local;
  incoming_ = incoming;
  unsent_ = 0;
  frames_.reset();
  forget_failure();
}

void Session::forget_failure() {
  notification_.reset();
  reason_.clear();
}

void Session::detach() { clear_connection(); }

void Session::clear_connection() {
  connection_ = {};
  unsent_ = 0;
  send_hold_.reset();
  frames_.reset();
}

void Session::agree(Negotiated n) {
  negotiated_ = std::move(n);
  negotiated_.local_address = local_;
  negotiated_.incoming = incoming_;
}

// ---- effects ------------------------------------------------------------------------------------

std::uint16_t Session::fire(Trigger t, TimePoint now) {
  const State from = state_;
  const Transition step = transition(from, t);
  state_ = step.next;
  const std::uint16_t e = step.effects;
  run_sends(e, from, t, now);
  if ((e & (kSendNotification | kReportDown | kCountRetry)) != 0) explain(t, from);
  if ((e & kCloseTcp) != 0) close((e & kSendNotification) != 0);
  if ((e & kDisarmAll) != 0) {
    connect_retry_.reset();
    hold_.reset();
    keepalive_.reset();
  }
  if ((e & kDialTcp) != 0) dial();
  run_timers(e, now);
  if ((e & kCountRetry) != 0) ++around_->counters.connect_retries;
  if (t == Trigger::kOpenGood && state_ == State::kOpenConfirm) around_->failed_dials = 0;
  return e;
}

void Session::run_sends(std::uint16_t e, State from, Trigger t, TimePoint now) {
  if ((e & kSendOpen) != 0) {
    our_open_ = make_open(around_->settings);
    std::vector<std::uint8_t> octets;
    wire::encode_open(our_open_, octets);
    push(std::move(octets), now);
  }
  if ((e & kSendKeepalive) != 0) {
    // What already waits to be sent says as much as a KEEPALIVE, and a queue of them never grows.
    if (from != State::kEstablished || unsent_ == 0) send_keepalive(now);
  }
  if ((e & kSendNotification) != 0) {
    if (!notification_) notification_ = default_notification(t, from);
    std::vector<std::uint8_t> octets;
    wire::encode_notification(*notification_, octets);
    push(std::move(octets), now);
  }
}

void Session::run_timers(std::uint16_t e, TimePoint now) {
  if ((e & kArmConnect) != 0) {
    connect_retry_ = now + around_->jittered(seconds(around_->settings.connect_seconds));
  }
  if ((e & kArmRetry) != 0 && !around_->settings.passive) connect_retry_ = now + retry_delay();
  if ((e & kArmHoldLong) != 0) {
    hold_ = now + kLargeHoldTime;
    hold_graces_ = 0;
  }
  if ((e & kArmHold) != 0) {
    hold_.reset();
    hold_graces_ = 0;
    // RFC 4271 4.2: hold time 0 means no timer at all.
    if (negotiated_.hold_seconds != 0) hold_ = now + seconds(negotiated_.hold_seconds);
  }
  if ((e & kArmKeepalive) != 0) arm_keepalive(now);
  if ((e & kReportUp) != 0) arm_send_hold(now);
}

Duration Session::retry_delay() {
  const Duration most = seconds(around_->settings.connect_seconds);
  const unsigned doublings = std::min(around_->failed_dials++, 16U);
  return around_->jittered(std::min(most, kFirstRetry * (1 << doublings)));
}

void Session::arm_keepalive(TimePoint now) {
  keepalive_.reset();
  if (negotiated_.hold_seconds == 0) return;
  // RFC 4271 4.4: a third of the hold time; less when so configured.
  Duration interval = Duration(seconds(negotiated_.hold_seconds)) / 3;
  if (around_->settings.keepalive_seconds != 0) {
    interval = std::min<Duration>(interval, seconds(around_->settings.keepalive_seconds));
  }
  // Never more often than once a second.
  keepalive_ = now + std::max<Duration>(seconds(1), around_->jittered(interval));
}

void Session::arm_send_hold(TimePoint now) {
  send_hold_.reset();
  // RFC 9687 4: stopped when the hold time is zero. Before Established the hold timer does the
  // work.
  if (unsent_ == 0 || state_ != State::kEstablished || negotiated_.hold_seconds == 0) return;
  send_hold_ = now + std::max<Duration>(kMinSendHoldTime, seconds(2 * negotiated_.hold_seconds));
}

void Session::dial() {
  forget_failure();
  connection_ = around_->ids->next();
  incoming_ = false;
  around_->commands.emplace_back(DialCommand{connection_, around_->settings.address,
                                             around_->settings.port, around_->settings.transport});
}

void Session::close(bool after_flush) {
  if (connection_.value != 0) {
    around_->commands.emplace_back(CloseConnectionCommand{connection_, after_flush});
  }
  clear_connection();
}

void Session::push(std::vector<std::uint8_t>&& octets, TimePoint now) {
  if (connection_.value == 0 || octets.empty()) return;
  count_sent(octets, around_->counters);
  const bool was_empty = unsent_ == 0;
  unsent_ += octets.size();
  around_->commands.emplace_back(SendCommand{connection_, std::move(octets)});
  if (was_empty) arm_send_hold(now);
}

void Session::send(std::vector<std::uint8_t>&& messages, TimePoint now) {
  push(std::move(messages), now);
  // RFC 4271 4.4 and 10: an UPDATE does the work of a KEEPALIVE.
  if (state_ == State::kEstablished) arm_keepalive(now);
}

void Session::send_keepalive(TimePoint now) {
  std::vector<std::uint8_t> octets;
  wire::encode_keepalive(octets);
  push(std::move(octets), now);
}

void Session::progress(std::size_t octets, TimePoint now) {
  octets = std::min(octets, unsent_);
  around_->counters.octets_sent += octets;
  unsent_ -= octets;
  arm_send_hold(now);
}

void Session::explain(Trigger t, State from) {
  if (!reason_.empty()) return;
  if (t == Trigger::kHoldDue) {
    reason_ = from == State::kOpenSent      ? "the neighbor sends no OPEN"
              : from == State::kOpenConfirm ? "hold timer expired before the first KEEPALIVE"
                                            : "hold timer expired: nothing heard for " +
                                                  std::to_string(negotiated_.hold_seconds) + " s";
  } else if (t == Trigger::kSendHoldDue) {
    reason_ = "send hold timer expired: the neighbor takes no data";
  } else if (notification_) {
    reason_ = "perd sent " + to_string(*notification_);
  } else {
    reason_ = std::string(to_string(t)) + " in state " + std::string(to_string(from));
  }
}

// ---- time ---------------------------------------------------------------------------------------

bool Session::grant_grace(TimePoint now) {
  const bool late = now - *hold_ > kTickSlack;
  if (hold_graces_ != 0 && (!late || hold_graces_ >= kMaxHoldGraces)) return false;
  ++hold_graces_;
  hold_ = now + kHoldGrace;
  return true;
}

std::optional<Trigger> Session::due(TimePoint now) {
  if (is_due(connect_retry_, now)) {
    connect_retry_.reset();
    return Trigger::kConnectRetryDue;
  }
  if (is_due(send_hold_, now)) {
    send_hold_.reset();
    return Trigger::kSendHoldDue;
  }
  if (is_due(hold_, now) && !grant_grace(now)) {
    hold_.reset();
    return Trigger::kHoldDue;
  }
  if (is_due(keepalive_, now)) {
    keepalive_.reset();
    return Trigger::kKeepaliveDue;
  }
  return std::nullopt;
}

Deadline Session::next_deadline() const {
  return earliest(earliest(connect_retry_, hold_), earliest(keepalive_, send_hold_));
}

// ---- messages -----------------------------------------------------------------------------------

void Session::feed(Bytes octets) {
  around_->counters.octets_received += octets.size();
  frames_.feed(octets);
}

Trigger Session::bad(Trigger t, wire::DecodeError error) {
  fail_with(std::move(error));
  return t;
}

std::optional<Input> Session::read(wire::Update& update) {
  // RFC 8654 4: who heard our capability may send long messages, whatever it said of itself.
  const bool extended = our_open_.capabilities.extended_message &&
                        (state_ == State::kOpenConfirm || state_ == State::kEstablished);
  auto frame = frames_.next(extended);
  if (!frame) return Input{bad(Trigger::kHeaderBad, std::move(frame.error())), MessageType::kOpen};
  if (!*frame) return std::nullopt;
  return read_frame(**frame, update);
}

std::optional<Input> Session::read_frame(const Frame& frame, wire::Update& update) {
  ++around_->counters.received[static_cast<std::size_t>(frame.type)];
  switch (frame.type) {
    case MessageType::kOpen:
      return Input{read_open(frame.body()), frame.type};
    case MessageType::kKeepalive:
      return Input{Trigger::kKeepalive, frame.type};
    case MessageType::kNotification:
      return Input{read_notification(frame.body()), frame.type};
    case MessageType::kUpdate: {
      // Before Established it is out of place, whatever stands in it.
      if (state_ != State::kEstablished) return Input{Trigger::kUpdateGood, frame.type};
      auto done = wire::decode_update(frame.body(), negotiated_.codec, update);
      if (done) return Input{Trigger::kUpdateGood, frame.type};
      return Input{bad(Trigger::kUpdateBad, std::move(done.error())), frame.type};
    }
    case MessageType::kRouteRefresh: {
      if (state_ != State::kEstablished) return Input{Trigger::kRefresh, frame.type};
      auto refresh = wire::decode_route_refresh(frame.body());
      if (!refresh) {
        return Input{bad(Trigger::kRefreshBad, std::move(refresh.error())), frame.type};
      }
      heard_refresh_ = *refresh;
      return Input{Trigger::kRefresh, frame.type};
    }
  }
  return std::nullopt;
}

Trigger Session::read_open(Bytes body) {
  if (state_ != State::kOpenSent) return Trigger::kOpenGood;
  auto open = wire::decode_open(body);
  if (!open) return bad(Trigger::kOpenBad, std::move(open.error()));
  their_open_ = std::move(*open);
  return Trigger::kOpenGood;
}

Trigger Session::read_notification(Bytes body) {
  auto n = wire::decode_notification(body);
  // RFC 4271 6.4: a fault in a NOTIFICATION is not answered.
  heard_ = n ? std::move(*n) : wire::Notification{};
  if (heard_.code == ErrorCode::kOpen && heard_.subcode == kUnsupportedVersion) {
    return Trigger::kNotificationVersion;
  }
  return Trigger::kNotification;
}

}  // namespace perd::session
