// UPDATE, written. One frame around as many routes as fit:
//   classic reach     header | 0 | A | attributes | routes
//   classic unreach   header | W | routes | 0
//   MP reach          header | 0 | A | MP_REACH_NLRI head, routes | other attributes
//   MP unreach        header | 0 | A | MP_UNREACH_NLRI head, routes
// RFC 7606 5.1 wants the MP attribute first and only one kind of route in a message; FRR writes it
// with two length octets always, so the length octets stand at the same place in every message.
#include <algorithm>

#include "bgp/wire/attribute_table.h"
#include "bgp/wire/evpn_nlri.h"
#include "bgp/wire/framing.h"
#include "bgp/wire/ip_nlri.h"
#include "bgp/wire/next_hop.h"
#include "bgp/wire/octets.h"
#include "perd/assert.h"

namespace perd::wire {
namespace {

constexpr std::size_t kWithdrawnLengthAt = kHeaderSize;
constexpr std::size_t kAttributesLengthAt = kHeaderSize + 2;
constexpr std::size_t kMpLengthAt = kHeaderSize + 6;
constexpr std::size_t kMpValueAt = kHeaderSize + 8;
constexpr std::uint8_t kMpFlags = kFlagOptional | kFlagExtendedLength;

void put_mp_family(Family family, Writer& w) {
  w.u16(static_cast<std::uint16_t>(afi_of(family)));
  w.u8(static_cast<std::uint8_t>(safi_of(family)));
}

void put_mp_reach_head(const IpAddress& next_hop, const std::optional<IpAddress>& link_local,
                       Family family, std::vector<std::uint8_t>& out) {
  Writer w(out);
  put_mp_family(family, w);
  const std::size_t length_at = w.hole(1);
  encode_mp_next_hop(next_hop, link_local, family, out);
  w.patch_u8(length_at, static_cast<std::uint8_t>(out.size() - length_at - 1));
  w.u8(0);  // reserved
}

std::size_t opaque_size(const OpaqueEvpnNlri& route) { return 2 + route.octets.size(); }

std::uint8_t* put_opaque(const OpaqueEvpnNlri& route, std::uint8_t* at) {
  *at++ = route.type;
  *at++ = static_cast<std::uint8_t>(route.octets.size());
  return std::copy(route.octets.begin(), route.octets.end(), at);
}

std::uint8_t* put_path_id(std::uint32_t path_id, bool add_path, std::uint8_t* at) {
  if (!add_path) return at;
  store_u32(at, path_id);
  return at + 4;
}

// RFC 8950: an IPv4 route with an IPv6 next hop travels in MP_REACH_NLRI.
bool is_classic(Family family, const std::optional<IpAddress>& next_hop) {
  return family == Family::kIpv4Unicast && (!next_hop || next_hop->is_v4());
}

}  // namespace

// ---- the packer ---------------------------------------------------------------------------------

void UpdateEncoder::frame_classic_reach(const PathAttributes& attributes) {
  before_.clear();
  after_.clear();
  (void)begin_message(MessageType::kUpdate, before_);
  Writer w(before_);
  w.u16(0);
  const std::size_t length_at = w.hole(2);
  encode_attributes(attributes, context_, true, before_);
  w.patch_u16(length_at, static_cast<std::uint16_t>(before_.size() - length_at - 2));
}

void UpdateEncoder::frame_classic_unreach() {
  before_.clear();
  after_.assign(2, 0);
  (void)begin_message(MessageType::kUpdate, before_);
  Writer(before_).u16(0);
}

void UpdateEncoder::frame_mp_reach(const PathAttributes& attributes, Family family) {
  PERD_ASSERT(attributes.next_hop.has_value());
  before_.clear();
  after_.clear();
  (void)begin_message(MessageType::kUpdate, before_);
  Writer w(before_);
  w.u32(0);  // no withdrawn routes; the length of the attributes
  w.u8(kMpFlags);
  w.u8(static_cast<std::uint8_t>(AttributeCode::kMpReach));
  w.u16(0);
  put_mp_reach_head(*attributes.next_hop, attributes.link_local_next_hop, family, before_);
  encode_attributes(attributes, context_, false, after_);
}

void UpdateEncoder::frame_mp_unreach(Family family) {
  before_.clear();
  after_.clear();
  (void)begin_message(MessageType::kUpdate, before_);
  Writer w(before_);
  w.u32(0);
  w.u8(kMpFlags);
  w.u8(static_cast<std::uint8_t>(AttributeCode::kMpUnreach));
  w.u16(0);
  put_mp_family(family, w);
}

void UpdateEncoder::finish(std::size_t start, std::size_t routes_size, Shape shape) {
  Writer w(*out_);
  switch (shape) {
    case Shape::kClassicReach:
      break;
    case Shape::kClassicUnreach:
      w.patch_u16(start + kWithdrawnLengthAt, static_cast<std::uint16_t>(routes_size));
      break;
    case Shape::kMpReach:
    case Shape::kMpUnreach: {
      const std::size_t mp = before_.size() - kMpValueAt + routes_size;
      const std::size_t all = 4 + mp + after_.size();
      w.patch_u16(start + kMpLengthAt, static_cast<std::uint16_t>(mp));
      w.patch_u16(start + kAttributesLengthAt, static_cast<std::uint16_t>(all));
      break;
    }
  }
  out_->insert(out_->end(), after_.begin(), after_.end());
  end_message(start, *out_);
}

// `size(route)` octets are what `put(route, at)` writes.
template <class Route, class Size, class Put>
std::size_t UpdateEncoder::pack(std::span<const Route> routes, Shape shape, Size size, Put put) {
  const std::size_t fixed = before_.size() + after_.size();
  if (fixed >= context_.max_message()) {
    too_big_ += routes.size();
    return 0;
  }
  const std::size_t room = context_.max_message() - fixed;
  std::size_t messages = 0;
  std::size_t at = 0;
  while (at < routes.size()) {
    // First how many fit, then room for exactly them.
    std::size_t used = 0;
    std::size_t end = at;
    while (end < routes.size()) {
      const std::size_t n = size(routes[end]);
      if (used + n > room) break;
      used += n;
      ++end;
    }
    if (end == at) {  // not even alone
      ++too_big_;
      ++at;
      continue;
    }
    const std::size_t start = out_->size();
    out_->insert(out_->end(), before_.begin(), before_.end());
    const std::size_t routes_at = out_->size();
    out_->resize(routes_at + used);
    std::uint8_t* p = out_->data() + routes_at;
    for (; at < end; ++at) p = put(routes[at], p);
    finish(start, used, shape);
    ++messages;
  }
  return messages;
}

std::size_t UpdateEncoder::announce(const PathAttributes& attributes,
                                    std::span<const PrefixNlri> routes, Family family) {
  const bool add_path = context_.add_path_send.has(family);
  const bool classic = is_classic(family, attributes.next_hop);
  classic ? frame_classic_reach(attributes) : frame_mp_reach(attributes, family);
  return pack(
      routes, classic ? Shape::kClassicReach : Shape::kMpReach,
      [add_path](const PrefixNlri& r) { return prefix_size(r, add_path); },
      [add_path](const PrefixNlri& r, std::uint8_t* p) { return encode_prefix(r, add_path, p); });
}

std::size_t UpdateEncoder::withdraw(std::span<const PrefixNlri> routes, Family family) {
  const bool add_path = context_.add_path_send.has(family);
  const bool classic = family == Family::kIpv4Unicast;
  classic ? frame_classic_unreach() : frame_mp_unreach(family);
  return pack(
      routes, classic ? Shape::kClassicUnreach : Shape::kMpUnreach,
      [add_path](const PrefixNlri& r) { return prefix_size(r, add_path); },
      [add_path](const PrefixNlri& r, std::uint8_t* p) { return encode_prefix(r, add_path, p); });
}

std::size_t UpdateEncoder::announce(const PathAttributes& attributes,
                                    std::span<const EvpnNlri> routes) {
  const bool add_path = context_.add_path_send.has(Family::kEvpn);
  const std::size_t id_size = add_path ? 4 : 0;
  frame_mp_reach(attributes, Family::kEvpn);
  return pack(
      routes, Shape::kMpReach,
      [id_size](const EvpnNlri& r) { return id_size + evpn_size(r, false); },
      [add_path](const EvpnNlri& r, std::uint8_t* p) {
        return encode_evpn(r, false, put_path_id(r.path_id, add_path, p));
      });
}

std::size_t UpdateEncoder::withdraw(std::span<const EvpnNlri> routes) {
  const bool add_path = context_.add_path_send.has(Family::kEvpn);
  const std::size_t id_size = add_path ? 4 : 0;
  frame_mp_unreach(Family::kEvpn);
  return pack(
      routes, Shape::kMpUnreach,
      [id_size](const EvpnNlri& r) { return id_size + evpn_size(r, true); },
      [add_path](const EvpnNlri& r, std::uint8_t* p) {
        return encode_evpn(r, true, put_path_id(r.path_id, add_path, p));
      });
}

std::size_t UpdateEncoder::announce(const PathAttributes& attributes,
                                    std::span<const OpaqueEvpnNlri> routes) {
  const bool add_path = context_.add_path_send.has(Family::kEvpn);
  const std::size_t id_size = add_path ? 4 : 0;
  frame_mp_reach(attributes, Family::kEvpn);
  return pack(
      routes, Shape::kMpReach,
      [id_size](const OpaqueEvpnNlri& r) { return id_size + opaque_size(r); },
      [add_path](const OpaqueEvpnNlri& r, std::uint8_t* p) {
        return put_opaque(r, put_path_id(r.path_id, add_path, p));
      });
}

std::size_t UpdateEncoder::withdraw(std::span<const OpaqueEvpnNlri> routes) {
  const bool add_path = context_.add_path_send.has(Family::kEvpn);
  const std::size_t id_size = add_path ? 4 : 0;
  frame_mp_unreach(Family::kEvpn);
  return pack(
      routes, Shape::kMpUnreach,
      [id_size](const OpaqueEvpnNlri& r) { return id_size + opaque_size(r); },
      [add_path](const OpaqueEvpnNlri& r, std::uint8_t* p) {
        return put_opaque(r, put_path_id(r.path_id, add_path, p));
      });
}

// ---- one whole UPDATE, for tools and tests ------------------------------------------------------

namespace {

void append_prefixes(const std::vector<PrefixNlri>& routes, bool add_path,
                     std::vector<std::uint8_t>& out) {
  for (const PrefixNlri& r : routes) {
    const std::size_t at = out.size();
    out.resize(at + prefix_size(r, add_path));
    (void)encode_prefix(r, add_path, out.data() + at);
  }
}

void append_evpn(const RouteList& list, bool withdraw, bool add_path,
                 std::vector<std::uint8_t>& out) {
  const std::size_t id_size = add_path ? 4 : 0;
  for (const EvpnNlri& r : list.evpn) {
    const std::size_t at = out.size();
    out.resize(at + id_size + evpn_size(r, withdraw));
    (void)encode_evpn(r, withdraw, put_path_id(r.path_id, add_path, out.data() + at));
  }
  for (const OpaqueEvpnNlri& r : list.opaque_evpn) {
    const std::size_t at = out.size();
    out.resize(at + id_size + opaque_size(r));
    (void)put_opaque(r, put_path_id(r.path_id, add_path, out.data() + at));
  }
}

void append_routes(const RouteList& list, Family family, bool withdraw, const CodecContext& context,
                   std::vector<std::uint8_t>& out) {
  const bool add_path = context.add_path_send.has(family);
  switch (family) {
    case Family::kIpv4Unicast:
      return append_prefixes(list.ipv4, add_path, out);
    case Family::kIpv6Unicast:
      return append_prefixes(list.ipv6, add_path, out);
    case Family::kEvpn:
      return append_evpn(list, withdraw, add_path, out);
  }
}

bool has_routes(const RouteList& list, Family family) {
  switch (family) {
    case Family::kIpv4Unicast:
      return !list.ipv4.empty();
    case Family::kIpv6Unicast:
      return !list.ipv6.empty();
    case Family::kEvpn:
      return !list.evpn.empty() || !list.opaque_evpn.empty();
  }
  return false;
}

// The one family of a list that needs an MP attribute. False when there are two.
bool find_mp_family(const RouteList& list, bool classic_ipv4, std::optional<Family>& out) {
  for (const Family family : kAllFamilies) {
    if (!has_routes(list, family) || (classic_ipv4 && family == Family::kIpv4Unicast)) continue;
    if (out) return false;
    out = family;
  }
  return true;
}

bool append_mp(AttributeCode code, const std::vector<std::uint8_t>& value,
               std::vector<std::uint8_t>& out) {
  if (value.size() > kMaxExtendedMessage) return false;
  Writer w(out);
  w.u8(kMpFlags);
  w.u8(static_cast<std::uint8_t>(code));
  w.u16(static_cast<std::uint16_t>(value.size()));
  w.bytes(value);
  return true;
}

bool append_mp_attributes(const Update& u, const CodecContext& context,
                          std::vector<std::uint8_t>& out) {
  const bool classic = is_classic(Family::kIpv4Unicast, u.attributes.next_hop);
  std::optional<Family> reach, unreach;
  if (!find_mp_family(u.announced, classic, reach)) return false;
  if (!find_mp_family(u.withdrawn, true, unreach)) return false;
  std::vector<std::uint8_t> value;
  if (reach) {
    const bool own = u.mp_next_hop.has_value();
    const auto& next_hop = own ? u.mp_next_hop : u.attributes.next_hop;
    if (!next_hop) return false;
    const auto& link_local = own ? u.mp_link_local_next_hop : u.attributes.link_local_next_hop;
    put_mp_reach_head(*next_hop, link_local, *reach, value);
    append_routes(u.announced, *reach, false, context, value);
    if (!append_mp(AttributeCode::kMpReach, value, out)) return false;
  }
  if (unreach) {
    value.clear();
    Writer w(value);
    put_mp_family(*unreach, w);
    append_routes(u.withdrawn, *unreach, true, context, value);
    if (!append_mp(AttributeCode::kMpUnreach, value, out)) return false;
  }
  return true;
}

}  // namespace

bool encode_update(const Update& u, const CodecContext& context, std::vector<std::uint8_t>& out) {
  if (u.end_of_rib && u.announced.empty() && u.withdrawn.empty()) {
    encode_end_of_rib(*u.end_of_rib, out);
    return true;
  }
  const bool classic =
      !u.announced.ipv4.empty() && is_classic(Family::kIpv4Unicast, u.attributes.next_hop);
  std::vector<std::uint8_t> attributes;
  if (!append_mp_attributes(u, context, attributes)) return false;
  if (!u.announced.empty()) encode_attributes(u.attributes, context, classic, attributes);

  const std::size_t start = begin_message(MessageType::kUpdate, out);
  Writer w(out);
  const std::size_t withdrawn_at = w.hole(2);
  append_routes(u.withdrawn, Family::kIpv4Unicast, true, context, out);
  w.patch_u16(withdrawn_at, static_cast<std::uint16_t>(out.size() - withdrawn_at - 2));
  w.u16(static_cast<std::uint16_t>(attributes.size()));
  w.bytes(attributes);
  if (classic) append_routes(u.announced, Family::kIpv4Unicast, false, context, out);
  if (out.size() - start > context.max_message()) {
    out.resize(start);
    return false;
  }
  end_message(start, out);
  return true;
}

void encode_end_of_rib(Family family, std::vector<std::uint8_t>& out) {
  const std::size_t start = begin_message(MessageType::kUpdate, out);
  Writer w(out);
  w.u16(0);
  if (family == Family::kIpv4Unicast) {  // RFC 4724 2: an UPDATE with nothing in it
    w.u16(0);
  } else {
    w.u16(6);
    w.u8(kFlagOptional);
    w.u8(static_cast<std::uint8_t>(AttributeCode::kMpUnreach));
    w.u8(3);
    put_mp_family(family, w);
  }
  end_message(start, out);
}

}  // namespace perd::wire
