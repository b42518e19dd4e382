// The driver's side, the operator's side, and the smaller tables. Links: sim_links.cpp; next hops
// and routes: sim_routes.cpp.
#include "sim_kernel/sim_kernel.h"

#include <cerrno>

#include "perd/assert.h"

namespace perd::sim {

SimKernel::SimKernel() { reboot(); }

void SimKernel::reboot() {
  links_.clear(), carrier_.clear(), addresses_.clear(), neighbours_.clear(), fdb_.clear();
  floods_.clear();
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
    PERD_ASSERT(op.id == expected_id_);  // consecutive, from 1
    ++expected_id_;
    ++operations_;
    Verdict verdict = refuse ? refuse(op) : std::nullopt;
    if (!verdict) verdict = std::visit([this](const auto& what) { return run(what); }, op.what);
    if (verdict) answers_.emplace_back(KernelRefused{op.id, verdict->error, verdict->message});
  }
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

namespace {
constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudPermanentOrNoArp = 0xc0;
}  // namespace

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
void SimKernel::add_neighbour(const Neighbour& n) { must(run(NeighbourPut{n})); }
bool SimKernel::del_neighbour(IfIndex index, const IpAddress& a) {
  return !run(NeighbourErase{index, a});
}
void SimKernel::add_fdb(const FdbEntry& entry) { must(run(FdbPut{entry, false, false})); }
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

SimKernel::Verdict SimKernel::run(const NeighbourPut& op) {
  if (link(op.neighbour.link) == nullptr) return SimRefusal{ENODEV, ""};
  Neighbour& there = neighbours_[{op.neighbour.link, op.neighbour.address}];
  if ((there.state & 0x80U) != 0 && there.protocol != op.neighbour.protocol) ++foreign_overwritten_;
  there = op.neighbour;
  notify(there);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const NeighbourErase& op) {
  const auto it = neighbours_.find({op.link, op.address});
  if (it == neighbours_.end()) return SimRefusal{ENOENT, ""};
  notify(it->second, true);
  neighbours_.erase(it);
  return std::nullopt;
}

SimKernel::Verdict SimKernel::run(const FdbPut& op) {
  const Link* l = link(op.entry.link);
  if (l == nullptr) return SimRefusal{ENODEV, ""};
  const bool self = op.both || op.entry.self;
  const bool bridge = op.both || !op.entry.self;
  if (self && l->kind != LinkKind::kVxlan) return SimRefusal{EOPNOTSUPP, ""};
  if (bridge && l->master == IfIndex{}) return SimRefusal{EINVAL, "not a bridge port"};
  if (self && op.entry.mac.is_zero()) {
    if (!op.append) return SimRefusal{EOPNOTSUPP, ""};
    floods_[{op.entry.link, op.entry.destination}] = op.entry;
    notify(op.entry);
    return std::nullopt;
  }
  for (const bool half : {true, false}) {
    if (!(half ? self : bridge)) continue;
    FdbEntry e = op.entry;
    e.self = half;
    if (half) {
      e.master = {};
    } else {
      e.destination = {}, e.vni.reset(), e.master = l->master;
    }
    if (!half) leave_port(e);
    FdbEntry& there = fdb_[{e.link, e.mac, half}];
    if ((there.state & 0x80U) != 0 && e.extern_learn && !there.extern_learn) ++foreign_overwritten_;
    there = e;
    notify(e);
  }
  return std::nullopt;
}

// A bridge has a MAC once; where it was before it says nothing of.
void SimKernel::leave_port(const FdbEntry& now) {
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    const FdbEntry& e = it->second;
    const bool moved = !e.self && e.master == now.master && e.mac == now.mac &&
                       e.vlan == now.vlan && e.link != now.link;
    it = moved ? fdb_.erase(it) : std::next(it);
  }
}

void SimKernel::learn(const std::string& port, const MacAddress& mac) {
  const Link& l = *link(port);
  FdbEntry e;
  e.link = l.index;
  e.mac = mac;
  e.master = l.master;
  e.vlan = link(l.master)->vlan_filtering ? l.port_vlan : std::uint16_t{0};
  e.state = kNudReachable;
  PERD_ASSERT(can_learn(port));
  for (const auto& [key, other] : fdb_) {  // a sticky entry does not move
    if (other.mac == mac && other.master == l.master && other.sticky && !other.self) return;
  }
  leave_port(e);
  FdbEntry& there = fdb_[{e.link, mac, false}];
  if (there == e) return;
  there = e;
  notify(e);
}

bool SimKernel::can_learn(const std::string& port) const {
  const Link* l = link(port);
  const Link* master = l == nullptr ? nullptr : link(l->master);
  return master != nullptr && master->kind == LinkKind::kBridge && l->running && l->port_learning;
}

// What was learned from a port goes with its carrier; what others put there stays.
void SimKernel::flush_port(const Link& port) {
  for (auto it = fdb_.begin(); it != fdb_.end();) {
    const FdbEntry& e = it->second;
    const bool gone =
        e.link == port.index && !e.self && !e.extern_learn && (e.state & kNudPermanentOrNoArp) == 0;
    if (gone) notify(e, true);
    it = gone ? fdb_.erase(it) : std::next(it);
  }
}

bool SimKernel::hear(const HostPacket& packet) {
  if (listening_.count(packet.link) == 0) return false;
  notifications_.emplace_back(HeardPacket{packet});
  return true;
}

void SimKernel::erase_floods(IfIndex link) {
  for (auto it = floods_.begin(); it != floods_.end();) {
    const bool gone = it->first.first == link;
    if (gone) notify(it->second, true);
    it = gone ? floods_.erase(it) : std::next(it);
  }
}

SimKernel::Verdict SimKernel::run(const FdbErase& op) {
  if (op.entry.self && op.entry.mac.is_zero()) {
    const auto it = floods_.find({op.entry.link, op.entry.destination});
    if (it == floods_.end()) return SimRefusal{ENOENT, ""};
    notify(it->second, true);
    floods_.erase(it);
    return std::nullopt;
  }
  bool any = false;
  for (const bool half : {true, false}) {
    if (!op.both && half != op.entry.self) continue;
    const auto it = fdb_.find({op.entry.link, op.entry.mac, half});
    if (it == fdb_.end()) continue;
    any = true;
    notify(it->second, true);
    fdb_.erase(it);
  }
  return any ? Verdict{} : SimRefusal{ENOENT, ""};
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
SimKernel::Verdict SimKernel::run(const PortListen& op) {
  if (link(op.link) == nullptr) return SimRefusal{ENODEV, ""};
  if (op.on) {
    listening_.insert(op.link);
  } else {
    listening_.erase(op.link);
  }
  return std::nullopt;
}
SimKernel::Verdict SimKernel::run(const PacketSend& op) {
  const Link* l = link(op.packet.link);
  if (l == nullptr) return SimRefusal{ENXIO, ""};
  if (!l->running) return SimRefusal{ENETDOWN, ""};
  if (on_packet) on_packet(op);
  return std::nullopt;
}

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
