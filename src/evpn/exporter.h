// The type 5 routes of one VRF: which of its prefixes are originated, and with what attributes.
//
// A prefix is originated while the VRF is up, if it stands under `networks` or a local route of a
// kind that is redistributed exists. Of both, `networks` gives the origin (IGP). Never originated:
// what cannot be routed, and host routes of the node's own addresses. What was learned from EVPN is
// not a local route, so it never comes here; a host behind a local port is told as type 2 by
// L2Engine, so it is no reason either.
#pragma once

#include <span>
#include <vector>

#include "evpn/vrf_table.h"

namespace perd::evpn {

// RFC 9136 4.4.1; the communities in FRR's order: encapsulation, route targets, router MAC.
[[nodiscard]] Origination make_origination(const ExportForm& form, const IpPrefix& prefix,
                                           bool network);
[[nodiscard]] Origination make_withdrawal(const RouteDistinguisher& rd, const IpPrefix& prefix);

[[nodiscard]] ExportForm make_export_form(const VrfTable& vrf, Asn node_asn);
// Takes the new form; true when originated prefixes are outdated by it.
[[nodiscard]] bool adopt_export_form(VrfTable& vrf, ExportForm&& form);

// Brings what was announced for one prefix to what should be.
void export_prefix(VrfTable& vrf, std::span<const IpAddress> own_addresses, const IpPrefix& prefix,
                   PrefixState& state, std::vector<Origination>& out);
// All prefixes have been brought up to date: older forms are forgotten.
void forget_old_forms(VrfTable& vrf);

}  // namespace perd::evpn
