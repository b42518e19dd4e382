// Goal: what `show memory` says is what the structures say, a route costs what the design promises,
// and memory comes back when routes go. Method: golden text of made-up parts; a fabric at rest; a
// leaf with many routes, then without them.
#include "fixture.h"

namespace perd::status {
namespace {

class MemoryView : public StatusTest {
 protected:
  [[nodiscard]] static std::size_t octets(const MemoryParts& parts, const std::string& begin) {
    std::size_t sum = 0;
    for (const auto& p : parts) sum += p.name.starts_with(begin) ? p.octets : 0;
    return sum;
  }
  [[nodiscard]] static MemoryPart part(const MemoryParts& parts, const std::string& name) {
    for (const auto& p : parts) {
      if (p.name == name) return p;
    }
    ADD_FAILURE() << name;
    return {};
  }
  // The leaf originates this many networks in its VRF, as a configuration says.
  void networks(std::uint32_t count) {
    auto config = leaf().config();
    config.l3vnis[0].networks.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
      config.l3vnis[0].networks.push_back(
          IpPrefix::make(IpAddress::v4(0x2d000000U + (i << 6)), 26));
    }
    fabric_.world.reload(2, config);
    ASSERT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  }
};

TEST_F(MemoryView, GoldenText) {
  const MemoryParts parts{{"rib evpn routes", 1000, 24576},
                          {"rib evpn path extras", 0, 0},
                          {"adj-rib-out", 0, 512},
                          {"event log", 3, 700}};
  const ProcessMemory process{1U << 20, 40000, 9000};
  const auto shown = memory(parts, process);
  EXPECT_EQ(shown.text,
            "Structure        Entries  Octets  Octets/entry\n"
            "rib evpn routes  1000     24576   24.6\n"
            "adj-rib-out      0        512     -\n"
            "event log        3        700     233.3\n"
            "Accounted 25788 octets; heap used 40000, not accounted 14212, free 9000; "
            "resident 1048576\n");
  EXPECT_EQ(json::serialize(shown.json),
            "{\"structures\":["
            "{\"structure\":\"rib evpn routes\",\"entries\":1000,\"octets\":24576,"
            "\"octetsPerEntry\":2.4576E1},"
            "{\"structure\":\"rib evpn path extras\",\"entries\":0,\"octets\":0,"
            "\"octetsPerEntry\":null},"
            "{\"structure\":\"adj-rib-out\",\"entries\":0,\"octets\":512,"
            "\"octetsPerEntry\":null},"
            "{\"structure\":\"event log\",\"entries\":3,\"octets\":700,"
            "\"octetsPerEntry\":2.3333333333333334E2}],"
            "\"accountedOctets\":25788,\"heapUsedOctets\":40000,\"heapFreeOctets\":9000,"
            "\"unaccountedOctets\":14212,\"residentOctets\":1048576}");
}

TEST_F(MemoryView, MoreAccountedThanTheHeapHasIsNoNegativeNumber) {
  const auto shown = memory({{"x", 1, 100}}, {});
  EXPECT_EQ(shown.json.as_object().at("unaccountedOctets").to_number<int>(), 0);
}

TEST_F(MemoryView, TheSumIsThatOfTheStructures) {
  networks(2000);
  const auto parts = memory_parts(leaf());
  const auto& rib = leaf().rib();
  EXPECT_EQ(octets(parts, "rib evpn "), rib.evpn.memory());
  EXPECT_EQ(octets(parts, "rib ipv4unicast "), rib.ipv4.memory());
  EXPECT_EQ(octets(parts, "attribute "), rib.attributes.memory());
  EXPECT_EQ(octets(parts, "adj-rib-out"), leaf().exporter().memory());
  EXPECT_EQ(octets(parts, "kernel table "), leaf().fib().route_octets());
  EXPECT_EQ(
      octets(parts, "vrf ") + octets(parts, "evpn candidates") + octets(parts, "evpn memberships"),
      leaf().evpn().table_octets());
  EXPECT_EQ(part(parts, "rib evpn routes").entries, rib.evpn.routes());
  EXPECT_EQ(part(parts, "vrf vrf0 ipv4 prefixes").entries, 2002U);
  const auto shown = ask_json({"show", "memory"});
  const auto& o = shown.as_object();
  std::size_t sum = 0;
  for (const auto& s : o.at("structures").as_array()) {
    sum += s.as_object().at("octets").to_number<std::size_t>();
  }
  EXPECT_EQ(sum, total_octets(parts));
  EXPECT_EQ(o.at("accountedOctets").to_number<std::size_t>(), sum);
}

TEST_F(MemoryView, ARouteCostsWhatIsPromisedAndItsMemoryComesBack) {
  constexpr std::uint32_t kRoutes = 100'000;
  const std::size_t before = total_octets(memory_parts(leaf()));
  // Leaf 2 originates them, leaf 1 imports them: table, VRF and kernel side of a received route.
  networks(kRoutes);
  const Speaker& importer = fabric_.world.speaker(1);
  const auto parts = memory_parts(importer);
  const auto per_route = [&](const std::string& begin) {
    return static_cast<double>(octets(parts, begin)) / kRoutes;
  };
  EXPECT_GE(part(parts, "rib evpn routes").entries, kRoutes);
  EXPECT_LE(per_route("rib evpn "), 52.0);  // measured 49.7
  EXPECT_LE(per_route("vrf "), 24.0);       // measured 21.3
  EXPECT_LE(per_route("evpn memberships"), 5.0);
  EXPECT_LE(per_route("kernel table "), 24.0);
  EXPECT_LE(per_route("adj-rib-out"), 1.0);
  networks(0);
  const auto after = memory_parts(importer);
  EXPECT_LE(octets(after, "rib evpn "), 600'000U);  // one chunk of each kind is kept
  EXPECT_LE(octets(after, "vrf "), 4096U);
  EXPECT_LE(octets(after, "kernel table "), 8192U);
  EXPECT_LE(octets(after, "evpn memberships"), 32'768U);
  const auto left = memory_parts(leaf());
  EXPECT_LE(total_octets(left), before + 2'000'000) << memory(left, {}).text;
}

}  // namespace
}  // namespace perd::status
