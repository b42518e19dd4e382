// The candidates of a prefix: which EVPN routes offer it. Most prefixes have one, kept in the
// prefix itself; two or more (several VTEPs, hence several RDs) become a list of slab nodes. A
// prefix only holds one number, `paths`: 0 none, a RouteId, or a list.
#pragma once

#include <cstdint>

#include "bgp/rib/ids.h"
#include "bgp/rib/slab.h"
#include "perd/assert.h"

namespace perd::evpn {

class CandidatePool {
 public:
  // `route` must not be there yet.
  void add(std::uint32_t& paths, rib::RouteId route) {
    if (paths == 0) {
      paths = route;
      return;
    }
    if (!is_list(paths)) paths = kList | make(paths, 0);
    const std::uint32_t first = paths & ~kList;
    nodes_[first].next = make(route, nodes_[first].next);
  }
  // `route` must be there.
  void remove(std::uint32_t& paths, rib::RouteId route) {
    if (!is_list(paths)) {
      PERD_ASSERT(paths == route);
      paths = 0;
      return;
    }
    std::uint32_t first = paths & ~kList;
    std::uint32_t at = first;
    std::uint32_t before = 0;
    while (nodes_[at].route != route) {
      before = at;
      at = nodes_[at].next;
      PERD_ASSERT(at != 0);
    }
    if (before == 0) {
      first = nodes_[at].next;
    } else {
      nodes_[before].next = nodes_[at].next;
    }
    nodes_.destroy(at);
    if (nodes_[first].next != 0) {
      paths = kList | first;
      return;
    }
    paths = nodes_[first].route;
    nodes_.destroy(first);
  }
  [[nodiscard]] static bool is_list(std::uint32_t paths) { return (paths & kList) != 0; }
  // In no order that means anything; deterministic.
  template <class Visit>
  void for_each(std::uint32_t paths, Visit&& visit) const {
    if (!is_list(paths)) {
      if (paths != 0) visit(paths);
      return;
    }
    for (std::uint32_t at = paths & ~kList; at != 0; at = nodes_[at].next) visit(nodes_[at].route);
  }
  [[nodiscard]] std::uint32_t count(std::uint32_t paths) const {
    std::uint32_t n = 0;
    for_each(paths, [&n](rib::RouteId) { ++n; });
    return n;
  }
  [[nodiscard]] std::size_t nodes() const { return nodes_.used(); }
  [[nodiscard]] std::size_t memory() const { return nodes_.memory(); }

 private:
  struct Node {
    rib::RouteId route = 0;
    std::uint32_t next = 0;
  };
  static constexpr std::uint32_t kList = 1U << 31;
  static_assert(rib::kMaxRoutes < kList);

  [[nodiscard]] std::uint32_t make(rib::RouteId route, std::uint32_t next) {
    const std::uint32_t id = nodes_.make();
    nodes_[id].route = route;
    nodes_[id].next = next;
    return id;
  }

  rib::Slab<Node> nodes_;
};

}  // namespace perd::evpn
