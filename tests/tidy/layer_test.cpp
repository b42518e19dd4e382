// Goal: no layer includes what it must not know. Method: the tables of layers.cpp are first tried
// on single #include lines, then run over every file below include/ and src/.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tidy/layers.h"
#include "tidy/source_text.h"

namespace perd::tidy {
namespace {

TEST(Tree, KeepsItsLayers) {
  std::vector<Finding> all;
  for (const SourceFile& file : read_tree(PERD_SOURCE_DIR, {"include", "src"})) {
    const std::vector<Finding> found = check_includes(file);
    all.insert(all.end(), found.begin(), found.end());
  }
  EXPECT_TRUE(all.empty()) << to_text(all);
}

struct IncludeCase {
  const char* name;
  const char* path;
  const char* include;
  bool allowed;
};

class Includes : public testing::TestWithParam<IncludeCase> {};

TEST_P(Includes, AreJudged) {
  const auto& [name, path, include, allowed] = GetParam();
  const SourceFile file = parse(path, "#pragma once\n#include " + std::string(include) + "\n");
  const std::vector<Finding> found = check_includes(file);
  ASSERT_EQ(allowed ? 0U : 1U, found.size()) << to_text(found);
  if (!allowed) {
    EXPECT_EQ(2U, found[0].line);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Own, Includes,
    testing::Values(
        IncludeCase{"vocabulary", "src/bgp/wire/a.cpp", "\"perd/ip.h\"", true},
        IncludeCase{"vocabulary_up", "include/perd/a.h", "\"bgp/wire/header.h\"", false},
        IncludeCase{"itself", "src/bgp/wire/a.cpp", "\"bgp/wire/a.h\"", true},
        IncludeCase{"relative", "src/bgp/wire/a.cpp", "\"a.h\"", false},
        IncludeCase{"wire_up", "src/bgp/wire/a.cpp", "\"bgp/rib/route.h\"", false},
        IncludeCase{"session_wire", "src/bgp/session/a.cpp", "\"bgp/wire/open.h\"", true},
        IncludeCase{"session_rib", "src/bgp/session/a.cpp", "\"bgp/rib/route.h\"", false},
        IncludeCase{"rib_session", "src/bgp/rib/a.h", "\"bgp/session/peer.h\"", false},
        IncludeCase{"policy_route", "src/bgp/policy/a.cpp", "\"bgp/rib/route.h\"", true},
        IncludeCase{"policy_rib", "src/bgp/policy/a.cpp", "\"bgp/rib/loc_rib.h\"", false},
        IncludeCase{"evpn_rib", "src/evpn/a.cpp", "\"bgp/rib/decision.h\"", true},
        IncludeCase{"evpn_fib", "src/evpn/a.cpp", "\"fib/reconciler.h\"", false},
        IncludeCase{"evpn_session", "src/evpn/a.cpp", "\"bgp/session/peer.h\"", false},
        IncludeCase{"fib_evpn", "src/fib/a.cpp", "\"evpn/projector.h\"", false},
        IncludeCase{"netlink_fib", "src/netlink/a.cpp", "\"fib/link_table.h\"", false},
        IncludeCase{"io_wire", "src/bgp/io/a.cpp", "\"bgp/wire/header.h\"", false},
        IncludeCase{"core_all", "src/core/speaker.cpp", "\"evpn/projector.h\"", true},
        IncludeCase{"core_netlink", "src/core/speaker.cpp", "\"netlink/socket.h\"", false},
        IncludeCase{"core_io", "src/core/speaker.cpp", "\"bgp/io/listener.h\"", false},
        IncludeCase{"daemon_netlink", "src/daemon/daemon.cpp", "\"netlink/linux_kernel.h\"", true},
        IncludeCase{"daemon_itself", "src/daemon/daemon.cpp", "\"daemon/daemon.h\"", true},
        IncludeCase{"status_core", "src/status/a.cpp", "\"core/speaker.h\"", true},
        IncludeCase{"api_status", "src/api/a.cpp", "\"status/status.h\"", false},
        IncludeCase{"core_status", "src/core/a.cpp", "\"status/status.h\"", false},
        IncludeCase{"message_json_core", "src/tools/message_json/a.cpp", "\"core/speaker.h\"",
                    false},
        IncludeCase{"new_folder", "src/brand_new/a.cpp", "\"perd/ip.h\"", false}),
    [](const auto& sample) { return sample.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Libraries, Includes,
    testing::Values(
        IncludeCase{"standard", "src/bgp/wire/a.cpp", "<vector>", true},
        IncludeCase{"asio_in_io", "src/bgp/io/a.cpp", "<boost/asio/ip/tcp.hpp>", true},
        IncludeCase{"asio_in_daemon", "src/daemon/daemon.cpp", "<boost/asio.hpp>", true},
        IncludeCase{"asio_in_core", "src/core/a.cpp", "<boost/asio.hpp>", false},
        IncludeCase{"asio_in_session", "src/bgp/session/a.h", "<boost/asio.hpp>", false},
        IncludeCase{"json_in_tools", "src/tools/a.cpp", "<boost/json.hpp>", true},
        IncludeCase{"json_in_wire", "src/bgp/wire/a.cpp", "<boost/json/value.hpp>", false},
        IncludeCase{"flat_map", "src/bgp/rib/a.h", "<boost/unordered/unordered_flat_map.hpp>",
                    true},
        IncludeCase{"other_boost", "src/bgp/rib/a.h", "<boost/lexical_cast.hpp>", false},
        IncludeCase{"libnl", "src/netlink/a.cpp", "<netlink/netlink.h>", true},
        IncludeCase{"libnl_in_fib", "src/fib/a.cpp", "<netlink/netlink.h>", false},
        IncludeCase{"linux_in_fib", "src/fib/a.cpp", "<linux/rtnetlink.h>", false},
        IncludeCase{"yaml_in_loader", "src/config/config_load.cpp", "<yaml-cpp/yaml.h>", true},
        IncludeCase{"yaml_in_reader", "src/config/yaml_document.cpp", "<yaml-cpp/mark.h>", true},
        IncludeCase{"yaml_in_check", "src/config/config_check.cpp", "<yaml-cpp/yaml.h>", false},
        IncludeCase{"log_sink", "src/log/log_sink.cpp", "<spdlog/spdlog.h>", true},
        IncludeCase{"log_in_daemon", "src/daemon/daemon.cpp", "<spdlog/spdlog.h>", false},
        IncludeCase{"sockets_in_core", "src/core/a.cpp", "<sys/socket.h>", false},
        IncludeCase{"sockets_in_io", "src/bgp/io/a.cpp", "<sys/socket.h>", true},
        IncludeCase{"expected_once", "include/perd/expected.h", "<tl/expected.hpp>", true},
        IncludeCase{"expected_again", "include/perd/other.h", "<tl/expected.hpp>", false},
        IncludeCase{"unknown", "src/daemon/daemon.cpp", "<curl/curl.h>", false},
        IncludeCase{"test_library", "src/core/a.cpp", "<gtest/gtest.h>", false}),
    [](const auto& sample) { return sample.param.name; });

TEST(Layers, AreListedLowestFirst) {
  const std::vector<std::string> names = known_layers();
  EXPECT_EQ("include/perd", names.front());
  EXPECT_EQ("src/daemon", names.back());
}

}  // namespace
}  // namespace perd::tidy
