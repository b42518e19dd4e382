// Ways: where an entry of a VXLAN device leads, as a number that fits into a slot: a VTEP (with the
// VNI when it is not the device's own) or a next-hop group. Equal ways have equal numbers, so
// comparing wanted and seen is comparing numbers. Counted by use.
//
// Linux deletes the VXLAN entries of a next-hop group together with it and tells nobody: the way of
// such a group dies, and whoever carries its number has nothing in the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/memory.h"

namespace perd::fib {

inline constexpr std::uint32_t kNoWay = 0;
inline constexpr std::uint32_t kOddWay = 1;      // perd's own, but nothing that is ever wanted
inline constexpr std::uint32_t kForeignWay = 2;  // somebody else's
inline constexpr std::uint32_t kFirstWay = 3;

struct Way {
  IpAddress vtep{};
  Vni vni{};                      // 0: the device's own
  std::uint32_t next_hop_id = 0;  // of a group, instead of the above
  std::uint32_t uses = 0;
  bool alive = false;
};

class Ways {
 public:
  Ways() : ways_(kFirstWay) { ways_[kOddWay].alive = ways_[kForeignWay].alive = true; }

  // The number of a way; made when there is none. Lasts as long as somebody uses it.
  [[nodiscard]] std::uint32_t to_vtep(const IpAddress& vtep, Vni vni) {
    return of({vtep, vni, 0U});
  }
  [[nodiscard]] std::uint32_t over(std::uint32_t next_hop_id) {
    return of({IpAddress{}, Vni{}, next_hop_id});
  }
  [[nodiscard]] std::uint32_t find(std::uint32_t next_hop_id) const {
    const auto it = index_.find({IpAddress{}, Vni{}, next_hop_id});
    return it == index_.end() ? kNoWay : it->second;
  }
  [[nodiscard]] const Way& at(std::uint32_t way) const { return ways_[way]; }
  [[nodiscard]] bool alive(std::uint32_t way) const { return ways_[way].alive; }

  void use(std::uint32_t way) {
    if (way >= kFirstWay) ++ways_[way].uses;
  }
  void unuse(std::uint32_t way) {
    if (way < kFirstWay || --ways_[way].uses != 0) return;
    Way& w = ways_[way];
    if (w.next_hop_id != 0) idle_.push_back(w.next_hop_id);
    if (w.alive) index_.erase({w.vtep, w.vni, w.next_hop_id});
    w = Way{};
    free_.push_back(way);
  }
  // The group is no longer in the kernel. True when somebody carries its number.
  bool kill(std::uint32_t next_hop_id) {
    const auto it = index_.find({IpAddress{}, Vni{}, next_hop_id});
    if (it == index_.end()) return false;
    ways_[it->second].alive = false;
    index_.erase(it);
    return true;
  }
  // Groups that nothing leads over any more, since the last call.
  [[nodiscard]] std::vector<std::uint32_t> take_idle() { return std::exchange(idle_, {}); }

  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::size_t memory() const {
    return vector_octets(ways_) + vector_octets(free_) + vector_octets(idle_) + node_octets(index_);
  }

 private:
  using Key = std::tuple<IpAddress, Vni, std::uint32_t>;

  // The caller uses it at once, else it would stay.
  [[nodiscard]] std::uint32_t of(const Key& key) {
    const auto [it, made] = index_.try_emplace(key, 0U);
    if (!made) return it->second;
    std::uint32_t way = 0;
    if (free_.empty()) {
      way = static_cast<std::uint32_t>(ways_.size());
      ways_.emplace_back();
    } else {
      way = free_.back();
      free_.pop_back();
    }
    ways_[way] = Way{std::get<0>(key), std::get<1>(key), std::get<2>(key), 0, true};
    it->second = way;
    return way;
  }

  std::vector<Way> ways_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> idle_;
  std::map<Key, std::uint32_t> index_;  // a few: one a VTEP, one a group
};

}  // namespace perd::fib
