// Packer<F>: makes messages of routes. It collects routes until the attributes, or whom they are
// for, change or a run is full, then has them encoded. One lives as long as one call of
// AdjRibOut::produce().
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bgp/rib/export_rules.h"
#include "bgp/rib/table.h"
#include "bgp/rib/update_log.h"

namespace perd::rib {

// What an update group needs to know of a member beside what all of them share.
struct GroupMember {
  PeerId id{};
  RouterId router_id{};
  friend bool operator==(const GroupMember&, const GroupMember&) = default;
};
[[nodiscard]] const GroupMember* find_member(std::span<const GroupMember> members, PeerId id);

// What exporting to an update group reads.
template <class F>
struct ExportContext {
  Table<F>& table;
  const PeerTable& peers;
  const ExportPeer& target;              // what the members share
  std::span<const GroupMember> members;  // in order of their ids
};

template <class F>
class Packer {
 public:
  using Nlri = typename F::Nlri;
  static constexpr std::size_t kRun = 512;

  // What is to be said of a path.
  struct Judgement {
    bool send = false;  // to some member
    Absent absent;      // not to these
  };

  // With `chunk` the octets of it are `out`, and it learns whom they are for; without one all is
  // for the only member.
  Packer(const ExportContext<F>& context, std::vector<std::uint8_t>& out, UpdateChunk* chunk)
      : context_(context), chunk_(chunk), encoder_(context.target.codec, out) {}

  // Remembers the last answer, since routes come sorted by attribute set.
  [[nodiscard]] const Judgement& judge(const PathView& path);
  // The members have the route, perhaps with other attributes, if it is `known`; all but `before`.
  void announce(RouteId id, const PathView& path, bool known, const Absent& before);
  // Takes it back from all but `before`, who do not have it.
  void withdraw(RouteId id, const Absent& before) { withdraw_from(id, {before, {}}); }
  void flush_run();
  void flush();
  // RFC 4271 9.2: a route that does not fit into a message is not advertised; what was known of it
  // has been taken back.
  [[nodiscard]] std::span<const RouteId> too_big() const { return too_big_; }

 private:
  struct RunRoute {
    RouteId id = 0;
    bool known = false;
    Absent before;
  };
  struct Withdrawal {
    Audience audience;
    Nlri nlri;
  };

  [[nodiscard]] bool same_source(PeerId peer) const;
  void mark(const Audience& audience);
  void withdraw_from(RouteId id, Audience audience);
  void find_too_big();
  void flush_withdrawals();

  ExportContext<F> context_;
  UpdateChunk* chunk_;
  wire::UpdateEncoder encoder_;
  wire::PathAttributes attributes_;
  std::vector<Nlri> run_;
  std::vector<RunRoute> run_routes_;  // beside run_
  std::vector<Withdrawal> withdrawn_;
  std::vector<RouteId> too_big_;
  AttrId run_attrs_ = 0;
  PeerId run_peer_{};
  Absent run_absent_;
  AttrId asked_attrs_ = 0;
  PeerId asked_peer_{};
  Judgement answer_;
};

extern template class Packer<Ipv4Unicast>;
extern template class Packer<Ipv6Unicast>;
extern template class Packer<L2vpnEvpn>;
extern template class Packer<OpaqueEvpn>;

}  // namespace perd::rib
