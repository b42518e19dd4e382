// Frames of hosts: what each says, what is not taken for a host, and that what perd sends is what
// the RFCs ask for. Goal: no length is trusted; every branch of the decoder has a row.
#include "netlink/host_packet.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace perd::netlink {
namespace {

std::vector<std::uint8_t> octets(std::string_view hex) {
  std::vector<std::uint8_t> out;
  unsigned value = 0;
  bool half = false;
  for (const char c : hex) {
    if (c == ' ') continue;
    const auto digit = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    value = half ? value << 4 | digit : digit;
    if (half) out.push_back(static_cast<std::uint8_t>(value));
    half = !half;
  }
  return out;
}

struct Case {
  std::string name;
  std::string frame;
  FrameKind kind;
  HostPacket packet;
};

HostPacket host(HostPacketKind kind, const char* mac, const char* address, bool router = false) {
  HostPacket p;
  p.kind = kind;
  p.mac = *parse_mac(mac);
  if (*address != '\0') p.address = *parse_ip(address);
  p.router = router;
  return p;
}

constexpr const char* kMac = "02:00:00:00:00:11";
const std::string kArpHead = "ffffffffffff 020000000011 0806 0001 0800 06 04 ";
const std::string kIcmpHead = "333300000001 020000000011 86dd 60000000 0020 3a ff ";
const std::string kSource = "fd000110 0000 0000 0000 0000 0000 000b ";
const std::string kGroup = "ff020000 0000 0000 0000 0000 0000 0001 ";
const std::string kTarget = "fd000110 0000 0000 0000 0000 0000 000c ";

const std::vector<Case>& cases() {
  using enum HostPacketKind;
  static const std::vector<Case> kCases{
      {"arp-request", kArpHead + "0001 020000000011 0a6e000b 000000000000 0a6e0001",
       FrameKind::kHost, host(kRequest, kMac, "10.110.0.11")},
      {"gratuitous-request", kArpHead + "0001 020000000011 0a6e000b 000000000000 0a6e000b",
       FrameKind::kHost, host(kAnnouncement, kMac, "10.110.0.11")},
      {"gratuitous-reply", kArpHead + "0002 020000000011 0a6e000b ffffffffffff 0a6e000c",
       FrameKind::kHost, host(kAnnouncement, kMac, "10.110.0.11")},
      {"reply",
       "0200000000fe 020000000011 0806 0001 0800 06 04 0002 020000000011 0a6e000b 0200000000fe "
       "0a6e0001",
       FrameKind::kHost, host(kReply, kMac, "10.110.0.11")},
      {"arp-probe",
       kArpHead + "0001 020000000011 00000000 000000000000 0a6e000b",
       FrameKind::kIgnored,
       {}},
      {"arp-proxy",
       kArpHead + "0002 020000000012 0a6e000b ffffffffffff 0a6e000b",
       FrameKind::kIgnored,
       {}},
      {"arp-multicast-sender",
       kArpHead + "0001 020000000011 e0000001 000000000000 0a6e000b",
       FrameKind::kIgnored,
       {}},
      {"arp-short",
       kArpHead + "0001 020000000011 0a6e000b 000000000000 0a6e00",
       FrameKind::kMalformed,
       {}},
      {"arp-odd-length",
       "ffffffffffff 020000000011 0806 0001 0800 08 04 0001 020000000011 0a6e000b "
       "000000000000 0a6e0001",
       FrameKind::kMalformed,
       {}},
      {"rarp",
       "ffffffffffff 020000000011 8035 0001 0800 06 04 0003 020000000011 00000000 020000000011 "
       "00000000",
       FrameKind::kHost, host(kRarp, kMac, "")},
      {"rarp-reply",
       "ffffffffffff 020000000011 8035 0001 0800 06 04 0004 020000000011 00000000 020000000011 "
       "00000000",
       FrameKind::kIgnored,
       {}},
      {"unsolicited-na",
       kIcmpHead + kSource + kGroup + "8800 0000 a0000000 " + kTarget + "0201 020000000011",
       FrameKind::kHost, host(kAnnouncement, kMac, "fd00:110::c", true)},
      {"solicited-na",
       kIcmpHead + kSource + kGroup + "8800 0000 60000000 " + kTarget + "0201 020000000011",
       FrameKind::kHost, host(kReply, kMac, "fd00:110::c")},
      {"na-without-option",
       "333300000001 020000000011 86dd 60000000 0018 3a ff " + kSource + kGroup +
           "8800 0000 20000000 " + kTarget,
       FrameKind::kHost, host(kAnnouncement, kMac, "fd00:110::c")},
      {"na-of-another",
       kIcmpHead + kSource + kGroup + "8800 0000 20000000 " + kTarget + "0201 020000000012",
       FrameKind::kIgnored,
       {}},
      {"ns", kIcmpHead + kSource + kGroup + "8700 0000 00000000 " + kTarget + "0101 020000000011",
       FrameKind::kHost, host(kRequest, kMac, "fd00:110::b")},
      {"ns-without-option",
       "333300000001 020000000011 86dd 60000000 0018 3a ff " + kSource + kGroup +
           "8700 0000 00000000 " + kTarget,
       FrameKind::kIgnored,
       {}},
      {"duplicate-address-detection",
       kIcmpHead + "00000000 0000 0000 0000 0000 0000 0000 " + kGroup + "8700 0000 00000000 " +
           kTarget + "0101 020000000011",
       FrameKind::kIgnored,
       {}},
      {"crossed-a-router",
       "333300000001 020000000011 86dd 60000000 0020 3a fe " + kSource + kGroup +
           "8800 0000 20000000 " + kTarget + "0201 020000000011",
       FrameKind::kMalformed,
       {}},
      {"option-of-no-length",
       kIcmpHead + kSource + kGroup + "8800 0000 20000000 " + kTarget + "0200 020000000011",
       FrameKind::kMalformed,
       {}},
      {"option-beyond-end",
       kIcmpHead + kSource + kGroup + "8800 0000 20000000 " + kTarget + "0202 020000000011",
       FrameKind::kMalformed,
       {}},
      {"length-beyond-end",
       "333300000001 020000000011 86dd 60000000 0028 3a ff " + kSource + kGroup +
           "8800 0000 20000000 " + kTarget + "0201 020000000011",
       FrameKind::kMalformed,
       {}},
      {"echo",
       kIcmpHead + kSource + kGroup + "8000 0000 20000000 " + kTarget + "0201 020000000011",
       FrameKind::kIgnored,
       {}},
      {"group-source",
       "ffffffffffff 030000000011 0806 0001 0800 06 04 0001 030000000011 0a6e000b "
       "000000000000 0a6e0001",
       FrameKind::kIgnored,
       {}},
      {"ipv4", "ffffffffffff 020000000011 0800 45000000", FrameKind::kIgnored, {}},
      {"nothing", "", FrameKind::kMalformed, {}},
  };
  return kCases;
}

class HostPacketDecode : public ::testing::TestWithParam<Case> {};

TEST_P(HostPacketDecode, SaysWhoTheHostIs) {
  const Case& c = GetParam();
  HostPacket got;
  EXPECT_EQ(decode_frame(octets(c.frame), got), c.kind);
  if (c.kind == FrameKind::kHost) {
    EXPECT_EQ(got, c.packet);
  }
}

TEST_P(HostPacketDecode, NeverReadsBeyondTheEnd) {
  const auto whole = octets(GetParam().frame);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(n));
    HostPacket got;
    const FrameKind kind = decode_frame(cut, got);
    EXPECT_TRUE(kind == FrameKind::kMalformed || kind == FrameKind::kIgnored) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Frames, HostPacketDecode, ::testing::ValuesIn(cases()), [](const auto& i) {
  std::string name = i.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

PacketSend send(HostPacketKind kind, const char* address, const char* source = "") {
  PacketSend s;
  s.packet = host(kind, kMac, address);
  s.packet.link = IfIndex{3};
  s.source_mac = *parse_mac("00:f3:00:00:00:6f");
  if (*source != '\0') s.source = *parse_ip(source);
  return s;
}

struct Sent {
  std::string name;
  PacketSend what;
  std::string frame;  // without padding
};

TEST(HostPacketEncode, AsTheRfcsAsk) {
  using enum HostPacketKind;
  const std::vector<Sent> rows{
      {"ARP request from the gateway", send(kRequest, "10.110.0.11", "10.110.0.1"),
       "020000000011 00f30000006f 0806 0001080006040001 00f30000006f 0a6e0001 000000000000 "
       "0a6e000b"},
      {"RFC 5227 probe", send(kRequest, "10.110.0.11"),
       "020000000011 00f30000006f 0806 0001080006040001 00f30000006f 00000000 000000000000 "
       "0a6e000b"},
      {"RFC 5227 announcement", send(kAnnouncement, "10.110.0.11"),
       "ffffffffffff 020000000011 0806 0001080006040001 020000000011 0a6e000b 000000000000 "
       "0a6e000b"},
      {"RARP", send(kRarp, ""),
       "ffffffffffff 020000000011 8035 0001080006040003 020000000011 00000000 020000000011 "
       "00000000"},
  };
  for (const Sent& row : rows) {
    std::vector<std::uint8_t> got;
    EXPECT_EQ(encode_frame(row.what, got), 0) << row.name;
    auto want = octets(row.frame);
    want.resize(60);
    EXPECT_EQ(got, want) << row.name;
  }
}

// RFC 1071: the sum over everything that the checksum covers, itself included, is all ones.
bool checksum_holds(const std::vector<std::uint8_t>& frame) {
  std::uint32_t sum = static_cast<std::uint32_t>(frame.size() - 54) + 58;
  for (std::size_t i = 22; i + 1 < frame.size(); i += 2) {
    sum += static_cast<std::uint32_t>(frame[i] << 8 | frame[i + 1]);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

TEST(HostPacketEncode, NeighbourDiscoveryComesBackAsWhatItSays) {
  std::vector<std::uint8_t> frame;
  HostPacket heard;
  // A solicitation names its sender, the gateway.
  ASSERT_EQ(encode_frame(send(HostPacketKind::kRequest, "fd00:110::b", "fd00:110::1"), frame), 0);
  EXPECT_TRUE(checksum_holds(frame));
  EXPECT_EQ(decode_frame(frame, heard), FrameKind::kHost);
  EXPECT_EQ(heard, host(HostPacketKind::kRequest, "00:f3:00:00:00:6f", "fd00:110::1"));
  // From nobody, it goes to the group of the address and to the host's own MAC.
  ASSERT_EQ(encode_frame(send(HostPacketKind::kRequest, "fd00:110::b"), frame), 0);
  EXPECT_TRUE(checksum_holds(frame));
  EXPECT_EQ(decode_frame(frame, heard), FrameKind::kIgnored);
  EXPECT_EQ(std::vector<std::uint8_t>(frame.begin(), frame.begin() + 6), octets("020000000011"));
  EXPECT_EQ(std::vector<std::uint8_t>(frame.begin() + 38, frame.begin() + 54),
            octets("ff02 0000 0000 0000 0000 0001 ff00 000b"));
  // An advertisement names the host.
  PacketSend announcement = send(HostPacketKind::kAnnouncement, "fd00:110::b");
  announcement.packet.router = true;
  ASSERT_EQ(encode_frame(announcement, frame), 0);
  EXPECT_TRUE(checksum_holds(frame));
  EXPECT_EQ(decode_frame(frame, heard), FrameKind::kHost);
  EXPECT_EQ(heard, host(HostPacketKind::kAnnouncement, kMac, "fd00:110::b", true));
}

TEST(HostPacketEncode, WhatCannotBeSaidIsRefused) {
  std::vector<std::uint8_t> frame;
  EXPECT_NE(encode_frame(send(HostPacketKind::kRequest, ""), frame), 0);
  EXPECT_NE(encode_frame(send(HostPacketKind::kRequest, "fd00:110::b", "10.0.0.1"), frame), 0);
  EXPECT_NE(encode_frame(send(HostPacketKind::kAnnouncement, "224.0.0.1"), frame), 0);
  EXPECT_NE(encode_frame(send(HostPacketKind::kReply, "10.110.0.11"), frame), 0);
  PacketSend group = send(HostPacketKind::kRarp, "");
  group.packet.mac = *parse_mac("03:00:00:00:00:11");
  EXPECT_NE(encode_frame(group, frame), 0);
}

}  // namespace
}  // namespace perd::netlink
