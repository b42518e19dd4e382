// SetStore: next-hop sets as routing defines them, and what each means in the kernel for IPv4 and
// for IPv6 routes: next-hop objects, a group when there are several, and the tunnel entries they
// need.
//
// A set costs something in the kernel only while routes use it. A set of one hop is that hop's
// shared object; once a set has had several it keeps a group of its own, so that losing or winning
// a leg is one message. RFC 9136 4.4.1: tunnels; RFC 4271: gateways, resolved.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fib/next_hop_store.h"
#include "fib/resolver.h"
#include "fib/tunnel_store.h"
#include "perd/desired.h"
#include "perd/memory.h"

namespace perd::fib {

// Where tunnels of a VRF leave: its SVI (bridge) and VXLAN device; 0 while they are not there.
struct TunnelPorts {
  IfIndex svi{};
  IfIndex vxlan{};
  Vni vni{};
  friend bool operator==(const TunnelPorts&, const TunnelPorts&) = default;
};

class SetStore {
 public:
  SetStore(NextHopStore& next_hops, TunnelStore& tunnels, Resolver& resolver);

  void put(const NextHopSet& set);
  void release(NextHopSetId id);
  // Index of a set, for slots; 0 when unknown.
  [[nodiscard]] std::uint32_t index_of(NextHopSetId id) const;
  [[nodiscard]] NextHopSetId id_of(std::uint32_t index) const { return sets_[index].set.id; }
  [[nodiscard]] const NextHopSet& content(std::uint32_t index) const { return sets_[index].set; }

  // A route of the family (0: IPv4, 1: IPv6) wants the set, or does no longer.
  void use(std::uint32_t index, std::size_t family);
  void unuse(std::uint32_t index, std::size_t family);
  // What a route of that set must point to; 0: not possible now.
  [[nodiscard]] std::uint32_t target(std::uint32_t index, std::size_t family) {
    Side& side = sets_[index].sides[family];
    side.looked_at = true;
    return side.target;
  }
  [[nodiscard]] std::uint32_t peek_target(std::uint32_t index, std::size_t family) const {
    return sets_[index].sides[family].target;
  }
  [[nodiscard]] const std::vector<std::uint32_t>& members(std::uint32_t index,
                                                          std::size_t family) const {
    return sets_[index].sides[family].members;
  }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] std::size_t memory() const;

  void set_ports(VrfId vrf, const TunnelPorts& ports);  // ports without links: the VRF is gone
  void touch(std::uint32_t user);                       // what it resolves to has changed

  // Brings the objects in line with what is wanted now.
  void step();
  // After objects came or went: which target each route has.
  void retarget();
  [[nodiscard]] bool dirty() const { return !dirty_.empty(); }
  // Tables whose routes must be looked at, because their sets lead elsewhere now.
  [[nodiscard]] std::vector<std::pair<VrfId, std::size_t>> take_scans();

 private:
  struct Side {
    std::uint32_t uses = 0;
    std::uint32_t group = 0;
    std::uint32_t target = 0;
    bool looked_at = false;  // a route was written, or waits, by the present target
    std::vector<HopKey> keys;
    std::vector<std::uint32_t> members;  // objects, as `keys`
    std::vector<TunnelRef> tunnels;
  };
  struct Record {
    NextHopSet set;
    std::array<Side, 2> sides;
    std::uint64_t defined = 0;  // when: the last writer of a router MAC wins
    std::uint64_t order = 0;    // `defined`, as the tunnel store was told
    bool used = false;
    bool released = false;
    bool dirty = false;
    std::vector<IpAddress> watched;
  };

  void mark(std::uint32_t index);
  void refresh(std::uint32_t index);
  void refresh_side(std::uint32_t index, std::size_t family, std::uint64_t old_order);
  void wanted(std::uint32_t index, std::size_t family, std::vector<HopKey>& keys,
              std::vector<TunnelRef>& tunnels);
  void move(Side& side, std::uint32_t user, std::vector<HopKey> keys);
  void renew_target(std::uint32_t index, std::size_t family);
  void renew_watches(Record& r, std::uint32_t index);
  void free_if_idle(std::uint32_t index);

  NextHopStore& next_hops_;
  TunnelStore& tunnels_;
  Resolver& resolver_;
  std::vector<Record> sets_;  // [0] is unused
  std::vector<std::uint32_t> free_;
  std::unordered_map<NextHopSetId, std::uint32_t> by_id_;  // never walked
  std::map<VrfId, TunnelPorts> ports_;
  std::vector<std::uint32_t> dirty_;
  std::vector<std::pair<VrfId, std::size_t>> scans_;
  std::uint64_t orders_ = 0;
  mutable NextHopSetId last_id_ = 0;  // routes come in runs of one set
  mutable std::uint32_t last_index_ = 0;
};

}  // namespace perd::fib
