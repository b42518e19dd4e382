// What a MAC-VRF knows of its MACs and of the addresses bound to them: flat tables
// (perd/segment_table.h) of 24 octets a MAC, 20 an IPv4 and 32 an IPv6 address, no allocation per
// entry. What exists for local hosts only stands elsewhere (local_hosts.h), named by a number.
//
// Remote candidates. Of a MAC: imports, each with the number of routes that say so, because all
// routes of one VTEP say the same of a MAC however many addresses it has. Of an address: pairs of
// MAC and class. One candidate stands in the slot itself, more are a list of slab nodes.
//
// Pointers and references to a slot live until the next insert or erase.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "bgp/rib/slab.h"
#include "perd/assert.h"
#include "perd/hash.h"
#include "perd/ip.h"
#include "perd/mac.h"
#include "perd/segment_table.h"

namespace perd::evpn {

inline constexpr std::uint32_t kCandidateList = 1U << 31;

struct MacSlot {
  MacAddress mac{};  // zero: free
  std::uint16_t flags = 0;
  std::uint32_t candidates = 0;  // 0: none, an import, or a list
  std::uint32_t routes = 0;      // of the import that stands in the slot
  std::uint32_t set = 0;         // VtepSetId last put into the delta
  std::uint32_t host = 0;        // local_hosts.h; 0: nothing local

  static constexpr std::uint16_t kToldSticky = 1;

  [[nodiscard]] static MacSlot of(const MacAddress& m) {
    MacSlot s;
    s.mac = m;
    return s;
  }
  [[nodiscard]] bool free() const { return mac.is_zero(); }
  [[nodiscard]] bool same_key(const MacSlot& o) const { return mac == o.mac; }
  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t value = 0;
    std::memcpy(&value, mac.octets.data(), mac.octets.size());
    return mix64(value);
  }
  [[nodiscard]] bool idle() const { return candidates == 0 && set == 0 && host == 0; }
};
static_assert(sizeof(MacSlot) == 24);

struct NeighbourState {
  std::uint32_t candidates = 0;  // 0: none, a class, or a list
  std::uint32_t binding = 0;     // local_hosts.h; 0: nothing local
  MacAddress mac{};  // of the candidate that stands in the slot; else what was told last
  std::uint16_t flags = 0;

  static constexpr std::uint16_t kUsed = 1;        // the slot
  static constexpr std::uint16_t kTold = 2;        // NeighbourWish::kRemote, with `mac`
  static constexpr std::uint16_t kToldRouter = 4;  // ... and the router flag
  static constexpr std::uint16_t kOtherMac = 8;    // ... but with another MAC than `mac` is now

  [[nodiscard]] bool has(std::uint16_t mask) const { return (flags & mask) != 0; }
  void assign(std::uint16_t mask, bool on) {
    flags = static_cast<std::uint16_t>(on ? flags | mask : flags & ~mask);
  }
  void put_mac(const MacAddress& m) {
    if (m != mac && has(kTold)) flags |= kOtherMac;
    mac = m;
  }
  [[nodiscard]] bool idle() const { return candidates == 0 && binding == 0 && !has(kTold); }
};
static_assert(sizeof(NeighbourState) == 16);

struct NeighbourV4 {
  NeighbourState state;
  std::uint32_t value = 0;

  [[nodiscard]] static NeighbourV4 of(const IpAddress& a) {
    NeighbourV4 s;
    s.state.flags = NeighbourState::kUsed;
    s.value = a.v4_value();
    return s;
  }
  [[nodiscard]] bool free() const { return state.flags == 0; }
  [[nodiscard]] bool same_key(const NeighbourV4& o) const { return value == o.value; }
  [[nodiscard]] std::uint64_t hash() const { return mix64(value); }
  [[nodiscard]] IpAddress address() const { return IpAddress::v4(value); }
};
static_assert(sizeof(NeighbourV4) == 20);

struct NeighbourV6 {
  NeighbourState state;
  std::array<std::uint32_t, 4> words{};  // as in memory: only compared and hashed

  [[nodiscard]] static NeighbourV6 of(const IpAddress& a) {
    NeighbourV6 s;
    s.state.flags = NeighbourState::kUsed;
    std::memcpy(s.words.data(), a.octets.data(), 16);
    return s;
  }
  [[nodiscard]] bool free() const { return state.flags == 0; }
  [[nodiscard]] bool same_key(const NeighbourV6& o) const { return words == o.words; }
  [[nodiscard]] std::uint64_t hash() const {
    return hash_combine(std::uint64_t{words[0]} << 32 | words[1],
                        std::uint64_t{words[2]} << 32 | words[3]);
  }
  [[nodiscard]] IpAddress address() const {
    IpAddress a;
    a.family = IpFamily::kIpv6;
    std::memcpy(a.octets.data(), words.data(), 16);
    return a;
  }
};
static_assert(sizeof(NeighbourV6) == 32);

class MacCandidates {
 public:
  void add(MacSlot& slot, std::uint32_t import) {
    if (slot.candidates == 0) {
      slot.candidates = import;
      slot.routes = 1;
    } else if (slot.candidates == import) {
      ++slot.routes;
    } else {
      if ((slot.candidates & kCandidateList) == 0) {
        slot.candidates = kCandidateList | make(slot.candidates, slot.routes, 0);
      }
      add_to_list(slot.candidates & ~kCandidateList, import);
    }
  }
  // `import` must be there.
  void remove(MacSlot& slot, std::uint32_t import) {
    if ((slot.candidates & kCandidateList) == 0) {
      PERD_ASSERT(slot.candidates == import && slot.routes > 0);
      if (--slot.routes == 0) slot.candidates = 0;
      return;
    }
    std::uint32_t first = slot.candidates & ~kCandidateList;
    std::uint32_t at = first, before = 0;
    while (nodes_[at].import != import) {
      before = at;
      at = nodes_[at].next;
      PERD_ASSERT(at != 0);
    }
    if (--nodes_[at].routes > 0) return;
    if (before == 0) {
      first = nodes_[at].next;
    } else {
      nodes_[before].next = nodes_[at].next;
    }
    nodes_.destroy(at);
    slot.candidates = kCandidateList | first;
    if (nodes_[first].next != 0) return;
    slot.candidates = nodes_[first].import;
    slot.routes = nodes_[first].routes;
    nodes_.destroy(first);
  }
  // visit(import, routes), in no order that means anything.
  template <class Visit>
  void for_each(const MacSlot& slot, Visit&& visit) const {
    if ((slot.candidates & kCandidateList) == 0) {
      if (slot.candidates != 0) visit(slot.candidates, slot.routes);
      return;
    }
    for (std::uint32_t at = slot.candidates & ~kCandidateList; at != 0; at = nodes_[at].next) {
      visit(nodes_[at].import, nodes_[at].routes);
    }
  }
  [[nodiscard]] std::size_t nodes() const { return nodes_.used(); }
  [[nodiscard]] std::size_t memory() const { return nodes_.memory(); }

 private:
  struct Node {
    std::uint32_t import = 0;
    std::uint32_t routes = 0;
    std::uint32_t next = 0;
  };
  [[nodiscard]] std::uint32_t make(std::uint32_t import, std::uint32_t routes, std::uint32_t next) {
    const std::uint32_t id = nodes_.make();
    nodes_[id] = {import, routes, next};
    return id;
  }
  void add_to_list(std::uint32_t first, std::uint32_t import) {
    for (std::uint32_t at = first; at != 0; at = nodes_[at].next) {
      if (nodes_[at].import != import) continue;
      ++nodes_[at].routes;
      return;
    }
    const std::uint32_t made = make(import, 1, nodes_[first].next);
    nodes_[first].next = made;
  }
  rib::Slab<Node> nodes_;
};

class NeighbourCandidates {
 public:
  void add(NeighbourState& s, const MacAddress& mac, std::uint32_t class_id) {
    if (s.candidates == 0) {
      s.candidates = class_id;
      s.put_mac(mac);
      return;
    }
    if ((s.candidates & kCandidateList) == 0) {
      s.candidates = kCandidateList | make(s.candidates, s.mac, 0);
    }
    const std::uint32_t first = s.candidates & ~kCandidateList;
    const std::uint32_t made = make(class_id, mac, nodes_[first].next);
    nodes_[first].next = made;
  }
  // The pair must be there.
  void remove(NeighbourState& s, const MacAddress& mac, std::uint32_t class_id) {
    if ((s.candidates & kCandidateList) == 0) {
      PERD_ASSERT(s.candidates == class_id && s.mac == mac);
      s.candidates = 0;
      return;
    }
    std::uint32_t first = s.candidates & ~kCandidateList;
    std::uint32_t at = first, before = 0;
    while (nodes_[at].class_id != class_id || nodes_[at].mac != mac) {
      before = at;
      at = nodes_[at].next;
      PERD_ASSERT(at != 0);
    }
    if (before == 0) {
      first = nodes_[at].next;
    } else {
      nodes_[before].next = nodes_[at].next;
    }
    nodes_.destroy(at);
    s.candidates = kCandidateList | first;
    if (nodes_[first].next != 0) return;
    s.candidates = nodes_[first].class_id;
    s.put_mac(nodes_[first].mac);
    nodes_.destroy(first);
  }
  // visit(MAC, class), in no order that means anything.
  template <class Visit>
  void for_each(const NeighbourState& s, Visit&& visit) const {
    if ((s.candidates & kCandidateList) == 0) {
      if (s.candidates != 0) visit(s.mac, s.candidates);
      return;
    }
    for (std::uint32_t at = s.candidates & ~kCandidateList; at != 0; at = nodes_[at].next) {
      visit(nodes_[at].mac, nodes_[at].class_id);
    }
  }
  [[nodiscard]] std::size_t nodes() const { return nodes_.used(); }
  [[nodiscard]] std::size_t memory() const { return nodes_.memory(); }

 private:
  struct Node {
    std::uint32_t class_id = 0;
    std::uint32_t next = 0;
    MacAddress mac{};
  };
  [[nodiscard]] std::uint32_t make(std::uint32_t class_id, const MacAddress& mac,
                                   std::uint32_t next) {
    const std::uint32_t id = nodes_.make();
    nodes_[id] = {class_id, next, mac};
    return id;
  }
  rib::Slab<Node> nodes_;
};

}  // namespace perd::evpn
