// UTF-8 of peers (shutdown communication, host names) made safe to print and to cut. Internal to
// bgp/wire. RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string>
#include <string_view>

#include "perd/bytes.h"

namespace perd::wire {

// Control characters and octets that are not UTF-8 become '?'.
[[nodiscard]] std::string printable_utf8(Bytes text);
// The longest prefix of at most `limit` octets that does not end inside a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t limit);

}  // namespace perd::wire
