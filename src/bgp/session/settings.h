// What a neighbour is set up with (derived from NeighborConfig by the speaker), and what the two
// OPEN messages of a session agreed upon. Values only.
#pragma once

#include <cstdint>
#include <string>

#include "bgp/wire/message.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/transport.h"

namespace perd::session {

struct PeerSettings {
  IpAddress address{};       // the neighbour's
  std::uint16_t port = 179;  // dialled
  Asn local_asn{};           // what our OPEN says: localASN when configured, else the own one
  Asn remote_asn{};          // what the neighbour's OPEN must say; 0: any but the own
  RouterId router_id{};
  std::uint16_t hold_seconds = 180;      // 0: no keepalives, no hold timer
  std::uint16_t keepalive_seconds = 60;  // bound of the interval; a third of the hold time at most
  std::uint16_t connect_seconds = 5;     // between two dials, at most
  FamilySet families;
  FamilySet add_path_receive;  // RFC 7911
  bool passive = false;        // never dials
  std::string hostname;        // FQDN capability; empty: not sent
  bool graceful_restart_helper =
      false;  // RFC 4724: tell the neighbour that its restart is waited for
  TransportOptions transport;
  friend bool operator==(const PeerSettings&, const PeerSettings&) = default;

  [[nodiscard]] bool ebgp() const { return local_asn != remote_asn; }
};

// Whether going from one to the other cannot be done under a live session: something that the OPEN
// said, or an option of the socket, differs. The rest (timers of our own, who dials) is changed
// live.
[[nodiscard]] bool needs_reset(const PeerSettings& from, const PeerSettings& to);

struct Negotiated {
  Asn remote_asn{};
  RouterId remote_id{};
  std::uint16_t hold_seconds = 0;       // 0: no hold timer
  FamilySet families;                   // both sides speak them
  wire::CodecContext codec;             // how to read what comes and to write what goes
  bool route_refresh = false;           // the neighbour takes ROUTE-REFRESH
  bool enhanced_route_refresh = false;  // both know BoRR and EoRR (RFC 7313)
  bool extended_message = false;  // the neighbour takes messages up to 65535 octets (RFC 8654)
  bool four_octet_as = false;     // both speak RFC 6793
  bool graceful_restart = false;  // both named the capability (RFC 4724)
  wire::Capabilities remote_capabilities;
  // Of the TCP connection; filled in by the session.
  IpAddress local_address{};
  bool incoming = false;  // the neighbour dialled
  friend bool operator==(const Negotiated& a, const Negotiated& b) {
    return a.remote_asn == b.remote_asn && a.remote_id == b.remote_id &&
           a.hold_seconds == b.hold_seconds && a.families == b.families &&
           a.route_refresh == b.route_refresh &&
           a.enhanced_route_refresh == b.enhanced_route_refresh &&
           a.extended_message == b.extended_message && a.four_octet_as == b.four_octet_as &&
           a.graceful_restart == b.graceful_restart &&
           a.remote_capabilities == b.remote_capabilities && a.local_address == b.local_address &&
           a.incoming == b.incoming;
  }
};

}  // namespace perd::session
