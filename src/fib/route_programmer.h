// RouteProgrammer: brings the routes of every table from the observed to the desired state. Works
// on a queue of prefixes while changes are few, and by walking the table in hash order when they
// are many; IPv4 goes out in hash order, IPv6 in ascending order (performance: Linux likes them
// so).
//
// Never forces a route over a foreign one of the same table, prefix and metric; never erases what
// does not carry perd's protocol.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "fib/foreign_routes.h"
#include "fib/hop_tokens.h"
#include "fib/next_hop_store.h"
#include "fib/refusals.h"
#include "fib/set_store.h"
#include "fib/tables.h"

namespace perd::fib {

class RouteProgrammer {
 public:
  RouteProgrammer(Shared& shared, Tables& tables, HopTokens& tokens, SetStore& sets,
                  NextHopStore& next_hops, ForeignRoutes& foreign, Resolver& resolver)
      : shared_(shared),
        tables_(tables),
        tokens_(tokens),
        sets_(sets),
        next_hops_(next_hops),
        foreign_(foreign),
        resolver_(resolver) {}

  void desire(const DesiredRoute& route);
  // Where desire() will look, a few routes ahead: most of its time is waiting for memory.
  void prefetch(const DesiredRoute& route) const;
  // A route of perd's protocol and metric, as a dump or a notification tells it.
  void observe(const Route& route, bool gone, bool from_dump, TimePoint now);
  // A foreign route came or went there.
  void foreign_changed(const RouteKey& key);
  void acked(const Flight& flight);
  void refused(const Flight& flight, int error, const std::string& text, TimePoint now);

  // The VRF's routes belong into that kernel table from now on.
  void bind(VrfId vrf, TableId id);
  // The VRF is gone: nothing of it is wanted, what is in the kernel goes.
  void drop(VrfId vrf);

  void request_scan(VrfId vrf, std::size_t family);
  void request_scan_all();
  // False while the marks of the dump before are being worked on: go_on_marking() does.
  [[nodiscard]] bool may_begin_dump(IpFamily family);
  void begin_dump(IpFamily family);
  void end_dump(IpFamily family, TimePoint now);

  // A slice of what a dump leaves to do.
  void go_on_marking(TimePoint now);
  [[nodiscard]] bool marking() const;

  // At most `routes` operations, and beside them those of single changes.
  void step(TimePoint now, std::size_t routes);
  [[nodiscard]] bool more_work() const;
  [[nodiscard]] bool busy() const;
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] bool take_next_hop_doubt();  // a refusal says that an object is not there

  [[nodiscard]] const RefusalTable& refusals() const { return refusals_; }
  template <class SlotT>
  [[nodiscard]] EntryState state(const SlotT& s) const;
  void count(RouteCounts& counts, std::size_t budget) const;

 private:
  enum class Verdict : std::uint8_t { kLeft, kErase, kNoRoom };  // kErase: by the caller
  template <class SlotT>
  using F = FamilyTable<SlotT>;

  template <class SlotT>
  void desire_in(Table& t, F<SlotT>& f, const DesiredRoute& route, std::uint32_t set);
  template <class SlotT>
  void observe_in(Table& t, F<SlotT>& f, const Route& route, bool gone, bool dump, TimePoint now);
  template <class SlotT>
  void observe_flying(SlotT& s, std::uint32_t token);
  template <class SlotT>
  void acked_in(Table& t, F<SlotT>& f, const Flight& flight);
  template <class SlotT>
  void refused_in(Table& t, F<SlotT>& f, const Flight& flight, int error, const std::string& text,
                  TimePoint now);
  template <class SlotT>
  void set_observed(SlotT& s, std::uint32_t token);
  template <class SlotT>
  void set_desired(F<SlotT>& f, SlotT& s, std::uint32_t set);
  template <class SlotT>
  void clear_reason(SlotT& s);
  template <class SlotT>
  void refuse(Table& t, SlotT& s, int error, const std::string& text, TimePoint now);
  template <class SlotT>
  void enqueue(F<SlotT>& f, SlotT& s);
  template <class SlotT>
  void hand_to_scan(F<SlotT>& f);
  template <class SlotT>
  void suspect(F<SlotT>& f, SlotT& s, TimePoint now);
  template <class SlotT>
  [[nodiscard]] bool settled(const SlotT& s) const;
  template <class SlotT>
  Verdict evaluate(Table& t, F<SlotT>& f, SlotT& s, TimePoint now);
  template <class SlotT>
  Verdict evaluate_unwanted(Table& t, F<SlotT>& f, SlotT& s);
  template <class SlotT>
  Verdict evaluate_wanted(Table& t, F<SlotT>& f, SlotT& s, TimePoint now);
  template <class SlotT>
  void launch(Table& t, SlotT& s, std::uint32_t token);
  template <class SlotT>
  void step_family(Table& t, F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void step_urgent(Table& t, F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void step_queue(Table& t, F<SlotT>& f, TimePoint now);
  template <class SlotT>
  static void take_queue(F<SlotT>& f);
  template <class SlotT>
  void step_scan(Table& t, F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void ripen(F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void retry(F<SlotT>& f, RouteReason& reason);
  template <class SlotT>
  [[nodiscard]] bool may_begin_dump_in(F<SlotT>& f);
  template <class SlotT>
  void end_dump_in(F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void judge(F<SlotT>& f, SlotT& s, TimePoint now);
  template <class SlotT>
  void go_on_marking_in(F<SlotT>& f, TimePoint now);
  template <class SlotT>
  void move_desired(F<SlotT>& from, F<SlotT>& to);
  template <class SlotT>
  void drop_in(F<SlotT>& f);
  template <class SlotT>
  void count_one(const SlotT& s, StateCounts& c) const;
  template <class SlotT>
  [[nodiscard]] bool repair_too_often(const Table& t, const SlotT& s, TimePoint now);
  void retry_due(TimePoint now);
  void say_repairs();

  struct Repairs {
    unsigned count = 0;
    TimePoint since{};
  };
  // More dirty prefixes: a scan. Few of IPv4, since only the order of the whole table is a good one
  // for Linux: within a window of neighbouring prefixes any order is bad. Many of IPv6, which Linux
  // takes best in ascending order.
  static constexpr std::size_t kQueueMaxV4 = 1024;
  static constexpr std::size_t kQueueMaxV6 = 65536;
  static constexpr std::size_t kUrgentMax = 256;  // single changes that wait; more are no singles
  static constexpr std::size_t kSuspectsMax = 1024;  // likewise
  static constexpr std::size_t kHistoryMax = 1024;   // routes whose repairs are counted

  Shared& shared_;
  Tables& tables_;
  HopTokens& tokens_;
  SetStore& sets_;
  NextHopStore& next_hops_;
  ForeignRoutes& foreign_;
  Resolver& resolver_;
  RefusalTable refusals_;
  std::map<std::pair<TableId, IpPrefix>, Repairs> history_;
  [[nodiscard]] bool full() const { return budget_ == 0 || shared_.ops.room() <= reserve_; }

  std::size_t budget_ = 0;    // route operations left in this step
  std::size_t reserve_ = 0;   // room kept for single changes
  std::size_t repaired_ = 0;  // in this step
  std::string repaired_example_;
  bool next_hop_doubt_ = false;
};

}  // namespace perd::fib
