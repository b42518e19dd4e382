// Goal: the small containers under the tables hold what plain standard ones would, under random
// use, and every kind of key comes back as it went in.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/key_store.h"
#include "bgp/rib/route_bits.h"
#include "bgp/rib/route_map.h"
#include "bgp/rib/slab.h"
#include "perd/random.h"
#include "rib_fixture.h"

namespace perd::rib {
namespace {

TEST(RouteBits, AgreesWithASet) {
  Random random{5};
  RouteBits bits;
  std::set<RouteId> model;
  EXPECT_EQ(bits.next(0), 0U);
  for (int i = 0; i < 20000; ++i) {
    const auto range = random.below(3) == 0 ? 64 : 200000;
    const auto id = static_cast<RouteId>(1 + random.below(static_cast<std::uint64_t>(range)));
    if (random.below(2) == 0) {
      ASSERT_EQ(bits.set(id), model.insert(id).second);
    } else {
      ASSERT_EQ(bits.clear(id), model.erase(id) == 1);
    }
    const auto from = static_cast<RouteId>(random.below(200100));
    const auto it = model.lower_bound(from);
    ASSERT_EQ(bits.next(from), it == model.end() ? 0 : *it);
    ASSERT_EQ(bits.has(from), model.contains(from));
    ASSERT_EQ(bits.size(), model.size());
  }
}

TEST(FlatIndex, AgreesWithAMap) {
  // Few distinct hashes, so that runs are long and wrap around.
  for (const std::uint64_t spread : {3ULL, 97ULL, 1000000ULL}) {
    SCOPED_TRACE(spread);
    Random random{9};
    FlatIndex index;
    std::map<std::uint32_t, std::uint64_t> model;
    const auto hash_of = [&](std::uint32_t n) { return mix64(n % spread); };
    for (int i = 0; i < 6000; ++i) {
      const auto n = static_cast<std::uint32_t>(1 + random.below(400));
      const std::uint32_t found = index.find(hash_of(n), [&](std::uint32_t x) { return x == n; });
      ASSERT_EQ(found, model.contains(n) ? n : 0);
      if (found == 0) {
        index.insert(hash_of(n), n, hash_of);
        model[n] = hash_of(n);
      } else if (random.below(2) == 0) {
        index.erase(hash_of(n), n);
        model.erase(n);
      }
      ASSERT_EQ(index.size(), model.size());
    }
    for (const auto& [n, hash] : model) {
      const std::uint32_t wanted = n;
      ASSERT_EQ(index.find(hash, [&](std::uint32_t x) { return x == wanted; }), n);
    }
  }
}

// Growth asks keys for their hashes seldom and a few at a time; shrinking asks none.
TEST(FlatIndex, GrowsAndShrinksByParts) {
  FlatIndex index;
  constexpr std::uint32_t kNumbers = 200000;
  std::size_t asked = 0;
  std::size_t most = 0;
  std::size_t all = 0;
  std::uint32_t guessed = 0;
  for (std::uint32_t n = 1; n <= kNumbers; ++n) {
    asked = 0;
    index.insert(mix64(n), n, [&](std::uint32_t x) {
      ++asked;
      return mix64(x);
    });
    most = std::max(most, asked);
    all += asked;
  }
  EXPECT_LE(most, 2048U);
  EXPECT_LE(all, kNumbers);
  EXPECT_LE(index.memory(), kNumbers * 6 * 3 / 2);  // at least two thirds full
  for (std::uint32_t n = 1; n <= kNumbers; ++n) {
    ASSERT_EQ(index.find(mix64(n), [&](std::uint32_t x) { return x == n; }), n);
    guessed += index.first_guess(mix64(n)) == n ? 1U : 0U;
  }
  EXPECT_GE(guessed, kNumbers * 99 / 100);
  for (std::uint32_t n = 1; n <= kNumbers; ++n) {
    index.erase(mix64(n), n);
    ASSERT_LE(index.memory(), (kNumbers - n) * 6 * 4 + 16384);
    if (n % 1000 != 0) continue;
    for (std::uint32_t left = n + 1; left <= kNumbers; left += 777) {
      ASSERT_EQ(index.find(mix64(left), [&](std::uint32_t x) { return x == left; }), left);
    }
  }
  EXPECT_EQ(index.memory(), 0U);
}

TEST(FlatIndex, FindsOrMakes) {
  FlatIndex index;
  const auto hash_of = [](std::uint32_t n) { return mix64(n / 2); };
  for (std::uint32_t n = 1; n <= 20000; ++n) {
    const std::uint32_t key = n / 2;
    const std::uint32_t got = index.find_or_make(
        hash_of(n), [&](std::uint32_t x) { return x / 2 == key; },
        [&] { return n % 5 == 4 ? 0U : n; }, hash_of);
    const std::uint32_t other = n - 1;  // the only other number of this key, when it was made
    const bool known = n % 2 == 1 && other % 5 != 4 && other != 0;
    ASSERT_EQ(got, known ? other : n % 5 == 4 ? 0 : n);
  }
}

TEST(Slab, TheLowestFreeIndexIsNextAndHighChunksGo) {
  constexpr std::uint32_t kChunk = Slab<std::uint64_t>::kChunk;
  Slab<std::uint64_t> slab;
  const std::size_t nothing = slab.memory();
  for (std::uint32_t i = 1; i < 200 * kChunk; ++i) ASSERT_EQ(slab.make(), i);
  const std::size_t full = slab.memory();
  for (const std::uint32_t id : {7 * kChunk + 5, 3U, 90 * kChunk}) slab.destroy(id);
  EXPECT_EQ(slab.make(), 3U);
  EXPECT_EQ(slab.make(), 7 * kChunk + 5);
  EXPECT_EQ(slab.make(), 90 * kChunk);
  EXPECT_EQ(slab.make(), 200 * kChunk);
  slab.destroy(200 * kChunk);
  // A hole in the middle: its chunk goes, its numbers come back.
  for (std::uint32_t id = 50 * kChunk; id < 60 * kChunk; ++id) slab.destroy(id);
  EXPECT_LE(slab.memory(), full - 9 * kChunk * 8);
  EXPECT_FALSE(slab.has(55 * kChunk));
  EXPECT_FALSE(slab.backed(55 * kChunk));
  EXPECT_EQ(slab.next(50 * kChunk), 60 * kChunk);
  EXPECT_EQ(slab.make(), 50 * kChunk);
  EXPECT_EQ(slab.next(50 * kChunk), 50 * kChunk);
  EXPECT_EQ(slab.next(50 * kChunk + 1), 60 * kChunk);
  for (std::uint32_t id = slab.next(0); id < slab.end(); id = slab.next(id + 1)) slab.destroy(id);
  EXPECT_EQ(slab.used(), 0U);
  EXPECT_LE(slab.memory(), nothing + kChunk * 9 + 8192);  // one chunk is kept
  EXPECT_LE(slab.end(), 200 * kChunk + 1);
  EXPECT_EQ(slab.make(), 1U);
}

TEST(RouteMap, AgreesWithAMapAndDropsEmptyPages) {
  Random random{8};
  RouteMap<std::uint32_t> map;
  std::map<RouteId, std::uint32_t> model;
  for (std::uint32_t i = 1; i < 40000; ++i) {
    const auto id = static_cast<RouteId>(1 + random.below(60000));
    const std::uint32_t value = random.below(3) == 0 ? i : 0;
    map.set(id, value);
    model.erase(id);
    if (value != 0) model[id] = value;
    const auto other = static_cast<RouteId>(random.below(70000));
    ASSERT_EQ(map.get(other), model.contains(other) ? model[other] : 0);
  }
  for (RouteId id = map.next(0); id < map.end(); id = map.next(id + 1)) {
    ASSERT_EQ(map.get(id), model.contains(id) ? model[id] : 0);
    map.set(id, 0);
  }
  EXPECT_EQ(map.end(), 0U);
  EXPECT_LE(map.memory(), 1024U);
}

TEST(RouteBits, FitsATableThatShrank) {
  RouteBits bits;
  bits.set(1000000);
  const std::size_t large = bits.memory();
  bits.clear(1000000);
  bits.set(5);
  bits.fit(900000);
  EXPECT_EQ(bits.memory(), large) << "it may grow again at once";
  bits.fit(100);
  EXPECT_LT(bits.memory(), large / 50);
  EXPECT_TRUE(bits.has(5));
  EXPECT_EQ(bits.next(0), 5U);
  EXPECT_FALSE(bits.has(1000000));
  bits.set(1000000);
  EXPECT_EQ(bits.next(6), 1000000U);
}

TEST(Slab, ReusesAndClears) {
  Slab<std::uint64_t> slab;
  std::vector<std::uint32_t> ids;
  for (std::uint32_t i = 0; i < 3 * Slab<std::uint64_t>::kChunk; ++i) {
    ids.push_back(slab.make());
    slab[ids.back()] = i;
  }
  EXPECT_EQ(ids.front(), 1U);
  EXPECT_EQ(slab[ids[5000]], 5000U);
  const std::size_t memory = slab.memory();
  for (const std::uint32_t id : ids) slab.destroy(id);
  EXPECT_EQ(slab.used(), 0U);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(slab[slab.make()], 0U);
  EXPECT_LE(slab.end(), ids.size() + 1);
  EXPECT_LE(slab.memory(), memory + ids.size() * 8);
}

std::vector<wire::EvpnKey> all_shapes() {
  using wire::EvpnKey;
  using wire::EvpnRouteType;
  std::vector<EvpnKey> keys;
  const MacAddress mac{{0, 1, 2, 3, 4, 5}};
  const EthernetSegmentId esi{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  for (const std::uint16_t rd : {std::uint16_t{1}, std::uint16_t{2}}) {
    for (const std::uint32_t tag : {0U, 7U}) {
      EvpnKey k;
      k.rd = RouteDistinguisher::of_ip(RouterId{5}, rd);
      k.tag = EthernetTag{tag};
      k.type = EvpnRouteType::kEthernetAd;
      k.esi = esi;
      keys.push_back(k);
      k.tag = EthernetTag{0};
      for (const unsigned bits : {32U, 128U}) {
        EvpnKey s = k;
        s.type = EvpnRouteType::kEthernetSegment;
        s.ip_bits = static_cast<std::uint8_t>(bits);
        s.ip = (bits == 32 ? v4(10, 0, 0, 1) : v6(1)).octets;
        if (tag == 0) keys.push_back(s);
        s.esi = {};
        s.tag = EthernetTag{tag};
        s.type = EvpnRouteType::kInclusiveMulticast;
        keys.push_back(s);
        s.type = EvpnRouteType::kMacIp;
        s.mac = mac;
        keys.push_back(s);
        keys.push_back(
            EvpnKey::ip_prefix(k.rd, EthernetTag{tag},
                               bits == 32 ? prefix4(0x0a000000, 8) : IpPrefix::make(v6(0), 64)));
        keys.push_back(
            EvpnKey::ip_prefix(k.rd, EthernetTag{tag},
                               bits == 32 ? prefix4(0x0a000000, 9) : IpPrefix::make(v6(0), 0)));
      }
      EvpnKey m;
      m.type = EvpnRouteType::kMacIp;
      m.rd = k.rd;
      m.tag = EthernetTag{tag};
      m.mac = mac;
      keys.push_back(m);
    }
  }
  return keys;
}

TEST(KeyStore, EveryEvpnShapeComesBackAndDiffers) {
  KeyStore<L2vpnEvpn> store;
  const auto keys = all_shapes();
  std::vector<KeyStore<L2vpnEvpn>::Stored> stored;
  for (const auto& key : keys) stored.push_back(store.store(store.probe(key)));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    SCOPED_TRACE(to_string(keys[i]));
    EXPECT_EQ(store.load(stored[i]), keys[i]);
    EXPECT_EQ(store.hash(stored[i]), store.probe(keys[i]).hash);
    for (std::size_t j = 0; j < keys.size(); ++j) {
      EXPECT_EQ(store.equal(stored[i], store.probe(keys[j])), i == j);
    }
  }
  const std::size_t memory = store.memory();
  for (const auto& s : stored) store.release(s);
  for (const auto& key : keys) (void)store.store(store.probe(key));
  EXPECT_LE(store.memory(), memory + keys.size() * 12);  // free lists, no new chunks
}

TEST(KeyStore, RdsAreSharedAndCounted) {
  RdTable rds;
  const auto a = RouteDistinguisher::of_ip(RouterId{1}, 1);
  const auto b = RouteDistinguisher::of_ip(RouterId{1}, 2);
  const std::uint32_t first = rds.intern(a);
  EXPECT_EQ(rds.intern(a), first);
  const std::uint32_t second = rds.intern(b);
  EXPECT_NE(first, second);
  EXPECT_EQ(rds.get(second), b);
  rds.release(second);
  EXPECT_EQ(rds.size(), 1U);
  EXPECT_EQ(rds.intern(b), second);  // its place again
  rds.release(first);
  rds.release(first);
  rds.release(second);
  EXPECT_EQ(rds.size(), 0U);
}

TEST(KeyStore, UnicastAndOpaque) {
  KeyStore<Ipv4Unicast> four;
  KeyStore<Ipv6Unicast> six;
  KeyStore<OpaqueEvpn> opaque;
  const IpPrefix a = prefix4(0x0a000000, 8);
  const IpPrefix b = prefix4(0x0a000000, 9);
  auto s4 = four.store(four.probe(a));
  EXPECT_EQ(four.load(s4), a);
  EXPECT_TRUE(four.equal(s4, four.probe(a)));
  EXPECT_FALSE(four.equal(s4, four.probe(b)));
  const IpPrefix c = IpPrefix::make(v6(0), 64);
  const IpPrefix d = IpPrefix::make(v6(0), 65);
  auto s6 = six.store(six.probe(c));
  EXPECT_EQ(six.load(s6), c);
  EXPECT_TRUE(six.equal(s6, six.probe(c)));
  EXPECT_FALSE(six.equal(s6, six.probe(d)));
  const OpaqueKey e{9, {1, 2, 3}};
  const OpaqueKey f{10, {1, 2, 3}};
  auto so = opaque.store(opaque.probe(e));
  EXPECT_EQ(opaque.load(so), e);
  EXPECT_TRUE(opaque.equal(so, opaque.probe(e)));
  EXPECT_FALSE(opaque.equal(so, opaque.probe(f)));
  EXPECT_EQ(opaque.memory(), 3U);
  opaque.release(so);
  EXPECT_EQ(opaque.memory(), 0U);
}

}  // namespace
}  // namespace perd::rib
