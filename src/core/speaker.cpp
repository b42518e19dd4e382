#include "core/speaker.h"

#include <algorithm>

#include "perd/overloaded.h"

namespace perd {

Speaker::Speaker(std::uint64_t seed)
    : seed_(seed),
      exporter_(rib::RibTables{rib_.ipv4, rib_.ipv6, rib_.evpn, rib_.opaque}, rib_.peers),
      evpn_(rib_.attributes, rib_.next_hops, rib_.decision),
      l2_(rib_.attributes, rib_.next_hops, rib_.decision),
      fib_(seed) {}

Speaker::~Speaker() = default;

Neighbor* Speaker::find(PeerId id) {
  const auto it = neighbors_.find(id);
  return it == neighbors_.end() ? nullptr : it->second.get();
}

const Neighbor* Speaker::neighbor(const IpAddress& address) const {
  for (const auto& [id, n] : neighbors_) {
    if (!n->removed && n->config.address == address) return n.get();
  }
  return nullptr;
}

Neighbor* Speaker::find_connection(ConnectionId id) {
  const auto it = connections_.find(id.value);
  return it == connections_.end() ? nullptr : find(it->second);
}

void Speaker::on_transport(const TransportEvent& event, TimePoint now) {
  now_ = now;
  const auto with = [&](ConnectionId id, auto&& f) {
    if (Neighbor* n = find_connection(id)) {
      f(*n);
      settle(*n);
    }
  };
  std::visit(
      Overloaded{
          [&](const ConnectionUp& e) {
            with(e.connection,
                 [&](Neighbor& n) { n.peer->on_connection_up(e.connection, e.local, now); });
          },
          [&](const Accepted& e) { on_accepted(e); },
          [&](const Received& e) {
            // A neighbour that says little at a time does not wait behind one that says much.
            const bool single = e.octets.size() <= kSingleChange;
            rib_.for_each_table([single](auto& table) { table.set_urgent(single); });
            bulk_input_ = bulk_input_ || !single;
            with(e.connection,
                 [&](Neighbor& n) { n.peer->on_received(e.connection, e.octets, now, *this); });
            rib_.for_each_table([](auto& table) { table.set_urgent(false); });
          },
          [&](const SendProgress& e) {
            with(e.connection,
                 [&](Neighbor& n) { n.peer->on_send_progress(e.connection, e.octets, now); });
          },
          [&](const ConnectionDown& e) {
            with(e.connection, [&](Neighbor& n) {
              n.peer->on_connection_down(e.connection, e.reason, now, *this);
            });
            connections_.erase(e.connection.value);
          },
          [&](const ListenFailed& e) {
            listening_.reset();  // the next reload asks again
            raise(EventKind::kListenFailed, Severity::kError,
                  "listen " + to_string(e.address) + " port " + std::to_string(e.port), e.reason);
          }},
      event);
  collect_commands();
}

void Speaker::on_accepted(const Accepted& e) {
  const auto it = std::find_if(neighbors_.begin(), neighbors_.end(), [&](const auto& entry) {
    const Neighbor& n = *entry.second;
    return !n.removed && n.config.address == e.remote;
  });
  if (it == neighbors_.end() || stopping_) {
    outputs_.transport.emplace_back(CloseConnectionCommand{e.connection, false});
    const bool told = std::find(refused_connections_.begin(), refused_connections_.end(),
                                e.remote) != refused_connections_.end();
    if (told || refused_connections_.size() >= kRefusedConnectionsTold) return;
    refused_connections_.push_back(e.remote);
    raise(EventKind::kConnectionRefused, Severity::kWarning,
          "connection from " + to_string(e.remote),
          "no neighbor is configured with this address (said once)");
    return;
  }
  Neighbor& n = *it->second;
  connections_[e.connection.value] = n.id;
  n.peer->on_accepted(e.connection, e.local, now_);
  settle(n);
}

void Speaker::on_kernel(KernelEvent&& event, TimePoint now) {
  now_ = now;
  fib_.on_kernel_event(std::move(event), now);
}

// After a handler of the peer has returned: what its callbacks decided about the session itself.
void Speaker::settle(Neighbor& n) {
  if (!n.close_with) return;
  const auto why = std::move(*n.close_with);
  n.close_with.reset();
  if (n.over_limit) {
    n.peer->stop(why, now_);
  } else {
    n.peer->send_notification_and_close(why, now_, *this);
  }
}

void Speaker::tick(TimePoint now) {
  now_ = now;
  for (auto& [id, n] : neighbors_) {
    if (!stopping_ && is_due(n->restart_at, now)) lift_prefix_limit(*n);
    if (is_due(n->peer->next_deadline(), now)) n->peer->tick(now, *this);
    settle(*n);
  }
  // Once stopping, the sessions end and the kernel's tables stay as they are.
  if (configured_ && !stopping_) work(now);
  collect_commands();
}

void Speaker::stop(TimePoint now, const std::string& text) {
  now_ = now;
  stopping_ = true;
  raise(EventKind::kStopping, Severity::kInfo, "perd", text.empty() ? "stopping" : text);
  for (auto& [id, n] : neighbors_) {
    n->peer->stop(wire::make_cease(wire::CeaseSubcode::kAdministrativeShutdown, text), now);
  }
  collect_commands();
}

void Speaker::collect_commands() {
  for (auto& [id, n] : neighbors_) {
    const std::size_t first = outputs_.transport.size();
    n->peer->take_commands(outputs_.transport);
    for (std::size_t i = first; i < outputs_.transport.size(); ++i) {
      if (const auto* dial = std::get_if<DialCommand>(&outputs_.transport[i])) {
        connections_[dial->connection.value] = id;
      } else if (const auto* close = std::get_if<CloseConnectionCommand>(&outputs_.transport[i])) {
        connections_.erase(close->connection.value);
      }
    }
  }
}

Outputs Speaker::take_outputs() {
  Outputs out = std::move(outputs_);
  outputs_ = {};
  return out;
}

Deadline Speaker::next_deadline() const {
  Deadline at;
  if (configured_) at = earliest(fib_.next_deadline(), l2_.next_deadline());
  for (const auto& [id, n] : neighbors_) {
    at = earliest(at, n->peer->next_deadline());
    at = earliest(at, n->restart_at);
  }
  return at;
}

std::size_t Speaker::clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac,
                                      TimePoint now) {
  now_ = now;
  const std::size_t cleared = l2_.clear_duplicates(id, mac, now);
  evpn_more_ = evpn_more_ || cleared != 0;
  outputs_.more_work = outputs_.more_work || evpn_more_;
  return cleared;
}

bool Speaker::quiescent() const { return configured_ && !has_work() && fib_.synchronized(); }

}  // namespace perd
