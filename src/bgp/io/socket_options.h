// What Asio has no name for: TTL and minimum TTL (RFC 5082), MD5 keys (RFC 2385) and the TTL of the
// SYN that opened an accepted connection; and the words for what went wrong. Every function returns
// an error code and touches only the socket it is given.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "perd/ip.h"
#include "perd/transport.h"

namespace perd::io {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

inline constexpr std::size_t kMaxMd5Key = 80;      // TCP_MD5SIG_MAXKEYLEN
inline constexpr int kControlTrafficClass = 0xc0;  // RFC 2474 4.2.2.1: internetwork control

[[nodiscard]] tcp::endpoint to_endpoint(const IpAddress& address, std::uint16_t port);
[[nodiscard]] IpAddress to_ip_address(const boost::asio::ip::address& address);

// The socket must be open. An empty key removes what `peer` had.
[[nodiscard]] ErrorCode set_md5_key(int fd, const IpPrefix& peer, const std::string& key);
[[nodiscard]] ErrorCode set_ttl(int fd, IpFamily family, unsigned ttl);
[[nodiscard]] ErrorCode set_minimum_ttl(int fd, IpFamily family, unsigned ttl);
void set_traffic_class(int fd, IpFamily family);
// Listeners keep the SYN of each connection until saved_syn_ttl() has asked for it.
[[nodiscard]] ErrorCode save_syn(int fd);
[[nodiscard]] std::optional<unsigned> saved_syn_ttl(int fd);

// "connection refused", "closed by peer", "address already in use": lower case, without numbers.
[[nodiscard]] std::string in_words(const ErrorCode& error);

}  // namespace perd::io
