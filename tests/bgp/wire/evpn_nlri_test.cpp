// Goal: EVPN routes as RFC 7432 7 and RFC 9136 3.1 lay them out: values, every length that is
// wrong, and what one malformed route does to its neighbours. Method: routes in hex inside MP
// attributes.
#include <algorithm>

#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

const std::string kRd = "0001c00002010002";  // 192.0.2.1:2
const std::string kNoEsi(20, '0');
const std::string kEsi = "01aabbccddee01006400";
const std::string kTag = "00000000";
const std::string kMac = "30aabbccddeeff";
const std::string kV6 = "20010db8000000000000000000000001";
const std::string kNoV6(32, '0');

const std::string kGoodPrefix = "0522" + kRd + kNoEsi + kTag +
                                "18c0a80a00"
                                "00000000"
                                "000064";

std::string mp_reach(const std::string& routes, bool router_mac = true) {
  return attribute("900e", "00194604c000020100" + routes) +
         "40010100"
         "500200060201"
         "0000fde9" +
         (router_mac ? "c010080603aabbcc000065" : "");
}

Update decode(const std::string& attributes, CodecContext context = ebgp_context()) {
  Update u;
  const auto result = decode_update(update_body("", attributes), context, u);
  EXPECT_TRUE(result) << to_string(result.error());
  return u;
}

TEST(EvpnNlri, EthernetAd) {
  const Update u = decode(mp_reach("0119" + kRd + kEsi +
                                   "ffffffff"
                                   "00006e"));
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  const EvpnNlri& r = u.announced.evpn[0];
  EXPECT_EQ(r.key.type, EvpnRouteType::kEthernetAd);
  EXPECT_EQ(r.key.esi, parse_esi("01:aa:bb:cc:dd:ee:01:00:64:00"));
  EXPECT_EQ(r.key.tag.value, 0xffffffffU);
  EXPECT_EQ(r.data.label1.value, 110U);
  EXPECT_EQ(to_string(r.key), "[1]:[4294967295]:[01:aa:bb:cc:dd:ee:01:00:64:00]");
  EXPECT_EQ(r.key.address(), std::nullopt);
}

TEST(EvpnNlri, MacIp) {
  struct Case {
    std::string route;
    const char* text;
    bool label2;
  };
  const Case cases[] = {
      {"0221" + kRd + kNoEsi + kTag + kMac +
           "00"
           "00006e",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]", false},
      {"0224" + kRd + kNoEsi + kTag + kMac +
           "00"
           "00006e"
           "000064",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]", true},
      {"0225" + kRd + kNoEsi + kTag + kMac +
           "20"
           "0a000005"
           "00006e",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]:[32]:[10.0.0.5]", false},
      {"0228" + kRd + kNoEsi + kTag + kMac +
           "20"
           "0a000005"
           "00006e"
           "000064",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]:[32]:[10.0.0.5]", true},
      {"0231" + kRd + kNoEsi + kTag + kMac + "80" + kV6 + "00006e",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]:[128]:[2001:db8::1]", false},
      {"0234" + kRd + kNoEsi + kTag + kMac + "80" + kV6 +
           "00006e"
           "000064",
       "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]:[128]:[2001:db8::1]", true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.route);
    const Update u = decode(mp_reach(c.route));
    ASSERT_EQ(u.announced.evpn.size(), 1U);
    const EvpnNlri& r = u.announced.evpn[0];
    EXPECT_EQ(to_string(r.key), c.text);
    EXPECT_EQ(r.data.label1, Label{110});
    EXPECT_EQ(r.data.label2, c.label2 ? std::optional(Label{100}) : std::nullopt);
    EXPECT_TRUE(r.data.esi.is_zero());
  }
}

TEST(EvpnNlri, ImetSegmentAndPrefix) {
  struct Case {
    std::string route;
    const char* text;
  };
  const Case cases[] = {
      {"0311" + kRd + kTag + "20c0000201", "[3]:[0]:[32]:[192.0.2.1]"},
      {"031d" + kRd + kTag + "80" + kV6, "[3]:[0]:[128]:[2001:db8::1]"},
      {"0417" + kRd + kEsi + "20c0000201", "[4]:[01:aa:bb:cc:dd:ee:01:00:64:00]:[32]:[192.0.2.1]"},
      {"0423" + kRd + kEsi + "80" + kV6, "[4]:[01:aa:bb:cc:dd:ee:01:00:64:00]:[128]:[2001:db8::1]"},
      {kGoodPrefix, "[5]:[0]:[24]:[192.168.10.0]"},
      {"053a" + kRd + kNoEsi + kTag + "40" + kV6 + kNoV6 + "000064", "[5]:[0]:[64]:[2001:db8::]"},
      {"0522" + kRd + kNoEsi + kTag +
           "00"
           "00000000"
           "00000000"
           "000064",
       "[5]:[0]:[0]:[0.0.0.0]"},
      {"053a" + kRd + kNoEsi + kTag + "00" + kNoV6 + kNoV6 + "000064", "[5]:[0]:[0]:[::]"},
      {"0522" + kRd + kNoEsi +
           "00000007"
           "20"
           "c0a80a01"
           "00000000"
           "000064",
       "[5]:[7]:[32]:[192.168.10.1]"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.route);
    const Update u = decode(mp_reach(c.route));
    ASSERT_EQ(u.announced.evpn.size(), 1U);
    EXPECT_EQ(to_string(u.announced.evpn[0].key), c.text);
    EXPECT_EQ(u.announced.evpn[0].key.rd, parse_rd("192.0.2.1:2"));
  }
}

TEST(EvpnNlri, HostBitsOfAPrefixAreCleared) {
  struct Case {
    std::string prefix, want;
  };
  const Case cases[] = {
      {"18"
       "c0a80aff"
       "00000000",
       "192.168.10.0/24"},
      {"17"
       "c0a80bff"
       "00000000",
       "192.168.10.0/23"},
      {"00"
       "ffffffff"
       "00000000",
       "0.0.0.0/0"},
      {"01"
       "ffffffff"
       "00000000",
       "128.0.0.0/1"},
      {"1f"
       "ffffffff"
       "00000000",
       "255.255.255.254/31"},
      {"20"
       "ffffffff"
       "00000000",
       "255.255.255.255/32"},
      {"00" + std::string(32, 'f') + kNoV6, "::/0"},
      {"07" + std::string(32, 'f') + kNoV6, "fe00::/7"},
      {"40" + std::string(32, 'f') + kNoV6, "ffff:ffff:ffff:ffff::/64"},
      {"7f" + std::string(32, 'f') + kNoV6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
      {"80" + std::string(32, 'f') + kNoV6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.want);
    const std::string head = c.prefix.size() < 20 ? "0522" : "053a";
    const Update u = decode(mp_reach(head + kRd + kNoEsi + kTag + c.prefix + "000064"));
    ASSERT_EQ(u.announced.evpn.size(), 1U);
    EXPECT_EQ(u.announced.evpn[0].key.prefix(), prefix(c.want));
    EXPECT_EQ(u.announced.evpn[0].key,
              EvpnKey::ip_prefix(*parse_rd("192.0.2.1:2"), EthernetTag{0}, prefix(c.want)));
  }
}

TEST(EvpnNlri, GatewayAndEsiOfAPrefix) {
  Update u = decode(mp_reach("0522" + kRd + kNoEsi + kTag +
                             "18c0a80a00"
                             "0a000001"
                             "000000"));
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  EXPECT_EQ(u.announced.evpn[0].data.gateway, ip("10.0.0.1"));
  u = decode(mp_reach("053a" + kRd + kNoEsi + kTag + "40" + kV6 + kV6 + "000000"));
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  EXPECT_EQ(u.announced.evpn[0].data.gateway, ip("2001:db8::1"));
  u = decode(mp_reach("0522" + kRd + kEsi + kTag +
                      "18c0a80a00"
                      "00000000"
                      "000000"));
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  EXPECT_FALSE(u.announced.evpn[0].data.gateway);
  EXPECT_EQ(u.announced.evpn[0].data.esi, parse_esi("01:aa:bb:cc:dd:ee:01:00:64:00"));
}

// A malformed route between two good ones: it alone is gone, and the fault shows it.
struct BadRoute {
  const char* name;
  std::string route;
};

void expect_stand_alone(const std::vector<BadRoute>& cases) {
  const std::string other = "0311" + kRd + kTag + "20c0000201";
  for (const BadRoute& c : cases) {
    SCOPED_TRACE(c.name);
    const Update u = decode(mp_reach(kGoodPrefix + c.route + other));
    EXPECT_EQ(u.disposition, Disposition::kRouteWithdrawn);
    EXPECT_EQ(u.announced.evpn.size(), 2U);
    EXPECT_TRUE(u.withdrawn.empty());  // no telling which
    ASSERT_EQ(u.faults.size(), 1U);
    EXPECT_EQ(u.faults[0].kind, AttributeFaultKind::kBadNlri);
    EXPECT_EQ(to_hex(u.faults[0].octets), c.route.substr(0, 2 * kMaxFaultOctets));
    // Withdrawn, it is stepped over as well.
    const Update w = decode(attribute("900f", "001946" + other + c.route + kGoodPrefix));
    EXPECT_EQ(w.withdrawn.evpn.size(), 2U);
    EXPECT_EQ(w.disposition, Disposition::kRouteWithdrawn);
    EXPECT_EQ(w.faults.at(0).code, 15);
  }
}

const std::string kMacHead = kRd + kNoEsi + kTag;

TEST(EvpnNlri, MalformedTypes1And2StandAlone) {
  expect_stand_alone({
      {"type 1 of 24", "0118" + kRd + kEsi + kTag + "0000"},
      {"type 1 of 26", "011a" + kRd + kEsi + kTag + "00000000"},
      {"type 1 of 0", "0100"},
      {"type 2 of 0", "0200"},
      {"type 2 of 32", "0220" + kMacHead + kMac +
                           "00"
                           "0000"},
      {"type 2, MAC of 47 bits", "0221" + kMacHead +
                                     "2faabbccddeeff"
                                     "00"
                                     "00006e"},
      {"type 2, MAC of 0 bits", "0221" + kMacHead +
                                    "00aabbccddeeff"
                                    "00"
                                    "00006e"},
      {"type 2, IP of 32 bits in 33", "0221" + kMacHead + kMac +
                                          "20"
                                          "00006e"},
      {"type 2, IP of 0 bits in 37", "0225" + kMacHead + kMac +
                                         "00"
                                         "0a000005"
                                         "00006e"},
      {"type 2, IP of 128 bits in 37", "0225" + kMacHead + kMac +
                                           "80"
                                           "0a000005"
                                           "00006e"},
      {"type 2, IP of 24 bits", "0225" + kMacHead + kMac +
                                    "18"
                                    "0a000005"
                                    "00006e"},
      {"type 2, IP of 33 bits", "0225" + kMacHead + kMac +
                                    "21"
                                    "0a000005"
                                    "00006e"},
      {"type 2, IP of 255 bits", "0225" + kMacHead + kMac +
                                     "ff"
                                     "0a000005"
                                     "00006e"},
      {"type 2 of 38", "0226" + kMacHead + kMac +
                           "20"
                           "0a000005"
                           "00006e00"},
      {"type 2 of 43, three labels", "022b" + kMacHead + kMac +
                                         "20"
                                         "0a000005"
                                         "00006e00006e00006e"},
  });
}

TEST(EvpnNlri, MalformedTypes3To5StandAlone) {
  expect_stand_alone({
      {"type 3 of 0", "0300"},
      {"type 3 of 16", "0310" + kRd + kTag + "20c00002"},
      {"type 3 of 18", "0312" + kRd + kTag + "20c000020100"},
      {"type 3, originator of 0 bits", "030d" + kRd + kTag + "00"},
      {"type 3, 128 bits in 17", "0311" + kRd + kTag + "80c0000201"},
      {"type 3, 31 bits", "0311" + kRd + kTag + "1fc0000201"},
      {"type 4 of 0", "0400"},
      {"type 4 of 22", "0416" + kRd + kEsi + "20c00002"},
      {"type 4, originator of 0 bits", "0413" + kRd + kEsi + "00"},
      {"type 4, 128 bits in 23", "0417" + kRd + kEsi + "80c0000201"},
      {"type 5 of 0", "0500"},
      {"type 5 of 33", "0521" + kMacHead +
                           "18c0a80a00"
                           "00000000"
                           "0000"},
      {"type 5 of 35", "0523" + kMacHead +
                           "18c0a80a00"
                           "00000000"
                           "00006400"},
      {"type 5 of 46, mixed families", "052e" + kMacHead + "18" + kNoV6 +
                                           "00000000"
                                           "000064"},
      {"type 5 of 57", "0539" + kMacHead + "40" + kV6 + kNoV6 + "0000"},
      {"type 5 of 255", "05ff" + std::string(510, '0')},
      {"type 5, 33 bits", "0522" + kMacHead +
                              "21c0a80a00"
                              "00000000"
                              "000064"},
      {"type 5, 255 bits", "0522" + kMacHead +
                               "ffc0a80a00"
                               "00000000"
                               "000064"},
      {"type 5, 129 bits", "053a" + kMacHead + "81" + kV6 + kNoV6 + "000064"},
  });
}

TEST(EvpnNlri, PrefixWithEsiAndGatewayIsWithdrawn) {  // RFC 9136 3.1
  const std::string both = "0522" + kRd + kEsi + kTag +
                           "18c0a80b00"
                           "0a000001"
                           "000064";
  const Update u = decode(mp_reach(kGoodPrefix + both));
  EXPECT_EQ(u.disposition, Disposition::kRouteWithdrawn);
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  EXPECT_EQ(u.announced.evpn[0].key.prefix(), prefix("192.168.10.0/24"));
  ASSERT_EQ(u.withdrawn.evpn.size(), 1U);
  EXPECT_EQ(u.withdrawn.evpn[0].key.prefix(), prefix("192.168.11.0/24"));
  EXPECT_EQ(u.withdrawn.evpn[0].data, EvpnData{});
  // The data of a withdrawal has no meaning, so there it is no fault.
  const Update w = decode(attribute("900f", "001946" + both));
  EXPECT_EQ(w.disposition, Disposition::kNone);
  EXPECT_EQ(w.withdrawn.evpn.size(), 1U);
}

TEST(EvpnNlri, PrefixWithNothingToForwardByIsWithdrawn) {  // RFC 9136 3.1
  const std::string bare = "0522" + kRd + kNoEsi + kTag +
                           "18c0a80b00"
                           "00000000"
                           "000000";
  EXPECT_EQ(decode(mp_reach(bare, true)).disposition, Disposition::kNone);
  const Update u = decode(mp_reach(bare + kGoodPrefix, false));
  EXPECT_EQ(u.disposition, Disposition::kRouteWithdrawn);
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  ASSERT_EQ(u.withdrawn.evpn.size(), 1U);
  EXPECT_EQ(u.withdrawn.evpn[0].key.prefix(), prefix("192.168.11.0/24"));
  // A zero router MAC is none.
  EXPECT_EQ(decode(mp_reach(bare, false) + "c010080603000000000000").disposition,
            Disposition::kRouteWithdrawn);
}

TEST(EvpnNlri, UnknownTypesAreKeptOctetByOctet) {
  for (const std::string route : {"0603010203", "0000", "ff01aa", "0b0400000000"}) {
    SCOPED_TRACE(route);
    const Update u = decode(mp_reach(kGoodPrefix + route));
    EXPECT_EQ(u.disposition, Disposition::kNone);
    EXPECT_EQ(u.announced.evpn.size(), 1U);
    ASSERT_EQ(u.announced.opaque_evpn.size(), 1U);
    EXPECT_EQ(to_hex(u.announced.opaque_evpn[0].octets), route.substr(4));
    const Update w = decode(attribute("900f", "001946" + route));
    EXPECT_EQ(w.withdrawn.opaque_evpn, u.announced.opaque_evpn);
  }
}

TEST(EvpnNlri, AddPath) {  // RFC 7911 3
  CodecContext context = ebgp_context();
  context.add_path_receive.add(Family::kEvpn);
  const Update u = decode(mp_reach("00000007" + kGoodPrefix +
                                   "ffffffff"
                                   "0603010203"),
                          context);
  ASSERT_EQ(u.announced.evpn.size(), 1U);
  EXPECT_EQ(u.announced.evpn[0].path_id, 7U);
  ASSERT_EQ(u.announced.opaque_evpn.size(), 1U);
  EXPECT_EQ(u.announced.opaque_evpn[0].path_id, 0xffffffffU);
  const Update w = decode(attribute("900f",
                                    "001946"
                                    "00000009" +
                                        kGoodPrefix),
                          context);
  EXPECT_EQ(w.withdrawn.evpn.at(0).path_id, 9U);
  for (const std::string cut : {"00", "00000007", "0000000705"}) {
    Update out;
    EXPECT_FALSE(decode_update(update_body("", mp_reach(cut)), context, out)) << cut;
  }
}

TEST(EvpnNlri, KeyIsIdentityOnly) {
  const Update a = decode(mp_reach(kGoodPrefix));
  const Update b = decode(mp_reach("0522" + kRd + kEsi + kTag +
                                   "18c0a80a00"
                                   "00000000"
                                   "0000c8"));
  EXPECT_EQ(a.announced.evpn.at(0).key, b.announced.evpn.at(0).key);
  EXPECT_NE(a.announced.evpn.at(0).data, b.announced.evpn.at(0).data);
  EXPECT_EQ(hash_value(a.announced.evpn.at(0).key), hash_value(b.announced.evpn.at(0).key));
}

TEST(EvpnNlri, HashSpreads) {
  std::vector<std::uint64_t> seen;
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const IpPrefix p = IpPrefix::make(IpAddress::v4(0x0a000000 + (i << 8)), 24);
    seen.push_back(hash_value(EvpnKey::ip_prefix({}, EthernetTag{}, p)));
    EvpnKey mac;
    mac.type = EvpnRouteType::kMacIp;
    mac.mac.octets[4] = static_cast<std::uint8_t>(i >> 8);
    mac.mac.octets[5] = static_cast<std::uint8_t>(i);
    seen.push_back(hash_value(mac));
  }
  // Whole values differ, and the low bits that a table of 16 Ki slots takes are no worse than
  // chance.
  auto low = seen;
  for (std::uint64_t& h : low) h &= 0x3fff;
  for (auto* list : {&seen, &low}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  EXPECT_EQ(seen.size(), 8192U);
  EXPECT_GT(low.size(), 6200U);  // chance: 16384 * (1 - e^-0.5) = 6446
}

}  // namespace
}  // namespace perd::wire::test
