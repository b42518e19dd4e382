// What perctl is told: MAC-VRFs, pages of MACs and addresses, VTEPs, segments, counters, memory.
#include <algorithm>
#include <map>

#include "evpn/l2/l2_state.h"

namespace perd::evpn {
namespace {

// Keeps the `limit` smallest that come after `after` in a heap.
template <class T>
void offer(std::vector<T>& heap, const std::optional<T>& after, std::size_t limit, const T& item) {
  if (after && item <= *after) return;
  if (heap.size() == limit) {
    if (!(item < heap.front())) return;
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
  }
  heap.push_back(item);
  std::push_heap(heap.begin(), heap.end());
}

template <class F>
void for_each_neighbour(const MacVrf& mv, F&& f) {
  mv.v4.for_each([&](const NeighbourV4& slot) { f(slot.address(), slot.state); });
  mv.v6.for_each([&](const NeighbourV6& slot) { f(slot.address(), slot.state); });
}

}  // namespace

MacView L2Engine::State::view_of(const MacVrf& mv, const MacSlot& slot) const {
  MacView v;
  v.mac = slot.mac;
  v.remote_sequence = greatest_sequence(slot);
  mac_candidates.for_each(slot, [&](L2ImportId, std::uint32_t routes) { v.candidates += routes; });
  if (slot.host != 0) {
    const Host& host = hosts.host(slot.host);
    v.port = host.port;
    v.frozen = host.has(Host::kFrozen);
    v.moves = host.moves;
    if (host.has(Host::kClaimed)) {
      v.place = HostPlace::kLocal;
      v.sequence = host.sequence;
      v.sticky = host.has(Host::kSticky);
      hosts.for_each_binding(
          host, [&](const Binding& b) { v.probing = v.probing || b.watch != Watch::kIdle; });
      return v;
    }
  }
  const L2ImportId best = best_import(mv, slot);
  if (best == 0) return v;
  const L2Verdict& remote = cache.import(best).verdict;
  v.place = HostPlace::kRemote;
  const auto vteps = sets.vteps(cache.import(best).set_of(mv.settings.id));
  v.vteps.assign(vteps.begin(), vteps.end());
  v.esi = remote.esi;
  v.sequence = remote.sequence;
  v.sticky = remote.sticky;
  v.default_gateway = remote.gateway;
  return v;
}

// The MAC an address is bound to, here or elsewhere; zero when to none.
MacAddress L2Engine::State::mac_of(const MacVrf& mv, const IpAddress& address,
                                   const NeighbourState& state) const {
  if (state.binding != 0) {
    const Host& host = hosts.host_of(hosts.binding(state.binding));
    if (host.has(Host::kClaimed)) return host.mac;
  }
  return mv.is_gateway(address) ? MacAddress{} : best_claim(mv, state).mac;
}

NeighbourView L2Engine::State::view_of(const MacVrf& mv, const IpAddress& address,
                                       const NeighbourState& state) const {
  NeighbourView v;
  v.address = address;
  if (state.binding != 0) {
    const Binding& b = hosts.binding(state.binding);
    const Host& host = hosts.host_of(b);
    if (host.has(Host::kClaimed)) {
      v.mac = host.mac;
      v.place = HostPlace::kLocal;
      v.sequence = host.sequence;
      v.router = b.router;
      v.permanent = b.permanent;
      v.probing = b.watch != Watch::kIdle;
      return v;
    }
  }
  const Claim claim = mv.is_gateway(address) ? Claim{} : best_claim(mv, state);
  if (claim.class_id == 0) return v;
  const L2Verdict& remote = cache.of_class(claim.class_id).verdict;
  v.mac = claim.mac;
  v.place = HostPlace::kRemote;
  v.vtep = remote.vtep;
  v.sequence = remote.sequence;
  v.router = cache.router(claim.class_id);
  return v;
}

std::vector<MacVrfView> L2Engine::mac_vrfs() const {
  std::vector<MacVrfView> out;
  for (const auto& p : state_->mac_vrfs) {
    if (p == nullptr || p->removed) continue;
    const MacVrf& mv = *p;
    MacVrfView v;
    v.id = mv.settings.id;
    v.name = mv.settings.name;
    v.vni = mv.settings.vni;
    v.vrf = mv.settings.vrf;
    v.up = mv.device.up;
    v.problem = mv.device.problem;
    v.vtep = mv.vtep();
    v.local_macs = mv.local_macs;
    v.remote_macs = mv.remote_macs;
    v.local_neighbours = mv.local_neighbours;
    v.remote_neighbours = mv.remote_neighbours;
    v.frozen_macs = mv.frozen;
    v.originated = mv.originated;
    for (const FloodEntry& e : mv.flood) v.flood.push_back(e.vtep);
    out.push_back(std::move(v));
  }
  std::sort(out.begin(), out.end(), [](const MacVrfView& a, const MacVrfView& b) {
    return a.vni != b.vni ? a.vni < b.vni : a.id < b.id;
  });
  return out;
}

std::vector<MacView> L2Engine::macs(MacVrfId id, const std::optional<MacAddress>& after,
                                    std::size_t limit) const {
  const State& s = *state_;
  const MacVrf* const mv = s.mac_vrf(id);
  std::vector<MacView> out;
  if (mv == nullptr || limit == 0) return out;
  std::vector<MacAddress> page;
  mv->macs.for_each([&](const MacSlot& slot) { offer(page, after, limit, slot.mac); });
  std::sort_heap(page.begin(), page.end());
  out.reserve(page.size());
  for (const MacAddress& mac : page) {
    out.push_back(s.view_of(*mv, *mv->macs.find(MacSlot::of(mac))));
  }
  for_each_neighbour(*mv, [&](const IpAddress& address, const NeighbourState& state) {
    const MacAddress mac = s.mac_of(*mv, address, state);
    const auto it = std::lower_bound(page.begin(), page.end(), mac);
    if (it == page.end() || *it != mac) return;
    ++out[static_cast<std::size_t>(it - page.begin())].address_count;
  });
  return out;
}

std::optional<MacView> L2Engine::mac(const EvpnTable&, MacVrfId id, const MacAddress& mac) const {
  const State& s = *state_;
  const MacVrf* const mv = s.mac_vrf(id);
  const MacSlot* const slot = mv == nullptr ? nullptr : mv->macs.find(MacSlot::of(mac));
  if (slot == nullptr) return std::nullopt;
  MacView v = s.view_of(*mv, *slot);
  for_each_neighbour(*mv, [&](const IpAddress& address, const NeighbourState& state) {
    if (s.mac_of(*mv, address, state) == mac) v.addresses.push_back(address);
  });
  std::sort(v.addresses.begin(), v.addresses.end());
  v.address_count = static_cast<std::uint32_t>(v.addresses.size());
  return v;
}

std::vector<NeighbourView> L2Engine::neighbours(MacVrfId id, const std::optional<IpAddress>& after,
                                                std::size_t limit) const {
  const State& s = *state_;
  const MacVrf* const mv = s.mac_vrf(id);
  std::vector<NeighbourView> out;
  if (mv == nullptr || limit == 0) return out;
  std::vector<IpAddress> page;
  for_each_neighbour(*mv, [&](const IpAddress& address, const NeighbourState&) {
    offer(page, after, limit, address);
  });
  std::sort_heap(page.begin(), page.end());
  out.reserve(page.size());
  for (const IpAddress& a : page) out.push_back(s.view_of(*mv, a, *mv->find(a)));
  return out;
}

std::vector<L2VtepView> L2Engine::vteps() const {
  std::map<IpAddress, L2VtepView> by_address;
  state_->sets.for_each_user(
      [&](const IpAddress& vtep, std::uint32_t macs) { by_address[vtep].macs += macs; });
  for (const auto& mv : state_->mac_vrfs) {
    if (mv == nullptr || mv->removed) continue;
    for (const FloodEntry& e : mv->flood) by_address[e.vtep].flood.push_back(mv->settings.vni);
  }
  std::vector<L2VtepView> out;
  for (auto& [address, view] : by_address) {
    view.address = address;
    std::sort(view.flood.begin(), view.flood.end());
    out.push_back(std::move(view));
  }
  return out;
}

std::vector<EthernetSegmentView> L2Engine::ethernet_segments() const {
  return state_->sets.segments();
}

L2Counters L2Engine::counters() const {
  L2Counters c = state_->counters;
  c.vtep_sets = static_cast<std::uint32_t>(state_->sets.in_use());
  return c;
}

MemoryParts L2Engine::memory() const {
  const State& s = *state_;
  MemoryParts out;
  for (const auto& mv : s.mac_vrfs) {
    if (mv == nullptr) continue;
    const std::string name = "mac-vrf " + mv->settings.name;
    out.push_back({name + " macs", mv->macs.size(), mv->macs.memory()});
    out.push_back({name + " ipv4 neighbours", mv->v4.size(), mv->v4.memory()});
    out.push_back({name + " ipv6 neighbours", mv->v6.size(), mv->v6.memory()});
  }
  out.push_back({"l2 candidates", s.mac_candidates.nodes() + s.neighbour_candidates.nodes(),
                 s.mac_candidates.memory() + s.neighbour_candidates.memory()});
  out.push_back({"l2 memberships", s.memberships.size(), s.memberships.memory()});
  out.push_back({"l2 import cache", s.cache.classes(), s.cache.memory()});
  out.push_back({"l2 vtep sets", s.sets.in_use(), s.sets.memory()});
  out.push_back({"l2 local hosts", s.hosts.hosts() + s.hosts.bindings(), s.hosts.memory()});
  out.push_back({"l2 deadlines", s.deadlines.size() + s.probes.size(),
                 s.deadlines.memory() + s.probes.size() * sizeof(State::ProbeRef)});
  out.push_back({"l2 outputs", s.delta.macs.size() + s.delta.neighbours.size(),
                 vector_octets(s.delta.sets) + vector_octets(s.delta.macs) +
                     vector_octets(s.delta.neighbours) + vector_octets(s.delta.floods) +
                     vector_octets(s.delta.messages) + vector_octets(s.originations) +
                     vector_octets(s.host_routes) + vector_octets(s.events) +
                     vector_octets(s.macs) + vector_octets(s.addresses)});
  return out;
}

std::size_t L2Engine::table_octets() const {
  const State& s = *state_;
  std::size_t octets = s.mac_candidates.memory() + s.neighbour_candidates.memory() +
                       s.memberships.memory() + s.hosts.memory();
  for (const auto& mv : s.mac_vrfs) {
    if (mv != nullptr) octets += mv->macs.memory() + mv->v4.memory() + mv->v6.memory();
  }
  return octets;
}

}  // namespace perd::evpn
