#include "api/socket_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace perd {
namespace {

constexpr int kBacklog = 16;
constexpr mode_t kSocketMode = 0660;
constexpr const char* kGroup = "perd";

std::string reason(int error) { return std::strerror(error); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int open_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

// 0, or the errno of a connection to whoever listens there.
int try_connect(const sockaddr_un& address) {
  const Descriptor probe{open_socket()};
  if (probe.get() < 0) return errno;
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  return ::connect(probe.get(), generic, sizeof address) == 0 ? 0 : errno;
}

// Removes what a dead daemon left. The error says why the path cannot be taken.
Expected<void, std::string> make_room(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return unexpected(path + ": " + reason(errno));
  }
  if (!S_ISSOCK(info.st_mode)) return unexpected(path + ": there is something that is no socket");
  const int answer = try_connect(address);
  if (answer == ENOENT) return {};
  // EAGAIN: somebody listens, with a full queue.
  if (answer != ECONNREFUSED) {
    return unexpected(
        path + ": in use" +
        (answer == 0 || answer == EAGAIN ? ", another perd answers there" : ": " + reason(answer)));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return unexpected(path + ": cannot remove the old socket: " + reason(errno));
  }
  return {};
}

// Without the group, or the right to give the file to it, the socket stays the daemon's user's own.
void give_to_group(const std::string& path) {
  std::array<char, 4096> buffer{};
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(kGroup, &entry, buffer.data(), buffer.size(), &found) != 0) return;
  if (found == nullptr) return;
  if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) return;
}

}  // namespace

Expected<int, std::string> listen_at(const std::string& path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return unexpected(path + ": too long for a unix socket");
  }
  const auto parent = std::filesystem::path{path}.parent_path();
  std::error_code fault;
  if (!parent.empty()) std::filesystem::create_directories(parent, fault);
  if (fault) return unexpected(parent.string() + ": " + fault.message());
  const sockaddr_un address = address_of(path);
  if (auto room = make_room(path, address); !room) return unexpected(room.error());
  Descriptor socket{open_socket()};
  if (socket.get() < 0) return unexpected(path + ": " + reason(errno));
  // The mode of the unbound socket becomes the file's, so that it never has more rights than meant.
  (void)::fchmod(socket.get(), kSocketMode);
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (::bind(socket.get(), generic, sizeof address) != 0) {
    return unexpected(path + ": " + reason(errno));
  }
  give_to_group(path);
  (void)::chmod(path.c_str(), kSocketMode);
  if (::listen(socket.get(), kBacklog) != 0) {
    const int error = errno;
    (void)::unlink(path.c_str());
    return unexpected(path + ": " + reason(error));
  }
  return socket.release();
}

}  // namespace perd
