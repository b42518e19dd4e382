// Two leaves with a stretched segment in vrf0: a host behind leaf 1, another behind leaf 2, whose
// speaker the views look at.
#pragma once

#include "fixture.h"
#include "sim/hosts.h"

namespace perd::status {

inline sim::FabricOptions one_segment() {
  sim::FabricOptions options;
  options.segments = 1;
  return options;
}

inline json::value word(const std::string& text) { return json::string(text); }

class SegmentTest : public StatusTest {
 protected:
  SegmentTest() : StatusTest(one_segment()), hosts_(fabric_) {
    far_ = hosts_.add(0);
    near_ = hosts_.add(0);
    hosts_.arrive(far_, 1);
    hosts_.arrive(near_, 2);
    EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  }
  [[nodiscard]] std::string mac(sim::HostNumber h) { return to_string(hosts_.host(h).mac); }
  [[nodiscard]] std::string address(sim::HostNumber h, std::size_t i = 0) {
    return to_string(hosts_.host(h).addresses[i]);
  }

  sim::Hosts hosts_;
  sim::HostNumber far_ = 0;   // behind leaf 1
  sim::HostNumber near_ = 0;  // behind leaf 2
};

}  // namespace perd::status
