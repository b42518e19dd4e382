// What one slot needs, and the operations for it. Walks and queues: route_walk.cpp.
#include "fib/route_programmer.h"

#include "fib/route_programmer_inl.h"
#include "perd/assert.h"

namespace perd::fib {
namespace {

[[nodiscard]] RouteKey route_key(const Table& t, const IpPrefix& p) {
  return {t.id, p, kRouteMetric};
}
constexpr std::uint8_t kScopeUniverse = 0;

}  // namespace

// ---- desired ------------------------------------------------------------------------------------

void RouteProgrammer::desire(const DesiredRoute& route) {
  const std::uint32_t set = route.set == 0 ? 0 : sets_.index_of(route.set);
  PERD_ASSERT(route.set == 0 ||
              set != 0);  // DesiredDelta: sets come before the routes that use them
  Table* t = tables_.of(route.vrf);
  if (t == nullptr) {
    if (set == 0) return;
    t = &tables_.make(route.vrf);
    if (route.vrf == kDefaultVrf) bind(kDefaultVrf, kMainTable), t = tables_.of(kDefaultVrf);
  }
  if (route.prefix.is_v4()) {
    desire_in(*t, t->v4, route, set);
  } else {
    desire_in(*t, t->v6, route, set);
  }
}

void RouteProgrammer::prefetch(const DesiredRoute& route) const {
  const Table* t = tables_.of(route.vrf);
  if (t == nullptr) return;
  if (route.prefix.is_v4()) {
    t->v4.routes.prefetch(route.prefix);
  } else {
    t->v6.routes.prefetch(route.prefix);
  }
}

template <class SlotT>
void RouteProgrammer::desire_in(Table& t, F<SlotT>& f, const DesiredRoute& route,
                                std::uint32_t set) {
  SlotT* s = f.routes.find(route.prefix);
  if (s == nullptr) {
    if (set == 0) return;
    s = &f.routes.insert(route.prefix);
  }
  s->flags &= static_cast<std::uint8_t>(~kSlotAdopted);
  if (s->set != set) {
    set_desired(f, *s, set);
    clear_reason(*s);
    if (t.vrf == kDefaultVrf) resolver_.changed(route.prefix);
  }
  if (route.urgent && f.urgent.size() < kUrgentMax) {
    f.urgent.push_back(route.prefix);
  } else {
    enqueue(f, *s);
  }
}

// ---- answers ------------------------------------------------------------------------------------

void RouteProgrammer::acked(const Flight& flight) {
  Table* t = tables_.at(flight.table);
  if (t != nullptr && flight.family == IpFamily::kIpv4) {
    acked_in(*t, t->v4, flight);
  } else if (t != nullptr) {
    acked_in(*t, t->v6, flight);
  }
  if (flight.kind == FlightKind::kRoutePut) tokens_.arrive(flight.index);
}

template <class SlotT>
void RouteProgrammer::acked_in(Table&, F<SlotT>& f, const Flight& flight) {
  SlotT* s = f.routes.find(flight.prefix());
  if (s == nullptr) return;
  const bool echo = (s->flags & kSlotEcho) != 0;
  s->flags &= static_cast<std::uint8_t>(~(kSlotInFlight | kSlotEcho | kSlotErasing));
  if (f.marking(*s)) s->flags |= kSlotMarked | kSlotTouched;
  if (flight.kind == FlightKind::kRoutePut) {
    if (!echo) set_observed(*s, tokens_.alive(flight.index) ? flight.index : kNoToken);
    clear_reason(*s);
  } else if (!echo) {
    set_observed(*s, kNoToken);
  }
  if (!settled(*s)) enqueue(f, *s);
}

void RouteProgrammer::refused(const Flight& flight, int error, const std::string& text,
                              TimePoint now) {
  if (flight.kind == FlightKind::kRouteErase && means_gone(error)) {
    acked(flight);
    return;
  }
  Table* t = tables_.at(flight.table);
  if (t != nullptr && flight.family == IpFamily::kIpv4) {
    refused_in(*t, t->v4, flight, error, text, now);
  } else if (t != nullptr) {
    refused_in(*t, t->v6, flight, error, text, now);
  }
  if (flight.kind == FlightKind::kRoutePut) tokens_.arrive(flight.index);
}

template <class SlotT>
void RouteProgrammer::refused_in(Table& t, F<SlotT>& f, const Flight& flight, int error,
                                 const std::string& text, TimePoint now) {
  SlotT* s = f.routes.find(flight.prefix());
  if (s == nullptr) return;
  s->flags &= static_cast<std::uint8_t>(~(kSlotInFlight | kSlotEcho | kSlotErasing));
  const bool put = flight.kind == FlightKind::kRoutePut;
  if (put && !tokens_.alive(flight.index)) {
    // Its next hop was refused or went meanwhile: nothing is wrong with the route itself.
    enqueue(f, *s);
    return;
  }
  if (put && (error == EINVAL || error == ENOENT)) next_hop_doubt_ = true;
  refuse(t, *s, error, text.empty() ? errno_text(error) : text, now);
}

// ---- observed -----------------------------------------------------------------------------------

void RouteProgrammer::observe(const Route& route, bool gone, bool from_dump, TimePoint now) {
  Table* t = tables_.of(route.key.table);
  if (t == nullptr) {
    if (gone) return;
    t = &tables_.make(route.key.table);
  }
  if (route.key.prefix.is_v4()) {
    observe_in(*t, t->v4, route, gone, from_dump, now);
  } else {
    observe_in(*t, t->v6, route, gone, from_dump, now);
  }
}

template <class SlotT>
void RouteProgrammer::observe_in(Table&, F<SlotT>& f, const Route& route, bool gone, bool dump,
                                 TimePoint now) {
  SlotT* s = f.routes.find(route.key.prefix);
  if (s == nullptr) {
    if (gone) return;
    s = &f.routes.insert(route.key.prefix);
    s->flags |= kSlotAdopted;
  }
  if (f.marking(*s)) {
    if (dump && (s->flags & kSlotTouched) != 0) return;  // the notification is not older
    s->flags |= dump ? kSlotMarked : kSlotMarked | kSlotTouched;
  }
  std::uint32_t token = kNoToken;
  if (!gone) {
    token = route.type == RouteType::kUnicast && route.next_hop_id != 0
                ? tokens_.of(route.next_hop_id)
                : kOddToken;
  }
  if ((s->flags & kSlotInFlight) != 0) {
    observe_flying(*s, token);
    return;
  }
  if (s->observed == token) return;
  set_observed(*s, token);
  if (s->set != 0 && !dump) {
    if (!settled(*s)) suspect(f, *s, now);
  } else if (!settled(*s)) {
    enqueue(f, *s);
  }
}

// While an operation is on its way, notifications may tell of the time before it. Only from its own
// echo on do they tell the present.
template <class SlotT>
void RouteProgrammer::observe_flying(SlotT& s, std::uint32_t token) {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  if ((s.flags & kSlotErasing) != 0) {
    if (token == kNoToken) return;
    s.flags |= kSlotEcho;  // there again, or an old echo: the answer makes us look twice
    set_observed(s, token);
    return;
  }
  const bool ours = token != kNoToken && s.set != 0 && token == sets_.peek_target(s.set, family);
  if (!ours && (s.flags & kSlotEcho) == 0) return;
  s.flags |= kSlotEcho;
  set_observed(s, token);
}

void RouteProgrammer::foreign_changed(const RouteKey& key) {
  if (key.metric != kRouteMetric) return;
  Table* t = tables_.of(key.table);
  if (t == nullptr) return;
  if (key.prefix.is_v4()) {
    if (SlotV4* s = t->v4.routes.find(key.prefix)) clear_reason(*s), enqueue(t->v4, *s);
  } else {
    if (SlotV6* s = t->v6.routes.find(key.prefix)) clear_reason(*s), enqueue(t->v6, *s);
  }
}

// ---- one slot -----------------------------------------------------------------------------------

template <class SlotT>
RouteProgrammer::Verdict RouteProgrammer::evaluate(Table& t, F<SlotT>& f, SlotT& s, TimePoint now) {
  if ((s.flags & kSlotInFlight) != 0) return Verdict::kLeft;  // again when it is answered
  if (s.observed != kNoToken && !tokens_.alive(s.observed)) set_observed(s, kNoToken);
  return s.set == 0 ? evaluate_unwanted(t, f, s) : evaluate_wanted(t, f, s, now);
}

template <class SlotT>
RouteProgrammer::Verdict RouteProgrammer::evaluate_unwanted(Table& t, F<SlotT>& f, SlotT& s) {
  if (s.observed == kNoToken) {
    const bool outlives = f.marks != F<SlotT>::Marks::kNone && (s.flags & kSlotTouched) != 0;
    if (outlives) return Verdict::kLeft;  // the dump
    clear_reason(s);
    return Verdict::kErase;
  }
  if ((s.flags & kSlotAdopted) != 0 && !shared_.sweep_allowed) return Verdict::kLeft;
  if (next_hops_.doomed(s.observed)) {
    // The object goes and takes the route along: one operation for all of them.
    tokens_.go_together(s.observed);
    next_hops_.store().touch(tokens_.at(s.observed).next_hop_id);
    return Verdict::kLeft;
  }
  if (full()) return Verdict::kNoRoom;
  launch(t, s, kNoToken);
  return Verdict::kLeft;
}

template <class SlotT>
RouteProgrammer::Verdict RouteProgrammer::evaluate_wanted(Table& t, F<SlotT>&, SlotT& s,
                                                          TimePoint now) {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  const std::uint32_t target = sets_.target(s.set, family);
  if (target == kNoToken || t.id == TableId{} || s.observed == target) {
    s.flags &= static_cast<std::uint8_t>(~kSlotSuspect);
    clear_reason(s);
    return Verdict::kLeft;
  }
  if (s.reason != 0 && refusals_.at(s.reason).due > now) return Verdict::kLeft;
  if (foreign_.holds(t.id, s.key(), kRouteMetric)) {
    refuse(t, s, EEXIST, "a foreign route has the same prefix and metric", now);
    return Verdict::kLeft;
  }
  if (full()) return Verdict::kNoRoom;
  if ((s.flags & kSlotSuspect) != 0) {
    if (repair_too_often(t, s, now)) {
      refuse(t, s, EBUSY, "somebody undoes it again and again", now);
      return Verdict::kLeft;
    }
    if (++repaired_ == 1) repaired_example_ = to_string(s.key());
  }
  launch(t, s, target);
  return Verdict::kLeft;
}

template <class SlotT>
void RouteProgrammer::launch(Table& t, SlotT& s, std::uint32_t token) {
  Flight flight;
  flight.kind = token != kNoToken ? FlightKind::kRoutePut : FlightKind::kRouteErase;
  flight.table = t.index;
  flight.index = token;
  flight.set_prefix(s.key());
  Route route;
  route.key = route_key(t, s.key());
  route.protocol = shared_.protocol;
  route.scope = kScopeUniverse;
  s.flags &= static_cast<std::uint8_t>(~(kSlotEcho | kSlotSuspect));
  s.flags |= kSlotInFlight;
  --budget_;
  if (token != kNoToken) {
    route.next_hop_id = tokens_.at(token).next_hop_id;
    tokens_.depart(token);
    shared_.ops.push(RoutePut{std::move(route)}, flight);
  } else {
    if (s.observed != kOddToken) route.next_hop_id = tokens_.at(s.observed).next_hop_id;
    if ((s.flags & kSlotAdopted) != 0) ++shared_.swept;
    s.flags |= kSlotErasing;
    shared_.ops.push(RouteErase{std::move(route)}, flight);
  }
}

template <class SlotT>
void RouteProgrammer::refuse(Table& t, SlotT& s, int error, const std::string& text,
                             TimePoint now) {
  bool fresh = false;
  const std::uint16_t number = refusals_.number(t.index, SlotT::kFamily, error, text, fresh);
  if (s.reason != number) {
    clear_reason(s);
    s.reason = number;
    refusals_.count(number);
  }
  refusals_.add(number, s.key(), shared_.limits, now);
  if (fresh) {
    shared_.say(
        EventKind::kKernelRefused, Severity::kWarning, "kernel",
        "route " + to_string(s.key()) + " table " + std::to_string(t.id.value) + ": " + text);
  }
}

template <class SlotT>
bool RouteProgrammer::repair_too_often(const Table& t, const SlotT& s, TimePoint now) {
  if (history_.size() >= kHistoryMax) history_.clear();  // a crowd is no fight over one route
  Repairs& r = history_[{t.id, s.key()}];
  if (now - r.since > shared_.limits.repair_window) r = {0, now};
  return ++r.count > shared_.limits.repairs;
}

template RouteProgrammer::Verdict RouteProgrammer::evaluate(Table&, F<SlotV4>&, SlotV4&, TimePoint);
template RouteProgrammer::Verdict RouteProgrammer::evaluate(Table&, F<SlotV6>&, SlotV6&, TimePoint);

}  // namespace perd::fib
