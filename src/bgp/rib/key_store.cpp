#include "bgp/rib/key_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "perd/assert.h"
#include "perd/hash.h"

namespace perd::rib {
namespace {

using wire::EvpnKey;
using wire::EvpnRouteType;

std::uint64_t word64(std::span<const std::uint8_t> octets, std::size_t from) {
  std::uint64_t word = 0;
  std::memcpy(&word, octets.data() + from, sizeof(word));
  return word;
}

// Which parts of an EVPN key are its payload, by type and width of the address.
constexpr std::size_t kInline = 6;

bool has_esi(EvpnRouteType type) {
  return type == EvpnRouteType::kEthernetAd || type == EvpnRouteType::kEthernetSegment;
}
EvpnRouteType type_of(std::uint8_t shape) { return static_cast<EvpnRouteType>(shape >> 2); }
std::size_t address_octets(std::uint8_t shape) {
  const unsigned kind = shape & 3U;
  return kind == 0 ? 0 : kind == 1 ? 4 : 16;
}
std::size_t payload_octets(std::uint8_t shape) {
  const EvpnRouteType type = type_of(shape);
  const std::size_t head = has_esi(type) ? 10 : type == EvpnRouteType::kMacIp ? 6 : 0;
  return head + address_octets(shape);
}

std::uint64_t evpn_hash(const RouteDistinguisher& rd, std::uint32_t tag, std::uint8_t length,
                        std::uint8_t shape, std::span<const std::uint8_t> payload) {
  std::uint64_t h = hash_combine(word64(rd.octets, 0),
                                 std::uint64_t{tag} << 32 | std::uint64_t{shape} << 8 | length);
  for (std::size_t at = 0; at < payload_octets(shape); at += 8) {
    h = hash_combine(h, word64(payload, at));
  }
  return h;
}

}  // namespace

// ---- unicast ------------------------------------------------------------------------------------

std::uint64_t KeyStore<Ipv4Unicast>::hash(const Stored& s) const {
  return mix64(std::uint64_t{s.address} << 8 | s.length);
}
auto KeyStore<Ipv4Unicast>::probe(const IpPrefix& key) const -> Probe {
  PERD_ASSERT(key.is_v4());
  Probe p;
  p.stored.address = key.address.v4_value();
  p.stored.length = key.length;
  p.hash = hash(p.stored);
  return p;
}
IpPrefix KeyStore<Ipv4Unicast>::load(const Stored& s) const {
  IpPrefix key;
  key.address = IpAddress::v4(s.address);
  key.length = s.length;
  return key;
}

std::uint64_t KeyStore<Ipv6Unicast>::hash(const Stored& s) const {
  return hash_combine(hash_combine(word64(s.octets, 0), word64(s.octets, 8)), s.length);
}
auto KeyStore<Ipv6Unicast>::probe(const IpPrefix& key) const -> Probe {
  PERD_ASSERT(!key.is_v4());
  Probe p;
  p.stored.octets = key.address.octets;
  p.stored.length = key.length;
  p.hash = hash(p.stored);
  return p;
}
IpPrefix KeyStore<Ipv6Unicast>::load(const Stored& s) const {
  IpPrefix key;
  key.address.octets = s.octets;
  key.address.family = IpFamily::kIpv6;
  key.length = s.length;
  return key;
}

// ---- EVPN ---------------------------------------------------------------------------------------

std::uint32_t RdTable::intern(const RouteDistinguisher& rd) {
  if (last_ == 0 || entries_[last_].references == 0 || entries_[last_].rd != rd) {
    const auto hash_of = [this](std::uint32_t id) {
      return mix64(word64(entries_[id].rd.octets, 0));
    };
    const std::uint64_t hash = mix64(word64(rd.octets, 0));
    last_ = index_.find(hash, [&](std::uint32_t id) { return entries_[id].rd == rd; });
    if (last_ == 0) {
      last_ = entries_.make();
      entries_[last_].rd = rd;
      index_.insert(hash, last_, hash_of);
    }
  }
  ++entries_[last_].references;
  return last_;
}

void RdTable::release(std::uint32_t id) {
  if (--entries_[id].references > 0) return;
  index_.erase(mix64(word64(entries_[id].rd.octets, 0)), id);
  entries_.destroy(id);
}

auto KeyStore<L2vpnEvpn>::probe(const EvpnKey& key) const -> Probe {
  Probe p;
  p.rd = key.rd;
  p.tag = key.tag.value;
  p.length = key.prefix_length;
  const unsigned kind = key.ip_bits == 0 ? 0U : key.ip_bits == 32 ? 1U : 2U;
  p.shape = static_cast<std::uint8_t>(static_cast<unsigned>(key.type) << 2 | kind);
  if (key.type == EvpnRouteType::kIpPrefix && kind == 1) {  // nearly all of them
    std::memcpy(p.payload.data(), key.ip.data(), 4);
    p.hash = evpn_hash(p.rd, p.tag, p.length, p.shape, p.payload);
    return p;
  }
  auto at = p.payload.begin();
  if (has_esi(key.type)) at = std::copy(key.esi.octets.begin(), key.esi.octets.end(), at);
  if (key.type == EvpnRouteType::kMacIp) {
    at = std::copy(key.mac.octets.begin(), key.mac.octets.end(), at);
  }
  std::copy_n(key.ip.begin(), address_octets(p.shape), at);
  p.hash = evpn_hash(p.rd, p.tag, p.length, p.shape, p.payload);
  return p;
}

auto KeyStore<L2vpnEvpn>::payload(const Stored& s) const -> Octets32 {
  Octets32 out{};
  const std::size_t size = payload_octets(s.shape);
  if (size <= kInline) {
    std::memcpy(out.data(), &s.word, sizeof(s.word));
    std::memcpy(out.data() + sizeof(s.word), &s.half, sizeof(s.half));
  } else if (size <= sizeof(Octets16)) {
    std::copy(small_[s.word].begin(), small_[s.word].end(), out.begin());
  } else {
    out = large_[s.word];
  }
  return out;
}

bool KeyStore<L2vpnEvpn>::equal(const Stored& s, const Probe& p) const {
  if (s.tag != p.tag || s.length != p.length || s.shape != p.shape) return false;
  if (payload_octets(s.shape) <= kInline) {
    if (std::memcmp(&s.word, p.payload.data(), sizeof(s.word)) != 0 ||
        std::memcmp(&s.half, p.payload.data() + sizeof(s.word), sizeof(s.half)) != 0) {
      return false;
    }
  } else if (payload(s) != p.payload) {
    return false;
  }
  return rds_.get(s.rd) == p.rd;
}

std::uint64_t KeyStore<L2vpnEvpn>::hash(const Stored& s) const {
  return evpn_hash(rds_.get(s.rd), s.tag, s.length, s.shape, payload(s));
}

auto KeyStore<L2vpnEvpn>::store(const Probe& p) -> Stored {
  Stored s;
  s.rd = rds_.intern(p.rd);
  s.tag = p.tag;
  s.length = p.length;
  s.shape = p.shape;
  const std::size_t size = payload_octets(p.shape);
  if (size <= kInline) {
    std::memcpy(&s.word, p.payload.data(), sizeof(s.word));
    std::memcpy(&s.half, p.payload.data() + sizeof(s.word), sizeof(s.half));
  } else if (size <= sizeof(Octets16)) {
    s.word = small_.make();
    std::copy_n(p.payload.begin(), sizeof(Octets16), small_[s.word].begin());
  } else {
    s.word = large_.make();
    large_[s.word] = p.payload;
  }
  return s;
}

void KeyStore<L2vpnEvpn>::release(const Stored& s) {
  rds_.release(s.rd);
  const std::size_t size = payload_octets(s.shape);
  if (size <= kInline) return;
  if (size <= sizeof(Octets16)) {
    small_.destroy(s.word);
  } else {
    large_.destroy(s.word);
  }
}

EvpnKey KeyStore<L2vpnEvpn>::load(const Stored& s) const {
  EvpnKey key;
  key.type = type_of(s.shape);
  key.ip_bits = static_cast<std::uint8_t>(address_octets(s.shape) * 8);
  key.prefix_length = s.length;
  key.rd = rds_.get(s.rd);
  key.tag = EthernetTag{s.tag};
  const Octets32 octets = payload(s);
  auto at = octets.begin();
  const auto take = [&at](auto& out, std::size_t n) {
    std::copy_n(at, n, out.begin());
    at += static_cast<std::ptrdiff_t>(n);
  };
  if (has_esi(key.type)) take(key.esi.octets, key.esi.octets.size());
  if (key.type == EvpnRouteType::kMacIp) take(key.mac.octets, key.mac.octets.size());
  take(key.ip, address_octets(s.shape));
  return key;
}

// ---- opaque -------------------------------------------------------------------------------------

std::uint64_t KeyStore<OpaqueEvpn>::hash(const Stored& s) const {
  return hash_bytes(s.octets, s.type);
}

}  // namespace perd::rib
