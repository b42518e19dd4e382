// EVPN routes, the routes of a VRF, and the road of one prefix.
#include <algorithm>
#include <memory>

#include "status/format.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr std::size_t kWalkSlice = 2'000;  // routes visited for one piece of an answer
constexpr std::size_t kPage = 2'000;       // prefixes of a VRF in one piece

constexpr const char* kEvpnLegend =
    "Status: * valid, > best, = multipath, s stale. Origin: i IGP, e EGP, ? incomplete\n"
    "EVPN type-1 prefix: [1]:[EthTag]:[ESI]:[IPlen]:[VTEP-IP]\n"
    "EVPN type-2 prefix: [2]:[EthTag]:[MAClen]:[MAC]:[IPlen]:[IP]\n"
    "EVPN type-3 prefix: [3]:[EthTag]:[IPlen]:[OrigIP]\n"
    "EVPN type-4 prefix: [4]:[ESI]:[IPlen]:[OrigIP]\n"
    "EVPN type-5 prefix: [5]:[EthTag]:[IPlen]:[IP]\n\n";

// Where the columns of a path end, as FRR has them: the next hop begins at the 20th.
constexpr const char* kFrrHead =
    "   Network          Next Hop            Metric LocPrf Weight Path\n";

char origin_letter(wire::Origin origin) {
  switch (origin) {
    case wire::Origin::kIgp:
      return 'i';
    case wire::Origin::kEgp:
      return 'e';
    case wire::Origin::kIncomplete:
      return '?';
  }
  return '?';
}

std::string right(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// The two or three lines that FRR has for a path.
std::string frr_path_text(const Speaker& speaker, const rib::PathView& path,
                          const std::string& prefix) {
  constexpr std::size_t kIndent = 20, kNextHop = 16, kMetric = 10, kOther = 7;
  const auto& set = speaker.rib().attributes.get(path.attrs);
  const auto next_hop = set.next_hop();
  const auto as_path = to_string(set.as_path());
  const auto med = set.med();
  const auto pref = set.local_pref();
  std::string text;
  text += path.stale ? 'S' : rib::is_candidate(path.reason) ? '*' : ' ';
  text += path.best ? '>' : path.multipath ? '=' : ' ';
  text += ' ' + prefix + "\n" + std::string(kIndent, ' ');
  std::string hop = next_hop ? to_string(*next_hop) : "0.0.0.0";
  if (hop.size() < kNextHop) hop.append(kNextHop - hop.size(), ' ');
  text += hop + right(med ? std::to_string(*med) : "", kMetric) +
          right(pref ? std::to_string(*pref) : "", kOther) +
          right(path.local() ? "32768" : "0", kOther) + ' ' +
          (as_path.empty() ? "" : as_path + " ") + origin_letter(set.origin()) + "\n";
  std::string words;
  for (const auto& c : set.extended_communities())
    words += (words.empty() ? "" : " ") + to_string(c);
  if (!words.empty()) text += std::string(kIndent, ' ') + words + "\n";
  return text;
}

struct PathShown {
  json::object json;
  std::string text;
};

// Of a type 3, whose VNI stands there (RFC 7432 11.2); other types have none.
std::optional<wire::PmsiTunnel> pmsi_of(const Speaker& speaker, const wire::EvpnKey& key,
                                        const rib::PathView& path) {
  if (key.type != wire::EvpnRouteType::kInclusiveMulticast) return std::nullopt;
  return speaker.rib().attributes.get(path.attrs).expand().pmsi;
}

PathShown show_path(const Speaker& speaker, const wire::EvpnKey& key, const rib::PathView& path) {
  const auto& set = speaker.rib().attributes.get(path.attrs);
  const auto pmsi = pmsi_of(speaker, key, path);
  std::string label = std::to_string(pmsi ? pmsi->label.value : path.label1.value);
  if (const auto second = path.label2()) label += " and " + std::to_string(second->value);
  const auto next_hop = set.next_hop();
  const auto as_path = to_string(set.as_path());
  json::object o;
  o["valid"] = rib::is_candidate(path.reason);
  o["best"] = path.best;
  o["multipath"] = path.multipath;
  o["stale"] = path.stale;
  o["reason"] = to_string(path.reason);
  o["peer"] = peer_name(speaker, path.peer);
  o["local"] = path.local();
  o["nextHop"] = next_hop ? json::value(to_string(*next_hop)) : json::value(nullptr);
  o["asPath"] = as_path;
  o["origin"] = std::string(1, origin_letter(set.origin()));
  if (const auto med = set.med()) o["med"] = *med;
  if (const auto pref = set.local_pref()) o["localPref"] = *pref;
  o["label"] = path.label1.value;
  if (const auto second = path.label2()) o["label2"] = second->value;
  if (pmsi) {
    o["pmsi"] = json::object{{"tunnelType", pmsi->type}, {"label", pmsi->label.value}};
  }
  if (const auto gateway = path.gateway()) o["gateway"] = to_string(*gateway);
  json::array communities;
  std::string words;
  for (const auto& c : set.extended_communities()) {
    communities.emplace_back(to_string(c));
    words += (words.empty() ? "" : " ") + to_string(c);
  }
  o["extendedCommunities"] = std::move(communities);

  std::string text(" ");
  text += rib::is_candidate(path.reason) ? '*' : ' ';
  text += path.best ? '>' : path.multipath ? '=' : path.stale ? 's' : ' ';
  text += " next hop " + (next_hop ? to_string(*next_hop) : "none") + ", from " +
          peer_name(speaker, path.peer) + ", label " + label + ", path " +
          (as_path.empty() ? "" : as_path + " ") + origin_letter(set.origin()) + ", " +
          std::string(to_string(path.reason)) + "\n";
  if (!words.empty()) text += "      " + words + "\n";
  return {std::move(o), std::move(text)};
}

bool wanted(const Speaker& speaker, rib::RouteId id, const wire::EvpnKey& key,
            const EvpnFilter& filter) {
  if (filter.type != 0 && static_cast<unsigned>(key.type) != filter.type) return false;
  if (filter.rd && key.rd != *filter.rd) return false;
  if (!filter.vni) return true;
  const Label vni{filter.vni->value};
  bool found = false;
  speaker.rib().evpn.for_each_path(id, [&](const rib::PathView& p) {
    if (found || p.label1 == vni || p.label2() == vni) {
      found = true;
    } else if (const auto pmsi = pmsi_of(speaker, key, p)) {
      found = pmsi->label == vni;
    }
  });
  return found;
}

// Progress of an answer over the EVPN table.
struct EvpnWalk {
  rib::RouteId cursor = 0;
  std::size_t routes = 0;
  std::size_t paths = 0;
  std::optional<RouteDistinguisher> rd;  // of the route before
};

std::string evpn_piece(const Speaker& speaker, const EvpnFilter& filter, bool as_json,
                       EvpnWalk& walk) {
  const auto& table = speaker.rib().evpn;
  std::string out;
  walk.cursor = table.walk(walk.cursor, kWalkSlice, [&](rib::RouteId id) {
    const auto key = table.key(id);
    if (!wanted(speaker, id, key, filter)) return;
    json::array paths;
    std::string text;
    const bool frr = filter.frr_columns && !as_json;
    table.for_each_path(id, [&](const rib::PathView& p) {
      auto shown = show_path(speaker, key, p);
      paths.push_back(std::move(shown.json));
      text += frr ? frr_path_text(speaker, p, to_string(key)) : shown.text;
      ++walk.paths;
    });
    if (paths.empty()) return;
    if (as_json) {
      json::object o{{"rd", to_string(key.rd)},
                     {"type", static_cast<unsigned>(key.type)},
                     {"prefix", to_string(key)},
                     {"paths", std::move(paths)}};
      if (walk.routes > 0) out += ",\n";
      out += json::serialize(o);
    } else if (frr) {
      if (walk.rd != key.rd) out += "Route Distinguisher: " + to_string(key.rd) + "\n";
      walk.rd = key.rd;
      out += text;
    } else {
      out += to_string(key) + " rd " + to_string(key.rd) + "\n" + text;
    }
    ++walk.routes;
  });
  return out;
}

json::object prefix_json(const Speaker& speaker, const evpn::PrefixView& p, VrfId vrf) {
  json::object o;
  o["prefix"] = to_string(p.prefix);
  o["connected"] = p.connected;
  o["static"] = p.static_route;
  o["kernel"] = p.kernel;
  o["host"] = p.host;
  o["network"] = p.network;
  o["originated"] = p.originated;
  o["candidates"] = p.candidate_count;
  json::array hops;
  for (const auto& h : p.hops) {
    hops.push_back(json::object{
        {"vtep", to_string(h.vtep)}, {"routerMac", to_string(h.router_mac)}, {"vni", h.vni.value}});
  }
  o["nextHops"] = std::move(hops);
  const auto installed = speaker.fib().route(vrf, p.prefix);
  o["kernelState"] = installed ? json::value(to_string(installed->state)) : json::value(nullptr);
  return o;
}

std::string source_text(const evpn::PrefixView& p) {
  if (p.connected) return "connected";
  if (p.static_route) return "static";
  if (p.kernel) return "kernel";
  if (p.host) return "host";
  if (p.set != 0) return "evpn";
  return p.network ? "network" : "-";
}

std::string prefix_line(const Speaker& speaker, const evpn::PrefixView& p, VrfId vrf) {
  const auto installed = speaker.fib().route(vrf, p.prefix);
  std::string line = to_string(p.prefix) + "  " + source_text(p);
  if (!p.hops.empty()) line += " via " + hops_text(p.hops);
  if (installed) {
    line += " [" + std::string(to_string(installed->state)) +
            (installed->reason.empty() ? "" : ": " + installed->reason) + "]";
  }
  if (p.originated) line += ", originated";
  return line + "\n";
}

}  // namespace

Answer evpn_routes(const Speaker& speaker, const EvpnFilter& filter, bool as_json) {
  Answer a;
  a.text = as_json ? "{\"routes\": [\n" : kEvpnLegend;
  if (!as_json && filter.frr_columns) a.text += kFrrHead;
  const auto walk = std::make_shared<EvpnWalk>();
  a.more = [&speaker, filter, as_json, walk](std::string& out) {
    out += evpn_piece(speaker, filter, as_json, *walk);
    if (walk->cursor != 0) return true;
    out += as_json ? "\n], \"numRoutes\": " + std::to_string(walk->routes) +
                         ", \"numPaths\": " + std::to_string(walk->paths) + "}\n"
                   : "\nDisplayed " + std::to_string(walk->routes) + " prefixes (" +
                         std::to_string(walk->paths) + " paths)\n";
    return false;
  };
  return a;
}

Answer vrf_routes(const Speaker& speaker, VrfId vrf, const std::string& name, bool as_json) {
  struct Page {
    std::optional<IpPrefix> after;
    std::size_t count = 0;
  };
  Answer a;
  a.text = as_json ? "{\"vrf\": " + json::serialize(json::string(name)) + ", \"routes\": [\n"
                   : "VRF " + name + ":\n";
  const auto page = std::make_shared<Page>();
  a.more = [&speaker, vrf, as_json, page](std::string& out) {
    const auto prefixes = speaker.evpn().page(vrf, page->after, kPage);
    for (const auto& p : prefixes) {
      if (as_json) {
        if (page->count > 0) out += ",\n";
        out += json::serialize(prefix_json(speaker, p, vrf));
      } else {
        out += prefix_line(speaker, p, vrf);
      }
      ++page->count;
      page->after = p.prefix;
    }
    if (prefixes.size() == kPage) return true;
    out += as_json ? "\n], \"numRoutes\": " + std::to_string(page->count) + "}\n"
                   : "Displayed " + std::to_string(page->count) + " prefixes\n";
    return false;
  };
  return a;
}

Shown route(const Speaker& speaker, VrfId vrf, const std::string& name, const IpPrefix& prefix) {
  const auto found = speaker.evpn().lookup(speaker.rib().evpn, vrf, prefix);
  if (!found) return {nullptr, ""};
  auto o = prefix_json(speaker, *found, vrf);
  o["vrf"] = name;
  std::string text = prefix_line(speaker, *found, vrf);
  json::array candidates;
  for (const auto& c : found->candidates) {
    candidates.push_back(json::object{{"rd", to_string(c.key.rd)},
                                      {"prefix", to_string(c.key)},
                                      {"peer", peer_name(speaker, c.peer)},
                                      {"nextHop", to_string(c.next_hop)},
                                      {"best", c.best},
                                      {"chosen", c.chosen},
                                      {"reason", c.reason}});
    text += std::string("  ") +
            (c.best     ? "*>"
             : c.chosen ? "*="
                        : "* ") +
            " imported from " + to_string(c.key.rd) + ":" + to_string(c.key) + ", next hop " +
            to_string(c.next_hop) + ", from " + peer_name(speaker, c.peer) + ", " + c.reason + "\n";
  }
  o["paths"] = std::move(candidates);
  return {std::move(o), std::move(text)};
}

Shown explain_route(const Speaker& speaker, VrfId vrf, const std::string& name,
                    const IpPrefix& prefix) {
  json::array steps;
  std::string text = "Why " + to_string(prefix) + " is, or is not, in VRF " + name + ":\n";
  const auto step = [&](const std::string& what, const std::string& finding, bool good) {
    steps.push_back(json::object{{"step", what}, {"finding", finding}, {"good", good}});
    text += std::string(good ? "  ok  " : "  --  ") + what + ": " + finding + "\n";
  };
  for (const auto& s : speaker.evpn().explain(speaker.rib().evpn, vrf, prefix)) {
    step(s.what, s.finding, s.good);
  }
  const auto installed = speaker.fib().route(vrf, prefix);
  if (!installed) {
    step("kernel", "perd has no route for it in the VRF's table", false);
  } else {
    for (const auto& h : installed->hops) {
      step("next hop " + std::to_string(h.next_hop_id),
           "via " + to_string(h.gateway) + " dev " +
               (h.link_name.empty() ? std::to_string(h.link.value) : h.link_name) +
               (h.router_mac.is_zero() ? "" : " router MAC " + to_string(h.router_mac)),
           true);
    }
    const bool good = installed->state == fib::EntryState::kAcked;
    step("kernel",
         std::string(to_string(installed->state)) +
             (installed->reason.empty() ? "" : ": " + installed->reason) +
             (installed->error == 0 ? "" : " (errno " + std::to_string(installed->error) + ")"),
         good);
  }
  json::object o{{"vrf", name}, {"prefix", to_string(prefix)}, {"steps", std::move(steps)}};
  return {std::move(o), std::move(text)};
}

}  // namespace perd::status
