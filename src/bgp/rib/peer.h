// What decision and export need to know of a neighbour. The speaker fills it in when a session
// comes up (the router-id is known only then) and leaves it there when it goes down, because paths
// of the peer live on until they are swept.
#pragma once

#include <vector>

#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::rib {

struct PeerInfo {
  PeerId id{};
  Asn remote_asn{};
  bool ebgp = true;
  RouterId router_id{};  // the BGP Identifier of its OPEN
  IpAddress address{};
  FamilySet route_reflector_client;
  friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};

// By PeerId; 0 is perd itself.
class PeerTable {
 public:
  PeerTable() : peers_(1) {}
  void set(const PeerInfo& info) {
    if (info.id.value >= peers_.size()) peers_.resize(std::size_t{info.id.value} + 1);
    peers_[info.id.value] = info;
  }
  // A peer that was never set is an all-default one.
  [[nodiscard]] const PeerInfo& get(PeerId id) const {
    return id.value < peers_.size() ? peers_[id.value] : peers_[0];
  }

 private:
  std::vector<PeerInfo> peers_;
};

}  // namespace perd::rib
