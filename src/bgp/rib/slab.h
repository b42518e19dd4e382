// Slab<T>: fixed-size nodes in chunks, named by a 32-bit index. Index 0 is never given out. Nodes
// do not move, so references stay valid while others are made.
//
// The lowest free index is always the next one, whatever was destroyed in which order: so nodes
// gather in low chunks, high chunks empty out, and an empty chunk is given back. One empty chunk is
// kept, lest a node that comes and goes at the edge makes and drops a chunk each time. What is free
// stands in one bit a node, not in a list.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
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
    const std::size_t number = roomy();
    if (number == chunks_.size()) grow();
    if (chunks_[number] == nullptr) {
      chunks_[number] = std::make_unique<Chunk>();
      ++allocated_;
      if (number == 0) chunks_[0]->take(0);
    } else if (number == empty_) {
      empty_ = kNone;
    }
    Chunk& chunk = *chunks_[number];
    const std::uint32_t node = chunk.lowest();
    chunk.take(node);
    if (chunk.used == kChunk) room_[number >> 6] &= ~(std::uint64_t{1} << (number & 63));
    ++used_;
    const std::uint32_t id = static_cast<std::uint32_t>(number << kChunkBits) | node;
    end_ = std::max(end_, id + 1);
    return id;
  }
  void destroy(std::uint32_t id) {
    (*this)[id] = T{};
    const std::size_t number = id >> kChunkBits;
    Chunk& chunk = *chunks_[number];
    PERD_ASSERT(chunk.has(id & (kChunk - 1)));
    chunk.give_back(id & (kChunk - 1));
    --used_;
    room_[number >> 6] |= std::uint64_t{1} << (number & 63);
    low_ = std::min(low_, number >> 6);
    if (chunk.used == idle(number)) note_empty(number);
  }
  [[nodiscard]] T& operator[](std::uint32_t id) {
    return chunks_[id >> kChunkBits]->nodes[id & (kChunk - 1)];
  }
  [[nodiscard]] const T& operator[](std::uint32_t id) const {
    return chunks_[id >> kChunkBits]->nodes[id & (kChunk - 1)];
  }
  [[nodiscard]] bool has(std::uint32_t id) const {
    const std::size_t number = id >> kChunkBits;
    return id != 0 && number < chunks_.size() && chunks_[number] != nullptr &&
           chunks_[number]->has(id & (kChunk - 1));
  }
  // Its memory is there: it may be read, alive or not.
  [[nodiscard]] bool backed(std::uint32_t id) const {
    return (id >> kChunkBits) < chunks_.size() && chunks_[id >> kChunkBits] != nullptr;
  }
  // The node that is alive and not below `id`, or end().
  [[nodiscard]] std::uint32_t next(std::uint32_t id) const {
    for (; id < end(); id = ((id >> kChunkBits) + 1) << kChunkBits) {
      const auto& chunk = chunks_[id >> kChunkBits];
      if (chunk == nullptr) continue;
      // Index 0 is nobody's.
      const std::uint32_t node = chunk->next(std::max(id, 1U) & (kChunk - 1));
      if (node != kChunk) return (id & ~(kChunk - 1)) | node;
    }
    return end();
  }
  // Every node that is alive has an index below end().
  [[nodiscard]] std::uint32_t end() const { return end_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t memory() const {
    return allocated_ * sizeof(Chunk) + chunks_.capacity() * sizeof(chunks_[0]) +
           room_.capacity() * sizeof(room_[0]);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Chunk {
    static constexpr std::size_t kWords = kChunk / 64;
    static_assert(kWords == 64);

    std::array<T, kChunk> nodes{};
    std::array<std::uint64_t, kWords> taken{};
    std::uint64_t full = 0;  // words of `taken` without a free bit
    std::uint32_t used = 0;

    [[nodiscard]] bool has(std::uint32_t node) const {
      return (taken[node >> 6] >> (node & 63) & 1) != 0;
    }
    [[nodiscard]] std::uint32_t lowest() const {
      const auto word = static_cast<std::uint32_t>(std::countr_one(full));
      return word << 6 | static_cast<std::uint32_t>(std::countr_one(taken[word]));
    }
    void take(std::uint32_t node) {
      std::uint64_t& word = taken[node >> 6];
      word |= std::uint64_t{1} << (node & 63);
      if (word == ~std::uint64_t{0}) full |= std::uint64_t{1} << (node >> 6);
      ++used;
    }
    void give_back(std::uint32_t node) {
      taken[node >> 6] &= ~(std::uint64_t{1} << (node & 63));
      full &= ~(std::uint64_t{1} << (node >> 6));
      --used;
    }
    // The first node taken that is not below `node`, or kChunk.
    [[nodiscard]] std::uint32_t next(std::uint32_t node) const {
      std::uint64_t word = taken[node >> 6] >> (node & 63) << (node & 63);
      for (std::uint32_t at = node >> 6;;) {
        if (word != 0) return at << 6 | static_cast<std::uint32_t>(std::countr_zero(word));
        if (++at == kWords) return kChunk;
        word = taken[at];
      }
    }
  };

  // Nodes in use of a chunk that is as good as empty: of the first, index 0.
  [[nodiscard]] static std::uint32_t idle(std::size_t number) { return number == 0 ? 1 : 0; }
  // The first chunk with room, or the one behind the last.
  [[nodiscard]] std::size_t roomy() {
    for (; low_ < room_.size(); ++low_) {
      if (room_[low_] == 0) continue;
      const std::size_t number =
          low_ << 6 | static_cast<std::size_t>(std::countr_zero(room_[low_]));
      return std::min(number, chunks_.size());
    }
    return chunks_.size();
  }
  void grow() {
    const std::size_t number = chunks_.size();
    chunks_.emplace_back();
    if (number >> 6 >= room_.size()) room_.push_back(0);
    room_[number >> 6] |= std::uint64_t{1} << (number & 63);
    low_ = std::min(low_, number >> 6);
  }
  // Of two empty chunks the lower one is kept.
  void note_empty(std::size_t number) {
    if (empty_ == kNone) {
      empty_ = number;
      return;
    }
    chunks_[std::max(empty_, number)].reset();
    --allocated_;
    empty_ = std::min(empty_, number);
    while (!chunks_.empty() && chunks_.back() == nullptr) {
      const std::size_t last = chunks_.size() - 1;
      room_[last >> 6] &= ~(std::uint64_t{1} << (last & 63));
      chunks_.pop_back();
    }
    room_.resize((chunks_.size() + 63) / 64);
    end_ = std::min(end_, static_cast<std::uint32_t>(chunks_.size() << kChunkBits));
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;  // with holes
  std::vector<std::uint64_t> room_;             // one bit a chunk: not full, or a hole
  std::size_t low_ = 0;                         // words of room_ before it are 0
  std::size_t allocated_ = 0;
  std::size_t empty_ = kNone;  // the empty chunk that is kept
  std::size_t used_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace perd::rib
