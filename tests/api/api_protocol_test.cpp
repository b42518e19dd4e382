// Goal: what is written as a line reads back the same, and what is no request or answer is refused
// with a reason. Method: tables of lines.
#include "api/api_protocol.h"

#include <gtest/gtest.h>

namespace perd {
namespace {

std::string without_newline(std::string line) {
  EXPECT_EQ(line.find('\n'), line.size() - 1);  // one line, whatever is in it
  line.pop_back();
  return line;
}

TEST(ApiProtocol, RequestsReadBack) {
  const ApiRequest requests[] = {
      {},
      {.args = {"show", "summary"}, .json = false, .files = {}},
      {.args = {"a b", "quote\"", "line\nbreak", "\xc3\xa4"}, .json = true, .files = {}},
      {.args = {"diff"}, .json = false, .files = {{"per.yaml", "node:\n  name: x\n"}, {"", ""}}},
  };
  for (const ApiRequest& request : requests) {
    const auto back = decode_request(without_newline(encode_request(request)));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(*back, request);
  }
}

TEST(ApiProtocol, AnswersReadBack) {
  const std::string half_a_character = "abc\xc3";
  for (const std::string& text : {std::string{}, std::string{"two\nlines\n"}, half_a_character}) {
    const auto piece = decode_answer(without_newline(encode_piece(text)));
    ASSERT_TRUE(piece) << piece.error();
    EXPECT_EQ(*piece, (ApiAnswerLine{text, false, 0}));
    const auto end = decode_answer(without_newline(encode_end(ExitCode::kRefused, text)));
    ASSERT_TRUE(end) << end.error();
    EXPECT_EQ(*end, (ApiAnswerLine{text, true, 1}));
  }
}

TEST(ApiProtocol, OkSaysExitZero) {
  EXPECT_EQ(encode_end(ExitCode::kGood, "x"), "{\"ok\":true,\"exit\":0,\"text\":\"x\"}\n");
  EXPECT_EQ(encode_end(ExitCode::kUsage, ""), "{\"ok\":false,\"exit\":2,\"text\":\"\"}\n");
}

TEST(ApiProtocol, WhatIsNoRequestIsRefused) {
  std::string too_many = R"({"args":[)";
  for (std::size_t i = 0; i <= kApiArgsMax; ++i) too_many += i == 0 ? "\"x\"" : ",\"x\"";
  const std::pair<std::string, std::string> cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[]", "expected a JSON object"},
      {R"({})", "`args`"},
      {R"({"args":"show"})", "`args`"},
      {R"({"args":[1]})", "`args`"},
      {too_many + "]}", "`args`"},
      {R"({"args":[],"json":1})", "`json`"},
      {R"({"args":[],"files":{}})", "`files`"},
      {R"({"args":[],"files":[1]})", "`files`"},
      {R"({"args":[],"files":[{"name":"x"}]})", "`files`"},
      {R"({"args":[],"files":[{"name":"x","text":1}]})", "`files`"},
      {R"({"args":[[[[[[[[[[]]]]]]]]]]})", "not JSON"},
  };
  for (const auto& [line, reason] : cases) {
    const auto request = decode_request(line);
    ASSERT_FALSE(request) << line;
    EXPECT_NE(request.error().find(reason), std::string::npos) << line << ": " << request.error();
  }
}

TEST(ApiProtocol, WhatIsNoAnswerIsRefused) {
  for (const char* line : {"", "7", "{}", R"({"text":1})", R"({"text":"","exit":"0"})",
                           R"({"text":"","exit":-1})", R"({"text":"","exit":256})"}) {
    EXPECT_FALSE(decode_answer(line)) << line;
  }
}

}  // namespace
}  // namespace perd
