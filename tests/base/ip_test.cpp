// Goal: addresses and prefixes mean what RFC 4291, 5952 and 4271 say. Method: tables.
#include "perd/ip.h"

#include <gtest/gtest.h>

#include "perd/bytes.h"

namespace perd {
namespace {

IpAddress ip(const char* text) { return *parse_ip(text); }

TEST(IpAddress, TextBothWays) {
  for (const char* text : {"0.0.0.0", "192.168.10.1", "255.255.255.255", "::", "::1", "fe80::1",
                           "2001:db8::1:0:0:1", "::ffff:192.0.2.1"}) {
    ASSERT_TRUE(parse_ip(text)) << text;
    EXPECT_EQ(to_string(ip(text)), text);
  }
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4 ", "::g",
                          ":::", "1:2:3:4:5:6:7:8:9", "example", "192.168.1.1/24"}) {
    EXPECT_FALSE(parse_ip(bad)) << bad;
  }
}

TEST(IpAddress, Kinds) {
  struct Case {
    const char* text;
    bool martian, loopback, multicast, link_local;
  };
  const Case cases[] = {
      {"10.0.0.1", false, false, false, false},
      {"0.1.2.3", true, false, false, false},
      {"127.0.0.1", true, true, false, false},
      {"224.0.0.1", true, false, true, false},
      {"240.0.0.1", true, false, false, false},
      {"255.255.255.255", true, false, false, false},
      {"169.254.1.1", false, false, false, true},
      {"::", true, false, false, false},
      {"::1", true, true, false, false},
      {"ff02::1", true, false, true, false},
      {"fe80::1", false, false, false, true},
      {"febf::1", false, false, false, true},
      {"fec0::1", false, false, false, false},
      {"::ffff:127.0.0.1", true, false, false, false},
      {"::ffff:10.0.0.1", false, false, false, false},
      {"2001:db8::1", false, false, false, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(ip(c.text).is_martian_next_hop(), c.martian);
    EXPECT_EQ(ip(c.text).is_loopback(), c.loopback);
    EXPECT_EQ(ip(c.text).is_multicast(), c.multicast);
    EXPECT_EQ(ip(c.text).is_link_local(), c.link_local);
  }
  EXPECT_EQ(to_string(ip("192.0.2.1").to_v4_mapped()), "::ffff:192.0.2.1");
  EXPECT_EQ(IpAddress::v4(0xc0000201), ip("192.0.2.1"));
  EXPECT_EQ(ip("192.0.2.1").v4_value(), 0xc0000201U);
}

TEST(IpPrefix, MasksAndContains) {
  EXPECT_EQ(to_string(IpPrefix::make(ip("192.168.11.77"), 23)), "192.168.10.0/23");
  EXPECT_EQ(to_string(IpPrefix::make(ip("192.168.11.77"), 0)), "0.0.0.0/0");
  EXPECT_EQ(to_string(IpPrefix::make(ip("2001:db8:ffff::1"), 33)), "2001:db8:8000::/33");
  EXPECT_EQ(to_string(IpPrefix::host(ip("fd00::1"))), "fd00::1/128");
  struct Case {
    const char *outer, *inner;
    bool want;
  };
  const Case cases[] = {
      {"10.0.0.0/8", "10.255.0.0/16", true}, {"10.0.0.0/8", "11.0.0.0/16", false},
      {"10.0.0.0/8", "10.0.0.0/7", false},   {"0.0.0.0/0", "1.2.3.4/32", true},
      {"0.0.0.0/0", "::/0", false},          {"::/0", "fd00::/8", true},
      {"10.0.0.0/31", "10.0.0.1/32", true},  {"10.0.0.0/31", "10.0.0.2/32", false}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.outer) + " contains " + c.inner);
    EXPECT_EQ(parse_prefix(c.outer, true)->contains(*parse_prefix(c.inner, true)), c.want);
  }
}

TEST(IpPrefix, ParsingRefusesHostBitsUnlessAsked) {
  EXPECT_FALSE(parse_prefix("10.0.0.1/8"));
  EXPECT_EQ(to_string(*parse_prefix("10.0.0.1/8", true)), "10.0.0.0/8");
  for (const char* bad : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "::/129", "10.0.0.0/08"}) {
    EXPECT_FALSE(parse_prefix(bad)) << bad;
  }
  EXPECT_EQ(to_string(*parse_interface_address("192.168.11.2/24")), "192.168.11.2/24");
}

TEST(Reader, StaysFailedAndGivesZeroes) {
  const std::uint8_t octets[] = {1, 2, 3, 4, 5};
  Reader r{octets};
  EXPECT_EQ(r.u16(), 0x0102);
  EXPECT_EQ(r.u24(), 0x030405U);
  EXPECT_TRUE(r.done());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_TRUE(r.failed());
  EXPECT_FALSE(r.done());
  EXPECT_EQ(r.remaining(), 0U);

  Reader outer{octets};
  Reader inner = outer.sub(4);
  EXPECT_EQ(inner.u32(), 0x01020304U);
  EXPECT_TRUE(inner.done());
  EXPECT_EQ(outer.remaining(), 1U);
  Reader too_long = outer.sub(2);
  EXPECT_TRUE(too_long.failed() && outer.failed());
}

TEST(Writer, PatchesLengths) {
  std::vector<std::uint8_t> out;
  Writer w{out};
  const auto at = w.hole(2);
  w.u24(0x010203);
  w.u64(4);
  w.patch_u16(at, static_cast<std::uint16_t>(w.size()));
  EXPECT_EQ(out, (std::vector<std::uint8_t>{0, 13, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 4}));
}

}  // namespace
}  // namespace perd
