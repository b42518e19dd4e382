#include "fib/l2/flood_store.h"

namespace perd::fib {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudNoArp = 0x40;
constexpr std::uint16_t kNudPermanent = 0x80;

constexpr std::uint32_t kSeen = kFloodSeenOwn | kFloodSeenForeign;

[[nodiscard]] IpAddress vtep_of(const Flight& f) { return {f.octets, f.family}; }
void see(FloodSlot& s, std::uint32_t what) { s.flags = (s.flags & ~kSeen) | what; }

}  // namespace

void FloodStore::desire(MacVrfTable& t, const DesiredFlood& flood) {
  FloodSlot* s = t.floods.slots.find(flood.vtep);
  if (s == nullptr) {
    if (flood.gone) return;
    s = &t.floods.slots.insert(IpAddress{flood.vtep});
  }
  s->flags &= ~kHostAdopted;
  if (wanted(*s) == flood.gone) clear_reason(*s);
  s->flags = flood.gone ? s->flags & ~kFloodWanted : s->flags | kFloodWanted;
  enqueue(t, *s);
}

void FloodStore::observe(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now) {
  const FdbEntry& e = seen.object;
  if (e.destination.is_unspecified()) return;
  FloodSlot* s = t.floods.slots.find(e.destination);
  const bool mark_of_ours = (e.state & kNudNoArp) != 0;
  if (s == nullptr) {
    if (seen.gone) return;
    s = &t.floods.slots.insert(IpAddress{e.destination});
    if (mark_of_ours) s->flags |= kHostAdopted;
  }
  if (!mark(t.floods, *s, seen.from_dump, kHostMarked, kHostTouched)) return;
  // An operator's stays one: our own entries lend it their state.
  const std::uint32_t what = seen.gone                             ? 0U
                             : (s->flags & kFloodSeenForeign) != 0 ? kFloodSeenForeign
                             : (s->flags & kFloodSeenOwn) != 0     ? kFloodSeenOwn
                             : mark_of_ours                        ? kFloodSeenOwn
                                                                   : kFloodSeenForeign;
  if ((s->flags & kHostInFlight) == 0) {
    see(*s, what);
    noticed(t, *s, seen.from_dump, now);
  } else if (!seen.from_dump && !seen.own_echo) {
    // Of the time before the operation, or behind it: looked at again.
    const bool erasing = (s->flags & kHostErasing) != 0;
    if (seen.gone != erasing) s->flags |= kHostDoubt;
    if (!seen.gone && !erasing) s->flags &= ~kHostDoubt;  // it is there
  }
}

bool FloodStore::judge(FloodSlot& s) {
  if ((s.flags & (kHostInFlight | kHostMarked)) != 0 || !there(s)) return false;
  see(s, 0);
  return wanted(s);
}

void FloodStore::forget(FloodSlot& s, unsigned parts) {
  if ((parts & kForgetFloods) != 0 && (s.flags & kHostTouched) == 0) see(s, 0);
}

// Not wanted, but not to be erased one by one, or not yet.
bool FloodStore::kept(const MacVrfTable& t, const FloodSlot& s) const {
  return t.fdb_goes || ((s.flags & kHostAdopted) != 0 && !shared_.sweep_allowed);
}

bool FloodStore::settled(const MacVrfTable& t, const FloodSlot& s) const {
  if ((s.flags & kHostInFlight) != 0 || t.floods.held()) return true;
  if (wanted(s)) return s.reason == 0 && (there(s) || !t.fdb_ready);
  if ((s.flags & kFloodSeenOwn) == 0) return (s.flags & kFloodSeenForeign) != 0;
  return kept(t, s);
}

FloodStore::Verdict FloodStore::evaluate(MacVrfTable& t, FloodSlot& s, TimePoint now) {
  if ((s.flags & kHostInFlight) != 0 || t.floods.held()) return Verdict::kLeft;
  if (wanted(s)) {
    if (there(s) || !t.fdb_ready) {
      s.flags &= ~kHostSuspect;
      clear_reason(s);
      return Verdict::kLeft;
    }
    if (backing_off(s, now)) return Verdict::kLeft;
    if (full()) return Verdict::kNoRoom;
    if (may_repair(t, s, now)) launch(t, s, true);
    return Verdict::kLeft;
  }
  if ((s.flags & kFloodSeenOwn) == 0) {
    clear_reason(s);
    const bool outlives =
        t.floods.walk != Walk::kNone && (s.flags & kHostTouched) != 0;  // the dump
    return there(s) || outlives ? Verdict::kLeft : Verdict::kErase;
  }
  if (kept(t, s) || t.ports.vxlan == IfIndex{} || backing_off(s, now)) return Verdict::kLeft;
  if (full()) return Verdict::kNoRoom;
  launch(t, s, false);
  return Verdict::kLeft;
}

void FloodStore::launch(const MacVrfTable& t, FloodSlot& s, bool put) {
  Flight flight = flight_of(t, put ? FlightKind::kFloodPut : FlightKind::kFloodErase);
  const IpAddress vtep = s.key();
  flight.octets = vtep.octets;
  flight.family = vtep.family;
  FdbEntry e;
  e.link = t.ports.vxlan;
  e.self = true;
  e.destination = vtep;
  e.state = kNudNoArp | kNudPermanent;
  launched(s, !put);
  if (put) {
    push(FdbPut{e, false, true}, flight);
  } else {
    push(FdbErase{e, false}, flight);
  }
}

void FloodStore::acked(const Flight& flight) {
  MacVrfTable* t = table(flight.table);
  FloodSlot* s = t == nullptr ? nullptr : land(*t, vtep_of(flight));
  if (s == nullptr) return;
  if (t->floods.marking(*s)) s->flags |= kHostMarked | kHostTouched;
  const bool put = flight.kind == FlightKind::kFloodPut;
  if (flight.length == t->floods.epoch) {
    // In doubt the operation is made again; that does no harm.
    const bool doubt = (s->flags & kHostDoubt) != 0;
    see(*s, put != doubt ? kFloodSeenOwn : 0U);
  }
  s->flags &= ~kHostDoubt;
  clear_reason(*s);
  look_again(*t, *s);
}

void FloodStore::refused(const Flight& flight, int error, const std::string& text, TimePoint now) {
  if (flight.kind == FlightKind::kFloodErase && means_gone(error)) {
    acked(flight);
    return;
  }
  MacVrfTable* t = table(flight.table);
  FloodSlot* s = t == nullptr ? nullptr : land(*t, vtep_of(flight));
  if (s == nullptr) return;
  s->flags &= ~kHostDoubt;
  if (flight.length != t->floods.epoch) {
    look_again(*t, *s);
  } else {
    refuse(*t, *s, error, text.empty() ? errno_text(error) : text, now);
  }
}

std::string FloodStore::describe(const MacVrfTable& t, const IpAddress& vtep) const {
  return "flood " + (vtep.is_unspecified() ? std::string("entries") : "to " + to_string(vtep)) +
         " dev " + links_.name(t.ports.vxlan);
}

EntryState FloodStore::state(const MacVrfTable& t, const FloodSlot& s) const {
  if (!wanted(s)) return EntryState::kStale;
  if ((s.flags & kHostInFlight) != 0) return EntryState::kPending;
  if (s.reason != 0) return EntryState::kRefused;
  if (!t.fdb_ready || t.floods.held()) return EntryState::kWaiting;
  return there(s) ? EntryState::kAcked : EntryState::kPending;
}

}  // namespace perd::fib
