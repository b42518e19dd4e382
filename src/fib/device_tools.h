// DeviceTools: what the builders of devices share: which links are perd's, their MTU, the VXLAN
// device of a VNI, and what a configuration no longer asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fib/link_table.h"
#include "fib/link_tasks.h"
#include "perd/desired.h"

namespace perd::fib {

// The VXLAN device of a VNI and the bridge it belongs to.
struct VxlanWish {
  Vni vni{};
  IpAddress local{};
  std::uint16_t port = 4789;
  std::optional<std::uint32_t> mtu;
  bool suppress = true;  // of the bridge port
  IfIndex bridge{};      // 0: not there yet
  bool placed = false;   // the device is a port of it
};

// Links that the configuration asks for: those that were found, and names that are still to come.
struct KeptLinks {
  std::set<IfIndex> found;
  std::set<std::string> names;
};

class DeviceTools {
 public:
  DeviceTools(LinkTable& links, LinkTasks& tasks) : links_(links), tasks_(tasks) {}

  [[nodiscard]] bool owned(const Link& link) const;
  // The VXLAN device of that VNI; of several the one perd made, else the oldest.
  [[nodiscard]] const Link* find_vxlan(Vni vni) const;
  // What the least of the underlay's links leaves for a frame in a tunnel from `vtep`.
  [[nodiscard]] std::optional<std::uint32_t> mtu(const std::vector<std::string>& underlay,
                                                 const IpAddress& vtep) const;
  // What every link that perd made needs: up, MTU, alias.
  void common_changes(const Link& link, std::optional<std::uint32_t> mtu, LinkChange& c,
                      std::string& what) const;
  void apply(const Link& link, const LinkChange& c, const std::string& what, TimePoint now);
  // Makes or changes `vxlan` (none: not there). What is wrong with it; empty: nothing.
  [[nodiscard]] std::string build_vxlan(const Link* vxlan, const VxlanWish& want, TimePoint now);
  // What an earlier configuration, or an earlier run, made and this one does not ask for.
  void erase_unwanted(const KeptLinks& kept, TimePoint now);

 private:
  [[nodiscard]] bool marked(const Link& link) const;
  void make_vxlan(const std::string& name, const VxlanWish& want, TimePoint now);

  LinkTable& links_;
  LinkTasks& tasks_;
};

}  // namespace perd::fib
