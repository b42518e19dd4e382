// MacVrfTable: everything that a MAC-VRF has and should have in the kernel on the remote side, in
// four lanes of slots, and where it stands (its ports). A lane is a table of slots with what is to
// be done about them; the programmers work on lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fib/l2/host_slots.h"
#include "fib/l2/mac_vrf_ports.h"
#include "fib/route_table.h"
#include "perd/memory.h"
#include "perd/time.h"

namespace perd::fib {

// What a walk over a whole lane is for. It goes by slices.
enum class Walk : std::uint8_t {
  kNone,
  kSetting,    // no walk: a dump runs and marks what it sees
  kJudging,    // the dump has ended: what it has not seen is gone
  kClearing,   // the dump was broken off: the marks go
  kForgetting  // the device is gone: so is all that was seen, but for what came since
};

template <class SlotT>
struct Lane {
  using Key = typename SlotT::Key;

  RouteTable<SlotT> slots;
  std::vector<Key> queue;  // keys to look at; when it is full, a scan does
  std::size_t queue_at = 0;
  std::vector<Key> suspects;  // changed by others, or by late echoes of ours
  bool suspect_scan = false;  // too many suspects to list
  Deadline suspects_due;
  Walk walk = Walk::kNone;
  TableCursor walk_at;
  unsigned forget = 0;     // kForgetting: which parts of a slot's observation
  bool listed = false;     // among the lanes with work
  bool unread = false;     // what its device holds must be read before anything is written
  std::uint8_t epoch = 0;  // of the device: answers to operations of an older one say nothing

  [[nodiscard]] bool queued() const { return queue_at < queue.size(); }
  [[nodiscard]] bool waits() const { return queued() || slots.scanning(); }
  [[nodiscard]] bool walks() const { return walk != Walk::kNone && walk != Walk::kSetting; }
  // An observation of this slot is to be marked: its judgement is still to come.
  [[nodiscard]] bool marking(const SlotT& s) const {
    if (walk == Walk::kSetting) return true;
    return (walk == Walk::kJudging || walk == Walk::kForgetting) && s.hash() >= walk_at.next_hash;
  }
  // Nothing may be written: what is there is not known.
  [[nodiscard]] bool held() const { return unread || walk == Walk::kForgetting; }
  [[nodiscard]] std::size_t octets() const {
    return slots.octets() + vector_octets(queue) + vector_octets(suspects);
  }
};

struct MacVrfTable {
  MacVrfId id{};
  MacVrfPorts ports;
  bool fdb_ready = false;        // MACs and floods can be written
  bool neighbour_ready = false;  // neighbours can be written
  bool leaving = false;          // no longer a MAC-VRF of this node
  bool fdb_goes = false;         // leaving, and the device will go with all that is in it
  bool neighbours_go = false;    // likewise
  Lane<MacSlot> macs;
  Lane<NeighbourSlotV4> v4;
  Lane<NeighbourSlotV6> v6;
  Lane<FloodSlot> floods;
};

// By MacVrfId, which is a small number; a gap is null. Never shrinks: operations in flight name it.
using MacVrfTables = std::vector<std::unique_ptr<MacVrfTable>>;

}  // namespace perd::fib
