// VtepSetStore: VTEP sets as routing defines them, and what each means in the kernel: a VTEP, or a
// group of next-hop objects when there are several. MACs refer to sets; a set that changes within
// its shape of several is one message, one that changes its shape has its MACs written again.
//
// A group sends with the VXLAN device's own VNI only; a set with another VNI (RFC 8365 5.1.3) leads
// to the first of its VTEPs. So does one whose group the kernel refuses.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "fib/l2/fdb_next_hops.h"
#include "fib/l2/ways.h"
#include "perd/desired.h"

namespace perd::fib {

class VtepSetStore {
 public:
  VtepSetStore(Ways& ways, FdbNextHops& next_hops) : ways_(ways), next_hops_(next_hops), sets_(1) {}
  VtepSetStore(const VtepSetStore&) = delete;
  VtepSetStore& operator=(const VtepSetStore&) = delete;

  void put(const VtepSet& set);
  void release(VtepSetId id);
  // Index of a set, for slots; 0 when unknown.
  [[nodiscard]] std::uint32_t index_of(VtepSetId id) const;
  [[nodiscard]] const VtepSet& content(std::uint32_t index) const { return sets_[index].set; }
  void use(std::uint32_t index) { ++sets_[index].uses; }
  void unuse(std::uint32_t index) {
    Record& r = sets_[index];
    if (--r.uses == 0 && r.released) free_record(index);
  }
  // The way of MACs of that set; kNoWay: not possible now.
  [[nodiscard]] std::uint32_t target(std::uint32_t index) const { return sets_[index].target; }

  // The own VNI of the MAC-VRF's VXLAN device.
  void set_vni(MacVrfId id, Vni vni);
  // After next-hop objects came, went or were refused.
  void retarget();
  // MAC-VRFs whose MACs must be looked at, because their sets lead elsewhere now.
  [[nodiscard]] std::vector<MacVrfId> take_scans();
  [[nodiscard]] bool dirty() const { return !scans_.empty(); }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Record {
    VtepSet set;
    std::uint32_t uses = 0;
    std::uint32_t target = kNoWay;
    std::uint32_t group = 0;             // next-hop id; 0: none
    std::vector<std::uint32_t> members;  // next-hop ids
    bool used = false;
    bool released = false;
  };
  void refresh(std::uint32_t index);
  void renew_target(std::uint32_t index);
  void drop_group(Record& r);
  void free_record(std::uint32_t index);
  [[nodiscard]] Vni foreign_vni(const VtepSet& set) const;  // 0: the device's own

  Ways& ways_;
  FdbNextHops& next_hops_;
  std::vector<Record> sets_;  // [0] is unused
  std::vector<std::uint32_t> free_;
  std::unordered_map<VtepSetId, std::uint32_t> by_id_;  // never walked
  std::map<MacVrfId, Vni> vnis_;
  std::vector<MacVrfId> scans_;
  mutable VtepSetId last_id_ = 0;  // MACs come in runs of one set
  mutable std::uint32_t last_index_ = 0;
};

}  // namespace perd::fib
