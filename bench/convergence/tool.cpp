#include "convergence/tool.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <stdexcept>

namespace perd::loadgen {
Tool::Tool() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.ptr = nullptr;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &e);  // a file is always ready: then no epoll
}

Tool::~Tool() { close(epoll_); }

int Tool::run() {
  std::string pending;
  std::array<char, 4096> buffer{};
  while (!quit_) {
    input_ready_ = false;
    while (!input_ready_) turn(100);
    const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n <= 0) return 0;
    pending.append(buffer.data(), static_cast<std::size_t>(n));
    for (auto end = pending.find('\n'); end != std::string::npos && !quit_;
         end = pending.find('\n')) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      if (!line.empty()) std::cout << carry_out(line) << std::endl;
    }
  }
  return 0;
}

std::string Tool::carry_out(const std::string& line) {
  using Command = Answer (Tool::*)(const Arguments&);
  static const std::map<std::string, Command> kCommands{
      {"session", &Tool::session},
      {"close", &Tool::close_session},
      {"routes", &Tool::make_routes},
      {"announce", &Tool::announce},
      {"withdraw", &Tool::withdraw},
      {"await", &Tool::await},
      {"keepalives", &Tool::keepalives},
      {"kernel", &Tool::kernel},
      {"dump", &Tool::dump},
      {"watch", &Tool::watch},
      {"load", &Tool::load_kernel},
      {"probe", &Tool::probe},
      {"churn", &Tool::churn},
      {"hosts", &Tool::hosts},
  };
  try {
    const Arguments a(line);
    if (a.word(0) == "quit") {
      quit_ = true;
      return Answer::good().line();
    }
    if (a.word(0) == "clock") {
      start_clock();
      return Answer::good().line();
    }
    const auto command = kCommands.find(a.word(0));
    if (command == kCommands.end()) return Answer::bad("no such command: " + a.word(0)).line();
    return (this->*command->second)(a).line();
  } catch (const std::exception& e) {
    return Answer::bad(e.what()).line();
  }
}

Peer& Tool::peer(const std::string& name) {
  const auto it = peers_.find(name);
  if (it == peers_.end()) throw std::invalid_argument("no session " + name);
  return *it->second;
}

const Tool::Routes& Tool::routes(const std::string& name) {
  const auto it = routes_.find(name);
  if (it == routes_.end()) throw std::invalid_argument("no routes " + name);
  return it->second;
}

Range Tool::range(const Arguments& a, const RouteSet& routes) {
  const Range r{a.number("from", 0), a.number("to", routes.count())};
  if (r.from >= r.to || r.to > routes.count()) throw std::invalid_argument("from and to");
  return r;
}

void Tool::turn(int wait_ms) {
  std::array<epoll_event, 64> events{};
  for (const auto& [name, p] : peers_) {
    if (p->fd() < 0) continue;
    epoll_event e{};
    e.events = EPOLLIN | (p->wants_write() ? EPOLLOUT : 0U);
    e.data.ptr = p.get();
    epoll_ctl(epoll_, EPOLL_CTL_MOD, p->fd(), &e);
  }
  const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
  const auto now = Clock::now();
  for (int i = 0; i < n; ++i) {
    const epoll_event& e = events[static_cast<std::size_t>(i)];
    auto* p = static_cast<Peer*>(e.data.ptr);
    if (p == nullptr) {
      input_ready_ = true;
    } else if (p->fd() >= 0) {
      (void)p->on_ready((e.events & ~EPOLLOUT) != 0, (e.events & EPOLLOUT) != 0, now);
    }
  }
  keep_sessions(now);
  if (watch_ != nullptr) feed(*watch_);
}

void Tool::keep_sessions(Clock::time_point now) {
  for (const auto& [name, p] : peers_) p->on_tick(now);
}

bool Tool::serve(const std::function<bool()>& done, double seconds, bool busy) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(seconds));
  while (!done()) {
    if (Clock::now() > deadline) return false;
    const bool input = input_ready_;
    turn(busy ? 0 : 1);
    input_ready_ = input_ready_ || input;
  }
  return true;
}

}  // namespace perd::loadgen
