// Slab<T>: fixed-size nodes in chunks, named by a 32-bit index. Index 0 is never given out. Nodes
// do not move, so references stay valid while others are made. Chunks are kept for reuse and go
// only with the slab: a table that shrank keeps its high-water mark.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "perd/assert.h"

namespace perd::rib {

template <class T>
class Slab {
 public:
  static constexpr std::uint32_t kChunkBits = 12;
  static constexpr std::uint32_t kChunk = 1U << kChunkBits;

  // A value-initialised node.
  [[nodiscard]] std::uint32_t make() {
    ++used_;
    if (!free_.empty()) {
      const std::uint32_t id = free_.back();
      free_.pop_back();
      return id;
    }
    const std::uint32_t id = next_++;
    if ((id >> kChunkBits) >= chunks_.size()) chunks_.push_back(std::make_unique<T[]>(kChunk));
    return id;
  }
  void destroy(std::uint32_t id) {
    (*this)[id] = T{};
    free_.push_back(id);
    --used_;
  }
  [[nodiscard]] T& operator[](std::uint32_t id) {
    return chunks_[id >> kChunkBits][id & (kChunk - 1)];
  }
  [[nodiscard]] const T& operator[](std::uint32_t id) const {
    return chunks_[id >> kChunkBits][id & (kChunk - 1)];
  }
  // Every index ever given out is below end().
  [[nodiscard]] std::uint32_t end() const { return next_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t memory() const {
    return chunks_.size() * kChunk * sizeof(T) + chunks_.capacity() * sizeof(chunks_[0]) +
           free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t next_ = 1;
  std::size_t used_ = 0;
};

}  // namespace perd::rib
