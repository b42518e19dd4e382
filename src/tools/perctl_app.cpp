#include "tools/perctl_app.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <ostream>
#include <string_view>
#include <thread>

#include "api/api_client.h"
#include "config/config_load.h"
#include "tools/perctl_local.h"

namespace perd {
namespace {

constexpr char kDefaultSocket[] = "/run/perd/perd.sock";
constexpr std::chrono::seconds kWatchInterval{1};
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

constexpr char kCommands[] = R"(
Commands asked of the daemon:
  show summary | neighbors [ADDR] | evpn [routes] [type N] [rd RD] [vni N] | vrfs
  show routes VRF [PREFIX] | vnis | macs VNI | neighs VNI | vteps | es | kernel | memory
  show events | config | version
  show evpn vni [N] | evpn mac|arp-cache|next-hops|rmac vni N|all | vrf vni | bgp summary
  show bgp l2vpn evpn [route [type N]] | bgp l2vpn evpn vni [N]      as FRR has them
  explain route VRF PREFIX     why it is, or is not, in the kernel
  explain mac VNI MAC          why it is where it is
  diff FILE                    what a reload of FILE (or directory) would change
  reload [FILE]                load the daemon's own configuration again, or FILE
  clear neighbor ADDR [soft in|out]
  clear mac VNI [MAC]          take duplicates up again
Commands that need no daemon:
  check FILE                   every fault of a configuration
  decode HEX                   a BGP message as JSON; exit 1: treated as withdrawn or an attribute
                               discarded, 2: the session would end
  encode [JSON]                the same JSON back to hex; from standard input when not given
Exit codes: 0 good, 1 refused or negative, 2 wrong command line, 3 no daemon.)";

constexpr int kGood = static_cast<int>(ExitCode::kGood);
constexpr int kUsage = static_cast<int>(ExitCode::kUsage);
constexpr int kRefused = static_cast<int>(ExitCode::kRefused);
constexpr int kNoDaemon = static_cast<int>(ExitCode::kNoDaemon);

int usage_fault(PerctlWorld& world, const std::string& what) {
  world.err << "perctl: " << what << "; see perctl --help\n";
  return kUsage;
}

// One request; text as it comes. Usage faults go where faults go.
int ask_once(ApiClient& client, const ApiRequest& request, PerctlWorld& world) {
  std::string held;  // the last piece: only the exit code says where a lone one belongs
  bool begun = false;
  const auto exit = client.ask(request, [&](std::string_view text) {
    if (!held.empty()) {
      world.out << held;
      begun = true;
    }
    held = text;
  });
  if (!exit) {
    world.out << held << std::flush;
    world.err << "perctl: the answer was cut off: " << exit.error() << "\n";
    return kNoDaemon;
  }
  (*exit == kUsage && !begun ? world.err : world.out) << held << std::flush;
  return *exit;
}

int ask(const ApiRequest& request, const PerctlOptions& options, PerctlWorld& world) {
  int exit = kGood;
  for (unsigned round = 0; !world.watch_rounds || round < *world.watch_rounds; ++round) {
    // Connected anew each time, so that --watch outlives a restart of the daemon.
    auto client = ApiClient::connect(options.socket);
    if (options.watch) world.out << kClearScreen;
    if (client) {
      exit = ask_once(*client, request, world);
    } else {
      world.err << "perctl: " << client.error() << "\n";
      exit = kNoDaemon;
    }
    if (!options.watch || exit == kUsage) break;
    if (!world.watch_rounds) std::this_thread::sleep_for(kWatchInterval);
  }
  return exit;
}

// diff FILE and reload FILE: the content goes along, the name is for messages.
int ask_with_files(PerctlOptions& options, PerctlWorld& world) {
  ApiRequest request{options.words, options.json, {}};
  if (options.words.size() > 1) {
    auto texts = read_config_texts(options.words[1]);
    if (!texts) {
      show_config_errors(texts.error(), options.json, world);
      return kRefused;
    }
    for (ConfigText& text : *texts) {
      request.files.push_back({std::move(text.name), std::move(text.text)});
    }
  }
  return ask(request, options, world);
}

int dispatch(PerctlOptions& options, PerctlWorld& world) {
  const std::string& command = options.words.front();
  const bool codec = command == "decode" || command == "encode";
  if (!codec && (options.add_path || options.as2 || !options.families.empty())) {
    return usage_fault(world, "--families, --add-path and --as2 belong to decode and encode");
  }
  if (command == "check") return check_command(options, world);
  if (command == "decode") return decode_command(options, world);
  if (command == "encode") return encode_command(options, world);
  if (options.words.size() > kApiArgsMax) return usage_fault(world, "too many words");
  if (command == "diff" && options.words.size() != 2) {
    return usage_fault(world, "diff takes one file or directory");
  }
  if (command == "reload" && options.words.size() > 2) {
    return usage_fault(world, "reload takes one file or directory, or nothing");
  }
  if (command == "diff" || command == "reload") return ask_with_files(options, world);
  return ask({options.words, options.json, {}}, options, world);
}

}  // namespace

int run_perctl(const std::vector<std::string>& args, PerctlWorld& world) {
  PerctlOptions options;
  options.socket = world.socket.value_or(kDefaultSocket);
  std::string format = "text";
  CLI::App app{"perctl: asks perd, the EVPN routing engine", "perctl"};
  app.footer(kCommands);
  app.add_option("command", options.words, "What to do; see below")->required();
  app.add_option("-o,--output", format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  app.add_option("--socket", options.socket,
                 "Where perd answers; default PERD_SOCKET, else " + std::string{kDefaultSocket})
      ->type_name("PATH");
  app.add_flag("--watch", options.watch, "Ask again every second");
  app.add_option("--families", options.families, "decode: ipv4,ipv6,evpn")->type_name("LIST");
  app.add_flag("--add-path", options.add_path, "decode, encode: NLRI carry path identifiers");
  app.add_flag("--as2", options.as2, "decode, encode: two-octet AS numbers");
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());  // as CLI11 wants them
    app.parse(reversed);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, world.out, world.err) == 0 ? kGood : kUsage;
  }
  options.json = format == "json";
  return dispatch(options, world);
}

}  // namespace perd
