#include "netlink/next_hop_codec.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace perd::netlink {

namespace {

constexpr auto kLengths = [] {
  LeastLengths<NHA_MAX> least{};
  least[NHA_ID] = 4;
  least[NHA_OIF] = 4;
  return least;
}();

bool decode_group(Bytes octets, std::vector<NextHopMember>& out) {
  if (octets.size() % sizeof(nexthop_grp) != 0) return false;
  out.reserve(octets.size() / sizeof(nexthop_grp));
  for (; !octets.empty(); octets = octets.subspan(sizeof(nexthop_grp))) {
    nexthop_grp g{};
    std::memcpy(&g, octets.data(), sizeof g);
    // Weight 256 (255 on the wire) does not fit the field; nobody tells it from 255.
    const unsigned weight = g.weight + 1U;
    out.push_back({g.id, static_cast<std::uint8_t>(weight > 255 ? 255 : weight)});
  }
  return true;
}

}  // namespace

int encode_put(MessageBuilder& b, const NextHop& n, BatchBuffer& out) {
  if (n.id == 0) return EINVAL;
  nhmsg h{};
  h.nh_protocol = n.protocol;
  b.begin(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE);
  if (!n.group.empty()) {
    h.nh_family = AF_UNSPEC;
    std::vector<nexthop_grp> members;  // groups change rarely: one allocation
    members.reserve(n.group.size());
    for (const NextHopMember& m : n.group) {
      members.push_back({m.id, static_cast<std::uint8_t>(m.weight == 0 ? 0 : m.weight - 1), 0, 0});
    }
    b.header(h);
    b.put_u32(NHA_ID, n.id);
    b.put(NHA_GROUP, members.data(), members.size() * sizeof(nexthop_grp));
    if (n.fdb) b.put_flag(NHA_FDB);
    return b.finish(out) ? 0 : EMSGSIZE;
  }
  h.nh_family = address_family(n.gateway ? n.gateway->family : n.family);
  h.nh_flags = n.onlink ? RTNH_F_ONLINK : 0U;
  b.header(h);
  b.put_u32(NHA_ID, n.id);
  if (n.blackhole) {
    b.put_flag(NHA_BLACKHOLE);
  } else if (n.fdb) {
    if (!n.gateway) return EINVAL;
    b.put(NHA_GATEWAY, n.gateway->bytes());
    b.put_flag(NHA_FDB);
  } else {
    b.put_u32(NHA_OIF, n.link.value);
    if (n.gateway) b.put(NHA_GATEWAY, n.gateway->bytes());
  }
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_erase(MessageBuilder& b, const NextHopErase& erase, BatchBuffer& out) {
  if (erase.id == 0) return EINVAL;
  nhmsg h{};
  b.begin(RTM_DELNEXTHOP, 0);
  b.header(h);
  b.put_u32(NHA_ID, erase.id);
  return b.finish(out) ? 0 : EMSGSIZE;
}

Decoded decode_next_hop(const MessageView& m, Seen<NextHop>& out) {
  nhmsg h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  Attributes<NHA_MAX> a;
  if (!a.parse(octets, kLengths) || a[NHA_ID] == nullptr) return Decoded::kMalformed;
  NextHop& n = out.object;
  n = NextHop{};
  n.id = a.u32(NHA_ID);
  n.protocol = h.nh_protocol;
  n.fdb = a[NHA_FDB] != nullptr;
  out.gone = m.type == RTM_DELNEXTHOP;
  if (a[NHA_GROUP] != nullptr) {
    return decode_group(a.nested(NHA_GROUP), n.group) ? Decoded::kObject : Decoded::kMalformed;
  }
  const auto family = ip_family(h.nh_family);
  if (!family) return Decoded::kIgnored;
  n.family = *family;
  n.link = IfIndex{a.u32(NHA_OIF)};
  n.onlink = (h.nh_flags & RTNH_F_ONLINK) != 0;
  n.blackhole = a[NHA_BLACKHOLE] != nullptr;
  if (a[NHA_GATEWAY] != nullptr) {
    n.gateway = read_ip(a[NHA_GATEWAY]);
    if (!n.gateway || n.gateway->family != n.family) return Decoded::kMalformed;
  }
  return Decoded::kObject;
}

}  // namespace perd::netlink
