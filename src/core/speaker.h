// The BGP speaker: composes the pure parts and is the only place where they meet. Inputs come
// through on_transport, on_kernel, configure and tick; everything it wants done stands in Outputs
// afterwards. It has no clock, no socket and no file: the daemon and the simulation drive it the
// same way.
//
// The flows of an UPDATE and of a local route are drawn in ARCHITECTURE.md; the speaker is their
// map: parts return values and the speaker passes them on, no part calls another.
//
// Work is done in slices. Outputs::more_work asks the driver for another turn (tick) at once,
// between which it serves sockets and clients: a table of a million routes holds no keepalive back.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bgp/session/peer.h"
#include "core/event_log.h"
#include "core/rib_set.h"
#include "core/settings.h"
#include "core/underlay_routes.h"
#include "evpn/engine.h"
#include "evpn/l2/l2_engine.h"
#include "fib/fib.h"
#include "perd/config.h"
#include "perd/event.h"
#include "perd/kernel.h"
#include "perd/time.h"
#include "perd/transport.h"

namespace perd {

struct Outputs {
  std::vector<TransportCommand> transport;
  std::vector<KernelOp> kernel;
  std::vector<Event> events;
  bool more_work = false;
};

// A neighbour of the configuration with everything that hangs on it.
struct Neighbor {
  PeerId id{};
  NeighborConfig config;
  std::unique_ptr<session::Peer> peer;
  FamilySet end_of_rib;     // families whose End-of-RIB came on this session
  FamilySet sweeping;       // families with stale paths still to be removed
  bool removed = false;     // gone from the configuration; dies when its paths are swept
  bool over_limit = false;  // maximumPrefixes reached: down until cleared
  bool limit_warned = false;
  Deadline restart_at;                           // maximumPrefixes.restartSeconds
  std::optional<wire::Notification> close_with;  // to be done when the peer's handler has returned
  std::vector<std::uint8_t> outbox;
  std::uint64_t refused_updates = 0;  // by the import rules, and the last reason
  rib::Reason last_refusal = rib::Reason::kNone;
};

// Octets that a neighbour says at a time and that still count as single changes.
inline constexpr std::size_t kSingleChange = 4096;
// Beyond this many addresses, connections from unknown ones are refused without a word.
inline constexpr std::size_t kRefusedConnectionsTold = 256;

[[nodiscard]] FamilySet client_families(const NeighborConfig& config);

class Speaker final : private session::PeerSink {
 public:
  explicit Speaker(std::uint64_t seed);
  ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  // First and every later configuration; only what differs is touched. The configuration has been
  // checked: nothing in it can be refused here.
  void configure(const Config& config, TimePoint now);
  void on_transport(const TransportEvent& event, TimePoint now);
  void on_kernel(KernelEvent&& event, TimePoint now);
  // Deadlines that are due, then one slice of work. Call after every batch of inputs.
  void tick(TimePoint now);
  // Ends every session with Cease/Administrative Shutdown; the kernel's tables stay (`stopped()`
  // when the last NOTIFICATION is on its way).
  void stop(TimePoint now, const std::string& text);
  [[nodiscard]] bool stopped() const { return stopping_; }

  [[nodiscard]] Outputs take_outputs();
  [[nodiscard]] Deadline next_deadline() const;
  // Nothing to do but wait: for tests and for readiness.
  [[nodiscard]] bool quiescent() const;

  // ---- commands of an operator; false: no such neighbour, or (in) it takes no ROUTE-REFRESH ----
  bool clear_neighbor(const IpAddress& address, TimePoint now);
  bool soft_clear(const IpAddress& address, bool in, bool out, TimePoint now);

  // Takes MACs up again that were frozen as duplicates (RFC 7432 15.1): one, or all of the MAC-VRF.
  std::size_t clear_duplicates(MacVrfId id, const std::optional<MacAddress>& mac, TimePoint now);

  // ---- views ----
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const RibSet& rib() const { return rib_; }
  [[nodiscard]] const rib::Exporter& exporter() const { return exporter_; }
  [[nodiscard]] const evpn::Engine& evpn() const { return evpn_; }
  [[nodiscard]] const evpn::L2Engine& l2() const { return l2_; }
  [[nodiscard]] const fib::Fib& fib() const { return fib_; }
  [[nodiscard]] const VrfIds& vrf_ids() const { return vrf_ids_; }
  [[nodiscard]] const MacVrfIds& mac_vrf_ids() const { return mac_vrf_ids_; }
  [[nodiscard]] const std::map<PeerId, std::unique_ptr<Neighbor>>& neighbors() const {
    return neighbors_;
  }
  [[nodiscard]] const UnderlayRoutes& underlay() const { return underlay_; }
  // Octets of the large tables; cheap enough to be asked often.
  [[nodiscard]] std::size_t table_octets() const {
    return rib_.octets() + evpn_.table_octets() + l2_.table_octets() + fib_.route_octets();
  }
  [[nodiscard]] const Neighbor* neighbor(const IpAddress& address) const;
  [[nodiscard]] const EventLog& event_log() const { return log_; }
  [[nodiscard]] std::uint64_t events(EventKind kind) const { return log_.count(kind); }
  [[nodiscard]] TimePoint started_at() const { return started_at_; }

 private:
  // session::PeerSink
  void on_session_up(PeerId id, const session::Negotiated& session) override;
  void on_session_down(PeerId id, const std::string& reason) override;
  void on_update(PeerId id, wire::Update& update) override;
  void on_route_refresh(PeerId id, Family family, std::uint8_t subtype) override;
  void on_event(Event&& event) override;

  // speaker_config.cpp
  void configure_neighbors(bool exports_changed, bool imports_changed);
  void configure_local_routes();
  void add_neighbor(const NeighborConfig& config);
  void change_neighbor(Neighbor& n, const NeighborConfig& config, bool exports_changed,
                       bool imports_changed);
  void remove_neighbor(Neighbor& n);
  void request_routes(Neighbor& n);
  void lift_prefix_limit(Neighbor& n);
  [[nodiscard]] PeerId free_peer_id() const;

  // speaker_updates.cpp
  struct Import {
    rib::AttrId attributes = 0;  // with one reference
    rib::Reason rejected = rib::Reason::kNone;
  };
  [[nodiscard]] rib::ExportPeer export_peer(const Neighbor& n,
                                            const session::Negotiated& session) const;
  [[nodiscard]] Import import(const Neighbor& n, wire::PathAttributes& attributes);
  void withdraw_routes(Neighbor& n, const wire::RouteList& routes);
  void announce_routes(Neighbor& n, wire::Update& update);
  void check_prefix_limit(Neighbor& n);
  void on_end_of_rib(Neighbor& n, Family family);
  void drop_paths(Neighbor& n);
  void mark_family_stale(Neighbor& n, Family family);
  void refresh_own_addresses();

  // speaker_work.cpp
  void work(TimePoint now);
  void settle(Neighbor& neighbor);
  void sweep_peers();
  void decide(TimePoint now);
  void run_evpn(TimePoint now);
  void learn_news(TimePoint now);
  void originate(std::vector<evpn::Origination>& originations);
  void originate();
  [[nodiscard]] std::size_t bulk_share(TimePoint now);
  void run_fib(TimePoint now);
  void track_next_hops();
  void learn(LocalKnowledge&& knowledge, TimePoint now);
  void rescan_next_hops();
  void send_updates(TimePoint now);
  void consider_sweep(TimePoint now);
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] std::size_t dirty_routes() const;
  void forget_removed_neighbors();
  void raise(EventKind kind, Severity severity, std::string subject, std::string text);

  [[nodiscard]] Neighbor* find(PeerId id);
  [[nodiscard]] Neighbor* find_connection(ConnectionId id);
  void collect_commands();
  void on_accepted(const Accepted& accepted);

  Config config_;
  bool configured_ = false;
  bool stopping_ = false;
  TimePoint now_{};  // of the input being handled, for the callbacks of PeerSink
  TimePoint started_at_{};
  std::uint64_t seed_;
  session::ConnectionIdSource connection_ids_;
  std::map<PeerId, std::unique_ptr<Neighbor>> neighbors_;
  std::unordered_map<std::uint32_t, PeerId> connections_;
  RibSet rib_;
  rib::Exporter exporter_;
  VrfIds vrf_ids_;
  MacVrfIds mac_vrf_ids_;
  UnderlayRoutes underlay_;
  evpn::Engine evpn_;
  evpn::L2Engine l2_;
  fib::Fib fib_;
  EventLog log_;
  Outputs outputs_;
  std::set<IpPrefix> local_routes_;       // originated in the underlay
  std::vector<IpAddress> own_addresses_;  // tunnel and session addresses, sorted
  std::optional<ListenCommand> listening_;
  // Next hops whose state changed: routes over them are looked for, a slice per turn.
  std::vector<rib::NextHopId> changed_next_hops_;
  std::array<rib::RouteId, 4> rescan_cursor_{};
  std::vector<rib::NextHopId> rescanning_;      // sorted
  std::uint8_t rescan_left_ = 0;                // bit per table
  bool rescan_everything_ = false;              // wanted by the next round
  bool rescanning_all_ = false;                 // this round takes every route
  std::vector<IpAddress> refused_connections_;  // told once per address
  bool bulk_input_ = false;                     // since the last turn
  Deadline filling_since_;                      // a table fills or empties since then
  bool evpn_more_ = false;                      // either engine
  bool reap_more_ = false;
  bool sweep_told_ = false;
};

}  // namespace perd
