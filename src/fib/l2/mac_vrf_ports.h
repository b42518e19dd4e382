// Where a MAC-VRF is in the kernel, as its devices stand now: what MacVrfBuilder tells and the
// stores of its entries go by.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "perd/ids.h"

namespace perd::fib {

struct MacVrfPorts {
  IfIndex bridge{};
  IfIndex vxlan{};
  IfIndex svi{};               // where neighbours live: the bridge, or a VLAN of a VLAN-aware one
  std::uint16_t vlan = 0;      // of a VLAN-aware bridge; 0: none
  Vni vni{};                   // the VXLAN device's own
  bool placed = false;         // the VXLAN device is a port of the bridge: entries can be written
  std::vector<IfIndex> local;  // the ports that are no VXLAN devices, sorted
  friend bool operator==(const MacVrfPorts&, const MacVrfPorts&) = default;
};
using MacVrfPortMap = std::map<MacVrfId, MacVrfPorts>;

}  // namespace perd::fib
