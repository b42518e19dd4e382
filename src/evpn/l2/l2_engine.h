// The layer 2 half of EVPN: what the routes of types 1, 2 and 3 mean for this node's MAC-VRFs (RFC
// 7432 7 to 15, RFC 8365 5, RFC 9135 4 to 7), which of them this node originates for the hosts
// behind its local ports, and which of two places a host is at when both claim it (RFC 7432 15).
//
// Owns per MAC-VRF the MACs with their remote candidates and their local state, the bindings of
// addresses to MACs, the flood list, the Ethernet segments of the fabric and the interned VTEP
// sets. Never owns a route: those are the RIB's, named by RouteId. Never knows an interface, a
// packet format or a clock: time is an argument.
//
// The IP half of a type 2 with a second label (symmetric IRB, RFC 9135 5.2) is Engine's: a host
// route of the VRF. What Engine must know of local hosts stands in host_routes().
//
// Routes and local news come one by one, cheaply; what concerns many (an import list, a MAC-VRF
// going up, an Ethernet segment) is done in slices by step(). A single change is complete when its
// call returns: no timer stands between a gratuitous ARP and the route.
//
// The references of the constructor must outlive the engine.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "evpn/l2/l2_views.h"
#include "evpn/settings.h"
#include "evpn/views.h"
#include "perd/desired.h"
#include "perd/event.h"
#include "perd/memory.h"
#include "perd/time.h"

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

// How hosts are watched. Defaults are for operation; tests set what they need.
struct L2Limits {
  unsigned duplicate_moves = 5;                           // RFC 7432 15.1: so many moves ...
  Duration duplicate_window = std::chrono::seconds(180);  // ... within this freeze a MAC
  Duration probe_interval = std::chrono::seconds(30);  // silence after which a host is asked; less
                                                       // when the bridge forgets MACs sooner
  Duration probe_timeout = std::chrono::seconds(1);
  unsigned probe_attempts = 3;
  std::size_t probes_per_second = 500;  // of the whole node: 10,000 hosts take 20 s
};

class L2Engine {
 public:
  L2Engine(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
           const rib::DecisionContext& decision, const L2Limits& limits = {});
  ~L2Engine();
  L2Engine(const L2Engine&) = delete;
  L2Engine& operator=(const L2Engine&) = delete;

  // The whole wanted configuration; what equals the running one is not touched. MAC-VRFs are told
  // apart by id. A MAC-VRF that goes withdraws what it originated and what it wanted in the kernel.
  void configure(const NodeSettings& node, const std::vector<MacVrfSettings>& mac_vrfs,
                 TimePoint now);

  void on_state(const MacVrfState& state, TimePoint now);
  void on_vrf_state(const VrfState& state,
                    TimePoint now);  // of a routing domain: L3VNI, router MAC
  void on_local_mac(const LocalMac& mac, TimePoint now);
  void on_local_neighbour(const LocalNeighbour& neighbour, TimePoint now);
  void on_heard(const HostHeard& heard, TimePoint now);

  // As Engine::on_route_changed. Routes of types 1, 2 and 3 count, others are ignored.
  void on_route_changed(const EvpnTable& table, std::uint32_t route, TimePoint now,
                        bool urgent = false);

  // Deadlines that are due (probes, the end of windows), then one slice of pending work, `budget`
  // MACs or routes at most. True when more is waiting right now.
  bool step(const EvpnTable& table, TimePoint now, std::size_t budget);
  [[nodiscard]] Deadline next_deadline() const;

  // Outputs: the caller takes them and leaves the containers empty.
  [[nodiscard]] L2Delta& delta();
  [[nodiscard]] std::vector<Origination>& originations();
  [[nodiscard]] std::vector<LocalRoute>& host_routes();  // kind kHost, for Engine::on_local
  [[nodiscard]] std::vector<Event>& events();

  // ---- commands of an operator ----
  // Takes frozen MACs up again (RFC 7432 15.1); none: all of the MAC-VRF. How many there were.
  std::size_t clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac, TimePoint now);

  // ---- views ----
  [[nodiscard]] std::vector<MacVrfView> mac_vrfs() const;  // by VNI
  // The next `limit` after `after`, in order of address.
  [[nodiscard]] std::vector<MacView> macs(MacVrfId id, const std::optional<MacAddress>& after,
                                          std::size_t limit) const;
  [[nodiscard]] std::optional<MacView> mac(const EvpnTable& table, MacVrfId id,
                                           const MacAddress& mac) const;
  [[nodiscard]] std::vector<NeighbourView> neighbours(MacVrfId id,
                                                      const std::optional<IpAddress>& after,
                                                      std::size_t limit) const;
  [[nodiscard]] std::vector<L2VtepView> vteps() const;                       // by address
  [[nodiscard]] std::vector<EthernetSegmentView> ethernet_segments() const;  // by ESI
  // Why the MAC is where it is, or nowhere. Walks the whole RIB index once.
  [[nodiscard]] std::vector<ExplainStep> explain(const EvpnTable& table, MacVrfId id,
                                                 const MacAddress& mac) const;
  [[nodiscard]] L2Counters counters() const;
  [[nodiscard]] MemoryParts memory() const;
  [[nodiscard]] std::size_t table_octets() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace perd::evpn
