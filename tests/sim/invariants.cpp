// What must hold for every node once the world is at rest.
#include <algorithm>
#include <set>

#include "sim/fabric.h"
#include "sim/world.h"

namespace perd::sim {
namespace {

struct Checker {
  World& world;
  NodeIndex node;
  std::vector<std::string>& faults;

  void fault(const std::string& text) {
    faults.push_back(world.speaker(node).config().node.name + ": " + text);
  }
  [[nodiscard]] Speaker& speaker() { return world.speaker(node); }
  [[nodiscard]] SimKernel& kernel() { return world.kernel(node); }

  void sessions() {
    for (const auto& [id, n] : speaker().neighbors()) {
      if (!n->peer->established()) fault("neighbor " + to_string(n->config.address) + " is not up");
    }
  }

  // Every prefix that the EVPN engine wants stands in the VRF's table with exactly its VTEPs, each
  // of them with its router MAC as neighbour and in the FDB; no route of perd's is there without
  // being wanted.
  void vrf(const evpn::VrfView& v) {
    const auto devices = speaker().fib().vrf_devices();
    const auto device =
        std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.vrf == v.id; });
    if (device == devices.end() || !device->up) {
      fault("vrf " + v.name + " is not up: " + v.problem);
      return;
    }
    std::set<IpPrefix> wanted;
    for (const auto& p : speaker().evpn().page(v.id, std::nullopt, 100'000)) {
      if (p.hops.empty()) continue;
      wanted.insert(p.prefix);
      prefix(*device, p);
    }
    for (const auto& [key, route] : kernel().routes()) {
      if (key.table != device->table || key.metric != fib::kRouteMetric) continue;
      if (route.protocol == speaker().config().kernel.route_protocol &&
          wanted.count(key.prefix) == 0) {
        fault("stray route " + to_string(key.prefix) + " in vrf " + v.name);
      }
    }
  }

  void prefix(const fib::VrfDeviceView& device, const evpn::PrefixView& p) {
    std::set<IpAddress> want;
    for (const auto& h : p.hops) {
      const auto gateway = p.prefix.is_v4() ? h.vtep : h.vtep.to_v4_mapped();
      want.insert(gateway);
      tunnel(device, gateway, h);
    }
    const auto got = gateways_of(kernel(), device.table, p.prefix);
    if (std::set<IpAddress>(got.begin(), got.end()) != want) {
      fault("route " + to_string(p.prefix) + " in vrf " + device.name + " has " +
            std::to_string(got.size()) + " gateways, not the wanted " +
            std::to_string(want.size()));
    }
  }

  void tunnel(const fib::VrfDeviceView& device, const IpAddress& gateway, const TunnelHop& hop) {
    const auto* bridge = kernel().link(device.bridge);
    const auto* vxlan = kernel().link(device.vxlan);
    if (bridge == nullptr || vxlan == nullptr) {
      fault("links of vrf " + device.name + " are missing: bridge '" + device.bridge +
            "', vxlan '" + device.vxlan + "'");
      return;
    }
    const auto neighbour = kernel().neighbours().find({bridge->index, gateway});
    if (neighbour == kernel().neighbours().end() || neighbour->second.mac != hop.router_mac) {
      fault("neighbour " + to_string(gateway) + " does not have " + to_string(hop.router_mac));
    }
    const auto entry = kernel().fdb().find({vxlan->index, hop.router_mac, true});
    if (entry == kernel().fdb().end() || entry->second.destination != hop.vtep) {
      fault("router MAC " + to_string(hop.router_mac) + " does not lead to " + to_string(hop.vtep));
    }
  }

  void leftovers() {
    if (kernel().foreign_overwritten() != 0) fault("a foreign entry was overwritten");
    for (std::size_t i = 0; i < fib::kObjectKindCount; ++i) {
      const auto kind = static_cast<fib::ObjectKind>(i);
      const auto c = speaker().fib().counts(kind);
      if (c.pending != 0 || c.refused != 0) {
        fault(std::string(to_string(kind)) + ": " + std::to_string(c.pending) + " pending, " +
              std::to_string(c.refused) + " refused");
      }
    }
  }
};

}  // namespace

std::vector<std::string> check(World& world) {
  std::vector<std::string> faults;
  bool all_running = true;
  for (NodeIndex n = 0; n < world.size(); ++n) all_running = all_running && world.running(n);
  for (NodeIndex n = 0; n < world.size(); ++n) {
    if (!world.running(n)) continue;
    Checker checker{world, n, faults};
    if (all_running) checker.sessions();
    for (const auto& v : world.speaker(n).evpn().vrfs()) checker.vrf(v);
    checker.leftovers();
  }
  return faults;
}

}  // namespace perd::sim
