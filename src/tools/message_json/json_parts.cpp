#include "tools/message_json/json_parts.h"

namespace perd::tools {

std::string hex_of(Bytes octets) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const std::uint8_t o : octets) {
    out += kDigits[o >> 4];
    out += kDigits[o & 15];
  }
  return out;
}

std::vector<std::uint8_t> octets_of(std::string_view hex) {
  std::vector<std::uint8_t> out;
  out.reserve(hex.size() / 2);
  unsigned pending = 0;
  bool half = false;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      continue;
    } else {
      throw JsonFault("not a hex digit at character " + std::to_string(i + 1));
    }
    if (half) out.push_back(static_cast<std::uint8_t>(pending << 4 | digit));
    pending = digit;
    half = !half;
  }
  if (half) throw JsonFault("an odd number of hex digits");
  return out;
}

const json::value* find(const json::object& o, std::string_view key) {
  return o.if_contains(json::string_view(key.data(), key.size()));
}

const json::object& as_object(const json::value& v, std::string_view what) {
  if (const json::object* o = v.if_object()) return *o;
  throw JsonFault(std::string(what) + " must be an object");
}

const json::array& array_of(const json::object& o, std::string_view key) {
  static const json::array kEmpty;
  const json::value* v = find(o, key);
  if (v == nullptr) return kEmpty;
  if (const json::array* a = v->if_array()) return *a;
  throw JsonFault(std::string(key) + " must be an array");
}

std::uint64_t number_of(const json::value& v, std::uint64_t max, std::string_view what) {
  std::uint64_t n = 0;
  if (const std::int64_t* i = v.if_int64(); i != nullptr && *i >= 0) {
    n = static_cast<std::uint64_t>(*i);
  } else if (const std::uint64_t* u = v.if_uint64()) {
    n = *u;
  } else {
    throw JsonFault(std::string(what) + " must be a whole number, not negative");
  }
  if (n > max) throw JsonFault(std::string(what) + " must be at most " + std::to_string(max));
  return n;
}

std::uint64_t number_at(const json::object& o, std::string_view key, std::uint64_t max) {
  const json::value* v = find(o, key);
  if (v == nullptr) throw JsonFault(std::string(key) + " is missing");
  return number_of(*v, max, key);
}

std::uint64_t number_at(const json::object& o, std::string_view key, std::uint64_t max,
                        std::uint64_t otherwise) {
  const json::value* v = find(o, key);
  return v == nullptr ? otherwise : number_of(*v, max, key);
}

bool flag_at(const json::object& o, std::string_view key) {
  const json::value* v = find(o, key);
  if (v == nullptr) return false;
  if (const bool* b = v->if_bool()) return *b;
  throw JsonFault(std::string(key) + " must be true or false");
}

std::string_view text_of(const json::value& v, std::string_view what) {
  if (const json::string* s = v.if_string()) return {s->data(), s->size()};
  throw JsonFault(std::string(what) + " must be a string");
}

std::string_view text_at(const json::object& o, std::string_view key) {
  const json::value* v = find(o, key);
  if (v == nullptr) throw JsonFault(std::string(key) + " is missing");
  return text_of(*v, key);
}

}  // namespace perd::tools
