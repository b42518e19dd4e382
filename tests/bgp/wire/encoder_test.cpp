// Goal: what perd sends: FRR's order of attributes, as many routes per UPDATE as fit, withdrawals
// with one zero label, two-octet peers, add-path, and nothing ever larger than the peer takes.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

PathAttributes fabric_attributes() {
  PathAttributes a;
  a.origin = Origin::kIncomplete;
  a.has_as_path = true;
  a.as_path.prepend(Asn{4200000001});
  a.next_hop = ip("192.0.2.2");
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                            make_auto_route_target(Asn{4200000001}, Vni{100}),
                            make_router_mac(*parse_mac("aa:bb:cc:00:02:64"))};
  return a;
}

EvpnNlri type5(std::uint32_t i, Label label = Label{100}) {
  EvpnNlri r;
  r.key = EvpnKey::ip_prefix(*parse_rd("192.0.2.2:2"), EthernetTag{},
                             IpPrefix::make(IpAddress::v4(0x0a000000 + (i << 8)), 24));
  r.data.label1 = label;
  return r;
}

std::vector<Octets> split(const Octets& stream, std::size_t max) {
  std::vector<Octets> out;
  Bytes left(stream);
  while (!left.empty()) {
    const auto header = decode_header(left.first(kHeaderSize), max > kMaxMessage);
    EXPECT_TRUE(header);
    if (!header) break;
    EXPECT_LE(header->length, max);
    const Bytes message = left.first(header->length);
    out.emplace_back(message.begin(), message.end());
    left = left.subspan(header->length);
  }
  return out;
}

TEST(Encoder, SameOctetsAsFrr) {
  // The fifth message of the capture: two prefixes of leaf 2, IPv4 and IPv6 in one UPDATE.
  const Octets want = read_vectors("frr-8.4.4-session.hex").at(4);
  PathAttributes a = fabric_attributes();
  a.med = 0;
  EvpnNlri v6 = type5(0);
  v6.key = EvpnKey::ip_prefix(v6.key.rd, EthernetTag{}, prefix("fd00:110::/64"));
  EvpnNlri v4 = type5(0);
  v4.key = EvpnKey::ip_prefix(v4.key.rd, EthernetTag{}, prefix("10.110.0.0/24"));
  const std::vector<EvpnNlri> routes = {v4, v6};
  const CodecContext context = ebgp_context();
  Octets out;
  UpdateEncoder encoder(context, out);
  EXPECT_EQ(encoder.announce(a, routes), 1U);
  EXPECT_EQ(to_hex(out), to_hex(want));
}

TEST(Encoder, PacksFullMessages) {
  std::vector<EvpnNlri> routes;
  for (std::uint32_t i = 0; i < 10000; ++i) routes.push_back(type5(i));
  for (const bool extended : {false, true}) {
    CodecContext context = ebgp_context();
    context.extended_message = extended;
    Octets out;
    UpdateEncoder encoder(context, out);
    const std::size_t messages = encoder.announce(fabric_attributes(), routes);
    const auto list = split(out, context.max_message());
    ASSERT_EQ(list.size(), messages);
    EXPECT_EQ(messages, extended ? 6U : 91U);
    std::vector<EvpnNlri> got;
    Update u;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i + 1 < list.size()) {
        EXPECT_GT(list[i].size() + 36, context.max_message());
      }
      ASSERT_TRUE(decode_update(body_of(list[i]), context, u));
      EXPECT_EQ(u.attributes, fabric_attributes());
      got.insert(got.end(), u.announced.evpn.begin(), u.announced.evpn.end());
    }
    EXPECT_EQ(got, routes);
  }
}

TEST(Encoder, WithdrawalsHaveOneZeroLabel) {
  EvpnNlri mac;
  mac.key.type = EvpnRouteType::kMacIp;
  mac.key.rd = *parse_rd("192.0.2.1:3");
  mac.key.mac = *parse_mac("02:00:00:00:00:11");
  mac.key.ip_bits = 32;
  mac.key.ip = ip("10.110.0.11").octets;
  mac.data.label1 = Label{110};
  mac.data.label2 = Label{100};
  mac.data.esi = *parse_esi("01:aa:bb:cc:dd:ee:01:00:64:00");
  EvpnNlri only_mac = mac;
  only_mac.key.ip_bits = 0;
  only_mac.key.ip = {};
  // FRR withdraws these two in the same octets (facts of the capture, message 36).
  const Octets want = read_vectors("frr-8.4.4-session.hex").at(35);
  const CodecContext context = ebgp_context();
  Octets out;
  UpdateEncoder encoder(context, out);
  const std::vector<EvpnNlri> routes = {mac, only_mac};
  EXPECT_EQ(encoder.withdraw(routes), 1U);
  EXPECT_EQ(to_hex(out), to_hex(want));
  out.clear();
  EvpnNlri prefix5 = type5(1, Label{100});
  prefix5.data.gateway = ip("10.0.0.1");
  encoder.withdraw(std::vector<EvpnNlri>{prefix5});
  Update u;
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  EXPECT_EQ(u.withdrawn.evpn.at(0).key, prefix5.key);
  EXPECT_EQ(u.withdrawn.evpn.at(0).data, EvpnData{});
}

TEST(Encoder, UnicastOfBothFamilies) {
  std::vector<PrefixNlri> v4, v6;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    v4.push_back({IpPrefix::make(IpAddress::v4(0x0a000000 + (i << 8)), 24), i});
    IpAddress a = ip("2001:db8::");
    a.octets[6] = static_cast<std::uint8_t>(i >> 8);
    a.octets[7] = static_cast<std::uint8_t>(i);
    v6.push_back({IpPrefix::make(a, 64), i});
  }
  for (const bool add_path : {false, true}) {
    SCOPED_TRACE(add_path);
    CodecContext context = ebgp_context();
    if (add_path) context.add_path_send = context.add_path_receive = all_families();
    for (const Family family : {Family::kIpv4Unicast, Family::kIpv6Unicast}) {
      const bool four = family == Family::kIpv4Unicast;
      std::vector<PrefixNlri> want = four ? v4 : v6;
      PathAttributes a = fabric_attributes();
      if (!four) a.next_hop = ip("2001:db8::1");
      Octets announced, withdrawn;
      UpdateEncoder(context, announced).announce(a, want, family);
      UpdateEncoder(context, withdrawn).withdraw(want, family);
      if (!add_path) {
        for (PrefixNlri& r : want) r.path_id = 0;
      }
      std::vector<PrefixNlri> up, down;
      Update u;
      for (const Octets& m : split(announced, kMaxMessage)) {
        ASSERT_TRUE(decode_update(body_of(m), context, u));
        EXPECT_EQ(u.attributes, a);
        const auto& list = four ? u.announced.ipv4 : u.announced.ipv6;
        up.insert(up.end(), list.begin(), list.end());
      }
      for (const Octets& m : split(withdrawn, kMaxMessage)) {
        ASSERT_TRUE(decode_update(body_of(m), context, u));
        EXPECT_EQ(u.attributes, PathAttributes{});
        const auto& list = four ? u.withdrawn.ipv4 : u.withdrawn.ipv6;
        down.insert(down.end(), list.begin(), list.end());
      }
      EXPECT_EQ(up, want);
      EXPECT_EQ(down, want);
    }
  }
}

TEST(Encoder, NextHops) {
  struct Case {
    const char* name;
    Family family;
    const char* next_hop;
    const char* link_local;
    const char* want;  // as decoded
  };
  const Case cases[] = {
      {"IPv4", Family::kIpv4Unicast, "192.0.2.1", "", "192.0.2.1"},
      {"IPv4 over IPv6", Family::kIpv4Unicast, "2001:db8::1", "", "2001:db8::1"},
      {"IPv4 over IPv6 and link-local", Family::kIpv4Unicast, "2001:db8::1", "fe80::1",
       "2001:db8::1"},
      {"IPv6", Family::kIpv6Unicast, "2001:db8::1", "", "2001:db8::1"},
      {"IPv6 and link-local", Family::kIpv6Unicast, "2001:db8::1", "fe80::1", "2001:db8::1"},
      {"IPv6 over IPv4", Family::kIpv6Unicast, "192.0.2.1", "", "::ffff:192.0.2.1"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    CodecContext context = ebgp_context();
    context.extended_next_hop.add(Family::kIpv4Unicast);
    PathAttributes a = fabric_attributes();
    a.next_hop = ip(c.next_hop);
    const std::string_view link_local = c.link_local;
    if (!link_local.empty()) a.link_local_next_hop = ip(link_local);
    const auto route = prefix(c.family == Family::kIpv4Unicast ? "10.0.0.0/8" : "2001:db8::/32");
    Octets out;
    const std::vector<PrefixNlri> routes = {{route, 0}};
    EXPECT_EQ(UpdateEncoder(context, out).announce(a, routes, c.family), 1U);
    Update u;
    ASSERT_TRUE(decode_update(body_of(out), context, u));
    EXPECT_EQ(u.attributes.next_hop, ip(c.want));
    EXPECT_EQ(u.attributes.link_local_next_hop, a.link_local_next_hop);
  }
  // An unnumbered peer without a global address sends :: and the link-local one.
  Update u;
  const std::string reach = attribute("900e", "00020120" + std::string(32, '0') +
                                                  "fe800000000000000000000000000001"
                                                  "00"
                                                  "2020010db8") +
                            "40010100"
                            "50020000";
  ASSERT_TRUE(decode_update(update_body("", reach), ebgp_context(), u));
  EXPECT_EQ(u.disposition, Disposition::kNone);
  EXPECT_EQ(u.attributes.next_hop, ip("fe80::1"));
}

TEST(Encoder, TooBigIsCountedNotSent) {
  const CodecContext context = ebgp_context();
  PathAttributes a = fabric_attributes();
  a.communities.assign(1000, 7);
  const std::vector<EvpnNlri> routes = {type5(1), type5(2)};
  Octets out;
  UpdateEncoder encoder(context, out);
  EXPECT_EQ(encoder.announce(a, routes), 0U);
  EXPECT_EQ(encoder.too_big(), 2U);
  a.communities.assign(2000, 7);
  EXPECT_EQ(encoder.announce(a, routes), 0U);
  EXPECT_EQ(encoder.too_big(), 4U);
  EXPECT_TRUE(out.empty());
  const std::vector<OpaqueEvpnNlri> opaque = {{9, Octets(255, 1), 0}, {9, Octets(5, 1), 0}};
  a.communities.assign(955, 7);  // room for the short one only
  EXPECT_EQ(encoder.announce(a, opaque), 1U);
  EXPECT_EQ(encoder.too_big(), 5U);
  EXPECT_EQ(split(out, kMaxMessage).size(), 1U);
}

TEST(Encoder, OpaqueRoutesAreByteExact) {
  CodecContext context = ebgp_context();
  context.add_path_send = context.add_path_receive = all_families();
  const std::vector<OpaqueEvpnNlri> routes = {{6, {1, 2, 3}, 4}, {0, {}, 0}, {255, {9}, 7}};
  Octets out;
  UpdateEncoder encoder(context, out);
  EXPECT_EQ(encoder.announce(fabric_attributes(), routes), 1U);
  Update u;
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  EXPECT_EQ(u.announced.opaque_evpn, routes);
  out.clear();
  EXPECT_EQ(encoder.withdraw(routes), 1U);
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  EXPECT_EQ(u.withdrawn.opaque_evpn, routes);
}

TEST(Encoder, UnknownAttributes) {  // RFC 4271 5
  PathAttributes a = fabric_attributes();
  a.unknown = {{0x80, 11, {1}}, {0xc0, 12, {2}}, {0xe0, 23, Octets(300, 3)}, {0xc0, 40, {4}}};
  const CodecContext context = ebgp_context();
  Octets out;
  UpdateEncoder(context, out).announce(a, std::vector<EvpnNlri>{type5(1)});
  Update u;
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  ASSERT_EQ(u.attributes.unknown.size(), 3U);  // the non-transitive one stays here
  for (const UnknownAttribute& x : u.attributes.unknown) EXPECT_EQ(x.flags, 0xe0);
  EXPECT_EQ(u.attributes.unknown[1].value, Octets(300, 3));
  EXPECT_EQ(u.attributes.unknown[2].code, 40);
  // Ascending by code behind MP_REACH_NLRI, unknown ones in their place.
  std::vector<unsigned> codes;
  Reader r(Bytes(out).subspan(kHeaderSize + 4));
  while (r.remaining() > 0) {
    const std::uint8_t flags = r.u8();
    codes.push_back(r.u8());
    r.skip((flags & 0x10) != 0 ? r.u16() : r.u8());
  }
  EXPECT_EQ(codes, (std::vector<unsigned>{14, 1, 2, 12, 16, 23, 40}));
}

TEST(Encoder, ExternalPeersSeeNoInternalAttributes) {
  PathAttributes a = fabric_attributes();
  a.local_pref = 200;
  a.originator_id = RouterId{1};
  a.cluster_list = {RouterId{2}};
  for (const CodecContext& context : {ebgp_context(), ibgp_context()}) {
    Octets out;
    UpdateEncoder(context, out).announce(a, std::vector<EvpnNlri>{type5(1)});
    Update u;
    ASSERT_TRUE(decode_update(body_of(out), ibgp_context(), u));
    EXPECT_EQ(u.attributes == a, !context.ebgp);
    EXPECT_EQ(u.attributes.local_pref.has_value(), !context.ebgp);
    EXPECT_EQ(u.attributes.originator_id.has_value(), !context.ebgp);
    EXPECT_EQ(u.attributes.cluster_list.empty(), context.ebgp);
  }
}

TEST(Encoder, TwoOctetPeers) {  // RFC 6793 4.2.2, 4.2.3
  CodecContext context = ebgp_context();
  context.four_octet_as = false;
  PathAttributes a = fabric_attributes();
  a.as_path.prepend(Asn{65000});
  a.aggregator = Aggregator{Asn{4200000002}, RouterId{9}};
  Octets out;
  UpdateEncoder(context, out).announce(a, std::vector<EvpnNlri>{type5(1)});
  EXPECT_NE(to_hex(out).find("5002000602"
                             "02"
                             "fde85ba0"),
            std::string::npos);
  EXPECT_NE(to_hex(out).find("c0110a02"
                             "02"
                             "0000fde8fa56ea01"),
            std::string::npos);
  Update u;
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  EXPECT_EQ(u.attributes, a);
  // Numbers that fit need no AS4_PATH.
  a.as_path.segments[0].asns = {Asn{65000}, Asn{65535}};
  a.aggregator->asn = Asn{65535};
  out.clear();
  UpdateEncoder(context, out).announce(a, std::vector<EvpnNlri>{type5(1)});
  EXPECT_EQ(to_hex(out).find("c011"), std::string::npos);
  EXPECT_EQ(to_hex(out).find("c012"), std::string::npos);
  ASSERT_TRUE(decode_update(body_of(out), context, u));
  EXPECT_EQ(u.attributes, a);
}

TEST(Encoder, EndOfRib) {
  const char* want[] = {"00000000", "00000006800f03000201", "00000006800f03001946"};
  for (const Family family : kAllFamilies) {
    Octets out;
    encode_end_of_rib(family, out);
    EXPECT_EQ(to_hex(body_of(out)), want[static_cast<std::size_t>(family)]);
    Update u;
    ASSERT_TRUE(decode_update(body_of(out), ebgp_context(), u));
    EXPECT_EQ(u.end_of_rib, family);
    Octets again;
    EXPECT_TRUE(encode_update(u, ebgp_context(), again));
    EXPECT_EQ(again, out);
  }
  Update u;  // anything beside it, and it is none
  for (const Octets& body : {update_body("180a0101", ""),
                             update_body("",
                                         "800f03001946"
                                         "40010100"),
                             update_body("180a0101", "800f03001946")}) {
    ASSERT_TRUE(decode_update(body, ebgp_context(), u));
    EXPECT_FALSE(u.end_of_rib);
  }
}

TEST(Encoder, OneUpdateHasOneMpFamily) {
  Update u;
  u.attributes = fabric_attributes();
  u.announced.evpn = {type5(1)};
  u.announced.ipv6 = {{prefix("2001:db8::/32"), 0}};
  Octets out{7};
  EXPECT_FALSE(encode_update(u, ebgp_context(), out));
  EXPECT_EQ(out, Octets{7});  // nothing half written
  u.announced.ipv6.clear();
  EXPECT_TRUE(encode_update(u, ebgp_context(), out));
  u.attributes.next_hop.reset();
  EXPECT_FALSE(encode_update(u, ebgp_context(), out));
  u.withdrawn.ipv6 = {{prefix("2001:db8::/32"), 0}};
  u.withdrawn.evpn = {type5(2)};
  u.announced.clear();
  EXPECT_FALSE(encode_update(u, ebgp_context(), out));
}

}  // namespace
}  // namespace perd::wire::test
