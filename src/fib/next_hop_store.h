// NextHopStore: the kernel's next-hop objects (RTM_NEWNEXTHOP). One object per (link, gateway),
// shared by all sets that go that way, and one group per set of several. Numbers come from perd's
// own range; objects of an earlier run with the same content are taken over with theirs.
//
// Tells its users (a number each) when an object comes or goes. Erasing an object takes along every
// route over it: that is how a lost VTEP costs one message (HopTokens).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fib/hop_tokens.h"
#include "fib/link_table.h"
#include "fib/managed_store.h"

namespace perd::fib {

struct HopKey {
  IfIndex link{};
  IpAddress gateway{};
  bool onlink = false;
  friend bool operator==(const HopKey&, const HopKey&) = default;
  friend auto operator<=>(const HopKey&, const HopKey&) = default;
};

class NextHopStore;

struct NextHopPolicy {
  using Key = std::uint32_t;
  using Value = NextHop;
  static constexpr ObjectKind kKind = ObjectKind::kNextHop;
  static constexpr FlightKind kFlight = FlightKind::kNextHop;
  NextHopStore* store;

  [[nodiscard]] bool ready(Key id, const NextHop& want) const;
  [[nodiscard]] bool may_erase(Key id, const NextHop& seen) const;
  [[nodiscard]] bool matches(const NextHop& want, const NextHop& seen) const;
  [[nodiscard]] bool may_overwrite(const NextHop&) const { return false; }
  [[nodiscard]] bool keep_foreign(Key) const { return true; }
  [[nodiscard]] Standing standing(Key, const NextHop&) const { return Standing::kFree; }
  void put(OpQueue& ops, Key id, const NextHop& want, const Flight& flight) const;
  void erase(OpQueue& ops, Key id, const NextHop& seen, const Flight& flight) const;
  [[nodiscard]] std::string describe(Key id) const;
  void written(Key id) const;
  void vanished(Key id, const NextHop& was) const;
  void settled(Key id) const;
};

class NextHopStore {
 public:
  using Store = ManagedStore<NextHopPolicy>;

  NextHopStore(Shared& shared, const LinkTable& links, HopTokens& tokens);
  NextHopStore(const NextHopStore&) = delete;
  NextHopStore& operator=(const NextHopStore&) = delete;

  // The object of that way, made or taken over when there is none; `user` holds it.
  [[nodiscard]] std::uint32_t acquire(const HopKey& key, std::uint32_t user);
  void release(std::uint32_t id, std::uint32_t user);
  // Sends an object that only `user` holds another way, in place. False: not possible.
  [[nodiscard]] bool retarget(std::uint32_t id, std::uint32_t user, const HopKey& key);
  [[nodiscard]] std::uint32_t make_group(const std::vector<std::uint32_t>& members,
                                         std::uint32_t user);
  void set_group(std::uint32_t id, const std::vector<std::uint32_t>& members);

  // Routes may point to it: it is in the kernel, or on the way there.
  [[nodiscard]] bool live(std::uint32_t id) const;
  [[nodiscard]] std::uint32_t token(std::uint32_t id) const;
  // Nobody holds it and no wanted route is over it: it goes with all its routes.
  [[nodiscard]] bool doomed(std::uint32_t token) const;
  // It is better to erase the object with all its routes than each of them.
  [[nodiscard]] bool takes_routes_along(std::uint32_t token) const;
  // Some object in the kernel leads there.
  [[nodiscard]] bool leads_to(IfIndex link, const IpAddress& gateway) const;

  void see(const NextHop& next_hop, bool from_dump, TimePoint now);
  void lose(std::uint32_t id, TimePoint now);
  void end_dump(TimePoint now);
  void link_stopped(IfIndex link);
  void link_started(IfIndex link);
  void touch_idle();  // objects whose last route went

  void step_singles(TimePoint now);
  void step_groups(TimePoint now);
  void step_erases(TimePoint now);

  [[nodiscard]] std::vector<std::uint32_t> take_changed_users();
  [[nodiscard]] bool take_scan();                        // slots may carry dead tokens
  [[nodiscard]] std::vector<std::uint32_t> take_dead();  // objects that went, anybody's
  [[nodiscard]] std::vector<HopKey> take_gone();         // ways that are no longer in the kernel

  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] const Store& store() const { return store_; }

 private:
  friend struct NextHopPolicy;
  struct Object {
    HopKey key;
    bool group = false;
    std::vector<std::uint32_t> users;
  };
  [[nodiscard]] std::uint32_t fresh_id();
  [[nodiscard]] NextHop single(std::uint32_t id, const HopKey& key) const;
  [[nodiscard]] NextHop group(std::uint32_t id, const std::vector<std::uint32_t>& members) const;
  void changed(std::uint32_t id);
  void gone(std::uint32_t id, const NextHop& was);
  void strip_groups();

  Shared& shared_;
  const LinkTable& links_;
  HopTokens& tokens_;
  Store store_;
  std::map<std::uint32_t, Object> objects_;  // those that somebody holds
  std::map<HopKey, std::uint32_t> by_key_;
  // Own objects nobody holds yet, to take over.
  std::map<HopKey, std::uint32_t> adoptable_;
  std::map<std::vector<NextHopMember>, std::uint32_t> adoptable_groups_;
  std::set<std::uint32_t> groups_;   // ids of groups in the kernel
  std::vector<std::uint32_t> lost_;  // to be taken out of groups
  std::vector<std::uint32_t> changed_users_;
  std::vector<std::uint32_t> dead_;
  std::vector<HopKey> gone_;
  std::multimap<std::uint32_t, HopKey> left_;  // ways that objects are about to leave
  std::uint32_t next_id_ = kNextHopIdFirst;
  bool scan_ = false;
};

}  // namespace perd::fib
