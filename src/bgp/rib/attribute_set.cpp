// The packed form of an attribute set:
//
//   Header | AS path words | communities | cluster list | large communities (3 words each)
//          | extended communities (8 octets each) | blob
//
// The blob holds what nobody asks for on the hot path: link-local next hop 16, aggregator 8,
// PMSI (flags, type, label 3, length 2, identifier), unknown (flags, code, length 4, value)*, each
// only if present.
#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "bgp/rib/attribute_store.h"
#include "perd/assert.h"

namespace perd::rib {
namespace {

enum Present : std::uint16_t {
  kHasOrigin = 1,
  kHasAsPath = 2,
  kHasMed = 4,
  kHasLocalPref = 8,
  kHasOriginatorId = 16,
  kHasAtomicAggregate = 32,
  kHasAggregator = 64,
  kHasLinkLocal = 128,
  kHasPmsi = 256,
  kHasNeighborAs = 512,
  kHasV6LinkLocal = 1024,
};

void put_word(std::vector<std::uint8_t>& out, std::uint32_t word) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(word));
  std::memcpy(out.data() + at, &word, sizeof(word));
}

// An UPDATE has at most 65,535 octets, so no list of a set can have more entries than that.
std::uint16_t count16(std::size_t n) {
  PERD_ASSERT(n <= std::numeric_limits<std::uint16_t>::max());
  return static_cast<std::uint16_t>(n);
}

void pack_lists(const wire::PathAttributes& a, std::vector<std::uint8_t>& out) {
  for (const auto& segment : a.as_path.segments) {
    put_word(out, std::uint32_t{static_cast<std::uint8_t>(segment.type)} << 16 |
                      count16(segment.asns.size()));
    for (const Asn asn : segment.asns) put_word(out, asn.value);
  }
  for (const std::uint32_t c : a.communities) put_word(out, c);
  for (const RouterId id : a.cluster_list) put_word(out, id.value);
  for (const auto& c : a.large_communities) {
    put_word(out, c.global);
    put_word(out, c.local1);
    put_word(out, c.local2);
  }
  for (const auto& c : a.extended_communities) {
    out.insert(out.end(), c.octets.begin(), c.octets.end());
  }
}

void pack_blob(const wire::PathAttributes& a, std::vector<std::uint8_t>& out) {
  Writer w{out};
  if (a.link_local_next_hop) w.bytes(a.link_local_next_hop->octets);
  if (a.aggregator) {
    w.u32(a.aggregator->asn.value);
    w.u32(a.aggregator->id.value);
  }
  if (a.pmsi) {
    w.u8(a.pmsi->flags);
    w.u8(a.pmsi->type);
    w.u24(a.pmsi->label.value);
    w.u16(count16(a.pmsi->identifier.size()));
    w.bytes(a.pmsi->identifier);
  }
  for (const auto& u : a.unknown) {
    w.u8(u.flags);
    w.u8(u.code);
    w.u32(static_cast<std::uint32_t>(u.value.size()));
    w.bytes(u.value);
  }
}

std::uint16_t present_bits(const wire::PathAttributes& a) {
  unsigned bits = 0;
  if (a.origin) bits |= kHasOrigin;
  if (a.has_as_path) bits |= kHasAsPath;
  if (a.med) bits |= kHasMed;
  if (a.local_pref) bits |= kHasLocalPref;
  if (a.originator_id) bits |= kHasOriginatorId;
  if (a.atomic_aggregate) bits |= kHasAtomicAggregate;
  if (a.aggregator) bits |= kHasAggregator;
  if (a.link_local_next_hop) bits |= kHasLinkLocal;
  if (a.link_local_next_hop && a.link_local_next_hop->is_v6()) bits |= kHasV6LinkLocal;
  if (a.pmsi) bits |= kHasPmsi;
  if (a.as_path.first()) bits |= kHasNeighborAs;
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

void AttributeSet::pack(const wire::PathAttributes& a, std::vector<std::uint8_t>& out) {
  static_assert(std::has_unique_object_representations_v<Header>);
  static_assert(sizeof(AttributeSet) % alignof(std::uint32_t) == 0);
  out.resize(sizeof(Header));
  pack_lists(a, out);
  const std::size_t blob = out.size();
  pack_blob(a, out);

  Header h;
  h.size = static_cast<std::uint32_t>(out.size());
  h.med = a.med.value_or(0);
  h.local_pref = a.local_pref.value_or(0);
  h.originator_id = a.originator_id.value_or(RouterId{}).value;
  h.neighbor_as = a.as_path.first().value_or(Asn{}).value;
  h.blob_octets = static_cast<std::uint32_t>(out.size() - blob);
  h.present = present_bits(a);
  h.as_path_length = count16(a.as_path.length());
  std::size_t as_path_words = 0;
  for (const auto& segment : a.as_path.segments) as_path_words += 1 + segment.asns.size();
  h.as_path_words = count16(as_path_words);
  h.communities = count16(a.communities.size());
  h.clusters = count16(a.cluster_list.size());
  h.large = count16(a.large_communities.size());
  h.extended = count16(a.extended_communities.size());
  h.origin = static_cast<std::uint8_t>(a.origin.value_or(wire::Origin::kIncomplete));
  if (a.next_hop) {
    h.next_hop_family = static_cast<std::uint8_t>(a.next_hop->family);
    h.next_hop = a.next_hop->octets;
  }
  std::memcpy(out.data(), &h, sizeof(h));
}

bool AttributeSet::same(Bytes packed) const {
  if (packed.size() != h_.size || std::memcmp(&h_, packed.data(), sizeof(h_)) != 0) return false;
  const auto mine = list<std::uint8_t>(0, h_.size - sizeof(h_));
  const Bytes theirs = packed.subspan(sizeof(h_));
  return std::equal(mine.begin(), mine.end(), theirs.begin(), theirs.end());
}

template <class T>
std::span<const T> AttributeSet::list(std::size_t offset, std::size_t count) const {
  const auto* const base = static_cast<const std::uint8_t*>(static_cast<const void*>(this + 1));
  return {static_cast<const T*>(static_cast<const void*>(base + offset)), count};
}

std::span<const std::uint32_t> AttributeSet::words(std::size_t from, std::size_t count) const {
  return list<std::uint32_t>(from * sizeof(std::uint32_t), count);
}

std::size_t AttributeSet::list_words() const {
  return std::size_t{h_.as_path_words} + h_.communities + h_.clusters + std::size_t{h_.large} * 3;
}

wire::Origin AttributeSet::origin() const { return static_cast<wire::Origin>(h_.origin); }

std::optional<IpAddress> AttributeSet::next_hop() const {
  if (h_.next_hop_family == 0) return std::nullopt;
  IpAddress a;
  a.octets = h_.next_hop;
  a.family = static_cast<IpFamily>(h_.next_hop_family);
  return a;
}

std::optional<std::uint32_t> AttributeSet::med() const {
  if ((h_.present & kHasMed) == 0) return std::nullopt;
  return h_.med;
}

std::optional<std::uint32_t> AttributeSet::local_pref() const {
  if ((h_.present & kHasLocalPref) == 0) return std::nullopt;
  return h_.local_pref;
}

std::optional<RouterId> AttributeSet::originator_id() const {
  if ((h_.present & kHasOriginatorId) == 0) return std::nullopt;
  return RouterId{h_.originator_id};
}

std::optional<Asn> AttributeSet::neighbor_as() const {
  if ((h_.present & kHasNeighborAs) == 0) return std::nullopt;
  return Asn{h_.neighbor_as};
}

std::span<const std::uint32_t> AttributeSet::communities() const {
  return words(h_.as_path_words, h_.communities);
}

bool AttributeSet::has_community(std::uint32_t community) const {
  const auto all = communities();
  return std::find(all.begin(), all.end(), community) != all.end();
}

std::span<const ExtendedCommunity> AttributeSet::extended_communities() const {
  return list<ExtendedCommunity>(list_words() * sizeof(std::uint32_t), h_.extended);
}

void AttributeSet::expand_as_path(wire::AsPath& out) const {
  const auto path = words(0, h_.as_path_words);
  std::size_t segments = 0;
  for (std::size_t at = 0; at < path.size(); ++segments) {
    if (segments == out.segments.size()) out.segments.emplace_back();
    wire::AsSegment& segment = out.segments[segments];
    segment.type = static_cast<wire::SegmentType>(path[at] >> 16);
    const std::size_t count = path[at] & 0xFFFF;
    segment.asns.clear();
    for (const std::uint32_t asn : path.subspan(at + 1, count)) segment.asns.push_back(Asn{asn});
    at += 1 + count;
  }
  out.segments.resize(segments);
}

wire::AsPath AttributeSet::as_path() const {
  wire::AsPath path;
  expand_as_path(path);
  return path;
}

void AttributeSet::expand_blob(wire::PathAttributes& out) const {
  const std::size_t offset =
      list_words() * sizeof(std::uint32_t) + std::size_t{h_.extended} * sizeof(ExtendedCommunity);
  Reader r{list<std::uint8_t>(offset, h_.blob_octets)};
  out.link_local_next_hop.reset();
  out.aggregator.reset();
  out.pmsi.reset();
  out.unknown.clear();
  if ((h_.present & kHasLinkLocal) != 0) {
    IpAddress& a = out.link_local_next_hop.emplace();
    a.family = (h_.present & kHasV6LinkLocal) != 0 ? IpFamily::kIpv6 : IpFamily::kIpv4;
    r.copy_to(a.octets);
  }
  if ((h_.present & kHasAggregator) != 0) {
    wire::Aggregator& a = out.aggregator.emplace();
    a.asn = Asn{r.u32()};
    a.id = RouterId{r.u32()};
  }
  if ((h_.present & kHasPmsi) != 0) {
    wire::PmsiTunnel& p = out.pmsi.emplace();
    p.flags = r.u8();
    p.type = r.u8();
    p.label = Label{r.u24()};
    const Bytes identifier = r.bytes(r.u16());
    p.identifier.assign(identifier.begin(), identifier.end());
  }
  while (r.remaining() > 0) {
    wire::UnknownAttribute& u = out.unknown.emplace_back();
    u.flags = r.u8();
    u.code = r.u8();
    const Bytes value = r.bytes(r.u32());
    u.value.assign(value.begin(), value.end());
  }
  PERD_ASSERT(!r.failed());
}

void AttributeSet::expand_into(wire::PathAttributes& out) const {
  out.origin.reset();
  if ((h_.present & kHasOrigin) != 0) out.origin = origin();
  expand_as_path(out.as_path);
  out.has_as_path = (h_.present & kHasAsPath) != 0;
  out.next_hop = next_hop();
  out.med = med();
  out.local_pref = local_pref();
  out.atomic_aggregate = (h_.present & kHasAtomicAggregate) != 0;
  out.originator_id = originator_id();

  const auto plain = communities();
  out.communities.assign(plain.begin(), plain.end());
  std::size_t at = std::size_t{h_.as_path_words} + h_.communities;
  out.cluster_list.clear();
  for (const std::uint32_t id : words(at, h_.clusters)) out.cluster_list.push_back(RouterId{id});
  at += h_.clusters;
  out.large_communities.clear();
  const auto large = words(at, std::size_t{h_.large} * 3);
  for (std::size_t i = 0; i < large.size(); i += 3) {
    out.large_communities.push_back({large[i], large[i + 1], large[i + 2]});
  }
  const auto extended = extended_communities();
  out.extended_communities.assign(extended.begin(), extended.end());
  expand_blob(out);
}

wire::PathAttributes AttributeSet::expand() const {
  wire::PathAttributes out;
  expand_into(out);
  return out;
}

}  // namespace perd::rib
