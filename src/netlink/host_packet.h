// Frames in which a host says who it is, or is asked: ARP (RFC 826, RFC 5227), RARP (RFC 903),
// neighbour solicitation and advertisement (RFC 4861 4.3, 4.4). Pure: octets to HostPacket and
// back.
//
// Checksums are not verified: a frame of a local port may carry one that hardware would complete.
#pragma once

#include <cstdint>
#include <vector>

#include "perd/bytes.h"
#include "perd/kernel.h"

namespace perd::netlink {

enum class FrameKind : std::uint8_t {
  kHost,       // it names a host
  kIgnored,    // another protocol, a duplicate address probe, somebody who speaks for others
  kMalformed,  // a length or a field that cannot be
};

// All but `out.link`.
[[nodiscard]] FrameKind decode_frame(Bytes frame, HostPacket& out);
// 0, or EINVAL for what cannot be said. `out` is replaced.
[[nodiscard]] int encode_frame(const PacketSend& send, std::vector<std::uint8_t>& out);

}  // namespace perd::netlink
