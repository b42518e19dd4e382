#include "fib/resolver.h"

#include <algorithm>

#include "fib/set_store.h"

namespace perd::fib {

void Resolver::track(const IpAddress& a) {
  Watch& w = watches_[a];
  ++w.tracked;
  w.answered = false;
  unanswered_ = true;
}

void Resolver::untrack(const IpAddress& a) {
  const auto it = watches_.find(a);
  if (it == watches_.end() || it->second.tracked == 0) return;
  --it->second.tracked;
  drop_if_idle(a);
}

const Resolution& Resolver::watch(const IpAddress& a, std::uint32_t user) {
  Watch& w = watches_[a];
  if (std::find(w.users.begin(), w.users.end(), user) == w.users.end()) w.users.push_back(user);
  if (!w.valid) (void)refresh(a, w);
  return w.now;
}

void Resolver::unwatch(const IpAddress& a, std::uint32_t user) {
  const auto it = watches_.find(a);
  if (it == watches_.end()) return;
  auto& users = it->second.users;
  users.erase(std::remove(users.begin(), users.end(), user), users.end());
  drop_if_idle(a);
}

void Resolver::drop_if_idle(const IpAddress& a) {
  const auto it = watches_.find(a);
  if (it->second.tracked == 0 && it->second.users.empty()) watches_.erase(it);
}

void Resolver::changed(const IpPrefix& prefix) {
  if (all_ || watches_.empty()) return;
  if (changes_.size() >= kChangesMax) {
    all_ = true;
    changes_.clear();
    return;
  }
  changes_.push_back(prefix);
}

bool Resolver::concerned(const Watch& w) const {
  if (all_ || !w.valid) return true;
  for (const auto& a : w.chain) {
    for (const auto& p : changes_) {
      if (p.contains(a)) return true;
    }
  }
  return false;
}

std::vector<std::uint32_t> Resolver::step(bool may_answer) {
  std::vector<std::uint32_t> users;
  if (!dirty()) return users;
  for (auto& [address, w] : watches_) {
    if (!concerned(w)) continue;
    if (refresh(address, w)) users.insert(users.end(), w.users.begin(), w.users.end());
  }
  all_ = false;
  changes_.clear();
  if (!may_answer) return users;
  unanswered_ = false;
  for (auto& [address, w] : watches_) {
    if (w.tracked == 0) continue;
    const NextHopState state{address, !w.now.hops.empty(), w.now.connected, w.now.metric};
    if (w.answered && w.answer == state) continue;
    w.answered = true;
    w.answer = state;
    shared_.knowledge.emplace_back(state);
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

bool Resolver::refresh(const IpAddress& a, Watch& w) {
  Walk walk;
  const Found found = follow(a, walk);
  std::sort(walk.hops.begin(), walk.hops.end());
  walk.hops.erase(std::unique(walk.hops.begin(), walk.hops.end()), walk.hops.end());
  Resolution now;
  now.hops = std::move(walk.hops);
  now.connected = found.connected && !now.hops.empty();
  now.metric = now.hops.empty() ? 0 : found.metric;
  const bool differs = !w.valid || !(now == w.now);
  w.now = std::move(now);
  w.chain = std::move(walk.chain);
  w.valid = true;
  return differs;
}

bool Resolver::has_length(IpFamily family, unsigned length) const {
  if (foreign_.main_has_length(family, length)) return true;
  const Table* main = tables_.of(kDefaultVrf);
  if (main == nullptr) return false;
  return (family == IpFamily::kIpv4 ? main->v4.lengths : main->v6.lengths)[length] != 0;
}

std::uint32_t Resolver::own_set(const IpPrefix& prefix) const {
  const Table* main = tables_.of(kDefaultVrf);
  if (main == nullptr) return 0;
  if (prefix.is_v4()) {
    const SlotV4* s = main->v4.routes.find(prefix);
    return s == nullptr ? 0 : s->set;
  }
  const SlotV6* s = main->v6.routes.find(prefix);
  return s == nullptr ? 0 : s->set;
}

// The longest match decides, as it does for packets: what lies below it does not help when it leads
// nowhere. Only a route that would resolve through itself is passed over.
Resolver::Found Resolver::follow(const IpAddress& a, Walk& walk) const {
  Found found;
  walk.chain.push_back(a);
  for (unsigned length = a.bits() + 1; length-- > 0;) {
    if (!has_length(a.family, length)) continue;
    const IpPrefix prefix = IpPrefix::make(a, length);
    const std::uint32_t set = own_set(prefix);
    if (follow_foreign(a, prefix, set != 0 ? kRouteMetric : ~std::uint32_t{0}, walk, found)) {
      return found;
    }
    if (set == 0) continue;
    if (std::find(walk.sets.begin(), walk.sets.end(), set) != walk.sets.end()) continue;
    found.metric = kRouteMetric;
    if (walk.depth >= shared_.limits.recursion) return found;
    walk.sets.push_back(set);
    ++walk.depth;
    for (const auto& gateway : sets_->content(set).gateways) (void)follow(gateway, walk);
    --walk.depth;
    walk.sets.pop_back();
    return found;
  }
  return found;
}

bool Resolver::follow_foreign(const IpAddress& a, const IpPrefix& prefix, std::uint32_t below,
                              Walk& walk, Found& found) const {
  const auto [first, last] = foreign_.range(kMainTable, prefix);
  for (auto it = first; it != last && it->first.metric <= below; ++it) {
    const Route& route = it->second;
    found.metric = route.key.metric;
    if (route.type != RouteType::kUnicast) return route.type != RouteType::kThrow;
    const std::size_t before = walk.hops.size();
    take_hops(a, route, walk, found);
    // A route whose links are down is no route: the next metric, then a shorter prefix, is asked.
    if (walk.hops.size() != before) return true;
  }
  return false;
}

void Resolver::take_hops(const IpAddress& a, const Route& route, Walk& walk, Found& found) const {
  if (route.next_hop_id != 0) {
    take_object(a, route.next_hop_id, walk, found);
    return;
  }
  for (const auto& hop : route.hops) {
    if (!hop.link_down) take_hop(a, hop.link, hop.gateway, hop.onlink, walk, found);
  }
}

void Resolver::take_object(const IpAddress& a, std::uint32_t id, Walk& walk, Found& found) const {
  const auto* e = next_hops_.store().find(id);
  if (e == nullptr || !e->seen || e->seen->blackhole) return;
  if (e->seen->group.empty()) {
    take_hop(a, e->seen->link, e->seen->gateway, e->seen->onlink, walk, found);
    return;
  }
  for (const auto& m : e->seen->group) {
    const auto* member = next_hops_.store().find(m.id);
    if (member == nullptr || !member->seen || !member->seen->group.empty()) continue;
    take_hop(a, member->seen->link, member->seen->gateway, member->seen->onlink, walk, found);
  }
}

void Resolver::take_hop(const IpAddress& a, IfIndex link, const std::optional<IpAddress>& gateway,
                        bool onlink, Walk& walk, Found& found) const {
  if (!links_.usable(link)) return;
  if (walk.depth == 0 && !gateway) found.connected = true;
  walk.hops.push_back({link, gateway.value_or(a), onlink});
}

}  // namespace perd::fib
