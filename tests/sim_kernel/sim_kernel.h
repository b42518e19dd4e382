// SimKernel: Linux's tables in memory, behind the same seam as the real ones (perd/kernel.h). It
// refuses as Linux does, and it is silent where Linux is: next hops and IPv4 routes of a link that
// goes down, routes of a deleted next-hop object. Deterministic; no clock.
//
// Answers (dumps, refusals, acknowledgements) and notifications are two streams, as the two sockets
// are; drain_events() joins them in the order that set_order() asks for. The operator's commands
// (add_*, del_*, set_*) act at once. Not modelled: several IPv6 routes of one key, prefsrc, cached
// routes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
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
  using FdbKey = std::tuple<IfIndex, MacAddress, bool>;  // link, MAC, self
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
  // A frame of that MAC comes in by a port of a bridge, which learns it or moves it there.
  void learn(const std::string& port, const MacAddress& mac);
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

  template <class T>
  void notify(const T& object, bool gone = false) {
    notifications_.emplace_back(Seen<T>{object, gone, false});
  }
  template <class Map>
  void dump(const Map& map, bool half);
  void renew_running(Link& link);
  void bring_up(Link& link);
  void bring_down(Link& link);
  void enslave(Link& link, IfIndex master);
  void drop_link(IfIndex index);
  Verdict add_peer(IfIndex near, const std::string& name);
  void add_connected(const Link& link, const InterfaceAddress& a);
  void del_connected(const Link& link, const InterfaceAddress& a, TableId table);
  void flush_link(const Link& link);
  void leave_port(const FdbEntry& now);
  void flush_port(const Link& port);
  void erase_floods(IfIndex link);
  void remove_next_hop(std::uint32_t id, bool tell);
  [[nodiscard]] TableId table_of(const Link& link) const;
  [[nodiscard]] Verdict check_gateway(const IpAddress& gateway, IfIndex link, bool onlink) const;
  [[nodiscard]] Verdict check_single(const NextHop& n) const;
  [[nodiscard]] bool family_fits(const Route& route) const;

  std::map<IfIndex, Link> links_;
  std::map<IfIndex, bool> carrier_;
  std::set<AddressKey> addresses_;
  std::map<NeighbourKey, Neighbour> neighbours_;
  std::map<FdbKey, FdbEntry> fdb_;
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
};

}  // namespace perd::sim
