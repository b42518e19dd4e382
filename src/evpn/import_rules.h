// Whether a type 5 route, or the IP half of a type 2, is imported, into which VRFs, and over what
// tunnel: a function of the attribute set, the L3 label and four facts about the route, never of
// other routes. Pure; the result
// is cached by import_cache.h.
//
// RFC 4364 4.3.1 (route targets), RFC 8365 5.1.3 (encapsulation), RFC 9136 3.2 and 4.4.1, RFC 9135
// 5.2. The order
// of the checks is the order in which `perctl explain` shows them: whose route is it, is it for us,
// is it usable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evpn/refusal.h"
#include "evpn/route_target_index.h"
#include "evpn/settings.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::evpn {

struct ImportSubject {
  std::span<const ExtendedCommunity> communities;
  std::optional<IpAddress> next_hop;
  Label label{};
  bool esi = false;      // type 5: the route names an Ethernet segment
  bool gateway = false;  // the route names a gateway address
  bool local = false;    // originated by this node
  bool martian = false;  // its prefix cannot be routed
};

struct ImportVerdict {
  Refusal refusal = Refusal::kNoRouteTarget;
  // Meaningful only when not refused:
  IpAddress vtep{};
  MacAddress router_mac{};
  Vni vni{};
  std::vector<VrfId> vrfs;  // sorted
  friend bool operator==(const ImportVerdict&, const ImportVerdict&) = default;
};

class ImportRules {
 public:
  struct LocalVrf {
    VrfId id{};
    Vni vni{};
    IpAddress vtep{};
    MacAddress router_mac{};  // zero: not known yet
    std::span<const RouteTargetMatch> import_rts;
  };
  void reset(std::span<const IpAddress> own_addresses, std::span<const LocalVrf> vrfs);
  [[nodiscard]] ImportVerdict judge(const ImportSubject& subject) const;

 private:
  struct Row {
    VrfId id{};
    Vni vni{};
    IpFamily family = IpFamily::kIpv4;
  };
  [[nodiscard]] const Row& row(VrfId id) const;
  [[nodiscard]] Refusal judge_local(const ImportSubject& subject,
                                    const std::vector<VrfId>& wanted) const;
  [[nodiscard]] Refusal judge_tunnel(const ImportSubject& subject, ImportVerdict& verdict) const;

  RouteTargetIndex targets_;
  std::vector<IpAddress> own_addresses_;  // sorted
  std::vector<MacAddress> own_macs_;      // sorted
  std::vector<Row> rows_;                 // sorted by id
};

// Cannot stand in a VRF's table: multicast, loopback, link local (RFC 6890).
[[nodiscard]] bool is_martian_prefix(const IpPrefix& prefix);
// The first router MAC of a set; FRR reads it the same way.
[[nodiscard]] std::optional<MacAddress> router_mac_of(
    std::span<const ExtendedCommunity> communities);
// None named, or VXLAN among those named.
[[nodiscard]] bool allows_vxlan(std::span<const ExtendedCommunity> communities);

}  // namespace perd::evpn
