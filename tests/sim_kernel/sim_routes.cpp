// SimKernel: next-hop objects and routes.
#include <algorithm>
#include <cerrno>

#include "sim_kernel/sim_kernel.h"

namespace perd::sim {

// A gateway must be a neighbour on its link, unless one says that it is (onlink).
SimKernel::Verdict SimKernel::check_gateway(const IpAddress& gateway, IfIndex index,
                                            bool onlink) const {
  const Link* l = link(index);
  if (l == nullptr) return SimRefusal{ENODEV, "Device does not exist"};
  if (!l->admin_up) return SimRefusal{ENETDOWN, "Nexthop device is not up"};
  if (!l->running) return SimRefusal{ENETDOWN, "Carrier for nexthop device is down"};
  if (onlink || (!gateway.is_v4() && gateway.is_link_local())) return std::nullopt;
  for (const auto& [owner, a] : addresses_) {
    if (owner == index && IpPrefix::make(a.address, a.length).contains(gateway)) {
      return std::nullopt;
    }
  }
  return SimRefusal{ENETUNREACH, "Nexthop has invalid gateway"};
}

SimKernel::Verdict SimKernel::check_single(const NextHop& n) const {
  if (n.fdb) {  // a VTEP: no link, no carrier
    if (n.link != IfIndex{} || n.blackhole) {
      return SimRefusal{EINVAL, "Fdb attribute can not be used with encap, oif or blackhole"};
    }
    if (!n.gateway || n.gateway->family != n.family) return SimRefusal{EINVAL, "Invalid gateway"};
    return std::nullopt;
  }
  const Link* l = link(n.link);
  if (l == nullptr) return SimRefusal{ENODEV, "Invalid device index"};
  if (!l->admin_up) return SimRefusal{ENETDOWN, "Nexthop device is not up"};
  if (!l->running) return SimRefusal{ENETDOWN, "Carrier for nexthop device is down"};
  if (!n.gateway) return std::nullopt;
  if (n.gateway->family != n.family) return SimRefusal{EINVAL, "Invalid gateway"};
  return check_gateway(*n.gateway, n.link, n.onlink);
}

SimKernel::Verdict SimKernel::check_fdb_members(const NextHop& group) const {
  std::optional<IpFamily> family;
  for (const auto& m : group.group) {
    const NextHop& member = next_hops_.find(m.id)->second;
    if (member.fdb != group.fdb) {
      return SimRefusal{EINVAL, group.fdb ? "FDB nexthop group can only have fdb nexthops"
                                          : "Non FDB nexthop group cannot have fdb nexthops"};
    }
    if (group.fdb && family.value_or(member.family) != member.family) {
      return SimRefusal{EINVAL, "FDB nexthop group cannot have mixed family nexthops"};
    }
    family = member.family;
  }
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const NextHopPut& op) {
  const NextHop& n = op.next_hop;
  if (n.id == 0) return SimRefusal{EINVAL, "Invalid id"};
  const auto there = next_hops_.find(n.id);
  if (there != next_hops_.end() && there->second.group.empty() != n.group.empty()) {
    return SimRefusal{EINVAL, "Can not replace a nexthop with a nexthop group."};
  }
  if (n.group.empty()) {
    if (const Verdict v = check_single(n)) return v;
  }
  for (const auto& m : n.group) {
    const auto member = next_hops_.find(m.id);
    if (member == next_hops_.end()) return SimRefusal{EINVAL, "Invalid nexthop id"};
    if (!member->second.group.empty()) return SimRefusal{EINVAL, "Nexthop group in a group"};
  }
  if (const Verdict v = check_fdb_members(n)) return v;
  if (there != next_hops_.end() && there->second.protocol != n.protocol) ++foreign_overwritten_;
  next_hops_[n.id] = n;
  notify(n);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const NextHopErase& op) {
  if (next_hops_.count(op.id) == 0) return SimRefusal{ENOENT, ""};
  remove_next_hop(op.id, true);
  return std::nullopt;
}

// FDB entries over a group go silently.
void SimKernel::drop_fdb_users(std::uint32_t id) {
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    it = it->second.next_hop_id == id ? forget(it, false) : std::next(it);
  }
  for (auto it = floods_.begin(); it != floods_.end();) {
    it = it->second.next_hop_id == id ? floods_.erase(it) : std::next(it);
  }
}

void SimKernel::remove_next_hop(std::uint32_t id, bool tell) {
  const auto it = next_hops_.find(id);
  if (it == next_hops_.end()) return;
  const NextHop gone = it->second;
  next_hops_.erase(it);
  if (tell) notify(gone, true);
  if (const auto users = users_.find(id); users != users_.end()) {
    for (const RouteKey& key : users->second) {
      const auto route = routes_.find(key);
      if (route == routes_.end()) continue;
      if (!key.prefix.is_v4()) notify(route->second, true);  // IPv4 goes silently
      routes_.erase(route);
    }
    users_.erase(users);
  }
  if (!gone.group.empty()) {
    drop_fdb_users(id);
    return;
  }
  std::vector<std::uint32_t> empty;
  for (auto& [group_id, n] : next_hops_) {
    const auto at = std::remove_if(n.group.begin(), n.group.end(),
                                   [id](const NextHopMember& m) { return m.id == id; });
    if (at == n.group.end()) continue;
    n.group.erase(at, n.group.end());
    if (n.group.empty()) {
      n.group.push_back({id, 1});  // so that it is told as the group it was
      empty.push_back(group_id);
    } else if (tell) {
      notify(n);
    }
  }
  for (const std::uint32_t group_id : empty) remove_next_hop(group_id, tell);
}

bool SimKernel::family_fits(const Route& route) const {
  if (route.key.prefix.is_v4()) return true;  // an IPv6 next hop is fine (RFC 5549)
  const NextHop& n = next_hops_.find(route.next_hop_id)->second;
  if (n.group.empty()) return n.family == IpFamily::kIpv6;
  return std::all_of(n.group.begin(), n.group.end(), [this](const NextHopMember& m) {
    const auto it = next_hops_.find(m.id);
    return it != next_hops_.end() && it->second.family == IpFamily::kIpv6;
  });
}

SimKernel::Verdict SimKernel::run(const RoutePut& op) {
  const Route& r = op.route;
  if (r.next_hop_id != 0) {
    if (next_hops_.count(r.next_hop_id) == 0) {
      return SimRefusal{EINVAL, "Nexthop id does not exist"};
    }
    if (next_hops_.find(r.next_hop_id)->second.fdb) {
      return SimRefusal{EINVAL, "Route cannot point to a fdb nexthop"};
    }
    if (!family_fits(r)) return SimRefusal{EINVAL, "IPv6 routes can not use an IPv4 nexthop"};
  }
  for (const auto& hop : r.hops) {
    const Link* l = link(hop.link);
    if (l == nullptr) return SimRefusal{ENODEV, "Device does not exist"};
    if (!l->admin_up) return SimRefusal{ENETDOWN, "Nexthop device is not up"};
    if (!hop.gateway) continue;
    if (const Verdict v = check_gateway(*hop.gateway, hop.link, hop.onlink)) return v;
  }
  const auto there = routes_.find(r.key);
  if (there != routes_.end()) {
    if (there->second.protocol != r.protocol) ++foreign_overwritten_;
    if (there->second.next_hop_id != 0) users_[there->second.next_hop_id].erase(r.key);
  }
  routes_[r.key] = r;
  if (r.next_hop_id != 0) users_[r.next_hop_id].insert(r.key);
  notify(r);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const RouteErase& op) {
  const auto it = routes_.find(op.route.key);
  if (it == routes_.end() || it->second.type != op.route.type ||
      (op.route.protocol != 0 && it->second.protocol != op.route.protocol)) {
    return SimRefusal{ESRCH, "No such process"};
  }
  notify(it->second, true);
  if (it->second.next_hop_id != 0) users_[it->second.next_hop_id].erase(it->first);
  routes_.erase(it);
  return std::nullopt;
}

}  // namespace perd::sim
