// ROUTE-REFRESH (RFC 2918, RFC 7313). Subtypes perd does not know are for the session to ignore
// (RFC 7313 5); ORF entries behind a plain request (RFC 5291) are skipped: perd never offers ORF.
#include "bgp/wire/framing.h"
#include "bgp/wire/message.h"

namespace perd::wire {
namespace {

constexpr std::uint8_t kRequest = 0;
constexpr std::uint8_t kLastDemarcation = 2;  // 1 BoRR, 2 EoRR
constexpr std::uint8_t kInvalidMessageLength = 1;

}  // namespace

Expected<RouteRefresh, DecodeError> decode_route_refresh(Bytes body) {
  Reader r(body);
  RouteRefresh refresh;
  refresh.afi = r.u16();
  refresh.subtype = r.u8();
  refresh.safi = r.u8();
  if (r.failed()) {
    return unexpected(bad_length(static_cast<std::uint16_t>(body.size() + kHeaderSize)));
  }
  const bool demarcation = refresh.subtype != kRequest && refresh.subtype <= kLastDemarcation;
  if (demarcation && r.remaining() > 0) {
    // RFC 7313 5: the data is the complete message.
    DecodeError error{ErrorCode::kRouteRefresh, kInvalidMessageLength, {}};
    const std::size_t start = begin_message(MessageType::kRouteRefresh, error.data);
    Writer(error.data).bytes(body.first(std::min(body.size(), kMaxMessage - 2 * kHeaderSize)));
    end_message(start, error.data);
    return unexpected(std::move(error));
  }
  return refresh;
}

void encode_route_refresh(const RouteRefresh& r, std::vector<std::uint8_t>& out) {
  const std::size_t start = begin_message(MessageType::kRouteRefresh, out);
  Writer w(out);
  w.u16(r.afi);
  w.u8(r.subtype);
  w.u8(r.safi);
  end_message(start, out);
}

}  // namespace perd::wire
