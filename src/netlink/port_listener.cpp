#include "netlink/port_listener.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "netlink/host_packet.h"
#include "netlink/sysctl.h"

namespace perd::netlink {
namespace {

constexpr int kReceiveOctets = 256 * 1024;
constexpr std::size_t kFrameMax = 2048;  // what it hears is far shorter; longer ones are cut
constexpr int kLinksPerWait = 16;

// Untagged ARP and RARP; IPv6 with ICMPv6 behind it, hop limit 255, types 135 and 136.
int attach_filter(int socket) {
  constexpr auto kTagged = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
  std::array<sock_filter, 13> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kTagged),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 9),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 8, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_RARP, 7, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),  // next header and hop limit
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58 << 8 | 255, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof whole) == 0 ? 0 : errno;
}

const sockaddr* generic(const sockaddr_ll& a) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&a));
}

int bind_to(int socket, IfIndex link) {
  sockaddr_ll a{};
  a.sll_family = AF_PACKET;
  a.sll_protocol = htons(ETH_P_ALL);  // a protocol alone would come after the bridge took the frame
  a.sll_ifindex = static_cast<int>(link.value);
  return bind(socket, generic(a), sizeof a) == 0 ? 0 : errno;
}

// The link is gone for good, not only down.
bool is_orphan(int socket, IfIndex link) {
  sockaddr_ll a{};
  socklen_t size = sizeof a;
  auto* out = static_cast<sockaddr*>(static_cast<void*>(&a));
  return getsockname(socket, out, &size) != 0 || a.sll_ifindex != static_cast<int>(link.value);
}

}  // namespace

PortListener::PortListener(int netns_fd)
    : netns_fd_(netns_fd), poll_(epoll_create1(EPOLL_CLOEXEC)), frame_(kFrameMax) {}

PortListener::~PortListener() {
  for (const auto& [link, socket] : sockets_) close(socket);
  if (speaker_ >= 0) close(speaker_);
  if (poll_ >= 0) close(poll_);
}

int PortListener::open(IfIndex link, int& out) const {
  const NamespaceGuard guard{netns_fd_};
  if (guard.error() != 0) return guard.error();
  // No protocol yet: nothing comes in before the filter stands.
  out = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (out < 0) return errno;
  const int on = 1;
  (void)setsockopt(out, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  (void)setsockopt(out, SOL_SOCKET, SO_RCVBUF, &kReceiveOctets, sizeof kReceiveOctets);
  if (const int e = attach_filter(out); e != 0) return e;
  return bind_to(out, link);
}

int PortListener::listen(const PortListen& op) {
  if (op.link.value == 0) return EINVAL;
  const auto known = sockets_.find(op.link);
  if (!op.on) {
    close_link(op.link);
    return 0;
  }
  if (known != sockets_.end()) {
    if (!is_orphan(known->second, op.link)) return 0;
    close_link(op.link);
  }
  int socket = -1;
  int error = open(op.link, socket);
  if (error == 0) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u32 = op.link.value;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &interest) != 0) error = errno;
  }
  if (error != 0) {
    if (socket >= 0) close(socket);
    return error;
  }
  sockets_.emplace(op.link, socket);
  return 0;
}

void PortListener::close_link(IfIndex link) {
  const auto known = sockets_.find(link);
  if (known == sockets_.end()) return;
  close(known->second);  // takes it out of the epoll set as well
  sockets_.erase(known);
}

int PortListener::send(const PacketSend& op) {
  if (op.packet.link.value == 0) return EINVAL;
  if (const int e = encode_frame(op, frame_); e != 0) return e;
  if (speaker_ < 0) {
    const NamespaceGuard guard{netns_fd_};
    if (guard.error() != 0) return guard.error();
    speaker_ = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (speaker_ < 0) return errno;
  }
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(op.packet.link.value);
  to.sll_halen = ETH_ALEN;
  for (;;) {
    const ssize_t n = sendto(speaker_, frame_.data(), frame_.size(), 0, generic(to), sizeof to);
    if (n >= 0) {
      ++counters_.sent;
      return 0;
    }
    if (errno != EINTR) return errno;
  }
}

bool PortListener::read(IfIndex link, int socket, std::size_t& budget, KernelEventSink& sink) {
  frame_.resize(kFrameMax);
  while (budget > 0) {
    const ssize_t n = recv(socket, frame_.data(), frame_.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && is_orphan(socket, link)) close_link(link);
      return false;
    }
    --budget;
    HeardPacket heard;
    switch (decode_frame(Bytes{frame_}.first(static_cast<std::size_t>(n)), heard.packet)) {
      case FrameKind::kHost:
        ++counters_.heard;
        heard.packet.link = link;
        sink.on_kernel_event(std::move(heard));
        break;
      case FrameKind::kIgnored:
        ++counters_.ignored;
        break;
      case FrameKind::kMalformed:
        ++counters_.malformed;
        break;
    }
  }
  return true;
}

bool PortListener::on_readable(KernelEventSink& sink) {
  std::size_t budget = kFramesPerTurn;
  bool more = true;
  while (more && budget > 0) {
    std::array<epoll_event, kLinksPerWait> ready{};
    const int n = epoll_wait(poll_, ready.data(), kLinksPerWait, 0);
    if (n <= 0) return false;
    more = n == kLinksPerWait;
    for (int i = 0; i < n; ++i) {
      const IfIndex link{ready[static_cast<std::size_t>(i)].data.u32};
      const auto known = sockets_.find(link);
      if (known != sockets_.end()) more = read(link, known->second, budget, sink) || more;
    }
  }
  return budget == 0;
}

}  // namespace perd::netlink
