// MacVrfBuilder: bridge and VXLAN device of a MAC-VRF, one function each.
#include "fib/l2/mac_vrf_builder.h"

#include "fib/device_names.h"

namespace perd::fib {

void MacVrfBuilder::survey(MacVrfDevices& m) {
  m.ports = MacVrfPorts{};
  m.ports.vni = m.want.vni;
  const Link* vxlan = tools_.find_vxlan(m.want.vni);
  const Link* home = links_.find(bridge_name(m.want.vni));
  if (home != nullptr && home->kind != LinkKind::kBridge) home = nullptr;
  const Link* master = vxlan != nullptr ? links_.find(vxlan->master) : nullptr;
  if (master != nullptr && master->kind != LinkKind::kBridge) master = nullptr;
  // Somebody moved our VXLAN device out of our bridge: it goes back.
  if (home != nullptr && vxlan != nullptr && tools_.owned(*vxlan) && tools_.owned(*home)) {
    master = home;
  }
  const Link* bridge = master != nullptr ? master : home;
  if (vxlan != nullptr) m.ports.vxlan = vxlan->index;
  if (bridge == nullptr) return;
  m.ports.bridge = bridge->index;
  m.ports.placed = vxlan != nullptr && vxlan->master == bridge->index;
  if (bridge->vlan_filtering && m.ports.placed) m.ports.vlan = vxlan->port_vlan;
  m.ports.svi = find_svi(m, *bridge);
  for (const IfIndex port : links_.members(bridge->index)) {
    const Link* l = links_.find(port);
    if (l != nullptr && l->kind != LinkKind::kVxlan) m.ports.local.push_back(port);
  }
}

void MacVrfBuilder::survey() {
  ports_.clear();
  for (auto& [id, m] : mac_vrfs_) {
    survey(m);
    ports_.emplace_hint(ports_.end(), id, m.ports);
  }
}

// What one VLAN of a VLAN-aware bridge says to this node comes in by the VLAN's own link. A bridge
// that perd made is for one VNI only, whatever somebody set there.
IfIndex MacVrfBuilder::find_svi(const MacVrfDevices& m, const Link& bridge) const {
  if (!bridge.vlan_filtering || tools_.owned(bridge)) return bridge.index;
  if (m.ports.vlan == 0) return {};
  for (const IfIndex index : links_.peers(bridge.index)) {
    const Link* l = links_.find(index);
    if (l->kind == LinkKind::kVlan && l->vlan_id == m.ports.vlan) return index;
  }
  return {};
}

std::optional<std::uint32_t> MacVrfBuilder::mtu(const MacVrfDevices& m) const {
  return m.want.mtu ? m.want.mtu : tools_.mtu(underlay_, m.want.local_vtep);
}

MacAddress MacVrfBuilder::bridge_mac(const MacVrfDevices& m, const Link& svi) const {
  return m.want.bridge_mac_configured || tools_.owned(svi) ? m.want.bridge_mac : svi.mac;
}

void MacVrfBuilder::make_bridge(MacVrfDevices& m, const Domain& d, TimePoint now) {
  const std::string name = bridge_name(m.want.vni);
  if (const Link* taken = links_.find(name)) {
    problem(m, name + " is a " + kind_word(*taken) + ", not a bridge");
    return;
  }
  problem(m, tasks_.trouble(name));
  problem(m, "no link " + name);
  if (d.coming) return;  // to enter the VRF later would take the bridge down and up again
  LinkCreate create;
  create.name = name;
  create.kind = LinkKind::kBridge;
  create.mac = m.want.bridge_mac;
  create.mtu = mtu(m);
  create.master = d.vrf;
  create.alias = std::string(kLinkAlias);
  create.addrgen_none = true;  // of all nodes' bridges it would be the same address
  create.up = true;
  tasks_.create(create, now);
}

void MacVrfBuilder::build_bridge(MacVrfDevices& m, const Domain& d, TimePoint now) {
  const Link* bridge = links_.find(m.ports.bridge);
  if (bridge == nullptr) {
    make_bridge(m, d, now);
    return;
  }
  LinkChange c;
  c.link = bridge->index;
  std::string what;
  tools_.common_changes(*bridge, mtu(m), c, what);
  if (tools_.owned(*bridge) && !bridge->addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (m.ports.svi == bridge->index) place_svi(m, *bridge, d, c, what);
  tools_.apply(*bridge, c, what, now);
  note(m, tasks_.trouble(bridge->name));
  if (m.ports.svi != bridge->index) build_vlan_svi(m, *bridge, d, now);
}

// Of a VLAN-aware bridge, which serves other VLANs too.
void MacVrfBuilder::build_vlan_svi(MacVrfDevices& m, const Link& bridge, const Domain& d,
                                   TimePoint now) {
  const Link* svi = links_.find(m.ports.svi);
  if (svi == nullptr) {
    if (d.wanted && m.ports.vlan != 0) {
      note(m, "bridge " + bridge.name + " has no link for VLAN " + std::to_string(m.ports.vlan));
    }
    return;
  }
  LinkChange c;
  c.link = svi->index;
  std::string what;
  place_svi(m, *svi, d, c, what);
  tools_.apply(*svi, c, what, now);
  note(m, tasks_.trouble(svi->name));
}

// Layer 2 works without the routing domain, so that what is wrong with it is a note.
void MacVrfBuilder::place_svi(MacVrfDevices& m, const Link& svi, const Domain& d, LinkChange& c,
                              std::string& what) const {
  if (svi.mac != bridge_mac(m, svi)) c.mac = bridge_mac(m, svi), what += " mac";
  const IfIndex master = d.device ? d.vrf : IfIndex{};
  if (svi.master == master || (d.device && d.vrf == IfIndex{})) return;
  if (tools_.owned(svi) || svi.master == IfIndex{} || is_ours(svi.master)) {
    c.master = master, what += " master";
  } else if (d.wanted) {
    note(m, kind_word(svi) + " " + svi.name + " is in " + links_.name(svi.master));
  }
}

void MacVrfBuilder::build_vxlan(MacVrfDevices& m, TimePoint now) {
  VxlanWish want;
  want.vni = m.want.vni;
  want.local = m.want.local_vtep;
  want.port = m.want.vxlan_port;
  want.mtu = mtu(m);
  want.suppress = m.want.neighbour_suppression;
  want.bridge = m.ports.bridge;
  want.placed = m.ports.placed;
  problem(m, tools_.build_vxlan(links_.find(m.ports.vxlan), want, now));
}

}  // namespace perd::fib
