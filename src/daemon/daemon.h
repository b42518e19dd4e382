// The process around the speaker: turns readiness of sockets, timers and signals into inputs,
// carries its outputs out after each turn, and serves perctl. It decides nothing about routes.
//
// One thread. A turn is: inputs as they come, then Speaker::tick, then the outputs. When the
// speaker has more work another turn is posted behind whatever else is ready, so sockets and
// clients are served between slices.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "api/api_server.h"
#include "bgp/io/asio_transport.h"
#include "config/config_load.h"
#include "core/speaker.h"
#include "daemon/command_line.h"
#include "daemon/process_memory.h"
#include "log/log_sink.h"
#include "netlink/kernel_port.h"
#include "perd/config.h"

namespace perd {

// The clock of the core: CLOCK_MONOTONIC.
[[nodiscard]] TimePoint monotonic_now();

// Loads with what this process knows of its surroundings. `running`: passwords behind `<redacted>`
// are those of that configuration; without one they are refused where the result is `to_run`.
[[nodiscard]] ConfigResult load_for_this_node(const std::string& path, const Config* running,
                                              bool to_run = true);
[[nodiscard]] ConfigResult load_for_this_node(const std::vector<ConfigText>& texts,
                                              const Config* running);

class Daemon final : private KernelEventSink {
 public:
  Daemon(CommandLine line, Config config, std::unique_ptr<netlink::KernelPort> kernel);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until SIGTERM or SIGINT.
  [[nodiscard]] Exit run();

 private:
  // KernelEventSink
  void on_kernel_event(KernelEvent&& event) override;

  void turn();
  void schedule();
  void arm_timer();
  void carry_out(Outputs&& outputs);
  void wait_for_requests();
  void wait_for_events();
  void wait_for_packets();
  void wait_for_signals();
  void on_signal(int signal);
  void on_listen_failed(const ListenFailed& failed);
  void begin_stop();
  void watch_connections();

  // control.cpp
  [[nodiscard]] ApiAnswer answer(const ApiRequest& request);
  [[nodiscard]] ApiAnswer reload(const ApiRequest& request);
  [[nodiscard]] ApiAnswer clear(const ApiRequest& request);
  [[nodiscard]] ApiAnswer clear_macs(const ApiRequest& request);
  [[nodiscard]] ApiAnswer diff(const ApiRequest& request);
  // The errors as text; empty when the new configuration runs.
  [[nodiscard]] std::string apply(const ConfigResult& loaded);
  void set_up_log(const Config& config);

  CommandLine line_;
  boost::asio::io_context io_{1};
  Speaker speaker_;
  std::unique_ptr<netlink::KernelPort> kernel_;
  io::AsioTransport transport_;
  boost::asio::posix::stream_descriptor requests_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::posix::stream_descriptor packets_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer stop_timer_;
  boost::asio::signal_set signals_;
  LogSink log_;
  ApiServer api_;
  bool scheduled_ = false;
  bool stopping_ = false;
  bool reloaded_ = false;
  Exit exit_ = Exit::kGood;
  Deadline armed_;
  TrimSchedule trim_;
};

}  // namespace perd
