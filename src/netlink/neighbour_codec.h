// Neighbours (RTM_NEWNEIGH of AF_INET and AF_INET6) and forwarding entries (of AF_BRIDGE).
//
// Built with core libnl: rtnl_neigh of libnl 3.7 knows neither NDA_VNI nor NDA_PROTOCOL. One
// message with NTF_SELF and NTF_MASTER makes two forwarding entries, and is told back as two. Linux
// quirk: replacing a VXLAN entry that was made without NTF_EXT_LEARNED moves its destination but
// does not add the flag; erase it first.
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// 0 or the errno of a refusal that the kernel never saw.
[[nodiscard]] int encode_put(MessageBuilder& b, const Neighbour& neighbour, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const NeighbourErase& erase, BatchBuffer& out);
[[nodiscard]] int encode_put(MessageBuilder& b, const FdbPut& put, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const FdbErase& erase, BatchBuffer& out);

// Ignored: AF_BRIDGE (decode_fdb's), proxy entries, entries of other families.
[[nodiscard]] Decoded decode_neighbour(const MessageView& m, Seen<Neighbour>& out);
// Ignored: all but AF_BRIDGE.
[[nodiscard]] Decoded decode_fdb(const MessageView& m, Seen<FdbEntry>& out);

}  // namespace perd::netlink
