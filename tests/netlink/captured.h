// captured.txt: what other programs and the kernel wrote, by kind and name; and the shape of a
// message, so that two of them may be compared whatever the order of their attributes.
#pragma once

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "netlink/message.h"

namespace perd::netlink {

using Captures = std::map<std::string, std::vector<std::uint8_t>>;

// "request vxlan" -> octets.
inline const Captures& captures() {
  static const Captures all = [] {
    Captures out;
    std::ifstream in{std::string{PERD_SOURCE_DIR} + "/tests/netlink/captured.txt"};
    std::string name;
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line.front() == '#') continue;
      if (line.find(' ') != std::string::npos) {
        name = line;
        continue;
      }
      for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        out[name].push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
      }
    }
    return out;
  }();
  return all;
}

inline std::vector<std::uint8_t> captured(const std::string& name) {
  const auto at = captures().find(name);
  return at == captures().end() ? std::vector<std::uint8_t>{} : at->second;
}

inline std::string hex(Bytes b) {
  static const char* kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t octet : b) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

// Attributes that hold attributes, by path of types.
inline bool holds_attributes(std::uint16_t message, const std::string& path) {
  static const std::set<std::string> kLink = {"/18", "/18/2", "/26", "/26/10", "/12"};
  return message >= RTM_NEWLINK && message <= RTM_SETLINK && kLink.count(path) != 0;
}

inline void add_shape(std::uint16_t message, Bytes octets, const std::string& path,
                      std::vector<std::string>& out) {
  while (octets.size() >= sizeof(nlattr)) {
    nlattr a{};
    std::memcpy(&a, octets.data(), sizeof a);
    const std::string here = path + "/" + std::to_string(a.nla_type & NLA_TYPE_MASK);
    Bytes value = octets.subspan(sizeof a, a.nla_len - sizeof a);
    if (holds_attributes(message, here)) {
      out.push_back(here);
      add_shape(message, value, here, out);
    } else {
      // iproute2 leaves the zero at the end of some names away.
      if (here == "/18/1" && !value.empty() && value.back() == 0) {
        value = value.first(value.size() - 1);
      }
      out.push_back(here + " " + hex(value));
    }
    octets = octets.subspan(std::min<std::size_t>((a.nla_len + 3U) & ~3U, octets.size()));
  }
}

inline std::size_t header_size(std::uint16_t type) {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
    case RTM_SETLINK:
      return 16;
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return 8;
    default:
      return 12;  // routes, rules, neighbours
  }
}

// Type, flags, fixed header and the sorted attributes; without the sequence number and NLM_F_ACK.
inline std::vector<std::string> shape(Bytes octets) {
  const auto m = next_message(octets);
  if (!m) return {"no message"};
  std::vector<std::string> out;
  const std::size_t header = std::min(header_size(m->type), m->payload.size());
  add_shape(m->type, m->payload.subspan(header), "", out);
  std::sort(out.begin(), out.end());
  out.insert(out.begin(), "header " + hex(m->payload.first(header)));
  out.insert(out.begin(),
             "type " + std::to_string(m->type) + " flags " + std::to_string(m->flags & ~NLM_F_ACK));
  return out;
}

}  // namespace perd::netlink
