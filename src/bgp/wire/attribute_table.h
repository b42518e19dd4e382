// The table of path attributes: one row per attribute perd knows, {code, name, flags, what a
// malformed one does, decode, encode}. A new attribute is a row, a pair of functions and a test.
// The drivers do once what is common: flags, repetition, length framing, unknown attributes (RFC
// 4271 4.3, 5, 6.3, RFC 7606 3, 4, 7). Internal to bgp/wire.
#pragma once

#include <optional>
#include <string_view>

#include "bgp/wire/update_state.h"
#include "perd/bytes.h"
#include "perd/expected.h"

namespace perd::wire {

inline constexpr std::uint8_t kFlagOptional = 0x80;
inline constexpr std::uint8_t kFlagTransitive = 0x40;
inline constexpr std::uint8_t kFlagPartial = 0x20;
inline constexpr std::uint8_t kFlagExtendedLength = 0x10;

enum class OnMalformed : std::uint8_t { kDiscard, kTreatAsWithdraw, kReset };

// Who takes an attribute seriously; from others it is dropped without a word.
enum class Audience : std::uint8_t {
  kAll,
  kInternal,      // RFC 7606 7.5, 7.9, 7.10: dropped when the peer is external
  kTwoOctetPeer,  // RFC 6793 4.1: dropped when the peer speaks four-octet AS numbers
};

struct AttributeRow {
  AttributeCode code;
  std::string_view name;
  std::uint8_t flags;  // optional and transitive
  OnMalformed on_wrong_flags;
  OnMalformed on_malformed;
  Audience audience;
  // What is wrong with the value; none when it has been stored.
  std::optional<AttributeFaultKind> (*decode)(Reader value, UpdateState& state);
  // Writes the value; false when there is nothing to say. Null for the MP attributes, which the
  // update encoder writes itself.
  bool (*encode)(const PathAttributes& attributes, const CodecContext& context, Writer& value);
};

[[nodiscard]] const AttributeRow* find_attribute(std::uint8_t code);
[[nodiscard]] std::string_view attribute_name(std::uint8_t code);  // "" when unknown

// The Path Attributes field. An error resets the session.
[[nodiscard]] Expected<void, DecodeError> decode_attributes(Bytes field, UpdateState& state);
// Everything but the MP attributes, ascending by code. NEXT_HOP only when `with_next_hop`.
void encode_attributes(const PathAttributes& attributes, const CodecContext& context,
                       bool with_next_hop, std::vector<std::uint8_t>& out);

// The NOTIFICATION subcode that RFC 4271 6.3 has for a fault.
[[nodiscard]] DecodeError error_of(std::uint8_t code, AttributeFaultKind kind, Bytes attribute);

}  // namespace perd::wire
