#include "bgp/rib/exporter.h"

#include <algorithm>
#include <array>

#include "perd/assert.h"

namespace perd::rib {
namespace {

constexpr std::uint8_t kBeginRefresh = 1;  // RFC 7313 3.2
constexpr std::uint8_t kEndRefresh = 2;

void encode_demarcation(Family family, std::uint8_t subtype, std::vector<std::uint8_t>& out) {
  wire::RouteRefresh r;
  r.afi = static_cast<std::uint16_t>(afi_of(family));
  r.safi = static_cast<std::uint8_t>(safi_of(family));
  r.subtype = subtype;
  wire::encode_route_refresh(r, out);
}

}  // namespace

struct Exporter::Peer {
  ExportPeer config;
  std::array<Seat, kFamilyCount> seats;

  [[nodiscard]] Seat& seat(Family f) { return seats[static_cast<std::size_t>(f)]; }
  [[nodiscard]] const Seat& seat(Family f) const { return seats[static_cast<std::size_t>(f)]; }
  [[nodiscard]] bool has_work() const {
    return std::any_of(seats.begin(), seats.end(), [](const Seat& s) {
      return s.group != nullptr && (s.owed() || !s.caught_up() || s.group->has_work());
    });
  }
};

Exporter::Exporter(RibTables tables, const PeerTable& peers, std::size_t max_lag)
    : tables_(tables), peer_table_(&peers), max_lag_(max_lag) {}

Exporter::~Exporter() {
  for (Groups& family : groups_) {
    for (auto& group : family.groups) removed_.push_back(std::move(group));
    family.groups.clear();
  }
  constexpr std::size_t kSlice = 65536;
  while (reap(kSlice)) {
  }
}

auto Exporter::find(PeerId id) -> Peer* {
  return const_cast<Peer*>(static_cast<const Exporter*>(this)->find(id));
}

auto Exporter::find(PeerId id) const -> const Peer* {
  const auto at = std::lower_bound(
      peers_.begin(), peers_.end(), id,
      [](const std::unique_ptr<Peer>& p, PeerId wanted) { return p->config.info.id < wanted; });
  return at != peers_.end() && (*at)->config.info.id == id ? at->get() : nullptr;
}

void Exporter::add_peer(const ExportPeer& config) {
  const PeerId id = config.info.id;
  PERD_ASSERT(id != kLocalPeer && find(id) == nullptr);
  auto peer = std::make_unique<Peer>();
  peer->config = config;
  for (Seat& seat : peer->seats) {
    seat.peer = id;
    seat.router_id = config.info.router_id;
  }
  const auto at = std::lower_bound(
      peers_.begin(), peers_.end(), id,
      [](const std::unique_ptr<Peer>& p, PeerId wanted) { return p->config.info.id < wanted; });
  peers_.insert(at, std::move(peer));
}

void Exporter::remove_peer(PeerId id) {
  const auto at = std::find_if(peers_.begin(), peers_.end(),
                               [id](const auto& p) { return p->config.info.id == id; });
  if (at == peers_.end()) return;
  for (Seat& seat : (*at)->seats) leave_group(seat);
  peers_.erase(at);
}

bool Exporter::reap(std::size_t max) {
  for (const Family family : kAllFamilies) settle_some(family);
  while (!removed_.empty()) {
    if (removed_.back()->forget(max)) return true;
    removed_.pop_back();
  }
  return false;
}

// ---- groups -------------------------------------------------------------------------------------

UpdateGroup& Exporter::add_group(std::unique_ptr<UpdateGroup> group) {
  auto& groups = of(group->family()).groups;
  groups.push_back(std::move(group));
  return *groups.back();
}

void Exporter::retire(UpdateGroup& group) {
  auto& groups = of(group.family()).groups;
  const auto at =
      std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.get() == &group; });
  removed_.push_back(std::move(*at));
  groups.erase(at);
}

void Exporter::leave_group(Seat& seat) {
  UpdateGroup* const group = seat.group;
  if (group == nullptr) return;
  group->leave(seat);
  if (group->seats().empty()) retire(*group);
}

// The neighbour is to be told everything once more, by the rules of its present configuration.
void Exporter::walk_again(Peer& peer, Family family) {
  Seat& seat = peer.seat(family);
  UpdateGroup* const old = seat.group;
  const bool begins = old->fresh(true) || (old->fresh(false) && old->advertised() == 0);
  if (begins && old->admits(peer.config)) return;  // asked twice, and nothing is said yet
  for (const auto& group : of(family).groups) {
    if (group.get() == old || !group->fresh(true) || !group->admits(peer.config)) continue;
    // What it has not read yet must not grow without bound over refreshes.
    if (!seat.rest.empty() || !group->take_from(*old, seat)) continue;
    if (old->seats().empty()) retire(*old);
    return;
  }
  UpdateGroup* own = old;
  if (old->seats().size() > 1) own = &add_group(old->split(std::array{&seat}, ++last_number_));
  own->retarget(peer.config);
  own->start_walk(true);
}

void Exporter::split_laggards(UpdateGroup& group) {
  for (auto seats = group.laggards(); !seats.empty(); seats = group.laggards()) {
    add_group(group.split(seats, ++last_number_));
  }
}

// Where the members of like groups come together: the largest one that is not in a walk.
UpdateGroup* Exporter::home_of(const UpdateGroup& group) const {
  UpdateGroup* home = nullptr;
  for (const auto& other : of(group.family()).groups) {
    if (!other->walk_done() || !other->is_like(group)) continue;
    if (home == nullptr || other->seats().size() > home->seats().size()) home = other.get();
  }
  return home;
}

// Members of a group that has nothing left to say go home; false when there was nothing to try.
bool Exporter::settle(UpdateGroup& group) {
  if (!group.quiet()) return false;
  UpdateGroup* const home = home_of(group);
  if (home == nullptr || home == &group || !group.tries(*home)) return false;
  const std::vector<Seat*> seats{group.seats().begin(), group.seats().end()};
  for (Seat* const seat : seats) {
    if (!seat->caught_up() || seat->owed()) continue;
    if (!home->take_from(group, *seat)) break;
  }
  if (group.seats().empty()) retire(group);
  return true;
}

// A group whose own last word came before its home's is not asked by produce() again.
void Exporter::settle_some(Family family) {
  constexpr std::size_t kTries = 4;
  Groups& all = of(family);
  std::size_t tried = 0;
  for (std::size_t left = all.groups.size(); left > 0 && all.groups.size() > 1; --left) {
    if (all.settle_at >= all.groups.size()) all.settle_at = 0;
    UpdateGroup& group = *all.groups[all.settle_at];
    if (settle(group) && ++tried == kTries) return;
    const bool stays =
        all.settle_at < all.groups.size() && all.groups[all.settle_at].get() == &group;
    if (stays) ++all.settle_at;
  }
}

// ---- what is asked for --------------------------------------------------------------------------

void Exporter::change_peer(const ExportPeer& config) {
  Peer* const peer = find(config.info.id);
  if (peer == nullptr) return;
  peer->config = config;
  for (const Family family : kAllFamilies) start_refresh(config.info.id, family, false);
}

void Exporter::start_initial(PeerId id, Family family) {
  Peer* const peer = find(id);
  if (peer == nullptr || !peer->config.families.has(family)) return;
  Seat& seat = peer->seat(family);
  seat.end_of_rib = true;
  if (seat.group != nullptr) return walk_again(*peer, family);
  for (const auto& group : of(family).groups) {
    if (!group->fresh(false) || group->advertised() > 0 || !group->admits(peer->config)) continue;
    group->join(seat);
    return;
  }
  UpdateGroup& group = add_group(std::make_unique<UpdateGroup>(tables_, *peer_table_, peer->config,
                                                               family, ++last_number_, max_lag_));
  group.start_walk(false);
  group.join(seat);
}

void Exporter::start_refresh(PeerId id, Family family, bool enhanced) {
  Peer* const peer = find(id);
  if (peer == nullptr || !peer->config.families.has(family)) return;
  Seat& seat = peer->seat(family);
  if (seat.group == nullptr) return;  // the initial table is still to come
  walk_again(*peer, family);
  // RFC 7313 4: no BoRR before the End-of-RIB, which then closes this walk as well.
  if (enhanced && !seat.end_of_rib) seat.begin_refresh = seat.end_refresh = true;
}

template <class F>
void Exporter::on_best_change(RouteId id, bool urgent) {
  for (const auto& group : of(F::kFamily).groups) group->template on_best_change<F>(id, urgent);
}

void Exporter::produce_family(Peer& peer, Family family, std::size_t budget,
                              std::vector<std::uint8_t>& out) {
  Seat& seat = peer.seat(family);
  if (seat.group == nullptr) return;
  if (seat.begin_refresh) encode_demarcation(family, kBeginRefresh, out);
  seat.begin_refresh = false;
  UpdateGroup& group = *seat.group;
  group.produce(seat, budget, scratch_, out);
  // The walk may be over for the group and not yet for a member that reads behind.
  if (group.walk_done() && seat.rest.empty() && seat.position >= group.walk_end()) {
    if (seat.end_of_rib) wire::encode_end_of_rib(family, out);
    if (seat.end_refresh) encode_demarcation(family, kEndRefresh, out);
    seat.end_of_rib = seat.end_refresh = false;
  }
  split_laggards(group);
  (void)settle(group);
}

bool Exporter::produce(PeerId id, std::size_t budget, std::vector<std::uint8_t>& out) {
  Peer* const peer = find(id);
  if (peer == nullptr) return false;
  const std::size_t end = out.size() + budget;
  for (const Family family : kAllFamilies) {
    if (out.size() >= end) break;
    produce_family(*peer, family, end - out.size(), out);
  }
  return peer->has_work();
}

bool Exporter::has_work(PeerId id) const {
  const Peer* const peer = find(id);
  return peer != nullptr && peer->has_work();
}

// ---- for show commands --------------------------------------------------------------------------

template <class F>
bool Exporter::is_advertised(PeerId id, RouteId route) const {
  const Peer* const peer = find(id);
  if (peer == nullptr) return false;
  const UpdateGroup* const group = peer->seat(F::kFamily).group;
  return group != nullptr && group->template told<F>().is_advertised(route, id);
}

template <class F>
RouteId Exporter::next_advertised(PeerId id, RouteId from) const {
  const Peer* const peer = find(id);
  if (peer == nullptr) return 0;
  const UpdateGroup* const group = peer->seat(F::kFamily).group;
  return group == nullptr ? 0 : group->template told<F>().next_advertised(from, id);
}

std::size_t Exporter::advertised_count(PeerId id, Family family) const {
  const Peer* const peer = find(id);
  if (peer == nullptr) return 0;
  const UpdateGroup* const group = peer->seat(family).group;
  return group == nullptr ? 0 : group->advertised(id);
}

template <class F>
ExportVerdict Exporter::verdict(PeerId id, RouteId route) const {
  const Peer* const peer = find(id);
  const Table<F>& table = tables_.of<F>();
  if (peer == nullptr || !table.exists(route)) return ExportVerdict::kNoPath;
  const auto best = table.best(route);
  if (!best) return ExportVerdict::kNoPath;
  return export_verdict(table.attributes().get(best->attrs), peer_table_->get(best->peer),
                        peer->config, F::kFamily);
}

template <class F>
std::optional<wire::PathAttributes> Exporter::exported(PeerId id, RouteId route) const {
  if (verdict<F>(id, route) != ExportVerdict::kSend) return std::nullopt;
  const Table<F>& table = tables_.of<F>();
  const auto best = table.best(route);
  wire::PathAttributes attributes = table.attributes().get(best->attrs).expand();
  rewrite_for_export(attributes, peer_table_->get(best->peer), find(id)->config, F::kFamily);
  return attributes;
}

std::size_t Exporter::too_big(PeerId id) const {
  const Peer* const peer = find(id);
  std::size_t n = 0;
  if (peer == nullptr) return n;
  for (const Seat& seat : peer->seats) {
    if (seat.group == nullptr) continue;
    n += seat.group->too_big() + static_cast<std::size_t>(seat.too_big_bias);
  }
  return n;
}

std::uint64_t Exporter::group_of(PeerId id, Family family) const {
  const Peer* const peer = find(id);
  if (peer == nullptr || peer->seat(family).group == nullptr) return 0;
  return peer->seat(family).group->number();
}

std::size_t Exporter::memory() const {
  std::size_t n = scratch_.weight();
  for (const auto& peer : peers_) {
    n += sizeof(Peer);
    for (const Seat& seat : peer->seats) {
      for (const SharedChunk& chunk : seat.rest) n += chunk == nullptr ? 0 : chunk->weight();
    }
  }
  for (const Groups& family : groups_) {
    for (const auto& group : family.groups) n += group->memory();
  }
  for (const auto& group : removed_) n += group->memory();
  return n;
}

template void Exporter::on_best_change<Ipv4Unicast>(RouteId, bool);
template void Exporter::on_best_change<Ipv6Unicast>(RouteId, bool);
template void Exporter::on_best_change<L2vpnEvpn>(RouteId, bool);
template void Exporter::on_best_change<OpaqueEvpn>(RouteId, bool);
template bool Exporter::is_advertised<Ipv4Unicast>(PeerId, RouteId) const;
template bool Exporter::is_advertised<Ipv6Unicast>(PeerId, RouteId) const;
template bool Exporter::is_advertised<L2vpnEvpn>(PeerId, RouteId) const;
template bool Exporter::is_advertised<OpaqueEvpn>(PeerId, RouteId) const;
template RouteId Exporter::next_advertised<Ipv4Unicast>(PeerId, RouteId) const;
template RouteId Exporter::next_advertised<Ipv6Unicast>(PeerId, RouteId) const;
template RouteId Exporter::next_advertised<L2vpnEvpn>(PeerId, RouteId) const;
template RouteId Exporter::next_advertised<OpaqueEvpn>(PeerId, RouteId) const;
template ExportVerdict Exporter::verdict<Ipv4Unicast>(PeerId, RouteId) const;
template ExportVerdict Exporter::verdict<Ipv6Unicast>(PeerId, RouteId) const;
template ExportVerdict Exporter::verdict<L2vpnEvpn>(PeerId, RouteId) const;
template ExportVerdict Exporter::verdict<OpaqueEvpn>(PeerId, RouteId) const;
template std::optional<wire::PathAttributes> Exporter::exported<Ipv4Unicast>(PeerId, RouteId) const;
template std::optional<wire::PathAttributes> Exporter::exported<Ipv6Unicast>(PeerId, RouteId) const;
template std::optional<wire::PathAttributes> Exporter::exported<L2vpnEvpn>(PeerId, RouteId) const;
template std::optional<wire::PathAttributes> Exporter::exported<OpaqueEvpn>(PeerId, RouteId) const;

}  // namespace perd::rib
