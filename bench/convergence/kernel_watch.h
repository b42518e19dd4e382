// What a kernel's tables hold of a RouteSet, asked from outside: single look-ups, dumps,
// notifications. The sockets live in the network namespace of the device under test; nothing is
// ever written.
#pragma once

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "convergence/route_set.h"

namespace perd::loadgen {

// Runs `body` in a named network namespace.
void in_namespace(const std::string& name, const std::function<void()>& body);
// Index of a link there; throws when there is none.
[[nodiscard]] unsigned link_index(const std::string& network_namespace, const std::string& link);

// Where the kernel holds a set: a route table, or the forwarding entries of a VXLAN device that is
// a port of a bridge, and the bridge's neighbours.
struct KernelPlace {
  std::string network_namespace;
  std::uint32_t table = 254;
  std::uint32_t mark = 0;  // as an `ip rule fwmark` may ask for; 0: none
  std::string vxlan, bridge;
};

class NetlinkSocket {
 public:
  // `groups`: RTNLGRP numbers to listen to.
  NetlinkSocket(const std::string& network_namespace, const std::vector<int>& groups);
  ~NetlinkSocket();
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;

  [[nodiscard]] std::uint32_t next_sequence() { return ++sequence_; }
  void send(const std::vector<std::uint8_t>& message);
  // The messages of answers to the last sequence, until f(message) returns false.
  template <class F>
  void answers(F&& f) {
    for (;;) {
      std::size_t left = receive(0);
      for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
           at = NLMSG_NEXT(at, left)) {
        if (at->nlmsg_seq == sequence_ && !f(at)) return;
      }
    }
  }
  // What waits, without waiting for more.
  template <class F>
  void drain(F&& f) {
    for (std::size_t left = receive(MSG_DONTWAIT); left != 0; left = receive(MSG_DONTWAIT)) {
      for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
           at = NLMSG_NEXT(at, left)) {
        f(at);
      }
    }
  }

 private:
  [[nodiscard]] std::size_t receive(int flags);

  int fd_ = -1;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_;
};

// kSome: a route of type 2 is several entries, of which not all are there.
enum class Presence : std::uint8_t { kNone, kSome, kAll };

class KernelView {
 public:
  KernelView() = default;
  virtual ~KernelView() = default;
  KernelView(const KernelView&) = delete;
  KernelView& operator=(const KernelView&) = delete;

  // The route is there with all its parts, or nothing of it is: one look-up for each part.
  [[nodiscard]] virtual bool is(std::uint32_t route, bool present) = 0;
  // One dump: so[i] when route i is as is(i, present) asks. Returns how many there are that are
  // like those of the set and not of it.
  virtual std::uint32_t dump(bool present, std::vector<bool>& so) = 0;
  // Notifications that wait: told(route, presence).
  virtual void drain(const std::function<void(std::uint32_t, Presence)>& told) = 0;
  // Whether dumps are cheap, and needed since something can go without a notification. If not, what
  // all look-ups say is taken for the whole.
  [[nodiscard]] virtual bool wants_dumps() const = 0;
};
// `listen`: drain() is going to be used.
[[nodiscard]] std::unique_ptr<KernelView> kernel_view(const KernelPlace& place,
                                                      std::shared_ptr<const RouteSet> routes,
                                                      bool listen);
// That of a set of type 2 (entry_watch.cpp).
[[nodiscard]] std::unique_ptr<KernelView> entry_view(const KernelPlace& place,
                                                     std::shared_ptr<const RouteSet> routes,
                                                     bool listen);

// MAC addresses of a set that the bridge learns at one of its ports.
class LearnedWatch {
 public:
  LearnedWatch(const std::string& network_namespace, const std::string& port,
               std::shared_ptr<const RouteSet> routes);
  void drain(const std::function<void(std::uint32_t)>& learned);

 private:
  NetlinkSocket socket_;
  unsigned port_;
  std::shared_ptr<const RouteSet> routes_;
};

}  // namespace perd::loadgen
