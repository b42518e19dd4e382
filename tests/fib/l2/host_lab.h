// HostLab: HostPrograms alone over a HostKernel, in virtual time: one MAC-VRF with a bridge, a
// VXLAN device and two local ports, and whatever else a test puts up.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fib/l2/host_kernel.h"
#include "fib/l2/host_programs.h"

namespace perd::fib {

inline constexpr MacVrfId kRedSegment{1};
inline constexpr IfIndex kBridge{10};
inline constexpr IfIndex kVxlan{11};
inline constexpr IfIndex kPort1{12};
inline constexpr IfIndex kPort2{13};
inline constexpr HostKernel::Echoes kAllEchoes[] = {
    HostKernel::Echoes::kMarked, HostKernel::Echoes::kPlain, HostKernel::Echoes::kFiltered};

class HostLab : public ::testing::Test {
 protected:
  static IpAddress ip(const std::string& text) { return *parse_ip(text); }
  static MacAddress mac(const std::string& text) { return *parse_mac(text); }
  static constexpr const char* kHost = "02:00:00:00:00:11";

  HostLab() {
    link(kBridge, "br-pe-110", LinkKind::kBridge);
    link(kVxlan, "vni110", LinkKind::kVxlan);
    link(kPort1, "eth2", LinkKind::kVeth);
    link(kPort2, "eth3", LinkKind::kVeth);
    for (const IfIndex port : {kVxlan, kPort1, kPort2}) kernel.masters[port] = kBridge;
    ports[kRedSegment] = MacVrfPorts{kBridge, kVxlan, kBridge, 0, Vni{110}, true, {kPort1, kPort2}};
    restart();
    start();
  }

  // A new process over the same kernel, that has read nothing yet.
  void restart() {
    kernel.lose_news();
    hosts.reset();
    shared = std::make_unique<Shared>(limits);
    links = std::make_unique<LinkTable>();
    hosts = std::make_unique<HostPrograms>(*shared, *links);
    for (const auto& [index, l] : known_links) (void)links->see(l, false);
  }
  void start() {
    place();
    for (const DumpKind kind : {DumpKind::kNextHops, DumpKind::kNeighbours, DumpKind::kFdb}) {
      read(kind);
    }
    shared->writing = true;
    hosts->request_scan_all();
    settle();
  }
  void link(IfIndex index, const char* name, LinkKind kind, const char* alias = "perd") {
    Link l;
    l.index = index;
    l.name = name;
    l.kind = kind;
    l.admin_up = l.running = true;
    l.alias = alias;
    known_links[index] = l;
    if (links) (void)links->see(l, false);
  }
  void set_up(IfIndex index, bool up) {
    known_links[index].admin_up = up;
    (void)links->see(known_links[index], false);
    hosts->link_changed(index);
  }
  void lose_link(IfIndex index) {
    kernel.lose_device(index);
    known_links.erase(index);
    (void)links->lose(index);
    hosts->link_gone(index);
  }
  bool place(bool empty = false) {
    return hosts->set_ports(ports, [empty](IfIndex) { return empty; });
  }
  void begin(DumpKind kind) {
    for (int i = 0; i < 1000 && !hosts->may_begin_dump(kind); ++i) hosts->go_on_marking(now);
    ASSERT_TRUE(hosts->may_begin_dump(kind));
    hosts->begin_dump(kind);
  }
  void show(DumpKind kind) {
    kernel.dump(kind, [this](KernelEvent&& e) { hear(std::move(e)); });
  }
  void read(DumpKind kind) {
    begin(kind);
    show(kind);
    hosts->end_dump(kind, now);
  }
  void hear(KernelEvent&& event) {
    if (const auto* n = std::get_if<Seen<Neighbour>>(&event)) hosts->observe(*n, now);
    if (const auto* f = std::get_if<Seen<FdbEntry>>(&event)) hosts->observe(*f, now);
    if (const auto* h = std::get_if<Seen<NextHop>>(&event)) hosts->observe(*h, now);
    if (const auto* r = std::get_if<KernelRefused>(&event)) {
      if (const auto flight = shared->ops.refused(r->id)) {
        (void)hosts->refused(*flight, r->error, r->message, now);
      }
    }
    if (const auto* a = std::get_if<KernelAcked>(&event)) {
      while (const auto flight = shared->ops.acked(a->up_to)) (void)hosts->acked(*flight, now);
    }
  }
  void hear_all() {
    kernel.flush();
    while (!kernel.news.empty()) {
      KernelEvent e = std::move(kernel.news.front());
      kernel.news.pop_front();
      hear(std::move(e));
    }
  }
  void hear_answers() {  // and leave the rest for later, as two sockets may
    std::deque<KernelEvent> rest;
    for (KernelEvent& e : kernel.news) {
      const bool answer =
          std::holds_alternative<KernelAcked>(e) || std::holds_alternative<KernelRefused>(e);
      if (answer) {
        hear(std::move(e));
      } else {
        rest.push_back(std::move(e));
      }
    }
    kernel.news.swap(rest);
  }
  void step() {
    hosts->go_on_marking(now);
    if (!shared->writing) return;
    hosts->step_first(now);
    hosts->step(now, budget);
    hosts->step_erases(now);
  }
  // What fib wants done now; the journal keeps it.
  std::vector<KernelOp> take() {
    std::vector<KernelOp> ops = shared->ops.take(100000);
    for (const KernelOp& op : ops) journal.push_back(op);
    return ops;
  }
  void turn() {
    hear_all();
    step();
    kernel.submit(take());
  }
  void settle(Duration patience = std::chrono::milliseconds(400)) {
    const TimePoint end = now + patience;
    for (int turns = 0; turns < 100000; ++turns) {
      turn();
      if (!kernel.news.empty() || hosts->more_work() || hosts->marking()) continue;
      const Deadline next = hosts->deadline();
      if (!next || *next > end) break;
      now = std::max(now + std::chrono::microseconds(1), *next);
    }
    now = end;
    turn();
    hear_all();
  }

  VtepSetId set(std::vector<std::string> vteps, std::uint32_t vni = 110, VtepSetId id = 0) {
    VtepSet s;
    s.id = id != 0 ? id : ++last_set;
    s.mac_vrf = kRedSegment;
    s.vni = Vni{vni};
    for (const auto& v : vteps) s.vteps.push_back(ip(v));
    delta.sets.push_back(s);
    return s.id;
  }
  void want(const std::string& m, VtepSetId id, bool sticky = false, bool urgent = false) {
    delta.macs.push_back({kRedSegment, mac(m), id, sticky, urgent});
  }
  void want_host(const std::string& address, const std::string& m,
                 NeighbourWish wish = NeighbourWish::kRemote, bool router = false) {
    delta.neighbours.push_back({kRedSegment, ip(address), mac(m), wish, router, false});
  }
  void flood(const std::string& vtep, bool gone = false) {
    delta.floods.push_back({kRedSegment, ip(vtep), gone});
  }
  void hand_over() {
    hosts->apply(delta);
    delta = {};
  }
  void apply() {
    journal.clear();
    hand_over();
    settle();
  }

  // "bridge PORT extern|sticky|fixed|learned, vxlan VTEP|group N [vni N]"; "-" for what is not
  // there.
  [[nodiscard]] std::string shape(const std::string& m) const {
    const MacVrfPorts& p = ports.at(kRedSegment);
    std::string text = "bridge ";
    const auto b = kernel.bridge.find({p.bridge, p.vlan, mac(m)});
    if (b == kernel.bridge.end()) {
      text += "-";
    } else {
      text += known_links.at(b->second.port).name;
      text += b->second.extern_learn ? " extern" : "";
      text += b->second.sticky ? " sticky" : b->second.fixed ? " fixed" : "";
    }
    const auto v = kernel.vxlan.find({p.vxlan, mac(m)});
    if (v == kernel.vxlan.end()) return text + ", vxlan -";
    const auto& e = v->second;
    text += e.next_hop_id != 0 ? ", vxlan group" : ", vxlan " + to_string(e.vtep);
    if (e.next_hop_id != 0) {
      for (const auto& member : kernel.next_hops.at(e.next_hop_id).group) {
        text += " " + to_string(*kernel.next_hops.at(member.id).gateway);
      }
    }
    if (e.vni) text += " vni " + std::to_string(e.vni->value);
    if (!e.extern_learn) text += e.sticky ? " sticky" : " foreign";
    return text;
  }
  [[nodiscard]] const Neighbour* neighbour(const std::string& address) const {
    const auto it = kernel.neighbours.find({ports.at(kRedSegment).svi, ip(address)});
    return it == kernel.neighbours.end() ? nullptr : &it->second;
  }
  [[nodiscard]] EntryState state(const std::string& m) const {
    const auto view = hosts->mac(kRedSegment, mac(m));
    return view ? view->state : EntryState::kStale;
  }
  template <class Op>
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const auto& op : journal) n += std::holds_alternative<Op>(op.what) ? 1U : 0U;
    return n;
  }

  HostKernel kernel;
  Limits limits;
  std::map<IfIndex, Link> known_links;
  std::unique_ptr<Shared> shared;
  std::unique_ptr<LinkTable> links;
  std::unique_ptr<HostPrograms> hosts;
  MacVrfPortMap ports;
  L2Delta delta;
  VtepSetId last_set = 0;
  std::size_t budget = 4096;
  std::vector<KernelOp> journal;
  TimePoint now{std::chrono::seconds(1000)};
};

}  // namespace perd::fib
