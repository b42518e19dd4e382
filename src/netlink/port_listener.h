// PortListener: hears hosts behind links, and speaks to them, past whatever bridge the links are
// ports of. One packet socket per link that is listened to, with a filter in the kernel that lets
// only ARP, RARP and neighbour discovery through, so that a busy port costs nothing; one socket for
// sending. Decodes and encodes frames (host_packet.h); decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "perd/kernel.h"

namespace perd::netlink {

inline constexpr std::size_t kFramesPerTurn = 256;

struct ListenerCounters {
  std::uint64_t heard = 0;
  std::uint64_t ignored = 0;
  std::uint64_t malformed = 0;
  std::uint64_t sent = 0;
};

class PortListener {
 public:
  explicit PortListener(int netns_fd);
  ~PortListener();
  PortListener(const PortListener&) = delete;
  PortListener& operator=(const PortListener&) = delete;

  // 0 or errno; EPERM without CAP_NET_RAW. As often as one likes.
  [[nodiscard]] int listen(const PortListen& op);
  [[nodiscard]] int send(const PacketSend& op);
  // Readable when a frame waits on any link.
  [[nodiscard]] int fd() const { return poll_; }
  // Passes at most kFramesPerTurn frames on; true when more may wait.
  bool on_readable(KernelEventSink& sink);

  [[nodiscard]] std::size_t links() const { return sockets_.size(); }
  [[nodiscard]] const ListenerCounters& counters() const { return counters_; }

 private:
  [[nodiscard]] int open(IfIndex link, int& out) const;
  void close_link(IfIndex link);
  // False when nothing waits there any more.
  bool read(IfIndex link, int socket, std::size_t& budget, KernelEventSink& sink);

  int netns_fd_;
  int poll_ = -1;
  int speaker_ = -1;
  std::map<IfIndex, int> sockets_;
  std::vector<std::uint8_t> frame_;
  ListenerCounters counters_;
};

}  // namespace perd::netlink
