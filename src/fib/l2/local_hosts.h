// LocalHosts: what the kernel knows of the hosts behind local ports of MAC-VRFs, as LocalMac,
// LocalNeighbour and HostHeard: MACs that the bridge learned or an operator put there, neighbours
// on the SVI, and hosts that were heard.
//
// Has the kernel listen at the ports. Never: writes an entry, waits, judges whether a host has
// moved, tells of perd's own entries.
//
// Level triggered: each slot holds what the kernel has and what was told, and what differs is told:
// what comes, moves or changes at once, what goes in step(), after the notifications that came
// along with it (a port that went down, the port a MAC has moved to). So a read of the tables tells
// the same as events do, and nothing twice. A MAC counts while its port runs. RFC 7432 9.1, 10.
#pragma once

#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "fib/l2/listen_store.h"
#include "fib/l2/local_places.h"
#include "fib/l2/local_slots.h"
#include "fib/shared.h"
#include "perd/memory.h"
#include "perd/segment_table.h"

namespace perd::fib {

class LocalHosts {
 public:
  // Tables that must be read again: of a new place nothing was kept so far.
  struct Unread {
    bool fdb = false;
    bool neighbours = false;
  };

  LocalHosts(Shared& shared, const LinkTable& links)
      : shared_(shared), links_(links), places_(links), ears_(shared, ListenPolicy{&links}) {}

  [[nodiscard]] Unread set_ports(const MacVrfPortMap& ports);
  // Other MAC-VRFs are not configured any more: at once, so that one which is configured again is
  // told anew.
  void keep(const std::set<MacVrfId>& configured);
  void link_changed(IfIndex link);
  void link_gone(IfIndex link);

  void see(const Seen<FdbEntry>& seen);
  void see(const Seen<Neighbour>& seen);
  // perd wrote its own entry there, and what was local is not any more. (Nothing need tell of that:
  // notifications of own entries may be left out.)
  void replaced(MacVrfId mac_vrf, const MacAddress& mac);
  void replaced(MacVrfId mac_vrf, const IpAddress& address);
  void hear(const HostPacket& packet);

  void begin_fdb_dump();
  void end_fdb_dump();
  void begin_neighbour_dump();
  void end_neighbour_dump();

  [[nodiscard]] bool dirty() const {
    return !macs_.queue.empty() || !neighbours_.queue.empty() || !changed_ports_.empty();
  }
  void step();

  [[nodiscard]] const LocalPlaces& places() const { return places_; }
  [[nodiscard]] ListenStore& ears() { return ears_; }
  [[nodiscard]] const ListenStore& ears() const { return ears_; }
  void memory(MemoryParts& out) const;

 private:
  template <class SlotT>
  struct Side {
    SegmentTable<SlotT> slots;
    std::vector<SlotT> queue;                             // keys of what is gone, not told yet
    std::set<std::pair<IfIndex, std::uint16_t>> strange;  // places that entries came from, unknown
    std::uint8_t epoch = 1;
    bool dumping = false;
  };
  template <class SlotT>
  void begin(Side<SlotT>& side);
  template <class SlotT>
  void end(Side<SlotT>& side);
  // The slot that an observation is about; none when it says nothing new, or nothing at all.
  template <class SlotT>
  SlotT* slot_of(Side<SlotT>& side, const SlotT& key, bool from_dump, bool there);
  // After `slot` was given what was seen.
  template <class SlotT>
  void settle(Side<SlotT>& side, SlotT& slot, bool went);
  template <class SlotT>
  void drain(Side<SlotT>& side);
  template <class SlotT>
  void forget(Side<SlotT>& side, const std::set<MacVrfId>& moved);
  [[nodiscard]] bool here(const LocalMacSlot& s) const {
    return s.seen != IfIndex{} && places_.reachable(s.mac_vrf, s.seen);
  }
  void tell(LocalMacSlot& s);
  void tell(LocalNeighbourSlot& s);
  static void lose(LocalMacSlot& s) { s.seen = IfIndex{}; }
  static void lose(LocalNeighbourSlot& s) { s.seen = NeighbourFace{}; }
  void look_at_ports();

  Shared& shared_;
  const LinkTable& links_;
  LocalPlaces places_;
  ListenStore ears_;
  Side<LocalMacSlot> macs_;
  Side<LocalNeighbourSlot> neighbours_;
  std::set<IfIndex> changed_ports_;  // began or ceased to run
};

}  // namespace perd::fib
