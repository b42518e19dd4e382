#include "core/underlay_routes.h"

#include <algorithm>

#include "perd/assert.h"

namespace perd {

void UnderlayRoutes::set(const IpPrefix& prefix, std::vector<IpAddress> gateways, bool urgent) {
  std::sort(gateways.begin(), gateways.end());
  gateways.erase(std::unique(gateways.begin(), gateways.end()), gateways.end());
  const auto known = routes_.find(prefix);
  if (gateways.empty()) {
    if (known == routes_.end()) return;
    const auto old = known->second;
    routes_.erase(known);
    delta_.routes.push_back({kDefaultVrf, prefix, 0, urgent});
    release(old);
    return;
  }
  if (known != routes_.end() && known->second->first == gateways) return;
  const auto [wanted, fresh] = sets_.try_emplace(std::move(gateways));
  if (fresh) {
    if (free_ids_.empty()) {
      wanted->second.id = next_id_++;
    } else {
      wanted->second.id = free_ids_.back();
      free_ids_.pop_back();
    }
    delta_.sets.push_back({wanted->second.id, kDefaultVrf, {}, wanted->first});
  }
  ++wanted->second.users;
  delta_.routes.push_back({kDefaultVrf, prefix, wanted->second.id, urgent});
  if (known == routes_.end()) {
    routes_.emplace(prefix, wanted);
    return;
  }
  const auto old = known->second;
  known->second = wanted;
  release(old);
}

void UnderlayRoutes::clear_delta() {
  free_ids_.insert(free_ids_.end(), delta_.released_sets.begin(), delta_.released_sets.end());
  delta_.clear();
}

void UnderlayRoutes::release(Sets::iterator set) {
  PERD_ASSERT(set->second.users > 0);
  if (--set->second.users > 0) return;
  // A number freed in this delta must not name another set before the delta has been applied: the
  // reader takes sets first and released ones last.
  delta_.released_sets.push_back(set->second.id);
  sets_.erase(set);
}

}  // namespace perd
