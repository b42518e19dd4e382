// Values of path attributes, read. Each function names the section that says what is malformed;
// what then happens stands in the table.
#include "bgp/wire/as_path.h"
#include "bgp/wire/attribute_codecs.h"

namespace perd::wire {
namespace {

constexpr auto kLengthFault = AttributeFaultKind::kLength;
constexpr auto kValueFault = AttributeFaultKind::kValue;

// A list of items of one size, which must neither be empty nor have a rest.
bool is_list_of(const Reader& value, std::size_t item) {
  return value.remaining() > 0 && value.remaining() % item == 0;
}

}  // namespace

FaultOrNone decode_origin(Reader value, UpdateState& state) {  // RFC 7606 7.1
  if (value.remaining() != 1) return kLengthFault;
  const std::uint8_t origin = value.u8();
  if (origin > static_cast<std::uint8_t>(Origin::kIncomplete)) return kValueFault;
  state.out.attributes.origin = static_cast<Origin>(origin);
  return std::nullopt;
}

FaultOrNone decode_as_path_attribute(Reader value, UpdateState& state) {  // RFC 7606 7.2
  PathAttributes& a = state.out.attributes;
  const bool confederation_allowed = !state.context.ebgp;
  if (!decode_as_path(value, state.context.four_octet_as, confederation_allowed, a.as_path)) {
    return kValueFault;
  }
  a.has_as_path = true;
  return std::nullopt;
}

FaultOrNone decode_next_hop(Reader value, UpdateState& state) {  // RFC 7606 7.3
  if (value.remaining() != 4) return kLengthFault;
  state.next_hop_octets = value.rest();
  state.next_hop = IpAddress::v4(value.u32());
  return std::nullopt;
}

FaultOrNone decode_med(Reader value, UpdateState& state) {  // RFC 7606 7.4
  if (value.remaining() != 4) return kLengthFault;
  state.out.attributes.med = value.u32();
  return std::nullopt;
}

FaultOrNone decode_local_pref(Reader value, UpdateState& state) {  // RFC 7606 7.5
  if (value.remaining() != 4) return kLengthFault;
  state.out.attributes.local_pref = value.u32();
  return std::nullopt;
}

FaultOrNone decode_atomic_aggregate(Reader value, UpdateState& state) {  // RFC 7606 7.6
  if (value.remaining() != 0) return kLengthFault;
  state.out.attributes.atomic_aggregate = true;
  return std::nullopt;
}

FaultOrNone decode_aggregator(Reader value, UpdateState& state) {  // RFC 7606 7.7
  const bool wide = state.context.four_octet_as;
  if (value.remaining() != (wide ? 8U : 6U)) return kLengthFault;
  const Asn asn{wide ? value.u32() : value.u16()};
  if (asn.value == 0) return kValueFault;  // RFC 7607 2
  state.out.attributes.aggregator = Aggregator{asn, RouterId{value.u32()}};
  return std::nullopt;
}

FaultOrNone decode_communities(Reader value, UpdateState& state) {  // RFC 7606 7.8
  if (!is_list_of(value, 4)) return kLengthFault;
  auto& list = state.out.attributes.communities;
  list.reserve(value.remaining() / 4);
  while (value.remaining() > 0) list.push_back(value.u32());
  return std::nullopt;
}

FaultOrNone decode_originator_id(Reader value, UpdateState& state) {  // RFC 7606 7.9
  if (value.remaining() != 4) return kLengthFault;
  state.out.attributes.originator_id = RouterId{value.u32()};
  return std::nullopt;
}

FaultOrNone decode_cluster_list(Reader value, UpdateState& state) {  // RFC 7606 7.10
  if (!is_list_of(value, 4)) return kLengthFault;
  auto& list = state.out.attributes.cluster_list;
  while (value.remaining() > 0) list.push_back(RouterId{value.u32()});
  return std::nullopt;
}

FaultOrNone decode_extended_communities(Reader value, UpdateState& state) {  // RFC 7606 7.14
  if (!is_list_of(value, 8)) return kLengthFault;
  auto& list = state.out.attributes.extended_communities;
  list.reserve(value.remaining() / 8);
  while (value.remaining() > 0) value.copy_to(list.emplace_back().octets);
  return std::nullopt;
}

FaultOrNone decode_as4_path(Reader value, UpdateState& state) {  // RFC 6793 6
  AsPath path;
  // Confederation segments are not malformed here, the merge drops them (RFC 6793 3).
  if (!decode_as_path(value, true, true, path)) return kValueFault;
  state.as4_path = std::move(path);
  return std::nullopt;
}

FaultOrNone decode_as4_aggregator(Reader value, UpdateState& state) {  // RFC 6793 6
  if (value.remaining() != 8) return kLengthFault;
  const Asn asn{value.u32()};
  if (asn.value == 0) return kValueFault;  // RFC 7607 2
  state.as4_aggregator = Aggregator{asn, RouterId{value.u32()}};
  return std::nullopt;
}

// RFC 6514 5. Tunnel types perd does not know are kept: the registry has grown since (RFC 7385).
FaultOrNone decode_pmsi_tunnel(Reader value, UpdateState& state) {
  PmsiTunnel tunnel;
  tunnel.flags = value.u8();
  tunnel.type = value.u8();
  tunnel.label = Label{value.u24()};
  if (value.failed()) return kLengthFault;
  const Bytes identifier = value.rest();
  const bool is_address = identifier.size() == 4 || identifier.size() == 16;
  if (tunnel.type == kPmsiIngressReplication && !is_address) return kLengthFault;
  tunnel.identifier.assign(identifier.begin(), identifier.end());
  state.out.attributes.pmsi = std::move(tunnel);
  return std::nullopt;
}

FaultOrNone decode_large_communities(Reader value, UpdateState& state) {  // RFC 8092 6
  if (!is_list_of(value, 12)) return kLengthFault;
  auto& list = state.out.attributes.large_communities;
  while (value.remaining() > 0) {
    LargeCommunity c;
    c.global = value.u32();
    c.local1 = value.u32();
    c.local2 = value.u32();
    list.push_back(c);
  }
  return std::nullopt;
}

}  // namespace perd::wire
