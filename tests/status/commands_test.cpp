// Goal: every command of perctl reaches its view, and a wrong word gets an answer that helps.
// Method: command lines against exit codes and words that must be there.
#include "fixture.h"

namespace perd::status {
namespace {

struct Case {
  std::vector<std::string> words;
  int exit;
  const char* says;
};

class Commands : public StatusTest {
 protected:
  // Text and JSON have the same exit code; faults are an object of their own.
  void expect(std::span<const Case> cases) {
    for (const auto& c : cases) {
      std::string line;
      for (const auto& w : c.words) line += w + " ";
      SCOPED_TRACE(line);
      EXPECT_NE(ask(c.words, false, c.exit).find(c.says), std::string::npos)
          << ask(c.words, false, c.exit);
      const auto as_json = ask_json(c.words, c.exit);
      EXPECT_TRUE(as_json.is_object());
      if (c.exit != 0) {
        EXPECT_TRUE(as_json.as_object().contains("error"));
      }
    }
  }
};

TEST_F(Commands, ExitCodesAndWords) {
  const Case cases[] = {
      {{"show", "summary"}, 0, "local AS number 65002"},
      {{"show", "bgp", "summary"}, 0, "Neighbor"},
      {{"show", "neighbors"}, 0, "192.168.2.0"},
      {{"show", "neighbors", "192.168.2.0"}, 0, "remote AS 65000"},
      {{"show", "neighbors", "192.168.2.9"}, 1, "no neighbor 192.168.2.9"},
      {{"show", "neighbors", "x"}, 1, "no neighbor x"},
      {{"show", "evpn"}, 0, "Displayed 2 prefixes"},
      {{"show", "evpn", "routes", "type", "5"}, 0, "Displayed 2 prefixes"},
      {{"show", "bgp", "l2vpn", "evpn"}, 0, "Displayed 2 prefixes"},
      {{"show", "evpn", "type", "2"}, 0, "Displayed 0 prefixes"},
      {{"show", "evpn", "rd", "10.0.0.1:100"}, 0, "Displayed 1 prefixes"},
      {{"show", "evpn", "vni", "101"}, 0, "Displayed 0 prefixes"},
      {{"show", "evpn", "type", "x"}, 2, "route type expected"},
      {{"show", "evpn", "type", "0"}, 2, "route type expected"},
      {{"show", "evpn", "rd", "x"}, 2, "route distinguisher expected"},
      {{"show", "evpn", "vni", "99999999"}, 2, "VNI expected"},
      {{"show", "evpn", "type"}, 2, "usage"},
      {{"show", "evpn", "colour", "red"}, 2, "usage"},
      {{"show", "vrfs"}, 0, "vrf0"},
      {{"show", "vnis"}, 0, "vni100"},
      {{"show", "vteps"}, 0, "100.64.0.1"},
      {{"show", "kernel"}, 0, "in step"},
      {{"show", "memory"}, 0, "rib evpn routes"},
      {{"show", "events"}, 0, "session-up"},
      {{"show", "config"}, 0, "underlays"},
      {{"show", "version"}, 0, "perd "},
      {{"show", "routes", "vrf0"}, 0, "10.1.10.0/24"},
      {{"show", "routes", "vrf0", "10.1.10.0/24"}, 0, "imported from"},
      {{"show", "routes", "vrf0", "10.9.9.9"}, 1, "10.9.9.9/32 is not in VRF vrf0"},
      {{"show", "routes", "nope"}, 1, "no VRF is named nope"},
      {{"show", "routes", "vrf0", "x"}, 2, "prefix expected"},
      {{"explain", "route", "vrf0", "10.1.10.0/24"}, 0, "kernel: acked"},
      {{"teardown"}, 2, "not supported yet"},
      {{"show"}, 2, "usage"},
      {{"frobnicate"}, 2, "usage"},
      {{}, 2, "usage"},
  };
  expect(cases);
}

TEST_F(Commands, OfLayer2AndOfFrr) {
  const Case cases[] = {
      {{"show", "macs"}, 2, "usage"},
      {{"show", "macs", "x"}, 2, "VNI expected"},
      {{"show", "macs", "0"}, 2, "VNI expected"},
      {{"show", "macs", "100"}, 1, "no L2VNI 100"},
      {{"show", "neighs", "110"}, 1, "no L2VNI 110"},
      {{"show", "es"}, 0, "ESI"},
      {{"show", "vrf", "vni"}, 0, "L3-SVI"},
      {{"show", "evpn", "vni"}, 0, "# MACs"},
      {{"show", "evpn", "vni", "100"}, 0, "Router MAC: "},
      {{"show", "evpn", "vni", "0"}, 2, "VNI expected"},
      {{"show", "evpn", "route", "type", "prefix"}, 0, "Displayed 2 prefixes"},
      {{"show", "evpn", "mac", "vni", "all"}, 0, ""},
      {{"show", "evpn", "mac", "vni", "100"}, 1, "no L2VNI 100"},
      {{"show", "evpn", "arp-cache", "vni", "x"}, 2, "VNI or `all` expected"},
      {{"show", "evpn", "rmac", "vni", "all"}, 0, "#RMACs 1"},
      {{"show", "evpn", "next-hops", "vni", "100"}, 0, "100.64.0.1"},
      {{"show", "evpn", "next-hops", "vni", "110"}, 1, "no L3VNI 110"},
      {{"show", "bgp", "l2vpn", "evpn", "summary"}, 0, "Neighbor"},
      {{"show", "bgp", "l2vpn", "evpn", "route", "type", "macip"}, 0, "Displayed 0 prefixes"},
      {{"show", "bgp", "l2vpn", "evpn", "vni"}, 0, "Number of L3 VNIs: 1"},
      {{"show", "bgp", "l2vpn", "evpn", "vni", "100"}, 0, "Import Route Target:"},
      {{"show", "bgp", "l2vpn", "evpn", "vni", "x"}, 2, "VNI expected"},
      {{"show", "bgp", "l2vpn", "evpn", "vni", "7"}, 1, "no VNI 7"},
      {{"explain", "mac", "110"}, 2, "usage"},
      {{"explain", "mac", "110", "02:00:00:00:00:01"}, 1, "no L2VNI 110"},
  };
  expect(cases);
}

}  // namespace
}  // namespace perd::status
