// Goal: who knows FRR finds its columns and its JSON keys. Method: heads and keys as FRR 8.4.4
// prints them, against a simulated fabric with a stretched segment. Left out of what FRR has:
// interface indexes, which no view knows; and `numRemoteVteps` of one VNI is a number, as newer
// releases have it.
#include <map>

#include "segments.h"
#include "status/frr_views.h"

namespace perd::status {
namespace {

class FrrViews : public SegmentTest {
 protected:
  // A line that begins with the words, spaces between them collapsed.
  static bool has_line(const std::string& text, const std::string& want) {
    return text.find(want + "\n") != std::string::npos;
  }
  static void expect_keys(const json::object& o, const std::vector<const char*>& keys) {
    for (const char* key : keys) EXPECT_TRUE(o.contains(key)) << key << " " << json::serialize(o);
  }
};

TEST_F(FrrViews, HeadsOfTheTables) {
  const std::map<std::vector<std::string>, const char*> heads = {
      {{"show", "bgp", "l2vpn", "evpn", "vni"},
       "  VNI        Type RD                    Import RT                 Export RT              "
       "   Tenant VRF"},
      {{"show", "evpn", "vni"},
       "VNI        Type VxLAN IF              # MACs   # ARPs   # Remote VTEPs  Tenant VRF"},
      {{"show", "vrf", "vni"},
       "VRF                                   VNI        VxLAN IF             L3-SVI             "
       "  State Rmac"},
      {{"show", "evpn", "mac", "vni", "200"},
       "MAC               Type   Flags Intf/Remote ES/VTEP            VLAN  Seq #'s"},
      {{"show", "evpn", "mac", "vni", "all"},
       "MAC               Type   Flags Intf/Remote ES/VTEP            VLAN  Seq #'s"},
      {{"show", "bgp", "l2vpn", "evpn"},
       "   Network          Next Hop            Metric LocPrf Weight Path"},
  };
  for (const auto& [words, head] : heads) {
    SCOPED_TRACE(head);
    EXPECT_TRUE(has_line(ask(words), head)) << ask(words);
  }
}

TEST_F(FrrViews, BgpVniLinesStandUnderTheirHeads) {
  const auto text = ask({"show", "bgp", "l2vpn", "evpn", "vni"});
  EXPECT_TRUE(has_line(text, "Number of L2 VNIs: 1")) << text;
  EXPECT_TRUE(
      has_line(text,
               "* 200        L2   10.0.0.2:200          *:200                     65002:200 "
               "                vrf0"))
      << text;
  EXPECT_TRUE(
      has_line(text,
               "* 100        L3   10.0.0.2:100          *:100                     65002:100 "
               "                vrf0"))
      << text;
  const auto v = ask_json({"show", "bgp", "l2vpn", "evpn", "vni"});
  expect_keys(v.as_object(), {"advertiseGatewayMacip", "advertiseSviMacIp", "advertiseAllVnis",
                              "flooding", "numVnis", "numL2Vnis", "numL3Vnis", "200", "100"});
  expect_keys(v.as_object().at("200").as_object(),
              {"vni", "type", "inKernel", "rd", "originatorIp", "mcastGroup",
               "advertiseGatewayMacip", "advertiseSviMacIp", "importRts", "exportRts"});
  const auto one = ask({"show", "bgp", "l2vpn", "evpn", "vni", "200"});
  for (const char* line :
       {"VNI: 200 (known to the kernel)", "  Type: L2", "  Tenant-Vrf: vrf0", "  RD: 10.0.0.2:200",
        "  Originator IP: 100.64.0.2", "  SVI interface : br-pe-200", "    65002:200"}) {
    EXPECT_TRUE(has_line(one, line)) << line << "\n" << one;
  }
  const auto l3 = ask({"show", "bgp", "l2vpn", "evpn", "vni", "100"});
  EXPECT_TRUE(has_line(l3, "  System-IP: 100.64.0.2")) << l3;
}

TEST_F(FrrViews, KeysOfEvpnVni) {
  const auto v = ask_json({"show", "evpn", "vni"});
  const auto& l2 = v.as_object().at("200").as_object();
  expect_keys(l2, {"vni", "type", "vxlanIf", "numMacs", "numArpNd", "numRemoteVteps", "tenantVrf",
                   "remoteVteps"});
  EXPECT_EQ(l2.at("numMacs"), 2);
  EXPECT_EQ(l2.at("numArpNd"), 4);
  EXPECT_EQ(json::serialize(l2.at("remoteVteps")), "[\"100.64.0.1\"]");
  const auto& l3 = v.as_object().at("100").as_object();
  expect_keys(l3, {"vni", "vxlanIf", "numMacs", "numArpNd", "numRemoteVteps", "type", "tenantVrf"});
  EXPECT_EQ(l3.at("numRemoteVteps"), "n/a");
}

TEST_F(FrrViews, OneVniTellsItselfAndItsRoutes) {
  const auto v = ask_json({"show", "evpn", "vni", "200"});
  const auto& l2 = v.as_object();
  expect_keys(l2, {"vni", "type", "vrf", "vxlanInterface", "sviInterface", "vtepIp", "mcastGroup",
                   "advertiseGatewayMacip", "advertiseSviMacip", "numMacs", "numArpNd",
                   "numRemoteVteps", "remoteVteps", "routes", "numRoutes"});
  // Of each leaf: one type 3, one type 2 of the MAC alone and one of each of its addresses.
  std::map<int, int> by_type;
  for (const auto& r : l2.at("routes").as_array()) {
    ++by_type[r.as_object().at("type").to_number<int>()];
  }
  EXPECT_EQ(by_type[2], 6);
  EXPECT_EQ(by_type[3], 2);
  EXPECT_EQ(by_type.size(), 2U);
  const auto text = ask({"show", "evpn", "vni", "200"});
  EXPECT_TRUE(has_line(text, "  100.64.0.1 flood: HER")) << text;
  EXPECT_NE(text.find("Displayed 8 prefixes"), std::string::npos) << text;
  const auto l3 = ask_json({"show", "evpn", "vni", "100"});
  expect_keys(l3.as_object(), {"vni", "type", "localVtepIp", "vxlanIntf", "sviIntf", "state", "vrf",
                               "sysMac", "routerMac", "vniFilter", "l2Vnis"});
  EXPECT_EQ(json::serialize(l3.as_object().at("l2Vnis")), "[200]");
}

TEST_F(FrrViews, TheFilterByTypeAndVni) {
  EXPECT_NE(ask({"show", "evpn", "type", "2", "vni", "200"}).find("Displayed 6 prefixes"),
            std::string::npos);
  EXPECT_NE(ask({"show", "evpn", "type", "3", "vni", "200"}).find("Displayed 2 prefixes"),
            std::string::npos);
  EXPECT_NE(ask({"show", "evpn", "type", "2", "vni", "100"}).find("Displayed 4 prefixes"),
            std::string::npos)
      << "the second label of a routed host's route counts";
  EXPECT_NE(ask({"show", "evpn", "type", "3", "vni", "201"}).find("Displayed 0 prefixes"),
            std::string::npos);
}

TEST_F(FrrViews, MacsAndNeighbors) {
  const auto v = ask_json({"show", "evpn", "mac", "vni", "200"});
  EXPECT_EQ(v.as_object().at("numMacs"), 2);
  const auto& far = v.as_object().at("macs").as_object().at(mac(far_)).as_object();
  expect_keys(far, {"type", "remoteVtep", "localSequence", "remoteSequence", "detectionCount",
                    "isDuplicate"});
  EXPECT_EQ(far.at("type"), "remote");
  const auto& near = v.as_object().at("macs").as_object().at(mac(near_)).as_object();
  expect_keys(near,
              {"type", "intf", "localSequence", "remoteSequence", "detectionCount", "isDuplicate"});
  EXPECT_EQ(near.at("intf"), word(sim::port_name(0, false)));
  const auto all = ask_json({"show", "evpn", "mac", "vni", "all"});
  EXPECT_EQ(all.as_object().at("200"), v);
  const auto n = ask_json({"show", "evpn", "arp-cache", "vni", "200"});
  EXPECT_EQ(n.as_object().at("numArpNd"), 4);
  expect_keys(n.as_object().at(address(far_)).as_object(),
              {"type", "state", "mac", "remoteVtep", "localSequence", "remoteSequence",
               "detectionCount", "isDuplicate"});
  EXPECT_EQ(ask_json({"show", "evpn", "arp-cache", "vni", "all"}).as_object().at("200"), n);
  EXPECT_TRUE(has_line(ask({"show", "evpn", "arp-cache", "vni", "200"}),
                       "VNI 200 #ARP (IPv4 and IPv6, local and remote) 4"));
}

TEST_F(FrrViews, RouterMacsAndNextHops) {
  const auto rmac = ask_json({"show", "evpn", "rmac", "vni", "all"});
  const auto& of = rmac.as_object().at("100").as_object();
  EXPECT_EQ(of.at("numRmacs"), 1);
  const auto hops = ask_json({"show", "evpn", "next-hops", "vni", "100"});
  EXPECT_EQ(hops.as_object().at("numNextHops"), 1);
  const auto& hop = hops.as_object().at("100.64.0.1").as_object();
  expect_keys(hop, {"nexthopIp", "routerMac"});
  const std::string mac(hop.at("routerMac").as_string());
  EXPECT_EQ(of.at(mac).as_object().at("vtepIp"), "100.64.0.1");
  const auto vrf = ask_json({"show", "vrf", "vni"});
  expect_keys(vrf.as_object().at("vrfs").as_array().at(0).as_object(),
              {"vrf", "vni", "vxlanIntf", "sviIntf", "state", "routerMac"});
}

TEST_F(FrrViews, RoutesInColumns) {
  const auto text = ask({"show", "bgp", "l2vpn", "evpn", "route", "type", "multicast"});
  EXPECT_TRUE(has_line(text, "Route Distinguisher: 10.0.0.2:200")) << text;
  EXPECT_NE(text.find("*> [3]:[0]:[32]:[100.64.0.2]\n"
                      "                    100.64.0.2                         32768 i\n"
                      "                    ET:8 RT:65002:200\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("*> [3]:[0]:[32]:[100.64.0.1]\n"
                "                    100.64.0.1                             0 65000 65001 i\n"),
      std::string::npos)
      << text;
}

TEST(FrrViewsWithoutSegments, EmptyListsAreWholeDocuments) {
  Speaker speaker(1);
  for (const bool as_json : {true, false}) {
    const std::vector<std::string> words = {"evpn", "mac", "vni", "all"};
    auto a = frr_answer(speaker, words, as_json);
    ASSERT_TRUE(a && a->more);
    std::string text = a->text;
    while (a->more(text)) {
    }
    EXPECT_EQ(text, as_json ? "{}\n" : "");
  }
  EXPECT_FALSE(frr_answer(speaker, std::vector<std::string>{"evpn", "es"}, false));
}

}  // namespace
}  // namespace perd::status
