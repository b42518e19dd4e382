// LinkTable: links and their addresses as the kernel tells them. Answers questions; decides
// nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "perd/kernel.h"

namespace perd::fib {

struct LinkDelta {
  IfIndex index{};
  bool appeared = false;
  bool vanished = false;
  bool started = false;
  bool changed = false;  // anything at all
};

class LinkTable {
 public:
  LinkDelta see(const Link& link, bool from_dump);
  LinkDelta lose(IfIndex index);
  // What the kernel has accepted but not told yet.
  void assume(const LinkChange& change);

  void see_address(const Address& address, bool from_dump);
  void lose_address(const Address& address);

  void begin_link_dump();
  [[nodiscard]] std::vector<LinkDelta> end_link_dump();
  void begin_address_dump();
  void end_address_dump();

  [[nodiscard]] const Link* find(IfIndex index) const;
  [[nodiscard]] const Link* find(const std::string& name) const;
  [[nodiscard]] const std::map<IfIndex, Link>& all() const { return links_; }
  // The VXLAN devices of one VNI, oldest first; those whose VNIs come from elsewhere are left out.
  [[nodiscard]] std::vector<const Link*> vxlans(Vni vni) const;
  // The links of a bridge or VRF, oldest first.
  [[nodiscard]] std::vector<IfIndex> members(IfIndex master) const {
    return behind(members_, master);
  }
  // The links that name a link as their peer: VLANs that stand on it, the other end of a veth pair.
  [[nodiscard]] std::vector<IfIndex> peers(IfIndex of) const { return behind(peers_, of); }
  [[nodiscard]] const std::set<std::pair<IfIndex, InterfaceAddress>>& addresses() const {
    return addresses_;
  }
  [[nodiscard]] bool usable(IfIndex index) const;  // there, up and running
  [[nodiscard]] std::string name(IfIndex index) const;
  [[nodiscard]] IfIndex loopback() const;
  // On a link other than `except`.
  [[nodiscard]] bool has_address(const IpAddress& a, IfIndex except = {}) const;

 private:
  using Pairs = std::set<std::pair<IfIndex, IfIndex>>;
  void index_link(const Link& link, bool is);
  [[nodiscard]] static std::vector<IfIndex> behind(const Pairs& pairs, IfIndex first);

  std::map<IfIndex, Link> links_;
  std::set<std::pair<Vni, IfIndex>> vxlans_;
  Pairs members_;  // master, link
  Pairs peers_;    // what it names, link
  std::map<std::string, IfIndex> names_;
  std::set<std::pair<IfIndex, InterfaceAddress>> addresses_;
  // While a dump runs: what was seen, and what notifications (newer) spoke of.
  std::set<IfIndex> links_marked_;
  std::set<IfIndex> links_touched_;
  std::set<std::pair<IfIndex, InterfaceAddress>> addresses_marked_;
  std::set<std::pair<IfIndex, InterfaceAddress>> addresses_touched_;
  bool dumping_links_ = false;
  bool dumping_addresses_ = false;
};

}  // namespace perd::fib
