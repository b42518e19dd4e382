// The result type of perd: a value, or why there is none. tl::expected stands in for C++23's
// std::expected; the alias is the only name the code uses, so that the library can go one day.
#pragma once

#include <tl/expected.hpp>

namespace perd {

template <class T, class E>
using Expected = tl::expected<T, E>;

template <class E>
[[nodiscard]] auto unexpected(E&& error) {
  return tl::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace perd
