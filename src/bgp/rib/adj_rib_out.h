// AdjRibOut<F>: what the members of one update group have been told of one table, in two bits per
// route: advertised (they have it) and pending (what they have may be wrong). The attributes are
// derived from the best path when they are sent, so a route that changes ten times before its turn
// goes out once, and one that changes back costs one repetition at most.
//
// A member that does not have an advertised route, because it is where that came from, is in
// Absences. That makes the state exact for each member: nothing is withdrawn from one that was not
// told to it.
//
// To pack well, pending routes are taken in windows, sorted by attribute set and then handed to
// Packer. A window is only an order of service: each route is looked at again when its turn comes,
// so it may change or vanish while it waits. Urgent routes are served before the rest of the
// window.
//
// Limits: kWindow routes per window (512 KiB while it lasts), kUrgent urgent ones at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bgp/rib/absences.h"
#include "bgp/rib/export_rules.h"
#include "bgp/rib/packer.h"
#include "bgp/rib/table.h"

namespace perd::rib {

template <class F>
class AdjRibOut {
 public:
  static constexpr std::size_t kWindow = 65536;
  static constexpr std::size_t kRun = Packer<F>::kRun;
  static constexpr std::size_t kUrgent = 256;
  using Context = ExportContext<F>;

  // Offers the whole table, page by page. `again`: also what the members have (route refresh).
  void start_walk(bool again);
  // The walk is over and everything it found has been produced.
  [[nodiscard]] bool walk_done() const { return !walking_ && !walk_in_window_; }
  // A change that is urgent goes first with the next call of produce(); when too many are, they
  // wait their turn like all others.
  void on_best_change(const Context& context, RouteId id, bool urgent);
  // Appends messages until `out` has grown by about `budget`, opening one new window at most; true
  // when there is more. `chunk` as Packer takes it.
  bool produce(const Context& context, std::size_t budget, std::vector<std::uint8_t>& out,
               UpdateChunk* chunk);
  [[nodiscard]] bool has_work() const {
    return walking_ || !pending_.empty() || at_ < window_.size();
  }

  // ---- members that come and go ----
  // What `members` have and what is pending, as the state of a group of their own.
  [[nodiscard]] AdjRibOut copy_for(Table<F>& table, std::span<const GroupMember> members) const;
  // `member` of `from` can join `members`: of no route more are absent then than can be written
  // down. That is so unless one side has been told of a change and the other has not.
  [[nodiscard]] bool can_take(const AdjRibOut& from, PeerId member,
                              std::span<const GroupMember> members) const;
  void take(Table<F>& table, const AdjRibOut& from, PeerId member,
            std::span<const GroupMember> members);
  void leave(PeerId member) { absent_.forget(member); }
  // The group is gone: forgets at most `max` routes; true when there is more.
  bool forget(Table<F>& table, std::size_t max);

  // ---- reading ----
  [[nodiscard]] bool is_advertised(RouteId id, PeerId member) const {
    return advertised_.has(id) && !absent_.get(id).has(member);
  }
  [[nodiscard]] bool is_pending(RouteId id) const { return pending_.has(id); }
  [[nodiscard]] std::size_t advertised() const { return advertised_.size(); }
  [[nodiscard]] std::size_t advertised(PeerId member) const {
    return advertised_.size() - absent_.count(member);
  }
  // The next route that a member has been told and that is not below `from`; 0: none.
  [[nodiscard]] RouteId next_advertised(RouteId from, PeerId member) const {
    RouteId id = advertised_.next(from);
    while (id != 0 && absent_.get(id).has(member)) id = advertised_.next(id + 1);
    return id;
  }
  [[nodiscard]] std::size_t too_big() const { return too_big_; }
  [[nodiscard]] std::size_t memory() const;

 private:
  [[nodiscard]] static bool is_wanted(const Context& context, RouteId id);
  [[nodiscard]] static std::uint64_t entry(const Context& context, RouteId id);
  void fill_window(const Context& context);
  static void sort_entries(std::vector<std::uint64_t>& entries);
  // Serves entries from `at` on until `out` has `end` octets; false when that was reached.
  struct Progress {
    std::vector<std::uint8_t>& out;
    std::size_t end;
    AttrId attributes = 0;
  };
  bool serve_all(const Context& context, const std::vector<std::uint64_t>& entries, std::size_t& at,
                 Progress& progress, Packer<F>& packer);
  bool serve_urgent(const Context& context, Progress& progress, Packer<F>& packer);
  void serve(const Context& context, RouteId id, Packer<F>& packer);
  void close_window();
  void set_pending(Table<F>& table, RouteId id);
  void drop_pending(Table<F>& table, RouteId id);
  template <class Visitor>
  bool for_each_difference(const AdjRibOut& from, PeerId member, Visitor&& visit) const;

  RouteBits advertised_;
  RouteBits pending_;
  Absences absent_;                    // of advertised routes
  std::vector<std::uint64_t> window_;  // AttrId << 32 | RouteId, in order of service
  std::vector<std::uint64_t> urgent_;  // as they came
  std::size_t at_ = 0;
  bool walk_in_window_ = false;
  RouteId walk_cursor_ = 0;
  RouteId pending_cursor_ = 0;
  bool walking_ = false;
  bool again_ = false;
  std::size_t too_big_ = 0;
};

extern template class AdjRibOut<Ipv4Unicast>;
extern template class AdjRibOut<Ipv6Unicast>;
extern template class AdjRibOut<L2vpnEvpn>;
extern template class AdjRibOut<OpaqueEvpn>;

}  // namespace perd::rib
