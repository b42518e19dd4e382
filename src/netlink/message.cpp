#include "netlink/message.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>

#include "perd/assert.h"

namespace perd::netlink {

namespace {

// nlattr as seen by libnl; the octets come from a buffer aligned to four (message.h).
const nlattr* as_attribute(const std::uint8_t* p) {
  return static_cast<const nlattr*>(static_cast<const void*>(p));
}

// NLMSG_ALIGN, which mixes signs.
std::size_t aligned(std::size_t n) { return (n + 3) & ~std::size_t{3}; }

}  // namespace

MessageBuilder::MessageBuilder() : message_(nlmsg_alloc_size(kMessageOctetsMax)) {
  if (!message_) throw std::bad_alloc{};
}

void MessageBuilder::begin(std::uint16_t type, unsigned flags) {
  nlmsghdr* h = nlmsg_hdr(message_.get());
  h->nlmsg_len = NLMSG_HDRLEN;
  h->nlmsg_type = type;
  h->nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  h->nlmsg_seq = 0;
  h->nlmsg_pid = 0;
  failed_ = false;
}

void MessageBuilder::append(const void* data, std::size_t size) {
  void* room = failed_ ? nullptr : nlmsg_reserve(message_.get(), size, NLMSG_ALIGNTO);
  if (room == nullptr) {
    failed_ = true;
    return;
  }
  std::memcpy(room, data, size);
}

void MessageBuilder::put(int type, const void* data, std::size_t size) {
  if (failed_ || size > UINT16_MAX - sizeof(nlattr) ||
      nla_put(message_.get(), type, static_cast<int>(size), data) < 0) {
    failed_ = true;
  }
}

void MessageBuilder::put_be16(int type, std::uint16_t v) { put_u16(type, htons(v)); }

nlattr* MessageBuilder::nest(int type) {
  nlattr* n = failed_ ? nullptr : nla_nest_start(message_.get(), type);
  if (n == nullptr) failed_ = true;
  return n;
}

void MessageBuilder::end(nlattr* nest) {
  if (failed_ || nest == nullptr || nla_nest_end_keep_empty(message_.get(), nest) < 0) {
    failed_ = true;
  }
}

std::size_t MessageBuilder::size() const { return nlmsg_hdr(message_.get())->nlmsg_len; }

void MessageBuilder::patch_u16(std::size_t at, std::uint16_t v) {
  if (failed_) return;
  PERD_ASSERT(at + sizeof v <= size());
  std::memcpy(static_cast<std::uint8_t*>(static_cast<void*>(nlmsg_hdr(message_.get()))) + at, &v,
              sizeof v);
}

bool MessageBuilder::finish(BatchBuffer& out) {
  if (failed_) return false;
  nlmsghdr* h = nlmsg_hdr(message_.get());
  h->nlmsg_seq = out.next_sequence++;
  const auto* first = static_cast<const std::uint8_t*>(static_cast<const void*>(h));
  out.octets.insert(out.octets.end(), first, first + aligned(h->nlmsg_len));
  return true;
}

std::optional<MessageView> next_message(Bytes& rest) {
  nlmsghdr h{};
  if (rest.size() < sizeof h) return std::nullopt;
  std::memcpy(&h, rest.data(), sizeof h);
  if (h.nlmsg_len < sizeof h || h.nlmsg_len > rest.size()) return std::nullopt;
  MessageView m{h.nlmsg_type, h.nlmsg_flags, h.nlmsg_seq, h.nlmsg_pid,
                rest.subspan(sizeof h, h.nlmsg_len - sizeof h)};
  const std::size_t step = aligned(h.nlmsg_len);
  rest = step < rest.size() ? rest.subspan(step) : Bytes{};
  return m;
}

Bytes payload_of(const nlattr* a) {
  return {static_cast<const std::uint8_t*>(nla_data(a)), static_cast<std::size_t>(nla_len(a))};
}

std::uint8_t read_u8(const nlattr* a) { return nla_get_u8(a); }
std::uint16_t read_u16(const nlattr* a) { return nla_get_u16(a); }
std::uint16_t read_be16(const nlattr* a) { return ntohs(nla_get_u16(a)); }
std::uint32_t read_u32(const nlattr* a) { return nla_get_u32(a); }

std::string read_string(const nlattr* a) {
  const Bytes b = payload_of(a);
  const auto end = std::find(b.begin(), b.end(), std::uint8_t{0});
  return {b.begin(), end};
}

std::optional<IpAddress> read_ip(const nlattr* a) {
  const Bytes b = payload_of(a);
  if (b.size() != 4 && b.size() != 16) return std::nullopt;
  return IpAddress::from_bytes(b);
}

MacAddress read_mac(const nlattr* a) {
  MacAddress mac;
  const Bytes b = payload_of(a);
  if (b.size() == mac.octets.size()) std::copy(b.begin(), b.end(), mac.octets.begin());
  return mac;
}

bool file_attributes(Bytes octets, const std::uint8_t* least, const nlattr** table,
                     std::size_t size) {
  if (octets.empty()) return true;
  int remaining = static_cast<int>(octets.size());
  const nlattr* a = as_attribute(octets.data());
  while (nla_ok(a, remaining) != 0) {
    const auto type = static_cast<std::size_t>(nla_type(a));
    if (type < size) {
      if (nla_len(a) < least[type]) return false;
      table[type] = a;
    }
    a = nla_next(a, &remaining);
  }
  return remaining <= 0;  // what is left over is no attribute
}

std::uint8_t address_family(IpFamily family) {
  return family == IpFamily::kIpv4 ? AF_INET : AF_INET6;
}

std::optional<IpFamily> ip_family(std::uint8_t address_family) {
  if (address_family == AF_INET) return IpFamily::kIpv4;
  if (address_family == AF_INET6) return IpFamily::kIpv6;
  return std::nullopt;
}

}  // namespace perd::netlink
