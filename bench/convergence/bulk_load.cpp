// The bare batch loader: what the kernel takes when nothing else is done.
#include <arpa/inet.h>
#include <linux/nexthop.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>

#include "convergence/kernel_watch.h"
#include "convergence/netlink_message.h"

namespace perd::loadgen {
namespace {

constexpr std::uint32_t kNextHopId = 0x60000001;
constexpr std::uint8_t kProtocol = 179;
constexpr std::uint32_t kMetric = 20;

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return s(u.ru_utime) + s(u.ru_stime);
}

struct Batch {
  std::vector<std::uint8_t> octets;
  std::uint32_t last = 0;  // sequence of the message that is acknowledged
};

class Loader {
 public:
  Loader(const RouteSet& routes, const LoadSettings& settings)
      : routes_(routes), s_(settings), buffer_(1U << 16) {
    in_namespace(s_.network_namespace, [&] {
      fd_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
      device_ = if_nametoindex(s_.device.c_str());
    });
    if (fd_ < 0 || device_ == 0) throw std::runtime_error("load: no socket or no " + s_.device);
    const bool v4 = inet_pton(AF_INET, s_.gateway.c_str(), gateway_.data()) == 1;
    if (!v4 && inet_pton(AF_INET6, s_.gateway.c_str(), gateway_.data()) != 1) {
      throw std::runtime_error("load: gateway is no address");
    }
    gateway_size_ = v4 ? 4 : 16;
  }
  ~Loader() { close(fd_); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  LoadFigures run() {
    if (s_.next_hop_object && !s_.erase) put_next_hop();
    std::vector<std::uint32_t> order(routes_.count());
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 random(1);
    if (s_.shuffled) {
      for (std::size_t at = 0; at < order.size(); at += s_.window) {
        const std::size_t end = std::min<std::size_t>(order.size(), at + s_.window);
        std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(at),
                     order.begin() + static_cast<std::ptrdiff_t>(end), random);
      }
    }
    // The messages are made before the clock starts: only the kernel is measured.
    std::vector<Batch> batches;
    for (std::size_t at = 0; at < order.size();) {
      Batch& batch = batches.emplace_back();
      for (std::uint32_t n = 0; n < s_.batch && at < order.size(); ++n, ++at) {
        const bool last = n + 1 == s_.batch || at + 1 == order.size();
        const auto m = route_message(order[at], last);
        batch.octets.insert(batch.octets.end(), m.begin(), m.end());
      }
      batch.last = sequence_;
    }
    LoadFigures figures;
    const double cpu = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    for (const Batch& batch : batches) {
      if (send(fd_, batch.octets.data(), batch.octets.size(), 0) < 0) {
        throw std::runtime_error("load: send");
      }
      figures.refused += answers(batch.last);
    }
    figures.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    figures.cpu_seconds = cpu_seconds() - cpu;
    return figures;
  }

 private:
  void put_next_hop() {
    nhmsg h{};
    h.nh_family = gateway_size_ == 4 ? AF_INET : AF_INET6;
    h.nh_flags = RTNH_F_ONLINK;
    h.nh_protocol = kProtocol;
    NetlinkMessage m(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, h);
    m.put_u32(NHA_ID, kNextHopId);
    m.put_u32(NHA_OIF, device_);
    m.put(NHA_GATEWAY, gateway_.data(), gateway_size_);
    const auto& octets = m.finish(++sequence_);
    if (send(fd_, octets.data(), octets.size(), 0) < 0 || answers(sequence_) != 0) {
      throw std::runtime_error("load: the kernel refuses the next-hop object");
    }
  }

  std::vector<std::uint8_t> route_message(std::uint32_t route, bool acknowledged) {
    rtmsg h{};
    h.rtm_family = routes_.ipv6_prefix() ? AF_INET6 : AF_INET;
    h.rtm_dst_len = routes_.prefix_length();
    h.rtm_table =
        s_.table < 256 ? static_cast<std::uint8_t>(s_.table) : std::uint8_t{RT_TABLE_UNSPEC};
    h.rtm_protocol = kProtocol;
    h.rtm_type = RTN_UNICAST;
    const unsigned flags = (s_.erase ? 0U : unsigned{NLM_F_CREATE | NLM_F_REPLACE}) |
                           (acknowledged ? unsigned{NLM_F_ACK} : 0U);
    NetlinkMessage m(s_.erase ? RTM_DELROUTE : RTM_NEWROUTE, flags, h);
    m.put_u32(RTA_TABLE, s_.table);
    const auto address = routes_.address(route);
    m.put(RTA_DST, address.data(), address.size());
    m.put_u32(RTA_PRIORITY, kMetric);
    if (s_.next_hop_object) {
      m.put_u32(RTA_NH_ID, kNextHopId);
    } else if (!s_.erase) {
      m.put(RTA_GATEWAY, gateway_.data(), gateway_size_);
      m.put_u32(RTA_OIF, device_);
    }
    return m.finish(++sequence_);
  }

  // Reads until the message `last` is answered; how many were refused.
  std::uint32_t answers(std::uint32_t last) {
    std::uint32_t refused = 0;
    for (;;) {
      const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), 0);
      if (n < 0) throw std::runtime_error("load: receive");
      auto left = static_cast<std::size_t>(n);
      for (auto* at = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(at, left);
           at = NLMSG_NEXT(at, left)) {
        if (at->nlmsg_type != NLMSG_ERROR) continue;
        int error = 0;
        std::memcpy(&error, NLMSG_DATA(at), sizeof error);
        if (error != 0) ++refused;
        if (at->nlmsg_seq == last) return refused;
      }
    }
  }

  const RouteSet& routes_;
  LoadSettings s_;
  int fd_ = -1;
  unsigned device_ = 0;
  std::array<std::uint8_t, 16> gateway_{};
  std::size_t gateway_size_ = 4;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace

LoadFigures load(const RouteSet& routes, const LoadSettings& settings) {
  return Loader(routes, settings).run();
}

}  // namespace perd::loadgen
