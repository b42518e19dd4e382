// Events to the log: one line each, on standard error. The only user of spdlog.
//
// Text: "2026-01-31T10:00:00.123Z info neighbor 192.168.1.2: up". JSON: an object with time, level,
// event, who and what. Whatever stands in an event (a peer may have sent it), the line stays one
// line and, in JSON, a legal object.
#pragma once

#include <iosfwd>
#include <memory>

#include "perd/config.h"
#include "perd/event.h"

namespace perd {

class LogSink {
 public:
  // `out`: for tests; none: standard error.
  explicit LogSink(const LogConfig& config = {}, std::ostream* out = nullptr);
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  ~LogSink();

  void write(const Event& event);
  // Level and format of what is written from now on.
  void set_level(LogLevel level);
  void set_format(LogFormat format);
  [[nodiscard]] const LogConfig& config() const { return config_; }

 private:
  struct Logger;
  LogConfig config_;
  std::unique_ptr<Logger> logger_;
};

}  // namespace perd
