// Shared by the tests of the wire codec: hex, contexts, and UPDATEs put together from parts.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/wire/message.h"

namespace perd::wire::test {

using Octets = std::vector<std::uint8_t>;

// Blanks are skipped; anything else that is not hex fails the test.
inline Octets from_hex(std::string_view text) {
  Octets out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r') continue;
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) {
      ADD_FAILURE() << "not hex: " << text;
      return {};
    }
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + static_cast<int>(digit)));
      high = -1;
    }
  }
  EXPECT_LT(high, 0) << "half an octet: " << text;
  return out;
}

inline std::string to_hex(Bytes octets) {
  std::string out;
  for (const std::uint8_t o : octets) {
    out += "0123456789abcdef"[o >> 4];
    out += "0123456789abcdef"[o & 15];
  }
  return out;
}

inline Octets body_of(const Octets& message) {
  return {message.begin() + static_cast<std::ptrdiff_t>(kHeaderSize), message.end()};
}

// The lines of a file of tests/vectors, each one whole message.
inline std::vector<Octets> read_vectors(const std::string& name) {
  std::ifstream file(std::string(PERD_SOURCE_DIR) + "/tests/vectors/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<Octets> out;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] != '#') out.push_back(from_hex(line));
  }
  EXPECT_FALSE(out.empty()) << name;
  return out;
}

inline FamilySet all_families() {
  FamilySet s;
  for (const Family f : kAllFamilies) s.add(f);
  return s;
}
inline CodecContext ebgp_context() {
  CodecContext c;
  c.families = all_families();
  return c;
}
inline CodecContext ibgp_context() {
  CodecContext c = ebgp_context();
  c.ebgp = false;
  return c;
}

inline void append_u16(Octets& out, std::size_t v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v));
}

// The body of an UPDATE from its three fields, in hex.
inline Octets update_body(std::string_view withdrawn, std::string_view attributes,
                          std::string_view nlri = {}) {
  Octets out;
  for (const std::string_view field : {withdrawn, attributes}) {
    const Octets octets = from_hex(field);
    append_u16(out, octets.size());
    out.insert(out.end(), octets.begin(), octets.end());
  }
  const Octets routes = from_hex(nlri);
  out.insert(out.end(), routes.begin(), routes.end());
  return out;
}

// A whole attribute in hex, with the length it needs.
inline std::string attribute(std::string_view flags_and_code, std::string_view value) {
  const std::size_t size = from_hex(value).size();
  Octets length;
  if ((from_hex(flags_and_code)[0] & 0x10) != 0) {
    append_u16(length, size);
  } else {
    length.push_back(static_cast<std::uint8_t>(size));
  }
  return std::string(flags_and_code) + to_hex(length) + std::string(value);
}

inline IpAddress ip(std::string_view text) { return parse_ip(text).value(); }
inline IpPrefix prefix(std::string_view text) { return parse_prefix(text).value(); }

}  // namespace perd::wire::test
