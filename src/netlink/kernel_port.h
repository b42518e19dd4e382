// A KernelDriver with file descriptors: what the daemon's loop drives. LinuxKernel carries
// operations out, DryRunKernel only tells them.
//
// Loop: wait for any descriptor to become readable, call its function. Each call does a bounded
// amount of work and returns true when more waits, so that the loop may turn to other work between.
#pragma once

#include "perd/kernel.h"

namespace perd::netlink {

class KernelPort : public KernelDriver {
 public:
  [[nodiscard]] virtual int request_fd() const = 0;
  [[nodiscard]] virtual int event_fd() const = 0;
  // Answers and dumps; also sends what the window had no room for.
  virtual bool on_request_readable(KernelEventSink& sink) = 0;
  // Notifications.
  virtual bool on_event_readable(KernelEventSink& sink) = 0;
  // Frames of hosts (HeardPacket).
  [[nodiscard]] virtual int packet_fd() const = 0;
  virtual bool on_packet_readable(KernelEventSink& sink) = 0;
  // Answers wait although request_fd() will not become readable (a send failed): ask after
  // submit(), and when true call on_request_readable().
  [[nodiscard]] virtual bool wants_turn() const = 0;
};

}  // namespace perd::netlink
