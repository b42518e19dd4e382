// AttributeStore: every distinct attribute set once (hash-consing), named by AttrId, counted.
//
// A set is one allocation: a fixed header with what the decision reads, then the packed lists. It
// never changes. Whole sets are interned, not groups of attributes: in EVPN all routes of one VTEP
// and VRF share one set, since labels live with the path. The next hop of each live set is tracked
// in the NextHopTable. One thread, so counts are plain integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/ids.h"
#include "bgp/rib/next_hop_table.h"
#include "bgp/rib/slab.h"
#include "bgp/wire/attributes.h"
#include "perd/bytes.h"
#include "perd/memory.h"

namespace perd::rib {

inline constexpr std::uint32_t kDefaultLocalPref = 100;  // RFC 4271 9.1.1, as every vendor has it

// RFC 1997 and registry.
inline constexpr std::uint32_t kCommunityNoExport = 0xFFFFFF01;
inline constexpr std::uint32_t kCommunityNoAdvertise = 0xFFFFFF02;
inline constexpr std::uint32_t kCommunityNoExportSubconfed = 0xFFFFFF03;

// Lives only inside AttributeStore, followed by its lists; a reference is good while the set has
// one.
class AttributeSet {
 public:
  AttributeSet(const AttributeSet&) = delete;
  AttributeSet& operator=(const AttributeSet&) = delete;

  [[nodiscard]] wire::Origin origin() const;  // kIncomplete when absent
  [[nodiscard]] std::optional<IpAddress> next_hop() const;
  [[nodiscard]] NextHopId next_hop_id() const { return next_hop_id_; }
  [[nodiscard]] std::optional<std::uint32_t> med() const;
  [[nodiscard]] std::optional<std::uint32_t> local_pref() const;
  [[nodiscard]] std::optional<RouterId> originator_id() const;
  [[nodiscard]] std::size_t cluster_list_length() const { return h_.clusters; }
  [[nodiscard]] std::span<const std::uint32_t> communities() const;
  [[nodiscard]] bool has_community(std::uint32_t community) const;
  [[nodiscard]] std::span<const ExtendedCommunity> extended_communities() const;

  [[nodiscard]] std::size_t as_path_length() const { return h_.as_path_length; }
  [[nodiscard]] std::optional<Asn> neighbor_as() const;  // first of a leading sequence
  [[nodiscard]] wire::AsPath as_path() const;

  [[nodiscard]] wire::PathAttributes expand() const;
  // The same into a value whose vectors keep their capacity.
  void expand_into(wire::PathAttributes& out) const;
  [[nodiscard]] std::size_t memory() const { return sizeof(*this) - sizeof(Header) + h_.size; }

 private:
  friend class AttributeStore;

  // Every octet counts: sets are hashed and compared as octets.
  struct Header {
    std::uint32_t size = 0;  // octets of everything
    std::uint32_t med = 0;
    std::uint32_t local_pref = 0;
    std::uint32_t originator_id = 0;
    std::uint32_t neighbor_as = 0;
    std::uint32_t blob_octets = 0;  // link-local next hop, aggregator, PMSI, unknown attributes
    std::uint16_t present = 0;
    std::uint16_t as_path_length = 0;
    std::uint16_t as_path_words = 0;  // per segment: type << 16 | count, then the AS numbers
    std::uint16_t communities = 0;
    std::uint16_t clusters = 0;
    std::uint16_t large = 0;
    std::uint16_t extended = 0;
    std::uint8_t origin = 0;
    std::uint8_t next_hop_family = 0;  // 0: no next hop
    std::array<std::uint8_t, 16> next_hop{};
  };

  AttributeSet(const Header& header, NextHopId next_hop_id)
      : h_(header), next_hop_id_(next_hop_id) {}
  // Header and lists into `out`, without the next hop's id.
  static void pack(const wire::PathAttributes& a, std::vector<std::uint8_t>& out);
  template <class T>
  [[nodiscard]] std::span<const T> list(std::size_t offset, std::size_t count) const;
  [[nodiscard]] std::span<const std::uint32_t> words(std::size_t from, std::size_t count) const;
  [[nodiscard]] std::size_t list_words() const;
  [[nodiscard]] bool same(Bytes packed) const;
  void expand_as_path(wire::AsPath& out) const;
  void expand_blob(wire::PathAttributes& out) const;

  Header h_;
  NextHopId next_hop_id_;  // not part of the content
};

class AttributeStore {
 public:
  explicit AttributeStore(NextHopTable& next_hops);
  ~AttributeStore();
  AttributeStore(const AttributeStore&) = delete;
  AttributeStore& operator=(const AttributeStore&) = delete;

  // The one id of this content, with one more reference: the caller's.
  [[nodiscard]] AttrId intern(const wire::PathAttributes& attributes);
  void add_ref(AttrId id) { ++slots_[id].references; }
  // The id may be reused as soon as the last reference is gone.
  void release(AttrId id);
  [[nodiscard]] const AttributeSet& get(AttrId id) const { return *slots_[id].set; }

  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::size_t memory() const;
  void memory_parts(MemoryParts& out) const;
  [[nodiscard]] NextHopTable& next_hops() { return *next_hops_; }

 private:
  struct Slot {
    AttributeSet* set = nullptr;
    std::uint32_t references = 0;
    std::uint32_t hash = 0;
  };

  NextHopTable* next_hops_;
  Slab<Slot> slots_;
  FlatIndex index_;
  std::vector<std::uint8_t> scratch_;
  std::size_t set_octets_ = 0;

  [[nodiscard]] std::uint64_t hash_of(AttrId id) const;
};

}  // namespace perd::rib
