// The Capabilities optional parameter (RFC 5492): what perd knows of, the rest kept as it came.
// Internal to bgp/wire.
//
//   1 multiprotocol (RFC 4760)      5 extended next hop (RFC 8950)   65 four-octet AS (RFC 6793)
//   2 route refresh (RFC 2918)      6 extended message (RFC 8654)    69 add-path (RFC 7911)
//  70 enhanced refresh (RFC 7313)  64 graceful restart (RFC 4724)    73 FQDN
#pragma once

#include "bgp/wire/message.h"
#include "perd/bytes.h"

namespace perd::wire {

// Adds the capabilities of one parameter. False when the framing or a capability that perd knows is
// malformed: RFC 4271 6.2 makes that an OPEN error with subcode Unspecific.
[[nodiscard]] bool decode_capabilities(Reader r, Capabilities& out);

// In the order FRR sends them, unknown ones last.
struct EncodedCapability {
  std::uint8_t code = 0;
  std::vector<std::uint8_t> value;  // at most 255 octets
};
[[nodiscard]] std::vector<EncodedCapability> encode_capabilities(const Capabilities& c);

}  // namespace perd::wire
