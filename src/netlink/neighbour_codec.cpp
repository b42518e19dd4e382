#include "netlink/neighbour_codec.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace perd::netlink {

namespace {

constexpr auto kLengths = [] {
  LeastLengths<NDA_MAX> least{};
  least[NDA_VLAN] = 2;
  least[NDA_VNI] = 4;
  least[NDA_SRC_VNI] = 4;
  least[NDA_MASTER] = 4;
  least[NDA_PROTOCOL] = 1;
  least[NDA_NH_ID] = 4;
  return least;
}();

ndmsg header_of(std::uint8_t family, IfIndex link, std::uint16_t state, unsigned flags) {
  ndmsg h{};
  h.ndm_family = family;
  h.ndm_ifindex = static_cast<int>(link.value);
  h.ndm_state = state;
  h.ndm_flags = static_cast<std::uint8_t>(flags);
  return h;
}

unsigned fdb_flags(const FdbEntry& e, bool both) {
  unsigned flags = both ? NTF_SELF | NTF_MASTER : e.self ? NTF_SELF : NTF_MASTER;
  if (e.extern_learn) flags |= NTF_EXT_LEARNED;
  if (e.sticky) flags |= NTF_STICKY;
  return flags;
}

void put_fdb_attributes(MessageBuilder& b, const FdbEntry& e, bool both) {
  b.put_mac(NDA_LLADDR, e.mac);
  if (e.vlan != 0) b.put_u16(NDA_VLAN, e.vlan);
  if (!e.self && !both) return;  // the bridge knows no destination
  if (e.next_hop_id != 0) b.put_u32(NDA_NH_ID, e.next_hop_id);
  if (!e.destination.is_unspecified()) b.put(NDA_DST, e.destination.bytes());
  if (e.vni) b.put_u32(NDA_VNI, e.vni->value);
}

}  // namespace

int encode_put(MessageBuilder& b, const Neighbour& n, BatchBuffer& out) {
  ndmsg h = header_of(address_family(n.address.family), n.link, n.state,
                      (n.extern_learn ? NTF_EXT_LEARNED : 0U) | (n.router ? NTF_ROUTER : 0U));
  h.ndm_type = RTN_UNICAST;
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  b.header(h);
  b.put(NDA_DST, n.address.bytes());
  b.put_mac(NDA_LLADDR, n.mac);
  if (n.protocol != 0) b.put_u8(NDA_PROTOCOL, n.protocol);
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_erase(MessageBuilder& b, const NeighbourErase& e, BatchBuffer& out) {
  b.begin(RTM_DELNEIGH, 0);
  b.header(header_of(address_family(e.address.family), e.link, 0, 0));
  b.put(NDA_DST, e.address.bytes());
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_put(MessageBuilder& b, const FdbPut& put, BatchBuffer& out) {
  const FdbEntry& e = put.entry;
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE | (put.append ? NLM_F_APPEND : NLM_F_REPLACE));
  b.header(header_of(AF_BRIDGE, e.link, e.state, fdb_flags(e, put.both)));
  put_fdb_attributes(b, e, put.both);
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_erase(MessageBuilder& b, const FdbErase& erase, BatchBuffer& out) {
  const FdbEntry& e = erase.entry;
  const unsigned flags = fdb_flags(e, erase.both) & (NTF_SELF | NTF_MASTER);
  b.begin(RTM_DELNEIGH, 0);
  b.header(header_of(AF_BRIDGE, e.link, 0, flags));
  put_fdb_attributes(b, e, erase.both);
  return b.finish(out) ? 0 : EMSGSIZE;
}

Decoded decode_neighbour(const MessageView& m, Seen<Neighbour>& out) {
  ndmsg h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  const auto family = ip_family(h.ndm_family);
  if (!family || (h.ndm_flags & NTF_PROXY) != 0) return Decoded::kIgnored;
  Attributes<NDA_MAX> a;
  if (!a.parse(octets, kLengths) || h.ndm_ifindex <= 0) return Decoded::kMalformed;
  if (a[NDA_DST] == nullptr) return Decoded::kMalformed;
  const auto address = read_ip(a[NDA_DST]);
  if (!address || address->family != *family) return Decoded::kMalformed;
  Neighbour& n = out.object;
  n.link = IfIndex{static_cast<std::uint32_t>(h.ndm_ifindex)};
  n.address = *address;
  n.mac = a[NDA_LLADDR] != nullptr ? read_mac(a[NDA_LLADDR]) : MacAddress{};
  n.state = h.ndm_state;
  n.extern_learn = (h.ndm_flags & NTF_EXT_LEARNED) != 0;
  n.router = (h.ndm_flags & NTF_ROUTER) != 0;
  n.protocol = a.u8(NDA_PROTOCOL);
  out.gone = m.type == RTM_DELNEIGH;
  return Decoded::kObject;
}

Decoded decode_fdb(const MessageView& m, Seen<FdbEntry>& out) {
  ndmsg h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  if (h.ndm_family != AF_BRIDGE) return Decoded::kIgnored;
  Attributes<NDA_MAX> a;
  if (!a.parse(octets, kLengths) || h.ndm_ifindex <= 0) return Decoded::kMalformed;
  const nlattr* mac = a[NDA_LLADDR];
  if (mac == nullptr) return Decoded::kIgnored;  // entries of an external device by VNI alone
  if (nla_len(mac) != 6) return Decoded::kMalformed;
  FdbEntry& e = out.object;
  e = FdbEntry{};
  e.link = IfIndex{static_cast<std::uint32_t>(h.ndm_ifindex)};
  e.mac = read_mac(mac);
  e.self = (h.ndm_flags & NTF_SELF) != 0;
  // Some kernels (6.1) tell of each change in a VXLAN device twice: as the device does, and without
  // saying where the entry leads.
  if (e.self && a[NDA_DST] == nullptr && a[NDA_NH_ID] == nullptr) return Decoded::kIgnored;
  if (a[NDA_DST] != nullptr) {
    const auto destination = read_ip(a[NDA_DST]);
    if (!destination) return Decoded::kMalformed;
    e.destination = *destination;
  }
  if (a[NDA_VNI] != nullptr) e.vni = Vni{read_u32(a[NDA_VNI])};
  e.next_hop_id = a.u32(NDA_NH_ID);
  e.master = IfIndex{a.u32(NDA_MASTER)};
  if (a[NDA_VLAN] != nullptr) e.vlan = read_u16(a[NDA_VLAN]);
  e.state = h.ndm_state;
  e.extern_learn = (h.ndm_flags & NTF_EXT_LEARNED) != 0;
  e.sticky = (h.ndm_flags & NTF_STICKY) != 0;
  out.gone = m.type == RTM_DELNEIGH;
  return Decoded::kObject;
}

}  // namespace perd::netlink
