// `show evpn mac vni` and `show evpn arp-cache vni`: pages over one MAC-VRF or all of them.
#include <string>

#include "status/format.h"
#include "status/frr_views.h"
#include "status/rows.h"

namespace perd::status {
namespace {

constexpr std::size_t kPage = 2'000;  // MACs or addresses in one piece
constexpr std::size_t kMacWidths[] = {17, 6, 5, 30, 5, 10};
constexpr std::size_t kNeighborWidths[] = {39, 6, 5, 8, 17, 30, 10};

std::string type_text(evpn::HostPlace place) {
  return place == evpn::HostPlace::kLocal ? "local" : "remote";
}

// What differs between the two lists.
struct MacList {
  using Key = MacAddress;
  using View = evpn::MacView;
  static constexpr const char* kCount = "numMacs";
  static constexpr bool kNested = true;  // entries stand below "macs"
  static std::vector<View> read(const Speaker& speaker, MacVrfId id,
                                const std::optional<Key>& after) {
    return speaker.l2().macs(id, after, kPage);
  }
  static Key key(const View& v) { return v.mac; }
  static std::string head(const evpn::MacVrfView& v) {
    return "VNI " + std::to_string(v.vni.value) + " #MACs (local and remote) " +
           std::to_string(v.local_macs + v.remote_macs) +
           "\n\nFlags: N=sync-neighs, I=local-inactive, P=peer-active, X=peer-proxy\n" +
           fixed_line(kMacWidths,
                      {"MAC", "Type", "Flags", "Intf/Remote ES/VTEP", "VLAN", "Seq #'s"});
  }
  static std::string where(const Speaker& speaker, const View& v) {
    if (v.place == evpn::HostPlace::kLocal) return speaker.fib().port_name(v.port);
    if (!v.esi.is_zero()) return to_string(v.esi);
    return v.vteps.empty() ? std::string() : to_string(v.vteps.front());
  }
  static std::string line(const Speaker& speaker, const View& v) {
    const bool local = v.place == evpn::HostPlace::kLocal;
    return fixed_line(kMacWidths, {to_string(v.mac), type_text(v.place), "", where(speaker, v), "",
                                   std::to_string(local ? v.sequence : 0) + "/" +
                                       std::to_string(v.remote_sequence)});
  }
  static json::object json(const Speaker& speaker, const View& v) {
    const bool local = v.place == evpn::HostPlace::kLocal;
    json::object o{{"type", type_text(v.place)}};
    o[local ? "intf" : v.esi.is_zero() ? "remoteVtep" : "remoteEs"] = where(speaker, v);
    o["localSequence"] = local ? v.sequence : 0;
    o["remoteSequence"] = v.remote_sequence;
    o["detectionCount"] = v.moves;
    o["isDuplicate"] = v.frozen;
    return o;
  }
};

struct NeighborList {
  using Key = IpAddress;
  using View = evpn::NeighbourView;
  static constexpr const char* kCount = "numArpNd";
  static constexpr bool kNested = false;
  static std::vector<View> read(const Speaker& speaker, MacVrfId id,
                                const std::optional<Key>& after) {
    return speaker.l2().neighbours(id, after, kPage);
  }
  static Key key(const View& v) { return v.address; }
  static std::string head(const evpn::MacVrfView& v) {
    return "VNI " + std::to_string(v.vni.value) + " #ARP (IPv4 and IPv6, local and remote) " +
           std::to_string(v.local_neighbours + v.remote_neighbours) +
           "\n\nFlags: I=local-inactive, P=peer-active, X=peer-proxy\n" +
           fixed_line(kNeighborWidths,
                      {"Neighbor", "Type", "Flags", "State", "MAC", "Remote ES/VTEP", "Seq #'s"});
  }
  static std::string line(const Speaker&, const View& v) {
    const bool local = v.place == evpn::HostPlace::kLocal;
    return fixed_line(kNeighborWidths, {to_string(v.address), type_text(v.place), "", "active",
                                        to_string(v.mac), local ? "" : to_string(v.vtep),
                                        std::to_string(local ? v.sequence : 0) + "/" +
                                            std::to_string(local ? 0 : v.sequence)});
  }
  static json::object json(const Speaker&, const View& v) {
    const bool local = v.place == evpn::HostPlace::kLocal;
    json::object o{{"type", type_text(v.place)}, {"state", "active"}, {"mac", to_string(v.mac)}};
    if (!local) o["remoteVtep"] = to_string(v.vtep);
    o["localSequence"] = local ? v.sequence : 0;
    o["remoteSequence"] = local ? 0 : v.sequence;
    o["detectionCount"] = 0;  // counted per MAC
    o["isDuplicate"] = false;
    return o;
  }
};

// Walks the MAC-VRFs in order of VNI, each page by page.
template <class List>
class HostWalk {
 public:
  HostWalk(const Speaker& speaker, std::optional<Vni> one, bool as_json)
      : speaker_(speaker), all_(!one), as_json_(as_json) {
    for (auto& v : speaker.l2().mac_vrfs()) {
      if (!one || v.vni == *one) vnis_.push_back(std::move(v));
    }
  }

  bool operator()(std::string& out) {
    if (at_ == vnis_.size()) {
      if (as_json_) out += all_ || vnis_.empty() ? (vnis_.empty() ? "{}\n" : "\n}\n") : "\n";
      return false;
    }
    const auto& vni = vnis_[at_];
    if (!begun_) begin(vni, out);
    const auto page = List::read(speaker_, vni.id, after_);
    for (const auto& v : page) {
      after_ = List::key(v);
      if (v.place == evpn::HostPlace::kNowhere) continue;
      entry(v, out);
    }
    if (page.size() < kPage) end(out);
    return true;
  }

 private:
  void begin(const evpn::MacVrfView& vni, std::string& out) {
    begun_ = true;
    count_ = 0;
    after_.reset();
    if (!as_json_) {
      out += (at_ == 0 ? "" : "\n") + List::head(vni);
      return;
    }
    if (all_) {
      out += (at_ == 0 ? "{\n\"" : ",\n\"") + std::to_string(vni.vni.value) + "\": ";
    }
    out += List::kNested ? "{\"macs\": {" : "{";
  }
  void entry(const typename List::View& v, std::string& out) {
    if (as_json_) {
      out += count_ == 0 ? "\n" : ",\n";
      out += "\"" + to_string(List::key(v)) + "\": " + json::serialize(List::json(speaker_, v));
    } else {
      out += List::line(speaker_, v);
    }
    ++count_;
  }
  void end(std::string& out) {
    if (as_json_) {
      out += List::kNested ? "\n},\n" : count_ == 0 ? "\n" : ",\n";
      out += std::string("\"") + List::kCount + "\": " + std::to_string(count_) + "}";
    }
    begun_ = false;
    ++at_;
  }

  const Speaker& speaker_;
  std::vector<evpn::MacVrfView> vnis_;
  bool all_;
  bool as_json_;
  std::size_t at_ = 0;
  bool begun_ = false;
  std::size_t count_ = 0;
  std::optional<typename List::Key> after_;
};

template <class List>
Answer walk(const Speaker& speaker, std::optional<Vni> one, bool as_json) {
  Answer a;
  a.more = HostWalk<List>(speaker, one, as_json);
  return a;
}

}  // namespace

Answer frr_macs(const Speaker& speaker, std::optional<Vni> one, bool as_json) {
  return walk<MacList>(speaker, one, as_json);
}

Answer frr_neighbors(const Speaker& speaker, std::optional<Vni> one, bool as_json) {
  return walk<NeighborList>(speaker, one, as_json);
}

}  // namespace perd::status
