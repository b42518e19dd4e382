// Goal: what two OPENs agree upon, and every reason to refuse one.
// Method: a table of changes to a good pair; the outcome as the fields that matter.
#include "bgp/session/negotiate.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace perd::session::test {
namespace {

using wire::ErrorCode;

struct Refused {
  const char* name;
  void (*change)(PeerSettings& a, wire::Open& theirs);
  std::uint8_t subcode;
  std::vector<std::uint8_t> data;
  const char* words;
};

const Refused kRefused[] = {
    {"wrong AS",
     [](PeerSettings&, wire::Open& o) { o.asn = Asn{65001}; },
     2,
     {},
     "wrong AS number: the neighbor says 65001, configured is 64512"},
    {"AS_TRANS of an old speaker",
     [](PeerSettings&, wire::Open& o) { o.asn = kAsTrans; },
     2,
     {},
     "wrong AS number: the neighbor says 23456, configured is 64512"},
    {"zero id",
     [](PeerSettings&, wire::Open& o) { o.id = RouterId{0}; },
     3,
     {},
     "bad router id: the neighbor says 0.0.0.0"},
    {"our id inside the AS",
     [](PeerSettings& a, wire::Open& o) {
       a.remote_asn = a.local_asn;
       o.asn = a.local_asn;
       o.id = a.router_id;
     },
     3,
     {},
     "bad router id: the neighbor says 1.1.1.1, which is ours"},
    {"hold time 1",
     [](PeerSettings&, wire::Open& o) { o.hold_time_seconds = 1; },
     6,
     {},
     "hold time of 1 s offered, less than 3"},
    {"hold time 2",
     [](PeerSettings&, wire::Open& o) { o.hold_time_seconds = 2; },
     6,
     {},
     "hold time of 2 s offered, less than 3"},
    {"no common family",
     [](PeerSettings& a, wire::Open&) { a.families = families({Family::kIpv6Unicast}); },
     7,
     {1, 4, 0, 2, 0, 1},
     "no address family in common: configured are ipv6unicast, the neighbor speaks ipv4unicast, "
     "evpn"},
    {"no capability, and we do not speak IPv4",
     [](PeerSettings& a, wire::Open& o) {
       a.families = families({Family::kIpv6Unicast, Family::kEvpn});
       o.capabilities = {};
     },
     7,
     {1, 4, 0, 2, 0, 1, 1, 4, 0, 25, 0, 70},
     "no address family in common: configured are ipv6unicast, evpn, the neighbor speaks "
     "ipv4unicast"},
    {"only a family nobody knows here",
     [](PeerSettings& a, wire::Open& o) {
       a.families = families({Family::kIpv4Unicast});
       o.capabilities.multiprotocol = {{16388, 71}};
     },
     7,
     {1, 4, 0, 1, 0, 1},
     "no address family in common: configured are ipv4unicast, the neighbor speaks none"},
};

TEST(Negotiate, Refusals) {
  for (const Refused& c : kRefused) {
    SCOPED_TRACE(c.name);
    PeerSettings a = settings_a();
    wire::Open theirs = make_open(settings_b());
    c.change(a, theirs);
    const auto n = negotiate(a, make_open(a), theirs);
    ASSERT_FALSE(n.has_value());
    EXPECT_EQ(n.error().notification, (wire::Notification{ErrorCode::kOpen, c.subcode, c.data}));
    EXPECT_EQ(n.error().reason, c.words);
  }
}

struct Agreed {
  const char* name;
  void (*change)(PeerSettings& a, wire::Open& theirs);
  void (*check)(const Negotiated& n);
};

const Agreed kAgreed[] = {
    {"as it comes", [](PeerSettings&, wire::Open&) {},
     [](const Negotiated& n) {
       EXPECT_EQ(n.remote_asn, Asn{64512});
       EXPECT_EQ(n.remote_id, RouterId{0x02020202});
       EXPECT_EQ(n.hold_seconds, 180);
       EXPECT_EQ(n.families, families({Family::kIpv4Unicast, Family::kEvpn}));
       EXPECT_EQ(n.codec.families, n.families);
       EXPECT_TRUE(n.route_refresh && n.enhanced_route_refresh && n.extended_message);
       EXPECT_TRUE(n.four_octet_as && n.codec.four_octet_as && n.codec.extended_message);
       EXPECT_TRUE(n.codec.ebgp);
       EXPECT_TRUE(n.codec.add_path_receive.empty() && n.codec.add_path_send.empty());
       EXPECT_TRUE(n.codec.extended_next_hop.empty());
       EXPECT_FALSE(n.graceful_restart);
       EXPECT_EQ(n.codec.local_asn, Asn{64514});
     }},
    {"their shorter hold time", [](PeerSettings&, wire::Open& o) { o.hold_time_seconds = 9; },
     [](const Negotiated& n) { EXPECT_EQ(n.hold_seconds, 9); }},
    {"our shorter hold time", [](PeerSettings& a, wire::Open&) { a.hold_seconds = 3; },
     [](const Negotiated& n) { EXPECT_EQ(n.hold_seconds, 3); }},
    {"hold time 0", [](PeerSettings&, wire::Open& o) { o.hold_time_seconds = 0; },
     [](const Negotiated& n) { EXPECT_EQ(n.hold_seconds, 0); }},
    {"no capabilities at all: two octets, IPv4 only",
     [](PeerSettings&, wire::Open& o) { o.capabilities = {}; },
     [](const Negotiated& n) {
       EXPECT_EQ(n.families, families({Family::kIpv4Unicast}));
       EXPECT_FALSE(n.four_octet_as || n.codec.four_octet_as || n.extended_message);
       EXPECT_FALSE(n.route_refresh || n.enhanced_route_refresh);
     }},
    {"fewer families",
     [](PeerSettings&, wire::Open& o) {
       o.capabilities.multiprotocol = {{25, 70}, {2, 1}};
     },
     [](const Negotiated& n) { EXPECT_EQ(n.families, families({Family::kEvpn})); }},
    {"add-path: they send, we receive",
     [](PeerSettings& a, wire::Open& o) {
       a.add_path_receive = families({Family::kIpv4Unicast, Family::kEvpn});
       o.capabilities.add_path = {{1, 1, 3}, {25, 70, 1}};
     },
     [](const Negotiated& n) {
       EXPECT_EQ(n.codec.add_path_receive, families({Family::kIpv4Unicast}));
       EXPECT_TRUE(n.codec.add_path_send.empty());
     }},
    {"add-path: unknown direction ignored",
     [](PeerSettings& a, wire::Open& o) {
       a.add_path_receive = families({Family::kIpv4Unicast});
       o.capabilities.add_path = {{1, 1, 7}};
     },
     [](const Negotiated& n) { EXPECT_TRUE(n.codec.add_path_receive.empty()); }},
    {"IPv6 session, extended next hop",
     [](PeerSettings& a, wire::Open& o) {
       a.address = *parse_ip("fd00::2");
       o.capabilities.extended_next_hop = {{1, 1, 2}, {25, 70, 2}, {1, 0x146, 2}, {1, 2, 1}};
     },
     [](const Negotiated& n) {
       EXPECT_EQ(n.codec.extended_next_hop, families({Family::kIpv4Unicast}));
     }},
    {"graceful restart helper",
     [](PeerSettings& a, wire::Open& o) {
       a.graceful_restart_helper = true;
       o.capabilities.graceful_restart = wire::GracefulRestartCapability{};
     },
     [](const Negotiated& n) { EXPECT_TRUE(n.graceful_restart); }},
    {"iBGP",
     [](PeerSettings& a, wire::Open& o) {
       a.remote_asn = a.local_asn;
       o.asn = a.local_asn;
     },
     [](const Negotiated& n) { EXPECT_FALSE(n.codec.ebgp); }},
    {"same id in another AS is fine (RFC 6286)",
     [](PeerSettings& a, wire::Open& o) { o.id = a.router_id; },
     [](const Negotiated& n) { EXPECT_EQ(n.remote_id, RouterId{0x01010101}); }},
};

TEST(Negotiate, Agreements) {
  for (const Agreed& c : kAgreed) {
    SCOPED_TRACE(c.name);
    PeerSettings a = settings_a();
    wire::Open theirs = make_open(settings_b());
    c.change(a, theirs);
    const auto n = negotiate(a, make_open(a), theirs);
    ASSERT_TRUE(n.has_value()) << n.error().reason;
    c.check(*n);
    EXPECT_EQ(n->remote_capabilities, theirs.capabilities);
  }
}

TEST(Negotiate, OurOpenSaysWhatIsConfigured) {
  PeerSettings s = settings_a();
  s.hostname = "leaf1";
  s.add_path_receive = families({Family::kEvpn, Family::kIpv6Unicast});
  s.graceful_restart_helper = true;
  const wire::Open o = make_open(s);
  EXPECT_EQ(o.asn, Asn{64514});
  EXPECT_EQ(o.capabilities.four_octet_as, Asn{64514});
  EXPECT_EQ(o.capabilities.multiprotocol, (std::vector<wire::AfiSafi>{{1, 1}, {25, 70}}));
  // Only for a family that is spoken.
  EXPECT_EQ(o.capabilities.add_path, (std::vector<wire::AddPathFamily>{{25, 70, 1}}));
  ASSERT_TRUE(o.capabilities.fqdn);
  EXPECT_EQ(o.capabilities.fqdn->host, "leaf1");
  ASSERT_TRUE(o.capabilities.graceful_restart);
  EXPECT_TRUE(o.capabilities.graceful_restart->notification);
  EXPECT_FALSE(o.capabilities.graceful_restart->restarting);
  EXPECT_TRUE(o.capabilities.graceful_restart->families.empty());
  EXPECT_FALSE(make_open(settings_a()).capabilities.graceful_restart);
  EXPECT_FALSE(make_open(settings_a()).capabilities.fqdn);
  // And it survives the wire, a four-octet AS number included.
  s.local_asn = Asn{4200000001};
  std::vector<std::uint8_t> octets;
  wire::encode_open(make_open(s), octets);
  const auto back = wire::decode_open(Bytes(octets).subspan(wire::kHeaderSize));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, make_open(s));
}

TEST(Negotiate, CollisionIsDecidedByIdThenAs) {
  EXPECT_TRUE(our_dial_wins(RouterId{2}, Asn{1}, RouterId{1}, Asn{9}));
  EXPECT_FALSE(our_dial_wins(RouterId{1}, Asn{9}, RouterId{2}, Asn{1}));
  // Compared as unsigned numbers in host order (RFC 4271 6.8).
  EXPECT_TRUE(our_dial_wins(RouterId{0xc0000001}, Asn{1}, RouterId{0x0a000001}, Asn{1}));
  EXPECT_TRUE(our_dial_wins(RouterId{5}, Asn{9}, RouterId{5}, Asn{1}));
  EXPECT_FALSE(our_dial_wins(RouterId{5}, Asn{1}, RouterId{5}, Asn{9}));
}

TEST(Negotiate, WhatNeedsAReset) {
  struct Case {
    const char* name;
    void (*change)(PeerSettings&);
    bool reset;
  };
  const Case cases[] = {
      {"nothing", [](PeerSettings&) {}, false},
      {"port", [](PeerSettings& s) { s.port = 1179; }, false},
      {"keepalive", [](PeerSettings& s) { s.keepalive_seconds = 1; }, false},
      {"connect", [](PeerSettings& s) { s.connect_seconds = 1; }, false},
      {"passive", [](PeerSettings& s) { s.passive = true; }, false},
      {"hostname", [](PeerSettings& s) { s.hostname = "x"; }, false},
      {"address", [](PeerSettings& s) { s.address = IpAddress::v4(7); }, true},
      {"local AS", [](PeerSettings& s) { s.local_asn = Asn{1}; }, true},
      {"remote AS", [](PeerSettings& s) { s.remote_asn = Asn{1}; }, true},
      {"router id", [](PeerSettings& s) { s.router_id = RouterId{7}; }, true},
      {"hold", [](PeerSettings& s) { s.hold_seconds = 9; }, true},
      {"families", [](PeerSettings& s) { s.families.add(Family::kIpv6Unicast); }, true},
      {"add-path", [](PeerSettings& s) { s.add_path_receive.add(Family::kEvpn); }, true},
      {"graceful restart", [](PeerSettings& s) { s.graceful_restart_helper = true; }, true},
      {"password", [](PeerSettings& s) { s.transport.md5_password = "x"; }, true},
      {"ttl", [](PeerSettings& s) { s.transport.ttl = 2; }, true},
      {"minimum ttl", [](PeerSettings& s) { s.transport.minimum_ttl = 254; }, true},
      {"source", [](PeerSettings& s) { s.transport.source = IpAddress::v4(7); }, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    PeerSettings to = settings_a();
    c.change(to);
    EXPECT_EQ(needs_reset(settings_a(), to), c.reset);
  }
}

}  // namespace
}  // namespace perd::session::test
