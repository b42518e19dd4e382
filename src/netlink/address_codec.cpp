#include "netlink/address_codec.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace perd::netlink {

namespace {

int encode(MessageBuilder& b, std::uint16_t type, unsigned flags, const Address& a, bool no_dad,
           BatchBuffer& out) {
  const IpAddress& ip = a.address.address;
  if (a.address.length > ip.bits()) return EINVAL;
  ifaddrmsg h{};
  h.ifa_family = address_family(ip.family);
  h.ifa_prefixlen = a.address.length;
  h.ifa_scope = ip.is_loopback() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  h.ifa_index = a.link.value;
  b.begin(type, flags);
  b.header(h);
  b.put(IFA_LOCAL, ip.bytes());
  b.put(IFA_ADDRESS, ip.bytes());
  if (no_dad && ip.is_v6()) b.put_u32(IFA_FLAGS, IFA_F_NODAD);
  return b.finish(out) ? 0 : EMSGSIZE;
}

}  // namespace

int encode_put(MessageBuilder& b, const AddressPut& put, BatchBuffer& out) {
  return encode(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, put.address, put.no_dad, out);
}

int encode_erase(MessageBuilder& b, const Address& address, BatchBuffer& out) {
  return encode(b, RTM_DELADDR, 0, address, false, out);
}

Decoded decode_address(const MessageView& m, Seen<Address>& out) {
  ifaddrmsg h{};
  Bytes octets;
  if (!m.read_header(h, octets)) return Decoded::kMalformed;
  const auto family = ip_family(h.ifa_family);
  if (!family) return Decoded::kIgnored;
  Attributes<IFA_MAX> a;
  if (!a.parse(octets, LeastLengths<IFA_MAX>{})) return Decoded::kMalformed;
  const nlattr* value = a[IFA_LOCAL] != nullptr ? a[IFA_LOCAL] : a[IFA_ADDRESS];
  if (value == nullptr) return Decoded::kIgnored;
  const auto ip = read_ip(value);
  if (!ip || ip->family != *family || h.ifa_prefixlen > ip->bits()) return Decoded::kMalformed;
  out.object = Address{IfIndex{h.ifa_index}, InterfaceAddress{*ip, h.ifa_prefixlen}};
  out.gone = m.type == RTM_DELADDR;
  return Decoded::kObject;
}

}  // namespace perd::netlink
