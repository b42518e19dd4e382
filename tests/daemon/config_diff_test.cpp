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

}  // namespace
}  // namespace perd
