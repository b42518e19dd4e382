// Layer 2: MACs and neighbours of a MAC-VRF, the road of one MAC, Ethernet segments.
#include <algorithm>
#include <memory>

#include "status/format.h"
#include "status/rows.h"
#include "status/status.h"

namespace perd::status {
namespace {

constexpr std::size_t kPage = 2'000;  // MACs or addresses in one piece of an answer

constexpr std::size_t kMacWidths[] = {17, 7, 39, 5, 5, 9, 8};
constexpr std::size_t kNeighborWidths[] = {39, 17, 7, 39, 5, 5, 8};
constexpr const char* kFlagsLegend =
    "Flags: S static, D duplicate (frozen), G default gateway, R router, P being asked, "
    "N permanent\n";

std::string place_text(evpn::HostPlace place) {
  switch (place) {
    case evpn::HostPlace::kLocal:
      return "local";
    case evpn::HostPlace::kRemote:
      return "remote";
    case evpn::HostPlace::kNowhere:
      break;
  }
  return "nowhere";
}

// What the kernel holds; nothing of a local host, whose entries are the kernel's own.
std::string kernel_text(const std::optional<fib::HostEntryView>& entry) {
  if (!entry) return "-";
  return std::string(to_string(entry->state)) + (entry->reason.empty() ? "" : ": " + entry->reason);
}

json::value kernel_json(const std::optional<fib::HostEntryView>& entry) {
  return entry ? json::value(to_string(entry->state)) : json::value(nullptr);
}

std::string vteps_text(const std::vector<IpAddress>& vteps) {
  return join(vteps, ", ", [](const auto& a) { return to_string(a); });
}

std::string where_text(const Speaker& speaker, const evpn::MacView& m) {
  if (m.place != evpn::HostPlace::kLocal) return vteps_text(m.vteps);
  const auto name = speaker.fib().port_name(m.port);
  return name.empty() ? "port " + std::to_string(m.port) : name;
}

json::object mac_json(const Speaker& speaker, MacVrfId id, const evpn::MacView& m) {
  json::object o;
  o["mac"] = to_string(m.mac);
  o["place"] = place_text(m.place);
  o["port"] = m.place == evpn::HostPlace::kLocal ? speaker.fib().port_name(m.port) : "";
  o["vteps"] = texts_json(m.vteps);
  o["esi"] = m.esi.is_zero() ? "" : to_string(m.esi);
  o["sequence"] = m.sequence;
  o["remoteSequence"] = m.remote_sequence;
  o["static"] = m.sticky;
  o["defaultGateway"] = m.default_gateway;
  o["duplicate"] = m.frozen;
  o["moves"] = m.moves;
  o["probing"] = m.probing;
  o["candidates"] = m.candidates;
  o["kernelState"] = kernel_json(speaker.fib().mac(id, m.mac));
  return o;
}

std::string mac_line(const Speaker& speaker, MacVrfId id, const evpn::MacView& m) {
  std::string flags;
  if (m.sticky) flags += 'S';
  if (m.frozen) flags += 'D';
  if (m.default_gateway) flags += 'G';
  if (m.probing) flags += 'P';
  return fixed_line(kMacWidths,
                    {to_string(m.mac), place_text(m.place), where_text(speaker, m),
                     std::to_string(m.sequence), flags.empty() ? "-" : flags,
                     std::to_string(m.candidates), kernel_text(speaker.fib().mac(id, m.mac))});
}

json::object neighbor_json(const Speaker& speaker, MacVrfId id, const evpn::NeighbourView& n) {
  json::object o;
  o["address"] = to_string(n.address);
  o["mac"] = to_string(n.mac);
  o["place"] = place_text(n.place);
  o["vtep"] = n.place == evpn::HostPlace::kRemote ? to_string(n.vtep) : "";
  o["sequence"] = n.sequence;
  o["router"] = n.router;
  o["permanent"] = n.permanent;
  o["probing"] = n.probing;
  o["kernelState"] = kernel_json(speaker.fib().neighbour(id, n.address));
  return o;
}

std::string neighbor_line(const Speaker& speaker, MacVrfId id, const evpn::NeighbourView& n) {
  std::string flags;
  if (n.router) flags += 'R';
  if (n.permanent) flags += 'N';
  if (n.probing) flags += 'P';
  const bool remote = n.place == evpn::HostPlace::kRemote;
  return fixed_line(kNeighborWidths, {to_string(n.address), to_string(n.mac), place_text(n.place),
                                      remote ? to_string(n.vtep) : "-", std::to_string(n.sequence),
                                      flags.empty() ? "-" : flags,
                                      kernel_text(speaker.fib().neighbour(id, n.address))});
}

// A list over one MAC-VRF, a page at a time: `read` gives the next page, `after` is where it ends.
template <class Key, class Read, class Json, class Line, class KeyOf>
Answer paged(const char* list, const char* count_key, const L2VniConfig& vni, std::string head,
             bool as_json, Read read, KeyOf key_of, Json to_json, Line to_line) {
  struct Page {
    std::optional<Key> after;
    std::size_t count = 0;
  };
  Answer a;
  if (as_json) {
    json::string name(vni.name);
    a.text = "{\"vni\": " + std::to_string(vni.vni.value) + ", \"name\": " + json::serialize(name) +
             ", \"" + list + "\": [\n";
  } else {
    a.text = "VNI " + std::to_string(vni.vni.value) + " (" + vni.name + ")\n" + kFlagsLegend + head;
  }
  a.more = [=, page = Page{}](std::string& out) mutable {
    const auto items = read(page.after);
    for (const auto& item : items) {
      if (as_json) {
        if (page.count > 0) out += ",\n";
        out += json::serialize(to_json(item));
      } else {
        out += to_line(item);
      }
      ++page.count;
      page.after = key_of(item);
    }
    if (items.size() == kPage) return true;
    const auto count = std::to_string(page.count);
    out += as_json ? std::string("\n], \"") + count_key + "\": " + count + "}\n"
                   : "Displayed " + count + " entries\n";
    return false;
  };
  return a;
}

}  // namespace

const L2VniConfig* find_l2vni(const Config& config, Vni vni) {
  const auto it = std::find_if(config.l2vnis.begin(), config.l2vnis.end(),
                               [&](const L2VniConfig& v) { return v.vni == vni; });
  return it == config.l2vnis.end() ? nullptr : &*it;
}

Answer macs(const Speaker& speaker, const L2VniConfig& vni, bool as_json) {
  const auto id = speaker.mac_vrf_ids().find(vni.name).value_or(kNoMacVrf);
  return paged<MacAddress>(
      "macs", "numMacs", vni,
      fixed_line(kMacWidths, {"MAC", "Place", "Port/VTEP", "Seq", "Flags", "Remote", "Kernel"}),
      as_json, [&speaker, id](const auto& after) { return speaker.l2().macs(id, after, kPage); },
      [](const evpn::MacView& m) { return m.mac; },
      [&speaker, id](const evpn::MacView& m) { return mac_json(speaker, id, m); },
      [&speaker, id](const evpn::MacView& m) { return mac_line(speaker, id, m); });
}

Answer neighs(const Speaker& speaker, const L2VniConfig& vni, bool as_json) {
  const auto id = speaker.mac_vrf_ids().find(vni.name).value_or(kNoMacVrf);
  return paged<IpAddress>(
      "neighbors", "numNeighbors", vni,
      fixed_line(kNeighborWidths, {"Neighbor", "MAC", "Place", "VTEP", "Seq", "Flags", "Kernel"}),
      as_json,
      [&speaker, id](const auto& after) { return speaker.l2().neighbours(id, after, kPage); },
      [](const evpn::NeighbourView& n) { return n.address; },
      [&speaker, id](const evpn::NeighbourView& n) { return neighbor_json(speaker, id, n); },
      [&speaker, id](const evpn::NeighbourView& n) { return neighbor_line(speaker, id, n); });
}

Shown ethernet_segments(const std::vector<evpn::EthernetSegmentView>& segments) {
  Columns table({"ESI", "Mode", "MACs", "VTEPs"});
  json::array list;
  for (const auto& s : segments) {
    const char* mode = s.single_active ? "single-active" : "all-active";
    table.row({to_string(s.esi), mode, std::to_string(s.macs), vteps_text(s.vteps)});
    list.push_back(json::object{{"esi", to_string(s.esi)},
                                {"mode", mode},
                                {"macs", s.macs},
                                {"vteps", texts_json(s.vteps)}});
  }
  return {json::object{{"segments", std::move(list)}}, table.text()};
}

namespace {

// The kernel's half of explain: what perd wants there, and what is there.
template <class Step>
void explain_kernel(const Speaker& speaker, MacVrfId id, const MacAddress& mac, Step&& step) {
  const auto& fib = speaker.fib();
  for (const auto& d : fib.mac_vrf_devices()) {
    if (d.mac_vrf != id) continue;
    step("devices",
         "bridge " + (d.bridge.empty() ? "none" : d.bridge) + ", VXLAN " +
             (d.vxlan.empty() ? "none" : d.vxlan) + (d.problem.empty() ? "" : ": " + d.problem),
         d.up);
    for (const auto& note : d.notes) step("devices", note, false);
  }
  const auto view = speaker.l2().mac(speaker.rib().evpn, id, mac);
  const bool local = view && view->place == evpn::HostPlace::kLocal;
  const auto state_of = [](const fib::HostEntryView& e) {
    return kernel_text(e) + (e.error == 0 ? "" : " (errno " + std::to_string(e.error) + ")");
  };
  const auto entry = fib.mac(id, mac);
  if (local) {
    step("port", std::to_string(view->port) + " is " + where_text(speaker, *view),
         !fib.port_name(view->port).empty());
  }
  if (entry) {
    step("kernel",
         state_of(*entry) + (entry->vteps.empty() ? "" : ", to " + vteps_text(entry->vteps)) +
             (entry->next_hop_id == 0 ? "" : " by next hop " + std::to_string(entry->next_hop_id)),
         entry->state == fib::EntryState::kAcked && !local);
  } else {
    step("kernel",
         local ? "the bridge's own entry, perd has none beside it" : "perd has no entry for it",
         local);
  }
  if (!view) return;
  for (const auto& address : view->addresses) {
    const auto n = fib.neighbour(id, address);
    step("neighbor " + to_string(address),
         n ? state_of(*n) + ", at " + to_string(n->mac)
           : std::string(local ? "the kernel's own" : "perd has no entry for it"),
         n ? n->state == fib::EntryState::kAcked : local);
  }
}

}  // namespace

Shown explain_mac(const Speaker& speaker, const L2VniConfig& vni, const MacAddress& mac) {
  const auto id = speaker.mac_vrf_ids().find(vni.name).value_or(kNoMacVrf);
  const std::string number = std::to_string(vni.vni.value);
  json::array steps;
  std::string text = "Why " + to_string(mac) + " is where it is in VNI " + number + ":\n";
  const auto step = [&](const std::string& what, const std::string& finding, bool good) {
    steps.push_back(json::object{{"step", what}, {"finding", finding}, {"good", good}});
    text += std::string(good ? "  ok  " : "  --  ") + what + ": " + finding + "\n";
  };
  for (const auto& s : speaker.l2().explain(speaker.rib().evpn, id, mac)) {
    step(s.what, s.finding, s.good);
  }
  explain_kernel(speaker, id, mac, step);
  json::object o{{"vni", vni.vni.value}, {"mac", to_string(mac)}, {"steps", std::move(steps)}};
  return {std::move(o), std::move(text)};
}

}  // namespace perd::status
