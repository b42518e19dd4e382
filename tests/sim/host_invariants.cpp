// What must hold of hosts once the world is at rest.
#include <algorithm>
#include <set>

#include "sim/hosts.h"

namespace perd::sim {
namespace {

// One segment on one leaf.
struct Place {
  Hosts& hosts;
  std::size_t leaf;
  std::size_t segment;
  std::vector<std::string>& faults;
  MacVrfId id{};
  TableId table{};
  const Link* bridge = nullptr;
  const Link* vxlan = nullptr;

  [[nodiscard]] Fabric& fabric() { return hosts.fabric(); }
  [[nodiscard]] Speaker& speaker() { return fabric().world.speaker(leaf); }
  [[nodiscard]] SimKernel& kernel() { return fabric().world.kernel(leaf); }
  void fault(const std::string& text) {
    faults.push_back("leaf" + std::to_string(leaf) + " " + segment_name(segment) + ": " + text);
  }

  [[nodiscard]] bool find() {
    const auto devices = speaker().fib().mac_vrf_devices();
    const auto it = std::find_if(devices.begin(), devices.end(),
                                 [&](const auto& d) { return d.name == segment_name(segment); });
    if (it == devices.end() || !it->up) {
      fault("is not up: " + (it == devices.end() ? std::string("not there") : it->problem));
      return false;
    }
    id = it->mac_vrf;
    bridge = kernel().link(it->bridge);
    vxlan = kernel().link(it->vxlan);
    for (const auto& d : speaker().fib().vrf_devices()) {
      if (d.name == "vrf" + std::to_string(segment % fabric().options.vrfs)) table = d.table;
    }
    if (bridge == nullptr || vxlan == nullptr) fault("a device is missing");
    return bridge != nullptr && vxlan != nullptr;
  }

  // Everybody else, and each once: so the lists of any two leaves name each other.
  void floods() {
    std::set<IpAddress> want, got;
    for (std::size_t other = 1; other <= fabric().options.leaves; ++other) {
      if (other != leaf) want.insert(vtep_of(other));
    }
    for (const auto& [key, entry] : kernel().floods()) {
      if (key.first == vxlan->index) got.insert(key.second);
    }
    if (got != want) {
      fault("floods to " + std::to_string(got.size()) + " VTEPs, not to the " +
            std::to_string(want.size()) + " others");
    }
  }

  void host(const SimHost& h) {
    const auto view = speaker().l2().mac(speaker().rib().evpn, id, h.mac);
    const auto place = view ? view->place : evpn::HostPlace::kNowhere;
    const auto want = h.leaf == 0      ? evpn::HostPlace::kNowhere
                      : h.leaf == leaf ? evpn::HostPlace::kLocal
                                       : evpn::HostPlace::kRemote;
    if (place != want) {
      fault(to_string(h.mac) + " is " + word(place) + ", not " + word(want));
      return;
    }
    if (view && view->frozen) fault(to_string(h.mac) + " is frozen");
    if (want == evpn::HostPlace::kRemote && view->vteps != std::vector{vtep_of(h.leaf)}) {
      fault(to_string(h.mac) + " leads elsewhere than to leaf" + std::to_string(h.leaf));
    }
    fdb(h);
    for (const auto& a : h.addresses) address(h, a);
  }
  static std::string word(evpn::HostPlace place) {
    return place == evpn::HostPlace::kLocal    ? "local"
           : place == evpn::HostPlace::kRemote ? "remote"
                                               : "nowhere";
  }

  [[nodiscard]] const FdbEntry* entry(IfIndex link, const MacAddress& mac, bool self) {
    const auto it = kernel().fdb().find({link, mac, self});
    return it == kernel().fdb().end() ? nullptr : &it->second;
  }

  void fdb(const SimHost& h) {
    const auto* tunnel = entry(vxlan->index, h.mac, true);
    const auto* port = entry(vxlan->index, h.mac, false);
    const bool remote = h.leaf != 0 && h.leaf != leaf;
    if ((tunnel != nullptr) != remote || (port != nullptr) != remote) {
      fault(to_string(h.mac) + (remote ? " is not" : " is") + " in the forwarding database");
    } else if (remote && (tunnel->destination != vtep_of(h.leaf) || !port->extern_learn)) {
      fault(to_string(h.mac) + " does not lead to " + to_string(vtep_of(h.leaf)));
    }
    if (h.leaf != leaf) return;
    const Link* link = kernel().link(port_name(segment, h.second_port));
    if (link == nullptr || entry(link->index, h.mac, false) == nullptr) {
      fault("the bridge does not have " + to_string(h.mac) + " at its port");
    }
  }

  void address(const SimHost& h, const IpAddress& a) {
    const bool remote = h.leaf != 0 && h.leaf != leaf;
    const auto it = kernel().neighbours().find({bridge->index, a});
    const bool ours = it != kernel().neighbours().end() && it->second.extern_learn;
    if (ours != remote) {
      fault(to_string(a) + (remote ? " is no neighbour" : " is still a remote neighbour"));
    } else if (remote && it->second.mac != h.mac) {
      fault(to_string(a) + " has the MAC " + to_string(it->second.mac));
    }
    const auto gateways = gateways_of(kernel(), table, IpPrefix::host(a));
    std::vector<IpAddress> want;
    if (remote) want = {a.is_v4() ? vtep_of(h.leaf) : vtep_of(h.leaf).to_v4_mapped()};
    if (gateways != want) fault("host route of " + to_string(a) + " is not as it should be");
  }

  // Nothing of perd's that nobody is behind.
  void strays() {
    std::set<MacAddress> macs;
    std::set<IpAddress> addresses;
    for (const SimHost& h : hosts.all()) {
      if (h.segment != segment || h.leaf == 0 || h.leaf == leaf) continue;
      macs.insert(h.mac);
      addresses.insert(h.addresses.begin(), h.addresses.end());
    }
    for (const auto& [key, e] : kernel().fdb()) {
      if (e.link == vxlan->index && e.extern_learn && macs.count(e.mac) == 0) {
        fault("stray MAC " + to_string(e.mac));
      }
    }
    for (const auto& [key, n] : kernel().neighbours()) {
      if (n.link == bridge->index && n.extern_learn && addresses.count(n.address) == 0) {
        fault("stray neighbour " + to_string(n.address));
      }
    }
  }
};

// Of each MAC and address one node tells, and that is where the host is.
void owners(Hosts& hosts, std::vector<std::string>& faults) {
  auto& world = hosts.fabric().world;
  std::map<std::pair<MacAddress, std::optional<IpAddress>>, std::set<std::size_t>> told;
  for (std::size_t leaf = 1; leaf < world.size(); ++leaf) {
    const auto& table = world.speaker(leaf).rib().evpn;
    (void)table.walk(0, rib::kMaxRoutes, [&](rib::RouteId route) {
      const auto key = table.key(route);
      if (key.type != wire::EvpnRouteType::kMacIp) return;
      table.for_each_path(route, [&](const rib::PathView& path) {
        if (path.local()) told[{key.mac, key.address()}].insert(leaf);
      });
    });
  }
  for (const SimHost& h : hosts.all()) {
    std::vector<std::optional<IpAddress>> parts(h.addresses.begin(), h.addresses.end());
    parts.emplace_back();
    for (const auto& a : parts) {
      const auto it = told.find({h.mac, a});
      const auto got = it == told.end() ? std::set<std::size_t>{} : it->second;
      const auto want = h.leaf == 0 ? std::set<std::size_t>{} : std::set<std::size_t>{h.leaf};
      if (got == want) continue;
      std::string list;
      for (const auto leaf : got) list += " leaf" + std::to_string(leaf);
      faults.push_back(to_string(h.mac) + (a ? " " + to_string(*a) : std::string()) +
                       " is told by" + (list.empty() ? " nobody" : list) + ", it is at " +
                       (h.leaf == 0 ? "no leaf" : "leaf" + std::to_string(h.leaf)));
    }
  }
}

}  // namespace

std::vector<std::string> check_hosts(Hosts& hosts) {
  std::vector<std::string> faults;
  auto& f = hosts.fabric();
  for (std::size_t leaf = 1; leaf <= f.options.leaves; ++leaf) {
    for (std::size_t segment = 0; segment < f.options.segments; ++segment) {
      Place place{hosts, leaf, segment, faults};
      if (!place.find()) continue;
      place.floods();
      for (const SimHost& h : hosts.all()) {
        if (h.segment == segment) place.host(h);
      }
      place.strays();
    }
  }
  owners(hosts, faults);
  return faults;
}

}  // namespace perd::sim
