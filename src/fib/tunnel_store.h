// TunnelStore: what a tunnelled next hop needs beside its next-hop object: the neighbour entry that
// gives the remote VTEP its router MAC on the SVI, and the FDB entries (bridge and VXLAN device)
// that send this MAC to the VTEP. Counted by use.
//
// The router MAC belongs to (SVI, VTEP), so to (VRF, VTEP): of several the last writer wins; a MAC
// nobody uses any more loses its FDB entry. One MAC announced by two VTEPs leads to the last
// writer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fib/managed_store.h"
#include "fib/next_hop_store.h"

namespace perd::fib {

struct TunnelRef {
  IfIndex svi{};
  IfIndex vxlan{};
  IpAddress vtep{};
  MacAddress router_mac{};
  std::optional<Vni> vni;  // when it is not the VXLAN device's own
  bool mapped = false;     // IPv6 routes over an IPv4 VTEP: the neighbour is ::ffff:VTEP
  friend bool operator==(const TunnelRef&, const TunnelRef&) = default;
  friend auto operator<=>(const TunnelRef&, const TunnelRef&) = default;
};

// Both halves of what one FdbPut with `both` makes.
struct FdbPair {
  IpAddress destination{};
  std::optional<Vni> vni;
  IfIndex master{};
  std::uint16_t state = 0;
  bool self = false;    // the half in the VXLAN device is there
  bool bridge = false;  // the half in the bridge is there
  friend bool operator==(const FdbPair&, const FdbPair&) = default;
};

class TunnelStore;

struct NeighbourPolicy {
  using Key = std::pair<IfIndex, IpAddress>;
  using Value = Neighbour;
  static constexpr ObjectKind kKind = ObjectKind::kNeighbour;
  static constexpr FlightKind kFlight = FlightKind::kNeighbour;
  TunnelStore* store;

  [[nodiscard]] bool ready(const Key& key, const Neighbour& want) const;
  [[nodiscard]] bool may_erase(const Key& key, const Neighbour& seen) const;
  [[nodiscard]] bool matches(const Neighbour& want, const Neighbour& seen) const;
  [[nodiscard]] bool may_overwrite(const Neighbour& seen) const;
  [[nodiscard]] bool keep_foreign(const Key& key) const;
  [[nodiscard]] Standing standing(const Key&, const Neighbour&) const { return Standing::kFree; }
  void put(OpQueue& ops, const Key&, const Neighbour& want, const Flight& flight) const;
  void erase(OpQueue& ops, const Key& key, const Neighbour&, const Flight& flight) const;
  [[nodiscard]] std::string describe(const Key& key) const;
  void written(const Key&) const {}
  void vanished(const Key&, const Neighbour&) const;
  void settled(const Key&) const;
};

struct FdbPolicy {
  using Key = std::pair<IfIndex, MacAddress>;
  using Value = FdbPair;
  static constexpr ObjectKind kKind = ObjectKind::kFdb;
  static constexpr FlightKind kFlight = FlightKind::kFdb;
  TunnelStore* store;

  [[nodiscard]] bool ready(const Key& key, const FdbPair& want) const;
  [[nodiscard]] bool may_erase(const Key& key, const FdbPair& seen) const;
  [[nodiscard]] bool matches(const FdbPair& want, const FdbPair& seen) const;
  [[nodiscard]] bool may_overwrite(const FdbPair& seen) const;
  [[nodiscard]] bool keep_foreign(const Key& key) const;
  [[nodiscard]] Standing standing(const Key&, const FdbPair&) const { return Standing::kFree; }
  void put(OpQueue& ops, const Key& key, const FdbPair& want, const Flight& flight) const;
  void erase(OpQueue& ops, const Key& key, const FdbPair& seen, const Flight& flight) const;
  [[nodiscard]] std::string describe(const Key& key) const;
  void written(const Key&) const {}
  void vanished(const Key&, const FdbPair&) const {}
  void settled(const Key&) const {}
};

class TunnelStore {
 public:
  TunnelStore(Shared& shared, const LinkTable& links, const NextHopStore& next_hops);
  TunnelStore(const TunnelStore&) = delete;
  TunnelStore& operator=(const TunnelStore&) = delete;

  // `order`: greater is later; the last writer of a router MAC wins.
  void ref(const TunnelRef& t, std::uint64_t order);
  void unref(const TunnelRef& t, std::uint64_t order);

  // The links whose entries are perd's to mark, keep and sweep: SVIs and VXLAN devices of VRFs.
  void set_ports(std::set<IfIndex> svis, std::set<IfIndex> vxlans);

  void see(const Neighbour& neighbour, bool from_dump, TimePoint now);
  void lose(const Neighbour& neighbour, TimePoint now);
  void see(const FdbEntry& entry, bool from_dump, TimePoint now);
  void lose(const FdbEntry& entry, TimePoint now);
  void link_gone(IfIndex link);
  void link_changed(IfIndex link);
  void way_gone(const HopKey& key);  // its neighbour may follow

  void step_puts(TimePoint now);
  void step_erases(TimePoint now);

  [[nodiscard]] ManagedStore<NeighbourPolicy>& neighbours() { return neighbours_; }
  [[nodiscard]] const ManagedStore<NeighbourPolicy>& neighbours() const { return neighbours_; }
  [[nodiscard]] ManagedStore<FdbPolicy>& fdb() { return fdb_; }
  [[nodiscard]] const ManagedStore<FdbPolicy>& fdb() const { return fdb_; }

 private:
  friend struct NeighbourPolicy;
  friend struct FdbPolicy;
  struct MacClaim {
    MacAddress mac;
    std::vector<std::uint64_t> orders;  // one per reference
  };
  struct VtepClaim {
    IpAddress vtep;
    std::optional<Vni> vni;
    IfIndex svi;
    std::vector<std::uint64_t> orders;
  };
  void renew_neighbour(const NeighbourPolicy::Key& key);
  void renew_fdb(const FdbPolicy::Key& key);

  Shared& shared_;
  const LinkTable& links_;
  const NextHopStore& next_hops_;
  ManagedStore<NeighbourPolicy> neighbours_;
  ManagedStore<FdbPolicy> fdb_;
  std::map<NeighbourPolicy::Key, std::vector<MacClaim>> macs_;
  std::map<FdbPolicy::Key, std::vector<VtepClaim>> vteps_;
  std::set<IfIndex> svis_;
  std::set<IfIndex> vxlans_;
};

}  // namespace perd::fib
