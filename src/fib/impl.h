// Fib::Impl: the parts of fib and the order in which they work. Only fib.cpp, intake.cpp and
// views.cpp include this.
#pragma once

#include <map>
#include <set>
#include <string>

#include "fib/device_builder.h"
#include "fib/dumps.h"
#include "fib/fib.h"
#include "fib/l2/host_programs.h"
#include "fib/l2/host_voice.h"
#include "fib/l2/local_hosts.h"
#include "fib/local_routes.h"
#include "fib/route_programmer.h"

namespace perd::fib {

struct Fib::Impl {
  Impl(std::uint64_t seed, const Limits& limits);

  // fib.cpp
  void configure(const WantedNode& wanted);
  void apply(const DesiredDelta& delta);
  void apply(const L2Delta& delta);
  void step(TimePoint now, std::size_t routes);
  void devices_changed();
  void mac_vrf_devices_changed();
  void place_hosts(const MacVrfPortMap& ports);
  void refresh_fixed();
  void program(TimePoint now, std::size_t routes);
  void erase(TimePoint now);
  void allow_sweep();
  void say_swept();
  void withdraw();
  [[nodiscard]] bool stores_dirty() const;
  [[nodiscard]] bool more_work() const;
  [[nodiscard]] bool synchronized() const;
  [[nodiscard]] Deadline deadline() const;
  [[nodiscard]] bool may_ask_dumps(DumpKind kind);
  [[nodiscard]] bool could_ask_dumps(DumpKind kind) const;

  // intake.cpp
  void on_event(KernelEvent&& event, TimePoint now);
  void on_link(const Seen<Link>& seen);
  void on_link_delta(const LinkDelta& delta);
  void on_neighbour(const Seen<Neighbour>& seen, TimePoint now);
  void on_fdb(const Seen<FdbEntry>& seen, TimePoint now);
  void on_address(const Seen<Address>& seen, TimePoint now);
  void on_route(const Seen<Route>& seen, TimePoint now);
  void drop_dead();
  void on_foreign_change(const RouteKey& key);
  void on_next_hop(const Seen<NextHop>& seen, TimePoint now);
  void on_acked(std::uint64_t up_to, TimePoint now);
  void on_ack(const Flight& flight, TimePoint now);
  void on_host_ack(const Flight& flight, TimePoint now);
  void on_refused(const KernelRefused& refused, TimePoint now);
  void on_dump_done(const DumpDone& done, TimePoint now);
  void end_dump(DumpKind kind, TimePoint now);
  void begin_dump(DumpKind kind);
  void on_overrun();

  Random random;
  Shared shared;
  LinkTable links;
  HopTokens tokens;
  ForeignRoutes foreign;
  Tables tables;
  NextHopStore next_hops;
  TunnelStore tunnels;
  Resolver resolver;
  SetStore sets;
  LocalRoutes local;
  FixedRouteStore fixed;
  AddressStore addresses;
  RuleStore rules;
  SysctlStore sysctls;
  LinkTasks tasks;
  HostPrograms hosts;  // the remote side of MAC-VRFs
  MacVrfBuilder mac_vrfs;
  DeviceBuilder devices;
  LocalHosts local_hosts;
  HostVoice voice;
  RouteProgrammer programmer;
  Dumps dumps;
  std::map<RouteKey, Route> wanted_fixed;
  std::set<IfIndex> known_ports;
  std::set<MacVrfId> known_mac_vrfs;
  Deadline sweep_at;
  TimePoint clock{};  // of the last step
  bool started = false;
  bool install = true;
  bool fixed_dirty = false;
  bool hosts_first = false;  // bulk of MAC-VRFs and of routes take turns
};

}  // namespace perd::fib
