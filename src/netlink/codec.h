// All codecs behind one door each way: an operation becomes messages, a message becomes an event.
#pragma once

#include <optional>

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// Appends the messages of an operation (one; a LinkChange up to four). 0, or the errno with which
// it is refused here; the buffer is then as before. Not for SysctlPut and DumpRequest. Of a
// LinkCreate the first half (link_codec.h).
[[nodiscard]] int encode_op(MessageBuilder& b, const KernelOp& op, BatchBuffer& out);

[[nodiscard]] int encode_dump(MessageBuilder& b, DumpKind kind, BatchBuffer& out);

// A message that asks for nothing but an acknowledgement: everything sent before it has then been
// carried out, and refusals have been told.
[[nodiscard]] int encode_barrier(MessageBuilder& b, BatchBuffer& out);

// A notification or part of a dump. AF_BRIDGE link messages are for decode_bridge_port().
[[nodiscard]] Decoded decode(const MessageView& m, std::optional<KernelEvent>& out);

// An NLMSG_ERROR: errno (0: acknowledged) and the kernel's own words.
struct Answer {
  int error = 0;
  std::string text;
};
[[nodiscard]] std::optional<Answer> decode_answer(const MessageView& m);
// The error that an NLMSG_DONE carries: 0, or why the dump broke off.
[[nodiscard]] int decode_done(const MessageView& m);

}  // namespace perd::netlink
