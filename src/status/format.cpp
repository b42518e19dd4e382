#include "status/format.h"

#include <algorithm>
#include <cstdio>

namespace perd::status {

std::string duration_text(std::int64_t seconds) {
  char buffer[48];
  const long long s = seconds < 0 ? 0 : seconds;
  if (s < 86400) {
    std::snprintf(buffer, sizeof buffer, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(buffer, sizeof buffer, "%lldd%02lldh%02lldm", s / 86400, s / 3600 % 24,
                  s / 60 % 60);
  }
  return buffer;
}

std::vector<const Neighbor*> sorted_neighbors(const Speaker& speaker) {
  std::vector<const Neighbor*> list;
  for (const auto& [id, n] : speaker.neighbors()) {
    if (!n->removed) list.push_back(n.get());
  }
  std::sort(list.begin(), list.end(), [](const Neighbor* a, const Neighbor* b) {
    return a->config.address < b->config.address;
  });
  return list;
}

std::string peer_name(const Speaker& speaker, PeerId id) {
  if (id == kLocalPeer) return "self";
  const auto it = speaker.neighbors().find(id);
  return it == speaker.neighbors().end() ? "a former neighbor"
                                         : to_string(it->second->config.address);
}

std::string hops_text(const std::vector<TunnelHop>& hops) {
  return join(hops, ", ", [](const TunnelHop& h) {
    return to_string(h.vtep) + " rmac " + to_string(h.router_mac) + " vni " +
           std::to_string(h.vni.value);
  });
}

}  // namespace perd::status
