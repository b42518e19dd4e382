// MacVrfBuilder: the way from a MAC-VRF's bridge to the bridge of the host: a veth pair, and at its
// far end a bridge that perd makes (managed) or that somebody else keeps (external). Nothing of it
// keeps the MAC-VRF down.
#include "fib/l2/mac_vrf_builder.h"

#include "fib/device_names.h"

namespace perd::fib {

void MacVrfBuilder::build_host(MacVrfDevices& m, TimePoint now) {
  if (m.want.host_master == HostMaster::kNone) return;
  const IfIndex far = build_host_bridge(m, now);
  const Link* bridge = links_.find(m.ports.bridge);
  if (bridge == nullptr) return;
  build_legs(m, *bridge, now);
  const Link* leg = links_.find(host_leg_name(m.want.vni));
  if (leg != nullptr && leg->kind == LinkKind::kVeth) place_leg(m, *leg, far, now);
}

void MacVrfBuilder::build_legs(MacVrfDevices& m, const Link& bridge, TimePoint now) {
  const std::string near = router_leg_name(m.want.vni);
  const std::string far = host_leg_name(m.want.vni);
  bool unfit = false;
  for (const std::string& name : {near, far}) {
    const Link* l = links_.find(name);
    if (l == nullptr || l->kind == LinkKind::kVeth) continue;
    note(m, name + " is a " + kind_word(*l) + ", not a veth");
    unfit = true;
  }
  const Link* leg = links_.find(near);
  if (leg != nullptr) {
    if (unfit) return;
    if (links_.find(far) == nullptr) note(m, "no link " + far);
    place_leg(m, *leg, bridge.index, now);
    return;
  }
  if (links_.find(far) != nullptr) {  // its other end bears another name, or is elsewhere
    if (!unfit) note(m, "no link " + near);
    return;
  }
  note(m, tasks_.trouble(near));
  LinkCreate create;
  create.name = near;
  create.kind = LinkKind::kVeth;
  create.peer_name = far;
  create.mtu = mtu(m);
  create.master = bridge.index;
  create.alias = std::string(kLinkAlias);
  create.addrgen_none = true;
  create.up = true;
  tasks_.create(create, now);
}

// `master` 0: the bridge is not there (yet).
void MacVrfBuilder::place_leg(MacVrfDevices& m, const Link& leg, IfIndex master, TimePoint now) {
  LinkChange c;
  c.link = leg.index;
  std::string what;
  tools_.common_changes(leg, mtu(m), c, what);
  if (tools_.owned(leg) && !leg.addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (master != IfIndex{} && leg.master != master) {
    if (tools_.owned(leg) || leg.master == IfIndex{}) {
      c.master = master, what += " master";
    } else {
      note(m, "link " + leg.name + " is in " + links_.name(leg.master));
    }
  }
  tools_.apply(leg, c, what, now);
  note(m, tasks_.trouble(leg.name));
}

IfIndex MacVrfBuilder::build_host_bridge(MacVrfDevices& m, TimePoint now) {
  const bool managed = m.want.host_master == HostMaster::kManaged;
  const std::string name = managed ? host_bridge_name(m.want.vni) : m.want.host_bridge;
  const Link* bridge = links_.find(name);
  if (bridge != nullptr && bridge->kind != LinkKind::kBridge) {
    note(m, name + " is a " + kind_word(*bridge) + ", not a bridge");
    return {};
  }
  if (!managed) {
    if (bridge == nullptr) note(m, "no link " + name);
    return bridge != nullptr ? bridge->index : IfIndex{};
  }
  if (bridge == nullptr) {
    note(m, tasks_.trouble(name));
    LinkCreate create;
    create.name = name;
    create.kind = LinkKind::kBridge;
    create.mtu = mtu(m);
    create.alias = std::string(kLinkAlias);
    create.up = true;
    tasks_.create(create, now);
    return {};
  }
  LinkChange c;
  c.link = bridge->index;
  std::string what;
  tools_.common_changes(*bridge, mtu(m), c, what);
  tools_.apply(*bridge, c, what, now);
  note(m, tasks_.trouble(name));
  return bridge->index;
}

}  // namespace perd::fib
