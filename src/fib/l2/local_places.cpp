#include "fib/l2/local_places.h"

namespace perd::fib {

std::set<MacVrfId> LocalPlaces::set_ports(const MacVrfPortMap& ports) {
  std::set<MacVrfId> moved;
  for (const auto& [id, was] : places_) {
    const auto it = ports.find(id);
    if (it == ports.end() || it->second.bridge != was.bridge || it->second.vlan != was.vlan ||
        it->second.svi != was.svi) {
      moved.insert(id);
    }
  }
  places_ = ports;
  bridges_.clear(), svis_.clear(), known_bridges_.clear();
  for (const auto& [id, p] : ports) {
    if (p.bridge == IfIndex{}) continue;
    known_bridges_.insert(p.bridge);
    bridges_.emplace(BridgeKey{p.bridge, p.vlan}, id);
    if (p.svi != IfIndex{}) svis_.emplace(p.svi, id);
  }
  return moved;
}

bool LocalPlaces::renew(IfIndex link) {
  const Link* l = links_.find(link);
  const bool runs = l != nullptr && links_.usable(link) && known_bridges_.count(l->master) != 0 &&
                    !is_vxlan(link);
  const auto it = running_.find(link);
  if (!runs) return it != running_.end() && (running_.erase(it), true);
  if (it != running_.end() && it->second == l->master) return false;
  running_[link] = l->master;
  return true;
}

MacVrfId LocalPlaces::of_port(IfIndex link) const {
  const Link* l = links_.find(link);
  if (l == nullptr || is_vxlan(link)) return kNoMacVrf;
  const Link* bridge = links_.find(l->master);
  if (bridge == nullptr) return kNoMacVrf;
  return of_bridge(bridge->index, bridge->vlan_filtering ? l->port_vlan : std::uint16_t{0});
}

bool LocalPlaces::reachable(MacVrfId id, IfIndex port) const {
  const auto it = running_.find(port);
  const auto place = places_.find(id);
  return it != running_.end() && place != places_.end() && it->second == place->second.bridge;
}

}  // namespace perd::fib
