// Our OPEN, and what follows from the neighbour's (RFC 4271 4.2 and 6.2, RFC 5492, RFC 6286, RFC
// 6793). Pure functions; the wire decoder has already refused what no neighbour may ever send.
#pragma once

#include <string>

#include "bgp/session/settings.h"
#include "bgp/wire/message.h"
#include "perd/expected.h"

namespace perd::session {

[[nodiscard]] wire::Open make_open(const PeerSettings& settings);

struct Refusal {
  wire::Notification notification;
  std::string reason;  // for people: what was expected and what came
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

[[nodiscard]] Expected<Negotiated, Refusal> negotiate(const PeerSettings& settings,
                                                      const wire::Open& ours,
                                                      const wire::Open& theirs);

// RFC 4271 6.8 with RFC 6286 2.3: of two connections to one neighbour the one survives that was
// opened by the side with the higher BGP Identifier, or AS number when those are equal.
[[nodiscard]] bool our_dial_wins(RouterId our_id, Asn our_asn, RouterId their_id, Asn their_asn);

}  // namespace perd::session
