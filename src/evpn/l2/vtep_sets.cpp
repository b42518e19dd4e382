#include "evpn/l2/vtep_sets.h"

#include <algorithm>

#include "perd/assert.h"
#include "perd/hash.h"
#include "perd/memory.h"

namespace perd::evpn {

// ---- segments ----

bool VtepSets::Segment::single_active() const {
  return std::any_of(members.begin(), members.end(),
                     [](const Member& m) { return m.single_active > 0; });
}

bool VtepSets::Segment::has(const IpAddress& vtep) const {
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& m) { return m.vtep == vtep; });
}

VtepSets::SegmentId VtepSets::segment(const EthernetSegmentId& esi) {
  const std::uint64_t hash = hash_bytes(esi.octets);
  SegmentId id = segment_index_.find(hash, [&](SegmentId n) { return segments_[n].esi == esi; });
  if (id != 0) return id;
  id = segments_.make();
  segments_[id].esi = esi;
  segment_index_.insert(hash, id,
                        [this](SegmentId n) { return hash_bytes(segments_[n].esi.octets); });
  return id;
}

void VtepSets::free_if_idle(SegmentId id) {
  if (!segments_[id].idle()) return;
  segment_index_.erase(hash_bytes(segments_[id].esi.octets), id);
  segments_.destroy(id);
}

void VtepSets::put_per_segment(const EthernetSegmentId& esi, const IpAddress& vtep,
                               bool single_active, bool on) {
  const SegmentId id = segment(esi);
  auto& members = segments_[id].members;
  auto it = std::lower_bound(members.begin(), members.end(), vtep,
                             [](const Member& m, const IpAddress& a) { return m.vtep < a; });
  if (on && (it == members.end() || it->vtep != vtep)) it = members.insert(it, {vtep, 0, 0});
  PERD_ASSERT(it != members.end() && it->vtep == vtep);
  const std::uint32_t one = on ? 1U : ~0U;  // one more, or one less
  it->routes += one;
  if (single_active) it->single_active += one;
  if (it->routes == 0) members.erase(it);
  recompute(id);
}

void VtepSets::put_per_evi(const EthernetSegmentId& esi, MacVrfId mac_vrf, const IpAddress& vtep,
                           Vni vni, bool on) {
  const SegmentId id = segment(esi);
  auto& evis = segments_[id].evis;
  auto it = std::find_if(evis.begin(), evis.end(), [&](const Evi& e) {
    return e.mac_vrf == mac_vrf && e.vni == vni && e.vtep == vtep;
  });
  if (on && it == evis.end()) it = evis.insert(evis.end(), {mac_vrf, vni, vtep, 0});
  PERD_ASSERT(it != evis.end());
  it->routes += on ? 1U : ~0U;
  if (it->routes == 0) evis.erase(it);
  recompute(id);
}

// ---- content ----

std::vector<IpAddress> VtepSets::content_of(const Set& set) const {
  if (set.segment == 0) return {set.advertiser};
  const Segment& s = segments_[set.segment];
  std::vector<IpAddress> out;
  if (s.has(set.advertiser)) out.push_back(set.advertiser);
  // RFC 7432 8.4: one PE that says single-active makes the segment so.
  if (s.single_active()) return out;
  for (const Evi& e : s.evis) {
    if (e.mac_vrf == set.mac_vrf && e.vni == set.vni && s.has(e.vtep)) out.push_back(e.vtep);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void VtepSets::recompute(SegmentId id) {
  for (const VtepSetId n : segments_[id].sets) {
    Set& set = sets_[n];
    std::vector<IpAddress> content = content_of(set);
    if (set.usable == content.empty()) {
      set.usable = !set.usable;
      flipped_.push_back(set.mac_vrf);
    }
    if (content.empty() || content == set.content) continue;
    set.content = std::move(content);
    note_changed(n);
  }
  free_if_idle(id);
}

// ---- sets ----

std::uint64_t VtepSets::hash_of(const Set& s) {
  const std::uint64_t small = std::uint64_t{s.mac_vrf.value} << 32 | s.vni.value;
  return hash_combine(hash_combine(hash_value(s.advertiser), small), s.segment);
}

VtepSetId VtepSets::acquire(MacVrfId mac_vrf, Vni vni, const IpAddress& vtep,
                            const EthernetSegmentId& esi) {
  Set wanted;
  wanted.mac_vrf = mac_vrf;
  wanted.vni = vni;
  wanted.advertiser = vtep;
  if (!esi.is_zero()) wanted.segment = segment(esi);
  const std::uint64_t hash = hash_of(wanted);
  VtepSetId id = set_index_.find(hash, [&](VtepSetId n) {
    const Set& s = sets_[n];
    return s.mac_vrf == mac_vrf && s.vni == vni && s.advertiser == vtep &&
           s.segment == wanted.segment;
  });
  if (id == 0) {
    if (free_sets_.empty()) {
      id = static_cast<VtepSetId>(sets_.size());
      sets_.emplace_back();
    } else {
      id = free_sets_.back();
      free_sets_.pop_back();
    }
    if (wanted.segment != 0) segments_[wanted.segment].sets.push_back(id);
    wanted.content = content_of(wanted);
    wanted.usable = !wanted.content.empty();
    sets_[id] = std::move(wanted);
    set_index_.insert(hash, id, [this](VtepSetId n) { return hash_of(sets_[n]); });
  }
  ++sets_[id].imports;
  return id;
}

void VtepSets::release(VtepSetId id) {
  PERD_ASSERT(sets_[id].imports > 0);
  if (--sets_[id].imports == 0) note_idle(id);
}

void VtepSets::use(VtepSetId id) {
  ++sets_[id].users;
  if (!sets_[id].told) note_changed(id);
}

void VtepSets::drop(VtepSetId id) {
  PERD_ASSERT(sets_[id].users > 0);
  if (--sets_[id].users == 0) note_idle(id);
}

void VtepSets::note_changed(VtepSetId id) {
  if (sets_[id].changed) return;
  sets_[id].changed = true;
  changed_.push_back(id);
}

void VtepSets::note_idle(VtepSetId id) {
  if (sets_[id].users > 0 || sets_[id].idle) return;
  sets_[id].idle = true;
  idle_.push_back(id);
}

void VtepSets::destroy(VtepSetId id) {
  Set& set = sets_[id];
  set_index_.erase(hash_of(set), id);
  const SegmentId segment = set.segment;
  if (segment != 0) std::erase(segments_[segment].sets, id);
  set = Set{};
  if (segment != 0) free_if_idle(segment);
}

void VtepSets::flush(L2Delta& delta) {
  if (delta.released_sets.empty() && !quarantine_.empty()) {
    free_sets_.insert(free_sets_.end(), quarantine_.begin(), quarantine_.end());
    quarantine_.clear();
  }
  // A set that came and went unseen is told as well: a MAC of this delta may name it in passing.
  for (const VtepSetId id : changed_) {
    Set& set = sets_[id];
    set.changed = false;
    if (set.users == 0 && !set.idle) continue;
    if (set.content.empty()) continue;
    if (!set.told) {
      set.told = true;
      ++told_;
      std::erase(delta.released_sets, id);  // of a delta that was not taken yet
    }
    delta.sets.push_back({id, set.mac_vrf, set.vni, set.content});
  }
  changed_.clear();
  for (const VtepSetId id : idle_) {
    Set& set = sets_[id];
    set.idle = false;
    if (set.users > 0) continue;
    if (set.told) {
      set.told = false;
      --told_;
      delta.released_sets.push_back(id);
    }
    if (set.imports > 0) continue;
    destroy(id);
    quarantine_.push_back(id);
  }
  idle_.clear();
}

// ---- reading ----

std::vector<EthernetSegmentView> VtepSets::segments() const {
  std::vector<EthernetSegmentView> out;
  for (SegmentId id = segments_.next(0); id < segments_.end(); id = segments_.next(id + 1)) {
    const Segment& s = segments_[id];
    EthernetSegmentView v;
    v.esi = s.esi;
    v.single_active = s.single_active();
    for (const Member& m : s.members) v.vteps.push_back(m.vtep);
    for (const VtepSetId set : s.sets) v.macs += sets_[set].users;
    out.push_back(std::move(v));
  }
  std::sort(out.begin(), out.end(), [](const EthernetSegmentView& a, const EthernetSegmentView& b) {
    return a.esi < b.esi;
  });
  return out;
}

std::size_t VtepSets::memory() const {
  std::size_t octets = vector_octets(sets_) + vector_octets(free_sets_) +
                       vector_octets(quarantine_) + set_index_.memory() + segments_.memory() +
                       segment_index_.memory() + vector_octets(changed_) + vector_octets(idle_);
  for (const Set& set : sets_) octets += vector_octets(set.content);
  return octets;
}

}  // namespace perd::evpn
