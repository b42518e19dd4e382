// Fib::Impl: what the kernel says, passed to whom it concerns.
#include <algorithm>

#include "fib/impl.h"
#include "perd/overloaded.h"

namespace perd::fib {

void Fib::Impl::on_event(KernelEvent&& event, TimePoint now) {
  std::visit(Overloaded{
                 [this](const Seen<Link>& s) { on_link(s); },
                 [this, now](const Seen<Address>& s) { on_address(s, now); },
                 [this, now](const Seen<Neighbour>& s) { on_neighbour(s, now); },
                 [this, now](const Seen<FdbEntry>& s) { on_fdb(s, now); },
                 [this, now](const Seen<NextHop>& s) { on_next_hop(s, now); },
                 [this, now](const Seen<Route>& s) { on_route(s, now); },
                 [this, now](const Seen<Rule>& s) {
                   const auto key = RulePolicy::key_of(s.object);
                   if (s.gone) {
                     rules.lose(key, now);
                   } else {
                     rules.see(key, s.object.protocol, s.object.protocol == shared.protocol,
                               s.from_dump, now);
                   }
                 },
                 [this](const HeardPacket& h) { local_hosts.hear(h.packet); },
                 [this, now](const KernelRefused& r) { on_refused(r, now); },
                 [this, now](const KernelAcked& a) { on_acked(a.up_to, now); },
                 [this, now](const DumpDone& d) { on_dump_done(d, now); },
                 [this](const KernelOverrun&) { on_overrun(); },
             },
             std::move(event));
}

void Fib::Impl::on_neighbour(const Seen<Neighbour>& seen, TimePoint now) {
  local_hosts.see(seen);
  if (hosts.observe(seen, now)) return;
  if (seen.gone) {
    tunnels.lose(seen.object, now);
  } else {
    tunnels.see(seen.object, seen.from_dump, now);
  }
}

void Fib::Impl::on_fdb(const Seen<FdbEntry>& seen, TimePoint now) {
  local_hosts.see(seen);
  if (hosts.observe(seen, now)) return;
  if (seen.gone) {
    tunnels.lose(seen.object, now);
  } else {
    tunnels.see(seen.object, seen.from_dump, now);
  }
}

void Fib::Impl::on_link(const Seen<Link>& seen) {
  const LinkDelta delta =
      seen.gone ? links.lose(seen.object.index) : links.see(seen.object, seen.from_dump);
  if (!seen.gone) tasks.link_seen(seen.object);
  if (delta.changed) on_link_delta(delta);
}

void Fib::Impl::on_link_delta(const LinkDelta& d) {
  const IfIndex link = d.index;
  devices.touch();
  if (!links.usable(link)) {  // it may have been before we knew it
    dumps.doubt(DumpKind::kNextHops);
    dumps.doubt(DumpKind::kRoutesV4);
    dumps.doubt(DumpKind::kRoutesV6);
  }
  // By the state, not by the change: the link may have been told late.
  const Link* now_is = links.find(link);
  if (now_is == nullptr || !now_is->admin_up) {
    for (const RouteKey& key : foreign.drop_link(link)) on_foreign_change(key);
    fixed.lose_silently([link](const RouteKey&, const Route& r) {
      for (const auto& hop : r.hops) {
        if (hop.link == link) return true;
      }
      return false;
    });
  }
  if (!links.usable(link)) next_hops.link_stopped(link), drop_dead();
  if (d.started) next_hops.link_started(link);
  local_hosts.link_changed(link);
  if (d.vanished) {
    local_hosts.link_gone(link);
    tunnels.link_gone(link);
    hosts.link_gone(link);
    addresses.lose_silently(
        [link](const AddressPolicy::Key& key, AddressUse) { return key.first == link; });
  }
  tunnels.link_changed(link);
  hosts.link_changed(link);
  addresses.touch_all();
  sysctls.touch_all();
  fixed.touch_all();
  fixed_dirty = true;
  resolver.changed_all();
  local.changed_all();
}

void Fib::Impl::on_address(const Seen<Address>& seen, TimePoint now) {
  const AddressPolicy::Key key{seen.object.link, seen.object.address};
  if (seen.gone) {
    links.lose_address(seen.object);
    addresses.lose(key, now);
    addresses.touch_all();
  } else {
    links.see_address(seen.object, seen.from_dump);
    const auto* known = addresses.find(key);
    const bool own = known != nullptr && (known->own || (known->in_flight && known->flying));
    addresses.see(key, AddressUse::kHere, own, seen.from_dump, now);
  }
  devices.touch();
  fixed_dirty = true;
}

void Fib::Impl::on_next_hop(const Seen<NextHop>& seen, TimePoint now) {
  if (hosts.observe(seen, now)) return;
  if (seen.gone) {
    next_hops.lose(seen.object.id, now);
  } else {
    next_hops.see(seen.object, seen.from_dump, now);
  }
  drop_dead();
  if (seen.object.protocol == shared.protocol) return;
  resolver.changed_all();
  local.changed_all();
}

// IPv4 routes over an object that went are gone, and Linux says nothing of it.
void Fib::Impl::drop_dead() {
  for (const std::uint32_t id : next_hops.take_dead()) {
    dumps.doubt(DumpKind::kRoutesV4);
    dumps.doubt(DumpKind::kRoutesV6);
    for (const RouteKey& key : foreign.drop_next_hop(id)) on_foreign_change(key);
  }
}

void Fib::Impl::on_foreign_change(const RouteKey& key) {
  programmer.foreign_changed(key);
  if (key.table == kMainTable) resolver.changed(key.prefix);
  local.changed(key);
  fixed.touch(key);
}

void Fib::Impl::on_route(const Seen<Route>& seen, TimePoint now) {
  const Route& route = seen.object;
  const bool own = route.protocol == shared.protocol;
  if (!own) {
    const bool changed =
        seen.gone ? foreign.lose(route.key, route.protocol) : foreign.see(route, seen.from_dump);
    if (!changed) return;
    // `ip route replace`: what stood there before is gone without a word. (IPv6 adds beside it.)
    if (!seen.gone && !seen.from_dump && route.key.prefix.is_v4()) {
      if (route.key.metric == kRouteMetric) {
        programmer.observe(route, true, false, now);
      } else {
        fixed.lose(route.key, now);
      }
    }
    on_foreign_change(route.key);
    return;
  }
  if (!seen.gone) {
    const Route* before = foreign.find(route.key);
    if (before != nullptr && route.key.prefix.is_v4() && !seen.from_dump &&
        foreign.lose(route.key, before->protocol)) {
      on_foreign_change(route.key);
    }
  }
  if (route.key.metric == kRouteMetric) {
    programmer.observe(route, seen.gone, seen.from_dump, now);
  } else if (seen.gone) {
    fixed.lose(route.key, now);
  } else {
    fixed.see(route.key, route, true, seen.from_dump, now);
  }
}

// ---- answers ------------------------------------------------------------------------------------

void Fib::Impl::on_acked(std::uint64_t up_to, TimePoint now) {
  while (const auto flight = shared.ops.acked(up_to)) on_ack(*flight, now);
}

void Fib::Impl::on_ack(const Flight& flight, TimePoint now) {
  switch (flight.kind) {
    case FlightKind::kNone:
    case FlightKind::kDump:
      break;  // DumpDone tells
    case FlightKind::kLink:
      if (const auto delta = tasks.acked(flight.index, now)) {
        if (delta->changed) on_link_delta(*delta);
      }
      devices.touch();
      break;
    case FlightKind::kAddress: {
      const auto& e = addresses.entry(flight.index);
      const Address address{e.key.first, e.key.second};
      if (e.flying) {
        links.see_address(address, false);
      } else {
        links.lose_address(address);
      }
      addresses.acked(flight.index);
      devices.touch();
      break;
    }
    case FlightKind::kSysctl:
      sysctls.acked(flight.index);
      devices.touch();
      break;
    case FlightKind::kRule:
      rules.acked(flight.index);
      break;
    case FlightKind::kNeighbour:
      tunnels.neighbours().acked(flight.index);
      break;
    case FlightKind::kFdb:
      tunnels.fdb().acked(flight.index);
      break;
    case FlightKind::kNextHop:
      next_hops.store().acked(flight.index);
      break;
    case FlightKind::kFixedRoute:
      fixed.acked(flight.index);
      break;
    case FlightKind::kRoutePut:
    case FlightKind::kRouteErase:
      programmer.acked(flight);
      break;
    case FlightKind::kListen:
      local_hosts.ears().acked(flight.index);
      break;
    default:
      on_host_ack(flight, now);
  }
}

void Fib::Impl::on_host_ack(const Flight& flight, TimePoint now) {
  const MacVrfId id{flight.table};
  if (flight.kind == FlightKind::kMacPut) {
    MacAddress mac;
    std::copy_n(flight.octets.begin(), mac.octets.size(), mac.octets.begin());
    local_hosts.replaced(id, mac);
  } else if (flight.kind == FlightKind::kHostNeighbourPut && flight.index == kFlightOwnNeighbour) {
    local_hosts.replaced(id, IpAddress{flight.octets, flight.family});
  }
  (void)hosts.acked(flight, now);
}

void Fib::Impl::on_refused(const KernelRefused& r, TimePoint now) {
  const auto flight = shared.ops.refused(r.id);
  if (!flight) return;
  const std::uint32_t i = flight->index;
  switch (flight->kind) {
    case FlightKind::kNone:
      break;
    case FlightKind::kDump: {
      const auto kind = static_cast<DumpKind>(flight->table);
      if (dumps.refused(kind, r.message.empty() ? errno_text(r.error) : r.message, now)) {
        end_dump(kind, now);
      }
      break;
    }
    case FlightKind::kLink:
      tasks.refused(i, r.error, r.message, now);
      if (r.error == EEXIST || r.error == ENODEV) dumps.ask(DumpKind::kLinks);
      devices.touch();
      break;
    case FlightKind::kAddress:
      addresses.refused(i, r.error, r.message, now);
      break;
    case FlightKind::kSysctl:
      sysctls.refused(i, r.error, r.message, now);
      devices.touch();
      break;
    case FlightKind::kRule:
      rules.refused(i, r.error, r.message, now);
      break;
    case FlightKind::kNeighbour:
      tunnels.neighbours().refused(i, r.error, r.message, now);
      break;
    case FlightKind::kFdb:
      tunnels.fdb().refused(i, r.error, r.message, now);
      break;
    case FlightKind::kNextHop:
      next_hops.store().refused(i, r.error, r.message, now);
      break;
    case FlightKind::kFixedRoute:
      fixed.refused(i, r.error, r.message, now);
      break;
    case FlightKind::kRoutePut:
    case FlightKind::kRouteErase:
      programmer.refused(*flight, r.error, r.message, now);
      break;
    case FlightKind::kListen:
      local_hosts.ears().refused(i, r.error, r.message, now);
      break;
    default:
      (void)hosts.refused(*flight, r.error, r.message, now);
  }
}

// ---- dumps --------------------------------------------------------------------------------------

void Fib::Impl::begin_dump(DumpKind kind) {
  hosts.begin_dump(kind);
  switch (kind) {
    case DumpKind::kLinks:
      links.begin_link_dump();
      break;
    case DumpKind::kAddresses:
      links.begin_address_dump();
      addresses.begin_dump();
      break;
    case DumpKind::kNeighbours:
      tunnels.neighbours().begin_dump();
      local_hosts.begin_neighbour_dump();
      break;
    case DumpKind::kFdb:
      tunnels.fdb().begin_dump();
      local_hosts.begin_fdb_dump();
      break;
    case DumpKind::kNextHops:
      next_hops.store().begin_dump();
      break;
    case DumpKind::kRoutesV4:
      foreign.begin_dump(IpFamily::kIpv4);
      programmer.begin_dump(IpFamily::kIpv4);
      fixed.begin_dump([](const RouteKey& k) { return k.prefix.is_v4(); });
      break;
    case DumpKind::kRoutesV6:
      foreign.begin_dump(IpFamily::kIpv6);
      programmer.begin_dump(IpFamily::kIpv6);
      fixed.begin_dump([](const RouteKey& k) { return !k.prefix.is_v4(); });
      break;
    case DumpKind::kRules:
      rules.begin_dump();
      break;
  }
}

void Fib::Impl::on_dump_done(const DumpDone& done, TimePoint now) {
  if (dumps.done(done.kind, done.interrupted, now)) end_dump(done.kind, now);
}

void Fib::Impl::end_dump(DumpKind kind, TimePoint now) {
  hosts.end_dump(kind, now);
  switch (kind) {
    case DumpKind::kLinks:
      for (const auto& delta : links.end_link_dump()) on_link_delta(delta);
      // Before the first write nobody else looks: tell what is on which device.
      if (devices.configured() && !shared.writing) devices.survey(), devices_changed();
      devices.touch();
      break;
    case DumpKind::kAddresses:
      links.end_address_dump();
      addresses.end_dump(now);
      addresses.touch_all();
      devices.touch();
      fixed_dirty = true;
      break;
    case DumpKind::kNeighbours:
      tunnels.neighbours().end_dump(now);
      local_hosts.end_neighbour_dump();
      break;
    case DumpKind::kFdb:
      tunnels.fdb().end_dump(now);
      local_hosts.end_fdb_dump();
      break;
    case DumpKind::kNextHops:
      next_hops.end_dump(now);
      break;
    case DumpKind::kRoutesV4:
    case DumpKind::kRoutesV6: {
      const IpFamily family = kind == DumpKind::kRoutesV4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
      for (const RouteKey& key : foreign.end_dump(family)) on_foreign_change(key);
      programmer.end_dump(family, now);
      fixed.end_dump(now,
                     [family](const RouteKey& key) { return key.prefix.address.family == family; });
      break;
    }
    case DumpKind::kRules:
      rules.end_dump(now);
      break;
  }
}

void Fib::Impl::on_overrun() {
  shared.say(EventKind::kKernelOverrun, Severity::kWarning, "kernel",
             "notifications were lost, reading the tables again");
  for (const DumpKind kind : Dumps::kOrder) dumps.ask(kind);
}

}  // namespace perd::fib
