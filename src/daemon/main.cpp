// perd: command line, configuration, kernel, then the daemon.
#include <csignal>
#include <iostream>

#include "config/config_print.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"
#include "daemon/dry_run.h"
#include "netlink/kernel_features.h"
#include "netlink/linux_kernel.h"

namespace perd {
namespace {

int code(Exit e) { return static_cast<int>(e); }

// What the configuration needs and the system has not, said by name.
bool system_suffices(const Config& config) {
  const auto features = netlink::probe_kernel();
  if (!features) {
    std::cerr << "perd: netlink: " << features.error().what << "\n";
    return false;
  }
  if (!config.kernel.install) return true;
  netlink::NeededFeatures needs;
  for (const auto& vni : config.l3vnis) {
    needs.tunnels = true;
    (vni.vrf_device ? needs.vrf_devices : needs.rules) = true;
  }
  const auto missing = netlink::missing_features(*features, needs);
  for (const auto& m : missing) std::cerr << "perd: " << m << "\n";
  return missing.empty();
}

int run(const CommandLine& line) {
  const auto config =
      load_for_this_node(line.config, nullptr, line.mode == CommandLine::Mode::kRun);
  if (!config) {
    for (const auto& e : config.error()) std::cerr << to_string(e) << "\n";
    return code(Exit::kConfigRefused);
  }
  switch (line.mode) {
    case CommandLine::Mode::kCheck:
      return code(Exit::kGood);
    case CommandLine::Mode::kPrint:
      std::cout << print_config(*config);
      return code(Exit::kGood);
    case CommandLine::Mode::kDryRun:
      return code(dry_run(*config));
    case CommandLine::Mode::kRun:
      break;
  }
  if (!system_suffices(*config)) return code(Exit::kSystem);
  auto kernel = netlink::LinuxKernel::open({});
  if (!kernel) {
    std::cerr << "perd: netlink: " << kernel.error().what << "\n";
    return code(Exit::kSystem);
  }
  std::signal(SIGPIPE, SIG_IGN);
  Daemon daemon(line, *config, std::move(*kernel));
  return code(daemon.run());
}

}  // namespace
}  // namespace perd

int main(int argc, char** argv) {
  const auto line = perd::parse_command_line(argc, argv);
  if (!line) {
    (line.error().exit == perd::Exit::kGood ? std::cout : std::cerr) << line.error().text;
    return static_cast<int>(line.error().exit);
  }
  return perd::run(*line);
}
