// FramePort: the far end of a bridge port, where hosts would be. Sends frames as they send them.
#pragma once

#include <string>

#include "convergence/route_set.h"

namespace perd::loadgen {

class FramePort {
 public:
  FramePort(const std::string& network_namespace, const std::string& link);
  ~FramePort();
  FramePort(const FramePort&) = delete;
  FramePort& operator=(const FramePort&) = delete;

  // False when the queue of the link is full just now.
  bool send(const Octets& frame);

 private:
  int fd_ = -1;
};

// A frame to everybody of which a bridge learns nothing but where its sender is.
[[nodiscard]] Octets plain_frame(const Mac& sender);
// A gratuitous ARP request (RFC 5227 3): `address` is at `sender`.
[[nodiscard]] Octets gratuitous_arp(const Mac& sender, const Octets& address);

}  // namespace perd::loadgen
