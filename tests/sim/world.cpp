#include "sim/world.h"

#include <algorithm>
#include <cstdlib>

#include "perd/overloaded.h"

namespace perd::sim {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr Duration kHop = std::chrono::microseconds(100);

}  // namespace

World::World(std::uint64_t seed) : seed_(seed), random_(seed) {}
World::~World() = default;

std::uint64_t World::seed_or(std::uint64_t seed) {
  const char* text = std::getenv("PERD_SIM_SEED");
  return text == nullptr ? seed : std::strtoull(text, nullptr, 10);
}

NodeIndex World::add_node(const Config& config) {
  nodes_.push_back(std::make_unique<Node>());
  nodes_.back()->config = config;
  return nodes_.size() - 1;
}

void World::connect(NodeIndex a, const std::string& link_a, const char* address_a, NodeIndex b,
                    const std::string& link_b, const char* address_b) {
  const auto first = *parse_interface_address(address_a);
  const auto second = *parse_interface_address(address_b);
  kernel(a).add_address(kernel(a).add_link(link_a), first);
  kernel(b).add_address(kernel(b).add_link(link_b), second);
  if (nodes_[a]->speaker) request_turn(a);
  if (nodes_[b]->speaker) request_turn(b);
  cables_.push_back({a, b, first.address, second.address, true});
}

void World::start(NodeIndex n) {
  Node& node = *nodes_[n];
  ++node.life;
  node.speaker = std::make_unique<Speaker>(random_.next());
  node.speaker->configure(node.config, now_);
  request_turn(n);
}

void World::reload(NodeIndex n, const Config& config) {
  nodes_[n]->config = config;
  nodes_[n]->speaker->configure(config, now_);
  request_turn(n);
}

void World::stop(NodeIndex n) {
  nodes_[n]->speaker->stop(now_, "");
  carry_out(n, nodes_[n]->speaker->take_outputs());
  run_for(std::chrono::milliseconds(200));  // the NOTIFICATIONs leave
  crash(n);
}

void World::crash(NodeIndex n) {
  Node& node = *nodes_[n];
  node.speaker.reset();
  node.listening = false;
  ++node.life;
  node.kernel.close();
  for (std::size_t p = 0; p < pipes_.size(); ++p) {
    if (pipes_[p].a == n || pipes_[p].b == n) pipe_down(p, true, true, "closed by peer");
  }
}

void World::restart(NodeIndex n) {
  if (running(n)) crash(n);
  start(n);
}

void World::set_cable(NodeIndex a, NodeIndex b, bool up) {
  for (std::size_t c = 0; c < cables_.size(); ++c) {
    Cable& cable = cables_[c];
    if (!((cable.a == a && cable.b == b) || (cable.a == b && cable.b == a))) continue;
    cable.up = up;
    if (!up) continue;
    for (std::size_t p = 0; p < pipes_.size(); ++p) {
      if (pipes_[p].cable != c) continue;
      auto to_a = std::move(pipes_[p].stalled_a);
      auto to_b = std::move(pipes_[p].stalled_b);
      for (auto& octets : to_a) deliver(p, true, std::move(octets));
      for (auto& octets : to_b) deliver(p, false, std::move(octets));
    }
  }
}

void World::reset_connections(NodeIndex a, NodeIndex b) {
  for (std::size_t p = 0; p < pipes_.size(); ++p) {
    const Pipe& pipe = pipes_[p];
    if ((pipe.a == a && pipe.b == b) || (pipe.a == b && pipe.b == a)) {
      pipe_down(p, true, true, "connection reset by peer");
    }
  }
}

void World::post(Duration delay, std::function<void()> what) {
  later_.emplace(std::pair{now_ + delay, ++order_}, std::move(what));
}

// TCP: what is on the way to one side arrives in the order in which it left.
void World::in_order(std::size_t pipe, bool towards_a, std::function<void()> what) {
  const auto jitter = Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(max_delay.count()) + 1)));
  TimePoint& last = last_delivery_[{pipe, towards_a}];
  last = std::max(last, now_ + kHop + jitter);
  ++in_flight_;
  later_.emplace(std::pair{last, ++order_}, [this, what = std::move(what)] {
    --in_flight_;
    what();
  });
}

void World::request_turn(NodeIndex n) {
  Node& node = *nodes_[n];
  if (node.turn_due) return;
  node.turn_due = true;
  post(Duration(0), [this, n] { turn(n); });
}

void World::turn(NodeIndex n) {
  Node& node = *nodes_[n];
  node.turn_due = false;
  if (!node.speaker) return;
  std::vector<KernelEvent> events;
  node.kernel.drain_events(events);
  for (auto& e : events) node.speaker->on_kernel(std::move(e), now_);
  node.speaker->tick(now_);
  Outputs outputs = node.speaker->take_outputs();
  const bool more = outputs.more_work;
  carry_out(n, std::move(outputs));
  if (more) request_turn(n);
}

void World::carry_out(NodeIndex n, Outputs&& outputs) {
  Node& node = *nodes_[n];
  node.events.insert(node.events.end(), outputs.events.begin(), outputs.events.end());
  if (!outputs.kernel.empty()) {
    node.kernel.submit(std::move(outputs.kernel));
    request_turn(n);
  }
  for (auto& command : outputs.transport) {
    std::visit(
        Overloaded{[&](const DialCommand& c) { dial(n, c); }, [](const AdoptAcceptedCommand&) {},
                   [&](SendCommand& c) { send(n, std::move(c)); },
                   [&](const CloseConnectionCommand& c) { close(n, c.connection); },
                   [&](const ListenCommand& c) { node.listening = !c.addresses.empty(); }},
        command);
  }
}

void World::tell(NodeIndex n, std::uint64_t life, const TransportEvent& event) {
  Node& node = *nodes_[n];
  if (!node.speaker || node.life != life) return;
  node.speaker->on_transport(event, now_);
  request_turn(n);
}

void World::dial(NodeIndex n, const DialCommand& command) {
  const auto life = nodes_[n]->life;
  const auto cable = std::find_if(cables_.begin(), cables_.end(), [&](const Cable& c) {
    return (c.a == n && c.address_b == command.remote) ||
           (c.b == n && c.address_a == command.remote);
  });
  const bool known = cable != cables_.end();
  const NodeIndex other = !known ? n : cable->a == n ? cable->b : cable->a;
  if (!known || !cable->up || !nodes_[other]->listening) {
    const char* reason = known && cable->up ? "connection refused" : "no route to host";
    post(kHop, [this, n, life, id = command.connection, reason] {
      tell(n, life, ConnectionDown{id, reason});
    });
    return;
  }
  const auto ours = cable->a == n ? cable->address_a : cable->address_b;
  const auto theirs = cable->a == n ? cable->address_b : cable->address_a;
  const ConnectionId accepted{nodes_[other]->next_accepted};
  nodes_[other]->next_accepted += 2;
  pipes_.push_back({n,
                    other,
                    command.connection,
                    accepted,
                    life,
                    nodes_[other]->life,
                    static_cast<std::size_t>(cable - cables_.begin()),
                    true,
                    {},
                    {}});
  const std::size_t p = pipes_.size() - 1;
  in_order(p, true, [this, p, ours] {
    if (pipes_[p].open) tell(pipes_[p].a, pipes_[p].life_a, ConnectionUp{pipes_[p].id_a, ours, 0});
  });
  in_order(p, false, [this, p, ours, theirs] {
    if (!pipes_[p].open) return;
    tell(pipes_[p].b, pipes_[p].life_b, Accepted{pipes_[p].id_b, theirs, ours, 0});
  });
}

std::size_t World::find_pipe(NodeIndex n, ConnectionId id) const {
  for (std::size_t p = pipes_.size(); p-- > 0;) {
    const Pipe& pipe = pipes_[p];
    if (!pipe.open) continue;
    if ((pipe.a == n && pipe.id_a == id && pipe.life_a == nodes_[n]->life) ||
        (pipe.b == n && pipe.id_b == id && pipe.life_b == nodes_[n]->life)) {
      return p;
    }
  }
  return kNone;
}

void World::send(NodeIndex n, SendCommand&& command) {
  const std::size_t p = find_pipe(n, command.connection);
  if (p == kNone) return;
  const bool towards_a = pipes_[p].b == n;
  const auto size = command.octets.size();
  // A stalled cable takes nothing: no progress either, so that the core sees a full connection.
  if (!cables_[pipes_[p].cable].up) {
    (towards_a ? pipes_[p].stalled_a : pipes_[p].stalled_b).push_back(std::move(command.octets));
    return;
  }
  const auto life = nodes_[n]->life;
  post(kHop, [this, n, life, id = command.connection, size] {
    tell(n, life, SendProgress{id, size});
  });
  deliver(p, towards_a, std::move(command.octets));
}

void World::deliver(std::size_t p, bool towards_a, std::vector<std::uint8_t>&& octets) {
  std::size_t at = 0;
  while (at < octets.size()) {
    const std::size_t left = octets.size() - at;
    // Mostly whole, sometimes cut at any octet.
    const std::size_t n =
        random_.below(4) == 0 ? 1 + random_.below(left) : std::min<std::size_t>(left, 65536);
    std::vector<std::uint8_t> part(octets.begin() + static_cast<std::ptrdiff_t>(at),
                                   octets.begin() + static_cast<std::ptrdiff_t>(at + n));
    at += n;
    in_order(p, towards_a, [this, p, towards_a, part = std::move(part)] {
      const Pipe& pipe = pipes_[p];
      if (!pipe.open) return;
      const NodeIndex to = towards_a ? pipe.a : pipe.b;
      tell(to, towards_a ? pipe.life_a : pipe.life_b,
           Received{towards_a ? pipe.id_a : pipe.id_b, part});
    });
  }
}

void World::close(NodeIndex n, ConnectionId id) {
  const std::size_t p = find_pipe(n, id);
  if (p == kNone) return;
  // What was sent before still arrives; then the other side sees the end.
  const bool we_are_a = pipes_[p].a == n;
  in_order(p, !we_are_a,
           [this, p, we_are_a] { pipe_down(p, !we_are_a, we_are_a, "closed by peer"); });
}

void World::pipe_down(std::size_t p, bool tell_a, bool tell_b, const char* reason) {
  if (!pipes_[p].open) return;
  pipes_[p].open = false;
  const Pipe pipe = pipes_[p];  // those who are told may open further ones
  if (tell_a) tell(pipe.a, pipe.life_a, ConnectionDown{pipe.id_a, reason});
  if (tell_b) tell(pipe.b, pipe.life_b, ConnectionDown{pipe.id_b, reason});
}

Deadline World::next_time() const {
  Deadline at;
  // What an operator did to a kernel is told at once.
  for (const auto& node : nodes_) {
    if (node->speaker && !node->turn_due && node->kernel.has_news()) return now_;
  }
  if (!later_.empty()) at = later_.begin()->first.first;
  for (const auto& node : nodes_) {
    if (node->speaker) at = earliest(at, node->speaker->next_deadline());
  }
  return at;
}

bool World::step(TimePoint limit) {
  const Deadline at = next_time();
  if (!at || *at > limit) return false;
  now_ = std::max(now_, *at);
  for (NodeIndex n = 0; n < nodes_.size(); ++n) {
    if (nodes_[n]->speaker && nodes_[n]->kernel.has_news()) request_turn(n);
  }
  if (!later_.empty() && later_.begin()->first.first <= now_) {
    auto what = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    what();
    return true;
  }
  for (NodeIndex n = 0; n < nodes_.size(); ++n) {
    if (nodes_[n]->speaker && is_due(nodes_[n]->speaker->next_deadline(), now_)) turn(n);
  }
  return true;
}

void World::run_for(Duration d) {
  const TimePoint end = now_ + d;
  while (step(end)) {
  }
  now_ = end;
}

bool World::quiet() const {
  if (in_flight_ != 0) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return !node->speaker || (!node->turn_due && node->speaker->quiescent());
  });
}

bool World::settle(Duration limit) {
  const TimePoint end = now_ + limit;
  TimePoint busy = now_;
  while (now_ < end) {
    if (!step(end)) {
      now_ = end;
      return quiet();
    }
    if (!quiet()) busy = now_;
    if (now_ - busy > calm) return true;
  }
  return false;
}

}  // namespace perd::sim
