#include "bgp/wire/utf8.h"

namespace perd::wire {
namespace {

bool is_continuation(std::uint8_t octet) { return (octet & 0xc0U) == 0x80U; }

// Octets of the character at the front; 0 when it is none.
std::size_t character_size(Bytes text) {
  const std::uint8_t lead = text[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  // The second octet tells overlong forms, surrogates and what lies beyond U+10FFFF.
  if (lead == 0xe0 && text[1] < 0xa0) return 0;
  if (lead == 0xed && text[1] > 0x9f) return 0;
  if (lead == 0xf0 && text[1] < 0x90) return 0;
  if (lead == 0xf4 && text[1] > 0x8f) return 0;
  return size;
}

bool is_control(Bytes character) {
  if (character.size() == 1) return character[0] < 0x20 || character[0] == 0x7f;
  return character.size() == 2 && character[0] == 0xc2 && character[1] < 0xa0;  // C1
}

}  // namespace

std::string printable_utf8(Bytes text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0 || is_control(text.first(size))) {
      out.push_back('?');
      text = text.subspan(size == 0 ? 1 : size);
      continue;
    }
    for (const std::uint8_t octet : text.first(size)) out.push_back(static_cast<char>(octet));
    text = text.subspan(size);
  }
  return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && is_continuation(static_cast<std::uint8_t>(text[end]))) --end;
  return text.substr(0, end);
}

}  // namespace perd::wire
