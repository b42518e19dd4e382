// First octet 'h': any octets as messages, to JSON and back. Otherwise any text as JSON to encode.
#include <string>

#include "perd/assert.h"
#include "tools/message_json/message_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto context = perd::tools::tool_context();
  if (data[0] != 'h') {
    (void)perd::tools::encode_from_json(std::string(data + 1, data + size), context);
    return 0;
  }
  std::string hex;
  for (std::size_t i = 1; i < size; ++i) {
    hex += "0123456789abcdef"[data[i] >> 4];
    hex += "0123456789abcdef"[data[i] & 15];
  }
  const auto decoded = perd::tools::decode_to_json(hex, context);
  if (!decoded) return 0;
  PERD_ASSERT(decoded->exit_code >= 0 && decoded->exit_code <= 2);
  const auto again = perd::tools::encode_from_json(decoded->json, context);
  // What perd wrote it can read; only an UPDATE with two MP families has no single message.
  if (decoded->exit_code == 0 && !again) {
    PERD_ASSERT(again.error().find("fit one message") != std::string::npos);
  }
  return 0;
}
