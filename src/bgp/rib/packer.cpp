#include "bgp/rib/packer.h"

#include <algorithm>

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
std::size_t encode_announced(wire::UpdateEncoder& encoder, const wire::PathAttributes& attributes,
                             std::span<const typename F::Nlri> routes) {
  if constexpr (std::is_same_v<typename F::Nlri, wire::PrefixNlri>) {
    return encoder.announce(attributes, routes, F::kFamily);
  } else {
    return encoder.announce(attributes, routes);
  }
}
template <class F>
std::size_t encode_withdrawn(wire::UpdateEncoder& encoder,
                             std::span<const typename F::Nlri> routes) {
  if constexpr (std::is_same_v<typename F::Nlri, wire::PrefixNlri>) {
    return encoder.withdraw(routes, F::kFamily);
  } else {
    return encoder.withdraw(routes);
  }
}

}  // namespace

const GroupMember* find_member(std::span<const GroupMember> members, PeerId id) {
  const auto at =
      std::lower_bound(members.begin(), members.end(), id,
                       [](const GroupMember& m, PeerId wanted) { return m.id < wanted; });
  return at != members.end() && at->id == id ? &*at : nullptr;
}

template <class F>
auto Packer<F>::judge(const PathView& path) -> const Judgement& {
  if (path.attrs == asked_attrs_ && path.peer == asked_peer_) return answer_;
  asked_attrs_ = path.attrs;
  asked_peer_ = path.peer;
  answer_ = {};
  const AttributeSet& attributes = context_.table.attributes().get(path.attrs);
  const PeerInfo& source = context_.peers.get(path.peer);
  if (export_verdict(attributes, source, context_.target, F::kFamily) != ExportVerdict::kSend) {
    return answer_;
  }
  // What export_member() says of each member; only these can be concerned.
  if (find_member(context_.members, path.peer) != nullptr) answer_.absent.add(path.peer);
  if (const auto originator = attributes.originator_id()) {
    for (const GroupMember& m : context_.members) {
      if (m.router_id != *originator) continue;
      const auto verdict = export_member(attributes, source, m.id, m.router_id, context_.target);
      if (verdict != ExportVerdict::kSend) answer_.absent.add(m.id);
    }
  }
  answer_.send = answer_.absent.size() < context_.members.size();
  return answer_;
}

// Paths of two external neighbours with the same attributes are told alike.
template <class F>
bool Packer<F>::same_source(PeerId peer) const {
  if (peer == run_peer_) return true;
  if (peer == kLocalPeer || run_peer_ == kLocalPeer) return false;
  return context_.peers.get(peer).ebgp && context_.peers.get(run_peer_).ebgp;
}

template <class F>
void Packer<F>::announce(RouteId id, const PathView& path, bool known, const Absent& before) {
  const Absent& absent = judge(path).absent;
  if (!run_.empty() &&
      (path.attrs != run_attrs_ || !same_source(path.peer) || absent != run_absent_)) {
    flush_run();
  }
  run_attrs_ = path.attrs;
  run_peer_ = path.peer;
  run_absent_ = absent;
  run_.push_back(make_nlri(context_.table.key(id), path));
  run_routes_.push_back({id, known, before});
  if (run_.size() >= kRun) flush_run();
}

template <class F>
void Packer<F>::withdraw_from(RouteId id, Audience audience) {
  // The only member is everyone, or nobody.
  if (context_.members.size() == 1) {
    if (!audience.has(context_.members[0].id)) return;
    audience = {};
  }
  withdrawn_.push_back({audience, make_nlri(context_.table.key(id), PathView{})});
  if (withdrawn_.size() >= kRun) flush_withdrawals();
}

template <class F>
void Packer<F>::mark(const Audience& audience) {
  if (chunk_ != nullptr) chunk_->mark(audience);
}

template <class F>
void Packer<F>::flush_run() {
  if (run_.empty()) return;
  context_.table.attributes().get(run_attrs_).expand_into(attributes_);
  rewrite_for_export(attributes_, context_.peers.get(run_peer_), context_.target, F::kFamily);
  const std::size_t skipped = encoder_.too_big();
  (void)encode_announced<F>(encoder_, attributes_, std::span<const Nlri>{run_});
  mark({run_absent_, {}});
  if (encoder_.too_big() != skipped) find_too_big();
  // A member that had the route from another source and is now the source itself loses it.
  for (const PeerId member : {run_absent_.first, run_absent_.second}) {
    if (member == kLocalPeer) continue;
    for (const RunRoute& r : run_routes_) {
      if (r.known && !r.before.has(member)) withdraw_from(r.id, {{}, member});
    }
  }
  run_.clear();
  run_routes_.clear();
}

// One by one, as the encoder only says how many there are.
template <class F>
void Packer<F>::find_too_big() {
  for (std::size_t i = 0; i < run_.size(); ++i) {
    const std::size_t skipped = encoder_.too_big();
    (void)encode_announced<F>(encoder_, attributes_, std::span<const Nlri>{run_}.subspan(i, 1));
    mark({run_absent_, {}});
    if (encoder_.too_big() == skipped) continue;
    RunRoute& route = run_routes_[i];
    if (route.known) withdraw(route.id, route.before);
    route.known = false;
    too_big_.push_back(route.id);
  }
}

template <class F>
void Packer<F>::flush_withdrawals() {
  if (withdrawn_.empty()) return;
  const auto by_audience = [](const Withdrawal& a, const Withdrawal& b) {
    return a.audience < b.audience;
  };
  if (!std::is_sorted(withdrawn_.begin(), withdrawn_.end(), by_audience)) {
    std::stable_sort(withdrawn_.begin(), withdrawn_.end(), by_audience);
  }
  std::vector<Nlri> routes;
  routes.reserve(withdrawn_.size());
  for (std::size_t i = 0; i < withdrawn_.size(); ++i) {
    routes.push_back(std::move(withdrawn_[i].nlri));
    const bool last =
        i + 1 == withdrawn_.size() || withdrawn_[i + 1].audience != withdrawn_[i].audience;
    if (!last) continue;
    (void)encode_withdrawn<F>(encoder_, std::span<const Nlri>{routes});
    mark(withdrawn_[i].audience);
    routes.clear();
  }
  withdrawn_.clear();
}

template <class F>
void Packer<F>::flush() {
  flush_run();
  flush_withdrawals();
}

template class Packer<Ipv4Unicast>;
template class Packer<Ipv6Unicast>;
template class Packer<L2vpnEvpn>;
template class Packer<OpaqueEvpn>;

}  // namespace perd::rib
