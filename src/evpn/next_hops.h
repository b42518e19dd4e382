// Remote VTEPs of each VRF with their router MACs, and the interned sets of them that prefixes use.
//
// The router MAC belongs to (VRF, VTEP): the kernel has one neighbour entry for the VTEP per VRF.
// When routes of one VTEP carry different ones, the one heard of last counts until no route carries
// it any more, and an event says so once. A set names VTEPs and VNIs; a new router MAC of a VTEP
// therefore changes the sets it is in under their own ids, and no route.
//
// A set lives while a prefix uses it. What changed is told by flush(): new and changed sets, then
// the released ones. The id of a released set is used again only after the delta that says so was
// taken.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/slab.h"
#include "evpn/views.h"
#include "perd/desired.h"
#include "perd/event.h"

namespace perd::evpn {

using VtepId = std::uint32_t;  // of one VRF; 0: none

struct Hop {
  VtepId vtep = 0;
  Vni vni{};
  friend bool operator==(const Hop&, const Hop&) = default;
};

class NextHops {
 public:
  // One more user of this VTEP who says that this is its router MAC; the most recent one counts.
  [[nodiscard]] VtepId acquire(VrfId vrf, const IpAddress& address, const MacAddress& router_mac);
  void release(VtepId vtep, const MacAddress& router_mac);

  // The set of these hops, all of one VRF; sorts and makes them unique. `vrf` needs no own mention:
  // a VtepId belongs to one. Never 0. The caller adds itself with use().
  [[nodiscard]] NextHopSetId intern(std::vector<Hop>& hops);
  // The same for one hop; `hint` is what it answered last time, 0 at first.
  [[nodiscard]] NextHopSetId intern_single(const Hop& hop, NextHopSetId hint);
  void use(NextHopSetId set) { ++sets_[set].users; }
  void drop(NextHopSetId set);

  // `names` gives the name of a VRF for the events.
  template <class NameOf>
  void flush(DesiredDelta& delta, std::vector<Event>& events, NameOf&& name_of) {
    flush_sets(delta);
    for (const VtepId id : conflicts_) tell_conflict(id, events, name_of);
    conflicts_.clear();
  }

  [[nodiscard]] TunnelHop tunnel(const Hop& hop) const;
  [[nodiscard]] std::vector<TunnelHop> tunnels(NextHopSetId set) const;
  [[nodiscard]] std::span<const Hop> hops(NextHopSetId set) const { return sets_[set].hops; }
  [[nodiscard]] const IpAddress& address(VtepId vtep) const { return vteps_[vtep].address; }
  [[nodiscard]] VtepId find(VrfId vrf, const IpAddress& address) const;
  [[nodiscard]] std::size_t sets() const { return set_index_.size(); }
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] std::vector<VtepView> view() const;  // by VRF, then address

 private:
  struct RouterMac {
    MacAddress mac{};
    std::uint32_t users = 0;
  };
  struct Vtep {
    VrfId vrf{};
    IpAddress address{};
    std::vector<RouterMac> macs;     // oldest news first: the last one counts
    MacAddress current{};            // stays when the last user is gone but a set is not yet
    std::vector<NextHopSetId> sets;  // that this VTEP is in
    bool conflict_told = false;
    [[nodiscard]] bool in_use() const { return !macs.empty() || !sets.empty(); }
  };
  struct Set {
    std::vector<Hop> hops;
    std::uint32_t users = 0;
    bool changed = false;  // in changed_
    bool idle = false;     // in idle_
  };

  [[nodiscard]] static std::uint64_t hash_of(VrfId vrf, const IpAddress& address);
  [[nodiscard]] static std::uint64_t hash_of(std::span<const Hop> hops);
  [[nodiscard]] NextHopSetId find_set(std::span<const Hop> hops, std::uint64_t hash) const;
  [[nodiscard]] NextHopSetId make_set(std::span<const Hop> hops, std::uint64_t hash);
  void mark_changed(NextHopSetId id);
  void router_mac_changed(Vtep& vtep);
  void free_if_unused(VtepId id);
  void flush_sets(DesiredDelta& delta);
  void destroy_set(NextHopSetId id);
  [[nodiscard]] static Event conflict_event(const Vtep& vtep, std::string_view vrf);
  template <class NameOf>
  void tell_conflict(VtepId id, std::vector<Event>& events, NameOf&& name_of) {
    Vtep& vtep = vteps_[id];
    if (vtep.macs.size() < 2 || vtep.conflict_told) return;
    vtep.conflict_told = true;
    events.push_back(conflict_event(vtep, name_of(vtep.vrf)));
  }

  rib::Slab<Vtep> vteps_;
  rib::FlatIndex vtep_index_;
  std::vector<Set> sets_{1};
  std::vector<NextHopSetId> free_sets_;
  std::vector<NextHopSetId> quarantine_;  // released; not yet known to be taken
  rib::FlatIndex set_index_;
  std::vector<NextHopSetId> changed_;
  std::vector<NextHopSetId> idle_;
  std::vector<VtepId> conflicts_;
};

}  // namespace perd::evpn
