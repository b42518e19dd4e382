// Fib's views: what perctl and the metrics show. Read-only; a walk over a table at most.
#include <algorithm>

#include "fib/impl.h"

namespace perd::fib {
namespace {

template <class Store>
[[nodiscard]] MacAddress mac_of(const Store& neighbours, IfIndex link, const IpAddress& address) {
  const auto* e = neighbours.find({link, address});
  if (e == nullptr) return {};
  return e->want ? e->want->mac : e->seen ? e->seen->mac : MacAddress{};
}

template <class SlotT>
[[nodiscard]] RouteView view_of(const Fib::Impl& fib, const Table& t, const SlotT& s) {
  constexpr std::size_t family = SlotT::kFamily == IpFamily::kIpv4 ? 0 : 1;
  RouteView view;
  view.vrf = t.vrf.value_or(VrfId{});
  view.prefix = s.key();
  view.state = fib.programmer.state(s);
  if (s.observed != kNoToken && fib.tokens.alive(s.observed)) {
    view.next_hop_id = fib.tokens.at(s.observed).next_hop_id;
  }
  if (s.reason != 0) {
    view.error = fib.programmer.refusals().at(s.reason).error;
    view.reason = fib.programmer.refusals().at(s.reason).text;
  }
  if (s.set == 0) return view;
  view.set = fib.sets.id_of(s.set);
  for (const std::uint32_t id : fib.sets.members(s.set, family)) {
    const auto* e = fib.next_hops.store().find(id);
    if (e == nullptr || !e->want) continue;
    RouteHopView hop;
    hop.gateway = e->want->gateway.value_or(IpAddress{});
    hop.link = e->want->link;
    hop.link_name = fib.links.name(e->want->link);
    hop.next_hop_id = id;
    hop.router_mac = mac_of(fib.tunnels.neighbours(), hop.link, hop.gateway);
    for (const auto& tunnel : fib.sets.content(s.set).tunnels) {
      if (tunnel.vtep == hop.gateway || tunnel.vtep.to_v4_mapped() == hop.gateway) {
        hop.vni = tunnel.vni;
      }
    }
    view.hops.push_back(std::move(hop));
  }
  if (view.state == EntryState::kWaiting) {
    view.reason = t.id == TableId{}   ? "the VRF has no table yet"
                  : view.hops.empty() ? "no next hop resolves"
                                      : "its next hop is not in the kernel";
  }
  return view;
}

// Keeps the `max` least prefixes greater than `after`, as a heap.
template <class SlotT>
void select(const RouteTable<SlotT>& table, const std::optional<IpPrefix>& after, std::size_t max,
            std::vector<IpPrefix>& heap) {
  table.for_each([&](const SlotT& s) {
    if (s.set == 0) return;
    const IpPrefix p = s.key();
    if (after && p <= *after) return;
    if (heap.size() == max) {
      if (heap.front() <= p) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(p);
    std::push_heap(heap.begin(), heap.end());
  });
}

[[nodiscard]] std::size_t wanted_of(const Table& t) {
  std::size_t n = 0;
  for (const auto* lengths : {&t.v4.lengths, &t.v6.lengths}) {
    for (const std::uint32_t count : *lengths) n += count;
  }
  return n;
}

template <class Store>
[[nodiscard]] MemoryPart part_of(std::string name, const Store& store) {
  const std::size_t n = store.index().size();
  return {std::move(name), n, n * sizeof(typename Store::Entry) + node_octets(store.index())};
}

}  // namespace

StateCounts Fib::counts(ObjectKind kind) const {
  const Impl& f = *impl_;
  switch (kind) {
    case ObjectKind::kLink: {
      StateCounts c;
      c.pending = f.tasks.pending();
      c.refused = f.tasks.refused_count();
      for (const auto& [id, v] : f.devices.vrfs()) {
        for (const IfIndex i : {v.vrf, v.bridge, v.vxlan}) c.acked += i != IfIndex{} ? 1U : 0U;
      }
      for (const auto& [id, p] : f.mac_vrfs.ports()) {
        for (const IfIndex i : {p.bridge, p.vxlan}) c.acked += i != IfIndex{} ? 1U : 0U;
      }
      return c;
    }
    case ObjectKind::kAddress:
      return f.addresses.counts();
    case ObjectKind::kSysctl:
      return f.sysctls.counts();
    case ObjectKind::kRule:
      return f.rules.counts();
    case ObjectKind::kNeighbour:
      return f.tunnels.neighbours().counts();
    case ObjectKind::kFdb:
      return f.tunnels.fdb().counts();
    case ObjectKind::kNextHop:
      return f.next_hops.store().counts();
    case ObjectKind::kFixedRoute:
      return f.fixed.counts();
    case ObjectKind::kRouteV4:
    case ObjectKind::kRouteV6: {
      RouteCounts all;
      while (!all.done) f.programmer.count(all, f.shared.limits.step_slots);
      return kind == ObjectKind::kRouteV4 ? all.v4 : all.v6;
    }
    case ObjectKind::kMac:
    case ObjectKind::kHostNeighbour:
    case ObjectKind::kFlood:
    case ObjectKind::kFdbNextHop:
      return f.hosts.counts(kind);
  }
  return {};
}

std::vector<MacVrfDeviceView> Fib::mac_vrf_devices() const {
  const Impl& f = *impl_;
  std::vector<MacVrfDeviceView> out = f.mac_vrfs.views();
  for (auto& view : out) {
    for (const IfIndex port : f.mac_vrfs.mac_vrfs().at(view.mac_vrf).ports.local) {
      const auto* ear = f.local_hosts.ears().find(port);
      if (ear == nullptr || ear->error == 0) continue;
      view.notes.push_back("hosts at " + f.links.name(port) + " are not heard: " + ear->text);
    }
  }
  return out;
}
std::optional<HostEntryView> Fib::mac(MacVrfId id, const MacAddress& mac) const {
  return impl_->hosts.mac(id, mac);
}
std::optional<HostEntryView> Fib::neighbour(MacVrfId id, const IpAddress& a) const {
  return impl_->hosts.neighbour(id, a);
}
std::string Fib::port_name(std::uint32_t port) const {
  const Link* l = impl_->links.find(IfIndex{port});
  return l != nullptr ? l->name : std::string{};
}

void Fib::count_routes(RouteCounts& counts, std::size_t budget) const {
  impl_->programmer.count(counts, budget);
}

std::vector<Refusal> Fib::refusals(std::size_t max) const {
  const Impl& f = *impl_;
  std::vector<Refusal> out;
  f.tasks.refusals(out, max);
  f.addresses.refusals(out, max);
  f.sysctls.refusals(out, max);
  f.rules.refusals(out, max);
  f.local_hosts.ears().refusals(out, max);
  f.tunnels.neighbours().refusals(out, max);
  f.tunnels.fdb().refusals(out, max);
  f.next_hops.store().refusals(out, max);
  f.fixed.refusals(out, max);
  f.hosts.refusals(out, max);
  for (const auto& reason : f.programmer.refusals().all()) {
    if (out.size() >= max) break;
    if (reason.count == 0) continue;
    const Table& t = *f.tables.all()[reason.table];
    Refusal r;
    r.kind = reason.family == IpFamily::kIpv4 ? ObjectKind::kRouteV4 : ObjectKind::kRouteV6;
    r.what = reason.keys.empty() ? "routes" : "route " + to_string(reason.keys.front());
    r.what += " table " + std::to_string(t.id.value);
    r.error = reason.error;
    r.text = reason.text;
    r.count = reason.count;
    r.attempts = reason.attempts;
    if (reason.armed) r.retry_at = reason.due;
    out.push_back(std::move(r));
  }
  return out;
}

std::optional<RouteView> Fib::route(VrfId vrf, const IpPrefix& prefix) const {
  const Table* t = impl_->tables.of(vrf);
  if (t == nullptr) return std::nullopt;
  if (prefix.is_v4()) {
    const SlotV4* s = t->v4.routes.find(prefix);
    if (s != nullptr) return view_of(*impl_, *t, *s);
  } else {
    const SlotV6* s = t->v6.routes.find(prefix);
    if (s != nullptr) return view_of(*impl_, *t, *s);
  }
  return std::nullopt;
}

std::vector<RouteView> Fib::routes(VrfId vrf, const std::optional<IpPrefix>& after,
                                   std::size_t max) const {
  std::vector<RouteView> out;
  const Table* t = impl_->tables.of(vrf);
  if (t == nullptr || max == 0) return out;
  std::vector<IpPrefix> heap;
  if (!after || after->is_v4()) select(t->v4.routes, after, max, heap);
  if (heap.size() < max) select(t->v6.routes, after, max, heap);
  std::sort_heap(heap.begin(), heap.end());
  out.reserve(heap.size());
  for (const IpPrefix& p : heap) {
    if (auto view = route(vrf, p)) out.push_back(std::move(*view));
  }
  return out;
}

std::vector<VrfDeviceView> Fib::vrf_devices() const { return impl_->devices.views(); }

std::size_t Fib::route_count(VrfId vrf) const {
  const Table* t = impl_->tables.of(vrf);
  return t == nullptr ? 0 : wanted_of(*t);
}

std::size_t Fib::in_flight() const { return impl_->shared.ops.in_flight(); }

std::size_t Fib::route_octets() const {
  std::size_t n = 0;
  for (const auto& t : impl_->tables.all()) n += t->v4.routes.octets() + t->v6.routes.octets();
  return n;
}

MemoryParts Fib::memory() const {
  const Impl& f = *impl_;
  MemoryParts out;
  std::size_t queued = 0;
  std::size_t queues = 0;
  for (const auto& t : f.tables.all()) {
    const std::string name = t->id == TableId{} ? "kernel table of a VRF to come"
                                                : "kernel table " + std::to_string(t->id.value);
    out.push_back({name + " ipv4", t->v4.routes.size(), t->v4.routes.octets()});
    out.push_back({name + " ipv6", t->v6.routes.size(), t->v6.routes.octets()});
    for (const auto* list : {&t->v4.queue, &t->v4.work, &t->v4.urgent, &t->v4.suspects,
                             &t->v6.queue, &t->v6.work, &t->v6.urgent, &t->v6.suspects}) {
      queued += list->size();
      queues += vector_octets(*list);
    }
  }
  out.push_back({"kernel route queues", queued, queues});
  out.push_back({"kernel foreign routes", f.foreign.all().size(), node_octets(f.foreign.all())});
  out.push_back({"kernel next-hop sets", f.sets.size(), f.sets.memory()});
  out.push_back(part_of("kernel next hops", f.next_hops.store()));
  out.push_back({"kernel next-hop tokens", f.tokens.size(), f.tokens.memory()});
  out.push_back(part_of("kernel neighbours", f.tunnels.neighbours()));
  out.push_back(part_of("kernel fdb", f.tunnels.fdb()));
  out.push_back(part_of("kernel fixed routes", f.fixed));
  out.push_back(part_of("kernel addresses", f.addresses));
  out.push_back(part_of("kernel rules", f.rules));
  out.push_back(part_of("kernel sysctls", f.sysctls));
  f.hosts.memory(out);
  f.local_hosts.memory(out);
  out.push_back({"kernel operations", f.shared.ops.in_flight(), f.shared.ops.memory()});
  return out;
}

bool Fib::sweep_allowed() const { return impl_->shared.sweep_allowed; }

}  // namespace perd::fib
