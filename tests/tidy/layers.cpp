#include "tidy/layers.h"

#include <algorithm>
#include <regex>
#include <string_view>

namespace perd::tidy {
namespace {

struct Layer {
  std::string_view folder;
  std::vector<std::string_view> may_include;  // folders (as in an #include) or single headers
};

// Lowest first; of two nested folders the inner one. Every layer may include itself and the
// vocabulary, include/perd.
const std::vector<Layer>& layers() {
  static const std::vector<Layer> kLayers{
      {"include/perd", {}},
      {"src/base", {}},
      {"src/bgp/wire", {}},
      {"src/bgp/session", {"bgp/wire"}},
      {"src/bgp/rib", {"bgp/wire"}},  // session and rib do not know each other
      {"src/bgp/policy", {"bgp/wire", "bgp/rib/route.h"}},
      {"src/bgp/bfd", {}},
      {"src/bgp/io", {}},  // an edge: it moves octets and knows no BGP
      {"src/evpn", {"bgp/wire", "bgp/rib"}},
      {"src/fib", {}},      // meets evpn only in perd/desired.h
      {"src/netlink", {}},  // an edge: it knows perd/kernel.h only
      {"src/config", {}},
      {"src/core",
       {"bgp/wire", "bgp/session", "bgp/rib", "bgp/policy", "bgp/bfd", "evpn", "fib", "config"}},
      {"src/status",
       {"bgp/wire", "bgp/session", "bgp/rib", "bgp/policy", "bgp/bfd", "evpn", "fib", "config",
        "core"}},
      {"src/api", {}},  // an edge: questions and answers are text to it
      {"src/log", {}},
      {"src/tools/message_json", {"bgp/wire"}},
      {"src/tools", {"bgp/wire", "config", "api"}},
      {"src/daemon",
       {"base", "bgp/wire", "bgp/session", "bgp/rib", "bgp/policy", "bgp/bfd", "bgp/io", "evpn",
        "fib", "netlink", "config", "core", "status", "api", "log", "tools"}},
  };
  return kLayers;
}

struct Library {
  std::string_view name;
  std::vector<std::string_view> headers;  // what an #include of it begins with
  std::vector<std::string_view> users;    // what the path of a file that may use it begins with
};

const std::vector<Library>& libraries() {
  static const std::vector<Library> kLibraries{
      {"Boost.Asio",
       {"boost/asio", "boost/beast", "boost/system"},
       {"src/bgp/io/", "src/api/", "src/daemon/"}},
      {"Boost.JSON",
       {"boost/json"},
       {"src/core/", "src/status/", "src/api/", "src/tools/", "src/daemon/"}},
      {"Boost containers",
       {"boost/container", "boost/unordered", "boost/intrusive"},
       {"include/perd/", "src/"}},
      {"Boost", {"boost/"}, {}},  // anything else of Boost: enter it above, with a reason
      {"libnl", {"netlink/"}, {"src/netlink/"}},
      {"Linux headers", {"linux/"}, {"src/netlink/", "src/bgp/io/", "src/daemon/"}},
      {"POSIX",
       {"sys/", "unistd.h", "fcntl.h", "poll.h", "signal.h", "pwd.h", "grp.h", "sched.h", "net/",
        "netdb.h", "netinet/", "arpa/", "pthread.h", "csignal"},
       {"include/perd/", "src/base/", "src/bgp/io/", "src/netlink/", "src/config/config_load",
        "src/api/", "src/log/", "src/tools/", "src/daemon/"}},
      {"the heap of glibc", {"malloc.h"}, {"src/daemon/"}},
      {"yaml-cpp", {"yaml-cpp/"}, {"src/config/config_load", "src/config/yaml_document"}},
      {"spdlog", {"spdlog/", "fmt/"}, {"src/log/"}},
      {"CLI11", {"CLI/"}, {"src/tools/", "src/daemon/"}},
      {"tl::expected", {"tl/"}, {"include/perd/expected.h"}},
      {"GoogleTest", {"gtest/", "gmock/"}, {}},
  };
  return kLibraries;
}

const Layer* layer_of(const SourceFile& file) {
  for (const Layer& layer : layers()) {
    if (file.is_below(layer.folder)) return &layer;
  }
  return nullptr;
}

// Does an #include's path lie in a folder, or is it that header?
bool names(std::string_view include, std::string_view place) {
  if (include == place) return true;
  return include.size() > place.size() && include.starts_with(place) &&
         include[place.size()] == '/';
}

std::string_view include_name(const Layer& layer) {
  return layer.folder.substr(std::string_view("src/").size());
}

// Is an #include in quotes one of the project's own headers that this layer may use?
bool allowed_by_layer(const Layer& layer, std::string_view include) {
  if (names(include, "perd")) return true;
  if (layer.folder.starts_with("src/") && names(include, include_name(layer))) return true;
  return std::any_of(layer.may_include.begin(), layer.may_include.end(),
                     [&](std::string_view place) { return names(include, place); });
}

const Library* library_of(std::string_view include) {
  for (const Library& library : libraries()) {
    for (const std::string_view header : library.headers) {
      if (include == header || (include.starts_with(header) && header.ends_with('/'))) {
        return &library;
      }
      if (header.find('/') != std::string_view::npos && include.starts_with(header)) {
        return &library;
      }
    }
  }
  return nullptr;
}

bool may_use(const SourceFile& file, const Library& library) {
  return std::any_of(library.users.begin(), library.users.end(),
                     [&](std::string_view user) { return file.path.starts_with(user); });
}

// A standard header has neither a folder nor a suffix; the C ones that Linux code needs have.
bool is_standard(std::string_view include) {
  return include.find('/') == std::string_view::npos && !include.ends_with(".h");
}

std::string complaint(const SourceFile& file, bool quoted, const std::string& include) {
  const Layer* layer = layer_of(file);
  if (layer == nullptr) return "a folder that tests/tidy/layers.cpp does not know";
  if (quoted) {
    if (allowed_by_layer(*layer, include)) return "";
    return std::string(layer->folder) + " must not include \"" + include + "\"";
  }
  if (const Library* library = library_of(include)) {
    if (may_use(file, *library)) return "";
    return std::string(library->name) + " (<" + include + ">) has no place here";
  }
  if (is_standard(include)) return "";
  return "<" + include + "> is of no known library: enter it in tests/tidy/layers.cpp";
}

}  // namespace

std::vector<Finding> check_includes(const SourceFile& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s+([<"])([^>"]+)[>"])re");
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_search(file.lines[i], match, kInclude)) continue;
    std::string message = complaint(file, match[1] == "\"", match[2]);
    if (!message.empty()) findings.push_back({file.path, i + 1, message});
  }
  return findings;
}

std::vector<std::string> known_layers() {
  std::vector<std::string> names;
  for (const Layer& layer : layers()) names.emplace_back(layer.folder);
  return names;
}

}  // namespace perd::tidy
