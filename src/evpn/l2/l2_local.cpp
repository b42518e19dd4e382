// News of the hosts behind the local ports: evidence for MACs, bindings of addresses, and what
// makes a MAC that is elsewhere one that moved here.
#include "evpn/l2/l2_state.h"

namespace perd::evpn {
namespace {

bool is_host_address(const IpAddress& a) {
  return !a.is_unspecified() && !a.is_multicast() && !a.is_loopback();
}

}  // namespace

// The MAC-VRF, when a host of it may have this MAC.
MacVrf* L2Engine::State::of_host(MacVrfId id, const MacAddress& mac) {
  MacVrf* const mv = mac_vrf(id);
  if (mv == nullptr || mv->removed || !mac.is_unicast() || is_own(mac)) return nullptr;
  return mv;
}

// Finds or makes.
HostId L2Engine::State::host_of(MacVrf& mv, const MacAddress& mac) {
  MacSlot& slot = mv.macs.insert(MacSlot::of(mac));
  if (slot.host == 0) slot.host = hosts.make_host(mv.settings.id, mac);
  return slot.host;
}

// ---- MACs ----

void L2Engine::State::on_local_mac(const LocalMac& news) {
  MacVrf* const mv = of_host(news.mac_vrf, news.mac);
  if (mv == nullptr) return;
  if (news.gone) {
    on_mac_gone(*mv, news);
    return;
  }
  const HostId id = host_of(*mv, news.mac);
  Host& host = hosts.host(id);
  host.port = news.port;
  host.assign(Host::kFdb | Host::kConfirmed, true);
  host.assign(Host::kHeard, false);
  host.assign(Host::kSticky, news.sticky);
  learn(*mv, id);
  arm_host(id);
  touch(*mv, news.mac);
}

void L2Engine::State::on_mac_gone(MacVrf& mv, const LocalMac& news) {
  const MacSlot* const slot = mv.macs.find(MacSlot::of(news.mac));
  if (slot == nullptr || slot->host == 0) return;
  Host& host = hosts.host(slot->host);
  host.assign(Host::kFdb | Host::kHeard | Host::kSticky, false);
  if (news.port_down) {
    host.assign(Host::kConfirmed, false);
    unbind_all(mv, host);
  }
  if (host.has(Host::kClaimed)) {
    ask_all(host);  // what has an address can still answer, and then the bridge learns it again
  } else {
    host.assign(Host::kConfirmed, false);
  }
  touch(mv, news.mac);
}

// It is behind a local port. If it is somewhere else as well, it came from there (RFC 7432 15).
void L2Engine::State::learn(MacVrf& mv, HostId id) {
  Host& host = hosts.host(id);
  if (host.has(Host::kClaimed | Host::kFrozen)) return;
  const MacSlot& slot = *mv.macs.find(MacSlot::of(host.mac));
  const L2ImportId best = best_import(mv, slot);
  if (best == 0) {
    // Routes that cannot be used now (vtep_sets.h) may become usable again.
    if (slot.candidates != 0) host.sequence = next_sequence(greatest_sequence(slot));
    claim(mv, host);
    return;
  }
  const L2Verdict& remote = cache.import(best).verdict;
  if (remote.sticky && !host.has(Host::kSticky)) {
    // RFC 7432 15.2: not taken over, and the operator is to know.
    if (host.has(Host::kToldSticky)) return;
    host.assign(Host::kToldSticky, true);
    tell(EventKind::kMacMoved, Severity::kWarning, mv,
         "MAC " + to_string(host.mac) + " was seen at a local port but is static at VTEP " +
             to_string(remote.vtep) + ": it stays there");
    return;
  }
  host.sequence = std::max(host.sequence, next_sequence(greatest_sequence(slot)));
  claim(mv, host);
  mv.arriving.push_back(host.mac);
  count_move(
      mv, host, true,
      "came from VTEP " + to_string(remote.vtep) + ", sequence " + std::to_string(host.sequence));
}

// All evidence that it is here, and its addresses until they are heard of again.
void L2Engine::State::forget(MacVrf& mv, Host& host) {
  host.assign(Host::kFdb | Host::kHeard | Host::kConfirmed | Host::kSticky | Host::kToldSticky,
              false);
  unclaim(mv, host);
  unbind_all(mv, host);
}

void L2Engine::State::on_heard(const HostHeard& news) {
  MacVrf* const mv = of_host(news.mac_vrf, news.mac);
  if (mv == nullptr) return;
  const HostId id = host_of(*mv, news.mac);
  Host& host = hosts.host(id);
  host.port = news.port;
  if (!host.has(Host::kFdb)) {
    host.assign(Host::kHeard, true);
    host.confirm_by = now + kConfirmTime;
  }
  learn(*mv, id);
  if (is_host_address(news.address) && !mv->is_gateway(news.address)) {
    Sign sign;
    sign.alive = true;
    sign.router = news.router;
    bind(*mv, id, news.address, sign);
  }
  arm_host(id);
  touch(*mv, news.mac);
}

// ---- neighbours ----

void L2Engine::State::on_local_neighbour(const LocalNeighbour& news) {
  if (news.news == NeighbourNews::kFailed || news.news == NeighbourNews::kGone) {
    MacVrf* const mv = mac_vrf(news.mac_vrf);
    if (mv != nullptr && !mv->removed) on_neighbour_gone(*mv, news);
    return;
  }
  MacVrf* const mv = of_host(news.mac_vrf, news.mac);
  if (mv == nullptr || !is_host_address(news.address) || mv->is_gateway(news.address)) return;
  const HostId id = host_of(*mv, news.mac);
  Host& host = hosts.host(id);
  Sign sign;
  sign.kernel = true;
  sign.permanent = news.permanent;
  sign.router = news.router;
  const bool firm = news.permanent || news.news == NeighbourNews::kReachable;
  // The entry may be an old one of a host that has gone elsewhere. So it makes a MAC local only if
  // it is firm and nobody else has the MAC; else the host is asked.
  if (!host.has(Host::kClaimed) && firm &&
      best_import(*mv, *mv->macs.find(MacSlot::of(news.mac))) == 0) {
    host.assign(Host::kHeard, true);
    host.confirm_by = now + kConfirmTime;
    learn(*mv, id);
  }
  sign.alive = news.news == NeighbourNews::kReachable && host.has(Host::kClaimed);
  bind(*mv, id, news.address, sign);
  const NeighbourState* const state = mv->find(news.address);
  if (!host.has(Host::kClaimed) && state->binding != 0 &&
      hosts.binding(state->binding).host == id) {
    ask(state->binding);
  }
  arm_host(id);
  touch(*mv, news.mac);
}

void L2Engine::State::on_neighbour_gone(MacVrf& mv, const LocalNeighbour& news) {
  const NeighbourState* const state = mv.find(news.address);
  if (state == nullptr || state->binding == 0) return;
  Binding& b = hosts.binding(state->binding);
  Host& host = hosts.host_of(b);
  if (!news.mac.is_zero() && news.mac != host.mac) return;  // of an earlier holder
  if (news.news == NeighbourNews::kGone) b.kernel = b.permanent = false;
  if (host.has(Host::kClaimed)) {
    ask(state->binding);  // the host itself has the last word
  } else {
    unbind(mv, state->binding);
  }
}

// ---- bindings ----

void L2Engine::State::bind(MacVrf& mv, HostId host_id, const IpAddress& address, const Sign& sign) {
  NeighbourState& state = mv.insert(address);
  Host& host = hosts.host(host_id);
  std::uint32_t least = 0;
  if (state.binding != 0 && hosts.binding(state.binding).host != host_id) {
    const Host& holder = hosts.host_of(hosts.binding(state.binding));
    const bool held = holder.has(Host::kClaimed);
    if (held && !sign.alive && !sign.permanent) return;
    if (held) least = next_sequence(holder.sequence);
    unbind(mv, state.binding);
  }
  if (state.binding == 0) {
    state.binding = hosts.make_binding(host_id, address);
    hosts.binding(state.binding).alive = now;
  }
  Binding& b = hosts.binding(state.binding);
  b.kernel = b.kernel || sign.kernel;
  if (sign.kernel) b.permanent = sign.permanent;
  if (sign.kernel || sign.alive) b.router = sign.router;
  if (sign.alive) hear_alive(state.binding);
  if (!b.timer && b.watch == Watch::kIdle) arm(state.binding, b.alive + patience(mv, b));
  if (sign.alive) raise_sequence(mv, host, state, address, least);
  touch(mv, address);
}

// RFC 9721: an address that comes from another MAC takes a sequence number with it that is
// greater than that MAC's, or the other nodes would not believe it.
void L2Engine::State::raise_sequence(MacVrf& mv, Host& host, const NeighbourState& state,
                                     const IpAddress& address, std::uint32_t least) {
  if (!host.has(Host::kClaimed) || host.has(Host::kFrozen)) return;
  std::uint32_t wanted = least;
  neighbour_candidates.for_each(state, [&](const MacAddress& mac, L2ClassId id) {
    if (mac == host.mac) return;
    wanted = std::max(wanted, next_sequence(cache.of_class(id).verdict.sequence));
  });
  if (wanted <= host.sequence) return;
  host.sequence = wanted;
  touch(mv, host.mac);
  touch_addresses(mv, host);
  if (wanted == least) return;
  count_move(
      mv, host, true,
      "took " + to_string(address) + " over from another MAC, sequence " + std::to_string(wanted));
}

void L2Engine::State::unbind(MacVrf& mv, BindingId id) {
  Binding& b = hosts.binding(id);
  originate_binding(mv, b, false);
  touch(mv, b.address);
  touch(mv, hosts.host_of(b).mac);
  mv.find(b.address)->binding = 0;
  hosts.destroy_binding(id);
}

void L2Engine::State::unbind_all(MacVrf& mv, Host& host) {
  while (host.first != 0) unbind(mv, host.first);
}

}  // namespace perd::evpn
