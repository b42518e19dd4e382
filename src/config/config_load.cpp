#include "config/config_load.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "config/config_check.h"
#include "config/draft.h"
#include "config/yaml_document.h"

namespace perd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretOctetsMax = 4096;
constexpr std::size_t kFilesMax = 1024;

// At most limit + 1 octets, so that the caller sees when there are more.
Expected<std::string, std::string> read_file(const std::string& path, std::size_t limit) {
  std::error_code fault;
  if (fs::is_directory(path, fault)) return unexpected(std::string{"is a directory"});
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  if (!in) return unexpected(std::string{std::strerror(errno != 0 ? errno : EIO)});
  // A page at a time: the limit is large and files are small.
  constexpr std::size_t kPage = 4096;
  std::string text;
  while (in && text.size() <= limit) {
    const std::size_t before = text.size();
    text.resize(std::min(before + kPage, limit + 1));
    in.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
    if (in.bad()) return unexpected(std::string{"cannot be read"});
    text.resize(before + static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

std::vector<ConfigError> one_error(const std::string& file, std::string message) {
  return {ConfigError{file, 0, 0, "", std::move(message)}};
}

Expected<std::vector<std::string>, std::vector<ConfigError>> files_of(const std::string& path) {
  std::error_code fault;
  if (!fs::is_directory(path, fault)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::directory_iterator it{path, fault}, end; !fault && it != end; it.increment(fault)) {
    const std::string name = it->path().filename().string();
    if (name.size() > 5 && name.front() != '.' && it->path().extension() == ".yaml") {
      files.push_back(it->path().string());
    }
  }
  if (fault) return unexpected(one_error(path, fault.message()));
  if (files.empty()) return unexpected(one_error(path, "no *.yaml in this directory"));
  if (files.size() > kFilesMax) return unexpected(one_error(path, "more than 1024 files"));
  std::sort(files.begin(), files.end());
  return files;
}

// Rules whose values could not be read stay silent: their faults are told already.
void apply_rules(const Config& config, config::Diagnostics& diagnostics) {
  for (RuleViolation& violation : check_config(config)) {
    bool readable = true;
    for (const std::string& path : violation.depends) {
      readable = readable && !diagnostics.failed(path);
    }
    if (!readable) continue;
    if (!violation.other.empty()) {
      violation.message += " by " + diagnostics.where(violation.other);
    }
    diagnostics.rule(violation.path, std::move(violation.message));
  }
}

}  // namespace

Expected<std::string, std::string> read_secret_file(const std::string& path) {
  auto text = read_file(path, kSecretOctetsMax);
  if (text && text->size() > kSecretOctetsMax) return unexpected(std::string{"longer than 4 KiB"});
  return text;
}

ConfigResult load_config(const std::vector<ConfigText>& texts, const ConfigOptions& options) {
  std::vector<std::string> names;
  for (const ConfigText& text : texts) names.push_back(text.name);
  if (names.empty()) names.emplace_back();  // so that "no underlay" has a file to stand in
  config::Diagnostics diagnostics{std::move(names)};
  config::ReadContext context{diagnostics, options};
  config::Draft draft;
  config::Sections sections;
  std::vector<std::vector<config::Node>> files;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    files.push_back(config::parse_yaml(texts[i].text, static_cast<std::uint32_t>(i), diagnostics));
    for (const config::Node& document : files.back()) {
      config::read_document(document, draft, sections, context);
    }
  }
  if (draft.l3vnis.size() > config::kL3VnisMax) {
    diagnostics.rule("l3vnis", "more than " + std::to_string(config::kL3VnisMax) + " L3VNIs");
  }
  if (draft.l2vnis.size() > config::kL2VnisMax) {
    diagnostics.rule("l2vnis", "more than " + std::to_string(config::kL2VnisMax) + " L2VNIs");
  }
  Config config = config::complete(std::move(draft), context);
  apply_rules(config, diagnostics);
  if (!diagnostics.empty()) return unexpected(diagnostics.take());
  return config;
}

namespace {

struct Texts {
  std::vector<ConfigText> good;
  std::vector<ConfigError> unreadable;
};

Texts texts_of(const std::string& path) {
  Texts out;
  const auto files = files_of(path);
  if (!files) {
    out.unreadable = files.error();
    return out;
  }
  for (const std::string& file : *files) {
    auto text = read_file(file, config::kFileOctetsMax);
    if (text) {
      out.good.push_back({file, std::move(*text)});
    } else {
      out.unreadable.push_back({file, 0, 0, "", text.error()});
    }
  }
  return out;
}

}  // namespace

Expected<std::vector<ConfigText>, std::vector<ConfigError>> read_config_texts(
    const std::string& path) {
  Texts texts = texts_of(path);
  if (!texts.unreadable.empty()) return unexpected(std::move(texts.unreadable));
  return std::move(texts.good);
}

ConfigResult load_config(const std::string& path, const ConfigOptions& options) {
  Texts texts = texts_of(path);
  ConfigOptions full = options;
  if (!full.read_secret) full.read_secret = read_secret_file;
  if (texts.unreadable.empty()) return load_config(texts.good, full);
  // The faults of the other files are told too, but an underlay may be in the unreadable one.
  if (!texts.good.empty()) {
    auto rest = load_config(texts.good, full);
    if (!rest) {
      for (ConfigError& error : rest.error()) {
        if (error.path != "underlays") texts.unreadable.push_back(std::move(error));
      }
    }
  }
  return unexpected(std::move(texts.unreadable));
}

Environment process_environment() {
  Environment out;
  if (const char* name = std::getenv("PERD_NODE_NAME")) out.node_name = name;
  if (const char* index = std::getenv("PERD_NODE_INDEX")) out.node_index = index;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) out.hostname = host.data();
  return out;
}

}  // namespace perd
