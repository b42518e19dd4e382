#include "fib/l2/vtep_set_store.h"

#include <algorithm>

#include "perd/assert.h"

namespace perd::fib {

void VtepSetStore::put(const VtepSet& set) {
  PERD_ASSERT(set.id != 0 && !set.vteps.empty());
  std::uint32_t& index = by_id_[set.id];
  if (index == 0) {
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(sets_.size());
      sets_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    sets_[index].used = true;
  }
  Record& r = sets_[index];
  r.released = false;
  if (r.target != kNoWay && r.set == set) return;
  r.set = set;
  refresh(index);
}

void VtepSetStore::release(VtepSetId id) {
  const std::uint32_t index = index_of(id);
  if (index == 0) return;
  sets_[index].released = true;
  if (sets_[index].uses == 0) free_record(index);
}

void VtepSetStore::free_record(std::uint32_t index) {
  Record& r = sets_[index];
  drop_group(r);
  ways_.unuse(r.target);
  by_id_.erase(r.set.id);
  last_id_ = 0;
  r = Record{};
  free_.push_back(index);
}

std::uint32_t VtepSetStore::index_of(VtepSetId id) const {
  if (id == last_id_ && id != 0) return last_index_;
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return 0;
  last_id_ = id;
  last_index_ = it->second;
  return it->second;
}

Vni VtepSetStore::foreign_vni(const VtepSet& set) const {
  const auto it = vnis_.find(set.mac_vrf);
  return it == vnis_.end() || it->second == set.vni ? Vni{} : set.vni;
}

void VtepSetStore::drop_group(Record& r) {
  if (r.group != 0) next_hops_.drop_group(r.group);
  for (const std::uint32_t id : r.members) next_hops_.release(id);
  r.group = 0;
  r.members.clear();
}

void VtepSetStore::refresh(std::uint32_t index) {
  Record& r = sets_[index];
  if (r.set.vteps.size() < 2 || foreign_vni(r.set) != Vni{}) {
    drop_group(r);
    renew_target(index);
    return;
  }
  std::vector<std::uint32_t> members;
  for (const IpAddress& vtep : r.set.vteps) members.push_back(next_hops_.acquire(vtep));
  if (r.group == 0) {
    r.group = next_hops_.make_group(members);
  } else {
    next_hops_.set_group(r.group, members);
  }
  for (const std::uint32_t id : r.members) next_hops_.release(id);
  r.members = std::move(members);
  renew_target(index);
}

void VtepSetStore::renew_target(std::uint32_t index) {
  Record& r = sets_[index];
  const IpAddress& first = r.set.vteps.front();
  std::uint32_t target = kNoWay;
  if (r.group == 0) {
    target = ways_.to_vtep(first, foreign_vni(r.set));
  } else if (next_hops_.live(r.group)) {
    target = ways_.over(r.group);
  } else if (next_hops_.refused(r.group)) {
    target = ways_.to_vtep(first, Vni{});
  } else if (ways_.alive(r.target) && ways_.at(r.target).next_hop_id == 0 &&
             std::count(r.set.vteps.begin(), r.set.vteps.end(), ways_.at(r.target).vtep) != 0) {
    target = r.target;  // until the group is there
  }
  if (target == r.target) return;
  ways_.use(target);
  ways_.unuse(r.target);
  r.target = target;
  scans_.push_back(r.set.mac_vrf);
}

void VtepSetStore::set_vni(MacVrfId id, Vni vni) {
  Vni& known = vnis_[id];
  if (known == vni) return;
  known = vni;
  for (std::uint32_t i = 1; i < sets_.size(); ++i) {
    if (sets_[i].used && sets_[i].set.mac_vrf == id) refresh(i);
  }
}

void VtepSetStore::retarget() {
  for (std::uint32_t i = 1; i < sets_.size(); ++i) {
    if (sets_[i].group != 0) renew_target(i);
  }
}

std::vector<MacVrfId> VtepSetStore::take_scans() {
  std::vector<MacVrfId> out;
  out.swap(scans_);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::size_t VtepSetStore::memory() const {
  std::size_t n = vector_octets(sets_) + vector_octets(free_) + vector_octets(scans_) +
                  node_octets(by_id_) + node_octets(vnis_);
  for (const Record& r : sets_) n += vector_octets(r.set.vteps) + vector_octets(r.members);
  return n;
}

}  // namespace perd::fib
