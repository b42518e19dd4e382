// What happened, for people: everything that deserves a log line or a counter is a value of one of
// these types. The core never logs; the daemon turns events into lines (src/log_sink.h) and keeps
// the last of them for `perctl show events`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "perd/ids.h"
#include "perd/time.h"

namespace perd {

enum class Severity : std::uint8_t { kDebug, kInfo, kWarning, kError };

enum class EventKind : std::uint8_t {
  kConfigApplied,
  kConfigRefused,
  kSessionUp,
  kSessionDown,     // with the reason, ours or the peer's
  kSessionProblem,  // why it does not come up; said once per distinct reason
  kNotificationSent,
  kNotificationReceived,
  kConnectionRefused,  // an incoming connection that belongs to no neighbour
  kUpdateError,        // RFC 7606: what was discarded or treated as withdrawn, peer and octets
  kUpdateReset,
  kPrefixLimit,
  kLoopRefused,  // counters only at debug
  kEndOfRib,
  kRouteRefresh,
  kVrfUp,
  kVrfDown,
  kRouterMacConflict,
  kMacVrfUp,
  kMacVrfDown,
  kMacMoved,      // a host came from, or went to, another VTEP
  kMacDuplicate,  // RFC 7432 15.1: frozen; or taken up again by an operator
  kHostSilent,    // a local address was withdrawn: it answered no probe
  kKernelRefused,
  kKernelRepaired,  // somebody deleted or changed what perd had put there
  kKernelOverrun,
  kKernelSwept,    // stale objects of an earlier run removed
  kKernelProblem,  // a link is missing, a name is taken
  kListenFailed,
  kStarted,
  kStopping,
};
inline constexpr std::size_t kEventKindCount = static_cast<std::size_t>(EventKind::kStopping) + 1;

[[nodiscard]] std::string_view to_string(EventKind kind);  // "session-up"

struct Event {
  EventKind kind{};
  Severity severity = Severity::kInfo;
  std::string subject;  // who: "neighbor 192.168.1.2", "vrf red", "kernel"
  std::string text;     // what and why, one line
};

}  // namespace perd
