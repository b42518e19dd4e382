// AdjRibOut<F>: what one neighbour has been told of one table, in two bits per route: advertised
// (it has it) and pending (what it has may be wrong). The attributes are derived from the best path
// when they are sent, so a route that changes ten times before its turn goes out once, and one that
// changes back costs one repetition at most.
//
// To pack well, pending routes are taken in windows, sorted by attribute set and then handed to
// UpdateEncoder in runs. A window is only an order of service: each route is looked at again when
// its turn comes, so it may change or vanish while it waits.
//
// Limits: kWindow routes per window (512 KiB while it lasts), kRun routes per call of the encoder.
#pragma once

#include <cstdint>
#include <vector>

#include "bgp/rib/export_rules.h"
#include "bgp/rib/table.h"

namespace perd::rib {

template <class F>
class AdjRibOut {
 public:
  static constexpr std::size_t kWindow = 65536;
  static constexpr std::size_t kRun = 512;

  // What produce() needs beside the peer.
  struct Context {
    Table<F>& table;
    const PeerTable& peers;
    const ExportPeer& target;
  };

  // Offers the whole table, page by page. `again`: also what the neighbour has (route refresh).
  void start_walk(bool again);
  // The walk is over and everything it found has been produced.
  [[nodiscard]] bool walk_done() const { return !walking_ && !walk_in_window_; }
  void on_best_change(Context context, RouteId id);
  // Appends messages until `out` has grown by about `budget`, opening one new window at most; true
  // when there is more.
  bool produce(Context context, std::size_t budget, std::vector<std::uint8_t>& out);
  [[nodiscard]] bool has_work() const {
    return walking_ || !pending_.empty() || at_ < window_.size();
  }
  [[nodiscard]] bool is_advertised(RouteId id) const { return advertised_.has(id); }
  [[nodiscard]] bool is_pending(RouteId id) const { return pending_.has(id); }
  [[nodiscard]] std::size_t advertised() const { return advertised_.size(); }
  [[nodiscard]] std::size_t too_big() const { return too_big_; }
  [[nodiscard]] std::size_t memory() const;
  // The next advertised route that is not below `from`; 0: none.
  [[nodiscard]] RouteId next_advertised(RouteId from) const { return advertised_.next(from); }
  // The session is gone: forgets at most `max` routes; true when there is more.
  bool forget(Table<F>& table, std::size_t max);

 private:
  class Packer;  // adj_rib_out.cpp
  void fill_window(Context context);
  void enqueue(Context context, RouteId id);
  void sort_window();
  void serve(Context context, RouteId id, Packer& packer);
  void set_pending(Table<F>& table, RouteId id);
  void drop_pending(Table<F>& table, RouteId id);

  RouteBits advertised_;
  RouteBits pending_;
  std::vector<std::uint64_t> window_;  // AttrId << 32 | RouteId, in order of service
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
