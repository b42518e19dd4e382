// Any octets as EVPN routes of MP_REACH_NLRI and of MP_UNREACH_NLRI.
#include <algorithm>
#include <vector>

#include "wire_fuzz.h"

namespace {

void append_u16(std::vector<std::uint8_t>& out, std::size_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto context = perd::wire::fuzz::context_of(data[0]);
  const std::size_t length = std::min<std::size_t>(size - 1, 60000);
  const std::vector<std::uint8_t> reach = {0, 25, 70, 4, 192, 0, 2, 1, 0};
  const std::vector<std::uint8_t> unreach = {0, 25, 70};
  for (const auto* head : {&reach, &unreach}) {
    std::vector<std::uint8_t> attributes = {0x90,
                                            static_cast<std::uint8_t>(head == &reach ? 14 : 15)};
    append_u16(attributes, head->size() + length);
    attributes.insert(attributes.end(), head->begin(), head->end());
    attributes.insert(attributes.end(), data + 1, data + 1 + length);
    if (head == &reach) attributes.insert(attributes.end(), {0x40, 1, 1, 0, 0x40, 2, 0});
    std::vector<std::uint8_t> body = {0, 0};
    append_u16(body, attributes.size());
    body.insert(body.end(), attributes.begin(), attributes.end());
    perd::wire::fuzz::check_update(body, context);
  }
  return 0;
}
