// Neighbours and the summary.
#include <algorithm>
#include <numeric>

#include "status/format.h"
#include "status/status.h"

namespace perd::status {
namespace {

template <class Counts>
std::uint64_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

json::object families_json(const Speaker& speaker, const Neighbor& n) {
  json::object families;
  const bool up = n.peer->established();
  for (const auto& f : n.config.families) {
    json::object o;
    o["negotiated"] = up && n.peer->negotiated().families.has(f.family);
    o["received"] = speaker.rib().paths(f.family, n.id);
    o["sent"] =
        speaker.exporter().has_peer(n.id) ? speaker.exporter().advertised_count(n.id, f.family) : 0;
    o["endOfRib"] = n.end_of_rib.has(f.family);
    o["routeReflectorClient"] = f.route_reflector_client;
    families[to_string(f.family)] = std::move(o);
  }
  return families;
}

struct Totals {
  std::size_t received = 0, sent = 0;
};
Totals totals(const Speaker& speaker, const Neighbor& n) {
  Totals t;
  for (const auto f : kAllFamilies) {
    t.received += speaker.rib().paths(f, n.id);
    if (speaker.exporter().has_peer(n.id)) t.sent += speaker.exporter().advertised_count(n.id, f);
  }
  return t;
}

std::string state_text(const Neighbor& n) {
  if (n.over_limit) return "Idle (PfxCt)";
  if (n.peer->admin_down()) return "Idle (Admin)";
  return std::string(to_string(n.peer->state()));
}

json::object neighbor_json(const Speaker& speaker, const Neighbor& n, const Clock& clock) {
  const auto& counters = n.peer->counters();
  json::object o;
  o["address"] = to_string(n.config.address);
  o["description"] = n.config.description;
  o["remoteAs"] = n.config.asn.value;
  o["localAs"] = n.peer->settings().local_asn.value;
  o["state"] = state_text(n);
  o["established"] = n.peer->established();
  const auto since = n.peer->established_since();
  o["uptimeSeconds"] = since && n.peer->established() ? seconds_between(*since, clock.now) : 0;
  o["lastReason"] = n.peer->last_reason();
  o["messagesReceived"] = total(counters.received);
  o["messagesSent"] = total(counters.sent);
  o["updatesReceived"] = counters.received_of(wire::MessageType::kUpdate);
  o["updatesSent"] = counters.sent_of(wire::MessageType::kUpdate);
  o["sessionsEstablished"] = counters.established;
  o["sessionsLost"] = counters.dropped;
  o["unsentOctets"] = n.peer->unsent();
  o["updatesRefused"] = n.refused_updates;
  o["lastRefusal"] = n.refused_updates == 0 ? "" : std::string(rib::to_string(n.last_refusal));
  o["families"] = families_json(speaker, n);
  return o;
}

void add_session_json(json::object& o, const Neighbor& n) {
  if (!n.peer->established()) return;
  const auto& s = n.peer->negotiated();
  o["remoteRouterId"] = to_string(s.remote_id);
  o["localAddress"] = to_string(s.local_address);
  o["holdTimeSeconds"] = s.hold_seconds;
  o["incoming"] = s.incoming;
  o["routeRefresh"] = s.route_refresh;
  o["enhancedRouteRefresh"] = s.enhanced_route_refresh;
  o["extendedMessage"] = s.extended_message;
  o["fourOctetAs"] = s.four_octet_as;
  const auto& fqdn = s.remote_capabilities.fqdn;
  o["remoteHostname"] = fqdn ? fqdn->host : "";
}

// No text without a MAC-VRF.
Shown layer2_summary(const Speaker& speaker) {
  std::uint32_t up = 0, local = 0, remote = 0, local_neighbors = 0, remote_neighbors = 0;
  std::uint32_t frozen = 0;
  const auto all = speaker.l2().mac_vrfs();
  for (const auto& v : all) {
    up += v.up ? 1 : 0;
    local += v.local_macs, remote += v.remote_macs;
    local_neighbors += v.local_neighbours, remote_neighbors += v.remote_neighbours;
    frozen += v.frozen_macs;
  }
  const auto c = speaker.l2().counters();
  json::object routes;
  for (std::size_t i = 0; i < evpn::kL2RefusalCount; ++i) {
    if (c.routes[i] != 0) routes[to_string(static_cast<evpn::L2Refusal>(i))] = c.routes[i];
  }
  json::object o{{"macVrfsUp", up},
                 {"macVrfsTotal", all.size()},
                 {"localMacs", local},
                 {"remoteMacs", remote},
                 {"localNeighbors", local_neighbors},
                 {"remoteNeighbors", remote_neighbors},
                 {"duplicateMacs", frozen},
                 {"moves", c.moves},
                 {"duplicatesFound", c.duplicates},
                 {"probesSent", c.probes_sent},
                 {"hostsSilent", c.hosts_silent},
                 {"vtepSets", c.vtep_sets},
                 {"routes", std::move(routes)}};
  if (all.empty()) return {std::move(o), ""};
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  std::string text = "Segments " + number(up) + "/" + number(all.size()) + " up, MACs " +
                     number(local) + " local " + number(remote) + " remote, neighbors " +
                     number(local_neighbors) + " local " + number(remote_neighbors) +
                     " remote, moves " + number(c.moves) + ", duplicates " + number(frozen) +
                     ", probes " + number(c.probes_sent) + ", gone silent " +
                     number(c.hosts_silent) + "\n";
  return {std::move(o), std::move(text)};
}

}  // namespace

Shown neighbors(const Speaker& speaker, const Clock& clock) {
  Columns table(
      {"Neighbor", "AS", "State", "Up/Down", "MsgRcvd", "MsgSent", "PfxRcd", "PfxSnt", "Reason"});
  json::array list;
  for (const auto* n : sorted_neighbors(speaker)) {
    const auto t = totals(speaker, *n);
    const auto since = n->peer->established_since();
    const bool up = n->peer->established();
    table.row({to_string(n->config.address), std::to_string(n->config.asn.value), state_text(*n),
               up && since ? duration_text(seconds_between(*since, clock.now))
               : n->peer->counters().established == 0 ? "never"
                                                      : "down",
               std::to_string(total(n->peer->counters().received)),
               std::to_string(total(n->peer->counters().sent)), std::to_string(t.received),
               std::to_string(t.sent), up ? "" : n->peer->last_reason()});
    list.push_back(neighbor_json(speaker, *n, clock));
  }
  return {json::object{{"neighbors", std::move(list)}}, table.text()};
}

Shown neighbor(const Speaker& speaker, const Neighbor& n, const Clock& clock) {
  auto o = neighbor_json(speaker, n, clock);
  add_session_json(o, n);
  std::string text = "BGP neighbor " + to_string(n.config.address) + ", remote AS " +
                     std::to_string(n.config.asn.value) + "\n";
  for (const auto& member : o) {
    if (member.value().is_object()) continue;
    const auto* s = member.value().if_string();
    text += "  " + std::string(member.key()) + ": " +
            (s != nullptr ? std::string(*s) : json::serialize(member.value())) + "\n";
  }
  Columns table({"  Family", "Negotiated", "Received", "Sent", "EndOfRib"});
  for (const auto& f : o["families"].as_object()) {
    const auto& v = f.value().as_object();
    table.row({"  " + std::string(f.key()), json::serialize(v.at("negotiated")),
               json::serialize(v.at("received")), json::serialize(v.at("sent")),
               json::serialize(v.at("endOfRib"))});
  }
  text += table.text();
  return {std::move(o), std::move(text)};
}

Shown summary(const Speaker& speaker, const Clock& clock) {
  const auto& config = speaker.config();
  const auto& underlay = *config.underlay;
  const auto peers = sorted_neighbors(speaker);
  const auto up = std::count_if(peers.begin(), peers.end(),
                                [](const Neighbor* n) { return n->peer->established(); });
  json::object o;
  o["node"] = config.node.name;
  o["routerId"] = to_string(underlay.router_id);
  o["as"] = underlay.asn.value;
  o["uptimeSeconds"] = seconds_between(speaker.started_at(), clock.now);
  o["neighborsUp"] = up;
  o["neighborsTotal"] = peers.size();
  json::object routes;
  for (const auto f : kAllFamilies) routes[to_string(f)] = speaker.rib().routes(f);
  o["routes"] = routes;
  o["attributeSets"] = speaker.rib().attributes.size();
  const auto vrf_views = speaker.evpn().vrfs();
  o["vrfsUp"] =
      std::count_if(vrf_views.begin(), vrf_views.end(), [](const auto& v) { return v.up; });
  o["vrfsTotal"] = vrf_views.size();
  const auto layer2 = layer2_summary(speaker);
  o["layer2"] = layer2.json;
  o["kernelInStep"] = speaker.fib().synchronized();
  auto shown = neighbors(speaker, clock);
  std::string text = "BGP router identifier " + to_string(underlay.router_id) +
                     ", local AS number " + std::to_string(underlay.asn.value) + ", node " +
                     config.node.name + "\n";
  text += "Up " + duration_text(seconds_between(speaker.started_at(), clock.now)) + ", neighbors " +
          std::to_string(up) + "/" + std::to_string(peers.size()) + " up, VRFs " +
          json::serialize(o["vrfsUp"]) + "/" + json::serialize(o["vrfsTotal"]) + " up, kernel " +
          (speaker.fib().synchronized() ? "in step" : "not in step") + "\n";
  text += "Routes:";
  for (const auto f : kAllFamilies) {
    text += " " + std::string(to_string(f)) + " " + std::to_string(speaker.rib().routes(f));
  }
  text += ", attribute sets " + std::to_string(speaker.rib().attributes.size()) + "\n";
  text += layer2.text + "\n";
  text += shown.text;
  o["neighbors"] = shown.json.as_object()["neighbors"];
  return {std::move(o), std::move(text)};
}

}  // namespace perd::status
