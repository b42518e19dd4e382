#include "convergence/kernel_watch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
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

std::uint8_t af_of(const RouteSet& routes) { return routes.ipv6_prefix() ? AF_INET6 : AF_INET; }

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

RouteSocket::RouteSocket(const std::string& network_namespace, const std::vector<int>& groups)
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

RouteSocket::~RouteSocket() {
  if (fd_ >= 0) close(fd_);
}

void RouteSocket::send(const std::vector<std::uint8_t>& message) {
  if (::send(fd_, message.data(), message.size(), 0) < 0) fail("netlink send");
}

std::size_t RouteSocket::receive(int flags) {
  const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), flags | MSG_TRUNC);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n < 0) fail("netlink receive");
  if (static_cast<std::size_t>(n) > buffer_.size()) throw std::runtime_error("netlink: truncated");
  return static_cast<std::size_t>(n);
}

bool RouteSocket::has(const RouteSet& routes, std::uint32_t route, std::uint32_t mark) {
  rtmsg h{};
  h.rtm_family = af_of(routes);
  h.rtm_dst_len = routes.ipv6_prefix() ? 128 : 32;
  h.rtm_flags = RTM_F_FIB_MATCH;
  NetlinkMessage m(RTM_GETROUTE, 0, h);
  auto address = routes.address(route);
  address.back() = 1;  // the network address of an IPv6 prefix is an anycast address of routers
  if (!routes.ipv6_prefix())
    address.back() = static_cast<std::uint8_t>(routes.address(route)[3] + 1);
  m.put(RTA_DST, address.data(), address.size());
  if (mark != 0) m.put_u32(RTA_MARK, mark);
  send(m.finish(++sequence_));
  for (;;) {
    std::size_t left = receive(0);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_seq != sequence_) continue;
      if (at->nlmsg_type != RTM_NEWROUTE) return false;
      const SeenRoute seen = read_route(at);
      if (seen.header.rtm_dst_len != routes.prefix_length() || seen.destination == nullptr) {
        return false;
      }
      // With a shared next-hop object Linux names any one of its IPv6 prefixes (what it found is
      // kept with the next hop): the length alone says that it is no default.
      const auto found = routes.find_address(seen.destination);
      return routes.ipv6_prefix() ? found.has_value() : found == route;
    }
  }
}

std::uint32_t RouteSocket::dump(const RouteSet& routes, std::uint32_t table,
                                std::vector<bool>& present) {
  present.assign(routes.count(), false);
  rtmsg h{};
  h.rtm_family = af_of(routes);
  NetlinkMessage m(RTM_GETROUTE, NLM_F_DUMP, h);
  m.put_u32(RTA_TABLE, table);
  send(m.finish(++sequence_));
  std::uint32_t extra = 0;
  for (;;) {
    std::size_t left = receive(0);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_seq != sequence_) continue;
      if (at->nlmsg_type == NLMSG_DONE) return extra;
      if (at->nlmsg_type == NLMSG_ERROR) return extra;  // no such table: no routes
      const SeenRoute seen = read_route(at);
      if (seen.table != table || seen.header.rtm_dst_len != routes.prefix_length() ||
          seen.destination == nullptr) {
        continue;
      }
      const auto route = routes.find_address(seen.destination);
      if (route) {
        present[*route] = true;
      } else {
        ++extra;
      }
    }
  }
}

void RouteSocket::drain(const RouteSet& routes, std::uint32_t table,
                        const std::function<void(std::uint32_t, bool)>& told) {
  for (std::size_t left = receive(MSG_DONTWAIT); left != 0; left = receive(MSG_DONTWAIT)) {
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type != RTM_NEWROUTE && at->nlmsg_type != RTM_DELROUTE) continue;
      const SeenRoute seen = read_route(at);
      if (seen.table != table || seen.header.rtm_dst_len != routes.prefix_length() ||
          seen.header.rtm_family != af_of(routes) || seen.destination == nullptr) {
        continue;
      }
      const auto route = routes.find_address(seen.destination);
      if (route) told(*route, at->nlmsg_type == RTM_NEWROUTE);
    }
  }
}

}  // namespace perd::loadgen
