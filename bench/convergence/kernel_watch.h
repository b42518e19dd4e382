// What a kernel's route tables hold, asked from outside: single look-ups, dumps, notifications.
// The sockets live in the network namespace of the device under test; nothing is ever written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "convergence/route_set.h"

namespace perd::loadgen {

// Runs `body` in a named network namespace.
void in_namespace(const std::string& name, const std::function<void()>& body);

class RouteSocket {
 public:
  // `groups`: RTNLGRP numbers to listen to.
  RouteSocket(const std::string& network_namespace, const std::vector<int>& groups);
  ~RouteSocket();
  RouteSocket(const RouteSocket&) = delete;
  RouteSocket& operator=(const RouteSocket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

  // The route that a packet to the first address of `route` would take is that very prefix
  // (RTM_F_FIB_MATCH). `mark`: as an `ip rule fwmark` may ask for; 0: none.
  [[nodiscard]] bool has(const RouteSet& routes, std::uint32_t route, std::uint32_t mark);
  // One dump of a table. Returns the number of routes with the length of the set's prefixes that
  // are not of the set.
  std::uint32_t dump(const RouteSet& routes, std::uint32_t table, std::vector<bool>& present);
  // Notifications that wait: told(route, came).
  void drain(const RouteSet& routes, std::uint32_t table,
             const std::function<void(std::uint32_t, bool)>& told);

 private:
  void send(const std::vector<std::uint8_t>& message);
  [[nodiscard]] std::size_t receive(int flags);

  int fd_ = -1;
  std::uint32_t sequence_ = 0;
  std::vector<std::uint8_t> buffer_;
};

// The bare batch loader: the same routes written by nothing but batches, the kernel's ceiling.
struct LoadSettings {
  std::string network_namespace;
  std::string device;
  std::string gateway;
  std::uint32_t table = 254;
  std::uint32_t batch = 512;
  bool next_hop_object = true;
  bool shuffled = true;
  std::uint32_t window = 0xffffffff;  // shuffled within so many, which follow each other in order
  bool erase = false;
};
struct LoadFigures {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint32_t refused = 0;
};
[[nodiscard]] LoadFigures load(const RouteSet& routes, const LoadSettings& settings);

}  // namespace perd::loadgen
