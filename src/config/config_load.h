// The door of the configuration: text in, Config or the list of everything that is wrong with it
// out. Behind it nothing is parsed again.
//
// Words, rules and defaults: per.yaml (README; config/per.yaml is the annotated example). Three
// spellings, freely mixed: the native file, a stream of Kubernetes documents, a directory of *.yaml
// merged in name order. The environment comes as an argument (config_options.h); only load_config()
// of a path and read_secret_file() look at files.
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

// ConfigOptions::read_secret of the daemon: the file's text (at most 4 KiB), or the system's
// reason.
[[nodiscard]] Expected<std::string, std::string> read_secret_file(const std::string& path);

}  // namespace perd
