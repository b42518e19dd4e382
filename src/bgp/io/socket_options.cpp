#include "bgp/io/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace perd::io {
namespace {

ErrorCode last_error() { return {errno, boost::system::system_category()}; }

ErrorCode set_int(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return last_error();
  return {};
}

}  // namespace

tcp::endpoint to_endpoint(const IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) return {boost::asio::ip::address_v4(address.v4_value()), port};
  boost::asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), address.octets.data(), bytes.size());
  return {boost::asio::ip::address_v6(bytes), port};
}

IpAddress to_ip_address(const boost::asio::ip::address& address) {
  if (address.is_v4()) return IpAddress::v4(address.to_v4().to_uint());
  const auto bytes = address.to_v6().to_bytes();
  return IpAddress::from_bytes(bytes);
}

ErrorCode set_md5_key(int fd, const IpPrefix& peer, const std::string& key) {
  if (key.size() > kMaxMd5Key) return make_error_code(boost::system::errc::argument_list_too_long);
  tcp_md5sig request{};
  if (peer.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    std::memcpy(&in.sin_addr, peer.address.octets.data(), 4);
    std::memcpy(&request.tcpm_addr, &in, sizeof in);
  } else {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    std::memcpy(&in6.sin6_addr, peer.address.octets.data(), 16);
    std::memcpy(&request.tcpm_addr, &in6, sizeof in6);
  }
  request.tcpm_keylen = static_cast<std::uint16_t>(key.size());
  std::memcpy(request.tcpm_key, key.data(), key.size());
  int option = TCP_MD5SIG;
  if (peer.length != peer.address.bits()) {
    option = TCP_MD5SIG_EXT;
    request.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    request.tcpm_prefixlen = peer.length;
  }
  if (::setsockopt(fd, IPPROTO_TCP, option, &request, sizeof request) != 0) return last_error();
  return {};
}

ErrorCode set_ttl(int fd, IpFamily family, unsigned ttl) {
  return family == IpFamily::kIpv4
             ? set_int(fd, IPPROTO_IP, IP_TTL, static_cast<int>(ttl))
             : set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, static_cast<int>(ttl));
}

ErrorCode set_minimum_ttl(int fd, IpFamily family, unsigned ttl) {
  return family == IpFamily::kIpv4
             ? set_int(fd, IPPROTO_IP, IP_MINTTL, static_cast<int>(ttl))
             : set_int(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, static_cast<int>(ttl));
}

void set_traffic_class(int fd, IpFamily family) {
  // A wish to the network, not a need: a refusal changes nothing.
  if (family == IpFamily::kIpv4) {
    (void)set_int(fd, IPPROTO_IP, IP_TOS, kControlTrafficClass);
  } else {
    (void)set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, kControlTrafficClass);
  }
}

ErrorCode save_syn(int fd) { return set_int(fd, IPPROTO_TCP, TCP_SAVE_SYN, 1); }

std::optional<unsigned> saved_syn_ttl(int fd) {
  std::array<std::uint8_t, 256> syn{};
  auto size = static_cast<socklen_t>(syn.size());
  if (::getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, syn.data(), &size) != 0) return std::nullopt;
  if (size < 20) return std::nullopt;
  return (syn[0] >> 4) == 4 ? syn[8] : syn[7];  // IPv4 TTL, IPv6 hop limit
}

std::string in_words(const ErrorCode& error) {
  namespace asio_error = boost::asio::error;
  if (error == asio_error::eof) return "closed by peer";
  if (error == asio_error::connection_refused) return "connection refused";
  if (error == asio_error::connection_reset) return "connection reset by peer";
  if (error == asio_error::timed_out) return "connection timed out";
  if (error == asio_error::host_unreachable) return "no route to host";
  if (error == asio_error::network_unreachable) return "network is unreachable";
  if (error == asio_error::address_in_use) return "address already in use";
  if (error == asio_error::access_denied) return "permission denied";
  std::string text = error.message();
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace perd::io
