// Goal: what the kernel knows of hosts behind local ports is told, the same by events as by a read
// of its tables, and never what perd put there itself. Method: the simulated kernel's bridge
// learns, ages and moves MACs; what was told is compared with its tables.
#include "fib/l2/local_hosts.h"

#include <map>

#include "fib/l2/host_voice.h"
#include "fib/l2/l2_lab.h"

namespace perd::fib {
namespace {

constexpr std::uint16_t kReachable = 0x02;
constexpr std::uint16_t kStale = 0x04;
constexpr std::uint16_t kProbe = 0x10;
constexpr std::uint16_t kFailed = 0x20;
constexpr std::uint16_t kIncomplete = 0x01;
constexpr std::uint16_t kNoArp = 0x40;
constexpr std::uint16_t kPermanent = 0x80;

MacAddress host(unsigned n) {
  return MacAddress{
      {0x02, 0, 0, 0, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}};
}

class Hosts : public L2Lab {
 protected:
  WantedNode two_ports() {
    WantedNode n = wanted_l2_node();
    n.mac_vrfs[0].interfaces = {"tap1", "tap2"};
    return n;
  }
  void begin() {
    start(two_ports());
    knowledge.clear();
  }
  [[nodiscard]] FdbEntry entry(const char* port, const MacAddress& m, std::uint16_t nud) const {
    FdbEntry e;
    e.link = index(port);
    e.mac = m;
    e.state = nud;
    return e;
  }
  // perd's own, as branch-off of a type 2: at the VXLAN device.
  void put_remote(const MacAddress& m) {
    FdbEntry e = entry("vni110", m, kReachable);
    e.extern_learn = true;
    kernel.add_fdb(e);
  }
  void see_neighbour(const char* address, const MacAddress& m, std::uint16_t nud,
                     bool extern_learn = false) {
    Neighbour n;
    n.link = index("br-pe-110");
    n.address = ip(address);
    n.mac = m;
    n.state = nud;
    n.extern_learn = extern_learn;
    kernel.add_neighbour(n);
    settle();
  }
  template <class T>
  [[nodiscard]] std::vector<T> told() const {
    std::vector<T> out;
    for (const auto& k : knowledge) {
      if (const auto* t = std::get_if<T>(&k)) out.push_back(*t);
    }
    return out;
  }
  template <class T>
  [[nodiscard]] std::vector<T> news() {
    settle();
    std::vector<T> out = told<T>();
    knowledge.clear();
    return out;
  }
  [[nodiscard]] LocalMac at(const char* port, const MacAddress& m) const {
    LocalMac l;
    l.mac_vrf = kStorage;
    l.mac = m;
    l.port = index(port).value;
    return l;
  }
  [[nodiscard]] LocalMac gone(const char* port, const MacAddress& m, bool down = false) const {
    LocalMac l = at(port, m);
    l.gone = true;
    l.port_down = down;
    return l;
  }
  [[nodiscard]] static LocalNeighbour says(const char* address, const MacAddress& m,
                                           NeighbourNews news) {
    LocalNeighbour n;
    n.mac_vrf = kStorage;
    n.address = ip(address);
    n.mac = m;
    n.news = news;
    return n;
  }
};

using Macs = std::vector<LocalMac>;
using Neighbours = std::vector<LocalNeighbour>;

TEST_F(Hosts, AMacComesMovesAndGoes) {
  begin();
  kernel.learn("tap1", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap1", host(1))});
  kernel.learn("tap1", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{});
  kernel.learn("tap2", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap2", host(1))});
  kernel.del_fdb(index("tap2"), host(1), false);  // aged out
  EXPECT_EQ(news<LocalMac>(), Macs{gone("tap2", host(1))});
}

TEST_F(Hosts, ComingAndGoingWithinATurnIsNoNews) {
  begin();
  kernel.learn("tap1", host(1));
  settle();
  knowledge.clear();
  kernel.del_fdb(index("tap1"), host(1), false);
  kernel.learn("tap1", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{});
  kernel.del_fdb(index("tap1"), host(1), false);
  kernel.learn("tap2", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap2", host(1))});
}

TEST_F(Hosts, WhatIsNoHostIsNotTold) {
  begin();
  kernel.add_fdb(entry("tap1", kernel.link("tap1")->mac, kPermanent));
  kernel.add_fdb(entry("tap1", host(7), kPermanent));
  kernel.add_fdb(entry("tap1", mac("01:00:5e:00:00:01"), kNoArp));
  put_remote(host(2));
  EXPECT_EQ(news<LocalMac>(), Macs{});
  // On the bridge of an L3VNI, and on one that is nobody's.
  (void)kernel.add_link("br7", LinkKind::kBridge);
  (void)kernel.add_link("tap7");
  kernel.set_master("tap7", "br7");
  settle();
  kernel.learn("tap7", host(3));
  EXPECT_EQ(news<LocalMac>(), Macs{});
}

TEST_F(Hosts, StaticAndStickyEntriesAreSticky) {
  begin();
  kernel.add_fdb(entry("tap1", host(1), kNoArp));
  LocalMac sticky = at("tap1", host(1));
  sticky.sticky = true;
  EXPECT_EQ(news<LocalMac>(), Macs{sticky});
  kernel.add_fdb(entry("tap1", host(1), kReachable));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap1", host(1))});
  FdbEntry e = entry("tap1", host(1), kReachable);
  e.sticky = true;
  kernel.add_fdb(e);
  EXPECT_EQ(news<LocalMac>(), Macs{sticky});
}

TEST_F(Hosts, PerdsOwnEntryTakesAMacAwayAndAPortTakesItBack) {
  begin();
  kernel.learn("tap1", host(1));
  settle();
  knowledge.clear();
  put_remote(host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{gone("tap1", host(1))});
  kernel.learn("tap1", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap1", host(1))});
}

// The same by routing's word, through all of fib.
TEST_F(Hosts, RoutingMovesAHostAwayAndBack) {
  begin();
  kernel.learn("tap1", host(1));
  see_neighbour("192.170.1.11", host(1), kReachable);
  knowledge.clear();
  L2Delta d;
  VtepSet set;
  set.id = 1;
  set.mac_vrf = kStorage;
  set.vni = Vni{110};
  set.vteps = {ip("100.65.0.9")};
  d.sets = {set};
  DesiredMac away;
  away.mac_vrf = kStorage;
  away.mac = host(1);
  away.set = 1;
  d.macs = {away};
  DesiredNeighbour n;
  n.mac_vrf = kStorage;
  n.address = ip("192.170.1.11");
  n.mac = host(1);
  n.wish = NeighbourWish::kRemote;
  d.neighbours = {n};
  fib->apply(d, now);
  EXPECT_EQ(news<LocalMac>(), Macs{gone("tap1", host(1))});
  ASSERT_NE(fdb("vni110", "02:00:00:00:00:01", true), nullptr);
  ASSERT_TRUE(neighbour("br-pe-110", "192.170.1.11")->extern_learn);
  kernel.learn("tap2", host(1));
  EXPECT_EQ(news<LocalMac>(), Macs{at("tap2", host(1))});
  away.set = 0;
  d = L2Delta{};
  d.macs = {away};
  n.wish = NeighbourWish::kLocal;
  d.neighbours = {n};
  d.released_sets = {1};
  fib->apply(d, now);
  EXPECT_EQ(news<LocalMac>(), Macs{}) << "only the VXLAN device's entry goes";
  EXPECT_EQ(fdb("vni110", "02:00:00:00:00:01", true), nullptr);
  ASSERT_FALSE(neighbour("br-pe-110", "192.170.1.11")->extern_learn);
  EXPECT_TRUE(fib->synchronized());
}

TEST_F(Hosts, APortThatGoesDownTakesItsHostsAlong) {
  begin();
  kernel.learn("tap1", host(1));
  kernel.learn("tap2", host(2));
  kernel.add_fdb(entry("tap1", host(3), kNoArp));
  settle();
  knowledge.clear();
  kernel.set_carrier("tap1", false);
  Macs all = news<LocalMac>();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.mac < b.mac; });
  LocalMac sticky = gone("tap1", host(3), true);
  sticky.sticky = true;
  EXPECT_EQ(all, (Macs{gone("tap1", host(1), true), sticky}));
  kernel.set_carrier("tap1", true);
  sticky.gone = sticky.port_down = false;
  EXPECT_EQ(news<LocalMac>(), Macs{sticky}) << "the static one was there all the time";
  kernel.del_link("tap2");
  const Macs left = news<LocalMac>();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].gone && left[0].port_down);
}

TEST_F(Hosts, AReadAtTheStartTellsWhatEventsWould) {
  begin();
  kernel.learn("tap1", host(1));
  kernel.learn("tap2", host(2));
  put_remote(host(3));
  see_neighbour("192.170.1.11", host(1), kStale);
  restart();
  start(two_ports());
  Macs all = told<LocalMac>();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.mac < b.mac; });
  EXPECT_EQ(all, (Macs{at("tap1", host(1)), at("tap2", host(2))}));
  EXPECT_EQ(told<LocalNeighbour>(),
            Neighbours{says("192.170.1.11", host(1), NeighbourNews::kStale)});
}

TEST_F(Hosts, HostsOfAnAdoptedBridgeAreReadWhenItIsConfigured) {
  LinkCreate bridge;
  bridge.name = "br110";
  bridge.kind = LinkKind::kBridge;
  bridge.up = true;
  kernel.add_link(bridge);
  kernel.set_master("tap1", "br110");
  kernel.set_master("tap2", "br110");
  WantedNode node = wanted_l2_node();
  node.mac_vrfs[0].vrf = kDefaultVrf;  // a bridge that enters a VRF loses its neighbours
  const std::vector<WantedMacVrf> later = std::exchange(node.mac_vrfs, {});
  start(node);
  kernel.learn("tap1", host(1));
  Neighbour n;
  n.link = index("br110");
  n.address = ip("192.170.1.11");
  n.mac = host(1);
  n.state = kStale;
  kernel.add_neighbour(n);
  LinkCreate vxlan;
  vxlan.name = "vx110";
  vxlan.kind = LinkKind::kVxlan;
  vxlan.vxlan = VxlanInfo{Vni{110}, ip("100.65.0.2"), 4789, false, false};
  vxlan.master = index("br110");
  vxlan.up = true;
  kernel.add_link(vxlan);
  settle();
  EXPECT_EQ(told<LocalMac>(), Macs{});
  node.mac_vrfs = later;
  reconfigure(node);
  EXPECT_EQ(told<LocalMac>(), Macs{at("tap1", host(1))});
  EXPECT_EQ(told<LocalNeighbour>(),
            Neighbours{says("192.170.1.11", host(1), NeighbourNews::kStale)});
  // And nothing is told of a MAC-VRF that went.
  knowledge.clear();
  node.mac_vrfs.clear();
  reconfigure(node);
  kernel.learn("tap2", host(9));
  EXPECT_EQ(news<LocalMac>(), Macs{});
}

// Whoever had it configured has forgotten all about it, however short it was away.
TEST_F(Hosts, AMacVrfThatIsConfiguredAgainIsToldAnew) {
  const IfIndex bridge = [this] {
    LinkCreate c;
    c.name = "br110";
    c.kind = LinkKind::kBridge;
    c.up = true;
    const IfIndex made = kernel.add_link(c);
    c.name = "vx110";
    c.kind = LinkKind::kVxlan;
    c.vxlan = VxlanInfo{Vni{110}, ip("100.65.0.2"), 4789, false, false};
    c.master = made;
    kernel.add_link(c);
    return made;
  }();
  WantedNode node = two_ports();
  node.mac_vrfs[0].vrf = kDefaultVrf;
  start(node);
  kernel.learn("tap1", host(1));
  Neighbour n;
  n.link = bridge;
  n.address = ip("192.170.1.11");
  n.mac = host(1);
  n.state = kStale;
  kernel.add_neighbour(n);
  settle();
  knowledge.clear();
  WantedNode without = node;
  without.mac_vrfs.clear();
  fib->configure(without, now);
  reconfigure(node);
  EXPECT_EQ(told<LocalMac>(), Macs{at("tap1", host(1))});
  EXPECT_EQ(told<LocalNeighbour>(),
            Neighbours{says("192.170.1.11", host(1), NeighbourNews::kStale)});
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(kernel.listening(), (std::set<IfIndex>{index("tap1"), index("tap2")}));
}

TEST_F(Hosts, AfterLostNotificationsOnlyDifferencesAreTold) {
  begin();
  kernel.learn("tap1", host(1));
  kernel.learn("tap1", host(2));
  kernel.learn("tap1", host(3));
  see_neighbour("192.170.1.11", host(1), kReachable);
  see_neighbour("192.170.1.12", host(2), kReachable);
  knowledge.clear();
  kernel.del_fdb(index("tap1"), host(1), false);
  kernel.learn("tap2", host(2));
  kernel.learn("tap1", host(4));
  kernel.del_neighbour(index("br-pe-110"), ip("192.170.1.12"));
  kernel.force_overrun();
  settle();
  Macs all = told<LocalMac>();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.mac < b.mac; });
  EXPECT_EQ(all, (Macs{gone("tap1", host(1)), at("tap2", host(2)), at("tap1", host(4))}));
  EXPECT_EQ(told<LocalNeighbour>(),
            Neighbours{says("192.170.1.12", host(2), NeighbourNews::kGone)});
}

// ---- neighbours ---------------------------------------------------------------------------------

TEST_F(Hosts, NeighboursAreToldByWhatTheyMean) {
  begin();
  const char* const a = "192.170.1.11";
  see_neighbour(a, {}, kIncomplete);
  see_neighbour(a, {}, kFailed);
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{}) << "nobody has it";
  see_neighbour(a, host(1), kReachable);
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{says(a, host(1), NeighbourNews::kReachable)});
  see_neighbour(a, host(1), kStale);
  see_neighbour(a, host(1), kProbe);
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{says(a, host(1), NeighbourNews::kStale)});
  see_neighbour(a, {}, kFailed);
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{says(a, host(1), NeighbourNews::kFailed)});
  kernel.del_neighbour(index("br-pe-110"), ip(a));
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{says(a, host(1), NeighbourNews::kGone)});
  see_neighbour(a, host(2), kPermanent);
  LocalNeighbour fixed = says(a, host(2), NeighbourNews::kReachable);
  fixed.permanent = true;
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{fixed});
  // perd's own takes its place.
  see_neighbour(a, host(3), kNoArp, true);
  fixed.news = NeighbourNews::kGone;
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{fixed});
  see_neighbour("ff02::1", mac("33:33:00:00:00:01"), kNoArp);
  EXPECT_EQ(news<LocalNeighbour>(), Neighbours{}) << "the kernel's own, of a group";
}

// ---- hosts that are heard, and spoken to --------------------------------------------------------

TEST_F(Hosts, PortsAreListenedAtWhileTheyAreThere) {
  start(wanted_l2_node());
  EXPECT_EQ(kernel.listening(), std::set<IfIndex>{index("tap1")});
  reconfigure(two_ports());
  EXPECT_EQ(kernel.listening(), (std::set<IfIndex>{index("tap1"), index("tap2")}));
  kernel.set_up("tap2", false);
  settle();
  EXPECT_EQ(kernel.listening(), std::set<IfIndex>{index("tap1")});
  kernel.set_up("tap2", true);
  kernel.del_link("tap1");
  kernel.add_link("tap1");  // the same name, another index
  settle();
  EXPECT_EQ(kernel.listening(), (std::set<IfIndex>{index("tap1"), index("tap2")}));
  reconfigure(wanted_l2_node());
  EXPECT_EQ(kernel.listening(), std::set<IfIndex>{index("tap1")});
  EXPECT_TRUE(fib->synchronized());
  WantedNode node = wanted_l2_node();
  node.mac_vrfs.clear();
  reconfigure(node);
  EXPECT_TRUE(kernel.listening().empty());
}

TEST_F(Hosts, ARefusedEarIsANoteAndTriedAgain) {
  bool deaf = true;
  kernel.refuse = [&deaf](const KernelOp& op) -> std::optional<sim::SimRefusal> {
    if (!deaf || !std::holds_alternative<PortListen>(op.what)) return std::nullopt;
    return sim::SimRefusal{EPERM, ""};
  };
  start(wanted_l2_node());
  EXPECT_TRUE(state().up) << state().problem;
  EXPECT_EQ(view().notes,
            std::vector<std::string>{"hosts at tap1 are not heard: operation not permitted"});
  EXPECT_EQ(heard(EventKind::kKernelRefused), 1U);
  ASSERT_EQ(fib->refusals(10).size(), 1U);
  EXPECT_EQ(fib->refusals(10)[0].what, "listening at tap1");
  deaf = false;
  run_for(std::chrono::seconds(40));
  EXPECT_EQ(kernel.listening(), std::set<IfIndex>{index("tap1")});
  EXPECT_TRUE(view().notes.empty());
}

TEST_F(Hosts, WhoIsHeardIsToldInTheSameCall) {
  begin();
  const auto packet = [this](const char* port, HostPacketKind kind) {
    HostPacket p;
    p.link = index(port);
    p.kind = kind;
    p.mac = host(1);
    p.address = ip("192.170.1.11");
    return p;
  };
  struct Case {
    HostPacketKind kind;
    bool announcement;
  };
  for (const Case c :
       {Case{HostPacketKind::kRequest, false}, Case{HostPacketKind::kReply, false},
        Case{HostPacketKind::kAnnouncement, true}, Case{HostPacketKind::kRarp, true}}) {
    fib->on_kernel_event(HeardPacket{packet("tap1", c.kind)}, now);
    const auto all = fib->take_knowledge();
    ASSERT_EQ(all.size(), 1U);
    const auto& h = std::get<HostHeard>(all[0]);
    EXPECT_EQ(h.mac_vrf, kStorage);
    EXPECT_EQ(h.port, index("tap1").value);
    EXPECT_EQ(h.mac, host(1));
    EXPECT_EQ(h.address, ip("192.170.1.11"));
    EXPECT_EQ(h.announcement, c.announcement);
  }
  // Where there is no local port (any more).
  fib->on_kernel_event(HeardPacket{packet("vni110", HostPacketKind::kAnnouncement)}, now);
  fib->on_kernel_event(HeardPacket{packet("eth3", HostPacketKind::kAnnouncement)}, now);
  kernel.set_master("tap1", "");
  turn();
  knowledge.clear();
  fib->on_kernel_event(HeardPacket{packet("tap1", HostPacketKind::kAnnouncement)}, now);
  EXPECT_TRUE(fib->take_knowledge().empty());
}

TEST_F(Hosts, MessagesLeaveByThePortsTheyAreFor) {
  WantedNode node = two_ports();
  node.mac_vrfs[0].gateways.push_back(cidr("2001:db8:110::1/64"));
  start(node);
  (void)kernel.take_journal();
  const auto say = [this](HostMessageKind kind, const char* address, const char* port) {
    HostMessage m;
    m.mac_vrf = kStorage;
    m.kind = kind;
    m.mac = host(1);
    if (address != nullptr) m.address = ip(address);
    m.port = port != nullptr ? index(port).value : 0;
    L2Delta d;
    d.messages.push_back(m);
    fib->apply(d, now);
    settle();
    std::vector<PacketSend> out;
    for (const auto& op : kernel.take_journal()) {
      if (const auto* p = std::get_if<PacketSend>(&op.what)) out.push_back(*p);
    }
    return out;
  };
  auto sent = say(HostMessageKind::kProbe, "192.170.1.11", "tap2");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].packet.link, index("tap2"));
  EXPECT_EQ(sent[0].packet.kind, HostPacketKind::kRequest);
  EXPECT_EQ(sent[0].packet.mac, host(1));
  EXPECT_EQ(sent[0].source_mac, mac("00:f3:00:00:00:6f"));
  EXPECT_EQ(sent[0].source, ip("192.170.1.1"));
  EXPECT_EQ(say(HostMessageKind::kProbe, "2001:db8:110::11", "tap2").at(0).source,
            ip("2001:db8:110::1"));
  EXPECT_EQ(say(HostMessageKind::kProbe, "10.9.9.9", "tap2").at(0).source, ip("0.0.0.0"));
  EXPECT_EQ(say(HostMessageKind::kProbe, "2001:db8:9::9", "tap2").at(0).source, ip("::"));
  EXPECT_EQ(say(HostMessageKind::kAnnounce, "192.170.1.11", nullptr).size(), 2U);
  sent = say(HostMessageKind::kRarp, nullptr, nullptr);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].packet.kind, HostPacketKind::kRarp);
  kernel.set_carrier("tap2", false);
  EXPECT_EQ(say(HostMessageKind::kAnnounce, "192.170.1.11", nullptr).size(), 1U);
  EXPECT_TRUE(say(HostMessageKind::kProbe, "192.170.1.11", "tap2").empty());
  EXPECT_TRUE(say(HostMessageKind::kProbe, "192.170.1.11", "eth3").empty());
  EXPECT_TRUE(fib->synchronized());
}

TEST_F(Hosts, MessagesPassAFullWindowButNotWithoutEnd) {
  limits.window = 16;
  limits.reserve = 8;
  restart();
  start(two_ports());
  L2Delta d;
  HostMessage m;
  m.mac_vrf = kStorage;
  m.kind = HostMessageKind::kProbe;
  m.mac = host(1);
  m.address = ip("192.170.1.11");
  m.port = index("tap1").value;
  d.messages.assign(1000, m);
  fib->apply(d, now);
  fib->step(now);
  EXPECT_GT(fib->in_flight(), 100U);
  EXPECT_LE(fib->in_flight(), 16U + 256U);
  (void)kernel.take_journal();
  settle();
  EXPECT_EQ(count<PacketSend>(kernel.take_journal()), 1000U) << "the rest as answers come";
  d.messages.assign(100000, m);
  fib->apply(d, now);
  settle();
  EXPECT_LT(count<PacketSend>(kernel.take_journal()), 10000U);
  EXPECT_EQ(heard(EventKind::kKernelProblem), 1U);
  EXPECT_TRUE(fib->synchronized());
}

// ---- whatever comes, in whatever order ----------------------------------------------------------

struct Picture {
  std::map<MacAddress, std::pair<std::uint32_t, bool>> macs;
  std::map<IpAddress, std::tuple<MacAddress, NeighbourNews, bool>> neighbours;
  friend bool operator==(const Picture&, const Picture&) = default;
};

class RandomHosts : public Hosts {
 protected:
  // Adds up what was told; each piece of news must differ from what was told before.
  void add_up(Picture& p) {
    for (const auto& k : knowledge) {
      if (const auto* m = std::get_if<LocalMac>(&k)) {
        const auto it = p.macs.find(m->mac);
        if (m->gone) {
          EXPECT_TRUE(it != p.macs.end() && it->second.first == m->port);
          p.macs.erase(m->mac);
        } else {
          const std::pair<std::uint32_t, bool> is{m->port, m->sticky};
          EXPECT_TRUE(it == p.macs.end() || it->second != is) << "told twice";
          p.macs[m->mac] = is;
        }
      } else if (const auto* n = std::get_if<LocalNeighbour>(&k)) {
        if (n->news == NeighbourNews::kGone) {
          EXPECT_EQ(p.neighbours.erase(n->address), 1U);
        } else {
          p.neighbours[n->address] = {n->mac, n->news, n->permanent};
        }
      }
    }
    knowledge.clear();
  }
  // What the kernel's tables mean.
  [[nodiscard]] Picture truth() const {
    Picture p;
    for (const auto& [key, e] : kernel.fdb()) {
      const Link* l = kernel.link(e.link);
      if (e.self || e.extern_learn || l->kind == LinkKind::kVxlan || !l->running) continue;
      if (e.state == kPermanent) continue;  // of the port itself
      p.macs[e.mac] = {e.link.value, e.sticky || e.state == kNoArp};
    }
    for (const auto& [key, n] : kernel.neighbours()) {
      if (n.extern_learn || n.state == kFailed || n.link != index("br-pe-110")) continue;
      p.neighbours[n.address] = {
          n.mac, n.state == kStale ? NeighbourNews::kStale : NeighbourNews::kReachable,
          n.state == kPermanent};
    }
    return p;
  }
  void happen(Random& random) {
    const MacAddress m = host(1 + static_cast<unsigned>(random.below(12)));
    const char* port = random.below(2) == 0 ? "tap1" : "tap2";
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        if (kernel.link(port)->running) kernel.learn(port, m);
        break;
      case 3:
        if (kernel.fdb().count({index(port), m, false}) != 0) {
          kernel.del_fdb(index(port), m, false);
        }
        break;
      case 4:
        put_remote(m);
        break;
      case 5:
        kernel.add_fdb(entry(port, m, kNoArp));
        break;
      case 6:
        kernel.set_carrier(port, random.below(2) == 0);
        break;
      case 7:
        kernel.force_overrun();
        break;
      default:
        happen_to_neighbour(random);
    }
  }
  void happen_to_neighbour(Random& random) {
    constexpr std::uint16_t kStates[] = {kReachable, kStale, kPermanent, kStale};
    Neighbour n;
    n.link = index("br-pe-110");
    n.address = IpAddress::v4(0xc0aa0100U + 10U + static_cast<std::uint32_t>(random.below(8)));
    if (random.below(4) == 0) {
      (void)kernel.del_neighbour(n.link, n.address);
      return;
    }
    n.mac = host(1 + static_cast<unsigned>(random.below(12)));
    n.state = kStates[random.below(4)];
    n.extern_learn = random.below(5) == 0;
    kernel.add_neighbour(n);
  }
};

TEST_F(RandomHosts, WhatIsToldAddsUpToTheKernelsTables) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    kernel.reboot();
    kernel.add_address(kernel.add_link("eth1"), cidr("192.168.1.1/24"));
    for (const char* name : {"eth2", "tap1", "tap2"}) (void)kernel.add_link(name);
    kernel.set_order(static_cast<sim::SimKernel::Order>(seed % 3), seed);
    kernel.close();
    restart();
    start(two_ports());
    Random random(seed);
    Picture told;
    for (unsigned i = 0; i < 300; ++i) {
      happen(random);
      if (random.below(3) == 0) turn();
      if (random.below(40) == 0) {
        settle();
        add_up(told);
        ASSERT_EQ(told.macs, truth().macs) << i;
        ASSERT_EQ(told.neighbours, truth().neighbours) << i;
      }
    }
    settle();
    add_up(told);
    EXPECT_EQ(told, truth());
    // A new process reads the same from the tables alone.
    restart();
    start(two_ports());
    Picture read;
    add_up(read);
    EXPECT_EQ(read, truth());
  }
}

TEST_F(Hosts, TenThousandTakeLittleMemory) {
  begin();
  kernel.keep_journal = false;
  FdbEntry e = entry("tap1", {}, kReachable);
  e.master = index("br-pe-110");
  Neighbour n;
  n.link = index("br-pe-110");
  n.state = kStale;
  for (unsigned i = 0; i < 10000; ++i) {
    e.mac = n.mac = host(i);
    n.address = IpAddress::v4(0x0a000000U + i);
    fib->on_kernel_event(Seen<FdbEntry>{e}, now);
    fib->on_kernel_event(Seen<Neighbour>{n}, now);
  }
  EXPECT_EQ(fib->take_knowledge().size(), 20000U);
  std::size_t octets = 0;
  for (const auto& part : fib->memory()) {
    if (part.name.find("local") != std::string::npos) octets += part.octets;
  }
  EXPECT_GT(octets, 10000U * 64U);
  EXPECT_LT(octets, 10000U * 128U);
}

}  // namespace
}  // namespace perd::fib
