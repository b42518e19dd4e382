// Goal: OPEN and its capabilities: values, errors of RFC 4271 6.2 with their subcodes, both lengths
// of optional parameters (RFC 9072), and tolerance for what perd does not know.
#include "bgp/wire/capabilities.h"
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

// Version 4, AS 64512, hold time 180, identifier 192.0.2.1.
const std::string kFixed = "04fc0000b4c0000201";

Octets open_body(const std::string& parameters) {
  Octets out = from_hex(kFixed);
  const Octets p = from_hex(parameters);
  out.push_back(static_cast<std::uint8_t>(p.size()));
  out.insert(out.end(), p.begin(), p.end());
  return out;
}
// One parameter with these capabilities.
Octets with_capabilities(const std::string& capabilities) {
  return open_body(attribute("02", capabilities));
}

TEST(Open, Errors) {
  struct Case {
    const char* name;
    Octets body;
    const char* error;
    const char* data;
  };
  const Case cases[] = {
      {"version 3", from_hex("03fc0000b4c000020100"),
       "OPEN Message Error/Unsupported Version Number", "0004"},
      {"version 5", from_hex("05fc0000b4c000020100"),
       "OPEN Message Error/Unsupported Version Number", "0004"},
      {"AS 0", from_hex("04000000b4c000020100"), "OPEN Message Error/Bad Peer AS", ""},
      {"four-octet AS 0", with_capabilities("410400000000"), "OPEN Message Error/Bad Peer AS", ""},
      {"hold time 1", from_hex("04fc000001c000020100"), "OPEN Message Error/Unacceptable Hold Time",
       ""},
      {"hold time 2", from_hex("04fc000002c000020100"), "OPEN Message Error/Unacceptable Hold Time",
       ""},
      {"identifier 0", from_hex("04fc0000b40000000000"), "OPEN Message Error/Bad BGP Identifier",
       ""},
      {"unknown parameter", open_body("0100"), "OPEN Message Error/Unsupported Optional Parameter",
       ""},
      {"too short", from_hex(kFixed), "Message Header Error/Bad Message Length", "001c"},
      {"parameters too long", from_hex(kFixed + "04020200"), "OPEN Message Error", ""},
      {"octets behind the parameters", from_hex(kFixed + "0000"), "OPEN Message Error", ""},
      {"parameter runs past", open_body("020502"), "OPEN Message Error", ""},
      {"parameter cut", open_body("02"), "OPEN Message Error", ""},
      {"capability runs past",
       with_capabilities("020100"
                         "4106"),
       "OPEN Message Error", ""},
      {"capability cut", with_capabilities("02"), "OPEN Message Error", ""},
      {"multiprotocol of 3", with_capabilities("0103000100"), "OPEN Message Error", ""},
      {"multiprotocol of 5", with_capabilities("01050001000100"), "OPEN Message Error", ""},
      {"four-octet AS of 2", with_capabilities("4102fc00"), "OPEN Message Error", ""},
      {"four-octet AS of 0", with_capabilities("4100"), "OPEN Message Error", ""},
      {"route refresh of 1", with_capabilities("020100"), "OPEN Message Error", ""},
      {"enhanced refresh of 1", with_capabilities("460100"), "OPEN Message Error", ""},
      {"extended message of 1", with_capabilities("060100"), "OPEN Message Error", ""},
      {"add-path of 3", with_capabilities("4503000101"), "OPEN Message Error", ""},
      {"graceful restart of 1", with_capabilities("400140"), "OPEN Message Error", ""},
      {"graceful restart of 5", with_capabilities("4005c078000101"), "OPEN Message Error", ""},
      {"extended next hop of 5", with_capabilities("05050001000100"), "OPEN Message Error", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto open = decode_open(c.body);
    ASSERT_FALSE(open);
    EXPECT_EQ(to_string(open.error()), c.error);
    EXPECT_EQ(to_hex(open.error().data), c.data);
  }
}

TEST(Open, PlainOne) {
  const auto open = decode_open(open_body(""));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->asn, Asn{64512});
  EXPECT_EQ(open->hold_time_seconds, 180);
  EXPECT_EQ(open->id, parse_router_id("192.0.2.1"));
  EXPECT_EQ(open->capabilities, Capabilities{});
  EXPECT_TRUE(decode_open(from_hex("04fc000000c000020100")));  // no hold timer at all
  EXPECT_TRUE(decode_open(from_hex("04fc000003c000020100")));
}

TEST(Open, Capabilities) {
  const auto open = decode_open(open_body(attribute("02",
                                                    "010400010001"
                                                    "010400190046"
                                                    "0200") +
                                          attribute("02",
                                                    "4600"
                                                    "0600"
                                                    "4104fa56ea01") +
                                          attribute("02",
                                                    "450c00010101"
                                                    "00190003"
                                                    "00194602") +
                                          attribute("02",
                                                    "400ac07800010180"
                                                    "00194600") +
                                          attribute("02", "0506000100010002") +
                                          attribute("02", "490703506742024c6f")));
  ASSERT_TRUE(open) << to_string(open.error());
  const Capabilities& c = open->capabilities;
  EXPECT_EQ(c.multiprotocol, (std::vector<AfiSafi>{{1, 1}, {25, 70}}));
  EXPECT_TRUE(c.route_refresh);
  EXPECT_TRUE(c.enhanced_route_refresh);
  EXPECT_TRUE(c.extended_message);
  EXPECT_EQ(c.four_octet_as, Asn{4200000001});
  EXPECT_EQ(open->asn, Asn{4200000001});
  // The tuple 25/0 with mode 3 is kept, its family is for the session to judge.
  EXPECT_EQ(c.add_path, (std::vector<AddPathFamily>{{1, 1, 1}, {25, 0, 3}, {25, 70, 2}}));
  ASSERT_TRUE(c.graceful_restart);
  EXPECT_TRUE(c.graceful_restart->restarting);
  EXPECT_TRUE(c.graceful_restart->notification);
  EXPECT_EQ(c.graceful_restart->restart_time_seconds, 120);
  EXPECT_EQ(c.graceful_restart->families,
            (std::vector<GracefulRestartFamily>{{1, 1, true}, {25, 70, false}}));
  EXPECT_EQ(c.extended_next_hop, (std::vector<ExtendedNextHop>{{1, 1, 2}}));
  EXPECT_EQ(c.fqdn, (Fqdn{"PgB", "Lo"}));
  EXPECT_TRUE(c.unknown.empty());
}

TEST(Open, OddCapabilitiesAreTolerated) {
  struct Case {
    const char* name;
    const char* capabilities;
    std::size_t unknown;
  };
  const Case cases[] = {
      {"LLGR of any length", "4701ff", 1},
      {"software version", "4b0403302e31", 1},
      {"software version longer than itself", "4b04ff302e31", 1},
      {"FQDN longer than itself", "4903ff6162", 1},
      {"FQDN empty", "4900", 1},
      {"FQDN with octets behind", "490401610000", 1},
      {"old route refresh", "8000", 1},
      {"the same twice", "80008000", 1},
      {"role", "090104", 1},
      {"dynamic", "4300", 1},
      {"paths limit", "4c050001010000", 1},
      {"add-path mode 0", "450400010100", 0},
      {"add-path mode 4", "450400010104", 0},
      {"add-path empty", "4500", 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto open = decode_open(with_capabilities(c.capabilities));
    ASSERT_TRUE(open) << to_string(open.error());
    EXPECT_EQ(open->capabilities.unknown.size(), c.unknown);
    EXPECT_TRUE(open->capabilities.add_path.empty());
  }
}

TEST(Open, RepeatedCapabilities) {
  // The same family twice is one (RFC 5492 4); of graceful restart the last counts (RFC 4724 3).
  const auto open =
      decode_open(with_capabilities("010400010001"
                                    "010400010001"
                                    "40028001"
                                    "40024002"
                                    "41040000fde8"
                                    "41040000fde9"));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->capabilities.multiprotocol.size(), 1U);
  EXPECT_EQ(open->capabilities.graceful_restart->restart_time_seconds, 2);
  EXPECT_TRUE(open->capabilities.graceful_restart->notification);
  EXPECT_EQ(open->asn, Asn{65000});
}

TEST(Open, FqdnIsMadePrintable) {
  const auto open = decode_open(with_capabilities("4906031b5b6d0161"));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->capabilities.fqdn, (Fqdn{"?[m", "a"}));
}

TEST(Open, ExtendedParameterLength) {  // RFC 9072 2
  const std::string capability =
      "0200"
      "010400190046";
  for (const std::string head : {"ffff000b", "01ff000b", "feff000b"}) {
    SCOPED_TRACE(head);  // the plain length does not count, unless it is zero
    const auto open = decode_open(from_hex(kFixed + head + "020008" + capability));
    ASSERT_TRUE(open) << to_string(open.error());
    EXPECT_TRUE(open->capabilities.route_refresh);
    EXPECT_EQ(open->capabilities.multiprotocol, (std::vector<AfiSafi>{{25, 70}}));
  }
  EXPECT_TRUE(decode_open(from_hex(kFixed + "ffff0000")));
  for (const std::string bad : {"00ff000b", "ffff000a", "ffff000c", "ffffffff"}) {
    SCOPED_TRACE(bad);
    const auto open = decode_open(from_hex(kFixed + bad + "020008" + capability));
    ASSERT_FALSE(open);
    EXPECT_EQ(to_string(open.error()), "OPEN Message Error");
  }
  EXPECT_FALSE(decode_open(from_hex(kFixed + "ff")));
  EXPECT_FALSE(decode_open(from_hex(kFixed + "ffff")));
  EXPECT_FALSE(decode_open(from_hex(kFixed + "ffff00")));
}

TEST(Open, LongOnesUseTheExtendedLength) {
  Open open;
  open.asn = Asn{65001};
  open.id = RouterId{1};
  for (std::uint8_t code = 200; code < 203; ++code) {
    open.capabilities.unknown.push_back({code, Octets(100, code)});
  }
  Octets out;
  encode_open(open, out);
  EXPECT_EQ(out[kHeaderSize + 9], 255);
  EXPECT_EQ(out[kHeaderSize + 10], 255);
  EXPECT_EQ(decode_open(body_of(out)), open);

  open.capabilities.unknown.resize(2);
  out.clear();
  encode_open(open, out);
  EXPECT_EQ(out[kHeaderSize + 9], 208);
  EXPECT_EQ(decode_open(body_of(out)), open);
  // One capability of 255 octets does not fit a plain parameter.
  open.capabilities.unknown = {{200, Octets(255, 7)}};
  out.clear();
  encode_open(open, out);
  EXPECT_EQ(decode_open(body_of(out)), open);
}

TEST(Open, CapabilitiesAreSentInFrrsOrder) {
  Capabilities c;
  c.unknown = {{128, {}}, {250, Octets(256, 0)}};  // the second has no length octet that fits
  c.graceful_restart.emplace();
  c.fqdn.emplace();
  c.add_path = {{1, 1, 1}};
  c.extended_next_hop = {{1, 1, 2}};
  c.four_octet_as = Asn{1};
  c.multiprotocol = {{1, 1}};
  c.route_refresh = c.enhanced_route_refresh = c.extended_message = true;
  std::vector<unsigned> codes;
  for (const EncodedCapability& e : encode_capabilities(c)) codes.push_back(e.code);
  EXPECT_EQ(codes, (std::vector<unsigned>{1, 2, 70, 65, 6, 5, 69, 73, 64, 128}));
}

TEST(Open, FourOctetAsTravelsAsAsTrans) {
  Open open;
  open.asn = Asn{4200000001};
  open.id = RouterId{1};
  open.capabilities.four_octet_as = open.asn;
  Octets out;
  encode_open(open, out);
  EXPECT_EQ(to_hex(Bytes(out).subspan(kHeaderSize + 1, 2)), "5ba0");  // 23456
  EXPECT_EQ(decode_open(body_of(out)), open);
}

}  // namespace
}  // namespace perd::wire::test
