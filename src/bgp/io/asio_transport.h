// The TCP edge over Boost.Asio: executes TransportCommands, reports TransportEvents. It moves
// octets; it knows no BGP message, never retries and decides nothing.
//
// Threads: everything on the thread that runs the io_context. The sink is called from handlers
// only, never from inside execute(), and may itself call execute().
//
// Limits: kMaxAccepted accepted connections at a time, further ones are closed at once and counted.
// What waits to be sent is bounded by the core, which sees SendProgress.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "bgp/io/connection.h"
#include "bgp/io/listener.h"
#include "perd/transport.h"

namespace perd::io {

inline constexpr std::size_t kMaxAccepted = 1024;

class AsioTransport final : private ConnectionHost {
 public:
  using Sink = std::function<void(const TransportEvent& event)>;

  AsioTransport(boost::asio::io_context& context, Sink sink,
                std::size_t max_accepted = kMaxAccepted);
  ~AsioTransport();  // closes everything, reports nothing
  AsioTransport(const AsioTransport&) = delete;
  AsioTransport& operator=(const AsioTransport&) = delete;

  void execute(TransportCommand&& command);
  // In order; leaves the vector empty.
  void execute(std::vector<TransportCommand>& commands);

  // Where it listens; with port 0 the only way to know.
  [[nodiscard]] std::vector<tcp::endpoint> listening() const { return listener_.endpoints(); }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void emit(const TransportEvent& event) override;
  std::span<std::uint8_t> read_buffer() override { return *read_buffer_; }
  void forget(ConnectionId id) override;

  [[nodiscard]] ConnectionHost& host() { return *this; }
  void run(DialCommand& c);
  void run(AdoptAcceptedCommand& c);
  void run(SendCommand& c);
  void run(CloseConnectionCommand& c);
  void run(ListenCommand& c);
  void accepted(tcp::socket socket, const tcp::endpoint& remote);
  [[nodiscard]] std::shared_ptr<Connection> find(ConnectionId id) const;

  boost::asio::io_context& context_;
  Sink sink_;
  std::size_t max_accepted_;
  std::unique_ptr<std::array<std::uint8_t, kReadTurn>> read_buffer_;
  // Those that are closing, too, until they are gone; the core does not know them any more.
  std::unordered_map<ConnectionId, std::shared_ptr<Connection>> connections_;
  std::size_t accepted_ = 0;  // of connections_: even numbers
  std::uint32_t next_accepted_ = 2;
  std::uint64_t refused_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Listener listener_;
};

}  // namespace perd::io
