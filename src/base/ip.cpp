#include "perd/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "perd/assert.h"

namespace perd {
namespace {

constexpr std::array<std::uint8_t, 12> kV4MappedHead{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4_mapped(const IpAddress& a) {
  return a.is_v6() && std::equal(kV4MappedHead.begin(), kV4MappedHead.end(), a.octets.begin());
}

void mask(std::array<std::uint8_t, 16>& octets, unsigned length) {
  for (unsigned i = length / 8; i < 16; ++i) {
    const unsigned kept = i * 8 < length ? length - i * 8 : 0;
    octets[i] = static_cast<std::uint8_t>(octets[i] & (0xff00U >> kept));
  }
}

// Splits "address/length"; the length must fit the family.
std::optional<InterfaceAddress> split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length = text::decimal(text.substr(slash + 1), address->bits());
  if (!length) return std::nullopt;
  return InterfaceAddress{*address, static_cast<std::uint8_t>(*length)};
}

}  // namespace

IpAddress IpAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  PERD_ASSERT(bytes.size() == 4 || bytes.size() == 16);
  IpAddress a;
  a.family = bytes.size() == 4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
  std::memcpy(a.octets.data(), bytes.data(), bytes.size());
  return a;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t o) { return o == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets[0] == 127;
  return octets[15] == 1 &&
         std::all_of(octets.begin(), octets.begin() + 15, [](std::uint8_t o) { return o == 0; });
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (octets[0] & 0xf0U) == 0xe0 : octets[0] == 0xff;
}

bool IpAddress::is_link_local() const {
  return is_v4() ? octets[0] == 169 && octets[1] == 254
                 : octets[0] == 0xfe && (octets[1] & 0xc0U) == 0x80;
}

bool IpAddress::is_martian_next_hop() const {
  if (is_v4()) return octets[0] == 0 || octets[0] == 127 || octets[0] >= 224;
  if (is_v4_mapped(*this)) return from_bytes({octets.data() + 12, 4}).is_martian_next_hop();
  return is_unspecified() || is_loopback() || is_multicast();
}

IpAddress IpAddress::to_v4_mapped() const {
  if (is_v6()) return *this;
  IpAddress a;
  a.family = IpFamily::kIpv6;
  std::copy(kV4MappedHead.begin(), kV4MappedHead.end(), a.octets.begin());
  std::copy_n(octets.begin(), 4, a.octets.begin() + 12);
  return a;
}

IpPrefix IpPrefix::make(const IpAddress& address, unsigned length) {
  PERD_ASSERT(length <= address.bits());
  IpPrefix p{address, static_cast<std::uint8_t>(length)};
  mask(p.address.octets, length);
  return p;
}

bool IpPrefix::contains(const IpAddress& a) const {
  return a.family == address.family && make(a, length).address == address;
}

bool IpPrefix::contains(const IpPrefix& p) const {
  return p.length >= length && contains(p.address);
}

std::string to_string(const IpAddress& a) {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(a.is_v4() ? AF_INET : AF_INET6, a.octets.data(), buffer, sizeof buffer);
  return buffer;
}

std::string to_string(const IpPrefix& p) {
  return to_string(p.address) + "/" + std::to_string(p.length);
}

std::string to_string(const InterfaceAddress& a) {
  return to_string(a.address) + "/" + std::to_string(a.length);
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  IpAddress a;
  a.family = text.find(':') == std::string_view::npos ? IpFamily::kIpv4 : IpFamily::kIpv6;
  if (inet_pton(a.is_v4() ? AF_INET : AF_INET6, buffer, a.octets.data()) != 1) return std::nullopt;
  return a;
}

std::optional<IpPrefix> parse_prefix(std::string_view text, bool mask_host_bits) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  const auto prefix = IpPrefix::make(parts->address, parts->length);
  if (!mask_host_bits && prefix.address != parts->address) return std::nullopt;
  return prefix;
}

std::optional<InterfaceAddress> parse_interface_address(std::string_view text) {
  return split(text);
}

}  // namespace perd
