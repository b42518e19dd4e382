#include "netlink/codec.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "netlink/address_codec.h"
#include "netlink/link_codec.h"
#include "netlink/neighbour_codec.h"
#include "netlink/next_hop_codec.h"
#include "netlink/route_codec.h"
#include "netlink/rule_codec.h"
#include "perd/overloaded.h"

namespace perd::netlink {

namespace {

template <class Header>
void dump_message(MessageBuilder& b, std::uint16_t type, const Header& h) {
  b.begin(type, NLM_F_DUMP);
  b.header(h);
}

void dump_routes(MessageBuilder& b, std::uint8_t family) {
  rtmsg h{};
  h.rtm_family = family;
  dump_message(b, RTM_GETROUTE, h);
}

void dump_neighbours(MessageBuilder& b, std::uint8_t family) {
  ndmsg h{};
  h.ndm_family = family;
  dump_message(b, RTM_GETNEIGH, h);
}

template <class T, class Decode>
Decoded decode_as(const MessageView& m, Decode decode, std::optional<KernelEvent>& out) {
  Seen<T>& seen = std::get<Seen<T>>(out.emplace(std::in_place_type<Seen<T>>));
  const Decoded d = decode(m, seen);
  if (d != Decoded::kObject) out.reset();
  return d;
}

}  // namespace

int encode_op(MessageBuilder& b, const KernelOp& op, BatchBuffer& out) {
  const std::size_t octets_before = out.octets.size();
  const std::uint32_t sequence_before = out.next_sequence;
  const int error =
      std::visit(Overloaded{
                     [&](const LinkCreate& o) { return encode_create(b, o, out); },
                     [&](const LinkChange& o) { return encode_change(b, o, out); },
                     [&](const LinkErase& o) { return encode_erase(b, o, out); },
                     [&](const AddressPut& o) { return encode_put(b, o, out); },
                     [&](const AddressErase& o) { return encode_erase(b, o.address, out); },
                     [&](const NeighbourPut& o) { return encode_put(b, o.neighbour, out); },
                     [&](const NeighbourErase& o) { return encode_erase(b, o, out); },
                     [&](const FdbPut& o) { return encode_put(b, o, out); },
                     [&](const FdbErase& o) { return encode_erase(b, o, out); },
                     [&](const NextHopPut& o) { return encode_put(b, o.next_hop, out); },
                     [&](const NextHopErase& o) { return encode_erase(b, o, out); },
                     [&](const RoutePut& o) { return encode_put(b, o.route, out); },
                     [&](const RouteErase& o) { return encode_erase(b, o.route, out); },
                     [&](const RulePut& o) { return encode_put(b, o.rule, out); },
                     [&](const RuleErase& o) { return encode_erase(b, o.rule, out); },
                     [&](const SysctlPut&) { return EOPNOTSUPP; },
                     [&](const PortListen&) { return EOPNOTSUPP; },
                     [&](const PacketSend&) { return EOPNOTSUPP; },
                     [&](const DumpRequest&) { return EOPNOTSUPP; },
                 },
                 op.what);
  if (error != 0) {
    out.octets.resize(octets_before);
    out.next_sequence = sequence_before;
  }
  return error;
}

int encode_dump(MessageBuilder& b, DumpKind kind, BatchBuffer& out) {
  switch (kind) {
    case DumpKind::kLinks:
      dump_message(b, RTM_GETLINK, ifinfomsg{});
      break;
    case DumpKind::kAddresses:
      dump_message(b, RTM_GETADDR, ifaddrmsg{});
      break;
    case DumpKind::kNeighbours:
      dump_neighbours(b, AF_UNSPEC);
      break;
    case DumpKind::kFdb:
      dump_neighbours(b, AF_BRIDGE);
      break;
    case DumpKind::kNextHops:
      dump_message(b, RTM_GETNEXTHOP, nhmsg{});
      break;
    case DumpKind::kRoutesV4:
      dump_routes(b, AF_INET);
      break;
    case DumpKind::kRoutesV6:
      dump_routes(b, AF_INET6);
      break;
    case DumpKind::kRules:
      dump_message(b, RTM_GETRULE, fib_rule_hdr{});
      break;
  }
  return b.finish(out) ? 0 : EMSGSIZE;
}

int encode_barrier(MessageBuilder& b, BatchBuffer& out) {
  b.begin(NLMSG_NOOP, NLM_F_ACK);
  return b.finish(out) ? 0 : EMSGSIZE;
}

Decoded decode(const MessageView& m, std::optional<KernelEvent>& out) {
  switch (m.type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return decode_as<Route>(m, decode_route, out);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      if (!m.payload.empty() && m.payload.front() == AF_BRIDGE) {
        return decode_as<FdbEntry>(m, decode_fdb, out);
      }
      return decode_as<Neighbour>(m, decode_neighbour, out);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return decode_as<NextHop>(m, decode_next_hop, out);
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return decode_as<Link>(m, decode_link, out);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return decode_as<Address>(m, decode_address, out);
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return decode_as<Rule>(m, decode_rule, out);
    default:
      out.reset();
      return Decoded::kIgnored;
  }
}

std::optional<Answer> decode_answer(const MessageView& m) {
  nlmsgerr e{};
  Bytes rest;
  if (!m.read_header(e, rest)) return std::nullopt;
  Answer answer;
  answer.error = e.error < 0 ? -e.error : 0;
  if ((m.flags & NLM_F_ACK_TLVS) == 0) return answer;
  if ((m.flags & NLM_F_CAPPED) == 0) {  // the request's payload comes first
    const std::size_t request = NLMSG_ALIGN(std::size_t{e.msg.nlmsg_len});
    if (request < sizeof e.msg || request - sizeof e.msg > rest.size()) return answer;
    rest = rest.subspan(request - sizeof e.msg);
  }
  Attributes<NLMSGERR_ATTR_MAX> a;
  if (a.parse(rest, LeastLengths<NLMSGERR_ATTR_MAX>{})) answer.text = a.string(NLMSGERR_ATTR_MSG);
  return answer;
}

int decode_done(const MessageView& m) {
  std::int32_t error = 0;
  if (m.payload.size() < sizeof error) return 0;
  std::memcpy(&error, m.payload.data(), sizeof error);
  return error < 0 ? -error : 0;
}

}  // namespace perd::netlink
