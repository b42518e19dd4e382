// The EVPN engine: what the EVPN routes of the Loc-RIB mean for this node's IP-VRFs (type 5: RFC
// 9136 4.4.1, interface-less; host routes of type 2 with an L3 label: RFC 9135 5.2), and which type
// 5 routes this node originates.
//
// Owns per VRF the table of prefixes with their candidates, the router MACs of remote VTEPs, the
// interned next-hop sets, and what is originated. Never owns a route: those are the RIB's, named by
// RouteId. Never knows an interface, a socket or a clock.
//
// Routes come one by one (on_route_changed), cheaply: the import decision is one of the attribute
// set and cached (import_cache.h). What concerns many routes at once (a new import list, a VRF
// going up) is done in slices by step(). Prefixes with one candidate are decided at once, others
// once per step.
//
// Hosts behind this node's own ports are told by L2Engine (LocalRouteKind::kHost): the kernel
// reaches them by the connected subnet, and they are never originated as type 5. Other routes of
// types 1 to 4 are counted and otherwise ignored.
//
// The references of the constructor must outlive the engine; so must the attribute sets it names,
// for which it holds references of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "evpn/settings.h"
#include "evpn/views.h"
#include "perd/desired.h"
#include "perd/event.h"
#include "perd/memory.h"

namespace perd::rib {
class AttributeStore;
class NextHopTable;
struct DecisionContext;
struct L2vpnEvpn;
template <class F>
class Table;
}  // namespace perd::rib

namespace perd::evpn {

using EvpnTable = rib::Table<rib::L2vpnEvpn>;

class Engine {
 public:
  Engine(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
         const rib::DecisionContext& decision);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The whole wanted configuration; what equals the running one is not touched. VRFs are told apart
  // by id. The consequences for routes follow in step().
  void configure(const NodeSettings& node, const std::vector<VrfSettings>& vrfs);

  void on_local(const LocalRoute& route);
  void on_vrf_state(const VrfState& state);
  // The underlay metric of this VTEP changed (reachability comes by on_route_changed).
  void on_next_hop_changed(const IpAddress& vtep);

  // The best path, or the set of equally good ones, of this EVPN route changed or is gone. Called
  // before the RIB frees the id, which may be used again afterwards. `urgent`: what follows from it
  // goes before what waits (DesiredRoute::urgent).
  void on_route_changed(const EvpnTable& table, std::uint32_t route, bool urgent = false);

  // One slice of re-import, re-origination and decisions, `budget` prefixes or routes at most. True
  // when more is waiting.
  bool step(const EvpnTable& table, std::size_t budget);

  // Outputs: the caller takes them and leaves the containers empty.
  [[nodiscard]] DesiredDelta& delta();
  [[nodiscard]] std::vector<Origination>& originations();
  [[nodiscard]] std::vector<Event>& events();

  // ---- views ----
  [[nodiscard]] std::vector<VrfView> vrfs() const;    // by VrfId
  [[nodiscard]] std::vector<VtepView> vteps() const;  // by VRF, then address
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] std::optional<PrefixView> lookup(const EvpnTable& table, VrfId vrf,
                                                 const IpPrefix& prefix) const;
  // What its tables hold; without walking over them. `table_octets` is the bulk of it.
  [[nodiscard]] MemoryParts memory() const;
  [[nodiscard]] std::size_t table_octets() const;
  // Why the prefix is, or is not, wanted in the kernel. Walks the whole RIB index once.
  [[nodiscard]] std::vector<ExplainStep> explain(const EvpnTable& table, VrfId vrf,
                                                 const IpPrefix& prefix) const;
  // The next `limit` prefixes of a VRF after `after` in the order of IpPrefix (IPv4 first), without
  // candidates. One scan of the VRF's table per call, so ask for thousands rather than for one.
  [[nodiscard]] std::vector<PrefixView> page(VrfId vrf, const std::optional<IpPrefix>& after,
                                             std::size_t limit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace perd::evpn
