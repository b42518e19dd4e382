// MacProgrammer: what the kernel tells of MACs, by notification and by dump. What is wanted and
// written: mac_programmer.cpp.
#include "fib/l2/mac_programmer.h"

namespace perd::fib {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudNoArp = 0x40;
constexpr std::uint16_t kNudPermanent = 0x80;

[[nodiscard]] bool fixed(const FdbEntry& e) { return (e.state & (kNudPermanent | kNudNoArp)) != 0; }

}  // namespace

void MacProgrammer::set_seen(MacSlot& s, std::uint32_t way) {
  if (s.seen == way) return;
  ways_.use(way);
  ways_.unuse(s.seen);
  s.seen = way;
}

void MacProgrammer::see_self(MacSlot& s, std::uint32_t way, bool sticky) {
  if ((s.seen == kForeignWay) != (way == kForeignWay)) clear_reason(s);
  set_seen(s, way);
  s.flags = sticky && way != kNoWay ? s.flags | kMacSeenSticky : s.flags & ~kMacSeenSticky;
}

// The kernel keeps no protocol with these entries. On a VXLAN device of ours extern_learn is the
// mark, and of sticky ones the state, which nobody writes by hand.
std::uint32_t MacProgrammer::way_of(const MacVrfTable& t, const FdbEntry& e) {
  const std::uint16_t both = kNudReachable | kNudNoArp;
  const bool own = e.extern_learn || (e.sticky && (e.state & both) == both);
  if (!own) return fixed(e) ? kForeignWay : kNoWay;
  if (e.next_hop_id != 0) return ways_.over(e.next_hop_id);
  if (e.destination.is_unspecified()) return kOddWay;
  return ways_.to_vtep(e.destination, e.vni && *e.vni != t.ports.vni ? *e.vni : Vni{});
}

void MacProgrammer::observe(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now) {
  if (seen.object.self) {
    observe_self(t, seen, now);
  } else {
    observe_bridge(t, seen, now);
  }
}

void MacProgrammer::observe_self(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now) {
  const FdbEntry& e = seen.object;
  const std::uint32_t way = seen.gone ? kNoWay : way_of(t, e);
  MacSlot* s = t.macs.slots.find(e.mac);
  if (s == nullptr) {
    if (way == kNoWay) return;
    s = &t.macs.slots.insert(MacAddress{e.mac});
    if (way != kForeignWay) s->flags |= kHostAdopted;
  }
  ways_.use(way);  // until we know whether it stays
  const bool newer = mark(t.macs, *s, seen.from_dump, kHostMarked, kHostTouched);
  if (newer && (s->flags & kHostInFlight) == 0) {
    see_self(*s, way, e.sticky);
    if (s->set != 0 && way == sets_.target(s->set)) s->flags &= ~(kHostDoubt | kMacOddShape);
    noticed(t, *s, seen.from_dump, now);
  } else if (newer && !seen.from_dump) {
    observe_flying(*s, way, seen);
  }
  ways_.unuse(way);
}

// While an operation is on its way, notifications may tell of the time before it, and from its own
// echo on they tell the present. The echo may be filtered.
void MacProgrammer::observe_flying(MacSlot& s, std::uint32_t way, const Seen<FdbEntry>& seen) {
  const bool heard = (s.flags & kHostEcho) != 0;
  if ((s.flags & kHostErasing) != 0) {
    if (!heard && (way == kNoWay || seen.own_echo)) return;
    s.flags |= kHostEcho;  // there again, or an old echo: the answer makes us look twice
    see_self(s, way, seen.object.sticky);
    return;
  }
  const bool echo = way != kNoWay && s.set != 0 && way == sets_.target(s.set);
  if (!echo && !heard) {
    if (seen.own_echo) return;
    s.flags |= kHostDoubt;
    const std::uint32_t target = s.set != 0 ? sets_.target(s.set) : kNoWay;
    const bool same_shape =
        way == kNoWay || (target != kNoWay && way >= kFirstWay &&
                          (ways_.at(way).next_hop_id != 0) == (ways_.at(target).next_hop_id != 0) &&
                          seen.object.sticky == ((s.flags & kMacSticky) != 0));
    if (!same_shape) s.flags |= kMacOddShape;
    return;
  }
  if (!heard) {  // both halves were written just now
    s.flags &= ~(kHostDoubt | kMacOddShape | kMacYield);
    if (s.bridge() != BridgeHalf::kBare) {
      s.flags &= ~kMacBridgeTold;
      s.set_bridge((s.flags & kMacSticky) != 0 ? BridgeHalf::kSticky : BridgeHalf::kOwn);
    }
  }
  s.flags |= kHostEcho;
  see_self(s, way, seen.object.sticky);
}

void MacProgrammer::observe_bridge(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now) {
  const FdbEntry& e = seen.object;
  const bool at_vxlan = e.link == t.ports.vxlan;
  BridgeHalf half = BridgeHalf::kAbsent;
  if (!seen.gone && at_vxlan) {
    half = e.extern_learn ? BridgeHalf::kOwn
           : e.sticky     ? BridgeHalf::kSticky
           : fixed(e)     ? BridgeHalf::kForeign
                          : BridgeHalf::kBare;
  } else if (!seen.gone) {
    half = fixed(e) || e.sticky ? BridgeHalf::kForeign : BridgeHalf::kLocal;
  }
  MacSlot* s = t.macs.slots.find(e.mac);
  if (s == nullptr) {
    if (half != BridgeHalf::kOwn && half != BridgeHalf::kSticky && half != BridgeHalf::kForeign) {
      return;
    }
    s = &t.macs.slots.insert(MacAddress{e.mac});
    if (half != BridgeHalf::kForeign) s->flags |= kHostAdopted;
  }
  const bool newer = mark(t.macs, *s, seen.from_dump, kMacBridgeMarked, kMacBridgeTouched);
  const bool flying = (s->flags & kHostInFlight) != 0;
  const bool moved = half == BridgeHalf::kLocal || half == BridgeHalf::kForeign;
  if (!newer || (flying && seen.from_dump && !moved)) return;
  const BridgeHalf before = s->bridge();
  // The bridge tells of a move by the new place alone: the end of a local place is old news.
  if (seen.gone && at_vxlan_port(before) && !at_vxlan) return;
  const bool putting = flying && (s->flags & kHostErasing) == 0;
  if (half == BridgeHalf::kLocal && s->set == 0 && !at_vxlan_port(before) && !flying &&
      before != BridgeHalf::kLocal) {
    half = BridgeHalf::kAbsent;  // it was never ours: a put simply moves it
  }
  // As in observe_flying(): an echo of ours, or of the time before. That the kernel ignored our
  // mark is news all the same.
  const bool bare = putting && half == BridgeHalf::kBare;
  if (putting && seen.own_echo && before == BridgeHalf::kBare && at_vxlan_port(half) && !bare) {
    set_bridge(*s, half);  // the last of the operations that make a bare one new
    s->flags = (s->flags & ~kMacBridgeTold) | kMacBridgeMine;
    return;
  }
  if (flying && !moved && !bare && (s->flags & kHostEcho) == 0) {
    if (putting && half == BridgeHalf::kAbsent && !seen.own_echo) s->flags |= kHostDoubt;
    return;
  }
  set_bridge(*s, half);
  if (half == BridgeHalf::kSticky && (seen.own_echo || (s->flags & kMacSticky) != 0)) {
    s->flags |= kMacBridgeMine;
  }
  // It had been written, so it was taken from us: whether the host has moved is not ours to say.
  const bool written = at_vxlan_port(before) || putting || (s->flags & kHostSuspect) != 0;
  if (half == BridgeHalf::kLocal && s->set != 0 && written) s->flags |= kMacYield;
  if (!flying) {
    noticed(t, *s, seen.from_dump, now);
    return;
  }
  if ((s->flags & kHostEcho) == 0 && !bare) s->flags |= kHostDoubt;
  s->flags |= kMacBridgeTold;
}

void MacProgrammer::set_bridge(MacSlot& s, BridgeHalf half) {
  const BridgeHalf before = s.bridge();
  if (half == before) return;
  if (before == BridgeHalf::kForeign || half == BridgeHalf::kForeign) clear_reason(s);
  s.set_bridge(half);
  s.flags &= ~kMacYield;
  if (half == BridgeHalf::kForeign) s.flags &= ~kMacBridgeMine;
}

bool MacProgrammer::judge(MacSlot& s) {
  if ((s.flags & kHostInFlight) != 0) return false;
  bool lost = false;
  if (s.seen != kNoWay && (s.flags & kHostMarked) == 0) {
    lost = ways_.alive(s.seen);  // else its going was known before
    see_self(s, kNoWay, false);
  }
  if (s.bridge() != BridgeHalf::kAbsent && (s.flags & kMacBridgeMarked) == 0) {
    set_bridge(s, BridgeHalf::kAbsent);
    s.flags &= ~kMacBridgeMine;
    lost = true;
  }
  return lost && s.set != 0;
}

void MacProgrammer::forget(MacSlot& s, unsigned parts) {
  if ((parts & kForgetVxlan) != 0 && (s.flags & kHostTouched) == 0) see_self(s, kNoWay, false);
  if ((parts & kForgetBridge) != 0 && (s.flags & kMacBridgeTouched) == 0) {
    set_bridge(s, BridgeHalf::kAbsent);
    s.flags &= ~kMacBridgeMine;
  }
}

}  // namespace perd::fib
