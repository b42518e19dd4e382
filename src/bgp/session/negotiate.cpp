#include "bgp/session/negotiate.h"

#include <algorithm>
#include <utility>

namespace perd::session {
namespace {

constexpr std::uint8_t kBadPeerAs = 2;  // RFC 4271 6.2
constexpr std::uint8_t kBadIdentifier = 3;
constexpr std::uint8_t kUnacceptableHoldTime = 6;
constexpr std::uint8_t kUnsupportedCapability = 7;  // RFC 5492 5
constexpr std::uint16_t kMinHoldSeconds = 3;
constexpr std::uint8_t kMultiprotocolCapability = 1;  // RFC 4760 8
constexpr std::uint8_t kAddPathReceive = 1;           // RFC 7911 4
constexpr std::uint8_t kAddPathSend = 2;
constexpr std::uint8_t kAddPathBoth = 3;
constexpr std::uint16_t kHelperRestartSeconds = 120;  // what FRR says, and of no effect in a helper

wire::AfiSafi afi_safi(Family f) {
  return {static_cast<std::uint16_t>(afi_of(f)), static_cast<std::uint8_t>(safi_of(f))};
}

std::string words(FamilySet set) {
  std::string text;
  for (const Family f : kAllFamilies) {
    if (!set.has(f)) continue;
    if (!text.empty()) text += ", ";
    text += to_string(f);
  }
  return text.empty() ? "none" : text;
}

FamilySet families_of(const wire::Capabilities& c) {
  FamilySet set;
  for (const auto& f : c.multiprotocol) {
    if (const auto known = family_of(f.afi, f.safi)) set.add(*known);
  }
  // RFC 4760 8: who names no family at all speaks what BGP-4 was made for.
  if (c.multiprotocol.empty()) set.add(Family::kIpv4Unicast);
  return set;
}

FamilySet both(FamilySet a, FamilySet b) {
  return FamilySet{static_cast<std::uint8_t>(a.bits & b.bits)};
}

FamilySet add_path_families(const wire::Capabilities& c, std::uint8_t direction) {
  FamilySet set;
  for (const auto& f : c.add_path) {
    // RFC 7911 4: any other value of Send/Receive is ignored.
    if (f.mode != direction && f.mode != kAddPathBoth) continue;
    if (const auto known = family_of(f.afi, f.safi)) set.add(*known);
  }
  return set;
}

FamilySet extended_next_hops(const wire::Capabilities& c) {
  FamilySet set;
  for (const auto& e : c.extended_next_hop) {
    if (e.next_hop_afi != static_cast<std::uint16_t>(Afi::kIpv6) || e.safi > 0xff) continue;
    if (const auto known = family_of(e.afi, static_cast<std::uint8_t>(e.safi))) set.add(*known);
  }
  return set;
}

Refusal refuse(std::uint8_t subcode, std::string reason, std::vector<std::uint8_t> data = {}) {
  return {{wire::ErrorCode::kOpen, subcode, std::move(data)}, std::move(reason)};
}

// RFC 5492 5: the data of the NOTIFICATION lists the capabilities that are missed.
Refusal no_common_family(FamilySet ours, FamilySet theirs) {
  std::vector<std::uint8_t> data;
  Writer w(data);
  for (const Family f : kAllFamilies) {
    if (!ours.has(f)) continue;
    w.u8(kMultiprotocolCapability);
    w.u8(4);
    w.u16(static_cast<std::uint16_t>(afi_of(f)));
    w.u8(0);
    w.u8(static_cast<std::uint8_t>(safi_of(f)));
  }
  return refuse(kUnsupportedCapability,
                "no address family in common: configured are " + words(ours) +
                    ", the neighbor speaks " + words(theirs),
                std::move(data));
}

}  // namespace

bool needs_reset(const PeerSettings& from, const PeerSettings& to) {
  PeerSettings live = to;
  live.port = from.port;
  live.keepalive_seconds = from.keepalive_seconds;
  live.connect_seconds = from.connect_seconds;
  live.passive = from.passive;
  live.hostname = from.hostname;
  return live != from;
}

wire::Open make_open(const PeerSettings& s) {
  wire::Open open;
  open.asn = s.local_asn;
  open.hold_time_seconds = s.hold_seconds;
  open.id = s.router_id;
  wire::Capabilities& c = open.capabilities;
  c.route_refresh = true;
  c.enhanced_route_refresh = true;
  c.extended_message = true;
  c.four_octet_as = s.local_asn;
  for (const Family f : kAllFamilies) {
    if (!s.families.has(f)) continue;
    c.multiprotocol.push_back(afi_safi(f));
    if (s.add_path_receive.has(f)) {
      c.add_path.push_back({afi_safi(f).afi, afi_safi(f).safi, kAddPathReceive});
    }
  }
  // RFC 8950: IPv4 routes over a session between IPv6 addresses may keep an IPv6 next hop.
  if (s.address.is_v6() && s.families.has(Family::kIpv4Unicast)) {
    c.extended_next_hop.push_back({static_cast<std::uint16_t>(Afi::kIpv4),
                                   static_cast<std::uint16_t>(Safi::kUnicast),
                                   static_cast<std::uint16_t>(Afi::kIpv6)});
  }
  if (!s.hostname.empty()) c.fqdn = wire::Fqdn{s.hostname, {}};
  if (s.graceful_restart_helper) {
    // No families: nothing of our own is preserved (RFC 4724 3), but NOTIFICATIONs keep the
    // neighbour's routes (RFC 8538).
    c.graceful_restart = wire::GracefulRestartCapability{false, true, kHelperRestartSeconds, {}};
  }
  return open;
}

Expected<Negotiated, Refusal> negotiate(const PeerSettings& s, const wire::Open& ours,
                                        const wire::Open& theirs) {
  const wire::Capabilities& mine = ours.capabilities;
  const wire::Capabilities& caps = theirs.capabilities;
  // AS 0 (RFC 7607: nobody's) stands for `type: External`: any but the own.
  const bool wanted =
      s.remote_asn.value == 0 ? theirs.asn != s.local_asn : theirs.asn == s.remote_asn;
  if (!wanted) {
    return unexpected(refuse(kBadPeerAs, "wrong AS number: the neighbor says " +
                                             std::to_string(theirs.asn.value) + ", configured is " +
                                             std::to_string(s.remote_asn.value)));
  }
  // RFC 6286 2.2: zero never; inside one AS it must differ from our own.
  if (theirs.id.value == 0 || (!s.ebgp() && theirs.id == s.router_id)) {
    return unexpected(refuse(kBadIdentifier, "bad router id: the neighbor says " +
                                                 to_string(theirs.id) +
                                                 (theirs.id.value == 0 ? "" : ", which is ours")));
  }
  if (theirs.hold_time_seconds != 0 && theirs.hold_time_seconds < kMinHoldSeconds) {
    return unexpected(refuse(kUnacceptableHoldTime,
                             "hold time of " + std::to_string(theirs.hold_time_seconds) +
                                 " s offered, less than " + std::to_string(kMinHoldSeconds)));
  }
  Negotiated n;
  n.families = both(s.families, families_of(caps));
  if (n.families.empty()) return unexpected(no_common_family(s.families, families_of(caps)));
  n.remote_asn = theirs.asn;
  n.remote_id = theirs.id;
  // RFC 4271 4.2: the smaller of the two; 0 is the smallest and turns both timers off.
  n.hold_seconds = std::min(ours.hold_time_seconds, theirs.hold_time_seconds);
  n.route_refresh = caps.route_refresh;
  n.enhanced_route_refresh = mine.enhanced_route_refresh && caps.enhanced_route_refresh;
  n.extended_message = mine.extended_message && caps.extended_message;
  n.four_octet_as = mine.four_octet_as.has_value() && caps.four_octet_as.has_value();
  n.graceful_restart = mine.graceful_restart.has_value() && caps.graceful_restart.has_value();
  n.remote_capabilities = caps;
  n.codec.four_octet_as = n.four_octet_as;
  n.codec.extended_message = n.extended_message;
  n.codec.ebgp = s.ebgp();
  n.codec.families = n.families;
  n.codec.add_path_receive = both(n.families, both(add_path_families(mine, kAddPathReceive),
                                                   add_path_families(caps, kAddPathSend)));
  n.codec.add_path_send = both(n.families, both(add_path_families(mine, kAddPathSend),
                                                add_path_families(caps, kAddPathReceive)));
  n.codec.extended_next_hop =
      both(n.families, both(extended_next_hops(mine), extended_next_hops(caps)));
  n.codec.local_asn = s.local_asn;
  return n;
}

bool our_dial_wins(RouterId our_id, Asn our_asn, RouterId their_id, Asn their_asn) {
  if (our_id != their_id) return our_id > their_id;
  return our_asn > their_asn;
}

}  // namespace perd::session
