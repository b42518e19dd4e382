// The bare batch loader: the same routes written by nothing but batches, the kernel's ceiling.
#pragma once

#include <cstdint>
#include <string>

#include "convergence/kernel_watch.h"
#include "convergence/route_set.h"

namespace perd::loadgen {

// Prefixes go through `device` to `gateway`; sets of type 2 become forwarding entries of the VXLAN
// device and its bridge in one message, and neighbours of the bridge where they have addresses.
struct LoadSettings {
  KernelPlace place;
  std::string device;
  std::string gateway;
  std::uint32_t batch = 512;
  bool next_hop_object = true;
  bool shuffled = true;
  std::uint32_t window = 0xffffffff;  // shuffled within so many, which follow each other in order
  bool erase = false;
};
struct LoadFigures {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint32_t refused = 0;
};
[[nodiscard]] LoadFigures load(const RouteSet& routes, const LoadSettings& settings);

}  // namespace perd::loadgen
