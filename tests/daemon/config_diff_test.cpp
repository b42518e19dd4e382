// Goal: `perctl diff` shows what differs and where, and nothing else. Method: small texts.
#include "daemon/config_diff.h"

#include <gtest/gtest.h>

namespace perd {
namespace {

TEST(DiffLines, SignsUnderTheirSection) {
  struct Case {
    const char *what, *from, *to, *want;
  };
  const Case cases[] = {
      {"equal", "a:\n  x: 1\n", "a:\n  x: 1\n", ""},
      {"changed", "a:\n  x: 1\n  y: 2\n", "a:\n  x: 3\n  y: 2\n", "a:\n-   x: 1\n+   x: 3\n"},
      {"added", "a:\n  x: 1\nb:\n", "a:\n  x: 1\nb:\n  z: 4\n", "b:\n+   z: 4\n"},
      {"removed", "a:\n  x: 1\n  y: 2\n", "a:\n  y: 2\n", "a:\n-   x: 1\n"},
      {"two sections", "a:\n  x: 1\nb:\n  x: 1\n", "a:\n  x: 2\nb:\n  x: 2\n",
       "a:\n-   x: 1\n+   x: 2\nb:\n-   x: 1\n+   x: 2\n"},
      {"a whole section", "a:\n  x: 1\n", "a:\n  x: 1\nb:\n  y: 1\n", "+ b:\n+   y: 1\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(diff_lines(c.from, c.to), c.want);
  }
}

TEST(DiffConfigs, APasswordIsNamedButNotShown) {
  Config a;
  a.underlay.emplace();
  a.underlay->asn = Asn{64512};
  NeighborConfig n;
  n.address = *parse_ip("192.0.2.1");
  n.asn = Asn{64513};
  n.password = "old-secret";
  a.underlay->neighbors = {n};
  Config b = a;
  EXPECT_EQ(diff_configs(a, b), "");
  b.underlay->neighbors[0].password = "new-secret";
  const auto text = diff_configs(a, b);
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
}

TEST(DiffConfigs, SaysWhatOfAnL2VniChanges) {
  Config a;
  a.underlay.emplace();
  L2VniConfig storage;
  storage.name = "storage";
  storage.vni = Vni{110};
  storage.gateway_mac = default_gateway_mac(storage.vni);
  a.l2vnis = {storage};
  Config b = a;
  EXPECT_EQ(diff_configs(a, b), "");
  b.l2vnis[0].l3vni = "red";
  b.l2vnis[0].gateway_ips = {*parse_interface_address("192.170.1.1/24")};
  b.l2vnis[0].host_master = HostMaster::kManaged;
  b.l2vnis[0].neighbor_suppression = false;
  EXPECT_EQ(diff_configs(a, b),
            "l2vnis:\n"
            "+   routingDomain: {type: L3VNI, l3vni: {name: red}}\n"
            "+   gatewayIPs: [192.170.1.1/24]\n"
            "+   hostMaster: {type: LinuxBridge, linuxBridge: {lifecycle: Managed}}\n"
            "-   neighborSuppression: true\n"
            "+   neighborSuppression: false\n");
  b.l2vnis.clear();
  const auto gone = diff_configs(a, b);
  EXPECT_NE(gone.find("- - name: storage\n"), std::string::npos) << gone;
}

}  // namespace
}  // namespace perd
