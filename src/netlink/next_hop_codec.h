// Next-hop objects (RTM_NEWNEXTHOP, RTM_DELNEXTHOP; Linux 5.3). libnl 3.7 has no API for them.
//
// A group carries no family. Weights travel as weight - 1. Id 0 would let the kernel choose one and
// is refused here. Next hops of other use (NHA_FDB) are told too: their ids are taken.
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// 0 or the errno of a refusal that the kernel never saw.
[[nodiscard]] int encode_put(MessageBuilder& b, const NextHop& next_hop, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const NextHopErase& erase, BatchBuffer& out);
[[nodiscard]] Decoded decode_next_hop(const MessageView& m, Seen<NextHop>& out);

}  // namespace perd::netlink
