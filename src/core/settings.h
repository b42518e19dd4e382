// From the configuration to what each part is set up with. Pure functions of Config; what compares
// equal before and after a reload is not touched.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bgp/session/settings.h"
#include "evpn/settings.h"
#include "perd/config.h"
#include "perd/desired.h"
#include "perd/ids.h"
#include "perd/transport.h"

namespace perd {

// VRFs and MAC-VRFs keep their number while the process lives, whatever a reload does around them.
template <class Id>
class IdsByName {
 public:
  [[nodiscard]] Id of(const std::string& name) {
    const auto next = Id{static_cast<std::uint16_t>(ids_.size() + 1)};
    return ids_.try_emplace(name, next).first->second;
  }
  [[nodiscard]] std::optional<Id> find(const std::string& name) const {
    const auto known = ids_.find(name);
    if (known == ids_.end()) return std::nullopt;
    return known->second;
  }

 private:
  std::map<std::string, Id> ids_;
};
using VrfIds = IdsByName<VrfId>;        // by the name of the VRF
using MacVrfIds = IdsByName<MacVrfId>;  // by the name of the L2VNI

[[nodiscard]] session::PeerSettings peer_settings(const Config& config, const NeighborConfig& peer);

// Listening sockets with the TCP-MD5 keys of all neighbours (RFC 2385).
[[nodiscard]] ListenCommand listen_settings(const Config& config);

// The number in `router-id:number` (RFC 7432 7.9), one per VNI in the order of the lists: the VNI
// where it fits 16 bits and is free, else the next free one above its low 16 bits, L3VNIs first,
// then the lowest VNI. It depends on the configuration only, so it survives restarts; an L2VNI that
// comes or goes changes no number of an L3VNI.
struct RdNumbers {
  std::vector<std::uint16_t> l3vnis;
  std::vector<std::uint16_t> l2vnis;
};
[[nodiscard]] RdNumbers rd_numbers(const Config& config);

[[nodiscard]] evpn::NodeSettings evpn_node_settings(const Config& config);
[[nodiscard]] std::vector<evpn::VrfSettings> evpn_vrf_settings(const Config& config, VrfIds& ids);
[[nodiscard]] std::vector<evpn::MacVrfSettings> mac_vrf_settings(const Config& config,
                                                                 VrfIds& vrf_ids, MacVrfIds& ids);
[[nodiscard]] WantedNode wanted_node(const Config& config, VrfIds& vrf_ids, MacVrfIds& mac_vrf_ids);

// Every prefix perd originates in the underlay: the tunnel addresses and `networks`.
[[nodiscard]] std::vector<IpPrefix> underlay_prefixes(const Config& config);

}  // namespace perd
