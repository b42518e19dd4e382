// Small members of RouteProgrammer that both of its files need: every change of a slot's two states
// goes through set_desired() and set_observed(), which keep the counts of sets and tokens right.
#pragma once

#include "fib/route_programmer.h"

namespace perd::fib {

template <class SlotT>
void RouteProgrammer::set_observed(SlotT& s, std::uint32_t token) {
  if (s.observed == token) return;
  if (token != kNoToken) {
    tokens_.use(token);
    if (s.set == 0) tokens_.doom(token);
  }
  if (s.observed != kNoToken) {
    if (s.set == 0) tokens_.undoom(s.observed);
    tokens_.unuse(s.observed);
  }
  s.observed = token;
}

template <class SlotT>
void RouteProgrammer::set_desired(F<SlotT>& f, SlotT& s, std::uint32_t set) {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  if (s.set == set) return;
  if (set != 0) sets_.use(set, family);
  if (s.set != 0) sets_.unuse(s.set, family);
  if (s.set == 0) {
    ++f.lengths[s.length];
    if (s.observed != kNoToken) tokens_.undoom(s.observed);
  } else if (set == 0) {
    --f.lengths[s.length];
    if (s.observed != kNoToken) tokens_.doom(s.observed);
  }
  s.set = set;
}

template <class SlotT>
void RouteProgrammer::clear_reason(SlotT& s) {
  if (s.reason == 0) return;
  refusals_.uncount(s.reason);
  s.reason = 0;
}

// What is queued would only go out in a worse order.
template <class SlotT>
void RouteProgrammer::hand_to_scan(F<SlotT>& f) {
  for (const IpPrefix& p : f.queue) {
    if (SlotT* s = f.routes.find(p)) s->flags &= static_cast<std::uint8_t>(~kSlotQueued);
  }
  f.queue.clear();
  f.routes.request_scan();
}

template <class SlotT>
void RouteProgrammer::enqueue(F<SlotT>& f, SlotT& s) {
  constexpr std::size_t most = SlotT::kFamily == IpFamily::kIpv4 ? kQueueMaxV4 : kQueueMaxV6;
  if ((s.flags & kSlotQueued) != 0) return;
  // While the table is walked that finds the slot as well, and in a better order.
  if (f.queue.size() >= most || f.routes.scanning()) {
    hand_to_scan(f);
    return;
  }
  s.flags |= kSlotQueued;
  f.queue.push_back(s.key());
}

template <class SlotT>
void RouteProgrammer::suspect(F<SlotT>& f, SlotT& s, TimePoint now) {
  if (!f.suspects_due) f.suspects_due = now + shared_.limits.debounce;
  s.flags |= kSlotSuspect;
  if (f.suspects.size() < kSuspectsMax) {
    f.suspects.push_back(s.key());
  } else {
    f.suspect_scan = true;
  }
}

// Nothing is to be done about the slot as things stand.
template <class SlotT>
bool RouteProgrammer::settled(const SlotT& s) const {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  if ((s.flags & kSlotInFlight) != 0) return true;
  const bool there = s.observed != kNoToken && tokens_.alive(s.observed);
  if (s.set == 0) return there && (s.flags & kSlotAdopted) != 0 && !shared_.sweep_allowed;
  return there && s.observed == sets_.peek_target(s.set, family);
}

}  // namespace perd::fib
