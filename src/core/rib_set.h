// The tables of all families with what they share. Only the speaker owns one; views read it.
#pragma once

#include <array>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/decision.h"
#include "bgp/rib/exporter.h"
#include "bgp/rib/next_hop_table.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/table.h"

namespace perd {

struct RibSet {
  rib::NextHopTable next_hops;
  rib::AttributeStore attributes{next_hops};
  rib::PeerTable peers;
  rib::DecisionContext decision{attributes, next_hops, peers, {}};
  rib::Table<rib::Ipv4Unicast> ipv4{attributes};
  rib::Table<rib::Ipv6Unicast> ipv6{attributes};
  rib::Table<rib::L2vpnEvpn> evpn{attributes};
  rib::Table<rib::OpaqueEvpn> opaque{attributes};

  // f(table) for each of the four, in a fixed order.
  template <class F>
  void for_each_table(F&& f) {
    f(ipv4);
    f(ipv6);
    f(evpn);
    f(opaque);
  }
  // Paths of a peer in a family; EVPN counts the unknown route types too.
  [[nodiscard]] std::size_t paths(Family family, PeerId peer) const {
    switch (family) {
      case Family::kIpv4Unicast:
        return ipv4.paths(peer);
      case Family::kIpv6Unicast:
        return ipv6.paths(peer);
      case Family::kEvpn:
        return evpn.paths(peer) + opaque.paths(peer);
    }
    return 0;
  }
  // The same without those of a session that ended and are still to be swept.
  [[nodiscard]] std::size_t live_paths(Family family, PeerId peer) const {
    switch (family) {
      case Family::kIpv4Unicast:
        return ipv4.paths(peer) - ipv4.stale_paths(peer);
      case Family::kIpv6Unicast:
        return ipv6.paths(peer) - ipv6.stale_paths(peer);
      case Family::kEvpn:
        return evpn.paths(peer) - evpn.stale_paths(peer) + opaque.paths(peer) -
               opaque.stale_paths(peer);
    }
    return 0;
  }
  [[nodiscard]] std::size_t octets() const {
    return ipv4.memory() + ipv6.memory() + evpn.memory() + opaque.memory() + attributes.memory();
  }
  [[nodiscard]] std::size_t routes(Family family) const {
    switch (family) {
      case Family::kIpv4Unicast:
        return ipv4.routes();
      case Family::kIpv6Unicast:
        return ipv6.routes();
      case Family::kEvpn:
        return evpn.routes() + opaque.routes();
    }
    return 0;
  }
};

}  // namespace perd
