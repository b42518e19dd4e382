#include "fib/tunnel_store.h"

#include <algorithm>

namespace perd::fib {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudNoArp = 0x40;
constexpr std::uint16_t kNudPermanent = 0x80;

template <class Claim>
[[nodiscard]] std::uint64_t last_of(const Claim& c) {
  return *std::max_element(c.orders.begin(), c.orders.end());
}
// The claim whose last writer is the latest.
template <class Claim>
[[nodiscard]] const Claim& winner(const std::vector<Claim>& claims) {
  return *std::max_element(claims.begin(), claims.end(),
                           [](const Claim& a, const Claim& b) { return last_of(a) < last_of(b); });
}
template <class Claim>
void drop_order(std::vector<Claim>& claims, std::size_t i, std::uint64_t order) {
  auto& orders = claims[i].orders;
  if (const auto at = std::find(orders.begin(), orders.end(), order); at != orders.end()) {
    orders.erase(at);
  }
  if (orders.empty()) claims.erase(claims.begin() + static_cast<std::ptrdiff_t>(i));
}
[[nodiscard]] IpAddress neighbour_address(const TunnelRef& t) {
  return t.mapped ? t.vtep.to_v4_mapped() : t.vtep;
}

}  // namespace

// ---- neighbours ---------------------------------------------------------------------------------

bool NeighbourPolicy::ready(const Key& key, const Neighbour&) const {
  const Link* l = store->links_.find(key.first);
  return l != nullptr && l->admin_up;
}
bool NeighbourPolicy::may_erase(const Key& key, const Neighbour&) const {
  return !store->next_hops_.leads_to(key.first, key.second);
}
bool NeighbourPolicy::matches(const Neighbour& want, const Neighbour& seen) const {
  return want.mac == seen.mac && seen.extern_learn && (seen.state & kNudNoArp) != 0 &&
         want.protocol == seen.protocol;
}
bool NeighbourPolicy::may_overwrite(const Neighbour& seen) const {
  return (seen.state & kNudPermanent) == 0;  // an operator's own entry is permanent
}
bool NeighbourPolicy::keep_foreign(const Key& key) const {
  return store->svis_.count(key.first) != 0;
}
void NeighbourPolicy::put(OpQueue& ops, const Key&, const Neighbour& want,
                          const Flight& flight) const {
  ops.push(NeighbourPut{want}, flight);
}
void NeighbourPolicy::erase(OpQueue& ops, const Key& key, const Neighbour&,
                            const Flight& flight) const {
  ops.push(NeighbourErase{key.first, key.second}, flight);
}
std::string NeighbourPolicy::describe(const Key& key) const {
  return "neighbour " + to_string(key.second) + " dev " + store->links_.name(key.first);
}
void NeighbourPolicy::vanished(const Key&, const Neighbour&) const { store->fdb_.touch_unwanted(); }
void NeighbourPolicy::settled(const Key&) const { store->fdb_.touch_unwanted(); }

// ---- FDB ----------------------------------------------------------------------------------------

bool FdbPolicy::ready(const Key& key, const FdbPair& want) const {
  const Link* l = store->links_.find(key.first);
  return l != nullptr && l->admin_up && l->master == want.master;
}
bool FdbPolicy::may_erase(const Key& key, const FdbPair& seen) const {
  const auto& neighbours = store->neighbours_;
  auto it = neighbours.index().lower_bound({seen.master, IpAddress{}});
  for (; it != neighbours.index().end() && it->first.first == seen.master; ++it) {
    const auto& e = neighbours.entry(it->second);
    if (e.own && e.seen && e.seen->mac == key.second) return false;
  }
  return true;
}
bool FdbPolicy::matches(const FdbPair& want, const FdbPair& seen) const {
  return seen.self && seen.bridge && want.destination == seen.destination && want.vni == seen.vni &&
         want.master == seen.master;
}
bool FdbPolicy::may_overwrite(const FdbPair& seen) const {
  return (seen.state & kNudPermanent) == 0;
}
bool FdbPolicy::keep_foreign(const Key& key) const { return store->vxlans_.count(key.first) != 0; }

namespace {
[[nodiscard]] FdbEntry fdb_entry(const FdbPolicy::Key& key, const FdbPair& pair) {
  FdbEntry e;
  e.link = key.first;
  e.mac = key.second;
  e.self = true;
  e.destination = pair.destination;
  e.vni = pair.vni;
  e.master = pair.master;
  e.state = kNudReachable;
  e.extern_learn = true;
  return e;
}
}  // namespace

void FdbPolicy::put(OpQueue& ops, const Key& key, const FdbPair& want, const Flight& flight) const {
  ops.push(FdbPut{fdb_entry(key, want), true, false}, flight);
}
void FdbPolicy::erase(OpQueue& ops, const Key& key, const FdbPair& seen,
                      const Flight& flight) const {
  FdbErase op{fdb_entry(key, seen), seen.self && seen.bridge};
  op.entry.self = seen.self;
  ops.push(std::move(op), flight);
}
std::string FdbPolicy::describe(const Key& key) const {
  return "fdb " + to_string(key.second) + " dev " + store->links_.name(key.first);
}

// ---- store --------------------------------------------------------------------------------------

TunnelStore::TunnelStore(Shared& shared, const LinkTable& links, const NextHopStore& next_hops)
    : shared_(shared),
      links_(links),
      next_hops_(next_hops),
      neighbours_(shared, NeighbourPolicy{this}),
      fdb_(shared, FdbPolicy{this}) {}

void TunnelStore::ref(const TunnelRef& t, std::uint64_t order) {
  const NeighbourPolicy::Key nkey{t.svi, neighbour_address(t)};
  auto& macs = macs_[nkey];
  auto m = std::find_if(macs.begin(), macs.end(),
                        [&t](const MacClaim& c) { return c.mac == t.router_mac; });
  if (m == macs.end()) m = macs.insert(macs.end(), MacClaim{t.router_mac, {}});
  m->orders.push_back(order);

  const FdbPolicy::Key fkey{t.vxlan, t.router_mac};
  auto& vteps = vteps_[fkey];
  auto v = std::find_if(vteps.begin(), vteps.end(), [&t](const VtepClaim& c) {
    return c.vtep == t.vtep && c.vni == t.vni && c.svi == t.svi;
  });
  if (v == vteps.end()) {
    if (!vteps.empty() && vteps.front().vtep != t.vtep) {
      shared_.say(EventKind::kRouterMacConflict, Severity::kWarning, "vtep " + to_string(t.vtep),
                  "announces router MAC " + to_string(t.router_mac) + " as " +
                      to_string(vteps.front().vtep) + " does; the later one gets the traffic");
    }
    v = vteps.insert(vteps.end(), VtepClaim{t.vtep, t.vni, t.svi, {}});
  }
  v->orders.push_back(order);
  renew_neighbour(nkey);
  renew_fdb(fkey);
}

void TunnelStore::unref(const TunnelRef& t, std::uint64_t order) {
  const NeighbourPolicy::Key nkey{t.svi, neighbour_address(t)};
  if (const auto it = macs_.find(nkey); it != macs_.end()) {
    auto& macs = it->second;
    for (std::size_t i = 0; i < macs.size(); ++i) {
      if (macs[i].mac != t.router_mac) continue;
      drop_order(macs, i, order);
      break;
    }
    if (macs.empty()) macs_.erase(it);
  }
  const FdbPolicy::Key fkey{t.vxlan, t.router_mac};
  if (const auto it = vteps_.find(fkey); it != vteps_.end()) {
    auto& vteps = it->second;
    for (std::size_t i = 0; i < vteps.size(); ++i) {
      if (vteps[i].vtep != t.vtep || vteps[i].vni != t.vni || vteps[i].svi != t.svi) continue;
      drop_order(vteps, i, order);
      break;
    }
    if (vteps.empty()) vteps_.erase(it);
  }
  renew_neighbour(nkey);
  renew_fdb(fkey);
}

void TunnelStore::renew_neighbour(const NeighbourPolicy::Key& key) {
  const auto it = macs_.find(key);
  if (it == macs_.end()) {
    neighbours_.unwant(key);
    return;
  }
  Neighbour n;
  n.link = key.first;
  n.address = key.second;
  n.mac = winner(it->second).mac;
  n.state = kNudNoArp;
  n.extern_learn = true;
  n.protocol = shared_.protocol;
  neighbours_.want(key, n);
}

void TunnelStore::renew_fdb(const FdbPolicy::Key& key) {
  const auto it = vteps_.find(key);
  if (it == vteps_.end()) {
    fdb_.unwant(key);
    return;
  }
  const VtepClaim& c = winner(it->second);
  fdb_.want(key, FdbPair{c.vtep, c.vni, c.svi, kNudReachable, true, true});
}

void TunnelStore::set_ports(std::set<IfIndex> svis, std::set<IfIndex> vxlans) {
  svis_ = std::move(svis);
  vxlans_ = std::move(vxlans);
}

void TunnelStore::see(const Neighbour& neighbour, bool from_dump, TimePoint now) {
  const bool own = neighbour.extern_learn && neighbour.protocol == shared_.protocol;
  const bool valid = !neighbour.mac.is_zero();
  if (!valid && !own) return;  // an entry without an answer says nothing
  neighbours_.see({neighbour.link, neighbour.address}, neighbour, own, from_dump, now);
}

void TunnelStore::lose(const Neighbour& neighbour, TimePoint now) {
  neighbours_.lose({neighbour.link, neighbour.address}, now);
}

void TunnelStore::see(const FdbEntry& entry, bool from_dump, TimePoint now) {
  if (entry.mac.is_zero() || entry.mac.is_multicast() || entry.vlan != 0) return;
  const FdbPolicy::Key key{entry.link, entry.mac};
  const auto* known = fdb_.find(key);
  const bool fresh = known == nullptr || !known->seen || (from_dump && !known->marked);
  FdbPair pair = fresh ? FdbPair{} : *known->seen;
  if (entry.self) {
    pair.self = true;
    pair.destination = entry.destination;
    pair.vni = entry.vni;
  } else {
    pair.bridge = true;
    pair.master = entry.master;
  }
  pair.state = static_cast<std::uint16_t>(fresh ? entry.state : pair.state | entry.state);
  // The kernel keeps no protocol with an FDB entry: on our VXLAN devices extern_learn is the mark.
  const bool own = (entry.extern_learn && vxlans_.count(entry.link) != 0) ||
                   (!fresh && known->own) ||
                   (entry.extern_learn && known != nullptr && known->want.has_value());
  fdb_.see(key, pair, own, from_dump, now);
}

void TunnelStore::lose(const FdbEntry& entry, TimePoint now) {
  const FdbPolicy::Key key{entry.link, entry.mac};
  const auto* known = fdb_.find(key);
  if (known == nullptr || !known->seen) return;
  FdbPair left = *known->seen;
  (entry.self ? left.self : left.bridge) = false;
  if (!left.self && !left.bridge) {
    fdb_.lose(key, now);
  } else {
    fdb_.see(key, left, known->own, false, now);
  }
}

void TunnelStore::link_gone(IfIndex link) {
  neighbours_.lose_silently(
      [link](const auto& key, const Neighbour&) { return key.first == link; });
  fdb_.lose_silently([link](const auto& key, const FdbPair& pair) {
    return key.first == link || pair.master == link;
  });
}

void TunnelStore::link_changed(IfIndex link) {
  for (const auto& [key, i] : neighbours_.index()) {
    if (key.first == link) neighbours_.touch(key);
  }
  for (const auto& [key, i] : fdb_.index()) {
    if (key.first == link) fdb_.touch(key);
  }
}

void TunnelStore::way_gone(const HopKey& key) { neighbours_.touch({key.link, key.gateway}); }

void TunnelStore::step_puts(TimePoint now) {
  neighbours_.step_puts(now);
  fdb_.step_puts(now);
}
void TunnelStore::step_erases(TimePoint now) {
  neighbours_.step_erases(now);
  fdb_.step_erases(now);
}

}  // namespace perd::fib
