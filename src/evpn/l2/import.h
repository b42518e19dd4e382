// Whether a route of type 1, 2 or 3 is used, by which MAC-VRFs, and what it says: a function of the
// attribute set, the label, the ESI and a few facts about the key, never of other routes (RFC 7432
// 7, RFC 8365 5.1.3). Judged once per such class and remembered, so that a route costs one look-up.
//
// Two levels, as in evpn/import_cache.h: a *class* is what the verdict depends on and holds its
// attribute set; an *import* is the verdict, shared by all classes with the same one. All routes of
// one VTEP for its MACs usually are two or three classes (MAC alone, with an address, with two
// labels) and one import. An import holds the VTEP sets that its MACs may use.
//
// When the rules change, classes are judged anew as they are met (refresh()). A class whose verdict
// changed leaves the index and keeps its old import until its last route moved on, so each route is
// taken out of exactly what it was put into.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/flat_index.h"
#include "bgp/rib/path.h"
#include "bgp/rib/slab.h"
#include "evpn/l2/l2_views.h"
#include "evpn/l2/vtep_sets.h"
#include "evpn/route_target_index.h"
#include "evpn/settings.h"

namespace perd::evpn {

// RFC 7432 8.2.1: the Ethernet tag of an A-D route that speaks of a whole Ethernet segment.
inline constexpr EthernetTag kMaxEthernetTag{0xffffffff};

enum class L2RouteKind : std::uint8_t { kMac, kMulticast, kAdPerSegment, kAdPerEvi };

struct L2Subject {
  L2RouteKind kind{};
  std::span<const ExtendedCommunity> communities;
  std::optional<IpAddress> next_hop;
  std::optional<std::uint8_t> pmsi_type;  // kMulticast
  Label label{};
  EthernetSegmentId esi{};
  bool local = false;    // originated by this node
  bool bad_mac = false;  // kMac: zero or a group address
  bool own_mac = false;  // kMac: of this node
};

struct L2Verdict {
  L2Refusal refusal = L2Refusal::kNoRouteTarget;
  // Meaningful only when not refused:
  L2RouteKind kind{};
  bool sticky = false;         // RFC 7432 15.2
  bool gateway = false;        // RFC 7432 10.1
  bool single_active = false;  // kAdPerSegment, RFC 7432 7.5
  std::uint32_t sequence = 0;  // RFC 7432 7.7
  Vni vni{};
  IpAddress vtep{};
  EthernetSegmentId esi{};
  std::vector<MacVrfId> mac_vrfs;  // sorted
  friend bool operator==(const L2Verdict&, const L2Verdict&) = default;
};

class L2Rules {
 public:
  struct Row {
    MacVrfId id{};
    IpAddress vtep{};
    std::span<const RouteTargetMatch> import_rts;
  };
  void reset(std::span<const IpAddress> own_addresses, std::span<const Row> rows);
  [[nodiscard]] L2Verdict judge(const L2Subject& subject) const;

 private:
  [[nodiscard]] L2Refusal judge_tunnel(const L2Subject& subject, L2Verdict& verdict) const;

  RouteTargetIndex targets_;              // in which a MacVrfId stands as a VrfId
  std::vector<IpAddress> own_addresses_;  // sorted
  std::vector<IpFamily> families_;        // by MacVrfId
};

using L2ClassId = std::uint32_t;   // 0: none
using L2ImportId = std::uint32_t;  // 0: none

struct L2Target {
  MacVrfId mac_vrf{};
  VtepSetId set = 0;  // kMac only
};
struct L2Import {
  L2Verdict verdict;
  std::vector<L2Target> targets;  // as verdict.mac_vrfs
  std::uint32_t classes = 0;
  [[nodiscard]] VtepSetId set_of(MacVrfId id) const;
};

class L2ImportCache {
 public:
  L2ImportCache(rib::AttributeStore& attributes, VtepSets& sets);
  ~L2ImportCache();
  L2ImportCache(const L2ImportCache&) = delete;
  L2ImportCache& operator=(const L2ImportCache&) = delete;

  // Other verdicts may be due from now on.
  void set_rules(std::span<const IpAddress> own_addresses, std::span<const L2Rules::Row> rows);

  [[nodiscard]] L2Subject subject(const wire::EvpnKey& key, const rib::PathView& path,
                                  bool own_mac) const;
  // The class of a path of a route of type 1, 2 or 3, with one more route in it.
  [[nodiscard]] L2ClassId acquire(const wire::EvpnKey& key, const rib::PathView& path,
                                  bool own_mac);
  void release(L2ClassId id);
  // Judges the class by the present rules; false when the verdict is not what it was.
  [[nodiscard]] bool refresh(L2ClassId id);

  [[nodiscard]] L2ImportId import_of(L2ClassId id) const { return classes_[id].import; }
  [[nodiscard]] const L2Import& import(L2ImportId id) const { return imports_[id]; }
  [[nodiscard]] const L2Import& of_class(L2ClassId id) const {
    return imports_[classes_[id].import];
  }
  // RFC 9047 2: the host is a router; so is a default gateway (RFC 7432 10.1).
  [[nodiscard]] bool router(L2ClassId id) const { return classes_[id].router; }
  [[nodiscard]] const L2Rules& rules() const { return rules_; }
  [[nodiscard]] std::size_t classes() const { return class_index_.size(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Content {
    rib::AttrId attributes = 0;
    std::uint32_t label_and_facts = 0;  // label << 8 | facts
    EthernetSegmentId esi{};
    friend bool operator==(const Content&, const Content&) = default;
  };
  struct Class {
    Content content;
    bool router = false;
    L2ImportId import = 0;
    std::uint32_t routes = 0;
    std::uint32_t generation = 0;  // of the rules; 0: outdated, not in the index
  };
  static constexpr std::uint32_t kKindMask = 3, kLocal = 4, kBadMac = 8, kOwnMac = 16;

  [[nodiscard]] static Content content_of(const wire::EvpnKey& key, const rib::PathView& path,
                                          bool own_mac);
  [[nodiscard]] L2Subject subject(const Content& content) const;
  [[nodiscard]] static std::uint64_t hash_of(const Content& content);
  [[nodiscard]] static std::uint64_t hash_of(const L2Verdict& verdict);
  [[nodiscard]] L2ImportId intern(L2Verdict&& verdict);
  void release_import(L2ImportId id);
  void remove_from_index(L2ClassId id);

  rib::AttributeStore* attributes_;
  VtepSets* sets_;
  L2Rules rules_;
  std::uint32_t generation_ = 1;
  rib::Slab<Class> classes_;
  rib::FlatIndex class_index_;
  rib::Slab<L2Import> imports_;
  rib::FlatIndex import_index_;
};

}  // namespace perd::evpn
