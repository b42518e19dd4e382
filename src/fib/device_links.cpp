// DeviceBuilder: the three links of a VRF, one function each.
#include <algorithm>

#include "fib/device_builder.h"
#include "fib/device_names.h"

namespace perd::fib {

bool DeviceBuilder::owned(const Link& link) const {
  return link.alias == kLinkAlias || tasks_.made(link.name);
}

// The VXLAN device of that VNI; of several the one perd made, else the oldest.
const Link* DeviceBuilder::find_vxlan(const VrfDevices& v) const {
  const Link* found = nullptr;
  for (const Link* link : links_.vxlans(v.want.vni)) {
    if (found == nullptr || (owned(*link) && !owned(*found))) found = link;
  }
  return found;
}

void DeviceBuilder::survey(VrfDevices& v) {
  v.vrf = v.bridge = v.vxlan = IfIndex{};
  v.bridge_placed = v.vxlan_placed = false;
  const Link* vrf = v.want.vrf_device ? links_.find(v.want.name) : nullptr;
  const bool fits = vrf != nullptr && vrf->kind == LinkKind::kVrf &&
                    (!v.want.table || *v.want.table == vrf->vrf_table);
  if (fits) v.vrf = vrf->index, v.table = vrf->vrf_table;
  const Link* vxlan = find_vxlan(v);
  if (vxlan != nullptr) v.vxlan = vxlan->index;
  const Link* home = links_.find(bridge_name(v.want.vni));
  if (home != nullptr && home->kind != LinkKind::kBridge) home = nullptr;
  const Link* master = vxlan != nullptr ? links_.find(vxlan->master) : nullptr;
  if (master != nullptr && master->kind != LinkKind::kBridge) master = nullptr;
  // Somebody moved our VXLAN device out of our bridge: it goes back.
  if (home != nullptr && vxlan != nullptr && owned(*vxlan) && owned(*home)) master = home;
  const Link* bridge = master != nullptr ? master : home;
  if (bridge != nullptr) v.bridge = bridge->index;
  v.vxlan_placed = vxlan != nullptr && bridge != nullptr && vxlan->master == bridge->index;
  v.bridge_placed = bridge != nullptr && (!v.want.vrf_device || v.vrf != IfIndex{}) &&
                    bridge->master == (v.want.vrf_device ? v.vrf : IfIndex{});
}

void DeviceBuilder::survey() {
  for (auto& [id, v] : vrfs_) survey(v);
}

std::optional<std::uint32_t> DeviceBuilder::mtu(const VrfDevices& v) const {
  std::optional<std::uint32_t> least;
  for (const auto& name : wanted_.underlay_interfaces) {
    const Link* l = links_.find(name);
    if (l == nullptr || l->mtu == 0) continue;
    if (!least || l->mtu < *least) least = l->mtu;
  }
  const std::uint32_t overhead = v.want.local_vtep.is_v4() ? kOverheadV4 : kOverheadV6;
  if (!least || *least <= overhead + kMtuLeast) return std::nullopt;
  return *least - overhead;
}

MacAddress DeviceBuilder::router_mac(const VrfDevices& v, const Link& bridge) const {
  if (v.want.router_mac) return *v.want.router_mac;
  return owned(bridge) ? v.want.default_mac : bridge.mac;
}

void DeviceBuilder::common_changes(const VrfDevices& v, const Link& link, LinkChange& c,
                                   std::string& what) const {
  if (!owned(link)) return;
  if (!link.admin_up) c.up = true, what += " up";
  if (link.alias != kLinkAlias) c.alias = std::string(kLinkAlias), what += " alias";
  const auto wanted = link.kind == LinkKind::kVrf ? std::nullopt : mtu(v);
  if (wanted && link.mtu != *wanted) c.mtu = wanted, what += " mtu";
}

void DeviceBuilder::apply(const Link& link, const LinkChange& c, const std::string& what,
                          TimePoint now) {
  LinkChange none;
  none.link = c.link;
  if (c == none) {
    if (owned(link)) tasks_.complete(link.name, true);
    return;
  }
  tasks_.change(link.name, c, what.empty() ? what : what.substr(1), now);
}

void DeviceBuilder::build_vrf(VrfDevices& v, TimePoint now) {
  if (!v.want.vrf_device) {
    if (v.table == TableId{} || (v.want.table && *v.want.table != v.table)) v.table = pick_table(v);
    return;
  }
  const std::string& name = v.want.name;
  const Link* vrf = links_.find(name);
  if (vrf == nullptr) {
    LinkCreate create;
    create.name = name;
    create.kind = LinkKind::kVrf;
    create.vrf_table = v.table = pick_table(v);
    create.alias = std::string(kLinkAlias);
    create.up = true;
    problem(v, tasks_.trouble(name));
    problem(v, "no link " + name);
    tasks_.create(create, now);
    return;
  }
  if (vrf->kind != LinkKind::kVrf) {
    problem(v, name + " is a " + kind_word(*vrf) + ", not a VRF");
    return;
  }
  if (v.vrf == IfIndex{}) {  // survey() found it unfit
    problem(v, "vrf " + name + " has table " + std::to_string(vrf->vrf_table.value) + ", " +
                   std::to_string(v.want.table->value) + " is configured");
    if (owned(*vrf)) tasks_.erase(*vrf, now);
    return;
  }
  LinkChange c;
  c.link = vrf->index;
  std::string what;
  common_changes(v, *vrf, c, what);
  apply(*vrf, c, what, now);
  problem(v, tasks_.trouble(name));
  if (!vrf->admin_up) problem(v, "vrf " + name + " is down");
}

void DeviceBuilder::build_bridge(VrfDevices& v, TimePoint now) {
  const std::string name = bridge_name(v.want.vni);
  const IfIndex master = v.want.vrf_device ? v.vrf : IfIndex{};
  if (v.want.vrf_device && master == IfIndex{}) return;
  const Link* bridge = links_.find(v.bridge);
  if (bridge == nullptr) {
    if (const Link* taken = links_.find(name)) {
      problem(v, name + " is a " + kind_word(*taken) + ", not a bridge");
      return;
    }
    problem(v, tasks_.trouble(name));
    problem(v, "no link " + name);
    LinkCreate create;
    create.name = name;
    create.kind = LinkKind::kBridge;
    create.mac = v.want.router_mac.value_or(v.want.default_mac);
    create.mtu = mtu(v);
    create.master = master;
    create.alias = std::string(kLinkAlias);
    create.addrgen_none = true;
    create.up = true;
    tasks_.create(create, now);
    return;
  }
  LinkChange c;
  c.link = bridge->index;
  std::string what;
  common_changes(v, *bridge, c, what);
  if (bridge->mac != router_mac(v, *bridge)) c.mac = router_mac(v, *bridge), what += " mac";
  if (!bridge->addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (bridge->master != master) {
    if (owned(*bridge) || bridge->master == IfIndex{}) {
      c.master = master, what += " master";
    } else {
      problem(v, "bridge " + bridge->name + " is in " + links_.name(bridge->master));
    }
  }
  apply(*bridge, c, what, now);
  problem(v, tasks_.trouble(bridge->name));
}

void DeviceBuilder::build_vxlan(VrfDevices& v, TimePoint now) {
  const std::string name = vxlan_name(v.want.vni);
  const Link* bridge = links_.find(v.bridge);
  const Link* vxlan = links_.find(v.vxlan);
  if (vxlan == nullptr) {
    if (bridge == nullptr) return;
    if (const Link* taken = links_.find(name)) {
      problem(v, name + " is a " + kind_word(*taken) + ", not a VXLAN device of this VNI");
      return;
    }
    problem(v, tasks_.trouble(name));
    problem(v, "no link " + name);
    LinkCreate create;
    create.name = name;
    create.kind = LinkKind::kVxlan;
    create.vxlan = VxlanInfo{v.want.vni, v.want.local_vtep, v.want.vxlan_port, false, false};
    create.mtu = mtu(v);
    create.master = bridge->index;
    create.alias = std::string(kLinkAlias);
    create.addrgen_none = true;
    create.up = true;
    tasks_.create(create, now);
    return;
  }
  const VxlanInfo& info = *vxlan->vxlan;
  const bool local = info.local ? *info.local == v.want.local_vtep : !owned(*vxlan);
  if (!local || info.port != v.want.vxlan_port) {
    problem(v, "vxlan " + vxlan->name + " has " +
                   (local ? "port " + std::to_string(info.port)
                          : "local " + (info.local ? to_string(*info.local) : "none")) +
                   ", " +
                   (local ? std::to_string(v.want.vxlan_port) : to_string(v.want.local_vtep)) +
                   " is configured");
    if (owned(*vxlan)) tasks_.erase(*vxlan, now);  // the kernel does not change these
    return;
  }
  if (bridge == nullptr) return;
  LinkChange c;
  c.link = vxlan->index;
  std::string what;
  common_changes(v, *vxlan, c, what);
  if (!vxlan->addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (!v.vxlan_placed) {
    c.master = bridge->index, what += " master";
  } else if (what.empty()) {
    // Flags of a bridge port exist only once it is one.
    if (vxlan->port_learning) c.port_learning = false, what += " learning";
    if (!vxlan->port_neigh_suppress) c.port_neigh_suppress = true, what += " neigh_suppress";
  }
  apply(*vxlan, c, what, now);
  problem(v, tasks_.trouble(vxlan->name));
}

// The first thing that keeps the VRF down.
void DeviceBuilder::check(VrfDevices& v) {
  const Link* bridge = links_.find(v.bridge);
  const Link* vxlan = links_.find(v.vxlan);
  if (vxlan == nullptr) problem(v, "no link " + vxlan_name(v.want.vni));
  if (bridge == nullptr) problem(v, "no link " + bridge_name(v.want.vni));
  if (bridge == nullptr || vxlan == nullptr) return;
  if (!v.bridge_placed) problem(v, "bridge " + bridge->name + " is not in vrf " + v.want.name);
  if (!v.vxlan_placed) problem(v, "vxlan " + vxlan->name + " is not in bridge " + bridge->name);
  if (!vxlan->admin_up) problem(v, "vxlan " + vxlan->name + " is down");
  if (!bridge->admin_up) problem(v, "bridge " + bridge->name + " is down");
  if (!vxlan->running) problem(v, "vxlan " + vxlan->name + " does not run");
  if (!bridge->running) problem(v, "bridge " + bridge->name + " does not run");
  if (bridge->mac != router_mac(v, *bridge)) {
    problem(v, "bridge " + bridge->name + " has not the router MAC");
  }
  if (!links_.has_address(v.want.local_vtep)) {
    problem(v, "no address " + to_string(v.want.local_vtep));
  }
}

TunnelPorts DeviceBuilder::ports(const VrfDevices& v) const {
  if (!v.bridge_placed || !v.vxlan_placed) return {};
  return {v.bridge, v.vxlan, v.want.vni};
}

}  // namespace perd::fib
