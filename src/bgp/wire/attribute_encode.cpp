// Values of path attributes, written. False: there is nothing to say.
#include "bgp/wire/as_path.h"
#include "bgp/wire/attribute_codecs.h"

namespace perd::wire {
namespace {

constexpr std::uint32_t kMaxTwoOctetAs = 0xffff;

}  // namespace

bool encode_origin(const PathAttributes& a, const CodecContext&, Writer& w) {
  if (!a.origin) return false;
  w.u8(static_cast<std::uint8_t>(*a.origin));
  return true;
}

bool encode_as_path_attribute(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (!a.has_as_path && a.as_path.segments.empty()) return false;
  encode_as_path(a.as_path, c.four_octet_as, w);
  return true;
}

bool encode_next_hop(const PathAttributes& a, const CodecContext&, Writer& w) {
  if (!a.next_hop || !a.next_hop->is_v4()) return false;
  w.bytes(a.next_hop->bytes());
  return true;
}

bool encode_med(const PathAttributes& a, const CodecContext&, Writer& w) {
  if (!a.med) return false;
  w.u32(*a.med);
  return true;
}

bool encode_local_pref(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (!a.local_pref || c.ebgp) return false;  // RFC 4271 5.1.5
  w.u32(*a.local_pref);
  return true;
}

bool encode_atomic_aggregate(const PathAttributes& a, const CodecContext&, Writer&) {
  return a.atomic_aggregate;
}

bool encode_aggregator(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (!a.aggregator) return false;
  if (c.four_octet_as) {
    w.u32(a.aggregator->asn.value);
  } else {
    const Asn asn = a.aggregator->asn.value > kMaxTwoOctetAs ? kAsTrans : a.aggregator->asn;
    w.u16(static_cast<std::uint16_t>(asn.value));
  }
  w.u32(a.aggregator->id.value);
  return true;
}

bool encode_communities(const PathAttributes& a, const CodecContext&, Writer& w) {
  for (const std::uint32_t c : a.communities) w.u32(c);
  return !a.communities.empty();
}

bool encode_originator_id(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (!a.originator_id || c.ebgp) return false;  // RFC 4456 8
  w.u32(a.originator_id->value);
  return true;
}

bool encode_cluster_list(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (a.cluster_list.empty() || c.ebgp) return false;  // RFC 4456 8
  for (const RouterId id : a.cluster_list) w.u32(id.value);
  return true;
}

bool encode_extended_communities(const PathAttributes& a, const CodecContext&, Writer& w) {
  for (const ExtendedCommunity& c : a.extended_communities) w.bytes(c.octets);
  return !a.extended_communities.empty();
}

bool encode_as4_path(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (c.four_octet_as) return false;
  const AsPath path = as4_path_for(a.as_path);  // RFC 6793 4.2.2
  if (path.segments.empty()) return false;
  encode_as_path(path, true, w);
  return true;
}

bool encode_as4_aggregator(const PathAttributes& a, const CodecContext& c, Writer& w) {
  if (c.four_octet_as || !a.aggregator) return false;
  if (a.aggregator->asn.value <= kMaxTwoOctetAs) return false;  // RFC 6793 4.2.2
  w.u32(a.aggregator->asn.value);
  w.u32(a.aggregator->id.value);
  return true;
}

bool encode_pmsi_tunnel(const PathAttributes& a, const CodecContext&, Writer& w) {
  if (!a.pmsi) return false;
  w.u8(a.pmsi->flags);
  w.u8(a.pmsi->type);
  w.u24(a.pmsi->label.value);
  w.bytes(a.pmsi->identifier);
  return true;
}

bool encode_large_communities(const PathAttributes& a, const CodecContext&, Writer& w) {
  for (const LargeCommunity& c : a.large_communities) {
    w.u32(c.global);
    w.u32(c.local1);
    w.u32(c.local2);
  }
  return !a.large_communities.empty();
}

}  // namespace perd::wire
