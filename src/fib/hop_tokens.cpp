#include "fib/hop_tokens.h"

namespace perd::fib {

std::uint32_t HopTokens::of(std::uint32_t next_hop_id) {
  if (const std::uint32_t found = find(next_hop_id); found != kNoToken) return found;
  std::uint32_t token = 0;
  if (free_.empty()) {
    token = static_cast<std::uint32_t>(tokens_.size());
    tokens_.emplace_back();
  } else {
    token = free_.back();
    free_.pop_back();
  }
  tokens_[token] = HopToken{next_hop_id, 0, 0, 0, true, false};
  living_[next_hop_id] = token;
  return token;
}

bool HopTokens::kill(std::uint32_t next_hop_id) {
  const auto it = living_.find(next_hop_id);
  if (it == living_.end()) return false;
  const std::uint32_t token = it->second;
  living_.erase(it);
  tokens_[token].alive = false;
  if (tokens_[token].uses != 0) return true;
  free_.push_back(token);
  return false;
}

void HopTokens::unuse(std::uint32_t token) {
  HopToken& t = tokens_[token];
  --t.uses, --uses_;
  if (t.uses != 0 || token == kOddToken) return;
  if (t.alive) {
    idle_.push_back(t.next_hop_id);
  } else {
    free_.push_back(token);
  }
}

std::vector<std::uint32_t> HopTokens::take_idle() {
  std::vector<std::uint32_t> out;
  out.swap(idle_);
  return out;
}

}  // namespace perd::fib
