#include "bgp/session/peer.h"

#include <algorithm>

#include "bgp/session/negotiate.h"

namespace perd::session {
namespace {

bool talks(const Session& s) { return s.state() >= State::kOpenSent; }

std::string told(const wire::Notification& n, std::string_view who) {
  std::string text(who);
  text += " sent " + to_string(n);
  const std::string words = wire::shutdown_text(n);
  if (!words.empty()) text += ": \"" + words + "\"";
  return text;
}

}  // namespace

Peer::Peer(PeerId id, PeerSettings settings, std::uint64_t seed, ConnectionIdSource& ids)
    : id_(id), sessions_{Session(around_), Session(around_)} {
  around_.settings = std::move(settings);
  around_.random = Random(seed);
  around_.ids = &ids;
}

Session* Peer::find(ConnectionId id) {
  if (main().has(id)) return &main();
  if (extra().has(id)) return &extra();
  return nullptr;
}

// ---- administration -----------------------------------------------------------------------------

void Peer::start(TimePoint now) {
  last_now_ = now;
  if (admin_up_) return;
  admin_up_ = true;
  idle_hold_step_ = 0;
  around_.failed_dials = 0;
  said_.clear();
  start_main(now);
}

void Peer::start_main(TimePoint now) {
  idle_hold_.reset();
  run(main(), around_.settings.passive ? Trigger::kStartPassive : Trigger::kStart, now);
}

void Peer::stop(wire::Notification why, TimePoint now) {
  last_now_ = now;
  if (!admin_up_) return;
  admin_up_ = false;
  const std::string reason = told(why, "perd");
  stop_both(why, reason, now);
  idle_hold_.reset();
  last_reason_ = reason;
}

void Peer::stop_both(const wire::Notification& why, const std::string& reason, TimePoint now) {
  for (Session& s : sessions_) {
    s.fail_with(why);
    s.because(reason);
    run(s, Trigger::kStop, now);
  }
}

bool Peer::change_settings(PeerSettings settings, TimePoint now) {
  last_now_ = now;
  if (!needs_reset(around_.settings, settings)) {
    around_.settings = std::move(settings);
    if (around_.settings.passive) {
      main().disarm_retry();
    } else if (state() == State::kActive && !main().retry_armed()) {
      run(main(), Trigger::kConnectRetryDue, now);
    }
    return false;
  }
  const bool had = main().connection().value != 0 || extra().connection().value != 0;
  if (had) {
    // RFC 4486 4: what was agreed in OPEN does not hold any more.
    stop_both(wire::make_cease(wire::CeaseSubcode::kOtherConfigurationChange),
              "configuration changed", now);
  } else {
    run(main(), Trigger::kStop, now);
  }
  around_.settings = std::move(settings);
  around_.failed_dials = 0;
  idle_hold_step_ = 0;
  said_.clear();
  if (admin_up_) start_main(now);
  return had;
}

// ---- transport ----------------------------------------------------------------------------------

void Peer::on_connection_up(ConnectionId id, const IpAddress& local, TimePoint now) {
  last_now_ = now;
  Session* s = find(id);
  if (s == nullptr || s->state() != State::kConnect) return;
  s->attach(id, local, false);
  run(*s, Trigger::kTcpUp, now);
}

void Peer::on_accepted(ConnectionId id, const IpAddress& local, TimePoint now) {
  last_now_ = now;
  if (!admin_up_) {
    around_.commands.emplace_back(CloseConnectionCommand{id, false});
    return;
  }
  if (state() == State::kIdle || state() == State::kActive) {
    // What is wrong with the neighbour may have been mended: its connection ends the idle hold.
    idle_hold_.reset();
    run(main(), Trigger::kStartPassive, now);
    take_accepted(main(), id, local, now);
    return;
  }
  if (extra().state() >= State::kOpenConfirm) {
    // Two connections are two too many already; a third has to wait until they are sorted out.
    around_.commands.emplace_back(CloseConnectionCommand{id, false});
    return;
  }
  // A neighbour dials one connection at a time: with a new one, the old has been given up.
  if (talks(extra())) run(extra(), Trigger::kCollisionLost, now);
  // A neighbour that lost its state dials anew while ours looks alive. Its TCP answers this with a
  // reset, so the stale session ends in a round trip instead of a hold time.
  if (established() && unsent() == 0) main().send_keepalive(now);
  act(extra(), Trigger::kStartPassive, now);
  take_accepted(extra(), id, local, now);
}

void Peer::take_accepted(Session& s, ConnectionId id, const IpAddress& local, TimePoint now) {
  around_.commands.emplace_back(AdoptAcceptedCommand{id, around_.settings.transport});
  s.disarm_retry();
  s.attach(id, local, true);
  run(s, Trigger::kTcpAccepted, now);
}

void Peer::on_send_progress(ConnectionId id, std::size_t octets, TimePoint now) {
  last_now_ = now;
  Session* s = find(id);
  if (s == nullptr) return;
  s->progress(octets, now);
  if (s == &main() && s->unsent() <= kOutboundLowWater) congested_ = false;
}

void Peer::on_connection_down(ConnectionId id, const std::string& reason, TimePoint now,
                              PeerSink& sink) {
  last_now_ = now;
  if (Session* s = find(id)) {
    const std::string where = to_string(around_.settings.address);
    if (s->state() == State::kConnect) {
      s->because("cannot connect to " + where + " port " + std::to_string(around_.settings.port) +
                 ": " + reason);
    } else if (s->state() == State::kOpenSent) {
      s->because("connection ended before the neighbor's OPEN: " + reason);
    } else {
      s->because("connection lost: " + reason);
    }
    s->detach();
    run(*s, Trigger::kTcpFailed, now);
  }
  flush(sink);
}

void Peer::on_received(ConnectionId id, Bytes octets, TimePoint now, PeerSink& sink) {
  last_now_ = now;
  Session* s = find(id);
  if (s != nullptr) {
    s->feed(octets);
    while (s->has(id)) {
      const auto input = s->read(update_);
      if (!input) break;
      handle(*s, *input, now, sink);
    }
  }
  flush(sink);
}

// ---- time ---------------------------------------------------------------------------------------

void Peer::tick(TimePoint now, PeerSink& sink) {
  last_now_ = now;
  for (Session& s : sessions_) {
    while (const auto trigger = s.due(now)) {
      run(s, *trigger, now);
    }
  }
  if (is_due(idle_hold_, now)) {
    idle_hold_.reset();
    if (admin_up_) start_main(now);
  }
  flush(sink);
}

Deadline Peer::next_deadline() const {
  if (!reports_.empty()) return last_now_;
  return earliest(idle_hold_, earliest(main().next_deadline(), extra().next_deadline()));
}

void Peer::take_commands(std::vector<TransportCommand>& out) {
  for (auto& c : around_.commands) out.push_back(std::move(c));
  around_.commands.clear();
}

// ---- established traffic ------------------------------------------------------------------------

bool Peer::send(std::vector<std::uint8_t>&& messages, TimePoint now) {
  if (!can_send()) return false;
  main().send(std::move(messages), now);
  congested_ = unsent() >= kOutboundHighWater;
  return true;
}

bool Peer::send_route_refresh(Family family, TimePoint now) {
  if (!established() || !negotiated_.route_refresh || !negotiated_.families.has(family)) {
    return false;
  }
  std::vector<std::uint8_t> octets;
  wire::encode_route_refresh(
      {static_cast<std::uint16_t>(afi_of(family)), 0, static_cast<std::uint8_t>(safi_of(family))},
      octets);
  main().send(std::move(octets), now);
  return true;
}

void Peer::send_notification_and_close(wire::Notification n, TimePoint now, PeerSink& sink) {
  last_now_ = now;
  const std::string reason = told(n, "perd");
  stop_both(n, reason, now);
  flush(sink);
}

// ---- the machine --------------------------------------------------------------------------------

void Peer::run(Session& s, Trigger t, TimePoint now) {
  act(s, t, now);
  settle(now);
}

void Peer::act(Session& s, Trigger t, TimePoint now) {
  const State from = s.state();
  const std::uint16_t effects = s.fire(t, now);
  if ((effects & kSendNotification) != 0 && s.notification()) {
    report_notification(EventKind::kNotificationSent, *s.notification(),
                        from == State::kEstablished);
  }
  if ((effects & kReportUp) != 0) return session_up(s, now);
  if ((effects & kReportDown) != 0) return session_lost(s, t, now);
  if (t == Trigger::kConnectRetryDue && from == State::kConnect) {
    return report_problem(no_answer());
  }
  const bool asked = t == Trigger::kStop || t == Trigger::kCollisionLost;
  const bool ended = from >= State::kConnect && s.state() <= State::kActive;
  if (ended && !asked && !s.reason().empty()) report_problem(s.reason());
}

std::string Peer::no_answer() const {
  const PeerSettings& s = around_.settings;
  std::string text = "cannot connect to " + to_string(s.address) + " port " +
                     std::to_string(s.port) + ": no answer within " +
                     std::to_string(s.connect_seconds) + " s";
  // RFC 2385 2: segments with a wrong digest are dropped in silence.
  if (!s.transport.md5_password.empty()) text += " (perhaps the passwords differ)";
  return text;
}

// Brings the two sessions into the order that the top of peer.h describes.
void Peer::settle(TimePoint now) {
  // Without a connection `extra` has nothing to wait for.
  if (extra().state() == State::kActive && extra().connection().value == 0) {
    act(extra(), Trigger::kStop, now);
  }
  const bool better = extra().state() == State::kEstablished ||
                      (extra().state() == State::kOpenConfirm && !talks(main()));
  if (better && main().state() != State::kEstablished) {
    // A dial under way is given up; a session that has not heard an OPEN yet is the one that RFC
    // 4271 6.8 closes in favour of an established one.
    const bool said = talks(main());
    act(main(), said ? Trigger::kCollisionLost : Trigger::kStop, now);
    main_ = 1 - main_;
    idle_hold_.reset();
  }
  if (admin_up_ && main().state() == State::kIdle && !idle_hold_) arm_idle_hold(now);
}

void Peer::arm_idle_hold(TimePoint now) {
  const unsigned doublings = std::min(idle_hold_step_++, 16U);
  idle_hold_ =
      now + around_.jittered(std::min<Duration>(kMaxIdleHold, kFirstIdleHold * (1 << doublings)));
}

void Peer::handle(Session& s, const Input& input, TimePoint now, PeerSink& sink) {
  switch (input.trigger) {
    case Trigger::kOpenGood:
      if (s.state() == State::kOpenSent) return handle_open(s, now);
      break;
    case Trigger::kUpdateGood:
      if (s.state() == State::kEstablished) return handle_update(s, now, sink);
      break;
    case Trigger::kRefresh:
      if (s.state() == State::kEstablished) return handle_refresh(s, now, sink);
      break;
    case Trigger::kNotification:
    case Trigger::kNotificationVersion:
      s.because(told(s.heard_notification(), "the neighbor"));
      report_notification(EventKind::kNotificationReceived, s.heard_notification(),
                          s.state() == State::kEstablished);
      break;
    case Trigger::kUpdateBad:
      report(EventKind::kUpdateReset, Severity::kError,
             "UPDATE that cannot be used at all: " + to_string(*s.notification()));
      break;
    default:
      break;
  }
  run(s, input.trigger, now);
}

void Peer::handle_open(Session& s, TimePoint now) {
  auto agreed = negotiate(around_.settings, s.our_open(), s.their_open());
  if (!agreed) {
    s.fail_with(std::move(agreed.error().notification));
    s.because(std::move(agreed.error().reason));
    return run(s, Trigger::kOpenBad, now);
  }
  if (!survives_collision(s, *agreed, now)) return run(s, Trigger::kCollisionLost, now);
  s.agree(std::move(*agreed));
  run(s, Trigger::kOpenGood, now);
}

bool Peer::survives_collision(Session& s, const Negotiated& n, TimePoint now) {
  Session& rival = other(s);
  if (rival.state() == State::kEstablished) {
    // RFC 4724 4.2: a neighbour that restarts gracefully dials anew without having closed; the old
    // connection goes, and no NOTIFICATION with it.
    if (negotiated_.graceful_restart && s.incoming()) {
      rival.because("the neighbor restarted");
      run(rival, Trigger::kTcpFailed, now);
      return true;
    }
    return false;  // RFC 4271 6.8: the new one is closed
  }
  if (rival.state() != State::kOpenConfirm) return true;
  const bool ours_wins = our_dial_wins(around_.settings.router_id, around_.settings.local_asn,
                                       n.remote_id, n.remote_asn);
  // The one that the winning side dialled; of two with one origin the newer, see on_accepted().
  if (s.incoming() != rival.incoming() && s.incoming() == ours_wins) return false;
  run(rival, Trigger::kCollisionLost, now);
  return true;
}

void Peer::handle_update(Session& s, TimePoint now, PeerSink& sink) {
  if (!update_.faults.empty()) report_faults(now);
  if (!reports_.empty()) flush(sink);
  (void)s.fire(Trigger::kUpdateGood, now);
  sink.on_update(id_, update_);
}

void Peer::handle_refresh(Session& s, TimePoint now, PeerSink& sink) {
  (void)s.fire(Trigger::kRefresh, now);
  const wire::RouteRefresh r = s.heard_refresh();
  const auto family = family_of(r.afi, r.safi);
  // RFC 2918 4: a family that was not agreed on is ignored; RFC 7313 5: so is an unknown subtype.
  if (!family || !negotiated_.families.has(*family) || r.subtype > 2) {
    return report(EventKind::kRouteRefresh, Severity::kDebug,
                  "ignored: afi " + std::to_string(r.afi) + " safi " + std::to_string(r.safi) +
                      " subtype " + std::to_string(r.subtype));
  }
  if (!reports_.empty()) flush(sink);
  sink.on_route_refresh(id_, *family, r.subtype);
}

}  // namespace perd::session
