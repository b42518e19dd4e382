// Exporter: Adj-RIB-Out of all peers and families. It turns changes of best paths into UPDATE
// octets, packed by attribute set, at the pace at which each neighbour takes them: produce() is
// called when a connection can take more, so a slow neighbour delays nobody.
//
// Neighbours that are told the same share an UpdateGroup of a family: the state and the encoding
// are the group's, so that a change costs as much for a hundred of them as for one. A session that
// comes up, refreshes or is judged by new rules has a walk over the table to itself, or with those
// that begin theirs before anything was produced, and then joins the others.
//
// The order of one neighbour and family: table, then End-of-RIB (RFC 4724 2), changes all along.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bgp/rib/export_rules.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/rib_tables.h"
#include "bgp/rib/update_group.h"

namespace perd::rib {

class Exporter {
 public:
  // A neighbour may be `max_lag` octets behind the others of its group before it goes on alone.
  Exporter(RibTables tables, const PeerTable& peers, std::size_t max_lag = UpdateGroup::kMaxLag);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // A session came up. Nothing is sent before start_initial().
  void add_peer(const ExportPeer& peer);
  // It went down. What was advertised to it alone is forgotten in slices by reap(); the id may be
  // used again at once.
  void remove_peer(PeerId peer);
  // Forgets at most about `max` routes of groups without members; true when there is more. Also
  // brings a few groups together that may be one again.
  bool reap(std::size_t max);
  // The rules for a neighbour whose session stays up changed: everything is judged again, what may
  // no longer be told is withdrawn.
  void change_peer(const ExportPeer& peer);
  [[nodiscard]] bool has_peer(PeerId peer) const { return find(peer) != nullptr; }

  // The whole table, then End-of-RIB.
  void start_initial(PeerId peer, Family family);
  // Route refresh: the whole table again; `enhanced` (RFC 7313) puts BoRR before and EoRR after it.
  void start_refresh(PeerId peer, Family family, bool enhanced);

  // For each change that Table<F>::decide() reports. An urgent one, as a single change is while a
  // whole table is being sent, goes before what is waiting.
  template <class F>
  void on_best_change(RouteId id, bool urgent = false);

  // Appends whole messages until `out` has grown by about `budget` octets (a run more at most, or
  // what another member of its group has produced at once); true when more is waiting.
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
  // The number of the update group in which a neighbour is told of a family; 0: none.
  [[nodiscard]] std::uint64_t group_of(PeerId peer, Family family) const;
  [[nodiscard]] std::size_t groups(Family family) const { return of(family).groups.size(); }

 private:
  struct Peer;
  [[nodiscard]] Peer* find(PeerId peer);
  [[nodiscard]] const Peer* find(PeerId peer) const;
  struct Groups {                                      // of one family
    std::vector<std::unique_ptr<UpdateGroup>> groups;  // in order of their numbers
    std::size_t settle_at = 0;
  };
  [[nodiscard]] Groups& of(Family f) { return groups_[static_cast<std::size_t>(f)]; }
  [[nodiscard]] const Groups& of(Family f) const { return groups_[static_cast<std::size_t>(f)]; }
  UpdateGroup& add_group(std::unique_ptr<UpdateGroup> group);
  void retire(UpdateGroup& group);
  void leave_group(Seat& seat);
  void walk_again(Peer& peer, Family family);
  void produce_family(Peer& peer, Family family, std::size_t budget,
                      std::vector<std::uint8_t>& out);
  void split_laggards(UpdateGroup& group);
  [[nodiscard]] UpdateGroup* home_of(const UpdateGroup& group) const;
  bool settle(UpdateGroup& group);
  void settle_some(Family family);

  RibTables tables_;
  const PeerTable* peer_table_;
  std::size_t max_lag_;
  std::vector<std::unique_ptr<Peer>> peers_;  // in order of PeerId
  std::array<Groups, kFamilyCount> groups_;
  std::vector<std::unique_ptr<UpdateGroup>> removed_;
  std::uint64_t last_number_ = 0;
  UpdateChunk scratch_;
};

}  // namespace perd::rib
