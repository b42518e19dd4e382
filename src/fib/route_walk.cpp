// RouteProgrammer: queues, scans, dumps, binding of tables, counts.
#include <algorithm>

#include "fib/route_programmer.h"
#include "fib/route_programmer_inl.h"

namespace perd::fib {
namespace {

constexpr std::size_t kQueueKept = 4096;  // a longer list of work gives its memory back

template <class F>
[[nodiscard]] bool waits(const F& f) {
  return !f.urgent.empty() || f.queued() || f.routes.scanning();
}

}  // namespace

// ---- step ---------------------------------------------------------------------------------------

void RouteProgrammer::step(TimePoint now, std::size_t routes) {
  retry_due(now);
  if (!shared_.writing) return;
  budget_ = kUrgentMax;
  reserve_ = 0;
  for (const auto& t : tables_.all()) {
    step_urgent(*t, t->v4, now);
    step_urgent(*t, t->v6, now);
  }
  budget_ = std::min(routes, shared_.limits.step_routes);
  reserve_ = shared_.limits.reserve;
  for (const auto& t : tables_.all()) {
    step_family(*t, t->v4, now);
    step_family(*t, t->v6, now);
  }
  say_repairs();
}

template <class SlotT>
void RouteProgrammer::step_urgent(Table& t, F<SlotT>& f, TimePoint now) {
  std::size_t done = 0;
  for (; done < f.urgent.size(); ++done) {
    SlotT* s = f.routes.find(f.urgent[done]);
    if (s == nullptr) continue;
    const Verdict verdict = evaluate(t, f, *s, now);
    if (verdict == Verdict::kNoRoom) break;
    if (verdict == Verdict::kErase) f.routes.erase(s);
  }
  f.urgent.erase(f.urgent.begin(), f.urgent.begin() + static_cast<std::ptrdiff_t>(done));
}

template <class SlotT>
void RouteProgrammer::step_family(Table& t, F<SlotT>& f, TimePoint now) {
  ripen(f, now);
  if (f.queued()) step_queue(t, f, now);
  if (f.routes.scanning()) {
    step_scan(t, f, now);
    if (f.queued()) step_queue(t, f, now);
  }
}

// The order is made once for all that waits, not again in each step.
template <class SlotT>
void RouteProgrammer::take_queue(F<SlotT>& f) {
  f.work.clear();
  f.work.swap(f.queue);
  f.work_at = 0;
  if constexpr (SlotT::kFamily == IpFamily::kIpv6) {
    std::sort(f.work.begin(), f.work.end());
    return;
  }
  const auto hash_of = [](const IpPrefix& p) {
    SlotT key;
    key.set_key(p);
    return key.hash();
  };
  std::sort(f.work.begin(), f.work.end(),
            [&](const IpPrefix& a, const IpPrefix& b) { return hash_of(a) < hash_of(b); });
}

template <class SlotT>
void RouteProgrammer::step_queue(Table& t, F<SlotT>& f, TimePoint now) {
  if (f.work_at == f.work.size()) take_queue(f);
  for (; f.work_at < f.work.size(); ++f.work_at) {
    SlotT* s = f.routes.find(f.work[f.work_at]);
    if (s == nullptr) continue;
    s->flags &= static_cast<std::uint8_t>(~kSlotQueued);
    const Verdict verdict = evaluate(t, f, *s, now);
    if (verdict == Verdict::kErase) f.routes.erase(s);
    if (verdict != Verdict::kNoRoom) continue;
    s->flags |= kSlotQueued;
    return;
  }
  f.work.clear();
  f.work_at = 0;
  if (f.work.capacity() > kQueueKept) f.work = std::vector<IpPrefix>();
}

template <class SlotT>
void RouteProgrammer::step_scan(Table& t, F<SlotT>& f, TimePoint now) {
  f.routes.scan(shared_.limits.step_slots, [&](SlotT& s) {
    if (settled(s) || (s.flags & kSlotQueued) != 0) return Visit::kKeep;
    if constexpr (SlotT::kFamily == IpFamily::kIpv6) {
      // They go out in ascending order, as many at a time as the queue holds.
      if (f.queue.size() >= kQueueMaxV6) return Visit::kStop;
      f.queue.push_back(s.key());
      s.flags |= kSlotQueued;
      return Visit::kKeep;
    }
    switch (evaluate(t, f, s, now)) {
      case Verdict::kLeft:
        return Visit::kKeep;
      case Verdict::kErase:
        return Visit::kErase;
      case Verdict::kNoRoom:
        break;
    }
    return Visit::kStop;
  });
}

// Echoes had their time to come: what still differs was done by somebody else.
template <class SlotT>
void RouteProgrammer::ripen(F<SlotT>& f, TimePoint now) {
  if (!is_due(f.suspects_due, now)) return;
  f.suspects_due.reset();
  for (const IpPrefix& p : f.suspects) {
    if (SlotT* s = f.routes.find(p)) enqueue(f, *s);
  }
  f.suspects.clear();
  if (f.suspect_scan) f.routes.request_scan();
  f.suspect_scan = false;
}

template <class SlotT>
void RouteProgrammer::retry(F<SlotT>& f, RouteReason& reason) {
  for (const IpPrefix& p : reason.keys) {
    SlotT* s = f.routes.find(p);
    if (s != nullptr && s->reason != 0) enqueue(f, *s);
  }
  if (reason.overflow) f.routes.request_scan();
}

void RouteProgrammer::retry_due(TimePoint now) {
  for (auto& reason : refusals_.all()) {
    if (!reason.armed || reason.due > now) continue;
    reason.armed = false;
    Table* t = tables_.at(reason.table);
    if (t != nullptr && reason.family == IpFamily::kIpv4) retry(t->v4, reason);
    if (t != nullptr && reason.family == IpFamily::kIpv6) retry(t->v6, reason);
    reason.keys.clear();
    reason.overflow = false;
  }
}

void RouteProgrammer::say_repairs() {
  if (repaired_ == 0) return;
  shared_.say(EventKind::kKernelRepaired, Severity::kWarning, "kernel",
              repaired_ == 1
                  ? "route " + repaired_example_ + " was deleted or changed, written again"
                  : std::to_string(repaired_) + " routes were deleted or changed, written again (" +
                        repaired_example_ + " is one)");
  repaired_ = 0;
}

// ---- state of the work --------------------------------------------------------------------------

bool RouteProgrammer::busy() const {
  for (const auto& t : tables_.all()) {
    if (waits(t->v4) || waits(t->v6) || t->v4.suspects_due || t->v6.suspects_due) return true;
  }
  return marking();
}

bool RouteProgrammer::more_work() const {
  const std::size_t room = shared_.ops.room();
  if (!shared_.writing || room == 0) return false;
  const bool bulk = room > shared_.limits.reserve;
  for (const auto& t : tables_.all()) {
    if (!t->v4.urgent.empty() || !t->v6.urgent.empty()) return true;
    if (bulk && (waits(t->v4) || waits(t->v6))) return true;
  }
  return false;
}

Deadline RouteProgrammer::deadline() const {
  Deadline d;
  for (const auto& t : tables_.all()) {
    d = earliest(d, earliest(t->v4.suspects_due, t->v6.suspects_due));
  }
  for (const auto& reason : refusals_.all()) {
    if (reason.armed) d = earliest(d, reason.due);
  }
  return d;
}

bool RouteProgrammer::take_next_hop_doubt() {
  const bool doubt = next_hop_doubt_;
  next_hop_doubt_ = false;
  return doubt;
}

void RouteProgrammer::request_scan(VrfId vrf, std::size_t family) {
  Table* t = tables_.of(vrf);
  if (t == nullptr) return;
  if (family == 0) {
    t->v4.routes.request_scan();
  } else {
    t->v6.routes.request_scan();
  }
}

void RouteProgrammer::request_scan_all() {
  for (const auto& t : tables_.all()) {
    t->v4.routes.request_scan();
    t->v6.routes.request_scan();
  }
}

// ---- dumps --------------------------------------------------------------------------------------

template <class SlotT>
void RouteProgrammer::judge(F<SlotT>& f, SlotT& s, TimePoint now) {
  const bool lost = s.observed != kNoToken && (s.flags & (kSlotMarked | kSlotInFlight)) == 0;
  if (!lost) return;
  const bool known = tokens_.alive(s.observed);  // else its going was known before
  set_observed(s, kNoToken);
  if (s.set != 0 && known) suspect(f, s, now);
}

template <class SlotT>
void RouteProgrammer::go_on_marking_in(F<SlotT>& f, TimePoint now) {
  using Marks = typename F<SlotT>::Marks;
  if (f.marks != Marks::kJudging && f.marks != Marks::kClearing) return;
  (void)f.routes.walk(f.marks_at, shared_.limits.step_slots, [&](SlotT& s) {
    if (f.marks == Marks::kJudging) judge(f, s, now);
    s.flags &= static_cast<std::uint8_t>(~(kSlotMarked | kSlotTouched));
    return Visit::kKeep;
  });
  if (!f.marks_at.done) return;
  f.marks = Marks::kNone;
  f.routes.request_scan();
}

template <class SlotT>
bool RouteProgrammer::may_begin_dump_in(F<SlotT>& f) {
  using Marks = typename F<SlotT>::Marks;
  if (f.marks == Marks::kSetting) {  // broken off
    f.marks = Marks::kClearing;
    f.marks_at = {};
    go_on_marking_in(f, TimePoint{});  // judges nothing, so it needs no time
  }
  return f.marks == Marks::kNone;
}

bool RouteProgrammer::may_begin_dump(IpFamily family) {
  bool may = true;
  for (const auto& t : tables_.all()) {
    may = (family == IpFamily::kIpv4 ? may_begin_dump_in(t->v4) : may_begin_dump_in(t->v6)) && may;
  }
  return may;
}

void RouteProgrammer::begin_dump(IpFamily family) {
  for (const auto& t : tables_.all()) {
    if (family == IpFamily::kIpv4) {
      t->v4.marks = FamilyTable<SlotV4>::Marks::kSetting;
    } else {
      t->v6.marks = FamilyTable<SlotV6>::Marks::kSetting;
    }
  }
}

template <class SlotT>
void RouteProgrammer::end_dump_in(F<SlotT>& f, TimePoint now) {
  using Marks = typename F<SlotT>::Marks;
  // A table that came up while the dump ran holds nothing older.
  if (f.marks != Marks::kSetting) {
    f.routes.request_scan();
    return;
  }
  f.marks = Marks::kJudging;
  f.marks_at = {};
  go_on_marking_in(f, now);
}

void RouteProgrammer::end_dump(IpFamily family, TimePoint now) {
  for (const auto& t : tables_.all()) {
    if (family == IpFamily::kIpv4) {
      end_dump_in(t->v4, now);
    } else {
      end_dump_in(t->v6, now);
    }
  }
}

void RouteProgrammer::go_on_marking(TimePoint now) {
  for (const auto& t : tables_.all()) {
    go_on_marking_in(t->v4, now);
    go_on_marking_in(t->v6, now);
  }
}

bool RouteProgrammer::marking() const {
  const auto works = [](const auto& f) {
    using Marks = typename std::decay_t<decltype(f)>::Marks;
    return f.marks == Marks::kJudging || f.marks == Marks::kClearing;
  };
  return std::any_of(tables_.all().begin(), tables_.all().end(),
                     [&](const auto& t) { return works(t->v4) || works(t->v6); });
}

// ---- tables -------------------------------------------------------------------------------------

template <class SlotT>
void RouteProgrammer::move_desired(F<SlotT>& from, F<SlotT>& to) {
  from.routes.for_each([&](SlotT& s) {
    if (s.set == 0) return;
    SlotT& moved = to.routes.insert(s.key());
    moved.flags &= static_cast<std::uint8_t>(~kSlotAdopted);
    set_desired(to, moved, s.set);
    clear_reason(s);
    set_desired(from, s, 0);
  });
  from.routes.request_scan();
  to.routes.request_scan();
}

void RouteProgrammer::bind(VrfId vrf, TableId id) {
  Table& old = tables_.make(vrf);
  if (old.id == id) return;
  Table* there = tables_.of(id);
  if (old.id == TableId{} && there == nullptr) {
    tables_.bind(old, id);
    old.v4.routes.request_scan();
    old.v6.routes.request_scan();
    return;
  }
  // What is in the kernel stays with the table it is in; what is wanted moves.
  tables_.disown(old);
  Table& next = there != nullptr ? *there : tables_.make(id);
  if (next.vrf) tables_.disown(next);
  tables_.adopt(next, vrf);
  move_desired(old.v4, next.v4);
  move_desired(old.v6, next.v6);
}

template <class SlotT>
void RouteProgrammer::drop_in(F<SlotT>& f) {
  f.routes.for_each([&](SlotT& s) {
    clear_reason(s);
    set_desired(f, s, 0);
  });
  f.routes.request_scan();
}

void RouteProgrammer::drop(VrfId vrf) {
  Table* t = tables_.of(vrf);
  if (t == nullptr) return;
  drop_in(t->v4);
  drop_in(t->v6);
  tables_.disown(*t);
}

// ---- counts -------------------------------------------------------------------------------------

template <class SlotT>
EntryState RouteProgrammer::state(const SlotT& s) const {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  if (s.set == 0) return EntryState::kStale;
  if ((s.flags & kSlotInFlight) != 0) return EntryState::kPending;
  if (s.reason != 0) return EntryState::kRefused;
  const std::uint32_t target = sets_.peek_target(s.set, family);
  if (target == kNoToken) return EntryState::kWaiting;
  return s.observed == target ? EntryState::kAcked : EntryState::kPending;
}
template EntryState RouteProgrammer::state(const SlotV4&) const;
template EntryState RouteProgrammer::state(const SlotV6&) const;

template <class SlotT>
void RouteProgrammer::count_one(const SlotT& s, StateCounts& c) const {
  switch (state(s)) {
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
      if (s.observed != kNoToken && tokens_.alive(s.observed)) ++c.stale;
      break;
  }
}

void RouteProgrammer::count(RouteCounts& counts, std::size_t budget) const {
  while (counts.table < tables_.all().size() && budget > 0) {
    const Table& t = *tables_.all()[counts.table];
    TableCursor cursor{counts.next_hash, false};
    std::size_t seen = 0;
    const auto take = [&](const auto& s) {
      count_one(s, counts.in_v6 ? counts.v6 : counts.v4);
      ++seen;
    };
    if (counts.in_v6) {
      t.v6.routes.read(cursor, budget, take);
    } else {
      t.v4.routes.read(cursor, budget, take);
    }
    budget -= std::min(budget, seen + 1);  // one for a table, lest empty ones go on for ever
    counts.next_hash = cursor.done ? 0 : cursor.next_hash;
    if (!cursor.done) continue;
    if (counts.in_v6) ++counts.table;
    counts.in_v6 = !counts.in_v6;
  }
  counts.done = counts.table >= tables_.all().size();
}

}  // namespace perd::fib
