#include "api/api_server.h"

#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <set>
#include <utility>

#include "api/socket_file.h"

namespace perd {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptRetry{100};

}  // namespace

struct ApiServer::State : std::enable_shared_from_this<ApiServer::State> {
  class Client;

  State(asio::io_context& io, Handler on_request, ApiServerOptions limits)
      : context(io), acceptor(io), retry(io), handler(std::move(on_request)), options(limits) {}

  void accept();

  asio::io_context& context;
  Local::acceptor acceptor;
  asio::steady_timer retry;
  Handler handler;
  ApiServerOptions options;
  std::set<std::shared_ptr<Client>> clients;
  bool running = false;
};

// One connection: reads a line, answers it, reads the next.
class ApiServer::State::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(std::shared_ptr<State> server, Local::socket socket)
      : server_(std::move(server)), socket_(std::move(socket)), timer_(server_->context) {}

  void read() {
    auto self = shared_from_this();
    asio::async_read_until(
        socket_, asio::dynamic_buffer(input_, kApiRequestOctetsMax), '\n',
        [self](const ErrorCode& fault, std::size_t octets) { self->on_line(fault, octets); });
  }

  void turn_away() {
    cursor_ = nullptr;
    last_ = true;
    write(encode_end(ExitCode::kRefused, "too many clients; try again later\n"));
  }

  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
    timer_.cancel();
    cursor_ = nullptr;
  }

 private:
  void leave() {
    close();
    server_->clients.erase(shared_from_this());
  }

  void on_line(const ErrorCode& fault, std::size_t octets) {
    if (!server_->running) return;
    if (fault == asio::error::not_found) {  // the buffer is full and holds no newline
      last_ = true;
      write(encode_end(ExitCode::kUsage, "the request is longer than 4 MiB\n"));
      return;
    }
    if (fault) {
      leave();
      return;
    }
    const auto request = decode_request(std::string_view{input_}.substr(0, octets - 1));
    input_.erase(0, octets);
    if (!request) {
      write(encode_end(ExitCode::kUsage, request.error() + "\n"));
      return;
    }
    ApiAnswer answer = server_->handler(*request);
    exit_ = answer.exit;
    if (auto* cursor = std::get_if<ApiCursor>(&answer.body)) {
      cursor_ = std::move(*cursor);
      next_piece();
      return;
    }
    text_ = std::move(std::get<std::string>(answer.body));
    at_ = 0;
    cursor_ = [this](std::string& out) {
      out.append(text_, at_, kApiPieceOctets);
      at_ += kApiPieceOctets;
      return at_ < text_.size();
    };
    next_piece();
  }

  void next_piece() {
    std::string piece;
    bool more = true;
    // Cursors that make a line at a time are asked until a piece is worth a write.
    while (more && piece.size() < kApiPieceOctets / 2) {
      const std::size_t before = piece.size();
      more = cursor_(piece);
      if (piece.size() == before) break;  // a turn of work without text: come back after the loop
    }
    if (more) {
      write(encode_piece(piece));
      return;
    }
    cursor_ = nullptr;
    text_ = std::string{};
    write(encode_end(exit_, piece));
  }

  void write(std::string line) {
    output_ = std::move(line);
    auto self = shared_from_this();
    timer_.expires_after(server_->options.write_timeout);
    timer_.async_wait([self](const ErrorCode& fault) {
      if (!fault) self->leave();
    });
    asio::async_write(socket_, asio::buffer(output_),
                      [self](const ErrorCode& fault, std::size_t) { self->on_written(fault); });
  }

  void on_written(const ErrorCode& fault) {
    if (!server_->running) return;
    timer_.cancel();
    if (fault || last_) {
      leave();
    } else if (cursor_) {
      next_piece();
    } else {
      read();
    }
  }

  std::shared_ptr<State> server_;
  Local::socket socket_;
  asio::steady_timer timer_;
  std::string input_;
  std::string output_;
  std::string text_;
  std::size_t at_ = 0;
  ApiCursor cursor_;
  ExitCode exit_ = ExitCode::kGood;
  bool last_ = false;  // the connection ends after what is being written
};

void ApiServer::State::accept() {
  auto self = shared_from_this();
  acceptor.async_accept([self](const ErrorCode& fault, Local::socket socket) {
    if (!self->running) return;
    if (!fault) {
      const auto client = std::make_shared<Client>(self, std::move(socket));
      const bool full = self->clients.size() >= self->options.clients_max;
      self->clients.insert(client);
      full ? client->turn_away() : client->read();
    }
    if (!fault) {
      self->accept();
      return;
    }
    // Out of descriptors or the like: the connection still waits, so not at once.
    self->retry.expires_after(kAcceptRetry);
    self->retry.async_wait([self](const ErrorCode& stopped) {
      if (!stopped && self->running) self->accept();
    });
  });
}

ApiServer::ApiServer(boost::asio::io_context& context, std::string path, Handler handler,
                     ApiServerOptions options)
    : path_(std::move(path)),
      state_(std::make_shared<State>(context, std::move(handler), options)) {}

ApiServer::~ApiServer() { stop(); }

Expected<void, std::string> ApiServer::start() {
  const auto descriptor = listen_at(path_);
  if (!descriptor) return unexpected(descriptor.error());
  ErrorCode fault;
  state_->acceptor.assign(Local{}, *descriptor, fault);
  if (fault) {
    ::close(*descriptor);
    return unexpected(path_ + ": " + fault.message());
  }
  state_->running = true;
  state_->accept();
  return {};
}

void ApiServer::stop() {
  if (!state_->running) return;
  state_->running = false;
  ErrorCode ignored;
  state_->acceptor.close(ignored);
  state_->retry.cancel();
  for (const auto& client : state_->clients) client->close();
  state_->clients.clear();
  ::unlink(path_.c_str());
}

std::size_t ApiServer::clients() const { return state_->clients.size(); }

}  // namespace perd
