// Who of an update group does not have a route that the group has been told: the member it was
// learned from and the member it began at (RFC 4456 8), so never more than two. Kept per route in
// columns that exist only once a member is absent from something.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "bgp/rib/ids.h"
#include "perd/assert.h"
#include "perd/ids.h"

namespace perd::rib {

struct Absent {
  static constexpr std::size_t kMost = 2;
  PeerId first{};   // 0: nobody
  PeerId second{};  // above `first`, or 0

  [[nodiscard]] bool has(PeerId id) const { return first == id || second == id; }
  [[nodiscard]] bool full() const { return second != kLocalPeer; }
  [[nodiscard]] std::size_t size() const {
    return (first != kLocalPeer ? 1U : 0U) + (second != kLocalPeer ? 1U : 0U);
  }
  void add(PeerId id) {
    if (has(id)) return;
    PERD_ASSERT(id != kLocalPeer && !full());
    second = first == kLocalPeer ? kLocalPeer : std::max(first, id);
    first = first == kLocalPeer ? id : std::min(first, id);
  }
  void remove(PeerId id) {
    if (first == id) first = second;
    if (first == second || second == id) second = kLocalPeer;
  }
  friend bool operator==(const Absent&, const Absent&) = default;
  friend auto operator<=>(const Absent&, const Absent&) = default;
};

class Absences {
 public:
  [[nodiscard]] Absent get(RouteId id) const {
    Absent a;
    if (id < first_.size()) a.first.value = first_[id];
    if (id < second_.size()) a.second.value = second_[id];
    return a;
  }
  void set(RouteId id, const Absent& wanted) {
    if (wanted == Absent{} && id >= first_.size()) return;
    count(get(id), false);
    count(wanted, true);
    put(first_, id, wanted.first);
    put(second_, id, wanted.second);
  }
  // Of how many routes a member is absent.
  [[nodiscard]] std::size_t count(PeerId id) const {
    return id.value < counts_.size() ? counts_[id.value] : 0;
  }
  [[nodiscard]] bool empty() const { return total_ == 0; }
  // It is a member no longer.
  void forget(PeerId id) {
    if (count(id) == 0) return;
    for (RouteId route = 0; route < first_.size(); ++route) {
      const std::uint16_t other = route < second_.size() ? second_[route] : std::uint16_t{0};
      if (first_[route] != id.value && other != id.value) continue;
      Absent rest = get(route);
      rest.remove(id);
      set(route, rest);
    }
    if (empty()) *this = Absences{};
  }
  [[nodiscard]] std::size_t memory() const {
    return (first_.capacity() + second_.capacity()) * sizeof(std::uint16_t) +
           counts_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static void put(std::vector<std::uint16_t>& column, RouteId id, PeerId who) {
    if (id >= column.size()) {
      if (who == kLocalPeer) return;
      column.resize(std::size_t{id} + 1);
    }
    column[id] = who.value;
  }
  void count(const Absent& absent, bool more) {
    for (const PeerId id : {absent.first, absent.second}) {
      if (id == kLocalPeer) continue;
      if (id.value >= counts_.size()) counts_.resize(std::size_t{id.value} + 1);
      more ? ++counts_[id.value] : --counts_[id.value];
      more ? ++total_ : --total_;
    }
  }

  std::vector<std::uint16_t> first_, second_;  // by RouteId
  std::vector<std::uint32_t> counts_;          // by PeerId
  std::size_t total_ = 0;
};

}  // namespace perd::rib
