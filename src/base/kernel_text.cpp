#include "perd/kernel_text.h"

#include <utility>

namespace perd {

namespace {

struct StateName {
  std::uint16_t bit;
  std::string_view name;
};
// linux/neighbour.h, NUD_*.
constexpr StateName kStates[] = {
    {0x01, "INCOMPLETE"}, {0x02, "REACHABLE"}, {0x04, "STALE"}, {0x08, "DELAY"},
    {0x10, "PROBE"},      {0x20, "FAILED"},    {0x40, "NOARP"}, {0x80, "PERMANENT"},
};

// Builds a line word by word.
class Line {
 public:
  explicit Line(const LinkNames& names) : names_(names) {}

  Line& word(std::string_view w) {
    if (!text_.empty()) text_ += ' ';
    text_ += w;
    return *this;
  }
  Line& word(std::string_view key, std::string_view value) { return word(key).word(value); }
  Line& number(std::string_view key, std::uint64_t value) {
    return word(key).word(std::to_string(value));
  }
  Line& link(std::string_view key, IfIndex index) { return word(key).word(name_of(index)); }
  [[nodiscard]] std::string name_of(IfIndex index) const {
    std::string name = names_ ? names_(index) : std::string{};
    if (name.empty()) name.append("if").append(std::to_string(index.value));
    return name;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  const LinkNames& names_;
  std::string text_;
};

void add_vxlan(Line& out, const LinkCreate& op) {
  const VxlanInfo& v = *op.vxlan;
  if (v.external) {
    out.word("external");
  } else {
    out.number("id", v.vni.value);
  }
  if (v.local) out.word("local", to_string(*v.local));
  if (op.vxlan_link.value != 0) out.link("dev", op.vxlan_link);
  out.number("dstport", v.port).word(v.learning ? "learning" : "nolearning");
}

void add(Line& out, const LinkCreate& op) {
  out.word("link add").word(op.name);
  if (op.mac) out.word("address", to_string(*op.mac));
  if (op.mtu) out.number("mtu", *op.mtu);
  if (op.master.value != 0) out.link("master", op.master);
  if (!op.alias.empty()) out.word("alias", op.alias);
  if (op.addrgen_none) out.word("addrgenmode none");
  if (op.up) out.word("up");
  out.word("type", to_string(op.kind));
  if (op.kind == LinkKind::kBridge) out.word("vlan_default_pvid 0");
  if (op.kind == LinkKind::kVrf) out.number("table", op.vrf_table.value);
  if (op.vxlan) add_vxlan(out, op);
  if (op.peer_name.empty()) return;
  out.word("peer name").word(op.peer_name);
  if (op.mtu) out.number("mtu", *op.mtu);
}

void add(Line& out, const LinkChange& op) {
  out.word("link set").link("dev", op.link);
  if (op.mac) out.word("address", to_string(*op.mac));
  if (op.mtu) out.number("mtu", *op.mtu);
  if (op.master && op.master->value == 0) out.word("nomaster");
  if (op.master && op.master->value != 0) out.link("master", *op.master);
  if (op.alias) out.word("alias").word(op.alias->empty() ? "\"\"" : std::string_view{*op.alias});
  if (op.addrgen_none) out.word("addrgenmode", *op.addrgen_none ? "none" : "eui64");
  if (op.up) out.word(*op.up ? "up" : "down");
  if (op.port_learning || op.port_neigh_suppress) out.word("type bridge_slave");
  if (op.port_learning) out.word("learning", *op.port_learning ? "on" : "off");
  if (op.port_neigh_suppress) out.word("neigh_suppress", *op.port_neigh_suppress ? "on" : "off");
}

void add(Line& out, const LinkErase& op) { out.word("link del").link("dev", op.link); }

void add_address(Line& out, std::string_view verb, const Address& a) {
  out.word("address", verb).word(to_string(a.address)).link("dev", a.link);
}
void add(Line& out, const AddressPut& op) {
  add_address(out, "replace", op.address);
  if (op.no_dad) out.word("nodad");
}
void add(Line& out, const AddressErase& op) { add_address(out, "del", op.address); }

void add(Line& out, const NeighbourPut& op) {
  const Neighbour& n = op.neighbour;
  out.word("neigh replace").word(to_string(n.address)).word("lladdr", to_string(n.mac));
  out.link("dev", n.link).word("nud", neighbour_state_text(n.state));
  if (n.extern_learn) out.word("extern_learn");
  if (n.router) out.word("router");
  if (n.protocol != 0) out.number("proto", n.protocol);
}
void add(Line& out, const NeighbourErase& op) {
  out.word("neigh del").word(to_string(op.address)).link("dev", op.link);
}

void add_fdb(Line& out, std::string_view verb, const FdbEntry& e, bool both) {
  out.word("fdb", verb).word(to_string(e.mac)).link("dev", e.link);
  if (e.self || both) out.word("self");
  if (!e.self || both) out.word("master");
  if (!e.destination.is_unspecified()) out.word("dst", to_string(e.destination));
  if (e.vni) out.number("vni", e.vni->value);
  if (e.next_hop_id != 0) out.number("nhid", e.next_hop_id);
  if (e.vlan != 0) out.number("vlan", e.vlan);
}
void add(Line& out, const FdbPut& op) {
  add_fdb(out, op.append ? "append" : "replace", op.entry, op.both);
  if (op.entry.extern_learn) out.word("extern_learn");
  if (op.entry.sticky) out.word("sticky");
  out.word("nud", neighbour_state_text(op.entry.state));
}
void add(Line& out, const FdbErase& op) { add_fdb(out, "del", op.entry, op.both); }

std::string group_text(const std::vector<NextHopMember>& group) {
  std::string text;
  for (const NextHopMember& m : group) {
    if (!text.empty()) text += '/';
    text += std::to_string(m.id);
    if (m.weight > 1) text.append(",").append(std::to_string(m.weight));
  }
  return text;
}

void add(Line& out, const NextHopPut& op) {
  const NextHop& n = op.next_hop;
  out.word("nexthop replace").number("id", n.id);
  if (!n.group.empty()) {
    out.word("group", group_text(n.group));
  } else if (n.blackhole) {
    out.word("blackhole");
  } else {
    if (n.gateway) out.word("via", to_string(*n.gateway));
    if (!n.fdb) out.link("dev", n.link);
    if (n.onlink) out.word("onlink");
  }
  if (n.fdb) out.word("fdb");
  if (n.protocol != 0) out.number("proto", n.protocol);
}
void add(Line& out, const NextHopErase& op) { out.word("nexthop del").number("id", op.id); }

void add_route_key(Line& out, std::string_view verb, const Route& r) {
  out.word("route", verb);
  if (r.type != RouteType::kUnicast) out.word(to_string(r.type));
  out.word(to_string(r.key.prefix)).number("table", r.key.table.value);
  if (r.key.metric != 0) out.number("metric", r.key.metric);
  if (r.protocol != 0) out.number("proto", r.protocol);
}
void add_hop(Line& out, const Route& r, const RouteHop& hop) {
  if (hop.gateway) {
    out.word("via");
    if (hop.gateway->family != r.key.prefix.address.family) out.word("inet6");  // RFC 5549
    out.word(to_string(*hop.gateway));
  }
  if (hop.link.value != 0) out.link("dev", hop.link);
  if (hop.onlink) out.word("onlink");
}
void add(Line& out, const RoutePut& op) {
  const Route& r = op.route;
  add_route_key(out, "replace", r);
  if (r.next_hop_id != 0) {
    out.number("nhid", r.next_hop_id);
    return;
  }
  if (r.hops.size() == 1) {
    add_hop(out, r, r.hops.front());
    return;
  }
  for (const RouteHop& hop : r.hops) {
    out.word("nexthop");
    add_hop(out, r, hop);
    if (hop.weight > 1) out.number("weight", hop.weight);
  }
}
void add(Line& out, const RouteErase& op) { add_route_key(out, "del", op.route); }

void add_rule(Line& out, std::string_view verb, const Rule& r) {
  if (r.family == IpFamily::kIpv6) out.word("-6");
  out.word("rule", verb).number("pref", r.priority);
  if (!r.iif.empty()) out.word("iif", r.iif);
  out.number("lookup", r.table.value);
  if (r.protocol != 0) out.number("proto", r.protocol);
}
void add(Line& out, const RulePut& op) { add_rule(out, "add", op.rule); }
void add(Line& out, const RuleErase& op) { add_rule(out, "del", op.rule); }
void add(Line& out, const SysctlPut& op) { out.word("sysctl").word(op.path + "=" + op.value); }
void add(Line& out, const PortListen& op) {
  out.word(op.on ? "listen" : "unlisten").link("dev", op.link);
}
std::string_view packet_word(const HostPacket& p) {
  const bool v6 = p.address.is_v6() && !p.address.is_unspecified();
  switch (p.kind) {
    case HostPacketKind::kRequest:
      return v6 ? "ns" : "arp";
    case HostPacketKind::kReply:
      return v6 ? "na" : "arp-reply";
    case HostPacketKind::kAnnouncement:
      return v6 ? "unsolicited-na" : "garp";
    case HostPacketKind::kRarp:
      return "rarp";
  }
  return "?";
}
void add(Line& out, const PacketSend& op) {
  out.word("send", packet_word(op.packet)).link("dev", op.packet.link);
  if (!op.packet.address.is_unspecified()) out.word(to_string(op.packet.address));
  out.word("lladdr", to_string(op.packet.mac));
}
void add(Line& out, const DumpRequest& op) { out.word("show", to_string(op.kind)); }

}  // namespace

std::string_view to_string(LinkKind kind) {
  switch (kind) {
    case LinkKind::kOther:
      return "other";
    case LinkKind::kVrf:
      return "vrf";
    case LinkKind::kBridge:
      return "bridge";
    case LinkKind::kVxlan:
      return "vxlan";
    case LinkKind::kVeth:
      return "veth";
    case LinkKind::kDummy:
      return "dummy";
    case LinkKind::kVlan:
      return "vlan";
    case LinkKind::kLoopback:
      return "loopback";
  }
  return "?";
}

std::string_view to_string(RouteType type) {
  switch (type) {
    case RouteType::kUnicast:
      return "unicast";
    case RouteType::kUnreachable:
      return "unreachable";
    case RouteType::kBlackhole:
      return "blackhole";
    case RouteType::kProhibit:
      return "prohibit";
    case RouteType::kThrow:
      return "throw";
    case RouteType::kLocal:
      return "local";
    case RouteType::kOther:
      return "other";
  }
  return "?";
}

std::string_view to_string(DumpKind kind) {
  switch (kind) {
    case DumpKind::kLinks:
      return "links";
    case DumpKind::kAddresses:
      return "addresses";
    case DumpKind::kNeighbours:
      return "neighbours";
    case DumpKind::kFdb:
      return "fdb";
    case DumpKind::kNextHops:
      return "nexthops";
    case DumpKind::kRoutesV4:
      return "routes v4";
    case DumpKind::kRoutesV6:
      return "routes v6";
    case DumpKind::kRules:
      return "rules";
  }
  return "?";
}

std::string neighbour_state_text(std::uint16_t state) {
  std::string text;
  for (const StateName& s : kStates) {
    if ((state & s.bit) == 0) continue;
    if (!text.empty()) text += '|';
    text += s.name;
  }
  return text.empty() ? "NONE" : text;
}

std::string format_op(const KernelOp& op, const LinkNames& names) {
  Line line{names};
  std::visit([&line](const auto& what) { add(line, what); }, op.what);
  return line.take();
}

}  // namespace perd
