// Where the frames of remote MACs go: interned VTEP sets, and the Ethernet segments that say which
// VTEPs stand for each other.
//
// A set belongs to what a MAC route says: MAC-VRF, VNI, advertising VTEP, ESI. With ESI 0 it is
// that VTEP. Otherwise its content follows the A-D routes of the segment, under the same id, so a
// VTEP that loses its link to the segment leaves all MACs behind it by one change (RFC 7432 8.2,
// mass withdrawal) and a VTEP that never advertised a MAC may still carry its traffic (8.4,
// aliasing):
//
//   all-active     the VTEPs with both A-D routes, per segment and per EVI (8.4.1), with the VNI of
//                  the MAC's route, and the advertiser as soon as it has the one per segment
//   single-active  the advertiser, if it has the A-D route per segment
//
// A set whose segment leaves it nobody is not usable: a MAC route counts only together with an A-D
// route per segment (RFC 7432 9.2.2). The last content stays until the MACs have moved on.
//
// A set lives while an import refers to it or a MAC uses it; it is told to the kernel side while a
// MAC uses it. The id of a released set is used again only after the delta that says so was taken.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/slab.h"
#include "evpn/l2/l2_views.h"
#include "perd/desired.h"
#include "perd/evpn_ids.h"

namespace perd::evpn {

class VtepSets {
 public:
  // For an import.
  [[nodiscard]] VtepSetId acquire(MacVrfId mac_vrf, Vni vni, const IpAddress& vtep,
                                  const EthernetSegmentId& esi);
  void release(VtepSetId id);
  // For a MAC.
  void use(VtepSetId id);
  void drop(VtepSetId id);
  [[nodiscard]] bool usable(VtepSetId id) const { return sets_[id].usable; }
  [[nodiscard]] std::span<const IpAddress> vteps(VtepSetId id) const { return sets_[id].content; }

  // A-D routes, RFC 7432 8.2.1 and 8.4.1; `on` false: one less.
  void put_per_segment(const EthernetSegmentId& esi, const IpAddress& vtep, bool single_active,
                       bool on);
  void put_per_evi(const EthernetSegmentId& esi, MacVrfId mac_vrf, const IpAddress& vtep, Vni vni,
                   bool on);
  // MAC-VRFs of which sets became usable or unusable since it was emptied: their MACs must choose
  // again.
  [[nodiscard]] std::vector<MacVrfId>& flipped() { return flipped_; }

  void flush(L2Delta& delta);

  [[nodiscard]] std::vector<EthernetSegmentView> segments() const;  // by ESI
  // Calls f(VTEP, MACs) for each set in use and each of its VTEPs.
  template <class F>
  void for_each_user(F&& f) const {
    for (const Set& set : sets_) {
      if (set.users == 0) continue;
      for (const IpAddress& vtep : set.content) f(vtep, set.users);
    }
  }
  [[nodiscard]] std::size_t in_use() const { return told_; }
  [[nodiscard]] std::size_t segment_count() const { return segments_.used(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  using SegmentId = std::uint32_t;  // 0: none
  struct Member {
    IpAddress vtep{};
    std::uint32_t routes = 0;
    std::uint32_t single_active = 0;  // of those
  };
  struct Evi {
    MacVrfId mac_vrf{};
    Vni vni{};
    IpAddress vtep{};
    std::uint32_t routes = 0;
  };
  struct Segment {
    EthernetSegmentId esi{};
    std::vector<Member> members;  // sorted by VTEP
    std::vector<Evi> evis;
    std::vector<VtepSetId> sets;
    [[nodiscard]] bool idle() const { return members.empty() && evis.empty() && sets.empty(); }
    [[nodiscard]] bool single_active() const;
    [[nodiscard]] bool has(const IpAddress& vtep) const;
  };
  struct Set {
    MacVrfId mac_vrf{};
    Vni vni{};
    IpAddress advertiser{};
    SegmentId segment = 0;
    std::vector<IpAddress> content;  // sorted
    std::uint32_t imports = 0;
    std::uint32_t users = 0;
    bool usable = false;
    bool told = false;
    bool changed = false;  // in changed_
    bool idle = false;     // in idle_
  };

  [[nodiscard]] static std::uint64_t hash_of(const Set& set);
  [[nodiscard]] SegmentId segment(const EthernetSegmentId& esi);
  void free_if_idle(SegmentId id);
  [[nodiscard]] std::vector<IpAddress> content_of(const Set& set) const;
  void recompute(SegmentId id);
  void note_changed(VtepSetId id);
  void note_idle(VtepSetId id);
  void destroy(VtepSetId id);

  std::vector<Set> sets_{1};
  std::vector<VtepSetId> free_sets_;
  std::vector<VtepSetId> quarantine_;  // released; not yet known to be taken
  rib::FlatIndex set_index_;
  rib::Slab<Segment> segments_;
  rib::FlatIndex segment_index_;
  std::vector<VtepSetId> changed_;
  std::vector<VtepSetId> idle_;
  std::vector<MacVrfId> flipped_;
  std::size_t told_ = 0;
};

}  // namespace perd::evpn
