// Runs the speaker against the real kernel's dumps with a driver that only tells, and carries no
// command of the transport out: no neighbour comes up, so what is printed are the devices,
// addresses, sysctls and static routes of the configuration as the kernel stands now. Learned
// routes of an earlier run stay, as they would until End-of-RIB.
#include "daemon/dry_run.h"

#include <poll.h>

#include <array>
#include <iostream>

#include "core/speaker.h"
#include "daemon/daemon.h"
#include "netlink/dry_run_kernel.h"

namespace perd {
namespace {

// No dump takes that long; the bound only ends a run against a kernel that does not answer.
constexpr auto kPatience = std::chrono::seconds(30);

class SpeakerSink final : public KernelEventSink {
 public:
  explicit SpeakerSink(Speaker& speaker) : speaker_(speaker) {}
  void on_kernel_event(KernelEvent&& event) override {
    speaker_.on_kernel(std::move(event), monotonic_now());
  }

 private:
  Speaker& speaker_;
};

}  // namespace

Exit dry_run(const Config& config) {
  std::size_t lines = 0;
  auto kernel = netlink::DryRunKernel::open({}, [&](const std::string& line) {
    std::cout << line << "\n";
    ++lines;
  });
  if (!kernel) {
    std::cerr << "perd: netlink: " << kernel.error().what << "\n";
    return Exit::kSystem;
  }
  Config quiet = config;
  quiet.bgp.port = 0;
  Speaker speaker(1);
  SpeakerSink sink(speaker);
  const TimePoint end = monotonic_now() + kPatience;
  speaker.configure(quiet, monotonic_now());
  bool done = false;
  while (!done && monotonic_now() < end) {
    speaker.tick(monotonic_now());
    Outputs outputs = speaker.take_outputs();
    if (!outputs.kernel.empty()) (*kernel)->submit(std::move(outputs.kernel));
    if ((*kernel)->wants_turn()) (void)(*kernel)->on_request_readable(sink);
    if (outputs.more_work) continue;
    done = speaker.quiescent() && (*kernel)->in_flight() == 0;
    if (done) break;
    std::array<pollfd, 1> fds{{{(*kernel)->request_fd(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), 50) > 0) (void)(*kernel)->on_request_readable(sink);
  }
  if (!done) {
    std::cerr << "perd: the kernel did not answer in time, the list is not complete\n";
    return Exit::kSystem;
  }
  std::cout << (lines == 0 ? "nothing would change\n"
                           : std::to_string(lines) + " changes, nothing done\n");
  return Exit::kGood;
}

}  // namespace perd
