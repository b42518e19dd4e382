// Any octets as the body of an OPEN; what is accepted survives being encoded and decoded again.
#include "wire_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto open = perd::wire::decode_open({data, size});
  if (!open) {
    PERD_ASSERT(open.error().data.size() <= 4);
    return 0;
  }
  std::vector<std::uint8_t> octets;
  perd::wire::encode_open(*open, octets);
  const auto again = perd::wire::decode_open(perd::Bytes(octets).subspan(perd::wire::kHeaderSize));
  PERD_ASSERT(again.has_value());
  PERD_ASSERT(again->asn == open->asn && again->id == open->id);
  PERD_ASSERT(again->capabilities.multiprotocol == open->capabilities.multiprotocol ||
              open->capabilities.multiprotocol.size() > 60);
  return 0;
}
