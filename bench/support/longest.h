// The longest single step of a run that is the same every time: of each step the shortest time over
// a few runs counts, so that what the machine did beside it does not.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace perd {

class LongestStep {
 public:
  static constexpr int kRuns = 3;

  explicit LongestStep(std::size_t steps) : least_(steps, 1e9) {}

  template <class F>
  void time(std::size_t step, F&& f) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    least_[step] = std::min(least_[step], took.count());
  }
  [[nodiscard]] double micros() const { return *std::max_element(least_.begin(), least_.end()); }

 private:
  std::vector<double> least_;
};

}  // namespace perd
