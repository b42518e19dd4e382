// A netlink message being written, and the attributes of one being read. Raw on purpose: the tool
// that checks perd must not lean on perd's codecs.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace perd::loadgen {

class NetlinkMessage {
 public:
  template <class Header>
  NetlinkMessage(std::uint16_t type, unsigned flags, const Header& header) {
    nlmsghdr h{};
    h.nlmsg_type = type;
    h.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    append(&h, sizeof h);
    append(&header, sizeof header);
  }
  void put(std::uint16_t type, const void* data, std::size_t size) {
    rtattr a{};
    a.rta_type = type;
    a.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    append(&a, sizeof a);
    append(data, size);
  }
  void put_u32(std::uint16_t type, std::uint32_t v) { put(type, &v, sizeof v); }
  // The finished message.
  [[nodiscard]] std::vector<std::uint8_t>& finish(std::uint32_t sequence) {
    nlmsghdr h{};
    std::memcpy(&h, octets_.data(), sizeof h);
    h.nlmsg_len = static_cast<std::uint32_t>(octets_.size());
    h.nlmsg_seq = sequence;
    std::memcpy(octets_.data(), &h, sizeof h);
    return octets_;
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    octets_.insert(octets_.end(), p, p + size);
    octets_.resize(NLMSG_ALIGN(octets_.size()));
  }
  std::vector<std::uint8_t> octets_;
};

// f(type, payload, size) for each attribute behind a fixed header of `header` octets.
template <class F>
void for_each_attribute(const nlmsghdr* m, std::size_t header, F&& f) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(m) + NLMSG_HDRLEN + NLMSG_ALIGN(header);
  const auto* end = reinterpret_cast<const std::uint8_t*>(m) + m->nlmsg_len;
  while (p + sizeof(rtattr) <= end) {
    rtattr a{};
    std::memcpy(&a, p, sizeof a);
    if (a.rta_len < sizeof a || p + a.rta_len > end) return;
    f(a.rta_type, p + sizeof a, a.rta_len - sizeof a);
    p += RTA_ALIGN(a.rta_len);
  }
}

}  // namespace perd::loadgen
