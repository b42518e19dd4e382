// DeviceBuilder: the devices of every L3VNI (VRF, bridge, VXLAN), made or adopted, and what belongs
// to them: MTU, flags, enslaved interfaces, rules without a VRF device, sysctls, tunnel addresses.
// Has MacVrfBuilder do the same for L2VNIs in each step, after the VRFs they may belong to.
//
// Level triggered: whatever comes, each step compares the links there are with the links wanted and
// does the next thing that is possible. Links that perd made carry the alias "perd" and are found
// again by it; adopted ones keep name, MAC and MTU, and are never deleted. RFC 9136 4.4.1.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fib/device_tools.h"
#include "fib/fib.h"
#include "fib/l2/mac_vrf_builder.h"
#include "fib/link_table.h"
#include "fib/link_tasks.h"
#include "fib/node_stores.h"
#include "fib/set_store.h"
#include "fib/tables.h"

namespace perd::fib {

struct VrfDevices {
  WantedVrf want;
  TableId table{};
  IfIndex vrf{};
  IfIndex bridge{};
  IfIndex vxlan{};
  bool bridge_placed = false;  // the bridge is where it belongs
  bool vxlan_placed = false;
  std::string problem;
  std::vector<std::string> notes;
  std::vector<std::string> told_notes;
  VrfState state;
  bool told = false;
};

class DeviceBuilder {
 public:
  DeviceBuilder(Shared& shared, LinkTable& links, LinkTasks& tasks, AddressStore& addresses,
                RuleStore& rules, SysctlStore& sysctls, const ForeignRoutes& foreign,
                const Tables& tables, MacVrfBuilder& mac_vrfs);

  void configure(const WantedNode& wanted);
  [[nodiscard]] bool configured() const { return configured_; }
  void touch() { dirty_ = true; }
  // There is something to do now; later: see deadline().
  [[nodiscard]] bool dirty(TimePoint now) const {
    return dirty_ && !(next_pass_ && now < *next_pass_);
  }
  [[nodiscard]] Deadline deadline() const { return dirty_ ? next_pass_ : std::nullopt; }
  // True when something about a VRF's devices differs from before.
  bool step(TimePoint now);
  // Finds devices without changing anything: before the first write.
  void survey();

  [[nodiscard]] const std::map<VrfId, VrfDevices>& vrfs() const { return vrfs_; }
  [[nodiscard]] const WantedNode& wanted() const { return wanted_; }
  [[nodiscard]] TunnelPorts ports(const VrfDevices& v) const;
  [[nodiscard]] bool owned(const Link& link) const { return tools_.owned(link); }
  [[nodiscard]] std::vector<VrfDeviceView> views() const;
  [[nodiscard]] bool member(const VrfDevices& v, const Link& link) const;  // a link of that VRF

 private:
  void survey(VrfDevices& v);
  void build(VrfDevices& v, TimePoint now);
  void build_vrf(VrfDevices& v, TimePoint now);
  void build_bridge(VrfDevices& v, TimePoint now);
  void build_vxlan(VrfDevices& v, TimePoint now);
  void build_interfaces(VrfDevices& v, TimePoint now);
  void build_rules(VrfDevices& v, std::set<RulePolicy::Key>& rules);
  void build_node(TimePoint now);
  void check(VrfDevices& v);
  void tell(VrfDevices& v);
  void want_sysctls();
  void release_interfaces(TimePoint now);
  void erase_unwanted(TimePoint now);
  [[nodiscard]] TableId pick_table(const VrfDevices& v) const;
  [[nodiscard]] std::optional<std::uint32_t> mtu(const VrfDevices& v) const;
  [[nodiscard]] MacAddress router_mac(const VrfDevices& v, const Link& bridge) const;
  void problem(VrfDevices& v, const std::string& text) {
    if (v.problem.empty()) v.problem = text;
  }

  Shared& shared_;
  LinkTable& links_;
  LinkTasks& tasks_;
  DeviceTools tools_;
  AddressStore& addresses_;
  RuleStore& rules_;
  SysctlStore& sysctls_;
  const ForeignRoutes& foreign_;
  const Tables& tables_;
  MacVrfBuilder& mac_vrfs_;
  WantedNode wanted_;
  std::map<VrfId, VrfDevices> vrfs_;
  std::map<std::string, std::string> release_;  // interface -> VRF that it leaves
  AddressWishes wanted_addresses_;
  std::set<RulePolicy::Key> wanted_rules_;
  std::set<std::string> wanted_sysctls_;
  bool configured_ = false;
  bool dirty_ = false;
  bool changed_ = false;
  // A step looks at every VRF and MAC-VRF, and each link that comes or changes asks for one. With
  // many of them a step waits so long that all steps together take a part of the time only: linear,
  // not square.
  static constexpr std::size_t kPacedAbove = 32;  // VRFs and MAC-VRFs
  static constexpr Duration kPacePerVrf = std::chrono::microseconds(40);
  Deadline next_pass_;
};

}  // namespace perd::fib
