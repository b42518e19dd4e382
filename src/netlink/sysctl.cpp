#include "netlink/sysctl.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "perd/assert.h"

namespace perd::netlink {

namespace {

// 0 or errno; `out` is the open file.
int open_sysctl(const std::string& path, int flags, int& out) {
  if (path.empty() || path.front() == '/' || path.find("..") != std::string::npos) return EINVAL;
  out = open(("/proc/sys/" + path).c_str(), flags | O_CLOEXEC);
  return out < 0 ? errno : 0;
}

}  // namespace

NamespaceGuard::NamespaceGuard(int netns_fd) {
  if (netns_fd < 0) return;
  home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home_ < 0) {
    error_ = errno;
    return;
  }
  if (setns(netns_fd, CLONE_NEWNET) != 0) {
    error_ = errno;
    close(home_);
    home_ = -1;
  }
}

NamespaceGuard::~NamespaceGuard() {
  if (home_ < 0) return;
  // A thread that cannot come home would do everything else in the wrong namespace.
  const bool back = setns(home_, CLONE_NEWNET) == 0;
  close(home_);
  PERD_ASSERT(back);
}

int write_sysctl(const SysctlPut& put) {
  int fd = -1;
  if (const int e = open_sysctl(put.path, O_WRONLY, fd); e != 0) return e;
  const std::string line = put.value + "\n";
  const ssize_t n = write(fd, line.data(), line.size());
  const int error = n < 0 ? errno : 0;
  close(fd);
  return error;
}

std::optional<std::string> read_sysctl(const std::string& path) {
  int fd = -1;
  if (open_sysctl(path, O_RDONLY, fd) != 0) return std::nullopt;
  std::array<char, 4096> buffer{};
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  close(fd);
  if (n < 0) return std::nullopt;
  std::string text{buffer.data(), static_cast<std::size_t>(n)};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace perd::netlink
