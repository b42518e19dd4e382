// KeyStore<F>: how the keys of one family are held: a small fixed `Stored` that sits in the route
// node, and side slabs for what does not fit.
//
// EVPN: 16 octets whatever the type. The RD is interned (one leaf has few of them); the rest of the
// key is up to six octets inline (type 5 IPv4, type 2 without IP, type 3 IPv4), or in a slab of 16
// octets (type 5 IPv6, type 2 with IPv4, type 1, ...) or of 32 octets (type 2 with IPv6).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/ids.h"
#include "bgp/rib/slab.h"

namespace perd::rib {

template <class F>
class KeyStore;

template <>
class KeyStore<Ipv4Unicast> {
 public:
  struct Stored {
    std::uint32_t address = 0;
    std::uint8_t length = 0;
  };
  struct Probe {
    std::uint64_t hash = 0;
    Stored stored;
  };
  [[nodiscard]] Probe probe(const IpPrefix& key) const;
  [[nodiscard]] bool equal(const Stored& s, const Probe& p) const {
    return s.address == p.stored.address && s.length == p.stored.length;
  }
  [[nodiscard]] std::uint64_t hash(const Stored& s) const;
  [[nodiscard]] Stored store(const Probe& p) { return p.stored; }
  void release(const Stored&) {}
  [[nodiscard]] IpPrefix load(const Stored& s) const;
  [[nodiscard]] std::size_t memory() const { return 0; }
};

template <>
class KeyStore<Ipv6Unicast> {
 public:
  struct Stored {
    std::array<std::uint8_t, 16> octets{};
    std::uint8_t length = 0;
  };
  struct Probe {
    std::uint64_t hash = 0;
    Stored stored;
  };
  [[nodiscard]] Probe probe(const IpPrefix& key) const;
  [[nodiscard]] bool equal(const Stored& s, const Probe& p) const {
    return s.octets == p.stored.octets && s.length == p.stored.length;
  }
  [[nodiscard]] std::uint64_t hash(const Stored& s) const;
  [[nodiscard]] Stored store(const Probe& p) { return p.stored; }
  void release(const Stored&) {}
  [[nodiscard]] IpPrefix load(const Stored& s) const;
  [[nodiscard]] std::size_t memory() const { return 0; }
};

// RDs, each once, counted.
class RdTable {
 public:
  [[nodiscard]] std::uint32_t intern(const RouteDistinguisher& rd);  // one more reference
  void release(std::uint32_t id);
  [[nodiscard]] const RouteDistinguisher& get(std::uint32_t id) const { return entries_[id].rd; }
  [[nodiscard]] std::size_t size() const { return entries_.used(); }
  [[nodiscard]] std::size_t memory() const { return entries_.memory() + index_.memory(); }

 private:
  struct Entry {
    RouteDistinguisher rd{};
    std::uint32_t references = 0;
  };
  Slab<Entry> entries_;
  FlatIndex index_;
  std::uint32_t last_ = 0;  // the RD of the route before is mostly that of this one
};

template <>
class KeyStore<L2vpnEvpn> {
 public:
  static constexpr std::size_t kPayloadMax = 26;  // ESI 10 + IPv6 16; MAC 6 + IPv6 16 is less
  struct Stored {
    std::uint32_t rd = 0;
    std::uint32_t tag = 0;
    std::uint32_t word = 0;   // payload octets 0-3, or where they are
    std::uint16_t half = 0;   // payload octets 4-5
    std::uint8_t length = 0;  // prefix length
    std::uint8_t shape = 0;   // type << 2 | (0 no address, 1 IPv4, 2 IPv6)
  };
  static_assert(sizeof(Stored) == 16);
  struct Probe {
    std::uint64_t hash = 0;
    RouteDistinguisher rd{};
    std::uint32_t tag = 0;
    std::uint8_t length = 0;
    std::uint8_t shape = 0;
    std::array<std::uint8_t, 32> payload{};
  };
  [[nodiscard]] Probe probe(const wire::EvpnKey& key) const;
  [[nodiscard]] bool equal(const Stored& s, const Probe& p) const;
  [[nodiscard]] std::uint64_t hash(const Stored& s) const;
  [[nodiscard]] Stored store(const Probe& p);
  void release(const Stored& s);
  [[nodiscard]] wire::EvpnKey load(const Stored& s) const;
  [[nodiscard]] std::size_t memory() const {
    return rds_.memory() + small_.memory() + large_.memory();
  }

 private:
  using Octets16 = std::array<std::uint8_t, 16>;
  using Octets32 = std::array<std::uint8_t, 32>;
  [[nodiscard]] Octets32 payload(const Stored& s) const;

  RdTable rds_;
  Slab<Octets16> small_;
  Slab<Octets32> large_;
};

template <>
class KeyStore<OpaqueEvpn> {
 public:
  using Stored = OpaqueKey;  // rare: its own allocation
  struct Probe {
    std::uint64_t hash = 0;
    const OpaqueKey* key = nullptr;
  };
  [[nodiscard]] Probe probe(const OpaqueKey& key) const { return {hash(key), &key}; }
  [[nodiscard]] bool equal(const Stored& s, const Probe& p) const { return s == *p.key; }
  [[nodiscard]] std::uint64_t hash(const Stored& s) const;
  [[nodiscard]] Stored store(const Probe& p) {
    octets_ += p.key->octets.size();
    return *p.key;
  }
  void release(const Stored& s) { octets_ -= s.octets.size(); }
  [[nodiscard]] const OpaqueKey& load(const Stored& s) const { return s; }
  [[nodiscard]] std::size_t memory() const { return octets_; }

 private:
  std::size_t octets_ = 0;
};

}  // namespace perd::rib
