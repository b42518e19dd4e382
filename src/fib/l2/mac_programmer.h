// MacProgrammer: remote MACs. A MAC is two entries in Linux, one of the VXLAN device (self, where
// to send) and one of the bridge (master, behind which port), written by one operation and observed
// apart.
//
// The bridge moves its half to a local port by itself when the host sends from there; the other
// half stays. Whether the host has really moved is not decided here: such a MAC is left alone until
// routing has spoken. An operator's permanent or static entry is never overwritten.
#pragma once

#include <string>

#include "fib/l2/slot_programmer.h"
#include "fib/l2/vtep_set_store.h"
#include "fib/l2/ways.h"
#include "perd/desired.h"
#include "perd/kernel.h"

namespace perd::fib {

inline constexpr unsigned kForgetVxlan = 1;   // the VXLAN device's halves are gone
inline constexpr unsigned kForgetBridge = 2;  // the bridge's halves are

class MacProgrammer : public SlotProgrammer<MacProgrammer, MacSlot> {
 public:
  MacProgrammer(Shared& shared, const LinkTable& links, MacVrfTables& tables, Pace& pace,
                Ways& ways, VtepSetStore& sets)
      : SlotProgrammer(shared, links, tables, pace), ways_(ways), sets_(sets) {}

  void desire(MacVrfTable& t, const DesiredMac& mac);
  void observe(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now);
  void acked(const Flight& flight, TimePoint now);
  void refused(const Flight& flight, int error, const std::string& text, TimePoint now);

  [[nodiscard]] HostEntryView view(const MacVrfTable& t, const MacSlot& s) const;

 private:
  friend class SlotProgrammer<MacProgrammer, MacSlot>;
  [[nodiscard]] static Lane<MacSlot>& lane(MacVrfTable& t) { return t.macs; }
  [[nodiscard]] static bool wanted(const MacSlot& s) { return s.set != 0; }
  [[nodiscard]] static bool lingers(const MacSlot& s);
  [[nodiscard]] EntryState state(const MacVrfTable& t, const MacSlot& s) const;
  [[nodiscard]] bool kept(const MacVrfTable& t, const MacSlot& s) const;
  [[nodiscard]] bool settled(const MacVrfTable& t, const MacSlot& s) const;
  Verdict evaluate(MacVrfTable& t, MacSlot& s, TimePoint now);
  Verdict evaluate_wanted(MacVrfTable& t, MacSlot& s, TimePoint now);
  Verdict evaluate_unwanted(MacVrfTable& t, MacSlot& s, TimePoint now);
  void unwant(MacSlot& s);
  [[nodiscard]] bool judge(MacSlot& s);
  void forget(MacSlot& s, unsigned parts);
  static void unmark(MacSlot& s) {
    s.flags &= ~(kHostMarked | kHostTouched | kMacBridgeMarked | kMacBridgeTouched);
  }
  [[nodiscard]] std::string describe(const MacVrfTable& t, const MacAddress& mac) const;

  void observe_self(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now);
  void observe_bridge(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now);
  void observe_flying(MacSlot& s, std::uint32_t way, const Seen<FdbEntry>& seen);
  [[nodiscard]] std::uint32_t way_of(const MacVrfTable& t, const FdbEntry& e);
  void see_self(MacSlot& s, std::uint32_t way, bool sticky);
  void set_seen(MacSlot& s, std::uint32_t way);
  void set_bridge(MacSlot& s, BridgeHalf half);
  [[nodiscard]] bool as_written(const MacSlot& s, std::uint32_t target) const;
  [[nodiscard]] bool in_place(const MacSlot& s, std::uint32_t target) const;
  [[nodiscard]] unsigned own_halves(const MacSlot& s) const;
  [[nodiscard]] FdbEntry entry(const MacVrfTable& t, const MacSlot& s, std::uint32_t way,
                               bool sticky) const;
  void clear_the_way(const MacVrfTable& t, const MacSlot& s, std::uint32_t target);
  void launch_put(const MacVrfTable& t, MacSlot& s, std::uint32_t target);
  void launch_erase(const MacVrfTable& t, MacSlot& s, unsigned halves);
  void put_acked(MacVrfTable& t, MacSlot& s, const Flight& flight, TimePoint now);

  Ways& ways_;
  VtepSetStore& sets_;
};

}  // namespace perd::fib
