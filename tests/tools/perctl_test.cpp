// Goal: perctl's exit codes, where its words go, and what it sends. Method: run_perctl() with
// string streams, against a server in a thread that says back what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "api/api_server.h"
#include "tools/perctl_app.h"

namespace perd {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// What the daemon would answer: the request itself; "no", "what" and "long" as their names say.
ApiAnswer say_back(const ApiRequest& request) {
  const std::string first = request.args.empty() ? "" : request.args[0];
  if (first == "no") return {ExitCode::kRefused, std::string{"refused\n"}};
  if (first == "what") return {ExitCode::kUsage, std::string{"usage: show ...\n"}};
  if (first == "long") {
    int n = 0;
    return {ExitCode::kUsage, ApiCursor{[n](std::string& out) mutable {
              out += std::string(kApiPieceOctets, 'x');
              return ++n < 3;
            }}};
  }
  std::string text;
  for (const std::string& arg : request.args) text += arg + "|";
  for (const ApiFile& file : request.files) {
    text += fs::path{file.name}.filename().string() + "=" + file.text;
  }
  return {ExitCode::kGood, text + (request.json ? "json\n" : "text\n")};
}

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

class PerctlTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "perctl-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (thread_.joinable()) {
      boost::asio::post(io_, [this] {
        server_.stop();
        guard_.reset();
      });
      thread_.join();
    }
    fs::remove_all(folder_);
  }
  void start_daemon() {
    const auto started = server_.start();
    ASSERT_TRUE(started) << started.error();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  Ran run(const std::vector<std::string>& args, const std::string& input = "") {
    std::istringstream in{input};
    std::ostringstream out;
    std::ostringstream err;
    PerctlWorld world{in, out, err, {}, socket(), 2};
    world.environment.hostname = "testhost";
    Ran ran;
    ran.exit = run_perctl(args, world);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name} << text;
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string socket() const { return (folder_ / "perd.sock").string(); }

  fs::path folder_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
      io_.get_executor()};
  // Made when the folder's name is known: members are initialised before SetUp().
  struct LazyServer {
    PerctlTest* test;
    std::unique_ptr<ApiServer> server;
    Expected<void, std::string> start() {
      server = std::make_unique<ApiServer>(test->io_, test->socket(), say_back);
      return server->start();
    }
    void stop() { server->stop(); }
  } server_{this, nullptr};
  std::thread thread_;
};

TEST_F(PerctlTest, HandsEveryWordToTheDaemon) {
  start_daemon();
  const Ran ran = run({"show", "evpn", "type", "5"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "show|evpn|type|5|text\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(run({"show", "macs", "100"}).out, "show|macs|100|text\n");
  EXPECT_EQ(run({"teardown"}).out, "teardown|text\n");
  EXPECT_EQ(run({"clear", "neighbor", "192.0.2.1", "soft", "in"}).out,
            "clear|neighbor|192.0.2.1|soft|in|text\n");
}

TEST_F(PerctlTest, AsksForJsonWhereverTheOptionStands) {
  start_daemon();
  EXPECT_EQ(run({"-o", "json", "show", "vrfs"}).out, "show|vrfs|json\n");
  EXPECT_EQ(run({"show", "vrfs", "-o", "json"}).out, "show|vrfs|json\n");
  EXPECT_EQ(run({"show", "vrfs", "--output=text"}).out, "show|vrfs|text\n");
}

TEST_F(PerctlTest, ExitCodesAreTheDaemons) {
  start_daemon();
  const Ran no = run({"no"});
  EXPECT_EQ(no.exit, 1);
  EXPECT_EQ(no.out, "refused\n");
  const Ran what = run({"what"});
  EXPECT_EQ(what.exit, 2);
  EXPECT_EQ(what.out, "");
  EXPECT_EQ(what.err, "usage: show ...\n");
  const Ran long_one = run({"long"});  // begun on standard output, it ends there
  EXPECT_EQ(long_one.exit, 2);
  EXPECT_EQ(long_one.out.size(), 3 * kApiPieceOctets);
}

TEST_F(PerctlTest, WithoutADaemonSaysWhichSocket) {
  const Ran ran = run({"show", "summary"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("no perd answers at " + socket()));
  EXPECT_THAT(run({"--socket", "/nowhere/x.sock", "show"}).err, HasSubstr("/nowhere/x.sock"));
}

TEST_F(PerctlTest, WrongCommandLines) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"-o", "xml", "show"},
      {"--nonsense", "show"},
      {"diff"},
      {"diff", "a", "b"},
      {"reload", "a", "b"},
      {"check"},
      {"check", "a", "b"},
      {"show", "--as2"},
      {"show", "--add-path"},
      {"show", "--families", "evpn"},
      std::vector<std::string>(kApiArgsMax + 1, "x"),
  };
  for (const auto& line : lines) {
    const Ran ran = run(line);
    EXPECT_EQ(ran.exit, 2) << testing::PrintToString(line);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err, "");
  }
}

TEST_F(PerctlTest, HelpIsGood) {
  const Ran ran = run({"--help"});
  EXPECT_EQ(ran.exit, 0);
  for (const char* word : {"show", "explain", "check", "diff", "reload", "clear", "decode",
                           "encode", "--watch", "PERD_SOCKET"}) {
    EXPECT_THAT(ran.out, HasSubstr(word));
  }
}

TEST_F(PerctlTest, FilesTravelByContent) {
  start_daemon();
  const std::string file = write("per.yaml", "node: {}\n");
  EXPECT_EQ(run({"reload", file}).out, "reload|" + file + "|per.yaml=node: {}\ntext\n");
  EXPECT_EQ(run({"reload"}).out, "reload|text\n");
  write("a.yaml", "a\n");
  write("other.txt", "ignored");
  EXPECT_EQ(run({"diff", folder_.string()}).out,
            "diff|" + folder_.string() + "|a.yaml=a\nper.yaml=node: {}\ntext\n");
  const Ran missing = run({"diff", (folder_ / "none").string()});
  EXPECT_EQ(missing.exit, 1);
  EXPECT_THAT(missing.err, HasSubstr("none: No such file or directory"));
}

TEST_F(PerctlTest, WatchAsksAgainOnAClearScreen) {
  start_daemon();
  const Ran ran = run({"show", "vrfs", "--watch"});
  const std::string once = "\x1b[H\x1b[2Jshow|vrfs|text\n";
  EXPECT_EQ(ran.out, once + once);
  EXPECT_EQ(run({"what", "--watch"}).err, "usage: show ...\n");  // no sense in asking again
}

TEST_F(PerctlTest, WatchOutlivesTheDaemon) {
  const Ran ran = run({"show", "vrfs", "--watch"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.err.find("no perd"), ran.err.rfind("no perd", ran.err.size() / 2));
  EXPECT_NE(ran.err.find("no perd", ran.err.size() / 2), std::string::npos);
}

TEST_F(PerctlTest, CheckTellsEveryFault) {
  const std::string bad = write("bad.yaml", "underlays:\n  - asn: 0\nnodes: 1\n");
  const Ran ran = run({"check", bad});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, bad +
                         ":2:10: underlays[0].asn: expected a number from 1 to 4294967295, found "
                         "'0'\n" +
                         bad + ":3:1: nodes: unknown key; did you mean 'node'?\n");
  const Ran as_json = run({"check", bad, "-o", "json"});
  EXPECT_EQ(as_json.exit, 1);
  const auto value = boost::json::parse(as_json.out);
  EXPECT_FALSE(value.at("ok").as_bool());
  ASSERT_EQ(value.at("errors").as_array().size(), 2U);
  EXPECT_EQ(value.at("errors").at(0).at("path").as_string(), "underlays[0].asn");
  EXPECT_EQ(value.at("errors").at(0).at("line").as_int64(), 2);
  EXPECT_EQ(value.at("errors").at(0).at("column").as_int64(), 10);
}

TEST_F(PerctlTest, CheckOfAGoodFile) {
  const std::string good = write("good.yaml", "underlays:\n  - asn: 64514\n");
  const Ran ran = run({"check", good});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, good + ": good\n");
  EXPECT_EQ(run({"check", good, "-o", "json"}).out, "{\"ok\":true,\"errors\":[]}\n");
}

#ifdef PERD_HAS_MESSAGE_JSON
TEST_F(PerctlTest, DecodesAndEncodesWithoutADaemon) {
  const std::string keepalive(32, 'f');
  const Ran decoded = run({"decode", keepalive + "001304"});
  EXPECT_EQ(decoded.exit, 0);
  EXPECT_THAT(decoded.out, HasSubstr("keepalive"));
  EXPECT_EQ(run({"decode"}, keepalive + "001304\n").out, decoded.out);
  const Ran encoded = run({"encode"}, decoded.out);
  EXPECT_EQ(encoded.exit, 0) << encoded.err;
  EXPECT_EQ(encoded.out, keepalive + "001304\n");
  EXPECT_EQ(run({"decode", keepalive + "001309"}).exit, 2);  // no such type
  EXPECT_EQ(run({"decode", "xyz"}).exit, 2);
  EXPECT_EQ(run({"encode", "{}"}).exit, 2);
  EXPECT_EQ(run({"encode", "{}", "--families", "evpn,ipv5"}).exit, 2);
  EXPECT_EQ(run({"decode", "--families", "ipv4,ipv5", keepalive + "001304"}).exit, 2);
  EXPECT_EQ(
      run({"decode", "--families", "ipv4,ipv6,evpn", "--add-path", "--as2", keepalive + "001304"})
          .exit,
      0);
}
#endif

}  // namespace
}  // namespace perd
