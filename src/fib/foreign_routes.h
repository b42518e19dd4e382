// ForeignRoutes: routes of the kernel that are not perd's. They are never touched; they feed
// next-hop resolution (main table) and origination (tables of VRFs). Also counts which tables are
// in use.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fib/link_table.h"
#include "perd/desired.h"
#include "perd/kernel.h"

namespace perd::fib {

class NextHopStore;

class ForeignRoutes {
 public:
  using Table = std::map<RouteKey, Route>;

  // False when it is of no interest (local table, multicast, link local) or old news.
  bool see(const Route& route, bool from_dump);
  bool lose(const RouteKey& key, std::uint8_t protocol);
  // The kernel drops what leaves by a link that went down; returns the keys that went.
  [[nodiscard]] std::vector<RouteKey> drop_link(IfIndex link);
  // Likewise what hung on a next-hop object that went.
  [[nodiscard]] std::vector<RouteKey> drop_next_hop(std::uint32_t id);
  void begin_dump(IpFamily family);
  [[nodiscard]] std::vector<RouteKey> end_dump(IpFamily family);

  [[nodiscard]] const Route* find(const RouteKey& key) const;
  [[nodiscard]] bool holds(TableId table, const IpPrefix& prefix, std::uint32_t metric) const;
  [[nodiscard]] const Table& all() const { return routes_; }
  // Routes of one prefix, lowest metric first: [first, second).
  [[nodiscard]] std::pair<Table::const_iterator, Table::const_iterator> range(
      TableId table, const IpPrefix& prefix) const;
  [[nodiscard]] std::pair<Table::const_iterator, Table::const_iterator> range(TableId table) const;
  // Whether any route of the main table has this length.
  [[nodiscard]] bool main_has_length(IpFamily family, unsigned length) const {
    return main_lengths_[family == IpFamily::kIpv4 ? 0 : 1][length] != 0;
  }

 private:
  void count(const Route& route, int by);

  Table routes_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> metrics_;  // (table, metric)
  std::array<std::array<std::uint32_t, 129>, 2> main_lengths_{};
  std::map<std::uint32_t, std::size_t> objects_;  // next-hop objects in use -> routes
  std::set<RouteKey> marked_;
  std::set<RouteKey> touched_;
  std::array<bool, 2> dumping_{};
};

// Connected, static or kernel; none when such a route is not for others to know.
[[nodiscard]] std::optional<LocalRouteKind> local_kind(const Route& route);

}  // namespace perd::fib
