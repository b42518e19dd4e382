// Goal: decode(encode(x)) == x for whatever perd can say. Method: random messages from one seed
// (PERD_WIRE_SEED repeats a run), every family, both kinds of peer, both widths of AS numbers.
#include <cstdlib>

#include "bgp/wire/wire_support.h"
#include "perd/random.h"

namespace perd::wire::test {
namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>(random_.below(n)); }
  bool coin() { return below(2) == 0; }
  template <class Array>
  void fill(Array& octets) {
    for (auto& o : octets) o = static_cast<std::uint8_t>(below(256));
  }
  Octets octets(std::size_t max) {
    Octets out(below(max + 1));
    fill(out);
    return out;
  }
  Asn asn() { return Asn{coin() ? 1 + below(65535) : 65536 + below(4200000000U)}; }
  IpAddress address(bool four) {
    IpAddress a = four ? IpAddress::v4(0x0a000000 | below(1U << 24)) : ip("2001:db8::");
    if (!four) a.octets[15] = static_cast<std::uint8_t>(1 + below(255));
    return a;
  }
  IpPrefix any_prefix(bool four) {
    IpAddress a;
    a.family = four ? IpFamily::kIpv4 : IpFamily::kIpv6;
    for (std::size_t i = 0; i < a.size(); ++i) a.octets[i] = static_cast<std::uint8_t>(below(256));
    return IpPrefix::make(a, below(a.bits() + 1));
  }

  EvpnNlri evpn(bool add_path) {
    EvpnNlri r;
    r.key.type = static_cast<EvpnRouteType>(1 + below(5));
    if (r.key.type == EvpnRouteType::kIpPrefix) {
      r.key = EvpnKey::ip_prefix({}, EthernetTag{below(5)}, any_prefix(coin()));
      r.data.label1 = Label{1 + below((1U << 24) - 1)};
      if (coin()) {
        fill(r.data.esi.octets);
      } else if (coin()) {
        r.data.gateway = address(r.key.ip_bits == 32);
      }
    } else {
      fill_others(r);
    }
    fill(r.key.rd.octets);
    if (add_path) r.path_id = below(1U << 31);
    return r;
  }

  AsPath as_path() {
    AsPath path;
    for (unsigned n = below(4); n > 0; --n) {
      AsSegment s{coin() ? SegmentType::kSequence : SegmentType::kSet, {}};
      for (unsigned i = 1 + below(6); i > 0; --i) s.asns.push_back(asn());
      path.segments.push_back(std::move(s));
    }
    return path;
  }

  PathAttributes attributes(bool internal, bool four) {
    PathAttributes a;
    a.origin = static_cast<Origin>(below(3));
    a.has_as_path = true;
    a.as_path = as_path();
    a.next_hop = address(four);
    if (coin()) a.med = below(1000);
    if (internal && coin()) a.local_pref = below(1000);
    a.atomic_aggregate = coin();
    if (coin()) a.aggregator = Aggregator{asn(), RouterId{below(1000)}};
    if (internal && coin()) a.originator_id = RouterId{1 + below(1000)};
    for (unsigned n = internal ? below(4) : 0; n > 0; --n) a.cluster_list.push_back(RouterId{n});
    for (unsigned n = below(70); n > 0; --n) a.communities.push_back(below(1U << 31));
    for (unsigned n = below(3); n > 0; --n) a.large_communities.push_back({n, below(9), below(9)});
    for (unsigned n = below(5); n > 0; --n) fill(a.extended_communities.emplace_back().octets);
    if (coin()) {
      a.pmsi = PmsiTunnel{0, kPmsiIngressReplication, Label{below(1U << 24)}, Octets(4, 9)};
    }
    for (unsigned n = below(3); n > 0; --n) {
      a.unknown.push_back({0xe0, static_cast<std::uint8_t>(200 - n), octets(300)});
    }
    return a;
  }

 private:
  void fill_others(EvpnNlri& r) {
    const bool segment = r.key.type == EvpnRouteType::kEthernetSegment;
    if (!segment) r.key.tag = EthernetTag{below(1U << 31)};
    if (segment || r.key.type == EvpnRouteType::kEthernetAd) fill(r.key.esi.octets);
    if (r.key.type == EvpnRouteType::kEthernetAd) r.data.label1 = Label{below(1U << 24)};
    if (r.key.type == EvpnRouteType::kMacIp) {
      fill(r.key.mac.octets);
      fill(r.data.esi.octets);
      r.data.label1 = Label{below(1U << 24)};
      if (coin()) r.data.label2 = Label{below(1U << 24)};
      if (coin()) return;
    } else if (r.key.type == EvpnRouteType::kEthernetAd) {
      return;
    }
    const IpAddress a = address(coin());
    r.key.ip = a.octets;
    r.key.ip_bits = static_cast<std::uint8_t>(a.bits());
  }

  Random random_;
};

std::uint64_t seed() {
  const char* text = std::getenv("PERD_WIRE_SEED");
  return text == nullptr ? 20250101 : std::strtoull(text, nullptr, 10);
}

CodecContext random_context(Generator& g) {
  CodecContext c = g.coin() ? ebgp_context() : ibgp_context();
  c.extended_message = true;
  c.four_octet_as = g.coin();
  if (g.coin()) c.add_path_send = c.add_path_receive = all_families();
  return c;
}

Update random_update(Generator& g, const CodecContext& c) {
  Update u;
  const auto family = static_cast<Family>(g.below(3));
  const bool add_path = c.add_path_send.has(family);
  const bool four = family == Family::kIpv4Unicast;
  u.attributes = g.attributes(!c.ebgp, family != Family::kIpv6Unicast);
  const auto prefix_route = [&] {
    return PrefixNlri{g.any_prefix(four), add_path ? g.below(1U << 31) : 0};
  };
  for (unsigned n = 1 + g.below(20); n > 0; --n) {
    if (family == Family::kEvpn) {
      u.announced.evpn.push_back(g.evpn(add_path));
      EvpnNlri gone = g.evpn(add_path);
      gone.data = {};
      if (g.coin()) u.withdrawn.evpn.push_back(gone);
      if (g.below(8) == 0) u.announced.opaque_evpn.push_back({9, g.octets(255), 0});
    } else {
      (four ? u.announced.ipv4 : u.announced.ipv6).push_back(prefix_route());
      if (g.coin()) (four ? u.withdrawn.ipv4 : u.withdrawn.ipv6).push_back(prefix_route());
    }
  }
  if (!four) u.mp_next_hop = u.attributes.next_hop;
  return u;
}

TEST(RoundTrip, Updates) {
  SCOPED_TRACE("PERD_WIRE_SEED=" + std::to_string(seed()));
  Generator g(seed());
  Update again;  // reused, as the daemon does
  for (int i = 0; i < 3000; ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    const CodecContext c = random_context(g);
    const Update u = random_update(g, c);
    Octets out;
    ASSERT_TRUE(encode_update(u, c, out));
    ASSERT_TRUE(decode_header(Bytes(out).first(kHeaderSize), true));
    ASSERT_TRUE(decode_update(body_of(out), c, again));
    ASSERT_EQ(again.disposition, Disposition::kNone) << to_string(again.faults.front());
    ASSERT_EQ(again.announced, u.announced);
    ASSERT_EQ(again.withdrawn, u.withdrawn);
    ASSERT_EQ(again.mp_next_hop, u.mp_next_hop);
    // RFC 6793 joins sequences that two-octet peers saw apart: compare what the path says.
    ASSERT_EQ(again.attributes.as_path.length(), u.attributes.as_path.length());
    if (!c.four_octet_as) again.attributes.as_path = u.attributes.as_path;
    ASSERT_EQ(again.attributes, u.attributes);
    Octets twice;
    again.attributes = u.attributes;
    ASSERT_TRUE(encode_update(again, c, twice));
    ASSERT_EQ(to_hex(twice), to_hex(out));
  }
}

TEST(RoundTrip, Opens) {
  SCOPED_TRACE("PERD_WIRE_SEED=" + std::to_string(seed()));
  Generator g(seed());
  for (int i = 0; i < 2000; ++i) {
    Open open;
    open.asn = g.asn();
    open.hold_time_seconds = static_cast<std::uint16_t>(g.coin() ? 0 : 3 + g.below(65533));
    open.id = RouterId{1 + g.below(1U << 31)};
    Capabilities& c = open.capabilities;
    for (std::uint16_t n = 0; n < g.below(5); ++n) c.multiprotocol.push_back({n, 1});
    c.route_refresh = g.coin();
    c.enhanced_route_refresh = g.coin();
    c.extended_message = g.coin();
    if (open.asn.value > 65535 || g.coin()) c.four_octet_as = open.asn;
    if (g.coin()) {
      c.graceful_restart = GracefulRestartCapability{
          g.coin(), g.coin(), static_cast<std::uint16_t>(g.below(4096)), {{1, 1, g.coin()}}};
    }
    for (std::uint16_t n = 0; n < g.below(4); ++n) c.add_path.push_back({n, 1, 3});
    for (std::uint16_t n = 0; n < g.below(4); ++n) c.extended_next_hop.push_back({n, 1, 2});
    if (g.coin()) c.fqdn = Fqdn{"leaf" + std::to_string(g.below(100)), "fabric"};
    for (std::uint8_t n = 0; n < g.below(5); ++n) {
      c.unknown.push_back({static_cast<std::uint8_t>(200 + n), g.octets(255)});
    }
    Octets out;
    encode_open(open, out);
    const auto again = decode_open(body_of(out));
    ASSERT_TRUE(again) << to_string(again.error());
    ASSERT_EQ(*again, open);
  }
}

}  // namespace
}  // namespace perd::wire::test
