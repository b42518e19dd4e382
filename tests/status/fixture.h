// A fabric at rest whose speakers the views look at: leaf 1 with a host prefix, leaf 2 with
// another, the spine between them.
#pragma once

#include <gtest/gtest.h>

#include "sim/fabric.h"
#include "status/status.h"

namespace perd::status {

class StatusTest : public testing::Test {
 protected:
  explicit StatusTest(const sim::FabricOptions& options = {}) : fabric_(1, options) {
    fabric_.start_all();
    EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
    fabric_.add_host_prefix(1, 0, 10);
    fabric_.add_host_prefix(2, 0, 20);
    EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  }
  [[nodiscard]] Speaker& leaf() { return fabric_.world.speaker(2); }
  [[nodiscard]] Clock clock() { return {fabric_.world.now(), 1'700'000'000}; }
  // Everything an answer says, piece by piece.
  [[nodiscard]] static std::string whole(Answer a) {
    std::string text = a.text;
    while (a.more && a.more(text)) {
    }
    return text;
  }
  [[nodiscard]] std::string ask(std::vector<std::string> words, bool as_json = false,
                                int exit = 0) {
    auto a = answer(leaf(), words, as_json, clock());
    EXPECT_EQ(a.exit, exit) << a.text;
    return whole(std::move(a));
  }
  [[nodiscard]] json::value ask_json(std::vector<std::string> words, int exit = 0) {
    const auto text = ask(std::move(words), true, exit);
    boost::system::error_code error;
    auto value = json::parse(text, error);
    EXPECT_FALSE(error) << text;
    return value;
  }

  sim::Fabric fabric_;
};

}  // namespace perd::status
