#include "bgp/rib/update_group.h"

#include <algorithm>

#include "perd/assert.h"

namespace perd::rib {

bool Seat::caught_up() const {
  return group != nullptr && rest.empty() && position == group->log_end();
}

// visit(tag) for each table of a family.
template <class Visitor>
void UpdateGroup::for_tables(Family family, Visitor&& visit) {
  switch (family) {
    case Family::kIpv4Unicast:
      visit(Ipv4Unicast{});
      return;
    case Family::kIpv6Unicast:
      visit(Ipv6Unicast{});
      return;
    case Family::kEvpn:
      visit(L2vpnEvpn{});
      visit(OpaqueEvpn{});
      return;
  }
}

UpdateGroup::UpdateGroup(const RibTables& tables, const PeerTable& peers, const ExportPeer& like,
                         Family family, std::uint64_t number, std::size_t max_lag)
    : tables_(tables),
      peers_(&peers),
      target_(as_group(like)),
      family_(family),
      number_(number),
      max_lag_(max_lag) {}

// ---- members ------------------------------------------------------------------------------------

bool UpdateGroup::admits(const ExportPeer& peer) const {
  if (!export_alike(target_, peer, family_)) return false;
  // Of two sessions with one router neither may get what began there (RFC 4456 8): with each in its
  // own group, a route has no more than two members that do not get it.
  return target_.info.ebgp ||
         std::none_of(members_.begin(), members_.end(), [&](const GroupMember& m) {
           return m.router_id == peer.info.router_id && m.id != peer.info.id;
         });
}

void UpdateGroup::join(Seat& seat) {
  const auto at =
      std::lower_bound(members_.begin(), members_.end(), seat.peer,
                       [](const GroupMember& m, PeerId wanted) { return m.id < wanted; });
  seats_.insert(seats_.begin() + (at - members_.begin()), &seat);
  members_.insert(at, {seat.peer, seat.router_id});
  seat.group = this;
  seat.position = log_.end();
  ++version_;
}

void UpdateGroup::leave(Seat& seat) {
  PERD_ASSERT(seat.group == this);
  for (std::uint64_t at = seat.position; at != log_.end(); ++at) log_.pass(at);
  const GroupMember* const member = find_member(members_, seat.peer);
  const auto at = member - members_.data();
  members_.erase(members_.begin() + at);
  seats_.erase(seats_.begin() + at);
  seat.group = nullptr;
  for_tables(family_, [&]<class F>(F) { out<F>().leave(seat.peer); });
  ++version_;
}

void UpdateGroup::keep_rest(Seat& seat) const {
  for (std::uint64_t at = seat.position; at != log_.end(); ++at) seat.rest.push_back(log_.at(at));
}

bool UpdateGroup::take_from(UpdateGroup& from, Seat& seat) {
  bool can = target_.info.ebgp ||
             std::none_of(members_.begin(), members_.end(),
                          [&](const GroupMember& m) { return m.router_id == seat.router_id; });
  for_tables(family_, [&]<class F>(F) {
    can = can && out<F>().can_take(from.told<F>(), seat.peer, members_);
  });
  if (!can) return false;
  for_tables(family_, [&]<class F>(F) {
    out<F>().take(tables_.of<F>(), from.told<F>(), seat.peer, members_);
  });
  seat.too_big_bias += static_cast<std::ptrdiff_t>(from.too_big() - too_big());
  from.keep_rest(seat);
  from.leave(seat);
  join(seat);
  return true;
}

std::unique_ptr<UpdateGroup> UpdateGroup::split(std::span<Seat* const> seats,
                                                std::uint64_t number) {
  auto group = std::make_unique<UpdateGroup>(tables_, *peers_, target_, family_, number, max_lag_);
  std::vector<GroupMember> members;
  for (const Seat* seat : seats) members.push_back({seat->peer, seat->router_id});
  for_tables(family_,
             [&]<class F>(F) { group->out<F>() = out<F>().copy_for(tables_.of<F>(), members); });
  group->walk_done_ = walk_done_;
  for (Seat* const seat : seats) {
    keep_rest(*seat);
    leave(*seat);
    group->join(*seat);
  }
  return group;
}

std::vector<Seat*> UpdateGroup::laggards() const {
  std::vector<Seat*> found;
  // One chunk alone is as large as the caller's budget made it.
  if (log_.weight() <= max_lag_ || log_.end() - log_.begin() < 2) return found;
  for (Seat* const seat : seats_) {
    if (seat->position == log_.begin()) found.push_back(seat);
  }
  return found;
}

bool UpdateGroup::tries(const UpdateGroup& home) {
  const Tried now{version_, home.number_, home.version_};
  if (now == tried_) return false;
  tried_ = now;
  return true;
}

void UpdateGroup::retarget(const ExportPeer& like) {
  PERD_ASSERT(members_.size() <= 1);
  target_ = as_group(like);
  ++version_;
}

// ---- routes -------------------------------------------------------------------------------------

void UpdateGroup::start_walk(bool again) {
  for_tables(family_, [&]<class F>(F) { out<F>().start_walk(again); });
  walk_done_ = false;
  fresh_ = true;
  fresh_again_ = again;
  ++version_;
}

bool UpdateGroup::has_work() const {
  bool work = false;
  for_tables(family_, [&]<class F>(F) { work = work || told<F>().has_work(); });
  return work;
}

void UpdateGroup::read(Seat& seat, std::size_t end, std::vector<std::uint8_t>& out) {
  for (; seat.rest_at < seat.rest.size() && out.size() < end; ++seat.rest_at) {
    seat.rest[seat.rest_at]->copy_for(seat.peer, out);
    seat.rest[seat.rest_at].reset();
  }
  if (seat.rest_at < seat.rest.size()) return;
  seat.rest = {};
  seat.rest_at = 0;
  while (seat.position != log_.end() && out.size() < end) {
    log_.at(seat.position)->copy_for(seat.peer, out);
    log_.pass(seat.position++);
  }
}

void UpdateGroup::produce_routes(std::size_t budget, std::vector<std::uint8_t>& out,
                                 UpdateChunk* chunk) {
  const std::size_t end = out.size() + budget;
  bool walked = true;
  for_tables(family_, [&]<class F>(F) {
    const std::size_t left = end > out.size() ? end - out.size() : 0;
    (void)this->out<F>().produce(context<F>(), left, out, chunk);
    walked = walked && told<F>().walk_done();
  });
  walk_done_ = walked;
}

void UpdateGroup::produce(Seat& seat, std::size_t budget, UpdateChunk& scratch,
                          std::vector<std::uint8_t>& out) {
  ++version_;
  // Only who has taken everything makes more of it: in one round of the neighbours a group goes on
  // by one chunk, not by one for each member.
  if (!seat.caught_up()) return read(seat, out.size() + budget, out);
  const bool was_done = walk_done_;
  fresh_ = false;
  if (members_.size() == 1) {
    produce_routes(budget, out, nullptr);
  } else {
    scratch.clear();
    produce_routes(budget, scratch.octets, &scratch);
    if (!scratch.octets.empty()) {
      log_.append(std::make_shared<const UpdateChunk>(scratch), members_.size());
      read(seat, out.size() + 1, out);
    }
  }
  if (walk_done_ && !was_done) walk_end_ = log_.end();
}

bool UpdateGroup::forget(std::size_t max) {
  bool more = false;
  for_tables(family_, [&]<class F>(F) { more = more || out<F>().forget(tables_.of<F>(), max); });
  return more;
}

// ---- reading ------------------------------------------------------------------------------------

std::size_t UpdateGroup::advertised() const {
  std::size_t n = 0;
  for_tables(family_, [&]<class F>(F) { n += told<F>().advertised(); });
  return n;
}

std::size_t UpdateGroup::advertised(PeerId member) const {
  std::size_t n = 0;
  for_tables(family_, [&]<class F>(F) { n += told<F>().advertised(member); });
  return n;
}

std::size_t UpdateGroup::too_big() const {
  std::size_t n = 0;
  for_tables(family_, [&]<class F>(F) { n += told<F>().too_big(); });
  return n;
}

std::size_t UpdateGroup::memory() const {
  std::size_t n = sizeof(UpdateGroup) + log_.weight() + members_.capacity() * sizeof(GroupMember) +
                  seats_.capacity() * sizeof(Seat*);
  for_tables(family_, [&]<class F>(F) { n += told<F>().memory(); });
  return n;
}

}  // namespace perd::rib
