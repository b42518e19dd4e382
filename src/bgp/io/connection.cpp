#include "bgp/io/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace perd::io {

using boost::asio::error::operation_aborted;

Connection::Connection(ConnectionHost& host, tcp::socket socket, ConnectionId id)
    : host_(&host), socket_(std::move(socket)), timer_(socket_.get_executor()), id_(id) {}

// ---- opening ------------------------------------------------------------------------------------

std::string Connection::prepare(const IpAddress& remote, std::uint16_t port,
                                const TransportOptions& options) {
  ErrorCode error;
  (void)socket_.open(to_endpoint(remote, port).protocol(), error);
  if (error) return in_words(error);
  (void)socket_.non_blocking(true, error);
  if (error) return in_words(error);
  const int fd = socket_.native_handle();
  // Before connect(): the SYN itself must carry them.
  if (error = set_ttl(fd, remote.family, options.ttl); error) return "TTL: " + in_words(error);
  if (options.minimum_ttl != 0) {
    error = set_minimum_ttl(fd, remote.family, options.minimum_ttl);
    if (error) return "minimum TTL: " + in_words(error);
  }
  if (!options.md5_password.empty()) {
    error = set_md5_key(fd, IpPrefix::host(remote), options.md5_password);
    if (error) return "MD5 password: " + in_words(error);
  }
  set_traffic_class(fd, remote.family);
  (void)socket_.set_option(tcp::no_delay(true), error);
  if (options.source) {
    (void)socket_.bind(to_endpoint(*options.source, 0), error);
    if (error) return "source address " + to_string(*options.source) + ": " + in_words(error);
  }
  return {};
}

void Connection::dial(const IpAddress& remote, std::uint16_t port,
                      const TransportOptions& options) {
  mode_ = Mode::kDialling;
  if (std::string problem = prepare(remote, port, options); !problem.empty()) {
    return fail_later(std::move(problem));
  }
  timer_.expires_after(kDialTimeout);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && self->mode_ == Mode::kDialling) self->fail("connection timed out");
  });
  socket_.async_connect(to_endpoint(remote, port),
                        [self = shared_from_this()](const ErrorCode& error) {
                          if (!self->dead()) self->connected(error);
                        });
}

void Connection::connected(const ErrorCode& error) {
  if (mode_ != Mode::kDialling) return;
  timer_.cancel();
  if (error) return fail(in_words(error));
  ErrorCode ignored;
  const auto local = socket_.local_endpoint(ignored);
  mode_ = Mode::kOpen;
  host_->emit(ConnectionUp{id_, to_ip_address(local.address()), local.port()});
  if (mode_ == Mode::kOpen) wait_read();
}

bool Connection::adopt(const TransportOptions& options) {
  if (mode_ != Mode::kNew) return true;
  ErrorCode error;
  (void)socket_.non_blocking(true, error);
  (void)socket_.set_option(tcp::no_delay(true), error);
  const auto remote = socket_.remote_endpoint(error);
  if (error) return false;
  const IpFamily family = remote.address().is_v4() ? IpFamily::kIpv4 : IpFamily::kIpv6;
  const int fd = socket_.native_handle();
  if (set_ttl(fd, family, options.ttl)) return false;
  if (options.minimum_ttl != 0) {
    // RFC 5082 3: the socket checks what comes from now on; what came before has travelled as far
    // as the SYN did.
    if (set_minimum_ttl(fd, family, options.minimum_ttl)) return false;
    const auto ttl = saved_syn_ttl(fd);
    if (ttl && *ttl < options.minimum_ttl) return false;
  }
  set_traffic_class(fd, family);
  mode_ = Mode::kOpen;
  wait_read();
  return true;
}

// ---- ending -------------------------------------------------------------------------------------

void Connection::shut() {
  mode_ = Mode::kDead;
  timer_.cancel();
  ErrorCode ignored;
  (void)socket_.close(ignored);
  queue_.clear();
}

// Never from inside execute(): the core is told in a turn of its own.
void Connection::fail_later(std::string reason) {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), why = std::move(reason)] {
    if (!self->dead()) self->fail(why);
  });
}

void Connection::fail(const std::string& reason) {
  const bool report = mode_ == Mode::kDialling || mode_ == Mode::kOpen;
  shut();
  ConnectionHost* host = host_;
  host->forget(id_);
  if (report) host->emit(ConnectionDown{id_, reason});
}

void Connection::close(bool after_flush) {
  if (dead()) return;
  if (!after_flush || mode_ != Mode::kOpen) {
    shut();
    host_->forget(id_);
    return;
  }
  mode_ = Mode::kFlushing;
  timer_.expires_after(kFlushTimeout);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && !self->dead()) self->fail({});
  });
  if (queue_.empty()) {
    start_draining();
  } else {
    schedule_write();
  }
}

void Connection::abandon() { shut(); }

// ---- reading ------------------------------------------------------------------------------------

void Connection::wait_read() {
  if (reading_) return;
  reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const ErrorCode& error) {
    self->reading_ = false;
    if (self->dead() || error == operation_aborted) return;
    if (self->mode_ == Mode::kDraining) return self->drain_turn();
    if (self->mode_ != Mode::kOpen) return;
    if (error) return self->fail(in_words(error));
    self->read_turn();
  });
}

void Connection::read_turn() {
  const auto buffer = host_->read_buffer();
  for (std::size_t i = 0; i < kReadsPerTurn && mode_ == Mode::kOpen; ++i) {
    ErrorCode error;
    const std::size_t n =
        socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (error == boost::asio::error::would_block) break;
    if (error) return fail(in_words(error));
    host_->emit(Received{id_, Bytes(buffer.data(), n)});
    if (n < buffer.size()) break;
  }
  if (mode_ == Mode::kOpen) wait_read();
}

// ---- writing ------------------------------------------------------------------------------------

void Connection::send(std::vector<std::uint8_t>&& octets) {
  if (mode_ != Mode::kOpen || octets.empty()) return;
  queue_.push_back(std::move(octets));
  schedule_write();
}

// A turn later, so that everything the core says in one turn leaves in one system call.
void Connection::schedule_write() {
  if (write_pending_) return;
  write_pending_ = true;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->write_turn(); });
}

void Connection::write_turn() {
  write_pending_ = false;
  std::size_t gone = 0;
  ErrorCode error;
  while (!dead() && !queue_.empty() && gone < kWriteTurn) {
    std::array<boost::asio::const_buffer, kGather> buffers;
    std::size_t count = 0;
    std::size_t skip = front_written_;
    for (const auto& block : queue_) {
      if (count == kGather) break;
      buffers[count++] = boost::asio::const_buffer(block.data() + skip, block.size() - skip);
      skip = 0;
    }
    const std::size_t n = socket_.write_some(buffers, error);
    if (error) break;
    drop_written(n);
    gone += n;
  }
  if (dead()) return;
  if (gone != 0 && mode_ == Mode::kOpen) host_->emit(SendProgress{id_, gone});
  if (dead()) return;
  if (error && error != boost::asio::error::would_block) return fail(in_words(error));
  if (queue_.empty()) {
    if (mode_ == Mode::kFlushing) start_draining();
    return;
  }
  if (!error) return schedule_write();
  if (write_pending_) return;
  write_pending_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const ErrorCode& failed) {
    self->write_pending_ = false;
    if (!self->dead() && failed != operation_aborted) self->write_turn();
  });
}

void Connection::drop_written(std::size_t octets) {
  while (octets != 0) {
    const std::size_t left = queue_.front().size() - front_written_;
    if (octets < left) {
      front_written_ += octets;
      return;
    }
    octets -= left;
    front_written_ = 0;
    queue_.pop_front();
  }
}

// Closing a socket with unread octets sends a reset, and a reset makes the peer's system throw away
// the NOTIFICATION it has just received. So: end of our stream, then read to the end of theirs.
void Connection::start_draining() {
  mode_ = Mode::kDraining;
  ErrorCode error;
  (void)socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return fail({});
  wait_read();
}

void Connection::drain_turn() {
  const auto buffer = host_->read_buffer();
  ErrorCode error;
  (void)socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
  if (error && error != boost::asio::error::would_block) return fail({});
  wait_read();
}

}  // namespace perd::io
