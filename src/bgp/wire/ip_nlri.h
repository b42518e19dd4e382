// IPv4 and IPv6 unicast routes between octets and values (RFC 4271 4.3, RFC 4760 5, RFC 7911 3):
//   [path id 4] | bits 1 | prefix 0..16
// Internal to bgp/wire. Host bits a peer left set are cleared.
#pragma once

#include "bgp/wire/message.h"
#include "perd/bytes.h"

namespace perd::wire {

// False when a prefix is longer than its family or runs past the field (RFC 7606 5.3).
[[nodiscard]] bool decode_prefixes(Bytes field, IpFamily family, bool add_path,
                                   std::vector<PrefixNlri>& out);

[[nodiscard]] inline std::size_t prefix_size(const PrefixNlri& route, bool add_path) {
  return (add_path ? 5U : 1U) + (route.prefix.length + 7U) / 8U;
}
// Writes exactly that many and returns the end.
std::uint8_t* encode_prefix(const PrefixNlri& route, bool add_path, std::uint8_t* at);

}  // namespace perd::wire
