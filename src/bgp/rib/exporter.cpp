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
  // What is owed to the neighbour beside routes, per family.
  struct Owed {
    bool started = false;
    bool end_of_rib = false;
    bool begin_refresh = false;
    bool end_refresh = false;
    [[nodiscard]] bool any() const { return end_of_rib || begin_refresh || end_refresh; }
  };

  ExportPeer config;
  std::tuple<AdjRibOut<Ipv4Unicast>, AdjRibOut<Ipv6Unicast>, AdjRibOut<L2vpnEvpn>,
             AdjRibOut<OpaqueEvpn>>
      outs;
  std::array<Owed, kFamilyCount> owed;

  template <class F>
  [[nodiscard]] AdjRibOut<F>& of() {
    return std::get<AdjRibOut<F>>(outs);
  }
  template <class F>
  [[nodiscard]] const AdjRibOut<F>& of() const {
    return std::get<AdjRibOut<F>>(outs);
  }
  [[nodiscard]] Owed& owes(Family f) { return owed[static_cast<std::size_t>(f)]; }
  [[nodiscard]] const Owed& owes(Family f) const { return owed[static_cast<std::size_t>(f)]; }

  // f(AdjRibOut<F>&, F) for each table of a family.
  template <class Self, class Visitor>
  static void for_tables(Self& self, Family family, Visitor&& visit) {
    switch (family) {
      case Family::kIpv4Unicast:
        visit(self.template of<Ipv4Unicast>(), Ipv4Unicast{});
        return;
      case Family::kIpv6Unicast:
        visit(self.template of<Ipv6Unicast>(), Ipv6Unicast{});
        return;
      case Family::kEvpn:
        visit(self.template of<L2vpnEvpn>(), L2vpnEvpn{});
        visit(self.template of<OpaqueEvpn>(), OpaqueEvpn{});
        return;
    }
  }
};

Exporter::Exporter(RibTables tables, const PeerTable& peers)
    : tables_(tables), peer_table_(&peers) {}

Exporter::~Exporter() {
  for (auto& peer : peers_) removed_.push_back(std::move(peer));
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
  const auto at = std::lower_bound(
      peers_.begin(), peers_.end(), id,
      [](const std::unique_ptr<Peer>& p, PeerId wanted) { return p->config.info.id < wanted; });
  peers_.insert(at, std::move(peer));
}

void Exporter::remove_peer(PeerId id) {
  const auto at = std::find_if(peers_.begin(), peers_.end(),
                               [id](const auto& p) { return p->config.info.id == id; });
  if (at == peers_.end()) return;
  removed_.push_back(std::move(*at));
  peers_.erase(at);
}

bool Exporter::reap(std::size_t max) {
  while (!removed_.empty()) {
    bool more = false;
    Peer& peer = *removed_.back();
    for (const Family family : kAllFamilies) {
      Peer::for_tables(peer, family, [&]<class F>(AdjRibOut<F>& out, F) {
        more = more || out.forget(tables_.of<F>(), max);
      });
    }
    if (more) return true;
    removed_.pop_back();
  }
  return false;
}

void Exporter::change_peer(const ExportPeer& config) {
  Peer* const peer = find(config.info.id);
  if (peer == nullptr) return;
  peer->config = config;
  for (const Family family : kAllFamilies) start_refresh(config.info.id, family, false);
}

void Exporter::start_initial(PeerId id, Family family) {
  Peer* const peer = find(id);
  if (peer == nullptr || !peer->config.families.has(family)) return;
  Peer::for_tables(*peer, family, [](auto& out, auto) { out.start_walk(false); });
  peer->owes(family).started = true;
  peer->owes(family).end_of_rib = true;
}

void Exporter::start_refresh(PeerId id, Family family, bool enhanced) {
  Peer* const peer = find(id);
  if (peer == nullptr || !peer->config.families.has(family)) return;
  if (!peer->owes(family).started) return;  // the initial table is still to come
  Peer::for_tables(*peer, family, [](auto& out, auto) { out.start_walk(true); });
  // RFC 7313 4: no BoRR before the End-of-RIB, which then closes this walk as well.
  if (enhanced && !peer->owes(family).end_of_rib) {
    peer->owes(family).begin_refresh = peer->owes(family).end_refresh = true;
  }
}

template <class F>
void Exporter::on_best_change(RouteId id) {
  for (const auto& peer : peers_) {
    if (!peer->owes(F::kFamily).started) continue;
    peer->template of<F>().on_best_change({tables_.of<F>(), *peer_table_, peer->config}, id);
  }
}

bool Exporter::produce_family(Peer& peer, Family family, std::size_t budget,
                              std::vector<std::uint8_t>& out) {
  Peer::Owed& owed = peer.owes(family);
  if (!owed.started) return false;
  const std::size_t end = out.size() + budget;
  if (owed.begin_refresh) encode_demarcation(family, kBeginRefresh, out);
  owed.begin_refresh = false;
  bool more = false;
  bool walked = true;
  Peer::for_tables(peer, family, [&]<class F>(AdjRibOut<F>& rib, F) {
    const std::size_t left = end > out.size() ? end - out.size() : 0;
    more = rib.produce({tables_.of<F>(), *peer_table_, peer.config}, left, out) || more;
    walked = walked && rib.walk_done();
  });
  if (!walked) return more;
  if (owed.end_of_rib) wire::encode_end_of_rib(family, out);
  if (owed.end_refresh) encode_demarcation(family, kEndRefresh, out);
  owed.end_of_rib = owed.end_refresh = false;
  return more;
}

bool Exporter::produce(PeerId id, std::size_t budget, std::vector<std::uint8_t>& out) {
  Peer* const peer = find(id);
  if (peer == nullptr) return false;
  const std::size_t end = out.size() + budget;
  bool more = false;
  for (const Family family : kAllFamilies) {
    const std::size_t left = end > out.size() ? end - out.size() : 0;
    if (left == 0) return has_work(id);
    more = produce_family(*peer, family, left, out) || more;
  }
  return more;
}

bool Exporter::has_work(PeerId id) const {
  const Peer* const peer = find(id);
  if (peer == nullptr) return false;
  bool work = false;
  for (const Family family : kAllFamilies) {
    work = work || peer->owes(family).any();
    Peer::for_tables(*peer, family, [&](const auto& out, auto) { work = work || out.has_work(); });
  }
  return work;
}

// ---- for show commands --------------------------------------------------------------------------

template <class F>
bool Exporter::is_advertised(PeerId id, RouteId route) const {
  const Peer* const peer = find(id);
  return peer != nullptr && peer->of<F>().is_advertised(route);
}

template <class F>
RouteId Exporter::next_advertised(PeerId id, RouteId from) const {
  const Peer* const peer = find(id);
  return peer == nullptr ? 0 : peer->of<F>().next_advertised(from);
}

std::size_t Exporter::advertised_count(PeerId id, Family family) const {
  const Peer* const peer = find(id);
  std::size_t n = 0;
  if (peer == nullptr) return n;
  Peer::for_tables(*peer, family, [&](const auto& out, auto) { n += out.advertised(); });
  return n;
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
  for (const Family family : kAllFamilies) {
    Peer::for_tables(*peer, family, [&](const auto& out, auto) { n += out.too_big(); });
  }
  return n;
}

std::size_t Exporter::memory() const {
  std::size_t n = 0;
  for (const auto* list : {&peers_, &removed_}) {
    for (const auto& peer : *list) {
      n += sizeof(Peer);
      for (const Family family : kAllFamilies) {
        Peer::for_tables(*peer, family, [&](const auto& out, auto) { n += out.memory(); });
      }
    }
  }
  return n;
}

template void Exporter::on_best_change<Ipv4Unicast>(RouteId);
template void Exporter::on_best_change<Ipv6Unicast>(RouteId);
template void Exporter::on_best_change<L2vpnEvpn>(RouteId);
template void Exporter::on_best_change<OpaqueEvpn>(RouteId);
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
