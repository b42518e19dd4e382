// The inside of L2Engine: its parts and how they touch each other.
//
// News change facts (candidates, evidence, bindings) and note which MACs and addresses are touched;
// settle() then takes each of those alone and brings what was told in line with the facts. So
// nothing depends on the order of news but what RFC 7432 15 wants to: learning a MAC here that is
// elsewhere is a move.
//
//   l2_engine.cpp   configuration, devices, slices
//   l2_routes.cpp   routes into candidates, flood lists and segments
//   l2_places.cpp   where a MAC and an address are
//   l2_local.cpp    news of local hosts
//   l2_watch.cpp    deadlines and probes
//   l2_origin.cpp   what is originated
//   l2_reading.cpp, l2_explain.cpp   views
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bgp/rib/decision.h"
#include "bgp/rib/route_map.h"
#include "bgp/rib/table.h"
#include "evpn/l2/deadlines.h"
#include "evpn/l2/import.h"
#include "evpn/l2/l2_engine.h"
#include "evpn/l2/local_hosts.h"
#include "evpn/l2/mac_vrf.h"
#include "evpn/l2/vtep_sets.h"

namespace perd::evpn {

// How long a MAC that was only heard counts as local while the bridge does not say that it learned
// it.
inline constexpr Duration kConfirmTime = std::chrono::seconds(5);

// What a piece of news says of an address.
struct Sign {
  bool alive = false;      // the host itself said so just now: it may come from another MAC
  bool kernel = false;     // a neighbour entry of the kernel
  bool permanent = false;  // ... of an operator
  bool router = false;
};

struct L2Engine::State {
  struct MacRef {
    MacVrfId mac_vrf{};
    MacAddress mac{};
  };
  struct AddressRef {
    MacVrfId mac_vrf{};
    IpAddress address{};
  };
  struct ProbeRef {
    BindingId id = 0;
    std::uint32_t generation = 0;
  };
  // A remote claim on an address.
  struct Claim {
    MacAddress mac{};
    L2ClassId class_id = 0;  // 0: none
  };
  State(rib::AttributeStore& attributes, const rib::NextHopTable& next_hops,
        const rib::DecisionContext& decision, const L2Limits& limits);

  // ---- l2_engine.cpp ----
  void configure(const NodeSettings& wanted, const std::vector<MacVrfSettings>& wanted_vrfs);
  [[nodiscard]] bool configure_mac_vrf(const MacVrfSettings& wanted);
  void revive(MacVrf& mv);
  void renew_rules();
  void renew_own_macs();
  void update_form(MacVrf& mv);
  void on_state(const MacVrfState& news);
  void on_vrf_state(const VrfState& news);
  bool step(const EvpnTable& table, std::size_t budget);
  std::size_t walk(MacVrf& mv, std::size_t budget);
  void drop_removed();
  [[nodiscard]] MacVrf* mac_vrf(MacVrfId id);
  [[nodiscard]] const MacVrf* mac_vrf(MacVrfId id) const;
  [[nodiscard]] const VrfState* vrf_state(VrfId id) const;
  [[nodiscard]] bool is_own(const MacAddress& mac) const;
  std::size_t clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac);
  void tell(EventKind kind, Severity severity, const MacVrf& mv, std::string text);

  // ---- l2_routes.cpp ----
  void on_route_changed(const EvpnTable& table, rib::RouteId route);
  void apply(const wire::EvpnKey& key, L2ClassId class_id, bool on);
  void take_address_along(const wire::EvpnKey& key, L2ClassId class_id);
  void apply_flood(MacVrf& mv, const IpAddress& vtep, bool on);
  void update_flood(MacVrf& mv);
  std::size_t refresh_routes(const EvpnTable& table, std::size_t budget);

  // ---- l2_places.cpp ----
  void touch(const MacVrf& mv, const MacAddress& mac) { macs.push_back({mv.settings.id, mac}); }
  void touch(const MacVrf& mv, const IpAddress& a) { addresses.push_back({mv.settings.id, a}); }
  void touch_addresses(const MacVrf& mv, const Host& host);
  void settle();
  void settle_mac(MacVrf& mv, const MacAddress& mac);
  void settle_host(MacVrf& mv, MacSlot& slot, L2ImportId best);
  void settle_neighbour(MacVrf& mv, const IpAddress& address);
  [[nodiscard]] L2ImportId best_import(const MacVrf& mv, const MacSlot& slot) const;
  [[nodiscard]] std::uint32_t greatest_sequence(const MacSlot& slot) const;
  [[nodiscard]] Claim best_claim(const MacVrf& mv, const NeighbourState& state) const;
  // RFC 7432 15: does what the other node says stand above our own claim?
  [[nodiscard]] static bool beats(const L2Verdict& remote, const MacVrf& mv, const Host& host);
  void set_desired(MacVrf& mv, MacSlot& slot, VtepSetId set, bool sticky);
  void tell_neighbour(MacVrf& mv, const IpAddress& address, NeighbourState& state,
                      const Claim& claim, const Binding* local);
  void claim(MacVrf& mv, Host& host);
  void unclaim(MacVrf& mv, Host& host);
  void lose(MacVrf& mv, Host& host, const L2Verdict& winner);
  void count_move(MacVrf& mv, Host& host, bool to_here, const std::string& text);
  void freeze(MacVrf& mv, Host& host);
  void thaw(MacVrf& mv, Host& host);

  // ---- l2_local.cpp ----
  void on_local_mac(const LocalMac& news);
  void on_local_neighbour(const LocalNeighbour& news);
  void on_heard(const HostHeard& news);
  void on_mac_gone(MacVrf& mv, const LocalMac& news);
  void on_neighbour_gone(MacVrf& mv, const LocalNeighbour& news);
  [[nodiscard]] MacVrf* of_host(MacVrfId id, const MacAddress& mac);
  [[nodiscard]] HostId host_of(MacVrf& mv, const MacAddress& mac);
  void learn(MacVrf& mv, HostId id);
  void bind(MacVrf& mv, HostId host, const IpAddress& address, const Sign& sign);
  void raise_sequence(MacVrf& mv, Host& host, const NeighbourState& state, const IpAddress& address,
                      std::uint32_t least);
  void unbind(MacVrf& mv, BindingId id);
  void unbind_all(MacVrf& mv, Host& host);
  void forget(MacVrf& mv, Host& host);  // all evidence

  // ---- l2_watch.cpp ----
  void hear_alive(BindingId id);
  void arm(BindingId id, TimePoint when);
  void arm_host(HostId id);
  void ask(BindingId id);
  void ask_all(const Host& host);
  void on_timer(const Timer& timer);
  void on_host_timer(HostId id);
  void on_binding_timer(BindingId id);
  void send_probes();
  std::size_t seek(MacVrf& mv, std::size_t budget);
  [[nodiscard]] Duration patience(const MacVrf& mv, const Binding& b) const;
  [[nodiscard]] Deadline next_deadline() const;

  // ---- l2_origin.cpp ----
  void originate_mac(MacVrf& mv, Host& host);
  void originate_binding(MacVrf& mv, Binding& b, bool active);
  void originate_multicast(MacVrf& mv);
  void withdraw(MacVrf& mv, Announced& told, const MacAddress& mac, const IpAddress* address);
  void announce(MacVrf& mv, Announced& told, const Announced& wanted, const MacAddress& mac,
                const IpAddress* address);

  // ---- l2_reading.cpp ----
  [[nodiscard]] MacView view_of(const MacVrf& mv, const MacSlot& slot) const;
  [[nodiscard]] NeighbourView view_of(const MacVrf& mv, const IpAddress& address,
                                      const NeighbourState& state) const;
  [[nodiscard]] MacAddress mac_of(const MacVrf& mv, const IpAddress& address,
                                  const NeighbourState& state) const;

  // ---- l2_explain.cpp ----
  void explain_route(const EvpnTable& table, const MacVrf& mv, rib::RouteId route,
                     std::vector<ExplainStep>& steps) const;
  void explain_place(const MacVrf& mv, const MacAddress& mac,
                     std::vector<ExplainStep>& steps) const;

  rib::AttributeStore& attributes;
  const rib::NextHopTable& next_hop_table;
  const rib::DecisionContext& decision;
  L2Limits limits;

  TimePoint now{};
  NodeSettings node;
  std::vector<std::unique_ptr<MacVrf>> mac_vrfs;  // by MacVrfId, with holes
  std::vector<VrfState> vrf_states;               // by VrfId
  std::vector<MacAddress> own_macs;               // sorted
  VtepSets sets;
  L2ImportCache cache;
  MacCandidates mac_candidates;
  NeighbourCandidates neighbour_candidates;
  LocalHosts hosts;
  rib::RouteMap<L2ClassId> memberships;  // 0: not known here

  rib::RouteId refresh_cursor = 0;  // 0: nothing to refresh
  bool refresh_keys = false;        // facts about keys may have changed as well

  std::vector<MacRef> macs;  // touched, to be settled
  std::vector<AddressRef> addresses;

  Deadlines deadlines;
  std::deque<ProbeRef> probes;  // due, waiting for their turn
  Pace pace;

  bool urgent = false;  // what follows now follows from a single change
  L2Delta delta;
  std::vector<Origination> originations;
  std::vector<LocalRoute> host_routes;
  std::vector<Event> events;
  L2Counters counters;
};

// One more, but never past the end (RFC 7432 7.7 has 32 bits).
[[nodiscard]] constexpr std::uint32_t next_sequence(std::uint32_t n) {
  return n == 0xffffffff ? n : n + 1;
}

}  // namespace perd::evpn
