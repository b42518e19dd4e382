// Fib: turns what configuration and routing want (include/perd/desired.h) into operations on the
// kernel's tables (include/perd/kernel.h), and keeps the kernel in that state.
//
// Owns: the desired and the observed state of every kernel object that perd needs, in one entry per
// object; the VRF devices; next-hop objects; resolution of next hops through the main table.
// Never: speaks BGP, opens a socket, reads a clock, touches an entry that somebody else made.
//
// Life: start() asks for dumps; nothing is written until all are complete. What they show and what
// is wanted is kept as it is; what is perd's own and not wanted is stale and goes only after
// allow_sweep() or Limits::sweep_after. Every input is cheap; the work happens in step(), in
// slices. Routes in the kernel carry perd's protocol number and metric kRouteMetric, and point to
// next-hop objects. RFC 9136 4.4.1 (interface-less IP-VRF-to-IP-VRF), RFC 4271 9.1.2.1
// (resolvability).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "perd/desired.h"
#include "perd/event.h"
#include "perd/kernel.h"
#include "perd/memory.h"
#include "perd/random.h"
#include "perd/time.h"

namespace perd::fib {

inline constexpr std::uint32_t kRouteMetric = 20;         // as FRR writes BGP routes
inline constexpr std::uint32_t kStaticMetric = 10;        // staticRoutes win over learned routes
inline constexpr std::uint32_t kConnectedCopyMetric = 5;  // vrfDevice: false
inline constexpr std::uint32_t kUnreachableMetric = 4278198272U;  // as `ip vrf` documents it
inline constexpr std::uint32_t kRulePriority = 1000;  // where the kernel's own l3mdev rule stands
inline constexpr std::uint32_t kNextHopIdFirst = 0x50000000U;
inline constexpr std::uint32_t kNextHopIdLast = 0x5fffffffU;
inline constexpr std::uint32_t kFdbNextHopIdFirst = 0x60000000U;  // of MACs over several VTEPs
inline constexpr std::uint32_t kFdbNextHopIdLast = 0x6fffffffU;
inline constexpr std::string_view kLinkAlias = "perd";

struct Limits {
  std::size_t window = 2048;  // operations produced and not yet answered: a few ms of kernel time
  std::size_t reserve = 256;  // of it, for single changes; bulk leaves it free
  std::size_t step_routes = 4096;                     // route operations of one step()
  std::size_t step_slots = 65536;                     // slots looked at in one step()
  Duration debounce = std::chrono::milliseconds(50);  // a notification may be an old echo of ours
  Duration retry_first = std::chrono::milliseconds(100);
  Duration retry_last = std::chrono::seconds(30);
  Duration sweep_after = std::chrono::seconds(180);   // stale objects go without allow_sweep()
  unsigned repairs = 10;                              // repairs of one object within ...
  Duration repair_window = std::chrono::seconds(10);  // ... this; then the repair backs off
  unsigned recursion = 8;                             // depth of next-hop resolution
};

// What a kernel object or route is to perd.
enum class EntryState : std::uint8_t {
  kWaiting,  // wanted; something it needs (link, next hop) is not there yet
  kPending,  // wanted; to be written, or written and not answered
  kAcked,    // wanted and in the kernel
  kRefused,  // wanted; the kernel said no, or a foreign entry holds its place; retried
  kStale,    // not wanted, still in the kernel
};
[[nodiscard]] std::string_view to_string(EntryState state);

enum class ObjectKind : std::uint8_t {
  kLink,
  kAddress,
  kSysctl,
  kRule,
  kNeighbour,
  kFdb,
  kNextHop,
  kFixedRoute,
  kRouteV4,
  kRouteV6,
  kMac,            // remote MACs of MAC-VRFs, in the bridge and the VXLAN device
  kHostNeighbour,  // addresses of remote hosts
  kFlood,
  kFdbNextHop,  // next-hop objects and groups for MACs (aliasing)
};
inline constexpr std::size_t kObjectKindCount =
    static_cast<std::size_t>(ObjectKind::kFdbNextHop) + 1;
[[nodiscard]] std::string_view to_string(ObjectKind kind);

struct StateCounts {
  std::size_t waiting = 0;
  std::size_t pending = 0;
  std::size_t acked = 0;
  std::size_t refused = 0;
  std::size_t stale = 0;
  friend bool operator==(const StateCounts&, const StateCounts&) = default;
};

// Routes counted by state, a slice at a time: begin with a default one, count until `done`. Routes
// that come, go or change meanwhile may be missed.
struct RouteCounts {
  StateCounts v4, v6;
  bool done = false;
  // Where the count stands.
  std::size_t table = 0;
  bool in_v6 = false;
  std::uint64_t next_hash = 0;
};

// Objects refused for one and the same reason. Of routes a group stands for all of one table.
struct Refusal {
  ObjectKind kind{};
  std::string what;       // "route 10.0.0.0/8 table 1100", "next hop 1342177281 via ... "
  int error = 0;          // errno
  std::string text;       // the kernel's words, or perd's
  std::size_t count = 1;  // objects of this reason
  unsigned attempts = 0;
  Deadline retry_at;
};

struct RouteHopView {
  IpAddress gateway{};
  IfIndex link{};
  std::string link_name;
  std::uint32_t next_hop_id = 0;
  MacAddress router_mac{};  // of a tunnel
  Vni vni{};                // of a tunnel
};
struct RouteView {
  VrfId vrf{};
  IpPrefix prefix{};
  EntryState state{};
  NextHopSetId set = 0;
  std::uint32_t next_hop_id = 0;  // of the object or group that the kernel uses; 0: not there
  std::vector<RouteHopView> hops;
  int error = 0;       // when refused
  std::string reason;  // why waiting or refused
};

struct VrfDeviceView {
  VrfId vrf{};
  std::string name;
  bool up = false;
  TableId table{};
  std::string vrf_link;  // empty: none (yet)
  std::string bridge;
  std::string vxlan;
  bool vrf_adopted = false;
  bool bridge_adopted = false;
  bool vxlan_adopted = false;
  MacAddress router_mac{};
  IpAddress local_vtep{};
  std::uint32_t mtu = 0;
  std::string problem;             // why it is not up
  std::vector<std::string> notes;  // what is wrong without keeping it down: "no link eth2"
};

struct MacVrfDeviceView {
  MacVrfId mac_vrf{};
  std::string name;
  bool up = false;
  std::string bridge;  // empty: none (yet)
  std::string vxlan;
  bool bridge_adopted = false;
  bool vxlan_adopted = false;
  std::vector<std::string> ports;  // local ports of the bridge, sorted
  std::string host_bridge;         // of hostMaster; empty: none
  IpAddress local_vtep{};
  MacAddress bridge_mac{};
  std::uint32_t mtu = 0;
  bool suppression = false;        // as the port has it
  std::string problem;             // why it is not up
  std::vector<std::string> notes;  // what is wrong without keeping it down
};

// What the kernel holds of one remote host.
struct HostEntryView {
  EntryState state{};
  std::vector<IpAddress> vteps;   // of a MAC
  std::uint32_t next_hop_id = 0;  // of a MAC over several VTEPs
  MacAddress mac{};               // of a neighbour
  int error = 0;
  std::string reason;  // why waiting or refused
};

class Fib {
 public:
  explicit Fib(std::uint64_t seed);
  Fib(std::uint64_t seed, const Limits& limits);
  ~Fib();
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;

  // Asks for all dumps. `configure` may come before or after.
  void start(TimePoint now);
  // Live: compared with what was wanted before; parts that did not change stay untouched.
  void configure(const WantedNode& wanted, TimePoint now);
  void apply(const DesiredDelta& delta, TimePoint now);
  void apply(const L2Delta& delta, TimePoint now);
  // Counted. The answer is NextHopState knowledge, first as soon as the dumps are complete (at once
  // when they are), then whenever it changes.
  void track_next_hop(const IpAddress& a);
  void untrack_next_hop(const IpAddress& a);
  void on_kernel_event(KernelEvent&& event, TimePoint now);
  // End-of-RIB was seen from everybody: what an earlier run left and nobody wants may go.
  void allow_sweep(TimePoint now);
  // One bounded slice of work: deadlines that are due, then operations as the window allows.
  void step(TimePoint now);
  // The same with at most `routes` route operations beside those of single changes: while more
  // input is on its way, what is not written yet loses nothing by waiting, and gains a better
  // order.
  void step(TimePoint now, std::size_t routes);
  // step() would do something right now.
  [[nodiscard]] bool more_work() const;
  [[nodiscard]] Deadline next_deadline() const;

  // Operations in the order of execution, numbered from 1 without gaps.
  [[nodiscard]] std::vector<KernelOp> take_ops(std::size_t max);
  [[nodiscard]] std::vector<LocalKnowledge> take_knowledge();
  [[nodiscard]] std::vector<Event> take_events();

  // The dumps are complete and nothing is pending. What waits for a missing link or was refused
  // (and is retried) does not hold this back; the views tell.
  [[nodiscard]] bool synchronized() const;
  // Removes everything perd made: routes, next hops, neighbours, FDB, rules, addresses, links. Done
  // when synchronized(). Nothing comes back until configure().
  void withdraw_everything(TimePoint now);

  // ---- views, for perctl and metrics ----
  [[nodiscard]] StateCounts counts(ObjectKind kind) const;  // of routes: a walk over all of them
  void count_routes(RouteCounts& counts, std::size_t budget) const;
  [[nodiscard]] std::vector<Refusal> refusals(std::size_t max) const;
  [[nodiscard]] std::optional<RouteView> route(VrfId vrf, const IpPrefix& prefix) const;
  // Routes of a VRF in prefix order (IPv4 first), those after `after`, at most `max`. Selects
  // without copying or sorting the table.
  [[nodiscard]] std::vector<RouteView> routes(VrfId vrf, const std::optional<IpPrefix>& after,
                                              std::size_t max) const;
  [[nodiscard]] std::vector<VrfDeviceView> vrf_devices() const;
  [[nodiscard]] std::vector<MacVrfDeviceView> mac_vrf_devices() const;  // by id
  [[nodiscard]] std::optional<HostEntryView> mac(MacVrfId id, const MacAddress& mac) const;
  [[nodiscard]] std::optional<HostEntryView> neighbour(MacVrfId id, const IpAddress& a) const;
  // What LocalMac::port stands for: the name of a link; empty when it is gone.
  [[nodiscard]] std::string port_name(std::uint32_t port) const;
  [[nodiscard]] std::size_t route_count(VrfId vrf) const;
  [[nodiscard]] std::size_t in_flight() const;     // operations not yet answered
  [[nodiscard]] std::size_t route_octets() const;  // memory of the route tables
  [[nodiscard]] MemoryParts memory() const;        // what everything here holds
  [[nodiscard]] bool sweep_allowed() const;

  struct Impl;  // src/fib/impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace perd::fib
