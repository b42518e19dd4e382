// Goal: what hosts say behind a port is heard although the bridge takes the frame, and only that;
// what perd sends leaves by the port as it should; the kernel answers for remote hosts from perd's
// entries. Method: veth pairs, a packet socket at the far end as the host.
#include <linux/neighbour.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "host_wire.h"
#include "kernel_lab.h"

namespace perd::netlink {
namespace {

constexpr std::uint8_t kOurs = 179;
const std::string kAll = "ffffffffffff ";
const std::string kHost = "020000000011 ";
const std::string kArp = "0806 0001 0800 06 04 ";
const std::string kGratuitous =
    kAll + kHost + kArp + "0001 020000000011 0a00000b 000000000000 0a00000b";
const std::string kAdvertisement =
    "333300000001 020000000011 86dd 60000000 0020 3a ff fd000000 0000 0000 0000 0000 0000 000b "
    "ff020000 0000 0000 0000 0000 0000 0001 8800 0000 a0000000 "
    "fd000000 0000 0000 0000 0000 0000 000b 0201 020000000011";

class Hosts : public KernelLab {
 protected:
  void SetUp() override {
    KernelLab::SetUp();
    if (IsSkipped()) return;
    start();
    sh("ip link add br0 type bridge && ip link add v0 type veth peer name v1 && "
       "ip link add v2 type veth peer name v3 && ip link set v0 master br0 && "
       "ip link set v2 master br0");
    for (const char* name : {"br0", "v1", "v3", "v0", "v2"}) {
      sh(std::string{"ip link set "} + name + " up");
    }
    wait_until_running(index_of("br0"));
  }
  int listen(const char* link, bool on = true) { return put(PortListen{index_of(link), on}); }
  // What is heard until as many frames came, or nothing comes any more.
  std::vector<HostPacket> hear(std::size_t count, int patience = 2000) {
    std::vector<HostPacket> out;
    while (out.size() < count && readable(kernel->packet_fd(), patience)) {
      heard.seen.clear();
      (void)kernel->on_packet_readable(heard);
      for (const auto& e : heard.seen) {
        if (const auto* h = std::get_if<HeardPacket>(&e)) out.push_back(h->packet);
      }
    }
    return out;
  }
  static HostPacket packet(const char* link, HostPacketKind kind, const char* address,
                           bool router = false) {
    HostPacket p;
    p.link = index_of(link);
    p.kind = kind;
    p.mac = mac("02:00:00:00:00:11");
    if (address != nullptr) p.address = ip(address);
    p.router = router;
    return p;
  }
};

TEST_F(Hosts, SayWhoTheyAreAndNothingElseIsHeard) {
  const HostWire host{"v1"};
  ASSERT_TRUE(host.ok());
  ASSERT_EQ(listen("v0"), 0);
  ASSERT_EQ(listen("v0"), 0) << "as often as one likes";
  const char* const kNoise[] = {
      "ffffffffffff 020000000011 88b5",
      "ffffffffffff 020000000011 0800 4500",
      // A tagged one belongs to another segment.
      "ffffffffffff 020000000011 8100 0064 0806 0001 0800 06 04 0001 020000000011 0a00000b "
      "000000000000 0a00000b",
      // An echo request, and an advertisement that crossed a router.
      "333300000001 020000000011 86dd 60000000 0020 3a ff fd000000 0000 0000 0000 0000 0000 000b "
      "ff020000 0000 0000 0000 0000 0000 0001 8000 0000 a0000000",
      "333300000001 020000000011 86dd 60000000 0020 3a fe fd000000 0000 0000 0000 0000 0000 000b "
      "ff020000 0000 0000 0000 0000 0000 0001 8800 0000 a0000000 "
      "fd000000 0000 0000 0000 0000 0000 000b 0201 020000000011",
  };
  const auto before = kernel->listener();
  for (const char* frame : kNoise) ASSERT_TRUE(host.send(frame));
  ASSERT_TRUE(host.send(kGratuitous));
  ASSERT_TRUE(host.send(kAdvertisement));
  ASSERT_TRUE(host.send(kAll + kHost +
                        "8035 0001 0800 06 04 0003 020000000011 00000000 "
                        "020000000011 00000000"));
  const auto said = hear(3);
  EXPECT_THAT(said,
              ::testing::ElementsAre(packet("v0", HostPacketKind::kAnnouncement, "10.0.0.11"),
                                     packet("v0", HostPacketKind::kAnnouncement, "fd00::b", true),
                                     packet("v0", HostPacketKind::kRarp, nullptr)));
  EXPECT_EQ(kernel->listener().ignored, before.ignored) << "the kernel lets it through";
  EXPECT_EQ(kernel->listener().malformed, before.malformed);
  // The bridge has learned the host from the same frames.
  EXPECT_TRUE(listen_until([](const Heard& h) {
    for (const auto& s : h.all<FdbEntry>()) {
      if (s.object.mac == mac("02:00:00:00:00:11") && s.object.link == index_of("v0")) return true;
    }
    return false;
  }));
}

TEST_F(Hosts, OfPortsThatNobodyListensToAreNotHeard) {
  const HostWire host{"v1"}, other{"v3"};
  ASSERT_EQ(listen("v2"), 0);
  ASSERT_TRUE(host.send(kGratuitous));
  ASSERT_TRUE(other.send(kGratuitous));
  EXPECT_THAT(hear(1),
              ::testing::ElementsAre(packet("v2", HostPacketKind::kAnnouncement, "10.0.0.11")));
  ASSERT_EQ(listen("v2", false), 0);
  ASSERT_EQ(listen("v2", false), 0) << "off twice";
  ASSERT_TRUE(other.send(kGratuitous));
  EXPECT_TRUE(hear(1, 100).empty());
}

TEST_F(Hosts, AreHeardAgainWhenTheirLinkComesBack) {
  ASSERT_EQ(listen("v0"), 0);
  sh("ip link set v0 down && ip link set v0 up");
  wait_until_running(index_of("v0"));
  {
    const HostWire host{"v1"};
    ASSERT_TRUE(host.send(kGratuitous));
    EXPECT_EQ(hear(1).size(), 1U) << "down and up";
  }
  const IfIndex before = index_of("v0");
  sh("ip link del v0 && ip link add v0 index " + std::to_string(before.value) +
     " type veth peer name v1 && ip link set v1 up && ip link set v0 up");
  (void)hear(1, 100);  // the loss of the link is noticed, and costs no more wake-ups
  EXPECT_FALSE(readable(kernel->packet_fd(), 0));
  ASSERT_EQ(listen("v0"), 0) << "a new link of the same number";
  wait_until_running(before);
  const HostWire host{"v1"};
  ASSERT_TRUE(host.send(kGratuitous));
  EXPECT_EQ(hear(1).size(), 1U);
  EXPECT_EQ(put(PortListen{IfIndex{9999}, true}), ENODEV);
  EXPECT_EQ(put(PortListen{IfIndex{9999}, false}), 0);
}

TEST_F(Hosts, AFloodOfFramesIsReadInParts) {
  ASSERT_EQ(listen("v0"), 0);
  const HostWire host{"v1"};
  constexpr int kFrames = 300;
  for (int i = 0; i < kFrames; ++i) ASSERT_TRUE(host.send(kGratuitous));
  ASSERT_TRUE(readable(kernel->packet_fd(), 2000));
  heard.seen.clear();
  EXPECT_TRUE(kernel->on_packet_readable(heard)) << "more waits";
  EXPECT_EQ(heard.seen.size(), kFramesPerTurn);
  EXPECT_EQ(hear(kFrames - kFramesPerTurn).size(), kFrames - kFramesPerTurn);
}

TEST_F(Hosts, ReceiveWhatIsSentThroughTheirPortAlone) {
  const HostWire host{"v1"}, other{"v3"};
  ASSERT_EQ(listen("v0"), 0);
  PacketSend probe;
  probe.packet = packet("v0", HostPacketKind::kRequest, "10.0.0.11");
  probe.source_mac = mac("00:f3:00:00:00:6f");
  probe.source = ip("10.0.0.1");
  EXPECT_EQ(put(probe), 0);
  const std::string request =
      kHost + "00f30000006f " + kArp + "0001 00f30000006f 0a000001 000000000000 0a00000b";
  const auto frame = host.receive(0, request);
  EXPECT_EQ(frame.size(), 60U);
  PacketSend solicitation = probe;
  solicitation.packet.address = ip("fd00::b");
  solicitation.source = IpAddress{};
  EXPECT_EQ(put(solicitation), 0);
  EXPECT_FALSE(host.receive(0, kHost + "00f30000006f 86dd").empty());
  for (const char* address : {"10.0.0.11", "fd00::b"}) {
    PacketSend announcement;
    announcement.packet = packet("v0", HostPacketKind::kAnnouncement, address);
    EXPECT_EQ(put(announcement), 0);
  }
  EXPECT_FALSE(host.receive(0, kAll + kHost + "0806").empty());
  EXPECT_FALSE(host.receive(0, "333300000001 " + kHost + "86dd").empty());
  PacketSend rarp;
  rarp.packet = packet("v0", HostPacketKind::kRarp, nullptr);
  EXPECT_EQ(put(rarp), 0);
  EXPECT_FALSE(host.receive(0, kAll + kHost + "8035").empty());
  EXPECT_TRUE(other.receive(12, "0806", 50).empty()) << "the bridge has not seen it";
  EXPECT_TRUE(other.receive(12, "8035", 50).empty());
  EXPECT_TRUE(hear(1, 50).empty()) << "own frames are not heard";
}

// A host that runs a stack of its own answers a probe, and the answer is heard.
TEST_F(Hosts, AnswerWhenTheyAreAsked) {
  sh("ip addr add 10.0.0.11/24 dev v1 && ip link set v1 address 02:00:00:00:00:11 && "
     "ip addr add fd00::b/64 dev v1 nodad");
  ASSERT_EQ(listen("v0"), 0);
  (void)hear(1000, 100);  // what the stack says by itself
  for (const char* address : {"10.0.0.11", "fd00::b"}) {
    SCOPED_TRACE(address);
    PacketSend probe;
    probe.packet = packet("v0", HostPacketKind::kRequest, address);
    probe.source_mac = mac("00:f3:00:00:00:6f");
    probe.source = ip(address[0] == '1' ? "10.0.0.1" : "fd00::1");
    EXPECT_EQ(put(probe), 0);
    bool answered = false;
    for (int i = 0; i < 20 && !answered; ++i) {
      for (const HostPacket& p : hear(1)) {
        answered = answered || (p.kind == HostPacketKind::kReply && p.address == ip(address) &&
                                p.mac == mac("02:00:00:00:00:11"));
      }
    }
    EXPECT_TRUE(answered);
  }
}

TEST_F(Hosts, FramesStandInOrderWithOtherOperations) {
  PacketSend bad;
  bad.packet = packet("v0", HostPacketKind::kReply, "10.0.0.11");
  PacketSend lost;
  lost.packet = packet("v0", HostPacketKind::kRarp, nullptr);
  lost.packet.link = IfIndex{9999};
  PacketSend good;
  good.packet = packet("v0", HostPacketKind::kRarp, nullptr);
  const HostWire host{"v1"};
  const auto link = add(LinkCreate{.name = "br7"});
  const auto listening = add(PortListen{index_of("v0"), true});
  const auto first = add(bad);
  const auto second = add(lost);
  const auto third = add(good);
  const auto last = add(AddressPut{{index_of("br0"), interface_address("10.0.0.1/24")}});
  run();
  EXPECT_EQ(heard.refused.count(link) + heard.refused.count(listening), 0U);
  EXPECT_EQ(heard.refused.count(third) + heard.refused.count(last), 0U);
  ASSERT_EQ(heard.refused.size(), 2U);
  EXPECT_EQ(heard.refused.at(first).error, EINVAL);
  EXPECT_EQ(heard.refused.at(second).error, ENXIO);
  EXPECT_FALSE(host.receive(0, kAll + kHost + "8035").empty());
  sh("ip link set v0 down");
  EXPECT_EQ(put(good), ENETDOWN);
}

TEST_F(Hosts, OfAnotherNamespace) {
  const int there = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const IfIndex port = index_of("v0");
  const HostWire host{"v1"};
  ASSERT_EQ(unshare(CLONE_NEWNET), 0);
  LinuxKernel::Options options;
  options.netns_fd = there;
  start(options);
  last_id = 0, heard.acked = 0;
  EXPECT_EQ(put(PortListen{port, true}), 0);
  ASSERT_TRUE(host.send(kGratuitous));
  EXPECT_EQ(hear(1).size(), 1U);
  PacketSend rarp;
  rarp.packet = packet("v0", HostPacketKind::kRarp, nullptr);
  rarp.packet.link = port;
  EXPECT_EQ(put(rarp), 0);
  EXPECT_FALSE(host.receive(0, kAll + kHost + "8035").empty());
  ASSERT_EQ(setns(there, CLONE_NEWNET), 0);
  close(there);
}

// ---- what perd's entries make the kernel do -----------------------------------------------------

class Suppression : public Hosts {
 protected:
  void SetUp() override {
    Hosts::SetUp();
    if (IsSkipped()) return;
    sh("ip link add u0 type veth peer name u1 && ip link set u1 up && ip link set u0 up && "
       "ip addr add 192.0.2.1/24 dev u0 && "
       "ip link add vx type vxlan id 100 local 192.0.2.1 dstport 4789 nolearning && "
       "ip link set vx master br0 && bridge link set dev vx learning off && ip link set vx up && "
       "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:99 dev u0 nud permanent");
    wait_until_running(index_of("u0"));
    FdbEntry e;
    e.link = index_of("vx");
    e.mac = mac("02:00:00:00:00:12");
    e.destination = ip("192.0.2.2");
    e.state = NUD_REACHABLE;
    e.extern_learn = true;
    EXPECT_EQ(put(FdbPut{e, true, false}), 0);
    FdbEntry flood = e;
    flood.mac = {};
    flood.self = true;
    flood.state = NUD_PERMANENT;
    EXPECT_EQ(put(FdbPut{flood, false, true}), 0);
    for (const char* address : {"10.0.0.12", "fd00::c"}) {
      EXPECT_EQ(put(NeighbourPut{{index_of("br0"), ip(address), e.mac, NUD_NOARP, true, kOurs}}),
                0);
    }
  }
  void suppress(bool on) {
    LinkChange c{.link = index_of("vx")};
    c.port_neigh_suppress = on;
    ASSERT_EQ(put(c), 0);
  }
};

TEST_F(Suppression, TheBridgeAnswersForRemoteHostsAndNothingLeaves) {
  const std::string who = kAll + kHost + kArp + "0001 020000000011 0a00000b 000000000000 0a00000c";
  const std::string who6 =
      "3333ff00000c 020000000011 86dd 60000000 0020 3a ff fd000000 0000 0000 0000 0000 0000 000b "
      "ff020000 0000 0000 0000 0001 ff00 000c 8700 ";
  const std::string who6_rest =
      " 00000000 fd000000 0000 0000 0000 0000 0000 000c 0101 020000000011";
  constexpr std::size_t kInner = 14 + 20 + 8 + 8;  // Ethernet, IP, UDP, VXLAN
  const HostWire host{"v1"}, underlay{"u1"};
  ASSERT_TRUE(host.send(who));
  EXPECT_FALSE(underlay.receive(kInner, who).empty()) << "without it the question is flooded";
  suppress(true);
  ASSERT_TRUE(host.send(who));
  EXPECT_FALSE(
      host.receive(0, kHost + "020000000012 " + kArp + "0002 020000000012 0a00000c").empty());
  EXPECT_TRUE(underlay.receive(kInner, who, 100).empty());
  // What nobody can answer for goes to the others.
  const std::string nobody =
      kAll + kHost + kArp + "0001 020000000011 0a00000b 000000000000 0a000063";
  ASSERT_TRUE(host.send(nobody));
  EXPECT_FALSE(underlay.receive(kInner, nobody).empty());
  auto sum = [](const std::string& hex) {  // RFC 8200 8.1
    const auto f = from_hex(hex);
    std::uint32_t s = 32 + 58;
    for (std::size_t i = 22; i + 1 < f.size(); i += 2)
      s += static_cast<unsigned>(f[i] << 8 | f[i + 1]);
    while (s >> 16 != 0) s = (s & 0xffff) + (s >> 16);
    char text[5];
    (void)snprintf(text, sizeof text, "%04x", static_cast<unsigned>(~s & 0xffff));
    return std::string{text};
  };
  ASSERT_TRUE(host.send(who6 + sum(who6 + "0000" + who6_rest) + who6_rest));
  EXPECT_FALSE(host.receive(0, kHost + "020000000012 86dd").empty());
  EXPECT_TRUE(underlay.receive(kInner, who6, 100).empty());
}

// Notifications of 5,000 MACs do not fit: that is said, and a dump shows all of them.
TEST_F(Suppression, AStormOfMacsIsAnOverrun) {
  LinuxKernel::Options small;
  small.event_octets = 16 * 1024;
  start(small);
  last_id = 0, heard = {};
  constexpr unsigned kMacs = 5000;
  FdbEntry e;
  e.link = index_of("vx");
  e.destination = ip("192.0.2.2");
  e.state = NUD_REACHABLE;
  e.extern_learn = true;
  for (unsigned i = 0; i < kMacs; ++i) {
    e.mac =
        MacAddress{{2, 0, 1, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
    add(FdbPut{e, true, false});
  }
  run();
  EXPECT_TRUE(heard.refused.empty());
  drain_events();
  EXPECT_GT(heard.overruns, 0);
  EXPECT_LT(heard.all<FdbEntry>().size(), std::size_t{2} * kMacs);
  std::size_t self = 0, bridge = 0;
  for (const FdbEntry& f : dump<FdbEntry>(DumpKind::kFdb)) {
    if (f.mac.octets[2] != 1 || !f.extern_learn || f.vlan != 0) continue;  // one more per VLAN
    ++(f.self ? self : bridge);
  }
  EXPECT_EQ(self, kMacs);
  EXPECT_EQ(bridge, kMacs);
}

// Of our own neighbours only what takes them from us is told.
TEST_F(Suppression, OwnNeighboursAreNotToldAgain) {
  drain_events();
  heard.seen.clear();
  const IfIndex br = index_of("br0");
  const auto about = [this](const char* address) {
    drain_events();
    std::size_t n = 0;
    for (const auto& s : heard.all<Neighbour>()) n += s.object.address == ip(address) ? 1U : 0U;
    heard.seen.clear();
    return n;
  };
  Neighbour n{br, ip("10.0.0.13"), mac("02:00:00:00:00:13"), NUD_NOARP, true, kOurs};
  EXPECT_EQ(put(NeighbourPut{n}), 0);
  EXPECT_EQ(about("10.0.0.13"), 0U);
  n.state = NUD_STALE, n.extern_learn = false;
  EXPECT_EQ(put(NeighbourPut{n}), 0);
  EXPECT_EQ(about("10.0.0.13"), 1U) << "it is the kernel's now";
  n.state = NUD_NOARP, n.extern_learn = true;
  EXPECT_EQ(put(NeighbourPut{n}), 0);
  EXPECT_EQ(about("10.0.0.13"), 0U);
  sh("ip neigh replace 10.0.0.13 lladdr 02:00:00:00:00:14 dev br0 nud noarp extern_learn");
  EXPECT_EQ(about("10.0.0.13"), 1U) << "another's";
  sh("ip neigh del 10.0.0.13 dev br0");
  EXPECT_GE(about("10.0.0.13"), 1U);
}

}  // namespace
}  // namespace perd::netlink
