// SimKernel: Linux's tables in memory, behind the same seam as the real ones (perd/kernel.h). It
// refuses as Linux does, and it is silent where Linux is: next hops and IPv4 routes of a link that
// goes down, routes of a deleted next-hop object. Deterministic; no clock.
//
// Answers (dumps, refusals, acknowledgements) and notifications are two streams, as the two sockets
// are; drain_events() joins them in the order that set_order() asks for. The operator's commands
// (add_*, del_*, set_*) act at once, and so do the hosts (learn, hear, resolve, age).
//
// FDB entries of bridges and VXLAN devices follow what Linux 6.18 was seen to do (sim_bridge.cpp).
// Not modelled: several IPv6 routes of one key, prefsrc, cached routes, the copies that a
// VLAN-aware bridge makes of an entry without VLAN, frames that cross from link to link.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "perd/kernel.h"
#include "perd/random.h"

namespace perd::sim {

struct SimRefusal {
  int error = 0;
  std::string message;
};

class SimKernel final : public KernelDriver {
 public:
  enum class Order : std::uint8_t { kAnswersFirst, kNotificationsFirst, kMixed };
  struct FdbKey {
    IfIndex link{};
    MacAddress mac{};
    bool self = false;
    std::uint16_t vlan = 0;
    friend bool operator==(const FdbKey&, const FdbKey&) = default;
    friend auto operator<=>(const FdbKey&, const FdbKey&) = default;
  };
  using BridgeKey = std::tuple<IfIndex, MacAddress, std::uint16_t>;  // a bridge has a MAC once
  using NeighbourKey = std::pair<IfIndex, IpAddress>;
  using AddressKey = std::pair<IfIndex, InterfaceAddress>;
  using RuleKey = std::tuple<std::string, IpFamily, TableId, std::uint32_t>;

  SimKernel();

  // ---- the driver ----
  void submit(std::vector<KernelOp>&& ops) override;
  [[nodiscard]] std::size_t in_flight() const override { return unanswered_; }
  // Everything there is to tell; appends.
  void drain_events(std::vector<KernelEvent>& out);
  // drain_events() would have something.
  [[nodiscard]] bool has_news() const { return !answers_.empty() || !notifications_.empty(); }
  // The process is gone: what was to be told is lost, the tables stay.
  void close();

  // ---- the operator ----
  IfIndex add_link(const std::string& name, LinkKind kind = LinkKind::kVeth, bool up = true);
  IfIndex add_link(const LinkCreate& create);  // asserts that it is accepted
  void del_link(const std::string& name);
  void set_up(const std::string& name, bool up);
  void set_carrier(const std::string& name, bool carrier);
  void set_master(const std::string& name, const std::string& master);  // "" releases
  void set_mtu(const std::string& name, std::uint32_t mtu);
  void change_link(const LinkChange& change);
  // What has no operation of its own: VLANs, ageing.
  void amend_link(const std::string& name, const std::function<void(Link&)>& amend);
  void add_address(IfIndex link, const InterfaceAddress& address);
  void del_address(IfIndex link, const InterfaceAddress& address);
  void add_route(const Route& route);  // create or replace
  bool del_route(const RouteKey& key);
  void add_neighbour(const Neighbour& neighbour);
  bool del_neighbour(IfIndex link, const IpAddress& address);
  void add_fdb(const FdbEntry& entry);
  bool del_fdb(IfIndex link, const MacAddress& mac, bool self);
  // An ARP answer or what else the kernel learns by itself. False: the entry does not change for
  // it.
  bool resolve(const Neighbour& neighbour);
  // A frame of that MAC comes in by a port of a bridge, which learns it or moves it there.
  void learn(const std::string& port, const MacAddress& mac);
  // The bridge forgets what it learned; false: nothing learned there.
  bool age(const std::string& port, const MacAddress& mac);
  // learn() is possible: it is a running port of a bridge.
  [[nodiscard]] bool can_learn(const std::string& port) const;
  // A frame about a host comes in; false: nobody listens.
  bool hear(const HostPacket& packet);
  void add_next_hop(const NextHop& next_hop);
  bool del_next_hop(std::uint32_t id);
  void add_rule(const Rule& rule);
  bool del_rule(const Rule& rule);
  void reboot();  // everything is lost but lo; whoever listens is gone too

  // ---- faults ----
  void set_order(Order order, std::uint64_t seed = 1) { order_ = order, random_ = Random(seed); }
  void force_overrun();                                          // pending notifications are lost
  void interrupt_dumps(unsigned count) { interrupts_ = count; }  // the next ones
  // Asked before each operation; a refusal is the answer instead.
  std::function<std::optional<SimRefusal>(const KernelOp&)> refuse;
  // Frames that the driver sends out of a running link.
  std::function<void(const PacketSend&)> on_packet;
  bool has_vrf = true;  // false: a kernel without VRF devices
  // The bridge's own entries for the MACs of its ports, which are no hosts.
  bool port_entries = true;
  // As LinuxKernel::Options::drop_own_echoes.
  bool drop_own_echoes = true;
  bool keep_journal = true;

  // ---- tables, for assertions ----
  [[nodiscard]] const Link* link(const std::string& name) const;
  [[nodiscard]] const Link* link(IfIndex index) const;
  [[nodiscard]] const std::map<IfIndex, Link>& links() const { return links_; }
  [[nodiscard]] const std::set<AddressKey>& addresses() const { return addresses_; }
  [[nodiscard]] const std::map<NeighbourKey, Neighbour>& neighbours() const { return neighbours_; }
  [[nodiscard]] const std::map<FdbKey, FdbEntry>& fdb() const { return fdb_; }
  // Flood entries of VXLAN devices: of the zero MAC, one per destination.
  [[nodiscard]] const std::map<NeighbourKey, FdbEntry>& floods() const { return floods_; }
  [[nodiscard]] const std::map<std::uint32_t, NextHop>& next_hops() const { return next_hops_; }
  [[nodiscard]] const std::map<RouteKey, Route>& routes() const { return routes_; }
  [[nodiscard]] const std::map<RuleKey, Rule>& rules() const { return rules_; }
  [[nodiscard]] const std::map<std::string, std::string>& sysctls() const { return sysctls_; }
  [[nodiscard]] const std::set<IfIndex>& listening() const { return listening_; }
  [[nodiscard]] const Route* route(TableId table, const IpPrefix& prefix,
                                   std::uint32_t metric) const;
  // Operations that arrived, in order, since the last call.
  [[nodiscard]] std::vector<KernelOp> take_journal();
  // Times that an operation replaced an entry of another protocol: must stay 0.
  [[nodiscard]] std::size_t foreign_overwritten() const { return foreign_overwritten_; }
  [[nodiscard]] std::size_t operations() const { return operations_; }

 private:
  using Verdict = std::optional<SimRefusal>;  // none: done

  Verdict run(const LinkCreate& op);
  Verdict run(const LinkChange& op);
  Verdict run(const LinkErase& op);
  Verdict run(const AddressPut& op);
  Verdict run(const AddressErase& op);
  Verdict run(const NeighbourPut& op);
  Verdict run(const NeighbourErase& op);
  Verdict run(const FdbPut& op);
  Verdict run(const FdbErase& op);
  Verdict run(const NextHopPut& op);
  Verdict run(const NextHopErase& op);
  Verdict run(const RoutePut& op);
  Verdict run(const RouteErase& op);
  Verdict run(const RulePut& op);
  Verdict run(const RuleErase& op);
  Verdict run(const SysctlPut& op);
  Verdict run(const PortListen& op);
  Verdict run(const PacketSend& op);
  Verdict run(const DumpRequest& op);

  static constexpr std::uint16_t kNudReachable = 0x02;
  static constexpr std::uint16_t kNudFailed = 0x20;
  static constexpr std::uint16_t kNudNoArp = 0x40;
  static constexpr std::uint16_t kNudPermanent = 0x80;
  static constexpr std::uint16_t kNudPermanentOrNoArp = 0xc0;

  // The kernel names who wrote an object, not who caused what else comes of it; of FDB entries, and
  // of neighbours that go, it never does.
  template <class Put, class Erase>
  [[nodiscard]] bool wrote() const {
    return writing_ != nullptr && (std::holds_alternative<Put>(writing_->what) ||
                                   std::holds_alternative<Erase>(writing_->what));
  }
  template <class T>
  [[nodiscard]] bool own([[maybe_unused]] bool gone) const {
    if constexpr (std::is_same_v<T, Route>) return wrote<RoutePut, RouteErase>();
    if constexpr (std::is_same_v<T, NextHop>) return wrote<NextHopPut, NextHopErase>();
    if constexpr (std::is_same_v<T, Address>) return wrote<AddressPut, AddressErase>();
    if constexpr (std::is_same_v<T, Rule>) return wrote<RulePut, RuleErase>();
    if constexpr (std::is_same_v<T, Neighbour>) {
      return !gone && wrote<NeighbourPut, NeighbourErase>();
    }
    return false;
  }
  template <class T>
  void notify(const T& object, bool gone = false) {
    const bool echo = own<T>(gone);
    if (echo && drop_own_echoes) {
      if constexpr (std::is_same_v<T, Route>) return;
      if constexpr (std::is_same_v<T, Neighbour>) {
        if (object.extern_learn) return;
      }
    }
    notifications_.emplace_back(Seen<T>{object, gone, false, echo});
  }
  template <class Map>
  void dump(const Map& map, bool half);
  void renew_running(Link& link);
  void renew_peer(const Link& link);
  void bring_up(Link& link);
  void bring_down(Link& link);
  void enslave(Link& link, IfIndex master);
  void drop_link(IfIndex index);
  Verdict add_peer(IfIndex near, const std::string& name);
  void add_connected(const Link& link, const InterfaceAddress& a);
  void del_connected(const Link& link, const InterfaceAddress& a, TableId table);
  void flush_link(const Link& link);
  using Fdb = std::map<FdbKey, FdbEntry>;
  Fdb::iterator forget(Fdb::iterator it, bool tell = true);
  void place(const FdbEntry& entry);
  [[nodiscard]] FdbEntry* find_in_bridge(IfIndex bridge, const MacAddress& mac, std::uint16_t vlan);
  Verdict put_in_bridge(const Link& port, const FdbEntry& entry);
  Verdict put_in_device(const FdbEntry& entry, bool append);
  Verdict put_flood(const FdbEntry& entry, bool append);
  Verdict erase_flood(const FdbEntry& entry);
  [[nodiscard]] Verdict check_fdb_group(std::uint32_t id) const;
  [[nodiscard]] Verdict check_fdb_members(const NextHop& group) const;
  void add_port_entry(const Link& port);
  void del_port_entry(const Link& port);
  void flush_port(const Link& port);
  void erase_floods(IfIndex link);
  void remove_next_hop(std::uint32_t id, bool tell);
  void drop_fdb_users(std::uint32_t id);
  [[nodiscard]] TableId table_of(const Link& link) const;
  [[nodiscard]] Verdict check_gateway(const IpAddress& gateway, IfIndex link, bool onlink) const;
  [[nodiscard]] Verdict check_single(const NextHop& n) const;
  [[nodiscard]] bool family_fits(const Route& route) const;

  std::map<IfIndex, Link> links_;
  std::map<IfIndex, bool> carrier_;
  std::set<AddressKey> addresses_;
  std::map<NeighbourKey, Neighbour> neighbours_;
  Fdb fdb_;
  std::map<BridgeKey, IfIndex> places_;  // where a bridge has it
  std::map<NeighbourKey, FdbEntry> floods_;
  std::map<std::uint32_t, NextHop> next_hops_;
  std::map<RouteKey, Route> routes_;
  std::map<std::uint32_t, std::set<RouteKey>> users_;  // routes over a next-hop object
  std::map<RuleKey, Rule> rules_;
  std::map<std::string, std::string> sysctls_;
  std::set<IfIndex> listening_;
  std::deque<KernelEvent> answers_;
  std::deque<KernelEvent> notifications_;
  std::vector<KernelOp> journal_;
  Random random_{1};
  Order order_ = Order::kAnswersFirst;
  std::uint32_t next_index_ = 1;
  std::uint64_t expected_id_ = 1;
  std::size_t unanswered_ = 0;
  std::size_t foreign_overwritten_ = 0;
  std::size_t operations_ = 0;
  unsigned interrupts_ = 0;
  const KernelOp* writing_ = nullptr;  // what the driver does; none: an operator
};

}  // namespace perd::sim
