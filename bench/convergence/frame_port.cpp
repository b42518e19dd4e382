#include "convergence/frame_port.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "convergence/kernel_watch.h"
#include "convergence/octets.h"

namespace perd::loadgen {
namespace {

constexpr std::uint32_t kExperimental = 0x88b5;  // IEEE 802, local experiments
constexpr std::size_t kLeast = 60;               // of a frame, without its check sum

Octets begin(const Mac& sender, std::uint32_t type) {
  Octets out(6, 0xff);
  out.insert(out.end(), sender.begin(), sender.end());
  put16(out, type);
  return out;
}

}  // namespace

FramePort::FramePort(const std::string& network_namespace, const std::string& link) {
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_ifindex = static_cast<int>(link_index(network_namespace, link));
  // Protocol 0: nothing is received.
  in_namespace(network_namespace, [&] { fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); });
  if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    throw std::runtime_error("frames on " + link + ": " + std::strerror(errno));
  }
}

FramePort::~FramePort() {
  if (fd_ >= 0) close(fd_);
}

bool FramePort::send(const Octets& frame) {
  if (::send(fd_, frame.data(), frame.size(), MSG_DONTWAIT) >= 0) return true;
  if (errno == EAGAIN || errno == ENOBUFS) return false;
  throw std::runtime_error(std::string("frame: ") + std::strerror(errno));
}

Octets plain_frame(const Mac& sender) {
  Octets out = begin(sender, kExperimental);
  out.resize(kLeast, 0);
  return out;
}

Octets gratuitous_arp(const Mac& sender, const Octets& address) {
  Octets out = begin(sender, ETH_P_ARP);
  put32(out, 0x00010800);  // Ethernet, IPv4
  put16(out, 0x0604);
  put16(out, 1);  // request
  out.insert(out.end(), sender.begin(), sender.end());
  out.insert(out.end(), address.begin(), address.end());
  out.insert(out.end(), 6, 0);
  out.insert(out.end(), address.begin(), address.end());
  out.resize(kLeast, 0);
  return out;
}

}  // namespace perd::loadgen
