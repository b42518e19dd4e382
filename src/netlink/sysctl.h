// Values below /proc/sys. Network values belong to the namespace of the calling thread at the
// moment of opening, so that a driver made for another namespace enters it first.
#pragma once

#include <optional>
#include <string>

#include "perd/kernel.h"

namespace perd::netlink {

// Enters a network namespace for the calling thread and returns on destruction. -1: stays.
class NamespaceGuard {
 public:
  explicit NamespaceGuard(int netns_fd);
  ~NamespaceGuard();
  NamespaceGuard(const NamespaceGuard&) = delete;
  NamespaceGuard& operator=(const NamespaceGuard&) = delete;
  [[nodiscard]] int error() const { return error_; }  // 0: entered

 private:
  int home_ = -1;
  int error_ = 0;
};

// 0 or errno; EINVAL for a path that leaves /proc/sys.
[[nodiscard]] int write_sysctl(const SysctlPut& put);
[[nodiscard]] std::optional<std::string> read_sysctl(const std::string& path);

}  // namespace perd::netlink
