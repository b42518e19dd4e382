#include "fib/l2/fdb_next_hops.h"

#include <algorithm>

namespace perd::fib {
namespace {

[[nodiscard]] std::vector<NextHopMember> sorted(std::vector<NextHopMember> members) {
  std::sort(members.begin(), members.end());
  return members;
}
[[nodiscard]] bool has_member(const NextHop& n, std::uint32_t id) {
  return std::any_of(n.group.begin(), n.group.end(),
                     [id](const NextHopMember& m) { return m.id == id; });
}

}  // namespace

// ---- policy -------------------------------------------------------------------------------------

bool FdbNextHopPolicy::ready(Key, const NextHop& want) const {
  return std::all_of(want.group.begin(), want.group.end(),
                     [this](const NextHopMember& m) { return store->live(m.id); });
}

// Erasing a group takes its MACs along, and erasing a member takes it out of its groups.
bool FdbNextHopPolicy::may_erase(Key id, const NextHop& seen) const {
  if (!seen.group.empty()) return store->ways_.find(id) == kNoWay;
  const auto& all = store->store_;
  return std::none_of(all.index().begin(), all.index().end(), [&](const auto& item) {
    const auto& e = all.entry(item.second);
    return (e.seen && has_member(*e.seen, id)) || (e.flying && has_member(*e.flying, id));
  });
}

bool FdbNextHopPolicy::matches(const NextHop& want, const NextHop& seen) const {
  if (want.group.empty() != seen.group.empty()) return false;
  if (!want.group.empty()) return sorted(want.group) == sorted(seen.group);
  return want.gateway == seen.gateway && !seen.blackhole;
}

bool FdbNextHopPolicy::keep_foreign(Key id) const {
  return id >= kFdbNextHopIdFirst && id <= kFdbNextHopIdLast;  // not to use its number
}

void FdbNextHopPolicy::put(OpQueue& ops, Key, const NextHop& want, const Flight& flight) const {
  ops.push(NextHopPut{want}, flight);
}
void FdbNextHopPolicy::erase(OpQueue& ops, Key id, const NextHop&, const Flight& flight) const {
  ops.push(NextHopErase{id}, flight);
}

std::string FdbNextHopPolicy::describe(Key id) const {
  std::string text = "fdb next hop " + std::to_string(id);
  const auto* e = store->store_.find(id);
  const NextHop* n = e == nullptr ? nullptr : e->want ? &*e->want : e->seen ? &*e->seen : nullptr;
  if (n == nullptr) return text;
  if (n->gateway) return text + " via " + to_string(*n->gateway);
  text += " group";
  for (const auto& m : n->group) text += " " + std::to_string(m.id);
  return text;
}

void FdbNextHopPolicy::written(Key) const { store->changed_ = true; }
void FdbNextHopPolicy::settled(Key) const { store->changed_ = true; }
void FdbNextHopPolicy::vanished(Key id, const NextHop& was) const {
  store->changed_ = true;
  if (store->ways_.kill(id)) store->lost_ = true;
  if (was.group.empty()) {
    store->lost_members_.push_back(id);
  } else {
    store->store_.touch_unwanted();  // its members may follow
  }
}

// ---- store --------------------------------------------------------------------------------------

FdbNextHops::FdbNextHops(Shared& shared, Ways& ways)
    : shared_(shared), ways_(ways), store_(shared, FdbNextHopPolicy{this}) {}

std::uint32_t FdbNextHops::fresh_id() {
  while (store_.find(next_id_) != nullptr || objects_.count(next_id_) != 0 ||
         wanted_groups_.count(next_id_) != 0) {
    next_id_ = next_id_ == kFdbNextHopIdLast ? kFdbNextHopIdFirst : next_id_ + 1;
  }
  return next_id_++;
}

std::uint32_t FdbNextHops::acquire(const IpAddress& vtep) {
  if (const auto it = by_vtep_.find(vtep); it != by_vtep_.end()) {
    ++objects_[it->second].uses;
    return it->second;
  }
  std::uint32_t id = 0;
  if (const auto it = adoptable_.find(vtep); it != adoptable_.end()) {
    const auto* e = store_.find(it->second);
    if (e != nullptr && e->seen && e->own && !e->want && !e->in_flight &&
        e->seen->gateway == vtep) {
      id = it->second;
    }
    adoptable_.erase(it);
  }
  if (id == 0) id = fresh_id();
  objects_[id] = Object{vtep, 1};
  by_vtep_[vtep] = id;
  NextHop n;
  n.id = id;
  n.family = vtep.family;
  n.gateway = vtep;
  n.fdb = true;
  n.protocol = shared_.protocol;
  store_.want(id, n);
  return id;
}

void FdbNextHops::release(std::uint32_t id) {
  const auto it = objects_.find(id);
  if (it == objects_.end() || --it->second.uses != 0) return;
  by_vtep_.erase(it->second.vtep);
  objects_.erase(it);
  store_.unwant(id);
}

NextHop FdbNextHops::group(std::uint32_t id, const std::vector<std::uint32_t>& members) const {
  NextHop n;
  n.id = id;
  n.fdb = true;
  for (const std::uint32_t m : members) n.group.push_back({m, 1});
  n.protocol = shared_.protocol;
  return n;
}

std::uint32_t FdbNextHops::make_group(const std::vector<std::uint32_t>& members) {
  std::uint32_t id = 0;
  const auto it = adoptable_groups_.find(sorted(group(0, members).group));
  if (it != adoptable_groups_.end()) {
    const auto* e = store_.find(it->second);
    if (e != nullptr && e->seen && e->own && !e->want && !e->in_flight &&
        sorted(e->seen->group) == it->first) {
      id = it->second;
    }
    adoptable_groups_.erase(it);
  }
  if (id == 0) id = fresh_id();
  wanted_groups_.insert(id);
  store_.want(id, group(id, members));
  return id;
}

void FdbNextHops::set_group(std::uint32_t id, const std::vector<std::uint32_t>& members) {
  store_.want(id, group(id, members));
}

void FdbNextHops::drop_group(std::uint32_t id) {
  wanted_groups_.erase(id);
  store_.unwant(id);
}

bool FdbNextHops::live(std::uint32_t id) const {
  const auto* e = store_.find(id);
  if (e == nullptr || !e->want) return false;
  return (e->seen && e->own) || (e->in_flight && e->flying && !e->tainted);
}

bool FdbNextHops::refused(std::uint32_t id) const {
  const auto* e = store_.find(id);
  if (e == nullptr || !e->want) return false;
  if (e->error != 0) return true;
  return std::any_of(e->want->group.begin(), e->want->group.end(), [this](const NextHopMember& m) {
    const auto* member = store_.find(m.id);
    return member != nullptr && member->error != 0;
  });
}

// Linux takes a member that went out of its groups, and tells of it only sometimes.
void FdbNextHops::strip_groups() {
  while (!lost_members_.empty()) {
    const std::uint32_t id = lost_members_.back();
    lost_members_.pop_back();
    std::vector<std::uint32_t> groups;
    for (const auto& [key, i] : store_.index()) {
      const auto& e = store_.entry(i);
      if (e.seen && has_member(*e.seen, id)) groups.push_back(key);
    }
    for (const std::uint32_t g : groups) {
      NextHop left = *store_.find(g)->seen;
      left.group.erase(std::remove_if(left.group.begin(), left.group.end(),
                                      [id](const NextHopMember& m) { return m.id == id; }),
                       left.group.end());
      if (left.group.empty()) {
        store_.lose_silently([g](std::uint32_t key, const NextHop&) { return key == g; });
      } else {
        store_.amend(g, left);
      }
    }
  }
}

void FdbNextHops::see(const NextHop& n, bool from_dump, TimePoint now) {
  const bool own = n.protocol == shared_.protocol;
  store_.see(n.id, n, own, from_dump, now);
  changed_ = true;
  if (!own || objects_.count(n.id) != 0 || wanted_groups_.count(n.id) != 0) return;
  if (!n.group.empty()) {
    adoptable_groups_[sorted(n.group)] = n.id;
  } else if (n.gateway) {
    adoptable_[*n.gateway] = n.id;
  }
}

void FdbNextHops::lose(std::uint32_t id, TimePoint now) {
  store_.lose(id, now);
  strip_groups();
}

void FdbNextHops::end_dump(TimePoint now) {
  store_.end_dump(now);
  strip_groups();
}

void FdbNextHops::step_puts(TimePoint now) {
  strip_groups();
  store_.step(now, false, [](const NextHop& n) { return n.group.empty(); });
  if (changed_) {
    for (const std::uint32_t id : wanted_groups_) {
      if (store_.find(id)->waiting) store_.touch(id);  // its members may be there now
    }
  }
  store_.step(now, false, [](const NextHop& n) { return !n.group.empty(); });
}

void FdbNextHops::step_erases(TimePoint now) {
  for (const std::uint32_t id : ways_.take_idle()) {
    const auto* e = store_.find(id);
    if (e != nullptr && !e->want) store_.touch(id);
  }
  store_.step_erases(now);
  strip_groups();
}

bool FdbNextHops::take_changed() { return std::exchange(changed_, false); }
bool FdbNextHops::take_lost() { return std::exchange(lost_, false); }

}  // namespace perd::fib
