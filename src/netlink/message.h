// Netlink messages as octets: MessageBuilder writes one, MessageView and Attributes read one.
//
// Both stand on core libnl-3 (nlmsg_*, nla_*). The builder reuses one nl_msg for all messages and
// copies its octets to the batch, so that a message costs no allocation. The reader checks every
// length before it hands out a value: an attribute shorter than its row in the table of least
// lengths makes the whole message malformed, an unknown attribute is ignored. Never sends, receives
// or blocks. Octets handed to the reader must be aligned to four.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "perd/bytes.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd::netlink {

// The largest message perd writes: a route over 256 inline hops needs about 12 KiB.
inline constexpr std::size_t kMessageOctetsMax = 32 * 1024;

// Where messages go: the octets of one sendmsg and the number the next message takes.
struct BatchBuffer {
  std::vector<std::uint8_t> octets;
  std::uint32_t next_sequence = 1;
};

class MessageBuilder {
 public:
  MessageBuilder();

  // Starts a message; NLM_F_REQUEST is added to `flags`.
  void begin(std::uint16_t type, unsigned flags);
  // The fixed header behind nlmsghdr (rtmsg, ndmsg, ...).
  template <class Header>
  void header(const Header& h) {
    append(&h, sizeof h);
  }
  void put(int type, const void* data, std::size_t size);
  void put(int type, Bytes b) { put(type, b.data(), b.size()); }
  void put_u8(int type, std::uint8_t v) { put(type, &v, sizeof v); }
  void put_u16(int type, std::uint16_t v) { put(type, &v, sizeof v); }
  void put_be16(int type, std::uint16_t v);
  void put_u32(int type, std::uint32_t v) { put(type, &v, sizeof v); }
  void put_string(int type, const std::string& s) { put(type, s.c_str(), s.size() + 1); }
  void put_flag(int type) { put(type, nullptr, 0); }
  void put_mac(int type, const MacAddress& mac) { put(type, mac.octets.data(), mac.octets.size()); }
  [[nodiscard]] nlattr* nest(int type);
  void end(nlattr* nest);
  // Octets without an attribute header, padded to four (rtnexthop inside RTA_MULTIPATH).
  void append(const void* data, std::size_t size);
  [[nodiscard]] std::size_t size() const;
  void patch_u16(std::size_t at, std::uint16_t v);

  // Appends the finished message. False when it did not fit; the buffer is then as before.
  [[nodiscard]] bool finish(BatchBuffer& out);

 private:
  struct Free {
    void operator()(nl_msg* m) const { nlmsg_free(m); }
  };
  std::unique_ptr<nl_msg, Free> message_;
  bool failed_ = false;
};

// One received message; `payload` is what follows nlmsghdr.
struct MessageView {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t port = 0;
  Bytes payload;

  // Splits the fixed header off; false when the payload is shorter.
  template <class Header>
  [[nodiscard]] bool read_header(Header& out, Bytes& attributes) const {
    if (payload.size() < sizeof(Header)) return false;
    std::memcpy(&out, payload.data(), sizeof(Header));
    const std::size_t aligned = (sizeof(Header) + 3) & ~std::size_t{3};
    attributes = payload.size() > aligned ? payload.subspan(aligned) : Bytes{};
    return true;
  }
};

// Takes the next message off the front of `rest`. Nothing left or a length that does not fit:
// nullopt (then `rest` is empty, or holds the octets that are no message).
[[nodiscard]] std::optional<MessageView> next_message(Bytes& rest);

// What a decoder says of a message.
enum class Decoded : std::uint8_t {
  kObject,     // the result is filled in
  kIgnored,    // well formed, but nothing perd models (noise, other families, other selectors)
  kMalformed,  // lengths do not add up
};

// Least length of each attribute's payload, by type; 0: anything.
template <int kMax>
using LeastLengths = std::array<std::uint8_t, static_cast<std::size_t>(kMax) + 1>;

// Values of single attributes, whose least length was checked.
[[nodiscard]] Bytes payload_of(const nlattr* a);
[[nodiscard]] std::uint8_t read_u8(const nlattr* a);
[[nodiscard]] std::uint16_t read_u16(const nlattr* a);
[[nodiscard]] std::uint16_t read_be16(const nlattr* a);
[[nodiscard]] std::uint32_t read_u32(const nlattr* a);
[[nodiscard]] std::string read_string(const nlattr* a);
// By length: 4 is IPv4, 16 is IPv6, else nullopt.
[[nodiscard]] std::optional<IpAddress> read_ip(const nlattr* a);
// Zero unless the length is that of an Ethernet address.
[[nodiscard]] MacAddress read_mac(const nlattr* a);
// Walks the attributes and files each known one under its type; the last of a type counts.
[[nodiscard]] bool file_attributes(Bytes octets, const std::uint8_t* least, const nlattr** table,
                                   std::size_t size);

template <int kMax>
class Attributes {
 public:
  [[nodiscard]] bool parse(Bytes octets, const LeastLengths<kMax>& least) {
    table_.fill(nullptr);
    return file_attributes(octets, least.data(), table_.data(), table_.size());
  }
  [[nodiscard]] const nlattr* operator[](int type) const {
    return table_[static_cast<std::size_t>(type)];
  }
  [[nodiscard]] std::uint8_t u8(int type, std::uint8_t none = 0) const {
    const nlattr* a = (*this)[type];
    return a != nullptr ? read_u8(a) : none;
  }
  [[nodiscard]] std::uint32_t u32(int type, std::uint32_t none = 0) const {
    const nlattr* a = (*this)[type];
    return a != nullptr ? read_u32(a) : none;
  }
  [[nodiscard]] std::string string(int type) const {
    const nlattr* a = (*this)[type];
    return a != nullptr ? read_string(a) : std::string{};
  }
  [[nodiscard]] Bytes nested(int type) const {
    const nlattr* a = (*this)[type];
    return a != nullptr ? payload_of(a) : Bytes{};
  }

 private:
  std::array<const nlattr*, static_cast<std::size_t>(kMax) + 1> table_{};
};

// AF_INET or AF_INET6, and back.
[[nodiscard]] std::uint8_t address_family(IpFamily family);
[[nodiscard]] std::optional<IpFamily> ip_family(std::uint8_t address_family);

}  // namespace perd::netlink
