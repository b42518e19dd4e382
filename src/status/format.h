// Small pieces of text that several views share. Only for this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/speaker.h"

namespace perd::status {

[[nodiscard]] inline std::int64_t seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}
[[nodiscard]] std::string duration_text(std::int64_t seconds);  // "00:01:05", "2d03h04m"
// By address, those of the configuration only.
[[nodiscard]] std::vector<const Neighbor*> sorted_neighbors(const Speaker& speaker);
[[nodiscard]] std::string peer_name(const Speaker& speaker, PeerId id);  // address, or "self"
template <class List, class F>
[[nodiscard]] std::string join(const List& list, const char* separator, F&& text) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += separator;
    out += text(item);
  }
  return out;
}
[[nodiscard]] std::string hops_text(const std::vector<TunnelHop>& hops);

}  // namespace perd::status
