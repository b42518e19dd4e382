// Operations on the kernel in the words of iproute2, for --dry-run, `perctl show kernel` and logs:
// "link add br-pe-100 type bridge ...", "route replace 10.0.0.0/24 table 1100 nhid 7 proto 179".
// Pure; link names come from the caller, who knows them (else "if7").
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "perd/kernel.h"

namespace perd {

// The name of a link, empty when unknown.
using LinkNames = std::function<std::string(IfIndex)>;

[[nodiscard]] std::string_view to_string(LinkKind kind);
[[nodiscard]] std::string_view to_string(RouteType type);
[[nodiscard]] std::string_view to_string(DumpKind kind);
// NUD_* as iproute2 writes it ("NOARP", "REACHABLE"; several joined by "|").
[[nodiscard]] std::string neighbour_state_text(std::uint16_t state);

// One operation as one line without the tool's name.
[[nodiscard]] std::string format_op(const KernelOp& op, const LinkNames& names = {});

}  // namespace perd
