// What is done with a received route before it may compete: loop checks and the like, each with the
// RFC that asks for it. A refused path stays in Adj-RIB-In with its Reason; nothing is dropped
// here.
#pragma once

#include <optional>
#include <span>

#include "bgp/rib/peer.h"
#include "bgp/rib/reason.h"
#include "bgp/wire/attributes.h"
#include "perd/config.h"

namespace perd::rib {

struct ImportContext {
  PeerInfo peer;
  Asn local_asn{};
  std::optional<Asn> peer_local_asn;  // localASN of the neighbour: a loop as well
  RouterId router_id{};
  RouterId cluster_id{};  // the router-id unless configured (RFC 4456 7)
  AllowAsIn allow_as_in;
  bool enforce_first_as = false;
  std::span<const IpAddress> own_addresses;  // of this node: session addresses, tunnel addresses
};

// Removes what this peer may not tell us: LOCAL_PREF (RFC 4271 5.1.5), ORIGINATOR_ID and
// CLUSTER_LIST (RFC 7606 7.9, 7.10) of an external peer.
void prepare_import(wire::PathAttributes& attributes, const ImportContext& context);

// kNone: accepted.
[[nodiscard]] Reason import_verdict(const wire::PathAttributes& attributes,
                                    const ImportContext& context);

}  // namespace perd::rib
