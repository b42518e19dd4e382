// Goal: perctl tells of a segment what the engine and the kernel have: where hosts are, why, and
// what the devices say; in text and JSON alike. Method: a simulated fabric with hosts that stand
// still, move and claim each other's place; segments by hand, since nothing originates them.
#include "segments.h"

namespace perd::status {
namespace {

class L2Views : public SegmentTest {};

const json::object* entry(const json::value& v, const char* list, const char* key,
                          const std::string& want) {
  for (const auto& item : v.as_object().at(list).as_array()) {
    if (item.as_object().at(key) == word(want)) return &item.as_object();
  }
  return nullptr;
}

TEST_F(L2Views, VnisOfBothLayers) {
  const auto v = ask_json({"show", "vnis"});
  const auto& list = v.as_object().at("vnis").as_array();
  ASSERT_EQ(list.size(), 2U);
  const auto* l3 = entry(v, "vnis", "type", "L3");
  const auto* l2 = entry(v, "vnis", "type", "L2");
  ASSERT_TRUE(l3 != nullptr && l2 != nullptr);
  EXPECT_EQ(l3->at("vni"), 100);
  EXPECT_EQ(l2->at("vni"), 200);
  EXPECT_EQ(l2->at("name"), word(sim::segment_name(0)));
  EXPECT_EQ(l2->at("vrf"), "vrf0");
  EXPECT_EQ(l2->at("state"), "Up");
  EXPECT_EQ(l2->at("problem"), "");
  EXPECT_EQ(l2->at("localMacs"), 1);
  EXPECT_EQ(l2->at("remoteMacs"), 1);
  EXPECT_EQ(l2->at("localNeighbors"), 2);
  EXPECT_EQ(l2->at("remoteNeighbors"), 2);
  EXPECT_EQ(l2->at("vxlan"), "vni200");
  EXPECT_EQ(l2->at("bridge"), "br-pe-200");
  EXPECT_EQ(l2->at("localVtep"), "100.64.0.2");
  EXPECT_EQ(json::serialize(l2->at("remoteVteps")), "[\"100.64.0.1\"]");
  EXPECT_TRUE(l2->at("suppression").as_bool());
  const auto text = ask({"show", "vnis"});
  EXPECT_NE(text.find("200  L2    vni200"), std::string::npos) << text;
}

TEST_F(L2Views, ADownSegmentSaysWhy) {
  fabric_.world.kernel(2).refuse = [](const KernelOp& op) -> std::optional<sim::SimRefusal> {
    if (!std::holds_alternative<LinkCreate>(op.what)) return std::nullopt;
    return sim::SimRefusal{95, "no such device here"};
  };
  fabric_.world.kernel(2).del_link("vni200");
  fabric_.world.run_for(std::chrono::seconds(2));
  const auto v = ask_json({"show", "vnis"});
  const auto* l2 = entry(v, "vnis", "type", "L2");
  ASSERT_NE(l2, nullptr);
  EXPECT_EQ(l2->at("state"), "Down");
  EXPECT_NE(l2->at("problem"), "");
  const auto text = ask({"explain", "mac", "200", mac(far_)});
  EXPECT_NE(text.find("--  mac-vrf: is not up"), std::string::npos) << text;
}

TEST_F(L2Views, MacsAreLocalAndRemote) {
  const auto v = ask_json({"show", "macs", "200"});
  EXPECT_EQ(v.as_object().at("vni"), 200);
  EXPECT_EQ(v.as_object().at("numMacs"), 2);
  const auto* far = entry(v, "macs", "mac", mac(far_));
  const auto* near = entry(v, "macs", "mac", mac(near_));
  ASSERT_TRUE(far != nullptr && near != nullptr);
  EXPECT_EQ(far->at("place"), "remote");
  EXPECT_EQ(json::serialize(far->at("vteps")), "[\"100.64.0.1\"]");
  EXPECT_EQ(far->at("kernelState"), "acked");
  EXPECT_EQ(near->at("place"), "local");
  EXPECT_EQ(near->at("port"), word(sim::port_name(0, false)));
  EXPECT_TRUE(near->at("kernelState").is_null());
  const auto text = ask({"show", "macs", "200"});
  EXPECT_NE(text.find(mac(far_) + " remote  100.64.0.1"), std::string::npos) << text;
  EXPECT_NE(text.find(mac(near_) + " local   " + sim::port_name(0, false)), std::string::npos)
      << text;
  EXPECT_NE(text.find("Displayed 2 entries"), std::string::npos) << text;
}

TEST_F(L2Views, NeighborsAreLocalAndRemote) {
  const auto v = ask_json({"show", "neighs", "200"});
  EXPECT_EQ(v.as_object().at("numNeighbors"), 4);
  const auto* far = entry(v, "neighbors", "address", address(far_));
  const auto* near = entry(v, "neighbors", "address", address(near_, 1));
  ASSERT_TRUE(far != nullptr && near != nullptr);
  EXPECT_EQ(far->at("mac"), word(mac(far_)));
  EXPECT_EQ(far->at("place"), "remote");
  EXPECT_EQ(far->at("vtep"), "100.64.0.1");
  EXPECT_EQ(far->at("kernelState"), "acked");
  EXPECT_EQ(near->at("place"), "local");
  EXPECT_EQ(near->at("vtep"), "");
  const auto text = ask({"show", "neighs", "200"});
  EXPECT_NE(text.find(address(far_)), std::string::npos) << text;
}

TEST_F(L2Views, ALongListComesByPages) {
  for (unsigned n = 0; n < 4500; ++n) {
    const MacAddress mac{
        {0x02, 0x01, 0, 0, static_cast<std::uint8_t>(n / 256), static_cast<std::uint8_t>(n % 256)}};
    fabric_.world.kernel(2).learn(sim::port_name(0, false), mac);
  }
  EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  auto a = answer(leaf(), std::vector<std::string>{"show", "macs", "200"}, true, clock());
  std::string text = a.text;
  unsigned pieces = 1;
  while (a.more(text)) ++pieces;
  EXPECT_EQ(pieces, 3U);
  boost::system::error_code error;
  const auto v = json::parse(text, error);
  ASSERT_FALSE(error);
  EXPECT_EQ(v.as_object().at("numMacs"), 4502);
  std::string last;
  for (const auto& m : v.as_object().at("macs").as_array()) {
    const std::string mac(m.as_object().at("mac").as_string());
    EXPECT_LT(last, mac);
    last = mac;
  }
}

TEST_F(L2Views, VtepsTellTheirVnisAndMacs) {
  const auto v = ask_json({"show", "vteps"});
  const auto* vtep = entry(v, "l2Vteps", "vtep", "100.64.0.1");
  ASSERT_NE(vtep, nullptr);
  EXPECT_EQ(json::serialize(vtep->at("vnis")), "[200]");
  EXPECT_EQ(vtep->at("macs"), 1);
  EXPECT_TRUE(vtep->at("reachable").as_bool());
  const auto* l3 = entry(v, "vteps", "vtep", "100.64.0.1");
  ASSERT_NE(l3, nullptr) << "the tunnels of VRFs stand beside";
  const auto text = ask({"show", "vteps"});
  EXPECT_NE(text.find("Layer 2 VTEP"), std::string::npos) << text;
}

TEST_F(L2Views, ExplainFollowsARemoteMacToTheKernel) {
  const auto v = ask_json({"explain", "mac", "200", mac(far_)});
  EXPECT_EQ(v.as_object().at("vni"), 200);
  EXPECT_EQ(v.as_object().at("mac"), word(mac(far_)));
  std::size_t neighbors = 0;
  for (const auto& s : v.as_object().at("steps").as_array()) {
    EXPECT_TRUE(s.as_object().at("good").as_bool()) << json::serialize(s);
    neighbors += s.as_object().at("step").as_string().starts_with("neighbor ") ? 1U : 0U;
  }
  EXPECT_EQ(neighbors, 2U);
  const auto text = ask({"explain", "mac", "200", mac(far_)});
  EXPECT_NE(text.find("frames go to 100.64.0.1"), std::string::npos) << text;
  EXPECT_NE(text.find("ok  kernel: acked, to 100.64.0.1"), std::string::npos) << text;
}

TEST_F(L2Views, ExplainNamesThePortOfALocalMac) {
  const auto text = ask({"explain", "mac", "200", mac(near_)});
  EXPECT_NE(text.find(" is " + sim::port_name(0, false)), std::string::npos) << text;
  EXPECT_NE(text.find("ok  kernel: the bridge's own entry"), std::string::npos) << text;
  EXPECT_EQ(text.find("  --  "), std::string::npos) << text;
  const auto nowhere = ask({"explain", "mac", "200", "02:00:00:00:99:99"});
  EXPECT_NE(nowhere.find("--  place: nowhere"), std::string::npos) << nowhere;
  EXPECT_NE(nowhere.find("--  kernel: perd has no entry for it"), std::string::npos) << nowhere;
  EXPECT_NE(ask({"explain", "mac", "200", "x"}, false, 2).find("MAC address expected"),
            std::string::npos);
}

TEST_F(L2Views, ARefusalOfTheKernelIsInTheExplanation) {
  fabric_.world.kernel(2).refuse = [](const KernelOp& op) -> std::optional<sim::SimRefusal> {
    if (!std::holds_alternative<FdbPut>(op.what)) return std::nullopt;
    return sim::SimRefusal{12, "no memory today"};
  };
  const auto h = hosts_.add(0);
  hosts_.arrive(h, 1);
  fabric_.world.run_for(std::chrono::seconds(2));
  const auto text = ask({"explain", "mac", "200", mac(h)});
  EXPECT_NE(text.find("--  kernel: refused"), std::string::npos) << text;
  EXPECT_NE(text.find("(errno 12)"), std::string::npos) << text;
  const auto v = ask_json({"show", "macs", "200"});
  const auto* m = entry(v, "macs", "mac", mac(h));
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->at("kernelState"), "refused");
}

TEST_F(L2Views, SummaryCountsHostsAndMoves) {
  const auto before = ask_json({"show", "summary"});
  const auto& o = before.as_object().at("layer2").as_object();
  EXPECT_EQ(o.at("macVrfsUp"), 1);
  EXPECT_EQ(o.at("macVrfsTotal"), 1);
  EXPECT_EQ(o.at("localMacs"), 1);
  EXPECT_EQ(o.at("remoteMacs"), 1);
  EXPECT_EQ(o.at("duplicateMacs"), 0);
  const auto moves = o.at("moves").to_number<int>();
  hosts_.arrive(far_, 2);
  EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  const auto after = ask_json({"show", "summary"});
  const auto& p = after.as_object().at("layer2").as_object();
  EXPECT_EQ(p.at("localMacs"), 2);
  EXPECT_EQ(p.at("remoteMacs"), 0);
  EXPECT_EQ(p.at("moves").to_number<int>(), moves + 1);
  EXPECT_NE(ask({"show", "summary"}).find("Segments 1/1 up, MACs 2 local 0 remote"),
            std::string::npos);
}

TEST_F(L2Views, ADuplicateIsShownUntilItIsCleared) {
  for (int i = 0; i < 8; ++i) {
    hosts_.arrive(far_, i % 2 == 0 ? 2 : 1);
    fabric_.world.run_for(std::chrono::milliseconds(500));
  }
  const auto v = ask_json({"show", "macs", "200"});
  const auto* m = entry(v, "macs", "mac", mac(far_));
  ASSERT_NE(m, nullptr);
  EXPECT_TRUE(m->at("duplicate").as_bool()) << json::serialize(*m);
  const auto text = ask({"explain", "mac", "200", mac(far_)});
  EXPECT_NE(text.find("--  duplicate: frozen after"), std::string::npos) << text;
  const auto id = *leaf().mac_vrf_ids().find(sim::segment_name(0));
  EXPECT_EQ(leaf().clear_duplicates(id, hosts_.host(far_).mac, fabric_.world.now()), 1U);
  EXPECT_TRUE(fabric_.world.settle(std::chrono::minutes(5)));
  const auto again = ask_json({"show", "macs", "200"});
  const auto* cleared = entry(again, "macs", "mac", mac(far_));
  ASSERT_NE(cleared, nullptr);
  EXPECT_FALSE(cleared->at("duplicate").as_bool());
}

TEST(EthernetSegments, OneLineEach) {
  evpn::EthernetSegmentView s;
  s.esi = *parse_esi("03:44:38:39:ff:ff:01:00:00:01");
  s.vteps = {*parse_ip("192.0.2.2"), *parse_ip("192.0.2.3")};
  s.macs = 7;
  evpn::EthernetSegmentView single = s;
  single.single_active = true;
  const auto shown = ethernet_segments({s, single});
  EXPECT_EQ(json::serialize(shown.json),
            R"({"segments":[{"esi":"03:44:38:39:ff:ff:01:00:00:01","mode":"all-active","macs":7,)"
            R"("vteps":["192.0.2.2","192.0.2.3"]},{"esi":"03:44:38:39:ff:ff:01:00:00:01",)"
            R"("mode":"single-active","macs":7,"vteps":["192.0.2.2","192.0.2.3"]}]})");
  EXPECT_NE(shown.text.find("all-active     7     192.0.2.2, 192.0.2.3"), std::string::npos)
      << shown.text;
}

}  // namespace
}  // namespace perd::status
