#include "fib/local_routes.h"

#include <algorithm>

namespace perd::fib {
namespace {

constexpr std::uint8_t kScopeLink = 253;  // RT_SCOPE_LINK

void better(std::map<LocalRouteKind, std::uint32_t>& found, LocalRouteKind kind,
            std::uint32_t metric) {
  const auto [it, fresh] = found.try_emplace(kind, metric);
  if (!fresh) it->second = std::min(it->second, metric);
}

}  // namespace

void FixedRoutePolicy::vanished(const Key& key, const Route&) const { local->changed(key); }
void FixedRoutePolicy::settled(const Key& key) const { local->changed(key); }

void LocalRoutes::changed(const RouteKey& key) {
  if (all_) return;
  if (dirty_.size() >= kDirtyMax) {
    all_ = true;
    dirty_.clear();
    return;
  }
  dirty_.insert({key.table, key.prefix});
}

const VrfDevices* LocalRoutes::devices_of(VrfId vrf) const {
  const auto it = devices_->vrfs().find(vrf);
  return it == devices_->vrfs().end() ? nullptr : &it->second;
}

bool LocalRoutes::usable_object(std::uint32_t id) const {
  const auto* e = next_hops_.store().find(id);
  if (e == nullptr || !e->seen || e->seen->blackhole) return false;
  if (e->seen->group.empty()) return links_.usable(e->seen->link);
  return std::any_of(e->seen->group.begin(), e->seen->group.end(), [this](const auto& m) {
    const auto* member = next_hops_.store().find(m.id);
    return member != nullptr && member->seen && links_.usable(member->seen->link);
  });
}

// `only`: hops count that leave by a link of that VRF.
bool LocalRoutes::usable(const Route& route, const VrfDevices* only) const {
  if (route.next_hop_id != 0) return only == nullptr && usable_object(route.next_hop_id);
  return std::any_of(route.hops.begin(), route.hops.end(), [this, only](const RouteHop& h) {
    if (h.link_down || !links_.usable(h.link)) return false;
    return only == nullptr || devices_->member(*only, *links_.find(h.link));
  });
}

void LocalRoutes::collect(const VrfDevices* v, TableId table, const IpPrefix& prefix,
                          Found& found) const {
  auto [it, end] = foreign_.range(table, prefix);
  for (; it != end; ++it) {
    const auto kind = local_kind(it->second);
    if (kind && usable(it->second, nullptr)) better(found, *kind, it->first.metric);
  }
  if (v == nullptr) return;
  const auto* fixed = fixed_->find({table, prefix, kStaticMetric});
  if (fixed != nullptr && fixed->want && fixed_->state(*fixed) == EntryState::kAcked) {
    better(found, LocalRouteKind::kStatic, kStaticMetric);
  }
  if (v->want.vrf_device) return;
  // Without a VRF device the kernel keeps the connected routes of the VRF's links in main.
  for (auto [main, last] = foreign_.range(kMainTable, prefix); main != last; ++main) {
    const auto kind = local_kind(main->second);
    if (kind == LocalRouteKind::kConnected && usable(main->second, v)) {
      better(found, *kind, main->first.metric);
    }
  }
}

void LocalRoutes::renew(VrfId vrf, const IpPrefix& prefix) {
  const VrfDevices* v = devices_of(vrf);
  Found found;
  if (vrf == kDefaultVrf) {
    collect(nullptr, kMainTable, prefix, found);
  } else if (v != nullptr && v->table != TableId{}) {
    collect(v, v->table, prefix, found);
  }
  for (const LocalRouteKind kind :
       {LocalRouteKind::kConnected, LocalRouteKind::kStatic, LocalRouteKind::kKernel}) {
    const auto now = found.find(kind);
    const auto was = published_.find({vrf, prefix, kind});
    if (now == found.end() && was == published_.end()) continue;
    if (now == found.end()) {
      shared_.knowledge.emplace_back(LocalRoute{vrf, prefix, kind, was->second, true});
      published_.erase(was);
    } else if (was == published_.end() || was->second != now->second) {
      shared_.knowledge.emplace_back(LocalRoute{vrf, prefix, kind, now->second, false});
      published_[{vrf, prefix, kind}] = now->second;
    }
  }
}

void LocalRoutes::renew_all() {
  std::set<std::pair<VrfId, IpPrefix>> work;
  for (const auto& [key, metric] : published_) work.insert({std::get<0>(key), std::get<1>(key)});
  const auto add = [this, &work](VrfId vrf, TableId table) {
    for (auto [it, end] = foreign_.range(table); it != end; ++it)
      work.insert({vrf, it->first.prefix});
  };
  add(kDefaultVrf, kMainTable);
  for (const auto& [id, v] : devices_->vrfs()) {
    if (v.table == TableId{}) continue;
    add(id, v.table);
    if (!v.want.vrf_device) add(id, kMainTable);
    for (const auto& s : v.want.static_routes) work.insert({id, s.prefix});
  }
  for (const auto& [vrf, prefix] : work) renew(vrf, prefix);
}

void LocalRoutes::step() {
  if (!dirty()) return;
  if (all_) {
    renew_all();
  } else {
    for (const auto& [table, prefix] : dirty_) {
      if (table == kMainTable) renew(kDefaultVrf, prefix);
      for (const auto& [id, v] : devices_->vrfs()) {
        if (v.table == table || (table == kMainTable && !v.want.vrf_device)) renew(id, prefix);
      }
    }
  }
  all_ = false;
  dirty_.clear();
}

// ---- fixed routes -------------------------------------------------------------------------------

namespace {

void add_fixed(std::map<RouteKey, Route>& out, Route route) {
  const RouteKey key = route.key;
  out.emplace(key, std::move(route));
}

// The link through which a gateway of the VRF is a neighbour.
[[nodiscard]] IfIndex link_towards(const DeviceBuilder& devices, const VrfDevices& v,
                                   const LinkTable& links, const IpAddress& via) {
  for (const auto& [index, address] : links.addresses()) {
    const Link* link = links.find(index);
    if (link == nullptr || !devices.member(v, *link) || !links.usable(index)) continue;
    if (IpPrefix::make(address.address, address.length).contains(via)) return index;
  }
  return {};
}

void add_copies(std::map<RouteKey, Route>& out, const DeviceBuilder& devices, const VrfDevices& v,
                const LinkTable& links, std::uint8_t protocol) {
  for (const auto& [index, address] : links.addresses()) {
    const Link* link = links.find(index);
    if (link == nullptr || !devices.member(v, *link) || !links.usable(index)) continue;
    if (address.length == address.address.bits() || address.address.is_link_local()) continue;
    Route r;
    r.key = {v.table, IpPrefix::make(address.address, address.length), kConnectedCopyMetric};
    r.protocol = protocol;
    r.scope = kScopeLink;
    r.hops.push_back({index, std::nullopt, false, false, 1});
    add_fixed(out, std::move(r));
  }
}

}  // namespace

std::map<RouteKey, Route> wanted_fixed_routes(const DeviceBuilder& devices, const LinkTable& links,
                                              std::uint8_t protocol) {
  std::map<RouteKey, Route> out;
  for (const auto& [id, v] : devices.vrfs()) {
    if (v.table == TableId{} || (v.want.vrf_device && v.vrf == IfIndex{})) continue;
    for (const IpFamily family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
      Route r;
      r.key = {v.table, {}, kUnreachableMetric};
      r.key.prefix.address.family = family;
      r.type = RouteType::kUnreachable;
      r.protocol = protocol;
      add_fixed(out, std::move(r));
    }
    for (const auto& s : v.want.static_routes) {
      const IfIndex link = link_towards(devices, v, links, s.via);
      if (link == IfIndex{}) continue;
      Route r;
      r.key = {v.table, s.prefix, kStaticMetric};
      r.protocol = protocol;
      r.hops.push_back({link, s.via, false, false, 1});
      add_fixed(out, std::move(r));
    }
    if (!v.want.vrf_device) add_copies(out, devices, v, links, protocol);
  }
  return out;
}

}  // namespace perd::fib
