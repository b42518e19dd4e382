// What L3VNIs and L2VNIs have in common, read into either draft.
#pragma once

#include <array>
#include <string>

#include "config/draft.h"
#include "config/object_reader.h"

namespace perd::config {

[[nodiscard]] std::optional<Vni> read_vni(const Place& at, Diagnostics& d);

// An empty list of route targets is a fault: nothing would be imported or exported.
void refuse_empty_targets(const ObjectReader& o, Diagnostics& d);

// Every key that both have but `name`.
template <class VniDraft>
void read_vni_keys(const ObjectReader& o, VniDraft& out, Diagnostics& d) {
  constexpr std::array<std::string_view, 2> kFamilies = {"IPv4", "IPv6"};
  auto& vni = out.config;
  o.take_required("vni", "a VNI", vni.vni, read_vni);
  o.take("vxlanPort", vni.vxlan_port, number<std::uint16_t>(1, 65535));
  if (const auto p = o.get("underlayAddressFamily")) {
    if (const auto i = read_word(*p, d, kFamilies)) {
      out.underlay_family = *i == 0 ? IpFamily::kIpv4 : IpFamily::kIpv6;
    }
  }
  refuse_empty_targets(o, d);
  o.take_list("importRTs", kRouteTargetsMax, vni.import_rts, read_import_rt);
  o.take_list("exportRTs", kRouteTargetsMax, vni.export_rts, read_export_rt);
  o.take("rd", vni.rd, read_rd);
  o.take_list("interfaces", kInterfacesMax, vni.interfaces, read_interface_name);
}

}  // namespace perd::config
