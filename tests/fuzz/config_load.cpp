// Any octets as a configuration. What is refused has places inside the text and one-line messages;
// what is taken prints, and loads back to the same.
#include <string>

#include "config/config_load.h"
#include "config/config_print.h"
#include "perd/assert.h"

namespace {

void check_errors(const std::vector<perd::ConfigError>& errors) {
  PERD_ASSERT(!errors.empty());
  for (const perd::ConfigError& error : errors) {
    PERD_ASSERT(!error.message.empty());
    const std::string line = to_string(error);
    PERD_ASSERT(line.find('\n') == std::string::npos);
    PERD_ASSERT((error.line == 0) == (error.column == 0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  perd::ConfigOptions options;
  options.environment.hostname = "fuzz";
  const auto loaded = perd::load_config({{"fuzz", text}}, options);
  if (!loaded) {
    check_errors(loaded.error());
    return 0;
  }
  perd::Config expected = *loaded;
  for (perd::NeighborConfig& n : expected.underlay->neighbors) {
    if (!n.password.empty()) n.password = perd::kRedactedPassword;
  }
  const std::string printed = print_config(*loaded);
  const auto again = perd::load_config({{"printed", printed}}, options);
  PERD_ASSERT(again.has_value());
  PERD_ASSERT(*again == expected);
  PERD_ASSERT(print_config(*again) == printed);
  return 0;
}
