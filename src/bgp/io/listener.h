// Listening sockets: one per address, the wanted set given whole each time; only what differs is
// touched. Keeps the MD5 keys of all peers on each of them. Never decides who may connect.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bgp/io/socket_options.h"
#include "perd/transport.h"

namespace perd::io {

inline constexpr int kListenBacklog = 128;
inline constexpr int kAcceptsPerTurn = 16;
// After accept() failed for want of descriptors or memory.
inline constexpr std::chrono::milliseconds kAcceptPause{200};

class Listener {
 public:
  // Both are called from handlers only, never from inside apply().
  using OnAccepted = std::function<void(tcp::socket socket, const tcp::endpoint& remote)>;
  using OnFailed = std::function<void(const ListenFailed& failed)>;

  Listener(boost::asio::io_context& context, OnAccepted on_accepted, OnFailed on_failed);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void apply(const ListenCommand& wanted);
  [[nodiscard]] std::vector<tcp::endpoint> endpoints() const;

 private:
  struct Socket {
    Socket(boost::asio::io_context& context, const IpAddress& a, std::uint16_t p)
        : acceptor(context), pause(context), address(a), port(p) {}
    tcp::acceptor acceptor;
    boost::asio::steady_timer pause;
    IpAddress address;
    std::uint16_t port;  // as wanted; 0: any
    std::vector<ListenCommand::Md5Key> keys;
    bool closed = false;
    bool fatal = false;  // it cannot be opened, and waiting will not help
  };

  [[nodiscard]] std::string open(Socket& s);
  void apply_keys(Socket& s, const std::vector<ListenCommand::Md5Key>& wanted);
  void fail_later(const Socket& s, std::string reason);
  void wait(const std::shared_ptr<Socket>& s);
  void accept_turn(const std::shared_ptr<Socket>& s);
  static void close(Socket& s);

  boost::asio::io_context& context_;
  OnAccepted on_accepted_;
  OnFailed on_failed_;
  std::vector<std::shared_ptr<Socket>> sockets_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace perd::io
