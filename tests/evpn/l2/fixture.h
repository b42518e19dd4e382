// A node for the tests of layer 2: a real RIB with neighbours, the engine on it, and a kernel side
// that applies every L2Delta as the contract says (sets, MACs and the others, dead sets) and
// complains about a MAC that names an unknown set, a set released in use or kept for nobody, and
// about what is taken away without having been there. Time stands still until advance().
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "evpn/fixture.h"
#include "evpn/l2/l2_engine.h"

namespace perd::evpn::test {

inline constexpr MacVrfId kOne{1};
inline constexpr MacVrfId kTwo{2};
inline const char* const kHostA = "02:00:00:00:00:0a";
inline const char* const kHostB = "02:00:00:00:00:0b";
inline const char* const kOwnVtep = "192.0.2.5";
inline const char* const kLower = "192.0.2.2";   // a VTEP below our own address
inline const char* const kHigher = "192.0.2.9";  // ... and one above

// What a remote leaf says of a host. The defaults are a MAC that MAC-VRF one imports.
struct RemoteMac {
  std::string mac = kHostA;
  std::string ip;  // "": MAC alone
  std::string next_hop = kLower;
  std::uint32_t sequence = 0;
  bool sticky = false;
  std::string rd;  // "": of the next hop
  std::uint32_t label = 110;
  std::vector<std::string> targets = {"65000:110"};
  std::vector<std::uint16_t> encapsulations = {kEncapsulationVxlan};
  std::string esi;
  bool gateway = false;
  bool router = false;
};

inline RouteDistinguisher rd_of(const RemoteMac& r) {
  return rd(r.rd.empty() ? r.next_hop + ":3" : r.rd);
}
inline wire::EvpnKey key_of(const RemoteMac& r) {
  wire::EvpnKey k;
  k.type = wire::EvpnRouteType::kMacIp;
  k.rd = rd_of(r);
  k.mac = mac(r.mac);
  if (r.ip.empty()) return k;
  k.ip_bits = static_cast<std::uint8_t>(ip(r.ip).bits());
  k.ip = ip(r.ip).octets;
  return k;
}
inline wire::PathAttributes base_attributes(const std::string& next_hop,
                                            const std::vector<std::string>& targets) {
  wire::PathAttributes a;
  a.origin = wire::Origin::kIgp;
  a.has_as_path = true;
  a.next_hop = ip(next_hop);
  for (const auto& t : targets) a.extended_communities.push_back(rt(t));
  return a;
}
inline wire::PathAttributes attributes_of(const RemoteMac& r) {
  wire::PathAttributes a = base_attributes(r.next_hop, r.targets);
  auto& c = a.extended_communities;
  for (const auto e : r.encapsulations) c.push_back(make_encapsulation(e));
  if (r.sequence > 0 || r.sticky) c.push_back(make_mac_mobility({r.sequence, r.sticky}));
  if (r.gateway) c.push_back(make_default_gateway());
  if (r.router) c.push_back(make_nd_flags({.router = true}));
  return a;
}
inline wire::EvpnData data_of(const RemoteMac& r) {
  wire::EvpnData d;
  d.label1 = Label{r.label};
  if (!r.esi.empty()) d.esi = parse_esi(r.esi).value();
  return d;
}

struct RemoteFlood {
  std::string next_hop = kLower;
  std::string rd = "";
  std::vector<std::string> targets = {"65000:110"};
  std::optional<std::uint8_t> pmsi = wire::kPmsiIngressReplication;
};
inline wire::EvpnKey key_of(const RemoteFlood& r) {
  wire::EvpnKey k;
  k.type = wire::EvpnRouteType::kInclusiveMulticast;
  k.rd = rd(r.rd.empty() ? r.next_hop + ":3" : r.rd);
  k.ip_bits = static_cast<std::uint8_t>(ip(r.next_hop).bits());
  k.ip = ip(r.next_hop).octets;
  return k;
}
inline wire::PathAttributes attributes_of(const RemoteFlood& r) {
  wire::PathAttributes a = base_attributes(r.next_hop, r.targets);
  if (!r.pmsi) return a;
  wire::PmsiTunnel p;
  p.type = *r.pmsi;
  p.label = Label{110};
  const auto octets = a.next_hop->bytes();
  p.identifier.assign(octets.begin(), octets.end());
  a.pmsi = p;
  return a;
}
inline wire::EvpnData data_of(const RemoteFlood&) { return {}; }

// An A-D route, per Ethernet segment or per EVI.
struct RemoteAd {
  std::string esi = "03:44:38:39:ff:ff:01:00:00:01";
  std::string next_hop = kLower;
  bool per_segment = true;
  bool single_active = false;
  std::uint32_t label = 110;  // per EVI
  std::vector<std::string> targets = {"65000:110"};
};
inline wire::EvpnKey key_of(const RemoteAd& r) {
  wire::EvpnKey k;
  k.type = wire::EvpnRouteType::kEthernetAd;
  k.rd = rd(r.next_hop + (r.per_segment ? ":1" : ":3"));
  k.esi = parse_esi(r.esi).value();
  if (r.per_segment) k.tag = EthernetTag{0xffffffff};
  return k;
}
inline wire::PathAttributes attributes_of(const RemoteAd& r) {
  wire::PathAttributes a = base_attributes(r.next_hop, r.targets);
  if (r.per_segment) a.extended_communities.push_back(make_esi_label(r.single_active, Label{0}));
  return a;
}
inline wire::EvpnData data_of(const RemoteAd& r) {
  wire::EvpnData d;
  if (!r.per_segment) d.label1 = Label{r.label};
  return d;
}

struct HostTables {
  using MacKey = std::pair<std::uint16_t, MacAddress>;
  using AddressKey = std::pair<std::uint16_t, IpAddress>;
  std::map<VtepSetId, VtepSet> sets;
  std::map<MacKey, DesiredMac> macs;
  std::map<AddressKey, DesiredNeighbour> neighbours;
  std::set<AddressKey> floods;
  std::vector<HostMessage> messages;
  std::vector<DesiredNeighbour> made_local;
  std::size_t set_news = 0;
  std::size_t mac_news = 0;
  std::size_t neighbour_news = 0;

  void apply(L2Delta& delta) {
    for (const VtepSet& s : delta.sets) {
      EXPECT_NE(s.id, 0U);
      EXPECT_FALSE(s.vteps.empty());
      EXPECT_TRUE(std::is_sorted(s.vteps.begin(), s.vteps.end()));
      sets[s.id] = s;
    }
    for (const DesiredMac& m : delta.macs) {
      const MacKey key{m.mac_vrf.value, m.mac};
      if (m.set == 0) {
        EXPECT_EQ(macs.erase(key), 1U) << to_string(m.mac);
        continue;
      }
      ASSERT_TRUE(sets.contains(m.set)) << to_string(m.mac);
      EXPECT_EQ(sets[m.set].mac_vrf, m.mac_vrf);
      macs[key] = m;
    }
    for (const DesiredNeighbour& n : delta.neighbours) {
      const AddressKey key{n.mac_vrf.value, n.address};
      if (n.wish == NeighbourWish::kRemote) {
        neighbours[key] = n;
      } else {
        EXPECT_EQ(neighbours.erase(key), 1U) << to_string(n.address);
        if (n.wish == NeighbourWish::kLocal) made_local.push_back(n);
      }
    }
    for (const DesiredFlood& f : delta.floods) {
      const AddressKey key{f.mac_vrf.value, f.vtep};
      EXPECT_EQ(f.gone ? floods.erase(key) : floods.insert(key).second, 1U) << to_string(f.vtep);
    }
    for (const VtepSetId id : delta.released_sets) EXPECT_EQ(sets.erase(id), 1U);
    set_news += delta.sets.size();
    mac_news += delta.macs.size();
    neighbour_news += delta.neighbours.size();
    messages.insert(messages.end(), delta.messages.begin(), delta.messages.end());
    delta = {};
    check();
  }
  void check() const {
    std::set<VtepSetId> used;
    for (const auto& [key, m] : macs) used.insert(m.set);
    for (const auto id : used) EXPECT_TRUE(sets.contains(id)) << "set " << id << " died in use";
    EXPECT_EQ(used.size(), sets.size()) << "a set without MACs was not released";
  }
};

inline MacVrfSettings one() {
  MacVrfSettings v;
  v.id = kOne;
  v.name = "one";
  v.vni = Vni{110};
  v.rd = rd("10.0.0.1:110");
  v.import_rts = {match("*:110")};
  v.export_rts = {rt("64514:110")};
  v.vtep = ip(kOwnVtep);
  v.vrf = kRed;
  v.l3_vni = Vni{100};
  v.l3_export_rts = {rt("64514:100")};
  v.gateways = {parse_interface_address("10.110.0.1/24").value()};
  return v;
}
inline MacVrfSettings two() {
  MacVrfSettings v = one();
  v.id = kTwo;
  v.name = "two";
  v.vni = Vni{120};
  v.rd = rd("10.0.0.1:120");
  v.import_rts = {match("*:120")};
  v.export_rts = {rt("64514:120")};
  v.vrf = kDefaultVrf;
  v.gateways.clear();
  return v;
}
inline NodeSettings l2_node_settings() {
  NodeSettings n;
  n.asn = Asn{64514};
  n.own_addresses = {ip(kOwnVtep)};
  return n;
}
inline MacVrfState up(const MacVrfSettings& v) {
  MacVrfState s;
  s.mac_vrf = v.id;
  s.up = true;
  s.local_vtep = v.vtep;
  s.own_mac = mac("02:00:5e:00:01:01");
  return s;
}
inline MacVrfState down(const MacVrfSettings& v) {
  MacVrfState s;
  s.mac_vrf = v.id;
  s.problem = "no link vni110";
  return s;
}
inline VrfState red_up(const char* router_mac = "aa:bb:cc:00:01:64") {
  VrfState s;
  s.vrf = kRed;
  s.up = true;
  s.router_mac = mac(router_mac);
  s.local_vtep = ip(kOwnVtep);
  return s;
}

class L2Node {
 public:
  explicit L2Node(const L2Limits& limits = {})
      : store(next_hop_table), table(store), engine(store, next_hop_table, context, limits) {
    for (const PeerId id : {kSpine1, kSpine2}) {
      rib::PeerInfo info;
      info.id = id;
      info.remote_asn = Asn{64512};
      info.router_id = RouterId{0x0a000000U + id.value};
      info.address = IpAddress::v4(0xc0a80100U + id.value);
      peers.set(info);
    }
  }
  void configure(const std::vector<MacVrfSettings>& v, NodeSettings n = l2_node_settings()) {
    engine.configure(n, v, now);
  }
  // MAC-VRF one is configured, its devices and those of its routing domain are there.
  void start(const std::vector<MacVrfSettings>& v = {one()}) {
    configure(v);
    engine.on_vrf_state(red_up(), now);
    for (const auto& settings : v) engine.on_state(up(settings), now);
    run();
  }
  void upsert(const wire::EvpnKey& key, PeerId peer, const wire::PathAttributes& attributes,
              const wire::EvpnData& data) {
    const rib::AttrId id = store.intern(attributes);
    if (attributes.next_hop) {
      (void)next_hop_table.set_state(
          {*attributes.next_hop, !unreachable.contains(*attributes.next_hop), false, 1});
    }
    EXPECT_NE(table.upsert(key, peer, 0, id, data), 0U);
    store.release(id);
  }
  template <class Remote>
  void put(const Remote& r, PeerId peer = kSpine1) {
    upsert(key_of(r), peer, attributes_of(r), data_of(r));
  }
  template <class Remote>
  void announce(const Remote& r, PeerId peer = kSpine1) {
    put(r, peer);
    run();
  }
  template <class Remote>
  void drop(const Remote& r, PeerId peer = kSpine1) {
    EXPECT_TRUE(table.withdraw(key_of(r), peer, 0));
  }
  template <class Remote>
  void withdraw(const Remote& r, PeerId peer = kSpine1) {
    drop(r, peer);
    run();
  }
  void set_reachable(const char* address, bool reachable) {
    const IpAddress a = ip(address);
    if (reachable) {
      unreachable.erase(a);
    } else {
      unreachable.insert(a);
    }
    if (!next_hop_table.set_state({a, reachable, false, 1})) return;
    EXPECT_EQ(table.mark_dirty_if(
                  0, rib::kMaxRoutes,
                  [&](const rib::PathView& p) { return store.get(p.attrs).next_hop() == a; }),
              0U);
    run();
  }
  // One turn as the speaker does it; what is originated goes back into the RIB.
  bool turn(std::size_t budget = 1000) {
    table.decide(1000, context, [this](rib::RouteId id, const rib::BestChange& change) {
      engine.on_route_changed(table, id, now, change.urgent);
    });
    const bool more = engine.step(table, now, budget);
    take();
    return more || table.dirty() > 0;
  }
  void run(std::size_t budget = 1000) {
    int turns = 0;
    while (turn(budget)) ASSERT_LT(++turns, 100000);
  }
  // Everything that falls due meanwhile happens at its time.
  void advance(Duration d) {
    const TimePoint end = now + d;
    int turns = 0;
    for (Deadline next = engine.next_deadline(); next && *next <= end;
         next = engine.next_deadline()) {
      now = std::max(now, *next);
      run();
      ASSERT_LT(++turns, 1000000);
    }
    now = end;
    run();
  }
  // Outputs are complete when the call returns: they are taken without a step.
  void take() {
    tables.apply(engine.delta());
    for (const Origination& o : engine.originations()) {
      if (o.withdraw) {
        EXPECT_EQ(originated.erase(o.key), 1U) << to_string(o.key);
        EXPECT_TRUE(table.withdraw(o.key, kLocalPeer, 0));
      } else {
        originated[o.key] = o;
        upsert(o.key, kLocalPeer, o.attributes, o.data);
      }
    }
    origination_news += engine.originations().size();
    engine.originations().clear();
    for (const LocalRoute& r : engine.host_routes()) {
      EXPECT_EQ(r.kind, LocalRouteKind::kHost);
      const std::pair<std::uint16_t, IpPrefix> key{r.vrf.value, r.prefix};
      EXPECT_EQ(r.gone ? host_routes.erase(key) : host_routes.insert(key).second, 1U);
    }
    engine.host_routes().clear();
    for (auto& e : engine.events()) events.push_back(std::move(e));
    engine.events().clear();
  }

  // ---- news of local hosts ----
  void fdb(const char* m, std::uint32_t port = 7, bool sticky = false, MacVrfId id = kOne) {
    engine.on_local_mac({id, mac(m), port, sticky, false, false}, now);
    take();
  }
  void fdb_gone(const char* m, bool port_down = false, MacVrfId id = kOne) {
    engine.on_local_mac({id, mac(m), 7, false, true, port_down}, now);
    take();
  }
  void heard(const char* m, const char* address = nullptr, std::uint32_t port = 7,
             MacVrfId id = kOne) {
    HostHeard h;
    h.mac_vrf = id;
    h.port = port;
    h.mac = mac(m);
    if (address != nullptr) h.address = ip(address);
    h.announcement = true;
    engine.on_heard(h, now);
    take();
  }
  void neighbour(const char* address, const char* m, NeighbourNews news, bool permanent = false,
                 bool router = false) {
    engine.on_local_neighbour({kOne, ip(address), mac(m), news, permanent, router}, now);
    take();
  }

  // ---- looking ----
  [[nodiscard]] std::vector<std::string> vteps(const char* m, MacVrfId id = kOne) const {
    std::vector<std::string> out;
    const auto it = tables.macs.find({id.value, mac(m)});
    if (it == tables.macs.end()) return out;
    for (const auto& a : tables.sets.at(it->second.set).vteps) out.push_back(to_string(a));
    return out;
  }
  // "local", "192.0.2.2", "192.0.2.2 192.0.2.3", "nowhere": as told to the kernel side and to
  // others.
  [[nodiscard]] std::string place(const char* m, MacVrfId id = kOne) const {
    std::string text;
    for (const auto& v : vteps(m, id)) text += (text.empty() ? "" : " ") + v;
    if (find_mac(m) != nullptr) text += text.empty() ? "local" : " and local";
    return text.empty() ? "nowhere" : text;
  }
  [[nodiscard]] const Origination* find(const wire::EvpnKey& key) const {
    const auto it = originated.find(key);
    return it == originated.end() ? nullptr : &it->second;
  }
  [[nodiscard]] const Origination* find_mac(const char* m, const char* address = "") const {
    RemoteMac r;
    r.mac = m;
    r.ip = address;
    r.rd = "10.0.0.1:110";
    return find(key_of(r));
  }
  // -1: not originated; else the number of its mobility community, 0 when it has none.
  [[nodiscard]] std::int64_t sequence(const char* m, const char* address = "") const {
    const Origination* o = find_mac(m, address);
    return o == nullptr ? -1 : static_cast<std::int64_t>(sequence_of(*o));
  }
  [[nodiscard]] static std::uint32_t sequence_of(const Origination& o) {
    for (const auto& c : o.attributes.extended_communities) {
      if (const auto mobility = as_mac_mobility(c)) return mobility->sequence;
    }
    return 0;
  }
  // MAC of the neighbour entry that perd wants; "" when none.
  [[nodiscard]] std::string neighbour_mac(const char* address, MacVrfId id = kOne) const {
    const auto it = tables.neighbours.find({id.value, ip(address)});
    return it == tables.neighbours.end() ? "" : to_string(it->second.mac);
  }
  [[nodiscard]] std::size_t count(HostMessageKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(tables.messages.begin(), tables.messages.end(),
                      [kind](const HostMessage& m) { return m.kind == kind; }));
  }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [kind](const Event& e) { return e.kind == kind; }));
  }
  [[nodiscard]] std::uint32_t refused(L2Refusal why) const {
    return engine.counters().routes[static_cast<std::size_t>(why)];
  }
  [[nodiscard]] MacView view(const char* m, MacVrfId id = kOne) const {
    return engine.mac(table, id, mac(m)).value_or(MacView{});
  }
  [[nodiscard]] std::string explain(const char* m, MacVrfId id = kOne) const {
    std::string all;
    for (const auto& s : engine.explain(table, id, mac(m))) {
      all += (s.good ? "+ " : "- ") + s.what + ": " + s.finding + "\n";
    }
    return all;
  }
  [[nodiscard]] bool has_host_route(const char* text) const {
    return host_routes.contains({kRed.value, prefix(text)});
  }

  TimePoint now{std::chrono::seconds(1000)};
  rib::NextHopTable next_hop_table;
  rib::AttributeStore store;
  rib::PeerTable peers;
  rib::DecisionContext context{store, next_hop_table, peers, {}};
  rib::Table<rib::L2vpnEvpn> table;
  L2Engine engine;
  HostTables tables;
  std::map<wire::EvpnKey, Origination> originated;
  std::set<std::pair<std::uint16_t, IpPrefix>> host_routes;
  std::size_t origination_news = 0;
  std::vector<Event> events;
  std::set<IpAddress> unreachable;
};

}  // namespace perd::evpn::test
