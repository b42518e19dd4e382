// Goal: the socket file is made, taken and left as promised; several clients are served at once, a
// slow one hurts nobody, and long answers never stand in memory whole. Method: a server in its own
// thread and real clients in this one, on a socket in a temporary folder.
#include "api/api_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "api/api_client.h"

namespace perd {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kLongAnswerPieces = 2000;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "perd-api-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string socket() const { return (path_ / "run" / "perd.sock").string(); }
  [[nodiscard]] fs::path path() const { return path_; }

 private:
  fs::path path_;
};

// echo ARGS | long | fail | bytes
ApiAnswer answer(const ApiRequest& request, std::atomic<std::size_t>& produced) {
  if (request.args.empty()) return {ExitCode::kUsage, std::string{"say something\n"}};
  if (request.args[0] == "fail") return {ExitCode::kRefused, std::string{"no\n"}};
  if (request.args[0] == "big") return {ExitCode::kGood, std::string(1'000'000, 'x')};
  if (request.args[0] == "long") {
    std::size_t n = 0;
    return {ExitCode::kGood, ApiCursor{[n, &produced](std::string& out) mutable {
              out.append(1000, 'y');
              if (n % 100 == 50) out.clear();  // a turn of work without any text
              ++produced;
              return ++n < kLongAnswerPieces;
            }}};
  }
  std::string text;
  for (const std::string& arg : request.args) text += arg + " ";
  if (!request.files.empty()) text += request.files[0].text;
  return {ExitCode::kGood, text};
}

class ApiServerTest : public testing::Test {
 protected:
  void start(ApiServerOptions options = {}) {
    server_ = std::make_unique<ApiServer>(
        io_, folder_.socket(), [this](const ApiRequest& r) { return answer(r, produced_); },
        options);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] {
      server_->stop();
      guard_.reset();
    });
    thread_.join();
    EXPECT_FALSE(fs::exists(folder_.socket()));
  }
  ApiClient client() {
    auto c = ApiClient::connect(folder_.socket());
    EXPECT_TRUE(c) << c.error();
    return std::move(*c);
  }
  // Runs in the server's thread and waits for it.
  template <class F>
  auto in_server(F f) {
    std::promise<decltype(f())> result;
    boost::asio::post(io_, [&] { result.set_value(f()); });
    return result.get_future().get();
  }

  Folder folder_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      io_.get_executor()};
  std::atomic<std::size_t> produced_{0};
  std::unique_ptr<ApiServer> server_;
  std::thread thread_;
};

struct Heard {
  int exit = -1;
  std::string text;
};
Heard ask(ApiClient& c, ApiRequest request) {
  Heard heard;
  const auto exit = c.ask(request, [&](std::string_view text) { heard.text += text; });
  EXPECT_TRUE(exit) << exit.error();
  if (exit) heard.exit = *exit;
  return heard;
}

TEST_F(ApiServerTest, AnswersSeveralRequestsOfSeveralClients) {
  start();
  ApiClient a = client();
  ApiClient b = client();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(a, {.args = {"hello", std::to_string(i)}}).text,
              "hello " + std::to_string(i) + " ");
    EXPECT_EQ(ask(b, {.args = {"x"}, .json = false, .files = {{"f", "text\n"}}}).text, "x text\n");
  }
  const Heard refused = ask(a, {.args = {"fail"}});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_EQ(refused.text, "no\n");
  EXPECT_EQ(ask(b, {}).exit, 2);
  EXPECT_EQ(in_server([this] { return server_->clients(); }), 2U);
}

TEST_F(ApiServerTest, CutsLongAnswersIntoPieces) {
  start();
  ApiClient c = client();
  EXPECT_EQ(ask(c, {.args = {"big"}}).text, std::string(1'000'000, 'x'));
  const Heard heard = ask(c, {.args = {"long"}});
  EXPECT_EQ(heard.exit, 0);
  EXPECT_EQ(produced_, kLongAnswerPieces);
  EXPECT_GT(heard.text.size(), kLongAnswerPieces * 500);
  EXPECT_EQ(ask(c, {.args = {"again"}}).text, "again ");
}

int raw_connect(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  EXPECT_EQ(::connect(fd, generic, sizeof address), 0);
  return fd;
}

void raw_send(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

std::string raw_read_all(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t n = 1; n > 0;) {
    n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n > 0) out.append(buffer, static_cast<std::size_t>(n));
  }
  return out;
}

TEST_F(ApiServerTest, ASlowClientHoldsOnlyItsOwnAnswer) {
  start({.clients_max = 32, .write_timeout = std::chrono::minutes{10}});
  const int slow = raw_connect(folder_.socket());
  raw_send(slow, "{\"args\":[\"long\"]}\n");
  while (produced_ == 0) std::this_thread::yield();
  ApiClient quick = client();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask(quick, {.args = {"x"}}).exit, 0);
  // What the kernel's buffers do not take is not made.
  EXPECT_LT(produced_, kLongAnswerPieces);
  EXPECT_EQ(in_server([this] { return server_->clients(); }), 2U);
  ::close(slow);
}

TEST_F(ApiServerTest, AClientThatDoesNotReadIsDroppedInTheEnd) {
  start({.clients_max = 32, .write_timeout = std::chrono::milliseconds{50}});
  const int slow = raw_connect(folder_.socket());
  raw_send(slow, "{\"args\":[\"long\"]}\n");
  while (produced_ == 0) std::this_thread::yield();
  while (in_server([this] { return server_->clients(); }) != 0) std::this_thread::yield();
  EXPECT_LT(produced_, kLongAnswerPieces);
  EXPECT_THAT(raw_read_all(slow), testing::Not(HasSubstr("\"ok\"")));
  ::close(slow);
}

TEST_F(ApiServerTest, TurnsAwayWhoeverIsTooMany) {
  start({.clients_max = 1, .write_timeout = std::chrono::seconds{10}});
  ApiClient first = client();
  EXPECT_EQ(ask(first, {.args = {"x"}}).exit, 0);
  ApiClient second = client();
  const Heard heard = ask(second, {.args = {"x"}});
  EXPECT_EQ(heard.exit, 1);
  EXPECT_THAT(heard.text, HasSubstr("too many clients"));
  EXPECT_EQ(ask(first, {.args = {"x"}}).exit, 0);
}

TEST_F(ApiServerTest, FaultsOfTheFormAreAnswered) {
  start();
  const int fd = raw_connect(folder_.socket());
  raw_send(fd, "nonsense\n{\"args\":[\"x\"]}\n");
  ::shutdown(fd, SHUT_WR);
  const std::string heard = raw_read_all(fd);
  EXPECT_THAT(heard, HasSubstr("\"exit\":2,\"text\":\"not JSON"));
  EXPECT_THAT(heard, HasSubstr("\"text\":\"x \""));  // the next request is served all the same
  ::close(fd);
}

TEST_F(ApiServerTest, ARequestWithoutEndIsRefused) {
  start();
  const int fd = raw_connect(folder_.socket());
  raw_send(fd, std::string(kApiRequestOctetsMax + 1, 'x'));
  EXPECT_THAT(raw_read_all(fd), HasSubstr("longer than 4 MiB"));
  ::close(fd);
}

TEST_F(ApiServerTest, StoppingWhileAnAnswerIsUnderWay) {
  start();
  const int slow = raw_connect(folder_.socket());
  raw_send(slow, "{\"args\":[\"long\"]}\n");
  while (produced_ == 0) std::this_thread::yield();
  in_server([this] {
    server_->stop();
    return server_->clients();
  });
  EXPECT_FALSE(fs::exists(folder_.socket()));
  ::close(slow);
}

TEST_F(ApiServerTest, TheSocketIsForItsOwnerAndGroup) {
  start();
  struct stat info {};
  ASSERT_EQ(::stat(folder_.socket().c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
}

TEST_F(ApiServerTest, NeverTakesOverFromALivingDaemon) {
  start();
  boost::asio::io_context other_io;
  ApiServer other{other_io, folder_.socket(), [](const ApiRequest&) { return ApiAnswer{}; }};
  const auto started = other.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("another perd answers there"));
  ApiClient c = client();
  EXPECT_EQ(ask(c, {.args = {"x"}}).exit, 0);
}

TEST(ApiSocketFile, RemovesWhatADeadDaemonLeft) {
  const Folder folder;
  fs::create_directories(fs::path{folder.socket()}.parent_path());
  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, folder.socket().data(), folder.socket().size());
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  ASSERT_EQ(::bind(dead, generic, sizeof address), 0);
  ::close(dead);  // the file stays, as after a crash
  ASSERT_TRUE(fs::exists(folder.socket()));
  boost::asio::io_context io;
  ApiServer server{io, folder.socket(), [](const ApiRequest&) { return ApiAnswer{}; }};
  EXPECT_TRUE(server.start());
}

TEST(ApiSocketFile, RefusesWhatItCannotTake) {
  const Folder folder;
  boost::asio::io_context io;
  const auto fault = [&](const std::string& path) {
    ApiServer server{io, path, [](const ApiRequest&) { return ApiAnswer{}; }};
    const auto started = server.start();
    return started ? std::string{} : started.error();
  };
  const std::string file = (folder.path() / "file").string();
  std::ofstream{file} << "x";
  EXPECT_THAT(fault(file), HasSubstr("no socket"));
  EXPECT_TRUE(fs::exists(file));
  EXPECT_THAT(fault(file + "/perd.sock"), HasSubstr(file));
  EXPECT_THAT(fault("/" + std::string(107, 'a')), HasSubstr("too long"));
  EXPECT_THAT(fault(""), HasSubstr("too long"));
}

TEST(ApiClient, SaysWhichSocketNobodyAnswersAt) {
  const Folder folder;
  const auto c = ApiClient::connect(folder.socket());
  ASSERT_FALSE(c);
  EXPECT_THAT(c.error(), HasSubstr("no perd answers at " + folder.socket()));
  EXPECT_FALSE(ApiClient::connect(std::string(200, 'a')));
}

}  // namespace
}  // namespace perd
