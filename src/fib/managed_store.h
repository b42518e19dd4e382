// ManagedStore: the few objects of one kind (addresses, neighbours, FDB, next hops, rules, fixed
// routes, sysctls), wanted and seen state of each in one entry, and the rules that bring the second
// to the first. Routes have their own table; links their own builder.
//
// A Policy says what is particular about a kind:
//   Key, Value, kKind, kFlight
//   bool ready(key, want)                what it needs is there
//   bool may_erase(key, seen)            nothing needs it any more
//   bool matches(want, seen)
//   bool may_overwrite(seen)             a foreign entry that the kernel made by itself
//   bool keep_foreign(key)               foreign entries are worth remembering
//   Standing standing(key, want)         of foreign entries that are kept elsewhere
//   void put(ops, key, want, flight), void erase(ops, key, seen, flight)
//   std::string describe(key)
//   void written(key), void vanished(key, seen), void settled(key)
// Rules: own entries only are erased; one operation per entry in flight; what differs after a
// notification is looked at again after Limits::debounce, since it may be a late echo; repairs of
// one entry are counted, so that two daemons do not fight at full speed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fib/shared.h"

namespace perd::fib {

enum class Standing : std::uint8_t { kFree, kSatisfied, kTaken };

template <class Policy>
class ManagedStore {
 public:
  using Key = typename Policy::Key;
  using Value = typename Policy::Value;

  struct Entry {
    Key key{};
    std::optional<Value> want;
    std::optional<Value> seen;
    std::optional<Value> flying;  // what the operation in flight writes; none: it erases
    std::string text;             // of the refusal
    Deadline timer;
    TimePoint repairs_since{};
    int error = 0;
    unsigned attempts = 0;
    unsigned repairs = 0;
    bool used = false;
    bool own = false;      // `seen` carries perd's mark
    bool adopted = false;  // own, and not wanted so far in this run
    bool in_flight = false;
    bool echo = false;     // a notification of the operation in flight came
    bool tainted = false;  // what is in flight may have been lost silently
    bool suspect = false;
    bool waiting = false;
    bool dirty = false;
    bool marked = false;
    bool touched = false;
  };

  ManagedStore(Shared& shared, Policy policy) : shared_(shared), policy_(std::move(policy)) {}

  [[nodiscard]] Policy& policy() { return policy_; }
  [[nodiscard]] const Entry* find(const Key& key) const {
    const auto it = index_.find(key);
    return it == index_.end() ? nullptr : &entries_[it->second];
  }
  [[nodiscard]] const Entry& entry(std::uint32_t index) const { return entries_[index]; }
  [[nodiscard]] const std::map<Key, std::uint32_t>& index() const { return index_; }

  void want(const Key& key, const Value& value) {
    const std::uint32_t i = make(key);
    Entry& e = entries_[i];
    if (e.want && *e.want == value) return;
    e.want = value;
    e.adopted = false;
    renew(e);
    mark_dirty(i);
  }
  void unwant(const Key& key) {
    const auto it = index_.find(key);
    if (it == index_.end()) return;
    Entry& e = entries_[it->second];
    if (!e.want) return;
    e.want.reset();
    renew(e);
    mark_dirty(it->second);
  }
  // Something that `key` depends on has changed.
  void touch(const Key& key) {
    if (const auto it = index_.find(key); it != index_.end()) mark_dirty(it->second);
  }
  void touch_all() {
    for (const auto& [key, i] : index_) mark_dirty(i);
  }
  void touch_unwanted() {
    for (const auto& [key, i] : index_) {
      if (!entries_[i].want) mark_dirty(i);
    }
  }

  void see(const Key& key, const Value& value, bool own, bool from_dump, TimePoint now);
  void lose(const Key& key, TimePoint now);
  // The kernel dropped it without a word.
  template <class Predicate>
  void lose_silently(Predicate predicate) {
    for (const auto& [key, i] : index_) {
      Entry& e = entries_[i];
      const bool seen = e.seen && predicate(key, *e.seen);
      const bool flying = e.in_flight && e.flying && predicate(key, *e.flying);
      if (flying) e.tainted = true;
      if (!seen && !flying) continue;
      const std::optional<Value> was = std::move(e.seen);
      e.seen.reset();
      e.suspect = false;
      if (was) policy_.vanished(key, *was);
      mark_dirty(i);
    }
  }

  // What the kernel has changed in an entry by itself.
  void amend(const Key& key, const Value& value) {
    const auto it = index_.find(key);
    if (it == index_.end() || !entries_[it->second].seen) return;
    entries_[it->second].seen = value;
    mark_dirty(it->second);
  }

  // Dumps that tell of a part of the keys only (one family) name it.
  template <class Part>
  void begin_dump(Part part) {
    ++dumping_;
    for (const auto& [key, i] : index_) {
      if (part(key)) entries_[i].marked = entries_[i].touched = false;
    }
  }
  void begin_dump() {
    begin_dump([](const Key&) { return true; });
  }
  template <class Part>
  void end_dump(TimePoint now, Part part);
  void end_dump(TimePoint now) {
    end_dump(now, [](const Key&) { return true; });
  }

  void acked(std::uint32_t i);
  void refused(std::uint32_t i, int error, const std::string& text, TimePoint now);

  // Looks at the dirty entries; `erases` picks those not wanted, else `filter(want)` those to put.
  template <class Filter>
  void step(TimePoint now, bool erases, Filter filter);
  void step_puts(TimePoint now) {
    step(now, false, [](const Value&) { return true; });
  }
  void step_erases(TimePoint now) {
    step(now, true, [](const Value&) { return true; });
  }

  [[nodiscard]] bool dirty() const { return !dirty_.empty(); }
  [[nodiscard]] bool busy() const { return !dirty_.empty() || suspects_ != 0; }
  [[nodiscard]] Deadline deadline() const {
    return timers_.empty() ? Deadline{} : Deadline{timers_.begin()->first};
  }
  [[nodiscard]] static EntryState state(const Policy& policy, const Entry& e) {
    if (!e.want) return EntryState::kStale;
    if (e.in_flight) return EntryState::kPending;
    if (e.seen && policy.matches(*e.want, *e.seen)) return EntryState::kAcked;
    if (e.error != 0) return EntryState::kRefused;
    if (e.error == 0 && policy.standing(e.key, *e.want) == Standing::kSatisfied) {
      return EntryState::kAcked;
    }
    return e.waiting ? EntryState::kWaiting : EntryState::kPending;
  }
  [[nodiscard]] EntryState state(const Entry& e) const { return state(policy_, e); }
  [[nodiscard]] StateCounts counts() const;
  void refusals(std::vector<Refusal>& out, std::size_t max) const {
    for (const auto& [key, i] : index_) {
      const Entry& e = entries_[i];
      if (out.size() >= max) return;
      if (e.error == 0) continue;
      out.push_back(
          {Policy::kKind, policy_.describe(key), e.error, e.text, 1, e.attempts, e.timer});
    }
  }

 private:
  std::uint32_t make(const Key& key);
  void drop(std::uint32_t i);
  void renew(Entry& e) { e.error = 0, e.attempts = 0, e.text.clear(), e.suspect = false; }
  void mark_dirty(std::uint32_t i) {
    if (entries_[i].dirty) return;
    entries_[i].dirty = true;
    dirty_.push_back(i);
  }
  void set_timer(std::uint32_t i, Deadline at) {
    Entry& e = entries_[i];
    if (e.timer) timers_.erase({*e.timer, i});
    e.timer = at;
    if (at) timers_.insert({*at, i});
  }
  void suspect(std::uint32_t i, TimePoint now) {
    entries_[i].suspect = true;
    set_timer(i, now + shared_.limits.debounce);
    suspects_ = 1;
  }
  void refuse(std::uint32_t i, int error, const std::string& text, TimePoint now);
  [[nodiscard]] bool fight(std::uint32_t i, TimePoint now);
  void evaluate(std::uint32_t i, TimePoint now);
  void evaluate_wanted(std::uint32_t i, TimePoint now);
  void launch(std::uint32_t i, bool put);

  Shared& shared_;
  Policy policy_;
  std::deque<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::map<Key, std::uint32_t> index_;
  std::vector<std::uint32_t> dirty_;
  std::set<std::pair<TimePoint, std::uint32_t>> timers_;
  std::size_t suspects_ = 0;  // some entry awaits its debounce
  unsigned dumping_ = 0;      // dumps that run
};

template <class P>
std::uint32_t ManagedStore<P>::make(const Key& key) {
  if (const auto it = index_.find(key); it != index_.end()) return it->second;
  std::uint32_t i = 0;
  if (free_.empty()) {
    i = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    i = free_.back();
    free_.pop_back();
    const bool dirty = entries_[i].dirty;  // it may still stand in dirty_
    entries_[i] = Entry{};
    entries_[i].dirty = dirty;
  }
  entries_[i].key = key;
  entries_[i].used = true;
  index_.emplace(key, i);
  return i;
}

template <class P>
void ManagedStore<P>::drop(std::uint32_t i) {
  set_timer(i, std::nullopt);
  index_.erase(entries_[i].key);
  entries_[i].used = false;
  entries_[i].want.reset();
  entries_[i].seen.reset();
  free_.push_back(i);
}

template <class P>
void ManagedStore<P>::see(const Key& key, const Value& value, bool own, bool from_dump,
                          TimePoint now) {
  const bool known = index_.count(key) != 0;
  if (!known && !own && !policy_.keep_foreign(key)) return;
  const std::uint32_t i = make(key);
  Entry& e = entries_[i];
  if (from_dump && e.touched) return;  // the notification is not older than the dump
  if (dumping_ != 0) e.marked = true, e.touched = e.touched || !from_dump;
  if (!known) e.adopted = own;
  e.seen = value;
  e.own = own;
  if (e.in_flight && e.flying && policy_.matches(*e.flying, value)) e.echo = true;
  if (!e.want || e.in_flight || policy_.matches(*e.want, value) || !shared_.writing) {
    mark_dirty(i);
  } else {
    suspect(i, now);
  }
}

template <class P>
void ManagedStore<P>::lose(const Key& key, TimePoint now) {
  const auto it = index_.find(key);
  if (it == index_.end()) return;
  const std::uint32_t i = it->second;
  Entry& e = entries_[i];
  if (dumping_ != 0) e.marked = e.touched = true;
  if (!e.seen) return;
  const Value was = *e.seen;
  e.seen.reset();
  policy_.vanished(key, was);
  if (e.want && !e.in_flight && shared_.writing) {
    suspect(i, now);
  } else {
    mark_dirty(i);
  }
}

template <class P>
template <class Part>
void ManagedStore<P>::end_dump(TimePoint now, Part part) {
  --dumping_;
  std::vector<Key> lost;
  for (const auto& [key, i] : index_) {
    if (entries_[i].seen && !entries_[i].marked && part(key)) lost.push_back(key);
  }
  for (const Key& key : lost) lose(key, now);
}

template <class P>
void ManagedStore<P>::acked(std::uint32_t i) {
  Entry& e = entries_[i];
  e.in_flight = false;
  if (dumping_ != 0) e.marked = e.touched = true;
  if (!e.flying) {
    const std::optional<Value> was = std::move(e.seen);
    e.seen.reset();
    if (was) policy_.vanished(e.key, *was);
  } else if (!e.tainted && !e.echo) {
    e.seen = e.flying;
    e.own = true;
  }
  const bool landed = e.flying && e.seen;
  e.flying.reset();
  e.error = 0, e.attempts = 0, e.text.clear();
  if (landed) policy_.settled(e.key);
  mark_dirty(i);
}

template <class P>
void ManagedStore<P>::refused(std::uint32_t i, int error, const std::string& text, TimePoint now) {
  Entry& e = entries_[i];
  const bool put = e.flying.has_value();
  if (!put && means_gone(error)) {
    acked(i);
    return;
  }
  e.in_flight = false;
  if (put && !e.seen) policy_.vanished(e.key, *e.flying);  // what was promised did not come
  e.flying.reset();
  refuse(i, error, text, now);
  mark_dirty(i);
}

template <class P>
void ManagedStore<P>::refuse(std::uint32_t i, int error, const std::string& text, TimePoint now) {
  Entry& e = entries_[i];
  const std::string words = text.empty() ? errno_text(error) : text;
  const bool news = e.error != error || e.text != words;
  e.error = error;
  e.text = words;
  ++e.attempts;
  set_timer(i, now + backoff(shared_.limits, e.attempts));
  if (news) {
    shared_.say(EventKind::kKernelRefused, Severity::kWarning, "kernel",
                policy_.describe(e.key) + ": " + words);
  }
}

// Counts a repair; true when it must wait because somebody undoes it again and again.
template <class P>
bool ManagedStore<P>::fight(std::uint32_t i, TimePoint now) {
  Entry& e = entries_[i];
  if (now - e.repairs_since > shared_.limits.repair_window) e.repairs = 0, e.repairs_since = now;
  ++e.repairs;
  if (e.repairs <= shared_.limits.repairs) {
    shared_.say(
        EventKind::kKernelRepaired, Severity::kWarning, "kernel",
        policy_.describe(e.key) + (e.seen ? " was changed" : " was deleted") + ", written again");
    return false;
  }
  if (e.repairs == shared_.limits.repairs + 1) {
    shared_.say(EventKind::kKernelRepaired, Severity::kError, "kernel",
                policy_.describe(e.key) + " is undone again and again, repairing it less often");
  }
  set_timer(i, e.repairs_since + shared_.limits.repair_window + shared_.limits.debounce);
  return true;
}

template <class P>
void ManagedStore<P>::launch(std::uint32_t i, bool put) {
  Entry& e = entries_[i];
  Flight flight;
  flight.kind = P::kFlight;
  flight.index = i;
  e.in_flight = true;
  e.echo = e.tainted = e.suspect = e.waiting = false;
  set_timer(i, std::nullopt);
  if (put) {
    e.flying = e.want;
    policy_.put(shared_.ops, e.key, *e.want, flight);
    policy_.written(e.key);
  } else {
    e.flying.reset();
    if (e.adopted) ++shared_.swept;
    policy_.erase(shared_.ops, e.key, *e.seen, flight);
  }
}

template <class P>
void ManagedStore<P>::evaluate_wanted(std::uint32_t i, TimePoint now) {
  Entry& e = entries_[i];
  const Standing standing = policy_.standing(e.key, *e.want);
  if ((e.seen && policy_.matches(*e.want, *e.seen)) || standing == Standing::kSatisfied) {
    if (!e.timer || e.suspect || e.error != 0) set_timer(i, std::nullopt);
    renew(e);
    e.waiting = false;
    policy_.settled(e.key);
    return;
  }
  if (standing == Standing::kTaken || (e.seen && !e.own && !policy_.may_overwrite(*e.seen))) {
    if (e.error != EEXIST) refuse(i, EEXIST, "a foreign entry is in its place", now);
    set_timer(i, std::nullopt);  // its going is noticed
    return;
  }
  if (!policy_.ready(e.key, *e.want)) {
    renew(e);
    e.waiting = true;
    set_timer(i, std::nullopt);
    return;
  }
  if (e.timer && now < *e.timer) return;
  if (e.suspect && fight(i, now)) return;
  launch(i, true);
}

template <class P>
void ManagedStore<P>::evaluate(std::uint32_t i, TimePoint now) {
  Entry& e = entries_[i];
  if (e.in_flight) return;  // looked at again when it is answered
  if (e.want) {
    evaluate_wanted(i, now);
    return;
  }
  if (!e.seen || !e.own) {
    if (!e.seen || !policy_.keep_foreign(e.key)) drop(i);
    return;
  }
  if (e.adopted && !shared_.sweep_allowed) return;
  if (e.timer && now < *e.timer) return;
  if (policy_.may_erase(e.key, *e.seen)) launch(i, false);
}

template <class P>
template <class Filter>
void ManagedStore<P>::step(TimePoint now, bool erases, Filter filter) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const std::uint32_t i = timers_.begin()->second;
    timers_.erase(timers_.begin());
    entries_[i].timer.reset();
    mark_dirty(i);
  }
  std::vector<std::uint32_t> work;
  work.swap(dirty_);
  for (const std::uint32_t i : work) {
    Entry& e = entries_[i];
    if (!e.used) {
      e.dirty = false;
      continue;
    }
    const bool mine = e.want ? !erases && filter(*e.want) : erases;
    if (!mine || shared_.ops.room() == 0) {
      dirty_.push_back(i);
      continue;
    }
    e.dirty = false;
    evaluate(i, now);
  }
  suspects_ = 0;
  for (const auto& timer : timers_) {
    if (entries_[timer.second].suspect) suspects_ = 1;
  }
}

template <class P>
StateCounts ManagedStore<P>::counts() const {
  StateCounts c;
  for (const auto& [key, i] : index_) {
    const Entry& e = entries_[i];
    if (!e.want && !e.own) continue;
    switch (state(e)) {
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
  }
  return c;
}

}  // namespace perd::fib
