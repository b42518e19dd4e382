// OpQueue: numbers the operations, remembers what each of them was for until it is answered, and
// keeps their number under the window. Knows nothing of what an operation means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "perd/ip.h"
#include "perd/kernel.h"
#include "perd/memory.h"

namespace perd::fib {

// Who gets the answer.
enum class FlightKind : std::uint8_t {
  kNone,
  kDump,
  kLink,
  kAddress,
  kSysctl,
  kRule,
  kNeighbour,
  kFdb,
  kNextHop,
  kFixedRoute,
  kRoutePut,
  kRouteErase,
  kListen,
  kMacPut,
  kMacErase,
  kHostNeighbourPut,
  kHostNeighbourErase,
  kFloodPut,
  kFloodErase,
  kFdbNextHop,
};

// Flight::index of a neighbour that is perd's own entry, not one handed over to the kernel.
inline constexpr std::uint32_t kFlightOwnNeighbour = 1;

struct Flight {
  FlightKind kind = FlightKind::kNone;
  std::uint8_t length = 0;  // routes: of the prefix; hosts: epoch of the lane
  std::uint16_t table = 0;  // routes: which table; hosts: which MAC-VRF; dumps: the kind
  std::uint32_t index = 0;  // routes and MACs: token; other hosts: what; else: entry of the store
  std::array<std::uint8_t, 16> octets{};  // routes: of the prefix; hosts: of the key
  IpFamily family = IpFamily::kIpv4;      // routes, hosts

  void set_prefix(const IpPrefix& p) {
    octets = p.address.octets, family = p.address.family, length = p.length;
  }
  [[nodiscard]] IpPrefix prefix() const {
    IpPrefix p;
    p.address.octets = octets;
    p.address.family = family;
    p.length = length;
    return p;
  }
};

class OpQueue {
 public:
  explicit OpQueue(std::size_t window) : window_(window) {}

  // Operations that still fit.
  [[nodiscard]] std::size_t room() const {
    return flights_.size() >= window_ ? 0 : window_ - flights_.size();
  }
  [[nodiscard]] std::size_t in_flight() const { return flights_.size(); }
  [[nodiscard]] std::size_t memory() const {
    return flights_.size() * sizeof(Flight) + vector_octets(ops_);
  }
  [[nodiscard]] bool has_ops() const { return !ops_.empty(); }

  template <class Op>
  void push(Op&& what, const Flight& flight) {
    KernelOp op;
    op.id = first_ + flights_.size();
    op.what = std::forward<Op>(what);
    ops_.push_back(std::move(op));
    flights_.push_back(flight);
  }
  [[nodiscard]] std::vector<KernelOp> take(std::size_t max);

  // The operation that was refused, once; none for numbers that are answered or were never given.
  [[nodiscard]] std::optional<Flight> refused(std::uint64_t id);
  // The oldest operation up to `id`, answered well; none when there is no more.
  [[nodiscard]] std::optional<Flight> acked(std::uint64_t up_to);

 private:
  std::size_t window_;
  std::uint64_t first_ = 1;  // number of flights_.front()
  std::deque<Flight> flights_;
  std::vector<KernelOp> ops_;  // not taken yet
};

}  // namespace perd::fib
