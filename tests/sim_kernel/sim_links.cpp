// SimKernel: links, and what goes with them when they go.
#include <algorithm>
#include <cerrno>

#include "perd/assert.h"
#include "sim_kernel/sim_kernel.h"

namespace perd::sim {
namespace {

constexpr std::uint8_t kProtocolKernel = 2;
constexpr std::uint8_t kScopeLink = 253;
constexpr std::uint32_t kIpv6ConnectedMetric = 256;

[[nodiscard]] Route connected(const Link& link, const InterfaceAddress& a, TableId table) {
  Route r;
  r.key.table = table;
  r.key.prefix = IpPrefix::make(a.address, a.length);
  r.key.metric = a.address.is_v4() ? 0 : kIpv6ConnectedMetric;
  r.protocol = kProtocolKernel;
  r.scope = a.address.is_v4() ? kScopeLink : std::uint8_t{0};
  r.hops.push_back({link.index, std::nullopt, false, false, 1});
  return r;
}

}  // namespace

TableId SimKernel::table_of(const Link& l) const {
  const Link* master = link(l.master);
  return master != nullptr && master->kind == LinkKind::kVrf ? master->vrf_table : kMainTable;
}

void SimKernel::add_connected(const Link& l, const InterfaceAddress& a) {
  if (a.address.is_v4() && a.length == 32) return;
  const Route r = connected(l, a, table_of(l));
  routes_[r.key] = r;
  notify(r);
}

void SimKernel::del_connected(const Link& l, const InterfaceAddress& a, TableId table) {
  const auto it = routes_.find(connected(l, a, table).key);
  if (it == routes_.end() || it->second.protocol != kProtocolKernel) return;
  notify(it->second, true);
  routes_.erase(it);
}

// A bridge runs while one of its ports does.
void SimKernel::renew_running(Link& l) {
  bool runs = l.admin_up && carrier_[l.index];
  const Link* peer = l.kind == LinkKind::kVeth ? link(l.peer) : nullptr;
  if (peer != nullptr) runs = runs && peer->admin_up && carrier_[peer->index];
  if (l.kind == LinkKind::kBridge) {
    runs = runs && std::any_of(links_.begin(), links_.end(), [&l](const auto& item) {
             return item.second.master == l.index && item.second.admin_up && item.second.running;
           });
  }
  const bool ran = l.running;
  l.running = runs;
  if (ran && !runs) {
    std::vector<std::uint32_t> gone;
    for (const auto& [id, n] : next_hops_) {
      if (n.group.empty() && n.link == l.index) gone.push_back(id);
    }
    for (const std::uint32_t id : gone) remove_next_hop(id, false);
    flush_port(l);
  }
  if (ran != runs) notify(l);
  const auto master = links_.find(l.master);
  if (ran != runs && master != links_.end()) renew_running(master->second);
}

// The other end of a pair has no carrier while this one is down.
void SimKernel::renew_peer(const Link& l) {
  const auto peer = l.kind == LinkKind::kVeth ? links_.find(l.peer) : links_.end();
  if (peer != links_.end()) renew_running(peer->second);
}

void SimKernel::bring_up(Link& l) {
  if (l.admin_up) return;
  l.admin_up = true;
  renew_running(l);
  notify(l);
  renew_peer(l);
  for (const auto& [index, address] : addresses_) {
    if (index == l.index) add_connected(l, address);
  }
}

void SimKernel::bring_down(Link& l) {
  if (!l.admin_up) return;
  l.admin_up = false;
  renew_running(l);
  if (l.kind == LinkKind::kBridge) {  // takes its ports out of service
    for (const auto& [index, port] : links_) {
      if (port.master == l.index) flush_port(port);
    }
  }
  flush_link(l);
  notify(l);
  renew_peer(l);
}

void SimKernel::flush_link(const Link& l) {
  for (auto it = routes_.begin(); it != routes_.end();) {
    auto& hops = it->second.hops;
    const auto gone = std::remove_if(hops.begin(), hops.end(),
                                     [&l](const RouteHop& h) { return h.link == l.index; });
    if (gone == hops.end()) {
      ++it;
      continue;
    }
    const Route before = it->second;
    hops.erase(gone, hops.end());
    if (!hops.empty()) {
      ++it;
      continue;
    }
    if (!before.key.prefix.is_v4()) notify(before, true);  // IPv4 goes silently
    it = routes_.erase(it);
  }
  for (auto it = neighbours_.begin(); it != neighbours_.end();) {
    if (it->first.first != l.index) {
      ++it;
      continue;
    }
    notify(it->second, true);
    it = neighbours_.erase(it);
  }
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    const FdbEntry& e = it->second;
    const bool gone = e.link == l.index && e.self && (e.state & kNudPermanentOrNoArp) == 0;
    it = gone ? forget(it) : std::next(it);
  }
  const auto keep = sysctls_.find("net/ipv6/conf/" + l.name + "/keep_addr_on_down");
  if (keep != sysctls_.end() && keep->second == "1") return;
  for (auto it = addresses_.begin(); it != addresses_.end();) {
    if (it->first != l.index || it->second.address.is_v4()) {
      ++it;
      continue;
    }
    notify(Address{it->first, it->second}, true);
    it = addresses_.erase(it);
  }
}

void SimKernel::enslave(Link& l, IfIndex master) {
  if (l.master == master) return;
  const IfIndex before = l.master;
  const auto vrf = [this](IfIndex i) {
    const Link* m = link(i);
    return m != nullptr && m->kind == LinkKind::kVrf;
  };
  // A VRF takes its links down and up again.
  const bool cycle = l.admin_up && (vrf(before) || vrf(master));
  if (cycle) bring_down(l);
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    const bool gone = it->second.link == l.index && !it->second.self;
    it = gone ? forget(it) : std::next(it);
  }
  l.master = master;
  l.port_learning = true;
  l.port_neigh_suppress = false;
  notify(l);
  add_port_entry(l);
  if (cycle) bring_up(l);
  for (const IfIndex i : {before, master}) {
    const auto it = links_.find(i);
    if (it != links_.end() && it->second.kind == LinkKind::kBridge) renew_running(it->second);
  }
}

SimKernel::Verdict SimKernel::run(const LinkCreate& op) {
  if (link(op.name) != nullptr) return SimRefusal{EEXIST, "File exists"};
  if (op.kind == LinkKind::kVrf && !has_vrf) return SimRefusal{EOPNOTSUPP, "Unknown device type"};
  if (op.kind == LinkKind::kVrf && op.vrf_table == TableId{}) {
    return SimRefusal{EINVAL, "Invalid VRF table id"};
  }
  if (op.master != IfIndex{} && link(op.master) == nullptr) return SimRefusal{ENODEV, ""};
  if (op.kind == LinkKind::kVxlan) {
    for (const auto& [index, other] : links_) {
      if (other.vxlan && op.vxlan && other.vxlan->vni == op.vxlan->vni &&
          other.vxlan->port == op.vxlan->port) {
        return SimRefusal{EEXIST, "A VXLAN device with the specified VNI already exists"};
      }
    }
  }
  Link l;
  l.index = IfIndex{next_index_++};
  l.name = op.name;
  l.kind = op.kind;
  const auto low = static_cast<std::uint8_t>(l.index.value);
  l.mac = op.mac.value_or(MacAddress{{0x02, 0xff, 0, 0, 0, low}});
  l.mtu = op.mtu.value_or(1500);
  l.alias = op.alias;
  l.vrf_table = op.vrf_table;
  l.vxlan = op.vxlan;
  l.addrgen_none = op.addrgen_none;
  carrier_[l.index] = true;
  const auto it = links_.emplace(l.index, l).first;
  notify(l);
  if (op.master != IfIndex{}) enslave(it->second, op.master);
  if (op.up) bring_up(it->second);
  if (op.kind == LinkKind::kVeth && !op.peer_name.empty()) return add_peer(l.index, op.peer_name);
  return std::nullopt;
}

// The far end of a veth pair: down, without any of the settings of the near end. It is told before
// it has a peer, and not again.
SimKernel::Verdict SimKernel::add_peer(IfIndex near, const std::string& name) {
  LinkCreate create;
  create.name = name;
  create.kind = LinkKind::kVeth;
  if (const auto verdict = run(create)) {
    drop_link(near);
    return verdict;
  }
  Link& far = links_[link(name)->index];
  far.peer = near;
  links_[near].peer = far.index;
  far.mtu = links_[near].mtu;
  renew_running(links_[near]);
  notify(links_[near]);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const LinkChange& op) {
  const auto it = links_.find(op.link);
  if (it == links_.end()) return SimRefusal{ENODEV, ""};
  Link& l = it->second;
  if (op.master && *op.master != IfIndex{} && link(*op.master) == nullptr) {
    return SimRefusal{ENODEV, ""};
  }
  const Link before = l;
  if (op.mac && *op.mac != l.mac) {
    del_port_entry(l);
    l.mac = *op.mac;
    add_port_entry(l);
  }
  if (op.mtu) l.mtu = *op.mtu;
  if (op.alias) l.alias = *op.alias;
  if (op.addrgen_none) l.addrgen_none = *op.addrgen_none;
  if (!(before == l)) notify(l);
  if (op.master) enslave(l, *op.master);
  if (op.port_learning || op.port_neigh_suppress) {
    if (l.master == IfIndex{}) return SimRefusal{EINVAL, "not a bridge port"};
    l.port_learning = op.port_learning.value_or(l.port_learning);
    l.port_neigh_suppress = op.port_neigh_suppress.value_or(l.port_neigh_suppress);
    notify(l);
  }
  if (op.up && *op.up) bring_up(l);
  if (op.up && !*op.up) bring_down(l);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const LinkErase& op) {
  if (link(op.link) == nullptr) return SimRefusal{ENODEV, ""};
  const IfIndex peer = links_[op.link].kind == LinkKind::kVeth ? links_[op.link].peer : IfIndex{};
  drop_link(op.link);
  if (peer != IfIndex{}) drop_link(peer);
  return std::nullopt;
}

void SimKernel::drop_link(IfIndex index) {
  Link& l = links_[index];
  bring_down(l);
  for (auto& [other, slave] : links_) {
    if (slave.master == index) enslave(slave, IfIndex{});
  }
  enslave(l, IfIndex{});
  for (auto it = addresses_.begin(); it != addresses_.end();) {
    if (it->first != index) {
      ++it;
      continue;
    }
    notify(Address{it->first, it->second}, true);
    it = addresses_.erase(it);
  }
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    it = it->second.link == index ? forget(it) : std::next(it);
  }
  erase_floods(index);
  notify(l, true);
  const std::string conf = "/conf/" + l.name + "/";
  for (auto it = sysctls_.begin(); it != sysctls_.end();) {
    it = it->first.find(conf) != std::string::npos ? sysctls_.erase(it) : std::next(it);
  }
  links_.erase(index);
  listening_.erase(index);
  carrier_.erase(index);
}

void SimKernel::set_carrier(const std::string& name, bool carrier) {
  Link& l = links_[link(name)->index];
  carrier_[l.index] = carrier;
  renew_running(l);
  renew_peer(l);
}

}  // namespace perd::sim
