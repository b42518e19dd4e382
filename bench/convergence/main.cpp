// The load generator, sink and kernel observer of the convergence benchmark.
#include <csignal>
#include <exception>
#include <iostream>

#include "convergence/tool.h"

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return perd::loadgen::Tool().run();
  } catch (const std::exception& e) {
    std::cerr << "loadgen: " << e.what() << "\n";
    return 1;
  }
}
