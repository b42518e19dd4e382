// Goal: perd reads and writes exactly what FRR and GoBGP put on the wire. Method: messages they
// sent, as files; decoded, compared with their documented meaning, and encoded again octet by
// octet.
#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

Octets reencode(const Octets& message, const CodecContext& context) {
  const auto header = decode_header(Bytes(message).first(kHeaderSize), false);
  EXPECT_TRUE(header);
  EXPECT_EQ(header->length, message.size());
  const Octets body = body_of(message);
  Octets out;
  switch (header->type) {
    case MessageType::kOpen: {
      const auto open = decode_open(body);
      EXPECT_TRUE(open);
      encode_open(*open, out);
      break;
    }
    case MessageType::kUpdate: {
      Update update;
      EXPECT_TRUE(decode_update(body, context, update));
      EXPECT_TRUE(update.faults.empty());
      EXPECT_EQ(update.disposition, Disposition::kNone);
      EXPECT_TRUE(encode_update(update, context, out));
      break;
    }
    case MessageType::kNotification:
      encode_notification(decode_notification(body).value(), out);
      break;
    case MessageType::kKeepalive:
      encode_keepalive(out);
      break;
    case MessageType::kRouteRefresh:
      encode_route_refresh(decode_route_refresh(body).value(), out);
      break;
  }
  return out;
}

TEST(Golden, FrrMessagesComeBackOctetByOctet) {
  const auto messages = read_vectors("frr-8.4.4-session.hex");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    SCOPED_TRACE("line " + std::to_string(i + 1));
    const bool open = messages[i][18] == 1;
    const std::string again = to_hex(reencode(messages[i], ebgp_context()));
    // FRR's OPEN has two capabilities perd only keeps as unknown, so they move to the end.
    if (open) {
      EXPECT_EQ(again.size(), 2 * messages[i].size());
    } else {
      EXPECT_EQ(again, to_hex(messages[i]));
    }
  }
}

TEST(Golden, FrrMeansWhatItsDocumentationSays) {
  const auto messages = read_vectors("frr-8.4.4-session.hex");
  const auto open = decode_open(body_of(messages.at(0)));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->asn, Asn{4200000001});
  EXPECT_EQ(open->hold_time_seconds, 180);
  EXPECT_EQ(open->id, parse_router_id("192.0.2.2"));
  EXPECT_EQ(open->capabilities.multiprotocol, (std::vector<AfiSafi>{{1, 1}, {25, 70}}));
  EXPECT_TRUE(open->capabilities.route_refresh && open->capabilities.enhanced_route_refresh &&
              open->capabilities.extended_message);
  EXPECT_EQ(open->capabilities.graceful_restart->restart_time_seconds, 120);
  EXPECT_EQ(open->capabilities.unknown.size(), 2U);  // the old route refresh and LLGR

  Update u;
  ASSERT_TRUE(decode_update(body_of(messages.at(4)), ebgp_context(), u));
  ASSERT_EQ(u.announced.evpn.size(), 2U);
  EXPECT_EQ(u.announced.evpn[0].key,
            EvpnKey::ip_prefix(*parse_rd("192.0.2.2:2"), EthernetTag{}, prefix("10.110.0.0/24")));
  EXPECT_EQ(u.announced.evpn[1].key.prefix(), prefix("fd00:110::/64"));
  EXPECT_EQ(u.announced.evpn[1].data.label1, Label{100});
  EXPECT_EQ(u.attributes.origin, Origin::kIncomplete);
  EXPECT_EQ(to_string(u.attributes.as_path), "4200000001");
  EXPECT_EQ(u.attributes.med, 0U);
  EXPECT_EQ(u.attributes.next_hop, ip("192.0.2.2"));
  EXPECT_EQ(u.attributes.extended_communities,
            (std::vector{make_encapsulation(kEncapsulationVxlan),
                         make_auto_route_target(Asn{4200000001}, Vni{100}),
                         make_router_mac(*parse_mac("aa:bb:cc:00:02:64"))}));

  ASSERT_TRUE(decode_update(body_of(messages.at(37)), ebgp_context(), u));  // a MAC that moved
  EXPECT_EQ(as_mac_mobility(u.attributes.extended_communities.at(2)), (MacMobility{1, false}));
  ASSERT_TRUE(decode_update(body_of(messages.at(9)), ebgp_context(), u));
  EXPECT_EQ(u.attributes.pmsi,
            (PmsiTunnel{0, kPmsiIngressReplication, Label{110}, {192, 0, 2, 2}}));
  const auto n = decode_notification(body_of(messages.at(47)));
  EXPECT_EQ(to_string(n.value()), "Cease/Hard Reset");
}

TEST(Golden, GoBgpRoutes) {
  const char* routes[] = {"[5]:[0]:[24]:[192.168.10.0]",
                          "[2]:[0]:[48]:[aa:bb:cc:dd:ee:ff]:[32]:[10.0.0.5]",
                          "[2]:[0]:[48]:[aa:bb:cc:dd:ee:fe]", "[3]:[0]:[32]:[100.64.0.1]",
                          "[4]:[01:aa:bb:cc:dd:ee:01:00:64:00]:[32]:[100.64.0.1]"};
  const auto messages = read_vectors("gobgp-3.10-evpn.hex");
  ASSERT_EQ(messages.size(), std::size(routes));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    SCOPED_TRACE(routes[i]);
    Update u;
    ASSERT_TRUE(decode_update(body_of(messages[i]), ebgp_context(), u));
    // GoBGP announced type 4 with a next hop of 127.0.0.1, which no one may use.
    const bool martian = i == 4;
    EXPECT_EQ(u.disposition, martian ? Disposition::kTreatAsWithdraw : Disposition::kNone);
    const auto& list = martian ? u.withdrawn.evpn : u.announced.evpn;
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(to_string(list[0].key), routes[i]);
    EXPECT_EQ(to_string(list[0].key.rd), i < 4 ? "10.0.0.1:2" : "10.0.0.1:1");
    EXPECT_EQ(to_string(u.attributes.as_path), "65001");
    if (martian) continue;
    EXPECT_EQ(u.attributes.next_hop, ip("100.64.0.1"));
    // Other order of attributes, same values: perd's own octets mean the same.
    Octets out;
    ASSERT_TRUE(encode_update(u, ebgp_context(), out));
    Update again;
    ASSERT_TRUE(decode_update(body_of(out), ebgp_context(), again));
    EXPECT_EQ(again.announced, u.announced);
    EXPECT_EQ(again.attributes, u.attributes);
  }
}

}  // namespace
}  // namespace perd::wire::test
