// Any octets as the body of an UPDATE; the first octet chooses the kind of peer.
#include "wire_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  perd::wire::fuzz::check_update({data + 1, size - 1}, perd::wire::fuzz::context_of(data[0]));
  return 0;
}
