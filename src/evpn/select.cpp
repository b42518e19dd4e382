// The choice among the candidates of a prefix: routes of different RDs meet here, so this is the
// second contest after the RIB's own (which decides among the paths of one route), by the same
// rules.
#include <algorithm>
#include <limits>

#include "evpn/state.h"

namespace perd::evpn {

void Choice::clear() {
  contenders.clear();
  reasons.clear();
  order.clear();
  equal = 0;
  used.clear();
  hops.clear();
  candidates.clear();
}

namespace {

MacMobility mobility_of(std::span<const ExtendedCommunity> communities) {
  for (const auto& c : communities) {
    if (const auto m = as_mac_mobility(c)) return *m;
  }
  return {};  // RFC 7432 15: without the community the sequence is 0
}

// The place that counts of two that claim one host. RFC 7432 15.2: a static one before others; 15:
// the higher sequence, then the lower VTEP. RFC 9135 7 has the same hold for the host's address.
rib::Reason falls_to(const Contender& a, const Contender& winner) {
  if (a.mobility != winner.mobility) return rib::Reason::kMacMobility;
  const EthernetSegmentId esi = winner.path.esi();
  if (!esi.is_zero() && a.path.esi() == esi) return rib::Reason::kNone;  // at several places: 8.4
  return a.vtep == winner.vtep ? rib::Reason::kNone : rib::Reason::kVtepAddress;
}

bool is_before(const Contender& a, const Contender& b) {
  if (a.mobility.sticky != b.mobility.sticky) return a.mobility.sticky;
  if (a.mobility.sequence != b.mobility.sequence) return a.mobility.sequence > b.mobility.sequence;
  return a.vtep < b.vtep;
}

}  // namespace

void Choice::judge_mobility(const rib::AttributeStore& attributes) {
  const Contender* winner = nullptr;
  const auto competes = [this](std::size_t i) {
    return contenders[i].host() && rib::is_candidate(candidates[i].rejected);
  };
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (!competes(i)) continue;
    Contender& x = contenders[i];
    const rib::AttributeSet& set = attributes.get(x.path.attrs);
    x.mobility = mobility_of(set.extended_communities());
    x.vtep = set.next_hop().value_or(IpAddress{});
    if (winner == nullptr || is_before(x, *winner)) winner = &x;
  }
  if (winner == nullptr) return;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (competes(i)) candidates[i].rejected = falls_to(contenders[i], *winner);
  }
}

// Adds the hops of a route in this VRF, `limit` in all at most; true when one of its hops is in the
// set afterwards.
bool Engine::State::add_hops(Membership m, VrfId vrf, unsigned limit,
                             std::vector<Hop>& hops) const {
  bool in = false;
  const auto add = [&](ClassId id) {
    const Import& import = cache.import(id);
    for (const ImportTarget& target : import.targets) {
      if (target.vrf != vrf) continue;
      const Hop hop = import.hop(target);
      const bool known = std::find(hops.begin(), hops.end(), hop) != hops.end();
      if (!known && hops.size() < limit) hops.push_back(hop);
      in = in || known || (!hops.empty() && hops.back() == hop);
    }
  };
  if ((m & kGroup) == 0) {
    add(m);
  } else {
    for (const ClassId id : groups[m & ~kGroup].classes) add(id);
  }
  return in;
}

void Engine::State::compete(const EvpnTable& table, const VrfTable& vrf, const PrefixState& state,
                            Choice& c) const {
  c.clear();
  candidates.for_each(state.paths, [&](rib::RouteId route) {
    // A path that was withdrawn a moment ago is no contender; the RIB will say so by itself.
    if (const auto best = table.best(route))
      c.contenders.push_back({route, table.key(route), *best});
  });
  // By key, so that a tie is broken by it and by nothing that depends on the order of arrival.
  std::sort(c.contenders.begin(), c.contenders.end(),
            [](const Contender& a, const Contender& b) { return a.key < b.key; });
  const std::size_t n = c.contenders.size();
  for (const Contender& x : c.contenders) {
    c.candidates.push_back(
        rib::make_candidate(decision, x.path.attrs, x.path.peer, x.path.path_id));
  }
  c.judge_mobility(attributes);
  c.reasons.resize(n);
  c.order.resize(n);
  // All equals are wanted: several routes may lead to one VTEP, and the limit is one of VTEPs.
  const rib::DecisionOptions all{std::numeric_limits<std::uint16_t>::max()};
  c.equal = rib::select(c.candidates, all, c.reasons, c.order).used;
  for (std::size_t i = 0; i < c.equal; ++i) {
    const std::uint32_t at = c.order[i];
    if (add_hops(memberships.get(c.contenders[at].route), vrf.settings.id, node.multipath,
                 c.hops)) {
      c.used.push_back(at);
    }
  }
}

bool Engine::State::is_contest(const VrfTable& vrf, const PrefixState& state) {
  // Otherwise the device is not there, or the kernel has a better route of its own.
  return vrf.imports() && !state.has(PrefixState::kLocal) && CandidatePool::is_list(state.paths);
}

NextHopSetId Engine::State::choose(const EvpnTable* table, VrfTable& vrf,
                                   const PrefixState& state) {
  if (!vrf.imports() || state.has(PrefixState::kLocal) || state.paths == 0) return 0;
  if (CandidatePool::is_list(state.paths)) {
    PERD_ASSERT(table != nullptr);
    compete(*table, vrf, state, choice);
  } else {
    const Membership m = memberships.get(state.paths);
    if ((m & kGroup) == 0) {
      Import& import = cache.import(m);
      ImportTarget& target = *import.target(vrf.settings.id);
      target.last_set = next_hops.intern_single(import.hop(target), target.last_set);
      return target.last_set;
    }
    choice.clear();
    (void)add_hops(m, vrf.settings.id, node.multipath, choice.hops);
  }
  return choice.hops.empty() ? 0 : next_hops.intern(choice.hops);
}

void Engine::State::decide(const EvpnTable* table, VrfTable& vrf, const IpPrefix& prefix,
                           PrefixState& state) {
  state.assign(PrefixState::kPending, false);
  set_desired(vrf, prefix, state, choose(table, vrf, state));
}

void Engine::State::set_desired(VrfTable& vrf, const IpPrefix& prefix, PrefixState& state,
                                NextHopSetId set) {
  if (state.set == set) return;
  if (set != 0) next_hops.use(set);
  if (state.set != 0) next_hops.drop(state.set);
  vrf.desired = vrf.desired + (set != 0 ? 1U : 0U) - (state.set != 0 ? 1U : 0U);
  state.set = set;
  delta.routes.push_back({vrf.settings.id, prefix, set, urgent});
}

}  // namespace perd::evpn
