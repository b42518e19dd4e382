// What the running kernel can do, asked once at start so that a missing part is named plainly
// instead of surfacing as refused operations. Changes nothing: device kinds are probed with a
// creation that every kind refuses (an all-zero address), next hops with a look-up of an id nobody
// uses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "netlink/rtnetlink_socket.h"

namespace perd::netlink {

struct KernelFeatures {
  bool net_admin = false;  // CAP_NET_ADMIN in this namespace; without it device kinds stay unknown
  bool vrf = false;
  bool bridge = false;
  bool vxlan = false;
  bool veth = false;
  bool dummy = false;
  bool next_hop_objects = false;  // Linux 5.3
  bool rules_v4 = false;          // ip rule
  bool rules_v6 = false;
  friend bool operator==(const KernelFeatures&, const KernelFeatures&) = default;
};

// Probes the namespace of the calling thread (or of `netns_fd`).
[[nodiscard]] Expected<KernelFeatures, SocketError> probe_kernel(int netns_fd = -1);

// What a configuration needs of them.
struct NeededFeatures {
  bool tunnels = false;      // an L3VNI
  bool vrf_devices = false;  // one with a VRF device
  bool rules = false;        // one without
};

// What perd cannot do without, as sentences for people; empty: all is there.
[[nodiscard]] std::vector<std::string> missing_features(const KernelFeatures& f,
                                                        const NeededFeatures& needs);

}  // namespace perd::netlink
