// Goal: each event is one line that says who and what, at its level, in both formats, whatever a
// peer put into it. Method: a string stream in place of standard error; JSON lines are parsed back.
#include "log/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

namespace perd {
namespace {

using testing::MatchesRegex;

constexpr char kTime[] = "[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z ";

std::string written(const LogConfig& config, const Event& event) {
  std::ostringstream out;
  LogSink sink{config, &out};
  sink.write(event);
  return out.str();
}

TEST(LogSink, TextIsWhoAndWhat) {
  const Event event{EventKind::kSessionUp, Severity::kInfo, "neighbor 192.168.1.2", "up"};
  EXPECT_THAT(written({}, event),
              MatchesRegex(std::string{kTime} + "info neighbor 192.168.1.2: up\n"));
}

TEST(LogSink, WithoutASubjectOnlyWhat) {
  const Event event{EventKind::kStarted, Severity::kInfo, "", "perd 0.1.0"};
  EXPECT_THAT(written({}, event), MatchesRegex(std::string{kTime} + "info perd 0.1.0\n"));
}

TEST(LogSink, LevelsKeepTheirOrder) {
  const Severity severities[] = {Severity::kDebug, Severity::kInfo, Severity::kWarning,
                                 Severity::kError};
  const std::pair<LogLevel, std::size_t> levels[] = {{LogLevel::kTrace, 0},
                                                     {LogLevel::kDebug, 0},
                                                     {LogLevel::kInfo, 1},
                                                     {LogLevel::kWarn, 2},
                                                     {LogLevel::kError, 3}};
  for (const auto& [level, first] : levels) {
    for (std::size_t i = 0; i < std::size(severities); ++i) {
      const std::string line =
          written({level, LogFormat::kText}, {EventKind::kVrfUp, severities[i], "vrf red", "up"});
      EXPECT_EQ(line.empty(), i < first) << static_cast<int>(level) << " " << i;
    }
  }
}

TEST(LogSink, LevelAndFormatChangeAtRunTime) {
  std::ostringstream out;
  LogSink sink{{LogLevel::kError, LogFormat::kText}, &out};
  const Event event{EventKind::kVrfUp, Severity::kDebug, "vrf red", "up"};
  sink.write(event);
  EXPECT_EQ(out.str(), "");
  sink.set_level(LogLevel::kDebug);
  sink.set_format(LogFormat::kJson);
  EXPECT_EQ(sink.config(), (LogConfig{LogLevel::kDebug, LogFormat::kJson}));
  sink.write(event);
  const auto value = boost::json::parse(out.str());
  EXPECT_EQ(value.at("level").as_string(), "debug");
}

TEST(LogSink, EveryKindOfEventIsALegalObject) {
  for (std::size_t i = 0; i < kEventKindCount; ++i) {
    const auto kind = static_cast<EventKind>(i);
    const std::string line =
        written({LogLevel::kInfo, LogFormat::kJson}, {kind, Severity::kError, "who", "what"});
    const auto value = boost::json::parse(line);
    const std::string_view name = to_string(kind);
    EXPECT_EQ(value.at("event").as_string(), boost::json::string_view(name.data(), name.size()));
    EXPECT_EQ(value.at("who").as_string(), "who");
    EXPECT_EQ(value.at("what").as_string(), "what");
    EXPECT_EQ(value.at("level").as_string(), "error");
    EXPECT_EQ(value.as_object().size(), 5U);
  }
}

TEST(LogSink, WhatAPeerSendsStaysOneLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"two\nlines\r\x1b[31m", "two\\x0alines\\x0d\\x1b[31m"},
      {"quote \" and \\", "quote \" and \\"},
      {"\xc3\xa4 \xe2\x82\xac", "\xc3\xa4 \xe2\x82\xac"},
      {"cut \xc3", "cut \\xc3"},
      {"bad \xff\xc0\x80", "bad \\xff\\xc0\\x80"},
      {std::string("nul\0!", 5), "nul\\x00!"},
      {"%v %s {}", "%v %s {}"},
  };
  for (const auto& [sent, shown] : cases) {
    const Event event{EventKind::kNotificationReceived, Severity::kInfo, "neighbor x", sent};
    const std::string text = written({}, event);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    EXPECT_THAT(text, testing::HasSubstr("info neighbor x: " + shown + "\n"));
    const std::string line = written({LogLevel::kInfo, LogFormat::kJson}, event);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    boost::system::error_code fault;
    const auto value = boost::json::parse(line, fault);
    EXPECT_FALSE(fault) << line;
  }
  const auto value = boost::json::parse(
      written({LogLevel::kInfo, LogFormat::kJson},
              {EventKind::kStarted, Severity::kInfo, "", "quote \" and \\ and \n"}));
  EXPECT_EQ(value.at("what").as_string(), "quote \" and \\ and \n");
}

}  // namespace
}  // namespace perd
