#include "netlink/rule_codec.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cerrno>

namespace perd::netlink {

namespace {

constexpr auto kLengths = [] {
  LeastLengths<FRA_MAX> least{};
  least[FRA_PRIORITY] = 4;
  least[FRA_TABLE] = 4;
  least[FRA_PROTOCOL] = 1;
  least[FRA_FWMARK] = 4;
  least[FRA_L3MDEV] = 1;
  return least;
}();

int encode(MessageBuilder& b, std::uint16_t type, unsigned flags, const Rule& r, BatchBuffer& out) {
  if (r.iif.size() >= IFNAMSIZ) return EINVAL;
  fib_rule_hdr h{};
  h.family = address_family(r.family);
  h.action = FR_ACT_TO_TBL;
  h.table = static_cast<std::uint8_t>(r.table.value < 256 ? r.table.value : RT_TABLE_UNSPEC);
  b.begin(type, flags);
  b.header(h);
  b.put_u32(FRA_PRIORITY, r.priority);
  if (!r.iif.empty()) b.put_string(FRA_IIFNAME, r.iif);
  if (r.table.value > UINT8_MAX) b.put_u32(FRA_TABLE, r.table.value);  // else in the header
  if (r.protocol != 0) b.put_u8(FRA_PROTOCOL, r.protocol);
  return b.finish(out) ? 0 : EMSGSIZE;
}

// Selectors that Rule has no field for.
bool has_other_selector(const fib_rule_hdr& h, const Attributes<FRA_MAX>& a) {
  if (h.dst_len != 0 || h.src_len != 0 || h.tos != 0) return true;
  if ((h.flags & FIB_RULE_INVERT) != 0) return true;
  for (const int type : {FRA_FWMARK, FRA_TUN_ID, FRA_OIFNAME, FRA_UID_RANGE, FRA_IP_PROTO,
                         FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_SRC, FRA_DST}) {
    if (a[type] != nullptr) return true;
  }
  return a.u8(FRA_L3MDEV) != 0;
}

}  // namespace

int encode_put(MessageBuilder& b, const Rule& rule, BatchBuffer& out) {
  return encode(b, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, out);
}

int encode_erase(MessageBuilder& b, const Rule& rule, BatchBuffer& out) {
  return encode(b, RTM_DELRULE, 0, rule, out);
}

Decoded decode_rule(const MessageView& m, Seen<Rule>& out) {
  fib_rule_hdr h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  const auto family = ip_family(h.family);
  if (!family) return Decoded::kIgnored;
  Attributes<FRA_MAX> a;
  if (!a.parse(octets, kLengths)) return Decoded::kMalformed;
  if (h.action != FR_ACT_TO_TBL || has_other_selector(h, a)) return Decoded::kIgnored;
  Rule& r = out.object;
  r.family = *family;
  r.priority = a.u32(FRA_PRIORITY);
  r.iif = a.string(FRA_IIFNAME);
  r.table = TableId{a.u32(FRA_TABLE, h.table)};
  r.protocol = a.u8(FRA_PROTOCOL);
  out.gone = m.type == RTM_DELRULE;
  return Decoded::kObject;
}

}  // namespace perd::netlink
