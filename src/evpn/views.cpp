// What perctl is told: counts, VTEPs, pages of a VRF's prefixes, one prefix with its candidates.
#include <algorithm>
#include <string>

#include "evpn/engine.h"
#include "evpn/state.h"

namespace perd::evpn {
namespace {

PrefixView basic_view(const NextHops& next_hops, const CandidatePool& pool, const IpPrefix& prefix,
                      const PrefixState& state) {
  PrefixView v;
  v.prefix = prefix;
  v.connected = state.has(PrefixState::kConnected);
  v.static_route = state.has(PrefixState::kStatic);
  v.kernel = state.has(PrefixState::kKernel);
  v.host = state.has(PrefixState::kHost);
  v.network = state.has(PrefixState::kNetwork);
  v.originated = state.has(PrefixState::kOriginated);
  v.set = state.set;
  if (state.set != 0) v.hops = next_hops.tunnels(state.set);
  v.candidate_count = pool.count(state.paths);
  return v;
}

// The `limit` smallest prefixes of one table that come after `after`, ascending.
template <class Slot>
void smallest_after(const PrefixTable<Slot>& table, const std::optional<IpPrefix>& after,
                    std::size_t limit, std::vector<IpPrefix>& out) {
  const std::size_t first = out.size();
  const auto begin = [&out, first] { return out.begin() + static_cast<std::ptrdiff_t>(first); };
  table.for_each([&](const Slot& slot) {
    const IpPrefix p = slot.prefix();
    if (after && p <= *after) return;
    if (out.size() - first == limit) {
      if (!(p < *begin())) return;
      std::pop_heap(begin(), out.end());
      out.pop_back();
    }
    out.push_back(p);
    std::push_heap(begin(), out.end());
  });
  std::sort_heap(begin(), out.end());
}

}  // namespace

std::vector<VrfView> Engine::vrfs() const {
  std::vector<VrfView> out;
  for (const auto& p : state_->vrfs) {
    if (p == nullptr || p->removed) continue;
    const VrfTable& v = *p;
    VrfView w;
    w.id = v.settings.id;
    w.name = v.settings.name;
    w.vni = v.settings.vni;
    w.up = v.device.up;
    w.problem = v.device.problem;
    w.router_mac = v.device.router_mac;
    w.vtep = v.vtep();
    w.prefixes_v4 = static_cast<std::uint32_t>(v.v4.size());
    w.prefixes_v6 = static_cast<std::uint32_t>(v.v6.size());
    w.remote_paths = v.remote_paths;
    w.local_prefixes = v.local_prefixes;
    w.desired = v.desired;
    w.originated = v.originated;
    out.push_back(std::move(w));
  }
  return out;
}

std::vector<VtepView> Engine::vteps() const { return state_->next_hops.view(); }

Counters Engine::counters() const {
  const State& s = *state_;
  Counters c;
  c.routes = s.refusals;
  for (ClassId type = 1; type <= kIgnoredTypes; ++type)
    c.ignored_types[type] = s.cache.routes(type);
  c.unknown_vrf_news = s.unknown_vrf_news;
  c.import_classes = static_cast<std::uint32_t>(s.cache.classes());
  c.next_hop_sets = static_cast<std::uint32_t>(s.next_hops.sets());
  return c;
}

MemoryParts Engine::memory() const {
  const State& s = *state_;
  MemoryParts out;
  for (const auto& v : s.vrfs) {
    if (v == nullptr) continue;
    const std::string name = "vrf " + v->settings.name;
    out.push_back({name + " ipv4 prefixes", v->v4.size(), v->v4.memory()});
    out.push_back({name + " ipv6 prefixes", v->v6.size(), v->v6.memory()});
  }
  out.push_back({"evpn candidates", s.candidates.nodes(), s.candidates.memory()});
  out.push_back({"evpn memberships", s.memberships.size(), s.memberships.memory()});
  out.push_back({"evpn groups", s.groups.used(), s.groups.memory()});
  out.push_back({"evpn import cache", s.cache.classes(), s.cache.memory()});
  out.push_back({"evpn next-hop sets", s.next_hops.sets(), s.next_hops.memory()});
  out.push_back({"evpn pending", s.pending.size(), s.pending.size() * sizeof(State::Pending)});
  out.push_back({"evpn outputs", s.delta.routes.size() + s.originations.size(),
                 vector_octets(s.delta.routes) + vector_octets(s.delta.sets) +
                     vector_octets(s.delta.released_sets) + vector_octets(s.originations) +
                     vector_octets(s.events)});
  return out;
}

std::size_t Engine::table_octets() const {
  const State& s = *state_;
  std::size_t octets = s.candidates.memory() + s.memberships.memory();
  for (const auto& v : s.vrfs) octets += v == nullptr ? 0 : v->v4.memory() + v->v6.memory();
  return octets;
}

std::optional<PrefixView> Engine::lookup(const EvpnTable& table, VrfId id,
                                         const IpPrefix& prefix) const {
  const State& s = *state_;
  const VrfTable* v = s.vrf(id);
  const PrefixState* state = v == nullptr ? nullptr : v->find(prefix);
  if (state == nullptr) return std::nullopt;
  PrefixView out = basic_view(s.next_hops, s.candidates, prefix, *state);
  Choice choice;
  s.compete(table, *v, *state, choice);
  for (std::uint32_t i = 0; i < choice.contenders.size(); ++i) {
    const Contender& x = choice.contenders[i];
    CandidateView c;
    c.route = x.route;
    c.key = x.key;
    c.peer = x.path.peer;
    c.next_hop = s.attributes.get(x.path.attrs).next_hop().value_or(IpAddress{});
    c.best = choice.order.front() == i;
    c.chosen = std::find(choice.used.begin(), choice.used.end(), i) != choice.used.end();
    c.reason = rib::to_string(choice.reasons[i]);
    out.candidates.push_back(std::move(c));
  }
  return out;
}

std::vector<PrefixView> Engine::page(VrfId id, const std::optional<IpPrefix>& after,
                                     std::size_t limit) const {
  const State& s = *state_;
  std::vector<PrefixView> out;
  const VrfTable* v = s.vrf(id);
  if (v == nullptr || limit == 0) return out;
  std::vector<IpPrefix> prefixes;
  if (!after || after->is_v4()) smallest_after(v->v4, after, limit, prefixes);
  if (prefixes.size() < limit) smallest_after(v->v6, after, limit - prefixes.size(), prefixes);
  out.reserve(prefixes.size());
  for (const IpPrefix& p : prefixes) {
    out.push_back(basic_view(s.next_hops, s.candidates, p, *v->find(p)));
  }
  return out;
}

}  // namespace perd::evpn
