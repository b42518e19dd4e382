// Requests of perctl: views are answered by src/status, acts are carried out here.
#include <boost/json.hpp>
#include <ctime>

#include "config/config_print.h"
#include "daemon/config_diff.h"
#include "daemon/daemon.h"
#include "status/status.h"

namespace perd {
namespace {

ApiAnswer text_answer(const ApiRequest& request, ExitCode exit, const std::string& text) {
  if (!request.json) return {exit, text.empty() || text.back() == '\n' ? text : text + "\n"};
  namespace json = boost::json;
  return {exit,
          json::serialize(json::object{{"ok", exit == ExitCode::kGood}, {"text", text}}) + "\n"};
}

std::string errors_text(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const auto& e : errors) text += (text.empty() ? "" : "\n") + to_string(e);
  return text;
}

std::vector<ConfigText> texts_of(const ApiRequest& request) {
  std::vector<ConfigText> texts;
  for (const auto& f : request.files) texts.push_back({f.name, f.text});
  return texts;
}

}  // namespace

void Daemon::set_up_log(const Config& config) {
  log_.set_level(line_.log_level.value_or(config.log.level));
  log_.set_format(config.log.format);
}

std::string Daemon::apply(const ConfigResult& loaded) {
  if (!loaded) return errors_text(loaded.error());
  if (stopping_) return "perd is stopping";
  if (loaded->api_socket != speaker_.config().api_socket) {
    return "api.socket: cannot change while perd runs";
  }
  // What stands in the kernel under the old number would no longer be known as perd's own.
  if (loaded->kernel.route_protocol != speaker_.config().kernel.route_protocol) {
    return "kernel.routeProtocol: cannot change while perd runs";
  }
  set_up_log(*loaded);
  reloaded_ = true;
  speaker_.configure(*loaded, monotonic_now());
  schedule();
  return {};
}

ApiAnswer Daemon::answer(const ApiRequest& request) {
  const auto& args = request.args;
  if (!args.empty() && args[0] == "reload") return reload(request);
  if (!args.empty() && args[0] == "clear") return clear(request);
  if (!args.empty() && args[0] == "diff") return diff(request);
  const status::Clock clock{monotonic_now(), static_cast<std::int64_t>(std::time(nullptr)),
                            process_memory()};
  auto view = status::answer(speaker_, args, request.json, clock);
  const auto exit = static_cast<ExitCode>(view.exit);
  if (!view.more) return {exit, std::move(view.text)};
  // The first piece goes in front of what the cursor makes.
  return {exit, ApiCursor([first = std::move(view.text),
                           more = std::move(view.more)](std::string& out) mutable {
            out += first;
            first.clear();
            return more(out);
          })};
}

ApiAnswer Daemon::reload(const ApiRequest& request) {
  const Config before = speaker_.config();
  const auto loaded = request.files.empty() ? load_for_this_node(line_.config, &before)
                                            : load_for_this_node(texts_of(request), &before);
  const auto errors = apply(loaded);
  if (!errors.empty()) {
    return text_answer(request, ExitCode::kRefused,
                       "refused, the running configuration stays:\n" + errors);
  }
  const auto changes = diff_configs(before, speaker_.config());
  return text_answer(request, ExitCode::kGood,
                     changes.empty() ? "nothing changed" : "applied:\n" + changes);
}

ApiAnswer Daemon::diff(const ApiRequest& request) {
  const auto loaded = request.files.empty()
                          ? load_for_this_node(line_.config, &speaker_.config())
                          : load_for_this_node(texts_of(request), &speaker_.config());
  if (!loaded) return text_answer(request, ExitCode::kRefused, errors_text(loaded.error()));
  return text_answer(request, ExitCode::kGood, diff_configs(speaker_.config(), *loaded));
}

// Takes frozen MACs up again.
ApiAnswer Daemon::clear_macs(const ApiRequest& request) {
  const auto& a = request.args;
  const auto vni = status::parse_vni(a[2]);
  const auto mac = a.size() == 4 ? parse_mac(a[3]) : std::nullopt;
  if (!vni || (a.size() == 4 && !mac)) {
    return text_answer(request, ExitCode::kUsage, "usage: perctl clear mac VNI [MAC]");
  }
  const auto* config = status::find_l2vni(speaker_.config(), *vni);
  const auto id = config == nullptr ? std::nullopt : speaker_.mac_vrf_ids().find(config->name);
  if (!id) return text_answer(request, ExitCode::kRefused, "no L2VNI " + a[2]);
  const auto count = speaker_.clear_duplicates(*id, mac, monotonic_now());
  schedule();
  if (count == 0) {
    return text_answer(request, ExitCode::kRefused,
                       mac ? to_string(*mac) + " is no duplicate" : "no duplicates");
  }
  return text_answer(request, ExitCode::kGood,
                     std::to_string(count) + (count == 1 ? " MAC" : " MACs") + " taken up again");
}

ApiAnswer Daemon::clear(const ApiRequest& request) {
  const auto& a = request.args;
  if ((a.size() == 3 || a.size() == 4) && a[1] == "mac") return clear_macs(request);
  const bool soft = a.size() == 5 && a[3] == "soft" && (a[4] == "in" || a[4] == "out");
  if (!(a.size() == 3 || soft) || a[1] != "neighbor") {
    return text_answer(request, ExitCode::kUsage,
                       "usage: perctl clear neighbor ADDR [soft in|out]\n"
                       "       perctl clear mac VNI [MAC]");
  }
  const auto address = parse_ip(a[2]);
  const auto now = monotonic_now();
  const bool done =
      address && (soft ? speaker_.soft_clear(*address, a[4] == "in", a[4] == "out", now)
                       : speaker_.clear_neighbor(*address, now));
  if (!done) {
    return text_answer(request, ExitCode::kRefused,
                       soft ? "no established neighbor " + a[2] + " that takes ROUTE-REFRESH"
                            : "no neighbor " + a[2]);
  }
  schedule();
  return text_answer(request, ExitCode::kGood, "");
}

}  // namespace perd
