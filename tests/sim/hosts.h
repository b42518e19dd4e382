// Hosts behind the ports of a fabric's segments: they move, announce themselves, talk, keep silent,
// answer probes. What a kernel makes of their frames is SimKernel's.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "sim/fabric.h"

namespace perd::sim {

using HostNumber = std::size_t;

struct SimHost {
  std::size_t segment = 0;
  MacAddress mac{};
  std::vector<IpAddress> addresses;  // one of each family
  std::size_t leaf = 0;              // node it is at; 0: switched off
  bool second_port = false;
  bool answers = true;  // probes
};

class Hosts {
 public:
  explicit Hosts(Fabric& fabric);
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  HostNumber add(std::size_t segment);  // switched off
  // Puts it behind a port; nobody is told. Leaf 0: switched off.
  void put(HostNumber h, std::size_t leaf, bool second_port = false);
  // Gratuitous ARP and an unsolicited neighbour advertisement.
  void announce(HostNumber h);
  // A frame that says nothing of addresses: bridges learn from it, that is all.
  void talk(HostNumber h);
  // The leaf's kernel resolved the host's addresses, as it does to route to them.
  void resolve(HostNumber h);
  void arrive(HostNumber h, std::size_t leaf, bool second_port = false) {
    put(h, leaf, second_port), announce(h);
  }
  // Time passes in all kernels: bridges and neighbour tables forget who is not there any more.
  void age();
  void announce_all();

  [[nodiscard]] const std::vector<SimHost>& all() const { return hosts_; }
  [[nodiscard]] SimHost& host(HostNumber h) { return hosts_[h]; }
  [[nodiscard]] Fabric& fabric() { return fabric_; }
  // Frames that were sent to the hosts of a leaf, by kind.
  [[nodiscard]] std::size_t sent(std::size_t leaf, HostPacketKind kind) const {
    return sent_[leaf][static_cast<std::size_t>(kind)];
  }

 private:
  [[nodiscard]] SimKernel& kernel_of(const SimHost& h) { return fabric_.world.kernel(h.leaf); }
  [[nodiscard]] bool reaches_bridge(const SimHost& h);
  void say(const SimHost& h, HostPacketKind kind, const IpAddress& address);
  void on_packet(std::size_t leaf, const PacketSend& frame);

  Fabric& fabric_;
  std::vector<SimHost> hosts_;
  std::vector<std::array<std::size_t, 4>> sent_;  // by leaf, kind
};

// What must hold of hosts in a quiet world in which each of them announced itself last where it is:
// one owner of each MAC and address, the others and their kernels lead there, floods reach all.
[[nodiscard]] std::vector<std::string> check_hosts(Hosts& hosts);

}  // namespace perd::sim
