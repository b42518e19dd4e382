#include "fib/l2/neighbour_programmer.h"

namespace perd::fib {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudStale = 0x04;
constexpr std::uint16_t kNudNoArp = 0x40;
constexpr std::uint16_t kNudPermanent = 0x80;

constexpr std::uint32_t kWish = kHostWantRemote | kHostWantLocal | kHostWantRouter;
constexpr std::uint32_t kSeen = kHostSeenOwn | kHostSeenForeign | kHostSeenRouter | kHostSame;

[[nodiscard]] IpAddress address_of(const Flight& f) { return {f.octets, f.family}; }
[[nodiscard]] bool foreign(const Neighbour& n) {
  return (n.state & kNudPermanent) != 0 || ((n.state & kNudNoArp) != 0 && !n.extern_learn);
}

}  // namespace

// ---- desired ------------------------------------------------------------------------------------

template <class SlotT>
void NeighbourProgrammer<SlotT>::desire(MacVrfTable& t, const DesiredNeighbour& n) {
  if (n.address.is_unspecified()) return;
  SlotT* s = lane(t).slots.find(n.address);
  if (s == nullptr) {
    if (n.wish != NeighbourWish::kRemote) return;  // nothing of ours is there
    s = &lane(t).slots.insert(IpAddress{n.address});
  }
  s->flags &= ~kHostAdopted;
  const std::uint32_t wish = n.wish == NeighbourWish::kNone    ? 0U
                             : n.wish == NeighbourWish::kLocal ? kHostWantLocal
                             : n.router                        ? kHostWantRemote | kHostWantRouter
                                                               : kHostWantRemote;
  const bool same_mac = n.wish == NeighbourWish::kNone || s->mac == n.mac.octets;
  if ((s->flags & kWish) != wish || !same_mac) {
    this->clear_reason(*s);
    // What an earlier run wrote may be just what is wanted.
    const bool as_seen = same_mac && (s->flags & kWish) == 0 &&
                         ((s->flags & kHostSeenRouter) != 0) == n.router &&
                         (s->flags & (kHostSeenOwn | kHostSame)) == (kHostSeenOwn | kHostSame);
    s->flags &= ~kHostSuspect;  // a new wish repairs nothing
    if (!as_seen) s->flags &= ~kHostSame;
    s->flags = (s->flags & ~kWish) | wish | kHostOutdated;
    if (n.wish != NeighbourWish::kNone) s->mac = n.mac.octets;
  }
  this->enqueue(t, *s, n.urgent);
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::unwant(SlotT& s) {
  s.flags &= ~(kWish | kHostSuspect | kHostSame);
  s.flags |= kHostOutdated;
}

// ---- observed -----------------------------------------------------------------------------------

template <class SlotT>
bool NeighbourProgrammer<SlotT>::as_wanted(const SlotT& s, const Neighbour& n) const {
  return own(n) && n.mac.octets == s.mac && (n.state & kNudNoArp) != 0 &&
         n.router == ((s.flags & kHostWantRouter) != 0);
}

// None: nothing is there, or an entry that the kernel made.
template <class SlotT>
void NeighbourProgrammer<SlotT>::see(SlotT& s, const Neighbour* n) {
  const bool was_foreign = (s.flags & kHostSeenForeign) != 0;
  s.flags &= ~kSeen;
  if (n != nullptr && own(*n)) {
    s.flags |= kHostSeenOwn;
    if ((s.flags & kWish) == 0) {
      s.mac = n->mac.octets;
      if (n->router) s.flags |= kHostSeenRouter;
      if ((n->state & kNudNoArp) != 0) s.flags |= kHostSame;
    } else if (as_wanted(s, *n)) {
      s.flags |= kHostSame;
    }
  } else if (n != nullptr && foreign(*n)) {
    s.flags |= kHostSeenForeign;
  }
  if (was_foreign != ((s.flags & kHostSeenForeign) != 0)) this->clear_reason(s);
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::observe(MacVrfTable& t, const Seen<Neighbour>& seen,
                                         TimePoint now) {
  const Neighbour& n = seen.object;
  const bool counts = !seen.gone && (own(n) || foreign(n));
  Lane<SlotT>& l = lane(t);
  SlotT* s = l.slots.find(n.address);
  if (s == nullptr) {
    if (!counts || n.address.is_unspecified()) return;
    s = &l.slots.insert(IpAddress{n.address});
    if (own(n)) s->flags |= kHostAdopted;
  }
  if (!this->mark(l, *s, seen.from_dump, kHostMarked, kHostTouched)) return;
  if ((s->flags & kHostInFlight) == 0) {
    see(*s, counts ? &n : nullptr);
    this->noticed(t, *s, seen.from_dump, now);
    return;
  }
  if (seen.from_dump) return;
  // While an operation is on its way a notification may tell of the time before it; from its own
  // echo on it tells the present. The echo may be filtered.
  const bool erasing = (s->flags & kHostErasing) != 0;
  const bool handover = (s->flags & kHostHandover) != 0;
  const bool echo = handover  ? !seen.gone && !own(n)
                    : erasing ? counts && !seen.own_echo
                              : counts && as_wanted(*s, n);
  if (echo || (s->flags & kHostEcho) != 0) {
    s->flags |= kHostEcho;
    see(*s, counts ? &n : nullptr);
  } else if (!seen.own_echo && !handover && !erasing) {
    s->flags |= kHostDoubt;
  }
}

template <class SlotT>
bool NeighbourProgrammer<SlotT>::judge(SlotT& s) {
  if ((s.flags & (kHostInFlight | kHostMarked)) != 0 || (s.flags & kSeen) == 0) return false;
  see(s, nullptr);
  return wanted(s);
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::forget(SlotT& s, unsigned parts) {
  if ((parts & kForgetNeighbours) != 0 && (s.flags & kHostTouched) == 0) see(s, nullptr);
}

// ---- one slot -----------------------------------------------------------------------------------

// Not wanted, but not to be erased one by one, or not yet.
template <class SlotT>
bool NeighbourProgrammer<SlotT>::kept(const MacVrfTable& t, const SlotT& s) const {
  return t.neighbours_go || ((s.flags & kHostAdopted) != 0 && !this->shared_.sweep_allowed);
}

template <class SlotT>
bool NeighbourProgrammer<SlotT>::settled(const MacVrfTable& t, const SlotT& s) const {
  if ((s.flags & kHostInFlight) != 0 || lane(const_cast<MacVrfTable&>(t)).held()) return true;
  const bool own_there = (s.flags & kHostSeenOwn) != 0;
  const bool foreign_there = (s.flags & kHostSeenForeign) != 0;
  if (!wanted(s)) {
    if (!own_there) return foreign_there && (s.flags & kWish) == 0;
    return kept(t, s);
  }
  if (!t.neighbour_ready) return s.reason == 0;
  if (foreign_there) return s.reason != 0;
  return (s.flags & kHostSame) != 0 && s.reason == 0;
}

template <class SlotT>
typename NeighbourProgrammer<SlotT>::Verdict NeighbourProgrammer<SlotT>::evaluate(MacVrfTable& t,
                                                                                  SlotT& s,
                                                                                  TimePoint now) {
  if ((s.flags & kHostInFlight) != 0 || lane(t).held()) return Verdict::kLeft;
  if (!wanted(s)) return evaluate_unwanted(t, s, now);
  if (!t.neighbour_ready || (s.flags & kHostSame) != 0) {
    s.flags &= ~(kHostSuspect | kHostUrgent);
    this->clear_reason(s);
    return Verdict::kLeft;
  }
  if ((s.flags & kHostSeenForeign) != 0) {
    this->refuse(t, s, EEXIST, "a foreign entry is in its place", now);
    return Verdict::kLeft;
  }
  if (this->backing_off(s, now)) return Verdict::kLeft;
  if (this->full()) return Verdict::kNoRoom;
  if (!this->may_repair(t, s, now)) return Verdict::kLeft;
  launch_put(t, s);
  return Verdict::kLeft;
}

template <class SlotT>
typename NeighbourProgrammer<SlotT>::Verdict NeighbourProgrammer<SlotT>::evaluate_unwanted(
    MacVrfTable& t, SlotT& s, TimePoint now) {
  if ((s.flags & kHostSeenOwn) == 0) {
    this->clear_reason(s);
    s.flags &= ~kWish;  // the host's entry is the kernel's already
    const bool outlives = lane(t).walk != Walk::kNone && (s.flags & kHostTouched) != 0;  // the dump
    return outlives || (s.flags & kHostSeenForeign) != 0 ? Verdict::kLeft : Verdict::kErase;
  }
  if (kept(t, s) || t.ports.svi == IfIndex{} || this->backing_off(s, now)) return Verdict::kLeft;
  if (this->full()) return Verdict::kNoRoom;
  if ((s.flags & kHostWantLocal) != 0) {
    launch_put(t, s);
  } else {
    launch_erase(t, s);
  }
  return Verdict::kLeft;
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::launch_put(const MacVrfTable& t, SlotT& s) {
  Flight flight = this->flight_of(t, FlightKind::kHostNeighbourPut);
  const IpAddress address = s.key();
  flight.octets = address.octets;
  flight.family = address.family;
  Neighbour n;
  n.link = t.ports.svi;
  n.address = address;
  n.mac = MacAddress{s.mac};
  const bool handover = !wanted(s);
  flight.index = handover ? 0 : kFlightOwnNeighbour;
  if (handover) {
    n.state = kNudStale;
  } else {
    n.state = kNudNoArp;
    n.extern_learn = true;
    n.router = (s.flags & kHostWantRouter) != 0;
    n.protocol = this->shared_.protocol;
  }
  this->launched(s, false);
  s.flags &= ~(kHostOutdated | kHostHandover);
  if (handover) s.flags |= kHostHandover;
  this->push(NeighbourPut{n}, flight);
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::launch_erase(const MacVrfTable& t, SlotT& s) {
  Flight flight = this->flight_of(t, FlightKind::kHostNeighbourErase);
  const IpAddress address = s.key();
  flight.octets = address.octets;
  flight.family = address.family;
  this->launched(s, true);
  s.flags &= ~(kHostOutdated | kHostHandover);
  this->push(NeighbourErase{t.ports.svi, address}, flight);
}

// ---- answers ------------------------------------------------------------------------------------

template <class SlotT>
void NeighbourProgrammer<SlotT>::acked(const Flight& flight) {
  MacVrfTable* t = this->table(flight.table);
  SlotT* s = t == nullptr ? nullptr : this->land(*t, address_of(flight));
  if (s == nullptr) return;
  Lane<SlotT>& l = lane(*t);
  if (l.marking(*s)) s->flags |= kHostMarked | kHostTouched;
  const bool writes =
      flight.kind == FlightKind::kHostNeighbourPut && (s->flags & kHostHandover) == 0;
  if (flight.length == l.epoch && (s->flags & kHostEcho) == 0) {
    see(*s, nullptr);
    if (writes) s->flags |= kHostSeenOwn;
    // Else written again, as it is wanted now or because somebody may have undone it.
    if (writes && (s->flags & (kHostOutdated | kHostDoubt)) == 0) s->flags |= kHostSame;
  }
  if ((s->flags & kHostHandover) != 0) s->flags &= ~kHostWantLocal;
  s->flags &= ~(kHostHandover | kHostOutdated | kHostDoubt);
  this->clear_reason(*s);
  this->look_again(*t, *s);
}

template <class SlotT>
void NeighbourProgrammer<SlotT>::refused(const Flight& flight, int error, const std::string& text,
                                         TimePoint now) {
  if (flight.kind == FlightKind::kHostNeighbourErase && means_gone(error)) {
    acked(flight);
    return;
  }
  MacVrfTable* t = this->table(flight.table);
  SlotT* s = t == nullptr ? nullptr : this->land(*t, address_of(flight));
  if (s == nullptr) return;
  s->flags &= ~(kHostHandover | kHostOutdated | kHostDoubt);
  if (flight.length != lane(*t).epoch) {
    this->look_again(*t, *s);
  } else {
    this->refuse(*t, *s, error, text.empty() ? errno_text(error) : text, now);
  }
}

// ---- views --------------------------------------------------------------------------------------

template <class SlotT>
std::string NeighbourProgrammer<SlotT>::describe(const MacVrfTable& t,
                                                 const IpAddress& address) const {
  return "neighbour " + (address.is_unspecified() ? std::string("entries") : to_string(address)) +
         " dev " + this->links_.name(t.ports.svi);
}

template <class SlotT>
EntryState NeighbourProgrammer<SlotT>::state(const MacVrfTable& t, const SlotT& s) const {
  if (!wanted(s)) return EntryState::kStale;
  if ((s.flags & kHostInFlight) != 0) return EntryState::kPending;
  if (s.reason != 0) return EntryState::kRefused;
  if (!t.neighbour_ready || lane(const_cast<MacVrfTable&>(t)).held()) return EntryState::kWaiting;
  return (s.flags & kHostSame) != 0 ? EntryState::kAcked : EntryState::kPending;
}

template <class SlotT>
HostEntryView NeighbourProgrammer<SlotT>::view(const MacVrfTable& t, const SlotT& s) const {
  HostEntryView v;
  v.state = state(t, s);
  v.mac = MacAddress{s.mac};
  if (s.reason != 0) {
    v.error = this->reasons().at(s.reason).error;
    v.reason = this->reasons().at(s.reason).text;
  } else if (v.state == EntryState::kWaiting) {
    v.reason = "its bridge is not ready";
  }
  return v;
}

template class NeighbourProgrammer<NeighbourSlotV4>;
template class NeighbourProgrammer<NeighbourSlotV6>;
template class SlotProgrammer<NeighbourProgrammer<NeighbourSlotV4>, NeighbourSlotV4>;
template class SlotProgrammer<NeighbourProgrammer<NeighbourSlotV6>, NeighbourSlotV6>;

}  // namespace perd::fib
