// The other end of a session, as the tests of exporting need it: decodes what a neighbour is sent
// and keeps what it then holds.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "rib_fixture.h"

namespace perd::rib {

using Octets = std::vector<std::uint8_t>;

// The other end of a session.
class Receiver {
 public:
  struct Told {
    wire::PathAttributes attributes;
    wire::EvpnData data;
  };

  explicit Receiver(wire::CodecContext codec) : codec_(codec) {}

  void take(const Octets& out) {
    std::size_t at = 0;
    while (at < out.size()) {
      const Bytes message = Bytes{out}.subspan(at);
      ASSERT_GE(message.size(), wire::kHeaderSize);
      const auto header =
          wire::decode_header(message.first(wire::kHeaderSize), codec_.extended_message);
      ASSERT_TRUE(header.has_value());
      ASSERT_LE(header->length, message.size());
      ASSERT_LE(header->length, codec_.max_message());
      body(header->type, message.subspan(wire::kHeaderSize, header->length - wire::kHeaderSize));
      at += header->length;
      ++messages;
    }
  }

  std::map<std::string, Told> held;
  std::vector<std::string> marks;  // "eor evpn", "borr ...", "eorr ..."
  std::size_t messages = 0;
  std::size_t announced = 0;
  std::size_t withdrawn = 0;

 private:
  void body(wire::MessageType type, Bytes octets) {
    if (type == wire::MessageType::kRouteRefresh) {
      const auto r = wire::decode_route_refresh(octets);
      ASSERT_TRUE(r.has_value());
      const auto family = family_of(r->afi, r->safi);
      ASSERT_TRUE(family.has_value());
      marks.push_back((r->subtype == 1 ? "borr " : "eorr ") + std::string{to_string(*family)});
      return;
    }
    ASSERT_EQ(type, wire::MessageType::kUpdate);
    wire::Update u;
    ASSERT_TRUE(wire::decode_update(octets, codec_, u).has_value());
    ASSERT_TRUE(u.faults.empty()) << to_string(u.faults[0]);
    if (u.end_of_rib) marks.push_back("eor " + std::string{to_string(*u.end_of_rib)});
    const auto gone = [this](const std::string& key) {
      EXPECT_EQ(held.erase(key), 1U) << key;  // nothing is taken back that was not told
      ++withdrawn;
    };
    for (const auto& r : u.withdrawn.ipv4) gone(to_string(r.prefix));
    for (const auto& r : u.withdrawn.ipv6) gone(to_string(r.prefix));
    for (const auto& r : u.withdrawn.evpn) gone(name(r.key));
    for (const auto& r : u.withdrawn.opaque_evpn) gone(name({r.type, r.octets}));
    wire::PathAttributes mp = u.attributes;
    if (u.mp_next_hop) mp.next_hop = u.mp_next_hop;
    const auto told = [this](const std::string& key, const wire::PathAttributes& a,
                             const wire::EvpnData& d = {}) {
      held[key] = {a, d};
      ++announced;
    };
    for (const auto& r : u.announced.ipv4) told(to_string(r.prefix), u.attributes);
    for (const auto& r : u.announced.ipv6) told(to_string(r.prefix), mp);
    for (const auto& r : u.announced.evpn) told(name(r.key), mp, r.data);
    for (const auto& r : u.announced.opaque_evpn) told(name({r.type, r.octets}), mp);
  }

 public:
  static std::string name(const wire::EvpnKey& k) { return to_string(k.rd) + to_string(k); }
  static std::string name(const OpaqueKey& k) {
    std::string s = "opaque " + std::to_string(k.type);
    for (const auto o : k.octets) s += ' ' + std::to_string(o);
    return s;
  }
  static std::string name(const IpPrefix& p) { return to_string(p); }

 private:
  wire::CodecContext codec_;
};

inline ExportPeer export_peer(const PeerInfo& info, bool transit = true) {
  ExportPeer p;
  p.info = info;
  for (const Family f : kAllFamilies) p.families.add(f);
  p.codec.ebgp = info.ebgp;
  p.codec.families = p.families;
  p.local_asn = Asn{64512};
  p.cluster_id = RouterId{12};
  p.transit = transit;
  p.own_v4 = v4(10, 9, 9, 9);
  p.own_v6 = v6(99);
  return p;
}

}  // namespace perd::rib
