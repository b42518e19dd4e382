// FdbNextHops: the next-hop objects that MACs over several VTEPs need (aliasing, RFC 7432 8.4): one
// per VTEP, shared by all MAC-VRFs, and one group per VtepSet, changed in place. Their numbers are
// a range of their own; objects of an earlier run with the same content are taken over with theirs.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fib/l2/ways.h"
#include "fib/managed_store.h"
#include "perd/kernel.h"

namespace perd::fib {

class FdbNextHops;

struct FdbNextHopPolicy {
  using Key = std::uint32_t;
  using Value = NextHop;
  static constexpr ObjectKind kKind = ObjectKind::kFdbNextHop;
  static constexpr FlightKind kFlight = FlightKind::kFdbNextHop;
  FdbNextHops* store;

  [[nodiscard]] bool ready(Key id, const NextHop& want) const;
  [[nodiscard]] bool may_erase(Key id, const NextHop& seen) const;
  [[nodiscard]] bool matches(const NextHop& want, const NextHop& seen) const;
  [[nodiscard]] bool may_overwrite(const NextHop&) const { return false; }
  [[nodiscard]] bool keep_foreign(Key id) const;
  [[nodiscard]] Standing standing(Key, const NextHop&) const { return Standing::kFree; }
  void put(OpQueue& ops, Key, const NextHop& want, const Flight& flight) const;
  void erase(OpQueue& ops, Key id, const NextHop& seen, const Flight& flight) const;
  [[nodiscard]] std::string describe(Key id) const;
  void written(Key id) const;
  void vanished(Key id, const NextHop& was) const;
  void settled(Key id) const;
};

class FdbNextHops {
 public:
  using Store = ManagedStore<FdbNextHopPolicy>;

  FdbNextHops(Shared& shared, Ways& ways);
  FdbNextHops(const FdbNextHops&) = delete;
  FdbNextHops& operator=(const FdbNextHops&) = delete;

  // Is that object one of these and not a route's?
  [[nodiscard]] static bool concerns(const NextHop& n) {
    return n.fdb || (n.id >= kFdbNextHopIdFirst && n.id <= kFdbNextHopIdLast);
  }

  // The object of that VTEP, made when there is none; counted.
  [[nodiscard]] std::uint32_t acquire(const IpAddress& vtep);
  void release(std::uint32_t id);
  [[nodiscard]] std::uint32_t make_group(const std::vector<std::uint32_t>& members);
  void set_group(std::uint32_t id, const std::vector<std::uint32_t>& members);
  void drop_group(std::uint32_t id);

  // Entries may point to it: it is in the kernel, or on the way there.
  [[nodiscard]] bool live(std::uint32_t id) const;
  // The kernel does not want the group, or one of its members.
  [[nodiscard]] bool refused(std::uint32_t id) const;

  void see(const NextHop& next_hop, bool from_dump, TimePoint now);
  void lose(std::uint32_t id, TimePoint now);
  void end_dump(TimePoint now);

  void step_puts(TimePoint now);
  void step_erases(TimePoint now);

  [[nodiscard]] bool take_changed();  // groups came, went or were refused
  [[nodiscard]] bool take_lost();     // slots may carry dead ways
  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] const Store& store() const { return store_; }

 private:
  friend struct FdbNextHopPolicy;
  struct Object {
    IpAddress vtep{};
    unsigned uses = 0;
  };
  [[nodiscard]] std::uint32_t fresh_id();
  [[nodiscard]] NextHop group(std::uint32_t id, const std::vector<std::uint32_t>& members) const;
  void strip_groups();

  Shared& shared_;
  Ways& ways_;
  Store store_;
  std::map<IpAddress, std::uint32_t> by_vtep_;
  std::map<std::uint32_t, Object> objects_;  // wanted single ones
  std::set<std::uint32_t> wanted_groups_;
  // Own objects nobody holds yet, to take over.
  std::map<IpAddress, std::uint32_t> adoptable_;
  std::map<std::vector<NextHopMember>, std::uint32_t> adoptable_groups_;
  std::vector<std::uint32_t> lost_members_;  // to be taken out of groups
  std::uint32_t next_id_ = kFdbNextHopIdFirst;
  bool changed_ = false;
  bool lost_ = false;
};

}  // namespace perd::fib
