// Goal: `perctl decode` and `perctl encode`: what FRR sends comes back from its own JSON octet by
// octet, exit codes follow the faults, and no JSON is taken for what it is not.
#include "tools/message_json/message_json.h"

#include <gmock/gmock.h>

#include "bgp/wire/wire_support.h"

namespace perd::tools {
namespace {

using testing::HasSubstr;
using wire::test::attribute;
using wire::test::read_vectors;
using wire::test::to_hex;
using wire::test::update_body;

const std::string kMarker(32, 'f');

std::string message(std::string_view type, const std::vector<std::uint8_t>& body) {
  std::vector<std::uint8_t> length;
  wire::test::append_u16(length, body.size() + 19);
  return kMarker + to_hex(length) + std::string(type) + to_hex(body);
}

wire::CodecContext add_path_context() {
  wire::CodecContext c = tool_context();
  c.add_path_receive = c.add_path_send = wire::test::all_families();
  return c;
}

void expect_round_trip(const std::string& hex, const wire::CodecContext& context) {
  const auto decoded = decode_to_json(hex, context);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->exit_code, 0) << decoded->json;
  const auto again = encode_from_json(decoded->json, context);
  ASSERT_TRUE(again) << again.error() << "\n" << decoded->json;
  EXPECT_EQ(*again, hex) << decoded->json;
}

TEST(MessageJson, FrrMessagesRoundTrip) {
  for (const auto& octets : read_vectors("frr-8.4.4-session.hex")) {
    const std::string hex = to_hex(octets);
    if (octets[18] == 1) continue;  // FRR's order of capabilities is not perd's
    expect_round_trip(hex, tool_context());
  }
}

TEST(MessageJson, EverythingRoundTrips) {
  const std::string attributes =
      "40010102"
      "500200100202"
      "0000fde9fa56ea01"
      "0101"
      "0000fdea"
      "400304c0000201"
      "80040400000007"
      "40050400000064"
      "400600"
      "c007080000fde90a000001"
      "c00808fde90001ffffff01"
      "8009040a000001"
      "800a080a0000010a000002"
      "c010080002fde900000064"
      "c0200c000000010000000200000003"
      "e0c803010203";
  expect_round_trip(message("02", update_body("180a0101", attributes,
                                              "180a0201"
                                              "00")),
                    tool_context());
}

TEST(MessageJson, EveryRouteTypeRoundTrips) {
  const std::string rd = "0001c00002010002";
  const std::string routes = "0119" + rd +
                             "01aabbccddee01006400"
                             "00000000"
                             "00006e"
                             "0228" +
                             rd + std::string(20, '0') +
                             "00000000"
                             "30aabbccddeeff"
                             "20"
                             "0a000005"
                             "00006e"
                             "000064"
                             "031d" +
                             rd +
                             "00000000"
                             "8020010db8000000000000000000000001"
                             "0417" +
                             rd +
                             "01aabbccddee01006400"
                             "20c0000201"
                             "0522" +
                             rd + std::string(20, '0') +
                             "00000000"
                             "18c0a80a00"
                             "0a000001"
                             "000064"
                             "0522"
                             "0007000000000001" +
                             std::string(20, '0') +
                             "00000001"
                             "18c0a80a00"
                             "00000000"
                             "000064"
                             "0603010203";
  const std::string tail =
      "40010100"
      "500200060201"
      "0000fde9"
      "c0160900060000"
      "6ec0000201";
  expect_round_trip(
      message("02", update_body("", attribute("900e", "00194604c000020100" + routes) + tail)),
      tool_context());
  expect_round_trip(message("02", update_body("", attribute("900f",
                                                            "001946"
                                                            "0603010203"))),
                    tool_context());
}

TEST(MessageJson, EverySessionFormRoundTrips) {
  // IPv6 with a link-local next hop, and add-path.
  const std::string v6 = "20010db8000000000000000000000001",
                    ll = "fe800000000000000000000000000001";
  expect_round_trip(message("02", update_body("", attribute("900e", "00020120" + v6 + ll +
                                                                        "00"
                                                                        "4020010db800000000") +
                                                      "40010100"
                                                      "50020000")),
                    tool_context());
  expect_round_trip(message("02", update_body("00000007"
                                              "180a0101",
                                              "40010100"
                                              "50020000"
                                              "400304c0000201",
                                              "00000009"
                                              "180a0201")),
                    add_path_context());
  expect_round_trip(message("02", update_body("", "")) +
                        message("02", update_body("", "800f03001946")) +
                        message("02", update_body("", "800f03000201")),
                    tool_context());
  expect_round_trip(
      message("03", {6, 2, 2, 'o', 'k'}) + message("04", {}) + message("05", {0, 25, 1, 70}),
      tool_context());
}

TEST(MessageJson, OpenRoundTrips) {
  wire::Open open;
  open.asn = Asn{4200000001};
  open.hold_time_seconds = 9;
  open.id = RouterId{0x0a000001};
  wire::Capabilities& c = open.capabilities;
  c.multiprotocol = {{1, 1}, {25, 70}};
  c.route_refresh = c.enhanced_route_refresh = c.extended_message = true;
  c.four_octet_as = open.asn;
  c.graceful_restart =
      wire::GracefulRestartCapability{true, true, 120, {{1, 1, true}, {25, 70, false}}};
  c.add_path = {{25, 70, 3}};
  c.extended_next_hop = {{1, 1, 2}};
  c.fqdn = wire::Fqdn{"leaf1", ""};
  c.unknown = {{128, {}}, {71, {1, 2}}};
  std::vector<std::uint8_t> out;
  wire::encode_open(open, out);
  expect_round_trip(to_hex(out), tool_context());
  const auto decoded = decode_to_json(to_hex(out), tool_context());
  EXPECT_THAT(decoded->json, HasSubstr(R"("fqdn":{"hostname":"leaf1","domain":""})"));
  EXPECT_THAT(decoded->json, HasSubstr(R"("routerId":"10.0.0.1")"));
}

TEST(MessageJson, ReadsWell) {
  const auto decoded =
      decode_to_json(to_hex(read_vectors("frr-8.4.4-session.hex")[4]), tool_context());
  ASSERT_TRUE(decoded);
  for (const char* part :
       {R"("type":"update")", R"("route":"[5]:[0]:[24]:[10.110.0.0]")", R"("routeType":5)",
        R"("rd":"192.0.2.2:2")", R"("prefix":"10.110.0.0/24")", R"("label":100)",
        R"("origin":"incomplete")", R"("string":"4200000001")", R"("nextHop":"192.0.2.2")",
        R"("metric":0)", R"("octets":"030c000000000008")"}) {
    EXPECT_THAT(decoded->json, HasSubstr(part));
  }
}

TEST(MessageJson, ExitCodes) {
  struct Case {
    const char* name;
    std::string hex;
    int exit_code;
    const char* part;
  };
  const std::string good =
      "40010100"
      "50020000"
      "400304c0000201";
  const Case cases[] = {
      {"good", message("02", update_body("", good, "180a0101")), 0, R"("announced")"},
      {"discard", message("02", update_body("", good + "40060100", "180a0101")), 1,
       R"("disposition":"attributeDiscard")"},
      {"withdraw", message("02", update_body("", "40010109" + good, "180a0101")), 1,
       R"("disposition":"treatAsWithdraw")"},
      {"route", message("02", update_body("", attribute("900f", "0019460500"))), 1,
       R"("disposition":"routeWithdrawn")"},
      {"reset", message("02", update_body("", good, "210a0101")), 2, R"("subcode":10)"},
      {"header", kMarker + "001204", 2, R"("name":"Message Header Error/Bad Message Length")"},
      {"cut", kMarker + "002002", 2, R"("the message is cut short")"},
      {"cut header", kMarker, 2, R"("error")"},
      {"OPEN", message("01", {3, 0, 1, 0, 0, 1, 1, 1, 1, 0}), 2, R"("data":"0004")"},
      {"refresh", message("05", {0, 1, 1, 1, 0}), 2, R"("code":7)"},
      {"good and bad", kMarker + "001304" + kMarker + "001204", 2, R"([{"type":"keepalive")"},
      {"unknown family", message("02", update_body("", "800f03000180")), 0,
       R"("unknownFamily":{"afi":1,"safi":128})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto decoded = decode_to_json(c.hex, tool_context());
    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(decoded->exit_code, c.exit_code);
    EXPECT_THAT(decoded->json, HasSubstr(c.part));
    if (c.exit_code == 2) {
      EXPECT_FALSE(encode_from_json(decoded->json, tool_context()));
    }
  }
}

TEST(MessageJson, RefusesWhatIsNotHex) {
  EXPECT_EQ(decode_to_json("", tool_context()).error(), "no octets");
  EXPECT_EQ(decode_to_json(" \n", tool_context()).error(), "no octets");
  EXPECT_EQ(decode_to_json("fff", tool_context()).error(), "an odd number of hex digits");
  EXPECT_EQ(decode_to_json("ffx0", tool_context()).error(), "not a hex digit at character 3");
  EXPECT_FALSE(decode_to_json(std::string(kMaxToolInput + 1, 'f'), tool_context()));
  EXPECT_TRUE(decode_to_json("FF" + kMarker.substr(2) + " 0013\n04\t\r", tool_context()));
}

TEST(MessageJson, RefusesBadJson) {
  struct Case {
    const char* json;
    const char* error;
  };
  const Case cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"7", "a message must be an object"},
      {"[7]", "a message must be an object"},
      {"{}", "type is missing"},
      {R"({"type":7})", "type must be a string"},
      {R"({"type":"x"})", "type: \"x\" is none"},
      {R"({"type":"open"})", "as is missing"},
      {R"({"type":"open","as":-1})", "as must be a whole number"},
      {R"({"type":"open","as":1.5})", "as must be a whole number"},
      {R"({"type":"open","as":4294967296})", "as must be at most 4294967295"},
      {R"({"type":"open","as":1,"holdTime":9,"routerId":"x"})", "routerId: \"x\" is none"},
      {R"({"type":"open","as":1,"holdTime":9,"routerId":"1.1.1.1","capabilities":[]})",
       "capabilities must be an object"},
      {R"({"type":"open","as":1,"holdTime":9,"routerId":"1.1.1.1",)"
       R"("capabilities":{"routeRefresh":1}})",
       "routeRefresh must be true or false"},
      {R"({"type":"routeRefresh","afi":1})", "safi is missing"},
      {R"({"type":"notification","code":6,"subcode":2,"data":"0"})", "an odd number"},
      {R"({"type":"update","announced":{"ipv4":7}})", "ipv4 must be an array"},
      {R"({"type":"update","announced":{"ipv4":[{"prefix":"::/0"}]}})", "of the other family"},
      {R"({"type":"update","announced":{"ipv4":[{"prefix":"10.0.0.0/33"}]}})", "is none"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":0,"rd":"1:1"}]}})", "must be 1 to 5"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":6}]}})", "at most 5"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":5,"rd":"zz"}]}})", "hex digit"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":5,"rd":"00"}]}})",
       "rd: \"00\" is none"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":3,"rd":"1:1"}]}})", "ip is missing"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":5,"rd":"1:1","prefix":"::/0",)"
       R"("gatewayIP":"1.1.1.1"}]}})",
       "family"},
      {R"({"type":"update","announced":{"evpn":[{"routeType":3,"rd":"1:1","ip":"1.1.1.1"}]}})",
       "does not fit one message"},
      {R"({"type":"update","attributes":{"origin":"x"}})", "origin: \"x\" is none"},
      {R"({"type":"update","attributes":{"aspath":{"segments":[{"type":"as-set"}]}}})",
       "must have AS numbers"},
      {R"({"type":"update","attributes":{"aspath":{"segments":[{"type":"x"}]}}})", "type: \"x\""},
      {R"({"type":"update","attributes":{"community":["1:2:3"]}})", "not a community"},
      {R"({"type":"update","attributes":{"community":["65536:1"]}})", "not a community"},
      {R"({"type":"update","attributes":{"community":["1"]}})", "not a community"},
      {R"({"type":"update","attributes":{"largeCommunity":["1:2:x"]}})", "not a community"},
      {R"({"type":"update","attributes":{"extendedCommunity":[{"octets":"00"}]}})", "8 octets"},
      {R"({"type":"update","endOfRib":"x"})", "endOfRib: \"x\" is none"},
      {R"({"type":"keepalive","error":{}})", "cannot be encoded"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    const auto hex = encode_from_json(c.json, tool_context());
    ASSERT_FALSE(hex) << *hex;
    EXPECT_THAT(hex.error(), HasSubstr(c.error));
  }
  EXPECT_FALSE(encode_from_json(std::string(kMaxToolInput + 1, ' '), tool_context()));
}

}  // namespace
}  // namespace perd::tools
