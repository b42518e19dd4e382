// A path: what one peer says of one route. Stored as a node of sixteen octets in a list per route;
// what few paths have (a second label, an ESI, a gateway, a path identifier) sits in an extra node.
// PathView is how everybody else sees it: by value, good until the table changes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "bgp/rib/ids.h"
#include "bgp/rib/reason.h"
#include "bgp/wire/nlri.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd::rib {

struct PathNode {
  static constexpr std::uint8_t kBest = 1;       // as of the last decision
  static constexpr std::uint8_t kMultipath = 2;  // used, the best included
  static constexpr std::uint8_t kExtra = 4;
  static constexpr std::uint32_t kMaxExtras = (1U << 24) - 1;

  AttrId attributes = 0;
  std::uint32_t next = 0;
  std::uint32_t label_and_flags = 0;  // label, or with kExtra the number of the extra node, << 8
  std::uint16_t peer = 0;
  std::uint8_t reason = 0;
  std::uint8_t generation = 0;  // of the peer, when the path was last told; see Table::mark_stale

  [[nodiscard]] bool is(std::uint8_t flag) const { return (label_and_flags & flag) != 0; }
  void put(std::uint8_t flag, bool on) {
    label_and_flags = on ? label_and_flags | flag : label_and_flags & ~std::uint32_t{flag};
  }
  [[nodiscard]] std::uint32_t upper() const { return label_and_flags >> 8; }
  void put_upper(std::uint32_t v) { label_and_flags = v << 8 | (label_and_flags & 0xFF); }
};
static_assert(sizeof(PathNode) == 16);

struct PathExtra {
  static constexpr std::uint32_t kNoLabel = 0xFFFFFFFF;
  std::uint32_t path_id = 0;
  std::uint32_t label1 = 0;
  std::uint32_t label2 = kNoLabel;
  EthernetSegmentId esi{};
  std::uint8_t gateway_family = 0;  // 0: none
  std::array<std::uint8_t, 16> gateway{};
  friend bool operator==(const PathExtra&, const PathExtra&) = default;
};

struct PathView {
  AttrId attrs = 0;
  PeerId peer{};
  std::uint32_t path_id = 0;
  Label label1{};
  Reason reason = Reason::kNone;
  bool best = false;
  bool multipath = false;
  bool stale = false;
  const PathExtra* extra = nullptr;

  [[nodiscard]] bool local() const { return peer == kLocalPeer; }
  [[nodiscard]] std::optional<Label> label2() const {
    if (extra == nullptr || extra->label2 == PathExtra::kNoLabel) return std::nullopt;
    return Label{extra->label2};
  }
  [[nodiscard]] EthernetSegmentId esi() const {
    return extra == nullptr ? EthernetSegmentId{} : extra->esi;
  }
  [[nodiscard]] std::optional<IpAddress> gateway() const {
    if (extra == nullptr || extra->gateway_family == 0) return std::nullopt;
    IpAddress a;
    a.octets = extra->gateway;
    a.family = static_cast<IpFamily>(extra->gateway_family);
    return a;
  }
  [[nodiscard]] wire::EvpnData evpn() const {
    wire::EvpnData d;
    d.label1 = label1;
    d.label2 = label2();
    d.esi = esi();
    d.gateway = gateway();
    return d;
  }
};

}  // namespace perd::rib
