#include "config/node_addresses.h"

namespace perd::config {

std::optional<IpAddress> address_number(const IpPrefix& cidr, std::uint64_t n) {
  const unsigned host_bits = cidr.address.bits() - cidr.length;
  if (host_bits < 64 && (n >> host_bits) != 0) return std::nullopt;
  IpAddress out = cidr.address;
  // The host bits of a prefix are zero and n fits into them, so adding is or-ing.
  for (std::size_t i = out.size(); i-- > 0 && n != 0; n >>= 8) {
    out.octets[i] = static_cast<std::uint8_t>(out.octets[i] | (n & 0xffU));
  }
  return out;
}

std::optional<IpAddress> tunnel_address(const IpPrefix& cidr, std::uint32_t index) {
  return address_number(cidr, index);
}

std::optional<RouterId> router_id(const IpPrefix& cidr, std::uint32_t index) {
  const auto address = address_number(cidr, std::uint64_t{index} + 1);
  if (!address) return std::nullopt;
  return RouterId{address->v4_value()};
}

}  // namespace perd::config
