// BGP messages as JSON and back: `perctl decode`, `perctl encode`. Owns the names of the keys;
// never judges a message itself, that is bgp/wire's. Keys are camelCase and follow FRR's JSON where
// FRR has one. The keys are stable: new ones may come, none changes its meaning.
//
// Every message   type      "open" "update" "notification" "keepalive" "routeRefresh"
//                 length    of the whole message, in octets
//                 error     {code, subcode, name, data}: the session would be reset with this
// open            version, as, holdTime, routerId,
//                 capabilities {multiprotocol [{afi, safi}], routeRefresh, enhancedRouteRefresh,
//                   extendedMessage, fourOctetAs, addPath [{afi, safi, mode}], fqdn {hostname,
//                   domain}, extendedNextHop [{afi, safi, nextHopAfi}], gracefulRestart
//                   {restarting, notification, restartTime, families [{afi, safi,
//                   forwardingPreserved}]}, unknown [{code, value}]}
// update          announced, withdrawn {ipv4 [], ipv6 [], evpn [], opaqueEvpn []}, attributes,
//                 mpNextHop, mpLinkLocalNextHop, endOfRib, unknownFamily {afi, safi},
//                 disposition "attributeDiscard" "routeWithdrawn" "treatAsWithdraw",
//                 faults [{attribute, offset, octets, text}]
//   ipv4, ipv6    {prefix, pathId}
//   evpn          {route, routeType, rd, ethTag, esi, mac, ip, prefix, label, label2, gatewayIP,
//                 pathId}: those the route type has; `route` is FRR's form and for people
//   opaqueEvpn    {routeType, octets, pathId}
//   attributes    origin "IGP" "EGP" "incomplete", aspath {string, segments [{type, list}]},
//   nextHop,
//                 linkLocalNextHop, metric, locPrf, atomicAggregate, aggregatorAs, aggregatorId,
//                 originatorId, clusterList [], community ["65000:1"], largeCommunity ["1:2:3"],
//                 extendedCommunity [{octets, string}], pmsi {flags, tunnelType, label, id},
//                 unknown [{flags, code, value}]
// notification    code, subcode, name, data, text (of a shutdown, RFC 9003)
// routeRefresh    afi, safi, subtype
// Octets are lower-case hex. Several messages are an array. What is absent or empty has no key.
//
// Read back, `type` and what the message needs must be there; length, name, text, string, route,
// error, disposition, faults and unknownFamily are not read. What perd itself sends comes back
// octet by octet.
#pragma once

#include <string>
#include <string_view>

#include "bgp/wire/message.h"
#include "perd/expected.h"

namespace perd::tools {

inline constexpr std::size_t kMaxToolInput = 1U << 20;  // octets of hex or JSON, more is refused

struct DecodedMessages {
  std::string json;
  // 0 good; 1 some attribute or route was discarded or treated as withdrawn; 2 a session error.
  int exit_code = 0;
};

// A context that hides nothing: internal peer, every family, extended messages, four-octet AS.
[[nodiscard]] wire::CodecContext tool_context();

// One or several whole messages with their markers, blanks allowed. The error says what is wrong
// with the text itself (not hex, empty, too long); faults of messages are in the JSON.
[[nodiscard]] Expected<DecodedMessages, std::string> decode_to_json(
    std::string_view hex, const wire::CodecContext& context);
// The way back: hex of all messages, or what is wrong with the JSON.
[[nodiscard]] Expected<std::string, std::string> encode_from_json(
    std::string_view json, const wire::CodecContext& context);

}  // namespace perd::tools
