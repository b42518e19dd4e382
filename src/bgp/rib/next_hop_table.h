// Next hops of the attribute sets that are alive, each once, with what the kernel side says of it
// (RFC 4271 9.1.2.1). AttributeStore holds one reference per set.
//
// The speaker drains newly_tracked() and newly_untracked() to ask for, or forget, a resolution, and
// feeds the answers to set_state(). Until an answer came a next hop is not reachable. A next hop
// that goes and comes back between two drains keeps its state and appears in neither list.
#pragma once

#include <cstdint>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/ids.h"
#include "perd/desired.h"
#include "perd/ip.h"
#include "perd/memory.h"

namespace perd::rib {

class NextHopTable {
 public:
  // The id of the next hop, with one more reference.
  NextHopId track(const IpAddress& address);
  void add_ref(NextHopId id);
  void untrack(NextHopId id);

  // True when reachability or metric is not what it was; the caller then marks the routes dirty.
  // An address that is not tracked changes nothing.
  bool set_state(const NextHopState& state);

  [[nodiscard]] NextHopId find(const IpAddress& address) const;
  // Id 0 (no next hop) is not reachable.
  [[nodiscard]] bool reachable(NextHopId id) const { return entries_[id].state.reachable; }
  [[nodiscard]] std::uint32_t metric(NextHopId id) const { return entries_[id].state.metric; }
  [[nodiscard]] const NextHopState& state(NextHopId id) const { return entries_[id].state; }
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t memory() const {
    return vector_octets(entries_) + vector_octets(free_) + vector_octets(changed_) +
           index_.memory();
  }

  struct Changes {
    std::vector<IpAddress> newly_tracked, newly_untracked;
  };
  // What happened since the last call.
  [[nodiscard]] Changes drain();

 private:
  struct Entry {
    NextHopState state;
    std::uint32_t references = 0;
    bool told = false;    // the speaker knows of it
    bool queued = false;  // in changed_
  };
  void note(NextHopId id);

  std::vector<Entry> entries_{1};
  std::vector<NextHopId> free_;
  FlatIndex index_;
  std::vector<NextHopId> changed_;  // entries whose tracked-ness may differ from what was told
  std::size_t live_ = 0;
};

}  // namespace perd::rib
