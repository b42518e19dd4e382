// The readers of one value that object_reader.h and read_vni.h declare.
#include <charconv>

#include "config/object_reader.h"
#include "config/read_vni.h"

namespace perd::config {
namespace {

// The text of a scalar, or a fault that says what was expected.
const std::string* scalar(const Place& at, Diagnostics& d, std::string_view expected) {
  if (at.node->is_scalar()) return &at.node->text;
  d.error(at, "expected " + std::string{expected} + ", found " + describe(*at.node));
  return nullptr;
}

void refuse(const Place& at, Diagnostics& d, std::string_view expected) {
  d.error(at, "expected " + std::string{expected} + ", found " + describe(*at.node));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The name of a kernel link, with these characters besides letters and digits.
std::optional<std::string> read_name(const Place& at, Diagnostics& d, std::string_view more,
                                     std::string_view expected) {
  constexpr std::size_t kNameMax = 15;  // IFNAMSIZ less the closing zero
  const std::string* text = scalar(at, d, expected);
  if (text == nullptr) return std::nullopt;
  bool good = !text->empty() && text->size() <= kNameMax && is_letter(text->front());
  for (const char c : *text) {
    good = good && (is_letter(c) || is_digit(c) || more.find(c) != std::string_view::npos);
  }
  if (!good) {
    refuse(at, d, expected);
    return std::nullopt;
  }
  // "all" and "default" are folders of /proc/sys/net/ipv4/conf, not links.
  if (*text == "lo" || *text == "all" || *text == "default") {
    d.error(at, "'" + *text + "' is kept by the kernel; choose another name");
    return std::nullopt;
  }
  return *text;
}

// Through one of base's parsers.
template <class T, class Parse>
std::optional<T> parsed(const Place& at, Diagnostics& d, std::string_view expected, Parse parse) {
  const std::string* text = scalar(at, d, expected);
  if (text == nullptr) return std::nullopt;
  std::optional<T> value = parse(std::string_view{*text});
  if (!value) refuse(at, d, expected);
  return value;
}

}  // namespace

std::optional<std::uint64_t> read_number(const Place& at, Diagnostics& d, std::uint64_t lowest,
                                         std::uint64_t highest) {
  const std::string expected =
      "a number from " + std::to_string(lowest) + " to " + std::to_string(highest);
  const std::string* text = scalar(at, d, expected);
  if (text == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, fault] = std::from_chars(text->data(), end, value);
  // A leading zero is octal to some readers of YAML and decimal to others.
  const bool octal = text->size() > 1 && text->front() == '0';
  if (fault != std::errc{} || stop != end || octal || at.node->quoted || value < lowest ||
      value > highest) {
    d.error(at, "expected " + expected + ", found " + (at.node->quoted ? "the text " : "") +
                    describe(*at.node));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> read_bool(const Place& at, Diagnostics& d) {
  if (at.node->is_scalar() && !at.node->quoted) {
    if (at.node->text == "true") return true;
    if (at.node->text == "false") return false;
  }
  refuse(at, d, "true or false");
  return std::nullopt;
}

std::optional<std::string> read_text(const Place& at, Diagnostics& d, std::string_view expected) {
  const std::string* text = scalar(at, d, expected);
  if (text == nullptr) return std::nullopt;
  return *text;
}

std::optional<std::size_t> read_word(const Place& at, Diagnostics& d,
                                     std::span<const std::string_view> words) {
  std::string expected;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (at.node->is_scalar() && at.node->text == words[i]) return i;
    if (i > 0) expected += i + 1 == words.size() ? " or " : ", ";
    expected += words[i];
  }
  std::string message = "expected " + expected + ", found " + describe(*at.node);
  if (at.node->is_scalar()) {
    const std::string_view near = nearest(at.node->text, words);
    if (!near.empty()) message += "; did you mean '" + std::string{near} + "'?";
  }
  d.error(at, std::move(message));
  return std::nullopt;
}

bool is_line(std::string_view text, std::size_t longest) {
  bool good = !text.empty() && text.size() <= longest;
  for (const char c : text) good = good && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  return good;
}

std::optional<std::string> read_line(const Place& at, Diagnostics& d, std::size_t longest) {
  const std::string expected = "one line of text, 1 to " + std::to_string(longest) + " octets";
  const std::string* text = scalar(at, d, expected);
  if (text == nullptr) return std::nullopt;
  if (!is_line(*text, longest)) {
    refuse(at, d, expected);
    return std::nullopt;
  }
  return *text;
}

std::optional<std::string> read_absolute_path(const Place& at, Diagnostics& d) {
  constexpr std::size_t kPathMax = 4095;
  auto text = read_line(at, d, kPathMax);
  if (text && text->front() != '/') {
    refuse(at, d, "an absolute path");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_interface_name(const Place& at, Diagnostics& d) {
  return read_name(at, d, "._-",
                   "a link name (1 to 15 of letters, digits, '.', '_', '-', a letter first)");
}

std::optional<std::string> read_vrf_name(const Place& at, Diagnostics& d) {
  return read_name(at, d, "_-",
                   "a VRF name (1 to 15 of letters, digits, '_', '-', a letter first)");
}

std::optional<Asn> read_asn(const Place& at, Diagnostics& d) {
  const auto value = read_number(at, d, 1, 0xffffffffU);
  if (!value) return std::nullopt;
  const Asn asn{static_cast<std::uint32_t>(*value)};
  if (asn == kAsTrans) {  // RFC 6793 9
    d.error(at, "23456 is AS_TRANS, which stands for other AS numbers (RFC 6793)");
    return std::nullopt;
  }
  return asn;
}

std::optional<IpAddress> read_address(const Place& at, Diagnostics& d) {
  return parsed<IpAddress>(at, d, "an IPv4 or IPv6 address",
                           [](std::string_view t) { return parse_ip(t); });
}

std::optional<RouterId> read_router_id(const Place& at, Diagnostics& d) {
  auto id = parsed<RouterId>(at, d, "four octets as an IPv4 address",
                             [](std::string_view t) { return parse_router_id(t); });
  if (id && id->value == 0) {  // RFC 6286 2.1
    refuse(at, d, "four octets that are not all zero");
    return std::nullopt;
  }
  return id;
}

std::optional<IpPrefix> read_prefix(const Place& at, Diagnostics& d) {
  const std::string* text = scalar(at, d, "a prefix (address/length)");
  if (text == nullptr) return std::nullopt;
  if (const auto prefix = parse_prefix(*text)) return prefix;
  const auto masked = parse_prefix(*text, true);
  if (masked && text->find('/') != std::string::npos) {
    d.error(at, "host bits are set in " + describe(*at.node) + "; did you mean '" +
                    to_string(*masked) + "'?");
  } else {
    refuse(at, d, "a prefix (address/length)");
  }
  return std::nullopt;
}

std::optional<MacAddress> read_unicast_mac(const Place& at, Diagnostics& d) {
  auto mac =
      parsed<MacAddress>(at, d, "a MAC address", [](std::string_view t) { return parse_mac(t); });
  if (mac && !mac->is_unicast()) {
    refuse(at, d, "a unicast MAC address");
    return std::nullopt;
  }
  return mac;
}

std::optional<RouteDistinguisher> read_rd(const Place& at, Diagnostics& d) {
  return parsed<RouteDistinguisher>(at, d,
                                    "a route distinguisher (AS:number or IPv4 address:number)",
                                    [](std::string_view t) { return parse_rd(t); });
}

std::optional<ExtendedCommunity> read_export_rt(const Place& at, Diagnostics& d) {
  constexpr std::string_view kExpected =
      "a route target (AS:number or IPv4 address:number; the number at most 65535 with an address "
      "or an AS above 65535)";
  if (at.node->is_scalar() && at.node->text.substr(0, 2) == "*:") {
    d.error(at, "a wildcard stands on import only; " + describe(*at.node) + " cannot be exported");
    return std::nullopt;
  }
  return parsed<ExtendedCommunity>(at, d, kExpected,
                                   [](std::string_view t) { return parse_route_target(t); });
}

std::optional<RouteTargetMatch> read_import_rt(const Place& at, Diagnostics& d) {
  constexpr std::string_view kExpected =
      "a route target (AS:number, IPv4 address:number or *:number; the number at most 65535 with "
      "an address or an AS above 65535)";
  return parsed<RouteTargetMatch>(at, d, kExpected,
                                  [](std::string_view t) { return parse_route_target_match(t); });
}

std::optional<Vni> read_vni(const Place& at, Diagnostics& d) {
  const auto vni = read_number(at, d, 1, kVniMax);
  if (!vni) return std::nullopt;
  return Vni{static_cast<std::uint32_t>(*vni)};
}

void refuse_empty_targets(const ObjectReader& o, Diagnostics& d) {
  for (const std::string_view key : {"importRTs", "exportRTs"}) {
    const auto p = o.get(key);
    if (p && p->node->is_sequence() && p->node->items.empty()) {
      d.error(*p, "expected at least one route target; leave the key out for the default");
    }
  }
}

}  // namespace perd::config
