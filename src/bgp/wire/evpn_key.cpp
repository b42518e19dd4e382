// EvpnKey as a value: views, hash and FRR's text form.
#include <cstring>

#include "bgp/wire/nlri.h"
#include "perd/bytes.h"

namespace perd::wire {
namespace {

std::uint64_t load64(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A 64x64 to 128 multiplication folded onto itself: two words for the price of one multiplication.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t kSalt[4] = {0x2d358dccaa6c78a5ULL, 0x8bb84b93962eacc9ULL,
                                    0x4b33a62ed433d4a3ULL, 0x4d5a2da51de1aa47ULL};

std::string bracketed(std::string_view text) { return "[" + std::string(text) + "]"; }
std::string bracketed(std::uint32_t number) { return "[" + std::to_string(number) + "]"; }

std::string address_part(const EvpnKey& key) {
  const auto address = key.address();
  if (!address) return {};
  return ":" + bracketed(key.ip_bits) + ":" + bracketed(to_string(*address));
}

}  // namespace

IpPrefix EvpnKey::prefix() const {
  const std::size_t size = ip_bits == 128 ? 16 : 4;
  return {IpAddress::from_bytes(Bytes(ip).first(size)), prefix_length};
}

std::optional<IpAddress> EvpnKey::address() const {
  if (type == EvpnRouteType::kIpPrefix || ip_bits == 0) return std::nullopt;
  return IpAddress::from_bytes(Bytes(ip).first(ip_bits / 8U));
}

EvpnKey EvpnKey::ip_prefix(const RouteDistinguisher& rd, EthernetTag tag, const IpPrefix& prefix) {
  EvpnKey key;
  key.type = EvpnRouteType::kIpPrefix;
  key.ip_bits = static_cast<std::uint8_t>(prefix.address.bits());
  key.prefix_length = prefix.length;
  key.rd = rd;
  key.tag = tag;
  key.ip = prefix.address.octets;
  return key;
}

std::uint64_t hash_value(const EvpnKey& key) {
  const std::uint64_t head =
      std::uint64_t{static_cast<std::uint8_t>(key.type)} | std::uint64_t{key.ip_bits} << 8 |
      std::uint64_t{key.prefix_length} << 16 | std::uint64_t{key.tag.value} << 32;
  std::uint64_t h = fold(head ^ kSalt[0], load64(key.rd.octets.data()) ^ kSalt[1]);
  h ^= fold(load64(key.ip.data()) ^ kSalt[2] ^ h, load64(key.ip.data() + 8) ^ kSalt[3]);
  if (key.type != EvpnRouteType::kIpPrefix) {  // type 5 has neither ESI nor MAC in its key
    std::uint8_t rest[16];
    std::memcpy(rest, key.esi.octets.data(), 10);
    std::memcpy(rest + 10, key.mac.octets.data(), 6);
    h ^= fold(load64(rest) ^ kSalt[1] ^ h, load64(rest + 8) ^ kSalt[2]);
  }
  return fold(h ^ kSalt[3], kSalt[0]);
}

std::string to_string(const EvpnKey& key) {
  const std::string type = bracketed(static_cast<std::uint32_t>(key.type)) + ":";
  const std::string tag = bracketed(key.tag.value);
  switch (key.type) {
    case EvpnRouteType::kEthernetAd:
      return type + tag + ":" + bracketed(to_string(key.esi));
    case EvpnRouteType::kMacIp:
      return type + tag + ":[48]:" + bracketed(to_string(key.mac)) + address_part(key);
    case EvpnRouteType::kInclusiveMulticast:
      return type + tag + address_part(key);
    case EvpnRouteType::kEthernetSegment:
      return type + bracketed(to_string(key.esi)) + address_part(key);
    case EvpnRouteType::kIpPrefix: {
      const IpPrefix p = key.prefix();
      return type + tag + ":" + bracketed(p.length) + ":" + bracketed(to_string(p.address));
    }
  }
  return type;
}

}  // namespace perd::wire
