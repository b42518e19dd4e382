// Goal: what the case files cannot show: the environment, secrets, paths on disk, limits, files of
// hostile form, and that print and load are each other's inverse for any configuration. Method:
// texts in memory, a temporary folder, seeded random configurations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config_load.h"
#include "config/config_print.h"
#include "config/node_addresses.h"
#include "config/object_reader.h"
#include "perd/random.h"

namespace perd {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kUnderlay[] =
    "underlays:\n"
    "  - asn: 64514\n"
    "    neighbors:\n"
    "      - {address: 192.0.2.1, asn: 64512, password: s3cret}\n";

std::vector<std::string> errors_of(const ConfigResult& result) {
  std::vector<std::string> out;
  if (result) return out;
  for (const ConfigError& error : result.error()) out.push_back(to_string(error));
  return out;
}

ConfigResult load(const std::string& text, const ConfigOptions& options = {}) {
  return load_config({{"f", text}}, options);
}

TEST(Loader, TheEnvironmentWins) {
  ConfigOptions options;
  options.environment.hostname = "host";
  const std::string text = kUnderlay;
  EXPECT_EQ(load(text, options)->node.name, "host");
  EXPECT_EQ(load(text + "node: {name: file, index: 4}\n", options)->node.name, "file");
  options.environment.node_name = "pod-node";
  options.environment.node_index = "7";
  const auto loaded = load(text + "node: {name: file, index: 4}\n", options);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->node, (NodeConfig{"pod-node", 7}));
  EXPECT_EQ(to_string(loaded->underlay->router_id), "10.0.0.8");
}

TEST(Loader, AWrongEnvironmentIsTold) {
  for (const char* index : {"", "x", "-1", "1x", "4294967295", "99999999999"}) {
    ConfigOptions options;
    options.environment.node_index = index;
    EXPECT_THAT(errors_of(load(kUnderlay, options)),
                ElementsAre("PERD_NODE_INDEX: expected a number from 0 to 4294967294, found '" +
                            std::string{index} + "'"));
  }
  ConfigOptions options;
  options.environment.node_name = "two\nlines";
  EXPECT_THAT(errors_of(load(kUnderlay, options)),
              ElementsAre("PERD_NODE_NAME: expected one line of text, 1 to 253 octets, found "
                          "'two?lines'"));
  options.environment.node_name.reset();
  EXPECT_EQ(load(kUnderlay, options)->node.name, "localhost");  // a host without a name
}

TEST(Loader, ARedactedPasswordMeansTheKnownOne) {
  const auto loaded = load(kUnderlay);
  ASSERT_TRUE(loaded);
  const std::string printed = print_config(*loaded);
  EXPECT_THAT(printed, Not(HasSubstr("s3cret")));
  ConfigOptions options;
  options.refuse_redacted = true;
  EXPECT_THAT(errors_of(load(printed, options)), ElementsAre(HasSubstr("was not printed")));
  options.known_password = [](const IpAddress& neighbor) -> std::optional<std::string> {
    if (to_string(neighbor) != "192.0.2.1") return std::nullopt;
    return "s3cret";
  };
  const auto again = load(printed, options);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *loaded);
  EXPECT_EQ(load(printed)->underlay->neighbors[0].password, kRedactedPassword);
}

TEST(Loader, NoMessageHoldsAPassword) {
  for (const char* password : {"\"hidden text\"", "[hidden]", "{hidden: 1}"}) {
    const auto errors =
        errors_of(load("underlays: [{asn: 1, neighbors: [{address: 192.0.2.1, "
                       "asn: 2, password: " +
                       std::string{password} + "}]}]\n"));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0], Not(HasSubstr("hidden")));
  }
}

TEST(Loader, SecretsComeFromTheirFiles) {
  ConfigOptions options;
  options.read_secret = [](const std::string& path) -> Expected<std::string, std::string> {
    return "of" + path.substr(1) + "\r\n";
  };
  const std::string text =
      "underlays: [{asn: 1, neighbors: [{address: 192.0.2.1, asn: 2, passwordFile: /x}]}]\n";
  EXPECT_EQ(load(text, options)->underlay->neighbors[0].password, "ofx");
  EXPECT_EQ(load(text)->underlay->neighbors[0].password, "");  // nobody to read it
}

TEST(Loader, RemoteAsnOfEachType) {
  const auto loaded = load(
      "underlays: [{asn: 64514, neighbors: [{address: 192.0.2.1, type: Internal}, "
      "{address: 192.0.2.2, type: External}, {address: 192.0.2.3, asn: 64514}]}]\n");
  ASSERT_TRUE(loaded);
  const auto& neighbors = loaded->underlay->neighbors;
  EXPECT_EQ(neighbors[0].asn, Asn{64514});
  EXPECT_EQ(neighbors[0].allow_as_in, AllowAsIn{});
  EXPECT_EQ(neighbors[1].asn, Asn{0});
  EXPECT_EQ(neighbors[1].allow_as_in, (AllowAsIn{3, false}));
  EXPECT_EQ(neighbors[2].allow_as_in, AllowAsIn{});
}

// ---- paths --------------------------------------------------------------------------------------

class LoaderPaths : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "perd-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name} << text;
    return (folder_ / name).string();
  }
  fs::path folder_;
};

TEST_F(LoaderPaths, AFileWithItsSecret) {
  const std::string secret = write("tor", "abc\n");
  const std::string file = write(
      "per.yaml", "underlays: [{asn: 1, neighbors: [{address: 192.0.2.1, asn: 2, passwordFile: " +
                      secret + "}]}]\n");
  const auto loaded = load_config(file, {});
  ASSERT_TRUE(loaded) << errors_of(loaded)[0];
  EXPECT_EQ(loaded->underlay->neighbors[0].password, "abc");
}

TEST_F(LoaderPaths, ADirectoryInNameOrder) {
  write("b.yaml", "l3vnis: [{vrf: blue, vni: 2}]\n");
  write("a.yaml", "l3vnis: [{vrf: red, vni: 1}]\n");
  write("c.yaml", "underlays: [{asn: 1, tunnelEndpoint: {addresses: [192.0.2.1]}}]\n");
  write("not.yml", "][");
  write(".hidden.yaml", "][");
  const auto loaded = load_config(folder_.string(), {});
  ASSERT_TRUE(loaded) << errors_of(loaded)[0];
  ASSERT_EQ(loaded->l3vnis.size(), 2U);
  EXPECT_EQ(loaded->l3vnis[0].vrf, "red");
  EXPECT_EQ(loaded->l3vnis[1].vrf, "blue");
  const auto texts = read_config_texts(folder_.string());
  ASSERT_TRUE(texts);
  ASSERT_EQ(texts->size(), 3U);
  EXPECT_EQ((*texts)[0].name, (folder_ / "a.yaml").string());
}

TEST_F(LoaderPaths, WhatCannotBeReadIsTold) {
  EXPECT_THAT(errors_of(load_config((folder_ / "none.yaml").string(), {})),
              ElementsAre(HasSubstr("none.yaml: No such file or directory")));
  EXPECT_THAT(errors_of(load_config(folder_.string(), {})),
              ElementsAre(HasSubstr("no *.yaml in this directory")));
  // An unreadable file hides an underlay, perhaps; the faults of the others are told.
  fs::create_directory(folder_ / "a.yaml");
  write("b.yaml", "l3vnis: [{vrf: red, vni: 0}]\n");
  EXPECT_THAT(errors_of(load_config(folder_.string(), {})),
              ElementsAre(HasSubstr("a.yaml: is a directory"), HasSubstr("l3vnis[0].vni")));
  EXPECT_FALSE(read_config_texts(folder_.string()));
  EXPECT_FALSE(read_secret_file((folder_ / "none").string()));
  EXPECT_EQ(read_secret_file(write("long", std::string(5000, 'x'))).error(), "longer than 4 KiB");
}

// ---- limits and hostile forms -------------------------------------------------------------------

TEST(LoaderLimits, DeepNestingIsRefused) {
  EXPECT_THAT(errors_of(load(std::string(5000, '['))), ElementsAre(HasSubstr("64 levels")));
  std::string text = "node: ";
  for (int i = 0; i < 5000; ++i) text += "{a: ";
  EXPECT_THAT(errors_of(load(text)), ElementsAre(HasSubstr("64 levels")));
}

TEST(LoaderLimits, AliasesDoNotExplode) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(errors_of(load(text)), ElementsAre(HasSubstr("1000000 values")));
}

TEST(LoaderLimits, AnAliasInsideItsOwnAnchorIsRefused) {
  EXPECT_THAT(errors_of(load("node: &n {name: *n}\n")), ElementsAre(HasSubstr("own anchor")));
  EXPECT_THAT(errors_of(load("node: *n\n")), ElementsAre(HasSubstr("not YAML")));
}

TEST(LoaderLimits, ListsAndFilesHaveALength) {
  std::string neighbors = "underlays:\n  - asn: 1\n    neighbors:\n";
  for (int i = 0; i <= 1024; ++i) neighbors += "      - x\n";
  EXPECT_THAT(errors_of(load(neighbors)), ElementsAre(HasSubstr("at most 1024, found 1025")));
  EXPECT_THAT(errors_of(load(std::string((16U << 20) + 1, ' '))),
              ElementsAre("f: longer than 16 MiB"));
  std::string documents;
  for (int i = 0; i <= 10001; ++i) documents += "--- {}\n";
  EXPECT_THAT(errors_of(load(documents)), ElementsAre("f: more than 10000 documents"));
}

TEST(LoaderLimits, FourThousandL3Vnis) {
  const auto text = [](int n) {
    std::string t = "underlays: [{asn: 1, tunnelEndpoint: {addresses: [192.0.2.1]}}]\nl3vnis:\n";
    for (int i = 1; i <= n; ++i) {
      t += "  - {vrf: r" + std::to_string(i) + ", vni: " + std::to_string(i) + "}\n";
    }
    return t;
  };
  const auto loaded = load(text(4096));
  ASSERT_TRUE(loaded) << errors_of(loaded)[0];
  EXPECT_EQ(loaded->l3vnis.size(), 4096U);
  EXPECT_EQ(*load(print_config(*loaded)), *loaded);
  EXPECT_THAT(errors_of(load(text(4097))), ElementsAre(HasSubstr("at most 4096")));
}

TEST(LoaderLimits, FourThousandL2VnisOfOneRoutingDomain) {
  const auto text = [](int n) {
    std::string t =
        "underlays: [{asn: 1, tunnelEndpoint: {addresses: [192.0.2.1]}}]\n"
        "l3vnis: [{vrf: red, vni: 9999}]\n"
        "l2vnis:\n";
    for (int i = 1; i <= n; ++i) {
      t += "  - {name: s" + std::to_string(i) + ", vni: " + std::to_string(i) +
           ", routingDomain: {type: L3VNI, l3vni: {name: red}}, gatewayIPs: [10." +
           std::to_string(i / 256) + "." + std::to_string(i % 256) + ".1/24]}\n";
    }
    return t;
  };
  const auto loaded = load(text(4096));
  ASSERT_TRUE(loaded) << errors_of(loaded)[0];
  EXPECT_EQ(loaded->l2vnis.size(), 4096U);
  EXPECT_EQ(*load(print_config(*loaded)), *loaded);
  EXPECT_THAT(errors_of(load(text(4097))), ElementsAre(HasSubstr("at most 4096")));
}

TEST(LoaderLimits, MessagesCutAndMaskWhatTheyQuote) {
  const auto errors = errors_of(
      load("log: {level: \"a\\tb" + std::string(100, 'c') + "\"}\n" + std::string{kUnderlay}));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], HasSubstr("found 'a?b" + std::string(37, 'c') + "...'"));
}

TEST(Suggestions, NearestName) {
  const std::string_view names[] = {"asn", "address", "passwordFile", "vni"};
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"ans", "asn"},
      {"asnn", "asn"},
      {"ASN", "asn"},
      {"adress", "address"},
      {"passwordfile", "passwordFile"},
      {"password_file", "passwordFile"},
      {"vnis", "vni"},
      {"zzz", ""},
      {"", ""},
      {"x", ""},
  };
  for (const auto& [word, want] : cases) EXPECT_EQ(config::nearest(word, names), want) << word;
}

TEST(NodeAddresses, Formulae) {
  struct Case {
    const char* cidr;
    std::uint64_t n;
    const char* want;  // "": none
  };
  const Case cases[] = {
      {"100.65.0.0/24", 0, "100.65.0.0"},
      {"100.65.0.0/24", 255, "100.65.0.255"},
      {"100.65.0.0/24", 256, ""},
      {"10.0.0.0/8", 65536, "10.1.0.0"},
      {"192.0.2.1/32", 0, "192.0.2.1"},
      {"192.0.2.1/32", 1, ""},
      {"0.0.0.0/0", 0xffffffff, "255.255.255.255"},
      {"0.0.0.0/0", 0x100000000, ""},
      {"fd00:65::/64", 258, "fd00:65::102"},
      {"fd00:65::/120", 256, ""},
      {"fd00:65::/32", 0xffffffff, "fd00:65::ffff:ffff"},
  };
  for (const Case& c : cases) {
    const auto address = config::address_number(*parse_prefix(c.cidr), c.n);
    EXPECT_EQ(address ? to_string(*address) : "", c.want) << c.cidr << " " << c.n;
  }
  EXPECT_EQ(to_string(*config::router_id(*parse_prefix("10.0.0.0/24"), 0)), "10.0.0.1");
  EXPECT_FALSE(config::router_id(*parse_prefix("10.0.0.0/24"), 255));
}

// ---- print and load -----------------------------------------------------------------------------

// Any configuration that the loader could have made.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  Config config() {
    Config c;
    c.node = {text(), static_cast<std::uint32_t>(random_.below(200))};
    c.log = {static_cast<LogLevel>(random_.below(5)), static_cast<LogFormat>(random_.below(2))};
    c.api_socket = "/" + text();
    c.bgp.listen = {address(), IpAddress::v4(0)};
    c.bgp.port = static_cast<std::uint16_t>(random_.below(65536));
    c.kernel = {flip(), static_cast<std::uint8_t>(5 + random_.below(251))};
    c.underlay = underlay();
    for (std::uint32_t i = 0; i < random_.below(4); ++i) c.l3vnis.push_back(l3vni(i));
    for (std::uint32_t i = 0; i < random_.below(4); ++i) c.l2vnis.push_back(l2vni(i, c.l3vnis));
    return c;
  }

 private:
  bool flip() { return random_.below(2) == 1; }
  std::uint32_t number() { return static_cast<std::uint32_t>(1 + random_.below(0xfffffffe)); }
  // Printable, with all that YAML could take for something else.
  std::string text() {
    constexpr std::string_view kLetters = "abcXYZ019 -_./:#'\"\\{}[],&*?|>%@!~=";
    std::string out(1, 'a');
    for (std::uint64_t i = random_.below(12); i > 0; --i) {
      out += kLetters[random_.below(kLetters.size())];
    }
    return flip() ? out : std::string{"no"};
  }
  IpAddress address(bool v4) {
    IpAddress a = IpAddress::v4(0xc0000200U + static_cast<std::uint32_t>(random_.below(250)) + 1);
    if (v4) return a;
    a = *parse_ip("2001:db8::");
    a.octets[15] = static_cast<std::uint8_t>(random_.below(256));
    a.octets[9] = static_cast<std::uint8_t>(random_.below(256));
    return a;
  }
  IpAddress address() { return address(flip()); }
  Asn asn() {
    Asn a{number()};
    return a == kAsTrans ? Asn{1} : a;
  }

  NeighborConfig neighbor(std::uint8_t index, Asn own) {
    NeighborConfig n;
    n.address = address();
    n.address.octets[2] = index;  // each its own
    n.asn = flip() ? Asn{0} : asn();
    n.port = static_cast<std::uint16_t>(1 + random_.below(65535));
    if (flip()) n.password = kRedactedPassword;
    n.keepalive_time_seconds = static_cast<std::uint16_t>(1 + random_.below(3));
    n.hold_time_seconds = static_cast<std::uint16_t>(3 + random_.below(1000));
    n.connect_time_seconds = static_cast<std::uint16_t>(1 + random_.below(65535));
    if (flip()) n.ebgp_multihop_ttl = static_cast<std::uint8_t>(1 + random_.below(255));
    if (n.ebgp_multihop_ttl == 0)
      n.ttl_security_hops = static_cast<std::uint8_t>(random_.below(255));
    n.families = {{Family::kEvpn, n.asn == own}};
    if (flip()) n.families.insert(n.families.begin(), {Family::kIpv6Unicast, false});
    if (flip()) n.description = text();
    if (flip()) n.local_asn = Asn{65000};
    if (flip()) n.source_address = address(n.address.is_v4());
    n.passive = flip();
    n.allow_as_in = flip() ? AllowAsIn{0, true}
                           : AllowAsIn{static_cast<std::uint8_t>(random_.below(11)), false};
    n.as_override = flip();
    if (flip()) n.maximum_prefixes = MaximumPrefixes{number(), 75, 86400};
    n.add_path_receive = flip();
    return n;
  }

  UnderlayConfig underlay() {
    UnderlayConfig u;
    u.asn = Asn{64514};
    u.router_id = RouterId{number()};
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      u.interfaces.push_back("eth" + std::to_string(i));
    }
    u.tunnel_addresses = {*parse_ip("100.65.0.7")};
    if (flip()) u.tunnel_addresses.push_back(*parse_ip("fd00:65::7"));
    if (flip()) u.networks = {IpPrefix::make(address(), 28)};
    u.multipath = static_cast<std::uint16_t>(1 + random_.below(256));
    u.transit = flip();
    if (flip()) u.cluster_id = RouterId{number()};
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      u.neighbors.push_back(neighbor(static_cast<std::uint8_t>(i), u.asn));
    }
    return u;
  }

  L3VniConfig l3vni(std::uint32_t index) {
    L3VniConfig v;
    v.vni = Vni{1000 + index};
    v.name = text() + std::to_string(index);
    v.vrf = (flip() ? "red" : "y") + std::to_string(index);
    v.vxlan_port = static_cast<std::uint16_t>(1 + random_.below(65535));
    v.vtep = *parse_ip("100.65.0.7");
    v.import_rts = {{.any_admin = true, .exact = {}, .number = number()},
                    {.any_admin = false, .exact = make_route_target_as4(asn(), 7), .number = 0}};
    v.import_rts[1].exact = make_route_target_ip(RouterId{number()}, 9);
    v.export_rts = {
        make_route_target_as2(static_cast<std::uint16_t>(random_.below(65536)), number())};
    v.asn = asn();
    if (flip())
      v.rd = RouteDistinguisher::of_ip(RouterId{number()}, static_cast<std::uint16_t>(index));
    if (flip()) v.table = TableId{1000 + index};
    if (flip()) v.router_mac = default_router_mac(address());
    if (flip()) v.interfaces = {"eth1" + std::to_string(index) + ".100"};
    v.redistribute = {flip(), flip(), flip()};
    if (flip()) v.networks = {IpPrefix::make(address(), 0), IpPrefix::make(address(), 30)};
    if (v.networks.size() == 2 && v.networks[0] == v.networks[1]) v.networks.pop_back();
    const IpAddress via = address();
    if (flip()) v.static_routes = {{IpPrefix::make(address(via.is_v4()), 24), via}};
    v.vrf_device = flip();
    return v;
  }

  L2VniConfig l2vni(std::uint32_t index, const std::vector<L3VniConfig>& l3vnis) {
    L2VniConfig v;
    v.vni = Vni{2000 + index};
    v.name = text() + std::to_string(index);
    v.vxlan_port = static_cast<std::uint16_t>(1 + random_.below(65535));
    v.vtep = *parse_ip("100.65.0.7");
    if (!l3vnis.empty() && flip()) v.l3vni = l3vnis[random_.below(l3vnis.size())].name;
    if (!v.l3vni.empty() && flip()) {  // apart, whatever the routing domain
      v.gateway_ips = {{IpAddress::v4(0x0a000001U + (index << 8U)), 24}};
      if (flip()) v.gateway_ips.push_back({address(false), 128});
      if (v.gateway_ips.size() == 2) v.gateway_ips[1].address.octets[5] = index & 0xffU;
    }
    v.gateway_mac_configured = flip();
    v.gateway_mac =
        v.gateway_mac_configured ? default_router_mac(address()) : default_gateway_mac(v.vni);
    v.host_master = static_cast<HostMaster>(random_.below(3));
    if (v.host_master == HostMaster::kExternal) v.host_bridge = "br" + std::to_string(index);
    v.import_rts = {{.any_admin = true, .exact = {}, .number = number()}};
    v.export_rts = {make_route_target_as4(asn(), 8), make_auto_route_target(asn(), v.vni)};
    if (v.export_rts[0] == v.export_rts[1]) v.export_rts.pop_back();
    if (flip())
      v.rd = RouteDistinguisher::of_ip(RouterId{number()}, static_cast<std::uint16_t>(100 + index));
    if (flip()) v.interfaces = {"eth2" + std::to_string(index)};
    if (flip()) v.mtu = static_cast<std::uint32_t>(1280 + random_.below(60000));
    v.neighbor_suppression = flip();
    return v;
  }

  Random random_;
};

TEST(PrintAndLoad, AreEachOthersInverse) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Config config = Maker{seed}.config();
    const std::string printed = print_config(config);
    const auto loaded = load(printed);
    ASSERT_TRUE(loaded) << errors_of(loaded)[0] << "\n" << printed;
    ASSERT_EQ(*loaded, config) << printed;
  }
}

}  // namespace
}  // namespace perd
