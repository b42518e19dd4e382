#include "fib/foreign_routes.h"

#include <algorithm>
#include <limits>

namespace perd::fib {
namespace {

constexpr TableId kLocalTable{255};
constexpr std::uint8_t kProtocolKernel = 2;  // RTPROT_KERNEL
constexpr std::uint8_t kProtocolStatic = 4;  // RTPROT_STATIC

[[nodiscard]] std::size_t slot_of(IpFamily family) { return family == IpFamily::kIpv4 ? 0 : 1; }

[[nodiscard]] bool interesting(const Route& r) {
  if (r.key.table == kLocalTable || r.type == RouteType::kLocal || r.type == RouteType::kOther) {
    return false;
  }
  const IpPrefix& p = r.key.prefix;
  if (p.length != 0 && (p.address.is_multicast() || (!p.is_v4() && p.address.is_link_local()))) {
    return false;
  }
  return true;
}

}  // namespace

std::optional<LocalRouteKind> local_kind(const Route& route) {
  if (route.type != RouteType::kUnicast) return std::nullopt;
  if (route.protocol == kProtocolStatic) return LocalRouteKind::kStatic;
  if (route.protocol != kProtocolKernel) return LocalRouteKind::kKernel;
  const bool gateway = std::any_of(route.hops.begin(), route.hops.end(),
                                   [](const RouteHop& h) { return h.gateway.has_value(); });
  return gateway || route.next_hop_id != 0 ? LocalRouteKind::kKernel : LocalRouteKind::kConnected;
}

void ForeignRoutes::count(const Route& route, int by) {
  auto& metric = metrics_[{route.key.table.value, route.key.metric}];
  auto& length = main_lengths_[slot_of(route.key.prefix.address.family)][route.key.prefix.length];
  const bool main = route.key.table == kMainTable;
  if (route.next_hop_id != 0) {
    auto& users = objects_[route.next_hop_id];
    users = by > 0 ? users + 1 : users - 1;
    if (users == 0) objects_.erase(route.next_hop_id);
  }
  if (by > 0) {
    ++metric;
    if (main) ++length;
  } else {
    --metric;
    if (main) --length;
    if (metric == 0) metrics_.erase({route.key.table.value, route.key.metric});
  }
}

bool ForeignRoutes::see(const Route& route, bool from_dump) {
  if (!interesting(route)) return false;
  if (dumping_[slot_of(route.key.prefix.address.family)]) {
    if (from_dump && touched_.count(route.key) != 0) return false;
    marked_.insert(route.key);
    if (!from_dump) touched_.insert(route.key);
  }
  const auto [it, fresh] = routes_.try_emplace(route.key, route);
  if (fresh) {
    count(route, 1);
    return true;
  }
  if (it->second == route) return false;
  count(it->second, -1);
  it->second = route;
  count(route, 1);
  return true;
}

bool ForeignRoutes::lose(const RouteKey& key, std::uint8_t protocol) {
  if (dumping_[slot_of(key.prefix.address.family)]) touched_.insert(key);
  const auto it = routes_.find(key);
  if (it == routes_.end() || it->second.protocol != protocol) return false;
  count(it->second, -1);
  routes_.erase(it);
  return true;
}

std::vector<RouteKey> ForeignRoutes::drop_link(IfIndex link) {
  std::vector<RouteKey> out;
  for (auto it = routes_.begin(); it != routes_.end();) {
    auto& hops = it->second.hops;
    const auto gone = std::remove_if(hops.begin(), hops.end(),
                                     [link](const RouteHop& h) { return h.link == link; });
    if (gone == hops.end()) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    hops.erase(gone, hops.end());
    if (hops.empty()) {
      count(it->second, -1);
      it = routes_.erase(it);
    } else {
      ++it;
    }
  }
  return out;
}

std::vector<RouteKey> ForeignRoutes::drop_next_hop(std::uint32_t id) {
  std::vector<RouteKey> out;
  if (objects_.count(id) == 0) return out;
  for (auto it = routes_.begin(); it != routes_.end();) {
    if (it->second.next_hop_id != id) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    count(it->second, -1);
    it = routes_.erase(it);
  }
  return out;
}

void ForeignRoutes::begin_dump(IpFamily family) {
  dumping_[slot_of(family)] = true;
  const auto other = [family](const RouteKey& k) { return k.prefix.address.family == family; };
  for (auto* keys : {&marked_, &touched_}) {
    for (auto it = keys->begin(); it != keys->end();) it = other(*it) ? keys->erase(it) : ++it;
  }
}

std::vector<RouteKey> ForeignRoutes::end_dump(IpFamily family) {
  dumping_[slot_of(family)] = false;
  std::vector<RouteKey> out;
  for (auto it = routes_.begin(); it != routes_.end();) {
    if (it->first.prefix.address.family != family || marked_.count(it->first) != 0) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    count(it->second, -1);
    it = routes_.erase(it);
  }
  if (!dumping_[0] && !dumping_[1]) marked_.clear(), touched_.clear();
  return out;
}

const Route* ForeignRoutes::find(const RouteKey& key) const {
  const auto it = routes_.find(key);
  return it == routes_.end() ? nullptr : &it->second;
}

bool ForeignRoutes::holds(TableId table, const IpPrefix& prefix, std::uint32_t metric) const {
  if (metrics_.empty() || metrics_.count({table.value, metric}) == 0) return false;
  return routes_.count({table, prefix, metric}) != 0;
}

std::pair<ForeignRoutes::Table::const_iterator, ForeignRoutes::Table::const_iterator>
ForeignRoutes::range(TableId table, const IpPrefix& prefix) const {
  return {routes_.lower_bound({table, prefix, 0}),
          routes_.upper_bound({table, prefix, std::numeric_limits<std::uint32_t>::max()})};
}

std::pair<ForeignRoutes::Table::const_iterator, ForeignRoutes::Table::const_iterator>
ForeignRoutes::range(TableId table) const {
  IpPrefix least;  // the least prefix of the least family
  least.address.family = IpFamily::kIpv4;
  return {routes_.lower_bound({table, least, 0}),
          routes_.lower_bound({TableId{table.value + 1}, least, 0})};
}

}  // namespace perd::fib
