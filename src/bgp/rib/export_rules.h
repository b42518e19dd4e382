// What is said to a neighbour about a best path: whether, and with which attributes. Pure
// functions, one RFC section per branch; export_rules.cpp has them in order, export_rules_test.cpp
// a row for each.
//
// Nothing here is stored: Adj-RIB-Out is derived from Loc-RIB by these functions when it is sent.
//
// Neighbours that are told alike form an update group. Two rules look at which neighbour it is, not
// only at what kind: those are export_member(). A target without an id stands for the whole group,
// and the other functions then leave these two rules out.
#pragma once

#include <optional>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/peer.h"
#include "bgp/wire/message.h"

namespace perd::rib {

enum class NextHopSelf : std::uint8_t {
  kNo,     // towards internal peers the next hop of an external route stays
  kYes,    // external routes get our address (FRR `next-hop-self`)
  kForce,  // reflected ones too (FRR `next-hop-self force`)
};

// Everything about a neighbour that exporting to it depends on.
struct ExportPeer {
  PeerInfo info;
  FamilySet families;  // negotiated
  wire::CodecContext codec;
  Asn local_asn{};                    // of the underlay
  std::optional<Asn> peer_local_asn;  // localASN: prepended before the own one
  bool as_override = false;
  NextHopSelf next_hop_self = NextHopSelf::kNo;
  bool transit = false;  // false: what one neighbour says is not passed to another
  RouterId cluster_id{};
  std::optional<IpAddress> own_v4;  // what "next hop self" is on this session
  std::optional<IpAddress> own_v6;
};

enum class ExportVerdict : std::uint8_t {
  kSend,
  kNoPath,        // nothing is best
  kSamePeer,      // learned from that very neighbour
  kNotReflected,  // internal to internal, neither is a client (RFC 4456 6)
  kNoTransit,     // transit: false
  kNoAdvertise,   // RFC 1997
  kNoExport,      // RFC 1997, NO_EXPORT_SUBCONFED too
  kOriginator,    // the neighbour is where it came from (RFC 4456 8)
  kNoNextHop,     // no address of ours could stand as its next hop
};
inline constexpr std::size_t kExportVerdictCount =
    static_cast<std::size_t>(ExportVerdict::kNoNextHop) + 1;
[[nodiscard]] std::string_view to_string(ExportVerdict verdict);  // "not-reflected"

// The part that depends on the two neighbours alone. `source` is the peer of the path, id 0 for
// own.
[[nodiscard]] ExportVerdict export_between(const PeerInfo& source, const ExportPeer& target,
                                           Family family);
// The whole answer.
[[nodiscard]] ExportVerdict export_verdict(const AttributeSet& attributes, const PeerInfo& source,
                                           const ExportPeer& target, Family family);
// The rules that tell one member of a group from another: kSamePeer, kOriginator, else kSend.
[[nodiscard]] ExportVerdict export_member(const AttributeSet& attributes, const PeerInfo& source,
                                          PeerId member, RouterId router_id,
                                          const ExportPeer& target);
// Routes of `family` are judged, rewritten and encoded alike for both, export_member() aside. What
// a rule of this file or the encoder reads of ExportPeer has to be compared here.
[[nodiscard]] bool export_alike(const ExportPeer& a, const ExportPeer& b, Family family);
// The neighbour as a group: without what only it has.
[[nodiscard]] ExportPeer as_group(const ExportPeer& peer);
// Makes of the attributes of a best path those that `target` gets. Only after kSend.
void rewrite_for_export(wire::PathAttributes& attributes, const PeerInfo& source,
                        const ExportPeer& target, Family family);

}  // namespace perd::rib
