// Goal: however routes, route targets, devices, local routes, next hops and reloads follow upon
// each other, in whatever slices, the engine ends where a computation from scratch ends: the same
// hops for the same prefixes, the same routes originated, no set kept or lost. Method: random steps
// with a seed; at every rest the state is computed anew, naively, from the RIB and the settings.
#include <limits>

#include "evpn/import_rules.h"
#include "fixture.h"
#include "perd/random.h"

namespace perd::evpn::test {
namespace {

constexpr unsigned kLeaves = 5;
constexpr unsigned kPrefixes = 24;

struct World {
  explicit World(std::uint64_t seed) : random(seed) {
    vrfs = {red(), blue()};
    vrfs[1].import_rts = {match("*:200"), match("65000:300")};
    states[kRed.value] = up(red());
    states[kBlue.value] = up(blue(), "aa:bb:cc:00:01:c8");
    push_configuration();
    for (const auto& [id, s] : states) n.engine.on_vrf_state(s);
  }

  // ---- random steps ----

  RemoteRoute random_route() {
    RemoteRoute r;
    const auto leaf = static_cast<unsigned>(1 + random.below(kLeaves));
    const auto p = static_cast<unsigned>(random.below(kPrefixes));
    r.prefix =
        p % 4 == 3 ? "fd00:" + std::to_string(p) + "::/64" : "10.1." + std::to_string(p) + ".0/24";
    // Leaf 5 shares the RD of leaf 4.
    r.rd = "192.0.2." + std::to_string(leaf == 5 ? 14 : 10 + leaf) + ":2";
    r.next_hop = "192.0.2." + std::to_string(10 + leaf);
    r.router_mac = "02:00:00:00:0" + std::to_string(random.below(20) == 0 ? 1 : 0) + ":1" +
                   std::to_string(leaf);
    static const char* const kTargets[] = {"65000:100", "65000:200", "65000:300", "10.0.0.1:100",
                                           "65001:200"};
    r.targets = {kTargets[random.below(5)]};
    if (random.below(3) == 0) r.targets.emplace_back(kTargets[random.below(5)]);
    r.label = random.below(8) == 0 ? 101 : 100;
    if (random.below(4) == 0) r.as_path = {1, 2};
    if (random.below(4) == 0) r.as_path = {7};
    if (random.below(15) == 0) r.router_mac = "";
    if (random.below(15) == 0) r.next_hop = "192.0.2.1";
    if (random.below(15) == 0) r.encapsulations = {kEncapsulationMpls};
    if (random.below(25) == 0) r.gateway = "10.0.0.9";
    if (p % 4 == 1) return random_host(r, p);
    return r;
  }

  // Host routes as type 5, and hosts that move: type 2 of the same addresses.
  RemoteRoute random_host(RemoteRoute r, unsigned p) {
    r.prefix = "10.2.0." + std::to_string(p) + "/32";
    if (random.below(4) == 0) return r;
    r.gateway.clear();
    r.host_mac = "02:00:00:00:01:0" + std::to_string(random.below(2));
    r.second_label = random.below(8) != 0;
    r.esi = random.below(4) == 0;
    if (random.below(2) == 0) {
      r.mobility = MacMobility{static_cast<std::uint32_t>(random.below(3)), random.below(8) == 0};
    }
    return r;
  }

  void route_step() {
    const PeerId peer{static_cast<std::uint16_t>(1 + random.below(2))};
    if (random.below(5) < 3 || live.empty()) {
      const RemoteRoute r = random_route();
      n.announce(r, peer);
      live[{key_of(r), peer.value}] = r;
      return;
    }
    auto it = live.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random.below(live.size())));
    n.withdraw(it->second, PeerId{it->first.second});
    live.erase(it);
  }

  void local_step() {
    const auto p = static_cast<unsigned>(random.below(kPrefixes));
    const bool host = p % 4 == 1;
    const std::string text =
        host ? "10.2.0." + std::to_string(p) + "/32" : "10.1." + std::to_string(p) + ".0/24";
    const auto kind = static_cast<LocalRouteKind>(random.below(host ? 4 : 3));
    const VrfId vrf{static_cast<std::uint16_t>(1 + random.below(2))};
    const bool gone = random.below(2) == 0;
    n.local(vrf, text, kind, gone);
    if (!configured(vrf)) return;
    auto& kinds = locals[{vrf.value, prefix(text)}];
    if (gone) {
      kinds.erase(kind);
    } else {
      kinds.insert(kind);
    }
  }

  void reload_step() {
    auto& v = vrfs[random.below(2)];
    switch (random.below(8)) {
      case 0:
        v.import_rts = {match(random.below(2) == 0 ? "*:100" : "65000:200")};
        break;
      case 1:
        v.import_rts = {match("*:100"), match("*:200")};
        break;
      case 2:
        v.rd = rd("192.0.2.1:" + std::to_string(v.id.value * 100 + random.below(3)));
        break;
      case 3:
        v.redistribute = {random.below(2) == 0, random.below(2) == 0, random.below(2) == 0};
        break;
      case 4:
        v.networks = {prefix("10.1." + std::to_string(random.below(kPrefixes)) + ".0/24")};
        break;
      case 5:
        node.multipath = static_cast<unsigned>(1 + random.below(3));
        break;
      case 6:
        v.export_rts = {rt("1:" + std::to_string(random.below(3)))};
        break;
      default:
        removed[v.id.value] = !removed[v.id.value];
        // The kernel side forgets a VRF that goes, and tells of one that comes.
        std::erase_if(locals, [&](const auto& l) { return l.first.first == v.id.value; });
        push_configuration();
        if (!removed[v.id.value]) n.engine.on_vrf_state(states[v.id.value]);
        return;
    }
    push_configuration();
  }

  void device_step() {
    const VrfId vrf{static_cast<std::uint16_t>(1 + random.below(2))};
    VrfState& s = states[vrf.value];
    if (random.below(3) == 0) {
      s.router_mac = mac(random.below(2) == 0 ? "aa:bb:cc:00:01:64" : "02:00:00:00:00:13");
    } else {
      s.up = !s.up;
    }
    n.engine.on_vrf_state(s);
  }

  void next_hop_step() {
    const std::string a = "192.0.2." + std::to_string(11 + random.below(kLeaves));
    if (n.next_hop_table.find(ip(a)) == 0) return;
    n.set_next_hop(a, random.below(4) != 0, static_cast<std::uint32_t>(random.below(2)));
  }

  void step() {
    const std::uint64_t what = random.below(100);
    if (what < 70) {
      route_step();
    } else if (what < 84) {
      local_step();
    } else if (what < 90) {
      reload_step();
    } else if (what < 94) {
      device_step();
    } else {
      next_hop_step();
    }
    if (random.below(4) == 0) (void)n.turn(1 + random.below(30));
  }

  void push_configuration() {
    std::vector<VrfSettings> wanted;
    for (const auto& v : vrfs) {
      if (!removed[v.id.value]) wanted.push_back(v);
    }
    n.configure(wanted, node);
  }
  [[nodiscard]] bool configured(VrfId id) { return !removed[id.value]; }

  // ---- from scratch ----

  bool imported(const VrfSettings& v, const rib::PathView& path) {
    const wire::PathAttributes a = n.store.get(path.attrs).expand();
    if (path.local() || !a.next_hop || *a.next_hop == ip("192.0.2.1")) return false;
    bool wanted = false, vxlan = true;
    std::optional<MacAddress> router_mac;
    for (const auto& c : a.extended_communities) {
      for (const auto& m : v.import_rts) wanted = wanted || m.matches(c);
      if (const auto e = as_encapsulation(c)) vxlan = *e == kEncapsulationVxlan;
      if (const auto m = as_router_mac(c)) router_mac = m;
    }
    if (!wanted || !vxlan || path.gateway() || !router_mac) return false;
    for (const auto& other : vrfs) {
      if (configured(other.id) && *router_mac == states[other.id.value].router_mac) return false;
    }
    return true;
  }

  // Of the VRF at all: prefixes, and hosts with an address and a second label.
  static bool is_routed(const wire::EvpnKey& key, const rib::PathView& path) {
    if (key.type == wire::EvpnRouteType::kIpPrefix) return true;
    return key.type == wire::EvpnRouteType::kMacIp && key.ip_bits != 0 && path.label2();
  }

  using HopKey = std::pair<IpAddress, Vni>;
  struct Path {
    wire::EvpnKey key;
    rib::Candidate candidate;
    std::vector<HopKey> hops;
    // Of a host, what its place goes by: sticky, sequence, VTEP; the greatest is where it is.
    bool host = false;
    EthernetSegmentId esi{};
    MacMobility mobility{};
    IpAddress vtep{};
  };

  static bool outranks(const Path& a, const Path& b) {
    if (a.mobility.sticky != b.mobility.sticky) return a.mobility.sticky;
    if (a.mobility.sequence != b.mobility.sequence) {
      return a.mobility.sequence > b.mobility.sequence;
    }
    const bool together = !a.esi.is_zero() && a.esi == b.esi;
    return !together && a.vtep < b.vtep;
  }

  // Takes out the places that hosts have left. Not by pairs alone: a place is judged by the one
  // that counts, which is of the lowest VTEP among those of one rank.
  static void drop_old_places(std::vector<Path>& paths) {
    const Path* place = nullptr;
    for (const Path& p : paths) {
      if (!p.host) continue;
      const bool better =
          place == nullptr ||
          std::tuple(!p.mobility.sticky, ~p.mobility.sequence, p.vtep) <
              std::tuple(!place->mobility.sticky, ~place->mobility.sequence, place->vtep);
      if (better) place = &p;
    }
    if (place == nullptr) return;
    const Path winner = *place;
    std::erase_if(paths, [&](const Path& p) { return p.host && outranks(winner, p); });
  }

  void check_vrf(const VrfSettings& v, std::map<ForwardingTable::Key, std::vector<HopKey>>& want,
                 std::map<std::pair<std::uint16_t, IpAddress>, std::set<MacAddress>>& macs) {
    std::map<IpPrefix, std::vector<Path>> prefixes;
    EXPECT_EQ(
        n.table.walk(0, rib::kMaxRoutes,
                     [&](rib::RouteId id) {
                       const auto best = n.table.best(id);
                       if (!best || !imported(v, *best)) return;
                       Path p;
                       p.key = n.table.key(id);
                       if (!is_routed(p.key, *best)) return;
                       describe_host(p, *best);
                       p.candidate = rib::make_candidate(n.context, best->attrs, best->peer,
                                                         best->path_id, rib::Reason::kNone);
                       const auto next_hop = [this](const rib::PathView& path) {
                         return *n.store.get(path.attrs).next_hop();
                       };
                       n.table.for_each_multipath(id, [&](const rib::PathView& path) {
                         if (!imported(v, path) || !is_routed(p.key, path)) return;
                         if (!path.best && next_hop(path) == next_hop(*best)) return;
                         if (!path.best && p.host && (p.esi.is_zero() || path.esi() != p.esi)) {
                           return;
                         }
                         const Label label = p.host ? *path.label2() : path.label1;
                         p.hops.emplace_back(next_hop(path), Vni{label.value});
                         macs[{v.id.value, next_hop(path)}].insert(
                             *router_mac_of(n.store.get(path.attrs).extended_communities()));
                       });
                       prefixes[where_of(p.key)].push_back(std::move(p));
                     }),
        0U);
    if (!states[v.id.value].up) return;
    for (auto& [where, paths] : prefixes) {
      const auto local = locals.find({v.id.value, where});
      if (local != locals.end() && !local->second.empty()) continue;
      want[{v.id.value, where}] = chosen(paths);
    }
  }

  void describe_host(Path& p, const rib::PathView& best) {
    p.host = p.key.type == wire::EvpnRouteType::kMacIp;
    if (!p.host) return;
    p.esi = best.esi();
    const wire::PathAttributes a = n.store.get(best.attrs).expand();
    p.vtep = *a.next_hop;
    for (const auto& c : a.extended_communities) {
      if (const auto m = as_mac_mobility(c)) p.mobility = *m;
    }
  }
  static IpPrefix where_of(const wire::EvpnKey& key) {
    return key.type == wire::EvpnRouteType::kIpPrefix ? key.prefix()
                                                      : IpPrefix::host(*key.address());
  }

  std::vector<HopKey> chosen(std::vector<Path>& paths) {
    drop_old_places(paths);
    std::sort(paths.begin(), paths.end(),
              [](const Path& a, const Path& b) { return a.key < b.key; });
    std::vector<rib::Candidate> candidates;
    for (const auto& p : paths) candidates.push_back(p.candidate);
    std::vector<rib::Reason> reasons(paths.size());
    std::vector<std::uint32_t> order(paths.size());
    const rib::DecisionOptions all{std::numeric_limits<std::uint16_t>::max()};
    const std::size_t used = rib::select(candidates, all, reasons, order).used;
    std::vector<HopKey> hops;
    for (std::size_t i = 0; i < used; ++i) {
      for (const HopKey& h : paths[order[i]].hops) {
        const bool known = std::find(hops.begin(), hops.end(), h) != hops.end();
        if (!known && hops.size() < node.multipath) hops.push_back(h);
      }
    }
    std::sort(hops.begin(), hops.end());
    return hops;
  }

  void check() {
    n.run(1 + random.below(40));
    std::map<ForwardingTable::Key, std::vector<HopKey>> want;
    std::map<std::pair<std::uint16_t, IpAddress>, std::set<MacAddress>> macs;
    for (const auto& v : vrfs) {
      if (configured(v.id)) check_vrf(v, want, macs);
    }
    std::map<ForwardingTable::Key, std::vector<HopKey>> got;
    for (const auto& [key, set] : n.fib.routes) {
      for (const TunnelHop& hop : n.fib.sets.at(set).tunnels) {
        got[key].emplace_back(hop.vtep, hop.vni);
        EXPECT_TRUE((macs[{key.first, hop.vtep}].contains(hop.router_mac)))
            << to_string(hop.vtep) << " " << to_string(hop.router_mac);
      }
    }
    EXPECT_EQ(got, want);
    check_origination();
    std::uint32_t sum = 0;
    for (const auto count : n.engine.counters().routes) sum += count;
    std::uint32_t with_best = 0;
    EXPECT_EQ(
        n.table.walk(0, rib::kMaxRoutes,
                     [&](rib::RouteId id) { with_best += n.table.best(id).has_value() ? 1U : 0U; }),
        0U);
    EXPECT_EQ(sum, with_best);
  }

  void check_origination() {
    std::map<wire::EvpnKey, wire::Origin> want, got;
    for (const auto& v : vrfs) {
      if (!configured(v.id) || !states[v.id.value].up) continue;
      const auto add = [&](const IpPrefix& p, wire::Origin origin) {
        want.emplace(wire::EvpnKey::ip_prefix(v.rd, EthernetTag{0}, p), origin);
      };
      for (const auto& p : v.networks) add(p, wire::Origin::kIgp);
      for (const auto& [where, kinds] : locals) {
        if (where.first != v.id.value) continue;
        const bool wanted =
            (v.redistribute.connected && kinds.contains(LocalRouteKind::kConnected)) ||
            (v.redistribute.static_routes && kinds.contains(LocalRouteKind::kStatic)) ||
            (v.redistribute.kernel && kinds.contains(LocalRouteKind::kKernel));
        if (wanted) add(where.second, wire::Origin::kIncomplete);
      }
    }
    for (const auto& [key, o] : n.originated) {
      got[key] = o.attributes.origin.value();
      for (const auto& v : vrfs) {
        if (v.rd != key.rd) continue;
        EXPECT_EQ(o.attributes.extended_communities[1], v.export_rts[0]);
        EXPECT_EQ(o.attributes.extended_communities[2],
                  make_router_mac(states[v.id.value].router_mac));
      }
    }
    EXPECT_EQ(got, want);
  }

  void end() {
    for (const auto& [id, r] : live) n.withdraw(r, PeerId{id.second});
    n.configure({});
    n.run();
    EXPECT_TRUE(n.fib.routes.empty());
    EXPECT_TRUE(n.fib.sets.empty());
    EXPECT_TRUE(n.originated.empty());
    EXPECT_EQ(n.engine.counters().import_classes, 0U);
    EXPECT_EQ(n.store.size(), 0U) << "an attribute set was not let go";
    EXPECT_TRUE(n.engine.vteps().empty());
  }

  Random random;
  Node n;
  NodeSettings node = node_settings();
  std::vector<VrfSettings> vrfs;
  std::map<std::uint16_t, VrfState> states;
  std::map<std::uint16_t, bool> removed;
  std::map<ForwardingTable::Key, std::set<LocalRouteKind>> locals;
  std::map<std::pair<wire::EvpnKey, std::uint16_t>, RemoteRoute> live;
};

TEST(Model, IncrementalEqualsFromScratch) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int round = 0; round < 25; ++round) {
      for (int i = 0; i < 60; ++i) world.step();
      world.check();
      if (::testing::Test::HasFailure()) return;
    }
    world.end();
  }
}

}  // namespace
}  // namespace perd::evpn::test
