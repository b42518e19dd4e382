// One rtnetlink socket, owned (not named socket.h: libnl has a <netlink/socket.h>): non-blocking,
// large buffers, extended acknowledgements, capped acknowledgements (no echo of the request),
// strict checking of dump requests.
//
// Sends and receives octets, nothing more. Linux carries a request out inside sendmsg, so when
// send() returns, its answers already wait to be received.
#pragma once

#include <netlink/socket.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "perd/bytes.h"
#include "perd/expected.h"

namespace perd::netlink {

// Largest answer or notification: dump parts are at most 32 KiB, single links with many functions
// can be longer. What is longer still is cut by the kernel and reported as kTruncated.
inline constexpr std::size_t kReceiveOctetsMax = 128 * 1024;

struct SocketError {
  int error = 0;     // errno, positive
  std::string what;  // for people
};

enum class ReceiveStatus : std::uint8_t {
  kOctets,
  kNothing,    // would block
  kOverrun,    // ENOBUFS: the kernel dropped something
  kTruncated,  // longer than the buffer; its content is lost
  kFailed,
};
struct Receipt {
  ReceiveStatus status = ReceiveStatus::kNothing;
  Bytes octets;
  int error = 0;  // of kFailed
};

class Socket {
 public:
  struct Options {
    int receive_octets = 4 << 20;  // SO_RCVBUFFORCE, else SO_RCVBUF
    std::span<const int> groups;   // RTNLGRP_*
  };
  [[nodiscard]] static Expected<Socket, SocketError> open(const Options& options);

  [[nodiscard]] int fd() const;
  [[nodiscard]] std::uint32_t port() const;
  // The buffer that the kernel granted (it doubles what is asked for).
  [[nodiscard]] int receive_buffer_octets() const;
  // 0 or errno. All or nothing: one netlink datagram.
  [[nodiscard]] int send(Bytes octets);
  [[nodiscard]] Receipt receive(std::span<std::uint8_t> buffer);
  // Lets the kernel drop notifications of routes and neighbours that `port` itself wrote, before
  // they take room in the receive buffer (classic BPF). 0 or errno.
  [[nodiscard]] int drop_echoes_of(std::uint32_t port);

 private:
  struct Free {
    void operator()(nl_sock* s) const { nl_socket_free(s); }
  };
  explicit Socket(nl_sock* s) : socket_(s) {}
  std::unique_ptr<nl_sock, Free> socket_;
};

}  // namespace perd::netlink
