// BGP messages as values, and the functions between them and octets.
//
// Decoding never throws and never builds text: faults are enums with offsets and a copy of the
// octets that RFC 4271 6 wants in the NOTIFICATION. Two roads for a bad UPDATE (RFC 7606 2): a
// DecodeError resets the session; an AttributeFault says what else is to be done and stands in
// Update::faults, whose strongest one is Update::disposition.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/wire/attributes.h"
#include "bgp/wire/nlri.h"
#include "perd/bytes.h"
#include "perd/expected.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::wire {

inline constexpr std::size_t kHeaderSize = 19;             // RFC 4271 4.1
inline constexpr std::size_t kMaxMessage = 4096;           // RFC 4271 4
inline constexpr std::size_t kMaxExtendedMessage = 65535;  // RFC 8654

enum class MessageType : std::uint8_t {
  kOpen = 1,
  kUpdate = 2,
  kNotification = 3,
  kKeepalive = 4,
  kRouteRefresh = 5,
};

// ---- errors -------------------------------------------------------------------------------------

enum class ErrorCode : std::uint8_t {  // RFC 4271 4.5, RFC 7313 5, RFC 9687
  kMessageHeader = 1,
  kOpen = 2,
  kUpdate = 3,
  kHoldTimer = 4,
  kFsm = 5,
  kCease = 6,
  kRouteRefresh = 7,
  kSendHoldTimer = 8,
};
// RFC 4486, RFC 8203/9003, RFC 8538.
enum class CeaseSubcode : std::uint8_t {
  kMaximumPrefixes = 1,
  kAdministrativeShutdown = 2,
  kPeerDeconfigured = 3,
  kAdministrativeReset = 4,
  kConnectionRejected = 5,
  kOtherConfigurationChange = 6,
  kCollisionResolution = 7,
  kOutOfResources = 8,
  kHardReset = 9,
};

struct Notification {
  ErrorCode code{};
  std::uint8_t subcode = 0;
  std::vector<std::uint8_t> data;
  friend bool operator==(const Notification&, const Notification&) = default;
};
// Why a session must be reset: exactly what the NOTIFICATION will carry.
using DecodeError = Notification;
[[nodiscard]] std::string to_string(
    const Notification& n);  // "UPDATE Message Error/Malformed AS_PATH"
// RFC 9003: communication text of a shutdown or reset, at most 255 octets of UTF-8; "" when none.
[[nodiscard]] std::string shutdown_text(const Notification& n);
[[nodiscard]] Notification make_cease(CeaseSubcode subcode, std::string_view text = {});

enum class Disposition : std::uint8_t {  // in order of strength, RFC 7606 2
  kNone,
  kAttributeDiscard,
  // One malformed EVPN route whose frame is intact (RFC 7606 5.4, RFC 9136 3.1): it alone is
  // treated
  // as withdrawn (dropped when its key cannot be told), the other routes of the UPDATE stand.
  kRouteWithdrawn,
  // `announced` is empty: the decoder moved what was there to `withdrawn`.
  kTreatAsWithdraw,
};
// A message cannot make the decoder copy without bound: later faults only count for the
// disposition.
inline constexpr std::size_t kMaxFaults = 16;
inline constexpr std::size_t kMaxFaultOctets = 64;
enum class AttributeFaultKind : std::uint8_t {
  kFlags,
  kLength,
  kValue,
  kDuplicate,
  kMissing,
  kTruncated,
  kBadNlri,
  kBadNextHop,
};
struct AttributeFault {
  std::uint8_t code = 0;  // attribute type
  AttributeFaultKind kind{};
  Disposition disposition{};
  std::uint16_t offset = 0;          // in the UPDATE body
  std::vector<std::uint8_t> octets;  // the attribute as it came, at most 64
  friend bool operator==(const AttributeFault&, const AttributeFault&) = default;
};
[[nodiscard]] std::string to_string(const AttributeFault& fault);

// ---- OPEN ---------------------------------------------------------------------------------------

struct GracefulRestartFamily {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  bool forwarding_preserved = false;
  friend bool operator==(const GracefulRestartFamily&, const GracefulRestartFamily&) = default;
};
struct GracefulRestartCapability {  // RFC 4724 3, RFC 8538 2
  bool restarting = false;
  bool notification = false;
  std::uint16_t restart_time_seconds = 0;
  std::vector<GracefulRestartFamily> families;
  friend bool operator==(const GracefulRestartCapability&,
                         const GracefulRestartCapability&) = default;
};
struct AddPathFamily {  // RFC 7911 4: 1 receive, 2 send, 3 both
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  std::uint8_t mode = 0;
  friend bool operator==(const AddPathFamily&, const AddPathFamily&) = default;
};
struct ExtendedNextHop {  // RFC 8950 4
  std::uint16_t afi = 0;
  std::uint16_t safi = 0;
  std::uint16_t next_hop_afi = 0;
  friend bool operator==(const ExtendedNextHop&, const ExtendedNextHop&) = default;
};
struct Fqdn {
  std::string host, domain;
  friend bool operator==(const Fqdn&, const Fqdn&) = default;
};
struct AfiSafi {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  friend bool operator==(const AfiSafi&, const AfiSafi&) = default;
};
struct UnknownCapability {
  std::uint8_t code = 0;
  std::vector<std::uint8_t> value;
  friend bool operator==(const UnknownCapability&, const UnknownCapability&) = default;
};

struct Capabilities {
  std::vector<AfiSafi> multiprotocol;
  bool route_refresh = false;
  bool enhanced_route_refresh = false;
  bool extended_message = false;
  std::optional<Asn> four_octet_as;
  std::optional<GracefulRestartCapability> graceful_restart;
  std::vector<AddPathFamily> add_path;
  std::vector<ExtendedNextHop> extended_next_hop;
  std::optional<Fqdn> fqdn;
  std::vector<UnknownCapability> unknown;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};
struct Open {
  std::uint8_t version = 4;
  Asn asn{};  // four_octet_as when present, else My Autonomous System
  std::uint16_t hold_time_seconds = 0;
  RouterId id{};
  Capabilities capabilities;
  friend bool operator==(const Open&, const Open&) = default;
};

// ---- UPDATE -------------------------------------------------------------------------------------

// The routes of one direction, by family. Reused between messages to spare allocations.
struct RouteList {
  std::vector<PrefixNlri> ipv4;
  std::vector<PrefixNlri> ipv6;
  std::vector<EvpnNlri> evpn;  // withdrawals: data is meaningless
  std::vector<OpaqueEvpnNlri> opaque_evpn;
  void clear() { ipv4.clear(), ipv6.clear(), evpn.clear(), opaque_evpn.clear(); }
  [[nodiscard]] bool empty() const {
    return ipv4.empty() && ipv6.empty() && evpn.empty() && opaque_evpn.empty();
  }
  friend bool operator==(const RouteList&, const RouteList&) = default;
};

struct Update {
  RouteList withdrawn;
  RouteList announced;
  PathAttributes attributes;
  // Next hop of MP_REACH_NLRI, always set when there is one. Without classic IPv4 NLRI the same
  // value stands in `attributes.next_hop`; with them that is the NEXT_HOP attribute.
  std::optional<IpAddress> mp_next_hop;
  std::optional<IpAddress> mp_link_local_next_hop;
  std::optional<AfiSafi> unknown_family;  // MP attribute of a family perd does not speak: ignored
  std::optional<Family> end_of_rib;       // RFC 4724 2
  std::vector<AttributeFault> faults;
  Disposition disposition = Disposition::kNone;
  void clear();
};

struct RouteRefresh {  // RFC 2918, RFC 7313
  std::uint16_t afi = 0;
  std::uint8_t subtype = 0;  // 0 request, 1 BoRR, 2 EoRR
  std::uint8_t safi = 0;
  friend bool operator==(const RouteRefresh&, const RouteRefresh&) = default;
};

// What both directions need to know of the session.
struct CodecContext {
  bool four_octet_as = true;
  bool extended_message = false;
  bool ebgp = true;             // RFC 7606 7.5: LOCAL_PREF of an external peer is discarded
  FamilySet families;           // negotiated
  FamilySet add_path_receive;   // RFC 7911: path identifiers present in what comes
  FamilySet add_path_send;      // ... and in what goes
  FamilySet extended_next_hop;  // RFC 8950: IPv6 next hops for IPv4 routes
  Asn local_asn{};              // for faults that need it; not used for loop checks
  [[nodiscard]] std::size_t max_message() const {
    return extended_message ? kMaxExtendedMessage : kMaxMessage;
  }
};

// ---- decode -------------------------------------------------------------------------------------

struct Header {
  std::uint16_t length = 0;  // of the whole message
  MessageType type{};
};
// The 19 octets of a header: marker, length and type (RFC 4271 6.1); also the minimum and maximum
// length of each type, of which OPEN and KEEPALIVE never are extended (RFC 8654 4).
[[nodiscard]] Expected<Header, DecodeError> decode_header(Bytes nineteen, bool extended_message);
// Bodies are without the header.
[[nodiscard]] Expected<Open, DecodeError> decode_open(Bytes body);
// Fills `out` (cleared first). An error resets the session.
[[nodiscard]] Expected<void, DecodeError> decode_update(Bytes body, const CodecContext& context,
                                                        Update& out);
[[nodiscard]] Expected<Notification, DecodeError> decode_notification(Bytes body);
[[nodiscard]] Expected<RouteRefresh, DecodeError> decode_route_refresh(Bytes body);

// ---- encode: appends one whole message with its header ------------------------------------------

void encode_open(const Open& open, std::vector<std::uint8_t>& out);
void encode_keepalive(std::vector<std::uint8_t>& out);
void encode_notification(const Notification& n, std::vector<std::uint8_t>& out);
void encode_route_refresh(const RouteRefresh& r, std::vector<std::uint8_t>& out);
void encode_end_of_rib(Family family, std::vector<std::uint8_t>& out);
// One UPDATE with everything in `u`; for tools and tests. False when it does not fit max_message().
[[nodiscard]] bool encode_update(const Update& u, const CodecContext& context,
                                 std::vector<std::uint8_t>& out);

// The fast road of the update packer: attributes once, then as many routes as fit, message after
// message. `next_hop` for IPv6 and EVPN goes into MP_REACH_NLRI; IPv4 unicast uses NEXT_HOP unless
// the next hop is IPv6 (RFC 8950). Attributes are written in FRR's order: MP_REACH first, then by
// code.
class UpdateEncoder {
 public:
  UpdateEncoder(const CodecContext& context, std::vector<std::uint8_t>& out)
      : context_(context), out_(&out) {}

  // Announce routes of one family that share `attributes`. Returns the number of messages written;
  // routes that cannot fit even alone are skipped and counted in `too_big`.
  std::size_t announce(const PathAttributes& attributes, std::span<const PrefixNlri> routes,
                       Family family);
  std::size_t announce(const PathAttributes& attributes, std::span<const EvpnNlri> routes);
  std::size_t announce(const PathAttributes& attributes, std::span<const OpaqueEvpnNlri> routes);
  std::size_t withdraw(std::span<const PrefixNlri> routes, Family family);
  std::size_t withdraw(std::span<const EvpnNlri> routes);
  std::size_t withdraw(std::span<const OpaqueEvpnNlri> routes);
  [[nodiscard]] std::size_t too_big() const { return too_big_; }

 private:
  // Where the length of the routes enters a message besides its header (update_encode.cpp).
  enum class Shape : std::uint8_t { kClassicReach, kClassicUnreach, kMpReach, kMpUnreach };

  // Fill `before_` and `after_` with what surrounds the routes in every message.
  void frame_classic_reach(const PathAttributes& attributes);
  void frame_classic_unreach();
  void frame_mp_reach(const PathAttributes& attributes, Family family);
  void frame_mp_unreach(Family family);
  template <class Route, class Size, class Put>
  std::size_t pack(std::span<const Route> routes, Shape shape, Size size, Put put);
  void finish(std::size_t start, std::size_t routes_size, Shape shape);

  const CodecContext& context_;
  std::vector<std::uint8_t>* out_;
  std::vector<std::uint8_t> before_, after_;
  std::size_t too_big_ = 0;
};

}  // namespace perd::wire
