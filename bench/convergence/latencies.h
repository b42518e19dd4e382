// Quantiles of what was measured one by one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "convergence/arguments.h"

namespace perd::loadgen {

[[nodiscard]] inline double milliseconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

struct Latencies {
  std::vector<double> ms;
  [[nodiscard]] double quantile(double q) {
    if (ms.empty()) return 0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1) + 0.5);
    std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(at), ms.end());
    return ms[at];
  }
  void tell(Answer& a, const std::string& prefix = {}) {
    a.number(prefix + "p50_ms", quantile(0.5))
        .number(prefix + "p99_ms", quantile(0.99))
        .number(prefix + "max_ms", quantile(1));
  }
};

}  // namespace perd::loadgen
