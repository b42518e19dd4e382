// Dumps: which of the kernel's tables are being read, which must be read again. Reads are asked for
// at the start, after lost notifications and after an interrupted read; never as a habit (an FDB
// dump holds the RTNL and is quadratic).
#pragma once

#include <array>
#include <cstddef>

#include "fib/shared.h"

namespace perd::fib {

inline constexpr std::size_t kDumpKinds = static_cast<std::size_t>(DumpKind::kRules) + 1;

class Dumps {
 public:
  explicit Dumps(Shared& shared) : shared_(shared) {}

  void ask(DumpKind kind) {
    State& s = at(kind);
    s.wanted = true;
    if (s.running) s.stale = true;
  }
  // Something happened that silently takes entries of that table along: what a running read shows
  // may be of the time before.
  void doubt(DumpKind kind) {
    State& s = at(kind);
    if (s.running) s.stale = true;
  }
  // The next one to ask the kernel for; the caller prepares for it and calls sent().
  [[nodiscard]] std::optional<DumpKind> next(TimePoint now) const {
    for (const DumpKind kind : kOrder) {
      const State& s = states_[static_cast<std::size_t>(kind)];
      if (s.wanted && !s.running && !(s.retry && now < *s.retry)) return kind;
    }
    return std::nullopt;
  }
  void sent(DumpKind kind) {
    State& s = at(kind);
    s.running = true;
    s.wanted = s.stale = false;
    s.retry.reset();
    Flight flight;
    flight.kind = FlightKind::kDump;
    flight.table = static_cast<std::uint16_t>(kind);
    shared_.ops.push(DumpRequest{kind}, flight);
  }
  // True when what was read is whole and current.
  bool done(DumpKind kind, bool interrupted, TimePoint now) {
    State& s = at(kind);
    if (!s.running) return false;
    s.running = false;
    if (interrupted || s.stale) {
      s.wanted = true;
      if (interrupted) s.retry = now + backoff(shared_.limits, ++s.attempts);
      return false;
    }
    s.attempts = 0;
    s.read = true;
    return true;
  }
  // After kAttemptsMax the kernel is taken to lack the table (and it is said).
  bool refused(DumpKind kind, const std::string& why, TimePoint now) {
    State& s = at(kind);
    s.running = false;
    if (++s.attempts < kAttemptsMax) {
      s.wanted = true;
      s.retry = now + backoff(shared_.limits, s.attempts);
      return false;
    }
    shared_.say(EventKind::kKernelProblem, Severity::kError, "kernel",
                "a table cannot be read: " + why);
    s.attempts = 0;
    s.read = true;
    return true;
  }
  [[nodiscard]] bool read(DumpKind kind) const {
    return states_[static_cast<std::size_t>(kind)].read;
  }
  [[nodiscard]] bool all_read() const {
    for (const auto& s : states_) {
      if (!s.read) return false;
    }
    return true;
  }
  [[nodiscard]] bool running() const {
    for (const auto& s : states_) {
      if (s.running || s.wanted) return true;
    }
    return false;
  }
  [[nodiscard]] Deadline deadline() const {
    Deadline d;
    for (const auto& s : states_) d = earliest(d, s.wanted && !s.running ? s.retry : Deadline{});
    return d;
  }

  // Links first: they give meaning to the rest.
  static constexpr std::array<DumpKind, kDumpKinds> kOrder = {
      DumpKind::kLinks,    DumpKind::kAddresses, DumpKind::kRules,      DumpKind::kNextHops,
      DumpKind::kRoutesV4, DumpKind::kRoutesV6,  DumpKind::kNeighbours, DumpKind::kFdb};

 private:
  struct State {
    bool wanted = false;
    bool running = false;
    bool stale = false;  // notifications were lost while it ran
    bool read = false;   // at least once
    unsigned attempts = 0;
    Deadline retry;
  };
  static constexpr unsigned kAttemptsMax = 3;
  State& at(DumpKind kind) { return states_[static_cast<std::size_t>(kind)]; }

  Shared& shared_;
  std::array<State, kDumpKinds> states_;
};

}  // namespace perd::fib
