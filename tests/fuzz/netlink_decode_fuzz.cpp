// Goal: no octets make a netlink decoder read outside them, loop or assert; and what was decoded
// can be encoded again. Input: a buffer as received, any number of messages.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>
#include <vector>

#include "netlink/codec.h"
#include "netlink/link_codec.h"

namespace {

using namespace perd;
using namespace perd::netlink;

// Encodes the object back where there is an operation that puts it.
void encode_again(const KernelEvent& event) {
  static MessageBuilder builder;
  BatchBuffer out;
  KernelOp op;
  if (const auto* route = std::get_if<Seen<Route>>(&event)) op.what = RoutePut{route->object};
  if (const auto* n = std::get_if<Seen<Neighbour>>(&event)) op.what = NeighbourPut{n->object};
  if (const auto* fdb = std::get_if<Seen<FdbEntry>>(&event)) op.what = FdbPut{fdb->object};
  if (const auto* hop = std::get_if<Seen<NextHop>>(&event)) op.what = NextHopPut{hop->object};
  if (const auto* rule = std::get_if<Seen<Rule>>(&event)) op.what = RulePut{rule->object};
  if (const auto* a = std::get_if<Seen<Address>>(&event)) op.what = AddressPut{a->object};
  if (encode_op(builder, op, out) != 0 && !out.octets.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> aligned(data, data + size);  // as a receive buffer is
  Bytes rest{aligned};
  while (const auto message = next_message(rest)) {
    std::optional<KernelEvent> event;
    const bool object = decode(*message, event) == Decoded::kObject;
    if (object != event.has_value()) std::abort();
    if (event) encode_again(*event);
    BridgePortFlags flags;
    (void)decode_bridge_port(*message, flags);
    (void)decode_answer(*message);
    (void)decode_done(*message);
  }
  return 0;
}
