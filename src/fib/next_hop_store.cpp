#include "fib/next_hop_store.h"

#include <algorithm>

namespace perd::fib {
namespace {

[[nodiscard]] std::vector<NextHopMember> sorted(std::vector<NextHopMember> members) {
  std::sort(members.begin(), members.end());
  return members;
}
[[nodiscard]] HopKey key_of(const NextHop& n) {
  return {n.link, n.gateway.value_or(IpAddress{}), n.onlink};
}

}  // namespace

// ---- policy -------------------------------------------------------------------------------------

bool NextHopPolicy::ready(Key, const NextHop& want) const {
  if (want.group.empty()) return want.link != IfIndex{} && store->links_.usable(want.link);
  return std::all_of(want.group.begin(), want.group.end(),
                     [this](const NextHopMember& m) { return store->live(m.id); });
}

bool NextHopPolicy::may_erase(Key id, const NextHop&) const {
  const std::uint32_t token = store->tokens_.find(id);
  if (token == kNoToken) return true;
  const HopToken& t = store->tokens_.at(token);
  return t.uses == t.doomed && store->takes_routes_along(token);
}

bool NextHopPolicy::matches(const NextHop& want, const NextHop& seen) const {
  if (want.group.empty() != seen.group.empty()) return false;
  if (!want.group.empty()) return sorted(want.group) == sorted(seen.group);
  return want.link == seen.link && want.gateway == seen.gateway && want.onlink == seen.onlink &&
         !seen.blackhole;
}

void NextHopPolicy::put(OpQueue& ops, Key, const NextHop& want, const Flight& flight) const {
  ops.push(NextHopPut{want}, flight);
}

void NextHopPolicy::erase(OpQueue& ops, Key id, const NextHop&, const Flight& flight) const {
  // From here on its routes count as gone, so that nobody erases them one by one.
  if (store->tokens_.kill(id)) store->scan_ = true;
  ops.push(NextHopErase{id}, flight);
}

std::string NextHopPolicy::describe(Key id) const {
  std::string text = "next hop " + std::to_string(id);
  const auto* e = store->store_.find(id);
  if (e == nullptr) return text;
  const NextHop* n = e->want ? &*e->want : e->seen ? &*e->seen : nullptr;
  if (n == nullptr) return text;
  if (!n->group.empty()) {
    text += " group";
    for (const auto& m : n->group) text += " " + std::to_string(m.id);
    return text;
  }
  if (n->gateway) text += " via " + to_string(*n->gateway);
  return text + " dev " + store->links_.name(n->link);
}

void NextHopPolicy::written(Key id) const {
  (void)store->tokens_.of(id);
  store->changed(id);
}
void NextHopPolicy::vanished(Key id, const NextHop& was) const { store->gone(id, was); }
void NextHopPolicy::settled(Key id) const {
  store->changed(id);
  const auto [first, last] = store->left_.equal_range(id);
  for (auto it = first; it != last; ++it) store->gone_.push_back(it->second);
  store->left_.erase(first, last);
}

// ---- store --------------------------------------------------------------------------------------

NextHopStore::NextHopStore(Shared& shared, const LinkTable& links, HopTokens& tokens)
    : shared_(shared), links_(links), tokens_(tokens), store_(shared, NextHopPolicy{this}) {}

std::uint32_t NextHopStore::fresh_id() {
  while (store_.find(next_id_) != nullptr || objects_.count(next_id_) != 0) {
    next_id_ = next_id_ == kNextHopIdLast ? kNextHopIdFirst : next_id_ + 1;
  }
  return next_id_++;
}

NextHop NextHopStore::single(std::uint32_t id, const HopKey& key) const {
  NextHop n;
  n.id = id;
  n.family = key.gateway.family;
  n.link = key.link;
  n.gateway = key.gateway;
  n.onlink = key.onlink;
  n.protocol = shared_.protocol;
  return n;
}

NextHop NextHopStore::group(std::uint32_t id, const std::vector<std::uint32_t>& members) const {
  NextHop n;
  n.id = id;
  for (const std::uint32_t m : members) n.group.push_back({m, 1});
  n.protocol = shared_.protocol;
  return n;
}

std::uint32_t NextHopStore::acquire(const HopKey& key, std::uint32_t user) {
  if (const auto it = by_key_.find(key); it != by_key_.end()) {
    objects_[it->second].users.push_back(user);
    return it->second;
  }
  std::uint32_t id = 0;
  if (const auto it = adoptable_.find(key); it != adoptable_.end()) {
    const auto* e = store_.find(it->second);
    if (e != nullptr && e->seen && e->own && !e->want && !e->in_flight && key_of(*e->seen) == key &&
        e->seen->group.empty()) {
      id = it->second;
    }
    adoptable_.erase(it);
  }
  if (id == 0) id = fresh_id();
  objects_[id] = Object{key, false, {user}};
  by_key_[key] = id;
  store_.want(id, single(id, key));
  return id;
}

void NextHopStore::release(std::uint32_t id, std::uint32_t user) {
  const auto it = objects_.find(id);
  if (it == objects_.end()) return;
  auto& users = it->second.users;
  if (const auto at = std::find(users.begin(), users.end(), user); at != users.end()) {
    users.erase(at);
  }
  if (!users.empty()) return;
  if (!it->second.group) by_key_.erase(it->second.key);
  objects_.erase(it);
  store_.unwant(id);
}

bool NextHopStore::retarget(std::uint32_t id, std::uint32_t user, const HopKey& key) {
  const auto it = objects_.find(id);
  if (it == objects_.end() || it->second.users.size() != 1 || it->second.users.front() != user ||
      by_key_.count(key) != 0 || adoptable_.count(key) != 0 ||
      it->second.key.gateway.family != key.gateway.family) {
    return false;
  }
  by_key_.erase(it->second.key);
  left_.emplace(id, it->second.key);
  it->second.key = key;
  by_key_[key] = id;
  store_.want(id, single(id, key));
  return true;
}

std::uint32_t NextHopStore::make_group(const std::vector<std::uint32_t>& members,
                                       std::uint32_t user) {
  const NextHop wanted = group(0, members);
  std::uint32_t id = 0;
  if (const auto it = adoptable_groups_.find(sorted(wanted.group)); it != adoptable_groups_.end()) {
    const auto* e = store_.find(it->second);
    if (e != nullptr && e->seen && e->own && !e->want && !e->in_flight &&
        sorted(e->seen->group) == it->first) {
      id = it->second;
    }
    adoptable_groups_.erase(it);
  }
  if (id == 0) id = fresh_id();
  objects_[id] = Object{{}, true, {user}};
  store_.want(id, group(id, members));
  return id;
}

void NextHopStore::set_group(std::uint32_t id, const std::vector<std::uint32_t>& members) {
  // Without a living member there is nothing to say: the kernel has dropped the group already.
  if (members.empty()) return;
  store_.want(id, group(id, members));
  const auto* e = store_.find(id);
  if (e != nullptr && e->waiting) store_.touch(id);  // its members may be there now
}

bool NextHopStore::live(std::uint32_t id) const {
  const auto* e = store_.find(id);
  if (e == nullptr || !e->want) return false;
  return (e->seen && e->own) || (e->in_flight && e->flying && !e->tainted);
}

std::uint32_t NextHopStore::token(std::uint32_t id) const {
  return id != 0 && live(id) ? tokens_.of(id) : kNoToken;
}

bool NextHopStore::doomed(std::uint32_t token) const {
  const HopToken& t = tokens_.at(token);
  if (token == kOddToken || !t.alive || t.uses != t.doomed) return false;
  const auto* e = store_.find(t.next_hop_id);
  return e != nullptr && !e->want && e->seen && e->own && !e->in_flight &&
         (!e->adopted || shared_.sweep_allowed) && takes_routes_along(token);
}

// Linux finds the IPv6 routes of an object without a walk.
bool NextHopStore::takes_routes_along(std::uint32_t token) const {
  if (tokens_.at(token).uses == 0 || tokens_.worth_a_walk(token)) return true;
  const auto* e = store_.find(tokens_.at(token).next_hop_id);
  return e != nullptr && e->seen && e->seen->group.empty() && e->seen->family == IpFamily::kIpv6;
}

bool NextHopStore::leads_to(IfIndex link, const IpAddress& gateway) const {
  for (const auto& [id, i] : store_.index()) {
    const auto& e = store_.entry(i);
    const NextHop* n = e.seen ? &*e.seen : e.flying ? &*e.flying : nullptr;
    if (n != nullptr && n->link == link && n->gateway == gateway) return true;
  }
  return false;
}

void NextHopStore::changed(std::uint32_t id) {
  const auto it = objects_.find(id);
  if (it == objects_.end()) return;
  changed_users_.insert(changed_users_.end(), it->second.users.begin(), it->second.users.end());
}

void NextHopStore::gone(std::uint32_t id, const NextHop& was) {
  if (tokens_.kill(id)) scan_ = true;
  groups_.erase(id);
  dead_.push_back(id);
  if (was.group.empty()) {
    lost_.push_back(id);
    gone_.push_back(key_of(was));
  }
  changed(id);
}

// A group loses a member that went; without members it goes too. Linux says nothing of either when
// a link went down.
void NextHopStore::strip_groups() {
  while (!lost_.empty()) {
    const std::uint32_t id = lost_.back();
    lost_.pop_back();
    const std::set<std::uint32_t> groups = groups_;
    for (const std::uint32_t g : groups) {
      const auto* e = store_.find(g);
      if (e == nullptr || !e->seen) continue;
      NextHop left = *e->seen;
      const auto at = std::remove_if(left.group.begin(), left.group.end(),
                                     [id](const NextHopMember& m) { return m.id == id; });
      if (at == left.group.end()) continue;
      left.group.erase(at, left.group.end());
      if (left.group.empty()) {
        store_.lose_silently([g](std::uint32_t k, const NextHop&) { return k == g; });
      } else {
        store_.amend(g, left);
      }
      changed(g);
    }
  }
}

void NextHopStore::see(const NextHop& next_hop, bool from_dump, TimePoint now) {
  const bool own = next_hop.protocol == shared_.protocol;
  store_.see(next_hop.id, next_hop, own, from_dump, now);
  if (!next_hop.group.empty()) groups_.insert(next_hop.id);
  if (own && objects_.count(next_hop.id) == 0) {
    if (next_hop.group.empty()) {
      adoptable_[key_of(next_hop)] = next_hop.id;
    } else {
      adoptable_groups_[sorted(next_hop.group)] = next_hop.id;
    }
  }
}

void NextHopStore::lose(std::uint32_t id, TimePoint now) {
  store_.lose(id, now);
  strip_groups();
}

void NextHopStore::end_dump(TimePoint now) {
  store_.end_dump(now);
  strip_groups();
}

void NextHopStore::link_stopped(IfIndex link) {
  store_.lose_silently(
      [link](std::uint32_t, const NextHop& n) { return n.group.empty() && n.link == link; });
  strip_groups();
}

void NextHopStore::link_started(IfIndex link) {
  for (const auto& [id, object] : objects_) {
    if (!object.group && object.key.link == link) store_.touch(id);
  }
}

void NextHopStore::touch_idle() {
  for (const std::uint32_t id : tokens_.take_idle()) {
    const auto* e = store_.find(id);
    if (e != nullptr && !e->want) store_.touch(id);
  }
}

void NextHopStore::step_singles(TimePoint now) {
  strip_groups();
  store_.step(now, false, [](const NextHop& n) { return n.group.empty(); });
}
void NextHopStore::step_groups(TimePoint now) {
  store_.step(now, false, [](const NextHop& n) { return !n.group.empty(); });
}
void NextHopStore::step_erases(TimePoint now) {
  touch_idle();
  store_.step_erases(now);
  strip_groups();
}

std::vector<std::uint32_t> NextHopStore::take_changed_users() {
  std::vector<std::uint32_t> out;
  out.swap(changed_users_);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool NextHopStore::take_scan() {
  const bool scan = scan_;
  scan_ = false;
  return scan;
}

std::vector<std::uint32_t> NextHopStore::take_dead() {
  std::vector<std::uint32_t> out;
  out.swap(dead_);
  return out;
}

std::vector<HopKey> NextHopStore::take_gone() {
  std::vector<HopKey> out;
  out.swap(gone_);
  return out;
}

}  // namespace perd::fib
