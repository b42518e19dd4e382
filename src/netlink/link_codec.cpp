#include "netlink/link_codec.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

namespace perd::netlink {

namespace {

struct KindName {
  LinkKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {
    {LinkKind::kVrf, "vrf"},   {LinkKind::kBridge, "bridge"}, {LinkKind::kVxlan, "vxlan"},
    {LinkKind::kVeth, "veth"}, {LinkKind::kDummy, "dummy"},   {LinkKind::kVlan, "vlan"},
};

std::string kind_name(LinkKind kind) {
  for (const KindName& k : kKinds) {
    if (k.kind == kind) return std::string{k.name};
  }
  return {};
}

LinkKind kind_of(std::string_view name) {
  for (const KindName& k : kKinds) {
    if (k.name == name) return k.kind;
  }
  return LinkKind::kOther;
}

bool is_link_name(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ && name.find_first_of("/: \t\n") == name.npos;
}

constexpr unsigned kLowerUp = 1U << 16;  // IFF_LOWER_UP: linux/if.h clashes with net/if.h

constexpr std::size_t kAliasOctetsMax = 255;  // IFALIASZ of the kernel less the terminating zero

bool is_alias(const std::string& alias) { return alias.size() <= kAliasOctetsMax; }

ifinfomsg link_header(IfIndex index) {
  ifinfomsg h{};
  h.ifi_family = AF_UNSPEC;
  h.ifi_index = static_cast<int>(index.value);
  return h;
}

void put_addrgen(MessageBuilder& b, bool none) {
  nlattr* spec = b.nest(IFLA_AF_SPEC);
  nlattr* inet6 = b.nest(AF_INET6);
  b.put_u8(IFLA_INET6_ADDR_GEN_MODE, none ? IN6_ADDR_GEN_MODE_NONE : IN6_ADDR_GEN_MODE_EUI64);
  b.end(inet6);
  b.end(spec);
}

// Without the zero at the end, which would count as part of it; no octets remove the alias.
void put_alias(MessageBuilder& b, const std::string& alias) {
  b.put(IFLA_IFALIAS, alias.data(), alias.size());
}

void put_vxlan(MessageBuilder& b, const LinkCreate& link) {
  const VxlanInfo& v = *link.vxlan;
  if (v.external) {
    b.put_u8(IFLA_VXLAN_COLLECT_METADATA, 1);
  } else {
    b.put_u32(IFLA_VXLAN_ID, v.vni.value);
  }
  if (link.vxlan_link.value != 0) b.put_u32(IFLA_VXLAN_LINK, link.vxlan_link.value);
  if (v.local) {
    b.put(v.local->is_v4() ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, v.local->bytes());
  }
  b.put_be16(IFLA_VXLAN_PORT, v.port);
  b.put_u8(IFLA_VXLAN_LEARNING, v.learning ? 1 : 0);
}

void put_link_info(MessageBuilder& b, const LinkCreate& link) {
  nlattr* info = b.nest(IFLA_LINKINFO);
  b.put_string(IFLA_INFO_KIND, kind_name(link.kind));
  if (link.kind == LinkKind::kVrf) {
    nlattr* data = b.nest(IFLA_INFO_DATA);
    b.put_u32(IFLA_VRF_TABLE, link.vrf_table.value);
    b.end(data);
  } else if (link.kind == LinkKind::kVxlan) {
    nlattr* data = b.nest(IFLA_INFO_DATA);
    put_vxlan(b, link);
    b.end(data);
  } else if (link.kind == LinkKind::kVeth && !link.peer_name.empty()) {
    nlattr* data = b.nest(IFLA_INFO_DATA);
    nlattr* peer = b.nest(VETH_INFO_PEER);
    b.header(link_header({}));
    b.put_string(IFLA_IFNAME, link.peer_name);
    if (link.mtu) b.put_u32(IFLA_MTU, *link.mtu);
    b.end(peer);
    b.end(data);
  }
  b.end(info);
}

int finish(MessageBuilder& b, BatchBuffer& out) { return b.finish(out) ? 0 : EMSGSIZE; }

int encode_flags(MessageBuilder& b, ifinfomsg h, bool up, const std::string* name,
                 BatchBuffer& out) {
  h.ifi_flags = up ? unsigned{IFF_UP} : 0U;
  h.ifi_change = IFF_UP;
  b.begin(RTM_NEWLINK, 0);
  b.header(h);
  if (name != nullptr) b.put_string(IFLA_IFNAME, *name);
  return finish(b, out);
}

int encode_port_flags(MessageBuilder& b, const LinkChange& c, BatchBuffer& out) {
  ifinfomsg h = link_header(c.link);
  h.ifi_family = AF_BRIDGE;
  b.begin(RTM_SETLINK, 0);
  b.header(h);
  nlattr* port = b.nest(IFLA_PROTINFO);
  if (c.port_learning) b.put_u8(IFLA_BRPORT_LEARNING, *c.port_learning ? 1 : 0);
  if (c.port_neigh_suppress) b.put_u8(IFLA_BRPORT_NEIGH_SUPPRESS, *c.port_neigh_suppress ? 1 : 0);
  b.end(port);
  return finish(b, out);
}

constexpr auto kLinkLengths = [] {
  LeastLengths<IFLA_MAX> least{};
  least[IFLA_IFNAME] = 1;
  least[IFLA_MTU] = 4;
  least[IFLA_MASTER] = 4;
  least[IFLA_LINK] = 4;
  return least;
}();
constexpr LeastLengths<IFLA_INFO_MAX> kInfoLengths{};
constexpr auto kVrfLengths = [] {
  LeastLengths<IFLA_VRF_MAX> least{};
  least[IFLA_VRF_TABLE] = 4;
  return least;
}();
constexpr auto kVxlanLengths = [] {
  LeastLengths<IFLA_VXLAN_MAX> least{};
  least[IFLA_VXLAN_ID] = 4;
  least[IFLA_VXLAN_LOCAL] = 4;
  least[IFLA_VXLAN_LOCAL6] = 16;
  least[IFLA_VXLAN_LEARNING] = 1;
  least[IFLA_VXLAN_PORT] = 2;
  least[IFLA_VXLAN_COLLECT_METADATA] = 1;
  return least;
}();
constexpr auto kBridgeLengths = [] {
  LeastLengths<IFLA_BR_MAX> least{};
  least[IFLA_BR_AGEING_TIME] = 4;
  least[IFLA_BR_VLAN_FILTERING] = 1;
  return least;
}();
constexpr std::uint32_t kTicksPerSecond = 100;  // USER_HZ, in which the bridge tells its times
constexpr auto kPortLengths = [] {
  LeastLengths<IFLA_BRPORT_MAX> least{};
  least[IFLA_BRPORT_LEARNING] = 1;
  least[IFLA_BRPORT_NEIGH_SUPPRESS] = 1;
  return least;
}();
constexpr LeastLengths<AF_INET6> kFamilyLengths{};
constexpr auto kInet6Lengths = [] {
  LeastLengths<IFLA_INET6_MAX> least{};
  least[IFLA_INET6_ADDR_GEN_MODE] = 1;
  return least;
}();

bool decode_vxlan(Bytes data, Link& link) {
  Attributes<IFLA_VXLAN_MAX> a;
  if (!a.parse(data, kVxlanLengths)) return false;
  VxlanInfo v;
  v.vni = Vni{a.u32(IFLA_VXLAN_ID)};
  if (a[IFLA_VXLAN_LOCAL] != nullptr) v.local = read_ip(a[IFLA_VXLAN_LOCAL]);
  if (a[IFLA_VXLAN_LOCAL6] != nullptr) v.local = read_ip(a[IFLA_VXLAN_LOCAL6]);
  if (v.local && v.local->is_unspecified()) v.local.reset();
  if (a[IFLA_VXLAN_PORT] != nullptr) v.port = read_be16(a[IFLA_VXLAN_PORT]);
  v.learning = a.u8(IFLA_VXLAN_LEARNING) != 0;
  v.external = a.u8(IFLA_VXLAN_COLLECT_METADATA) != 0;
  link.vxlan = v;
  return true;
}

bool decode_port(Bytes data, bool& learning, bool& neigh_suppress) {
  Attributes<IFLA_BRPORT_MAX> a;
  if (!a.parse(data, kPortLengths)) return false;
  learning = a.u8(IFLA_BRPORT_LEARNING, 1) != 0;
  neigh_suppress = a.u8(IFLA_BRPORT_NEIGH_SUPPRESS) != 0;
  return true;
}

bool decode_link_info(Bytes info, Link& link) {
  Attributes<IFLA_INFO_MAX> a;
  if (!a.parse(info, kInfoLengths)) return false;
  link.kind_name = a.string(IFLA_INFO_KIND);
  link.kind = kind_of(link.kind_name);
  const Bytes data = a.nested(IFLA_INFO_DATA);
  if (link.kind == LinkKind::kVxlan && !decode_vxlan(data, link)) return false;
  if (link.kind == LinkKind::kVrf) {
    Attributes<IFLA_VRF_MAX> vrf;
    if (!vrf.parse(data, kVrfLengths)) return false;
    link.vrf_table = TableId{vrf.u32(IFLA_VRF_TABLE)};
  }
  if (link.kind == LinkKind::kBridge) {
    Attributes<IFLA_BR_MAX> bridge;
    if (!bridge.parse(data, kBridgeLengths)) return false;
    if (bridge[IFLA_BR_AGEING_TIME] != nullptr) {
      link.ageing = bridge.u32(IFLA_BR_AGEING_TIME) / kTicksPerSecond;
    }
    link.vlan_filtering = bridge.u8(IFLA_BR_VLAN_FILTERING) != 0;
  }
  if (a.string(IFLA_INFO_SLAVE_KIND) == "bridge") {
    return decode_port(a.nested(IFLA_INFO_SLAVE_DATA), link.port_learning,
                       link.port_neigh_suppress);
  }
  return true;
}

bool decode_af_spec(Bytes spec, Link& link) {
  Attributes<AF_INET6> families;
  if (!families.parse(spec, kFamilyLengths)) return false;
  Attributes<IFLA_INET6_MAX> inet6;
  if (!inet6.parse(families.nested(AF_INET6), kInet6Lengths)) return false;
  link.addrgen_none = inet6.u8(IFLA_INET6_ADDR_GEN_MODE) == IN6_ADDR_GEN_MODE_NONE;
  return true;
}

}  // namespace

int encode_create(MessageBuilder& b, const LinkCreate& link, BatchBuffer& out) {
  switch (link.kind) {
    case LinkKind::kVrf:
    case LinkKind::kBridge:
    case LinkKind::kVeth:
    case LinkKind::kDummy:
      break;
    case LinkKind::kVxlan:
      if (!link.vxlan) return EINVAL;
      break;
    case LinkKind::kOther:
    case LinkKind::kVlan:
    case LinkKind::kLoopback:
      return EOPNOTSUPP;
  }
  if (!is_link_name(link.name) || !is_alias(link.alias)) return EINVAL;
  if (!link.peer_name.empty() && !is_link_name(link.peer_name)) return EINVAL;
  b.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  b.header(link_header({}));
  b.put_string(IFLA_IFNAME, link.name);
  if (link.mac) b.put_mac(IFLA_ADDRESS, *link.mac);
  if (link.mtu) b.put_u32(IFLA_MTU, *link.mtu);
  if (link.master.value != 0) b.put_u32(IFLA_MASTER, link.master.value);
  put_link_info(b, link);
  return finish(b, out);
}

int encode_create_rest(MessageBuilder& b, const LinkCreate& link, BatchBuffer& out) {
  if (!link.alias.empty() || link.addrgen_none) {
    b.begin(RTM_NEWLINK, 0);
    b.header(link_header({}));
    b.put_string(IFLA_IFNAME, link.name);
    if (!link.alias.empty()) put_alias(b, link.alias);
    if (link.addrgen_none) put_addrgen(b, true);
    if (const int e = finish(b, out); e != 0) return e;
  }
  return link.up ? encode_flags(b, link_header({}), true, &link.name, out) : 0;
}

int encode_change(MessageBuilder& b, const LinkChange& c, BatchBuffer& out) {
  if (c.link.value == 0 || (c.alias && !is_alias(*c.alias))) return EINVAL;
  const ifinfomsg h = link_header(c.link);
  if (c.up && !*c.up) {
    if (const int e = encode_flags(b, h, false, nullptr, out); e != 0) return e;
  }
  if (c.mac || c.mtu || c.master || c.alias || c.addrgen_none) {
    b.begin(RTM_NEWLINK, 0);
    b.header(h);
    if (c.mac) b.put_mac(IFLA_ADDRESS, *c.mac);
    if (c.mtu) b.put_u32(IFLA_MTU, *c.mtu);
    if (c.master) b.put_u32(IFLA_MASTER, c.master->value);
    if (c.alias) put_alias(b, *c.alias);
    if (c.addrgen_none) put_addrgen(b, *c.addrgen_none);
    if (const int e = finish(b, out); e != 0) return e;
  }
  if (c.port_learning || c.port_neigh_suppress) {
    if (const int e = encode_port_flags(b, c, out); e != 0) return e;
  }
  return c.up && *c.up ? encode_flags(b, h, true, nullptr, out) : 0;
}

int encode_erase(MessageBuilder& b, const LinkErase& erase, BatchBuffer& out) {
  if (erase.link.value == 0) return EINVAL;  // index 0 without a name would mean "by name"
  b.begin(RTM_DELLINK, 0);
  b.header(link_header(erase.link));
  return finish(b, out);
}

Decoded decode_link(const MessageView& m, Seen<Link>& out) {
  ifinfomsg h{};
  Bytes octets;
  if (!m.read_header(h, octets) || h.ifi_index <= 0) return Decoded::kMalformed;
  // AF_BRIDGE: a port's flags, or that it left its bridge (RTM_DELLINK!), never the link itself.
  if (h.ifi_family != AF_UNSPEC) return Decoded::kIgnored;
  Attributes<IFLA_MAX> a;
  if (!a.parse(octets, kLinkLengths)) return Decoded::kMalformed;
  Link& l = out.object;
  l = Link{};
  l.index = IfIndex{static_cast<std::uint32_t>(h.ifi_index)};
  l.name = a.string(IFLA_IFNAME);
  l.master = IfIndex{a.u32(IFLA_MASTER)};
  if (a[IFLA_ADDRESS] != nullptr) l.mac = read_mac(a[IFLA_ADDRESS]);
  l.mtu = a.u32(IFLA_MTU);
  // With a namespace beside it the index means a link over there.
  if (a[IFLA_LINK_NETNSID] == nullptr) l.peer = IfIndex{a.u32(IFLA_LINK)};
  l.admin_up = (h.ifi_flags & IFF_UP) != 0;
  // IFF_RUNNING follows the operational state, which lags behind the carrier (IFF_LOWER_UP).
  constexpr unsigned kRunning = IFF_RUNNING | kLowerUp;
  l.running = l.admin_up && (h.ifi_flags & kRunning) == kRunning;
  l.alias = a.string(IFLA_IFALIAS);
  if (!decode_link_info(a.nested(IFLA_LINKINFO), l)) return Decoded::kMalformed;
  if (!decode_af_spec(a.nested(IFLA_AF_SPEC), l)) return Decoded::kMalformed;
  if ((h.ifi_flags & IFF_LOOPBACK) != 0) l.kind = LinkKind::kLoopback;
  out.gone = m.type == RTM_DELLINK;
  return Decoded::kObject;
}

Decoded decode_bridge_port(const MessageView& m, BridgePortFlags& out) {
  ifinfomsg h{};
  Bytes octets;
  if (!m.read_header(h, octets) || h.ifi_index <= 0) return Decoded::kMalformed;
  if (h.ifi_family != AF_BRIDGE || m.type != RTM_NEWLINK) return Decoded::kIgnored;
  Attributes<IFLA_MAX> a;
  if (!a.parse(octets, kLinkLengths)) return Decoded::kMalformed;
  if (a[IFLA_PROTINFO] == nullptr) return Decoded::kIgnored;
  out.link = IfIndex{static_cast<std::uint32_t>(h.ifi_index)};
  return decode_port(a.nested(IFLA_PROTINFO), out.learning, out.neigh_suppress)
             ? Decoded::kObject
             : Decoded::kMalformed;
}

}  // namespace perd::netlink
