#include "evpn/l2/l2_engine.h"

#include "bgp/rib/decision.h"
#include "bgp/rib/table.h"

namespace perd::evpn {

struct L2Engine::State {
  L2Delta delta;
  std::vector<Origination> originations;
  std::vector<LocalRoute> host_routes;
  std::vector<Event> events;
};

L2Engine::L2Engine(rib::AttributeStore&, const rib::NextHopTable&, const rib::DecisionContext&,
                   const L2Limits&)
    : state_(std::make_unique<State>()) {}
L2Engine::~L2Engine() = default;

void L2Engine::configure(const NodeSettings&, const std::vector<MacVrfSettings>&, TimePoint) {}
void L2Engine::on_state(const MacVrfState&, TimePoint) {}
void L2Engine::on_vrf_state(const VrfState&, TimePoint) {}
void L2Engine::on_local_mac(const LocalMac&, TimePoint) {}
void L2Engine::on_local_neighbour(const LocalNeighbour&, TimePoint) {}
void L2Engine::on_heard(const HostHeard&, TimePoint) {}
void L2Engine::on_route_changed(const EvpnTable&, std::uint32_t, TimePoint, bool) {}
bool L2Engine::step(const EvpnTable&, TimePoint, std::size_t) { return false; }
Deadline L2Engine::next_deadline() const { return std::nullopt; }
L2Delta& L2Engine::delta() { return state_->delta; }
std::vector<Origination>& L2Engine::originations() { return state_->originations; }
std::vector<LocalRoute>& L2Engine::host_routes() { return state_->host_routes; }
std::vector<Event>& L2Engine::events() { return state_->events; }
std::size_t L2Engine::clear_duplicates(MacVrfId, const std::optional<MacAddress>&, TimePoint) {
  return 0;
}
std::vector<MacVrfView> L2Engine::mac_vrfs() const { return {}; }
std::vector<MacView> L2Engine::macs(MacVrfId, const std::optional<MacAddress>&, std::size_t) const {
  return {};
}
std::optional<MacView> L2Engine::mac(const EvpnTable&, MacVrfId, const MacAddress&) const {
  return std::nullopt;
}
std::vector<NeighbourView> L2Engine::neighbours(MacVrfId, const std::optional<IpAddress>&,
                                                std::size_t) const {
  return {};
}
std::vector<L2VtepView> L2Engine::vteps() const { return {}; }
std::vector<EthernetSegmentView> L2Engine::ethernet_segments() const { return {}; }
std::vector<ExplainStep> L2Engine::explain(const EvpnTable&, MacVrfId, const MacAddress&) const {
  return {};
}
L2Counters L2Engine::counters() const { return {}; }
MemoryParts L2Engine::memory() const { return {}; }
std::size_t L2Engine::table_octets() const { return 0; }

}  // namespace perd::evpn
