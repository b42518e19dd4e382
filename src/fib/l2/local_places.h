// LocalPlaces: which link is a local port of which MAC-VRF, and whether a host behind it can be
// reached, as the links stand now. Answers questions; tells nobody.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fib/l2/mac_vrf_ports.h"
#include "fib/link_table.h"

namespace perd::fib {

class LocalPlaces {
 public:
  using BridgeKey = std::pair<IfIndex, std::uint16_t>;  // bridge, VLAN

  explicit LocalPlaces(const LinkTable& links) : links_(links) {}

  // The MAC-VRFs that went, or are in another bridge or VLAN now.
  [[nodiscard]] std::set<MacVrfId> set_ports(const MacVrfPortMap& ports);
  // True when the link began or ceased to be a running port.
  bool renew(IfIndex link);

  [[nodiscard]] MacVrfId of_bridge(IfIndex bridge, std::uint16_t vlan) const {
    const auto it = bridges_.find({bridge, vlan});
    return it == bridges_.end() ? kNoMacVrf : it->second;
  }
  [[nodiscard]] MacVrfId of_svi(IfIndex svi) const {
    const auto it = svis_.find(svi);
    return it == svis_.end() ? kNoMacVrf : it->second;
  }
  // Of frames without a VLAN tag that come in by that link; none when it is no local port.
  [[nodiscard]] MacVrfId of_port(IfIndex link) const;
  // Never a local port, whether we know its VNI or not.
  [[nodiscard]] bool is_vxlan(IfIndex link) const {
    const Link* l = links_.find(link);
    return l != nullptr && l->kind == LinkKind::kVxlan;
  }
  // A host of that MAC-VRF can be behind that link now.
  [[nodiscard]] bool reachable(MacVrfId id, IfIndex port) const;
  [[nodiscard]] const MacVrfPortMap& all() const { return places_; }

 private:
  const LinkTable& links_;
  MacVrfPortMap places_;
  std::map<BridgeKey, MacVrfId> bridges_;
  std::map<IfIndex, MacVrfId> svis_;
  std::set<IfIndex> known_bridges_;
  std::map<IfIndex, IfIndex> running_;  // port -> bridge
};

}  // namespace perd::fib
