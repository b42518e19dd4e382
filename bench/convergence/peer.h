// Peer: one BGP session of the load generator. It opens, keeps the session alive, sends what it is
// given as the socket takes it, and marks each route that it is told in a bitmap per RouteSet.
// RFC 4271 as far as a well-behaved neighbour needs it; any NOTIFICATION ends the session.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "convergence/route_set.h"

namespace perd::loadgen {

using Clock = std::chrono::steady_clock;

// One change that a peer was told of.
struct Change {
  std::uint32_t route = 0;
  bool present = false;
  std::uint32_t sequence = 0;  // of its MAC mobility community
  Clock::time_point when;
};

// What a peer was told of a RouteSet.
struct Told {
  std::shared_ptr<const RouteSet> routes;
  std::vector<bool> present;
  std::uint32_t count = 0;    // of present
  std::uint64_t wrong = 0;    // NLRI of the set with another next hop or label
  std::uint64_t changes = 0;  // times that a route came or went
  // Set: the moment of each change is kept, in order.
  bool timed = false;
  std::vector<Change> times;
};

struct PeerSettings {
  std::string name;
  std::string local, remote;
  std::uint32_t as = 65001;
  std::uint32_t router_id = 0;
  std::vector<std::string> families;  // ipv4, ipv6, evpn
  std::uint16_t hold_seconds = 90;
  bool listen = false;
};

struct KeepaliveFigures {
  std::uint32_t count = 0;
  double longest_gap = 0;  // seconds between two of them, the running gap included
};

class Peer {
 public:
  explicit Peer(PeerSettings settings);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] const PeerSettings& settings() const { return settings_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] bool wants_write() const { return connecting_ || sent_ < out_.size(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::uint64_t octets() const { return octets_; }

  // True when fd() changed.
  bool dial(Clock::time_point now);
  bool on_ready(bool readable, bool writable, Clock::time_point now);
  void on_tick(Clock::time_point now);  // keepalives
  void send(Octets&& octets);
  void close();

  [[nodiscard]] Told& told(const std::shared_ptr<const RouteSet>& routes);
  void forget_told() { told_.clear(); }
  [[nodiscard]] KeepaliveFigures keepalives(Clock::time_point now) const;
  void reset_keepalives(Clock::time_point now);

 private:
  bool fail(const std::string& why);
  void write();
  bool read(Clock::time_point now);
  bool on_message(const std::uint8_t* m, std::size_t size, Clock::time_point now);
  void on_update(const std::uint8_t* m, std::size_t size, Clock::time_point now);
  void on_attributes(const std::uint8_t* p, const std::uint8_t* end, Clock::time_point now);
  // What the NLRI of one attribute have in common.
  struct Common {
    bool present = false;
    std::uint32_t next_hop = 0;
    std::uint32_t sequence = 0;
    Clock::time_point now;
  };
  void on_nlri(std::uint32_t afi, const std::uint8_t* p, const std::uint8_t* end,
               const Common& common);
  void mark(const Nlri& nlri, const Common& common);
  void send_open();

  PeerSettings settings_;
  int fd_ = -1;
  int listener_ = -1;
  bool connecting_ = false;
  bool established_ = false;
  Clock::time_point next_keepalive_{};
  Octets out_;
  std::size_t sent_ = 0;
  Octets in_;
  std::size_t filled_ = 0;
  std::vector<Told> told_;
  std::size_t last_told_ = 0;
  std::uint64_t messages_ = 0;  // UPDATEs
  std::uint64_t octets_ = 0;    // received
  std::uint32_t keepalives_ = 0;
  double longest_gap_ = 0;
  Clock::time_point last_keepalive_{};
  std::string problem_;
};

// A socket address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
[[nodiscard]] SocketAddress socket_address(const std::string& text, std::uint16_t port);

}  // namespace perd::loadgen
