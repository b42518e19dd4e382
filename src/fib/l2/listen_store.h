// ListenStore: the links that the kernel is asked to listen at for hosts that say who they are. The
// policy of a ManagedStore; which links these are, LocalHosts knows.
#pragma once

#include <string>

#include "fib/link_table.h"
#include "fib/managed_store.h"

namespace perd::fib {

struct ListenPolicy {
  using Key = IfIndex;
  using Value = bool;  // the key says all
  static constexpr ObjectKind kKind = ObjectKind::kLink;
  static constexpr FlightKind kFlight = FlightKind::kListen;
  const LinkTable* links;

  [[nodiscard]] bool ready(Key link, bool) const { return links->find(link) != nullptr; }
  [[nodiscard]] bool may_erase(Key, bool) const { return true; }
  [[nodiscard]] bool matches(bool, bool) const { return true; }
  [[nodiscard]] bool may_overwrite(bool) const { return true; }
  [[nodiscard]] bool keep_foreign(Key) const { return false; }
  [[nodiscard]] Standing standing(Key, bool) const { return Standing::kFree; }
  void put(OpQueue& ops, Key link, bool, const Flight& flight) const {
    ops.push(PortListen{link, true}, flight);
  }
  void erase(OpQueue& ops, Key link, bool, const Flight& flight) const {
    ops.push(PortListen{link, false}, flight);
  }
  [[nodiscard]] std::string describe(Key link) const { return "listening at " + links->name(link); }
  void written(Key) const {}
  void vanished(Key, bool) const {}
  void settled(Key) const {}
};

using ListenStore = ManagedStore<ListenPolicy>;

}  // namespace perd::fib
