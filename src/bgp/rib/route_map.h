// RouteMap<T>: a value per RouteId in pages, so that neither growing nor shrinking copies anything.
// A page whose values are all T{} is not there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bgp/rib/ids.h"

namespace perd::rib {

template <class T>
class RouteMap {
 public:
  [[nodiscard]] T get(RouteId id) const {
    const std::size_t page = id >> kPageBits;
    return page < pages_.size() && pages_[page] != nullptr ? pages_[page]->values[id & kMask] : T{};
  }
  void set(RouteId id, const T& value) {
    const std::size_t number = id >> kPageBits;
    const bool is_set = value != T{};
    if (number >= pages_.size()) {
      if (!is_set) return;
      pages_.resize(number + 1);
    }
    auto& page = pages_[number];
    if (page == nullptr) {
      if (!is_set) return;
      page = std::make_unique<Page>();
      ++allocated_;
    }
    T& place = page->values[id & kMask];
    const bool was_set = place != T{};
    page->used = page->used + (is_set ? 1U : 0U) - (was_set ? 1U : 0U);
    size_ = size_ + (is_set ? 1U : 0U) - (was_set ? 1U : 0U);
    place = value;
    if (page->used != 0) return;
    page.reset();
    --allocated_;
    while (!pages_.empty() && pages_.back() == nullptr) pages_.pop_back();
  }
  // From `id` on the next one whose page is there; end() when there is none.
  [[nodiscard]] RouteId next(RouteId id) const {
    while (id < end() && pages_[id >> kPageBits] == nullptr) id = (id | kMask) + 1;
    return id;
  }
  [[nodiscard]] std::size_t size() const { return size_; }  // of what is set
  // What is set has an id below end().
  [[nodiscard]] RouteId end() const { return static_cast<RouteId>(pages_.size() << kPageBits); }
  [[nodiscard]] std::size_t memory() const {
    return allocated_ * sizeof(Page) + pages_.capacity() * sizeof(pages_[0]);
  }

 private:
  static constexpr unsigned kPageBits = 12;
  static constexpr RouteId kMask = (RouteId{1} << kPageBits) - 1;
  struct Page {
    std::array<T, std::size_t{1} << kPageBits> values{};
    std::uint32_t used = 0;
  };

  std::vector<std::unique_ptr<Page>> pages_;  // with holes
  std::size_t allocated_ = 0;
  std::size_t size_ = 0;
};

}  // namespace perd::rib
