// LocalRoutes: what the kernel's own and the operator's routes mean to BGP: connected, static and
// kernel routes of every VRF and of the main table, told once per prefix and kind. A route counts
// while a link it leaves by is usable: Linux drops or hides IPv4 routes of a dead link silently.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "fib/device_builder.h"
#include "fib/foreign_routes.h"
#include "fib/next_hop_store.h"
#include "fib/node_stores.h"

namespace perd::fib {

class LocalRoutes {
 public:
  LocalRoutes(Shared& shared, const LinkTable& links, const ForeignRoutes& foreign,
              const NextHopStore& next_hops)
      : shared_(shared), links_(links), foreign_(foreign), next_hops_(next_hops) {}
  void set_sources(const DeviceBuilder* devices, const FixedRouteStore* fixed) {
    devices_ = devices;
    fixed_ = fixed;
  }
  void changed(const RouteKey& key);
  void changed_all() { all_ = true; }
  [[nodiscard]] bool dirty() const { return all_ || !dirty_.empty(); }
  void step();

 private:
  using Published = std::map<std::tuple<VrfId, IpPrefix, LocalRouteKind>, std::uint32_t>;
  using Found = std::map<LocalRouteKind, std::uint32_t>;
  static constexpr std::size_t kDirtyMax = 4096;  // more: everything is looked at

  void renew(VrfId vrf, const IpPrefix& prefix);
  void renew_all();
  void collect(const VrfDevices* v, TableId table, const IpPrefix& prefix, Found& found) const;
  [[nodiscard]] bool usable(const Route& route, const VrfDevices* only) const;
  [[nodiscard]] bool usable_object(std::uint32_t id) const;
  [[nodiscard]] const VrfDevices* devices_of(VrfId vrf) const;

  Shared& shared_;
  const LinkTable& links_;
  const ForeignRoutes& foreign_;
  const NextHopStore& next_hops_;
  const DeviceBuilder* devices_ = nullptr;
  const FixedRouteStore* fixed_ = nullptr;
  Published published_;
  std::set<std::pair<TableId, IpPrefix>> dirty_;
  bool all_ = true;
};

// The fixed routes that the configuration means just now.
[[nodiscard]] std::map<RouteKey, Route> wanted_fixed_routes(const DeviceBuilder& devices,
                                                            const LinkTable& links,
                                                            std::uint8_t protocol);

}  // namespace perd::fib
