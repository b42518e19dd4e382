// AS_PATH and AS4_PATH between octets and values (RFC 4271 4.3, RFC 5065 3, RFC 6793, RFC 7607,
// RFC 7606 7.2). Internal to bgp/wire; AsPath itself stands in attributes.h.
//   segment: type 1 | count 1 | AS numbers, count times 2 or 4 octets
#pragma once

#include "bgp/wire/attributes.h"
#include "perd/bytes.h"

namespace perd::wire {

// Reuses the memory of `out`. False when malformed: an unknown segment type, an empty segment, one
// that runs past the attribute, AS 0; confederation segments unless `confederation_allowed`.
[[nodiscard]] bool decode_as_path(Reader r, bool four_octets, bool confederation_allowed,
                                  AsPath& out);

// Splits segments of more than 255 AS numbers; with two octets large numbers become AS_TRANS.
void encode_as_path(const AsPath& path, bool four_octets, Writer& w);
// What AS4_PATH needs to say when AS_PATH has two octets (RFC 6793 4.2.2); nothing when every
// number fits. Confederation segments stay out.
[[nodiscard]] AsPath as4_path_for(const AsPath& path);

// RFC 6793 4.2.3: the path of a peer that speaks two octets, with the large numbers put back.
[[nodiscard]] AsPath merge_as4_path(const AsPath& path, AsPath as4);

}  // namespace perd::wire
