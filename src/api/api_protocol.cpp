#include "api/api_protocol.h"

#include <boost/json.hpp>

namespace perd {
namespace {

namespace json = boost::json;

Expected<json::object, std::string> parse_object(std::string_view line) {
  json::parse_options options;
  options.max_depth = 8;
  options.allow_invalid_utf8 = true;  // a piece may end inside a character
  boost::system::error_code fault;
  json::value value = json::parse(json::string_view{line.data(), line.size()}, fault, {}, options);
  if (fault) return unexpected("not JSON: " + fault.message());
  if (!value.is_object()) return unexpected(std::string{"expected a JSON object"});
  return std::move(value.get_object());
}

std::string text_of(const json::string& s) { return {s.data(), s.size()}; }

bool take_args(const json::value& value, ApiRequest& request) {
  if (!value.is_array() || value.get_array().size() > kApiArgsMax) return false;
  for (const json::value& arg : value.get_array()) {
    if (!arg.is_string()) return false;
    request.args.push_back(text_of(arg.get_string()));
  }
  return true;
}

bool take_files(const json::value& value, ApiRequest& request) {
  if (!value.is_array()) return false;
  for (const json::value& item : value.get_array()) {
    if (!item.is_object()) return false;
    const json::value* name = item.get_object().if_contains("name");
    const json::value* text = item.get_object().if_contains("text");
    if (name == nullptr || text == nullptr || !name->is_string() || !text->is_string()) {
      return false;
    }
    request.files.push_back({text_of(name->get_string()), text_of(text->get_string())});
  }
  return true;
}

std::string line_of(json::object&& object) { return json::serialize(object) + "\n"; }

json::string json_text(std::string_view text) { return json::string(text.data(), text.size()); }

}  // namespace

std::string encode_request(const ApiRequest& request) {
  json::object out;
  json::array args;
  for (const std::string& arg : request.args) args.emplace_back(json_text(arg));
  out["args"] = std::move(args);
  out["json"] = request.json;
  if (!request.files.empty()) {
    json::array files;
    for (const ApiFile& file : request.files) {
      files.push_back(json::object{{"name", json_text(file.name)}, {"text", json_text(file.text)}});
    }
    out["files"] = std::move(files);
  }
  return line_of(std::move(out));
}

std::string encode_piece(std::string_view text) {
  return line_of(json::object{{"text", json_text(text)}});
}

std::string encode_end(ExitCode exit, std::string_view text) {
  return line_of(json::object{{"ok", exit == ExitCode::kGood},
                              {"exit", static_cast<int>(exit)},
                              {"text", json_text(text)}});
}

Expected<ApiRequest, std::string> decode_request(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return unexpected(object.error());
  ApiRequest request;
  const json::value* args = object->if_contains("args");
  if (args == nullptr || !take_args(*args, request)) {
    return unexpected(std::string{"expected `args`, a list of at most 64 words"});
  }
  if (const json::value* as_json = object->if_contains("json")) {
    if (!as_json->is_bool()) return unexpected(std::string{"expected `json` to be true or false"});
    request.json = as_json->get_bool();
  }
  if (const json::value* files = object->if_contains("files")) {
    if (!take_files(*files, request)) {
      return unexpected(std::string{"expected `files`, a list of {name, text}"});
    }
  }
  return request;
}

Expected<ApiAnswerLine, std::string> decode_answer(std::string_view line) {
  const auto object = parse_object(line);
  if (!object) return unexpected(object.error());
  ApiAnswerLine out;
  const json::value* text = object->if_contains("text");
  if (text == nullptr || !text->is_string()) return unexpected(std::string{"no `text` in it"});
  out.text = text_of(text->get_string());
  if (const json::value* exit = object->if_contains("exit")) {
    if (!exit->is_int64() || exit->get_int64() < 0 || exit->get_int64() > 255) {
      return unexpected(std::string{"`exit` is no exit code"});
    }
    out.end = true;
    out.exit = static_cast<int>(exit->get_int64());
  }
  return out;
}

}  // namespace perd
