// HostPrograms: the remote side of layer 2. Brings what routing wants of remote hosts (MACs, their
// addresses, flood lists, VTEP sets) into the bridges, VXLAN devices and gateways of MAC-VRFs, and
// keeps it there: passes the kernel's news to the programmers, and has them work in an order in
// which nothing refers to what is not there yet.
//
// Goes by the ports that MacVrfBuilder tells. Never makes a device, never learns a local host.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fib/l2/fdb_next_hops.h"
#include "fib/l2/flood_store.h"
#include "fib/l2/mac_programmer.h"
#include "fib/l2/mac_vrf_ports.h"
#include "fib/l2/neighbour_programmer.h"
#include "fib/l2/vtep_set_store.h"
#include "fib/l2/ways.h"
#include "fib/link_table.h"

namespace perd::fib {

class HostPrograms {
 public:
  HostPrograms(Shared& shared, const LinkTable& links);
  HostPrograms(const HostPrograms&) = delete;
  HostPrograms& operator=(const HostPrograms&) = delete;

  // Where each MAC-VRF stands. A MAC-VRF that is not named is gone: what is in the kernel of it
  // goes, with its devices when those are perd's own. `empty`: this run made that link, so that it
  // holds nothing of others. True: some device may hold entries that were not listened to so far;
  // nothing is written there until neighbours and FDB have been read (end_dump).
  [[nodiscard]] bool set_ports(const MacVrfPortMap& ports,
                               const std::function<bool(IfIndex)>& empty);
  void link_changed(IfIndex link);  // it, or what it stands on, went up or down
  void link_gone(IfIndex link);     // its entries went along, silently
  void drop(MacVrfId id);           // nothing of that MAC-VRF is wanted any more
  void drop_all();

  void apply(const L2Delta& delta);

  // True: that was news of a MAC-VRF's entry, and nobody else's on the remote side.
  bool observe(const Seen<Neighbour>& seen, TimePoint now);
  bool observe(const Seen<FdbEntry>& seen, TimePoint now);
  bool observe(const Seen<NextHop>& seen, TimePoint now);
  // Of an operation in flight: false when it is not one of these.
  bool acked(const Flight& flight, TimePoint now);
  bool refused(const Flight& flight, int error, const std::string& text, TimePoint now);

  [[nodiscard]] bool may_begin_dump(DumpKind kind);
  void begin_dump(DumpKind kind);
  void end_dump(DumpKind kind, TimePoint now);
  void go_on_marking(TimePoint now) {
    for_each([now](auto& p) { p.go_on_walking(now); });
  }
  [[nodiscard]] bool marking() const;

  void request_scan_all();
  void allow_sweep();
  // Next-hop objects and single changes; then at most `ops` others; at last what nothing uses.
  void step_first(TimePoint now);
  void step(TimePoint now, std::size_t ops);
  void step_erases(TimePoint now);
  [[nodiscard]] bool more_work() const;
  [[nodiscard]] bool busy() const;
  [[nodiscard]] Deadline deadline() const;

  [[nodiscard]] StateCounts counts(ObjectKind kind) const;
  void refusals(std::vector<Refusal>& out, std::size_t max) const;
  void memory(MemoryParts& out) const;
  [[nodiscard]] std::optional<HostEntryView> mac(MacVrfId id, const MacAddress& mac) const;
  [[nodiscard]] std::optional<HostEntryView> neighbour(MacVrfId id, const IpAddress& a) const;

 private:
  template <class F>
  void for_each(F&& f) {
    f(floods_), f(macs_), f(v4_), f(v6_);
  }
  template <class F>
  void for_each(F&& f) const {
    f(floods_), f(macs_), f(v4_), f(v6_);
  }
  template <class F>
  [[nodiscard]] bool any_of(F&& f) const {
    return f(macs_) || f(v4_) || f(v6_) || f(floods_);
  }
  [[nodiscard]] MacVrfTable& make(MacVrfId id);
  [[nodiscard]] MacVrfTable* find(MacVrfId id) const;
  [[nodiscard]] bool move(MacVrfTable& t, const MacVrfPorts& ports,
                          const std::function<bool(IfIndex)>& empty);
  void leave(MacVrfTable& t);
  void renew_ready(MacVrfTable& t);
  void renew_index();
  void request_scan(MacVrfTable& t);
  [[nodiscard]] bool up(IfIndex link) const;
  [[nodiscard]] bool goes_by_itself(IfIndex link) const;

  Shared& shared_;
  const LinkTable& links_;
  MacVrfTables tables_;
  Pace pace_;
  Ways ways_;
  FdbNextHops next_hops_;
  VtepSetStore sets_;
  MacProgrammer macs_;
  NeighbourProgrammerV4 v4_;
  NeighbourProgrammerV6 v6_;
  FloodStore floods_;
  std::map<IfIndex, MacVrfTable*> by_vxlan_;
  std::map<IfIndex, MacVrfTable*> by_svi_;
  std::map<std::pair<IfIndex, std::uint16_t>, MacVrfTable*> by_bridge_;  // and its VLAN
};

}  // namespace perd::fib
