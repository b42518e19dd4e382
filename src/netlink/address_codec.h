// Addresses of links (RTM_NEWADDR, RTM_DELADDR), both families. A peer's address of a
// point-to-point link is not modelled: IFA_LOCAL is the address, IFA_ADDRESS only where that is
// missing (IPv6).
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// 0 or the errno of a refusal that the kernel never saw.
[[nodiscard]] int encode_put(MessageBuilder& b, const AddressPut& put, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const Address& address, BatchBuffer& out);
[[nodiscard]] Decoded decode_address(const MessageView& m, Seen<Address>& out);

}  // namespace perd::netlink
