#include "bgp/rib/decision.h"

#include <algorithm>
#include <array>

#include "perd/assert.h"

namespace perd::rib {
namespace {

using Order = std::strong_ordering;

// Each step: less when `a` is better. `bigger` and `smaller` name what wins.
template <class T>
Order bigger(const T& a, const T& b) {
  return b <=> a;
}
template <class T>
Order smaller(const T& a, const T& b) {
  return a <=> b;
}

// 1. A path of perd itself before all learned ones (RFC 4271 9.1.1 leaves the degree of preference
// of
//    local routes to the implementation; FRR gives them weight 32768).
Order local_origin(const Candidate& a, const Candidate& b) { return bigger(a.local, b.local); }
// 2. RFC 4271 9.1.1: the higher degree of preference.
Order local_pref(const Candidate& a, const Candidate& b) {
  return bigger(a.local_pref, b.local_pref);
}
// 3. RFC 4271 9.1.2.2 a.
Order as_path_length(const Candidate& a, const Candidate& b) {
  return smaller(a.as_path_length, b.as_path_length);
}
// 4. RFC 4271 9.1.2.2 b.
Order origin(const Candidate& a, const Candidate& b) { return smaller(a.origin, b.origin); }
// 5. RFC 4271 9.1.2.2 c: only between paths of the same neighbouring AS; a missing MED is 0. Paths
// that
//    begin in the own AS (empty AS_PATH) form one group.
Order med(const Candidate& a, const Candidate& b) {
  if (a.neighbor_as != b.neighbor_as) return Order::equal;
  return smaller(a.med, b.med);
}
// 6. RFC 4271 9.1.2.2 d.
Order external(const Candidate& a, const Candidate& b) { return bigger(a.ebgp, b.ebgp); }
// 7. RFC 4271 9.1.2.2 e.
Order igp_metric(const Candidate& a, const Candidate& b) {
  return smaller(a.igp_metric, b.igp_metric);
}
// 8. RFC 4271 9.1.2.2 f, with RFC 4456 9: ORIGINATOR_ID in place of the router-id.
Order router_id(const Candidate& a, const Candidate& b) {
  return smaller(a.router_id, b.router_id);
}
// 9. RFC 4456 9.
Order cluster_list(const Candidate& a, const Candidate& b) {
  return smaller(a.cluster_list_length, b.cluster_list_length);
}
// 10. RFC 4271 9.1.2.2 g.
Order peer_address(const Candidate& a, const Candidate& b) {
  return smaller(a.peer_address, b.peer_address);
}
// 11. RFC 7911 5 asks for a deterministic choice among the paths of one peer.
Order path_id(const Candidate& a, const Candidate& b) { return smaller(a.path_id, b.path_id); }

struct Step {
  Order (*compare)(const Candidate&, const Candidate&);
  Reason reason;
};
constexpr std::array<Step, 7> kWorthSteps = {{
    {local_origin, Reason::kLocalOrigin},
    {local_pref, Reason::kLocalPref},
    {as_path_length, Reason::kAsPathLength},
    {origin, Reason::kOrigin},
    {med, Reason::kMed},
    {external, Reason::kEbgp},
    {igp_metric, Reason::kIgpMetric},
}};
constexpr std::array<Step, 4> kTieSteps = {{
    {router_id, Reason::kRouterId},
    {cluster_list, Reason::kClusterList},
    {peer_address, Reason::kPeerAddress},
    {path_id, Reason::kPathId},
}};

template <std::size_t N>
Comparison first_difference(const std::array<Step, N>& steps, const Candidate& a,
                            const Candidate& b) {
  for (const Step& step : steps) {
    const Order order = step.compare(a, b);
    if (order != Order::equal) return {order, step.reason};
  }
  return {};
}

// Of the candidates named in `left`, keeps those that no other one beats at this step. MED is no
// order over all of them, so each is held against each; other steps need only the best one.
void eliminate(const Step& step, std::span<const Candidate> all, std::span<Reason> reasons,
               std::span<std::uint32_t> left, std::size_t& count) {
  const auto alive = left.first(count);
  if (step.compare == med) {
    for (const std::uint32_t i : alive) {
      const bool beaten = std::any_of(alive.begin(), alive.end(), [&](std::uint32_t j) {
        return med(all[j], all[i]) == Order::less;
      });
      if (beaten) reasons[i] = step.reason;
    }
  } else {
    std::uint32_t best = alive[0];
    for (const std::uint32_t i : alive) {
      if (step.compare(all[i], all[best]) == Order::less) best = i;
    }
    for (const std::uint32_t i : alive) {
      if (step.compare(all[best], all[i]) == Order::less) reasons[i] = step.reason;
    }
  }
  const auto end = std::remove_if(alive.begin(), alive.end(),
                                  [&](std::uint32_t i) { return reasons[i] != Reason::kNone; });
  count = static_cast<std::size_t>(end - alive.begin());
}

// Behind the used ones: everybody else as they came.
void append_losers(std::span<const Reason> reasons, std::size_t used,
                   std::span<std::uint32_t> order, std::span<const std::uint32_t> winners) {
  std::size_t at = used;
  for (std::uint32_t i = 0; i < reasons.size(); ++i) {
    if (std::find(winners.begin(), winners.end(), i) == winners.end()) order[at++] = i;
  }
}

}  // namespace

Candidate make_candidate(const DecisionContext& context, AttrId attributes, PeerId peer,
                         std::uint32_t path_id, Reason rejected) {
  const AttributeSet& set = context.attributes.get(attributes);
  const PeerInfo& info = context.peers.get(peer);
  Candidate c;
  c.rejected = rejected;
  c.local = peer == kLocalPeer;
  c.ebgp = info.ebgp && !c.local;
  c.origin = set.origin();
  c.local_pref = set.local_pref().value_or(kDefaultLocalPref);
  c.as_path_length = static_cast<std::uint32_t>(set.as_path_length());
  c.neighbor_as = set.neighbor_as().value_or(Asn{}).value;
  c.med = set.med().value_or(0);
  c.router_id = set.originator_id().value_or(info.router_id);
  c.cluster_list_length = static_cast<std::uint32_t>(set.cluster_list_length());
  c.peer_address = info.address;
  c.path_id = path_id;
  if (!c.local) {
    c.igp_metric = context.next_hops.metric(set.next_hop_id());
    // RFC 4271 9.1.2.1: an unresolvable next hop excludes the route.
    if (is_candidate(rejected) && !context.next_hops.reachable(set.next_hop_id())) {
      c.rejected = Reason::kNextHopUnreachable;
    }
  }
  return c;
}

Comparison compare(const Candidate& a, const Candidate& b) {
  const bool a_ok = is_candidate(a.rejected);
  const bool b_ok = is_candidate(b.rejected);
  if (a_ok != b_ok) return {bigger(a_ok, b_ok), a_ok ? b.rejected : a.rejected};
  const Comparison worth = first_difference(kWorthSteps, a, b);
  if (worth.order != Order::equal) return worth;
  return first_difference(kTieSteps, a, b);
}

bool multipath_equal(const Candidate& a, const Candidate& b) {
  return first_difference(kWorthSteps, a, b).order == Order::equal;
}

Selection select(std::span<const Candidate> candidates, const DecisionOptions& options,
                 std::span<Reason> reasons, std::span<std::uint32_t> order) {
  PERD_ASSERT(reasons.size() == candidates.size() && order.size() == candidates.size());
  std::size_t left = 0;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const bool takes_part = is_candidate(candidates[i].rejected);
    reasons[i] = takes_part ? Reason::kNone : candidates[i].rejected;
    if (takes_part) order[left++] = i;
  }
  Selection selection;
  if (left == 0) {
    append_losers(reasons, 0, order, {});
    return selection;
  }

  Reason last = Reason::kOnlyPath;
  for (const Step& step : kWorthSteps) {
    const std::size_t before = left;
    if (left > 1) eliminate(step, candidates, reasons, order, left);
    if (left < before) last = step.reason;
  }
  const auto equal = order.first(left);
  std::sort(equal.begin(), equal.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Order o = first_difference(kTieSteps, candidates[a], candidates[b]).order;
    return o != Order::equal ? o == Order::less : a < b;
  });
  selection.used = std::min<std::size_t>(left, std::max<std::size_t>(options.multipath, 1));
  for (std::size_t i = 1; i < left; ++i) {
    Reason fell = first_difference(kTieSteps, candidates[equal[0]], candidates[equal[i]]).reason;
    // Equal in everything (paths of different keys): the order of arrival in `candidates` stands
    // in.
    if (fell == Reason::kNone) fell = Reason::kPathId;
    reasons[equal[i]] = i < selection.used ? Reason::kMultipath : fell;
    if (i == 1) last = fell;  // the runner-up: what decided between it and the best
  }
  reasons[equal[0]] = last;
  // append_losers overwrites what is behind the used ones, so it must not read it.
  append_losers(reasons, selection.used, order, order.first(selection.used));
  return selection;
}

}  // namespace perd::rib
