// The driver's side, the operator's side, and the smaller tables. Links: sim_links.cpp; next hops
// and routes: sim_routes.cpp; bridges and frames: sim_bridge.cpp.
#include "sim_kernel/sim_kernel.h"

#include <cerrno>

#include "perd/assert.h"

namespace perd::sim {

SimKernel::SimKernel() { reboot(); }

void SimKernel::reboot() {
  links_.clear(), carrier_.clear(), addresses_.clear(), neighbours_.clear(), fdb_.clear();
  places_.clear(), floods_.clear();
  next_hops_.clear(), routes_.clear(), users_.clear(), rules_.clear(), sysctls_.clear();
  listening_.clear();
  next_index_ = 1;
  close();
  LinkCreate lo;
  lo.name = "lo";
  lo.kind = LinkKind::kLoopback;
  lo.up = true;
  (void)add_link(lo);
  notifications_.clear();
}

void SimKernel::close() {
  answers_.clear();
  notifications_.clear();
  listening_.clear();
  unanswered_ = 0;
  expected_id_ = 1;
}

void SimKernel::submit(std::vector<KernelOp>&& ops) {
  if (ops.empty()) return;
  for (auto& op : ops) {
    writing_ = &op;
    PERD_ASSERT(op.id == expected_id_);  // consecutive, from 1
    ++expected_id_;
    ++operations_;
    Verdict verdict = refuse ? refuse(op) : std::nullopt;
    if (!verdict) verdict = std::visit([this](const auto& what) { return run(what); }, op.what);
    if (verdict) answers_.emplace_back(KernelRefused{op.id, verdict->error, verdict->message});
  }
  writing_ = nullptr;
  unanswered_ += ops.size();
  answers_.emplace_back(KernelAcked{ops.back().id});
  if (keep_journal) {
    journal_.insert(journal_.end(), std::make_move_iterator(ops.begin()),
                    std::make_move_iterator(ops.end()));
  }
}

void SimKernel::drain_events(std::vector<KernelEvent>& out) {
  const auto move_all = [&out](std::deque<KernelEvent>& from) {
    for (auto& e : from) out.push_back(std::move(e));
    from.clear();
  };
  if (order_ == Order::kNotificationsFirst) move_all(notifications_);
  while (order_ == Order::kMixed && !answers_.empty() && !notifications_.empty()) {
    auto& from = random_.below(2) == 0 ? answers_ : notifications_;
    out.push_back(std::move(from.front()));
    from.pop_front();
  }
  move_all(answers_);
  move_all(notifications_);
  unanswered_ = 0;
}

void SimKernel::force_overrun() {
  notifications_.clear();
  notifications_.emplace_back(KernelOverrun{});
}

std::vector<KernelOp> SimKernel::take_journal() {
  std::vector<KernelOp> out;
  out.swap(journal_);
  return out;
}

const Link* SimKernel::link(const std::string& name) const {
  for (const auto& [index, l] : links_) {
    if (l.name == name) return &l;
  }
  return nullptr;
}
const Link* SimKernel::link(IfIndex index) const {
  const auto it = links_.find(index);
  return it == links_.end() ? nullptr : &it->second;
}
const Route* SimKernel::route(TableId table, const IpPrefix& prefix, std::uint32_t metric) const {
  const auto it = routes_.find({table, prefix, metric});
  return it == routes_.end() ? nullptr : &it->second;
}

// ---- operator -----------------------------------------------------------------------------------

namespace {
void must(const std::optional<SimRefusal>& verdict) { PERD_ASSERT(!verdict); }
}  // namespace

IfIndex SimKernel::add_link(const std::string& name, LinkKind kind, bool up) {
  LinkCreate create;
  create.name = name;
  create.kind = kind;
  create.up = up;
  return add_link(create);
}
IfIndex SimKernel::add_link(const LinkCreate& create) {
  must(run(create));
  return link(create.name)->index;
}
void SimKernel::del_link(const std::string& name) { must(run(LinkErase{link(name)->index})); }
void SimKernel::change_link(const LinkChange& change) { must(run(change)); }
void SimKernel::set_up(const std::string& name, bool up) {
  LinkChange c;
  c.link = link(name)->index;
  c.up = up;
  must(run(c));
}
void SimKernel::set_master(const std::string& name, const std::string& master) {
  LinkChange c;
  c.link = link(name)->index;
  c.master = master.empty() ? IfIndex{} : link(master)->index;
  must(run(c));
}
void SimKernel::set_mtu(const std::string& name, std::uint32_t mtu) {
  LinkChange c;
  c.link = link(name)->index;
  c.mtu = mtu;
  must(run(c));
}
void SimKernel::amend_link(const std::string& name, const std::function<void(Link&)>& amend) {
  Link& l = links_[link(name)->index];
  amend(l);
  notify(l);
}
void SimKernel::add_address(IfIndex index, const InterfaceAddress& address) {
  must(run(AddressPut{{index, address}}));
}
void SimKernel::del_address(IfIndex index, const InterfaceAddress& address) {
  must(run(AddressErase{{index, address}}));
}
void SimKernel::add_route(const Route& route) {
  const std::size_t before = foreign_overwritten_;
  must(run(RoutePut{route}));
  foreign_overwritten_ = before;  // an operator may
}
bool SimKernel::del_route(const RouteKey& key) {
  const auto it = routes_.find(key);
  if (it == routes_.end()) return false;
  return !run(RouteErase{it->second});
}
void SimKernel::add_neighbour(const Neighbour& n) {
  const std::size_t before = foreign_overwritten_;
  must(run(NeighbourPut{n}));
  foreign_overwritten_ = before;
}
bool SimKernel::resolve(const Neighbour& n) {
  const auto there = neighbours_.find({n.link, n.address});
  if (there != neighbours_.end() && (there->second.state & kNudPermanentOrNoArp) != 0) return false;
  Neighbour now = n;
  if (there != neighbours_.end()) {
    now.extern_learn = there->second.extern_learn;
    now.protocol = there->second.protocol;
    if (there->second == now) return true;
  }
  neighbours_[{n.link, n.address}] = now;
  notify(now);
  return true;
}
bool SimKernel::del_neighbour(IfIndex index, const IpAddress& a) {
  return !run(NeighbourErase{index, a});
}
void SimKernel::add_fdb(const FdbEntry& entry) {
  const std::size_t before = foreign_overwritten_;
  must(run(FdbPut{entry, false, entry.mac.is_zero()}));
  foreign_overwritten_ = before;
}
bool SimKernel::del_fdb(IfIndex index, const MacAddress& mac, bool self) {
  FdbErase op;
  op.entry.link = index;
  op.entry.mac = mac;
  op.entry.self = self;
  return !run(op);
}
void SimKernel::add_next_hop(const NextHop& n) { must(run(NextHopPut{n})); }
bool SimKernel::del_next_hop(std::uint32_t id) { return !run(NextHopErase{id}); }
void SimKernel::add_rule(const Rule& rule) { must(run(RulePut{rule})); }
bool SimKernel::del_rule(const Rule& rule) { return !run(RuleErase{rule}); }

// ---- addresses, neighbours, FDB, rules, sysctls -------------------------------------------------

SimKernel::Verdict SimKernel::run(const AddressPut& op) {
  const Link* l = link(op.address.link);
  if (l == nullptr) return SimRefusal{ENODEV, "Device does not exist"};
  if (!addresses_.insert({op.address.link, op.address.address}).second) {
    return SimRefusal{EEXIST, "Address already assigned"};
  }
  notify(op.address);
  if (l->admin_up) add_connected(*l, op.address.address);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const AddressErase& op) {
  if (addresses_.erase({op.address.link, op.address.address}) == 0) {
    return SimRefusal{EADDRNOTAVAIL, "Address not found"};
  }
  notify(op.address, true);
  const Link& l = links_[op.address.link];
  del_connected(l, op.address.address, table_of(l));
  return std::nullopt;
}

// A put without a protocol leaves the number that was there.
SimKernel::Verdict SimKernel::run(const NeighbourPut& op) {
  if (link(op.neighbour.link) == nullptr) return SimRefusal{ENODEV, ""};
  const auto [it, made] = neighbours_.try_emplace({op.neighbour.link, op.neighbour.address});
  Neighbour& there = it->second;
  if ((there.state & kNudPermanent) != 0 && there.protocol != op.neighbour.protocol) {
    ++foreign_overwritten_;
  }
  const Neighbour before = there;
  there = op.neighbour;
  if (there.protocol == 0) there.protocol = before.protocol;
  Neighbour quiet = there;  // a change of the number alone is not told
  quiet.protocol = before.protocol;
  if (made || !(quiet == before)) notify(there);
  return std::nullopt;
}

// It fails first, then it goes; both are told, without a MAC.
SimKernel::Verdict SimKernel::run(const NeighbourErase& op) {
  const auto it = neighbours_.find({op.link, op.address});
  if (it == neighbours_.end()) return SimRefusal{ENOENT, ""};
  Neighbour gone = it->second;
  neighbours_.erase(it);
  const bool valid = (gone.state & kNudFailed) == 0;
  gone.mac = {}, gone.state = kNudFailed, gone.extern_learn = false;
  if (valid) notify(gone);
  notify(gone, true);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const RulePut& op) {
  const RuleKey key{op.rule.iif, op.rule.family, op.rule.table, op.rule.priority};
  if (!rules_.emplace(key, op.rule).second) return SimRefusal{EEXIST, ""};
  notify(op.rule);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const RuleErase& op) {
  const RuleKey key{op.rule.iif, op.rule.family, op.rule.table, op.rule.priority};
  const auto it = rules_.find(key);
  if (it == rules_.end()) return SimRefusal{ENOENT, ""};
  notify(it->second, true);
  rules_.erase(it);
  return std::nullopt;
}

// A link's settings are a folder of its name below conf/.
SimKernel::Verdict SimKernel::run(const SysctlPut& op) {
  const std::size_t at = op.path.find("/conf/");
  if (at != std::string::npos) {
    const std::size_t begin = at + 6;
    const std::string name = op.path.substr(begin, op.path.find('/', begin) - begin);
    if (name != "all" && name != "default" && link(name) == nullptr) {
      return SimRefusal{ENOENT, ""};
    }
  }
  sysctls_[op.path] = op.value;
  return std::nullopt;
}

// ---- dumps --------------------------------------------------------------------------------------

template <class Map>
void SimKernel::dump(const Map& map, bool half) {
  std::size_t left = half ? map.size() / 2 : map.size();
  for (const auto& [key, object] : map) {
    if (left-- == 0) break;
    answers_.emplace_back(Seen<typename Map::mapped_type>{object, false, true});
  }
}

SimKernel::Verdict SimKernel::run(const DumpRequest& op) {
  const bool half = interrupts_ != 0;
  if (half) --interrupts_;
  switch (op.kind) {
    case DumpKind::kLinks:
      dump(links_, half);
      break;
    case DumpKind::kAddresses:
      for (const auto& [index, address] : addresses_) {
        answers_.emplace_back(Seen<Address>{{index, address}, false, true});
        if (half) break;
      }
      break;
    case DumpKind::kNeighbours:
      dump(neighbours_, half);
      break;
    case DumpKind::kFdb:
      dump(fdb_, half);
      dump(floods_, half);
      break;
    case DumpKind::kNextHops:
      dump(next_hops_, half);
      break;
    case DumpKind::kRules:
      dump(rules_, half);
      break;
    case DumpKind::kRoutesV4:
    case DumpKind::kRoutesV6:
      for (const auto& [key, route] : routes_) {
        if (key.prefix.is_v4() != (op.kind == DumpKind::kRoutesV4)) continue;
        answers_.emplace_back(Seen<Route>{route, false, true});
        if (half) break;
      }
      break;
  }
  answers_.emplace_back(DumpDone{op.kind, half});
  return std::nullopt;
}

}  // namespace perd::sim
