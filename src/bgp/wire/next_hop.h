// The next hop of MP_REACH_NLRI (RFC 4760 3, RFC 2545 3, RFC 8950 3, RFC 7432 7): which lengths a
// family may have, and which addresses can never be one. Internal to bgp/wire.
#pragma once

#include <optional>
#include <vector>

#include "perd/bytes.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::wire {

struct MpNextHop {
  IpAddress global{};
  std::optional<IpAddress> link_local{};
};
// None when the family cannot have a next hop of that length.
[[nodiscard]] std::optional<MpNextHop> decode_mp_next_hop(Bytes octets, Family family,
                                                          bool ipv6_for_ipv4);
// The octets without their length. An IPv4 next hop of an IPv6 route is written v4-mapped.
void encode_mp_next_hop(const IpAddress& global, const std::optional<IpAddress>& link_local,
                        Family family, std::vector<std::uint8_t>& out);

// Martians of both families; a v4-mapped address is as martian as what it maps.
[[nodiscard]] bool is_martian(const IpAddress& next_hop);

}  // namespace perd::wire
