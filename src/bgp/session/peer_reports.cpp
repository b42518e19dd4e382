// What a neighbour tells: session up and down, problems once each, faults of UPDATEs at a bounded
// rate.
#include <algorithm>

#include "bgp/session/peer.h"
#include "perd/hash.h"

namespace perd::session {
namespace {

// An end that says nothing against the neighbour's messages: worth another try soon.
bool ended_mildly(const Session& s, Trigger t) {
  const auto mild = [](const wire::Notification& n) {
    return n.code == wire::ErrorCode::kCease || n.code == wire::ErrorCode::kHoldTimer;
  };
  if (t == Trigger::kNotification) return mild(s.heard_notification());
  return !s.notification() || mild(*s.notification());
}

}  // namespace

void Peer::report(EventKind kind, Severity severity, std::string text) {
  reports_.push_back(
      {Report::Kind::kEvent,
       Event{kind, severity, "neighbor " + to_string(around_.settings.address), std::move(text)}});
}

void Peer::session_up(Session& s, TimePoint now) {
  negotiated_ = s.negotiated();
  established_since_ = now;
  congested_ = false;
  said_.clear();
  ++around_.counters.established;
  reports_.push_back({Report::Kind::kUp, {}});
  std::string text = "up: AS " + std::to_string(negotiated_.remote_asn.value) + ", router id " +
                     to_string(negotiated_.remote_id) + ",";
  for (const Family f : kAllFamilies) {
    if (negotiated_.families.has(f)) text += " " + std::string(to_string(f));
  }
  text += ", hold time " + std::to_string(negotiated_.hold_seconds) + " s";
  report(EventKind::kSessionUp, Severity::kInfo, std::move(text));
}

void Peer::session_lost(const Session& s, Trigger t, TimePoint now) {
  ++around_.counters.dropped;
  last_reason_ = s.reason();
  // Errors in what the neighbour sends come back with it; everything else deserves a quick return.
  const bool stable = established_since_ && now - *established_since_ >= kStableTime;
  if (stable || ended_mildly(s, t)) {
    idle_hold_step_ = 0;
    around_.failed_dials = 0;
  }
  established_since_.reset();
  congested_ = false;
  reports_.push_back({Report::Kind::kDown, Event{{}, {}, {}, last_reason_}});
  report(EventKind::kSessionDown, Severity::kWarning, last_reason_);
}

bool Peer::say_once(std::string_view text) {
  std::uint64_t hash = hash_combine(0, text.size());
  for (const char c : text) hash = hash_combine(hash, static_cast<std::uint8_t>(c));
  if (std::find(said_.begin(), said_.end(), hash) != said_.end()) return false;
  if (said_.size() >= kRememberedProblems) said_.erase(said_.begin());
  said_.push_back(hash);
  return true;
}

void Peer::report_problem(const std::string& reason) {
  last_reason_ = reason;
  if (say_once(reason)) report(EventKind::kSessionProblem, Severity::kWarning, reason);
}

void Peer::report_notification(EventKind kind, const wire::Notification& n, bool always) {
  std::string text = to_string(n);
  const std::string words = wire::shutdown_text(n);
  if (!words.empty()) text += ": \"" + words + "\"";
  const char* mark = kind == EventKind::kNotificationSent ? ">" : "<";
  if (always || say_once(mark + text)) report(kind, Severity::kInfo, std::move(text));
}

void Peer::report_faults(TimePoint now) {
  if (update_.disposition == wire::Disposition::kTreatAsWithdraw) {
    ++around_.counters.treated_as_withdraw;
  } else {
    ++around_.counters.attributes_discarded;
  }
  if (now - fault_window_ >= kUpdateErrorWindow) {
    if (faults_untold_ != 0) {
      report(EventKind::kUpdateError, Severity::kWarning,
             std::to_string(faults_untold_) + " more UPDATEs with faults, not told one by one");
    }
    fault_window_ = now;
    faults_told_ = 0;
    faults_untold_ = 0;
  }
  if (faults_told_ >= kUpdateErrorBurst) {
    ++faults_untold_;
    return;
  }
  ++faults_told_;
  const bool withdraw = update_.disposition == wire::Disposition::kTreatAsWithdraw;
  std::string text = withdraw ? "treated as withdrawn:" : "attribute discarded:";
  for (const auto& fault : update_.faults) text += " " + to_string(fault) + ";";
  text.pop_back();
  report(EventKind::kUpdateError, Severity::kWarning, std::move(text));
}

void Peer::flush(PeerSink& sink) {
  // The sink never calls back, so nothing is added while this runs.
  for (Report& r : reports_) {
    switch (r.kind) {
      case Report::Kind::kUp:
        sink.on_session_up(id_, negotiated_);
        break;
      case Report::Kind::kDown:
        sink.on_session_down(id_, r.event.text);
        break;
      case Report::Kind::kEvent:
        sink.on_event(std::move(r.event));
        break;
    }
  }
  reports_.clear();
}

}  // namespace perd::session
