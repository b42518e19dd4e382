// The daemon's end of the unix socket: takes requests of several clients, gives each to the
// handler, and writes the answers as fast as each client reads them.
//
// Owns the socket file: creates its directory, removes what a dead daemon left, never takes over
// from a living one, removes it when stopped. Mode 0660, group `perd` if there is one. A client
// costs at most one request (kApiRequestOctetsMax), one piece of an answer and a cursor; one that
// does not read for `write_timeout` is dropped, and above `clients_max` new ones are turned away.
// Nothing here waits, and nothing is done for a client between two turns of the loop but one piece.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/api_protocol.h"
#include "perd/expected.h"

namespace perd {

struct ApiServerOptions {
  std::size_t clients_max = 32;
  std::chrono::milliseconds write_timeout{30'000};
};

class ApiServer {
 public:
  using Handler = std::function<ApiAnswer(const ApiRequest&)>;

  ApiServer(boost::asio::io_context& context, std::string path, Handler handler,
            ApiServerOptions options = {});
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  ~ApiServer();

  // Binds and listens. The error names the path and the reason.
  [[nodiscard]] Expected<void, std::string> start();
  // Closes everything, removes the socket file. Also done by the destructor.
  void stop();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t clients() const;

 private:
  struct State;
  std::string path_;
  std::shared_ptr<State> state_;
};

}  // namespace perd
