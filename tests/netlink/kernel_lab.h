// A network namespace per test and a LinuxKernel in it: shared by the *_kernel_test sources.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "netlink/linux_kernel.h"

namespace perd::netlink {

// Keeps what the kernel said, sorted by kind.
class Heard final : public KernelEventSink {
 public:
  void on_kernel_event(KernelEvent&& event) override {
    if (auto* r = std::get_if<KernelRefused>(&event)) {
      EXPECT_GT(r->id, acked) << "a refusal after its acknowledgement";
      refused.emplace(r->id, *r);
    } else if (auto* a = std::get_if<KernelAcked>(&event)) {
      EXPECT_GT(a->up_to, acked);
      acked = a->up_to;
    } else if (auto* d = std::get_if<DumpDone>(&event)) {
      dumps.push_back(*d);
    } else if (std::get_if<KernelOverrun>(&event) != nullptr) {
      ++overruns;
    } else {
      seen.push_back(std::move(event));
    }
  }
  template <class T>
  [[nodiscard]] std::vector<Seen<T>> all() const {
    std::vector<Seen<T>> out;
    for (const KernelEvent& e : seen) {
      if (const auto* s = std::get_if<Seen<T>>(&e)) out.push_back(*s);
    }
    return out;
  }

  std::map<std::uint64_t, KernelRefused> refused;
  std::uint64_t acked = 0;
  std::vector<DumpDone> dumps;
  int overruns = 0;
  std::vector<KernelEvent> seen;
};

class KernelLab : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (unshare(CLONE_NEWNET) != 0) FAIL() << "no right to make a network namespace: run as root";
    sh("ip link set lo up");
  }
  void TearDown() override {
    kernel.reset();
    if (home_ >= 0) {
      EXPECT_EQ(setns(home_, CLONE_NEWNET), 0);
      close(home_);
    }
  }

  void start(LinuxKernel::Options options = {}) {
    auto opened = LinuxKernel::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().what;
    kernel = std::move(*opened);
  }
  // Somebody else's hand.
  static void sh(const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  static std::string output(const std::string& command) {
    std::string text;
    FILE* p = popen(command.c_str(), "r");
    if (p == nullptr) return text;
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, p)) > 0;) text.append(buffer, n);
    pclose(p);
    return text;
  }
  static IfIndex index_of(const std::string& name) { return IfIndex{if_nametoindex(name.c_str())}; }

  template <class What>
  std::uint64_t add(What what) {
    ops_.push_back(KernelOp{++last_id, std::move(what)});
    return last_id;
  }
  // Submits what add() collected and waits until all is answered.
  void run() {
    kernel->submit(std::move(ops_));
    ops_.clear();
    finish();
  }
  void finish() {
    while (kernel->in_flight() > 0) {
      ASSERT_TRUE(kernel->wants_turn() || readable(kernel->request_fd(), 10'000)) << "no answer";
      kernel->on_request_readable(heard);
    }
    EXPECT_EQ(heard.acked, last_id);
  }
  // Runs one operation; its errno.
  template <class What>
  int put(What what) {
    const std::uint64_t id = add(std::move(what));
    run();
    const auto at = heard.refused.find(id);
    return at == heard.refused.end() ? 0 : at->second.error;
  }
  template <class T>
  std::vector<T> dump(DumpKind kind) {
    heard.seen.clear();
    heard.dumps.clear();
    add(DumpRequest{kind});
    run();
    EXPECT_EQ(heard.dumps.size(), 1U);
    if (!heard.dumps.empty()) {
      EXPECT_EQ(heard.dumps[0].kind, kind);
      EXPECT_FALSE(heard.dumps[0].interrupted);
    }
    std::vector<T> out;
    for (const auto& s : heard.all<T>()) {
      EXPECT_TRUE(s.from_dump);
      EXPECT_FALSE(s.gone);
      out.push_back(s.object);
    }
    return out;
  }
  // Reads notifications until `enough(heard)` or nothing came for a while.
  template <class Enough>
  bool listen_until(Enough enough) {
    while (!enough(heard)) {
      if (!readable(kernel->event_fd(), 5'000)) return false;
      kernel->on_event_readable(heard);
    }
    return true;
  }
  // A carrier comes a moment after its cause, and Linux refuses next hops without one (ENETDOWN).
  void wait_until_running(IfIndex link) {
    EXPECT_TRUE(listen_until([link](const Heard& h) {
      for (const auto& s : h.all<Link>()) {
        if (s.object.index == link && s.object.running) return true;
      }
      return false;
    }));
    heard.seen.clear();
  }
  // Reads the notifications that already wait.
  void drain_events() {
    while (readable(kernel->event_fd(), 0)) kernel->on_event_readable(heard);
  }
  static bool readable(int fd, int milliseconds) {
    pollfd p{fd, POLLIN, 0};
    return poll(&p, 1, milliseconds) > 0;
  }

  std::unique_ptr<LinuxKernel> kernel;
  Heard heard;
  std::uint64_t last_id = 0;

 private:
  std::vector<KernelOp> ops_;
  int home_ = -1;
};

// Values from text, for tests.
inline IpAddress ip(const char* text) { return *parse_ip(text); }
inline IpPrefix prefix(const char* text) { return *parse_prefix(text); }
inline InterfaceAddress interface_address(const char* text) {
  return *parse_interface_address(text);
}
inline MacAddress mac(const char* text) { return *parse_mac(text); }

}  // namespace perd::netlink
