// UpdateGroup: neighbours that are told the same of one family. They share the state of what was
// told (AdjRibOut) and one encoding of each message. The group produces when a member that has
// taken everything asks for more; the others copy that from its log at their own pace.
//
// A family has its own groups: two neighbours over different links have other next hops for IPv4,
// but are told alike about EVPN.
//
// A group does not wait for a member. One whose unread part of the log weighs more than max_lag
// goes on in a group of its own (laggards(), split()) with what it has not read, and comes back
// (take_from()) when it has read that. So does one whose table is to be told again.
//
// Which groups there are, and what is owed to a neighbour beside routes, is the Exporter's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

#include "bgp/rib/adj_rib_out.h"
#include "bgp/rib/export_rules.h"
#include "bgp/rib/peer.h"
#include "bgp/rib/rib_tables.h"
#include "bgp/rib/update_log.h"

namespace perd::rib {

class UpdateGroup;

// The place of a neighbour in a group of one family, and what it is owed.
struct Seat {
  PeerId peer{};
  RouterId router_id{};
  UpdateGroup* group = nullptr;   // none before the first table was asked for
  std::uint64_t position = 0;     // what it reads next of the group's log
  std::vector<SharedChunk> rest;  // what it has not read of an earlier group's log; goes first
  std::size_t rest_at = 0;
  std::ptrdiff_t too_big_bias = 0;  // its count less the group's
  bool end_of_rib = false;
  bool begin_refresh = false;
  bool end_refresh = false;

  [[nodiscard]] bool owed() const { return end_of_rib || begin_refresh || end_refresh; }
  [[nodiscard]] bool caught_up() const;
};

class UpdateGroup {
 public:
  // In octets, with something on top for each entry of the log.
  static constexpr std::size_t kMaxLag = std::size_t{1} << 20;

  UpdateGroup(const RibTables& tables, const PeerTable& peers, const ExportPeer& like,
              Family family, std::uint64_t number, std::size_t max_lag = kMaxLag);
  UpdateGroup(const UpdateGroup&) = delete;
  UpdateGroup& operator=(const UpdateGroup&) = delete;

  // ---- members ----
  // A neighbour with this configuration could be a member.
  [[nodiscard]] bool admits(const ExportPeer& peer) const;
  [[nodiscard]] bool is_like(const UpdateGroup& other) const {
    return export_alike(target_, other.target_, family_);
  }
  // It has been told nothing, and neither has the group.
  void join(Seat& seat);
  void leave(Seat& seat);
  // Moves a member of `from` here, with what it has been told; false when the two groups have told
  // too different things for that.
  [[nodiscard]] bool take_from(UpdateGroup& from, Seat& seat);
  // Some members go on in a group of their own.
  [[nodiscard]] std::unique_ptr<UpdateGroup> split(std::span<Seat* const> seats,
                                                   std::uint64_t number);
  // Those that are the furthest behind, if that is too far; they stand at one position.
  [[nodiscard]] std::vector<Seat*> laggards() const;
  // Whether take_from() by `home` may end differently than at the last time this was asked.
  [[nodiscard]] bool tries(const UpdateGroup& home);
  // The rules for its only member changed.
  void retarget(const ExportPeer& like);
  [[nodiscard]] std::span<Seat* const> seats() const { return seats_; }

  // ---- routes ----
  void start_walk(bool again);
  // A walk has begun and nothing was produced since, so who is told the same may still join.
  [[nodiscard]] bool fresh(bool again) const { return fresh_ && fresh_again_ == again; }
  [[nodiscard]] bool walk_done() const { return walk_done_; }
  // Where the log stood when the last walk was done.
  [[nodiscard]] std::uint64_t walk_end() const { return walk_end_; }
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool quiet() const { return walk_done_ && !has_work(); }
  template <class F>
  void on_best_change(RouteId id, bool urgent) {
    ++version_;
    out<F>().on_best_change(context<F>(), id, urgent);
  }
  // Appends to `out` what the member has not read, a chunk more than `budget` at most; if it had
  // read everything, produces about `budget` octets. `scratch` is kept between calls.
  void produce(Seat& seat, std::size_t budget, UpdateChunk& scratch,
               std::vector<std::uint8_t>& out);
  // Without members: forgets at most about `max` routes; true when there is more.
  bool forget(std::size_t max);

  // ---- reading ----
  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t log_end() const { return log_.end(); }
  template <class F>
  [[nodiscard]] const AdjRibOut<F>& told() const {
    return std::get<AdjRibOut<F>>(outs_);
  }
  [[nodiscard]] std::size_t advertised() const;
  [[nodiscard]] std::size_t advertised(PeerId member) const;
  [[nodiscard]] std::size_t too_big() const;
  [[nodiscard]] std::size_t memory() const;

 private:
  using Outs = std::tuple<AdjRibOut<Ipv4Unicast>, AdjRibOut<Ipv6Unicast>, AdjRibOut<L2vpnEvpn>,
                          AdjRibOut<OpaqueEvpn>>;

  template <class F>
  [[nodiscard]] AdjRibOut<F>& out() {
    return std::get<AdjRibOut<F>>(outs_);
  }
  template <class F>
  [[nodiscard]] ExportContext<F> context() const {
    return {tables_.of<F>(), *peers_, target_, members_};
  }
  template <class Visitor>
  static void for_tables(Family family, Visitor&& visit);
  void produce_routes(std::size_t budget, std::vector<std::uint8_t>& out, UpdateChunk* chunk);
  void keep_rest(Seat& seat) const;
  void read(Seat& seat, std::size_t end, std::vector<std::uint8_t>& out);

  RibTables tables_;
  const PeerTable* peers_;
  ExportPeer target_;
  Family family_;
  std::uint64_t number_;
  std::size_t max_lag_;
  std::vector<GroupMember> members_;  // in order of PeerId
  std::vector<Seat*> seats_;          // beside members_
  Outs outs_;
  UpdateLog log_;
  std::uint64_t walk_end_ = 0;
  std::uint64_t version_ = 0;  // rises with all that may let take_from() end differently
  struct Tried {
    std::uint64_t own = 0, home = 0, home_version = 0;
    friend bool operator==(const Tried&, const Tried&) = default;
  } tried_;
  bool walk_done_ = true;
  bool fresh_ = false;
  bool fresh_again_ = false;
};

}  // namespace perd::rib
