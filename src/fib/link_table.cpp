#include "fib/link_table.h"

namespace perd::fib {

LinkDelta LinkTable::see(const Link& link, bool from_dump) {
  LinkDelta d;
  d.index = link.index;
  if (dumping_links_) {
    if (from_dump && links_touched_.count(link.index) != 0) return d;
    links_marked_.insert(link.index);
    if (!from_dump) links_touched_.insert(link.index);
  }
  const auto it = links_.find(link.index);
  d.appeared = it == links_.end();
  const Link before = d.appeared ? Link{} : it->second;
  d.changed = d.appeared || !(before == link);
  const bool ran = before.admin_up && before.running;
  const bool runs = link.admin_up && link.running;
  d.started = !ran && runs;
  if (!d.appeared && before.name != link.name) {
    const auto named = names_.find(before.name);
    if (named != names_.end() && named->second == link.index) names_.erase(named);
  }
  if (!d.appeared) index_link(before, false);
  index_link(link, true);
  links_[link.index] = link;
  names_[link.name] = link.index;
  return d;
}

void LinkTable::index_link(const Link& link, bool is) {
  const auto note = [&link, is](Pairs& pairs, IfIndex first) {
    if (first == IfIndex{}) return;
    if (is) {
      pairs.insert({first, link.index});
    } else {
      pairs.erase({first, link.index});
    }
  };
  note(members_, link.master);
  note(peers_, link.peer);
  if (link.kind != LinkKind::kVxlan || !link.vxlan || link.vxlan->external) return;
  if (is) {
    vxlans_.insert({link.vxlan->vni, link.index});
  } else {
    vxlans_.erase({link.vxlan->vni, link.index});
  }
}

std::vector<const Link*> LinkTable::vxlans(Vni vni) const {
  std::vector<const Link*> found;
  for (auto it = vxlans_.lower_bound({vni, {}}); it != vxlans_.end() && it->first == vni; ++it) {
    found.push_back(find(it->second));
  }
  return found;
}

std::vector<IfIndex> LinkTable::behind(const Pairs& pairs, IfIndex first) {
  std::vector<IfIndex> found;
  for (auto it = pairs.lower_bound({first, {}}); it != pairs.end() && it->first == first; ++it) {
    found.push_back(it->second);
  }
  return found;
}

LinkDelta LinkTable::lose(IfIndex index) {
  LinkDelta d;
  d.index = index;
  if (dumping_links_) links_touched_.insert(index);
  const auto it = links_.find(index);
  if (it == links_.end()) return d;
  d.vanished = d.changed = true;
  const auto named = names_.find(it->second.name);
  if (named != names_.end() && named->second == index) names_.erase(named);
  index_link(it->second, false);
  links_.erase(it);
  addresses_.erase(addresses_.lower_bound({index, {}}),
                   addresses_.lower_bound({IfIndex{index.value + 1}, {}}));
  return d;
}

void LinkTable::assume(const LinkChange& change) {
  const auto it = links_.find(change.link);
  if (it == links_.end()) return;
  Link& l = it->second;
  index_link(l, false);
  if (change.mac) l.mac = *change.mac;
  if (change.mtu) l.mtu = *change.mtu;
  if (change.master) l.master = *change.master;
  if (change.up) l.admin_up = *change.up;
  if (change.alias) l.alias = *change.alias;
  if (change.addrgen_none) l.addrgen_none = *change.addrgen_none;
  if (change.port_learning) l.port_learning = *change.port_learning;
  if (change.port_neigh_suppress) l.port_neigh_suppress = *change.port_neigh_suppress;
  index_link(l, true);
}

void LinkTable::see_address(const Address& address, bool from_dump) {
  const std::pair<IfIndex, InterfaceAddress> key{address.link, address.address};
  if (dumping_addresses_) {
    if (from_dump && addresses_touched_.count(key) != 0) return;
    addresses_marked_.insert(key);
    if (!from_dump) addresses_touched_.insert(key);
  }
  addresses_.insert(key);
}

void LinkTable::lose_address(const Address& address) {
  const std::pair<IfIndex, InterfaceAddress> key{address.link, address.address};
  if (dumping_addresses_) addresses_touched_.insert(key);
  addresses_.erase(key);
}

void LinkTable::begin_link_dump() {
  dumping_links_ = true;
  links_marked_.clear();
  links_touched_.clear();
}

std::vector<LinkDelta> LinkTable::end_link_dump() {
  dumping_links_ = false;
  std::vector<IfIndex> lost;
  for (const auto& [index, link] : links_) {
    if (links_marked_.count(index) == 0) lost.push_back(index);
  }
  std::vector<LinkDelta> out;
  for (const IfIndex index : lost) out.push_back(lose(index));
  links_marked_.clear();
  links_touched_.clear();
  return out;
}

void LinkTable::begin_address_dump() {
  dumping_addresses_ = true;
  addresses_marked_.clear();
  addresses_touched_.clear();
}

void LinkTable::end_address_dump() {
  dumping_addresses_ = false;
  for (auto it = addresses_.begin(); it != addresses_.end();) {
    it = addresses_marked_.count(*it) == 0 ? addresses_.erase(it) : std::next(it);
  }
  addresses_marked_.clear();
  addresses_touched_.clear();
}

const Link* LinkTable::find(IfIndex index) const {
  const auto it = links_.find(index);
  return it == links_.end() ? nullptr : &it->second;
}

const Link* LinkTable::find(const std::string& name) const {
  const auto it = names_.find(name);
  return it == names_.end() ? nullptr : find(it->second);
}

bool LinkTable::usable(IfIndex index) const {
  const Link* l = find(index);
  return l != nullptr && l->admin_up && l->running;
}

std::string LinkTable::name(IfIndex index) const {
  const Link* l = find(index);
  return l != nullptr ? l->name : "link " + std::to_string(index.value);
}

IfIndex LinkTable::loopback() const {
  for (const auto& [index, link] : links_) {
    if (link.kind == LinkKind::kLoopback) return index;
  }
  const Link* lo = find("lo");
  return lo != nullptr ? lo->index : IfIndex{};
}

bool LinkTable::has_address(const IpAddress& a, IfIndex except) const {
  for (const auto& [link, address] : addresses_) {
    if (address.address == a && link != except) return true;
  }
  return false;
}

}  // namespace perd::fib
