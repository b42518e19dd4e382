#include "bgp/rib/attribute_store.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

#include "perd/assert.h"
#include "perd/hash.h"

namespace perd::rib {

// attribute_set.cpp holds AttributeSet; here is only who owns them.

AttributeStore::AttributeStore(NextHopTable& next_hops) : next_hops_(&next_hops) {}

AttributeStore::~AttributeStore() {
  for (AttrId id = slots_.next(0); id < slots_.end(); id = slots_.next(id + 1)) {
    ::operator delete(slots_[id].set);
  }
}

std::uint64_t AttributeStore::hash_of(AttrId id) const {
  const std::uint64_t h = slots_[id].hash;
  return h << 32 | h;
}

AttrId AttributeStore::intern(const wire::PathAttributes& attributes) {
  scratch_.clear();
  AttributeSet::pack(attributes, scratch_);
  const auto hash32 = static_cast<std::uint32_t>(hash_bytes(scratch_) >> 32);
  const std::uint64_t hash = std::uint64_t{hash32} << 32 | hash32;
  const AttrId known = index_.find(
      hash, [&](AttrId id) { return slots_[id].hash == hash32 && slots_[id].set->same(scratch_); });
  if (known != 0) {
    ++slots_[known].references;
    return known;
  }

  const AttrId id = slots_.make();
  AttributeSet::Header header;
  std::memcpy(&header, scratch_.data(), sizeof(header));
  const NextHopId next_hop = attributes.next_hop ? next_hops_->track(*attributes.next_hop) : 0;
  const std::size_t lists = scratch_.size() - sizeof(header);
  void* const memory = ::operator new(sizeof(AttributeSet) + lists);
  slots_[id].set = new (memory) AttributeSet(header, next_hop);
  if (lists != 0) {
    std::memcpy(static_cast<std::uint8_t*>(memory) + sizeof(AttributeSet),
                scratch_.data() + sizeof(header), lists);
  }
  slots_[id].references = 1;
  slots_[id].hash = hash32;
  set_octets_ += sizeof(AttributeSet) + lists;
  index_.insert(hash, id, [this](AttrId other) { return hash_of(other); });
  return id;
}

void AttributeStore::release(AttrId id) {
  Slot& slot = slots_[id];
  PERD_ASSERT(slot.references > 0);
  if (--slot.references > 0) return;
  index_.erase(hash_of(id), id);
  if (slot.set->next_hop_id() != 0) next_hops_->untrack(slot.set->next_hop_id());
  set_octets_ -= slot.set->memory();
  ::operator delete(slot.set);
  slots_.destroy(id);
}

std::size_t AttributeStore::memory() const {
  return set_octets_ + slots_.memory() + index_.memory();
}

void AttributeStore::memory_parts(MemoryParts& out) const {
  out.push_back({"attribute sets", size(), set_octets_});
  out.push_back({"attribute index", size(), memory() - set_octets_});
}

}  // namespace perd::rib
