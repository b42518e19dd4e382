// Routes (RTM_NEWROUTE, RTM_DELROUTE) of both families: the hot path, one message per prefix.
//
// Out: through a next-hop object (RTA_NH_ID) or with inline hops (RTA_GATEWAY and RTA_OIF, or
// RTA_MULTIPATH; RTA_VIA where the gateway is of the other family). NLM_F_REPLACE finds the route
// by table, prefix and metric. IPv6 quirks of Linux that the caller must know: metric 0 becomes
// 1024, and REPLACE does not exchange an inline gateway for a next-hop object (both stay): erase
// first. In: routes through an object come without hops, although the kernel tells them, to spare
// the allocation. Ignored: cached clones, table `local`, broadcast, anycast and multicast routes,
// routes with a TOS or a source prefix (RouteKey cannot tell those apart).
#pragma once

#include "netlink/message.h"
#include "perd/kernel.h"

namespace perd::netlink {

// 0 or the errno of a refusal that the kernel never saw.
[[nodiscard]] int encode_put(MessageBuilder& b, const Route& route, BatchBuffer& out);
[[nodiscard]] int encode_erase(MessageBuilder& b, const Route& route, BatchBuffer& out);
[[nodiscard]] Decoded decode_route(const MessageView& m, Seen<Route>& out);

}  // namespace perd::netlink
