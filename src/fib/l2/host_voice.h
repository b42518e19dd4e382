// HostVoice: what is to be said to the hosts behind local ports (HostMessage), as frames. Keeps
// what the window has no room for, a bounded number of messages. A frame that is refused or lost is
// not sent again here: who wants an answer asks again.
#pragma once

#include <cstddef>
#include <deque>

#include "fib/l2/local_places.h"
#include "fib/l2/mac_vrf_builder.h"
#include "fib/shared.h"

namespace perd::fib {

class HostVoice {
 public:
  HostVoice(Shared& shared, const MacVrfBuilder& mac_vrfs, const LocalPlaces& places)
      : shared_(shared), mac_vrfs_(mac_vrfs), places_(places) {}

  void say(const HostMessage& message);
  [[nodiscard]] bool more_work() const { return !queue_.empty() && room(); }
  void step();

 private:
  // Beside the window: a probe must not wait for a million routes.
  static constexpr std::size_t kBesideWindow = 256;  // frames
  static constexpr std::size_t kMessagesMax = 8192;

  [[nodiscard]] bool room() const {
    return shared_.ops.in_flight() < shared_.limits.window + kBesideWindow;
  }
  void speak(const HostMessage& message);
  void send(const MacVrfDevices& m, const HostMessage& message, IfIndex port);

  Shared& shared_;
  const MacVrfBuilder& mac_vrfs_;
  const LocalPlaces& places_;
  std::deque<HostMessage> queue_;
  bool overflowed_ = false;  // said, since the queue was empty
};

}  // namespace perd::fib
