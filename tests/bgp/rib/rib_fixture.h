// Short names for what the tests of the RIB need again and again.
#pragma once

#include <string_view>
#include <vector>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/decision.h"
#include "bgp/rib/exporter.h"
#include "bgp/rib/next_hop_table.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/table.h"

namespace perd::rib {

inline IpAddress v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return IpAddress::v4(a << 24 | b << 16 | c << 8 | d);
}
inline IpAddress v6(std::uint8_t last) {
  IpAddress a;
  a.family = IpFamily::kIpv6;
  a.octets = {0x20, 0x01, 0x0d, 0xb8};
  a.octets[15] = last;
  return a;
}
inline IpPrefix prefix4(std::uint32_t address, unsigned length) {
  return IpPrefix::make(IpAddress::v4(address), length);
}
inline wire::AsPath path_of(std::vector<std::uint32_t> asns) {
  wire::AsPath path;
  if (asns.empty()) return path;
  wire::AsSegment segment;
  for (const std::uint32_t a : asns) segment.asns.push_back(Asn{a});
  path.segments.push_back(segment);
  return path;
}
inline wire::PathAttributes attributes_of(const IpAddress& next_hop,
                                          std::vector<std::uint32_t> asns = {65001}) {
  wire::PathAttributes a;
  a.origin = wire::Origin::kIgp;
  a.as_path = path_of(std::move(asns));
  a.has_as_path = true;
  a.next_hop = next_hop;
  return a;
}
inline wire::EvpnKey type5(std::uint16_t rd_number, std::uint32_t address, unsigned length = 24) {
  return wire::EvpnKey::ip_prefix(RouteDistinguisher::of_ip(RouterId{0x0a000001}, rd_number),
                                  EthernetTag{0}, prefix4(address, length));
}
inline PeerInfo peer_info(std::uint16_t id, bool ebgp, std::uint32_t asn) {
  PeerInfo p;
  p.id = PeerId{id};
  p.ebgp = ebgp;
  p.remote_asn = Asn{asn};
  p.router_id = RouterId{0x01010100U + id};
  p.address = v4(10, 0, 0, id);
  return p;
}

// All parts of a RIB, wired.
struct Rib {
  explicit Rib(std::size_t max_lag = UpdateGroup::kMaxLag)
      : exporter{RibTables{ipv4, ipv6, evpn, opaque}, peers, max_lag} {}

  NextHopTable next_hops;
  AttributeStore attributes{next_hops};
  PeerTable peers;
  Table<Ipv4Unicast> ipv4{attributes};
  Table<Ipv6Unicast> ipv6{attributes};
  Table<L2vpnEvpn> evpn{attributes};
  Table<OpaqueEvpn> opaque{attributes};
  Exporter exporter;
  DecisionOptions options;

  [[nodiscard]] DecisionContext context() const { return {attributes, next_hops, peers, options}; }

  void reach(const IpAddress& a, bool reachable = true, std::uint32_t metric = 0) {
    NextHopState state;
    state.address = a;
    state.reachable = reachable;
    state.metric = metric;
    (void)next_hops.set_state(state);
  }
  template <class F>
  RouteId put(Table<F>& table, const typename F::Key& key, std::uint16_t peer,
              const wire::PathAttributes& a, const typename F::Data& data = {},
              std::uint32_t path_id = 0, Reason rejected = Reason::kNone) {
    const AttrId id = attributes.intern(a);
    const RouteId route = table.upsert(key, PeerId{peer}, path_id, id, data, rejected);
    attributes.release(id);
    return route;
  }
  // Everything dirty, told to the exporter.
  void decide_all() {
    constexpr std::size_t kSlice = 1000;
    decide(ipv4, kSlice);
    decide(ipv6, kSlice);
    decide(evpn, kSlice);
    decide(opaque, kSlice);
  }
  template <class F>
  void decide(Table<F>& table, std::size_t slice) {
    while (table.dirty() > 0) {
      table.decide(slice, context(),
                   [this](RouteId id, const BestChange&) { exporter.on_best_change<F>(id); });
    }
  }
};

}  // namespace perd::rib
