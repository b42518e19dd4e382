#include "bgp/wire/ip_nlri.h"

#include <cstring>

#include "bgp/wire/octets.h"

namespace perd::wire {
namespace {

constexpr std::size_t kPathIdSize = 4;

// Clears what stands behind the prefix in its last octet.
void mask_last_octet(std::uint8_t* octets, unsigned bits) {
  if (bits % 8 == 0) return;
  std::uint8_t& last = octets[bits / 8];
  last = static_cast<std::uint8_t>(last & ~(0xffU >> (bits % 8)));
}

}  // namespace

bool decode_prefixes(Bytes field, IpFamily family, bool add_path, std::vector<PrefixNlri>& out) {
  const unsigned width = family == IpFamily::kIpv4 ? 32 : 128;
  const std::size_t head = add_path ? kPathIdSize + 1 : 1;
  const std::uint8_t* at = field.data();
  std::size_t left = field.size();
  while (left > 0) {
    if (left < head) return false;
    const unsigned bits = at[head - 1];
    const std::size_t size = (bits + 7) / 8;
    if (bits > width || left - head < size) return false;
    PrefixNlri& route = out.emplace_back();
    if (add_path) route.path_id = load_u32(at);
    route.prefix.address.family = family;
    route.prefix.length = static_cast<std::uint8_t>(bits);
    std::memcpy(route.prefix.address.octets.data(), at + head, size);
    mask_last_octet(route.prefix.address.octets.data(), bits);
    at += head + size;
    left -= head + size;
  }
  return true;
}

std::uint8_t* encode_prefix(const PrefixNlri& route, bool add_path, std::uint8_t* at) {
  if (add_path) {
    store_u32(at, route.path_id);
    at += kPathIdSize;
  }
  *at++ = route.prefix.length;
  const std::size_t size = (route.prefix.length + 7U) / 8U;
  std::memcpy(at, route.prefix.address.octets.data(), size);
  return at + size;
}

}  // namespace perd::wire
