#include "tools/perctl_local.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <istream>
#include <iterator>
#include <ostream>

#include "config/config_load.h"

#ifdef PERD_HAS_MESSAGE_JSON
#include "tools/message_json/message_json.h"
#endif

namespace perd {
namespace {

namespace json = boost::json;

json::string json_text(const std::string& text) { return json::string(text.data(), text.size()); }

// A secret that this user may not read is the daemon's business, not a fault of the file.
Expected<std::string, std::string> read_secret_if_allowed(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0 && errno == EACCES) return std::string{kRedactedPassword};
  return read_secret_file(path);
}

}  // namespace

void show_config_errors(const std::vector<ConfigError>& errors, bool as_json, PerctlWorld& world) {
  if (!as_json) {
    for (const ConfigError& error : errors) world.err << to_string(error) << "\n";
    return;
  }
  json::array list;
  for (const ConfigError& error : errors) {
    list.push_back(json::object{{"file", json_text(error.file)},
                                {"line", error.line},
                                {"column", error.column},
                                {"path", json_text(error.path)},
                                {"message", json_text(error.message)}});
  }
  world.out << json::serialize(json::object{{"ok", errors.empty()}, {"errors", std::move(list)}})
            << "\n";
}

int check_command(const PerctlOptions& options, PerctlWorld& world) {
  if (options.words.size() != 2) {
    world.err << "perctl: check takes one file or directory; see perctl --help\n";
    return 2;
  }
  ConfigOptions config;
  config.environment = world.environment;
  config.read_secret = read_secret_if_allowed;
  const auto loaded = load_config(options.words[1], config);
  if (!loaded) {
    show_config_errors(loaded.error(), options.json, world);
    return 1;
  }
  if (options.json) {
    show_config_errors({}, true, world);
  } else {
    world.out << options.words[1] << ": good\n";
  }
  return 0;
}

#ifdef PERD_HAS_MESSAGE_JSON
namespace {

// What --families, --add-path and --as2 say; the fault names what is wrong with them.
Expected<wire::CodecContext, std::string> context_of(const PerctlOptions& options) {
  struct Word {
    std::string_view word;
    Family family;
  };
  constexpr Word kWords[] = {
      {"ipv4", Family::kIpv4Unicast}, {"ipv6", Family::kIpv6Unicast}, {"evpn", Family::kEvpn}};
  wire::CodecContext context = tools::tool_context();
  context.four_octet_as = !options.as2;
  if (!options.families.empty()) {
    context.families = {};
    std::string_view rest = options.families;
    while (true) {
      const std::size_t comma = rest.find(',');
      const std::string_view word = rest.substr(0, comma);
      bool known = false;
      for (const Word& row : kWords) {
        if (row.word != word) continue;
        context.families.add(row.family);
        known = true;
      }
      if (!known) {
        return unexpected(
            std::string{"--families: expected ipv4, ipv6 or evpn, separated by commas"});
      }
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  if (options.add_path) {
    context.add_path_receive = context.families;
    context.add_path_send = context.families;
  }
  return context;
}

// The words after the command as one text, or standard input when there is none (or `-`).
std::string input_of(const PerctlOptions& options, PerctlWorld& world) {
  std::string text;
  for (std::size_t i = 1; i < options.words.size(); ++i) text += options.words[i] + " ";
  if (!text.empty() && text != "- ") return text;
  text.clear();
  char c = 0;
  while (text.size() <= tools::kMaxToolInput && world.in.get(c)) text += c;
  return text;
}

}  // namespace

int decode_command(const PerctlOptions& options, PerctlWorld& world) {
  const auto context = context_of(options);
  if (!context) {
    world.err << "perctl: " << context.error() << "\n";
    return 2;
  }
  const auto decoded = tools::decode_to_json(input_of(options, world), *context);
  if (!decoded) {
    world.err << "perctl: decode: " << decoded.error() << "\n";
    return 2;
  }
  world.out << decoded->json;
  if (decoded->json.empty() || decoded->json.back() != '\n') world.out << "\n";
  return decoded->exit_code;
}

int encode_command(const PerctlOptions& options, PerctlWorld& world) {
  const auto context = context_of(options);
  if (!context) {
    world.err << "perctl: " << context.error() << "\n";
    return 2;
  }
  const auto hex = tools::encode_from_json(input_of(options, world), *context);
  if (!hex) {
    world.err << "perctl: encode: " << hex.error() << "\n";
    return 2;
  }
  world.out << *hex << "\n";
  return 0;
}
#else
int decode_command(const PerctlOptions&, PerctlWorld& world) {
  world.err << "perctl: decode: not yet supported\n";
  return 2;
}
int encode_command(const PerctlOptions&, PerctlWorld& world) {
  world.err << "perctl: encode: not yet supported\n";
  return 2;
}
#endif

}  // namespace perd
