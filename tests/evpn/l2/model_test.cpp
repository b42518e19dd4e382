// Goal: however routes, hosts, devices and reloads follow upon each other, in whatever slices, the
// engine ends where a computation from scratch ends. Two methods. First, the same facts in many
// orders: a second node hears them shuffled and must hold the same. Second, random steps with a
// seed, moves among them: at every rest the kernel's tables and the originated routes are computed
// anew, naively, from the RIB, the settings and which claims the engine itself says are local.
#include <algorithm>
#include <functional>

#include "evpn/l2/l2_engine.h"
#include "fixture.h"
#include "perd/random.h"

namespace perd::evpn::test {
namespace {

constexpr unsigned kMacs = 10;
constexpr const char* kSegment = "03:44:38:39:ff:ff:01:00:00:01";

std::string mac_text(std::uint64_t i) { return "02:00:00:00:00:1" + std::to_string(i % kMacs); }
std::string ip_text(std::uint64_t i) {
  return i % 4 == 3 ? "fd00::" + std::to_string(i) : "10.110.0." + std::to_string(100 + i);
}
std::string vtep_text(std::uint64_t i) { return "192.0.2." + std::to_string(2 + 2 * (i % 4)); }

RemoteMac random_mac(Random& random) {
  RemoteMac r;
  r.mac = mac_text(random.below(kMacs));
  if (random.below(3) != 0) r.ip = ip_text(random.below(12));
  r.next_hop = vtep_text(random.below(4));
  r.sequence = random.below(3) == 0 ? static_cast<std::uint32_t>(random.below(4)) : 0;
  r.sticky = random.below(20) == 0;
  if (random.below(6) == 0) r.targets = {"65000:120"};
  if (random.below(6) == 0) r.targets = {"65000:110", "65000:120"};
  if (random.below(12) == 0) r.encapsulations = {kEncapsulationMpls};
  if (random.below(8) == 0) r.esi = kSegment;
  if (random.below(12) == 0) r.label = 111;
  r.router = random.below(5) == 0;
  return r;
}

// ---- the same facts in another order ----

using Told = std::tuple<std::map<HostTables::MacKey, std::pair<std::vector<IpAddress>, bool>>,
                        std::map<HostTables::AddressKey, std::pair<MacAddress, bool>>,
                        std::set<HostTables::AddressKey>, std::map<wire::EvpnKey, std::string>,
                        std::set<std::pair<std::uint16_t, IpPrefix>>>;

Told told_by(const L2Node& n) {
  Told t;
  for (const auto& [key, m] : n.tables.macs) {
    std::get<0>(t)[key] = {n.tables.sets.at(m.set).vteps, m.sticky};
  }
  for (const auto& [key, a] : n.tables.neighbours) std::get<1>(t)[key] = {a.mac, a.router};
  std::get<2>(t) = n.tables.floods;
  for (const auto& [key, o] : n.originated) {
    std::string text = o.data.label2 ? "L3 " : "L2 ";
    for (const auto& c : o.attributes.extended_communities) text += to_string(c) + " ";
    std::get<3>(t)[key] = text;
  }
  std::get<4>(t) = n.host_routes;
  return t;
}

// Facts that do not contradict each other: no MAC is claimed here and elsewhere, because then the
// order is a move. Everything else may come first.
struct Facts {
  explicit Facts(std::uint64_t seed) {
    Random random(seed);
    std::set<wire::EvpnKey> keys;
    for (unsigned i = 0; i < 30; ++i) {
      RemoteMac r = random_mac(random);
      const auto leaf = random.below(kMacs / 2);  // MACs 0 to 4 are remote
      r.mac = mac_text(leaf);
      if (!r.ip.empty()) r.ip = ip_text(leaf);
      if (keys.insert(key_of(r)).second) all.emplace_back([r](L2Node& n) { n.put(r); });
    }
    for (unsigned v = 0; v < 4; ++v) {
      const RemoteFlood flood{.next_hop = vtep_text(v)};
      all.emplace_back([flood](L2Node& n) { n.put(flood); });
      const RemoteAd segment{.next_hop = vtep_text(v)};
      if (random.below(3) != 0) all.emplace_back([segment](L2Node& n) { n.put(segment); });
      const RemoteAd evi{.next_hop = vtep_text(v), .per_segment = false};
      if (random.below(3) != 0) all.emplace_back([evi](L2Node& n) { n.put(evi); });
    }
    for (unsigned h = kMacs / 2; h < kMacs; ++h) {
      const std::string m = mac_text(h), a = ip_text(h);
      const bool sticky = random.below(4) == 0;
      all.emplace_back([=](L2Node& n) { n.fdb(m.c_str(), h, sticky); });
      if (random.below(3) != 0)
        all.emplace_back([=](L2Node& n) { n.heard(m.c_str(), a.c_str(), h); });
      if (random.below(3) != 0) {
        const auto news = random.below(2) == 0 ? NeighbourNews::kReachable : NeighbourNews::kStale;
        all.emplace_back([=](L2Node& n) { n.neighbour(a.c_str(), m.c_str(), news); });
      }
    }
    all.emplace_back([](L2Node& n) { n.engine.on_state(up(one()), n.now); });
    all.emplace_back([](L2Node& n) { n.engine.on_state(up(two()), n.now); });
    all.emplace_back([](L2Node& n) { n.engine.on_vrf_state(red_up(), n.now); });
  }
  [[nodiscard]] Told tell(std::uint64_t order) const {
    Random random(order);
    std::vector<std::size_t> at(all.size());
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = i;
    for (std::size_t i = at.size(); i > 1; --i) std::swap(at[i - 1], at[random.below(i)]);
    L2Node n;
    n.configure({one(), two()});
    for (const std::size_t i : at) {
      all[i](n);
      if (random.below(3) == 0) (void)n.turn(1 + random.below(20));
    }
    n.run(1 + random.below(40));
    return told_by(n);
  }
  std::vector<std::function<void(L2Node&)>> all;
};

TEST(Order, PlaysNoPart) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    const Facts facts(seed);
    const Told first = facts.tell(1);
    EXPECT_FALSE(std::get<0>(first).empty());
    EXPECT_GT(std::get<3>(first).size(), 7U);
    for (std::uint64_t order = 2; order <= 12; ++order) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " order " + std::to_string(order));
      const Told other = facts.tell(order);
      EXPECT_EQ(std::get<0>(first), std::get<0>(other));
      EXPECT_EQ(std::get<1>(first), std::get<1>(other));
      EXPECT_EQ(std::get<2>(first), std::get<2>(other));
      EXPECT_EQ(std::get<3>(first).size(), std::get<3>(other).size());
      for (const auto& [key, text] : std::get<3>(first)) {
        EXPECT_EQ(text, std::get<3>(other).contains(key) ? std::get<3>(other).at(key) : "none")
            << to_string(key);
      }
      EXPECT_EQ(std::get<4>(first), std::get<4>(other));
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// ---- random steps against a computation from scratch ----

struct World {
  explicit World(std::uint64_t seed) : random(seed) {
    vrfs = {one(), two()};
    n.start(vrfs);
  }
  [[nodiscard]] bool configured(MacVrfId id) const { return !removed[id.value]; }
  void push_configuration() {
    std::vector<MacVrfSettings> wanted;
    for (const auto& v : vrfs) {
      if (configured(v.id)) wanted.push_back(v);
    }
    n.configure(wanted);
  }

  void route_step() {
    if (random.below(5) < 3 || live.empty()) {
      const RemoteMac r = random_mac(random);
      n.put(r);
      live[key_of(r)] = r;
      return;
    }
    auto it = live.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random.below(live.size())));
    n.drop(it->second);
    live.erase(it);
  }
  void segment_step() {
    RemoteAd r{.next_hop = vtep_text(random.below(4)), .per_segment = random.below(2) == 0};
    r.single_active = random.below(6) == 0;
    if (ads.erase(key_of(r)) != 0) {
      n.drop(r);
    } else {
      n.put(r);
      ads[key_of(r)] = r;
    }
  }
  void local_step() {
    const MacVrfId id{static_cast<std::uint16_t>(1 + random.below(2))};
    const std::string m = mac_text(random.below(kMacs)), a = ip_text(random.below(12));
    const auto what = random.below(10);
    if (what < 3)
      n.fdb(m.c_str(), static_cast<std::uint32_t>(random.below(4)), random.below(15) == 0, id);
    if (what == 3 || what == 4) n.fdb_gone(m.c_str(), random.below(3) == 0, id);
    if (what > 4 && what < 8) n.heard(m.c_str(), a.c_str(), 3, id);
    if (what > 7) {
      n.neighbour(a.c_str(), m.c_str(), static_cast<NeighbourNews>(random.below(4)),
                  random.below(10) == 0);
    }
  }
  void reload_step() {
    auto& v = vrfs[random.below(2)];
    const auto what = random.below(6);
    if (what == 0) v.import_rts = {match(random.below(2) == 0 ? "*:110" : "*:120")};
    if (what == 1) v.rd = rd("10.0.0.1:" + std::to_string(v.vni.value + 1000 * random.below(3)));
    if (what == 2) v.export_rts = {rt("1:" + std::to_string(random.below(3)))};
    // An address stands in one MAC-VRF of a routing domain only.
    if (what == 3) vrfs[0].vrf = random.below(2) == 0 ? kRed : kDefaultVrf;
    if (what == 4) {
      states[v.id.value] = !states[v.id.value];
      n.engine.on_state(states[v.id.value] ? up(v) : down(v), n.now);
      return;
    }
    if (what == 5) removed[v.id.value] = !removed[v.id.value];
    push_configuration();
    if (what != 5 || removed[v.id.value]) return;
    n.engine.on_state(states[v.id.value] ? up(v) : down(v), n.now);
  }
  void step() {
    const auto what = random.below(100);
    if (what < 55) {
      route_step();
    } else if (what < 60) {
      segment_step();
    } else if (what < 92) {
      local_step();
    } else if (what < 96) {
      reload_step();
    } else if (what < 98) {
      n.advance(std::chrono::milliseconds(random.below(8000)));
    } else {
      (void)n.engine.clear_duplicates(kOne, std::nullopt, n.now);
    }
    if (random.below(3) == 0) (void)n.turn(1 + random.below(20));
  }

  // ---- from scratch ----

  [[nodiscard]] bool has_ad(const std::string& vtep, bool per_segment) const {
    return ads.contains(key_of(RemoteAd{.next_hop = vtep, .per_segment = per_segment}));
  }
  [[nodiscard]] bool imports(const MacVrfSettings& v,
                             const std::vector<std::string>& targets) const {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const std::string& t) { return v.import_rts[0].matches(rt(t)); });
  }
  // A-D routes carry the target of 110 alone; per EVI they are of the MAC-VRFs that import it.
  [[nodiscard]] std::vector<IpAddress> vteps_of(const MacVrfSettings& v, const RemoteMac& r) const {
    if (r.esi.empty()) return {ip(r.next_hop)};
    const std::vector<std::string> target{"65000:110"};
    bool anybody = false;
    for (const auto& other : vrfs) {
      anybody = anybody || (configured(other.id) && imports(other, target));
    }
    if (!anybody) return {};
    bool single = false;
    for (const auto& [key, ad] : ads) single = single || (ad.per_segment && ad.single_active);
    std::vector<IpAddress> out;
    for (unsigned i = 0; i < 4; ++i) {
      const std::string vtep = vtep_text(i);
      if (!has_ad(vtep, true)) continue;
      const bool alias = !single && has_ad(vtep, false) && imports(v, target) && r.label == 110;
      if (alias || vtep == r.next_hop) out.push_back(ip(vtep));
    }
    return out;
  }
  // The remote routes that count in a MAC-VRF, best first.
  [[nodiscard]] std::vector<RemoteMac> usable(const MacVrfSettings& v) const {
    std::vector<RemoteMac> out;
    for (const auto& [key, r] : live) {
      if (!imports(v, r.targets) || r.encapsulations[0] != kEncapsulationVxlan) continue;
      if (!vteps_of(v, r).empty()) out.push_back(r);
    }
    std::sort(out.begin(), out.end(), [](const RemoteMac& a, const RemoteMac& b) {
      const auto rank = [](const RemoteMac& r) {
        return std::make_tuple(!r.sticky, ~r.sequence, ip(r.next_hop), r.esi.empty(), r.label);
      };
      if (rank(a) != rank(b)) return rank(a) < rank(b);
      if (a.mac != b.mac) return a.mac < b.mac;
      return a.router && !b.router;
    });
    return out;
  }

  using Macs = std::map<std::string, MacView>;
  using Keys = std::set<wire::EvpnKey>;
  void own(const MacVrfSettings& v, const std::string& m, const std::string& a, Keys& want) {
    if (!states[v.id.value]) return;
    want.insert(key_of(RemoteMac{.mac = m, .ip = a, .rd = to_string(v.rd)}));
  }
  void check_macs(const MacVrfSettings& v, const std::vector<RemoteMac>& routes, Macs& macs,
                  Keys& want) {
    const bool is_up = states[v.id.value];
    for (unsigned i = 0; i < kMacs; ++i) {
      const std::string m = mac_text(i);
      SCOPED_TRACE(m);
      const auto best = std::find_if(routes.begin(), routes.end(),
                                     [&](const RemoteMac& r) { return r.mac == m; });
      const MacView view = macs.contains(m) ? macs[m] : MacView{};
      const bool local = view.place == HostPlace::kLocal;
      const bool remote = is_up && !local && best != routes.end();
      EXPECT_EQ(n.vteps(m.c_str(), v.id).empty(), !remote);
      if (remote) {
        EXPECT_EQ(n.tables.sets.at(n.tables.macs.at({v.id.value, mac(m)}).set).vteps,
                  vteps_of(v, *best));
        EXPECT_EQ(n.tables.macs.at({v.id.value, mac(m)}).sticky, best->sticky);
      }
      if (!local) continue;
      own(v, m, "", want);
      if (best == routes.end() || view.sticky || view.frozen) continue;
      // RFC 7432 15: ours stands only if no other one stands above it.
      EXPECT_FALSE(best->sticky);
      EXPECT_GE(view.sequence, best->sequence);
      EXPECT_TRUE(view.sequence > best->sequence || ip(kOwnVtep) < ip(best->next_hop));
    }
  }
  void check_addresses(const MacVrfSettings& v, const std::vector<RemoteMac>& routes, Macs& macs,
                       Keys& want) {
    const bool is_up = states[v.id.value];
    std::map<std::string, NeighbourView> neighbours;
    for (const auto& a : n.engine.neighbours(v.id, std::nullopt, 1000)) {
      neighbours[to_string(a.address)] = a;
    }
    for (unsigned i = 0; i < 12; ++i) {
      const std::string a = ip_text(i);
      SCOPED_TRACE(a);
      const auto best =
          std::find_if(routes.begin(), routes.end(), [&](const RemoteMac& r) { return r.ip == a; });
      const NeighbourView view = neighbours.contains(a) ? neighbours[a] : NeighbourView{};
      if (view.place == HostPlace::kLocal) {
        const std::string m = to_string(view.mac);
        EXPECT_EQ(macs[m].place, HostPlace::kLocal);
        own(v, m, a, want);
        expected_host_routes += v.vrf == kRed ? 1U : 0U;
        EXPECT_EQ(n.neighbour_mac(a.c_str(), v.id), "");
        continue;
      }
      const bool remote = is_up && best != routes.end();
      EXPECT_EQ(n.neighbour_mac(a.c_str(), v.id), remote ? best->mac : "");
      if (remote) {
        EXPECT_EQ(n.tables.neighbours.at({v.id.value, ip(a)}).router, best->router);
      }
    }
  }
  void check_vrf(const MacVrfSettings& v) {
    const std::vector<RemoteMac> routes = usable(v);
    Macs macs;
    for (const MacView& m : n.engine.macs(v.id, std::nullopt, 1000)) macs[to_string(m.mac)] = m;
    Keys want;
    check_macs(v, routes, macs, want);
    check_addresses(v, routes, macs, want);
    std::set<wire::EvpnKey> got;
    for (const auto& [key, o] : n.originated) {
      if (key.type != wire::EvpnRouteType::kMacIp || o.data.label1.value != v.vni.value) continue;
      got.insert(key);
      EXPECT_EQ(o.attributes.extended_communities[1], v.export_rts[0]);
      EXPECT_EQ(n.sequence_of(o), macs[to_string(key.mac)].sequence);
      const bool routed = v.vrf == kRed && key.ip_bits != 0;
      EXPECT_EQ(o.data.label2.has_value(), routed);
    }
    EXPECT_EQ(got, want);
    for (const MacVrfView& view : n.engine.mac_vrfs()) {
      if (view.id != v.id) continue;
      EXPECT_EQ(view.originated, got.size() + (states[v.id.value] ? 1U : 0U));
    }
  }

  void check() {
    n.run(1 + random.below(40));
    expected_host_routes = 0;
    for (const auto& v : vrfs) {
      SCOPED_TRACE(v.name);
      if (configured(v.id)) check_vrf(v);
    }
    EXPECT_EQ(n.host_routes.size(), expected_host_routes);
    std::uint32_t sum = 0;
    for (const auto count : n.engine.counters().routes) sum += count;
    EXPECT_EQ(sum, live.size() + ads.size() + n.originated.size());
  }
  void end() {
    for (const auto& [key, r] : live) n.drop(r);
    for (const auto& [key, r] : ads) n.drop(r);
    n.configure({});
    n.run();
    EXPECT_TRUE(n.tables.macs.empty());
    EXPECT_TRUE(n.tables.neighbours.empty());
    EXPECT_TRUE(n.tables.sets.empty());
    EXPECT_TRUE(n.originated.empty());
    EXPECT_TRUE(n.host_routes.empty());
    EXPECT_TRUE(n.engine.ethernet_segments().empty());
    EXPECT_EQ(n.store.size(), 0U) << "an attribute set was not let go";
    n.advance(std::chrono::seconds(600));
    for (const MemoryPart& part : n.engine.memory()) EXPECT_EQ(part.entries, 0U) << part.name;
  }

  Random random;
  L2Node n;
  std::vector<MacVrfSettings> vrfs;
  std::array<bool, 3> removed{};
  std::array<bool, 3> states{false, true, true};
  std::map<wire::EvpnKey, RemoteMac> live;
  std::map<wire::EvpnKey, RemoteAd> ads;
  std::size_t expected_host_routes = 0;
};

TEST(Model, IncrementalEqualsFromScratch) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int round = 0; round < 25; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      for (int i = 0; i < 40; ++i) world.step();
      world.check();
      if (::testing::Test::HasFailure()) return;
    }
    world.end();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace perd::evpn::test
