// Type 2 in the kernel: an entry of the VXLAN device (self), one of the bridge (master), and a
// neighbour of the bridge where the route has an address.
//
// A dump of a large forwarding table holds the kernel's lock for long (it starts from the first
// entry again for every piece), so nothing here dumps but when it is told to: three look-ups for
// each of 100,000 routes take less time.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

#include "convergence/kernel_watch.h"
#include "convergence/netlink_message.h"
#include "convergence/octets.h"

namespace perd::loadgen {
namespace {

constexpr std::uint8_t kSelf = 1, kMaster = 2, kNeighbour = 4;

struct SeenEntry {
  ndmsg header{};
  const std::uint8_t* address = nullptr;  // NDA_DST
  std::size_t address_size = 0;
  const std::uint8_t* mac = nullptr;
};

SeenEntry read_entry(const nlmsghdr* m) {
  SeenEntry e;
  std::memcpy(&e.header, NLMSG_DATA(m), sizeof e.header);
  for_each_attribute(m, sizeof(ndmsg),
                     [&](std::uint16_t type, const std::uint8_t* p, std::size_t size) {
                       if (type == NDA_LLADDR && size == 6) e.mac = p;
                       if (type != NDA_DST) return;
                       e.address = p;
                       e.address_size = size;
                     });
  return e;
}

class EntryView : public KernelView {
 public:
  EntryView(const KernelPlace& place, std::shared_ptr<const RouteSet> routes, bool listen)
      : socket_(place.network_namespace, {}),
        events_(place.network_namespace,
                listen ? std::vector<int>{RTNLGRP_NEIGH} : std::vector<int>{}),
        vxlan_(static_cast<int>(link_index(place.network_namespace, place.vxlan))),
        bridge_(static_cast<int>(link_index(place.network_namespace, place.bridge))),
        routes_(std::move(routes)),
        whole_(kSelf | kMaster | (routes_->has_address() ? kNeighbour : 0)) {
    if (listen) look_up_all();  // what was there before the first notification
  }

  [[nodiscard]] bool is(std::uint32_t route, bool present) override {
    for (const std::uint8_t part : {kSelf, kMaster, kNeighbour}) {
      if ((whole_ & part) != 0 && has(route, part) != present) return false;
    }
    return true;
  }
  std::uint32_t dump(bool present, std::vector<bool>& so) override {
    const std::uint32_t extra = read_all();
    so.resize(routes_->count());
    for (std::uint32_t i = 0; i < so.size(); ++i) so[i] = parts_[i] == (present ? whole_ : 0);
    return extra;
  }
  void drain(const std::function<void(std::uint32_t, Presence)>& told) override {
    events_.drain([&](const nlmsghdr* at) {
      if (at->nlmsg_type != RTM_NEWNEIGH && at->nlmsg_type != RTM_DELNEIGH) return;
      const auto seen = part_of(read_entry(at));
      if (seen.part == 0 || !seen.route) return;
      std::uint8_t& parts = parts_[*seen.route];
      const std::uint8_t before = parts;
      const bool there = at->nlmsg_type == RTM_NEWNEIGH && seen.right;
      parts = static_cast<std::uint8_t>(there ? parts | seen.part : parts & ~seen.part);
      if (parts == before) return;
      told(*seen.route, parts == whole_ ? Presence::kAll
                        : parts == 0    ? Presence::kNone
                                        : Presence::kSome);
    });
  }
  [[nodiscard]] bool wants_dumps() const override { return false; }

 private:
  struct Part {
    std::uint8_t part = 0;  // 0: of other devices
    std::optional<std::uint32_t> route;
    bool right = false;  // it points where the route says
  };
  [[nodiscard]] Part part_of(const SeenEntry& e) const {
    Part p;
    if (e.header.ndm_family != AF_BRIDGE) {
      if (e.header.ndm_ifindex != bridge_ || !routes_->has_address() || e.address == nullptr ||
          e.address_size != (routes_->ipv6() ? 16U : 4U)) {
        return p;
      }
      p.part = kNeighbour;
      p.route = routes_->find_address(e.address);
      // One that fails or goes has no MAC address any more.
      p.right =
          p.route && e.mac != nullptr && std::memcmp(routes_->mac(*p.route).data(), e.mac, 6) == 0;
      return p;
    }
    if (e.mac == nullptr) return p;
    p.route = routes_->find_mac(e.mac);
    if ((e.header.ndm_flags & NTF_SELF) != 0) {
      if (e.header.ndm_ifindex != vxlan_) return p;
      p.part = kSelf;
      p.right = p.route && e.address != nullptr && e.address_size == 4 &&
                get32(e.address) == routes_->vtep_of(routes_->set_of(*p.route));
    } else {
      p.part = kMaster;  // of this bridge or not: another set has other addresses
      p.right = e.header.ndm_ifindex == vxlan_;
    }
    return p;
  }
  [[nodiscard]] bool has(std::uint32_t route, std::uint8_t part) {
    ndmsg h{};
    const bool neighbour = part == kNeighbour;
    h.ndm_family = !neighbour ? AF_BRIDGE : routes_->ipv6() ? AF_INET6 : AF_INET;
    h.ndm_ifindex = neighbour ? bridge_ : vxlan_;
    h.ndm_flags = neighbour ? 0 : part == kSelf ? NTF_SELF : NTF_MASTER;
    NetlinkMessage m(RTM_GETNEIGH, 0, h);
    if (neighbour) {
      const Octets address = routes_->address(route);
      m.put(NDA_DST, address.data(), address.size());
    } else {
      const Mac mac = routes_->mac(route);
      m.put(NDA_LLADDR, mac.data(), mac.size());
    }
    socket_.send(m.finish(socket_.next_sequence()));
    bool found = false;
    socket_.answers([&](const nlmsghdr* at) {
      if (at->nlmsg_type != RTM_NEWNEIGH) return false;
      const Part seen = part_of(read_entry(at));
      found = seen.part == part && seen.route == route && seen.right;
      return false;
    });
    return found;
  }
  void look_up_all() {
    parts_.assign(routes_->count(), 0);
    for (std::uint32_t i = 0; i < routes_->count(); ++i) {
      for (const std::uint8_t part : {kSelf, kMaster, kNeighbour}) {
        if ((whole_ & part) != 0 && has(i, part)) parts_[i] |= part;
      }
    }
  }
  // Entries of the VXLAN device and of the bridge for it, then neighbours; how many others.
  std::uint32_t read_all() {
    parts_.assign(routes_->count(), 0);
    std::uint32_t extra = 0;
    ndmsg h{};
    h.ndm_family = AF_BRIDGE;
    h.ndm_ifindex = vxlan_;
    NetlinkMessage entries(RTM_GETNEIGH, NLM_F_DUMP, h);
    extra += read(entries);
    if (!routes_->has_address()) return extra;
    h.ndm_family = routes_->ipv6() ? AF_INET6 : AF_INET;
    h.ndm_ifindex = 0;
    NetlinkMessage neighbours(RTM_GETNEIGH, NLM_F_DUMP, h);
    neighbours.put_u32(NDA_IFINDEX, static_cast<std::uint32_t>(bridge_));
    return extra + read(neighbours);
  }
  std::uint32_t read(NetlinkMessage& question) {
    std::uint32_t extra = 0;
    socket_.send(question.finish(socket_.next_sequence()));
    socket_.answers([&](const nlmsghdr* at) {
      if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR) return false;
      const SeenEntry entry = read_entry(at);
      const Part seen = part_of(entry);
      // The VXLAN device's own address and its flood entries are no routes.
      const bool learned = (entry.header.ndm_flags & NTF_EXT_LEARNED) != 0;
      if (seen.part != 0 && seen.route && seen.right) parts_[*seen.route] |= seen.part;
      if (seen.part != 0 && learned && !seen.route) ++extra;
      return true;
    });
    return extra;
  }

  NetlinkSocket socket_, events_;
  int vxlan_;
  int bridge_;
  std::shared_ptr<const RouteSet> routes_;
  std::uint8_t whole_;
  std::vector<std::uint8_t> parts_;  // of each route, as last seen
};

}  // namespace

std::unique_ptr<KernelView> entry_view(const KernelPlace& place,
                                       std::shared_ptr<const RouteSet> routes, bool listen) {
  return std::make_unique<EntryView>(place, std::move(routes), listen);
}

LearnedWatch::LearnedWatch(const std::string& network_namespace, const std::string& port,
                           std::shared_ptr<const RouteSet> routes)
    : socket_(network_namespace, {RTNLGRP_NEIGH}),
      port_(link_index(network_namespace, port)),
      routes_(std::move(routes)) {}

void LearnedWatch::drain(const std::function<void(std::uint32_t)>& learned) {
  socket_.drain([&](const nlmsghdr* at) {
    if (at->nlmsg_type != RTM_NEWNEIGH) return;
    const SeenEntry entry = read_entry(at);
    if (entry.header.ndm_family != AF_BRIDGE || entry.mac == nullptr ||
        (entry.header.ndm_flags & NTF_SELF) != 0 ||
        static_cast<unsigned>(entry.header.ndm_ifindex) != port_) {
      return;
    }
    if (const auto route = routes_->find_mac(entry.mac)) learned(*route);
  });
}

}  // namespace perd::loadgen
