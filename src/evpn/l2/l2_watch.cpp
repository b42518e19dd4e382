// Silent hosts. A local address is asked for when nothing was heard of its host for a while, when
// the bridge forgot its MAC, or when the kernel doubts it; it is withdrawn when it does not answer.
// Everything waits in one heap; probes then stand in one line that moves at a bounded pace.
#include <algorithm>

#include "evpn/l2/l2_state.h"

namespace perd::evpn {

// The time a host may be silent: less than what the bridge keeps its MAC for. A fifth more or less,
// by a hash of the address, lest all are asked at once.
Duration L2Engine::State::patience(const MacVrf& mv, const Binding& b) const {
  Duration base = limits.probe_interval;
  if (mv.device.ageing > 0) {
    base = std::min<Duration>(base, std::chrono::seconds(mv.device.ageing) / 3);
  }
  const auto part = static_cast<std::int64_t>(
      hash_combine(hash_value(b.address), hash_bytes(hosts.host_of(b).mac.octets)) % 401);
  return base * (800 + part) / 1000;
}

void L2Engine::State::arm(BindingId id, TimePoint when) {
  Binding& b = hosts.binding(id);
  b.timer = when;
  deadlines.push({when, id, b.generation, false});
}

void L2Engine::State::arm_host(HostId id) {
  Host& host = hosts.host(id);
  Deadline wanted;
  if (host.has(Host::kHeard)) wanted = host.confirm_by;
  if (host.moves > 0 && !host.has(Host::kFrozen)) {
    wanted = earliest(wanted, host.window_start + limits.duplicate_window);
  }
  if (wanted == host.timer) return;
  host.timer = wanted;
  if (wanted) deadlines.push({*wanted, id, host.generation, true});
}

// Its timer stands; when it comes up it is set anew from here.
void L2Engine::State::hear_alive(BindingId id) {
  Binding& b = hosts.binding(id);
  b.alive = now;
  b.attempts = 0;
  b.watch = Watch::kIdle;
}

void L2Engine::State::ask(BindingId id) {
  Binding& b = hosts.binding(id);
  if (b.permanent || b.watch != Watch::kIdle) return;
  b.watch = Watch::kQueued;
  b.attempts = 0;
  b.timer.reset();
  probes.push_back({id, b.generation});
}

void L2Engine::State::ask_all(const Host& host) {
  for (BindingId id = host.first; id != 0; id = hosts.binding(id).next) ask(id);
}

void L2Engine::State::on_timer(const Timer& timer) {
  if (timer.of_host) {
    if (!hosts.has_host(timer.id, timer.generation)) return;
    if (hosts.host(timer.id).timer == timer.when) on_host_timer(timer.id);
  } else if (hosts.has_binding(timer.id, timer.generation) &&
             hosts.binding(timer.id).timer == timer.when) {
    on_binding_timer(timer.id);
  }
}

void L2Engine::State::on_host_timer(HostId id) {
  Host& host = hosts.host(id);
  host.timer.reset();
  MacVrf& mv = *mac_vrf(host.mac_vrf);
  if (host.has(Host::kHeard) && host.confirm_by <= now) {
    host.assign(Host::kHeard, false);
    bool known = host.has(Host::kConfirmed);
    hosts.for_each_binding(host, [&](const Binding& b) { known = known || b.kernel; });
    if (!known) {
      unbind_all(mv, host);
    } else if (host.has(Host::kClaimed)) {
      host.assign(Host::kConfirmed, true);
      ask_all(host);
    }
  }
  if (host.moves > 0 && !host.has(Host::kFrozen) &&
      now - host.window_start >= limits.duplicate_window) {
    host.moves = 0;
  }
  arm_host(id);
  touch(mv, host.mac);
}

void L2Engine::State::on_binding_timer(BindingId id) {
  Binding& b = hosts.binding(id);
  b.timer.reset();
  const Host& host = hosts.host_of(b);
  MacVrf& mv = *mac_vrf(host.mac_vrf);
  if (b.watch == Watch::kProbing) {
    if (b.attempts < limits.probe_attempts) {
      b.watch = Watch::kQueued;
      probes.push_back({id, b.generation});
      return;
    }
    if (host.has(Host::kClaimed)) {
      ++counters.hosts_silent;
      tell(EventKind::kHostSilent, Severity::kInfo, mv,
           to_string(b.address) + " at MAC " + to_string(host.mac) + " does not answer");
    }
    unbind(mv, id);
    return;
  }
  const bool watched = !b.permanent && host.has(Host::kClaimed) && mv.up();
  const TimePoint due = b.alive + patience(mv, b);
  if (watched && due <= now) {
    ask(id);
  } else {
    arm(id, due > now ? due : now + patience(mv, b));
  }
}

// RFC 9135 7: a host that moved and says nothing of its addresses has them still. They are taken
// over as they stand with the other node, and the host is asked.
std::size_t L2Engine::State::seek(MacVrf& mv, std::size_t budget) {
  if (mv.arrived.empty()) {
    if (mv.arriving.empty()) return 0;
    mv.arrived.swap(mv.arriving);
    std::sort(mv.arrived.begin(), mv.arrived.end());
    mv.seek_v4 = mv.seek_v6 = {};
  }
  std::vector<std::pair<IpAddress, MacAddress>> found;
  const auto visit = [&](const auto& slot) {
    if (slot.state.binding == 0 && slot.state.candidates != 0) {
      const MacAddress mac = best_claim(mv, slot.state).mac;
      if (std::binary_search(mv.arrived.begin(), mv.arrived.end(), mac)) {
        found.emplace_back(slot.address(), mac);
      }
    }
    return Visit::kKeep;
  };
  std::size_t done = mv.v4.walk(mv.seek_v4, budget, 0, visit);
  if (mv.seek_v4.done && done < budget) {
    done += mv.v6.walk(mv.seek_v6, budget - done, 0, visit);
  }
  for (const auto& [address, mac] : found) {
    const MacSlot* const slot = mv.macs.find(MacSlot::of(mac));
    if (slot == nullptr || slot->host == 0 || mv.is_gateway(address)) continue;
    if (!hosts.host(slot->host).has(Host::kClaimed)) continue;
    bind(mv, slot->host, address, {});
    ask(mv.find(address)->binding);
  }
  settle();
  if (mv.seek_v4.done && mv.seek_v6.done) mv.arrived.clear();
  return done;
}

void L2Engine::State::send_probes() {
  while (!probes.empty()) {
    const ProbeRef item = probes.front();
    if (!hosts.has_binding(item.id, item.generation) ||
        hosts.binding(item.id).watch != Watch::kQueued) {
      probes.pop_front();
      continue;
    }
    if (!pace.ready(now)) return;
    probes.pop_front();
    Binding& b = hosts.binding(item.id);
    const Host& host = hosts.host_of(b);
    const MacVrf& mv = *mac_vrf(host.mac_vrf);
    if (b.permanent || !mv.up()) {
      b.watch = Watch::kIdle;
      arm(item.id, now + patience(mv, b));
      continue;
    }
    pace.take(now);
    ++counters.probes_sent;
    ++b.attempts;
    b.watch = Watch::kProbing;
    arm(item.id, now + limits.probe_timeout);
    delta.messages.push_back(
        {mv.settings.id, HostMessageKind::kProbe, host.mac, b.address, host.port});
  }
}

Deadline L2Engine::State::next_deadline() const {
  const Deadline next = deadlines.next();
  return probes.empty() ? next : earliest(next, pace.ready_at());
}

}  // namespace perd::evpn
