// Links (RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK): messages out, messages in.
//
// What Linux demands: a new link takes its alias, its IPv6 address generation mode and IFF_UP only
// from a second message (the mode before IFF_UP, or a link-local address appears), so LinkCreate
// has two halves; the second names the link, so it may only be sent after the first succeeded.
// Flags of a bridge port travel in IFLA_PROTINFO of an AF_BRIDGE message.
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// All encoders: 0, or the errno with which the operation is refused before the kernel sees it
// (EOPNOTSUPP: a kind perd does not make, EINVAL: a name that is none, EMSGSIZE: does not fit).
[[nodiscard]] int encode_create(MessageBuilder& b, const LinkCreate& link, BatchBuffer& out);
// What must follow a successful creation: 0 to 2 messages.
[[nodiscard]] int encode_create_rest(MessageBuilder& b, const LinkCreate& link, BatchBuffer& out);
[[nodiscard]] int encode_change(MessageBuilder& b, const LinkChange& change, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const LinkErase& erase, BatchBuffer& out);

[[nodiscard]] Decoded decode_link(const MessageView& m, Seen<Link>& out);

// AF_BRIDGE messages tell of a bridge port, not of a link.
struct BridgePortFlags {
  IfIndex link{};
  bool learning = true;
  bool neigh_suppress = false;
  std::uint16_t vlan = 0;  // the PVID; 0: none
};
// Asks for those of all ports: links themselves do not carry their VLANs.
[[nodiscard]] int encode_port_dump(MessageBuilder& b, BatchBuffer& out);
[[nodiscard]] Decoded decode_bridge_port(const MessageView& m, BridgePortFlags& out);

}  // namespace perd::netlink
