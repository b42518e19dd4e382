// VRFs and MAC-VRFs with all that is known of each: settings, the engine's view, the devices. Only
// for this folder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/speaker.h"
#include "status/answer.h"

namespace perd::status {

struct VrfRow {
  evpn::VrfView view;
  evpn::VrfSettings settings;
  std::optional<fib::VrfDeviceView> device;
};
struct MacVrfRow {
  evpn::MacVrfView view;
  evpn::MacVrfSettings settings;
  std::optional<fib::MacVrfDeviceView> device;
  std::string vrf;  // name of the routing domain's; empty: layer 2 only
};

[[nodiscard]] std::vector<VrfRow> vrf_rows(const Speaker& speaker);         // by id
[[nodiscard]] std::vector<MacVrfRow> mac_vrf_rows(const Speaker& speaker);  // by VNI

[[nodiscard]] json::object vrf_json(const VrfRow& row);
[[nodiscard]] json::object mac_vrf_json(const MacVrfRow& row);

// Route targets without the word in front.
[[nodiscard]] std::vector<std::string> rt_texts(const std::vector<RouteTargetMatch>& rts);
[[nodiscard]] std::vector<std::string> rt_texts(const std::vector<ExtendedCommunity>& rts);
[[nodiscard]] bool is_reachable(const Speaker& speaker, const IpAddress& vtep);

template <class List>
[[nodiscard]] json::array texts_json(const List& list) {
  json::array out;
  for (const auto& item : list) out.emplace_back(to_string(item));
  return out;
}

}  // namespace perd::status
