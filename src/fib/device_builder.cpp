// DeviceBuilder: configuration, what surrounds the three links of a VRF, and the telling of it.
#include "fib/device_builder.h"

#include <algorithm>

#include "fib/device_names.h"

namespace perd::fib {

DeviceBuilder::DeviceBuilder(Shared& shared, LinkTable& links, LinkTasks& tasks,
                             AddressStore& addresses, RuleStore& rules, SysctlStore& sysctls,
                             const ForeignRoutes& foreign, const Tables& tables,
                             MacVrfBuilder& mac_vrfs)
    : shared_(shared),
      links_(links),
      tasks_(tasks),
      tools_(links, tasks),
      addresses_(addresses),
      rules_(rules),
      sysctls_(sysctls),
      foreign_(foreign),
      tables_(tables),
      mac_vrfs_(mac_vrfs) {}

void DeviceBuilder::configure(const WantedNode& wanted) {
  // Interfaces that leave a VRF which itself stays.
  for (const auto& [id, v] : vrfs_) {
    for (const auto& name : v.want.interfaces) release_[name] = v.want.name;
  }
  std::map<VrfId, VrfDevices> now;
  for (const auto& want : wanted.vrfs) {
    const auto it = vrfs_.find(want.id);
    if (it != vrfs_.end() && it->second.want.name == want.name) now[want.id] = it->second;
    now[want.id].want = want;
    for (const auto& name : want.interfaces) {
      const auto left = release_.find(name);
      if (left != release_.end() && left->second == want.name) release_.erase(left);
    }
  }
  for (const auto& [id, v] : vrfs_) {
    if (now.count(id) != 0 || !v.told || !v.state.up) continue;
    VrfState gone = v.state;
    gone.up = false;
    gone.problem = "not configured";
    shared_.knowledge.emplace_back(gone);
  }
  vrfs_ = std::move(now);
  wanted_ = wanted;
  mac_vrfs_.configure(wanted);
  configured_ = true;
  dirty_ = changed_ = true;
}

bool DeviceBuilder::step(TimePoint now) {
  if (!configured_ || !dirty(now) || !shared_.writing) return false;
  dirty_ = false;
  const std::size_t many = vrfs_.size() + mac_vrfs_.size();
  if (many > kPacedAbove) {
    next_pass_ = now + kPacePerVrf * static_cast<Duration::rep>(many);
  } else {
    next_pass_.reset();
  }
  const bool changed = changed_;
  changed_ = false;
  release_interfaces(now);
  std::set<RulePolicy::Key> rules;
  for (auto& [id, v] : vrfs_) {
    build(v, now);
    build_rules(v, rules);
  }
  if (mac_vrfs_.step(vrfs_, now)) changed_ = true;
  mac_vrfs_.add_rules(rules);
  build_node(now);
  erase_unwanted(now);
  want_sysctls();
  for (const auto& key : wanted_rules_) {
    if (rules.count(key) == 0) rules_.unwant(key);
  }
  for (const auto& key : rules) rules_.want(key, shared_.protocol);
  wanted_rules_ = std::move(rules);
  return changed || changed_;
}

void DeviceBuilder::build(VrfDevices& v, TimePoint now) {
  const VrfDevices before = v;
  v.problem.clear();
  v.notes.clear();
  survey(v);
  build_vrf(v, now);
  build_bridge(v, now);
  build_vxlan(v, now);
  build_interfaces(v, now);
  check(v);
  if (before.table != v.table || before.bridge != v.bridge || before.vxlan != v.vxlan ||
      before.vrf != v.vrf || before.bridge_placed != v.bridge_placed ||
      before.vxlan_placed != v.vxlan_placed) {
    changed_ = true;
  }
  tell(v);
}

void DeviceBuilder::build_interfaces(VrfDevices& v, TimePoint now) {
  for (const auto& name : v.want.interfaces) {
    const Link* l = links_.find(name);
    if (l == nullptr) {
      v.notes.push_back("no link " + name);
      continue;
    }
    if (!l->admin_up) v.notes.push_back("link " + name + " is down");
    if (!v.want.vrf_device || v.vrf == IfIndex{}) continue;
    if (l->master == v.vrf) {
      tasks_.complete(name, true);
      continue;
    }
    const Link* master = links_.find(l->master);
    if (master != nullptr && !(master->kind == LinkKind::kVrf && owned(*master))) {
      v.notes.push_back("link " + name + " is in " + master->name);
      continue;
    }
    // A VRF takes its links down and up again, and IPv6 addresses do not outlive that by default.
    const std::string path = "net/ipv6/conf/" + name + "/keep_addr_on_down";
    wanted_sysctls_.insert(path);
    sysctls_.want(path, {"1", l->index});
    const auto* kept = sysctls_.find(path);
    if (kept != nullptr && !kept->seen && kept->error == 0) continue;  // its answer wakes us
    LinkChange c;
    c.link = l->index;
    c.master = v.vrf;
    tasks_.change(name, c, "master", now);
    const std::string trouble = tasks_.trouble(name);
    if (!trouble.empty()) v.notes.push_back(trouble);
  }
}

bool DeviceBuilder::member(const VrfDevices& v, const Link& link) const {
  if (v.want.vrf_device) return v.vrf != IfIndex{} && link.master == v.vrf;
  return std::find(v.want.interfaces.begin(), v.want.interfaces.end(), link.name) !=
             v.want.interfaces.end() ||
         mac_vrfs_.serves(v.want.id, link.index);
}

void DeviceBuilder::release_interfaces(TimePoint now) {
  for (auto it = release_.begin(); it != release_.end();) {
    const Link* l = links_.find(it->first);
    const Link* vrf = links_.find(it->second);
    if (l == nullptr || vrf == nullptr || l->master != vrf->index) {
      it = release_.erase(it);
      continue;
    }
    LinkChange c;
    c.link = l->index;
    c.master = IfIndex{};
    tasks_.complete(l->name, false);
    tasks_.change(l->name, c, "master", now);
    ++it;
  }
}

void DeviceBuilder::build_rules(VrfDevices& v, std::set<RulePolicy::Key>& rules) {
  if (v.want.vrf_device || v.table == TableId{}) return;
  std::vector<std::string> names = v.want.interfaces;
  const Link* bridge = links_.find(v.bridge);
  names.push_back(bridge != nullptr ? bridge->name : bridge_name(v.want.vni));
  for (const auto& name : names) {
    rules.insert({name, IpFamily::kIpv4, v.table, kRulePriority});
    rules.insert({name, IpFamily::kIpv6, v.table, kRulePriority});
  }
}

void DeviceBuilder::build_node(TimePoint now) {
  const IfIndex lo = links_.loopback();
  const Link* loopback = links_.find(lo);
  AddressWishes addresses = mac_vrfs_.addresses();
  if (loopback != nullptr) {
    if (!loopback->admin_up && !wanted_.tunnel_addresses.empty()) {
      LinkChange c;
      c.link = lo;
      c.up = true;
      tasks_.change(loopback->name, c, "up", now);
    }
    for (const auto& a : wanted_.tunnel_addresses) {
      const InterfaceAddress host{a, static_cast<std::uint8_t>(a.bits())};
      addresses[{lo, host}] = AddressUse::kAnywhere;
    }
  }
  for (const auto& [key, use] : wanted_addresses_) {
    if (addresses.count(key) == 0) addresses_.unwant(key);
  }
  for (const auto& [key, use] : addresses) {
    addresses_.want(key, use);
    const Link* l = links_.find(key.first);
    // An earlier run put it there: nobody else does on a link that perd made.
    if (use == AddressUse::kHere && l != nullptr && owned(*l) &&
        links_.addresses().count(key) != 0 && !addresses_.find(key)->seen) {
      addresses_.see(key, use, true, false, now);
    }
  }
  wanted_addresses_ = std::move(addresses);
}

// Forwarding; and reverse-path checks, which take the greater of `all` and the device's own value:
// a packet of a tunnel comes in by the SVI from wherever its sender sits.
void DeviceBuilder::want_sysctls() {
  SysctlWishes paths;
  if (!wanted_.vrfs.empty() || !wanted_.tunnel_addresses.empty()) {
    paths["net/ipv4/ip_forward"] = {"1", IfIndex{}};
    paths["net/ipv6/conf/all/forwarding"] = {"1", IfIndex{}};
    for (const auto& name : wanted_.underlay_interfaces) {
      const Link* l = links_.find(name);
      if (l != nullptr) paths["net/ipv4/conf/" + name + "/rp_filter"] = {"2", l->index};
    }
  }
  for (const auto& [id, v] : vrfs_) {
    for (const IfIndex index : {v.vrf, v.bridge}) {
      const Link* l = links_.find(index);
      if (l != nullptr) paths["net/ipv4/conf/" + l->name + "/rp_filter"] = {"0", index};
    }
    for (const auto& name : v.want.interfaces) {
      const std::string path = "net/ipv6/conf/" + name + "/keep_addr_on_down";
      const Link* l = links_.find(name);
      if (l != nullptr && wanted_sysctls_.count(path) != 0) paths[path] = {"1", l->index};
    }
  }
  std::set<std::string> names;
  mac_vrfs_.add_sysctls(paths);
  for (const auto& [path, value] : paths) {
    sysctls_.want(path, value);
    names.insert(path);
  }
  for (const auto& path : wanted_sysctls_) {
    if (names.count(path) != 0) continue;
    sysctls_.unwant(path);
    sysctls_.lose_silently([&path](const std::string& k, const auto&) { return k == path; });
  }
  wanted_sysctls_ = std::move(names);
}

void DeviceBuilder::erase_unwanted(TimePoint now) {
  KeptLinks kept;
  for (const auto& [id, v] : vrfs_) {
    kept.found.insert({v.vrf, v.bridge, v.vxlan});
    if (v.want.vrf_device) kept.names.insert(v.want.name);
    if (v.bridge == IfIndex{}) kept.names.insert(bridge_name(v.want.vni));
    if (v.vxlan == IfIndex{}) kept.names.insert(vxlan_name(v.want.vni));
  }
  mac_vrfs_.keep_links(kept);
  tools_.erase_unwanted(kept, now);
}

TableId DeviceBuilder::pick_table(const VrfDevices& v) const {
  if (v.want.table) return *v.want.table;
  if (v.table != TableId{}) return v.table;
  std::set<TableId> used;
  for (const auto& [id, other] : vrfs_) {
    used.insert(other.table);
    if (other.want.table) used.insert(*other.want.table);
  }
  const Link* bridge = links_.find(v.bridge);
  const std::string name = bridge != nullptr ? bridge->name : bridge_name(v.want.vni);
  for (const auto& [key, i] : rules_.index()) {
    const auto& e = rules_.entry(i);
    const TableId table = std::get<2>(key);
    // Rules of an earlier run remember the table of a VRF without a device.
    if (!v.want.vrf_device && e.own && e.seen && std::get<0>(key) == name) return table;
    used.insert(table);
  }
  for (const auto& [index, link] : links_.all()) {
    if (link.kind == LinkKind::kVrf) used.insert(link.vrf_table);
  }
  for (const auto& t : tables_.all()) used.insert(t->id);
  for (auto it = foreign_.all().begin(); it != foreign_.all().end();) {
    used.insert(it->first.table);
    it = foreign_.range(it->first.table).second;
  }
  TableId table{1};
  while (used.count(table) != 0 || (table.value >= 253 && table.value <= 255)) ++table.value;
  return table;
}

void DeviceBuilder::tell(VrfDevices& v) {
  for (const auto& note : v.notes) {
    if (std::find(v.told_notes.begin(), v.told_notes.end(), note) != v.told_notes.end()) continue;
    shared_.say(EventKind::kKernelProblem, Severity::kWarning, "vrf " + v.want.name, note);
  }
  v.told_notes = v.notes;
  const Link* bridge = links_.find(v.bridge);
  VrfState s;
  s.vrf = v.want.id;
  s.up = v.problem.empty();
  s.table = v.table;
  s.router_mac =
      bridge != nullptr ? router_mac(v, *bridge) : v.want.router_mac.value_or(v.want.default_mac);
  s.local_vtep = v.want.local_vtep;
  s.problem = v.problem;
  if (v.told && v.state == s) return;
  if (!v.told || v.state.up != s.up || v.state.problem != s.problem) {
    // What perd is just building or repairing is no news; that the VRF is up, its router says.
    const bool news = !s.up && !tasks_.busy();
    shared_.say(s.up ? EventKind::kVrfUp : EventKind::kVrfDown,
                news ? Severity::kWarning : Severity::kDebug, "vrf " + v.want.name,
                s.up ? "its devices are up, table " + std::to_string(s.table.value) : s.problem);
  }
  v.told = true;
  v.state = s;
  shared_.knowledge.emplace_back(s);
}

std::vector<VrfDeviceView> DeviceBuilder::views() const {
  std::vector<VrfDeviceView> out;
  for (const auto& [id, v] : vrfs_) {
    VrfDeviceView view;
    view.vrf = id;
    view.name = v.want.name;
    view.up = v.told && v.state.up;
    view.table = v.table;
    view.router_mac = v.state.router_mac;
    view.local_vtep = v.want.local_vtep;
    view.problem = v.told ? v.problem : "the kernel's tables are being read";
    view.notes = v.notes;
    if (const Link* l = links_.find(v.vrf)) view.vrf_link = l->name, view.vrf_adopted = !owned(*l);
    if (const Link* l = links_.find(v.bridge)) {
      view.bridge = l->name, view.bridge_adopted = !owned(*l), view.mtu = l->mtu;
    }
    if (const Link* l = links_.find(v.vxlan)) view.vxlan = l->name, view.vxlan_adopted = !owned(*l);
    out.push_back(std::move(view));
  }
  return out;
}

}  // namespace perd::fib
