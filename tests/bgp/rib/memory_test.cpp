// Goal: the size of a stored and passed-on route stays what the design promises (performance.md 7,
// row 5: at most 100 octets). Method: the containers' own accounts after a full table; the figures
// are printed, so that a change that costs ten octets is seen.
#include <gtest/gtest.h>

#include <cstdio>

#include "rib_fixture.h"

namespace perd::rib {
namespace {

struct Shape {
  const char* name;
  std::uint32_t routes;
  std::uint32_t sets;
  wire::EvpnKey (*key)(std::uint32_t);
  double octets_max;
};

wire::EvpnKey mac_ip(std::uint32_t n) {
  wire::EvpnKey k = type5(static_cast<std::uint16_t>(n % 100), 0);
  k.type = wire::EvpnRouteType::kMacIp;
  k.prefix_length = 0;
  k.mac.octets = {2,
                  0,
                  0,
                  static_cast<std::uint8_t>(n >> 16),
                  static_cast<std::uint8_t>(n >> 8),
                  static_cast<std::uint8_t>(n)};
  k.ip_bits = 32;
  k.ip = IpAddress::v4(0x0a000000 + n).octets;
  return k;
}

const Shape kShapes[] = {
    {"type 5 IPv4, 1,000 sets", 100000, 1000,
     [](std::uint32_t n) { return type5(static_cast<std::uint16_t>(n % 100), n << 8); }, 64},
    {"type 5 IPv4, sets of 4 routes", 50000, 12500,
     [](std::uint32_t n) { return type5(static_cast<std::uint16_t>(n % 100), n << 8); }, 110},
    {"type 5 IPv6, 1,000 sets", 50000, 1000,
     [](std::uint32_t n) {
       IpAddress a = v6(0);
       for (unsigned i = 0; i < 4; ++i) {
         a.octets[4 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
       }
       return wire::EvpnKey::ip_prefix(RouteDistinguisher::of_ip(RouterId{1}, 1), EthernetTag{0},
                                       IpPrefix::make(a, 64));
     },
     84},
    {"type 2 MAC and IPv4, 1,000 sets", 50000, 1000, mac_ip, 84},
};

TEST(Memory, OctetsPerRoute) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    Rib rib;
    rib.peers.set(peer_info(1, true, 65001));
    rib.peers.set(peer_info(2, true, 65002));
    ExportPeer target;
    target.info = rib.peers.get(PeerId{2});
    target.families.add(Family::kEvpn);
    target.codec.families = target.families;
    target.local_asn = Asn{64512};
    target.transit = true;
    rib.exporter.add_peer(target);
    rib.exporter.start_initial(PeerId{2}, Family::kEvpn);
    const NextHopId hold = rib.next_hops.track(v4(192, 0, 2, 1));
    rib.reach(v4(192, 0, 2, 1));

    std::vector<AttrId> sets;
    for (std::uint32_t i = 0; i < shape.sets; ++i) {
      wire::PathAttributes a = attributes_of(v4(192, 0, 2, 1), {65001, 65100});
      a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                                make_auto_route_target(Asn{65100}, Vni{i}),
                                make_router_mac({{2, 0, 0, 0, 0, 1}})};
      sets.push_back(rib.attributes.intern(a));
    }
    wire::EvpnData data;
    data.label1 = Label{100};
    for (std::uint32_t n = 0; n < shape.routes; ++n) {
      rib.evpn.upsert(shape.key(n), PeerId{1}, 0,
                      sets[n * std::uint64_t{shape.sets} / shape.routes], data);
    }
    for (const AttrId id : sets) rib.attributes.release(id);
    rib.decide_all();
    std::vector<std::uint8_t> out;
    while (rib.exporter.produce(PeerId{2}, 65536, out)) out.clear();
    ASSERT_EQ(rib.evpn.routes(), shape.routes);
    ASSERT_EQ(rib.exporter.advertised_count(PeerId{2}, Family::kEvpn), shape.routes);

    const double n = shape.routes;
    const double table = static_cast<double>(rib.evpn.memory()) / n;
    const double attributes = static_cast<double>(rib.attributes.memory()) / n;
    const double exporter = static_cast<double>(rib.exporter.memory()) / n;
    std::printf("%-34s %6.1f octets a route: table %.1f, attributes %.1f, export %.1f\n",
                shape.name, table + attributes + exporter, table, attributes, exporter);
    EXPECT_LE(table + attributes + exporter, shape.octets_max);
    EXPECT_LE(exporter, 1.0);   // nothing stays of the windows
    EXPECT_GE(table, 24 + 16);  // the account counts what it should
    rib.next_hops.untrack(hold);
  }
}

}  // namespace
}  // namespace perd::rib
