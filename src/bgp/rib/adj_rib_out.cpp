#include "bgp/rib/adj_rib_out.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "perd/assert.h"

namespace perd::rib {
namespace {

// A stable radix sort by the upper half, in passes of eleven bits.
void sort_by_attributes(std::vector<std::uint64_t>& entries) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kBuckets = std::size_t{1} << kBits;
  std::uint64_t most = 0;
  for (const std::uint64_t e : entries) most |= e >> 32;
  std::vector<std::uint64_t> other(entries.size());
  for (unsigned shift = 32; most != 0; shift += kBits, most >>= kBits) {
    std::array<std::uint32_t, kBuckets> at{};
    for (const std::uint64_t e : entries) ++at[(e >> shift) & (kBuckets - 1)];
    std::uint32_t sum = 0;
    for (std::uint32_t& n : at) {
      const std::uint32_t count = n;
      n = sum;
      sum += count;
    }
    for (const std::uint64_t e : entries) other[at[(e >> shift) & (kBuckets - 1)]++] = e;
    entries.swap(other);
  }
}

}  // namespace

template <class F>
void AdjRibOut<F>::start_walk(bool again) {
  again_ = again_ ? walking_ || again : again;
  walking_ = true;
  walk_cursor_ = 0;
}

template <class F>
void AdjRibOut<F>::set_pending(Table<F>& table, RouteId id) {
  if (pending_.set(id) && !advertised_.has(id)) table.hold(id);
}

template <class F>
void AdjRibOut<F>::drop_pending(Table<F>& table, RouteId id) {
  if (pending_.clear(id) && !advertised_.has(id)) table.unhold(id);
}

// Whether some member may be told, as far as the two sides alone decide that.
template <class F>
bool AdjRibOut<F>::is_wanted(const Context& context, RouteId id) {
  const auto best = context.table.best(id);
  if (!best) return false;
  if (context.members.size() == 1 && best->peer == context.members[0].id) return false;
  return export_between(context.peers.get(best->peer), context.target, F::kFamily) ==
         ExportVerdict::kSend;
}

template <class F>
void AdjRibOut<F>::on_best_change(const Context& context, RouteId id, bool urgent) {
  if (!is_wanted(context, id) && !advertised_.has(id)) {
    drop_pending(context.table, id);
    return;
  }
  set_pending(context.table, id);
  if (urgent && urgent_.size() < kUrgent) urgent_.push_back(id);
}

template <class F>
std::uint64_t AdjRibOut<F>::entry(const Context& context, RouteId id) {
  const auto best = context.table.best(id);
  return std::uint64_t{best ? best->attrs : 0} << 32 | id;
}

template <class F>
void AdjRibOut<F>::fill_window(const Context& context) {
  window_.clear();
  at_ = 0;
  walk_in_window_ = false;
  // While the table is walked every window takes all pending routes from the start: End-of-RIB or
  // EoRR must not leave before one of them.
  if (walking_ || pending_.next(pending_cursor_) == 0) pending_cursor_ = 0;
  for (RouteId id = pending_.next(pending_cursor_); id != 0 && window_.size() < kWindow;
       id = pending_.next(id + 1)) {
    window_.push_back(entry(context, id));
    pending_cursor_ = id + 1;
  }
  if (walking_ && window_.size() < kWindow) {
    walk_cursor_ = context.table.walk(walk_cursor_, kWindow - window_.size(), [&](RouteId id) {
      const bool told = advertised_.has(id);
      if (pending_.has(id) || (!again_ && told)) return;
      // The rules may have changed since it was told: then it is withdrawn.
      if (!told && !is_wanted(context, id)) return;
      set_pending(context.table, id);
      window_.push_back(entry(context, id));
    });
    walking_ = walk_cursor_ != 0;
    walk_in_window_ = !window_.empty();
  }
  sort_entries(window_);
}

template <class F>
void AdjRibOut<F>::sort_entries(std::vector<std::uint64_t>& entries) {
  constexpr std::size_t kSmall = 512;
  const auto by_attributes = [](std::uint64_t a, std::uint64_t b) { return a >> 32 < b >> 32; };
  if (std::is_sorted(entries.begin(), entries.end(), by_attributes)) return;
  if (entries.size() <= kSmall) {
    std::sort(entries.begin(), entries.end());
  } else {
    sort_by_attributes(entries);
  }
}

template <class F>
void AdjRibOut<F>::serve(const Context& context, RouteId id, Packer<F>& packer) {
  if (!pending_.clear(id)) return;  // it was settled while it waited
  const Absent before = absent_.get(id);
  const auto best = context.table.best(id);
  if (best) {
    const auto& judgement = packer.judge(*best);
    if (judgement.send) {
      packer.announce(id, *best, !advertised_.set(id), before);
      if (judgement.absent != before) absent_.set(id, judgement.absent);
      return;
    }
  }
  if (advertised_.clear(id)) packer.withdraw(id, before);
  absent_.set(id, {});
  context.table.unhold(id);
}

template <class F>
bool AdjRibOut<F>::serve_all(const Context& context, const std::vector<std::uint64_t>& entries,
                             std::size_t& at, Progress& progress, Packer<F>& packer) {
  while (at < entries.size()) {
    if (progress.out.size() >= progress.end) return false;
    // Between two sets, not within one, is the place to stop: no message goes half full.
    const auto next = static_cast<AttrId>(entries[at] >> 32);
    if (next != progress.attributes) {
      packer.flush_run();
      progress.attributes = next;
      if (progress.out.size() >= progress.end) return false;
    }
    serve(context, static_cast<RouteId>(entries[at++]), packer);
  }
  return true;
}

template <class F>
bool AdjRibOut<F>::serve_urgent(const Context& context, Progress& progress, Packer<F>& packer) {
  if (urgent_.empty()) return true;
  std::vector<std::uint64_t> entries;
  entries.reserve(urgent_.size());
  for (const std::uint64_t e : urgent_) {
    const auto id = static_cast<RouteId>(e);
    if (pending_.has(id)) entries.push_back(entry(context, id));
  }
  sort_entries(entries);
  std::size_t at = 0;
  const bool all = serve_all(context, entries, at, progress, packer);
  urgent_.assign(entries.begin() + static_cast<std::ptrdiff_t>(at), entries.end());
  return all;
}

template <class F>
bool AdjRibOut<F>::produce(const Context& context, std::size_t budget,
                           std::vector<std::uint8_t>& out, UpdateChunk* chunk) {
  Progress progress{out, out.size() + budget};
  Packer<F> packer{context, out, chunk};
  if (serve_urgent(context, progress, packer)) {
    bool opened = false;
    while (out.size() < progress.end) {
      if (at_ == window_.size()) {
        if (opened || (pending_.empty() && !walking_)) break;
        fill_window(context);
        opened = true;
        if (window_.empty()) break;
      }
      if (!serve_all(context, window_, at_, progress, packer)) break;
    }
  }
  packer.flush();
  for (const RouteId id : packer.too_big()) {
    ++too_big_;
    advertised_.clear(id);
    absent_.set(id, {});
    context.table.unhold(id);
  }
  if (at_ == window_.size()) close_window();
  return has_work();
}

template <class F>
void AdjRibOut<F>::close_window() {
  walk_in_window_ = false;
  at_ = 0;
  window_.clear();
  constexpr std::size_t kKeep = 4096;
  if (!has_work() && window_.capacity() > kKeep) std::vector<std::uint64_t>{}.swap(window_);
}

// ---- members that come and go -------------------------------------------------------------------

template <class F>
AdjRibOut<F> AdjRibOut<F>::copy_for(Table<F>& table, std::span<const GroupMember> members) const {
  AdjRibOut copy;
  copy.advertised_ = advertised_;
  copy.pending_ = pending_;
  copy.urgent_ = urgent_;
  copy.again_ = again_;
  copy.too_big_ = too_big_;
  // The window is not copied: what waits in it is pending. A walk that only waits for its last
  // window has nothing left to look at.
  copy.walking_ = !walk_done();
  copy.walk_cursor_ = walking_ ? walk_cursor_ : std::numeric_limits<RouteId>::max();
  if (!absent_.empty()) {
    for (RouteId id = advertised_.next(0); id != 0; id = advertised_.next(id + 1)) {
      const Absent all = absent_.get(id);
      Absent kept;
      for (const PeerId who : {all.first, all.second}) {
        if (who != kLocalPeer && find_member(members, who) != nullptr) kept.add(who);
      }
      if (kept.size() == members.size()) {
        copy.advertised_.clear(id);
      } else if (kept.size() > 0) {
        copy.absent_.set(id, kept);
      }
    }
  }
  for (std::size_t word = 0; word < std::max(pending_.words(), advertised_.words()); ++word) {
    std::uint64_t bits = copy.advertised_.word(word) | copy.pending_.word(word);
    for (; bits != 0; bits &= bits - 1) {
      table.hold(static_cast<RouteId>(word << 6 | static_cast<unsigned>(std::countr_zero(bits))));
    }
  }
  return copy;
}

// visit(RouteId, whether the member has it) for all that is advertised here or known to a member of
// `from` but not both, until that says false; false then.
template <class F>
template <class Visitor>
bool AdjRibOut<F>::for_each_difference(const AdjRibOut& from, PeerId member,
                                       Visitor&& visit) const {
  const auto id_of = [](std::size_t word, std::uint64_t bits) {
    return static_cast<RouteId>(word << 6 | static_cast<unsigned>(std::countr_zero(bits)));
  };
  const bool sometimes_absent = from.absent_.count(member) > 0;
  const std::size_t words = std::max(advertised_.words(), from.advertised_.words());
  for (std::size_t word = 0; word < words; ++word) {
    std::uint64_t known = from.advertised_.word(word);
    for (std::uint64_t bits = sometimes_absent ? known : 0; bits != 0; bits &= bits - 1) {
      if (from.absent_.get(id_of(word, bits)).has(member)) known &= ~(bits & (~bits + 1));
    }
    for (std::uint64_t bits = advertised_.word(word) ^ known; bits != 0; bits &= bits - 1) {
      const RouteId id = id_of(word, bits);
      if (!visit(id, ((known >> (id & 63)) & 1) != 0)) return false;
    }
  }
  return true;
}

template <class F>
bool AdjRibOut<F>::can_take(const AdjRibOut& from, PeerId member,
                            std::span<const GroupMember> members) const {
  return for_each_difference(from, member, [&](RouteId id, bool known) {
    return known ? members.size() <= Absent::kMost : !absent_.get(id).full();
  });
}

template <class F>
void AdjRibOut<F>::take(Table<F>& table, const AdjRibOut& from, PeerId member,
                        std::span<const GroupMember> members) {
  (void)for_each_difference(from, member, [&](RouteId id, bool known) {
    Absent absent = absent_.get(id);
    if (known) {
      if (!pending_.has(id)) table.hold(id);
      advertised_.set(id);
      for (const GroupMember& m : members) absent.add(m.id);
    } else {
      absent.add(member);
    }
    absent_.set(id, absent);
    return true;
  });
}

template <class F>
bool AdjRibOut<F>::forget(Table<F>& table, std::size_t max) {
  for (RouteId id = advertised_.next(0); id != 0; id = advertised_.next(id)) {
    if (max-- == 0) return true;
    advertised_.clear(id);
    pending_.clear(id);
    table.unhold(id);
  }
  for (RouteId id = pending_.next(0); id != 0; id = pending_.next(id)) {
    if (max-- == 0) return true;
    pending_.clear(id);
    table.unhold(id);
  }
  return false;
}

template <class F>
std::size_t AdjRibOut<F>::memory() const {
  return advertised_.memory() + pending_.memory() + absent_.memory() +
         (window_.capacity() + urgent_.capacity()) * sizeof(window_[0]);
}

template class AdjRibOut<Ipv4Unicast>;
template class AdjRibOut<Ipv6Unicast>;
template class AdjRibOut<L2vpnEvpn>;
template class AdjRibOut<OpaqueEvpn>;

}  // namespace perd::rib
