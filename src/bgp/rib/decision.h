// The decision process, RFC 4271 9.1.2.2 with RFC 4456 9, as numbered steps in decision.cpp.
//
// Who takes part: accepted paths with a reachable next hop. Then, falling out step by step:
//   1 a path perd originated itself   2 higher LOCAL_PREF (missing: 100)   3 shorter AS_PATH
//   4 lower ORIGIN   5 lower MED among paths of one neighbouring AS (missing: 0)
//   6 external over internal   7 lower metric of the next hop
//   -- what is left is equal for multipath, whatever its AS numbers (relaxed AS path) --
//   8 lower router-id, ORIGINATOR_ID in its place   9 shorter CLUSTER_LIST
//   10 lower address of the peer   11 lower path identifier
//
// No "oldest external path" step (RFC 5004, FRR's default): the outcome then depends on nothing but
// the paths that are there, so a restart or a lost race never changes the best path, and there is
// no time stamp to store with each path.
//
// compare() is pairwise and transitive as long as MED cannot decide between some pairs and not
// others; select() is the elimination of the RFC and does not depend on the order of the
// candidates.
#pragma once

#include <compare>
#include <span>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/next_hop_table.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/reason.h"

namespace perd::rib {

// What the steps look at, pulled out of a path once.
struct Candidate {
  Reason rejected = Reason::kNone;  // anything not is_candidate(): takes no part
  bool local = false;
  bool ebgp = false;
  wire::Origin origin = wire::Origin::kIncomplete;
  std::uint32_t local_pref = kDefaultLocalPref;
  std::uint32_t as_path_length = 0;
  std::uint32_t neighbor_as = 0;  // 0: no leading sequence
  std::uint32_t med = 0;
  std::uint32_t igp_metric = 0;
  RouterId router_id{};
  std::uint32_t cluster_list_length = 0;
  IpAddress peer_address{};
  std::uint32_t path_id = 0;
};

struct DecisionOptions {
  std::uint16_t multipath = 16;  // how many paths of equal worth are used, the best included
};

struct DecisionContext {
  const AttributeStore& attributes;
  const NextHopTable& next_hops;
  const PeerTable& peers;
  DecisionOptions options{};
};

// `rejected` is what the import rules said. A local path needs no reachable next hop.
[[nodiscard]] Candidate make_candidate(const DecisionContext& context, AttrId attributes,
                                       PeerId peer, std::uint32_t path_id,
                                       Reason rejected = Reason::kNone);

struct Comparison {
  std::strong_ordering order = std::strong_ordering::equal;  // less: the first one is better
  Reason reason = Reason::kNone;                             // of the step that decided
};
[[nodiscard]] Comparison compare(const Candidate& a, const Candidate& b);

// Equal through step 7: both may be used at the same time.
[[nodiscard]] bool multipath_equal(const Candidate& a, const Candidate& b);

// Eliminates. Writes one Reason per candidate and in `order` the indexes, best first, then the
// other multipath members in order of preference, then the rest as they came. Spans are of one
// length.
struct Selection {
  std::size_t used = 0;  // best and multipath members; 0: nobody can be used
};
[[nodiscard]] Selection select(std::span<const Candidate> candidates,
                               const DecisionOptions& options, std::span<Reason> reasons,
                               std::span<std::uint32_t> order);

}  // namespace perd::rib
