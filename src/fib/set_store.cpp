#include "fib/set_store.h"

#include <algorithm>

namespace perd::fib {

SetStore::SetStore(NextHopStore& next_hops, TunnelStore& tunnels, Resolver& resolver)
    : next_hops_(next_hops), tunnels_(tunnels), resolver_(resolver), sets_(1) {}

std::uint32_t SetStore::index_of(NextHopSetId id) const {
  if (id == last_id_) return last_index_;
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return 0;
  last_id_ = id;
  last_index_ = it->second;
  return last_index_;
}

void SetStore::mark(std::uint32_t index) {
  if (sets_[index].dirty) return;
  sets_[index].dirty = true;
  dirty_.push_back(index);
}

void SetStore::put(const NextHopSet& set) {
  std::uint32_t index = index_of(set.id);
  if (index == 0) {
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(sets_.size());
      sets_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    by_id_[set.id] = index;
    sets_[index].used = true;
  }
  Record& r = sets_[index];
  r.released = false;
  if (r.set == set) return;
  r.set = set;
  r.defined = ++orders_;
  mark(index);
}

void SetStore::release(NextHopSetId id) {
  const std::uint32_t index = index_of(id);
  if (index == 0) return;
  sets_[index].released = true;
  mark(index);
}

void SetStore::use(std::uint32_t index, std::size_t family) {
  if (++sets_[index].sides[family].uses == 1) mark(index);
}

void SetStore::unuse(std::uint32_t index, std::size_t family) {
  if (--sets_[index].sides[family].uses == 0) mark(index);
}

void SetStore::set_ports(VrfId vrf, const TunnelPorts& ports) {
  const auto it = ports_.find(vrf);
  const bool none = ports == TunnelPorts{};
  if (it == ports_.end() ? none : it->second == ports) return;
  if (none) {
    ports_.erase(vrf);
  } else {
    ports_[vrf] = ports;
  }
  // Sets of other VRFs may have gone over this one's VNI.
  for (std::uint32_t i = 1; i < sets_.size(); ++i) {
    if (sets_[i].used && !sets_[i].set.tunnels.empty()) mark(i);
  }
}

void SetStore::touch(std::uint32_t user) {
  if (user / 2 < sets_.size() && sets_[user / 2].used) mark(user / 2);
}

void SetStore::step() {
  std::vector<std::uint32_t> work;
  work.swap(dirty_);
  for (const std::uint32_t index : work) {
    sets_[index].dirty = false;
    refresh(index);
  }
}

void SetStore::refresh(std::uint32_t index) {
  Record& r = sets_[index];
  if (!r.used) return;
  renew_watches(r, index);
  const std::uint64_t old_order = r.order;
  r.order = r.defined;
  for (std::size_t family = 0; family < 2; ++family) refresh_side(index, family, old_order);
  free_if_idle(index);
}

// Addresses that the set depends on, whether they resolve or not.
void SetStore::renew_watches(Record& r, std::uint32_t index) {
  std::vector<IpAddress> now;
  if (r.sides[0].uses + r.sides[1].uses != 0) now = r.set.gateways;
  for (const auto& a : r.watched) {
    if (std::find(now.begin(), now.end(), a) == now.end()) resolver_.unwatch(a, index * 2);
  }
  for (const auto& a : now) (void)resolver_.watch(a, index * 2);
  r.watched = std::move(now);
}

void SetStore::wanted(std::uint32_t index, std::size_t family, std::vector<HopKey>& keys,
                      std::vector<TunnelRef>& tunnels) {
  const Record& r = sets_[index];
  for (const auto& gateway : r.set.gateways) {
    for (const auto& hop : resolver_.watch(gateway, index * 2).hops) {
      // An IPv6 route cannot leave by an IPv4 gateway.
      if (family == 0 || !hop.gateway.is_v4()) keys.push_back(hop);
    }
  }
  const auto own = ports_.find(r.set.vrf);
  if (own != ports_.end()) {
    for (const auto& hop : r.set.tunnels) {
      const bool foreign_vni = hop.vni.value != 0 && hop.vni != own->second.vni;
      const TunnelPorts* ports = &own->second;
      if (foreign_vni) {
        for (const auto& [vrf, other] : ports_) {
          if (other.vni == hop.vni) ports = &other;
        }
      }
      if (ports->svi == IfIndex{} || ports->vxlan == IfIndex{}) continue;
      TunnelRef t{ports->svi,     ports->vxlan, hop.vtep,
                  hop.router_mac, std::nullopt, family == 1 && hop.vtep.is_v4()};
      if (foreign_vni && ports == &own->second) t.vni = hop.vni;
      keys.push_back({t.svi, t.mapped ? t.vtep.to_v4_mapped() : t.vtep, true});
      tunnels.push_back(t);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

void SetStore::refresh_side(std::uint32_t index, std::size_t family, std::uint64_t old_order) {
  std::vector<HopKey> keys;
  std::vector<TunnelRef> tunnels;
  if (sets_[index].sides[family].uses != 0) wanted(index, family, keys, tunnels);
  Side& side = sets_[index].sides[family];
  const std::uint64_t order = sets_[index].order;
  if (side.tunnels != tunnels || (order != old_order && !tunnels.empty())) {
    for (const auto& t : tunnels) tunnels_.ref(t, order);
    for (const auto& t : side.tunnels) tunnels_.unref(t, old_order);
    side.tunnels = std::move(tunnels);
  }
  if (side.keys != keys) move(side, index * 2 + static_cast<std::uint32_t>(family), keys);
  renew_target(index, family);
}

void SetStore::move(Side& side, std::uint32_t user, std::vector<HopKey> keys) {
  const bool in_place = keys.size() == 1 && side.keys.size() == 1 && side.group == 0 &&
                        next_hops_.retarget(side.members.front(), user, keys.front());
  if (!in_place) {
    std::vector<std::uint32_t> members;
    for (const auto& key : keys) members.push_back(next_hops_.acquire(key, user));
    for (const std::uint32_t id : side.members) next_hops_.release(id, user);
    side.members = std::move(members);
  }
  side.keys = std::move(keys);
  if (side.group == 0 && side.members.size() > 1) {
    side.group = next_hops_.make_group(side.members, user);
  } else if (side.group != 0 && side.members.empty()) {
    next_hops_.release(side.group, user);
    side.group = 0;
  }
}

void SetStore::renew_target(std::uint32_t index, std::size_t family) {
  Record& r = sets_[index];
  Side& side = r.sides[family];
  std::uint32_t target = kNoToken;
  if (side.group != 0) {
    std::vector<std::uint32_t> living;
    for (const std::uint32_t id : side.members) {
      if (next_hops_.live(id)) living.push_back(id);
    }
    next_hops_.set_group(side.group, living);
    target = next_hops_.token(side.group);
  } else if (!side.members.empty()) {
    target = next_hops_.token(side.members.front());
  }
  if (target == side.target) return;
  side.target = target;
  if (side.looked_at && side.uses != 0) scans_.emplace_back(r.set.vrf, family);
  side.looked_at = false;
}

void SetStore::retarget() {
  for (const std::uint32_t user : next_hops_.take_changed_users()) {
    const std::uint32_t index = user / 2;
    if (index < sets_.size() && sets_[index].used) renew_target(index, user % 2);
  }
}

void SetStore::free_if_idle(std::uint32_t index) {
  Record& r = sets_[index];
  if (!r.released || r.sides[0].uses + r.sides[1].uses != 0) return;
  by_id_.erase(r.set.id);
  if (last_id_ == r.set.id) last_id_ = 0, last_index_ = 0;
  r = Record{};
  free_.push_back(index);
}

std::size_t SetStore::memory() const {
  std::size_t octets = vector_octets(sets_) + vector_octets(free_) + vector_octets(dirty_) +
                       node_octets(by_id_) + node_octets(ports_);
  for (const Record& r : sets_) {
    octets +=
        vector_octets(r.set.tunnels) + vector_octets(r.set.gateways) + vector_octets(r.watched);
    for (const Side& side : r.sides) {
      octets +=
          vector_octets(side.keys) + vector_octets(side.members) + vector_octets(side.tunnels);
    }
  }
  return octets;
}

std::vector<std::pair<VrfId, std::size_t>> SetStore::take_scans() {
  std::vector<std::pair<VrfId, std::size_t>> out;
  out.swap(scans_);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace perd::fib
