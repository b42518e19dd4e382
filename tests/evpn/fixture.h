// A node for the EVPN tests: a real RIB with neighbours, the engine on it, and a forwarding table
// that applies every DesiredDelta as the contract says (sets, routes, dead sets) and complains
// about a route that names an unknown set, a set released while in use, or an id reused too early.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bgp/rib/table.h"
#include "evpn/engine.h"

namespace perd::evpn::test {

inline IpAddress ip(std::string_view text) { return parse_ip(text).value(); }
inline IpPrefix prefix(std::string_view text) { return parse_prefix(text).value(); }
inline MacAddress mac(std::string_view text) { return parse_mac(text).value(); }
inline RouteDistinguisher rd(std::string_view text) { return parse_rd(text).value(); }
inline ExtendedCommunity rt(std::string_view text) { return parse_route_target(text).value(); }
inline RouteTargetMatch match(std::string_view text) {
  return parse_route_target_match(text).value();
}

// What a remote leaf says of a prefix. The defaults are a route that VRF red imports.
struct RemoteRoute {
  std::string prefix = "10.1.0.0/24";
  std::string rd = "192.0.2.2:2";
  std::string next_hop = "192.0.2.2";
  std::string router_mac = "aa:bb:cc:00:02:64";  // "": none
  std::vector<std::string> targets = {"65000:100"};
  std::uint32_t label = 100;
  std::vector<std::uint16_t> encapsulations = {kEncapsulationVxlan};
  std::vector<std::uint32_t> as_path = {4200000001};
  bool esi = false;
  std::string gateway;
  std::uint32_t med = 0;
  // Of a type 2: `prefix` is the host's address, `label` the second label.
  std::string host_mac = {};  // "": a type 5
  bool second_label = true;
  std::optional<MacMobility> mobility = {};
};

inline wire::PathAttributes attributes_of(const RemoteRoute& r) {
  wire::PathAttributes a;
  a.origin = wire::Origin::kIncomplete;
  a.has_as_path = true;
  if (!r.as_path.empty()) {
    wire::AsSegment segment;
    for (const auto n : r.as_path) segment.asns.push_back(Asn{n});
    a.as_path.segments.push_back(segment);
  }
  if (!r.next_hop.empty()) a.next_hop = ip(r.next_hop);
  if (r.med != 0) a.med = r.med;
  for (const auto& t : r.targets) a.extended_communities.push_back(rt(t));
  for (const auto e : r.encapsulations) a.extended_communities.push_back(make_encapsulation(e));
  if (!r.router_mac.empty()) a.extended_communities.push_back(make_router_mac(mac(r.router_mac)));
  if (r.mobility) a.extended_communities.push_back(make_mac_mobility(*r.mobility));
  return a;
}

inline wire::EvpnData data_of(const RemoteRoute& r) {
  wire::EvpnData d;
  d.label1 = Label{r.label};
  if (!r.host_mac.empty()) {
    d.label1 = Label{110};
    if (r.second_label) d.label2 = Label{r.label};
  }
  if (r.esi) d.esi.octets[1] = 7;
  if (!r.gateway.empty()) d.gateway = ip(r.gateway);
  return d;
}

inline wire::EvpnKey key_of(const RemoteRoute& r) {
  wire::EvpnKey key = wire::EvpnKey::ip_prefix(rd(r.rd), EthernetTag{0}, prefix(r.prefix));
  if (r.host_mac.empty()) return key;
  key.type = wire::EvpnRouteType::kMacIp;
  key.prefix_length = 0;
  key.mac = mac(r.host_mac);
  return key;
}
// A host of a stretched subnet behind leaf 192.0.2.2, routed by VRF red (symmetric IRB).
inline RemoteRoute remote_host(std::string address = "10.1.0.5/32") {
  RemoteRoute r;
  r.prefix = std::move(address);
  r.host_mac = "02:00:00:00:00:11";
  r.targets = {"65000:110", "65000:100"};
  return r;
}

struct ForwardingTable {
  using Key = std::pair<std::uint16_t, IpPrefix>;
  std::map<NextHopSetId, NextHopSet> sets;
  std::map<Key, NextHopSetId> routes;
  std::size_t set_messages = 0;
  std::size_t route_messages = 0;

  void apply(DesiredDelta& delta) {
    for (const auto& s : delta.sets) {
      EXPECT_NE(s.id, 0U);
      EXPECT_TRUE(std::is_sorted(s.tunnels.begin(), s.tunnels.end()));
      EXPECT_FALSE(s.tunnels.empty());
      sets[s.id] = s;
    }
    for (const auto& r : delta.routes) {
      if (r.set == 0) {
        EXPECT_EQ(routes.erase({r.vrf.value, r.prefix}), 1U) << to_string(r.prefix);
        continue;
      }
      ASSERT_TRUE(sets.contains(r.set)) << to_string(r.prefix);
      EXPECT_EQ(sets[r.set].vrf, r.vrf);
      routes[{r.vrf.value, r.prefix}] = r.set;
    }
    for (const auto id : delta.released_sets) EXPECT_EQ(sets.erase(id), 1U);
    set_messages += delta.sets.size();
    route_messages += delta.routes.size();
    delta.clear();
    std::set<NextHopSetId> used;
    for (const auto& [key, id] : routes) used.insert(id);
    for (const auto id : used) EXPECT_TRUE(sets.contains(id)) << "set " << id << " died in use";
    EXPECT_EQ(used.size(), sets.size()) << "a set without routes was not released";
  }
  [[nodiscard]] std::vector<TunnelHop> hops(VrfId vrf, std::string_view text) const {
    const auto it = routes.find({vrf.value, prefix(text)});
    return it == routes.end() ? std::vector<TunnelHop>{} : sets.at(it->second).tunnels;
  }
  [[nodiscard]] bool has(VrfId vrf, std::string_view text) const {
    return routes.contains({vrf.value, prefix(text)});
  }
};

inline constexpr VrfId kRed{1};
inline constexpr VrfId kBlue{2};
inline constexpr PeerId kSpine1{1};
inline constexpr PeerId kSpine2{2};

inline VrfSettings red() {
  VrfSettings v;
  v.id = kRed;
  v.name = "red";
  v.vni = Vni{100};
  v.rd = rd("192.0.2.1:2");
  v.import_rts = {match("*:100")};
  v.export_rts = {rt("64514:100")};
  v.asn = Asn{64514};
  v.redistribute.connected = true;
  v.vtep = ip("192.0.2.1");
  return v;
}
inline VrfSettings blue() {
  VrfSettings v = red();
  v.id = kBlue;
  v.name = "blue";
  v.vni = Vni{200};
  v.rd = rd("192.0.2.1:3");
  v.import_rts = {match("*:200")};
  v.export_rts = {rt("64514:200")};
  return v;
}
inline NodeSettings node_settings() {
  NodeSettings n;
  n.asn = Asn{64514};
  n.own_addresses = {ip("192.0.2.1")};
  return n;
}
inline VrfState up(const VrfSettings& v, std::string_view router_mac = "aa:bb:cc:00:01:64") {
  VrfState s;
  s.vrf = v.id;
  s.up = true;
  s.table = TableId{1000U + v.id.value};
  s.router_mac = mac(router_mac);
  s.local_vtep = v.vtep;
  return s;
}
inline VrfState down(const VrfSettings& v, std::string problem = "no link vni100") {
  VrfState s;
  s.vrf = v.id;
  s.problem = std::move(problem);
  return s;
}

class Node {
 public:
  Node() : store(next_hop_table), table(store), engine(store, next_hop_table, context) {
    for (const PeerId id : {kSpine1, kSpine2}) {
      rib::PeerInfo info;
      info.id = id;
      info.remote_asn = Asn{64512};
      info.router_id = RouterId{0x0a000000U + id.value};
      info.address = IpAddress::v4(0xc0a80100U + id.value);
      peers.set(info);
    }
  }
  void configure(std::vector<VrfSettings> vrfs, NodeSettings n = node_settings()) {
    engine.configure(n, vrfs);
  }
  // Red is configured and its devices are there.
  void start() {
    configure({red()});
    engine.on_vrf_state(up(red()));
    run();
  }
  void upsert(const wire::EvpnKey& key, PeerId peer, const wire::PathAttributes& attributes,
              const wire::EvpnData& data) {
    if (attributes.next_hop && peer != kLocalPeer) {
      reachable_.insert(*attributes.next_hop);
    }
    const rib::AttrId id = store.intern(attributes);
    for (const auto& a : reachable_)
      next_hop_table.set_state({a, !unreachable.contains(a), false, metric[a]});
    EXPECT_NE(table.upsert(key, peer, 0, id, data), 0U);
    store.release(id);
  }
  void announce(const RemoteRoute& r, PeerId peer = kSpine1) {
    upsert(key_of(r), peer, attributes_of(r), data_of(r));
  }
  void withdraw(const RemoteRoute& r, PeerId peer = kSpine1) {
    EXPECT_TRUE(table.withdraw(key_of(r), peer, 0));
  }
  // One turn as the speaker does it: decide, tell the engine, one slice, take what came out.
  bool turn(std::size_t budget = 1000) {
    table.decide(1000, context, [this](rib::RouteId id, const rib::BestChange&) {
      engine.on_route_changed(table, id);
    });
    const bool more = engine.step(table, budget);
    fib.apply(engine.delta());
    take_originations();
    for (auto& e : engine.events()) events.push_back(std::move(e));
    engine.events().clear();
    return more || table.dirty() > 0;
  }
  // Until nothing is left to do.
  void run(std::size_t budget = 1000) {
    int turns = 0;
    while (turn(budget)) ASSERT_LT(++turns, 100000);
  }
  // The state of a next hop changed, as the speaker learns it.
  void set_next_hop(std::string_view address, bool reachable, std::uint32_t new_metric) {
    const IpAddress a = ip(address);
    metric[a] = new_metric;
    if (reachable) {
      unreachable.erase(a);
    } else {
      unreachable.insert(a);
    }
    if (!next_hop_table.set_state({a, reachable, false, new_metric})) return;
    EXPECT_EQ(table.mark_dirty_if(
                  0, rib::kMaxRoutes,
                  [&](const rib::PathView& p) { return store.get(p.attrs).next_hop() == a; }),
              0U);
    engine.on_next_hop_changed(a);
  }
  void local(VrfId vrf, std::string_view text, LocalRouteKind kind = LocalRouteKind::kConnected,
             bool gone = false) {
    engine.on_local({vrf, prefix(text), kind, 0, gone});
  }
  [[nodiscard]] std::uint32_t refused(Refusal why) const {
    return engine.counters().routes[static_cast<std::size_t>(why)];
  }
  [[nodiscard]] bool originates(const RouteDistinguisher& r, std::string_view text) const {
    return originated.contains(wire::EvpnKey::ip_prefix(r, EthernetTag{0}, prefix(text)));
  }
  [[nodiscard]] std::string explain(VrfId vrf, std::string_view text) const {
    std::string all;
    for (const auto& s : engine.explain(table, vrf, prefix(text))) {
      all += (s.good ? "+ " : "- ") + s.what + ": " + s.finding + "\n";
    }
    return all;
  }

  rib::NextHopTable next_hop_table;
  rib::AttributeStore store;
  rib::PeerTable peers;
  rib::DecisionContext context{store, next_hop_table, peers, {}};
  rib::Table<rib::L2vpnEvpn> table;
  Engine engine;
  ForwardingTable fib;
  std::map<wire::EvpnKey, Origination> originated;
  std::vector<Origination> origination_log;
  std::vector<Event> events;
  std::map<IpAddress, std::uint32_t> metric;
  std::set<IpAddress> unreachable;

 private:
  void take_originations() {
    for (auto& o : engine.originations()) {
      if (o.withdraw) {
        EXPECT_EQ(originated.erase(o.key), 1U) << to_string(o.key);
      } else {
        originated[o.key] = o;
      }
      origination_log.push_back(std::move(o));
    }
    engine.originations().clear();
  }
  std::set<IpAddress> reachable_;
};

}  // namespace perd::evpn::test
