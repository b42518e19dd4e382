#include "netlink/host_packet.h"

#include <cerrno>

namespace perd::netlink {
namespace {

constexpr std::uint16_t kEtherArp = 0x0806;
constexpr std::uint16_t kEtherRarp = 0x8035;
constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint16_t kArpRequest = 1;
constexpr std::uint16_t kArpReply = 2;
constexpr std::uint16_t kRarpRequest = 3;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kHopLimit = 255;  // RFC 4861 7.1: nothing that crossed a router
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kOptionSource = 1;  // RFC 4861 4.6.1
constexpr std::uint8_t kOptionTarget = 2;
constexpr std::uint32_t kRouterFlag = 1U << 31;
constexpr std::uint32_t kSolicitedFlag = 1U << 30;
constexpr std::uint32_t kOverrideFlag = 1U << 29;
constexpr std::size_t kLeastFrame = 60;  // without the check sequence
constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
constexpr MacAddress kAllNodesMac{{0x33, 0x33, 0, 0, 0, 1}};

MacAddress read_mac(Reader& r) {
  MacAddress mac;
  r.copy_to(mac.octets);
  return mac;
}
IpAddress read_address(Reader& r, std::size_t size) {
  const Bytes octets = r.bytes(size);
  return r.failed() ? IpAddress{} : IpAddress::from_bytes(octets);
}

// An address that a host may have.
bool is_host(const IpAddress& a) {
  if (a.is_unspecified() || a.is_multicast() || a.is_loopback()) return false;
  return !a.is_v4() || a.v4_value() < 0xf0000000U;
}

FrameKind decode_arp(Reader& r, const MacAddress& to, const MacAddress& from, bool rarp,
                     HostPacket& out) {
  const bool ethernet = r.u16() == kHardwareEthernet;
  const bool ipv4 = r.u16() == kEtherIpv4;
  const bool lengths = r.u8() == 6 && r.u8() == 4;
  const std::uint16_t operation = r.u16();
  const MacAddress sender = read_mac(r);
  const IpAddress sender_address = read_address(r, 4);
  r.skip(6);
  const IpAddress target_address = read_address(r, 4);
  if (r.failed() || !lengths) return FrameKind::kMalformed;
  if (!ethernet || !ipv4 || !sender.is_unicast()) return FrameKind::kIgnored;
  out.mac = sender;
  if (rarp) {
    if (operation != kRarpRequest) return FrameKind::kIgnored;
    out.kind = HostPacketKind::kRarp;
    return FrameKind::kHost;
  }
  if (operation != kArpRequest && operation != kArpReply) return FrameKind::kIgnored;
  // A proxy speaks for others; a probe (RFC 5227 1.1) has no address yet.
  if (sender != from || !is_host(sender_address)) return FrameKind::kIgnored;
  out.address = sender_address;
  if (sender_address == target_address || (operation == kArpReply && to.is_multicast())) {
    out.kind = HostPacketKind::kAnnouncement;
  } else {
    out.kind = operation == kArpReply ? HostPacketKind::kReply : HostPacketKind::kRequest;
  }
  return FrameKind::kHost;
}

// The link-layer address of an option; zero when there is none. False: an option that cannot be.
bool read_option(Reader& r, std::uint8_t wanted, MacAddress& mac) {
  while (r.remaining() > 0) {
    const std::uint8_t type = r.u8();
    const std::uint8_t units = r.u8();
    if (units == 0) return false;  // RFC 4861 4.6: such a packet is discarded
    Reader body = r.sub(units * std::size_t{8} - 2);
    if (r.failed()) return false;
    if (type == wanted && units == 1) mac = read_mac(body);
  }
  return !r.failed();
}

FrameKind decode_discovery(Reader& r, const MacAddress& from, HostPacket& out) {
  r.skip(4);
  const std::uint16_t length = r.u16();
  const std::uint8_t next = r.u8();
  const std::uint8_t hops = r.u8();
  const IpAddress source = read_address(r, 16);
  r.skip(16);
  Reader body = r.sub(length);
  const std::uint8_t type = body.u8();
  const std::uint8_t code = body.u8();
  body.skip(2);
  const std::uint32_t flags = body.u32();
  const IpAddress target = read_address(body, 16);
  if (r.failed()) return FrameKind::kMalformed;
  if (next != kIcmpv6 || (type != kSolicitation && type != kAdvertisement)) {
    return FrameKind::kIgnored;
  }
  if (body.failed() || code != 0 || hops != kHopLimit) return FrameKind::kMalformed;
  const bool advertisement = type == kAdvertisement;
  MacAddress mac;
  if (!read_option(body, advertisement ? kOptionTarget : kOptionSource, mac)) {
    return FrameKind::kMalformed;
  }
  // An advertisement may leave the option out; a solicitation without it says nothing of its
  // sender.
  if (advertisement && mac.is_zero()) mac = from;
  const IpAddress& address = advertisement ? target : source;
  if (mac != from || !is_host(address)) return FrameKind::kIgnored;
  out.mac = mac;
  out.address = address;
  out.router = advertisement && (flags & kRouterFlag) != 0;
  out.kind = HostPacketKind::kRequest;
  if (advertisement) {
    out.kind =
        (flags & kSolicitedFlag) != 0 ? HostPacketKind::kReply : HostPacketKind::kAnnouncement;
  }
  return FrameKind::kHost;
}

void put_ethernet(Writer& w, const MacAddress& to, const MacAddress& from, std::uint16_t type) {
  w.bytes(to.octets);
  w.bytes(from.octets);
  w.u16(type);
}

void put_arp(Writer& w, std::uint16_t operation, const MacAddress& sender,
             const IpAddress& sender_address, const MacAddress& target,
             const IpAddress& target_address) {
  w.u16(kHardwareEthernet);
  w.u16(kEtherIpv4);
  w.u8(6);
  w.u8(4);
  w.u16(operation);
  w.bytes(sender.octets);
  w.u32(sender_address.v4_value());
  w.bytes(target.octets);
  w.u32(target_address.v4_value());
}

void put_checksum(std::vector<std::uint8_t>& frame, std::size_t ip_at) {
  constexpr std::size_t kHeader = 40;
  constexpr std::size_t kAddresses = 8;
  const std::size_t body = ip_at + kHeader;
  // RFC 8200 8.1: over the addresses, the length, the next header and the message.
  std::uint32_t sum = static_cast<std::uint32_t>(frame.size() - body) + kIcmpv6;
  for (std::size_t i = ip_at + kAddresses; i < frame.size(); i += 2) {
    sum += static_cast<std::uint32_t>(frame[i] << 8 | frame[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  Writer{frame}.patch_u16(body + 2, static_cast<std::uint16_t>(~sum));
}

struct Discovery {
  MacAddress to{}, from{};
  IpAddress source{}, destination{}, target{};
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  std::uint8_t option = 0;  // 0: none
};

void put_discovery(std::vector<std::uint8_t>& out, const Discovery& d) {
  Writer w{out};
  put_ethernet(w, d.to, d.from, kEtherIpv6);
  const std::size_t ip_at = w.size();
  w.u32(6U << 28);
  w.u16(d.option != 0 ? 32 : 24);
  w.u8(kIcmpv6);
  w.u8(kHopLimit);
  w.bytes(d.source.octets);
  w.bytes(d.destination.octets);
  w.u8(d.type);
  w.u8(0);
  w.u16(0);
  w.u32(d.flags);
  w.bytes(d.target.octets);
  if (d.option != 0) {
    w.u8(d.option);
    w.u8(1);
    w.bytes(d.from.octets);
  }
  put_checksum(out, ip_at);
}

// RFC 4291 2.7.1.
IpAddress solicited_node(const IpAddress& a) {
  IpAddress group;
  group.family = IpFamily::kIpv6;
  group.octets = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  for (std::size_t i = 13; i < 16; ++i) group.octets[i] = a.octets[i];
  return group;
}

IpAddress all_nodes() {
  IpAddress group;
  group.family = IpFamily::kIpv6;
  group.octets = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return group;
}

int encode_request(const PacketSend& send, std::vector<std::uint8_t>& out) {
  const HostPacket& p = send.packet;
  if (!p.mac.is_unicast() || !send.source_mac.is_unicast() || !is_host(p.address)) return EINVAL;
  const bool known = !send.source.is_unspecified();
  if (known && send.source.family != p.address.family) return EINVAL;
  if (p.address.is_v4()) {
    Writer w{out};
    put_ethernet(w, p.mac, send.source_mac, kEtherArp);
    put_arp(w, kArpRequest, send.source_mac, known ? send.source : IpAddress{}, {}, p.address);
    return 0;
  }
  Discovery d;
  d.to = p.mac;
  d.from = send.source_mac;
  d.type = kSolicitation;
  d.target = p.address;
  d.source.family = IpFamily::kIpv6;
  // RFC 4861 4.3: from the unspecified address to the group and without the option.
  d.destination = known ? p.address : solicited_node(p.address);
  if (known) d.source = send.source, d.option = kOptionSource;
  put_discovery(out, d);
  return 0;
}

int encode_announcement(const HostPacket& p, std::vector<std::uint8_t>& out) {
  if (!p.mac.is_unicast() || !is_host(p.address)) return EINVAL;
  if (p.address.is_v4()) {
    Writer w{out};
    put_ethernet(w, kBroadcast, p.mac, kEtherArp);
    put_arp(w, kArpRequest, p.mac, p.address, {}, p.address);  // RFC 5227 3
    return 0;
  }
  Discovery d;
  d.to = kAllNodesMac;
  d.from = p.mac;
  d.source = d.target = p.address;
  d.destination = all_nodes();
  d.type = kAdvertisement;
  d.flags = kOverrideFlag | (p.router ? kRouterFlag : 0U);
  d.option = kOptionTarget;
  put_discovery(out, d);
  return 0;
}

}  // namespace

FrameKind decode_frame(Bytes frame, HostPacket& out) {
  out = HostPacket{};
  Reader r{frame};
  const MacAddress to = read_mac(r);
  const MacAddress from = read_mac(r);
  const std::uint16_t type = r.u16();
  if (r.failed()) return FrameKind::kMalformed;
  if (!from.is_unicast()) return FrameKind::kIgnored;
  switch (type) {
    case kEtherArp:
      return decode_arp(r, to, from, false, out);
    case kEtherRarp:
      return decode_arp(r, to, from, true, out);
    case kEtherIpv6:
      return decode_discovery(r, from, out);
    default:
      return FrameKind::kIgnored;
  }
}

int encode_frame(const PacketSend& send, std::vector<std::uint8_t>& out) {
  out.clear();
  int error = EINVAL;
  switch (send.packet.kind) {
    case HostPacketKind::kRequest:
      error = encode_request(send, out);
      break;
    case HostPacketKind::kAnnouncement:
      error = encode_announcement(send.packet, out);
      break;
    case HostPacketKind::kRarp: {
      if (!send.packet.mac.is_unicast()) break;
      Writer w{out};
      put_ethernet(w, kBroadcast, send.packet.mac, kEtherRarp);
      put_arp(w, kRarpRequest, send.packet.mac, {}, send.packet.mac, {});
      error = 0;
      break;
    }
    case HostPacketKind::kReply:
      break;  // perd answers for nobody: the kernel does
  }
  if (error == 0 && out.size() < kLeastFrame) out.resize(kLeastFrame);
  return error;
}

}  // namespace perd::netlink
