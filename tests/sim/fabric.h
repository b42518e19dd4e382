// Ready-made worlds: a spine in the middle, leaves around it, each with VRFs and host prefixes.
#pragma once

#include "sim/world.h"

namespace perd::sim {

struct FabricOptions {
  std::size_t leaves = 2;
  std::size_t vrfs = 1;
  std::size_t segments = 0;  // stretched over all leaves
  bool ibgp = false;         // one AS, the spine reflects; else one AS a device
};

// Node 0 is the spine, 1.. the leaves. VTEP of leaf i: 100.64.0.i; VRF k: "vrf<k>", VNI 100 + k;
// segment k: "segment<k>", VNI 200 + k, of VRF k mod vrfs, subnet 192.170.k.0/24, ports "tap<k>a"
// and "tap<k>b" on each leaf.
struct Fabric {
  World world;
  FabricOptions options;

  Fabric(std::uint64_t seed, const FabricOptions& options);
  void start_all();
  [[nodiscard]] std::size_t leaf(std::size_t i) const { return i + 1; }  // i from 0
  // A link of the leaf in a VRF whose connected prefix is 10.<leaf>.<number>.0/24 (IPv6:
  // fd00:<leaf>:<number>::/64).
  void add_host_prefix(std::size_t leaf, std::size_t vrf, unsigned number, bool v6 = false);
  void remove_host_prefix(std::size_t leaf, std::size_t vrf, unsigned number, bool v6 = false);
  [[nodiscard]] static InterfaceAddress host_address(std::size_t leaf, unsigned number, bool v6);
  // The next hops that the kernel of `at` uses for the host prefix of `of`; empty: no route.
  [[nodiscard]] std::vector<IpAddress> gateways(std::size_t at, std::size_t vrf,
                                                const IpPrefix& prefix);
};

[[nodiscard]] IpAddress vtep_of(std::size_t leaf);
[[nodiscard]] std::string segment_name(std::size_t segment);
[[nodiscard]] std::string port_name(std::size_t segment, bool second);
// The gateways, sorted, of perd's route in a table; through groups as well.
[[nodiscard]] std::vector<IpAddress> gateways_of(const SimKernel& kernel, TableId table,
                                                 const IpPrefix& prefix);

}  // namespace perd::sim
