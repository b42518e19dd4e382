// FloodStore: who gets a copy of broadcast, unknown unicast and multicast: one entry of the VXLAN
// device for the zero MAC per VTEP (RFC 8365 5.1 by ingress replication).
//
// Linux keeps all of them as destinations of one entry, with one state and no mark. perd writes
// NOARP with PERMANENT, which nobody else does but FRR; so a destination that shows NOARP is perd's
// when perd finds it, and one without is an operator's and stays.
#pragma once

#include <string>

#include "fib/l2/slot_programmer.h"
#include "perd/desired.h"
#include "perd/kernel.h"

namespace perd::fib {

inline constexpr unsigned kForgetFloods = 1;

class FloodStore : public SlotProgrammer<FloodStore, FloodSlot> {
 public:
  using SlotProgrammer::SlotProgrammer;

  void desire(MacVrfTable& t, const DesiredFlood& flood);
  void observe(MacVrfTable& t, const Seen<FdbEntry>& seen, TimePoint now);
  void acked(const Flight& flight);
  void refused(const Flight& flight, int error, const std::string& text, TimePoint now);

 private:
  friend class SlotProgrammer<FloodStore, FloodSlot>;
  [[nodiscard]] static Lane<FloodSlot>& lane(MacVrfTable& t) { return t.floods; }
  [[nodiscard]] static bool wanted(const FloodSlot& s) { return (s.flags & kFloodWanted) != 0; }
  [[nodiscard]] static bool lingers(const FloodSlot& s) { return (s.flags & kFloodSeenOwn) != 0; }
  [[nodiscard]] static bool there(const FloodSlot& s) {
    return (s.flags & (kFloodSeenOwn | kFloodSeenForeign)) != 0;
  }
  [[nodiscard]] EntryState state(const MacVrfTable& t, const FloodSlot& s) const;
  [[nodiscard]] bool kept(const MacVrfTable& t, const FloodSlot& s) const;
  [[nodiscard]] bool settled(const MacVrfTable& t, const FloodSlot& s) const;
  Verdict evaluate(MacVrfTable& t, FloodSlot& s, TimePoint now);
  static void unwant(FloodSlot& s) { s.flags &= ~(kFloodWanted | kHostSuspect); }
  [[nodiscard]] static bool judge(FloodSlot& s);
  static void forget(FloodSlot& s, unsigned parts);
  static void unmark(FloodSlot& s) { s.flags &= ~(kHostMarked | kHostTouched); }
  [[nodiscard]] std::string describe(const MacVrfTable& t, const IpAddress& vtep) const;
  void launch(const MacVrfTable& t, FloodSlot& s, bool put);
};

}  // namespace perd::fib
