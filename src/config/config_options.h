// What the loader is told from outside: the environment, and how secrets are come by. No file, no
// getenv in here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "perd/expected.h"
#include "perd/ip.h"

namespace perd {

struct Environment {
  std::optional<std::string> node_name;   // PERD_NODE_NAME; wins over node.name
  std::optional<std::string> node_index;  // PERD_NODE_INDEX; wins over node.index
  std::string hostname;                   // the default of node.name
};

struct ConfigOptions {
  Environment environment;
  // The text of a passwordFile, or why there is none. Unset: the file is not looked at and the
  // password stays empty (decoding someone else's configuration, fuzzing).
  std::function<Expected<std::string, std::string>(const std::string& path)> read_secret;
  // The password behind `password: <redacted>`, the mark that --print writes: the running
  // configuration's, on reload and diff. Without an answer the mark itself becomes the password,
  // unless `refuse_redacted`.
  std::function<std::optional<std::string>(const IpAddress& neighbor)> known_password;
  bool refuse_redacted = false;  // true where the result is to run
};

}  // namespace perd
