#include "fib/device_tools.h"

#include "fib/device_names.h"

namespace perd::fib {
namespace {

// Neither can be changed while the device lives.
[[nodiscard]] std::string mismatch(const Link& vxlan, const VxlanWish& want, bool owned) {
  const VxlanInfo& info = *vxlan.vxlan;
  const bool local = info.local ? *info.local == want.local : !owned;
  if (local && info.port == want.port) return {};
  const std::string has = local ? "port " + std::to_string(info.port)
                                : "local " + (info.local ? to_string(*info.local) : "none");
  return "vxlan " + vxlan.name + " has " + has + ", " +
         (local ? std::to_string(want.port) : to_string(want.local)) + " is configured";
}

}  // namespace

bool DeviceTools::marked(const Link& link) const {
  return link.alias == kLinkAlias || tasks_.made(link.name);
}

// Both ends of a veth pair are made at once and carry the mark one after the other. The end that is
// told first does not know its peer yet, and is not told again.
bool DeviceTools::owned(const Link& link) const {
  if (marked(link)) return true;
  if (link.kind != LinkKind::kVeth) return false;
  std::vector<IfIndex> others = links_.peers(link.index);
  if (link.peer != IfIndex{}) others = {link.peer};
  for (const IfIndex index : others) {
    const Link* other = links_.find(index);
    if (other == nullptr || other->kind != LinkKind::kVeth || !marked(*other)) continue;
    if (other->peer == IfIndex{} || other->peer == link.index) return true;
  }
  return false;
}

const Link* DeviceTools::find_vxlan(Vni vni) const {
  const Link* found = nullptr;
  for (const Link* link : links_.vxlans(vni)) {
    if (found == nullptr || (owned(*link) && !owned(*found))) found = link;
  }
  return found;
}

std::optional<std::uint32_t> DeviceTools::mtu(const std::vector<std::string>& underlay,
                                              const IpAddress& vtep) const {
  std::optional<std::uint32_t> least;
  for (const auto& name : underlay) {
    const Link* l = links_.find(name);
    if (l == nullptr || l->mtu == 0) continue;
    if (!least || l->mtu < *least) least = l->mtu;
  }
  const std::uint32_t overhead = vtep.is_v4() ? kOverheadV4 : kOverheadV6;
  if (!least || *least <= overhead + kMtuLeast) return std::nullopt;
  return *least - overhead;
}

void DeviceTools::common_changes(const Link& link, std::optional<std::uint32_t> mtu, LinkChange& c,
                                 std::string& what) const {
  if (!owned(link)) return;
  if (!link.admin_up) c.up = true, what += " up";
  if (link.alias != kLinkAlias) c.alias = std::string(kLinkAlias), what += " alias";
  if (mtu && link.mtu != *mtu) c.mtu = mtu, what += " mtu";
}

void DeviceTools::apply(const Link& link, const LinkChange& c, const std::string& what,
                        TimePoint now) {
  LinkChange none;
  none.link = c.link;
  if (c == none) {
    if (owned(link)) tasks_.complete(link.name, true);
    return;
  }
  tasks_.change(link.name, c, what.empty() ? what : what.substr(1), now);
}

void DeviceTools::make_vxlan(const std::string& name, const VxlanWish& want, TimePoint now) {
  LinkCreate create;
  create.name = name;
  create.kind = LinkKind::kVxlan;
  create.vxlan = VxlanInfo{want.vni, want.local, want.port, false, false};
  create.mtu = want.mtu;
  create.master = want.bridge;
  create.alias = std::string(kLinkAlias);
  create.addrgen_none = true;
  create.up = true;
  tasks_.create(create, now);
}

std::string DeviceTools::build_vxlan(const Link* vxlan, const VxlanWish& want, TimePoint now) {
  const std::string name = vxlan_name(want.vni);
  if (vxlan == nullptr) {
    if (want.bridge == IfIndex{}) return {};
    if (const Link* taken = links_.find(name)) {
      return name + " is a " + kind_word(*taken) + ", not a VXLAN device of this VNI";
    }
    const std::string trouble = tasks_.trouble(name);
    make_vxlan(name, want, now);
    return trouble.empty() ? "no link " + name : trouble;
  }
  const std::string wrong = mismatch(*vxlan, want, owned(*vxlan));
  if (!wrong.empty()) {
    if (owned(*vxlan)) tasks_.erase(*vxlan, now);
    return wrong;
  }
  if (want.bridge == IfIndex{}) return {};
  LinkChange c;
  c.link = vxlan->index;
  std::string what;
  common_changes(*vxlan, want.mtu, c, what);
  if (!vxlan->addrgen_none) c.addrgen_none = true, what += " addrgenmode";
  if (!want.placed) {
    c.master = want.bridge, what += " master";
  } else if (what.empty()) {
    // Flags of a bridge port exist only once it is one.
    if (vxlan->port_learning) c.port_learning = false, what += " learning";
    if (vxlan->port_neigh_suppress != want.suppress) {
      c.port_neigh_suppress = want.suppress, what += " neigh_suppress";
    }
  }
  apply(*vxlan, c, what, now);
  return tasks_.trouble(vxlan->name);
}

void DeviceTools::erase_unwanted(const KeptLinks& kept, TimePoint now) {
  for (const LinkKind kind :
       {LinkKind::kVeth, LinkKind::kVxlan, LinkKind::kBridge, LinkKind::kVrf}) {
    for (const auto& [index, link] : links_.all()) {
      if (link.kind != kind || !owned(link) || kept.found.count(index) != 0) continue;
      if (kept.names.count(link.name) == 0) tasks_.erase(link, now);
    }
  }
}

}  // namespace perd::fib
