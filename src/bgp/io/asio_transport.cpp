#include "bgp/io/asio_transport.h"

#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

namespace perd::io {
namespace {

bool is_accepted(ConnectionId id) { return id.value % 2 == 0; }

}  // namespace

AsioTransport::AsioTransport(boost::asio::io_context& context, Sink sink, std::size_t max_accepted)
    : context_(context),
      sink_(std::move(sink)),
      max_accepted_(max_accepted),
      read_buffer_(std::make_unique<std::array<std::uint8_t, kReadTurn>>()),
      listener_(
          context,
          [this](tcp::socket socket, const tcp::endpoint& remote) {
            accepted(std::move(socket), remote);
          },
          [this](const ListenFailed& failed) { emit(failed); }) {}

AsioTransport::~AsioTransport() {
  for (auto& [id, connection] : connections_) connection->abandon();
}

void AsioTransport::emit(const TransportEvent& event) { sink_(event); }

void AsioTransport::forget(ConnectionId id) {
  if (connections_.erase(id) != 0 && is_accepted(id)) --accepted_;
}

std::shared_ptr<Connection> AsioTransport::find(ConnectionId id) const {
  const auto it = connections_.find(id);
  return it == connections_.end() ? nullptr : it->second;
}

void AsioTransport::execute(TransportCommand&& command) {
  std::visit([this](auto& c) { run(c); }, command);
}

void AsioTransport::execute(std::vector<TransportCommand>& commands) {
  for (auto& command : commands) execute(std::move(command));
  commands.clear();
}

void AsioTransport::run(DialCommand& c) {
  auto connection = std::make_shared<Connection>(host(), tcp::socket(context_), c.connection);
  connections_[c.connection] = connection;
  connection->dial(c.remote, c.port, c.options);
}

void AsioTransport::run(AdoptAcceptedCommand& c) {
  const auto connection = find(c.connection);
  if (!connection || connection->adopt(c.options)) return;
  connection->close(false);
  boost::asio::post(context_, [this, id = c.connection, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) emit(ConnectionDown{id, "refused: it came over too many hops"});
  });
}

void AsioTransport::run(SendCommand& c) {
  if (const auto connection = find(c.connection)) connection->send(std::move(c.octets));
}

void AsioTransport::run(CloseConnectionCommand& c) {
  if (const auto connection = find(c.connection)) connection->close(c.after_flush);
}

void AsioTransport::run(ListenCommand& c) { listener_.apply(c); }

void AsioTransport::accepted(tcp::socket socket, const tcp::endpoint& remote) {
  ErrorCode error;
  const auto local = socket.local_endpoint(error);
  if (error) return;  // gone already
  if (accepted_ >= max_accepted_) {
    ++refused_;
    return;
  }
  const ConnectionId id{next_accepted_};
  next_accepted_ += 2;
  connections_[id] = std::make_shared<Connection>(host(), std::move(socket), id);
  ++accepted_;
  emit(
      Accepted{id, to_ip_address(local.address()), to_ip_address(remote.address()), remote.port()});
}

}  // namespace perd::io
