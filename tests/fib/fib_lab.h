// Lab: one Fib over one simulated kernel in virtual time, and a node like a leaf of scenario S01:
// two underlay links, a VTEP, VRF red with VNI 100.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fib/fib.h"
#include "sim_kernel/sim_kernel.h"

namespace perd::fib {

inline IpAddress ip(const char* text) { return *parse_ip(text); }
inline IpPrefix net(const char* text) { return *parse_prefix(text); }
inline MacAddress mac(const char* text) { return *parse_mac(text); }
inline InterfaceAddress cidr(const char* text) { return *parse_interface_address(text); }

inline constexpr VrfId kRed{1};
inline constexpr VrfId kBlue{2};
inline constexpr std::uint8_t kOurs = 179;
inline constexpr std::uint8_t kBird = 12;

inline WantedVrf wanted_vrf(VrfId id, const char* name, std::uint32_t vni) {
  WantedVrf v;
  v.id = id;
  v.name = name;
  v.vni = Vni{vni};
  v.local_vtep = ip("100.65.0.2");
  v.default_mac = mac("02:54:64:41:00:02");
  return v;
}

inline WantedNode wanted_node() {
  WantedNode n;
  n.tunnel_addresses = {ip("100.65.0.2")};
  n.underlay_interfaces = {"eth1"};
  n.vrfs = {wanted_vrf(kRed, "red", 100)};
  n.vrfs[0].table = TableId{1100};
  n.vrfs[0].interfaces = {"eth2"};
  return n;
}

inline TunnelHop tunnel(const char* vtep, const char* router_mac, std::uint32_t vni = 100) {
  return {ip(vtep), mac(router_mac), Vni{vni}};
}

class Lab : public ::testing::Test {
 protected:
  Lab() {
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    kernel.add_address(kernel.add_link("eth3"), cidr("192.168.3.1/24"));
    kernel.add_address(kernel.add_link("eth2"), cidr("10.2.0.1/24"));
    kernel.close();
    restart();
  }

  // A new process over the same kernel.
  void restart() {
    kernel.close();
    fib = std::make_unique<Fib>(7, limits);
    knowledge.clear();
  }
  void start(const WantedNode& node) {
    fib->configure(node, now);
    fib->start(now);
    settle();
  }
  void turn() {
    std::vector<KernelEvent> events;
    kernel.drain_events(events);
    for (auto& e : events) fib->on_kernel_event(std::move(e), now);
    fib->step(now);
    kernel.submit(fib->take_ops(take_max));
    for (auto& k : fib->take_knowledge()) knowledge.push_back(std::move(k));
    for (auto& e : fib->take_events()) said.push_back(std::move(e));
  }
  // Until nothing moves for the debounce and a retry or two; then what is left needs a cause.
  void settle(Duration patience = std::chrono::milliseconds(400)) {
    const TimePoint end = now + patience;
    for (int turns = 0; turns < 20000; ++turns) {
      turn();
      if (fib->more_work() || kernel.in_flight() != 0) continue;
      const Deadline next = fib->next_deadline();
      if (next && *next <= now && fib->in_flight() == 0) {
        now += std::chrono::milliseconds(1);
        continue;
      }
      if (!next || *next > end) {
        turn();
        if (!fib->more_work() && kernel.in_flight() == 0) break;
        continue;
      }
      now = *next;
    }
    now = end;
    turn();
  }
  void run_for(Duration d) { settle(d); }

  NextHopSetId set(VrfId vrf, std::vector<TunnelHop> tunnels) {
    NextHopSet s;
    s.id = ++last_set;
    s.vrf = vrf;
    s.tunnels = std::move(tunnels);
    delta.sets.push_back(s);
    return s.id;
  }
  NextHopSetId gateways(std::vector<IpAddress> addresses) {
    NextHopSet s;
    s.id = ++last_set;
    s.gateways = std::move(addresses);
    delta.sets.push_back(s);
    return s.id;
  }
  void want(VrfId vrf, const char* prefix, NextHopSetId id) {
    delta.routes.push_back({vrf, net(prefix), id});
  }
  void apply() {
    fib->apply(delta, now);
    delta.clear();
    settle();
  }

  [[nodiscard]] const Route* route(const char* prefix, std::uint32_t table = 1100,
                                   std::uint32_t metric = kRouteMetric) const {
    return kernel.route(TableId{table}, net(prefix), metric);
  }
  [[nodiscard]] IfIndex index(const std::string& name) const {
    const Link* l = kernel.link(name);
    return l != nullptr ? l->index : IfIndex{};
  }
  // What a route of the kernel leads to: "VTEP dev LINK" per hop, sorted.
  [[nodiscard]] std::vector<std::string> hops(const Route* r) const {
    std::vector<std::string> out;
    if (r == nullptr) return out;
    const auto add = [this, &out](std::uint32_t id) {
      const auto it = kernel.next_hops().find(id);
      if (it == kernel.next_hops().end() || !it->second.gateway) return;
      const Link* l = kernel.link(it->second.link);
      out.push_back(to_string(*it->second.gateway) + " dev " + (l != nullptr ? l->name : "?"));
    };
    const auto it = kernel.next_hops().find(r->next_hop_id);
    if (it == kernel.next_hops().end()) return out;
    if (it->second.group.empty()) add(r->next_hop_id);
    for (const auto& m : it->second.group) add(m.id);
    std::sort(out.begin(), out.end());
    return out;
  }
  [[nodiscard]] const Neighbour* neighbour(const char* link, const char* address) const {
    const auto it = kernel.neighbours().find({index(link), ip(address)});
    return it == kernel.neighbours().end() ? nullptr : &it->second;
  }
  [[nodiscard]] const FdbEntry* fdb(const char* link, const char* m, bool self) const {
    const auto it = kernel.fdb().find({index(link), mac(m), self});
    return it == kernel.fdb().end() ? nullptr : &it->second;
  }
  // FDB entries that a control plane made.
  [[nodiscard]] std::size_t written_fdb() const {
    std::size_t n = 0;
    for (const auto& [key, e] : kernel.fdb()) n += e.extern_learn ? 1U : 0U;
    return n;
  }
  [[nodiscard]] VrfState vrf_state(VrfId vrf) const {
    VrfState out;
    for (const auto& k : knowledge) {
      if (const auto* s = std::get_if<VrfState>(&k); s != nullptr && s->vrf == vrf) out = *s;
    }
    return out;
  }
  // The last that was told about a next hop.
  [[nodiscard]] std::optional<NextHopState> answer(const char* address) const {
    std::optional<NextHopState> out;
    for (const auto& k : knowledge) {
      const auto* s = std::get_if<NextHopState>(&k);
      if (s != nullptr && s->address == ip(address)) out = *s;
    }
    return out;
  }
  // The last that was told about a local route; none: never, or it went.
  [[nodiscard]] std::optional<LocalRoute> local(VrfId vrf, const char* prefix,
                                                LocalRouteKind kind) const {
    std::optional<LocalRoute> out;
    for (const auto& k : knowledge) {
      const auto* r = std::get_if<LocalRoute>(&k);
      if (r == nullptr || r->vrf != vrf || r->prefix != net(prefix) || r->kind != kind) continue;
      out = r->gone ? std::nullopt : std::optional<LocalRoute>(*r);
    }
    return out;
  }
  [[nodiscard]] std::size_t heard(EventKind kind) const {
    std::size_t n = 0;
    for (const auto& e : said) n += e.kind == kind ? 1U : 0U;
    return n;
  }
  template <class Op>
  [[nodiscard]] static std::size_t count(const std::vector<KernelOp>& ops) {
    std::size_t n = 0;
    for (const auto& op : ops) n += std::holds_alternative<Op>(op.what) ? 1U : 0U;
    return n;
  }
  // Operations of a journal that change something.
  [[nodiscard]] static std::size_t writes(const std::vector<KernelOp>& ops) {
    return ops.size() - count<DumpRequest>(ops);
  }

  sim::SimKernel kernel;
  Limits limits;
  std::unique_ptr<Fib> fib;
  TimePoint now{std::chrono::seconds(1000)};
  DesiredDelta delta;
  NextHopSetId last_set = 0;
  std::size_t take_max = 100000;
  std::vector<LocalKnowledge> knowledge;
  std::vector<Event> said;
};

}  // namespace perd::fib
