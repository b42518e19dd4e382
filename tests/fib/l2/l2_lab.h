// The lab of tests/fib/fib_lab.h with a stretched segment: L2VNI 110 of VRF red, gateway on the
// bridge, two links towards hosts.
#pragma once

#include <string>
#include <vector>

#include "fib/fib_lab.h"

namespace perd::fib {

inline constexpr MacVrfId kStorage{1};
inline constexpr MacVrfId kOther{2};

inline WantedMacVrf wanted_mac_vrf(MacVrfId id, const char* name, std::uint32_t vni) {
  WantedMacVrf m;
  m.id = id;
  m.name = name;
  m.vni = Vni{vni};
  m.local_vtep = ip("100.65.0.2");
  m.bridge_mac = mac("00:f3:00:00:00:6f");
  return m;
}

inline WantedNode wanted_l2_node() {
  WantedNode n = wanted_node();
  n.mac_vrfs = {wanted_mac_vrf(kStorage, "storage", 110)};
  n.mac_vrfs[0].vrf = kRed;
  n.mac_vrfs[0].gateways = {cidr("192.170.1.1/24")};
  n.mac_vrfs[0].interfaces = {"tap1"};
  return n;
}

class L2Lab : public Lab {
 protected:
  L2Lab() {
    (void)kernel.add_link("tap1");
    (void)kernel.add_link("tap2");
    kernel.close();
  }
  void reconfigure(const WantedNode& node) {
    fib->configure(node, now);
    settle();
  }
  [[nodiscard]] MacVrfState state(MacVrfId id = kStorage) const {
    MacVrfState out;
    out.problem = "nothing was told";
    for (const auto& k : knowledge) {
      if (const auto* s = std::get_if<MacVrfState>(&k); s != nullptr && s->mac_vrf == id) out = *s;
    }
    return out;
  }
  [[nodiscard]] std::string master_of(const std::string& name) const {
    const Link* l = kernel.link(name);
    const Link* m = l != nullptr ? kernel.link(l->master) : nullptr;
    return m != nullptr ? m->name : std::string{};
  }
  [[nodiscard]] bool has(const char* link, const char* address) const {
    return kernel.addresses().count({index(link), cidr(address)}) != 0;
  }
  [[nodiscard]] MacVrfDeviceView view(std::size_t i = 0) const {
    return fib->mac_vrf_devices().at(i);
  }
};

}  // namespace perd::fib
