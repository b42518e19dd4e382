// Configuration, first and live: what differs is found with == per part and only that is touched.
#include <algorithm>

#include "core/speaker.h"

namespace perd {
namespace {

std::string subject_of(const NeighborConfig& n) { return "neighbor " + to_string(n.address); }

// What is told to a neighbour depends on these beside the OPEN; the session can stay.
bool exports_alike(const NeighborConfig& a, const NeighborConfig& b) {
  return a.local_asn == b.local_asn && a.as_override == b.as_override && a.families == b.families;
}
bool imports_alike(const NeighborConfig& a, const NeighborConfig& b) {
  return a.local_asn == b.local_asn && a.allow_as_in == b.allow_as_in;
}

}  // namespace

void Speaker::configure(const Config& config, TimePoint now) {
  now_ = now;
  const bool first = !configured_;
  const Config old = std::move(config_);
  config_ = config;
  configured_ = true;
  const UnderlayConfig& underlay = *config_.underlay;
  if (first) started_at_ = now;

  if (rib_.decision.options.multipath != underlay.multipath) {
    rib_.decision.options.multipath = underlay.multipath;
    rescan_everything_ = true;
  }
  fib_.configure(wanted_node(config_, vrf_ids_, mac_vrf_ids_), now);
  if (first) fib_.start(now);
  evpn_.configure(evpn_node_settings(config_), evpn_vrf_settings(config_, vrf_ids_));
  l2_.configure(evpn_node_settings(config_), mac_vrf_settings(config_, vrf_ids_, mac_vrf_ids_),
                now);
  refresh_own_addresses();
  configure_local_routes();
  const bool exports_changed =
      !first && (old.underlay->transit != underlay.transit || old.underlay->asn != underlay.asn ||
                 old.underlay->cluster_id != underlay.cluster_id ||
                 old.underlay->tunnel_addresses != underlay.tunnel_addresses);
  const bool imports_changed =
      !first &&
      (old.underlay->asn != underlay.asn || old.underlay->cluster_id != underlay.cluster_id ||
       old.underlay->tunnel_addresses != underlay.tunnel_addresses);
  configure_neighbors(exports_changed, imports_changed);

  const ListenCommand listen = listen_settings(config_);
  if (!listening_ || *listening_ != listen) {
    listening_ = listen;
    outputs_.transport.emplace_back(listen);
  }
  raise(EventKind::kConfigApplied, Severity::kInfo, "configuration",
        first ? std::to_string(config_.l3vnis.size()) + " L3VNIs, " +
                    std::to_string(config_.l2vnis.size()) + " L2VNIs, " +
                    std::to_string(underlay.neighbors.size()) + " neighbors"
              : (old == config_ ? "nothing changed" : "changes applied"));
  collect_commands();
  outputs_.more_work = true;
}

void Speaker::configure_local_routes() {
  wire::PathAttributes attributes;
  attributes.origin = wire::Origin::kIgp;
  attributes.has_as_path = true;
  const auto set = rib_.attributes.intern(attributes);
  const auto wanted = underlay_prefixes(config_);
  const std::set<IpPrefix> now(wanted.begin(), wanted.end());
  for (const auto& p : now) {
    if (local_routes_.count(p) != 0) continue;
    (p.is_v4() ? rib_.ipv4.upsert(p, kLocalPeer, 0, set, {})
               : rib_.ipv6.upsert(p, kLocalPeer, 0, set, {}));
  }
  for (const auto& p : local_routes_) {
    if (now.count(p) != 0) continue;
    (void)(p.is_v4() ? rib_.ipv4.withdraw(p, kLocalPeer, 0) : rib_.ipv6.withdraw(p, kLocalPeer, 0));
  }
  local_routes_ = now;
  rib_.attributes.release(set);
}

void Speaker::configure_neighbors(bool exports_changed, bool imports_changed) {
  const auto& wanted = config_.underlay->neighbors;
  // Whose client a neighbour is decides what all others are told of its routes (RFC 4456 6).
  for (const auto& c : wanted) {
    const Neighbor* n = neighbor(c.address);
    if (n == nullptr || client_families(n->config) == client_families(c)) continue;
    auto info = rib_.peers.get(n->id);
    info.route_reflector_client = client_families(c);
    rib_.peers.set(info);
    exports_changed = true;
  }
  for (auto& [id, n] : neighbors_) {
    const auto it = std::find_if(wanted.begin(), wanted.end(), [&](const NeighborConfig& c) {
      return c.address == n->config.address;
    });
    if (n->removed) continue;
    if (it == wanted.end()) {
      remove_neighbor(*n);
      continue;
    }
    change_neighbor(*n, *it, exports_changed, imports_changed);
  }
  for (const auto& c : wanted) {
    const bool known = std::any_of(neighbors_.begin(), neighbors_.end(), [&](const auto& entry) {
      return !entry.second->removed && entry.second->config.address == c.address;
    });
    if (!known) add_neighbor(c);
  }
}

PeerId Speaker::free_peer_id() const {
  PeerId id{1};
  while (neighbors_.count(id) != 0) ++id.value;
  return id;
}

void Speaker::add_neighbor(const NeighborConfig& config) {
  auto n = std::make_unique<Neighbor>();
  n->id = free_peer_id();
  n->config = config;
  const auto settings = peer_settings(config_, config);
  n->peer = std::make_unique<session::Peer>(
      n->id, settings, hash_combine(seed_, hash_value(config.address)), connection_ids_);
  n->peer->start(now_);
  neighbors_.emplace(n->id, std::move(n));
}

void Speaker::remove_neighbor(Neighbor& n) {
  n.removed = true;
  n.over_limit = false;
  n.restart_at.reset();
  n.close_with.reset();
  n.peer->stop(wire::make_cease(wire::CeaseSubcode::kPeerDeconfigured), now_);
}

void Speaker::change_neighbor(Neighbor& n, const NeighborConfig& config, bool exports_changed,
                              bool imports_changed) {
  const NeighborConfig old = n.config;
  n.config = config;
  const bool reset = n.peer->change_settings(peer_settings(config_, config), now_);
  if (reset) {
    raise(EventKind::kConfigApplied, Severity::kInfo, subject_of(config),
          "session reset: settings changed that an OPEN or a socket carries");
  }
  if (old.maximum_prefixes != config.maximum_prefixes) {
    if (n.over_limit) lift_prefix_limit(n);
    n.limit_warned = false;
    if (n.peer->established()) check_prefix_limit(n);
  }
  if (reset || !n.peer->established()) return;
  if (exports_changed || !exports_alike(old, config)) {
    exporter_.change_peer(export_peer(n, n.peer->negotiated()));
  }
  if (imports_changed || !imports_alike(old, config)) request_routes(n);
}

// What was refused on import is in the tables, but with the verdict of its time: ask for it again
// (RFC 2918). A neighbour without the capability needs a reset.
void Speaker::request_routes(Neighbor& n) {
  bool asked = true;
  for (const auto f : kAllFamilies) {
    if (n.peer->negotiated().families.has(f)) asked = n.peer->send_route_refresh(f, now_) && asked;
  }
  if (!asked) n.close_with = wire::make_cease(wire::CeaseSubcode::kOtherConfigurationChange);
}

void Speaker::lift_prefix_limit(Neighbor& n) {
  n.over_limit = false;
  n.restart_at.reset();
  n.peer->start(now_);
}

bool Speaker::clear_neighbor(const IpAddress& address, TimePoint now) {
  now_ = now;
  bool found = false;
  for (auto& [id, n] : neighbors_) {
    if (n->removed || n->config.address != address) continue;
    found = true;
    if (n->over_limit) {
      lift_prefix_limit(*n);
    } else if (n->peer->established()) {
      n->peer->send_notification_and_close(
          wire::make_cease(wire::CeaseSubcode::kAdministrativeReset), now, *this);
    } else {
      n->peer->stop(wire::make_cease(wire::CeaseSubcode::kAdministrativeReset), now);
      n->peer->start(now);
    }
  }
  collect_commands();
  outputs_.more_work = true;
  return found;
}

bool Speaker::soft_clear(const IpAddress& address, bool in, bool out, TimePoint now) {
  now_ = now;
  bool done = false;
  for (auto& [id, n] : neighbors_) {
    if (n->removed || n->config.address != address || !n->peer->established()) continue;
    done = true;
    const auto& session = n->peer->negotiated();
    for (const auto f : kAllFamilies) {
      if (!session.families.has(f)) continue;
      if (in) done = n->peer->send_route_refresh(f, now) && done;
      if (out) exporter_.start_refresh(id, f, session.enhanced_route_refresh);
    }
  }
  collect_commands();
  outputs_.more_work = true;
  return done;
}

FamilySet client_families(const NeighborConfig& config) {
  FamilySet set;
  for (const auto& f : config.families) {
    if (f.route_reflector_client) set.add(f.family);
  }
  return set;
}

}  // namespace perd
