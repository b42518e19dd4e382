// EVPN routes between octets and values (RFC 7432 7, RFC 9136 3.1). Internal to bgp/wire; the
// layouts stand in nlri.h.
//
// What a malformed route does (RFC 7606 5.3, 5.4):
//   - the length octet runs past the field: nothing behind it can be trusted, the session is reset;
//   - the frame is good but the content is not (a length that the route type cannot have, MAC
//   length
//     other than 48, IP length other than 0/32/128 or not fitting the route, a prefix longer than
//     its family, type 5 with ESI and gateway both set): RFC 7606 would allow the reset, perd steps
//     over that route by its length. It is treated as withdrawn when its key can be told, else
//     dropped, and the routes around it stand: one odd route must not take the others along;
//   - an unknown route type is kept octet by octet.
#pragma once

#include "bgp/wire/fault_log.h"
#include "bgp/wire/message.h"
#include "perd/bytes.h"

namespace perd::wire {

enum class EvpnVerdict : std::uint8_t {
  kGood,
  kOpaque,       // unknown type
  kBad,          // the key cannot be told
  kBadButKeyed,  // the key is good: the route counts as withdrawn
};
// One route without type and length; `out.path_id` is left alone.
[[nodiscard]] EvpnVerdict decode_evpn_route(std::uint8_t type, Bytes value, EvpnNlri& out);

// RFC 9136 3.1: type 5 that could not be forwarded without a router MAC.
[[nodiscard]] bool lacks_overlay_index(const EvpnNlri& route);

struct EvpnFieldResult {
  bool framed = true;            // false: reset
  bool saw_bare_prefix = false;  // some type 5 for which lacks_overlay_index() holds
};
[[nodiscard]] EvpnFieldResult decode_evpn_reach(Bytes field, bool add_path, Update& out,
                                                FaultLog& faults);
[[nodiscard]] EvpnFieldResult decode_evpn_unreach(Bytes field, bool add_path, Update& out,
                                                  FaultLog& faults);

// Octets of a route with type and length, without path identifier.
[[nodiscard]] std::size_t evpn_size(const EvpnNlri& route, bool withdraw);
// Writes exactly that many and returns the end. A withdrawal has one zero label and no ESI or
// gateway.
std::uint8_t* encode_evpn(const EvpnNlri& route, bool withdraw, std::uint8_t* at);

}  // namespace perd::wire
