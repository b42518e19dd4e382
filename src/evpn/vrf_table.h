// One IP-VRF as the engine runs it: settings, device state, its prefixes, and what it last
// exported.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "evpn/prefix_table.h"
#include "evpn/settings.h"
#include "perd/desired.h"

namespace perd::evpn {

// Everything in a type 5 route of ours but the prefix and the origin. While it stays the same,
// nothing is announced again.
struct ExportForm {
  RouteDistinguisher rd{};
  Vni vni{};
  std::vector<ExtendedCommunity> route_targets;
  std::optional<Asn> prepend;  // the VRF's AS number where it is not the node's
  IpAddress vtep{};
  MacAddress router_mac{};
  friend bool operator==(const ExportForm&, const ExportForm&) = default;
};

struct VrfTable {
  VrfSettings settings;
  VrfState device;       // `up` false until told
  bool removed = false;  // goes away when it is empty

  PrefixTable<SlotV4> v4;
  PrefixTable<SlotV6> v6;

  // Originated routes carry the number of the form they were announced with; `rds` tells what RD
  // that was. It shrinks to the current one when a walk over all prefixes is done.
  ExportForm form;
  std::uint16_t epoch = 0;
  std::vector<std::pair<std::uint16_t, RouteDistinguisher>> rds;

  // A walk over all prefixes that reconsiders export and choice of each.
  bool walking = false;
  bool walk_again = false;  // asked for once more while it was on its way
  TableCursor cursor_v4, cursor_v6;

  std::uint32_t remote_paths = 0;
  std::uint32_t local_prefixes = 0;
  std::uint32_t desired = 0;
  std::uint32_t originated = 0;

  [[nodiscard]] std::size_t size() const { return v4.size() + v6.size(); }
  [[nodiscard]] PrefixState* find(const IpPrefix& p) { return p.is_v4() ? v4.find(p) : v6.find(p); }
  [[nodiscard]] const PrefixState* find(const IpPrefix& p) const {
    return p.is_v4() ? v4.find(p) : v6.find(p);
  }
  [[nodiscard]] PrefixState& insert(const IpPrefix& p) {
    return p.is_v4() ? v4.insert(p) : v6.insert(p);
  }
  void erase(const IpPrefix& p) {
    if (p.is_v4()) {
      v4.erase(p);
    } else {
      v6.erase(p);
    }
  }
  void start_walk() {
    walk_again = walking;
    if (walking) return;
    walking = true;
    cursor_v4 = {};
    cursor_v6 = {};
  }
  [[nodiscard]] IpAddress vtep() const {
    return device.local_vtep.is_unspecified() ? settings.vtep : device.local_vtep;
  }
  [[nodiscard]] bool imports() const { return device.up && !removed; }
  [[nodiscard]] bool exports() const {
    return imports() && device.router_mac.is_unicast() && !vtep().is_unspecified();
  }
};

}  // namespace perd::evpn
