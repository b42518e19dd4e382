#include "bgp/wire/evpn_nlri.h"

#include <cstring>

#include "bgp/wire/octets.h"

namespace perd::wire {
namespace {

constexpr std::size_t kRouteHeader = 2;                    // type and length
constexpr std::size_t kPathIdSize = 4;                     // RFC 7911 3
constexpr std::size_t kSmallestRoute = kRouteHeader + 17;  // type 3

constexpr std::size_t kEthernetAdSize = 25;
constexpr std::size_t kMacIpBase = 33;  // without IP and second label
constexpr std::size_t kImetBase = 13;
constexpr std::size_t kSegmentBase = 19;
constexpr std::size_t kPrefixV4Size = 34;
constexpr std::size_t kPrefixV6Size = 58;
constexpr std::size_t kLabelSize = 3;
constexpr std::uint8_t kMacBits = 48;

// Octets of an address by its length in bits; 0xff when EVPN has no such length.
constexpr std::size_t kNoSize = 0xff;
std::size_t address_size(std::uint8_t bits) {
  return bits == 0 ? 0 : bits == 32 ? 4 : bits == 128 ? 16 : kNoSize;
}

EvpnVerdict decode_ethernet_ad(const std::uint8_t* p, std::size_t size, EvpnNlri& out) {
  if (size != kEthernetAdSize) return EvpnVerdict::kBad;
  std::memcpy(out.key.rd.octets.data(), p, 8);
  std::memcpy(out.key.esi.octets.data(), p + 8, 10);
  out.key.tag.value = load_u32(p + 18);
  out.data.label1.value = load_u24(p + 22);
  return EvpnVerdict::kGood;
}

EvpnVerdict decode_mac_ip(const std::uint8_t* p, std::size_t size, EvpnNlri& out) {
  if (size < kMacIpBase || p[22] != kMacBits) return EvpnVerdict::kBad;
  const std::size_t ip_size = address_size(p[29]);
  // RFC 7432 7.2: one or two labels behind an address whose length the route must agree with.
  if (ip_size == kNoSize) return EvpnVerdict::kBad;
  const bool two_labels = size == kMacIpBase + ip_size + kLabelSize;
  if (!two_labels && size != kMacIpBase + ip_size) return EvpnVerdict::kBad;
  std::memcpy(out.key.rd.octets.data(), p, 8);
  std::memcpy(out.data.esi.octets.data(), p + 8, 10);
  out.key.tag.value = load_u32(p + 18);
  std::memcpy(out.key.mac.octets.data(), p + 23, 6);
  out.key.ip_bits = p[29];
  std::memcpy(out.key.ip.data(), p + 30, ip_size);
  out.data.label1.value = load_u24(p + 30 + ip_size);
  if (two_labels) out.data.label2 = Label{load_u24(p + 33 + ip_size)};
  return EvpnVerdict::kGood;
}

EvpnVerdict decode_imet(const std::uint8_t* p, std::size_t size, EvpnNlri& out) {
  if (size < kImetBase || p[12] == 0) return EvpnVerdict::kBad;
  const std::size_t ip_size = address_size(p[12]);
  if (ip_size == kNoSize || size != kImetBase + ip_size) return EvpnVerdict::kBad;
  std::memcpy(out.key.rd.octets.data(), p, 8);
  out.key.tag.value = load_u32(p + 8);
  out.key.ip_bits = p[12];
  std::memcpy(out.key.ip.data(), p + 13, ip_size);
  return EvpnVerdict::kGood;
}

EvpnVerdict decode_segment(const std::uint8_t* p, std::size_t size, EvpnNlri& out) {
  if (size < kSegmentBase || p[18] == 0) return EvpnVerdict::kBad;
  const std::size_t ip_size = address_size(p[18]);
  if (ip_size == kNoSize || size != kSegmentBase + ip_size) return EvpnVerdict::kBad;
  std::memcpy(out.key.rd.octets.data(), p, 8);
  std::memcpy(out.key.esi.octets.data(), p + 8, 10);
  out.key.ip_bits = p[18];
  std::memcpy(out.key.ip.data(), p + 19, ip_size);
  return EvpnVerdict::kGood;
}

// The hot one: fabrics carry a million of these.
EvpnVerdict decode_prefix(const std::uint8_t* p, std::size_t size, EvpnNlri& out) {
  // RFC 9136 3.1: 34 or 58 and nothing else; so prefix and gateway are of one family.
  if (size != kPrefixV4Size && size != kPrefixV6Size) return EvpnVerdict::kBad;
  const std::uint8_t prefix_length = p[22];
  const std::uint8_t* tail = nullptr;
  bool has_gateway = false;
  if (size == kPrefixV4Size) {
    if (prefix_length > 32) return EvpnVerdict::kBad;
    out.key.ip_bits = 32;
    store_u32(out.key.ip.data(), load_u32(p + 23) & mask_u32(prefix_length));
    has_gateway = load_u32(p + 27) != 0;
    if (has_gateway) out.data.gateway = IpAddress::v4(load_u32(p + 27));
    tail = p + 31;
  } else {
    if (prefix_length > 128) return EvpnVerdict::kBad;
    out.key.ip_bits = 128;
    copy_masked_v6(out.key.ip.data(), p + 23, prefix_length);
    has_gateway = (load_u64(p + 39) | load_u64(p + 47)) != 0;
    if (has_gateway) {
      IpAddress& gateway = out.data.gateway.emplace();
      gateway.family = IpFamily::kIpv6;
      std::memcpy(gateway.octets.data(), p + 39, 16);
    }
    tail = p + 55;
  }
  out.key.prefix_length = prefix_length;
  std::memcpy(out.key.rd.octets.data(), p, 8);
  std::memcpy(out.data.esi.octets.data(), p + 8, 10);
  out.key.tag.value = load_u32(p + 18);
  out.data.label1.value = load_u24(tail);
  // RFC 9136 3.1: ESI and gateway exclude each other.
  if (has_gateway && !out.data.esi.is_zero()) return EvpnVerdict::kBadButKeyed;
  return EvpnVerdict::kGood;
}

struct Field {
  bool add_path;
  bool withdraw;
  Update& out;
  FaultLog& faults;
};

void keep_opaque(std::uint8_t type, Bytes value, std::uint32_t path_id, RouteList& list) {
  list.opaque_evpn.push_back({type, {value.begin(), value.end()}, path_id});
}

// What is not a plain good route: off the hot path.
void settle_odd_route(EvpnVerdict verdict, Bytes octets, std::uint32_t path_id, Field& f) {
  RouteList& list = f.withdraw ? f.out.withdrawn : f.out.announced;
  if (verdict == EvpnVerdict::kOpaque) {
    list.evpn.pop_back();
    keep_opaque(octets[0], octets.subspan(kRouteHeader), path_id, list);
    return;
  }
  if (verdict == EvpnVerdict::kBadButKeyed) {
    if (f.withdraw) return;  // the data of a withdrawal has no meaning
    f.out.withdrawn.evpn.push_back({list.evpn.back().key, {}, path_id});
  }
  list.evpn.pop_back();
  const AttributeCode code = f.withdraw ? AttributeCode::kMpUnreach : AttributeCode::kMpReach;
  f.faults.add(static_cast<std::uint8_t>(code), AttributeFaultKind::kBadNlri,
               Disposition::kRouteWithdrawn, octets);
}

EvpnFieldResult decode_field(Bytes field, Field f) {
  EvpnFieldResult result;
  std::vector<EvpnNlri>& routes = f.withdraw ? f.out.withdrawn.evpn : f.out.announced.evpn;
  routes.reserve(routes.size() + field.size() / kSmallestRoute + 1);
  const std::size_t path_id_size = f.add_path ? kPathIdSize : 0;
  while (!field.empty()) {
    if (field.size() < path_id_size + kRouteHeader) return {.framed = false};
    const std::uint32_t path_id = f.add_path ? load_u32(field.data()) : 0;
    const Bytes route = field.subspan(path_id_size);
    const std::size_t size = kRouteHeader + route[1];
    if (route.size() < size) return {.framed = false};
    EvpnNlri& slot = routes.emplace_back();
    slot.path_id = path_id;
    const Bytes value = route.subspan(kRouteHeader, size - kRouteHeader);
    const EvpnVerdict verdict = decode_evpn_route(route[0], value, slot);
    if (verdict == EvpnVerdict::kGood) {
      result.saw_bare_prefix |= lacks_overlay_index(slot);
    } else {
      settle_odd_route(verdict, route.first(size), path_id, f);
    }
    field = route.subspan(size);
  }
  return result;
}

std::uint8_t* put(std::uint8_t* at, Bytes octets) {
  std::memcpy(at, octets.data(), octets.size());
  return at + octets.size();
}
std::uint8_t* put_u8(std::uint8_t* at, std::uint8_t v) { return *at = v, at + 1; }
std::uint8_t* put_u24(std::uint8_t* at, std::uint32_t v) { return store_u24(at, v), at + 3; }
std::uint8_t* put_u32(std::uint8_t* at, std::uint32_t v) { return store_u32(at, v), at + 4; }

Bytes key_ip(const EvpnKey& key) { return Bytes(key.ip).first(key.ip_bits / 8U); }

}  // namespace

EvpnVerdict decode_evpn_route(std::uint8_t type, Bytes value, EvpnNlri& out) {
  out.key.type = static_cast<EvpnRouteType>(type);
  switch (out.key.type) {
    case EvpnRouteType::kIpPrefix:
      return decode_prefix(value.data(), value.size(), out);
    case EvpnRouteType::kMacIp:
      return decode_mac_ip(value.data(), value.size(), out);
    case EvpnRouteType::kInclusiveMulticast:
      return decode_imet(value.data(), value.size(), out);
    case EvpnRouteType::kEthernetAd:
      return decode_ethernet_ad(value.data(), value.size(), out);
    case EvpnRouteType::kEthernetSegment:
      return decode_segment(value.data(), value.size(), out);
  }
  return EvpnVerdict::kOpaque;
}

bool lacks_overlay_index(const EvpnNlri& route) {
  return route.key.type == EvpnRouteType::kIpPrefix && route.data.label1.value == 0 &&
         !route.data.gateway && route.data.esi.is_zero();
}

EvpnFieldResult decode_evpn_reach(Bytes field, bool add_path, Update& out, FaultLog& faults) {
  return decode_field(field, {add_path, false, out, faults});
}

EvpnFieldResult decode_evpn_unreach(Bytes field, bool add_path, Update& out, FaultLog& faults) {
  return decode_field(field, {add_path, true, out, faults});
}

std::size_t evpn_size(const EvpnNlri& route, bool withdraw) {
  const std::size_t ip_size = route.key.ip_bits / 8U;
  switch (route.key.type) {
    case EvpnRouteType::kEthernetAd:
      return kRouteHeader + kEthernetAdSize;
    case EvpnRouteType::kMacIp:
      return kRouteHeader + kMacIpBase + ip_size +
             (route.data.label2 && !withdraw ? kLabelSize : 0);
    case EvpnRouteType::kInclusiveMulticast:
      return kRouteHeader + kImetBase + ip_size;
    case EvpnRouteType::kEthernetSegment:
      return kRouteHeader + kSegmentBase + ip_size;
    case EvpnRouteType::kIpPrefix:
      return kRouteHeader + (route.key.ip_bits == 128 ? kPrefixV6Size : kPrefixV4Size);
  }
  return 0;
}

std::uint8_t* encode_evpn(const EvpnNlri& route, bool withdraw, std::uint8_t* at) {
  static constexpr EvpnData kNoData{};
  const EvpnKey& key = route.key;
  const EvpnData& data = withdraw ? kNoData : route.data;
  at = put_u8(at, static_cast<std::uint8_t>(key.type));
  at = put_u8(at, static_cast<std::uint8_t>(evpn_size(route, withdraw) - kRouteHeader));
  at = put(at, key.rd.octets);
  switch (key.type) {
    case EvpnRouteType::kEthernetAd:
      at = put(at, key.esi.octets);
      at = put_u32(at, key.tag.value);
      return put_u24(at, data.label1.value);
    case EvpnRouteType::kMacIp:
      at = put(at, data.esi.octets);
      at = put_u32(at, key.tag.value);
      at = put_u8(at, kMacBits);
      at = put(at, key.mac.octets);
      at = put_u8(at, key.ip_bits);
      at = put(at, key_ip(key));
      at = put_u24(at, data.label1.value);
      return data.label2 ? put_u24(at, data.label2->value) : at;
    case EvpnRouteType::kInclusiveMulticast:
      at = put_u32(at, key.tag.value);
      at = put_u8(at, key.ip_bits);
      return put(at, key_ip(key));
    case EvpnRouteType::kEthernetSegment:
      at = put(at, key.esi.octets);
      at = put_u8(at, key.ip_bits);
      return put(at, key_ip(key));
    case EvpnRouteType::kIpPrefix: {
      static constexpr std::array<std::uint8_t, 16> kNoGateway{};
      const std::size_t width = key.ip_bits == 128 ? 16 : 4;
      at = put(at, data.esi.octets);
      at = put_u32(at, key.tag.value);
      at = put_u8(at, key.prefix_length);
      at = put(at, Bytes(key.ip).first(width));
      at = put(at, Bytes(data.gateway ? data.gateway->octets : kNoGateway).first(width));
      return put_u24(at, data.label1.value);
    }
  }
  return at;
}

}  // namespace perd::wire
