// HopTokens: stands between a route slot and the next-hop object that the kernel's route points to.
//
// A token is one life of one object in the kernel. When the object goes, the kernel silently drops
// every route over it; here the token dies, and all slots that carry it read "not in the kernel"
// from then on without being touched one by one. A dead token is used again when no slot carries
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "perd/memory.h"

namespace perd::fib {

inline constexpr std::uint32_t kNoToken = 0;
// The kernel has a route of ours there, but not one that perd would write.
inline constexpr std::uint32_t kOddToken = 1;

struct HopToken {
  std::uint32_t next_hop_id = 0;
  std::uint32_t uses = 0;     // slots and operations in flight that carry it
  std::uint32_t doomed = 0;   // of those slots: not wanted any more
  std::uint32_t flights = 0;  // of `uses`: operations in flight
  bool alive = false;
  bool together = false;  // routes were left to go with the object: that is kept to
};

class HopTokens {
 public:
  HopTokens() : tokens_(2) { tokens_[kOddToken].alive = true; }

  // The living token of an object; made when there is none.
  [[nodiscard]] std::uint32_t of(std::uint32_t next_hop_id);
  [[nodiscard]] std::uint32_t find(std::uint32_t next_hop_id) const {
    const auto it = living_.find(next_hop_id);
    return it == living_.end() ? kNoToken : it->second;
  }
  // The object has gone. True when slots carry the token: their tables need a scan.
  bool kill(std::uint32_t next_hop_id);

  [[nodiscard]] bool alive(std::uint32_t token) const { return tokens_[token].alive; }
  [[nodiscard]] const HopToken& at(std::uint32_t token) const { return tokens_[token]; }
  void use(std::uint32_t token) { ++tokens_[token].uses, ++uses_; }
  // An IPv4 route that goes with its object costs the kernel a fraction of one that is deleted, but
  // an object that goes makes the kernel walk all its routes. So only an object with a good part of
  // them is worth it (measured: a walk passes 60 to 100 routes in the time of one deletion).
  [[nodiscard]] bool worth_a_walk(std::uint32_t token) const {
    return tokens_[token].together || tokens_[token].uses * kWalkPerRoute >= uses_;
  }
  // A route was left in place because its object goes. Should the others become so many meanwhile
  // that this is no longer worth it, nobody would look at that route again.
  void go_together(std::uint32_t token) { tokens_[token].together = true; }
  void unuse(std::uint32_t token);
  void doom(std::uint32_t token) {
    HopToken& t = tokens_[token];
    if (++t.doomed == t.uses && t.alive && token != kOddToken) {
      if (idle_.empty() || idle_.back() != t.next_hop_id) idle_.push_back(t.next_hop_id);
    }
  }
  void undoom(std::uint32_t token) { --tokens_[token].doomed; }
  void depart(std::uint32_t token) { use(token), ++tokens_[token].flights; }
  void arrive(std::uint32_t token) { --tokens_[token].flights, unuse(token); }

  [[nodiscard]] std::size_t size() const { return living_.size(); }
  [[nodiscard]] std::size_t memory() const {
    return vector_octets(tokens_) + vector_octets(free_) + vector_octets(idle_) +
           node_octets(living_);
  }

  // Objects whose routes may all be gone or doomed since the last call.
  [[nodiscard]] std::vector<std::uint32_t> take_idle();

 private:
  static constexpr std::size_t kWalkPerRoute = 64;

  std::size_t uses_ = 0;  // of all tokens
  std::vector<HopToken> tokens_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> idle_;
  std::unordered_map<std::uint32_t, std::uint32_t> living_;  // next-hop id -> token; never walked
};

}  // namespace perd::fib
