// Goal: what others do to the kernel's tables is told, once and as it is; what is noise is not;
// what is lost is said to be lost. Method: `ip` and `bridge` as the other hand, in an own network
// namespace.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <fstream>

#include "kernel_lab.h"
#include "perd/kernel_text.h"

namespace perd::netlink {
namespace {

constexpr TableId kTable{1100};

class KernelEvents : public KernelLab {
 protected:
  void SetUp() override {
    KernelLab::SetUp();
    if (IsSkipped()) return;
    start();
    sh("ip link add br0 type bridge && ip link set br0 up && "
       "ip link add v0 type veth peer name v1 && ip link set v1 up && ip link set v0 up");
    wait_until_running(index_of("v0"));
    sh("ip link set v0 master br0 && ip addr add 10.0.0.1/24 dev br0 && "
       "ip addr add 2001:db8::1/64 dev br0 nodad");
    start();  // anew: what was told so far is of no interest
  }
  // The first notification of a T that fits, after which all that waits is read.
  template <class T, class Fits>
  std::optional<Seen<T>> hear(Fits fits) {
    std::optional<Seen<T>> found;
    (void)listen_until([&](const Heard& h) {
      for (const auto& s : h.all<T>()) {
        if (!found && fits(s)) found = s;
      }
      return found.has_value();
    });
    drain_events();
    heard.seen.clear();
    return found;
  }
  template <class T, class Fits>
  bool heard_already(Fits fits) {
    drain_events();
    const auto all = heard.all<T>();
    return std::any_of(all.begin(), all.end(), fits);
  }
};

TEST_F(KernelEvents, LinksComeChangeAndGo) {
  const auto named = [](const char* name, bool gone) {
    return [name, gone](const Seen<Link>& s) { return s.object.name == name && s.gone == gone; };
  };
  sh("ip link add br7 type bridge");
  const auto made = hear<Link>(named("br7", false));
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->from_dump);
  EXPECT_FALSE(made->own_echo);
  EXPECT_EQ(made->object.kind, LinkKind::kBridge);
  sh("ip link set br7 up && ip link set br7 alias someone");  // a link that is down is not told
  EXPECT_TRUE(hear<Link>([](const Seen<Link>& s) { return s.object.alias == "someone"; }));
  sh("ip link del br7");
  const auto gone = hear<Link>(named("br7", true));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->object.index, made->object.index);
}

TEST_F(KernelEvents, PortFlagsChangedByBridgeAreTold) {
  EXPECT_FALSE(dump<Link>(DumpKind::kLinks).empty());
  sh("bridge link set dev v0 learning off neigh_suppress on");
  const auto seen = hear<Link>([](const Seen<Link>& s) {
    return s.object.name == "v0" && !s.object.port_learning && s.object.port_neigh_suppress;
  });
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->object.kind, LinkKind::kVeth);  // the rest is as it was known
  EXPECT_EQ(seen->object.master, index_of("br0"));
  sh("ip link set v0 type bridge_slave learning on");
  EXPECT_TRUE(hear<Link>([](const Seen<Link>& s) {
    return s.object.name == "v0" && s.object.port_learning && s.object.port_neigh_suppress;
  }));
}

TEST_F(KernelEvents, LeavingABridgeIsNotTheEndOfALink) {
  sh("ip link set v0 nomaster");
  EXPECT_TRUE(hear<Link>(
      [](const Seen<Link>& s) { return s.object.name == "v0" && s.object.master.value == 0; }));
  sh("ip link set v0 master br0 && ip link set v0 nomaster");
  EXPECT_FALSE(heard_already<Link>([](const Seen<Link>& s) { return s.gone; }));
}

TEST_F(KernelEvents, AddressesRulesNextHopsAndNeighbours) {
  const IfIndex br = index_of("br0");
  sh("ip addr add 10.7.0.1/24 dev br0");
  const Address address{br, interface_address("10.7.0.1/24")};
  EXPECT_TRUE(hear<Address>([&](const auto& s) { return s.object == address && !s.gone; }));
  sh("ip addr del 10.7.0.1/24 dev br0");
  EXPECT_TRUE(hear<Address>([&](const auto& s) { return s.object == address && s.gone; }));

  const Rule rule{IpFamily::kIpv6, 900, "br0", kTable, 3};
  sh("ip -6 rule add pref 900 iif br0 lookup 1100 proto 3");
  EXPECT_TRUE(hear<Rule>([&](const auto& s) { return s.object == rule && !s.gone; }));
  sh("ip -6 rule del pref 900");
  EXPECT_TRUE(hear<Rule>([&](const auto& s) { return s.object == rule && s.gone; }));

  const NextHop hop{.id = 5, .link = br, .gateway = ip("10.0.0.2"), .protocol = RTPROT_STATIC};
  sh("ip nexthop add id 5 via 10.0.0.2 dev br0 proto static");
  EXPECT_TRUE(hear<NextHop>([&](const auto& s) { return s.object == hop && !s.gone; }));
  sh("ip nexthop del id 5");
  EXPECT_TRUE(hear<NextHop>([&](const auto& s) { return s.object == hop && s.gone; }));

  const Neighbour n{br, ip("10.0.0.3"), mac("02:00:00:00:00:03"), NUD_PERMANENT};
  sh("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev br0 nud permanent");
  EXPECT_TRUE(hear<Neighbour>([&](const auto& s) { return s.object == n && !s.gone; }));
  sh("ip neigh del 10.0.0.3 dev br0");
  EXPECT_TRUE(
      hear<Neighbour>([&](const auto& s) { return s.object.address == n.address && s.gone; }));
}

TEST_F(KernelEvents, ForwardingEntries) {
  const auto entry = [&](bool gone) {
    return [gone](const Seen<FdbEntry>& s) {
      return s.object.mac == mac("02:00:00:00:00:33") && s.object.link == index_of("v0") &&
             s.object.master == index_of("br0") && !s.object.self && s.gone == gone;
    };
  };
  sh("bridge fdb add 02:00:00:00:00:33 dev v0 master dynamic");
  EXPECT_TRUE(hear<FdbEntry>(entry(false)));
  sh("bridge fdb del 02:00:00:00:00:33 dev v0 master");
  EXPECT_TRUE(hear<FdbEntry>(entry(true)));
}

TEST_F(KernelEvents, RoutesWithoutNoise) {
  sh("ip addr add 10.8.0.1/24 dev br0");  // makes local and broadcast routes besides the connected
                                          // one
  const auto connected = hear<Route>([](const Seen<Route>& s) {
    return s.object.key.prefix == prefix("10.8.0.0/24") && s.object.protocol == RTPROT_KERNEL;
  });
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->object.key.table, kMainTable);
  EXPECT_EQ(connected->object.scope, RT_SCOPE_LINK);
  sh("ip addr add 10.9.0.1/24 dev br0; ip addr add 2001:db8:9::1/64 dev br0 nodad; "
     "ip route add 10.10.0.0/16 tos 4 via 10.0.0.2");
  EXPECT_FALSE(heard_already<Route>([](const Seen<Route>& s) {
    return s.object.key.table.value == RT_TABLE_LOCAL || s.object.type == RouteType::kOther ||
           s.object.key.prefix == prefix("10.10.0.0/16");
  }));
  for (const Route& r : dump<Route>(DumpKind::kRoutesV4)) {
    EXPECT_NE(r.key.table.value, static_cast<std::uint32_t>(RT_TABLE_LOCAL));
    EXPECT_NE(r.key.prefix, prefix("10.10.0.0/16"));
  }
  sh("ip route add unreachable 10.20.0.0/16 table 1100 metric 77");
  const auto other = hear<Route>([](const Seen<Route>& s) {
    return s.object.key == RouteKey{kTable, prefix("10.20.0.0/16"), 77} && !s.own_echo;
  });
  ASSERT_TRUE(other);
  EXPECT_EQ(other->object.type, RouteType::kUnreachable);
  sh("ip route del unreachable 10.20.0.0/16 table 1100");
  EXPECT_TRUE(hear<Route>(
      [&](const Seen<Route>& s) { return s.gone && s.object.key == other->object.key; }));
}

TEST_F(KernelEvents, Ipv6MultipathIsOneRouteAndItsHopsGoOneByOne) {
  const IfIndex br = index_of("br0");
  const RouteHop a{.link = br, .gateway = ip("2001:db8::a")};
  const RouteHop b{.link = br, .gateway = ip("2001:db8::b")};
  const RouteHop c{.link = br, .gateway = ip("2001:db8::c")};
  const auto to = [](std::vector<RouteHop> hops, bool gone) {
    return [hops = std::move(hops), gone](const Seen<Route>& s) {
      return s.object.key.prefix == prefix("2001:db8:7::/48") && s.object.hops == hops &&
             s.gone == gone;
    };
  };
  sh("ip -6 route add 2001:db8:7::/48 nexthop via 2001:db8::a dev br0 "
     "nexthop via 2001:db8::b dev br0");
  EXPECT_TRUE(hear<Route>(to({a, b}, false)));
  sh("ip -6 route append 2001:db8:7::/48 via 2001:db8::c dev br0");
  // The kernel tells all hops, from the new one on.
  const auto appended = hear<Route>([](const Seen<Route>& s) {
    return s.object.key.prefix == prefix("2001:db8:7::/48") && s.object.hops.size() == 3;
  });
  ASSERT_TRUE(appended);
  EXPECT_THAT(appended->object.hops, ::testing::UnorderedElementsAre(a, b, c));
  sh("ip -6 route del 2001:db8:7::/48 via 2001:db8::b dev br0");
  EXPECT_TRUE(hear<Route>(to({b}, true)));
  EXPECT_THAT(dump<Route>(DumpKind::kRoutesV6),
              ::testing::Contains(::testing::Truly([&](const Route& r) {
                return r.key.prefix == prefix("2001:db8:7::/48") && r.hops.size() == 2;
              })));
}

TEST_F(KernelEvents, OwnOperationsComeBackMarked) {
  for (const bool drop : {true, false}) {
    SCOPED_TRACE(drop);
    LinuxKernel::Options options;
    options.drop_own_echoes = drop;
    start(options);
    drain_events();
    heard.seen.clear();
    const IfIndex br = index_of("br0");
    Route v4{{kTable, prefix("10.30.0.0/16"), 20}, RouteType::kBlackhole, 179};
    Route v6 = v4;
    v6.key.prefix = prefix("2001:db8:30::/48");
    add(RoutePut{v4});
    add(RoutePut{v6});
    add(NeighbourPut{{br, ip("10.0.0.9"), mac("02:00:00:00:00:09"), NUD_NOARP, true, 179}});
    add(NextHopPut{{.id = 9, .link = br}});
    add(AddressPut{{br, interface_address("10.31.0.1/24")}});
    add(RulePut{{IpFamily::kIpv4, 800, "br0", kTable, 179}});
    add(RouteErase{v4});
    add(RouteErase{v6});
    add(RuleErase{{IpFamily::kIpv4, 800, "br0", kTable, 179}});
    add(AddressErase{{br, interface_address("10.31.0.1/24")}});
    add(NextHopErase{9});
    add(NeighbourErase{br, ip("10.0.0.9")});
    run();
    EXPECT_TRUE(heard.refused.empty());
    drain_events();
    const auto own = [](const auto& all) {
      return std::count_if(all.begin(), all.end(), [](const auto& s) { return s.own_echo; });
    };
    EXPECT_EQ(own(heard.all<Route>()), drop ? 0 : 4);
    EXPECT_GE(own(heard.all<NextHop>()), 2);
    EXPECT_EQ(own(heard.all<Address>()), 2);
    EXPECT_EQ(own(heard.all<Rule>()), 2);
    EXPECT_GE(own(heard.all<Neighbour>()), 1);
    heard.seen.clear();
    sh("ip route add blackhole 10.32.0.0/16 table 1100 && ip route del 10.32.0.0/16 table 1100");
    EXPECT_TRUE(heard_already<Route>([](const Seen<Route>& s) {
      return s.gone && !s.own_echo && s.object.key.prefix == prefix("10.32.0.0/16");
    }));
  }
}

TEST_F(KernelEvents, ManyEventsAtASmallBufferAreAnOverrunAndADumpIsComplete) {
  LinuxKernel::Options small;
  small.event_octets = 16 * 1024;
  start(small);
  constexpr int kRoutes = 5000;
  const std::string path = std::string{PERD_BINARY_DIR} + "/events." + std::to_string(getpid());
  {
    std::ofstream batch{path};
    for (int i = 0; i < kRoutes; ++i) {
      batch << "route add blackhole 10." << 100 + i / 250 << '.' << i % 250 << ".0/24 table 1100\n";
    }
  }
  sh("ip -batch " + path + " && rm " + path);
  drain_events();
  EXPECT_GT(heard.overruns, 0);
  EXPECT_LT(heard.all<Route>().size(), static_cast<std::size_t>(kRoutes));
  std::size_t ours = 0;
  for (const Route& r : dump<Route>(DumpKind::kRoutesV4)) ours += r.key.table == kTable ? 1U : 0U;
  EXPECT_EQ(ours, static_cast<std::size_t>(kRoutes));
  heard.overruns = 0;
  sh("ip route del blackhole 10.100.0.0/24 table 1100");  // listening goes on
  EXPECT_TRUE(heard_already<Route>([](const Seen<Route>& s) { return s.gone; }));
  EXPECT_EQ(heard.overruns, 0);
}

TEST_F(KernelEvents, ADriverForAnotherNamespace) {
  const int there = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(there, 0);
  ASSERT_EQ(unshare(CLONE_NEWNET), 0);  // now the thread is elsewhere
  LinuxKernel::Options options;
  options.netns_fd = there;
  start(options);
  add(LinkCreate{.name = "far0"});
  add(SysctlPut{"net/ipv4/conf/far0/rp_filter", "2"});
  run();
  EXPECT_TRUE(heard.refused.empty());
  EXPECT_EQ(index_of("far0").value, 0U);
  ASSERT_EQ(setns(there, CLONE_NEWNET), 0);
  close(there);
  EXPECT_NE(index_of("far0").value, 0U);
  EXPECT_EQ(output("cat /proc/sys/net/ipv4/conf/far0/rp_filter"), "2\n");
}

TEST_F(KernelEvents, ANamespaceThatIsNoneIsRefused) {
  LinuxKernel::Options options;
  options.netns_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto opened = LinuxKernel::open(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error, EINVAL);
  EXPECT_EQ(opened.error().what, "cannot enter the network namespace");
  close(options.netns_fd);
}

}  // namespace
}  // namespace perd::netlink
