// Goal: a decoder perd's authors did not write reads what perd sends as perd means it. Method: what
// the encoder emits goes through text2pcap and tshark; its words are compared with the intent, and
// it must not find anything malformed. Missing tools fail the test: they are part of the test's
// setup.
#include <gmock/gmock.h>

#include <unistd.h>
#include <array>
#include <cstdio>
#include <filesystem>

#include "bgp/wire/wire_support.h"

namespace perd::wire::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string output_of(const std::string& command) {
  std::string out;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    out.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  if (status != 0) ADD_FAILURE() << command << " failed:\n" << out.substr(0, 2000);
  return out;
}

// All messages as the payload of one TCP segment to port 179, as tshark describes it.
std::string tshark(const Octets& stream) {
  namespace fs = std::filesystem;
  const fs::path folder =
      fs::path(testing::TempDir()) / ("perd-tshark-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string dump = (folder / "in.txt").string(), pcap = (folder / "out.pcap").string();
  {
    std::ofstream file(dump);
    file << "000000";
    for (const std::uint8_t o : stream) file << ' ' << to_hex(Octets{o});
    file << '\n';
  }
  (void)output_of("text2pcap -q -T 50000,179 " + dump + " " + pcap + " 2>&1");
  const std::string text = output_of("tshark -r " + pcap + " -V 2>&1");
  fs::remove_all(folder);
  return text;
}

PathAttributes fabric_attributes() {
  PathAttributes a;
  a.origin = Origin::kIncomplete;
  a.has_as_path = true;
  a.as_path.prepend(Asn{4200000001});
  a.as_path.prepend(Asn{64512});
  a.next_hop = ip("192.0.2.2");
  a.med = 77;
  a.communities = {64512U << 16 | 5};
  a.large_communities = {{64512, 1, 2}};
  a.extended_communities = {make_encapsulation(kEncapsulationVxlan),
                            make_route_target_as2(64512, 100),
                            make_router_mac(*parse_mac("aa:bb:cc:00:02:64"))};
  return a;
}

Octets everything_perd_sends() {
  const CodecContext context = ebgp_context();
  Octets out;
  Open open;
  open.asn = Asn{4200000001};
  open.hold_time_seconds = 9;
  open.id = *parse_router_id("10.0.0.7");
  open.capabilities.multiprotocol = {{1, 1}, {2, 1}, {25, 70}};
  open.capabilities.route_refresh = open.capabilities.extended_message = true;
  open.capabilities.four_octet_as = open.asn;
  open.capabilities.graceful_restart =
      GracefulRestartCapability{false, true, 120, {{25, 70, true}}};
  encode_open(open, out);
  encode_keepalive(out);

  UpdateEncoder encoder(context, out);
  const RouteDistinguisher rd = *parse_rd("192.0.2.2:2");
  std::vector<EvpnNlri> routes(4);
  routes[0].key = EvpnKey::ip_prefix(rd, EthernetTag{}, prefix("192.168.10.0/24"));
  routes[0].data.label1 = Label{100};
  routes[1].key = EvpnKey::ip_prefix(rd, EthernetTag{}, prefix("fd00:110::/64"));
  routes[1].data.label1 = Label{100};
  routes[2].key.type = EvpnRouteType::kMacIp;
  routes[2].key.rd = rd;
  routes[2].key.mac = *parse_mac("02:00:00:00:00:22");
  routes[2].key.ip_bits = 32;
  routes[2].key.ip = ip("10.110.0.22").octets;
  routes[2].data.label1 = Label{110};
  routes[2].data.label2 = Label{100};
  routes[3].key.type = EvpnRouteType::kInclusiveMulticast;
  routes[3].key.rd = rd;
  routes[3].key.ip_bits = 32;
  routes[3].key.ip = ip("192.0.2.2").octets;
  encoder.announce(fabric_attributes(), routes);
  encoder.withdraw(routes);
  encoder.announce(fabric_attributes(), std::vector<PrefixNlri>{{prefix("192.0.2.2/32"), 0}},
                   Family::kIpv4Unicast);
  PathAttributes six = fabric_attributes();
  six.next_hop = ip("2001:db8::2");
  encoder.announce(six, std::vector<PrefixNlri>{{prefix("2001:db8:2::/48"), 0}},
                   Family::kIpv6Unicast);
  for (const Family family : kAllFamilies) encode_end_of_rib(family, out);
  encode_route_refresh({25, 0, 70}, out);
  encode_notification(make_cease(CeaseSubcode::kAdministrativeShutdown, "moving house"), out);
  return out;
}

TEST(ForeignDecoder, TsharkReadsWhatPerdMeans) {
  const std::string text = tshark(everything_perd_sends());
  EXPECT_THAT(text, Not(HasSubstr("Malformed")));
  EXPECT_THAT(text, Not(HasSubstr("Expert Info (Error")));
  for (const char* part : {"Type: OPEN Message (1)",
                           "My AS: 23456",
                           "AS Number: 4200000001",
                           "Hold Time: 9",
                           "BGP Identifier: 10.0.0.7",
                           "Type: KEEPALIVE Message (4)",
                           "Route Type: IP Prefix route (5)",
                           "IP prefix length: 24",
                           "IPv4 address: 192.168.10.0",
                           "IP prefix length: 64",
                           "IPv6 address: fd00:110::",
                           "Route Type: MAC Advertisement Route (2)",
                           "02:00:00:00:00:22",
                           "10.110.0.22",
                           "Route Type: Inclusive Multicast Route (3)",
                           "AS_PATH: 64512 4200000001",
                           "Multiple exit discriminator: 77",
                           "64512:100",
                           "VXLAN",
                           "aa:bb:cc:00:02:64",
                           "192.0.2.2/32",
                           "2001:db8:2::/48",
                           "2001:db8::2",
                           "64512:1:2",
                           "ROUTE-REFRESH",
                           "Cease",
                           "Administratively Shutdown",
                           "moving house"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace perd::wire::test
