#include "bgp/rib/adj_rib_out.h"

#include <algorithm>
#include <array>
#include <bit>

#include "perd/assert.h"

namespace perd::rib {
namespace {

wire::PrefixNlri make_nlri(const IpPrefix& key, const PathView&) {
  wire::PrefixNlri nlri;
  nlri.prefix = key;
  return nlri;
}
wire::EvpnNlri make_nlri(const wire::EvpnKey& key, const PathView& path) {
  wire::EvpnNlri nlri;
  nlri.key = key;
  nlri.data = path.evpn();
  return nlri;
}
wire::OpaqueEvpnNlri make_nlri(const OpaqueKey& key, const PathView&) {
  wire::OpaqueEvpnNlri nlri;
  nlri.type = key.type;
  nlri.octets = key.octets;
  return nlri;
}

template <class F>
std::size_t announce(wire::UpdateEncoder& encoder, const wire::PathAttributes& attributes,
                     std::span<const typename F::Nlri> routes) {
  if constexpr (std::is_same_v<typename F::Nlri, wire::PrefixNlri>) {
    return encoder.announce(attributes, routes, F::kFamily);
  } else {
    return encoder.announce(attributes, routes);
  }
}
template <class F>
std::size_t withdraw(wire::UpdateEncoder& encoder, std::span<const typename F::Nlri> routes) {
  if constexpr (std::is_same_v<typename F::Nlri, wire::PrefixNlri>) {
    return encoder.withdraw(routes, F::kFamily);
  } else {
    return encoder.withdraw(routes);
  }
}

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

// Collects routes until the attributes change or a run is full, then has them encoded. Remembers
// the last verdict, since routes come sorted by attribute set.
template <class F>
class AdjRibOut<F>::Packer {
 public:
  using Nlri = typename F::Nlri;

  Packer(Context context, AdjRibOut& owner, std::vector<std::uint8_t>& out)
      : context_(context), owner_(&owner), encoder_(context.target.codec, out) {}

  [[nodiscard]] ExportVerdict verdict(const PathView& path) {
    if (path.attrs != asked_attrs_ || path.peer != asked_peer_) {
      asked_attrs_ = path.attrs;
      asked_peer_ = path.peer;
      answer_ = export_verdict(context_.table.attributes().get(path.attrs),
                               context_.peers.get(path.peer), context_.target, F::kFamily);
    }
    return answer_;
  }

  // `known`: the neighbour has the route, perhaps with other attributes.
  void announce_route(RouteId id, const PathView& path, bool known) {
    if (!run_.empty() && (path.attrs != run_attrs_ || !same_source(path.peer))) flush_run();
    run_attrs_ = path.attrs;
    run_peer_ = path.peer;
    run_.push_back(make_nlri(context_.table.key(id), path));
    run_routes_.push_back({id, known});
    if (run_.size() >= kRun) flush_run();
  }
  void withdraw_route(RouteId id) {
    withdrawn_.push_back(make_nlri(context_.table.key(id), PathView{}));
    if (withdrawn_.size() >= kRun) flush_withdrawals();
  }
  void flush_run() {
    if (run_.empty()) return;
    context_.table.attributes().get(run_attrs_).expand_into(attributes_);
    rewrite_for_export(attributes_, context_.peers.get(run_peer_), context_.target, F::kFamily);
    const std::size_t skipped = encoder_.too_big();
    (void)announce<F>(encoder_, attributes_, std::span<const Nlri>{run_});
    if (encoder_.too_big() != skipped) find_too_big();
    run_.clear();
    run_routes_.clear();
  }

  void flush() {
    flush_run();
    flush_withdrawals();
  }

 private:
  // Paths of two external neighbours with the same attributes are told alike.
  [[nodiscard]] bool same_source(PeerId peer) const {
    if (peer == run_peer_) return true;
    if (peer == kLocalPeer || run_peer_ == kLocalPeer) return false;
    return context_.peers.get(peer).ebgp && context_.peers.get(run_peer_).ebgp;
  }

  // RFC 4271 9.2: a route that does not fit into a message is not advertised, and what the
  // neighbour had of it before is taken back. One by one, as the encoder only says how many.
  void find_too_big() {
    for (std::size_t i = 0; i < run_.size(); ++i) {
      const std::size_t skipped = encoder_.too_big();
      (void)announce<F>(encoder_, attributes_, std::span<const Nlri>{run_}.subspan(i, 1));
      if (encoder_.too_big() == skipped) continue;
      ++owner_->too_big_;
      const RouteId id = run_routes_[i].id;
      if (run_routes_[i].known) withdraw_route(id);
      owner_->advertised_.clear(id);
      context_.table.unhold(id);
    }
  }

  void flush_withdrawals() {
    if (!withdrawn_.empty()) (void)withdraw<F>(encoder_, std::span<const Nlri>{withdrawn_});
    withdrawn_.clear();
  }

  Context context_;
  AdjRibOut* owner_;
  wire::UpdateEncoder encoder_;
  wire::PathAttributes attributes_;
  std::vector<Nlri> run_, withdrawn_;
  struct RunRoute {
    RouteId id;
    bool known;
  };
  std::vector<RunRoute> run_routes_;  // beside run_
  AttrId run_attrs_ = 0;
  PeerId run_peer_{};
  AttrId asked_attrs_ = 0;
  PeerId asked_peer_{};
  ExportVerdict answer_ = ExportVerdict::kNoPath;
};

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

template <class F>
void AdjRibOut<F>::on_best_change(Context context, RouteId id) {
  const auto best = context.table.best(id);
  const bool wanted = best && export_between(context.peers.get(best->peer), context.target,
                                             F::kFamily) == ExportVerdict::kSend;
  if (wanted || advertised_.has(id)) {
    set_pending(context.table, id);
  } else {
    drop_pending(context.table, id);
  }
}

template <class F>
void AdjRibOut<F>::enqueue(Context context, RouteId id) {
  const auto best = context.table.best(id);
  window_.push_back(std::uint64_t{best ? best->attrs : 0} << 32 | id);
}

template <class F>
void AdjRibOut<F>::fill_window(Context context) {
  window_.clear();
  at_ = 0;
  walk_in_window_ = false;
  // While the table is walked every window takes all pending routes from the start: End-of-RIB or
  // EoRR must not leave before one of them.
  if (walking_ || pending_.next(pending_cursor_) == 0) pending_cursor_ = 0;
  for (RouteId id = pending_.next(pending_cursor_); id != 0 && window_.size() < kWindow;
       id = pending_.next(id + 1)) {
    enqueue(context, id);
    pending_cursor_ = id + 1;
  }
  if (walking_ && window_.size() < kWindow) {
    const std::size_t before = window_.size();
    walk_cursor_ = context.table.walk(walk_cursor_, kWindow - window_.size(), [&](RouteId id) {
      const bool told = advertised_.has(id);
      if (pending_.has(id) || (!again_ && told)) return;
      const auto best = context.table.best(id);
      const bool wanted = best && export_between(context.peers.get(best->peer), context.target,
                                                 F::kFamily) == ExportVerdict::kSend;
      // The rules may have changed since it was told: then it is withdrawn.
      if (!wanted && !told) return;
      set_pending(context.table, id);
      enqueue(context, id);
    });
    walking_ = walk_cursor_ != 0;
    walk_in_window_ = window_.size() > before;
  }
  sort_window();
}

template <class F>
void AdjRibOut<F>::sort_window() {
  constexpr std::size_t kSmall = 512;
  const auto by_attributes = [](std::uint64_t a, std::uint64_t b) { return a >> 32 < b >> 32; };
  if (std::is_sorted(window_.begin(), window_.end(), by_attributes)) return;
  if (window_.size() <= kSmall) {
    std::sort(window_.begin(), window_.end());
  } else {
    sort_by_attributes(window_);
  }
}

template <class F>
void AdjRibOut<F>::serve(Context context, RouteId id, Packer& packer) {
  if (!pending_.clear(id)) return;  // it was settled while it waited
  const auto best = context.table.best(id);
  if (best && packer.verdict(*best) == ExportVerdict::kSend) {
    packer.announce_route(id, *best, !advertised_.set(id));
    return;
  }
  if (advertised_.clear(id)) packer.withdraw_route(id);
  context.table.unhold(id);
}

template <class F>
bool AdjRibOut<F>::produce(Context context, std::size_t budget, std::vector<std::uint8_t>& out) {
  const std::size_t end = out.size() + budget;
  Packer packer{context, *this, out};
  bool opened = false;
  AttrId attributes = 0;
  while (out.size() < end) {
    if (at_ == window_.size()) {
      if (opened || (pending_.empty() && !walking_)) break;
      fill_window(context);
      opened = true;
      if (window_.empty()) break;
    }
    // Between two sets, not within one, is the place to stop: no message goes half full.
    const auto next = static_cast<AttrId>(window_[at_] >> 32);
    if (next != attributes) {
      packer.flush_run();
      attributes = next;
      if (out.size() >= end) break;
    }
    serve(context, static_cast<RouteId>(window_[at_++]), packer);
  }
  packer.flush();
  if (at_ == window_.size()) {
    walk_in_window_ = false;
    at_ = 0;
    window_.clear();
    constexpr std::size_t kKeep = 4096;
    if (!has_work() && window_.capacity() > kKeep) std::vector<std::uint64_t>{}.swap(window_);
  }
  return has_work();
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
  return advertised_.memory() + pending_.memory() + window_.capacity() * sizeof(window_[0]);
}

template class AdjRibOut<Ipv4Unicast>;
template class AdjRibOut<Ipv6Unicast>;
template class AdjRibOut<L2vpnEvpn>;
template class AdjRibOut<OpaqueEvpn>;

}  // namespace perd::rib
