// RibTables: the tables that exporting reads, by family tag; they outlive whoever holds this.
#pragma once

#include <type_traits>

#include "bgp/rib/table.h"

namespace perd::rib {

struct RibTables {
  Table<Ipv4Unicast>& ipv4;
  Table<Ipv6Unicast>& ipv6;
  Table<L2vpnEvpn>& evpn;
  Table<OpaqueEvpn>& opaque;

  template <class F>
  [[nodiscard]] Table<F>& of() const {
    if constexpr (std::is_same_v<F, Ipv4Unicast>) return ipv4;
    if constexpr (std::is_same_v<F, Ipv6Unicast>) return ipv6;
    if constexpr (std::is_same_v<F, L2vpnEvpn>) return evpn;
    if constexpr (std::is_same_v<F, OpaqueEvpn>) return opaque;
  }
};

}  // namespace perd::rib
