// The door of the configuration: text in, Config or the list of everything that is wrong with it
// out. Behind it nothing is parsed again.
//
// Words, rules and defaults: per.yaml (README; config/per.yaml is the annotated example). Three
// spellings, freely mixed: the native file, a stream of Kubernetes documents, a directory of *.yaml
// merged in name order. The environment comes as an argument (config_options.h); only what
// takes a path looks at files, only process_environment() at the process.
//
// Limits: 16 MiB and 1,000,000 values a file, 64 levels, 1024 files, 1024 neighbours, 4096 L3VNIs.
#pragma once

#include <string>
#include <vector>

#include "config/config_error.h"
#include "config/config_options.h"
#include "perd/config.h"
#include "perd/expected.h"

namespace perd {

struct ConfigText {
  std::string name;  // for messages
  std::string text;
};

using ConfigResult = Expected<Config, std::vector<ConfigError>>;

// A file or a directory. Passwords of passwordFile are read unless the options say how else.
[[nodiscard]] ConfigResult load_config(const std::string& path, const ConfigOptions& options);
[[nodiscard]] ConfigResult load_config(const std::vector<ConfigText>& texts,
                                       const ConfigOptions& options);

// The texts of a file or of a directory's *.yaml, in name order, for whoever loads them elsewhere.
[[nodiscard]] Expected<std::vector<ConfigText>, std::vector<ConfigError>> read_config_texts(
    const std::string& path);

// ConfigOptions::read_secret of the daemon: the file's text (at most 4 KiB), or the system's
// reason.
[[nodiscard]] Expected<std::string, std::string> read_secret_file(const std::string& path);

// PERD_NODE_NAME, PERD_NODE_INDEX and the host's name, as this process sees them.
[[nodiscard]] Environment process_environment();

}  // namespace perd
