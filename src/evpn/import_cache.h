// What becomes of the routes of each attribute set, remembered.
//
// Two levels. A *class* is what the verdict depends on: (AttrId, label, facts about the route); a
// route refers to its class by number, and a class holds its attribute set, so the id cannot be
// reused beneath it. An *import* is the verdict, shared by all classes with the same one (usually
// one per VTEP and list of VRFs, however many attribute sets there are); it holds the VTEPs with
// their router MACs.
//
// When the rules change, classes are judged anew as they are met (refresh()). A class whose verdict
// changed leaves the index and keeps its old import until its last route moved on, so that each
// route is taken out of exactly those VRFs that it was put into.
//
// Class ids 1 to 4 are fixed: routes of these EVPN types that are not for an IP-VRF.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bgp/rib/attribute_store.h"
#include "bgp/rib/flat_index.h"
#include "bgp/rib/path.h"
#include "bgp/rib/slab.h"
#include "evpn/import_rules.h"
#include "evpn/next_hops.h"

namespace perd::evpn {

using ClassId = std::uint32_t;   // 0: none
using ImportId = std::uint32_t;  // 0: none

inline constexpr ClassId kIgnoredTypes = 4;

// A type 5 route, or the IP half of a type 2 with an address and a second label (RFC 9135 5.2).
[[nodiscard]] bool is_for_vrf(const wire::EvpnKey& key, const rib::PathView& path);
// What such a route is about: its prefix, or the host's address with full length.
[[nodiscard]] IpPrefix prefix_of(const wire::EvpnKey& key);

struct ImportTarget {
  VrfId vrf{};
  VtepId vtep = 0;
  NextHopSetId last_set = 0;  // the set of this hop alone, as a hint
};

struct Import {
  ImportVerdict verdict;
  std::vector<ImportTarget> targets;  // as verdict.vrfs
  std::uint32_t classes = 0;

  [[nodiscard]] ImportTarget* target(VrfId vrf);
  [[nodiscard]] Hop hop(const ImportTarget& target) const { return {target.vtep, verdict.vni}; }
};

class ImportCache {
 public:
  ImportCache(rib::AttributeStore& attributes, NextHops& next_hops);
  ~ImportCache();
  ImportCache(const ImportCache&) = delete;
  ImportCache& operator=(const ImportCache&) = delete;

  // Other verdicts may be due from now on.
  void set_rules(std::span<const IpAddress> own_addresses,
                 std::span<const ImportRules::LocalVrf> vrfs);

  // The class of a path that is for IP-VRFs (is_for_vrf), with one more route in it.
  [[nodiscard]] ClassId acquire(const wire::EvpnKey& key, const rib::PathView& path);
  [[nodiscard]] ClassId acquire_ignored(wire::EvpnRouteType type);
  void release(ClassId id);
  // False when the verdict of this class is no longer the one its routes were imported by.
  [[nodiscard]] bool refresh(ClassId id);

  [[nodiscard]] Import& import(ClassId id) { return imports_[classes_[id].import]; }
  [[nodiscard]] const Import& import(ClassId id) const { return imports_[classes_[id].import]; }
  [[nodiscard]] rib::AttrId attributes(ClassId id) const { return classes_[id].attributes; }
  [[nodiscard]] const ImportRules& rules() const { return rules_; }
  [[nodiscard]] ImportSubject subject(const wire::EvpnKey& key, const rib::PathView& path) const;
  [[nodiscard]] std::uint32_t routes(ClassId id) const { return classes_[id].routes; }
  [[nodiscard]] std::size_t classes() const { return class_index_.size(); }
  [[nodiscard]] std::size_t imports() const { return import_index_.size(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Class {
    rib::AttrId attributes = 0;
    std::uint32_t label_and_facts = 0;  // label << 8 | facts
    ImportId import = 0;
    std::uint32_t routes = 0;
    std::uint32_t generation = 0;  // of the rules; 0: outdated, not in the index
  };
  static constexpr std::uint32_t kEsi = 1, kGateway = 2, kLocal = 4, kMartian = 8;

  [[nodiscard]] static std::uint64_t hash_of(rib::AttrId attributes, std::uint32_t label_and_facts);
  [[nodiscard]] static std::uint64_t hash_of(const ImportVerdict& verdict);
  [[nodiscard]] static std::uint32_t facts_of(const wire::EvpnKey& key, const rib::PathView& path);
  [[nodiscard]] ImportSubject subject(rib::AttrId attributes, std::uint32_t label_and_facts) const;
  [[nodiscard]] ImportId intern(ImportVerdict&& verdict);
  void release_import(ImportId id);
  void remove_from_index(ClassId id);

  rib::AttributeStore* attributes_;
  NextHops* next_hops_;
  ImportRules rules_;
  std::uint32_t generation_ = 1;
  rib::Slab<Class> classes_;
  rib::FlatIndex class_index_;
  rib::Slab<Import> imports_;
  rib::FlatIndex import_index_;
};

}  // namespace perd::evpn
