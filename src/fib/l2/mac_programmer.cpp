#include "fib/l2/mac_programmer.h"

#include "perd/assert.h"

namespace perd::fib {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudNoArp = 0x40;

// Flight::index of an erase.
constexpr unsigned kHalfSelf = 1;
constexpr unsigned kHalfBridge = 2;

[[nodiscard]] MacAddress mac_of(const Flight& f) {
  MacAddress m;
  std::copy_n(f.octets.begin(), m.octets.size(), m.octets.begin());
  return m;
}
constexpr std::size_t kFlightSticky = 6;  // the octet behind the MAC

}  // namespace

// ---- desired ------------------------------------------------------------------------------------

void MacProgrammer::desire(MacVrfTable& t, const DesiredMac& mac) {
  const std::uint32_t set = mac.set == 0 ? 0 : sets_.index_of(mac.set);
  PERD_ASSERT(mac.set == 0 || set != 0);  // L2Delta: sets come before the MACs that use them
  if (mac.mac.is_zero()) return;
  MacSlot* s = t.macs.slots.find(mac.mac);
  if (s == nullptr) {
    if (set == 0) return;
    s = &t.macs.slots.insert(MacAddress{mac.mac});
  }
  // Routing has spoken: whoever took the bridge's half must give it back, or may keep it.
  s->flags &= ~(kHostAdopted | kMacYield);
  const bool sticky = set != 0 && mac.sticky;
  if (s->set != set || ((s->flags & kMacSticky) != 0) != sticky) {
    clear_reason(*s);
    s->flags &= ~kHostSuspect;  // a new wish repairs nothing
  }
  s->flags = sticky ? s->flags | kMacSticky : s->flags & ~kMacSticky;
  if (s->set != set) {
    if (set != 0) sets_.use(set);
    if (s->set != 0) sets_.unuse(s->set);
    s->set = set;
  }
  enqueue(t, *s, mac.urgent);
}

void MacProgrammer::unwant(MacSlot& s) {
  if (s.set != 0) sets_.unuse(s.set);
  s.set = 0;
  s.flags &= ~(kMacSticky | kMacYield | kHostSuspect);
}

// ---- one slot -----------------------------------------------------------------------------------

bool MacProgrammer::as_written(const MacSlot& s, std::uint32_t target) const {
  const bool sticky = (s.flags & kMacSticky) != 0;
  return s.seen == target && ways_.alive(target) && ((s.flags & kMacSeenSticky) != 0) == sticky &&
         s.bridge() == (sticky ? BridgeHalf::kSticky : BridgeHalf::kOwn);
}

bool MacProgrammer::in_place(const MacSlot& s, std::uint32_t target) const {
  return (s.flags & kHostDoubt) == 0 && as_written(s, target);
}

// Which halves are perd's to erase. A sticky half of the bridge carries no mark of its own.
unsigned MacProgrammer::own_halves(const MacSlot& s) const {
  const bool doubt = (s.flags & kHostDoubt) != 0;
  const bool self = doubt || (s.seen != kNoWay && s.seen != kForeignWay);
  const bool bridge =
      s.bridge() == BridgeHalf::kOwn || s.bridge() == BridgeHalf::kBare ||
      (s.bridge() == BridgeHalf::kSticky && (self || (s.flags & kMacBridgeMine) != 0));
  return (self ? kHalfSelf : 0U) | (bridge ? kHalfBridge : 0U);
}

bool MacProgrammer::lingers(const MacSlot& s) {
  return (s.seen != kNoWay && s.seen != kForeignWay) || s.bridge() == BridgeHalf::kOwn;
}

// Not wanted, but not to be erased one by one, or not yet.
bool MacProgrammer::kept(const MacVrfTable& t, const MacSlot& s) const {
  return t.fdb_goes || ((s.flags & kHostAdopted) != 0 && !shared_.sweep_allowed);
}

bool MacProgrammer::settled(const MacVrfTable& t, const MacSlot& s) const {
  if ((s.flags & kHostInFlight) != 0 || t.macs.held()) return true;
  const bool foreign = s.seen == kForeignWay || s.bridge() == BridgeHalf::kForeign;
  if (s.set == 0) {
    if (own_halves(s) != 0) return kept(t, s);
    return foreign || s.bridge() == BridgeHalf::kLocal;
  }
  const std::uint32_t target = sets_.target(s.set);
  if (!t.fdb_ready || target == kNoWay || (s.flags & kMacYield) != 0) return s.reason == 0;
  if (foreign) return s.reason != 0;
  return in_place(s, target) && s.reason == 0;
}

MacProgrammer::Verdict MacProgrammer::evaluate(MacVrfTable& t, MacSlot& s, TimePoint now) {
  if ((s.flags & kHostInFlight) != 0 || t.macs.held()) return Verdict::kLeft;
  // Its group has gone and taken it along, or has been made again before it was written.
  if (!ways_.alive(s.seen) && s.seen != kNoWay) see_self(s, kOddWay, false);
  return s.set == 0 ? evaluate_unwanted(t, s, now) : evaluate_wanted(t, s, now);
}

MacProgrammer::Verdict MacProgrammer::evaluate_unwanted(MacVrfTable& t, MacSlot& s, TimePoint now) {
  const unsigned halves = own_halves(s);
  if (halves == 0) {
    clear_reason(s);
    const bool outlives = t.macs.walk != Walk::kNone &&
                          (s.flags & (kHostTouched | kMacBridgeTouched)) != 0;  // the dump
    const bool kept = s.seen == kForeignWay || s.bridge() == BridgeHalf::kForeign ||
                      s.bridge() == BridgeHalf::kLocal;
    return kept || outlives ? Verdict::kLeft : Verdict::kErase;
  }
  if (kept(t, s) || t.ports.vxlan == IfIndex{} || backing_off(s, now)) return Verdict::kLeft;
  if (full()) return Verdict::kNoRoom;
  launch_erase(t, s, halves);
  return Verdict::kLeft;
}

MacProgrammer::Verdict MacProgrammer::evaluate_wanted(MacVrfTable& t, MacSlot& s, TimePoint now) {
  const std::uint32_t target = sets_.target(s.set);
  if (!t.fdb_ready || target == kNoWay || (s.flags & kMacYield) != 0 || in_place(s, target)) {
    s.flags &= ~(kHostSuspect | kHostUrgent);
    clear_reason(s);
    return Verdict::kLeft;
  }
  if (s.seen == kForeignWay || s.bridge() == BridgeHalf::kForeign) {
    refuse(t, s, EEXIST, "a foreign entry is in its place", now);
    return Verdict::kLeft;
  }
  if (t.macs.suspects_due && as_written(s, target)) {  // in doubt: late echoes may still settle it
    suspect(t, s, now);
    return Verdict::kLeft;
  }
  if (backing_off(s, now)) return Verdict::kLeft;
  if (full()) return Verdict::kNoRoom;
  if (!may_repair(t, s, now)) return Verdict::kLeft;
  launch_put(t, s, target);
  return Verdict::kLeft;
}

// ---- operations ---------------------------------------------------------------------------------

FdbEntry MacProgrammer::entry(const MacVrfTable& t, const MacSlot& s, std::uint32_t way,
                              bool sticky) const {
  FdbEntry e;
  e.link = t.ports.vxlan;
  e.mac = s.key();
  e.self = true;
  e.master = t.ports.bridge;
  e.vlan = t.ports.vlan;
  const Way& w = ways_.at(way);
  if (w.next_hop_id != 0) {
    e.next_hop_id = w.next_hop_id;
  } else {
    e.destination = w.vtep;
    if (w.vni != Vni{}) e.vni = w.vni;
  }
  // The bridge takes a sticky entry as a static one only, and learns extern_learn ones without it.
  e.state = sticky ? kNudReachable | kNudNoArp : kNudReachable;
  e.sticky = sticky;
  e.extern_learn = !sticky;
  return e;
}

// Linux cannot turn an entry with a destination into one with a next-hop group (it refuses) nor
// back (it ignores the destination), nor take `sticky` away. An entry that a local port took from
// us keeps a mark that makes older kernels ignore extern_learn, so that it would age: such a one is
// fetched back, removed and made anew. These operations need no answer: the put that follows has
// it.
void MacProgrammer::clear_the_way(const MacVrfTable& t, const MacSlot& s, std::uint32_t target) {
  const bool sticky = (s.flags & kMacSticky) != 0;
  const bool self_there = s.seen != kNoWay && s.seen != kForeignWay;
  const bool other_kind = ((s.flags & kMacSeenSticky) != 0) != sticky;
  const bool reshape = self_there && s.seen != target &&
                       (s.seen == kOddWay ||
                        (ways_.at(s.seen).next_hop_id != 0) != (ways_.at(target).next_hop_id != 0));
  const bool erase_self = reshape || (self_there && other_kind);
  const bool taken = s.bridge() == BridgeHalf::kLocal;
  const bool erase_bridge =
      taken || s.bridge() == BridgeHalf::kBare ||
      (at_vxlan_port(s.bridge()) && (s.bridge() == BridgeHalf::kSticky) != sticky);
  const bool doubt = (s.flags & kMacOddShape) != 0;  // any half may be there
  // Each half by itself: one that is not there must not save the other.
  FdbEntry half = entry(t, s, target, false);
  half.self = false;
  if (taken) push(FdbPut{half, false, false}, Flight{});
  if (erase_bridge || doubt) push(FdbErase{half, false}, Flight{});
  if (!erase_self && !doubt) return;
  half = entry(t, s, doubt ? kOddWay : s.seen, false);
  push(FdbErase{half, false}, Flight{});
}

void MacProgrammer::launch_put(const MacVrfTable& t, MacSlot& s, std::uint32_t target) {
  const bool sticky = (s.flags & kMacSticky) != 0;
  clear_the_way(t, s, target);
  Flight flight = flight_of(t, FlightKind::kMacPut);
  flight.index = target;
  std::copy(s.mac.begin(), s.mac.end(), flight.octets.begin());
  flight.octets[kFlightSticky] = sticky ? 1 : 0;
  ways_.use(target);  // while it is in flight
  launched(s, false);
  s.flags &= ~(kMacBridgeTold | kMacOddShape);
  push(FdbPut{entry(t, s, target, sticky), true, false}, flight);
}

// A local port has it, or may have: the bridge gives only an entry of the VXLAN port away, so it is
// asked for that alone, and needs no answer.
void MacProgrammer::launch_erase(const MacVrfTable& t, MacSlot& s, unsigned halves) {
  const bool unsure = (halves & kHalfBridge) == 0 &&
                      (s.bridge() == BridgeHalf::kLocal || (s.flags & kHostDoubt) != 0);
  Flight flight = flight_of(t, FlightKind::kMacErase);
  flight.index = halves;
  std::copy(s.mac.begin(), s.mac.end(), flight.octets.begin());
  FdbErase op{entry(t, s, s.seen, (s.flags & kMacSeenSticky) != 0), false};
  if (unsure) {
    op.entry.self = false;
    push(FdbErase{op}, Flight{});
  }
  op.both = halves == (kHalfSelf | kHalfBridge);
  op.entry.self = (halves & kHalfSelf) != 0;
  launched(s, true);
  s.flags &= ~kMacBridgeTold;
  push(std::move(op), flight);
}

// ---- answers ------------------------------------------------------------------------------------

void MacProgrammer::put_acked(MacVrfTable& t, MacSlot& s, const Flight& flight, TimePoint now) {
  const bool sticky = flight.octets[kFlightSticky] != 0;
  if ((s.flags & kHostEcho) == 0) {
    see_self(s, ways_.alive(flight.index) ? flight.index : kOddWay, sticky);
  }
  if ((s.flags & kMacBridgeTold) == 0) {
    set_bridge(s, sticky ? BridgeHalf::kSticky : BridgeHalf::kOwn);
    s.flags |= kMacBridgeMine;
  }
  clear_reason(s);
  if ((s.flags & kHostDoubt) == 0) return;
  if (s.bridge() == BridgeHalf::kForeign) {
    s.flags &= ~kHostDoubt;
  } else if (s.set != 0 && (s.flags & kMacYield) == 0) {
    suspect(t, s, now);  // somebody may have undone it: written again when all is told
  }
}

void MacProgrammer::acked(const Flight& flight, TimePoint now) {
  MacVrfTable* t = table(flight.table);
  MacSlot* s = t == nullptr ? nullptr : land(*t, mac_of(flight));
  const bool put = flight.kind == FlightKind::kMacPut;
  if (s != nullptr) {
    if (t->macs.marking(*s)) {
      s->flags |= kHostMarked | kHostTouched | kMacBridgeMarked | kMacBridgeTouched;
    }
    if (flight.length == t->macs.epoch) {
      if (put) {
        put_acked(*t, *s, flight, now);
      } else if ((s->flags & kHostEcho) == 0) {
        if ((flight.index & kHalfSelf) != 0) see_self(*s, kNoWay, false);
        if ((flight.index & kHalfBridge) != 0 && at_vxlan_port(s->bridge())) {
          set_bridge(*s, BridgeHalf::kAbsent);
        }
        s->flags &= ~kHostDoubt;
      }
    }
    if ((s->flags & kHostSuspect) == 0) look_again(*t, *s);
  }
  if (put) ways_.unuse(flight.index);
}

void MacProgrammer::refused(const Flight& flight, int error, const std::string& text,
                            TimePoint now) {
  MacVrfTable* t = table(flight.table);
  const bool put = flight.kind == FlightKind::kMacPut;
  const bool both = flight.index == (kHalfSelf | kHalfBridge);
  if (!put && means_gone(error) && (!both || error == ENODEV)) {
    acked(flight, now);
    return;
  }
  MacSlot* s = t == nullptr ? nullptr : land(*t, mac_of(flight));
  if (s != nullptr && flight.length != t->macs.epoch) {
    look_again(*t, *s);
  } else if (s != nullptr && !put && means_gone(error)) {
    // Linux asks the bridge first; when that has nothing the VXLAN device is not asked any more.
    s->flags &= ~kHostDoubt;
    set_bridge(*s, BridgeHalf::kLocal);  // as far as we can know
    if (s->seen == kNoWay) see_self(*s, kOddWay, false);
    look_again(*t, *s);
  } else if (s != nullptr) {
    // The bridge's half may have been written before the other was refused.
    s->flags &= ~kHostDoubt;
    if (put) s->flags |= kHostDoubt | kMacOddShape;
    // What is there has another shape than we know.
    if (put && error == EOPNOTSUPP) see_self(*s, kOddWay, false);
    if (put && !ways_.alive(flight.index)) {
      look_again(*t, *s);  // its group went meanwhile: nothing is wrong with the MAC itself
    } else {
      refuse(*t, *s, error, text.empty() ? errno_text(error) : text, now);
    }
  }
  if (put) ways_.unuse(flight.index);
}

// ---- views --------------------------------------------------------------------------------------

std::string MacProgrammer::describe(const MacVrfTable& t, const MacAddress& mac) const {
  return "mac " + (mac.is_zero() ? std::string("entries") : to_string(mac)) + " dev " +
         links_.name(t.ports.vxlan);
}

EntryState MacProgrammer::state(const MacVrfTable& t, const MacSlot& s) const {
  if (s.set == 0) return EntryState::kStale;
  if ((s.flags & kHostInFlight) != 0) return EntryState::kPending;
  if (s.reason != 0) return EntryState::kRefused;
  const std::uint32_t target = sets_.target(s.set);
  if (!t.fdb_ready || t.macs.held() || target == kNoWay || (s.flags & kMacYield) != 0) {
    return EntryState::kWaiting;
  }
  return in_place(s, target) ? EntryState::kAcked : EntryState::kPending;
}

HostEntryView MacProgrammer::view(const MacVrfTable& t, const MacSlot& s) const {
  HostEntryView v;
  v.state = state(t, s);
  if (s.set != 0) {
    v.vteps = sets_.content(s.set).vteps;
  } else if (s.seen >= kFirstWay && ways_.at(s.seen).next_hop_id == 0) {
    v.vteps = {ways_.at(s.seen).vtep};
  }
  if (s.seen >= kFirstWay && ways_.alive(s.seen)) v.next_hop_id = ways_.at(s.seen).next_hop_id;
  if (s.reason != 0) {
    v.error = reasons().at(s.reason).error;
    v.reason = reasons().at(s.reason).text;
  } else if (v.state == EntryState::kWaiting) {
    v.reason = !t.fdb_ready || t.macs.held() ? "its bridge and VXLAN device are not ready"
               : (s.flags & kMacYield) != 0  ? "a local port has learned it"
                                             : "its next-hop group is not in the kernel";
  }
  return v;
}

}  // namespace perd::fib
