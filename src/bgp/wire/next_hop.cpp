#include "bgp/wire/next_hop.h"

#include <algorithm>

namespace perd::wire {
namespace {

constexpr std::size_t kV4 = 4;
constexpr std::size_t kV6 = 16;
constexpr std::size_t kV6Pair = 32;  // RFC 2545 3: global and link-local

bool length_fits(std::size_t size, Family family, bool ipv6_for_ipv4) {
  switch (family) {
    case Family::kIpv4Unicast:
      return size == kV4 || (ipv6_for_ipv4 && (size == kV6 || size == kV6Pair));
    case Family::kIpv6Unicast:
      return size == kV6 || size == kV6Pair;
    case Family::kEvpn:
      return size == kV4 || size == kV6;
  }
  return false;
}

bool is_v4_mapped(const IpAddress& a) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return a.is_v6() && std::equal(std::begin(kPrefix), std::end(kPrefix), a.octets.begin());
}

}  // namespace

std::optional<MpNextHop> decode_mp_next_hop(Bytes octets, Family family, bool ipv6_for_ipv4) {
  if (!length_fits(octets.size(), family, ipv6_for_ipv4)) return std::nullopt;
  if (octets.size() != kV6Pair) return MpNextHop{IpAddress::from_bytes(octets), std::nullopt};
  const IpAddress global = IpAddress::from_bytes(octets.first(kV6));
  const IpAddress link_local = IpAddress::from_bytes(octets.last(kV6));
  // A peer on an unnumbered link has no global address and leaves that half empty.
  if (global.is_unspecified()) return MpNextHop{link_local, link_local};
  return MpNextHop{global, link_local};
}

void encode_mp_next_hop(const IpAddress& global, const std::optional<IpAddress>& link_local,
                        Family family, std::vector<std::uint8_t>& out) {
  const bool map = family == Family::kIpv6Unicast && global.is_v4();
  const IpAddress first = map ? global.to_v4_mapped() : global;
  const auto append = [&out](const IpAddress& a) {
    out.insert(out.end(), a.bytes().begin(), a.bytes().end());
  };
  append(first);
  if (link_local && family != Family::kEvpn && first.is_v6()) append(*link_local);
}

bool is_martian(const IpAddress& next_hop) {
  if (!is_v4_mapped(next_hop)) return next_hop.is_martian_next_hop();
  return IpAddress::from_bytes(Bytes(next_hop.octets).last(4)).is_martian_next_hop();
}

}  // namespace perd::wire
