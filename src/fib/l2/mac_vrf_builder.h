// MacVrfBuilder: the devices of every L2VNI (bridge, VXLAN device, local ports, the way to the
// host's bridge), made or adopted, and what belongs to them: place in the VRF, gateway addresses,
// rules, sysctls. RFC 8365 5, RFC 9135 4.1.
//
// Never: looks into the bridge's tables, deletes or renames what it adopted.
//
// Level triggered, as DeviceBuilder, which drives it: each step compares the links there are with
// the links wanted and does the next thing that is possible. What is wrong with bridge or VXLAN
// device keeps the MAC-VRF down; all else is a note.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fib/device_tools.h"
#include "fib/fib.h"
#include "fib/l2/mac_vrf_ports.h"
#include "fib/node_stores.h"

namespace perd::fib {

struct VrfDevices;

struct MacVrfDevices {
  WantedMacVrf want;
  MacVrfPorts ports;
  bool routed = false;  // the SVI is where its routing domain is
  TableId table{};      // of a routing domain without VRF device
  std::string problem;
  std::vector<std::string> notes;
  std::vector<std::string> told_notes;
  MacVrfState state;
  bool told = false;
};

class MacVrfBuilder {
 public:
  MacVrfBuilder(Shared& shared, LinkTable& links, LinkTasks& tasks);

  void configure(const WantedNode& wanted);
  // Finds devices without changing anything: before the first write.
  void survey();
  // True when something about a MAC-VRF's devices differs from before.
  bool step(const std::map<VrfId, VrfDevices>& vrfs, TimePoint now);

  // What DeviceBuilder writes together with its own.
  void add_rules(std::set<RulePolicy::Key>& rules) const;
  void add_sysctls(SysctlWishes& paths) const;
  [[nodiscard]] const AddressWishes& addresses() const { return addresses_; }
  void keep_links(KeptLinks& kept) const;

  [[nodiscard]] const MacVrfPortMap& ports() const { return ports_; }
  [[nodiscard]] const std::map<MacVrfId, MacVrfDevices>& mac_vrfs() const { return mac_vrfs_; }
  [[nodiscard]] std::size_t size() const { return mac_vrfs_.size(); }
  // That link is the SVI of a MAC-VRF of that VRF.
  [[nodiscard]] bool serves(VrfId vrf, IfIndex link) const;
  [[nodiscard]] std::vector<MacVrfDeviceView> views() const;

 private:
  // Where the SVI belongs.
  struct Domain {
    bool wanted = false;
    bool coming = false;  // its VRF device is about to be made
    bool device = false;
    IfIndex vrf{};
    TableId table{};
    std::string name;
  };
  using Release = std::map<std::string, IfIndex>;  // link -> master that it leaves

  void survey(MacVrfDevices& m);
  [[nodiscard]] IfIndex find_svi(const MacVrfDevices& m, const Link& bridge) const;
  void build(MacVrfDevices& m, const std::map<VrfId, VrfDevices>& vrfs, TimePoint now);
  [[nodiscard]] Domain domain(MacVrfDevices& m, const std::map<VrfId, VrfDevices>& vrfs) const;
  void build_bridge(MacVrfDevices& m, const Domain& domain, TimePoint now);
  void make_bridge(MacVrfDevices& m, const Domain& domain, TimePoint now);
  void build_vlan_svi(MacVrfDevices& m, const Link& bridge, const Domain& domain, TimePoint now);
  void place_svi(MacVrfDevices& m, const Link& svi, const Domain& domain, LinkChange& c,
                 std::string& what) const;
  void build_vxlan(MacVrfDevices& m, TimePoint now);
  void build_interfaces(MacVrfDevices& m, TimePoint now);
  void want_addresses(const MacVrfDevices& m, const AddressWishes& before);
  void check(MacVrfDevices& m) const;
  void tell(MacVrfDevices& m);
  void release_links(TimePoint now);
  // The way to the host: host_attachment.cpp.
  void build_host(MacVrfDevices& m, TimePoint now);
  void build_legs(MacVrfDevices& m, const Link& bridge, TimePoint now);
  void place_leg(MacVrfDevices& m, const Link& leg, IfIndex master, TimePoint now);
  [[nodiscard]] IfIndex build_host_bridge(MacVrfDevices& m, TimePoint now);

  [[nodiscard]] std::optional<std::uint32_t> mtu(const MacVrfDevices& m) const;
  [[nodiscard]] MacAddress bridge_mac(const MacVrfDevices& m, const Link& svi) const;
  static void problem(MacVrfDevices& m, const std::string& text) {
    if (m.problem.empty()) m.problem = text;
  }
  static void note(MacVrfDevices& m, const std::string& text) {
    if (!text.empty()) m.notes.push_back(text);
  }
  [[nodiscard]] bool is_ours(IfIndex master) const;  // a bridge or VRF that perd made

  Shared& shared_;
  LinkTable& links_;
  LinkTasks& tasks_;
  DeviceTools tools_;
  std::vector<std::string> underlay_;
  std::map<MacVrfId, MacVrfDevices> mac_vrfs_;
  MacVrfPortMap ports_;
  Release release_;
  AddressWishes addresses_;
  bool changed_ = false;
};

}  // namespace perd::fib
