// perctl: what an operator asks perd. Everything is in perctl_app.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "config/config_load.h"
#include "tools/perctl_app.h"

int main(int argc, char** argv) {
  perd::PerctlWorld world{std::cin, std::cout, std::cerr, {}, {}, {}};
  world.environment = perd::process_environment();
  if (const char* socket = std::getenv("PERD_SOCKET")) world.socket = socket;
  return perd::run_perctl(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), world);
}
