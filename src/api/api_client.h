// perctl's end of the unix socket. Blocking, one request at a time; Ctrl-C is how to stop it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/api_protocol.h"
#include "perd/expected.h"

namespace perd {

class ApiClient {
 public:
  // The error says that nobody answers at the path, and why.
  [[nodiscard]] static Expected<ApiClient, std::string> connect(const std::string& path);

  ApiClient(ApiClient&& other) noexcept;
  ApiClient& operator=(ApiClient&& other) noexcept;
  ~ApiClient();

  // Hands the text over piece by piece; returns the exit code. The error: the daemon went away or
  // does not speak this protocol.
  [[nodiscard]] Expected<int, std::string> ask(
      const ApiRequest& request, const std::function<void(std::string_view)>& on_text);

 private:
  explicit ApiClient(int fd) : fd_(fd) {}
  [[nodiscard]] Expected<std::string, std::string> read_line();

  int fd_ = -1;
  std::string input_;
};

}  // namespace perd
