// What the attribute decoders of one UPDATE share while it is read. Internal to bgp/wire.
#pragma once

#include <optional>

#include "bgp/wire/fault_log.h"
#include "bgp/wire/message.h"

namespace perd::wire {

struct UpdateState {
  const CodecContext& context;
  Update& out;
  FaultLog faults;

  // Taken apart later, once everything has been seen.
  std::optional<IpAddress> next_hop{};  // NEXT_HOP, which only classic NLRI use (RFC 4760 3)
  Bytes next_hop_octets{};
  std::optional<AsPath> as4_path{};
  std::optional<Aggregator> as4_aggregator{};

  // MP_REACH_NLRI carried routes, of whatever family (RFC 7606 5.2).
  bool mp_reach_has_routes = false;
  bool mp_reach_is_ipv4 = false;
  std::optional<Family> mp_unreach_empty{};  // the family of an MP_UNREACH_NLRI without routes
  bool other_attributes = false;             // anything but MP_UNREACH_NLRI
  bool saw_bare_prefix = false;
  Bytes mp_reach_octets{};
};

}  // namespace perd::wire
