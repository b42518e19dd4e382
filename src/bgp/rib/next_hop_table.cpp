#include "bgp/rib/next_hop_table.h"

#include <utility>

#include "perd/assert.h"

namespace perd::rib {

NextHopId NextHopTable::find(const IpAddress& address) const {
  return index_.find(hash_value(address),
                     [&](NextHopId id) { return entries_[id].state.address == address; });
}

NextHopId NextHopTable::track(const IpAddress& address) {
  NextHopId id = find(address);
  if (id == 0) {
    if (free_.empty()) {
      id = static_cast<NextHopId>(entries_.size());
      entries_.emplace_back();
    } else {
      id = free_.back();
      free_.pop_back();
    }
    entries_[id].state.address = address;
    index_.insert(hash_value(address), id,
                  [this](NextHopId other) { return hash_value(entries_[other].state.address); });
  }
  add_ref(id);
  return id;
}

void NextHopTable::add_ref(NextHopId id) {
  if (entries_[id].references++ == 0) {
    ++live_;
    note(id);
  }
}

void NextHopTable::untrack(NextHopId id) {
  PERD_ASSERT(entries_[id].references > 0);
  if (--entries_[id].references == 0) {
    --live_;
    note(id);
  }
}

void NextHopTable::note(NextHopId id) {
  if (std::exchange(entries_[id].queued, true)) return;
  changed_.push_back(id);
}

bool NextHopTable::set_state(const NextHopState& state) {
  const NextHopId id = find(state.address);
  if (id == 0) return false;
  NextHopState& mine = entries_[id].state;
  const bool changed = mine.reachable != state.reachable || mine.metric != state.metric;
  mine = state;
  return changed;
}

NextHopTable::Changes NextHopTable::drain() {
  Changes changes;
  for (const NextHopId id : changed_) {
    Entry& entry = entries_[id];
    entry.queued = false;
    if (entry.references > 0) {
      if (!std::exchange(entry.told, true)) changes.newly_tracked.push_back(entry.state.address);
      continue;
    }
    if (entry.told) changes.newly_untracked.push_back(entry.state.address);
    index_.erase(hash_value(entry.state.address), id);
    entry = Entry{};
    free_.push_back(id);
  }
  changed_.clear();
  return changes;
}

}  // namespace perd::rib
