// From the configuration to what each part is set up with. Pure functions of Config; what compares
// equal before and after a reload is not touched.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bgp/session/settings.h"
#include "evpn/settings.h"
#include "perd/config.h"
#include "perd/desired.h"
#include "perd/ids.h"
#include "perd/transport.h"

namespace perd {

// VRFs keep their number while the process lives, whatever a reload does around them.
class VrfIds {
 public:
  [[nodiscard]] VrfId of(const std::string& name);
  [[nodiscard]] std::optional<VrfId> find(const std::string& name) const;

 private:
  std::map<std::string, VrfId> ids_;
};

[[nodiscard]] session::PeerSettings peer_settings(const Config& config, const NeighborConfig& peer);

// Listening sockets with the TCP-MD5 keys of all neighbours (RFC 2385).
[[nodiscard]] ListenCommand listen_settings(const Config& config);

// The number in `router-id:number` (RFC 7432 7.9), one per L3VNI in the order of the list: the VNI
// where it fits 16 bits and is free, else the next free one above its low 16 bits, lowest VNI
// first. It depends on the configuration only, so it survives restarts.
[[nodiscard]] std::vector<std::uint16_t> rd_numbers(const std::vector<L3VniConfig>& vnis);

[[nodiscard]] evpn::NodeSettings evpn_node_settings(const Config& config);
[[nodiscard]] std::vector<evpn::VrfSettings> evpn_vrf_settings(const Config& config, VrfIds& ids);
[[nodiscard]] WantedNode wanted_node(const Config& config, VrfIds& ids);

// Every prefix perd originates in the underlay: the tunnel addresses and `networks`.
[[nodiscard]] std::vector<IpPrefix> underlay_prefixes(const Config& config);

}  // namespace perd
