#include "bgp/rib/import_rules.h"

#include <algorithm>

namespace perd::rib {
namespace {

// How often `asn` stands at the end of the path without another AS in between.
std::size_t trailing(const wire::AsPath& path, Asn asn) {
  if (path.segments.empty() || path.segments.back().type != wire::SegmentType::kSequence) return 0;
  const auto& asns = path.segments.back().asns;
  const auto other = std::find_if(asns.rbegin(), asns.rend(), [&](Asn a) { return a != asn; });
  return static_cast<std::size_t>(other - asns.rbegin());
}

// RFC 4271 9.1.2: the own AS in the path is a loop, unless it is allowed so many times, or as the
// origin only (leaves that share one AS behind an eBGP spine).
bool as_loop(const wire::AsPath& path, Asn asn, const AllowAsIn& allow) {
  const std::size_t found = path.count(asn);
  if (found == 0) return false;
  if (allow.origin_only) return found != trailing(path, asn);
  return found > allow.count;
}

}  // namespace

void prepare_import(wire::PathAttributes& attributes, const ImportContext& context) {
  if (!context.peer.ebgp) return;
  attributes.local_pref.reset();     // RFC 4271 5.1.5
  attributes.originator_id.reset();  // RFC 7606 7.9
  attributes.cluster_list.clear();   // RFC 7606 7.10
}

Reason import_verdict(const wire::PathAttributes& attributes, const ImportContext& context) {
  if (as_loop(attributes.as_path, context.local_asn, context.allow_as_in)) return Reason::kAsLoop;
  if (context.peer_local_asn && *context.peer_local_asn != context.local_asn &&
      as_loop(attributes.as_path, *context.peer_local_asn, context.allow_as_in)) {
    return Reason::kAsLoop;
  }
  // RFC 4271 6.3: an external path should begin with the neighbour's AS.
  if (context.enforce_first_as && context.peer.ebgp &&
      attributes.as_path.first() != context.peer.remote_asn) {
    return Reason::kFirstAs;
  }
  // RFC 4456 8.
  if (attributes.originator_id == context.router_id) return Reason::kOriginatorLoop;
  const auto& clusters = attributes.cluster_list;
  if (std::find(clusters.begin(), clusters.end(), context.cluster_id) != clusters.end()) {
    return Reason::kClusterLoop;
  }
  // RFC 4271 6.3: the next hop must not be an address of the receiver.
  if (attributes.next_hop) {
    const auto& own = context.own_addresses;
    if (std::find(own.begin(), own.end(), *attributes.next_hop) != own.end()) {
      return Reason::kOwnNextHop;
    }
  }
  return Reason::kNone;
}

}  // namespace perd::rib
