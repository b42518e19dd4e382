#include "evpn/exporter.h"

#include <algorithm>

#include "evpn/import_rules.h"
#include "perd/assert.h"

namespace perd::evpn {
namespace {

enum class Wanted : std::uint8_t { kNo, kRedistributed, kNetwork };

bool is_exportable(const IpPrefix& prefix, std::span<const IpAddress> own_addresses) {
  if (is_martian_prefix(prefix)) return false;
  if (prefix.length != prefix.address.bits()) return true;
  return std::find(own_addresses.begin(), own_addresses.end(), prefix.address) ==
         own_addresses.end();
}

Wanted wanted(const VrfTable& vrf, std::span<const IpAddress> own_addresses, const IpPrefix& prefix,
              const PrefixState& state) {
  constexpr std::uint8_t kReasons =
      PrefixState::kConnected | PrefixState::kStatic | PrefixState::kKernel | PrefixState::kNetwork;
  if (!state.has(kReasons) || !vrf.exports()) return Wanted::kNo;
  if (!is_exportable(prefix, own_addresses)) return Wanted::kNo;
  if (state.has(PrefixState::kNetwork)) return Wanted::kNetwork;
  const Redistribute& r = vrf.settings.redistribute;
  const bool redistributed = (r.connected && state.has(PrefixState::kConnected)) ||
                             (r.static_routes && state.has(PrefixState::kStatic)) ||
                             (r.kernel && state.has(PrefixState::kKernel));
  return redistributed ? Wanted::kRedistributed : Wanted::kNo;
}

const RouteDistinguisher& rd_of_epoch(const VrfTable& vrf, std::uint16_t epoch) {
  for (const auto& [number, rd] : vrf.rds) {
    if (number == epoch) return rd;
  }
  PERD_ASSERT(false && "an originated prefix without the form it was announced with");
  return vrf.form.rd;
}

}  // namespace

Origination make_origination(const ExportForm& form, const IpPrefix& prefix, bool network) {
  Origination o;
  o.key = wire::EvpnKey::ip_prefix(form.rd, EthernetTag{0}, prefix);
  o.data.label1 = Label{form.vni.value};  // RFC 8365 5.1.3: the VNI, all 24 bits
  auto& a = o.attributes;
  a.origin = network ? wire::Origin::kIgp : wire::Origin::kIncomplete;
  a.has_as_path = true;
  if (form.prepend) a.as_path.prepend(*form.prepend);
  a.next_hop = form.vtep;
  a.extended_communities.push_back(make_encapsulation(kEncapsulationVxlan));
  a.extended_communities.insert(a.extended_communities.end(), form.route_targets.begin(),
                                form.route_targets.end());
  a.extended_communities.push_back(make_router_mac(form.router_mac));
  return o;
}

Origination make_withdrawal(const RouteDistinguisher& rd, const IpPrefix& prefix) {
  Origination o;
  o.key = wire::EvpnKey::ip_prefix(rd, EthernetTag{0}, prefix);
  o.withdraw = true;
  return o;
}

ExportForm make_export_form(const VrfTable& vrf, Asn node_asn) {
  ExportForm form;
  form.rd = vrf.settings.rd;
  form.vni = vrf.settings.vni;
  form.route_targets = vrf.settings.export_rts;
  if (vrf.settings.asn != node_asn) form.prepend = vrf.settings.asn;
  form.vtep = vrf.vtep();
  form.router_mac = vrf.device.router_mac;
  return form;
}

bool adopt_export_form(VrfTable& vrf, ExportForm&& form) {
  if (form == vrf.form && !vrf.rds.empty()) return false;
  vrf.form = std::move(form);
  ++vrf.epoch;
  // 65,536 changes before one walk is done would make a number ambiguous.
  PERD_ASSERT(vrf.rds.size() < 0xffff);
  vrf.rds.emplace_back(vrf.epoch, vrf.form.rd);
  return vrf.originated > 0;
}

void forget_old_forms(VrfTable& vrf) {
  if (vrf.rds.size() > 1) vrf.rds.erase(vrf.rds.begin(), vrf.rds.end() - 1);
}

void export_prefix(VrfTable& vrf, std::span<const IpAddress> own_addresses, const IpPrefix& prefix,
                   PrefixState& state, std::vector<Origination>& out) {
  const Wanted want = wanted(vrf, own_addresses, prefix, state);
  const bool have = state.has(PrefixState::kOriginated);
  if (!have && want == Wanted::kNo) return;
  const bool network = want == Wanted::kNetwork;
  if (have) {
    const RouteDistinguisher& rd = rd_of_epoch(vrf, state.epoch);
    const bool as_before =
        state.epoch == vrf.epoch && state.has(PrefixState::kOriginatedNetwork) == network;
    if (want != Wanted::kNo && as_before) return;
    // Under the same RD the new announcement replaces the old one.
    if (want == Wanted::kNo || rd != vrf.form.rd) out.push_back(make_withdrawal(rd, prefix));
  }
  const bool now = want != Wanted::kNo;
  if (now) out.push_back(make_origination(vrf.form, prefix, network));
  vrf.originated = vrf.originated + (now ? 1U : 0U) - (have ? 1U : 0U);
  state.assign(PrefixState::kOriginated, now);
  state.assign(PrefixState::kOriginatedNetwork, now && network);
  state.epoch = vrf.epoch;
}

}  // namespace perd::evpn
