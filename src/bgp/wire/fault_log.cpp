#include "bgp/wire/fault_log.h"

#include <algorithm>

#include "bgp/wire/attribute_table.h"

namespace perd::wire {
namespace {

std::string_view kind_name(AttributeFaultKind kind) {
  switch (kind) {
    case AttributeFaultKind::kFlags:
      return "wrong flags";
    case AttributeFaultKind::kLength:
      return "wrong length";
    case AttributeFaultKind::kValue:
      return "malformed value";
    case AttributeFaultKind::kDuplicate:
      return "repeated";
    case AttributeFaultKind::kMissing:
      return "missing";
    case AttributeFaultKind::kTruncated:
      return "runs past the attributes";
    case AttributeFaultKind::kBadNlri:
      return "malformed route";
    case AttributeFaultKind::kBadNextHop:
      return "unusable next hop";
  }
  return {};
}

std::string_view disposition_name(Disposition disposition) {
  switch (disposition) {
    case Disposition::kNone:
      return "no action";
    case Disposition::kAttributeDiscard:
      return "attribute discarded";
    case Disposition::kRouteWithdrawn:
      return "route treated as withdrawn";
    case Disposition::kTreatAsWithdraw:
      return "update treated as withdraw";
  }
  return {};
}

}  // namespace

void FaultLog::add(std::uint8_t code, AttributeFaultKind kind, Disposition disposition,
                   Bytes octets) {
  out_.disposition = std::max(out_.disposition, disposition);
  if (out_.faults.size() >= kMaxFaults) return;
  const Bytes cut = octets.first(std::min(octets.size(), kMaxFaultOctets));
  const auto offset = octets.empty() ? 0 : octets.data() - body_.data();
  out_.faults.push_back({code, kind, disposition, static_cast<std::uint16_t>(offset),
                         std::vector<std::uint8_t>(cut.begin(), cut.end())});
}

void FaultLog::add_missing(AttributeCode code) {
  add(static_cast<std::uint8_t>(code), AttributeFaultKind::kMissing, Disposition::kTreatAsWithdraw,
      {});
}

std::string to_string(const AttributeFault& fault) {
  std::string text(attribute_name(fault.code));
  if (text.empty()) text = "attribute " + std::to_string(unsigned{fault.code});
  text.append(": ").append(kind_name(fault.kind));
  text.append(", ").append(disposition_name(fault.disposition));
  return text;
}

}  // namespace perd::wire
