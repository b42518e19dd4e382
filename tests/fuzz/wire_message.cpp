// Any octets as a stream of messages: header, then the body by type. First octet: kind of peer.
#include "wire_fuzz.h"

namespace {

using namespace perd;
using namespace perd::wire;

void decode_body(MessageType type, Bytes body, const CodecContext& context) {
  std::vector<std::uint8_t> out;
  switch (type) {
    case MessageType::kOpen:
      if (const auto open = decode_open(body)) encode_open(*open, out);
      return;
    case MessageType::kUpdate:
      return fuzz::check_update(body, context);
    case MessageType::kNotification:
      if (const auto n = decode_notification(body)) {
        PERD_ASSERT(!to_string(*n).empty());
        PERD_ASSERT(shutdown_text(*n).size() <= 255);
        encode_notification(*n, out);
        PERD_ASSERT(out.size() <= kMaxMessage);
      }
      return;
    case MessageType::kKeepalive:
      return encode_keepalive(out);
    case MessageType::kRouteRefresh:
      if (const auto r = decode_route_refresh(body)) {
        encode_route_refresh(*r, out);
        PERD_ASSERT(decode_route_refresh(Bytes(out).subspan(kHeaderSize)) == *r);
      }
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const CodecContext context = fuzz::context_of(data[0]);
  Bytes left(data + 1, size - 1);
  while (left.size() >= kHeaderSize) {
    const auto header = decode_header(left.first(kHeaderSize), context.extended_message);
    if (!header) {
      PERD_ASSERT(!to_string(header.error()).empty());
      return 0;
    }
    PERD_ASSERT(header->length >= kHeaderSize);
    if (header->length > left.size()) return 0;
    decode_body(header->type, left.first(header->length).subspan(kHeaderSize), context);
    left = left.subspan(header->length);
  }
  return 0;
}
