#include "bgp/wire/attribute_table.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "bgp/wire/attribute_codecs.h"
#include "bgp/wire/framing.h"

namespace perd::wire {
namespace {

constexpr std::uint8_t kWellKnown = kFlagTransitive;
constexpr std::uint8_t kOptional = kFlagOptional;
constexpr std::uint8_t kOptionalTransitive = kFlagOptional | kFlagTransitive;

constexpr auto kDiscard = OnMalformed::kDiscard;
constexpr auto kWithdraw = OnMalformed::kTreatAsWithdraw;
constexpr auto kReset = OnMalformed::kReset;

using enum AttributeCode;
using enum Audience;

// Ascending by code: the order of encoding. Wrong flags: RFC 7606 3 c, and 3 f for the two
// aggregation attributes, 5.3 for MP. Malformed values: RFC 7606 7; RFC 6514 5; RFC 8092 6; RFC
// 6793 6.
constexpr AttributeRow kRows[] = {
    {kOrigin, "ORIGIN", kWellKnown, kWithdraw, kWithdraw, kAll, decode_origin, encode_origin},
    {kAsPath, "AS_PATH", kWellKnown, kWithdraw, kWithdraw, kAll, decode_as_path_attribute,
     encode_as_path_attribute},
    {kNextHop, "NEXT_HOP", kWellKnown, kWithdraw, kWithdraw, kAll, decode_next_hop,
     encode_next_hop},
    {kMed, "MULTI_EXIT_DISC", kOptional, kWithdraw, kWithdraw, kAll, decode_med, encode_med},
    {kLocalPref, "LOCAL_PREF", kWellKnown, kWithdraw, kWithdraw, kInternal, decode_local_pref,
     encode_local_pref},
    {kAtomicAggregate, "ATOMIC_AGGREGATE", kWellKnown, kDiscard, kDiscard, kAll,
     decode_atomic_aggregate, encode_atomic_aggregate},
    {kAggregator, "AGGREGATOR", kOptionalTransitive, kDiscard, kDiscard, kAll, decode_aggregator,
     encode_aggregator},
    {kCommunities, "COMMUNITIES", kOptionalTransitive, kWithdraw, kWithdraw, kAll,
     decode_communities, encode_communities},
    {kOriginatorId, "ORIGINATOR_ID", kOptional, kWithdraw, kWithdraw, kInternal,
     decode_originator_id, encode_originator_id},
    {kClusterList, "CLUSTER_LIST", kOptional, kWithdraw, kWithdraw, kInternal, decode_cluster_list,
     encode_cluster_list},
    {kMpReach, "MP_REACH_NLRI", kOptional, kReset, kReset, kAll, decode_mp_reach, nullptr},
    {kMpUnreach, "MP_UNREACH_NLRI", kOptional, kReset, kReset, kAll, decode_mp_unreach, nullptr},
    {kExtendedCommunities, "EXTENDED_COMMUNITIES", kOptionalTransitive, kWithdraw, kWithdraw, kAll,
     decode_extended_communities, encode_extended_communities},
    {kAs4Path, "AS4_PATH", kOptionalTransitive, kWithdraw, kDiscard, kTwoOctetPeer, decode_as4_path,
     encode_as4_path},
    {kAs4Aggregator, "AS4_AGGREGATOR", kOptionalTransitive, kWithdraw, kDiscard, kTwoOctetPeer,
     decode_as4_aggregator, encode_as4_aggregator},
    {kPmsiTunnel, "PMSI_TUNNEL", kOptionalTransitive, kWithdraw, kWithdraw, kAll,
     decode_pmsi_tunnel, encode_pmsi_tunnel},
    {kLargeCommunities, "LARGE_COMMUNITIES", kOptionalTransitive, kWithdraw, kWithdraw, kAll,
     decode_large_communities, encode_large_communities},
};

constexpr std::uint8_t kNoRow = 0xff;
constexpr std::array<std::uint8_t, 256> make_row_index() {
  std::array<std::uint8_t, 256> index{};
  index.fill(kNoRow);
  std::uint8_t at = 0;
  for (const AttributeRow& row : kRows) index[static_cast<std::uint8_t>(row.code)] = at++;
  return index;
}
constexpr std::array<std::uint8_t, 256> kRowIndex = make_row_index();

bool is_mp(std::uint8_t code) {
  return code == static_cast<std::uint8_t>(kMpReach) ||
         code == static_cast<std::uint8_t>(kMpUnreach);
}

// One attribute as it stands in the field.
struct RawAttribute {
  std::uint8_t flags = 0;
  std::uint8_t code = 0;
  Bytes octets{};  // all of it
  Reader value{};
};

bool is_for_us(const AttributeRow& row, const CodecContext& context) {
  switch (row.audience) {
    case kAll:
      return true;
    case kInternal:
      return !context.ebgp;
    case kTwoOctetPeer:
      return !context.four_octet_as;
  }
  return true;
}

void keep_unknown(const RawAttribute& raw, std::vector<UnknownAttribute>& list) {
  const Bytes value = raw.value.rest();
  const auto place =
      std::upper_bound(list.begin(), list.end(), raw.code,
                       [](std::uint8_t code, const UnknownAttribute& u) { return code < u.code; });
  const auto flags = static_cast<std::uint8_t>(raw.flags & ~kFlagExtendedLength);
  list.insert(place, UnknownAttribute{flags, raw.code, {value.begin(), value.end()}});
}

Expected<void, DecodeError> settle(OnMalformed action, AttributeFaultKind kind,
                                   const RawAttribute& raw, UpdateState& state) {
  switch (action) {
    case OnMalformed::kDiscard:
      state.faults.add(raw.code, kind, Disposition::kAttributeDiscard, raw.octets);
      return {};
    case OnMalformed::kTreatAsWithdraw:
      state.faults.add(raw.code, kind, Disposition::kTreatAsWithdraw, raw.octets);
      return {};
    case OnMalformed::kReset:
      break;
  }
  return unexpected(error_of(raw.code, kind, raw.octets));
}

Expected<void, DecodeError> decode_one(const RawAttribute& raw, bool repeated, UpdateState& state) {
  if (repeated) {  // RFC 7606 3 g
    const OnMalformed action = is_mp(raw.code) ? kReset : kDiscard;
    return settle(action, AttributeFaultKind::kDuplicate, raw, state);
  }
  const AttributeRow* row = find_attribute(raw.code);
  if (row == nullptr) {
    // RFC 4271 6.3: a speaker must know every well-known attribute.
    if ((raw.flags & kFlagOptional) == 0) {
      return unexpected(update_error(UpdateSubcode::kUnrecognizedWellKnown, raw.octets));
    }
    keep_unknown(raw, state.out.attributes.unknown);
    return {};
  }
  if (!is_for_us(*row, state.context)) return {};
  if (((raw.flags ^ row->flags) & kOptionalTransitive) != 0) {
    return settle(row->on_wrong_flags, AttributeFaultKind::kFlags, raw, state);
  }
  if (const auto fault = row->decode(raw.value, state)) {
    return settle(row->on_malformed, *fault, raw, state);
  }
  return {};
}

// RFC 7606 4: an attribute runs past the field, or less than one is left.
Expected<void, DecodeError> settle_truncated(Bytes rest, UpdateState& state) {
  const std::uint8_t code = rest.size() > 1 ? rest[1] : std::uint8_t{0};
  // 3 j: when that was the one with the routes, there is nothing left to withdraw.
  const OnMalformed action = is_mp(code) ? kReset : kWithdraw;
  return settle(action, AttributeFaultKind::kTruncated, {0, code, rest, Reader{}}, state);
}

bool write_header_and_value(const AttributeRow& row, const PathAttributes& attributes,
                            const CodecContext& context, std::vector<std::uint8_t>& out) {
  // FRR writes AS_PATH with two length octets always; so does perd, octet by octet.
  const bool extended = row.code == kAsPath;
  const std::size_t start = out.size();
  Writer w(out);
  w.u8(extended ? row.flags | kFlagExtendedLength : row.flags);
  w.u8(static_cast<std::uint8_t>(row.code));
  const std::size_t length_at = w.hole(extended ? 2 : 1);
  const std::size_t value_at = out.size();
  if (!row.encode(attributes, context, w)) {
    out.resize(start);
    return false;
  }
  const std::size_t size = out.size() - value_at;
  if (extended) {
    w.patch_u16(length_at, static_cast<std::uint16_t>(size));
  } else if (size <= 0xff) {
    w.patch_u8(length_at, static_cast<std::uint8_t>(size));
  } else {
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(length_at), 0);
    w.patch_u8(start, row.flags | kFlagExtendedLength);
    w.patch_u16(length_at, static_cast<std::uint16_t>(size));
  }
  return true;
}

void write_unknown(const UnknownAttribute& u, Writer& w) {
  // RFC 4271 5: passed on only when transitive, and marked as not understood on the way.
  if ((u.flags & kFlagTransitive) == 0) return;
  const bool extended = u.value.size() > 0xff;
  const unsigned flags = (u.flags & kOptionalTransitive) | kFlagPartial;
  w.u8(static_cast<std::uint8_t>(extended ? flags | kFlagExtendedLength : flags));
  w.u8(u.code);
  if (extended) {
    w.u16(static_cast<std::uint16_t>(u.value.size()));
  } else {
    w.u8(static_cast<std::uint8_t>(u.value.size()));
  }
  w.bytes(u.value);
}

}  // namespace

const AttributeRow* find_attribute(std::uint8_t code) {
  return kRowIndex[code] == kNoRow ? nullptr : &kRows[kRowIndex[code]];
}

std::string_view attribute_name(std::uint8_t code) {
  const AttributeRow* row = find_attribute(code);
  return row == nullptr ? std::string_view{} : row->name;
}

Expected<void, DecodeError> decode_attributes(Bytes field, UpdateState& state) {
  std::bitset<256> seen;
  Reader r(field);
  while (r.remaining() > 0) {
    const std::size_t start = r.offset();
    RawAttribute raw;
    raw.flags = r.u8();
    raw.code = r.u8();
    const std::size_t length = (raw.flags & kFlagExtendedLength) != 0 ? r.u16() : r.u8();
    raw.value = r.sub(length);
    state.other_attributes |= raw.code != static_cast<std::uint8_t>(kMpUnreach);
    if (r.failed()) return settle_truncated(field.subspan(start), state);
    raw.octets = field.subspan(start, r.offset() - start);
    const bool repeated = seen.test(raw.code);
    seen.set(raw.code);
    if (auto good = decode_one(raw, repeated, state); !good) return good;
  }
  return {};
}

void encode_attributes(const PathAttributes& attributes, const CodecContext& context,
                       bool with_next_hop, std::vector<std::uint8_t>& out) {
  Writer w(out);
  auto unknown = attributes.unknown.begin();
  for (const AttributeRow& row : kRows) {
    while (unknown != attributes.unknown.end() &&
           unknown->code < static_cast<std::uint8_t>(row.code)) {
      write_unknown(*unknown++, w);
    }
    if (row.encode == nullptr || (row.code == kNextHop && !with_next_hop)) continue;
    (void)write_header_and_value(row, attributes, context, out);
  }
  while (unknown != attributes.unknown.end()) write_unknown(*unknown++, w);
}

DecodeError error_of(std::uint8_t code, AttributeFaultKind kind, Bytes attribute) {
  using enum UpdateSubcode;
  switch (kind) {
    case AttributeFaultKind::kFlags:
      return update_error(kAttributeFlags, attribute);
    case AttributeFaultKind::kLength:
      // RFC 4760 7 has one subcode for all that is wrong with its two.
      return update_error(is_mp(code) ? kOptionalAttribute : kAttributeLength, attribute);
    case AttributeFaultKind::kMissing:
      return update_error(kMissingWellKnown, Bytes(&code, 1));
    case AttributeFaultKind::kDuplicate:
    case AttributeFaultKind::kTruncated:
      return update_error(kMalformedAttributeList);
    case AttributeFaultKind::kBadNlri:
      return update_error(kOptionalAttribute, attribute);
    case AttributeFaultKind::kBadNextHop:
    case AttributeFaultKind::kValue:
      break;
  }
  switch (static_cast<AttributeCode>(code)) {
    case AttributeCode::kOrigin:
      return update_error(kInvalidOrigin, attribute);
    case AttributeCode::kAsPath:
      return update_error(kMalformedAsPath);  // RFC 4271 6.3: no data
    case AttributeCode::kNextHop:
      return update_error(kInvalidNextHop, attribute);
    default:
      return update_error(kOptionalAttribute, attribute);
  }
}

}  // namespace perd::wire
