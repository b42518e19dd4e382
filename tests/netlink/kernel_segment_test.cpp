// Goal: the entries of a MAC-VRF do in Linux what perd's simulated kernel says they do, and what
// the layer above relies on. Method: one and the same step on both kernels; the errno, what is told
// and what the tables then hold must agree. Then what no simulation shows: that the bridge answers
// ARP from our entries and nothing leaves, and that a storm of MACs is an overrun.
#include <linux/neighbour.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <sstream>

#include "host_wire.h"
#include "kernel_lab.h"
#include "perd/kernel_text.h"
#include "sim_kernel/sim_kernel.h"

namespace perd::netlink {
namespace {

constexpr std::uint8_t kOurs = 179;
constexpr const char* kHostText = "02:00:00:00:00:0a";
const std::string kHostHex = "02000000000a";
using sim::SimKernel;

class Segment : public KernelLab {
 protected:
  void SetUp() override {
    KernelLab::SetUp();
    if (IsSkipped()) return;
    start();
    sh("ip link add br0 type bridge && "
       "ip link add vx type vxlan id 100 local 192.0.2.1 dstport 4789 nolearning && "
       "ip link set vx master br0 && ip link add v0 type veth peer name v1 && "
       "ip link add v2 type veth peer name v3 && ip link set v0 master br0 && "
       "ip link set v2 master br0 && ip addr add 10.0.0.1/24 dev br0");
    for (const char* name : {"br0", "vx", "v1", "v3", "v0", "v2"}) {
      sh(std::string{"ip link set "} + name + " up");
    }
    for (const char* name : {"v0", "v2", "br0"}) wait_for_link(name);
    sh("bridge link set dev vx learning off");
    start();  // anew: what was told so far is of no interest
  }
  void wait_for_link(const char* name) {
    for (int i = 0; i < 200; ++i) {
      if (output(std::string{"ip -o link show "} + name).find("state UP") != std::string::npos) {
        return;
      }
      usleep(10'000);
    }
    ADD_FAILURE() << name << " does not come up";
  }
};

// ---- one step on both kernels -------------------------------------------------------------------

class Twins : public Segment {
 protected:
  using Links = std::function<IfIndex(const char*)>;

  void SetUp() override {
    Segment::SetUp();
    if (IsSkipped()) return;
    utsname u{};
    unsigned major = 0, minor = 0;
    if (uname(&u) != 0 || std::sscanf(u.release, "%u.%u", &major, &minor) != 2 ||
        major * 1000 + minor < 6012) {
      GTEST_SKIP() << "older bridges treat entries of users otherwise";
    }
    (void)sim.add_link("br0", LinkKind::kBridge);
    LinkCreate vx;
    vx.name = "vx";
    vx.kind = LinkKind::kVxlan;
    vx.vxlan = VxlanInfo{.vni = Vni{100}};
    vx.up = true;
    (void)sim.add_link(vx);
    LinkChange quiet{.link = sim.link("vx")->index};
    for (const char* name : {"v0", "v1", "v2", "v3"}) (void)sim.add_link(name);
    for (const char* name : {"vx", "v0", "v2"}) sim.set_master(name, "br0");
    quiet.port_learning = false;
    sim.change_link(quiet);
    sim.add_address(sim.link("br0")->index, interface_address("10.0.0.1/24"));
    sim.close();
  }
  // The step on both; what it was refused with, here and there.
  template <class Make>
  void both(const char* what, Make make) {
    SCOPED_TRACE(what);
    const int here = put(make([](const char* n) { return index_of(n); }));
    sim.submit({KernelOp{++sim_id, make([this](const char* n) { return sim.link(n)->index; })}});
    compare(here);
  }
  void frame(const char* port, const char* cable) {
    SCOPED_TRACE(std::string{"a frame comes in by "} + port);
    const HostWire host{cable};
    ASSERT_TRUE(host.ok());
    ASSERT_TRUE(host.send("ffffffffffff " + kHostHex + " 88b5"));
    sim.learn(port, mac(kHostText));
    usleep(20'000);  // softirq work of another task, at most
    compare(0);
  }
  void carrier(const char* port, const char* cable, bool up) {
    SCOPED_TRACE(std::string{port} + (up ? " up" : " down"));
    sh(std::string{"ip link set "} + cable + (up ? " up" : " down"));
    for (int i = 0; i < 200; ++i) {
      const std::string state = output(std::string{"ip -o link show "} + port);
      if ((state.find("LOWERLAYERDOWN") == std::string::npos) == up) break;
      usleep(10'000);
    }
    sim.set_carrier(port, up);
    compare(0);
  }
  void compare(int error_here) {
    std::vector<KernelEvent> events;
    sim.drain_events(events);
    int error_there = 0;
    std::vector<std::string> told_there;
    for (const auto& e : events) {
      if (const auto* r = std::get_if<KernelRefused>(&e)) error_there = r->error;
      note(e, there(), told_there);
    }
    EXPECT_EQ(error_here, error_there);
    drain_events();
    std::vector<std::string> told_here;
    for (const auto& e : heard.seen) note(e, here(), told_here);
    EXPECT_EQ(told_here, told_there);
    std::vector<std::string> stands_here, stands_there;
    for (const DumpKind kind : {DumpKind::kFdb, DumpKind::kNeighbours, DumpKind::kNextHops}) {
      heard.seen.clear();
      heard.dumps.clear();
      add(DumpRequest{kind});
      run();
      for (const auto& e : heard.seen) note(e, here(), stands_here);
      sim.submit({KernelOp{++sim_id, DumpRequest{kind}}});
      events.clear();
      sim.drain_events(events);
      for (const auto& e : events) note(e, there(), stands_there);
    }
    heard.seen.clear();
    std::sort(stands_here.begin(), stands_here.end());
    std::sort(stands_there.begin(), stands_there.end());
    EXPECT_EQ(stands_here, stands_there);
  }
  using Names = std::function<std::string(IfIndex)>;
  static Names here() {
    return [](IfIndex i) {
      char name[IF_NAMESIZE] = "";
      return std::string{if_indextoname(i.value, name) != nullptr ? name : "-"};
    };
  }
  Names there() {
    return [this](IfIndex i) {
      const Link* l = sim.link(i);
      return l != nullptr ? l->name : std::string{"-"};
    };
  }
  // A line for what concerns the host, floods, 10.0.0.9 and next hops.
  static void note(const KernelEvent& event, const Names& names, std::vector<std::string>& out) {
    std::ostringstream line;
    if (const auto* f = std::get_if<Seen<FdbEntry>>(&event)) {
      const FdbEntry& e = f->object;
      if (e.mac != mac(kHostText) && !e.mac.is_zero()) return;
      line << (f->gone ? "gone " : "") << to_string(e.mac) << " dev " << names(e.link);
      if (e.self) {
        line << " self dst " << to_string(e.destination) << " nhid " << e.next_hop_id;
      } else {
        line << " master " << names(e.master) << " vlan " << e.vlan;
      }
      line << " state " << e.state << (e.extern_learn ? " extern_learn" : "")
           << (e.sticky ? " sticky" : "") << (f->own_echo ? " echo" : "");
    } else if (const auto* s = std::get_if<Seen<Neighbour>>(&event)) {
      const Neighbour& n = s->object;
      if (n.address != ip("10.0.0.9")) return;
      line << (s->gone ? "gone " : "") << to_string(n.address) << " dev " << names(n.link)
           << " lladdr " << to_string(n.mac) << " state " << n.state << " proto " << int{n.protocol}
           << (n.extern_learn ? " extern_learn" : "") << (n.router ? " router" : "")
           << (s->own_echo ? " echo" : "");
    } else if (const auto* h = std::get_if<Seen<NextHop>>(&event)) {
      const NextHop& n = h->object;
      line << (h->gone ? "gone " : "") << "id " << n.id << (n.fdb ? " fdb" : "");
      if (n.gateway) line << " via " << to_string(*n.gateway);
      for (const auto& m : n.group) line << " member " << m.id;
    }
    if (!line.str().empty()) out.push_back(line.str());
  }

  static FdbEntry entry(IfIndex link, std::uint16_t state, const char* destination = nullptr,
                        std::uint32_t next_hop = 0) {
    FdbEntry e;
    e.link = link;
    e.mac = mac(kHostText);
    e.state = state;
    e.extern_learn = true;
    if (destination != nullptr) e.destination = ip(destination);
    e.next_hop_id = next_hop;
    return e;
  }
  // Both halves, towards a VTEP.
  void put_remote(const char* what, const char* vtep) {
    both(what, [vtep](const Links& at) {
      return FdbPut{entry(at("vx"), NUD_REACHABLE, vtep), true, false};
    });
  }
  void put_half(const char* what, bool self, const char* vtep, std::uint32_t next_hop = 0) {
    both(what, [=](const Links& at) {
      FdbEntry e = entry(at("vx"), NUD_REACHABLE, vtep, next_hop);
      e.self = self;
      return FdbPut{e, false, false};
    });
  }
  void put_plain(const char* what, const char* port, std::uint16_t state, bool sticky) {
    both(what, [=](const Links& at) {
      FdbEntry e = entry(at(port), state);
      e.extern_learn = false;
      e.sticky = sticky;
      return FdbPut{e, false, false};
    });
  }
  void erase(const char* what, const char* port, bool self, bool both_halves,
             const char* vtep = nullptr) {
    both(what, [=](const Links& at) {
      FdbEntry e = entry(at(port), 0, vtep);
      e.self = self;
      return FdbErase{e, both_halves};
    });
  }
  void put_vtep(std::uint32_t id, const char* vtep) {
    both("an FDB next hop", [=](const Links&) {
      NextHop n{.id = id, .gateway = ip(vtep), .protocol = kOurs, .fdb = true};
      n.family = n.gateway->family;
      return NextHopPut{n};
    });
  }
  void put_group(const char* what, std::uint32_t id, std::vector<std::uint32_t> members,
                 bool fdb = true) {
    both(what, [=](const Links&) {
      NextHop n{.id = id, .protocol = kOurs, .fdb = fdb};
      for (const std::uint32_t m : members) n.group.push_back({m, 1});
      return NextHopPut{n};
    });
  }
  void erase_next_hop(const char* what, std::uint32_t id) {
    both(what, [=](const Links&) { return NextHopErase{id}; });
  }
  void flood(const char* what, const char* vtep, bool append, std::uint16_t state,
             bool extern_learn, bool both_halves = false) {
    both(what, [=](const Links& at) {
      FdbEntry e = entry(at("vx"), state, vtep);
      e.mac = {};
      e.self = true;
      e.extern_learn = extern_learn;
      return FdbPut{e, both_halves, append};
    });
  }
  void erase_flood(const char* what, const char* vtep) {
    both(what, [=](const Links& at) {
      FdbEntry e = entry(at("vx"), 0, vtep);
      e.mac = {};
      e.self = true;
      return FdbErase{e, false};
    });
  }
  void neighbour(const char* what, std::uint16_t state, bool extern_learn, bool router,
                 std::uint8_t protocol) {
    both(what, [=](const Links& at) {
      Neighbour n{at("br0"), ip("10.0.0.9"), mac(kHostText), state, extern_learn, protocol};
      n.router = router;
      return NeighbourPut{n};
    });
  }

  SimKernel sim;
  std::uint64_t sim_id = 0;
};

TEST_F(Twins, ARemoteMacAndAHostThatMoves) {
  put_remote("remote", "192.0.2.2");
  put_remote("the same again is not told", "192.0.2.2");
  put_remote("another VTEP", "192.0.2.3");
  frame("v0", "v1");
  frame("v0", "v1");
  frame("v2", "v3");
  erase("both halves: the bridge has it elsewhere", "vx", true, true, "192.0.2.3");
  put_remote("remote once more", "192.0.2.2");
  erase("a destination that is not there", "vx", true, false, "192.0.2.9");
  erase("both halves", "vx", true, true, "192.0.2.2");
  erase("nothing left", "vx", true, true);
  both("an operator's in the device", [](const Links& at) {
    FdbEntry e = entry(at("vx"), NUD_PERMANENT, "192.0.2.2");
    e.self = true, e.extern_learn = false;
    return FdbPut{e, false, false};
  });
  put_half("ours moves it alone", true, "192.0.2.3");
  erase("gone", "vx", true, false);
  put_half("ours in the device", true, "192.0.2.3");
  both("an operator's takes all", [](const Links& at) {
    FdbEntry e = entry(at("vx"), NUD_REACHABLE | NUD_NOARP, "192.0.2.2");
    e.self = true, e.extern_learn = false, e.sticky = true;
    return FdbPut{e, false, false};
  });
  erase("gone", "vx", true, false);
  put_half("the bridge's half alone", false, nullptr);
  erase("both halves: one is missing", "vx", true, true);
  put_half("the device's half alone", true, "192.0.2.2");
  erase("both halves: the bridge has none", "vx", true, true);
  erase("the device's half", "vx", true, false);
}

TEST_F(Twins, StickyAndStaticEntries) {
  both("the bridge takes no sticky with our mark", [](const Links& at) {
    FdbEntry e = entry(at("vx"), NUD_REACHABLE | NUD_NOARP, "192.0.2.2");
    e.sticky = true;
    return FdbPut{e, true, false};
  });
  frame("v0", "v1");
  put_remote("the device keeps sticky", "192.0.2.3");
  erase("gone", "vx", true, true);
  both("without the mark it does", [](const Links& at) {
    FdbEntry e = entry(at("vx"), NUD_REACHABLE | NUD_NOARP, "192.0.2.2");
    e.sticky = true;
    e.extern_learn = false;
    return FdbPut{e, true, false};
  });
  frame("v0", "v1");
  put_remote("our mark on top leaves it sticky", "192.0.2.3");
  frame("v0", "v1");
  erase("gone", "vx", true, true);
  put_plain("an operator's", "v0", NUD_NOARP, false);
  frame("v2", "v3");
  put_half("ours moves it", false, nullptr);
  erase("gone", "vx", false, false);
  put_plain("sticky at a port", "v0", NUD_NOARP, true);
  frame("v2", "v3");
  put_plain("sticky no more", "v0", NUD_REACHABLE, false);
  frame("v2", "v3");
  put_plain("of the bridge itself", "v0", NUD_PERMANENT, false);
  frame("v2", "v3");
  erase("gone", "v0", false, false);
  put_plain("sticky and permanent", "v0", NUD_PERMANENT, true);
  put_plain("no state", "v0", NUD_STALE, false);
}

TEST_F(Twins, WhatACarrierTakesAlong) {
  frame("v0", "v1");
  carrier("v0", "v1", false);
  carrier("v0", "v1", true);
  put_plain("an operator's", "v0", NUD_NOARP, false);
  carrier("v0", "v1", false);
  carrier("v0", "v1", true);
  erase("gone", "v0", false, false);
  put_remote("remote", "192.0.2.2");
  flood("flood", "192.0.2.2", true, NUD_PERMANENT, true);
  both("the device goes down",
       [](const Links& at) { return LinkChange{.link = at("vx"), .up = false}; });
  both("and up", [](const Links& at) { return LinkChange{.link = at("vx"), .up = true}; });
}

TEST_F(Twins, EntriesOverNextHopGroups) {
  put_vtep(1, "192.0.2.2");
  put_vtep(2, "192.0.2.3");
  put_vtep(3, "2001:db8::3");
  put_group("a group", 10, {1, 2});
  put_group("of both families", 11, {1, 3});
  put_group("without the flag", 12, {1, 2}, false);
  both("a next hop of routes", [](const Links& at) {
    return NextHopPut{{.id = 20, .link = at("br0"), .protocol = kOurs}};
  });
  put_group("with others", 13, {1, 20});
  both("with a link", [](const Links& at) {
    return NextHopPut{{.id = 21, .link = at("br0"), .gateway = ip("192.0.2.2"), .fdb = false}};
  });
  both("a route over it", [](const Links&) {
    Route r{{TableId{254}, prefix("203.0.113.0/24"), 20}, RouteType::kUnicast, kOurs, 0, 10, {}};
    return RoutePut{r};
  });
  put_half("over a single one", true, nullptr, 1);
  put_half("over none", true, nullptr, 99);
  both("a refused half leaves the other", [](const Links& at) {
    return FdbPut{entry(at("vx"), NUD_REACHABLE, nullptr, 99), true, false};
  });
  both("over the group", [](const Links& at) {
    return FdbPut{entry(at("vx"), NUD_REACHABLE, nullptr, 10), true, false};
  });
  put_half("a destination changes nothing", true, "192.0.2.2");
  erase("with a destination it stays", "vx", true, false, "192.0.2.2");
  put_group("another group", 11, {2});
  put_half("to the other group", true, nullptr, 11);
  put_half("back", true, nullptr, 10);
  both("named by its group", [](const Links& at) {
    FdbEntry e = entry(at("vx"), 0, nullptr, 10);
    e.self = true;
    return FdbErase{e, false};
  });
  put_half("a destination", true, "192.0.2.2");
  put_half("does not become a group", true, nullptr, 10);
  erase("gone", "vx", true, false);
  put_half("over the group", true, nullptr, 10);
  put_vtep(1, "192.0.2.7");
  erase_next_hop("a member", 1);
  put_vtep(1, "192.0.2.2");
  erase_next_hop("the last member", 2);
  put_group("a new group", 10, {1});
  put_half("over the new group", true, nullptr, 10);
  erase_next_hop("the group itself", 10);
  erase_next_hop("nothing left", 10);
}

TEST_F(Twins, Floods) {
  flood("the first", "192.0.2.2", true, NUD_PERMANENT, false);
  flood("the second", "192.0.2.3", true, NUD_PERMANENT, true);
  flood("again", "192.0.2.3", true, NUD_PERMANENT, true);
  flood("no replacing", "192.0.2.4", false, NUD_PERMANENT, true);
  flood("the bridge has none", "192.0.2.4", true, NUD_PERMANENT, true, true);
  erase_flood("one that is not there", "192.0.2.9");
  erase_flood("the first", "192.0.2.2");
  flood("a third", "192.0.2.4", true, NUD_REACHABLE, true);
  erase_flood("all", nullptr);
  erase_flood("none left", nullptr);
  flood("anew", "192.0.2.5", true, NUD_REACHABLE, true);
  erase_flood("gone", "192.0.2.5");
}

TEST_F(Twins, Neighbours) {
  LinuxKernel::Options all;
  all.drop_own_echoes = sim.drop_own_echoes = false;
  start(all);
  last_id = 0, heard.acked = 0, sim.close(), sim_id = 0;
  neighbour("ours", NUD_NOARP, true, true, kOurs);
  neighbour("again", NUD_NOARP, true, true, kOurs);
  neighbour("no router", NUD_NOARP, true, false, kOurs);
  neighbour("handed over: the number stays", NUD_STALE, false, false, 0);
  neighbour("with a number", NUD_STALE, false, false, 2);
  neighbour("ours again", NUD_NOARP, true, false, kOurs);
  both("erased", [](const Links& at) { return NeighbourErase{at("br0"), ip("10.0.0.9")}; });
  both("erased twice", [](const Links& at) { return NeighbourErase{at("br0"), ip("10.0.0.9")}; });
  neighbour("the kernel's own", NUD_REACHABLE, false, false, 0);
  neighbour("ours in its place", NUD_NOARP, true, false, kOurs);
}

}  // namespace
}  // namespace perd::netlink
