#include "netlink/rtnetlink_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace perd::netlink {

namespace {

void force_buffer(int fd, int forced, int plain, int octets) {
  // Without CAP_NET_ADMIN the plain option gives what net.core.*mem_max allows; overruns are
  // handled.
  if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) != 0) {
    (void)setsockopt(fd, SOL_SOCKET, plain, &octets, sizeof octets);
  }
}

}  // namespace

Expected<Socket, SocketError> Socket::open(const Options& options) {
  Socket s{nl_socket_alloc()};
  if (!s.socket_) return unexpected(SocketError{ENOMEM, "cannot allocate a netlink socket"});
  if (const int e = nl_connect(s.socket_.get(), NETLINK_ROUTE); e < 0) {
    return unexpected(SocketError{errno != 0 ? errno : EIO,
                                  std::string{"cannot open a netlink socket: "} + nl_geterror(e)});
  }
  (void)nl_socket_set_nonblocking(s.socket_.get());
  const int fd = s.fd();
  force_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_octets);
  constexpr int kSendOctets = 1 << 20;
  force_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, kSendOctets);
  const int on = 1;
  // All three are refinements of what the kernel says; an old kernel without them still serves.
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  for (const int group : options.groups) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return unexpected(SocketError{errno, "cannot join rtnetlink group " + std::to_string(group)});
    }
  }
  return s;
}

int Socket::fd() const { return nl_socket_get_fd(socket_.get()); }
std::uint32_t Socket::port() const { return nl_socket_get_local_port(socket_.get()); }

int Socket::receive_buffer_octets() const {
  int octets = 0;
  socklen_t size = sizeof octets;
  (void)getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &octets, &size);
  return octets;
}

int Socket::send(Bytes octets) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t n =
        sendto(fd(), octets.data(), octets.size(), 0,
               static_cast<const sockaddr*>(static_cast<const void*>(&kernel)), sizeof kernel);
    if (n >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

Receipt Socket::receive(std::span<std::uint8_t> buffer) {
  for (;;) {
    sockaddr_nl from{};
    iovec part{buffer.data(), buffer.size()};
    msghdr m{};
    m.msg_name = &from;
    m.msg_namelen = sizeof from;
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    const ssize_t n = recvmsg(fd(), &m, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return {ReceiveStatus::kNothing, {}, 0};
      if (errno == ENOBUFS) return {ReceiveStatus::kOverrun, {}, 0};
      return {ReceiveStatus::kFailed, {}, errno};
    }
    if (from.nl_pid != 0) continue;  // not from the kernel: anyone may send to a netlink port
    if ((m.msg_flags & MSG_TRUNC) != 0) return {ReceiveStatus::kTruncated, {}, 0};
    return {ReceiveStatus::kOctets, buffer.first(static_cast<std::size_t>(n)), 0};
  }
}

int Socket::drop_echoes_of(std::uint32_t own_port) {
  // BPF loads in network order while netlink headers are in host order, hence htons and htonl.
  // FDB entries are left alone: the kernel does not say who wrote them, and to put one in the place
  // of another takes a deletion, whose notification would stand without what followed it.
  constexpr auto kFlags = static_cast<std::uint32_t>(NLMSG_HDRLEN + offsetof(ndmsg, ndm_flags));
  std::array<sock_filter, 10> program{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NTF_EXT_LEARNED, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole) == 0 ? 0 : errno;
}

}  // namespace perd::netlink
