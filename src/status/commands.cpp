// Words of a command line to a view.
#include <algorithm>
#include <charconv>

#include "config/config_print.h"
#include "status/format.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr const char* kUsage =
    "usage: perctl show summary | neighbors [ADDR] | evpn [routes] [type N] [rd RD] [vni N] |\n"
    "              vrfs | routes VRF [PREFIX] | vnis | vteps | kernel | memory |\n"
    "              events | config | version\n"
    "       perctl explain route VRF PREFIX\n"
    "       perctl clear neighbor ADDR [soft in|out]\n"
    "       perctl reload [FILE]\n";

using Words = std::span<const std::string>;

Answer shown(Shown&& s, bool as_json) {
  Answer a;
  a.text = as_json ? pretty(s.json) : std::move(s.text);
  return a;
}

Answer failure(int exit, const std::string& text, bool as_json) {
  Answer a;
  a.exit = exit;
  a.text =
      as_json ? pretty(json::object{{"error", text}}) : text + (text.back() == '\n' ? "" : "\n");
  return a;
}

bool is(Words words, std::initializer_list<const char*> want) {
  return std::equal(words.begin(), words.end(), want.begin(), want.end());
}

std::optional<unsigned> number(const std::string& text, unsigned max) {
  unsigned v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size() || v > max) return std::nullopt;
  return v;
}

Answer show_evpn(const Speaker& speaker, Words words, bool as_json) {
  EvpnFilter filter;
  if (!words.empty() && words[0] == "routes") words = words.subspan(1);
  for (; words.size() >= 2; words = words.subspan(2)) {
    const auto& value = words[1];
    if (words[0] == "type") {
      const auto type = number(value, 255);
      if (!type || *type == 0)
        return failure(2, "route type expected, 1 to 255: " + value, as_json);
      filter.type = *type;
    } else if (words[0] == "rd") {
      filter.rd = parse_rd(value);
      if (!filter.rd) return failure(2, "route distinguisher expected: " + value, as_json);
    } else if (words[0] == "vni") {
      const auto vni = number(value, kVniMax);
      if (!vni) return failure(2, "VNI expected: " + value, as_json);
      filter.vni = Vni{*vni};
    } else {
      return failure(2, kUsage, as_json);
    }
  }
  if (!words.empty()) return failure(2, kUsage, as_json);
  return evpn_routes(speaker, filter, as_json);
}

// A VRF by name and, where given, a prefix of it; an address stands for its host prefix.
Answer with_vrf(const Speaker& speaker, Words words, bool as_json, bool explain) {
  const auto& name = words[0];
  const auto vrf = speaker.vrf_ids().find(name);
  const auto& vnis = speaker.config().l3vnis;
  const bool configured =
      std::any_of(vnis.begin(), vnis.end(), [&](const auto& v) { return v.vrf == name; });
  if (!vrf || !configured) return failure(1, "no VRF is named " + name, as_json);
  if (words.size() == 1) return vrf_routes(speaker, *vrf, name, as_json);
  auto prefix = parse_prefix(words[1], true);
  if (const auto address = parse_ip(words[1])) prefix = IpPrefix::host(*address);
  if (!prefix) return failure(2, "prefix expected: " + words[1], as_json);
  if (explain) return shown(explain_route(speaker, *vrf, name, *prefix), as_json);
  auto found = route(speaker, *vrf, name, *prefix);
  if (found.json.is_null()) {
    return failure(1, to_string(*prefix) + " is not in VRF " + name, as_json);
  }
  return shown(std::move(found), as_json);
}

Answer show(const Speaker& speaker, Words w, bool as_json, const Clock& clock) {
  if (is(w, {"summary"}) || is(w, {"bgp", "summary"}))
    return shown(summary(speaker, clock), as_json);
  if (is(w, {"neighbors"})) return shown(neighbors(speaker, clock), as_json);
  if (w.size() == 2 && w[0] == "neighbors") {
    const auto address = parse_ip(w[1]);
    const auto* n = address ? speaker.neighbor(*address) : nullptr;
    if (n == nullptr) return failure(1, "no neighbor " + w[1], as_json);
    return shown(neighbor(speaker, *n, clock), as_json);
  }
  if (!w.empty() && w[0] == "evpn") return show_evpn(speaker, w.subspan(1), as_json);
  if (w.size() >= 3 && is(w.first(3), {"bgp", "l2vpn", "evpn"})) {
    return show_evpn(speaker, w.subspan(3), as_json);
  }
  if (is(w, {"vrfs"})) return shown(vrfs(speaker), as_json);
  if (is(w, {"vnis"})) return shown(vnis(speaker), as_json);
  if (is(w, {"vteps"})) return shown(vteps(speaker), as_json);
  if (is(w, {"kernel"})) return kernel(speaker, as_json);
  if (is(w, {"memory"})) {
    return shown(memory(memory_parts(speaker), clock.process), as_json);
  }
  if (is(w, {"events"})) return shown(events(speaker, clock), as_json);
  if (is(w, {"config"})) {
    const auto text = print_config(speaker.config());
    return shown({json::object{{"yaml", text}}, text}, as_json);
  }
  if (is(w, {"version"})) {
    return shown({json::object{{"version", version_text()}}, version_text() + "\n"}, as_json);
  }
  if ((w.size() == 2 || w.size() == 3) && w[0] == "routes") {
    return with_vrf(speaker, w.subspan(1), as_json, false);
  }
  if (!w.empty() && (w[0] == "macs" || w[0] == "neighs")) {
    return failure(2, "show " + w[0] + ": layer 2 VNIs are not supported yet", as_json);
  }
  return failure(2, kUsage, as_json);
}

}  // namespace

std::string version_text() { return "perd " PERD_VERSION; }

Answer answer(const Speaker& speaker, std::span<const std::string> words, bool as_json,
              const Clock& clock) {
  if (!words.empty() && words[0] == "show") return show(speaker, words.subspan(1), as_json, clock);
  if (words.size() == 4 && words[0] == "explain" && words[1] == "route") {
    return with_vrf(speaker, words.subspan(2), as_json, true);
  }
  if (words.size() >= 2 && words[0] == "explain" && words[1] == "mac") {
    return failure(2, "explain mac: layer 2 VNIs are not supported yet", as_json);
  }
  if (!words.empty() && words[0] == "teardown") {
    return failure(2, "teardown: not supported yet", as_json);
  }
  return failure(2, kUsage, as_json);
}

}  // namespace perd::status
