#include "log/log_sink.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <string>
#include <string_view>

namespace perd {
namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
constexpr std::string_view kHexDigits = "0123456789abcdef";

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::level::level_enum level_of(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Length of the UTF-8 sequence at the start; 0 when it is none (RFC 3629 4, overlong forms of two
// octets refused; what a terminal or a JSON reader makes of the rest does not break the line).
std::size_t utf8_length(std::string_view text) {
  const auto octet = static_cast<unsigned char>(text.front());
  const std::size_t length = octet < 0x80                    ? 1
                             : octet >= 0xc2 && octet < 0xe0 ? 2
                             : octet >= 0xe0 && octet < 0xf0 ? 3
                             : octet >= 0xf0 && octet < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U) return 0;
  }
  return length;
}

void append_hex(std::string& out, char c) {
  const auto octet = static_cast<unsigned char>(c);
  out += kHexDigits[octet >> 4];
  out += kHexDigits[octet & 0xfU];
}

// Control characters and broken UTF-8 as \xNN.
void append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = is_control(text.front()) ? 0 : utf8_length(text);
    if (length == 0) {
      out += "\\x";
      append_hex(out, text.front());
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_json(std::string& out, std::string_view key, std::string_view text) {
  out += '"';
  out += key;
  out += "\":\"";
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = is_control(c) ? 0 : utf8_length(text);
    if (length == 0) {  // broken UTF-8 as the Latin-1 character of that number
      out += "\\u00";
      append_hex(out, c);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string text_line(const Event& event) {
  std::string line;
  append_text(line, event.subject);
  if (!event.subject.empty()) line += ": ";
  append_text(line, event.text);
  return line;
}

std::string json_members(const Event& event) {
  std::string line;
  append_json(line, "event", to_string(event.kind));
  line += ',';
  append_json(line, "who", event.subject);
  line += ',';
  append_json(line, "what", event.text);
  return line;
}

spdlog::sink_ptr make_sink(std::ostream* out) {
  if (out != nullptr) return std::make_shared<spdlog::sinks::ostream_sink_st>(*out, true);
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

}  // namespace

struct LogSink::Logger {
  spdlog::logger log;
};

LogSink::LogSink(const LogConfig& config, std::ostream* out)
    : logger_(std::make_unique<Logger>(Logger{spdlog::logger{"perd", make_sink(out)}})) {
  set_level(config.level);
  set_format(config.format);
}

LogSink::~LogSink() = default;

void LogSink::set_level(LogLevel level) {
  config_.level = level;
  logger_->log.set_level(level_of(level));
}

void LogSink::set_format(LogFormat format) {
  config_.format = format;
  const char* pattern = format == LogFormat::kJson ? kJsonPattern : kTextPattern;
  logger_->log.set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
}

void LogSink::write(const Event& event) {
  const auto level = level_of(event.severity);
  if (!logger_->log.should_log(level)) return;
  const std::string line =
      config_.format == LogFormat::kJson ? json_members(event) : text_line(event);
  logger_->log.log(level, spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace perd
