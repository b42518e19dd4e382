// Where the decoders of one UPDATE say what was wrong (RFC 7606). Keeps the strongest disposition
// and the first kMaxFaults faults. Internal to bgp/wire.
#pragma once

#include "bgp/wire/message.h"

namespace perd::wire {

class FaultLog {
 public:
  FaultLog(Bytes body, Update& out) : body_(body), out_(out) {}

  // `octets` must lie in the body: their place is the fault's offset.
  void add(std::uint8_t code, AttributeFaultKind kind, Disposition disposition, Bytes octets);
  // Something that is not there at all.
  void add_missing(AttributeCode code);

 private:
  Bytes body_;
  Update& out_;
};

}  // namespace perd::wire
