// RefusalTable: why routes (and the entries of MAC-VRFs) are refused. A slot carries two octets
// that name a reason; the reason carries errno, text and the back-off for all its routes together,
// so that a hundred thousand refused routes cost no more than one, and are said once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fib/shared.h"

namespace perd::fib {

template <class Key>
struct ReasonOf {
  int error = 0;
  std::string text;
  std::uint16_t table = 0;  // index of the table, or number of the MAC-VRF
  IpFamily family = IpFamily::kIpv4;
  std::size_t count = 0;  // routes that carry it
  unsigned attempts = 0;
  TimePoint due{};        // no retry before
  bool armed = false;     // `due` is still to come
  std::vector<Key> keys;  // who is to be retried; too many: a scan finds them
  bool overflow = false;
};

template <class Key>
class ReasonTable {
 public:
  using Reason = ReasonOf<Key>;

  ReasonTable() : reasons_(1) {}

  // The number of the reason; `fresh` when no route carried it so far.
  [[nodiscard]] std::uint16_t number(std::uint16_t table, IpFamily family, int error,
                                     const std::string& text, bool& fresh) {
    std::uint16_t unused = 0;
    for (std::uint16_t i = 1; i < reasons_.size(); ++i) {
      Reason& r = reasons_[i];
      if (r.table == table && r.family == family && r.error == error && r.text == text) {
        fresh = r.count == 0;
        return i;
      }
      if (r.count == 0) unused = i;
    }
    fresh = true;
    if (unused == 0 && reasons_.size() > kReasonsMax) unused = kReasonsMax;  // lumped together
    if (unused == 0) {
      unused = static_cast<std::uint16_t>(reasons_.size());
      reasons_.emplace_back();
    }
    if (reasons_[unused].count == 0) {
      reasons_[unused] = Reason{error, text, table, family, 0, 0, {}, false, {}, false};
    }
    return unused;
  }
  void add(std::uint16_t number, const Key& p, const Limits& limits, TimePoint now) {
    Reason& r = reasons_[number];
    if (!r.armed || r.due <= now) {
      ++r.attempts;
      r.due = now + backoff(limits, r.attempts);
      r.armed = true;
    }
    if (r.keys.size() < kKeysMax) {
      r.keys.push_back(p);
    } else {
      r.overflow = true;
    }
  }
  void count(std::uint16_t number) { ++reasons_[number].count; }
  void uncount(std::uint16_t number) {
    Reason& r = reasons_[number];
    if (--r.count == 0) r.attempts = 0, r.armed = false, r.keys.clear(), r.overflow = false;
  }
  [[nodiscard]] const Reason& at(std::uint16_t number) const { return reasons_[number]; }
  [[nodiscard]] std::vector<Reason>& all() { return reasons_; }
  [[nodiscard]] const std::vector<Reason>& all() const { return reasons_; }

 private:
  static constexpr std::uint16_t kReasonsMax = 1000;
  static constexpr std::size_t kKeysMax = 256;
  std::vector<Reason> reasons_;  // [0] is unused
};

using RouteReason = ReasonOf<IpPrefix>;
using RefusalTable = ReasonTable<IpPrefix>;

}  // namespace perd::fib
