// NeighbourProgrammer: addresses of remote hosts as neighbours on a MAC-VRF's bridge (extern_learn,
// NOARP, perd's protocol): routing uses them, the VXLAN port's neighbour suppression answers for
// them. The kernel's own entries are not kept here; an operator's are remembered, never
// overwritten, never erased.
//
// When a host moves in, the kernel would not take its word against a NOARP entry. So perd's entry
// is replaced by a plain one with the host's MAC, which is the kernel's from then on.
#pragma once

#include <string>

#include "fib/l2/slot_programmer.h"
#include "perd/desired.h"
#include "perd/kernel.h"

namespace perd::fib {

inline constexpr unsigned kForgetNeighbours = 1;

template <class SlotT>
class NeighbourProgrammer : public SlotProgrammer<NeighbourProgrammer<SlotT>, SlotT> {
 public:
  using Base = SlotProgrammer<NeighbourProgrammer<SlotT>, SlotT>;
  using Base::Base;

  void desire(MacVrfTable& t, const DesiredNeighbour& n);
  void observe(MacVrfTable& t, const Seen<Neighbour>& seen, TimePoint now);
  void acked(const Flight& flight);
  void refused(const Flight& flight, int error, const std::string& text, TimePoint now);

  [[nodiscard]] HostEntryView view(const MacVrfTable& t, const SlotT& s) const;

 private:
  friend Base;
  using typename Base::Verdict;
  [[nodiscard]] static Lane<SlotT>& lane(MacVrfTable& t) {
    if constexpr (SlotT::kFamily == IpFamily::kIpv4) {
      return t.v4;
    } else {
      return t.v6;
    }
  }
  [[nodiscard]] static bool wanted(const SlotT& s) { return (s.flags & kHostWantRemote) != 0; }
  [[nodiscard]] static bool lingers(const SlotT& s) { return (s.flags & kHostSeenOwn) != 0; }
  [[nodiscard]] EntryState state(const MacVrfTable& t, const SlotT& s) const;
  [[nodiscard]] bool kept(const MacVrfTable& t, const SlotT& s) const;
  [[nodiscard]] bool settled(const MacVrfTable& t, const SlotT& s) const;
  Verdict evaluate(MacVrfTable& t, SlotT& s, TimePoint now);
  Verdict evaluate_unwanted(MacVrfTable& t, SlotT& s, TimePoint now);
  void unwant(SlotT& s);
  [[nodiscard]] bool judge(SlotT& s);
  void forget(SlotT& s, unsigned parts);
  static void unmark(SlotT& s) { s.flags &= ~(kHostMarked | kHostTouched); }
  [[nodiscard]] std::string describe(const MacVrfTable& t, const IpAddress& address) const;

  void see(SlotT& s, const Neighbour* n);
  [[nodiscard]] bool as_wanted(const SlotT& s, const Neighbour& n) const;
  [[nodiscard]] bool own(const Neighbour& n) const {
    return n.extern_learn && n.protocol == this->shared_.protocol;
  }
  void launch_put(const MacVrfTable& t, SlotT& s);
  void launch_erase(const MacVrfTable& t, SlotT& s);
};

using NeighbourProgrammerV4 = NeighbourProgrammer<NeighbourSlotV4>;
using NeighbourProgrammerV6 = NeighbourProgrammer<NeighbourSlotV6>;

}  // namespace perd::fib
