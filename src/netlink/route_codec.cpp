#include "netlink/route_codec.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

namespace perd::netlink {

namespace {

constexpr auto kLengths = [] {
  LeastLengths<RTA_MAX> least{};
  least[RTA_OIF] = 4;
  least[RTA_PRIORITY] = 4;
  least[RTA_TABLE] = 4;
  least[RTA_NH_ID] = 4;
  least[RTA_VIA] = 2;
  return least;
}();

// 0: perd writes no route of that type.
std::uint8_t type_number(RouteType type) {
  switch (type) {
    case RouteType::kUnicast:
      return RTN_UNICAST;
    case RouteType::kUnreachable:
      return RTN_UNREACHABLE;
    case RouteType::kBlackhole:
      return RTN_BLACKHOLE;
    case RouteType::kProhibit:
      return RTN_PROHIBIT;
    case RouteType::kThrow:
      return RTN_THROW;
    case RouteType::kLocal:
      return RTN_LOCAL;
    case RouteType::kOther:
      return RTN_UNSPEC;
  }
  return RTN_UNSPEC;
}

RouteType type_of(std::uint8_t number) {
  switch (number) {
    case RTN_UNICAST:
      return RouteType::kUnicast;
    case RTN_UNREACHABLE:
      return RouteType::kUnreachable;
    case RTN_BLACKHOLE:
      return RouteType::kBlackhole;
    case RTN_PROHIBIT:
      return RouteType::kProhibit;
    case RTN_THROW:
      return RouteType::kThrow;
    case RTN_LOCAL:
      return RouteType::kLocal;
    default:
      return RouteType::kOther;
  }
}

rtmsg header_of(const Route& r) {
  rtmsg h{};
  h.rtm_family = address_family(r.key.prefix.address.family);
  h.rtm_dst_len = r.key.prefix.length;
  const std::uint32_t table = r.key.table.value;
  h.rtm_table = static_cast<std::uint8_t>(table < 256 ? table : RT_TABLE_UNSPEC);
  h.rtm_protocol = r.protocol;
  h.rtm_scope = r.scope;
  h.rtm_type = type_number(r.type);
  return h;
}

void put_key(MessageBuilder& b, const RouteKey& key) {
  if (key.table.value > UINT8_MAX) b.put_u32(RTA_TABLE, key.table.value);  // else in the header
  if (!key.prefix.is_default()) b.put(RTA_DST, key.prefix.address.bytes());
  if (key.metric != 0) b.put_u32(RTA_PRIORITY, key.metric);
}

void put_gateway(MessageBuilder& b, const IpPrefix& prefix, const IpAddress& gateway) {
  if (gateway.family == prefix.address.family) {
    b.put(RTA_GATEWAY, gateway.bytes());
    return;
  }
  struct {
    std::uint16_t family;
    std::array<std::uint8_t, 16> octets;
  } via{address_family(gateway.family), gateway.octets};
  b.put(RTA_VIA, &via, sizeof via.family + gateway.size());
}

void put_hops(MessageBuilder& b, const Route& r) {
  if (r.hops.size() == 1) {
    const RouteHop& hop = r.hops.front();
    if (hop.gateway) put_gateway(b, r.key.prefix, *hop.gateway);
    if (hop.link.value != 0) b.put_u32(RTA_OIF, hop.link.value);
    return;
  }
  nlattr* paths = b.nest(RTA_MULTIPATH);
  for (const RouteHop& hop : r.hops) {
    const std::size_t at = b.size();
    rtnexthop n{};
    n.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    n.rtnh_hops = static_cast<std::uint8_t>(hop.weight == 0 ? 0 : hop.weight - 1);
    n.rtnh_ifindex = static_cast<int>(hop.link.value);
    b.append(&n, sizeof n);
    if (hop.gateway) put_gateway(b, r.key.prefix, *hop.gateway);
    b.patch_u16(at, static_cast<std::uint16_t>(b.size() - at));  // rtnh_len is the first field
  }
  b.end(paths);
}

bool read_gateway(const Attributes<RTA_MAX>& a, IpFamily family, RouteHop& hop) {
  if (a[RTA_GATEWAY] != nullptr) {
    hop.gateway = read_ip(a[RTA_GATEWAY]);
    return hop.gateway && hop.gateway->family == family;
  }
  if (a[RTA_VIA] == nullptr) return true;
  const Bytes via = a.nested(RTA_VIA);  // u16 family, address
  const Bytes address = via.subspan(2);
  if (address.size() != 4 && address.size() != 16) return false;
  hop.gateway = IpAddress::from_bytes(address);
  return true;
}

void read_flags(unsigned flags, RouteHop& hop) {
  hop.onlink = (flags & RTNH_F_ONLINK) != 0;
  hop.link_down = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
}

bool read_multipath(Bytes octets, IpFamily family, std::vector<RouteHop>& hops) {
  while (!octets.empty()) {
    rtnexthop n{};
    if (octets.size() < sizeof n) return false;
    std::memcpy(&n, octets.data(), sizeof n);
    if (n.rtnh_len < sizeof n || n.rtnh_len > octets.size()) return false;
    Attributes<RTA_MAX> a;
    if (!a.parse(octets.subspan(sizeof n, n.rtnh_len - sizeof n), kLengths)) return false;
    RouteHop hop;
    hop.link = IfIndex{static_cast<std::uint32_t>(n.rtnh_ifindex)};
    hop.weight = static_cast<std::uint8_t>(n.rtnh_hops == 255 ? 255 : n.rtnh_hops + 1);
    read_flags(n.rtnh_flags, hop);
    if (!read_gateway(a, family, hop)) return false;
    hops.push_back(hop);
    octets = octets.subspan(std::min<std::size_t>(RTNH_ALIGN(n.rtnh_len), octets.size()));
  }
  return true;
}

// Routes that no part of perd wants to hear of, known from the fixed header alone.
bool is_noise(const rtmsg& h) {
  if ((h.rtm_flags & RTM_F_CLONED) != 0 || h.rtm_table == RT_TABLE_LOCAL) return true;
  if (h.rtm_tos != 0 || h.rtm_src_len != 0) return true;
  return h.rtm_type == RTN_BROADCAST || h.rtm_type == RTN_ANYCAST || h.rtm_type == RTN_MULTICAST;
}

}  // namespace

int encode_put(MessageBuilder& b, const Route& r, BatchBuffer& out) {
  if (type_number(r.type) == RTN_UNSPEC) return EOPNOTSUPP;
  rtmsg h = header_of(r);
  const bool inline_hops = r.next_hop_id == 0 && !r.hops.empty();
  if (inline_hops && r.hops.size() == 1 && r.hops.front().onlink) h.rtm_flags = RTNH_F_ONLINK;
  b.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  b.header(h);
  put_key(b, r.key);
  if (r.next_hop_id != 0) b.put_u32(RTA_NH_ID, r.next_hop_id);
  if (inline_hops) put_hops(b, r);
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_erase(MessageBuilder& b, const Route& r, BatchBuffer& out) {
  rtmsg h = header_of(r);
  h.rtm_scope = RT_SCOPE_NOWHERE;  // any
  b.begin(RTM_DELROUTE, 0);
  b.header(h);
  put_key(b, r.key);
  return b.finish(out) ? 0 : EMSGSIZE;
}

Decoded decode_route(const MessageView& m, Seen<Route>& out) {
  rtmsg h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  const auto family = ip_family(h.rtm_family);
  if (!family || is_noise(h)) return Decoded::kIgnored;
  Attributes<RTA_MAX> a;
  if (!a.parse(octets, kLengths)) return Decoded::kMalformed;
  IpAddress destination;
  destination.family = *family;
  if (a[RTA_DST] != nullptr) {
    const auto ip = read_ip(a[RTA_DST]);
    if (!ip || ip->family != *family) return Decoded::kMalformed;
    destination = *ip;
  }
  if (h.rtm_dst_len > destination.bits()) return Decoded::kMalformed;
  Route& r = out.object;
  r.key.table = TableId{a.u32(RTA_TABLE, h.rtm_table)};
  if (r.key.table.value == RT_TABLE_LOCAL) return Decoded::kIgnored;
  r.key.prefix = IpPrefix::make(destination, h.rtm_dst_len);
  r.key.metric = a.u32(RTA_PRIORITY);
  r.type = type_of(h.rtm_type);
  r.protocol = h.rtm_protocol;
  r.scope = h.rtm_scope;
  r.next_hop_id = a.u32(RTA_NH_ID);
  r.hops.clear();
  out.gone = m.type == RTM_DELROUTE;
  if (r.next_hop_id != 0) return Decoded::kObject;
  if (a[RTA_MULTIPATH] != nullptr) {
    return read_multipath(a.nested(RTA_MULTIPATH), *family, r.hops) ? Decoded::kObject
                                                                    : Decoded::kMalformed;
  }
  if (a[RTA_OIF] == nullptr && a[RTA_GATEWAY] == nullptr && a[RTA_VIA] == nullptr) {
    return Decoded::kObject;
  }
  RouteHop hop;
  hop.link = IfIndex{a.u32(RTA_OIF)};
  read_flags(h.rtm_flags, hop);
  if (!read_gateway(a, *family, hop)) return Decoded::kMalformed;
  r.hops.push_back(hop);
  return Decoded::kObject;
}

}  // namespace perd::netlink
