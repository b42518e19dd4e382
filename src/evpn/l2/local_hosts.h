// The hosts behind the local ports, of all MAC-VRFs: MACs and the addresses bound to them. Only
// what is or lately was local has a node here.
//
// A Host holds two kinds of things: evidence that the MAC is behind a port (the forwarding database
// has it, it was heard, the operator's or the kernel's neighbour entry names it) and the claim that
// is told to other nodes, with its sequence number (RFC 7432 15). A Binding counts while its host
// is claimed.
#pragma once

#include <cstdint>

#include "bgp/rib/slab.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"
#include "perd/time.h"

namespace perd::evpn {

using HostId = std::uint32_t;     // 0: none
using BindingId = std::uint32_t;  // 0: none

// What was announced of one route of type 2, as far as its form (RD, targets, labels) does not say.
struct Announced {
  bool is = false;
  bool sticky = false;
  bool router = false;
  std::uint16_t epoch = 0;  // of the form
  std::uint32_t sequence = 0;
  friend bool operator==(const Announced&, const Announced&) = default;
};

struct Host {
  MacVrfId mac_vrf{};
  MacAddress mac{};
  std::uint16_t flags = 0;
  std::uint16_t moves = 0;  // since `window_start`
  std::uint32_t port = 0;
  std::uint32_t sequence = 0;  // of the claim
  BindingId first = 0;
  std::uint32_t bindings = 0;
  std::uint32_t generation = 0;  // tells timers of this host from those of an earlier one
  Announced announced;
  TimePoint confirm_by{};    // kHeard: until then it counts without the forwarding database
  TimePoint window_start{};  // RFC 7432 15.1
  Deadline timer;            // the one that counts

  static constexpr std::uint16_t kFdb = 1;        // the bridge has it behind `port`
  static constexpr std::uint16_t kHeard = 2;      // it spoke, or a neighbour entry names it
  static constexpr std::uint16_t kConfirmed = 4;  // it was in the forwarding database: while it has
                                                  // addresses it is asked before it is given up
  static constexpr std::uint16_t kSticky = 8;
  static constexpr std::uint16_t kClaimed = 16;
  static constexpr std::uint16_t kFrozen = 32;      // RFC 7432 15.1
  static constexpr std::uint16_t kToldSticky = 64;  // the event about a remote sticky MAC

  [[nodiscard]] bool has(std::uint16_t mask) const { return (flags & mask) != 0; }
  void assign(std::uint16_t mask, bool on) {
    flags = static_cast<std::uint16_t>(on ? flags | mask : flags & ~mask);
  }
  // Something says that it is behind a port.
  [[nodiscard]] bool evident() const {
    return has(kFdb | kHeard) || (has(kConfirmed) && bindings > 0);
  }
  [[nodiscard]] bool idle() const {
    return !has(kFdb | kHeard | kClaimed | kFrozen) && bindings == 0 && moves == 0 && !announced.is;
  }
};

enum class Watch : std::uint8_t {
  kIdle,     // its timer says when it has been silent for too long
  kQueued,   // waits for its turn to be asked
  kProbing,  // was asked; its timer says when the answer is overdue
};

struct Binding {
  IpAddress address{};
  bool permanent = false;  // never probed, never given up
  bool router = false;
  bool kernel = false;   // a neighbour entry of the kernel names it
  bool counted = false;  // told as a host route or counted as a local neighbour
  Watch watch = Watch::kIdle;
  std::uint8_t attempts = 0;
  HostId host = 0;
  BindingId next = 0, previous = 0;  // of the host
  std::uint32_t generation = 0;
  VrfId told_vrf{};  // of the host route; kDefaultVrf: none
  Announced announced;
  TimePoint alive{};  // last sign of life
  Deadline timer;     // the one that counts
};

class LocalHosts {
 public:
  [[nodiscard]] HostId make_host(MacVrfId mac_vrf, const MacAddress& mac) {
    const HostId id = hosts_.make();
    hosts_[id].mac_vrf = mac_vrf;
    hosts_[id].mac = mac;
    hosts_[id].generation = ++generation_;
    return id;
  }
  void destroy_host(HostId id) { hosts_.destroy(id); }
  [[nodiscard]] BindingId make_binding(HostId host, const IpAddress& address) {
    const BindingId id = bindings_.make();
    Binding& b = bindings_[id];
    b.address = address;
    b.host = host;
    b.generation = ++generation_;
    Host& h = hosts_[host];
    b.next = h.first;
    if (h.first != 0) bindings_[h.first].previous = id;
    h.first = id;
    ++h.bindings;
    return id;
  }
  void destroy_binding(BindingId id) {
    const Binding& b = bindings_[id];
    Host& h = hosts_[b.host];
    if (b.next != 0) bindings_[b.next].previous = b.previous;
    (b.previous != 0 ? bindings_[b.previous].next : h.first) = b.next;
    --h.bindings;
    bindings_.destroy(id);
  }
  [[nodiscard]] Host& host(HostId id) { return hosts_[id]; }
  [[nodiscard]] const Host& host(HostId id) const { return hosts_[id]; }
  [[nodiscard]] Binding& binding(BindingId id) { return bindings_[id]; }
  [[nodiscard]] const Binding& binding(BindingId id) const { return bindings_[id]; }
  [[nodiscard]] Host& host_of(const Binding& b) { return hosts_[b.host]; }
  [[nodiscard]] const Host& host_of(const Binding& b) const { return hosts_[b.host]; }
  [[nodiscard]] bool has_host(HostId id, std::uint32_t generation) const {
    return hosts_.has(id) && hosts_[id].generation == generation;
  }
  [[nodiscard]] bool has_binding(BindingId id, std::uint32_t generation) const {
    return bindings_.has(id) && bindings_[id].generation == generation;
  }
  // f(Binding&) for each address of a host; f may not make or destroy any.
  template <class F>
  void for_each_binding(const Host& h, F&& f) {
    for (BindingId id = h.first; id != 0; id = bindings_[id].next) f(bindings_[id]);
  }
  template <class F>
  void for_each_binding(const Host& h, F&& f) const {
    for (BindingId id = h.first; id != 0; id = bindings_[id].next) f(bindings_[id]);
  }
  [[nodiscard]] std::size_t hosts() const { return hosts_.used(); }
  [[nodiscard]] std::size_t bindings() const { return bindings_.used(); }
  [[nodiscard]] std::size_t memory() const { return hosts_.memory() + bindings_.memory(); }

 private:
  rib::Slab<Host> hosts_;
  rib::Slab<Binding> bindings_;
  std::uint32_t generation_ = 0;
};

}  // namespace perd::evpn
