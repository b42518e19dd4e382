// One TCP connection: dialled or accepted, read in bounded turns, written in gathered turns, closed
// at once or after what was sent has gone. It never interprets an octet.
//
// Reads wait for readiness and use the one buffer of the transport, so an idle connection costs no
// buffer. A turn reads kReadsPerTurn times kReadTurn and writes kWriteTurn octets at most; then the
// others have theirs.
// After close() nothing is reported any more; the object lives until its last handler has run.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bgp/io/socket_options.h"
#include "perd/transport.h"

namespace perd::io {

inline constexpr std::size_t kReadTurn = std::size_t{64} << 10;
inline constexpr std::size_t kReadsPerTurn = 4;
inline constexpr std::size_t kWriteTurn = std::size_t{256} << 10;
inline constexpr std::size_t kGather = 64;  // buffers of one system call
inline constexpr std::chrono::seconds kDialTimeout{60};
inline constexpr std::chrono::seconds kFlushTimeout{1};

class ConnectionHost {
 public:
  virtual void emit(const TransportEvent& event) = 0;
  [[nodiscard]] virtual std::span<std::uint8_t> read_buffer() = 0;  // kReadTurn octets
  virtual void forget(ConnectionId id) = 0;                         // drops it from the tables

 protected:
  ~ConnectionHost() = default;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionHost& host, tcp::socket socket, ConnectionId id);

  void dial(const IpAddress& remote, std::uint16_t port, const TransportOptions& options);
  // False when the connection may not be used (RFC 5082: it came from too far away).
  [[nodiscard]] bool adopt(const TransportOptions& options);
  void send(std::vector<std::uint8_t>&& octets);
  // Nothing is reported from now on.
  void close(bool after_flush);
  // No event, no flush, no host: the transport itself goes away.
  void abandon();

 private:
  [[nodiscard]] std::string prepare(const IpAddress& remote, std::uint16_t port,
                                    const TransportOptions& options);
  void connected(const ErrorCode& error);
  void fail_later(std::string reason);
  void fail(const std::string& reason);
  void wait_read();
  void read_turn();
  void schedule_write();
  void write_turn();
  void drop_written(std::size_t octets);
  void start_draining();
  void drain_turn();
  void shut();
  [[nodiscard]] bool dead() const { return mode_ == Mode::kDead; }

  enum class Mode : std::uint8_t { kNew, kDialling, kOpen, kFlushing, kDraining, kDead };

  ConnectionHost* host_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;  // of the dial, later of the flush
  ConnectionId id_;
  Mode mode_ = Mode::kNew;
  bool write_pending_ = false;
  bool reading_ = false;
  std::deque<std::vector<std::uint8_t>> queue_;
  std::size_t front_written_ = 0;  // octets of queue_.front() that have gone
};

}  // namespace perd::io
