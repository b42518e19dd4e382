// How a map of the document is read: its keys against a table (unknown, doubled, refused by name),
// its values by small typed readers. Everything that is wrong goes to Diagnostics; a reader that
// finds a fault leaves the target as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "perd/evpn_ids.h"
#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::config {

enum class KeyStatus : std::uint8_t {
  kTaken,
  kNotYet,   // the vocabulary has it, this version does not do it
  kNever,    // perd does not do it, with the reason
  kSkipped,  // not configuration (Kubernetes' own bookkeeping)
};

struct KeySpec {
  std::string_view name;
  KeyStatus status = KeyStatus::kTaken;
  std::string_view reason = {};  // kNever: why, or what to write instead
};

// "'abc'", "a list", "a map", "nothing": for messages. Long or unprintable text is cut and masked.
[[nodiscard]] std::string describe(const Node& node);
inline constexpr std::size_t kShownTextMax = 40;
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t longest = kShownTextMax);
// The nearest of the names within a sensible edit distance; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> names);

class ObjectReader {
 public:
  // Checks every key at once. A place that is no map is told and reads as an empty one.
  ObjectReader(Place place, std::span<const KeySpec> keys, Diagnostics& diagnostics);

  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] bool usable() const { return place_.node->is_map(); }
  [[nodiscard]] std::optional<Place> get(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return get(key).has_value(); }
  // As get(); absence is a fault.
  [[nodiscard]] std::optional<Place> require(std::string_view key, std::string_view expected) const;
  void error(std::string message) const { diagnostics_->error(place_, std::move(message)); }

  // out = read(place) when the key is there and its value is good.
  template <class T, class Read>
  void take(std::string_view key, T& out, Read read) const {
    if (const auto at = get(key)) {
      if (auto value = read(*at, *diagnostics_)) out = std::move(*value);
    }
  }
  template <class T, class Read>
  void take_required(std::string_view key, std::string_view expected, T& out, Read read) const {
    if (const auto at = require(key, expected)) {
      if (auto value = read(*at, *diagnostics_)) out = std::move(*value);
    }
  }
  // The places of a list's elements, at most `limit`; empty when the key is absent or no list.
  [[nodiscard]] std::vector<Place> list(std::string_view key, std::size_t limit) const;
  // Elements into a vector; a value that stands twice is a fault.
  template <class T, class Read>
  void take_list(std::string_view key, std::size_t limit, std::vector<T>& out, Read read) const {
    const std::vector<Place> places = list(key, limit);
    if (places.empty()) return;
    out.clear();
    for (const Place& at : places) {
      diagnostics_->seen(at);
      auto value = read(at, *diagnostics_);
      if (!value) continue;
      bool twice = false;
      for (const T& earlier : out) twice = twice || earlier == *value;
      if (twice) diagnostics_->error(at, "stands here twice");
      if (!twice) out.push_back(std::move(*value));
    }
  }

 private:
  void check_keys(std::span<const KeySpec> keys);
  void check_key(const Node& key, const Place& at, std::span<const KeySpec> keys);

  Place place_;
  Diagnostics* diagnostics_;
};

// ---- readers of one value -----------------------------------------------------------------------

[[nodiscard]] std::optional<std::uint64_t> read_number(const Place& at, Diagnostics& d,
                                                       std::uint64_t lowest, std::uint64_t highest);
// A reader for take(): number<std::uint16_t>(1, 65535).
template <class T>
[[nodiscard]] auto number(T lowest, T highest) {
  return [lowest, highest](const Place& at, Diagnostics& d) -> std::optional<T> {
    const auto value = read_number(at, d, lowest, highest);
    if (!value) return std::nullopt;
    return static_cast<T>(*value);
  };
}
[[nodiscard]] std::optional<bool> read_bool(const Place& at, Diagnostics& d);
// Any scalar but null, as text. `expected` names it in the message.
[[nodiscard]] std::optional<std::string> read_text(const Place& at, Diagnostics& d,
                                                   std::string_view expected);
// The index of the word in the list.
[[nodiscard]] std::optional<std::size_t> read_word(const Place& at, Diagnostics& d,
                                                   std::span<const std::string_view> words);
// One or more characters that print, at most `longest` octets.
[[nodiscard]] bool is_line(std::string_view text, std::size_t longest);
[[nodiscard]] std::optional<std::string> read_line(const Place& at, Diagnostics& d,
                                                   std::size_t longest);
[[nodiscard]] std::optional<std::string> read_absolute_path(const Place& at, Diagnostics& d);
// A link's name: 1..15 of letters, digits, '.', '_', '-', a letter first; none the kernel keeps.
[[nodiscard]] std::optional<std::string> read_interface_name(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<std::string> read_vrf_name(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<Asn> read_asn(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<IpAddress> read_address(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<RouterId> read_router_id(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<IpPrefix> read_prefix(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<MacAddress> read_unicast_mac(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<RouteDistinguisher> read_rd(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<ExtendedCommunity> read_export_rt(const Place& at, Diagnostics& d);
[[nodiscard]] std::optional<RouteTargetMatch> read_import_rt(const Place& at, Diagnostics& d);

}  // namespace perd::config
