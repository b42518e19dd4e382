// SimKernel: FDB entries of bridges and VXLAN devices, frames at ports. By what Linux 6.18 was seen
// to do:
//  - `both` asks the bridge first and the VXLAN device only when that agreed; when the device then
//    refuses, what the bridge did stays
//  - with extern_learn the bridge neither takes nor clears `sticky` and static states; it moves any
//    entry. A frame moves all but sticky and permanent ones, and extern_learn is gone
//  - with extern_learn a device keeps the flags and the state that an entry was made with
//  - a destination cannot become a next-hop group (refused) nor a group a destination (silently
//    nothing); erasing a destination that is not there does silently nothing
//  - what changes nothing is not told
#include <cerrno>

#include "perd/assert.h"
#include "sim_kernel/sim_kernel.h"

namespace perd::sim {

// ---- the table ----------------------------------------------------------------------------------

SimKernel::Fdb::iterator SimKernel::forget(Fdb::iterator it, bool tell) {
  const FdbEntry& e = it->second;
  if (tell) notify(e, true);
  if (!e.self) places_.erase({e.master, e.mac, e.vlan});
  return fdb_.erase(it);
}

void SimKernel::place(const FdbEntry& e) {
  fdb_[{e.link, e.mac, e.self, e.vlan}] = e;
  if (!e.self) places_[{e.master, e.mac, e.vlan}] = e.link;
  notify(e);
}

FdbEntry* SimKernel::find_in_bridge(IfIndex bridge, const MacAddress& mac, std::uint16_t vlan) {
  const auto at = places_.find({bridge, mac, vlan});
  if (at == places_.end()) return nullptr;
  return &fdb_.find({at->second, mac, false, vlan})->second;
}

void SimKernel::add_port_entry(const Link& port) {
  const Link* bridge = link(port.master);
  if (!port_entries || bridge == nullptr || bridge->kind != LinkKind::kBridge) return;
  if (find_in_bridge(bridge->index, port.mac, 0) != nullptr) return;
  FdbEntry e;
  e.link = port.index;
  e.mac = port.mac;
  e.master = bridge->index;
  e.state = kNudPermanent;
  place(e);
}

void SimKernel::del_port_entry(const Link& port) {
  const auto it = fdb_.find({port.index, port.mac, false, 0});
  if (it != fdb_.end() && it->second.state == kNudPermanent) (void)forget(it);
}

// ---- written ------------------------------------------------------------------------------------

SimKernel::Verdict SimKernel::put_in_bridge(const Link& port, const FdbEntry& entry) {
  const Link* bridge = link(port.master);
  if (bridge == nullptr || bridge->kind != LinkKind::kBridge) {
    return SimRefusal{EINVAL, "not a bridge port"};
  }
  if (entry.mac.is_zero()) return SimRefusal{EINVAL, ""};
  if ((entry.state & (kNudPermanentOrNoArp | kNudReachable)) == 0) return SimRefusal{EINVAL, ""};
  FdbEntry* const there = find_in_bridge(bridge->index, entry.mac, entry.vlan);
  FdbEntry now = there != nullptr ? *there : FdbEntry{};
  now.link = port.index;
  now.mac = entry.mac;
  now.master = bridge->index;
  now.vlan = entry.vlan;
  if (entry.extern_learn) {
    now.extern_learn = true;
    if (there == nullptr) now.state = kNudReachable;
  } else {
    if (entry.sticky && (entry.state & kNudPermanent) != 0) return SimRefusal{EINVAL, ""};
    now.state = kNudReachable;
    if ((entry.state & kNudNoArp) != 0) now.state = kNudNoArp;
    if ((entry.state & kNudPermanent) != 0) now.state = kNudPermanent;
    now.sticky = entry.sticky;
  }
  if (there != nullptr) {
    const bool fixed = (there->state & kNudPermanentOrNoArp) != 0;
    const bool elsewhere = there->link != port.index;
    if (!there->extern_learn && fixed && (elsewhere || (there->state & kNudPermanent) != 0)) {
      ++foreign_overwritten_;
    }
    if (*there == now) return std::nullopt;
    if (elsewhere) (void)forget(fdb_.find({there->link, now.mac, false, now.vlan}), false);
  }
  place(now);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::check_fdb_group(std::uint32_t id) const {
  const auto it = next_hops_.find(id);
  if (it == next_hops_.end()) return SimRefusal{EINVAL, "Nexthop id does not exist"};
  if (!it->second.fdb) return SimRefusal{EINVAL, "Nexthop is not a fdb nexthop"};
  if (it->second.group.empty()) return SimRefusal{EINVAL, "Nexthop is not a multipath group"};
  return std::nullopt;
}

SimKernel::Verdict SimKernel::put_flood(const FdbEntry& entry, bool append) {
  if (!append) return SimRefusal{EOPNOTSUPP, "Cannot replace non-unicast fdb entries"};
  if (floods_.count({entry.link, entry.destination}) != 0) return std::nullopt;
  FdbEntry now = entry;
  now.self = true;
  now.master = {};
  const auto sibling = floods_.lower_bound({entry.link, IpAddress{}});
  if (sibling != floods_.end() && sibling->first.first == entry.link) {  // they share both
    now.state = sibling->second.state;
    now.extern_learn = sibling->second.extern_learn;
  }
  floods_[{entry.link, entry.destination}] = now;
  notify(now);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::put_in_device(const FdbEntry& entry, bool append) {
  if ((entry.state & (kNudPermanent | kNudReachable)) == 0) return SimRefusal{EINVAL, ""};
  if (entry.next_hop_id != 0) {
    if (!entry.destination.is_unspecified() || entry.vni) return SimRefusal{EINVAL, ""};
    if (const Verdict v = check_fdb_group(entry.next_hop_id)) return v;
  }
  if (entry.mac.is_zero()) return put_flood(entry, append);
  FdbEntry now = entry;
  now.self = true;
  now.master = {};
  const auto it = fdb_.find({entry.link, entry.mac, true, entry.vlan});
  if (it == fdb_.end()) {
    place(now);
    return std::nullopt;
  }
  const FdbEntry there = it->second;
  if (append) return std::nullopt;
  if (entry.next_hop_id != 0 && there.next_hop_id == 0) {
    return SimRefusal{EOPNOTSUPP, "Cannot replace an existing non nexthop fdb with a nexthop"};
  }
  if ((there.state & kNudPermanent) != 0 && entry.extern_learn && !there.extern_learn) {
    ++foreign_overwritten_;
  }
  if (entry.extern_learn) {
    now.extern_learn = there.extern_learn;
    now.sticky = there.sticky;
    now.state = there.state;
  }
  if (there.next_hop_id != 0 && entry.next_hop_id == 0) {
    now.next_hop_id = there.next_hop_id;
    now.destination = {}, now.vni.reset();
  }
  if (!(there == now)) place(now);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const FdbPut& op) {
  const Link* l = link(op.entry.link);
  if (l == nullptr) return SimRefusal{ENODEV, ""};
  const bool self = op.both || op.entry.self;
  if (self && l->kind != LinkKind::kVxlan) return SimRefusal{EOPNOTSUPP, ""};
  if (op.both ? l->master != IfIndex{} : !self) {
    if (Verdict v = put_in_bridge(*l, op.entry)) return v;
  }
  return self ? put_in_device(op.entry, op.append) : Verdict{};
}

SimKernel::Verdict SimKernel::erase_flood(const FdbEntry& entry) {
  bool any = false;
  for (auto it = floods_.begin(); it != floods_.end();) {
    const bool here = it->first.first == entry.link;
    any = any || here;
    const bool gone =
        here && (entry.destination.is_unspecified() || it->first.second == entry.destination);
    if (gone) notify(it->second, true);
    it = gone ? floods_.erase(it) : std::next(it);
  }
  return any ? Verdict{} : SimRefusal{ENOENT, ""};
}

SimKernel::Verdict SimKernel::run(const FdbErase& op) {
  const FdbEntry& e = op.entry;
  const Link* l = link(e.link);
  if (l == nullptr) return SimRefusal{ENODEV, ""};
  if (op.both ? l->master != IfIndex{} : !e.self) {
    if (l->master == IfIndex{}) return SimRefusal{EINVAL, "not a bridge port"};
    const auto it = fdb_.find({e.link, e.mac, false, e.vlan});
    if (it == fdb_.end()) return SimRefusal{ENOENT, ""};
    (void)forget(it);
  }
  if (!op.both && !e.self) return std::nullopt;
  if (e.mac.is_zero()) return erase_flood(e);
  const auto it = fdb_.find({e.link, e.mac, true, e.vlan});
  if (it == fdb_.end()) return SimRefusal{ENOENT, ""};
  if (e.destination.is_unspecified() || it->second.destination == e.destination) (void)forget(it);
  return std::nullopt;
}

void SimKernel::erase_floods(IfIndex index) {
  FdbEntry all;
  all.link = index;
  (void)erase_flood(all);
}

// ---- what hosts do ------------------------------------------------------------------------------

bool SimKernel::can_learn(const std::string& port) const {
  const Link* l = link(port);
  const Link* master = l == nullptr ? nullptr : link(l->master);
  return master != nullptr && master->kind == LinkKind::kBridge && l->running && l->port_learning;
}

void SimKernel::learn(const std::string& port, const MacAddress& mac) {
  PERD_ASSERT(can_learn(port));
  const Link& l = *link(port);
  const std::uint16_t vlan = link(l.master)->vlan_filtering ? l.port_vlan : std::uint16_t{0};
  FdbEntry* const there = find_in_bridge(l.master, mac, vlan);
  FdbEntry now = there != nullptr ? *there : FdbEntry{};
  if (there != nullptr) {
    if (there->link == l.index || there->sticky || (there->state & kNudPermanent) != 0) return;
    now.extern_learn = false;  // a static entry moves as well, and stays static
    (void)forget(fdb_.find({there->link, mac, false, vlan}), false);
  } else {
    now.mac = mac;
    now.master = l.master;
    now.vlan = vlan;
    now.state = kNudReachable;
  }
  now.link = l.index;
  place(now);
}

bool SimKernel::age(const std::string& port, const MacAddress& mac) {
  const Link& l = *link(port);
  const std::uint16_t vlan = link(l.master)->vlan_filtering ? l.port_vlan : std::uint16_t{0};
  const auto it = fdb_.find({l.index, mac, false, vlan});
  if (it == fdb_.end() || it->second.extern_learn) return false;
  if ((it->second.state & kNudPermanentOrNoArp) != 0) return false;
  (void)forget(it);
  return true;
}

// What was learned from a port goes with its carrier; what others put there stays.
void SimKernel::flush_port(const Link& port) {
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    const FdbEntry& e = it->second;
    const bool gone =
        e.link == port.index && !e.self && !e.extern_learn && (e.state & kNudPermanentOrNoArp) == 0;
    it = gone ? forget(it) : std::next(it);
  }
}

bool SimKernel::hear(const HostPacket& packet) {
  if (listening_.count(packet.link) == 0) return false;
  notifications_.emplace_back(HeardPacket{packet});
  return true;
}

SimKernel::Verdict SimKernel::run(const PortListen& op) {
  if (!op.on) {
    listening_.erase(op.link);
    return std::nullopt;
  }
  if (link(op.link) == nullptr) return SimRefusal{ENODEV, ""};
  listening_.insert(op.link);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const PacketSend& op) {
  const Link* l = link(op.packet.link);
  if (l == nullptr) return SimRefusal{ENXIO, ""};
  if (!l->running) return SimRefusal{ENETDOWN, ""};
  if (on_packet) on_packet(op);
  return std::nullopt;
}

}  // namespace perd::sim
