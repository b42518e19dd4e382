// Any octets as the path attributes of an UPDATE that also announces 10.1.1.0/24 and has good
// mandatory attributes in front, so that the fuzzer reaches the attributes behind them.
#include <algorithm>
#include <vector>

#include "wire_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::uint8_t kMandatory[] = {0x40, 1, 1, 0,   0x40, 2, 0,
                                                0x40, 3, 4, 192, 0,    2, 1};
  static constexpr std::uint8_t kRoute[] = {24, 10, 1, 1};
  if (size == 0) return 0;
  const std::size_t length = std::min<std::size_t>(size - 1, 60000) + sizeof kMandatory;
  std::vector<std::uint8_t> body = {0, 0, static_cast<std::uint8_t>(length >> 8),
                                    static_cast<std::uint8_t>(length)};
  body.insert(body.end(), std::begin(kMandatory), std::end(kMandatory));
  body.insert(body.end(), data + 1, data + 1 + (length - sizeof kMandatory));
  body.insert(body.end(), std::begin(kRoute), std::end(kRoute));
  perd::wire::fuzz::check_update(body, perd::wire::fuzz::context_of(data[0]));
  return 0;
}
