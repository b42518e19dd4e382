// Words of a command line to a view.
#include <algorithm>
#include <charconv>

#include "config/config_print.h"
#include "status/format.h"
#include "status/frr_views.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr const char* kUsage =
    "usage: perctl show summary | neighbors [ADDR] | evpn [routes] [type N] [rd RD] [vni N] |\n"
    "              vrfs | routes VRF [PREFIX] | vnis | macs VNI | neighs VNI | vteps | es |\n"
    "              kernel | memory | events | config | version\n"
    "       perctl show evpn vni [N] | evpn mac|arp-cache|next-hops|rmac vni N|all | vrf vni |\n"
    "              bgp summary | bgp l2vpn evpn [route [type N]] | bgp l2vpn evpn vni [N]\n"
    "       perctl explain route VRF PREFIX\n"
    "       perctl explain mac VNI MAC\n"
    "       perctl clear neighbor ADDR [soft in|out]\n"
    "       perctl clear mac VNI [MAC]\n"
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

// A route type by number or by FRR's word.
std::optional<unsigned> route_type(const std::string& word) {
  constexpr std::pair<const char*, unsigned> kWords[] = {
      {"ead", 1}, {"macip", 2}, {"multicast", 3}, {"es", 4}, {"prefix", 5}};
  for (const auto& [name, type] : kWords) {
    if (word == name) return type;
  }
  return number(word, 255);
}

Answer show_evpn(const Speaker& speaker, Words words, bool as_json, bool frr_columns) {
  EvpnFilter filter;
  filter.frr_columns = frr_columns;
  if (!words.empty() && (words[0] == "routes" || words[0] == "route")) words = words.subspan(1);
  for (; words.size() >= 2; words = words.subspan(2)) {
    const auto& value = words[1];
    if (words[0] == "type") {
      const auto type = route_type(value);
      if (!type || *type == 0)
        return failure(2, "route type expected, 1 to 255: " + value, as_json);
      filter.type = *type;
    } else if (words[0] == "rd") {
      filter.rd = parse_rd(value);
      if (!filter.rd) return failure(2, "route distinguisher expected: " + value, as_json);
    } else if (words[0] == "vni") {
      filter.vni = parse_vni(value);
      if (!filter.vni) return failure(2, "VNI expected: " + value, as_json);
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

// `show evpn vni N`: what is known of the VNI, then its routes; in JSON the keys of both.
Answer show_evpn_vni(const Speaker& speaker, const std::string& word, bool as_json) {
  EvpnFilter filter;
  filter.vni = parse_vni(word);
  if (!filter.vni) return failure(2, "VNI expected: " + word, as_json);
  auto routes = evpn_routes(speaker, filter, as_json);
  auto vni = frr_evpn_vni(speaker, *filter.vni);
  if (!vni) return routes;
  if (as_json) {
    auto head = json::serialize(vni->json);
    head.back() = ',';
    routes.text = head + "\n" + routes.text.substr(1);
  } else {
    routes.text = vni->text + "\n" + routes.text;
  }
  return routes;
}

// macs VNI, neighs VNI, explain mac VNI MAC: `w` begins with the VNI.
Answer with_l2vni(const Speaker& speaker, Words w, bool as_json,
                  const std::function<Answer(const L2VniConfig&)>& show) {
  const auto vni = parse_vni(w[0]);
  if (!vni) return failure(2, "VNI expected: " + w[0], as_json);
  const auto* config = find_l2vni(speaker.config(), *vni);
  if (config == nullptr) return failure(1, "no L2VNI " + w[0], as_json);
  return show(*config);
}

Answer show(const Speaker& speaker, Words w, bool as_json, const Clock& clock) {
  if (is(w, {"summary"}) || is(w, {"bgp", "summary"}) || is(w, {"bgp", "l2vpn", "evpn", "summary"}))
    return shown(summary(speaker, clock), as_json);
  if (is(w, {"neighbors"})) return shown(neighbors(speaker, clock), as_json);
  if (w.size() == 2 && w[0] == "neighbors") {
    const auto address = parse_ip(w[1]);
    const auto* n = address ? speaker.neighbor(*address) : nullptr;
    if (n == nullptr) return failure(1, "no neighbor " + w[1], as_json);
    return shown(neighbor(speaker, *n, clock), as_json);
  }
  if (auto frr = frr_answer(speaker, w, as_json)) return std::move(*frr);
  if (w.size() == 3 && is(w.first(2), {"evpn", "vni"})) {
    return show_evpn_vni(speaker, w[2], as_json);
  }
  if (!w.empty() && w[0] == "evpn") return show_evpn(speaker, w.subspan(1), as_json, false);
  if (w.size() >= 3 && is(w.first(3), {"bgp", "l2vpn", "evpn"})) {
    return show_evpn(speaker, w.subspan(3), as_json, true);
  }
  if (is(w, {"vrfs"})) return shown(vrfs(speaker), as_json);
  if (is(w, {"vnis"})) return shown(vnis(speaker), as_json);
  if (is(w, {"vteps"})) return shown(vteps(speaker), as_json);
  if (is(w, {"es"})) {
    return shown(ethernet_segments(speaker.l2().ethernet_segments()), as_json);
  }
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
  if (w.size() == 2 && (w[0] == "macs" || w[0] == "neighs")) {
    return with_l2vni(speaker, w.subspan(1), as_json, [&](const L2VniConfig& vni) {
      return w[0] == "macs" ? macs(speaker, vni, as_json) : neighs(speaker, vni, as_json);
    });
  }
  return failure(2, kUsage, as_json);
}

}  // namespace

std::optional<Vni> parse_vni(const std::string& word) {
  const auto vni = number(word, kVniMax);
  if (!vni || *vni == 0) return std::nullopt;
  return Vni{*vni};
}

std::string version_text() { return "perd " PERD_VERSION; }

Answer answer(const Speaker& speaker, std::span<const std::string> words, bool as_json,
              const Clock& clock) {
  if (!words.empty() && words[0] == "show") return show(speaker, words.subspan(1), as_json, clock);
  if (words.size() == 4 && words[0] == "explain" && words[1] == "route") {
    return with_vrf(speaker, words.subspan(2), as_json, true);
  }
  if (words.size() == 4 && words[0] == "explain" && words[1] == "mac") {
    return with_l2vni(speaker, words.subspan(2), as_json, [&](const L2VniConfig& vni) {
      const auto mac = parse_mac(words[3]);
      if (!mac) return failure(2, "MAC address expected: " + words[3], as_json);
      return shown(explain_mac(speaker, vni, *mac), as_json);
    });
  }
  if (!words.empty() && words[0] == "teardown") {
    return failure(2, "teardown: not supported yet", as_json);
  }
  return failure(2, kUsage, as_json);
}

}  // namespace perd::status
