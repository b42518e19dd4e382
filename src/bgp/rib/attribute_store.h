// AttributeStore: every distinct attribute set once (hash-consing), named by AttrId, counted.
//
// A set is one allocation: a fixed header with what the decision reads, then the packed lists. It
// never changes. Whole sets are interned, not groups of attributes: in EVPN all routes of one VTEP
// and VRF share one set, since labels live with the path. The next hop of each live set is tracked
// in the NextHopTable. One thread, so counts are plain integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bgp/rib/flat_index.h"
#include "bgp/rib/ids.h"
#include "bgp/rib/next_hop_table.h"
#include "bgp/wire/attributes.h"

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
  [[nodiscard]] std::size_t cluster_list_length() const { return clusters_; }
  [[nodiscard]] std::span<const std::uint32_t> communities() const;
  [[nodiscard]] bool has_community(std::uint32_t community) const;
  [[nodiscard]] std::span<const ExtendedCommunity> extended_communities() const;

  [[nodiscard]] std::size_t as_path_length() const { return as_path_length_; }
  [[nodiscard]] std::optional<Asn> neighbor_as() const;  // first of a leading sequence
  [[nodiscard]] wire::AsPath as_path() const;

  [[nodiscard]] wire::PathAttributes expand() const;
  // The same into a value whose vectors keep their capacity.
  void expand_into(wire::PathAttributes& out) const;
  [[nodiscard]] std::size_t memory() const { return size_; }

 private:
  friend class AttributeStore;
  friend class AttributePacker;
  AttributeSet() = default;

  template <class T>
  [[nodiscard]] std::span<const T> list(std::size_t offset, std::size_t count) const;
  [[nodiscard]] std::size_t communities_offset() const;
  [[nodiscard]] std::size_t clusters_offset() const;
  [[nodiscard]] std::size_t large_offset() const;
  [[nodiscard]] std::size_t extended_offset() const;
  [[nodiscard]] std::size_t blob_offset() const;

  NextHopId next_hop_id_ = 0;  // not part of the content: never hashed, never compared
  std::uint32_t size_ = 0;     // octets of header and lists; content starts here
  std::uint32_t med_ = 0;
  std::uint32_t local_pref_ = 0;
  std::uint32_t originator_id_ = 0;
  std::uint32_t neighbor_as_ = 0;
  std::uint32_t blob_size_ =
      0;  // link-local next hop, aggregator, PMSI, unknown: see AttributePacker
  std::uint16_t present_ = 0;
  std::uint16_t as_path_length_ = 0;
  std::uint16_t as_path_words_ = 0;  // per segment: type << 16 | count, then the AS numbers
  std::uint16_t communities_ = 0;
  std::uint16_t clusters_ = 0;
  std::uint16_t large_ = 0;
  std::uint16_t extended_ = 0;
  std::uint8_t origin_ = 0;
  std::uint8_t next_hop_family_ = 0;  // 0: no next hop
  std::array<std::uint8_t, 16> next_hop_{};
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
  [[nodiscard]] NextHopTable& next_hops() { return *next_hops_; }

 private:
  struct Slot {
    AttributeSet* set = nullptr;
    std::uint32_t references = 0;
    std::uint32_t hash = 0;
  };

  NextHopTable* next_hops_;
  std::vector<Slot> slots_{1};
  std::vector<AttrId> free_;
  FlatIndex index_;
  std::vector<std::byte> scratch_;
  std::size_t set_octets_ = 0;
};

}  // namespace perd::rib
