#include "convergence/kernel_watch.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "convergence/netlink_message.h"

namespace perd::loadgen {
namespace {

constexpr std::size_t kBuffer = 1U << 18;
constexpr int kReceiveOctets = 256 << 20;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::uint8_t af_of(const RouteSet& routes) { return routes.ipv6() ? AF_INET6 : AF_INET; }

struct SeenRoute {
  rtmsg header{};
  std::uint32_t table = 0;
  const std::uint8_t* destination = nullptr;
};

SeenRoute read_route(const nlmsghdr* m) {
  SeenRoute r;
  std::memcpy(&r.header, NLMSG_DATA(m), sizeof r.header);
  r.table = r.header.rtm_table;
  for_each_attribute(m, sizeof(rtmsg),
                     [&](std::uint16_t type, const std::uint8_t* p, std::size_t size) {
                       if (type == RTA_DST) r.destination = p;
                       if (type == RTA_TABLE && size == 4) std::memcpy(&r.table, p, 4);
                     });
  return r;
}

std::vector<int> route_groups(const RouteSet& routes) {
  return {routes.ipv6() ? RTNLGRP_IPV6_ROUTE : RTNLGRP_IPV4_ROUTE};
}

// A set of prefixes in a route table.
class RouteView : public KernelView {
 public:
  RouteView(const KernelPlace& place, std::shared_ptr<const RouteSet> routes, bool listen)
      : socket_(place.network_namespace, listen ? route_groups(*routes) : std::vector<int>{}),
        routes_(std::move(routes)),
        table_(place.table),
        mark_(place.mark) {}

  [[nodiscard]] bool is(std::uint32_t route, bool present) override {
    return has(route) == present;
  }
  std::uint32_t dump(bool present, std::vector<bool>& so) override;
  void drain(const std::function<void(std::uint32_t, Presence)>& told) override;
  // Linux does not tell of routes that are lost with their next-hop object.
  [[nodiscard]] bool wants_dumps() const override { return true; }

 private:
  // The route that a packet to the first address of `route` would take is that very prefix
  // (RTM_F_FIB_MATCH).
  [[nodiscard]] bool has(std::uint32_t route);
  [[nodiscard]] bool like_ours(const SeenRoute& seen) const {
    return seen.table == table_ && seen.header.rtm_dst_len == routes_->prefix_length() &&
           seen.header.rtm_family == af_of(*routes_) && seen.destination != nullptr;
  }

  NetlinkSocket socket_;
  std::shared_ptr<const RouteSet> routes_;
  std::uint32_t table_;
  std::uint32_t mark_;
};

bool RouteView::has(std::uint32_t route) {
  const RouteSet& routes = *routes_;
  rtmsg h{};
  h.rtm_family = af_of(routes);
  h.rtm_dst_len = routes.ipv6() ? 128 : 32;
  h.rtm_flags = RTM_F_FIB_MATCH;
  NetlinkMessage m(RTM_GETROUTE, 0, h);
  auto address = routes.address(route);
  address.back() = 1;  // the network address of an IPv6 prefix is an anycast address of routers
  if (!routes.ipv6()) address.back() = static_cast<std::uint8_t>(routes.address(route)[3] + 1);
  m.put(RTA_DST, address.data(), address.size());
  if (mark_ != 0) m.put_u32(RTA_MARK, mark_);
  socket_.send(m.finish(socket_.next_sequence()));
  bool found = false;
  socket_.answers([&](const nlmsghdr* at) {
    if (at->nlmsg_type != RTM_NEWROUTE) return false;
    const SeenRoute seen = read_route(at);
    if (seen.header.rtm_dst_len != routes.prefix_length() || seen.destination == nullptr) {
      return false;
    }
    // With a shared next-hop object Linux names any one of its IPv6 prefixes (what it found is
    // kept with the next hop): the length alone says that it is no default.
    const auto named = routes.find_address(seen.destination);
    found = routes.ipv6() ? named.has_value() : named == route;
    return false;
  });
  return found;
}

std::uint32_t RouteView::dump(bool present, std::vector<bool>& so) {
  so.assign(routes_->count(), !present);
  rtmsg h{};
  h.rtm_family = af_of(*routes_);
  NetlinkMessage m(RTM_GETROUTE, NLM_F_DUMP, h);
  m.put_u32(RTA_TABLE, table_);
  socket_.send(m.finish(socket_.next_sequence()));
  std::uint32_t extra = 0;
  socket_.answers([&](const nlmsghdr* at) {
    // An error: no such table, no routes.
    if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR) return false;
    const SeenRoute seen = read_route(at);
    if (!like_ours(seen)) return true;
    const auto route = routes_->find_address(seen.destination);
    if (route) {
      so[*route] = present;
    } else {
      ++extra;
    }
    return true;
  });
  return extra;
}

void RouteView::drain(const std::function<void(std::uint32_t, Presence)>& told) {
  socket_.drain([&](const nlmsghdr* at) {
    if (at->nlmsg_type != RTM_NEWROUTE && at->nlmsg_type != RTM_DELROUTE) return;
    const SeenRoute seen = read_route(at);
    if (!like_ours(seen)) return;
    const auto route = routes_->find_address(seen.destination);
    if (route) told(*route, at->nlmsg_type == RTM_NEWROUTE ? Presence::kAll : Presence::kNone);
  });
}

}  // namespace

void in_namespace(const std::string& name, const std::function<void()>& body) {
  const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const std::string path = name.find('/') == std::string::npos ? "/run/netns/" + name : name;
  const int there = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (home < 0 || there < 0) fail("namespace " + name);
  if (setns(there, CLONE_NEWNET) != 0) fail("namespace " + name);
  body();
  if (setns(home, CLONE_NEWNET) != 0) fail("the way back");
  close(home);
  close(there);
}

unsigned link_index(const std::string& network_namespace, const std::string& link) {
  unsigned index = 0;
  in_namespace(network_namespace, [&] { index = if_nametoindex(link.c_str()); });
  if (index == 0) throw std::runtime_error("no link " + link + " in " + network_namespace);
  return index;
}

NetlinkSocket::NetlinkSocket(const std::string& network_namespace, const std::vector<int>& groups)
    : buffer_(kBuffer) {
  in_namespace(network_namespace,
               [&] { fd_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); });
  if (fd_ < 0) fail("netlink socket");
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) fail("netlink bind");
  const int on = 1;
  setsockopt(fd_, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveOctets, sizeof kReceiveOctets);
  for (const int group : groups) {
    if (setsockopt(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      fail("netlink group");
    }
  }
}

NetlinkSocket::~NetlinkSocket() {
  if (fd_ >= 0) close(fd_);
}

void NetlinkSocket::send(const std::vector<std::uint8_t>& message) {
  if (::send(fd_, message.data(), message.size(), 0) < 0) fail("netlink send");
}

std::size_t NetlinkSocket::receive(int flags) {
  const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), flags | MSG_TRUNC);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n < 0) fail("netlink receive");
  if (static_cast<std::size_t>(n) > buffer_.size()) throw std::runtime_error("netlink: truncated");
  return static_cast<std::size_t>(n);
}

std::unique_ptr<KernelView> kernel_view(const KernelPlace& place,
                                        std::shared_ptr<const RouteSet> routes, bool listen) {
  if (routes->type2()) return entry_view(place, std::move(routes), listen);
  return std::make_unique<RouteView>(place, std::move(routes), listen);
}

}  // namespace perd::loadgen
