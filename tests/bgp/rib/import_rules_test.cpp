// Goal: each import rule refuses exactly what its RFC says, with its own reason.
#include "bgp/rib/import_rules.h"

#include <gtest/gtest.h>

#include "rib_fixture.h"

namespace perd::rib {
namespace {

constexpr std::uint32_t kOwn = 64512;

ImportContext context(bool ebgp = true) {
  ImportContext c;
  c.peer = peer_info(1, ebgp, ebgp ? 65001 : kOwn);
  c.local_asn = Asn{kOwn};
  c.router_id = RouterId{0x0a0a0a0a};
  c.cluster_id = RouterId{0x0b0b0b0b};
  return c;
}

TEST(ImportRules, AsLoop) {
  struct Case {
    const char* name;
    std::vector<std::uint32_t> path;
    AllowAsIn allow;
    Reason want;
  };
  const Case cases[] = {
      {"foreign", {65001, 65002}, {}, Reason::kNone},
      {"empty", {}, {}, Reason::kNone},
      {"own as origin, off", {65001, kOwn}, {}, Reason::kAsLoop},
      {"own in the middle, off", {65001, kOwn, 65002}, {}, Reason::kAsLoop},
      {"once, one allowed", {65001, kOwn}, {1, false}, Reason::kNone},
      {"twice, one allowed", {65001, kOwn, kOwn}, {1, false}, Reason::kAsLoop},
      {"three, three allowed", {kOwn, 65001, kOwn, kOwn}, {3, false}, Reason::kNone},
      {"four, three allowed", {kOwn, kOwn, 65001, kOwn, kOwn}, {3, false}, Reason::kAsLoop},
      {"origin only: is origin", {65001, kOwn}, {0, true}, Reason::kNone},
      {"origin only: prepended origin", {65001, kOwn, kOwn, kOwn}, {0, true}, Reason::kNone},
      {"origin only: in the middle", {65001, kOwn, 65002}, {0, true}, Reason::kAsLoop},
      {"origin only: both", {65001, kOwn, 65002, kOwn}, {0, true}, Reason::kAsLoop},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ImportContext ctx = context();
    ctx.allow_as_in = c.allow;
    EXPECT_EQ(import_verdict(attributes_of(v4(1, 1, 1, 1), c.path), ctx), c.want);
  }
}

TEST(ImportRules, AsLoopInASetOrByTheAsShownToThePeer) {
  wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1), {65001});
  wire::AsSegment set;
  set.type = wire::SegmentType::kSet;
  set.asns = {Asn{kOwn}};
  a.as_path.segments.push_back(set);
  EXPECT_EQ(import_verdict(a, context()), Reason::kAsLoop);
  ImportContext origin = context();
  origin.allow_as_in = {0, true};  // an AS in a set is not the origin
  EXPECT_EQ(import_verdict(a, origin), Reason::kAsLoop);

  ImportContext shown = context();
  shown.peer_local_asn = Asn{65500};
  EXPECT_EQ(import_verdict(attributes_of(v4(1, 1, 1, 1), {65001, 65500}), shown), Reason::kAsLoop);
  EXPECT_EQ(import_verdict(attributes_of(v4(1, 1, 1, 1), {65001}), shown), Reason::kNone);
}

TEST(ImportRules, OtherReasons) {
  const IpAddress own[] = {v4(192, 168, 1, 1), v6(1)};
  struct Case {
    const char* name;
    bool ebgp;
    void (*change)(wire::PathAttributes&, ImportContext&);
    Reason want;
  };
  const Case cases[] = {
      {"plain", true, [](auto&, auto&) {}, Reason::kNone},
      {"first AS not enforced", true, [](auto& a, auto&) { a.as_path = path_of({65009}); },
       Reason::kNone},
      {"first AS enforced", true,
       [](auto& a, auto& c) { a.as_path = path_of({65009}), c.enforce_first_as = true; },
       Reason::kFirstAs},
      {"first AS enforced and right", true, [](auto&, auto& c) { c.enforce_first_as = true; },
       Reason::kNone},
      {"first AS enforced, empty path", true,
       [](auto& a, auto& c) { a.as_path = {}, c.enforce_first_as = true; }, Reason::kFirstAs},
      {"first AS is no matter inside", false,
       [](auto& a, auto& c) { a.as_path = {}, c.enforce_first_as = true; }, Reason::kNone},
      {"own ORIGINATOR_ID", false, [](auto& a, auto& c) { a.originator_id = c.router_id; },
       Reason::kOriginatorLoop},
      {"other ORIGINATOR_ID", false, [](auto& a, auto&) { a.originator_id = RouterId{1}; },
       Reason::kNone},
      {"own cluster", false,
       [](auto& a, auto& c) {
         a.cluster_list = {RouterId{1}, c.cluster_id};
       },
       Reason::kClusterLoop},
      {"other cluster", false, [](auto& a, auto&) { a.cluster_list = {RouterId{1}}; },
       Reason::kNone},
      {"own next hop", true, [](auto& a, auto&) { a.next_hop = v4(192, 168, 1, 1); },
       Reason::kOwnNextHop},
      {"own IPv6 next hop", true, [](auto& a, auto&) { a.next_hop = v6(1); }, Reason::kOwnNextHop},
      {"no next hop", true, [](auto& a, auto&) { a.next_hop.reset(); }, Reason::kNone},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ImportContext ctx = context(c.ebgp);
    ctx.own_addresses = own;
    wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1), {65001});
    c.change(a, ctx);
    EXPECT_EQ(import_verdict(a, ctx), c.want);
  }
}

TEST(ImportRules, AnExternalPeerHasNoSayInInternalAttributes) {
  for (const bool ebgp : {true, false}) {
    wire::PathAttributes a = attributes_of(v4(1, 1, 1, 1));
    a.local_pref = 500;
    a.originator_id = RouterId{1};
    a.cluster_list = {RouterId{2}};
    const wire::PathAttributes before = a;
    prepare_import(a, context(ebgp));
    EXPECT_EQ(a.local_pref.has_value(), !ebgp);
    EXPECT_EQ(a.originator_id.has_value(), !ebgp);
    EXPECT_EQ(a.cluster_list.empty(), ebgp);
    if (!ebgp) {
      EXPECT_EQ(a, before);
    }
  }
}

}  // namespace
}  // namespace perd::rib
