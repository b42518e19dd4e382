#include "convergence/bulk_load.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>

#include "convergence/netlink_message.h"
#include "convergence/octets.h"

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

// Messages one after the other; only the last of them is acknowledged.
struct Batch {
  Octets octets;
  std::size_t last = 0;  // where the last message begins
  std::uint32_t count = 0;

  void put(NetlinkMessage& message, std::uint32_t sequence) {
    last = octets.size();
    const Octets& m = message.finish(sequence);
    octets.insert(octets.end(), m.begin(), m.end());
    ++count;
  }
  // Returns the sequence of the acknowledgement.
  std::uint32_t close() {
    nlmsghdr h{};
    std::memcpy(&h, &octets[last], sizeof h);
    h.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(&octets[last], &h, sizeof h);
    return h.nlmsg_seq;
  }
};

class Wire {
 public:
  explicit Wire(const std::string& network_namespace) : buffer_(1U << 16) {
    in_namespace(network_namespace,
                 [&] { fd_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); });
    if (fd_ < 0) throw std::runtime_error("load: no socket");
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Sends and reads until the message `last` is answered; how many were refused.
  std::uint32_t exchange(const Octets& octets, std::uint32_t last) {
    if (send(fd_, octets.data(), octets.size(), 0) < 0) throw std::runtime_error("load: send");
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

 private:
  int fd_ = -1;
  Octets buffer_;
};

// Makes the messages of a route.
class Writer {
 public:
  Writer(const RouteSet& routes, const LoadSettings& settings) : routes_(routes), s_(settings) {}
  virtual ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  virtual void prepare(Wire&) {}
  virtual void put(Batch& batch, std::uint32_t route) = 0;

 protected:
  std::uint32_t next_sequence() { return ++sequence_; }

  const RouteSet& routes_;
  const LoadSettings& s_;

 private:
  std::uint32_t sequence_ = 0;
};

class RouteWriter : public Writer {
 public:
  RouteWriter(const RouteSet& routes, const LoadSettings& settings)
      : Writer(routes, settings),
        device_(link_index(settings.place.network_namespace, settings.device)) {
    const bool v4 = inet_pton(AF_INET, s_.gateway.c_str(), gateway_.data()) == 1;
    if (!v4 && inet_pton(AF_INET6, s_.gateway.c_str(), gateway_.data()) != 1) {
      throw std::runtime_error("load: gateway is no address");
    }
    gateway_size_ = v4 ? 4 : 16;
  }

  void prepare(Wire& wire) override {
    if (!s_.next_hop_object || s_.erase) return;
    nhmsg h{};
    h.nh_family = gateway_size_ == 4 ? AF_INET : AF_INET6;
    h.nh_flags = RTNH_F_ONLINK;
    h.nh_protocol = kProtocol;
    NetlinkMessage m(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, h);
    m.put_u32(NHA_ID, kNextHopId);
    m.put_u32(NHA_OIF, device_);
    m.put(NHA_GATEWAY, gateway_.data(), gateway_size_);
    const std::uint32_t sequence = next_sequence();
    if (wire.exchange(m.finish(sequence), sequence) != 0) {
      throw std::runtime_error("load: the kernel refuses the next-hop object");
    }
  }

  void put(Batch& batch, std::uint32_t route) override {
    const std::uint32_t table = s_.place.table;
    rtmsg h{};
    h.rtm_family = routes_.ipv6() ? AF_INET6 : AF_INET;
    h.rtm_dst_len = routes_.prefix_length();
    h.rtm_table = table < 256 ? static_cast<std::uint8_t>(table) : std::uint8_t{RT_TABLE_UNSPEC};
    h.rtm_protocol = kProtocol;
    h.rtm_type = RTN_UNICAST;
    NetlinkMessage m(s_.erase ? RTM_DELROUTE : RTM_NEWROUTE,
                     s_.erase ? 0U : unsigned{NLM_F_CREATE | NLM_F_REPLACE}, h);
    m.put_u32(RTA_TABLE, table);
    const auto address = routes_.address(route);
    m.put(RTA_DST, address.data(), address.size());
    m.put_u32(RTA_PRIORITY, kMetric);
    if (s_.next_hop_object) {
      m.put_u32(RTA_NH_ID, kNextHopId);
    } else if (!s_.erase) {
      m.put(RTA_GATEWAY, gateway_.data(), gateway_size_);
      m.put_u32(RTA_OIF, device_);
    }
    batch.put(m, next_sequence());
  }

 private:
  unsigned device_;
  std::array<std::uint8_t, 16> gateway_{};
  std::size_t gateway_size_ = 4;
};

class EntryWriter : public Writer {
 public:
  EntryWriter(const RouteSet& routes, const LoadSettings& settings)
      : Writer(routes, settings),
        vxlan_(link_index(settings.place.network_namespace, settings.place.vxlan)),
        bridge_(link_index(settings.place.network_namespace, settings.place.bridge)) {}

  void put(Batch& batch, std::uint32_t route) override {
    const Mac mac = routes_.mac(route);
    ndmsg h{};
    h.ndm_family = AF_BRIDGE;
    h.ndm_ifindex = static_cast<int>(vxlan_);
    h.ndm_state = s_.erase ? 0 : NUD_REACHABLE;
    h.ndm_flags =
        static_cast<std::uint8_t>(NTF_SELF | NTF_MASTER | (s_.erase ? 0 : NTF_EXT_LEARNED));
    NetlinkMessage entry = message(h);
    entry.put(NDA_LLADDR, mac.data(), mac.size());
    Octets vtep;
    put32(vtep, routes_.vtep_of(routes_.set_of(route)));
    entry.put(NDA_DST, vtep.data(), vtep.size());
    batch.put(entry, next_sequence());
    if (!routes_.has_address()) return;
    h.ndm_family = routes_.ipv6() ? AF_INET6 : AF_INET;
    h.ndm_ifindex = static_cast<int>(bridge_);
    h.ndm_state = s_.erase ? 0 : NUD_NOARP;
    h.ndm_flags = s_.erase ? 0 : NTF_EXT_LEARNED;
    NetlinkMessage neighbour = message(h);
    const Octets address = routes_.address(route);
    neighbour.put(NDA_DST, address.data(), address.size());
    if (!s_.erase) neighbour.put(NDA_LLADDR, mac.data(), mac.size());
    batch.put(neighbour, next_sequence());
  }

 private:
  [[nodiscard]] NetlinkMessage message(const ndmsg& h) const {
    return {static_cast<std::uint16_t>(s_.erase ? RTM_DELNEIGH : RTM_NEWNEIGH),
            s_.erase ? 0U : unsigned{NLM_F_CREATE | NLM_F_REPLACE}, h};
  }

  unsigned vxlan_, bridge_;
};

std::vector<std::uint32_t> order_of(const RouteSet& routes, const LoadSettings& s) {
  std::vector<std::uint32_t> order(routes.count());
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937 random(1);
  if (!s.shuffled) return order;
  for (std::size_t at = 0; at < order.size(); at += s.window) {
    const std::size_t end = std::min<std::size_t>(order.size(), at + s.window);
    std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(at),
                 order.begin() + static_cast<std::ptrdiff_t>(end), random);
  }
  return order;
}

}  // namespace

LoadFigures load(const RouteSet& routes, const LoadSettings& settings) {
  std::unique_ptr<Writer> writer;
  if (routes.type2()) {
    writer = std::make_unique<EntryWriter>(routes, settings);
  } else {
    writer = std::make_unique<RouteWriter>(routes, settings);
  }
  Wire wire(settings.place.network_namespace);
  writer->prepare(wire);
  // The messages are made before the clock starts: only the kernel is measured.
  std::vector<Batch> batches;
  for (const std::uint32_t route : order_of(routes, settings)) {
    if (batches.empty() || batches.back().count >= settings.batch) batches.emplace_back();
    writer->put(batches.back(), route);
  }
  std::vector<std::uint32_t> last;
  for (Batch& batch : batches) last.push_back(batch.close());
  LoadFigures figures;
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < batches.size(); ++i) {
    figures.refused += wire.exchange(batches[i].octets, last[i]);
  }
  figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  figures.cpu_seconds = cpu_seconds() - cpu;
  return figures;
}

}  // namespace perd::loadgen
