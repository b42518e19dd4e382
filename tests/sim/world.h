// A deterministic world of whole speakers: virtual time, links with addresses, TCP between them
// with delay, splitting and resets, one simulated kernel each. One seed drives everything; a
// failure prints it and PERD_SIM_SEED=... repeats the run.
//
// Goal: what no unit test sees, the interplay of sessions, tables and kernel under faults. After
// quiescence the invariants of check() hold for every node.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/speaker.h"
#include "perd/random.h"
#include "sim_kernel/sim_kernel.h"

namespace perd::sim {

using NodeIndex = std::size_t;

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();

  // The seed of PERD_SIM_SEED, else the given one.
  [[nodiscard]] static std::uint64_t seed_or(std::uint64_t seed);

  NodeIndex add_node(const Config& config);
  // A cable; each end a link of its node's kernel with an address.
  void connect(NodeIndex a, const std::string& link_a, const char* address_a, NodeIndex b,
               const std::string& link_b, const char* address_b);
  void set_cable(NodeIndex a, NodeIndex b, bool up);  // down: TCP stalls, links stay up

  [[nodiscard]] const Config& config(NodeIndex n) const { return nodes_[n]->config; }
  void set_config(NodeIndex n, const Config& config) { nodes_[n]->config = config; }
  void start(NodeIndex n);  // configure with its configuration
  void reload(NodeIndex n, const Config& config);
  void stop(NodeIndex n);     // SIGTERM
  void crash(NodeIndex n);    // SIGKILL: the kernel's tables stay
  void restart(NodeIndex n);  // a new process over the same kernel
  void reset_connections(NodeIndex a, NodeIndex b);

  void run_for(Duration d);
  // What a speaker wants done, for a test that drives it by hand for a turn.
  void carry_out(NodeIndex n, Outputs&& outputs);
  // Later, in virtual time.
  void after(Duration delay, std::function<void()> what) { post(delay, std::move(what)); }
  // Until no speaker has work and no octets are on the way; false when `limit` passes first.
  [[nodiscard]] bool settle(Duration limit);

  [[nodiscard]] Speaker& speaker(NodeIndex n) { return *nodes_[n]->speaker; }
  [[nodiscard]] SimKernel& kernel(NodeIndex n) { return nodes_[n]->kernel; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool running(NodeIndex n) const { return nodes_[n]->speaker != nullptr; }
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] const std::vector<Event>& events(NodeIndex n) const { return nodes_[n]->events; }

  // Faults of the network: each delivery is delayed up to this and cut at random places.
  Duration max_delay = std::chrono::milliseconds(5);
  // settle(): quiet for so long, not between two packets. Less where hosts are asked all the time.
  Duration calm = std::chrono::seconds(3);

 private:
  struct Node {
    Config config;
    std::unique_ptr<Speaker> speaker;
    SimKernel kernel;
    std::vector<Event> events;
    bool listening = false;
    std::uint32_t next_accepted = 2;
    std::uint64_t life = 0;  // of the process: what was meant for a former one is dropped
    bool turn_due = false;
  };
  struct Cable {
    NodeIndex a, b;
    IpAddress address_a, address_b;
    bool up = true;
  };
  // One direction of a TCP connection is the queue of octets on the way to `to`.
  struct Pipe {
    NodeIndex a, b;  // dialler, listener
    ConnectionId id_a, id_b;
    std::uint64_t life_a, life_b;
    std::size_t cable;
    bool open = true;
    std::deque<std::vector<std::uint8_t>> stalled_a, stalled_b;  // while the cable is down
  };

  void post(Duration delay, std::function<void()> what);
  void in_order(std::size_t pipe, bool towards_a, std::function<void()> what);
  void turn(NodeIndex n);
  void request_turn(NodeIndex n);
  void dial(NodeIndex n, const DialCommand& command);
  void send(NodeIndex n, SendCommand&& command);
  void deliver(std::size_t pipe, bool towards_a, std::vector<std::uint8_t>&& octets);
  void close(NodeIndex n, ConnectionId id);
  void pipe_down(std::size_t pipe, bool tell_a, bool tell_b, const char* reason);
  void tell(NodeIndex n, std::uint64_t life, const TransportEvent& event);
  [[nodiscard]] std::size_t find_pipe(NodeIndex n, ConnectionId id) const;
  [[nodiscard]] bool step(TimePoint limit);
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] Deadline next_time() const;

  std::uint64_t seed_;
  Random random_;
  TimePoint now_{std::chrono::seconds(1000)};
  std::uint64_t order_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Cable> cables_;
  std::vector<Pipe> pipes_;
  std::map<std::pair<std::size_t, bool>, TimePoint> last_delivery_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> later_;
  std::size_t in_flight_ = 0;  // deliveries of octets still to come
};

// Invariants of a quiet world; every violation as a line, none: all is well.
[[nodiscard]] std::vector<std::string> check(World& world);

}  // namespace perd::sim
