#include "sim/hosts.h"

#include <chrono>

namespace perd::sim {
namespace {

// linux/neighbour.h
constexpr std::uint16_t kNudReachable = 0x02;
constexpr std::uint16_t kNudPermanentOrNoArp = 0xc0;

}  // namespace

Hosts::Hosts(Fabric& fabric) : fabric_(fabric), sent_(fabric.world.size()) {
  for (std::size_t leaf = 1; leaf < fabric.world.size(); ++leaf) {
    fabric.world.kernel(leaf).on_packet = [this, leaf](const PacketSend& f) { on_packet(leaf, f); };
  }
}

HostNumber Hosts::add(std::size_t segment) {
  const auto n = static_cast<std::uint8_t>(hosts_.size() + 10);
  const auto k = static_cast<std::uint8_t>(segment);
  SimHost h;
  h.segment = segment;
  h.mac = MacAddress{{0x02, 0, 0, 0, k, n}};
  h.addresses = {IpAddress::v4(0xc0aa0000U + (std::uint32_t{k} << 8) + n),
                 *parse_ip("fd00:aa:" + std::to_string(k) + "::" + std::to_string(n))};
  hosts_.push_back(h);
  return hosts_.size() - 1;
}

void Hosts::put(HostNumber h, std::size_t leaf, bool second_port) {
  hosts_[h].leaf = leaf;
  hosts_[h].second_port = second_port;
}

bool Hosts::reaches_bridge(const SimHost& h) {
  return h.leaf != 0 && kernel_of(h).can_learn(port_name(h.segment, h.second_port));
}

void Hosts::say(const SimHost& h, HostPacketKind kind, const IpAddress& address) {
  const auto port = port_name(h.segment, h.second_port);
  kernel_of(h).learn(port, h.mac);
  HostPacket packet;
  packet.link = kernel_of(h).link(port)->index;
  packet.kind = kind;
  packet.mac = h.mac;
  packet.address = address;
  (void)kernel_of(h).hear(packet);
}

void Hosts::announce(HostNumber n) {
  const SimHost& h = hosts_[n];
  if (!reaches_bridge(h)) return;
  for (const auto& a : h.addresses) say(h, HostPacketKind::kAnnouncement, a);
}

void Hosts::talk(HostNumber n) {
  const SimHost& h = hosts_[n];
  if (reaches_bridge(h)) kernel_of(h).learn(port_name(h.segment, h.second_port), h.mac);
}

void Hosts::resolve(HostNumber n) {
  const SimHost& h = hosts_[n];
  if (!reaches_bridge(h)) return;
  talk(n);
  auto& kernel = kernel_of(h);
  Neighbour entry;
  entry.link = kernel.link(port_name(h.segment, h.second_port))->master;
  entry.mac = h.mac;
  entry.state = kNudReachable;
  for (const auto& a : h.addresses) {
    entry.address = a;
    const auto there = kernel.neighbours().find({entry.link, a});
    // The kernel resolves no address that it has an entry of another's making for.
    if (there != kernel.neighbours().end() && there->second.extern_learn) continue;
    kernel.add_neighbour(entry);
  }
}

void Hosts::on_packet(std::size_t leaf, const PacketSend& frame) {
  const HostPacket& p = frame.packet;
  ++sent_[leaf][static_cast<std::size_t>(p.kind)];
  if (p.kind != HostPacketKind::kRequest) return;
  for (HostNumber n = 0; n < hosts_.size(); ++n) {
    fabric_.world.after(std::chrono::milliseconds(1), [this, leaf, n, p] {
      const SimHost& h = hosts_[n];
      if (h.leaf != leaf || h.mac != p.mac || !h.answers || !reaches_bridge(h)) return;
      if (kernel_of(h).link(port_name(h.segment, h.second_port))->index != p.link) return;
      for (const auto& a : h.addresses) {
        if (a == p.address) say(h, HostPacketKind::kReply, a);
      }
    });
  }
}

void Hosts::age() {
  for (std::size_t leaf = 1; leaf < fabric_.world.size(); ++leaf) {
    auto& kernel = fabric_.world.kernel(leaf);
    for (const SimHost& h : hosts_) {
      for (const bool second : {false, true}) {
        const Link* port = kernel.link(port_name(h.segment, second));
        if (port == nullptr || (h.leaf == leaf && h.second_port == second)) continue;
        const auto entry = kernel.fdb().find({port->index, h.mac, false});
        if (entry != kernel.fdb().end() && !entry->second.extern_learn) {
          (void)kernel.del_fdb(port->index, h.mac, false);
        }
      }
      const Link* bridge = kernel.link(port_name(h.segment, false));
      if (bridge == nullptr || h.leaf == leaf) continue;
      for (const auto& a : h.addresses) {
        const auto entry = kernel.neighbours().find({bridge->master, a});
        if (entry == kernel.neighbours().end()) continue;
        if (entry->second.extern_learn || (entry->second.state & kNudPermanentOrNoArp) != 0) {
          continue;
        }
        (void)kernel.del_neighbour(bridge->master, a);
      }
    }
  }
}

void Hosts::announce_all() {
  for (HostNumber h = 0; h < hosts_.size(); ++h) announce(h);
}

}  // namespace perd::sim
