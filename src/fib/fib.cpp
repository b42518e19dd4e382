#include "fib/fib.h"

#include <algorithm>
#include <utility>

#include "fib/impl.h"

namespace perd::fib {

Fib::Impl::Impl(std::uint64_t seed, const Limits& limits)
    : random(seed),
      shared(limits),
      next_hops(shared, links, tokens),
      tunnels(shared, links, next_hops),
      resolver(shared, links, foreign, next_hops, tables),
      sets(next_hops, tunnels, resolver),
      local(shared, links, foreign, next_hops),
      fixed(shared, FixedRoutePolicy{&links, &foreign, &local}),
      addresses(shared, AddressPolicy{&links}),
      rules(shared, RulePolicy{}),
      sysctls(shared, SysctlPolicy{&links}),
      tasks(shared, links),
      hosts(shared, links),
      mac_vrfs(shared, links, tasks),
      devices(shared, links, tasks, addresses, rules, sysctls, foreign, tables, mac_vrfs),
      local_hosts(shared, links),
      voice(shared, mac_vrfs, local_hosts.places()),
      programmer(shared, tables, tokens, sets, next_hops, foreign, resolver),
      dumps(shared) {
  resolver.set_sets(&sets);
  local.set_sources(&devices, &fixed);
  programmer.bind(kDefaultVrf, kMainTable);
}

void Fib::Impl::configure(const WantedNode& wanted) {
  std::set<VrfId> stay;
  for (const auto& v : wanted.vrfs) stay.insert(v.id);
  for (const auto& [id, v] : devices.vrfs()) {
    if (stay.count(id) == 0) {
      programmer.drop(id);
      sets.set_ports(id, {});
    }
  }
  std::set<MacVrfId> known;
  for (const auto& m : wanted.mac_vrfs) known.insert(m.id);
  for (const MacVrfId id : known_mac_vrfs) {
    if (known.count(id) == 0) hosts.drop(id);
  }
  local_hosts.keep(known);
  known_mac_vrfs = std::move(known);
  if (shared.protocol != wanted.route_protocol && started) {
    for (const DumpKind kind : Dumps::kOrder) dumps.ask(kind);  // what is own is decided anew
  }
  shared.protocol = wanted.route_protocol;
  install = wanted.install;
  devices.configure(wanted);
  if (!shared.writing && dumps.read(DumpKind::kLinks)) devices.survey(), devices_changed();
  local.changed_all();
  fixed_dirty = true;
}

void Fib::Impl::apply(const DesiredDelta& delta) {
  for (const auto& set : delta.sets) sets.put(set);
  constexpr std::size_t kAhead = 12;
  const std::size_t count = delta.routes.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) programmer.prefetch(delta.routes[i + kAhead]);
    programmer.desire(delta.routes[i]);
  }
  for (const NextHopSetId id : delta.released_sets) sets.release(id);
}

void Fib::Impl::apply(const L2Delta& delta) {
  hosts.apply(delta);
  for (const auto& message : delta.messages) voice.say(message);
}

// Neighbours and FDB entries are told apart by the devices they are on: those must be known first.
bool Fib::Impl::could_ask_dumps(DumpKind kind) const {
  if (kind != DumpKind::kNeighbours && kind != DumpKind::kFdb) return true;
  return devices.configured() && dumps.read(DumpKind::kLinks);
}

bool Fib::Impl::may_ask_dumps(DumpKind kind) {
  if (kind == DumpKind::kRoutesV4) return programmer.may_begin_dump(IpFamily::kIpv4);
  if (kind == DumpKind::kRoutesV6) return programmer.may_begin_dump(IpFamily::kIpv6);
  return could_ask_dumps(kind) && hosts.may_begin_dump(kind);
}

void Fib::Impl::step(TimePoint now, std::size_t routes) {
  if (!started) return;
  clock = now;
  if (is_due(sweep_at, now)) allow_sweep();
  programmer.go_on_marking(now);
  hosts.go_on_marking(now);
  while (shared.ops.room() != 0) {
    const auto kind = dumps.next(now);
    if (!kind || !may_ask_dumps(*kind)) break;
    begin_dump(*kind);
    dumps.sent(*kind);
  }
  if (!devices.configured() || !dumps.all_read()) return;
  if (install && !shared.writing) {
    shared.writing = true;
    programmer.request_scan_all();
    hosts.request_scan_all();
    devices.touch();
  } else if (!install) {
    shared.writing = false;
  }
  bool look_again = false;
  if (tasks.due(now, look_again)) devices.touch();
  if (look_again) dumps.ask(DumpKind::kLinks);
  if (devices.step(now)) devices_changed();
  local_hosts.step();
  voice.step();
  if (fixed_dirty) refresh_fixed();
  for (const std::uint32_t user : resolver.step(true)) sets.touch(user);
  if (shared.writing) {
    sets.step();
    program(now, routes);
    erase(now);
  }
  local.step();
  say_swept();
}

void Fib::Impl::devices_changed() {
  std::set<IfIndex> svis;
  std::set<IfIndex> vxlans;
  std::set<IfIndex> ports;
  bool adopted = false;
  for (const auto& [id, v] : devices.vrfs()) {
    const bool there = v.table != TableId{} && (!v.want.vrf_device || v.vrf != IfIndex{});
    if (there) programmer.bind(id, v.table);
    if (v.bridge != IfIndex{}) svis.insert(v.bridge);
    if (v.vxlan != IfIndex{}) vxlans.insert(v.vxlan);
    for (const IfIndex index : {v.bridge, v.vxlan}) {
      const Link* link = links.find(index);
      if (link == nullptr) continue;
      ports.insert(index);
      adopted = adopted || (known_ports.count(index) == 0 && !tasks.made(link->name));
    }
  }
  tunnels.set_ports(std::move(svis), std::move(vxlans));
  for (const auto& [id, v] : devices.vrfs()) sets.set_ports(id, devices.ports(v));
  // Entries on devices that we did not know to be ours were not remembered.
  if (adopted && dumps.all_read()) {
    dumps.ask(DumpKind::kNeighbours);
    dumps.ask(DumpKind::kFdb);
  }
  known_ports = std::move(ports);
  fixed_dirty = true;
  local.changed_all();
  mac_vrf_devices_changed();
}

void Fib::Impl::mac_vrf_devices_changed() {
  place_hosts(mac_vrfs.ports());
  const LocalHosts::Unread unread = local_hosts.set_ports(mac_vrfs.ports());
  if (!dumps.all_read()) return;
  if (unread.fdb) dumps.ask(DumpKind::kFdb);
  if (unread.neighbours) dumps.ask(DumpKind::kNeighbours);
}

// Where MAC-VRFs are in the kernel now.
void Fib::Impl::place_hosts(const MacVrfPortMap& ports) {
  const auto empty = [this](IfIndex index) {
    const Link* link = links.find(index);
    return link != nullptr && tasks.made(link->name);
  };
  if (hosts.set_ports(ports, empty)) {
    dumps.ask(DumpKind::kNeighbours);
    dumps.ask(DumpKind::kFdb);
  }
  // Own neighbours were taken for those of tunnels as long as nothing else was known of the link.
  tunnels.neighbours().lose_silently([&ports](const NeighbourPolicy::Key& key, const Neighbour&) {
    return std::any_of(ports.begin(), ports.end(),
                       [&key](const auto& item) { return item.second.svi == key.first; });
  });
}

void Fib::Impl::refresh_fixed() {
  fixed_dirty = false;
  std::map<RouteKey, Route> wanted = wanted_fixed_routes(devices, links, shared.protocol);
  for (const auto& [key, route] : wanted_fixed) {
    if (wanted.count(key) == 0) fixed.unwant(key);
  }
  for (const auto& [key, route] : wanted) fixed.want(key, route);
  wanted_fixed = std::move(wanted);
}

// Link < address < sysctl < neighbour and FDB < next hop < group < route.
void Fib::Impl::program(TimePoint now, std::size_t routes) {
  addresses.step_puts(now);
  sysctls.step_puts(now);
  rules.step_puts(now);
  local_hosts.ears().step_puts(now);
  tunnels.step_puts(now);
  next_hops.step_singles(now);
  sets.retarget();
  next_hops.step_groups(now);
  sets.retarget();
  for (const auto& [vrf, family] : sets.take_scans()) programmer.request_scan(vrf, family);
  if (next_hops.take_scan()) programmer.request_scan_all();
  fixed.step_puts(now);
  hosts.step_first(now);
  // Of hosts nothing is held back while tables fill: Linux takes them alike in any order.
  const std::size_t most = shared.limits.step_routes;
  hosts_first = !hosts_first;
  if (hosts_first) hosts.step(now, most);
  programmer.step(now, routes);
  if (!hosts_first) hosts.step(now, most);
  if (programmer.take_next_hop_doubt() && !dumps.running()) dumps.ask(DumpKind::kNextHops);
}

void Fib::Impl::erase(TimePoint now) {
  fixed.step_erases(now);
  hosts.step_erases(now);
  next_hops.step_erases(now);
  if (next_hops.take_scan()) programmer.request_scan_all();
  for (const auto& key : next_hops.take_gone()) tunnels.way_gone(key);
  tunnels.step_erases(now);
  local_hosts.ears().step_erases(now);
  rules.step_erases(now);
  sysctls.step_erases(now);
  addresses.step_erases(now);
}

void Fib::Impl::allow_sweep() {
  sweep_at.reset();
  if (shared.sweep_allowed) return;
  shared.sweep_allowed = true;
  programmer.request_scan_all();
  next_hops.store().touch_all();
  fixed.touch_all();
  tunnels.neighbours().touch_all();
  tunnels.fdb().touch_all();
  rules.touch_all();
  hosts.allow_sweep();
}

void Fib::Impl::say_swept() {
  if (shared.swept == 0 || shared.ops.in_flight() != 0) return;
  if (programmer.busy() || hosts.busy()) return;
  shared.say(EventKind::kKernelSwept, Severity::kInfo, "kernel",
             std::to_string(shared.swept) + " stale objects of an earlier run removed");
  shared.swept = 0;
}

void Fib::Impl::withdraw() {
  WantedNode nothing;
  nothing.route_protocol = shared.protocol;
  nothing.install = install;
  configure(nothing);
  programmer.drop(kDefaultVrf);
  hosts.drop_all();
  allow_sweep();
}

bool Fib::Impl::stores_dirty() const {
  return local_hosts.ears().dirty() || fixed.dirty() || addresses.dirty() || rules.dirty() ||
         sysctls.dirty() || tunnels.neighbours().dirty() || tunnels.fdb().dirty() ||
         next_hops.store().dirty() || sets.dirty();
}

bool Fib::Impl::more_work() const {
  if (!started) return false;
  if (programmer.marking() || hosts.marking()) return true;
  if (devices.configured() && dumps.all_read() && (local_hosts.dirty() || voice.more_work())) {
    return true;
  }
  if (shared.ops.room() == 0) return false;
  if (const auto kind = dumps.next(clock); kind && could_ask_dumps(*kind)) return true;
  if (!devices.configured() || !dumps.all_read()) return false;
  if (resolver.dirty() || local.dirty() || fixed_dirty) return true;
  if (install != shared.writing) return true;
  if (!shared.writing) return false;
  return devices.dirty(clock) || stores_dirty() || programmer.more_work() || hosts.more_work();
}

bool Fib::Impl::synchronized() const {
  if (!started || !devices.configured() || !dumps.all_read()) return false;
  if (!install) return !more_work();
  const auto waits = [](const auto& store) { return store.busy(); };
  return !more_work() && !waits(local_hosts.ears()) && !dumps.running() &&
         shared.ops.in_flight() == 0 && !programmer.busy() && !hosts.busy() &&
         !devices.deadline() && !tasks.busy() && !waits(fixed) && !waits(addresses) &&
         !waits(rules) && !waits(sysctls) && !waits(tunnels.neighbours()) &&
         !waits(tunnels.fdb()) && !waits(next_hops.store());
}

Deadline Fib::Impl::deadline() const {
  if (!started) return std::nullopt;
  Deadline d = earliest(sweep_at, dumps.deadline());
  if (!shared.writing) return d;  // nothing below is worked on
  d = earliest(d, earliest(tasks.deadline(), devices.deadline()));
  d = earliest(d, earliest(programmer.deadline(), hosts.deadline()));
  d = earliest(d, earliest(fixed.deadline(), addresses.deadline()));
  d = earliest(d, earliest(rules.deadline(), sysctls.deadline()));
  d = earliest(d, earliest(tunnels.neighbours().deadline(), tunnels.fdb().deadline()));
  d = earliest(d, local_hosts.ears().deadline());
  return earliest(d, next_hops.store().deadline());
}

// ---- the public face ----------------------------------------------------------------------------

Fib::Fib(std::uint64_t seed) : Fib(seed, Limits{}) {}
Fib::Fib(std::uint64_t seed, const Limits& limits) : impl_(std::make_unique<Impl>(seed, limits)) {}
Fib::~Fib() = default;

void Fib::start(TimePoint now) {
  if (impl_->started) return;
  impl_->started = true;
  impl_->sweep_at = now + impl_->shared.limits.sweep_after;
  for (const DumpKind kind : Dumps::kOrder) impl_->dumps.ask(kind);
  step(now);
}
void Fib::configure(const WantedNode& wanted, TimePoint) { impl_->configure(wanted); }
void Fib::apply(const DesiredDelta& delta, TimePoint) { impl_->apply(delta); }
void Fib::apply(const L2Delta& delta, TimePoint) { impl_->apply(delta); }
void Fib::track_next_hop(const IpAddress& a) { impl_->resolver.track(a); }
void Fib::untrack_next_hop(const IpAddress& a) { impl_->resolver.untrack(a); }
void Fib::on_kernel_event(KernelEvent&& event, TimePoint now) {
  impl_->on_event(std::move(event), now);
}
void Fib::allow_sweep(TimePoint) { impl_->allow_sweep(); }
void Fib::step(TimePoint now) { impl_->step(now, impl_->shared.limits.step_routes); }
void Fib::step(TimePoint now, std::size_t routes) { impl_->step(now, routes); }
bool Fib::more_work() const { return impl_->more_work(); }
Deadline Fib::next_deadline() const { return impl_->deadline(); }
std::vector<KernelOp> Fib::take_ops(std::size_t max) { return impl_->shared.ops.take(max); }
std::vector<LocalKnowledge> Fib::take_knowledge() {
  return std::exchange(impl_->shared.knowledge, {});
}
std::vector<Event> Fib::take_events() { return std::exchange(impl_->shared.events, {}); }
bool Fib::synchronized() const { return impl_->synchronized(); }
void Fib::withdraw_everything(TimePoint) { impl_->withdraw(); }

}  // namespace perd::fib
