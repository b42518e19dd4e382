// SlotProgrammer: what all kinds of entries of MAC-VRFs have in common on the way from the observed
// to the desired state: queues, urgent changes, scans, suspects, dumps, refusals, repairs. As
// RouteProgrammer, but for one lane per MAC-VRF; Linux likes these entries in any order.
//
// A derived class D says what is particular about its kind:
//   static Lane<SlotT>& lane(MacVrfTable&)
//   bool settled(table, slot)        nothing is to be done as things stand
//   Verdict evaluate(table, slot, now)
//   bool wanted(slot), EntryState state(table, slot)
//   bool judge(slot)                 drops what a dump did not show; true: a wanted one
//   void forget(slot, parts)         drops what went with its device
//   void unmark(slot)
//   std::string describe(table, key)
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fib/l2/mac_vrf_tables.h"
#include "fib/link_table.h"
#include "fib/refusals.h"
#include "fib/shared.h"

namespace perd::fib {

// What one step may still do, shared by all programmers of hosts.
struct Pace {
  std::size_t ops = 0;
  std::size_t slots = 0;
  std::size_t reserve = 0;  // room kept for single changes
};

template <class D, class SlotT>
class SlotProgrammer {
 public:
  using Slot = SlotT;
  using Key = typename SlotT::Key;
  using L = Lane<SlotT>;

  SlotProgrammer(Shared& shared, const LinkTable& links, MacVrfTables& tables, Pace& pace)
      : shared_(shared), links_(links), tables_(tables), pace_(pace) {}

  // ---- step ----
  void step_urgent(TimePoint now);
  void step(TimePoint now);
  [[nodiscard]] bool more_urgent() const { return !urgent_.empty(); }
  [[nodiscard]] bool more_bulk() const;
  [[nodiscard]] bool busy() const { return !urgent_.empty() || !active_.empty() || walking(); }
  [[nodiscard]] Deadline deadline() const;

  void request_scan(MacVrfTable& t) {
    D::lane(t).slots.request_scan();
    if (D::lane(t).slots.scanning()) list(t);
  }
  void request_scan_all() {
    for (const auto& t : tables_) {
      if (t) request_scan(*t);
    }
  }
  void drop(MacVrfTable& t);  // nothing of it is wanted any more

  // ---- dumps and devices ----
  [[nodiscard]] bool may_begin_dump();
  void begin_dump();
  void end_dump();
  // The device is another one or gone; `parts` of what was seen went with it.
  void forget_seen(MacVrfTable& t, unsigned parts);
  void go_on_walking(TimePoint now);
  [[nodiscard]] bool walking() const { return !walking_.empty(); }

  // ---- accounts ----
  [[nodiscard]] const ReasonTable<Key>& reasons() const { return reasons_; }
  void count(StateCounts& counts) const;
  void refusals(ObjectKind kind, std::vector<Refusal>& out, std::size_t max) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t octets() const;

 protected:
  enum class Verdict : std::uint8_t { kLeft, kErase, kNoRoom };  // kErase: by the caller

  [[nodiscard]] D& self() { return static_cast<D&>(*this); }
  [[nodiscard]] const D& self() const { return static_cast<const D&>(*this); }
  [[nodiscard]] bool full() const { return pace_.ops == 0 || shared_.ops.room() <= pace_.reserve; }
  [[nodiscard]] MacVrfTable* table(std::uint16_t id) const {
    return id < tables_.size() ? tables_[id].get() : nullptr;
  }

  void list(MacVrfTable& t) {
    if (D::lane(t).listed) return;
    D::lane(t).listed = true;
    active_.push_back(t.id.value);
  }
  void enqueue(MacVrfTable& t, SlotT& s);
  void enqueue(MacVrfTable& t, SlotT& s, bool urgent);
  // Somebody changed it: looked at when late echoes of ours had their time to come.
  void suspect(MacVrfTable& t, SlotT& s, TimePoint now);
  // What was seen of it has changed.
  void noticed(MacVrfTable& t, SlotT& s, bool dump, TimePoint now);
  // The slot of an answered operation, no longer in flight; none when it has gone.
  [[nodiscard]] SlotT* land(MacVrfTable& t, const Key& key);
  void look_again(MacVrfTable& t, SlotT& s) {
    if (!self().settled(t, s)) enqueue(t, s, (s.flags & kHostUrgent) != 0);
  }
  [[nodiscard]] Flight flight_of(const MacVrfTable& t, FlightKind kind) const {
    Flight f;
    f.kind = kind;
    f.table = t.id.value;
    f.length = D::lane(const_cast<MacVrfTable&>(t)).epoch;
    return f;
  }
  template <class Op>
  void push(Op&& op, const Flight& flight) {
    if (pace_.ops != 0) --pace_.ops;
    shared_.ops.push(std::forward<Op>(op), flight);
  }
  void launched(SlotT& s, bool erases) {
    if (erases && (s.flags & kHostAdopted) != 0) ++shared_.swept;
    s.flags &= ~(kHostEcho | kHostDoubt | kHostSuspect | kHostUrgent | kHostErasing);
    s.flags |= erases ? kHostInFlight | kHostErasing : kHostInFlight;
  }
  void refuse(MacVrfTable& t, SlotT& s, int error, const std::string& text, TimePoint now);
  void clear_reason(SlotT& s) {
    if (s.reason == 0) return;
    reasons_.uncount(s.reason);
    s.reason = 0;
  }
  [[nodiscard]] bool backing_off(const SlotT& s, TimePoint now) const {
    return s.reason != 0 && reasons_.at(s.reason).due > now;
  }
  // Counts the repair of a suspect; false: it is undone again and again, and was refused.
  [[nodiscard]] bool may_repair(MacVrfTable& t, SlotT& s, TimePoint now);
  // Marks an observation; false: a notification has told something newer than this dump.
  [[nodiscard]] bool mark(const L& l, SlotT& s, bool dump, std::uint32_t marked,
                          std::uint32_t touched) {
    if (!l.marking(s)) return true;
    if (dump && (s.flags & touched) != 0) return false;
    s.flags |= dump ? marked : marked | touched;
    return true;
  }

  Shared& shared_;
  const LinkTable& links_;
  MacVrfTables& tables_;
  Pace& pace_;

 private:
  struct Repairs {
    unsigned count = 0;
    TimePoint since{};
  };
  static constexpr std::size_t kQueueMax = 4096;     // more dirty keys: a scan
  static constexpr std::size_t kUrgentMax = 256;     // single changes; more are no singles
  static constexpr std::size_t kSuspectsMax = 1024;  // likewise
  static constexpr std::size_t kHistoryMax = 1024;   // entries whose repairs are counted

  void work(MacVrfTable& t, TimePoint now);
  void ripen(MacVrfTable& t, TimePoint now);
  void retry_due(TimePoint now);
  void begin_walk(MacVrfTable& t, Walk walk);
  void walk(MacVrfTable& t, std::size_t& budget, TimePoint now);
  void say_repairs();

  ReasonTable<Key> reasons_;
  std::vector<std::uint16_t> active_;  // MAC-VRFs whose lane has work, in the order of their turns
  std::vector<std::uint16_t> walking_;
  std::vector<std::pair<std::uint16_t, Key>> urgent_;
  std::map<std::pair<std::uint16_t, Key>, Repairs> history_;
  std::size_t repaired_ = 0;  // in this step
  std::string repaired_example_;
};

// ---- queues -------------------------------------------------------------------------------------

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::enqueue(MacVrfTable& t, SlotT& s) {
  if ((s.flags & kHostQueued) != 0) return;
  L& l = D::lane(t);
  list(t);
  if (l.queue.size() >= kQueueMax) {
    l.slots.request_scan();
    return;
  }
  s.flags |= kHostQueued;
  l.queue.push_back(s.key());
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::enqueue(MacVrfTable& t, SlotT& s, bool urgent) {
  if (!urgent || urgent_.size() >= kUrgentMax) {
    enqueue(t, s);
    return;
  }
  s.flags |= kHostUrgent;
  urgent_.emplace_back(t.id.value, s.key());
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::suspect(MacVrfTable& t, SlotT& s, TimePoint now) {
  L& l = D::lane(t);
  if (!l.suspects_due) l.suspects_due = now + shared_.limits.debounce;
  s.flags |= kHostSuspect;
  list(t);
  if (l.suspects.size() < kSuspectsMax) {
    l.suspects.push_back(s.key());
  } else {
    l.suspect_scan = true;
  }
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::noticed(MacVrfTable& t, SlotT& s, bool dump, TimePoint now) {
  if (self().settled(t, s)) return;
  if (self().wanted(s) && !dump && shared_.writing) {
    suspect(t, s, now);
  } else {
    enqueue(t, s);
  }
}

template <class D, class SlotT>
SlotT* SlotProgrammer<D, SlotT>::land(MacVrfTable& t, const Key& key) {
  L& l = D::lane(t);
  SlotT* s = l.slots.find(key);
  if (s == nullptr) return nullptr;
  s->flags &= ~(kHostInFlight | kHostErasing);
  return s;
}

// ---- step ---------------------------------------------------------------------------------------

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::step_urgent(TimePoint now) {
  std::size_t done = 0;
  for (; done < urgent_.size(); ++done) {
    MacVrfTable* t = table(urgent_[done].first);
    SlotT* s = t == nullptr ? nullptr : D::lane(*t).slots.find(urgent_[done].second);
    if (s == nullptr) continue;
    const Verdict verdict = self().evaluate(*t, *s, now);
    if (verdict == Verdict::kNoRoom) break;
    if (verdict == Verdict::kErase) D::lane(*t).slots.erase(s);
  }
  urgent_.erase(urgent_.begin(), urgent_.begin() + static_cast<std::ptrdiff_t>(done));
}

// Each MAC-VRF has its turn; who had none for lack of room is the first next time.
template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::step(TimePoint now) {
  retry_due(now);
  const std::size_t count = active_.size();
  std::size_t turns = 0;
  while (turns < count && !full() && pace_.slots != 0) {
    MacVrfTable& t = *tables_[active_[turns++]];
    work(t, now);
    L& l = D::lane(t);
    if (l.waits() || l.suspects_due) {
      active_.push_back(t.id.value);
    } else {
      l.listed = false;
    }
  }
  active_.erase(active_.begin(), active_.begin() + static_cast<std::ptrdiff_t>(turns));
  say_repairs();
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::work(MacVrfTable& t, TimePoint now) {
  L& l = D::lane(t);
  ripen(t, now);
  for (; l.queued(); ++l.queue_at) {
    SlotT* s = l.slots.find(l.queue[l.queue_at]);
    if (s == nullptr) continue;
    s->flags &= ~kHostQueued;
    const Verdict verdict = self().evaluate(t, *s, now);
    if (verdict == Verdict::kErase) l.slots.erase(s);
    if (verdict != Verdict::kNoRoom) continue;
    s->flags |= kHostQueued;
    return;
  }
  l.queue.clear();
  l.queue_at = 0;
  if (!l.slots.scanning()) return;
  const std::size_t seen = l.slots.scan(pace_.slots, [&](SlotT& s) {
    if (self().settled(t, s)) return Visit::kKeep;
    switch (self().evaluate(t, s, now)) {
      case Verdict::kLeft:
        return Visit::kKeep;
      case Verdict::kErase:
        return Visit::kErase;
      case Verdict::kNoRoom:
        break;
    }
    return Visit::kStop;
  });
  pace_.slots -= std::min(pace_.slots, seen);
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::ripen(MacVrfTable& t, TimePoint now) {
  L& l = D::lane(t);
  if (!is_due(l.suspects_due, now)) return;
  l.suspects_due.reset();
  for (const Key& key : l.suspects) {
    if (SlotT* s = l.slots.find(key)) enqueue(t, *s);
  }
  l.suspects.clear();
  if (l.suspect_scan) l.slots.request_scan();
  l.suspect_scan = false;
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::retry_due(TimePoint now) {
  for (auto& reason : reasons_.all()) {
    if (!reason.armed || reason.due > now) continue;
    reason.armed = false;
    MacVrfTable* t = table(reason.table);
    if (t == nullptr) continue;
    for (const Key& key : reason.keys) {
      SlotT* s = D::lane(*t).slots.find(key);
      if (s != nullptr && s->reason != 0) enqueue(*t, *s);
    }
    if (reason.overflow) request_scan(*t);
    reason.keys.clear();
    reason.overflow = false;
  }
}

template <class D, class SlotT>
bool SlotProgrammer<D, SlotT>::more_bulk() const {
  return std::any_of(active_.begin(), active_.end(),
                     [this](std::uint16_t id) { return D::lane(*tables_[id]).waits(); });
}

template <class D, class SlotT>
Deadline SlotProgrammer<D, SlotT>::deadline() const {
  Deadline d;
  for (const std::uint16_t id : active_) d = earliest(d, D::lane(*tables_[id]).suspects_due);
  for (const auto& reason : reasons_.all()) {
    if (reason.armed) d = earliest(d, reason.due);
  }
  return d;
}

// ---- refusals and repairs -----------------------------------------------------------------------

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::refuse(MacVrfTable& t, SlotT& s, int error, const std::string& text,
                                      TimePoint now) {
  bool fresh = false;
  const std::uint16_t number = reasons_.number(t.id.value, SlotT::kFamily, error, text, fresh);
  if (s.reason != number) {
    clear_reason(s);
    s.reason = number;
    reasons_.count(number);
  }
  reasons_.add(number, s.key(), shared_.limits, now);
  if (fresh) {
    shared_.say(EventKind::kKernelRefused, Severity::kWarning, "kernel",
                self().describe(t, s.key()) + ": " + text);
  }
}

template <class D, class SlotT>
bool SlotProgrammer<D, SlotT>::may_repair(MacVrfTable& t, SlotT& s, TimePoint now) {
  if ((s.flags & kHostSuspect) == 0) return true;
  if (history_.size() >= kHistoryMax) history_.clear();  // a crowd is no fight over one entry
  Repairs& r = history_[{t.id.value, s.key()}];
  if (now - r.since > shared_.limits.repair_window) r = {0, now};
  if (++r.count > shared_.limits.repairs) {
    refuse(t, s, EBUSY, "somebody undoes it again and again", now);
    return false;
  }
  if (++repaired_ == 1) repaired_example_ = self().describe(t, s.key());
  return true;
}

template <class D, class SlotT>
void SlotProgrammer<D, SlotT>::say_repairs() {
  if (repaired_ == 0) return;
  shared_.say(EventKind::kKernelRepaired, Severity::kWarning, "kernel",
              repaired_ == 1 ? repaired_example_ + " was deleted or changed, written again"
                             : std::to_string(repaired_) +
                                   " entries were deleted or changed, written again (" +
                                   repaired_example_ + " is one)");
  repaired_ = 0;
}

}  // namespace perd::fib

#include "fib/l2/slot_programmer_inl.h"
