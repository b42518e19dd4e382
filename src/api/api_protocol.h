// What perctl and the daemon say to each other: one JSON value a line.
//
// Request:  {"args":["show","summary"],"json":false,"files":[{"name":"per.yaml","text":"..."}]}
//           `json` and `files` may be absent. Files travel by content, so that the daemon reads
//           none on behalf of others.
// Answer:   {"text":"piece"} any number of times, then {"ok":true,"exit":0,"text":"last piece"}.
//           The text is the pieces one after another; a short answer is the closing line alone.
//           With "json":true in the request the text is a JSON document. `exit` is perctl's exit
//           code, `ok` says that it is 0.
// A connection may carry several requests, one after another. Faults of the form are answered by
// exit 2, and end the connection when the next request cannot be found (too long a line).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "perd/expected.h"

namespace perd {

// A longer request is refused; it holds a configuration at most.
inline constexpr std::size_t kApiRequestOctetsMax = 4 * 1024 * 1024;
// An answer is cut into pieces of about this size.
inline constexpr std::size_t kApiPieceOctets = 64 * 1024;
inline constexpr std::size_t kApiArgsMax = 64;

// Exit codes of perctl (per.yaml, "Command line").
enum class ExitCode : int { kGood = 0, kRefused = 1, kUsage = 2, kNoDaemon = 3 };

struct ApiFile {
  std::string name;
  std::string text;
  friend bool operator==(const ApiFile&, const ApiFile&) = default;
};

struct ApiRequest {
  std::vector<std::string> args;
  bool json = false;
  std::vector<ApiFile> files;
  friend bool operator==(const ApiRequest&, const ApiRequest&) = default;
};

// A long answer is made piece by piece, as fast as the client reads: each call appends some text (a
// few KiB, a bounded amount of work) and returns whether more is to come. Between two calls
// anything may have changed.
using ApiCursor = std::function<bool(std::string& out)>;

struct ApiAnswer {
  ExitCode exit = ExitCode::kGood;
  std::variant<std::string, ApiCursor> body;
};

// Lines, with their newline.
[[nodiscard]] std::string encode_request(const ApiRequest& request);
[[nodiscard]] std::string encode_piece(std::string_view text);
[[nodiscard]] std::string encode_end(ExitCode exit, std::string_view text);

// Lines, without their newline; the error is for people.
[[nodiscard]] Expected<ApiRequest, std::string> decode_request(std::string_view line);
struct ApiAnswerLine {
  std::string text;
  bool end = false;
  int exit = 0;  // of the end
  friend bool operator==(const ApiAnswerLine&, const ApiAnswerLine&) = default;
};
[[nodiscard]] Expected<ApiAnswerLine, std::string> decode_answer(std::string_view line);

}  // namespace perd
