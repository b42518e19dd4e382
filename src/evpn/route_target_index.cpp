#include "evpn/route_target_index.h"

#include <algorithm>

#include "perd/bytes.h"

namespace perd::evpn {
namespace {

std::uint64_t packed(const ExtendedCommunity& c) { return Reader{c.octets}.u64(); }

// The number part: RFC 4360 3.1 (four octets), RFC 5668 and RFC 4360 3.2 (two octets).
std::uint32_t number_of(const ExtendedCommunity& c) {
  Reader r{c.octets};
  r.skip(c.type() == 0 ? 4 : 6);
  return c.type() == 0 ? r.u32() : r.u16();
}

}  // namespace

void RouteTargetIndex::clear() {
  exact_.clear();
  any_admin_.clear();
}

void RouteTargetIndex::add(VrfId vrf, const RouteTargetMatch& match) {
  auto& list = match.any_admin ? any_admin_[match.number] : exact_[packed(match.exact)];
  if (std::find(list.begin(), list.end(), vrf) == list.end()) list.push_back(vrf);
}

void RouteTargetIndex::match(std::span<const ExtendedCommunity> communities,
                             std::vector<VrfId>& out) const {
  for (const auto& c : communities) {
    if (!is_route_target(c)) continue;
    if (const auto it = exact_.find(packed(c)); it != exact_.end()) {
      out.insert(out.end(), it->second.begin(), it->second.end());
    }
    if (const auto it = any_admin_.find(number_of(c)); it != any_admin_.end()) {
      out.insert(out.end(), it->second.begin(), it->second.end());
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace perd::evpn
