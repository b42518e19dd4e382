// MacVrfBuilder: configuration, what surrounds the devices of a MAC-VRF, and the telling of it.
#include "fib/l2/mac_vrf_builder.h"

#include <algorithm>

#include "fib/device_builder.h"
#include "fib/device_names.h"

namespace perd::fib {
namespace {

[[nodiscard]] bool has_v6_gateway(const WantedMacVrf& want) {
  return std::any_of(want.gateways.begin(), want.gateways.end(),
                     [](const InterfaceAddress& g) { return g.address.is_v6(); });
}

// RFC 4291 2.5.6 and appendix A. Of the anycast MAC it is the same on every node, as the gateway
// is; the kernel would check it for duplicates and find one.
[[nodiscard]] InterfaceAddress link_local(const MacAddress& mac) {
  InterfaceAddress a;
  a.address.family = IpFamily::kIpv6;
  a.length = 64;
  auto& o = a.address.octets;
  o[0] = 0xfe, o[1] = 0x80;
  o[8] = mac.octets[0] ^ 2U, o[9] = mac.octets[1], o[10] = mac.octets[2];
  o[11] = 0xff, o[12] = 0xfe;
  o[13] = mac.octets[3], o[14] = mac.octets[4], o[15] = mac.octets[5];
  return a;
}

}  // namespace

MacVrfBuilder::MacVrfBuilder(Shared& shared, LinkTable& links, LinkTasks& tasks)
    : shared_(shared), links_(links), tasks_(tasks), tools_(links, tasks) {}

void MacVrfBuilder::configure(const WantedNode& wanted) {
  // Links that leave a bridge which itself stays; adopted SVIs that leave their VRF.
  for (const auto& [id, m] : mac_vrfs_) {
    const Link* bridge = links_.find(m.ports.bridge);
    if (bridge == nullptr) continue;
    for (const auto& name : m.want.interfaces) release_[name] = bridge->index;
    const Link* svi = links_.find(m.ports.svi);
    if (svi != nullptr && !tools_.owned(*svi) && m.routed && is_ours(svi->master)) {
      release_[svi->name] = svi->master;
    }
  }
  std::map<MacVrfId, MacVrfDevices> now;
  for (const auto& want : wanted.mac_vrfs) {
    const auto it = mac_vrfs_.find(want.id);
    if (it != mac_vrfs_.end() && it->second.want.name == want.name) now[want.id] = it->second;
    now[want.id].want = want;
  }
  for (const auto& [id, m] : mac_vrfs_) {
    if (now.count(id) != 0 || !m.told || !m.state.up) continue;
    MacVrfState gone = m.state;
    gone.up = false;
    gone.problem = "not configured";
    shared_.knowledge.emplace_back(gone);
  }
  mac_vrfs_ = std::move(now);
  underlay_ = wanted.underlay_interfaces;
  changed_ = true;
}

bool MacVrfBuilder::step(const std::map<VrfId, VrfDevices>& vrfs, TimePoint now) {
  const bool changed = changed_;
  changed_ = false;
  const AddressWishes before = std::move(addresses_);
  addresses_.clear();
  MacVrfPortMap ports;
  for (auto& [id, m] : mac_vrfs_) {
    build(m, vrfs, now);
    ports.emplace_hint(ports.end(), id, m.ports);
    want_addresses(m, before);
  }
  release_links(now);
  if (!(ports == ports_)) changed_ = true;
  ports_ = std::move(ports);
  return changed || changed_;
}

void MacVrfBuilder::build(MacVrfDevices& m, const std::map<VrfId, VrfDevices>& vrfs,
                          TimePoint now) {
  m.problem.clear();
  m.notes.clear();
  survey(m);
  const Domain d = domain(m, vrfs);
  build_bridge(m, d, now);
  build_vxlan(m, now);
  build_interfaces(m, now);
  build_host(m, now);
  const Link* svi = links_.find(m.ports.svi);
  m.table = d.table;
  m.routed = d.wanted && svi != nullptr &&
             (d.device ? d.vrf != IfIndex{} && svi->master == d.vrf : d.table != TableId{});
  check(m);
  tell(m);
}

MacVrfBuilder::Domain MacVrfBuilder::domain(MacVrfDevices& m,
                                            const std::map<VrfId, VrfDevices>& vrfs) const {
  Domain d;
  if (m.want.vrf == kDefaultVrf) return d;
  const auto it = vrfs.find(m.want.vrf);
  if (it == vrfs.end()) {
    note(m, "its VRF is not configured");
    return d;
  }
  const VrfDevices& v = it->second;
  d.wanted = true;
  d.name = v.want.name;
  d.device = v.want.vrf_device;
  d.vrf = v.vrf;
  if (!d.device) d.table = v.table;
  d.coming = d.device && d.vrf == IfIndex{} && links_.find(v.want.name) == nullptr &&
             tasks_.trouble(v.want.name).empty();
  if (d.device && d.vrf == IfIndex{} && !d.coming) note(m, "no vrf " + d.name);
  return d;
}

void MacVrfBuilder::build_interfaces(MacVrfDevices& m, TimePoint now) {
  const IfIndex bridge = m.ports.bridge;
  for (const auto& name : m.want.interfaces) {
    const Link* l = links_.find(name);
    if (l == nullptr) {
      note(m, "no link " + name);
      continue;
    }
    if (!l->admin_up) note(m, "link " + name + " is down");
    if (bridge == IfIndex{}) continue;
    if (l->master == bridge) {
      release_.erase(name);
      tasks_.complete(name, true);
      continue;
    }
    const auto leaves = release_.find(name);
    const bool free = l->master == IfIndex{} || is_ours(l->master) ||
                      (leaves != release_.end() && leaves->second == l->master);
    if (!free) {
      note(m, "link " + name + " is in " + links_.name(l->master));
      continue;
    }
    LinkChange c;
    c.link = l->index;
    c.master = bridge;
    tasks_.change(name, c, "master", now);
    note(m, tasks_.trouble(name));
  }
}

bool MacVrfBuilder::is_ours(IfIndex master) const {
  const Link* l = links_.find(master);
  return l != nullptr && tools_.owned(*l);
}

void MacVrfBuilder::release_links(TimePoint now) {
  std::set<std::string> wanted;
  for (const auto& [id, m] : mac_vrfs_) {
    wanted.insert(m.want.interfaces.begin(), m.want.interfaces.end());
    const Link* svi = links_.find(m.ports.svi);
    if (svi != nullptr && m.want.vrf != kDefaultVrf) wanted.insert(svi->name);
  }
  for (auto it = release_.begin(); it != release_.end();) {
    const Link* l = links_.find(it->first);
    if (l == nullptr || l->master != it->second || links_.find(it->second) == nullptr) {
      it = release_.erase(it);
      continue;
    }
    if (wanted.count(it->first) == 0) {
      LinkChange c;
      c.link = l->index;
      c.master = IfIndex{};
      tasks_.complete(l->name, false);
      tasks_.change(l->name, c, "master", now);
    }
    ++it;
  }
}

// The gateway's subnet must not show up in another table, so the bridge's place comes first. What
// is there already stays while the bridge moves to another VRF.
void MacVrfBuilder::want_addresses(const MacVrfDevices& m, const AddressWishes& before) {
  const Link* svi = links_.find(m.ports.svi);
  if (m.want.vrf == kDefaultVrf || svi == nullptr) return;
  std::vector<InterfaceAddress> all = m.want.gateways;
  if (has_v6_gateway(m.want) && tools_.owned(*svi)) all.push_back(link_local(m.want.bridge_mac));
  for (const auto& address : all) {
    const AddressPolicy::Key key{svi->index, address};
    if (m.routed || before.count(key) != 0) addresses_[key] = AddressUse::kHere;
  }
}

void MacVrfBuilder::add_rules(std::set<RulePolicy::Key>& rules) const {
  for (const auto& [id, m] : mac_vrfs_) {
    if (m.table == TableId{}) continue;
    const Link* svi = links_.find(m.ports.svi);
    const std::string name = svi != nullptr ? svi->name : bridge_name(m.want.vni);
    rules.insert({name, IpFamily::kIpv4, m.table, kRulePriority});
    rules.insert({name, IpFamily::kIpv6, m.table, kRulePriority});
  }
}

// Packets of a tunnel may leave by the SVI that their answers do not come in by. An address that
// all nodes have is no duplicate, and outlives the bridge's way into a VRF, which takes it down.
void MacVrfBuilder::add_sysctls(SysctlWishes& paths) const {
  for (const auto& [id, m] : mac_vrfs_) {
    const Link* svi = links_.find(m.ports.svi);
    if (svi == nullptr || (m.want.vrf == kDefaultVrf && !tools_.owned(*svi))) continue;
    paths["net/ipv4/conf/" + svi->name + "/rp_filter"] = {"0", svi->index};
    if (m.want.vrf == kDefaultVrf || !has_v6_gateway(m.want)) continue;
    const std::string v6 = "net/ipv6/conf/" + svi->name;
    paths[v6 + "/accept_dad"] = {"0", svi->index};
    paths[v6 + "/keep_addr_on_down"] = {"1", svi->index};
  }
}

void MacVrfBuilder::keep_links(KeptLinks& kept) const {
  for (const auto& [id, m] : mac_vrfs_) {
    kept.found.insert({m.ports.bridge, m.ports.vxlan});
    if (m.ports.bridge == IfIndex{}) kept.names.insert(bridge_name(m.want.vni));
    if (m.ports.vxlan == IfIndex{}) kept.names.insert(vxlan_name(m.want.vni));
    if (m.want.host_master == HostMaster::kNone) continue;
    kept.names.insert({router_leg_name(m.want.vni), host_leg_name(m.want.vni)});
    if (m.want.host_master == HostMaster::kManaged) {
      kept.names.insert(host_bridge_name(m.want.vni));
    } else {
      kept.names.insert(m.want.host_bridge);
    }
  }
}

bool MacVrfBuilder::serves(VrfId vrf, IfIndex link) const {
  return std::any_of(mac_vrfs_.begin(), mac_vrfs_.end(), [&](const auto& item) {
    return item.second.want.vrf == vrf && item.second.ports.svi == link;
  });
}

// The first thing that keeps the MAC-VRF down. A bridge runs as soon as a port of it does, and the
// VXLAN device is one.
void MacVrfBuilder::check(MacVrfDevices& m) const {
  const Link* bridge = links_.find(m.ports.bridge);
  const Link* vxlan = links_.find(m.ports.vxlan);
  if (vxlan == nullptr) problem(m, "no link " + vxlan_name(m.want.vni));
  if (bridge == nullptr) problem(m, "no link " + bridge_name(m.want.vni));
  if (bridge == nullptr || vxlan == nullptr) return;
  if (!m.ports.placed) problem(m, "vxlan " + vxlan->name + " is not in bridge " + bridge->name);
  if (bridge->vlan_filtering && m.ports.vlan == 0) {
    problem(m, "vxlan " + vxlan->name + " has no VLAN in bridge " + bridge->name);
  }
  if (!vxlan->admin_up) problem(m, "vxlan " + vxlan->name + " is down");
  if (!bridge->admin_up) problem(m, "bridge " + bridge->name + " is down");
  if (!vxlan->running) problem(m, "vxlan " + vxlan->name + " does not run");
  if (!links_.has_address(m.want.local_vtep)) {
    problem(m, "no address " + to_string(m.want.local_vtep));
  }
}

void MacVrfBuilder::tell(MacVrfDevices& m) {
  const std::string subject = "l2vni " + m.want.name;
  for (const auto& text : m.notes) {
    if (std::find(m.told_notes.begin(), m.told_notes.end(), text) != m.told_notes.end()) continue;
    shared_.say(EventKind::kKernelProblem, Severity::kWarning, subject, text);
  }
  m.told_notes = m.notes;
  const Link* bridge = links_.find(m.ports.bridge);
  const Link* svi = links_.find(m.ports.svi);
  MacVrfState s;
  s.mac_vrf = m.want.id;
  s.up = m.problem.empty();
  s.local_vtep = m.want.local_vtep;
  s.own_mac = svi != nullptr ? svi->mac : bridge != nullptr ? bridge->mac : m.want.bridge_mac;
  if (bridge != nullptr) s.ageing = bridge->ageing;
  s.problem = m.problem;
  if (m.told && m.state == s) return;
  if (!m.told || m.state.up != s.up || m.state.problem != s.problem) {
    const bool news = !s.up && !tasks_.busy();  // what perd is just building is none
    shared_.say(s.up ? EventKind::kMacVrfUp : EventKind::kMacVrfDown,
                news ? Severity::kWarning : Severity::kDebug, subject,
                s.up ? "its devices are up" : s.problem);
  }
  m.told = true;
  m.state = s;
  shared_.knowledge.emplace_back(s);
}

std::vector<MacVrfDeviceView> MacVrfBuilder::views() const {
  std::vector<MacVrfDeviceView> out;
  for (const auto& [id, m] : mac_vrfs_) {
    MacVrfDeviceView view;
    view.mac_vrf = id;
    view.name = m.want.name;
    view.up = m.told && m.state.up;
    view.local_vtep = m.want.local_vtep;
    view.problem = m.told ? m.problem : "the kernel's tables are being read";
    view.notes = m.notes;
    if (const Link* l = links_.find(m.ports.bridge)) {
      view.bridge = l->name, view.bridge_adopted = !tools_.owned(*l);
      view.bridge_mac = m.state.own_mac, view.mtu = l->mtu;
    }
    if (const Link* l = links_.find(m.ports.vxlan)) {
      view.vxlan = l->name, view.vxlan_adopted = !tools_.owned(*l);
      view.suppression = m.ports.placed && l->port_neigh_suppress;
    }
    for (const IfIndex port : m.ports.local) view.ports.push_back(links_.name(port));
    std::sort(view.ports.begin(), view.ports.end());
    const Link* leg =
        m.want.host_master != HostMaster::kNone ? links_.find(host_leg_name(m.want.vni)) : nullptr;
    const Link* far = leg != nullptr ? links_.find(leg->master) : nullptr;
    if (far != nullptr) view.host_bridge = far->name;
    out.push_back(std::move(view));
  }
  return out;
}

}  // namespace perd::fib
