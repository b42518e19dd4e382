// Strong<Tag, Rep>: an integer that does not mix with other integers.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "perd/hash.h"

namespace perd {

template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep value{};
  friend constexpr bool operator==(Strong, Strong) = default;
  friend constexpr auto operator<=>(Strong, Strong) = default;
};

}  // namespace perd

template <class Tag, class Rep>
struct std::hash<perd::Strong<Tag, Rep>> {
  std::size_t operator()(perd::Strong<Tag, Rep> x) const noexcept {
    return static_cast<std::size_t>(perd::mix64(static_cast<std::uint64_t>(x.value)));
  }
};
