#include "bgp/io/listener.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace perd::io {
namespace {

constexpr unsigned kListenTtl = 255;  // so that a SYN-ACK passes a neighbour's GTSM (RFC 5082)

std::string words_of_bind(const ErrorCode& error, std::uint16_t port) {
  if (error == boost::asio::error::address_in_use) {
    return "port " + std::to_string(port) + " is in use by another program";
  }
  if (error == boost::asio::error::access_denied) {
    return "no permission for port " + std::to_string(port) + " (CAP_NET_BIND_SERVICE is missing)";
  }
  return in_words(error);
}

}  // namespace

Listener::Listener(boost::asio::io_context& context, OnAccepted on_accepted, OnFailed on_failed)
    : context_(context), on_accepted_(std::move(on_accepted)), on_failed_(std::move(on_failed)) {}

Listener::~Listener() {
  *alive_ = false;
  for (const auto& s : sockets_) close(*s);
}

void Listener::close(Socket& s) {
  s.closed = true;
  ErrorCode ignored;
  (void)s.acceptor.close(ignored);
  s.pause.cancel();
}

void Listener::apply(const ListenCommand& wanted) {
  const auto is_wanted = [&](const Socket& s) {
    return s.port == wanted.port && std::find(wanted.addresses.begin(), wanted.addresses.end(),
                                              s.address) != wanted.addresses.end();
  };
  for (auto it = sockets_.begin(); it != sockets_.end();) {
    if (is_wanted(**it)) {
      ++it;
      continue;
    }
    close(**it);
    it = sockets_.erase(it);
  }
  for (const IpAddress& address : wanted.addresses) {
    const auto same = [&](const auto& s) { return s->address == address; };
    if (std::find_if(sockets_.begin(), sockets_.end(), same) != sockets_.end()) continue;
    auto socket = std::make_shared<Socket>(context_, address, wanted.port);
    if (std::string problem = open(*socket); !problem.empty()) {
      fail_later(*socket, std::move(problem));
      close(*socket);
      continue;
    }
    sockets_.push_back(socket);
    wait(socket);
  }
  for (const auto& s : sockets_) apply_keys(*s, wanted.keys);
}

std::string Listener::open(Socket& s) {
  const tcp::endpoint endpoint = to_endpoint(s.address, s.port);
  ErrorCode error;
  (void)s.acceptor.open(endpoint.protocol(), error);
  if (error) return in_words(error);
  (void)s.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return in_words(error);
  if (s.address.is_v6()) {
    (void)s.acceptor.set_option(boost::asio::ip::v6_only(true), error);
    if (error) return in_words(error);
  }
  const int fd = s.acceptor.native_handle();
  if (error = set_ttl(fd, s.address.family, kListenTtl); error) return "TTL: " + in_words(error);
  if (error = save_syn(fd); error) return "TCP_SAVE_SYN: " + in_words(error);
  set_traffic_class(fd, s.address.family);
  (void)s.acceptor.bind(endpoint, error);
  if (!error) (void)s.acceptor.listen(kListenBacklog, error);
  if (error) {
    s.fatal =
        error == boost::asio::error::address_in_use || error == boost::asio::error::access_denied;
    return words_of_bind(error, s.port);
  }
  (void)s.acceptor.non_blocking(true, error);
  return error ? in_words(error) : std::string();
}

void Listener::apply_keys(Socket& s, const std::vector<ListenCommand::Md5Key>& wanted) {
  const int fd = s.acceptor.native_handle();
  const auto fits = [&](const ListenCommand::Md5Key& k) {
    return k.peer.address.family == s.address.family && !k.password.empty();
  };
  std::vector<ListenCommand::Md5Key> now;
  for (const auto& old : s.keys) {
    const auto same_peer = [&](const auto& k) { return k.peer == old.peer && fits(k); };
    if (std::find_if(wanted.begin(), wanted.end(), same_peer) == wanted.end()) {
      (void)set_md5_key(fd, old.peer, {});
    }
  }
  for (const auto& key : wanted) {
    if (!fits(key)) continue;
    const bool kept = std::find(s.keys.begin(), s.keys.end(), key) != s.keys.end();
    if (!kept) {
      if (const ErrorCode error = set_md5_key(fd, key.peer, key.password); error) {
        fail_later(s, "MD5 password of " + to_string(key.peer) + ": " + in_words(error));
        continue;  // asked for again with the next command
      }
    }
    now.push_back(key);
  }
  s.keys = std::move(now);
}

void Listener::fail_later(const Socket& s, std::string reason) {
  boost::asio::post(
      context_,
      [this, alive = alive_, failed = ListenFailed{s.address, s.port, std::move(reason), s.fatal}] {
        if (*alive) on_failed_(failed);
      });
}

void Listener::wait(const std::shared_ptr<Socket>& s) {
  s->acceptor.async_wait(tcp::acceptor::wait_read,
                         [this, s, alive = alive_](const ErrorCode& error) {
                           if (*alive && !s->closed && !error) accept_turn(s);
                         });
}

void Listener::accept_turn(const std::shared_ptr<Socket>& s) {
  for (int i = 0; i < kAcceptsPerTurn && !s->closed; ++i) {
    tcp::socket socket(context_);
    tcp::endpoint remote;
    ErrorCode error;
    (void)s->acceptor.accept(socket, remote, error);
    if (error == boost::asio::error::would_block) break;
    if (error == boost::asio::error::no_descriptors || error == boost::asio::error::no_memory ||
        error == boost::system::errc::too_many_files_open_in_system ||
        error == boost::system::errc::no_buffer_space) {
      // The connection stays in the backlog and the socket stays readable: do not spin.
      s->pause.expires_after(kAcceptPause);
      s->pause.async_wait([this, s, alive = alive_](const ErrorCode& stopped) {
        if (*alive && !s->closed && !stopped) accept_turn(s);
      });
      return;
    }
    if (error) continue;  // the connection was gone before it was taken
    const auto alive = alive_;
    on_accepted_(std::move(socket), remote);
    if (!*alive) return;
  }
  if (!s->closed) wait(s);
}

std::vector<tcp::endpoint> Listener::endpoints() const {
  std::vector<tcp::endpoint> all;
  for (const auto& s : sockets_) {
    ErrorCode error;
    const auto endpoint = s->acceptor.local_endpoint(error);
    if (!error) all.push_back(endpoint);
  }
  return all;
}

}  // namespace perd::io
