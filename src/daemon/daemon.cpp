#include "daemon/daemon.h"

#include <sys/random.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <csignal>

#include "status/status.h"

namespace perd {
namespace {

// How long a NOTIFICATION may take to leave before the process ends.
constexpr auto kStopGrace = std::chrono::milliseconds(1200);

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    seed = static_cast<std::uint64_t>(getpid()) ^
           static_cast<std::uint64_t>(monotonic_now().time_since_epoch().count());
  }
  return seed;
}

ConfigOptions options_for(const Config* running, bool to_run) {
  ConfigOptions options;
  options.environment = process_environment();
  options.read_secret = read_secret_file;
  options.refuse_redacted = to_run;
  options.known_password = [running](const IpAddress& address) -> std::optional<std::string> {
    if (running == nullptr) return std::nullopt;
    for (const auto& n : running->underlay->neighbors) {
      if (n.address == address && !n.password.empty()) return n.password;
    }
    return std::nullopt;
  };
  return options;
}

}  // namespace

TimePoint monotonic_now() {
  return TimePoint{
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

ConfigResult load_for_this_node(const std::string& path, const Config* running, bool to_run) {
  return load_config(path, options_for(running, to_run));
}

ConfigResult load_for_this_node(const std::vector<ConfigText>& texts, const Config* running) {
  return load_config(texts, options_for(running, true));
}

Daemon::Daemon(CommandLine line, Config config, std::unique_ptr<netlink::KernelPort> kernel)
    : line_(std::move(line)),
      speaker_(random_seed()),
      kernel_(std::move(kernel)),
      transport_(io_,
                 [this](const TransportEvent& event) {
                   if (const auto* failed = std::get_if<ListenFailed>(&event))
                     on_listen_failed(*failed);
                   speaker_.on_transport(event, monotonic_now());
                   schedule();
                 }),
      requests_(io_, kernel_->request_fd()),
      events_(io_, kernel_->event_fd()),
      packets_(io_, kernel_->packet_fd()),
      timer_(io_),
      stop_timer_(io_),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      api_(io_, config.api_socket, [this](const ApiRequest& request) { return answer(request); }) {
  set_up_log(config);
  speaker_.configure(config, monotonic_now());
}

Daemon::~Daemon() {
  requests_.release();  // the descriptors are the driver's
  events_.release();
  packets_.release();
}

Exit Daemon::run() {
  if (const auto started = api_.start(); !started) {
    log_.write(Event{EventKind::kKernelProblem, Severity::kError, "api", started.error()});
    return Exit::kSystem;
  }
  log_.write(Event{EventKind::kStarted, Severity::kInfo, status::version_text(),
                   "node " + speaker_.config().node.name + ", configuration " + line_.config});
  wait_for_requests();
  wait_for_events();
  wait_for_packets();
  wait_for_signals();
  schedule();
  io_.run();
  return exit_;
}

// A port that is taken at the start ends perd, which somebody is watching then; later it is
// reported.
void Daemon::on_listen_failed(const ListenFailed& failed) {
  if (!failed.fatal || reloaded_ || stopping_) return;
  exit_ = Exit::kSystem;
  log_.write(Event{EventKind::kListenFailed, Severity::kError,
                   "listen " + to_string(failed.address), failed.reason + ": ending"});
  io_.stop();
}

void Daemon::on_kernel_event(KernelEvent&& event) {
  speaker_.on_kernel(std::move(event), monotonic_now());
}

void Daemon::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  boost::asio::post(io_, [this] { turn(); });
}

void Daemon::turn() {
  scheduled_ = false;
  speaker_.tick(monotonic_now());
  Outputs outputs = speaker_.take_outputs();
  const bool more = outputs.more_work;
  carry_out(std::move(outputs));
  if (kernel_->wants_turn()) {
    (void)kernel_->on_request_readable(*this);
    schedule();
  }
  if (more) {
    schedule();
  } else {
    arm_timer();
  }
  if (trim_.due(speaker_.table_octets(), !more, monotonic_now())) trim_heap();
}

void Daemon::carry_out(Outputs&& outputs) {
  for (const auto& event : outputs.events) log_.write(event);
  transport_.execute(outputs.transport);
  if (!outputs.kernel.empty()) kernel_->submit(std::move(outputs.kernel));
}

void Daemon::arm_timer() {
  const Deadline next = speaker_.next_deadline();
  if (next == armed_) return;
  armed_ = next;
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(std::chrono::steady_clock::time_point{next->time_since_epoch()});
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    armed_.reset();
    schedule();
  });
}

void Daemon::wait_for_requests() {
  requests_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](boost::system::error_code error) {
                         if (error) return;
                         (void)kernel_->on_request_readable(*this);
                         schedule();
                         wait_for_requests();
                       });
}

void Daemon::wait_for_events() {
  events_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](boost::system::error_code error) {
                       if (error) return;
                       (void)kernel_->on_event_readable(*this);
                       schedule();
                       wait_for_events();
                     });
}

void Daemon::wait_for_packets() {
  packets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](boost::system::error_code error) {
                        if (error) return;
                        (void)kernel_->on_packet_readable(*this);
                        schedule();
                        wait_for_packets();
                      });
}

void Daemon::wait_for_signals() {
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    on_signal(signal);
    wait_for_signals();
  });
}

void Daemon::on_signal(int signal) {
  if (signal != SIGHUP) {
    begin_stop();
    return;
  }
  const auto errors = apply(load_for_this_node(line_.config, &speaker_.config()));
  if (errors.empty()) return;
  log_.write(Event{EventKind::kConfigRefused, Severity::kError, "configuration",
                   "refused, the running one stays: " + errors});
}

void Daemon::begin_stop() {
  if (stopping_) {  // asked twice: at once
    io_.stop();
    return;
  }
  stopping_ = true;
  speaker_.stop(monotonic_now(), "");
  carry_out(speaker_.take_outputs());
  // Closing connections flush for a second at most and then drop out of the transport's list.
  stop_timer_.expires_after(kStopGrace);
  stop_timer_.async_wait([this](boost::system::error_code) { io_.stop(); });
  watch_connections();
}

void Daemon::watch_connections() {
  if (transport_.connections() == 0) {
    io_.stop();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(10));
  timer_.async_wait([this](boost::system::error_code) { watch_connections(); });
}

}  // namespace perd
