// What every message codec of this folder shares: the header in front of what is written, the
// subcodes of RFC 4271 6 and the makers of errors. Internal to bgp/wire.
#pragma once

#include <cstdint>
#include <vector>

#include "bgp/wire/message.h"

namespace perd::wire {

enum class HeaderSubcode : std::uint8_t {  // RFC 4271 6.1
  kNotSynchronized = 1,
  kBadLength = 2,
  kBadType = 3,
};
enum class OpenSubcode : std::uint8_t {  // RFC 4271 6.2
  kUnspecific = 0,
  kUnsupportedVersion = 1,
  kBadPeerAs = 2,
  kBadIdentifier = 3,
  kUnsupportedParameter = 4,
  kUnacceptableHoldTime = 6,
};
enum class UpdateSubcode : std::uint8_t {  // RFC 4271 6.3
  kMalformedAttributeList = 1,
  kUnrecognizedWellKnown = 2,
  kMissingWellKnown = 3,
  kAttributeFlags = 4,
  kAttributeLength = 5,
  kInvalidOrigin = 6,
  kInvalidNextHop = 8,
  kOptionalAttribute = 9,
  kInvalidNetworkField = 10,
  kMalformedAsPath = 11,
};

[[nodiscard]] DecodeError header_error(HeaderSubcode subcode, std::vector<std::uint8_t> data);
[[nodiscard]] DecodeError bad_length(std::uint16_t length);
[[nodiscard]] DecodeError update_error(UpdateSubcode subcode, Bytes data = {});

// Writes a header with an empty length; returns where it starts.
[[nodiscard]] std::size_t begin_message(MessageType type, std::vector<std::uint8_t>& out);
// Fills the length in.
void end_message(std::size_t start, std::vector<std::uint8_t>& out);

}  // namespace perd::wire
