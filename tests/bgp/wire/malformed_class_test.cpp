// Goal: the classes of malformed messages that brought another BGP daemon down between 2022 and
// 2026 (CVE numbers as names): each is answered as the RFCs say and never costs more than that.
// Method: one message per class; the sanitizers watch for reads outside of it.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

const std::string kOrigin = "40010100";
const std::string kPath =
    "500200060201"
    "0000fde9";
const std::string kHop = "400304c0000201";
const std::string kGood = kOrigin + kPath + kHop;
const std::string kRoute = "180a0101";
const std::string kFixed = "04fc0000b4c0000201";

struct Answer {
  bool reset = false;
  Update update;
};
Answer read(const Octets& body, CodecContext context = ebgp_context()) {
  Answer a;
  a.reset = !decode_update(body, context, a.update).has_value();
  return a;
}
bool open_refused(const std::string& tail) { return !decode_open(from_hex(kFixed + tail)); }

TEST(MalformedClass, Cve2022_36440_OpenAs4PeekAtTruncatedCapability) {
  EXPECT_TRUE(open_refused("0402024104"));
  EXPECT_TRUE(open_refused("060204410400fc"));
  EXPECT_TRUE(open_refused("0102"));
}

TEST(MalformedClass, Cve2022_37032_UnknownMessageTypeIsRefusedAtTheHeader) {
  // perd has no dynamic CAPABILITY message (type 6).
  const auto header = decode_header(from_hex(std::string(32, 'f') + "001306"), false);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().subcode, 3);
}

TEST(MalformedClass, Cve2022_40302_40318_43681_OpenExtendedParameters) {
  EXPECT_TRUE(open_refused("ff"));
  EXPECT_TRUE(open_refused("ffff"));
  EXPECT_TRUE(open_refused("ffff00"));
  EXPECT_TRUE(open_refused("ffffffff02"));
  EXPECT_TRUE(open_refused("ffff000102"));
  EXPECT_TRUE(open_refused("ffff00020200"));
  EXPECT_TRUE(open_refused("ffff000502ffff0200"));
}

TEST(MalformedClass, Cve2023_31489_LlgrCapabilityOfAnyLength) {
  EXPECT_FALSE(
      open_refused("0502034701"
                   "00"));
  EXPECT_FALSE(
      open_refused("04020247"
                   "00"));
}

TEST(MalformedClass, Cve2023_31490_2024_31948_PrefixSidIsOpaque) {
  for (const char* value : {"", "01", "0100ff", "010007000000000000", "05ffff00"}) {
    const Answer a = read(update_body("", kGood + attribute("c028", value), kRoute));
    EXPECT_FALSE(a.reset);
    EXPECT_EQ(a.update.disposition, Disposition::kNone);
  }
}

TEST(MalformedClass, Cve2023_38406_41909_2026_37457_FlowspecIsNotSpoken) {
  for (const char* routes : {"", "00", "f000", "ff", "0301ffff"}) {
    const std::string reach = attribute("900e", std::string("000185"
                                                            "00"
                                                            "00") +
                                                    routes);
    const Answer a = read(update_body("", reach));
    EXPECT_FALSE(a.reset);
    EXPECT_EQ(a.update.unknown_family, (AfiSafi{1, 133}));
  }
}

TEST(MalformedClass, Cve2023_38407_LabelledUnicastIsNotSpoken) {
  const Answer a = read(update_body("", attribute("900e",
                                                  "00010404c0000201"
                                                  "00"
                                                  "ff00")));
  EXPECT_FALSE(a.reset);
  EXPECT_EQ(a.update.unknown_family, (AfiSafi{1, 4}));
}

TEST(MalformedClass, Cve2023_38802_2024_44070_TunnelEncapsulationIsOpaque) {
  for (const char* value : {"", "0008", "0008ffff", "00080004ffffffff", "000800010100"}) {
    const Answer a = read(update_body("", kGood + attribute("c017", value), kRoute));
    EXPECT_FALSE(a.reset);
    EXPECT_EQ(a.update.announced.ipv4.size(), 1U);
    EXPECT_EQ(a.update.attributes.unknown.size(), 1U);
  }
}

TEST(MalformedClass, Cve2023_41358_RoutesWithoutAttributes) {
  const Answer a = read(update_body("", "", kRoute));
  EXPECT_FALSE(a.reset);
  EXPECT_EQ(a.update.disposition, Disposition::kTreatAsWithdraw);
  EXPECT_EQ(a.update.withdrawn.ipv4.size(), 1U);
}

TEST(MalformedClass, Cve2023_41359_AigpIsOpaque) {
  for (const char* value : {"", "01", "0100", "010003", "01000b00", "01ffff"}) {
    EXPECT_FALSE(read(update_body("", kGood + attribute("801a", value), kRoute)).reset);
  }
}

TEST(MalformedClass, Cve2023_41360_OrfInRouteRefresh) {
  for (const char* body :
       {"0001000101", "000100010140", "00010001014000ff", "0001000101400003e00000"}) {
    EXPECT_TRUE(decode_route_refresh(from_hex(body)));
  }
}

TEST(MalformedClass, Cve2023_41361_SoftwareVersionCapability) {
  EXPECT_FALSE(
      open_refused("0502034b01"
                   "ff"));
  EXPECT_TRUE(
      open_refused("0502034bff"
                   "ff"));
}

TEST(MalformedClass, Cve2023_46752_MalformedMpReach) {
  for (const char* value : {"", "00", "001946", "00194604", "001946ff00", "00194604c0000201",
                            "00194605c00002010000", "0019460400"}) {
    EXPECT_TRUE(read(update_body("", attribute("900e", value) + kOrigin + kPath)).reset) << value;
  }
}

TEST(MalformedClass, Cve2023_46753_OnlyUnknownTransitive) {
  const Answer a = read(update_body("", "c0f00101", kRoute));
  EXPECT_FALSE(a.reset);
  EXPECT_EQ(a.update.disposition, Disposition::kTreatAsWithdraw);
  EXPECT_TRUE(a.update.announced.empty());
}

TEST(MalformedClass, Cve2023_47234_MpUnreachAndRoutesWithoutAttributes) {
  const Answer a = read(update_body("", "800f03001946", kRoute));
  EXPECT_FALSE(a.reset);
  EXPECT_EQ(a.update.disposition, Disposition::kTreatAsWithdraw);
  EXPECT_EQ(a.update.withdrawn.ipv4.size(), 1U);
  EXPECT_FALSE(a.update.end_of_rib);
}

TEST(MalformedClass, Cve2023_47235_MalformedAttributeAndEndOfRib) {
  // RFC 7606 5.2: a fault, and no routes that could be withdrawn instead.
  EXPECT_TRUE(read(update_body("",
                               "800f03001946"
                               "40010109"))
                  .reset);
  EXPECT_TRUE(read(update_body("",
                               "40010109"
                               "800f03001946"))
                  .reset);
  const Answer a = read(update_body("",
                                    "800f03001946"
                                    "40060100"));  // discarded, still no marker
  EXPECT_FALSE(a.reset);
  EXPECT_FALSE(a.update.end_of_rib);
}

TEST(MalformedClass, Cve2024_31949_CapabilitiesOfNoLengthMakeProgress) {
  EXPECT_TRUE(open_refused("0402020100"));  // multiprotocol of 0
  EXPECT_TRUE(open_refused("0402024000"));  // graceful restart of 0
  EXPECT_FALSE(
      open_refused("0c020a"
                   "c800c800c800c800c800"));  // unknown ones of 0
  EXPECT_FALSE(
      open_refused("040200"
                   "0200"));  // parameters of 0
}

TEST(MalformedClass, Cve2026_5107_EvpnIpLengthAgainstRouteLength) {
  const std::string head = "0001c00002010002" + std::string(20, '0') + "00000000";
  const std::string mac = "30aabbccddeeff";
  for (const std::string& route : {"0221" + head + mac +
                                       "80"
                                       "00006e",
                                   "0221" + head + mac +
                                       "ff"
                                       "00006e",
                                   "0225" + head + mac +
                                       "80"
                                       "0a000005"
                                       "00006e",
                                   std::string("0311") + "0001c00002010002"
                                                         "00000000"
                                                         "80c0000201",
                                   "0417"
                                   "0001c00002010002" +
                                       std::string(20, '0') + "80c0000201"}) {
    const std::string reach = attribute("900e", "00194604c000020100" + route);
    const Answer a = read(update_body("", reach + kOrigin + kPath));
    EXPECT_FALSE(a.reset);
    EXPECT_EQ(a.update.disposition, Disposition::kRouteWithdrawn);
    EXPECT_TRUE(a.update.announced.empty());
  }
}

TEST(MalformedClass, Cve2026_37458_MartianNextHopInMpReach) {
  const std::string imet =
      "03110001c00002010003"
      "00000000"
      "20c0000201";
  for (const char* hop : {"7f000001", "00000000", "e0000005", "ffffffff"}) {
    const std::string reach = attribute("900e", std::string("00194604") + hop + "00" + imet);
    const Answer a = read(update_body("", reach + kOrigin + kPath));
    EXPECT_FALSE(a.reset);
    EXPECT_EQ(a.update.disposition, Disposition::kTreatAsWithdraw);
    EXPECT_EQ(a.update.withdrawn.evpn.size(), 1U);
  }
}

TEST(MalformedClass, Cve2026_37459_NextHopCapabilityAttributeIsOpaque) {
  for (const char* value : {"", "00", "000101", "0001010400", "00010104c000020100ff00"}) {
    EXPECT_FALSE(read(update_body("", kGood + attribute("c027", value), kRoute)).reset);
  }
}

TEST(MalformedClass, Frr22353_PrefixLengthBeyondTheFamily) {
  const std::string head = "0001c00002010002" + std::string(20, '0') + "00000000";
  for (const char* bits : {"21", "40", "80", "ff"}) {
    const std::string route = "0522" + head + bits +
                              "0a6e0000"
                              "00000000"
                              "000064";
    const std::string reach = attribute("900e", "00194604c000020100" + route);
    const Answer a = read(update_body("", reach + kOrigin + kPath));
    EXPECT_FALSE(a.reset);
    EXPECT_TRUE(a.update.announced.empty());
  }
}

// About half of these classes are a length not checked against what is left: so every message of a
// real session is cut at every octet, and one octet of it changed at every place.
TEST(MalformedClass, EveryCutAndEveryOctetOfRealMessages) {
  for (const Octets& message : read_vectors("frr-8.4.4-session.hex")) {
    const Octets body = body_of(message);
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
      const Octets part(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(cut));
      (void)read(part);
      (void)decode_open(part);
      (void)decode_notification(part);
      (void)decode_route_refresh(part);
    }
    for (std::size_t at = 0; at < body.size(); ++at) {
      for (const unsigned change : {0x01U, 0x80U, 0xffU}) {
        Octets changed = body;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ change);
        const Answer a = read(changed);
        if (a.update.disposition == Disposition::kTreatAsWithdraw && !a.reset) {
          EXPECT_TRUE(a.update.announced.empty());
        }
        (void)decode_open(changed);
      }
    }
  }
}

}  // namespace
}  // namespace perd::wire::test
