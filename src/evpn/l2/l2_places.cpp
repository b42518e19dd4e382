// Where a MAC is, and whose an address is, when several claim them: RFC 7432 15 for MACs, RFC 9721
// for the addresses bound to them.
#include "evpn/l2/l2_state.h"

namespace perd::evpn {
namespace {

// The order among remote claims: RFC 7432 15.2 (sticky), 15 (sequence, then the lower VTEP). What
// is left says the same of the MAC but for its segment or VNI; the order by value makes the choice
// one that does not depend on who spoke first.
bool better(const L2Verdict& a, const L2Verdict& b) {
  if (a.sticky != b.sticky) return a.sticky;
  if (a.sequence != b.sequence) return a.sequence > b.sequence;
  if (a.vtep != b.vtep) return a.vtep < b.vtep;
  if (a.esi != b.esi) return a.esi > b.esi;
  if (a.vni != b.vni) return a.vni < b.vni;
  return !a.gateway && b.gateway;
}

}  // namespace

void L2Engine::State::touch_addresses(const MacVrf& mv, const Host& host) {
  hosts.for_each_binding(host, [&](const Binding& b) { touch(mv, b.address); });
}

void L2Engine::State::settle() {
  while (!macs.empty() || !addresses.empty()) {
    if (!macs.empty()) {
      const MacRef item = macs.back();
      macs.pop_back();
      if (MacVrf* mv = mac_vrf(item.mac_vrf)) settle_mac(*mv, item.mac);
    } else {
      const AddressRef item = addresses.back();
      addresses.pop_back();
      if (MacVrf* mv = mac_vrf(item.mac_vrf)) settle_neighbour(*mv, item.address);
    }
  }
}

// ---- MACs ----

L2ImportId L2Engine::State::best_import(const MacVrf& mv, const MacSlot& slot) const {
  L2ImportId best = 0;
  mac_candidates.for_each(slot, [&](L2ImportId id, std::uint32_t) {
    const L2Import& import = cache.import(id);
    if (!sets.usable(import.set_of(mv.settings.id))) return;
    if (best == 0 || better(import.verdict, cache.import(best).verdict)) best = id;
  });
  return best;
}

std::uint32_t L2Engine::State::greatest_sequence(const MacSlot& slot) const {
  std::uint32_t greatest = 0;
  mac_candidates.for_each(slot, [&](L2ImportId id, std::uint32_t) {
    greatest = std::max(greatest, cache.import(id).verdict.sequence);
  });
  return greatest;
}

bool L2Engine::State::beats(const L2Verdict& remote, const MacVrf& mv, const Host& host) {
  if (host.has(Host::kFrozen)) return false;
  // RFC 7432 15.2: a static MAC stays where the operator put it.
  if (host.has(Host::kSticky)) return false;
  if (remote.sticky) return true;
  if (remote.sequence != host.sequence) return remote.sequence > host.sequence;
  // RFC 7432 15: both say the same number, the lower address keeps the MAC.
  return remote.vtep < mv.vtep();
}

void L2Engine::State::settle_mac(MacVrf& mv, const MacAddress& mac) {
  MacSlot* const slot = mv.macs.find(MacSlot::of(mac));
  if (slot == nullptr) return;
  const L2ImportId best = best_import(mv, *slot);
  if (slot->host != 0) settle_host(mv, *slot, best);
  const bool local = slot->host != 0 && hosts.host(slot->host).has(Host::kClaimed);
  if (best == 0 || local || !mv.up()) {
    set_desired(mv, *slot, 0, false);
  } else {
    const L2Import& import = cache.import(best);
    set_desired(mv, *slot, import.set_of(mv.settings.id), import.verdict.sticky);
  }
  if (slot->idle()) mv.macs.erase(slot);
}

void L2Engine::State::settle_host(MacVrf& mv, MacSlot& slot, L2ImportId best) {
  Host& host = hosts.host(slot.host);
  if (mv.removed || is_own(host.mac)) {
    thaw(mv, host);
    forget(mv, host);
    host.moves = 0;
  }
  if (host.has(Host::kClaimed)) {
    if (!host.evident()) {
      unclaim(mv, host);
    } else if (best != 0 && beats(cache.import(best).verdict, mv, host)) {
      lose(mv, host, cache.import(best).verdict);
    }
  } else if (host.evident()) {
    learn(mv, slot.host);  // what kept it elsewhere, a static MAC, may be gone
  }
  originate_mac(mv, host);
  if (!host.idle()) return;
  hosts.destroy_host(slot.host);
  slot.host = 0;
}

void L2Engine::State::set_desired(MacVrf& mv, MacSlot& slot, VtepSetId set, bool sticky) {
  const bool told_sticky = (slot.flags & MacSlot::kToldSticky) != 0;
  if (slot.set == set && told_sticky == sticky) return;
  if (set != 0) sets.use(set);
  if (slot.set != 0) sets.drop(slot.set);
  mv.remote_macs = mv.remote_macs + (set != 0 ? 1U : 0U) - (slot.set != 0 ? 1U : 0U);
  slot.set = set;
  slot.flags = sticky ? MacSlot::kToldSticky : std::uint16_t{0};
  delta.macs.push_back({mv.settings.id, slot.mac, set, sticky, urgent});
}

// ---- our own claim ----

void L2Engine::State::claim(MacVrf& mv, Host& host) {
  host.assign(Host::kClaimed, true);
  ++mv.local_macs;
  touch(mv, host.mac);
  touch_addresses(mv, host);
}

void L2Engine::State::unclaim(MacVrf& mv, Host& host) {
  if (!host.has(Host::kClaimed)) return;
  host.assign(Host::kClaimed | Host::kConfirmed, false);
  --mv.local_macs;
  host.sequence = 0;
  touch(mv, host.mac);
  touch_addresses(mv, host);
}

void L2Engine::State::lose(MacVrf& mv, Host& host, const L2Verdict& winner) {
  // Switches and neighbour caches behind the local ports still look for the host here.
  if (mv.up()) {
    const std::size_t before = delta.messages.size();
    hosts.for_each_binding(host, [&](const Binding& b) {
      delta.messages.push_back(
          {mv.settings.id, HostMessageKind::kAnnounce, host.mac, b.address, 0});
    });
    if (delta.messages.size() == before) {
      delta.messages.push_back({mv.settings.id, HostMessageKind::kRarp, host.mac, {}, 0});
    }
  }
  count_move(
      mv, host, false,
      "went to VTEP " + to_string(winner.vtep) + ", sequence " + std::to_string(winner.sequence));
  forget(mv, host);
}

void L2Engine::State::count_move(MacVrf& mv, Host& host, bool to_here, const std::string& text) {
  ++counters.moves;
  if (host.moves > 0 && now - host.window_start >= limits.duplicate_window) host.moves = 0;
  // RFC 7432 15.1: learning it here starts the time; from then on every move counts.
  if (to_here && host.moves == 0) host.window_start = now;
  if (to_here || host.moves > 0) ++host.moves;
  tell(EventKind::kMacMoved, host.moves > 1 ? Severity::kInfo : Severity::kDebug, mv,
       "MAC " + to_string(host.mac) + " " + text);
  if (host.moves >= limits.duplicate_moves && !host.has(Host::kFrozen)) freeze(mv, host);
}

void L2Engine::State::freeze(MacVrf& mv, Host& host) {
  host.assign(Host::kFrozen, true);
  ++mv.frozen;
  ++counters.duplicates;
  tell(EventKind::kMacDuplicate, Severity::kWarning, mv,
       "MAC " + to_string(host.mac) + " moved " + std::to_string(host.moves) +
           " times: it stays where it is until an operator clears it");
}

void L2Engine::State::thaw(MacVrf& mv, Host& host) {
  if (!host.has(Host::kFrozen)) return;
  host.assign(Host::kFrozen, false);
  --mv.frozen;
}

// ---- addresses ----

L2Engine::State::Claim L2Engine::State::best_claim(const MacVrf& mv,
                                                   const NeighbourState& state) const {
  Claim best;
  neighbour_candidates.for_each(state, [&](const MacAddress& mac, L2ClassId id) {
    const L2Import& import = cache.of_class(id);
    if (!sets.usable(import.set_of(mv.settings.id))) return;
    if (best.class_id != 0) {
      const L2Verdict& a = import.verdict;
      const L2Verdict& b = cache.of_class(best.class_id).verdict;
      if (better(b, a)) return;
      if (!better(a, b)) {
        if (best.mac != mac ? best.mac < mac : cache.router(best.class_id) >= cache.router(id)) {
          return;
        }
      }
    }
    best = {mac, id};
  });
  return best;
}

void L2Engine::State::settle_neighbour(MacVrf& mv, const IpAddress& address) {
  NeighbourState* const state = mv.find(address);
  if (state == nullptr) return;
  Claim remote;
  if (!mv.is_gateway(address)) remote = best_claim(mv, *state);
  if (state->binding != 0 && (mv.is_gateway(address) || mv.removed)) unbind(mv, state->binding);
  if (state->binding != 0) {
    const Host& host = hosts.host_of(hosts.binding(state->binding));
    // The same MAC: whoever has the MAC has the address. Another: RFC 9721.
    if (host.has(Host::kClaimed) && remote.class_id != 0 && remote.mac != host.mac &&
        beats(cache.of_class(remote.class_id).verdict, mv, host)) {
      if (mv.up()) {
        delta.messages.push_back(
            {mv.settings.id, HostMessageKind::kAnnounce, remote.mac, address, 0});
      }
      unbind(mv, state->binding);
    }
  }
  Binding* local = nullptr;
  if (state->binding != 0) {
    Binding& b = hosts.binding(state->binding);
    const bool active = hosts.host_of(b).has(Host::kClaimed);
    originate_binding(mv, b, active);
    if (active) local = &b;
  }
  tell_neighbour(mv, address, *state, remote, local);
  if (state->idle()) mv.erase(address);
}

void L2Engine::State::tell_neighbour(MacVrf& mv, const IpAddress& address, NeighbourState& state,
                                     const Claim& claim, const Binding* local) {
  const bool told = state.has(NeighbourState::kTold);
  const bool want = local == nullptr && claim.class_id != 0 && mv.up();
  const bool router = want && cache.router(claim.class_id);
  DesiredNeighbour out{mv.settings.id, address, claim.mac, NeighbourWish::kNone, router, urgent};
  mv.remote_neighbours = mv.remote_neighbours + (want ? 1U : 0U) - (told ? 1U : 0U);
  if (want) {
    const bool same_mac = !state.has(NeighbourState::kOtherMac) && state.mac == claim.mac;
    if (told && same_mac && state.has(NeighbourState::kToldRouter) == router) return;
    out.wish = NeighbourWish::kRemote;
    state.mac = claim.mac;
  } else if (!told) {
    return;
  } else if (local != nullptr && mv.up()) {
    out.wish = NeighbourWish::kLocal;
    out.mac = hosts.host_of(*local).mac;
    out.router = local->router;
  } else {
    out.mac = {};
  }
  state.assign(NeighbourState::kOtherMac, false);
  state.assign(NeighbourState::kTold, want);
  state.assign(NeighbourState::kToldRouter, router);
  delta.neighbours.push_back(out);
}

}  // namespace perd::evpn
