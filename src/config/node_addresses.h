// A node's own addresses out of shared CIDRs: the formulae of OpenPERouter, so that perd agrees
// with a cluster that already runs it. Tunnel endpoint: address number `index`; router id: `index`
// + 1.
#pragma once

#include <cstdint>
#include <optional>

#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::config {

// Address number n of the CIDR, counted from its network address; none when it has fewer.
[[nodiscard]] std::optional<IpAddress> address_number(const IpPrefix& cidr, std::uint64_t n);
[[nodiscard]] std::optional<IpAddress> tunnel_address(const IpPrefix& cidr, std::uint32_t index);
[[nodiscard]] std::optional<RouterId> router_id(const IpPrefix& cidr, std::uint32_t index);

}  // namespace perd::config
