#include "api/api_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace perd {
namespace {

// A piece in JSON may take six octets for one; nothing honest is longer.
constexpr std::size_t kAnswerLineMax = 64 * 1024 * 1024;

}  // namespace

ApiClient::ApiClient(ApiClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}

ApiClient& ApiClient::operator=(ApiClient&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(input_, other.input_);
  return *this;
}

ApiClient::~ApiClient() {
  if (fd_ >= 0) ::close(fd_);
}

Expected<ApiClient, std::string> ApiClient::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return unexpected(path + ": too long for a unix socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return unexpected(path + ": " + std::strerror(errno));
  ApiClient client{fd};
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (::connect(fd, generic, sizeof address) != 0) {
    return unexpected("no perd answers at " + path + ": " + std::strerror(errno));
  }
  return client;
}

Expected<std::string, std::string> ApiClient::read_line() {
  std::array<char, 64 * 1024> buffer{};
  std::size_t searched = 0;
  while (true) {
    const std::size_t end = input_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      return line;
    }
    searched = input_.size();
    if (searched > kAnswerLineMax) return unexpected(std::string{"a line without end"});
    const ssize_t octets = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (octets < 0 && errno == EINTR) continue;
    if (octets < 0) return unexpected(std::string{std::strerror(errno)});
    if (octets == 0) return unexpected(std::string{"perd closed the connection"});
    input_.append(buffer.data(), static_cast<std::size_t>(octets));
  }
}

Expected<int, std::string> ApiClient::ask(const ApiRequest& request,
                                          const std::function<void(std::string_view)>& on_text) {
  const std::string line = encode_request(request);
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t octets = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (octets < 0 && errno == EINTR) continue;
    if (octets < 0) break;  // it may have said why: read on
    sent += static_cast<std::size_t>(octets);
  }
  while (true) {
    const auto answer = read_line();
    if (!answer) return unexpected(answer.error());
    const auto decoded = decode_answer(*answer);
    if (!decoded) return unexpected("perd said what perctl does not know: " + decoded.error());
    on_text(decoded->text);
    if (decoded->end) return decoded->exit;
  }
}

}  // namespace perd
