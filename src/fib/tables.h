// Tables: the route tables, reachable by VRF (as routing names them) and by kernel table number (as
// the kernel does). A VRF whose number is not known yet has an unbound table; what the kernel holds
// in a table that belongs to no VRF (of an earlier run) stands in an orphan.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fib/route_table.h"
#include "perd/ids.h"
#include "perd/time.h"

namespace perd::fib {

template <class SlotT>
struct FamilyTable {
  RouteTable<SlotT> routes;
  std::vector<IpPrefix> queue;  // prefixes to look at; when it is full, a scan does
  std::vector<IpPrefix> work;   // what was in the queue, in the order in which it is done
  std::size_t work_at = 0;
  std::vector<IpPrefix> urgent;    // single changes: before all others
  std::vector<IpPrefix> suspects;  // changed by others, or by late echoes of ours
  bool suspect_scan = false;       // too many suspects to list
  Deadline suspects_due;
  std::array<std::uint32_t, 129> lengths{};  // wanted routes by prefix length
  [[nodiscard]] bool queued() const { return !queue.empty() || work_at < work.size(); }

  // A dump marks what it sees. When it has ended, a walk judges what it has not seen; when it was
  // broken off, a walk takes the marks away. Both go by slices.
  enum class Marks : std::uint8_t { kNone, kSetting, kJudging, kClearing };
  Marks marks = Marks::kNone;
  TableCursor marks_at;

  // An observation of this slot is to be marked: its judgement is still to come.
  [[nodiscard]] bool marking(const SlotT& s) const {
    return marks == Marks::kSetting || (marks == Marks::kJudging && s.hash() >= marks_at.next_hash);
  }
};

struct Table {
  std::uint16_t index = 0;
  TableId id{};              // 0: not bound
  std::optional<VrfId> vrf;  // none: orphan
  FamilyTable<SlotV4> v4;
  FamilyTable<SlotV6> v6;
};

class Tables {
 public:
  [[nodiscard]] Table* of(VrfId vrf) {
    const auto it = by_vrf_.find(vrf);
    return it == by_vrf_.end() ? nullptr : it->second;
  }
  [[nodiscard]] const Table* of(VrfId vrf) const { return const_cast<Tables*>(this)->of(vrf); }
  [[nodiscard]] Table* of(TableId id) {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
  }
  [[nodiscard]] Table* at(std::uint16_t index) {
    return index < all_.size() ? all_[index].get() : nullptr;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<Table>>& all() const { return all_; }

  Table& make(VrfId vrf) {
    Table*& t = by_vrf_[vrf];
    if (t == nullptr) t = &add(), t->vrf = vrf;
    return *t;
  }
  Table& make(TableId id) {
    Table*& t = by_id_[id];
    if (t == nullptr) t = &add(), t->id = id;
    return *t;
  }
  // `table` has number `id` from now on; an orphan of that number must have been emptied.
  void bind(Table& table, TableId id) {
    if (table.id != TableId{}) by_id_.erase(table.id);
    table.id = id;
    if (id != TableId{}) by_id_[id] = &table;
  }
  void adopt(Table& table, VrfId vrf) {
    table.vrf = vrf;
    by_vrf_[vrf] = &table;
  }
  void disown(Table& table) {
    if (table.vrf) by_vrf_.erase(*table.vrf);
    table.vrf.reset();
  }

 private:
  Table& add() {
    all_.push_back(std::make_unique<Table>());
    all_.back()->index = static_cast<std::uint16_t>(all_.size() - 1);
    return *all_.back();
  }
  std::vector<std::unique_ptr<Table>> all_;  // never shrinks: operations in flight name an index
  std::map<VrfId, Table*> by_vrf_;
  std::map<TableId, Table*> by_id_;
};

}  // namespace perd::fib
