// Resolver: next hops of BGP through the main table (RFC 4271 9.1.2.1), by longest match over the
// kernel's foreign routes and perd's own wanted ones, recursively and with every leg of ECMP. A
// route never resolves through itself. Remembers what each watched address resolved through, so
// that a change asks again only for those it may concern.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "fib/foreign_routes.h"
#include "fib/link_table.h"
#include "fib/next_hop_store.h"
#include "fib/tables.h"
#include "perd/desired.h"

namespace perd::fib {

class SetStore;

struct Resolution {
  std::vector<HopKey> hops;  // sorted; empty: not reachable
  bool connected = false;
  std::uint32_t metric = 0;
  friend bool operator==(const Resolution&, const Resolution&) = default;
};

class Resolver {
 public:
  Resolver(Shared& shared, const LinkTable& links, const ForeignRoutes& foreign,
           const NextHopStore& next_hops, const Tables& tables)
      : shared_(shared), links_(links), foreign_(foreign), next_hops_(next_hops), tables_(tables) {}
  void set_sets(const SetStore* sets) { sets_ = sets; }

  // The speaker asks: answers go out as knowledge.
  void track(const IpAddress& a);
  void untrack(const IpAddress& a);
  // A set of the underlay depends on the address.
  const Resolution& watch(const IpAddress& a, std::uint32_t user);
  void unwatch(const IpAddress& a, std::uint32_t user);

  void changed(const IpPrefix& prefix);
  void changed_all() { all_ = true; }
  // Asks again where needed; returns the users whose addresses resolve otherwise than before.
  [[nodiscard]] std::vector<std::uint32_t> step(bool may_answer);
  [[nodiscard]] bool dirty() const { return all_ || !changes_.empty() || unanswered_; }

 private:
  struct Watch {
    std::uint32_t tracked = 0;
    std::vector<std::uint32_t> users;
    Resolution now;
    std::vector<IpAddress> chain;  // every address that was looked up on the way
    bool valid = false;
    bool answered = false;
    NextHopState answer;
  };
  struct Walk {
    std::vector<IpAddress> chain;
    std::vector<std::uint32_t> sets;  // own routes on the way: never twice
    std::vector<HopKey> hops;
    unsigned depth = 0;
  };
  // How one lookup ended; only the first one says what the address itself is.
  struct Found {
    bool connected = false;
    std::uint32_t metric = 0;
  };
  Found follow(const IpAddress& a, Walk& walk) const;
  bool follow_foreign(const IpAddress& a, const IpPrefix& prefix, std::uint32_t below, Walk& walk,
                      Found& found) const;
  void take_hops(const IpAddress& a, const Route& route, Walk& walk, Found& found) const;
  void take_object(const IpAddress& a, std::uint32_t id, Walk& walk, Found& found) const;
  void take_hop(const IpAddress& a, IfIndex link, const std::optional<IpAddress>& gateway,
                bool onlink, Walk& walk, Found& found) const;
  [[nodiscard]] std::uint32_t own_set(const IpPrefix& prefix) const;
  [[nodiscard]] bool has_length(IpFamily family, unsigned length) const;
  bool refresh(const IpAddress& a, Watch& w);
  [[nodiscard]] bool concerned(const Watch& w) const;
  void drop_if_idle(const IpAddress& a);

  static constexpr std::size_t kChangesMax = 64;  // more: everything is asked again, once

  Shared& shared_;
  const LinkTable& links_;
  const ForeignRoutes& foreign_;
  const NextHopStore& next_hops_;
  const Tables& tables_;
  const SetStore* sets_ = nullptr;
  std::map<IpAddress, Watch> watches_;
  std::vector<IpPrefix> changes_;
  bool all_ = false;
  bool unanswered_ = false;
};

}  // namespace perd::fib
