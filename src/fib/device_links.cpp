// DeviceBuilder: the three links of a VRF, one function each.
#include <algorithm>

#include "fib/device_builder.h"
#include "fib/device_names.h"

namespace perd::fib {

void DeviceBuilder::survey(VrfDevices& v) {
  v.vrf = v.bridge = v.vxlan = IfIndex{};
  v.bridge_placed = v.vxlan_placed = false;
  const Link* vrf = v.want.vrf_device ? links_.find(v.want.name) : nullptr;
  const bool fits = vrf != nullptr && vrf->kind == LinkKind::kVrf &&
                    (!v.want.table || *v.want.table == vrf->vrf_table);
  if (fits) v.vrf = vrf->index, v.table = vrf->vrf_table;
  const Link* vxlan = tools_.find_vxlan(v.want.vni);
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
  mac_vrfs_.survey();
}

std::optional<std::uint32_t> DeviceBuilder::mtu(const VrfDevices& v) const {
  return tools_.mtu(wanted_.underlay_interfaces, v.want.local_vtep);
}

MacAddress DeviceBuilder::router_mac(const VrfDevices& v, const Link& bridge) const {
  if (v.want.router_mac) return *v.want.router_mac;
  return owned(bridge) ? v.want.default_mac : bridge.mac;
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
  tools_.common_changes(*vrf, std::nullopt, c, what);
  tools_.apply(*vrf, c, what, now);
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
  tools_.common_changes(*bridge, mtu(v), c, what);
  if (bridge->mac != router_mac(v, *bridge)) c.mac = router_mac(v, *bridge), what += " mac";
  if (!bridge->addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (bridge->master != master) {
    if (owned(*bridge) || bridge->master == IfIndex{}) {
      c.master = master, what += " master";
    } else {
      problem(v, "bridge " + bridge->name + " is in " + links_.name(bridge->master));
    }
  }
  tools_.apply(*bridge, c, what, now);
  problem(v, tasks_.trouble(bridge->name));
}

void DeviceBuilder::build_vxlan(VrfDevices& v, TimePoint now) {
  VxlanWish want;
  want.vni = v.want.vni;
  want.local = v.want.local_vtep;
  want.port = v.want.vxlan_port;
  want.mtu = mtu(v);
  want.bridge = v.bridge;
  want.placed = v.vxlan_placed;
  problem(v, tools_.build_vxlan(links_.find(v.vxlan), want, now));
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
