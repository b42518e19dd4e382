#include "convergence/route_set.h"

#include <algorithm>
#include <stdexcept>

#include "convergence/octets.h"

namespace perd::loadgen {
namespace {

constexpr std::size_t kMessageMax = 4096;  // RFC 4271 4.1
constexpr std::size_t kHeader = 19;
constexpr std::uint32_t kTypeUpdate = 2;
constexpr std::uint32_t kV4Base = 0x0A000000;    // 10.0.0.0
constexpr std::uint32_t kV6Base = 0x20010DB8;    // 2001:db8::
constexpr std::uint32_t kV4Prefixes = 1U << 20;  // /28s in a /8
constexpr std::uint32_t kMacs = 1U << 21;        // 10.0.0.1 to 10.32.0.0: nothing of the laboratory
constexpr std::uint32_t kMacBase = 0x02bc;       // the first two octets of a MAC address

// Flags and codes of RFC 4271 4.3, RFC 4760, RFC 1997, RFC 4360.
constexpr std::uint32_t kTransitive = 0x40, kOptional = 0x80, kExtended = 0x10;

void put_attribute(Octets& out, std::uint32_t flags, std::uint32_t code, const Octets& value) {
  const bool extended = value.size() > 255;
  put8(out, flags | (extended ? kExtended : 0));
  put8(out, code);
  if (extended) {
    put16(out, static_cast<std::uint32_t>(value.size()));
  } else {
    put8(out, static_cast<std::uint32_t>(value.size()));
  }
  out.insert(out.end(), value.begin(), value.end());
}

std::size_t open_message(Octets& out) {
  const std::size_t at = out.size();
  out.insert(out.end(), 16, 0xff);
  put16(out, 0);
  put8(out, kTypeUpdate);
  return at;
}

void close_message(Octets& out, std::size_t at) {
  const std::size_t size = out.size() - at;
  if (size > kMessageMax) throw std::logic_error("an UPDATE of more than 4,096 octets");
  out[at + 16] = static_cast<std::uint8_t>(size >> 8);
  out[at + 17] = static_cast<std::uint8_t>(size);
}

}  // namespace

// The route type, its length, then the value (RFC 7432 7).
std::optional<Nlri> read_evpn(const std::uint8_t* nlri) {
  const std::uint8_t* v = nlri + 2;
  const std::uint8_t size = nlri[1];
  Nlri n;
  n.rd = get64(v);
  if (nlri[0] == 5) {  // RFC 9136 3.1
    const bool v6 = size == 58;
    n.family = v6 ? RouteFamily::kEvpnV6 : RouteFamily::kEvpnV4;
    n.number = v6 ? get32(v + 27) : (get32(v + 23) & 0xffffff) >> 4;
    n.label = get24(v + size - 3);
    return n;
  }
  if (nlri[0] != 2 || get16(v + 23) != kMacBase) return std::nullopt;
  n.number = get32(v + 25);
  const std::uint8_t bits = v[29];
  const std::uint8_t* address = v + 30;
  n.label = get24(address + bits / 8);
  n.family = bits == 0 ? RouteFamily::kMac : bits == 32 ? RouteFamily::kMacV4 : RouteFamily::kMacV6;
  const bool same =
      bits == 0 || (bits == 32 && get32(address) == kV4Base + n.number + 1) ||
      (bits == 128 && get32(address) == kV6Base && get32(address + 12) == n.number + 1);
  if (!same) return std::nullopt;
  return n;
}

std::string to_string(RouteFamily family) {
  switch (family) {
    case RouteFamily::kIpv4:
      return "ipv4";
    case RouteFamily::kIpv6:
      return "ipv6";
    case RouteFamily::kEvpnV4:
      return "evpn4";
    case RouteFamily::kEvpnV6:
      return "evpn6";
    case RouteFamily::kMac:
      return "mac";
    case RouteFamily::kMacV4:
      return "mac4";
    case RouteFamily::kMacV6:
      return "mac6";
  }
  return "";
}

std::optional<RouteFamily> family_of(const std::string& name) {
  for (const RouteFamily f :
       {RouteFamily::kIpv4, RouteFamily::kIpv6, RouteFamily::kEvpnV4, RouteFamily::kEvpnV6,
        RouteFamily::kMac, RouteFamily::kMacV4, RouteFamily::kMacV6}) {
    if (to_string(f) == name) return f;
  }
  return std::nullopt;
}

RouteSet::RouteSet(RouteSetSettings settings) : s_(std::move(settings)) {
  if (s_.count == 0 || s_.sets == 0 || s_.sets > s_.count || s_.vteps == 0 || s_.vnis.empty()) {
    throw std::invalid_argument("count, sets (at most count), vteps and vnis must not be 0");
  }
  const std::uint64_t end = std::uint64_t{s_.first} + s_.count;
  if (!type2() && !ipv6() && end > kV4Prefixes) {
    throw std::invalid_argument("10.0.0.0/8 has 1,048,576 prefixes of length 28");
  }
  if (type2() && end > kMacs) throw std::invalid_argument("at most 2,097,152 MAC addresses");
}

std::uint32_t RouteSet::vtep_of(std::uint32_t set) const {
  const auto vnis = static_cast<std::uint32_t>(s_.vnis.size());
  return s_.vtep_base + set / vnis % s_.vteps;
}

std::uint64_t RouteSet::rd_of(std::uint32_t set) const {  // RFC 4364 4.2, type 1
  return std::uint64_t{1} << 48 | std::uint64_t{vtep_of(set)} << 16 | (vni_of(set) & 0xffff);
}

std::optional<std::uint32_t> RouteSet::find(const Nlri& nlri) const {
  if (nlri.family != s_.family || nlri.number - s_.first >= s_.count) return std::nullopt;
  const std::uint32_t route = nlri.number - s_.first;
  if (s_.rd_administrator != 0) {  // RFC 4364 4.2, type 1: an address, then a number
    const std::uint64_t known = std::uint64_t{1} << 32 | s_.rd_administrator;
    if (nlri.rd >> 16 != known) return std::nullopt;
  } else if (evpn() && nlri.rd != rd_of(set_of(route))) {
    return std::nullopt;
  }
  return route;
}

Octets RouteSet::address(std::uint32_t route) const {
  Octets out;
  const std::uint32_t number = s_.first + route;
  if (s_.family == RouteFamily::kMac || s_.family == RouteFamily::kMacV4) {
    put32(out, kV4Base + number + 1);
  } else if (s_.family == RouteFamily::kMacV6) {
    put32(out, kV6Base);
    put64(out, 0);
    put32(out, number + 1);
  } else if (ipv6()) {
    put32(out, kV6Base);
    put32(out, number);
    put64(out, 0);
  } else {
    put32(out, kV4Base + number * 16);
  }
  return out;
}

std::optional<std::uint32_t> RouteSet::find_address(const std::uint8_t* octets) const {
  std::uint32_t number = 0;
  if (ipv6()) {
    if (get32(octets) != kV6Base) return std::nullopt;
    number = type2() ? get32(octets + 12) - 1 : get32(octets + 4);
  } else {
    const std::uint32_t address = get32(octets);
    if (address >> 24 != kV4Base >> 24) return std::nullopt;
    number = type2() ? address - kV4Base - 1 : (address - kV4Base) / 16;
  }
  if (number - s_.first >= s_.count) return std::nullopt;
  return number - s_.first;
}

Mac RouteSet::mac(std::uint32_t route) const {
  const std::uint32_t number = s_.first + route;
  const auto octet = [](std::uint32_t v) { return static_cast<std::uint8_t>(v); };
  return {octet(kMacBase >> 8), octet(kMacBase),    octet(number >> 24),
          octet(number >> 16),  octet(number >> 8), octet(number)};
}

std::optional<std::uint32_t> RouteSet::find_mac(const std::uint8_t* octets) const {
  const std::uint32_t number = get32(octets + 2);
  if (get16(octets) != kMacBase || number - s_.first >= s_.count) return std::nullopt;
  return number - s_.first;
}

std::size_t RouteSet::nlri_size() const {
  switch (s_.family) {
    case RouteFamily::kIpv4:
      return 5;
    case RouteFamily::kIpv6:
      return 9;
    case RouteFamily::kEvpnV4:
      return 36;
    case RouteFamily::kEvpnV6:
      return 60;
    case RouteFamily::kMac:
      return 35;
    case RouteFamily::kMacV4:
      return 39;
    case RouteFamily::kMacV6:
      return 51;
  }
  return 0;
}

void RouteSet::put_nlri(Octets& out, std::uint32_t route, bool withdrawn) const {
  if (type2()) {
    put_type2(out, route, withdrawn);
  } else if (evpn()) {
    put_type5(out, route, withdrawn);
  } else {
    put8(out, prefix_length());
    const Octets a = address(route);
    out.insert(out.end(), a.begin(), a.begin() + (ipv6() ? 8 : 4));
  }
}

void RouteSet::put_type5(Octets& out, std::uint32_t route, bool withdrawn) const {
  const std::uint32_t set = set_of(route);
  put8(out, 5);  // RFC 9136 3.1
  put8(out, static_cast<std::uint32_t>(nlri_size() - 2));
  put64(out, rd_of(set));
  out.insert(out.end(), 10, 0);  // ESI
  put32(out, 0);                 // Ethernet tag
  put8(out, prefix_length());
  const Octets a = address(route);
  out.insert(out.end(), a.begin(), a.end());
  out.insert(out.end(), a.size(), 0);  // gateway
  put24(out, withdrawn ? 0 : vni_of(set));
}

// One label only: the segment is bridged and not routed.
void RouteSet::put_type2(Octets& out, std::uint32_t route, bool withdrawn) const {
  const std::uint32_t set = set_of(route);
  put8(out, 2);  // RFC 7432 7.2
  put8(out, static_cast<std::uint32_t>(nlri_size() - 2));
  put64(out, rd_of(set));
  out.insert(out.end(), 10, 0);  // ESI
  put32(out, 0);                 // Ethernet tag
  put8(out, 48);
  const Mac m = mac(route);
  out.insert(out.end(), m.begin(), m.end());
  const Octets a = has_address() ? address(route) : Octets();
  put8(out, static_cast<std::uint32_t>(a.size() * 8));
  out.insert(out.end(), a.begin(), a.end());
  put24(out, withdrawn ? 0 : vni_of(set));
}

void RouteSet::put_attributes(Octets& out, std::uint32_t as, std::uint32_t set) const {
  put_attribute(out, kTransitive, 1, {0});  // ORIGIN IGP
  Octets path;
  put8(path, 2);
  put8(path, 2);
  put32(path, as);
  put32(path, s_.origin_as);
  put_attribute(out, kTransitive, 2, path);
  if (s_.family == RouteFamily::kIpv4) {
    Octets hop;
    put32(hop, s_.next_hop);
    put_attribute(out, kTransitive, 3, hop);
  }
  Octets med;
  put32(med, s_.med);
  put_attribute(out, kOptional, 4, med);
  // What tells the sets apart.
  Octets communities;
  put32(communities, 65000U << 16 | (set & 0xffff));
  put32(communities, 64900U << 16 | set >> 16);
  put_attribute(out, kOptional | kTransitive, 8, communities);
  if (!evpn()) return;
  put_extended_communities(out, set);
}

void RouteSet::put_extended_communities(Octets& out, std::uint32_t set) const {
  Octets extended;
  put64(extended, 0x030c000000000008);  // encapsulation VXLAN (RFC 9012 4.1)
  put16(extended, 0x0002);              // route target, two-octet AS
  put16(extended, s_.rt_as & 0xffff);
  put32(extended, vni_of(set));
  if (!type2()) {
    put16(extended, 0x0603);  // router's MAC (RFC 9135 8.1)
    put16(extended, 0x0200);
    put32(extended, vtep_of(set));
  } else if (s_.sequence != 0) {
    put32(extended, 0x06000000);  // MAC mobility (RFC 7432 7.7)
    put32(extended, s_.sequence);
  }
  put_attribute(out, kOptional | kTransitive, 16, extended);
}

// The routes [from, to) of one set, in one message.
void RouteSet::put_announcement(Octets& out, const Octets& attributes, std::uint32_t set,
                                std::uint32_t from, std::uint32_t to) const {
  const std::size_t at = open_message(out);
  put16(out, 0);  // withdrawn
  if (s_.family == RouteFamily::kIpv4) {
    put16(out, static_cast<std::uint32_t>(attributes.size()));
    out.insert(out.end(), attributes.begin(), attributes.end());
    for (std::uint32_t r = from; r < to; ++r) put_nlri(out, r, false);
    close_message(out, at);
    return;
  }
  const bool v6_hop = s_.family == RouteFamily::kIpv6;
  const std::size_t mp = 5 + (v6_hop ? 16U : 4U) + (to - from) * nlri_size();
  put16(out, static_cast<std::uint32_t>(attributes.size() + 4 + mp));
  put8(out, kOptional | kExtended);
  put8(out, 14);  // MP_REACH_NLRI (RFC 4760 3)
  put16(out, static_cast<std::uint32_t>(mp));
  put16(out, evpn() ? 25 : 2);
  put8(out, evpn() ? 70 : 1);
  put8(out, v6_hop ? 16 : 4);
  if (v6_hop) {
    put64(out, 0xfd00025500000000);  // fd00:255::N
    put64(out, s_.next_hop);
  } else {
    put32(out, vtep_of(set));
  }
  put8(out, 0);
  for (std::uint32_t r = from; r < to; ++r) put_nlri(out, r, false);
  out.insert(out.end(), attributes.begin(), attributes.end());
  close_message(out, at);
}

Octets RouteSet::announcements(std::uint32_t as, std::uint32_t from, std::uint32_t to) const {
  Octets out, attributes;
  for (std::uint32_t at = from; at < to;) {
    const std::uint32_t set = set_of(at);
    attributes.clear();
    put_attributes(attributes, as, set);
    const std::size_t room = kMessageMax - kHeader - 4 - 4 - 21 - attributes.size();
    const auto most = static_cast<std::uint32_t>(room / nlri_size());
    while (at < to && set_of(at) == set) {
      std::uint32_t end = at + 1;
      while (end < to && end - at < most && set_of(end) == set) ++end;
      put_announcement(out, attributes, set, at, end);
      at = end;
    }
  }
  return out;
}

Octets RouteSet::withdrawals(std::uint32_t from, std::uint32_t to) const {
  Octets out;
  const auto most = static_cast<std::uint32_t>((kMessageMax - kHeader - 4 - 7) / nlri_size());
  for (std::uint32_t at = from; at < to;) {
    const std::uint32_t end = std::min(to, at + most);
    const std::size_t octets = (end - at) * nlri_size();
    const std::size_t message = open_message(out);
    if (s_.family == RouteFamily::kIpv4) {
      put16(out, static_cast<std::uint32_t>(octets));
    } else {
      put16(out, 0);
      put16(out, static_cast<std::uint32_t>(octets + 7));
      put8(out, kOptional | kExtended);
      put8(out, 15);  // MP_UNREACH_NLRI (RFC 4760 4)
      put16(out, static_cast<std::uint32_t>(octets + 3));
      put16(out, evpn() ? 25 : 2);
      put8(out, evpn() ? 70 : 1);
    }
    for (; at < end; ++at) put_nlri(out, at, true);
    if (s_.family == RouteFamily::kIpv4) put16(out, 0);
    close_message(out, message);
  }
  return out;
}

}  // namespace perd::loadgen
