// The small stores of the node itself: addresses (tunnels on lo, gateways), rules (`ip rule iif`),
// sysctls and fixed routes (unreachable defaults, static routes, copies of connected ones). Each is
// a policy for ManagedStore; what is wanted comes from DeviceBuilder and FixedRoutes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "fib/foreign_routes.h"
#include "fib/link_table.h"
#include "fib/managed_store.h"

namespace perd::fib {

enum class AddressUse : std::uint8_t {
  kAnywhere,  // of a tunnel: any link of this node may have it
  kHere,      // of a gateway: on this link, and the same on other nodes
};

struct AddressPolicy {
  using Key = std::pair<IfIndex, InterfaceAddress>;
  using Value = AddressUse;  // of what was seen it says nothing
  static constexpr ObjectKind kKind = ObjectKind::kAddress;
  static constexpr FlightKind kFlight = FlightKind::kAddress;
  const LinkTable* links;

  [[nodiscard]] bool ready(const Key& key, Value) const {
    return links->find(key.first) != nullptr;
  }
  [[nodiscard]] bool may_erase(const Key&, Value) const { return true; }
  [[nodiscard]] bool matches(Value, Value) const { return true; }
  [[nodiscard]] bool may_overwrite(Value) const { return true; }
  [[nodiscard]] bool keep_foreign(const Key&) const { return false; }
  [[nodiscard]] Standing standing(const Key& key, Value use) const {
    const bool there = use == AddressUse::kAnywhere ? links->has_address(key.second.address)
                                                    : links->addresses().count(key) != 0;
    return there ? Standing::kSatisfied : Standing::kFree;
  }
  void put(OpQueue& ops, const Key& key, Value use, const Flight& flight) const {
    ops.push(AddressPut{{key.first, key.second}, use == AddressUse::kHere}, flight);
  }
  void erase(OpQueue& ops, const Key& key, Value, const Flight& flight) const {
    ops.push(AddressErase{{key.first, key.second}}, flight);
  }
  [[nodiscard]] std::string describe(const Key& key) const {
    return "address " + to_string(key.second) + " dev " + links->name(key.first);
  }
  void written(const Key&) const {}
  void vanished(const Key&, Value) const {}
  void settled(const Key&) const {}
};

struct RulePolicy {
  using Key = std::tuple<std::string, IpFamily, TableId, std::uint32_t>;  // iif, ..., priority
  using Value = std::uint8_t;                                             // protocol
  static constexpr ObjectKind kKind = ObjectKind::kRule;
  static constexpr FlightKind kFlight = FlightKind::kRule;

  [[nodiscard]] static Key key_of(const Rule& r) { return {r.iif, r.family, r.table, r.priority}; }
  [[nodiscard]] static Rule rule_of(const Key& key, std::uint8_t protocol) {
    Rule r;
    r.iif = std::get<0>(key);
    r.family = std::get<1>(key);
    r.table = std::get<2>(key);
    r.priority = std::get<3>(key);
    r.protocol = protocol;
    return r;
  }
  [[nodiscard]] bool ready(const Key&, Value) const { return true; }
  [[nodiscard]] bool may_erase(const Key&, Value) const { return true; }
  [[nodiscard]] bool matches(Value, Value) const { return true; }  // same effect, whoever made it
  [[nodiscard]] bool may_overwrite(Value) const { return false; }
  [[nodiscard]] bool keep_foreign(const Key&) const { return true; }
  [[nodiscard]] Standing standing(const Key&, Value) const { return Standing::kFree; }
  void put(OpQueue& ops, const Key& key, Value v, const Flight& flight) const {
    ops.push(RulePut{rule_of(key, v)}, flight);
  }
  void erase(OpQueue& ops, const Key& key, Value v, const Flight& flight) const {
    ops.push(RuleErase{rule_of(key, v)}, flight);
  }
  [[nodiscard]] std::string describe(const Key& key) const {
    return "rule iif " + std::get<0>(key) + " table " + std::to_string(std::get<2>(key).value);
  }
  void written(const Key&) const {}
  void vanished(const Key&, Value) const {}
  void settled(const Key&) const {}
};

// Written once per life of the link it belongs to; what somebody sets later is left alone, since
// nothing tells of it.
struct SysctlPolicy {
  using Key = std::string;  // path below /proc/sys
  using Value = std::pair<std::string, IfIndex>;
  static constexpr ObjectKind kKind = ObjectKind::kSysctl;
  static constexpr FlightKind kFlight = FlightKind::kSysctl;
  const LinkTable* links;

  [[nodiscard]] bool ready(const Key&, const Value& want) const {
    return want.second == IfIndex{} || links->find(want.second) != nullptr;
  }
  [[nodiscard]] bool may_erase(const Key&, const Value&) const { return false; }
  [[nodiscard]] bool matches(const Value& want, const Value& seen) const { return want == seen; }
  [[nodiscard]] bool may_overwrite(const Value&) const { return true; }
  [[nodiscard]] bool keep_foreign(const Key&) const { return false; }
  [[nodiscard]] Standing standing(const Key&, const Value&) const { return Standing::kFree; }
  void put(OpQueue& ops, const Key& key, const Value& want, const Flight& flight) const {
    ops.push(SysctlPut{key, want.first}, flight);
  }
  void erase(OpQueue&, const Key&, const Value&, const Flight&) const {}
  [[nodiscard]] std::string describe(const Key& key) const { return "sysctl " + key; }
  void written(const Key&) const {}
  void vanished(const Key&, const Value&) const {}
  void settled(const Key&) const {}
};

class LocalRoutes;

struct FixedRoutePolicy {
  using Key = RouteKey;
  using Value = Route;
  static constexpr ObjectKind kKind = ObjectKind::kFixedRoute;
  static constexpr FlightKind kFlight = FlightKind::kFixedRoute;
  const LinkTable* links;
  const ForeignRoutes* foreign;
  LocalRoutes* local;

  [[nodiscard]] bool ready(const Key&, const Route& want) const {
    for (const auto& hop : want.hops) {
      if (!links->usable(hop.link)) return false;
    }
    return true;
  }
  [[nodiscard]] bool may_erase(const Key&, const Route&) const { return true; }
  [[nodiscard]] static bool same(const Route& want, const Route& seen) {
    if (want.type != seen.type || want.hops.size() != seen.hops.size()) return false;
    for (std::size_t i = 0; i < want.hops.size(); ++i) {
      if (want.hops[i].link != seen.hops[i].link || want.hops[i].gateway != seen.hops[i].gateway) {
        return false;
      }
    }
    return seen.next_hop_id == 0;
  }
  // IPv6 shows an unreachable route with a hop on lo.
  [[nodiscard]] bool matches(const Route& want, const Route& seen) const {
    if (want.type != RouteType::kUnicast) return want.type == seen.type;
    return same(want, seen);
  }
  [[nodiscard]] bool may_overwrite(const Route&) const { return false; }
  [[nodiscard]] bool keep_foreign(const Key&) const { return false; }
  [[nodiscard]] Standing standing(const Key& key, const Route& want) const {
    const Route* there = foreign->find(key);
    if (there == nullptr) return Standing::kFree;
    return matches(want, *there) ? Standing::kSatisfied : Standing::kTaken;
  }
  void put(OpQueue& ops, const Key&, const Route& want, const Flight& flight) const {
    ops.push(RoutePut{want}, flight);
  }
  void erase(OpQueue& ops, const Key&, const Route& seen, const Flight& flight) const {
    ops.push(RouteErase{seen}, flight);
  }
  [[nodiscard]] std::string describe(const Key& key) const {
    return "route " + to_string(key.prefix) + " table " + std::to_string(key.table.value);
  }
  void written(const Key&) const {}
  void vanished(const Key& key, const Route&) const;
  void settled(const Key& key) const;
};

using AddressStore = ManagedStore<AddressPolicy>;
using RuleStore = ManagedStore<RulePolicy>;
using SysctlStore = ManagedStore<SysctlPolicy>;
using FixedRouteStore = ManagedStore<FixedRoutePolicy>;

using AddressWishes = std::map<AddressPolicy::Key, AddressUse>;
using SysctlWishes = std::map<SysctlPolicy::Key, SysctlPolicy::Value>;

}  // namespace perd::fib
