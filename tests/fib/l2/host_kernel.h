// HostKernel: what Linux does with the entries of bridges, VXLAN devices, neighbours and FDB
// next-hop objects, by the rules that HostPrograms relies on, in memory and deterministic:
//  - an FdbPut with `both` asks the bridge first and the VXLAN device only when that agreed; an
//    erase with `both` likewise, so a bridge without the entry saves the other half
//  - a VXLAN entry with a destination cannot become one with a next-hop group (refused) nor back
//    (silently ignored); deleting a group deletes its entries without a word
//  - a bridge moves an entry to the port that the host sends from and says the new place alone; an
//    entry that a user made and the bridge took keeps a mark that makes extern_learn be ignored
//  - sticky entries do not move, and extern_learn does not take `sticky` away
// Answers come after the notifications of a batch or before, as `answers_first` says.
#pragma once

#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "perd/kernel.h"

namespace perd::fib {

class HostKernel {
 public:
  struct BridgeEntry {
    IfIndex port{};
    bool extern_learn = false;
    bool by_user = false;
    bool fixed = false;
    bool sticky = false;
    friend bool operator==(const BridgeEntry&, const BridgeEntry&) = default;
  };
  struct VxlanEntry {
    IpAddress vtep{};
    std::optional<Vni> vni;
    std::uint32_t next_hop_id = 0;
    std::uint16_t state = 0;
    bool extern_learn = false;
    bool sticky = false;
  };
  using BridgeKey = std::tuple<IfIndex, std::uint16_t, MacAddress>;  // bridge, VLAN
  using VxlanKey = std::pair<IfIndex, MacAddress>;

  std::map<IfIndex, IfIndex> masters;  // of ports
  std::map<BridgeKey, BridgeEntry> bridge;
  std::map<VxlanKey, VxlanEntry> vxlan;
  std::map<IfIndex, std::map<IpAddress, std::uint16_t>> floods;  // by device: VTEP to state
  std::map<std::pair<IfIndex, IpAddress>, Neighbour> neighbours;
  std::map<std::uint32_t, NextHop> next_hops;
  std::deque<KernelEvent> news;
  std::optional<int> refuse_puts;  // of MACs
  bool answers_first = true;
  enum class Echoes : std::uint8_t { kMarked, kPlain, kFiltered };
  Echoes own_echoes = Echoes::kPlain;  // Linux does not say who wrote an FDB entry
  bool group_support = true;           // false: a kernel before FDB next hops
  std::size_t foreign_harm = 0;        // times that an operation hit an operator's entry
  std::size_t ops = 0;

  // ---- the driver ----
  void submit(const std::vector<KernelOp>& batch) {
    std::deque<KernelEvent> answers;
    own_ = true;
    for (const KernelOp& op : batch) {
      ++ops;
      const int error = std::visit([this](const auto& what) { return run(what); }, op.what);
      if (error != 0) answers.emplace_back(KernelRefused{op.id, error, ""});
    }
    own_ = false;
    if (!batch.empty()) answers.emplace_back(KernelAcked{batch.back().id});
    auto& first = answers_first ? answers : told_;
    auto& second = answers_first ? told_ : answers;
    for (auto* from : {&first, &second}) {
      for (auto& e : *from) news.push_back(std::move(e));
      from->clear();
    }
  }
  void flush() {  // what happened by itself
    for (auto& e : told_) news.push_back(std::move(e));
    told_.clear();
  }
  template <class F>
  void dump(DumpKind kind, F&& show) const {
    if (kind == DumpKind::kFdb) {
      for (const auto& [key, e] : bridge)
        show(KernelEvent{Seen<FdbEntry>{seen(key, e), false, true}});
      for (const auto& [key, e] : vxlan)
        show(KernelEvent{Seen<FdbEntry>{seen(key, e), false, true}});
      for (const auto& [link, list] : floods) {
        for (const auto& [vtep, state] : list) {
          show(KernelEvent{Seen<FdbEntry>{flood(link, vtep, state), false, true}});
        }
      }
    } else if (kind == DumpKind::kNeighbours) {
      for (const auto& [key, n] : neighbours) show(KernelEvent{Seen<Neighbour>{n, false, true}});
    } else if (kind == DumpKind::kNextHops) {
      for (const auto& [id, n] : next_hops) show(KernelEvent{Seen<NextHop>{n, false, true}});
    }
  }

  // ---- what happens by itself, or by an operator ----
  void host_sends(IfIndex port, const MacAddress& mac, std::uint16_t vlan = 0) {
    const BridgeKey key{masters.at(port), vlan, mac};
    const auto it = bridge.find(key);
    if (it == bridge.end()) {
      bridge[key] = BridgeEntry{port, false, false, false, false};
    } else if (it->second.sticky || it->second.port == port) {
      return;
    } else {
      it->second.port = port;
      it->second.extern_learn = false;  // the bridge takes it over, `by_user` stays
    }
    tell(key);
  }
  void age_out(IfIndex bridge_link, const MacAddress& mac, std::uint16_t vlan = 0) {
    erase_bridge({bridge_link, vlan, mac});
  }
  void operator_fdb(IfIndex port, const MacAddress& mac, std::uint16_t vlan = 0) {
    const BridgeKey key{masters.at(port), vlan, mac};
    bridge[key] = BridgeEntry{port, false, true, true, false};
    tell(key);
  }
  void operator_vxlan(IfIndex link, const MacAddress& mac, const IpAddress& vtep) {
    vxlan[{link, mac}] = VxlanEntry{vtep, std::nullopt, 0, 0x80, false, false};
    tell(VxlanKey{link, mac});
  }
  void erase_vxlan(const VxlanKey& key) {
    const auto it = vxlan.find(key);
    if (it == vxlan.end()) return;
    tell(Seen<FdbEntry>{seen(key, it->second), true});
    vxlan.erase(it);
  }
  void put_neighbour(const Neighbour& n) {
    neighbours[{n.link, n.address}] = n, tell(Seen<Neighbour>{n});
  }
  bool erase_neighbour(IfIndex link, const IpAddress& a) {
    const auto it = neighbours.find({link, a});
    if (it == neighbours.end()) return false;
    tell(Seen<Neighbour>{it->second, true});
    neighbours.erase(it);
    return true;
  }
  void erase_flood(IfIndex link, const IpAddress& vtep) {
    tell(Seen<FdbEntry>{flood(link, vtep, 0), true});
    floods[link].erase(vtep);
  }
  void lose_device(IfIndex link) {  // without a word
    std::erase_if(vxlan, [link](const auto& e) { return e.first.first == link; });
    std::erase_if(neighbours, [link](const auto& e) { return e.first.first == link; });
    std::erase_if(bridge, [link](const auto& e) {
      return std::get<0>(e.first) == link || e.second.port == link;
    });
    floods.erase(link);
    masters.erase(link);
  }
  int erase_next_hop(std::uint32_t id) { return run(NextHopErase{id}); }
  void lose_news() { told_.clear(), news.clear(); }
  void lose_news_but_answers() {
    told_.clear();
    std::erase_if(news, [](const KernelEvent& e) {
      return !std::holds_alternative<KernelAcked>(e) && !std::holds_alternative<KernelRefused>(e);
    });
  }

 private:
  template <class T>
  static int run(const T&) {
    return EOPNOTSUPP;
  }
  [[nodiscard]] FdbEntry seen(const BridgeKey& key, const BridgeEntry& e) const {
    FdbEntry f;
    f.link = e.port;
    f.master = std::get<0>(key);
    f.vlan = std::get<1>(key);
    f.mac = std::get<2>(key);
    f.state = e.fixed ? 0x40 : 0x02;
    f.extern_learn = e.extern_learn;
    f.sticky = e.sticky;
    return f;
  }
  [[nodiscard]] FdbEntry seen(const VxlanKey& key, const VxlanEntry& e) const {
    FdbEntry f;
    f.link = key.first;
    f.mac = key.second;
    f.self = true;
    f.destination = e.vtep;
    f.vni = e.vni;
    f.next_hop_id = e.next_hop_id;
    f.state = e.state;
    f.extern_learn = e.extern_learn;
    f.sticky = e.sticky;
    return f;
  }
  [[nodiscard]] static FdbEntry flood(IfIndex link, const IpAddress& vtep, std::uint16_t state) {
    FdbEntry f;
    f.link = link;
    f.self = true;
    f.destination = vtep;
    f.state = state;
    return f;
  }
  template <class T>
  void tell(Seen<T> s) {
    if (own_ && own_echoes == Echoes::kFiltered) return;
    s.own_echo = own_ && own_echoes == Echoes::kMarked;
    told_.emplace_back(std::move(s));
  }
  void tell(const BridgeKey& key) { tell(Seen<FdbEntry>{seen(key, bridge.at(key))}); }
  void tell(const VxlanKey& key) { tell(Seen<FdbEntry>{seen(key, vxlan.at(key))}); }
  bool erase_bridge(const BridgeKey& key) {
    const auto it = bridge.find(key);
    if (it == bridge.end()) return false;
    tell(Seen<FdbEntry>{seen(key, it->second), true});
    bridge.erase(it);
    return true;
  }

  int put_bridge(const FdbEntry& e) {
    if (masters.count(e.link) == 0) return EINVAL;
    const BridgeKey key{masters.at(e.link), e.vlan, e.mac};
    const auto [it, made] = bridge.try_emplace(key);
    BridgeEntry& b = it->second;
    if (!made && b.fixed && !b.extern_learn && !(b.sticky && b.port == e.link)) ++foreign_harm;
    b.port = e.link;
    if (e.extern_learn) {
      if (made || !b.by_user) b.extern_learn = true;  // as kernels before 6.12 do
    } else {
      b.fixed = (e.state & 0xc0U) != 0;
      b.sticky = e.sticky;
    }
    b.by_user = true;
    tell(key);
    return 0;
  }
  int put_vxlan(const FdbEntry& e) {
    if ((e.state & 0x82U) == 0) return EINVAL;
    const VxlanKey key{e.link, e.mac};
    if (e.next_hop_id != 0) {
      if (e.vni || !e.destination.is_unspecified()) return EINVAL;
      const auto group = next_hops.find(e.next_hop_id);
      if (group == next_hops.end() || group->second.group.empty()) return EINVAL;
    }
    const auto it = vxlan.find(key);
    if (it != vxlan.end()) {
      if (e.next_hop_id != 0 && it->second.next_hop_id == 0) return EOPNOTSUPP;
      if ((it->second.state & 0x80U) != 0) ++foreign_harm;
      if (e.next_hop_id == 0 && it->second.next_hop_id != 0) return 0;
    }
    vxlan[key] = VxlanEntry{e.destination, e.vni, e.next_hop_id, e.state, e.extern_learn, e.sticky};
    tell(key);
    return 0;
  }
  int run(const FdbPut& op) {
    const FdbEntry& e = op.entry;
    if (e.mac.is_zero()) {
      if (!op.append || e.destination.is_unspecified()) return EOPNOTSUPP;
      floods[e.link][e.destination] = e.state;
      tell(Seen<FdbEntry>{flood(e.link, e.destination, e.state)});
      return 0;
    }
    if (refuse_puts) return *refuse_puts;
    if (op.both || !e.self) {
      if (const int error = put_bridge(e); error != 0) return error;
    }
    return op.both || e.self ? put_vxlan(e) : 0;
  }
  int run(const FdbErase& op) {
    const FdbEntry& e = op.entry;
    if (e.mac.is_zero()) {
      if (floods[e.link].erase(e.destination) == 0) return ENOENT;
      tell(Seen<FdbEntry>{flood(e.link, e.destination, 0xc0), true});
      return 0;
    }
    if (op.both || !e.self) {
      if (masters.count(e.link) == 0) return EINVAL;
      const BridgeKey key{masters.at(e.link), e.vlan, e.mac};
      const auto it = bridge.find(key);
      if (it == bridge.end() || it->second.port != e.link) return ENOENT;
      if (it->second.fixed && !it->second.sticky) ++foreign_harm;
      erase_bridge(key);
    }
    if (!op.both && !e.self) return 0;
    const auto it = vxlan.find({e.link, e.mac});
    if (it == vxlan.end()) return ENOENT;
    if (!e.destination.is_unspecified() && it->second.vtep != e.destination) return ENOENT;
    if ((it->second.state & 0x80U) != 0) ++foreign_harm;
    erase_vxlan({e.link, e.mac});
    return 0;
  }
  int run(const NeighbourPut& op) {
    const auto it = neighbours.find({op.neighbour.link, op.neighbour.address});
    if (it != neighbours.end() && (it->second.state & 0x80U) != 0) ++foreign_harm;
    Neighbour n = op.neighbour;
    if (n.protocol == 0 && it != neighbours.end()) n.protocol = it->second.protocol;  // it stays
    put_neighbour(n);
    return 0;
  }
  int run(const NeighbourErase& op) {
    const auto it = neighbours.find({op.link, op.address});
    if (it != neighbours.end() && !it->second.extern_learn) ++foreign_harm;
    return erase_neighbour(op.link, op.address) ? 0 : ENOENT;
  }
  int run(const NextHopPut& op) {
    if (op.next_hop.fdb && !group_support) return EINVAL;
    for (const auto& m : op.next_hop.group) {
      if (next_hops.count(m.id) == 0) return EINVAL;
    }
    next_hops[op.next_hop.id] = op.next_hop;
    tell(Seen<NextHop>{op.next_hop});
    return 0;
  }
  int run(const NextHopErase& op) {
    const auto it = next_hops.find(op.id);
    if (it == next_hops.end()) return ENOENT;
    tell(Seen<NextHop>{it->second, true});
    next_hops.erase(it);
    std::erase_if(vxlan, [&op](const auto& e) { return e.second.next_hop_id == op.id; });
    std::vector<std::uint32_t> emptied;
    for (auto& [id, n] : next_hops) {
      if (std::erase_if(n.group, [&op](const auto& m) { return m.id == op.id; }) == 0) continue;
      if (n.group.empty()) emptied.push_back(id);
    }
    for (const std::uint32_t id : emptied) (void)run(NextHopErase{id});
    return 0;
  }

  std::deque<KernelEvent> told_;
  bool own_ = false;
};

}  // namespace perd::fib
