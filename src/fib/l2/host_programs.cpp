#include "fib/l2/host_programs.h"

#include <algorithm>

namespace perd::fib {
namespace {

template <class Map, class Key>
[[nodiscard]] MacVrfTable* at(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second;
}

}  // namespace

HostPrograms::HostPrograms(Shared& shared, const LinkTable& links)
    : shared_(shared),
      links_(links),
      next_hops_(shared, ways_),
      sets_(ways_, next_hops_),
      macs_(shared, links, tables_, pace_, ways_, sets_),
      v4_(shared, links, tables_, pace_),
      v6_(shared, links, tables_, pace_),
      floods_(shared, links, tables_, pace_) {}

// ---- tables and ports ---------------------------------------------------------------------------

MacVrfTable& HostPrograms::make(MacVrfId id) {
  if (tables_.size() <= id.value) tables_.resize(std::size_t{id.value} + 1);
  auto& t = tables_[id.value];
  if (!t) {
    t = std::make_unique<MacVrfTable>();
    t->id = id;
  }
  return *t;
}

MacVrfTable* HostPrograms::find(MacVrfId id) const {
  return id.value < tables_.size() ? tables_[id.value].get() : nullptr;
}

bool HostPrograms::up(IfIndex link) const {
  const Link* l = links_.find(link);
  return l != nullptr && l->admin_up;
}

// A device that perd made goes when its MAC-VRF does: erasing its entries before is a waste.
bool HostPrograms::goes_by_itself(IfIndex link) const {
  const Link* l = links_.find(link);
  return l == nullptr || l->alias == kLinkAlias;
}

bool HostPrograms::set_ports(const MacVrfPortMap& ports,
                             const std::function<bool(IfIndex)>& empty) {
  bool read = false;
  for (const auto& t : tables_) {
    if (t && ports.count(t->id) == 0) leave(*t);
  }
  for (const auto& [id, p] : ports) read = move(make(id), p, empty) || read;
  renew_index();
  return read;
}

bool HostPrograms::move(MacVrfTable& t, const MacVrfPorts& ports,
                        const std::function<bool(IfIndex)>& empty) {
  const MacVrfPorts before = std::exchange(t.ports, ports);
  const bool came_back = std::exchange(t.leaving, false);
  t.fdb_goes = t.neighbours_go = false;
  const bool other_vxlan = before.vxlan != ports.vxlan;
  const bool other_bridge = before.bridge != ports.bridge || before.vlan != ports.vlan;
  const bool other_svi = before.svi != ports.svi;
  const auto unread = [&](IfIndex link) { return link != IfIndex{} && !empty(link); };
  bool read = false;
  if (other_vxlan || other_bridge) {
    macs_.forget_seen(t, (other_vxlan ? kForgetVxlan : 0U) | (other_bridge ? kForgetBridge : 0U));
    if (other_vxlan) floods_.forget_seen(t, kForgetFloods);
    t.macs.unread = unread(ports.vxlan) || unread(ports.bridge);
    t.floods.unread = unread(ports.vxlan);
    read = t.macs.unread;
  }
  if (other_svi) {
    v4_.forget_seen(t, kForgetNeighbours);
    v6_.forget_seen(t, kForgetNeighbours);
    t.v4.unread = t.v6.unread = unread(ports.svi);
    read = read || t.v4.unread;
  }
  if (ports.vni != Vni{}) sets_.set_vni(t.id, ports.vni);
  if (came_back) request_scan(t);
  renew_ready(t);
  return read;
}

void HostPrograms::leave(MacVrfTable& t) {
  if (t.leaving || t.ports == MacVrfPorts{}) return;
  t.leaving = true;
  t.ports.placed = false;
  t.fdb_goes = goes_by_itself(t.ports.vxlan);
  t.neighbours_go = goes_by_itself(t.ports.svi);
  renew_ready(t);
  drop(t.id);
}

void HostPrograms::renew_index() {
  by_vxlan_.clear(), by_svi_.clear(), by_bridge_.clear();
  for (const bool leaving : {false, true}) {
    for (const auto& t : tables_) {
      if (!t || t->leaving != leaving) continue;
      const MacVrfPorts& p = t->ports;
      if (p.vxlan != IfIndex{}) by_vxlan_.emplace(p.vxlan, t.get());
      if (p.svi != IfIndex{}) by_svi_.emplace(p.svi, t.get());
      if (p.bridge != IfIndex{}) by_bridge_.emplace(std::pair{p.bridge, p.vlan}, t.get());
    }
  }
}

// VXLAN devices lose MACs when they go down, and the kernel takes no neighbour while a link is.
void HostPrograms::renew_ready(MacVrfTable& t) {
  const bool fdb = t.ports.placed && up(t.ports.vxlan);
  const bool neighbours = t.ports.placed && up(t.ports.svi);
  if (std::exchange(t.fdb_ready, fdb) != fdb) macs_.request_scan(t), floods_.request_scan(t);
  if (std::exchange(t.neighbour_ready, neighbours) != neighbours) {
    v4_.request_scan(t), v6_.request_scan(t);
  }
}

void HostPrograms::link_changed(IfIndex link) {
  for (MacVrfTable* t : {at(by_vxlan_, link), at(by_svi_, link)}) {
    if (t != nullptr) renew_ready(*t);
  }
}

void HostPrograms::link_gone(IfIndex link) {
  bool any = false;
  for (const auto& t : tables_) {
    if (!t || link == IfIndex{}) continue;
    MacVrfPorts left = t->ports;
    for (IfIndex* index : {&left.bridge, &left.vxlan, &left.svi}) {
      if (*index == link) *index = IfIndex{};
    }
    if (left == t->ports) continue;
    left.placed = false;
    const bool leaving = t->leaving;
    (void)move(*t, left, [](IfIndex) { return true; });
    t->leaving = leaving;
    any = true;
  }
  if (any) renew_index();
}

void HostPrograms::request_scan(MacVrfTable& t) {
  for_each([&t](auto& p) { p.request_scan(t); });
}
void HostPrograms::request_scan_all() {
  for_each([](auto& p) { p.request_scan_all(); });
}

void HostPrograms::allow_sweep() {
  request_scan_all();
  next_hops_.store().touch_all();
}

void HostPrograms::drop(MacVrfId id) {
  MacVrfTable* t = find(id);
  if (t != nullptr) for_each([t](auto& p) { p.drop(*t); });
}

void HostPrograms::drop_all() {
  for (const auto& t : tables_) {
    if (t) drop(t->id);
  }
}

// ---- desired ------------------------------------------------------------------------------------

void HostPrograms::apply(const L2Delta& delta) {
  constexpr std::size_t kAhead = 12;  // most of the time is waiting for memory
  for (const VtepSet& set : delta.sets) sets_.put(set);
  for (std::size_t i = 0; i < delta.macs.size(); ++i) {
    if (i + kAhead < delta.macs.size()) {
      const DesiredMac& next = delta.macs[i + kAhead];
      if (const MacVrfTable* t = find(next.mac_vrf)) t->macs.slots.prefetch(next.mac);
    }
    macs_.desire(make(delta.macs[i].mac_vrf), delta.macs[i]);
  }
  for (const DesiredNeighbour& n : delta.neighbours) {
    if (n.address.is_v4()) {
      v4_.desire(make(n.mac_vrf), n);
    } else {
      v6_.desire(make(n.mac_vrf), n);
    }
  }
  for (const DesiredFlood& flood : delta.floods) floods_.desire(make(flood.mac_vrf), flood);
  for (const VtepSetId id : delta.released_sets) sets_.release(id);
}

// ---- observed -----------------------------------------------------------------------------------

bool HostPrograms::observe(const Seen<Neighbour>& seen, TimePoint now) {
  MacVrfTable* t = at(by_svi_, seen.object.link);
  if (t == nullptr) return false;
  if (seen.object.address.is_v4()) {
    v4_.observe(*t, seen, now);
  } else {
    v6_.observe(*t, seen, now);
  }
  return true;
}

bool HostPrograms::observe(const Seen<FdbEntry>& seen, TimePoint now) {
  const FdbEntry& e = seen.object;
  MacVrfTable* t = e.self ? at(by_vxlan_, e.link) : at(by_bridge_, std::pair{e.master, e.vlan});
  if (t == nullptr) return false;
  if (e.mac.is_zero()) {
    if (e.self) floods_.observe(*t, seen, now);
  } else if (!e.mac.is_multicast()) {
    macs_.observe(*t, seen, now);
  }
  return true;
}

bool HostPrograms::observe(const Seen<NextHop>& seen, TimePoint now) {
  if (!FdbNextHops::concerns(seen.object)) return false;
  if (seen.gone) {
    next_hops_.lose(seen.object.id, now);
  } else {
    next_hops_.see(seen.object, seen.from_dump, now);
  }
  return true;
}

bool HostPrograms::acked(const Flight& flight, TimePoint now) {
  switch (flight.kind) {
    case FlightKind::kMacPut:
    case FlightKind::kMacErase:
      macs_.acked(flight, now);
      return true;
    case FlightKind::kHostNeighbourPut:
    case FlightKind::kHostNeighbourErase:
      flight.family == IpFamily::kIpv4 ? v4_.acked(flight) : v6_.acked(flight);
      return true;
    case FlightKind::kFloodPut:
    case FlightKind::kFloodErase:
      floods_.acked(flight);
      return true;
    case FlightKind::kFdbNextHop:
      next_hops_.store().acked(flight.index);
      return true;
    default:
      return false;
  }
}

bool HostPrograms::refused(const Flight& flight, int error, const std::string& text,
                           TimePoint now) {
  switch (flight.kind) {
    case FlightKind::kMacPut:
    case FlightKind::kMacErase:
      macs_.refused(flight, error, text, now);
      return true;
    case FlightKind::kHostNeighbourPut:
    case FlightKind::kHostNeighbourErase:
      flight.family == IpFamily::kIpv4 ? v4_.refused(flight, error, text, now)
                                       : v6_.refused(flight, error, text, now);
      return true;
    case FlightKind::kFloodPut:
    case FlightKind::kFloodErase:
      floods_.refused(flight, error, text, now);
      return true;
    case FlightKind::kFdbNextHop:
      next_hops_.store().refused(flight.index, error, text, now);
      return true;
    default:
      return false;
  }
}

// ---- dumps --------------------------------------------------------------------------------------

bool HostPrograms::may_begin_dump(DumpKind kind) {
  if (kind == DumpKind::kFdb) {
    const bool macs = macs_.may_begin_dump();
    return floods_.may_begin_dump() && macs;
  }
  if (kind == DumpKind::kNeighbours) {
    const bool v4 = v4_.may_begin_dump();
    return v6_.may_begin_dump() && v4;
  }
  return true;
}

void HostPrograms::begin_dump(DumpKind kind) {
  if (kind == DumpKind::kFdb) macs_.begin_dump(), floods_.begin_dump();
  if (kind == DumpKind::kNeighbours) v4_.begin_dump(), v6_.begin_dump();
  if (kind == DumpKind::kNextHops) next_hops_.store().begin_dump();
}

void HostPrograms::end_dump(DumpKind kind, TimePoint now) {
  if (kind == DumpKind::kFdb) macs_.end_dump(), floods_.end_dump();
  if (kind == DumpKind::kNeighbours) v4_.end_dump(), v6_.end_dump();
  if (kind == DumpKind::kNextHops) next_hops_.end_dump(now);
}

bool HostPrograms::marking() const {
  return any_of([](const auto& p) { return p.walking(); });
}

// ---- step ---------------------------------------------------------------------------------------

void HostPrograms::step_first(TimePoint now) {
  next_hops_.step_puts(now);
  if (next_hops_.take_changed()) sets_.retarget();
  if (next_hops_.take_lost()) macs_.request_scan_all();
  for (const MacVrfId id : sets_.take_scans()) {
    if (MacVrfTable* t = find(id)) macs_.request_scan(*t);
  }
  pace_ = {shared_.limits.reserve, shared_.limits.step_slots, 0};
  for_each([now](auto& p) { p.step_urgent(now); });
}

void HostPrograms::step(TimePoint now, std::size_t ops) {
  pace_ = {std::min(ops, shared_.limits.step_routes), shared_.limits.step_slots,
           shared_.limits.reserve};
  for_each([now](auto& p) { p.step(now); });
}

void HostPrograms::step_erases(TimePoint now) {
  next_hops_.step_erases(now);
  if (next_hops_.take_changed()) sets_.retarget();
}

bool HostPrograms::more_work() const {
  if (next_hops_.store().dirty() || sets_.dirty()) return true;
  if (any_of([](const auto& p) { return p.more_urgent(); })) return true;
  return shared_.ops.room() > shared_.limits.reserve &&
         any_of([](const auto& p) { return p.more_bulk(); });
}

bool HostPrograms::busy() const {
  return next_hops_.store().busy() || any_of([](const auto& p) { return p.busy(); });
}

Deadline HostPrograms::deadline() const {
  Deadline d = next_hops_.store().deadline();
  for_each([&d](const auto& p) { d = earliest(d, p.deadline()); });
  return d;
}

// ---- views --------------------------------------------------------------------------------------

StateCounts HostPrograms::counts(ObjectKind kind) const {
  StateCounts c;
  if (kind == ObjectKind::kMac) macs_.count(c);
  if (kind == ObjectKind::kHostNeighbour) v4_.count(c), v6_.count(c);
  if (kind == ObjectKind::kFlood) floods_.count(c);
  if (kind == ObjectKind::kFdbNextHop) c = next_hops_.store().counts();
  return c;
}

void HostPrograms::refusals(std::vector<Refusal>& out, std::size_t max) const {
  next_hops_.store().refusals(out, max);
  macs_.refusals(ObjectKind::kMac, out, max);
  v4_.refusals(ObjectKind::kHostNeighbour, out, max);
  v6_.refusals(ObjectKind::kHostNeighbour, out, max);
  floods_.refusals(ObjectKind::kFlood, out, max);
}

void HostPrograms::memory(MemoryParts& out) const {
  const auto& store = next_hops_.store();
  const std::size_t objects = store.index().size();
  out.push_back({"kernel macs", macs_.size(), macs_.octets()});
  out.push_back({"kernel host neighbours", v4_.size() + v6_.size(), v4_.octets() + v6_.octets()});
  out.push_back({"kernel floods", floods_.size(), floods_.octets()});
  out.push_back({"kernel vtep sets", sets_.size(), sets_.memory() + ways_.memory()});
  out.push_back({"kernel fdb next hops", objects,
                 objects * sizeof(FdbNextHops::Store::Entry) + node_octets(store.index())});
}

std::optional<HostEntryView> HostPrograms::mac(MacVrfId id, const MacAddress& mac) const {
  const MacVrfTable* t = find(id);
  const MacSlot* s = t == nullptr ? nullptr : t->macs.slots.find(mac);
  if (s == nullptr || (s->set == 0 && s->seen < kOddWay)) return std::nullopt;
  return macs_.view(*t, *s);
}

std::optional<HostEntryView> HostPrograms::neighbour(MacVrfId id, const IpAddress& a) const {
  const MacVrfTable* t = find(id);
  if (t == nullptr) return std::nullopt;
  const std::uint32_t ours = kHostWantRemote | kHostSeenOwn;
  if (a.is_v4()) {
    const NeighbourSlotV4* s = t->v4.slots.find(a);
    if (s != nullptr && (s->flags & ours) != 0) return v4_.view(*t, *s);
  } else {
    const NeighbourSlotV6* s = t->v6.slots.find(a);
    if (s != nullptr && (s->flags & ours) != 0) return v6_.view(*t, *s);
  }
  return std::nullopt;
}

}  // namespace perd::fib
