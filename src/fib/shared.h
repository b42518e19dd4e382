// What every part of fib shares: limits, the queue of operations, what goes out, and the answers to
// "may we write" and "may stale things go". Also the back-off of retries.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fib/fib.h"
#include "fib/op_queue.h"

namespace perd::fib {

struct Shared {
  explicit Shared(const Limits& l) : limits(l), ops(l.window) {}
  Limits limits;
  OpQueue ops;
  std::vector<Event> events;
  std::vector<LocalKnowledge> knowledge;
  bool writing = false;  // the first dumps are complete, and installing is wanted
  bool sweep_allowed = false;
  std::uint8_t protocol = 179;
  std::size_t swept = 0;  // since the last event about it

  void say(EventKind kind, Severity severity, std::string subject, std::string text) {
    events.push_back({kind, severity, std::move(subject), std::move(text)});
  }
};

// Doubles from retry_first to retry_last.
[[nodiscard]] inline Duration backoff(const Limits& limits, unsigned attempts) {
  Duration d = limits.retry_first;
  for (unsigned i = 1; i < attempts && d < limits.retry_last; ++i) d *= 2;
  return d < limits.retry_last ? d : limits.retry_last;
}

// An erase that failed so has reached its end all the same.
[[nodiscard]] constexpr bool means_gone(int error) {
  return error == ENOENT || error == ESRCH || error == ENODEV || error == EADDRNOTAVAIL;
}

[[nodiscard]] inline std::string errno_text(int error) {
  switch (error) {
    case EPERM:
      return "operation not permitted";
    case ENOENT:
      return "no such entry";
    case ESRCH:
      return "no such entry";
    case EEXIST:
      return "it exists already";
    case ENODEV:
      return "no such device";
    case EINVAL:
      return "invalid argument";
    case EBUSY:
      return "busy";
    case ENOMEM:
      return "out of memory";
    case ENOBUFS:
      return "no buffer space";
    case ENOSPC:
      return "table is full";
    case ENETDOWN:
      return "the link is down";
    case ENETUNREACH:
      return "network is unreachable";
    case EHOSTUNREACH:
      return "next hop is unreachable";
    case EOPNOTSUPP:
      return "the kernel does not support it";
    case EADDRNOTAVAIL:
      return "no such address";
    default:
      return "errno " + std::to_string(error);
  }
}

}  // namespace perd::fib
