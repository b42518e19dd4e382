#include "fib/l2/local_hosts.h"

namespace perd::fib {
namespace {

constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudStaleDelayProbe = 0x04 | 0x08 | 0x10;
constexpr std::uint16_t kNudNoArp = 0x40;
constexpr std::uint16_t kNudPermanent = 0x80;

// What a neighbour entry says of its host; gone: nothing.
[[nodiscard]] NeighbourFace face_of(const Seen<Neighbour>& seen) {
  const Neighbour& n = seen.object;
  NeighbourFace f;
  if (seen.gone || n.extern_learn) return f;
  f.router = n.router;
  if ((n.state & (kNudPermanent | kNudNoArp)) != 0) {
    f.news = NeighbourNews::kReachable;
    f.permanent = true;
  } else if ((n.state & kNudReachable) != 0) {
    f.news = NeighbourNews::kReachable;
  } else if ((n.state & kNudStaleDelayProbe) != 0) {
    f.news = NeighbourNews::kStale;
  } else {
    f.news = NeighbourNews::kFailed;  // such entries carry no MAC
    return f;
  }
  f.mac = n.mac;
  return f.mac.is_unicast() ? f : NeighbourFace{};
}

}  // namespace

// ---- what MACs and neighbours have in common ----------------------------------------------------

template <class SlotT>
void LocalHosts::begin(Side<SlotT>& side) {
  side.dumping = true;
  if (++side.epoch == 0) side.epoch = 1;
}

template <class SlotT>
void LocalHosts::end(Side<SlotT>& side) {
  side.dumping = false;
  TableCursor cursor;
  side.slots.walk(cursor, side.slots.size() + 1, 0, [&](SlotT& s) {
    const bool current = s.epochs.seen == side.epoch || s.epochs.touched == side.epoch;
    if (!current) lose(s);
    if (!s.queued && s.idle()) return Visit::kErase;
    if (!current && !s.queued) s.queued = true, side.queue.push_back(s);
    return Visit::kKeep;
  });
}

void LocalHosts::begin_fdb_dump() { begin(macs_); }
void LocalHosts::end_fdb_dump() { end(macs_); }
void LocalHosts::begin_neighbour_dump() { begin(neighbours_); }
void LocalHosts::end_neighbour_dump() { end(neighbours_); }

template <class SlotT>
SlotT* LocalHosts::slot_of(Side<SlotT>& side, const SlotT& key, bool from_dump, bool there) {
  SlotT* s = side.slots.find(key);
  if (s == nullptr) {
    // What a running read shows may be of the time before this notification.
    if (!there && (from_dump || !side.dumping)) return nullptr;
    s = &side.slots.insert(key);
  }
  if (from_dump && s->epochs.touched == side.epoch && side.dumping) return nullptr;
  s->epochs.seen = side.epoch;
  if (!from_dump && side.dumping) s->epochs.touched = side.epoch;
  return s;
}

template <class SlotT>
void LocalHosts::settle(Side<SlotT>& side, SlotT& slot, bool went) {
  if (!went) {
    tell(slot);
  } else if (!slot.queued && !slot.idle()) {
    slot.queued = true;
    side.queue.push_back(slot);
  } else if (!slot.queued && !side.dumping) {
    side.slots.erase(&slot);
  }
}

template <class SlotT>
void LocalHosts::drain(Side<SlotT>& side) {
  std::vector<SlotT> work;
  work.swap(side.queue);
  for (const SlotT& key : work) {
    SlotT* s = side.slots.find(key);
    if (s == nullptr) continue;
    s->queued = false;
    tell(*s);
    if (s->idle() && !side.dumping) side.slots.erase(s);
  }
}

// Of a MAC-VRF that is not there any more nothing is told; of one that is elsewhere now, that all
// of it went.
template <class SlotT>
void LocalHosts::forget(Side<SlotT>& side, const std::set<MacVrfId>& moved) {
  TableCursor cursor;
  side.slots.walk(cursor, side.slots.size() + 1, 0, [&](SlotT& s) {
    if (moved.count(s.mac_vrf) == 0) return Visit::kKeep;
    if (places_.all().count(s.mac_vrf) == 0) return Visit::kErase;
    lose(s);
    tell(s);
    return s.queued || side.dumping ? Visit::kKeep : Visit::kErase;
  });
}

LocalHosts::Unread LocalHosts::set_ports(const MacVrfPortMap& ports) {
  std::set<IfIndex> links;
  for (const auto& [id, p] : places_.all()) links.insert(p.local.begin(), p.local.end());
  const std::set<MacVrfId> moved = places_.set_ports(ports);
  for (const auto& [id, p] : ports) links.insert(p.local.begin(), p.local.end());
  for (const IfIndex link : links) link_changed(link);
  if (!moved.empty()) {
    forget(macs_, moved);
    forget(neighbours_, moved);
  }
  Unread unread;
  for (const auto& [id, p] : ports) {
    if (macs_.strange.erase({p.bridge, p.vlan}) != 0) unread.fdb = true;
    if (neighbours_.strange.erase({p.svi, std::uint16_t{0}}) != 0) unread.neighbours = true;
  }
  return unread;
}

void LocalHosts::keep(const std::set<MacVrfId>& configured) {
  MacVrfPortMap rest;
  for (const auto& [id, p] : places_.all()) {
    if (configured.count(id) != 0) {
      rest.emplace_hint(rest.end(), id, p);
      continue;
    }
    // What is there stays there, and is not remembered.
    macs_.strange.insert({p.bridge, p.vlan});
    neighbours_.strange.insert({p.svi, std::uint16_t{0}});
  }
  if (rest.size() != places_.all().size()) (void)set_ports(rest);
}

void LocalHosts::link_changed(IfIndex link) {
  if (places_.renew(link)) changed_ports_.insert(link);
  const Link* l = links_.find(link);
  if (l != nullptr && l->admin_up && places_.of_port(link) != kNoMacVrf) {
    ears_.want(link, true);
  } else {
    ears_.unwant(link);
  }
}

void LocalHosts::link_gone(IfIndex link) {
  link_changed(link);
  neighbours_.strange.erase({link, std::uint16_t{0}});
  auto& bridges = macs_.strange;
  bridges.erase(bridges.lower_bound({link, std::uint16_t{0}}),
                bridges.lower_bound({IfIndex{link.value + 1}, std::uint16_t{0}}));
}

// ---- MACs ---------------------------------------------------------------------------------------

// The bridge has one entry for a MAC, wherever it is: one at the VXLAN device's port is the end of
// one at a local port. Permanent entries are addresses of the bridge and its ports, never hosts'.
void LocalHosts::see(const Seen<FdbEntry>& seen) {
  const FdbEntry& e = seen.object;
  if (e.self || e.master == IfIndex{} || !e.mac.is_unicast()) return;
  const bool there = !seen.gone && !e.extern_learn && (e.state & kNudPermanent) == 0 &&
                     e.link != e.master && !places_.is_vxlan(e.link);
  LocalMacSlot key;
  key.mac_vrf = places_.of_bridge(e.master, e.vlan);
  if (key.mac_vrf == kNoMacVrf) {
    if (there) macs_.strange.insert({e.master, e.vlan});
    return;
  }
  key.mac = e.mac.octets;
  LocalMacSlot* s = slot_of(macs_, key, seen.from_dump, there);
  if (s == nullptr) return;
  if (there) {
    s->seen = e.link;
    s->seen_sticky = e.sticky || (e.state & kNudNoArp) != 0;
  } else if (!seen.gone || s->seen == e.link) {  // else: late news of where it was before
    s->seen = IfIndex{};
  }
  settle(macs_, *s, !here(*s));
}

void LocalHosts::tell(LocalMacSlot& s) {
  LocalMac news;
  news.mac_vrf = s.mac_vrf;
  news.mac = MacAddress{s.mac};
  if (here(s)) {
    if (s.told == s.seen && s.told_sticky == s.seen_sticky) return;
    s.told = s.seen;
    s.told_sticky = s.seen_sticky;
    news.port = s.told.value;
    news.sticky = s.told_sticky;
  } else {
    if (s.told == IfIndex{}) return;
    news.port = s.told.value;
    news.sticky = s.told_sticky;
    news.gone = true;
    news.port_down = !places_.reachable(s.mac_vrf, s.told);
    s.told = IfIndex{};
  }
  shared_.knowledge.emplace_back(news);
}

// Static entries outlive their port's being down; what was learned goes then, and the kernel tells.
void LocalHosts::look_at_ports() {
  if (changed_ports_.empty()) return;
  TableCursor cursor;
  macs_.slots.walk(cursor, macs_.slots.size() + 1, 0, [&](LocalMacSlot& s) {
    if (changed_ports_.count(s.seen) != 0 || changed_ports_.count(s.told) != 0) tell(s);
    return Visit::kKeep;
  });
  changed_ports_.clear();
}

// ---- neighbours ---------------------------------------------------------------------------------

void LocalHosts::see(const Seen<Neighbour>& seen) {
  const Neighbour& n = seen.object;
  if (n.address.is_multicast() || n.address.is_unspecified()) return;
  const NeighbourFace face = face_of(seen);
  LocalNeighbourSlot key;
  key.mac_vrf = places_.of_svi(n.link);
  if (key.mac_vrf == kNoMacVrf) {
    if (!face.gone()) neighbours_.strange.insert({n.link, std::uint16_t{0}});
    return;
  }
  key.address = n.address;
  LocalNeighbourSlot* s = slot_of(neighbours_, key, seen.from_dump, !face.gone());
  if (s == nullptr) return;
  s->seen = face;
  settle(neighbours_, *s, face.gone());
}

void LocalHosts::tell(LocalNeighbourSlot& s) {
  NeighbourFace face = s.seen;
  if (face.news == NeighbourNews::kFailed) {
    // Nobody has that address, and nobody had: no news.
    if (s.told.gone() || s.told.news == NeighbourNews::kFailed) return;
    face.mac = s.told.mac;
  }
  if (face == s.told) return;
  LocalNeighbour news;
  news.mac_vrf = s.mac_vrf;
  news.address = s.address;
  news.mac = face.gone() ? s.told.mac : face.mac;
  news.news = face.news;
  news.permanent = face.gone() ? s.told.permanent : face.permanent;
  news.router = face.gone() ? s.told.router : face.router;
  s.told = face;
  shared_.knowledge.emplace_back(news);
}

void LocalHosts::replaced(MacVrfId mac_vrf, const MacAddress& mac) {
  LocalMacSlot key;
  key.mac_vrf = mac_vrf;
  key.mac = mac.octets;
  LocalMacSlot* s = slot_of(macs_, key, false, false);
  if (s == nullptr) return;
  s->seen = IfIndex{};
  settle(macs_, *s, true);
}

void LocalHosts::replaced(MacVrfId mac_vrf, const IpAddress& address) {
  LocalNeighbourSlot key;
  key.mac_vrf = mac_vrf;
  key.address = address;
  LocalNeighbourSlot* s = slot_of(neighbours_, key, false, false);
  if (s == nullptr) return;
  s->seen = NeighbourFace{};
  settle(neighbours_, *s, true);
}

// ---- hosts that were heard ----------------------------------------------------------------------

void LocalHosts::hear(const HostPacket& packet) {
  const MacVrfId id = places_.of_port(packet.link);
  if (id == kNoMacVrf || !packet.mac.is_unicast()) return;
  HostHeard heard;
  heard.mac_vrf = id;
  heard.port = packet.link.value;
  heard.mac = packet.mac;
  heard.address = packet.address;
  heard.announcement =
      packet.kind == HostPacketKind::kAnnouncement || packet.kind == HostPacketKind::kRarp;
  heard.router = packet.router;
  shared_.knowledge.emplace_back(heard);
}

void LocalHosts::step() {
  look_at_ports();
  drain(macs_);
  drain(neighbours_);
}

void LocalHosts::memory(MemoryParts& out) const {
  out.push_back(
      {"kernel local MACs", macs_.slots.size(), macs_.slots.memory() + vector_octets(macs_.queue)});
  out.push_back({"kernel local neighbours", neighbours_.slots.size(),
                 neighbours_.slots.memory() + vector_octets(neighbours_.queue)});
}

}  // namespace perd::fib
