// One MAC-VRF as the engine runs it: settings, device state, its MACs, addresses and flood list,
// and what it last originated.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "evpn/l2/tables.h"
#include "evpn/settings.h"
#include "perd/desired.h"

namespace perd::evpn {

// Everything in our routes of types 2 and 3 that is not of one host. While it stays the same,
// nothing is announced again.
struct L2Form {
  bool up = false;  // may originate
  RouteDistinguisher rd{};
  Vni vni{};
  std::vector<ExtendedCommunity> route_targets;
  IpAddress vtep{};
  bool routed = false;  // with a second label, RFC 9135
  Vni l3_vni{};
  std::vector<ExtendedCommunity> l3_route_targets;
  MacAddress router_mac{};
  friend bool operator==(const L2Form&, const L2Form&) = default;
};

struct FloodEntry {
  IpAddress vtep{};
  std::uint32_t routes = 0;
  bool told = false;
};

struct MacVrf {
  MacVrfSettings settings;
  MacVrfState device;    // `up` false until told
  bool removed = false;  // goes away when it is empty

  SegmentTable<MacSlot> macs;
  SegmentTable<NeighbourV4> v4;
  SegmentTable<NeighbourV6> v6;
  std::vector<FloodEntry> flood;  // sorted by VTEP

  // Originated routes carry the number of the form they were announced with; `rds` tells what RD
  // that was. It shrinks to the current one when a walk is done.
  L2Form form;
  std::uint16_t epoch = 0;
  std::vector<std::pair<std::uint16_t, RouteDistinguisher>> rds;
  std::optional<Origination> multicast;  // the type 3 that was announced

  // A walk over everything that settles each MAC and address again.
  bool walking = false;
  bool walk_again = false;  // asked for once more while it was on its way
  TableCursor mac_cursor, v4_cursor, v6_cursor;

  // MACs that moved here, of which the addresses are looked for among the remote ones: those of
  // the search that is on, sorted, and those for the next one.
  std::vector<MacAddress> arrived, arriving;
  TableCursor seek_v4, seek_v6;

  std::uint32_t local_macs = 0;
  std::uint32_t remote_macs = 0;
  std::uint32_t local_neighbours = 0;
  std::uint32_t remote_neighbours = 0;
  std::uint32_t frozen = 0;
  std::uint32_t originated = 0;

  [[nodiscard]] NeighbourState* find(const IpAddress& a) {
    return const_cast<NeighbourState*>(std::as_const(*this).find(a));
  }
  [[nodiscard]] const NeighbourState* find(const IpAddress& a) const {
    if (a.is_v4()) {
      const NeighbourV4* slot = v4.find(NeighbourV4::of(a));
      return slot == nullptr ? nullptr : &slot->state;
    }
    const NeighbourV6* slot = v6.find(NeighbourV6::of(a));
    return slot == nullptr ? nullptr : &slot->state;
  }
  [[nodiscard]] NeighbourState& insert(const IpAddress& a) {
    return a.is_v4() ? v4.insert(NeighbourV4::of(a)).state : v6.insert(NeighbourV6::of(a)).state;
  }
  void erase(const IpAddress& a) {
    if (a.is_v4()) {
      if (const NeighbourV4* slot = v4.find(NeighbourV4::of(a))) v4.erase(slot);
    } else if (const NeighbourV6* slot = v6.find(NeighbourV6::of(a))) {
      v6.erase(slot);
    }
  }
  void start_walk() {
    walk_again = walking;
    if (walking) return;
    walking = true;
    mac_cursor = v4_cursor = v6_cursor = {};
  }
  [[nodiscard]] IpAddress vtep() const {
    return device.local_vtep.is_unspecified() ? settings.vtep : device.local_vtep;
  }
  [[nodiscard]] bool up() const { return device.up && !removed; }
  [[nodiscard]] bool is_gateway(const IpAddress& a) const {
    for (const InterfaceAddress& g : settings.gateways) {
      if (g.address == a) return true;
    }
    return false;
  }
  [[nodiscard]] bool empty() const {
    return macs.size() == 0 && v4.size() == 0 && v6.size() == 0 && flood.empty() && !multicast &&
           !walking;
  }
};

}  // namespace perd::evpn
