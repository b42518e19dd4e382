// Policy rules (RTM_NEWRULE, RTM_DELRULE) of the one form perd uses: [iif LINK] lookup TABLE.
// Rules with any other selector or action are ignored: Rule cannot express them, and perd must
// never take one for its own.
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// 0 or the errno of a refusal that the kernel never saw. A rule that is already there is refused by
// the kernel with EEXIST.
[[nodiscard]] int encode_put(MessageBuilder& b, const Rule& rule, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const Rule& rule, BatchBuffer& out);
[[nodiscard]] Decoded decode_rule(const MessageView& m, Seen<Rule>& out);

}  // namespace perd::netlink
