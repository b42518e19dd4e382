// What a neighbour said, on its way into the tables: flow steps 2 and 3 of ARCHITECTURE.md.
#include "core/speaker.h"

#include <algorithm>

#include "bgp/rib/import_rules.h"

namespace perd {
namespace {

std::string subject_of(const Neighbor& n) { return "neighbor " + to_string(n.config.address); }

}  // namespace

rib::ExportPeer Speaker::export_peer(const Neighbor& n, const session::Negotiated& session) const {
  rib::ExportPeer target;
  target.info = rib_.peers.get(n.id);
  target.families = session.families;
  target.codec = session.codec;
  target.local_asn = config_.underlay->asn;
  target.peer_local_asn = n.config.local_asn;
  target.as_override = n.config.as_override;
  target.transit = config_.underlay->transit;
  target.cluster_id = config_.underlay->cluster_id.value_or(config_.underlay->router_id);
  // Of the other family there is no address that the neighbour could resolve (the tunnel address is
  // what it is to learn here): such routes are not told unless RFC 8950 was agreed upon.
  const auto& local = session.local_address;
  (local.is_v4() ? target.own_v4 : target.own_v6) = local;
  return target;
}

void Speaker::on_session_up(PeerId id, const session::Negotiated& session) {
  Neighbor& n = *find(id);
  n.end_of_rib = {};
  n.limit_warned = false;
  rib::PeerInfo info;
  info.id = id;
  info.remote_asn = session.remote_asn;
  info.ebgp = n.peer->settings().ebgp();
  info.router_id = session.remote_id;
  info.address = n.config.address;
  info.route_reflector_client = client_families(n.config);
  rib_.peers.set(info);
  refresh_own_addresses();
  exporter_.add_peer(export_peer(n, session));
  for (const auto f : kAllFamilies) {
    if (session.families.has(f)) exporter_.start_initial(id, f);
  }
}

void Speaker::on_session_down(PeerId id, const std::string&) {
  Neighbor& n = *find(id);
  exporter_.remove_peer(id);
  n.outbox.clear();
  n.end_of_rib = {};
  drop_paths(n);
  refresh_own_addresses();
}

void Speaker::drop_paths(Neighbor& n) {
  rib_.for_each_table([&](auto& table) {
    using T = std::decay_t<decltype(table)>;
    table.mark_stale(n.id, T::Stale::kDrop);
  });
  for (const auto f : kAllFamilies) n.sweeping.add(f);
}

void Speaker::refresh_own_addresses() {
  own_addresses_ = config_.underlay->tunnel_addresses;
  for (const auto& [id, n] : neighbors_) {
    if (n->peer->established()) own_addresses_.push_back(n->peer->negotiated().local_address);
  }
  std::sort(own_addresses_.begin(), own_addresses_.end());
  own_addresses_.erase(std::unique(own_addresses_.begin(), own_addresses_.end()),
                       own_addresses_.end());
}

void Speaker::on_update(PeerId id, wire::Update& update) {
  Neighbor& n = *find(id);
  if (n.close_with) return;  // the session is about to end
  withdraw_routes(n, update.withdrawn);
  if (!update.announced.empty()) announce_routes(n, update);
  if (update.end_of_rib) on_end_of_rib(n, *update.end_of_rib);
}

void Speaker::withdraw_routes(Neighbor& n, const wire::RouteList& routes) {
  for (const auto& r : routes.ipv4) rib_.ipv4.withdraw(r.prefix, n.id, r.path_id);
  for (const auto& r : routes.ipv6) rib_.ipv6.withdraw(r.prefix, n.id, r.path_id);
  for (const auto& r : routes.evpn) rib_.evpn.withdraw(r.key, n.id, r.path_id);
  for (const auto& r : routes.opaque_evpn) {
    rib_.opaque.withdraw({r.type, r.octets}, n.id, r.path_id);
  }
}

Speaker::Import Speaker::import(const Neighbor& n, wire::PathAttributes& attributes) {
  rib::ImportContext context;
  context.peer = rib_.peers.get(n.id);
  context.local_asn = config_.underlay->asn;
  context.peer_local_asn = n.config.local_asn;
  context.router_id = config_.underlay->router_id;
  context.cluster_id = config_.underlay->cluster_id.value_or(config_.underlay->router_id);
  context.allow_as_in = n.config.allow_as_in;
  context.own_addresses = own_addresses_;
  rib::prepare_import(attributes, context);
  Import out;
  out.rejected = rib::import_verdict(attributes, context);
  out.attributes = rib_.attributes.intern(attributes);
  return out;
}

void Speaker::announce_routes(Neighbor& n, wire::Update& update) {
  wire::PathAttributes& attributes = update.attributes;
  auto& routes = update.announced;
  bool room = true;
  const auto take = [&](auto& table, const auto& list, const Import& import) {
    if (list.empty()) return;
    room = table.upsert_all(list, n.id, import.attributes, import.rejected) && room;
  };
  // Classic routes go with NEXT_HOP, those of MP_REACH_NLRI with their own next hop (RFC 4760 3);
  // one UPDATE with both is legal.
  const bool mixed = update.mp_next_hop && attributes.next_hop != update.mp_next_hop;
  if (mixed && !routes.ipv4.empty()) {
    const Import classic = import(n, attributes);
    take(rib_.ipv4, routes.ipv4, classic);
    rib_.attributes.release(classic.attributes);
    routes.ipv4.clear();
  }
  if (update.mp_next_hop) {
    attributes.next_hop = update.mp_next_hop;
    attributes.link_local_next_hop = update.mp_link_local_next_hop;
  }
  const Import imported = import(n, attributes);
  take(rib_.ipv4, routes.ipv4, imported);
  take(rib_.ipv6, routes.ipv6, imported);
  take(rib_.evpn, routes.evpn, imported);
  take(rib_.opaque, routes.opaque_evpn, imported);
  if (!room) {
    raise(EventKind::kPrefixLimit, Severity::kError, subject_of(n),
          "a table is full, routes were not stored");
  }
  if (imported.rejected != rib::Reason::kNone) {
    ++n.refused_updates;
    n.last_refusal = imported.rejected;
  }
  rib_.attributes.release(imported.attributes);
  check_prefix_limit(n);
}

void Speaker::check_prefix_limit(Neighbor& n) {
  if (!n.config.maximum_prefixes || n.close_with) return;
  const auto& limit = *n.config.maximum_prefixes;
  std::size_t most = 0;
  for (const auto f : kAllFamilies) most = std::max(most, rib_.live_paths(f, n.id));
  if (most > limit.limit) {  // RFC 4486 4: Cease/Maximum Number of Prefixes Reached
    raise(EventKind::kPrefixLimit, Severity::kError, subject_of(n),
          std::to_string(most) + " prefixes, the limit is " + std::to_string(limit.limit) +
              ": session closed");
    n.over_limit = true;
    if (limit.restart_seconds != 0) {
      n.restart_at = now_ + std::chrono::seconds(limit.restart_seconds);
    }
    n.close_with = wire::make_cease(wire::CeaseSubcode::kMaximumPrefixes);
    return;
  }
  const std::uint64_t warn_at = std::uint64_t{limit.limit} * limit.warn_percent / 100;
  if (!n.limit_warned && most > warn_at) {
    n.limit_warned = true;
    raise(EventKind::kPrefixLimit, Severity::kWarning, subject_of(n),
          std::to_string(most) + " prefixes, the limit is " + std::to_string(limit.limit));
  }
}

void Speaker::on_end_of_rib(Neighbor& n, Family family) {
  if (n.end_of_rib.has(family)) return;
  n.end_of_rib.add(family);
  raise(EventKind::kEndOfRib, Severity::kDebug, subject_of(n),
        std::string(to_string(family)) + ": " + std::to_string(rib_.paths(family, n.id)) +
            " routes, complete");
}

void Speaker::on_route_refresh(PeerId id, Family family, std::uint8_t subtype) {
  Neighbor& n = *find(id);
  const auto& session = n.peer->negotiated();
  if (!session.families.has(family)) return;  // RFC 2918 4: ignored
  switch (subtype) {
    case 0:
      raise(EventKind::kRouteRefresh, Severity::kDebug, subject_of(n),
            "asked for " + std::string(to_string(family)));
      exporter_.start_refresh(id, family, session.enhanced_route_refresh);
      break;
    case 1:  // RFC 7313 4.2: BoRR, everything it said before must be said again
      n.sweeping.remove(family);  // an earlier sweep must not take what is stale only now
      mark_family_stale(n, family);
      break;
    case 2:  // EoRR: what was not said again is gone
      n.sweeping.add(family);
      break;
    default:
      break;  // RFC 7313 5: other subtypes are ignored
  }
}

void Speaker::mark_family_stale(Neighbor& n, Family family) {
  const auto mark = [&](auto& table) {
    using T = std::decay_t<decltype(table)>;
    table.mark_stale(n.id, T::Stale::kKeep);
  };
  switch (family) {
    case Family::kIpv4Unicast:
      mark(rib_.ipv4);
      break;
    case Family::kIpv6Unicast:
      mark(rib_.ipv6);
      break;
    case Family::kEvpn:
      mark(rib_.evpn);
      mark(rib_.opaque);
      break;
  }
}

void Speaker::on_event(Event&& event) {
  log_.add(event, now_);
  outputs_.events.push_back(std::move(event));
}

void Speaker::raise(EventKind kind, Severity severity, std::string subject, std::string text) {
  on_event(Event{kind, severity, std::move(subject), std::move(text)});
}

}  // namespace perd
