// Exporter: Adj-RIB-Out of all peers and families. It turns changes of best paths into UPDATE
// octets, packed by attribute set, at the pace at which each neighbour takes them: produce() is
// called when a connection can take more, so a slow neighbour costs two bits per route and delays
// nobody.
//
// The order of one neighbour and family: table, then End-of-RIB (RFC 4724 2), changes all along.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "bgp/rib/adj_rib_out.h"
#include "bgp/rib/export_rules.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/table.h"

namespace perd::rib {

// The tables an exporter reads; they outlive it.
struct RibTables {
  Table<Ipv4Unicast>& ipv4;
  Table<Ipv6Unicast>& ipv6;
  Table<L2vpnEvpn>& evpn;
  Table<OpaqueEvpn>& opaque;

  template <class F>
  [[nodiscard]] Table<F>& of() const {
    if constexpr (std::is_same_v<F, Ipv4Unicast>) return ipv4;
    if constexpr (std::is_same_v<F, Ipv6Unicast>) return ipv6;
    if constexpr (std::is_same_v<F, L2vpnEvpn>) return evpn;
    if constexpr (std::is_same_v<F, OpaqueEvpn>) return opaque;
  }
};

class Exporter {
 public:
  Exporter(RibTables tables, const PeerTable& peers);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // A session came up. Nothing is sent before start_initial().
  void add_peer(const ExportPeer& peer);
  // It went down. What was advertised is forgotten in slices by reap(); the id may be used again at
  // once.
  void remove_peer(PeerId peer);
  // Forgets at most about `max` routes of removed peers; true when there is more.
  bool reap(std::size_t max);
  // The rules for a neighbour whose session stays up changed: everything is judged again, what may
  // no longer be told is withdrawn.
  void change_peer(const ExportPeer& peer);
  [[nodiscard]] bool has_peer(PeerId peer) const { return find(peer) != nullptr; }

  // The whole table, then End-of-RIB.
  void start_initial(PeerId peer, Family family);
  // Route refresh: the whole table again; `enhanced` (RFC 7313) puts BoRR before and EoRR after it.
  void start_refresh(PeerId peer, Family family, bool enhanced);

  // For each change that Table<F>::decide() reports.
  template <class F>
  void on_best_change(RouteId id);

  // Appends whole messages until `out` has grown by about `budget` octets (a run more at most);
  // true when more is waiting.
  bool produce(PeerId peer, std::size_t budget, std::vector<std::uint8_t>& out);
  [[nodiscard]] bool has_work(PeerId peer) const;

  // ---- for show commands and tests ----
  template <class F>
  [[nodiscard]] bool is_advertised(PeerId peer, RouteId id) const;
  [[nodiscard]] std::size_t advertised_count(PeerId peer, Family family) const;
  // Pages through what a peer has been told: visit(RouteId); cursor as in Table::walk.
  template <class F, class Visitor>
  [[nodiscard]] RouteId walk_advertised(PeerId peer, RouteId cursor, std::size_t max,
                                        Visitor&& visit) const {
    RouteId id = next_advertised<F>(peer, cursor);
    for (; id != 0 && max > 0; --max, id = next_advertised<F>(peer, id + 1)) visit(id);
    return id;
  }
  template <class F>
  [[nodiscard]] RouteId next_advertised(PeerId peer, RouteId from) const;
  // Whether and how the best path of a route is told to a peer, now.
  template <class F>
  [[nodiscard]] ExportVerdict verdict(PeerId peer, RouteId id) const;
  template <class F>
  [[nodiscard]] std::optional<wire::PathAttributes> exported(PeerId peer, RouteId id) const;
  // Routes that did not fit into a message even alone (RFC 4271 9.2: not advertised).
  [[nodiscard]] std::size_t too_big(PeerId peer) const;
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Peer;
  [[nodiscard]] Peer* find(PeerId peer);
  [[nodiscard]] const Peer* find(PeerId peer) const;
  [[nodiscard]] bool produce_family(Peer& peer, Family family, std::size_t budget,
                                    std::vector<std::uint8_t>& out);

  RibTables tables_;
  const PeerTable* peer_table_;
  std::vector<std::unique_ptr<Peer>> peers_;  // in order of PeerId
  std::vector<std::unique_ptr<Peer>> removed_;
};

}  // namespace perd::rib
