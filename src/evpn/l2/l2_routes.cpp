// Routes of types 1, 2 and 3 into what they change: candidates of MACs and addresses, flood lists,
// Ethernet segments.
#include <algorithm>

#include "evpn/l2/l2_state.h"

namespace perd::evpn {
namespace {

bool is_layer2(wire::EvpnRouteType type) {
  return type == wire::EvpnRouteType::kEthernetAd || type == wire::EvpnRouteType::kMacIp ||
         type == wire::EvpnRouteType::kInclusiveMulticast;
}

}  // namespace

void L2Engine::State::on_route_changed(const EvpnTable& table, rib::RouteId route) {
  const L2ClassId before = memberships.get(route);
  const auto best = table.exists(route) ? table.best(route) : std::nullopt;
  if (before == 0 && !best) return;
  const wire::EvpnKey key = table.key(route);
  if (!is_layer2(key.type)) return;
  L2ClassId after = 0;
  if (best) {
    const bool own = key.type == wire::EvpnRouteType::kMacIp && is_own(key.mac);
    after = cache.acquire(key, *best, own);
  }
  // Both are applied before anything is settled: a route that says something else never leaves a
  // gap.
  if (before != after) {
    if (before != 0) {
      --counters.routes[static_cast<std::size_t>(cache.of_class(before).verdict.refusal)];
      apply(key, before, false);
    }
    if (after != 0) {
      ++counters.routes[static_cast<std::size_t>(cache.of_class(after).verdict.refusal)];
      apply(key, after, true);
    }
    memberships.set(route, after);
    if (before != 0 && key.ip_bits != 0) take_address_along(key, before);
  }
  if (before != 0) cache.release(before);
  settle();
}

// RFC 9135 7: a host that moved here without a word. Its MAC was learned, now the old place takes
// back its address, which can be nowhere but with the MAC. It is told, and the host is asked.
void L2Engine::State::take_address_along(const wire::EvpnKey& key, L2ClassId class_id) {
  const L2Verdict& v = cache.of_class(class_id).verdict;
  if (v.refusal != L2Refusal::kNone || v.kind != L2RouteKind::kMac) return;
  const IpAddress address = *key.address();
  for (const MacVrfId id : v.mac_vrfs) {
    MacVrf& mv = *mac_vrf(id);
    const MacSlot* const slot = mv.macs.find(MacSlot::of(key.mac));
    if (slot == nullptr || slot->host == 0 || !hosts.host(slot->host).has(Host::kClaimed)) continue;
    const NeighbourState* const state = mv.find(address);
    const bool elsewhere = state != nullptr && (state->candidates != 0 || state->binding != 0);
    if (elsewhere || !mv.up() || mv.is_gateway(address)) continue;
    bind(mv, slot->host, address, Sign{});
    ask(mv.find(address)->binding);
  }
}

void L2Engine::State::apply(const wire::EvpnKey& key, L2ClassId class_id, bool on) {
  const L2ImportId import_id = cache.import_of(class_id);
  const L2Verdict& v = cache.import(import_id).verdict;
  if (v.refusal != L2Refusal::kNone) return;
  if (v.kind == L2RouteKind::kAdPerSegment)
    sets.put_per_segment(v.esi, v.vtep, v.single_active, on);
  for (const MacVrfId id : v.mac_vrfs) {
    MacVrf& mv = *mac_vrf(id);
    if (v.kind == L2RouteKind::kMulticast) apply_flood(mv, v.vtep, on);
    if (v.kind == L2RouteKind::kAdPerEvi) sets.put_per_evi(v.esi, id, v.vtep, v.vni, on);
    if (v.kind != L2RouteKind::kMac) continue;
    MacSlot& slot = mv.macs.insert(MacSlot::of(key.mac));
    if (on) {
      mac_candidates.add(slot, import_id);
    } else {
      mac_candidates.remove(slot, import_id);
    }
    touch(mv, key.mac);
    const auto address = key.address();
    if (!address) continue;
    NeighbourState& state = mv.insert(*address);
    if (on) {
      neighbour_candidates.add(state, key.mac, class_id);
    } else {
      neighbour_candidates.remove(state, key.mac, class_id);
    }
    touch(mv, *address);
  }
  for (const MacVrfId id : sets.flipped()) mac_vrf(id)->start_walk();
  sets.flipped().clear();
}

// ---- flood lists ----

void L2Engine::State::apply_flood(MacVrf& mv, const IpAddress& vtep, bool on) {
  auto it = std::lower_bound(mv.flood.begin(), mv.flood.end(), vtep,
                             [](const FloodEntry& e, const IpAddress& a) { return e.vtep < a; });
  if (it == mv.flood.end() || it->vtep != vtep) it = mv.flood.insert(it, {vtep, 0, false});
  it->routes += on ? 1U : ~0U;
  const bool wanted = it->routes > 0 && mv.up();
  if (wanted != it->told) delta.floods.push_back({mv.settings.id, vtep, !wanted});
  it->told = wanted;
  if (it->routes == 0) mv.flood.erase(it);
}

void L2Engine::State::update_flood(MacVrf& mv) {
  for (FloodEntry& e : mv.flood) {
    if (e.told != mv.up()) delta.floods.push_back({mv.settings.id, e.vtep, !mv.up()});
    e.told = mv.up();
  }
}

// ---- other rules ----

std::size_t L2Engine::State::refresh_routes(const EvpnTable& table, std::size_t budget) {
  if (refresh_cursor == 0) return 0;
  std::size_t done = 0;
  for (; done < budget; ++done, ++refresh_cursor) {
    refresh_cursor = memberships.next(refresh_cursor);
    if (refresh_cursor >= memberships.end()) break;
    const L2ClassId id = memberships.get(refresh_cursor);
    if (id == 0) continue;
    if (refresh_keys || !cache.refresh(id)) on_route_changed(table, refresh_cursor);
  }
  if (refresh_cursor >= memberships.end()) {
    refresh_cursor = 0;
    refresh_keys = false;
  }
  return done;
}

}  // namespace perd::evpn
