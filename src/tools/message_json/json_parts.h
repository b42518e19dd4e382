// Parts of message_json: one function per kind of message and direction. Internal.
// from_* throw JsonFault, which encode_from_json() turns into its answer.
#pragma once

#include <boost/json.hpp>
#include <stdexcept>
#include <string>

#include "bgp/wire/message.h"

namespace perd::tools {

namespace json = boost::json;

class JsonFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] std::string hex_of(Bytes octets);
// Throws JsonFault unless it is an even number of hex digits, blanks aside.
[[nodiscard]] std::vector<std::uint8_t> octets_of(std::string_view hex);

[[nodiscard]] json::object open_to_json(const wire::Open& open);
[[nodiscard]] json::object update_to_json(const wire::Update& update);
[[nodiscard]] json::object notification_to_json(const wire::Notification& n);
[[nodiscard]] json::object route_refresh_to_json(const wire::RouteRefresh& r);
[[nodiscard]] json::object attributes_to_json(const wire::PathAttributes& a);
[[nodiscard]] json::object routes_to_json(const wire::RouteList& list);

[[nodiscard]] wire::Open open_from_json(const json::object& o);
[[nodiscard]] wire::Update update_from_json(const json::object& o);
[[nodiscard]] wire::Notification notification_from_json(const json::object& o);
[[nodiscard]] wire::RouteRefresh route_refresh_from_json(const json::object& o);
[[nodiscard]] wire::PathAttributes attributes_from_json(const json::object& o);
[[nodiscard]] wire::RouteList routes_from_json(const json::object& o);

// ---- reading members ----------------------------------------------------------------------------

[[nodiscard]] const json::value* find(const json::object& o, std::string_view key);
[[nodiscard]] const json::object& as_object(const json::value& v, std::string_view what);
// Empty when the key is absent.
[[nodiscard]] const json::array& array_of(const json::object& o, std::string_view key);
// An integer of at most `max`; throws when absent or something else.
[[nodiscard]] std::uint64_t number_of(const json::value& v, std::uint64_t max,
                                      std::string_view what);
[[nodiscard]] std::uint64_t number_at(const json::object& o, std::string_view key,
                                      std::uint64_t max);
[[nodiscard]] std::uint64_t number_at(const json::object& o, std::string_view key,
                                      std::uint64_t max, std::uint64_t otherwise);
[[nodiscard]] bool flag_at(const json::object& o, std::string_view key);
[[nodiscard]] std::string_view text_of(const json::value& v, std::string_view what);
[[nodiscard]] std::string_view text_at(const json::object& o, std::string_view key);

// `parse(text)` gives an optional; throws when it is empty.
template <class Parse>
[[nodiscard]] auto parsed(std::string_view text, std::string_view what, Parse parse) {
  auto value = parse(text);
  if (!value) throw JsonFault(std::string(what) + ": \"" + std::string(text) + "\" is none");
  return *value;
}

}  // namespace perd::tools
