// A host's end of a cable: a packet socket on a link, for tests that send and see frames.
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "perd/bytes.h"

namespace perd::netlink {

inline std::vector<std::uint8_t> from_hex(std::string_view text) {
  std::vector<std::uint8_t> out;
  unsigned value = 0;
  bool half = false;
  for (const char c : text) {
    if (c == ' ') continue;
    const auto digit = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    value = half ? value << 4 | digit : digit;
    if (half) out.push_back(static_cast<std::uint8_t>(value));
    half = !half;
  }
  return out;
}

class HostWire {
 public:
  explicit HostWire(const char* link) : fd_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    sockaddr_ll a{};
    a.sll_family = AF_PACKET;
    a.sll_protocol = htons(ETH_P_ALL);
    a.sll_ifindex = static_cast<int>(if_nametoindex(link));
    const int on = 1;
    ok_ = setsockopt(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0 &&
          bind(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&a)), sizeof a) == 0;
  }
  ~HostWire() {
    if (fd_ >= 0) close(fd_);
  }
  HostWire(const HostWire&) = delete;
  HostWire& operator=(const HostWire&) = delete;

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool send(std::string_view hex) const {
    auto frame = from_hex(hex);
    if (frame.size() < 60) frame.resize(60);
    return write(fd_, frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
  }
  // The first frame with these octets at this place that comes in time; empty: none.
  [[nodiscard]] std::vector<std::uint8_t> receive(std::size_t at, std::string_view hex,
                                                  int milliseconds = 3000) const {
    const auto wanted = from_hex(hex);
    pollfd p{fd_, POLLIN, 0};
    while (poll(&p, 1, milliseconds) > 0) {
      std::vector<std::uint8_t> frame(2048);
      const ssize_t n = read(fd_, frame.data(), frame.size());
      if (n < 0) break;
      frame.resize(static_cast<std::size_t>(n));
      if (frame.size() < at + wanted.size()) continue;
      if (std::equal(wanted.begin(), wanted.end(),
                     frame.begin() + static_cast<std::ptrdiff_t>(at))) {
        return frame;
      }
    }
    return {};
  }

 private:
  int fd_;
  bool ok_ = false;
};

}  // namespace perd::netlink
