#include "evpn/next_hops.h"

#include <algorithm>
#include <string>

#include "perd/assert.h"
#include "perd/hash.h"
#include "perd/memory.h"

namespace perd::evpn {

std::uint64_t NextHops::hash_of(VrfId vrf, const IpAddress& address) {
  return hash_combine(hash_value(address), vrf.value);
}

std::uint64_t NextHops::hash_of(std::span<const Hop> hops) {
  std::uint64_t h = hops.size();
  for (const Hop& hop : hops) {
    h = hash_combine(h, std::uint64_t{hop.vtep} << 32 | hop.vni.value);
  }
  return h;
}

// ---- VTEPs ----

VtepId NextHops::find(VrfId vrf, const IpAddress& address) const {
  return vtep_index_.find(hash_of(vrf, address), [&](VtepId id) {
    return vteps_[id].vrf == vrf && vteps_[id].address == address;
  });
}

VtepId NextHops::acquire(VrfId vrf, const IpAddress& address, const MacAddress& router_mac) {
  VtepId id = find(vrf, address);
  if (id == 0) {
    id = vteps_.make();
    vteps_[id].vrf = vrf;
    vteps_[id].address = address;
    vtep_index_.insert(hash_of(vrf, address), id,
                       [this](VtepId n) { return hash_of(vteps_[n].vrf, vteps_[n].address); });
  }
  Vtep& vtep = vteps_[id];
  const auto it = std::find_if(vtep.macs.begin(), vtep.macs.end(),
                               [&](const RouterMac& m) { return m.mac == router_mac; });
  if (it == vtep.macs.end()) {
    vtep.macs.push_back({router_mac, 1});
    router_mac_changed(vtep);
  } else {
    ++it->users;
    if (it + 1 != vtep.macs.end()) {
      std::rotate(it, it + 1, vtep.macs.end());
      router_mac_changed(vtep);
    }
  }
  if (vtep.macs.size() > 1 && !vtep.conflict_told) conflicts_.push_back(id);
  return id;
}

void NextHops::release(VtepId id, const MacAddress& router_mac) {
  Vtep& vtep = vteps_[id];
  const auto it = std::find_if(vtep.macs.begin(), vtep.macs.end(),
                               [&](const RouterMac& m) { return m.mac == router_mac; });
  PERD_ASSERT(it != vtep.macs.end() && it->users > 0);
  if (--it->users > 0) return;
  const bool current = it + 1 == vtep.macs.end();
  vtep.macs.erase(it);
  if (vtep.macs.size() < 2) vtep.conflict_told = false;
  if (current && !vtep.macs.empty()) router_mac_changed(vtep);
  free_if_unused(id);
}

void NextHops::router_mac_changed(Vtep& vtep) {
  if (vtep.current == vtep.macs.back().mac) return;
  vtep.current = vtep.macs.back().mac;
  for (const NextHopSetId set : vtep.sets) mark_changed(set);
}

void NextHops::free_if_unused(VtepId id) {
  if (vteps_[id].in_use()) return;
  vtep_index_.erase(hash_of(vteps_[id].vrf, vteps_[id].address), id);
  vteps_.destroy(id);
}

// ---- sets ----

NextHopSetId NextHops::find_set(std::span<const Hop> hops, std::uint64_t hash) const {
  return set_index_.find(hash, [&](NextHopSetId id) {
    return std::equal(hops.begin(), hops.end(), sets_[id].hops.begin(), sets_[id].hops.end());
  });
}

NextHopSetId NextHops::make_set(std::span<const Hop> hops, std::uint64_t hash) {
  NextHopSetId id = static_cast<NextHopSetId>(sets_.size());
  if (free_sets_.empty()) {
    sets_.emplace_back();
  } else {
    id = free_sets_.back();
    free_sets_.pop_back();
  }
  sets_[id].hops.assign(hops.begin(), hops.end());
  set_index_.insert(hash, id, [this](NextHopSetId n) { return hash_of(sets_[n].hops); });
  VtepId before = 0;  // one VTEP may stand in a set with two VNIs; hops are sorted by VTEP
  for (const Hop& hop : hops) {
    if (hop.vtep != before) vteps_[hop.vtep].sets.push_back(id);
    before = hop.vtep;
  }
  // Nobody uses it yet; if nobody ever does, the next flush takes it back.
  sets_[id].idle = true;
  idle_.push_back(id);
  mark_changed(id);
  return id;
}

NextHopSetId NextHops::intern(std::vector<Hop>& hops) {
  PERD_ASSERT(!hops.empty());
  std::sort(hops.begin(), hops.end(), [this](const Hop& a, const Hop& b) {
    if (a.vtep != b.vtep) return vteps_[a.vtep].address < vteps_[b.vtep].address;
    return a.vni < b.vni;
  });
  hops.erase(std::unique(hops.begin(), hops.end()), hops.end());
  const std::uint64_t hash = hash_of(hops);
  const NextHopSetId id = find_set(hops, hash);
  return id != 0 ? id : make_set(hops, hash);
}

NextHopSetId NextHops::intern_single(const Hop& hop, NextHopSetId hint) {
  // A VtepId in the hands of the caller is alive, so equal content means the very set.
  if (hint != 0 && sets_[hint].hops.size() == 1 && sets_[hint].hops.front() == hop) return hint;
  const std::span<const Hop> hops(&hop, 1);
  const std::uint64_t hash = hash_of(hops);
  const NextHopSetId id = find_set(hops, hash);
  return id != 0 ? id : make_set(hops, hash);
}

void NextHops::drop(NextHopSetId id) {
  Set& set = sets_[id];
  PERD_ASSERT(set.users > 0);
  if (--set.users > 0 || set.idle) return;
  set.idle = true;
  idle_.push_back(id);
}

void NextHops::mark_changed(NextHopSetId id) {
  if (sets_[id].changed) return;
  sets_[id].changed = true;
  changed_.push_back(id);
}

void NextHops::destroy_set(NextHopSetId id) {
  Set& set = sets_[id];
  set_index_.erase(hash_of(set.hops), id);
  VtepId before = 0;
  for (const Hop& hop : set.hops) {
    if (hop.vtep == before) continue;
    before = hop.vtep;
    auto& list = vteps_[hop.vtep].sets;
    *std::find(list.begin(), list.end(), id) = list.back();
    list.pop_back();
    free_if_unused(hop.vtep);
  }
  set = Set{};
}

void NextHops::flush_sets(DesiredDelta& delta) {
  if (delta.released_sets.empty() && !quarantine_.empty()) {
    free_sets_.insert(free_sets_.end(), quarantine_.begin(), quarantine_.end());
    quarantine_.clear();
  }
  // A set that came and went unseen is told as well: a route of this delta may name it in passing.
  for (const NextHopSetId id : changed_) {
    sets_[id].changed = false;
    delta.sets.push_back({id, vteps_[sets_[id].hops.front().vtep].vrf, tunnels(id), {}});
  }
  changed_.clear();
  for (const NextHopSetId id : idle_) {
    sets_[id].idle = false;
    if (sets_[id].users > 0) continue;
    destroy_set(id);
    delta.released_sets.push_back(id);
    quarantine_.push_back(id);
  }
  idle_.clear();
}

// ---- reading ----

TunnelHop NextHops::tunnel(const Hop& hop) const {
  const Vtep& vtep = vteps_[hop.vtep];
  return {vtep.address, vtep.current, hop.vni};
}

std::vector<TunnelHop> NextHops::tunnels(NextHopSetId id) const {
  std::vector<TunnelHop> out;
  out.reserve(sets_[id].hops.size());
  for (const Hop& hop : sets_[id].hops) out.push_back(tunnel(hop));
  return out;
}

std::vector<VtepView> NextHops::view() const {
  std::vector<VtepView> out;
  for (VtepId id = vteps_.next(0); id < vteps_.end(); id = vteps_.next(id + 1)) {
    const Vtep& vtep = vteps_[id];
    if (!vtep.in_use()) continue;
    VtepView v;
    v.vrf = vtep.vrf;
    v.address = vtep.address;
    for (const RouterMac& m : vtep.macs) v.other_macs.push_back(m.mac);
    if (!v.other_macs.empty()) {
      v.router_mac = v.other_macs.back();
      v.other_macs.pop_back();
    }
    for (const NextHopSetId set : vtep.sets) v.routes += sets_[set].users;
    out.push_back(std::move(v));
  }
  std::sort(out.begin(), out.end(), [](const VtepView& a, const VtepView& b) {
    return a.vrf != b.vrf ? a.vrf < b.vrf : a.address < b.address;
  });
  return out;
}

std::size_t NextHops::memory() const {
  std::size_t octets = vteps_.memory() + vtep_index_.memory() + vector_octets(sets_) +
                       set_index_.memory() + vector_octets(free_sets_) +
                       vector_octets(quarantine_) + vector_octets(changed_) + vector_octets(idle_) +
                       vector_octets(conflicts_);
  for (const Set& set : sets_) octets += vector_octets(set.hops);
  return octets;
}

Event NextHops::conflict_event(const Vtep& vtep, std::string_view vrf) {
  std::string text = "routes of VTEP " + to_string(vtep.address) + " carry several router MACs: ";
  for (std::size_t i = 0; i < vtep.macs.size(); ++i) {
    if (i > 0) text += ", ";
    text += to_string(vtep.macs[i].mac);
  }
  text += "; the one heard of last, " + to_string(vtep.macs.back().mac) + ", is used";
  return {EventKind::kRouterMacConflict, Severity::kWarning, "vrf " + std::string(vrf),
          std::move(text)};
}

}  // namespace perd::evpn
