// SlotProgrammer: walks over whole lanes and the accounts of views. Included by slot_programmer.h.
#pragma once

#include "fib/l2/slot_programmer.h"

namespace perd::fib {

// ---- walks --------------------------------------------------------------------------------------

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::begin_walk(MacVrfTable& t, Walk kind) {
  L& l = D::lane(t);
  if (!l.walks()) walking_.push_back(t.id.value);
  l.walk = kind;
  l.walk_at = {};
}

template <class D, class SlotT>
bool SlotProgrammer<D, SlotT>::may_begin_dump() {
  for (const auto& t : tables_) {
    if (t && D::lane(*t).walk == Walk::kSetting) begin_walk(*t, Walk::kClearing);  // broken off
  }
  return !walking();
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::begin_dump() {
  for (const auto& t : tables_) {
    if (t) D::lane(*t).walk = Walk::kSetting;
  }
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::end_dump() {
  for (const auto& t : tables_) {
    if (!t) continue;
    L& l = D::lane(*t);
    l.unread = false;
    // A lane whose device came while the dump ran holds nothing older.
    if (l.walk == Walk::kSetting) {
      begin_walk(*t, Walk::kJudging);
    } else {
      request_scan(*t);
    }
  }
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::forget_seen(MacVrfTable& t, unsigned parts) {
  L& l = D::lane(t);
  ++l.epoch;
  l.forget |= parts;
  begin_walk(t, Walk::kForgetting);
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::walk(MacVrfTable& t, std::size_t& budget, TimePoint now) {
  L& l = D::lane(t);
  const std::size_t seen = l.slots.walk(l.walk_at, budget, [&](SlotT& s) {
    if (l.walk == Walk::kJudging && self().judge(s) && shared_.writing) suspect(t, s, now);
    if (l.walk == Walk::kForgetting) self().forget(s, l.forget);
    self().unmark(s);
    return Visit::kKeep;
  });
  budget -= std::min(budget, seen);
  if (!l.walk_at.done) return;
  l.walk = Walk::kNone;
  l.forget = 0;
  request_scan(t);
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::go_on_walking(TimePoint now) {
  std::size_t budget = shared_.limits.step_slots;
  std::size_t done = 0;
  for (; done < walking_.size() && budget != 0; ++done) {
    MacVrfTable& t = *tables_[walking_[done]];
    walk(t, budget, now);
    if (D::lane(t).walks()) break;
  }
  walking_.erase(walking_.begin(), walking_.begin() + static_cast<std::ptrdiff_t>(done));
}

// ---- accounts -----------------------------------------------------------------------------------

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::drop(MacVrfTable& t) {
  D::lane(t).slots.for_each([this](SlotT& s) {
    clear_reason(s);
    self().unwant(s);
  });
  request_scan(t);
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::count(StateCounts& c) const {
  for (const auto& t : tables_) {
    if (!t) continue;
    D::lane(*t).slots.for_each([&](SlotT& s) {
      if (!self().wanted(s) && !self().lingers(s)) return;
      switch (self().state(*t, s)) {
        case EntryState::kWaiting:
          ++c.waiting;
          break;
        case EntryState::kPending:
          ++c.pending;
          break;
        case EntryState::kAcked:
          ++c.acked;
          break;
        case EntryState::kRefused:
          ++c.refused;
          break;
        case EntryState::kStale:
          ++c.stale;
          break;
      }
    });
  }
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::refusals(ObjectKind kind, std::vector<Refusal>& out,
                                        std::size_t max) const {
  for (const auto& reason : reasons_.all()) {
    if (out.size() >= max) return;
    const MacVrfTable* t = table(reason.table);
    if (reason.count == 0 || t == nullptr) continue;
    Refusal r;
    r.kind = kind;
    r.what = self().describe(*t, reason.keys.empty() ? Key{} : reason.keys.front());
    r.error = reason.error;
    r.text = reason.text;
    r.count = reason.count;
    r.attempts = reason.attempts;
    if (reason.armed) r.retry_at = reason.due;
    out.push_back(std::move(r));
  }
}

template <class D, class SlotT>
std::size_t SlotProgrammer<D, SlotT>::size() const {
  std::size_t n = 0;
  for (const auto& t : tables_) n += t ? D::lane(*t).slots.size() : 0;
  return n;
}

template <class D, class SlotT>
std::size_t SlotProgrammer<D, SlotT>::octets() const {
  std::size_t n = 0;
  for (const auto& t : tables_) n += t ? D::lane(*t).octets() : 0;
  return n;
}

}  // namespace perd::fib
