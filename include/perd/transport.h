// The TCP seam: what the core asks of the sockets, and what they report. Pure data, so that the
// same core runs over Asio and over the simulated network.
//
// Life of a connection: the core sends Dial with a ConnectionId of its own choice (odd numbers) and
// gets ConnectionUp or ConnectionDown; or the edge reports Accepted with an id of its choice (even
// numbers) that the core answers with AdoptAccepted or CloseConnection. After ConnectionDown or
// CloseConnection the id is dead on both sides and never used again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "perd/bytes.h"
#include "perd/ids.h"
#include "perd/ip.h"

namespace perd {

// Options of a TCP connection to a neighbour; they come from its configuration.
struct TransportOptions {
  std::optional<IpAddress> source;  // bind before connect
  std::uint8_t ttl = 1;             // IP TTL / hop limit of what is sent; 255 with GTSM
  std::uint8_t minimum_ttl = 0;     // RFC 5082: drop what arrives with less; 0 = off
  std::string md5_password;         // RFC 2385; empty = off
  friend bool operator==(const TransportOptions&, const TransportOptions&) = default;
};

struct DialCommand {
  ConnectionId connection;
  IpAddress remote;
  std::uint16_t port = 179;
  TransportOptions options;
};
struct AdoptAcceptedCommand {  // the accepted connection belongs to a neighbour with these options
  ConnectionId connection;
  TransportOptions options;
};
struct SendCommand {
  ConnectionId connection;
  std::vector<std::uint8_t> octets;  // whole BGP messages, in order
};
struct CloseConnectionCommand {
  ConnectionId connection;
  bool after_flush =
      false;  // true: what was sent before (a NOTIFICATION) still goes out, 1 s at most
};
// Listening sockets and keys are state, not acts: the whole wanted set each time.
struct ListenCommand {
  struct Md5Key {
    IpPrefix peer;
    std::string password;
    friend bool operator==(const Md5Key&, const Md5Key&) = default;
  };
  std::vector<IpAddress> addresses;  // empty: do not listen
  std::uint16_t port = 179;
  std::vector<Md5Key> keys;
  friend bool operator==(const ListenCommand&, const ListenCommand&) = default;
};
using TransportCommand = std::variant<DialCommand, AdoptAcceptedCommand, SendCommand,
                                      CloseConnectionCommand, ListenCommand>;

struct ConnectionUp {  // the answer to Dial
  ConnectionId connection;
  IpAddress local;
  std::uint16_t local_port = 0;
};
struct Accepted {
  ConnectionId connection;
  IpAddress local;
  IpAddress remote;
  std::uint16_t remote_port = 0;
};
struct Received {
  ConnectionId connection;
  Bytes octets;  // valid during the call only; at most 64 KiB
};
// `octets` of what was sent have left for the kernel's socket buffer. The sum of SendCommand minus
// the sum of SendProgress is what waits; the core stops producing for a peer above its limit.
struct SendProgress {
  ConnectionId connection;
  std::size_t octets = 0;
};
struct ConnectionDown {
  ConnectionId connection;
  std::string reason;  // for people: "connection refused", "closed by peer", "connection timed out"
};
struct ListenFailed {
  IpAddress address;
  std::uint16_t port = 0;
  std::string reason;
  bool fatal = false;  // somebody else has the port, or we may not: no use in going on
};
using TransportEvent =
    std::variant<ConnectionUp, Accepted, Received, SendProgress, ConnectionDown, ListenFailed>;

}  // namespace perd
