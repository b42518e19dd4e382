// Any octets as what a neighbour sends, cut and timed anyhow: the first octet says how far the
// session has come before, the second how the stream is cut. Whatever comes, reports alternate,
// routes arrive only on a session that is up, a connection is closed once, and nothing piles up.
#include <algorithm>

#include "bgp/session/negotiate.h"
#include "bgp/session/peer.h"
#include "perd/assert.h"

namespace perd::session {
namespace {

class Sink final : public PeerSink {
 public:
  void on_session_up(PeerId, const Negotiated& n) override {
    PERD_ASSERT(!up_);
    PERD_ASSERT(!n.families.empty());
    up_ = true;
  }
  void on_session_down(PeerId, const std::string& reason) override {
    PERD_ASSERT(up_);
    PERD_ASSERT(!reason.empty());
    up_ = false;
  }
  void on_update(PeerId, wire::Update&) override { PERD_ASSERT(up_); }
  void on_route_refresh(PeerId, Family, std::uint8_t subtype) override {
    PERD_ASSERT(up_ && subtype <= 2);
  }
  void on_event(Event&& event) override {
    PERD_ASSERT(!event.text.empty());
    PERD_ASSERT(++events_ < 200);  // one connection has little to tell
  }

 private:
  bool up_ = false;
  std::size_t events_ = 0;
};

PeerSettings settings(std::uint8_t bits) {
  PeerSettings s;
  s.address = IpAddress::v4(0x0a000002);
  s.local_asn = Asn{64514};
  s.remote_asn = Asn{(bits & 8) != 0 ? 64514U : 64512U};
  s.router_id = RouterId{0x01010101};
  for (const Family f : kAllFamilies) s.families.add(f);
  if ((bits & 16) != 0) s.add_path_receive = s.families;
  s.graceful_restart_helper = (bits & 32) != 0;
  s.passive = true;
  return s;
}

void run(std::uint8_t bits, std::uint8_t cut, Bytes stream) {
  ConnectionIdSource ids;
  Sink sink;
  const PeerSettings mine = settings(bits);
  Peer peer(PeerId{1}, mine, 1, ids);
  TimePoint now{};
  peer.start(now);
  const ConnectionId id{2};
  peer.on_accepted(id, IpAddress::v4(0x0a000001), now);
  std::vector<std::uint8_t> hello;
  if ((bits & 1) != 0) {
    wire::Open theirs = make_open(mine);
    theirs.asn = mine.remote_asn;
    theirs.capabilities.four_octet_as = theirs.asn;
    theirs.id = RouterId{0x02020202};
    for (auto& f : theirs.capabilities.add_path) f.mode = 3;
    if ((bits & 4) != 0) theirs.capabilities.four_octet_as.reset();
    wire::encode_open(theirs, hello);
  }
  if ((bits & 3) == 3) wire::encode_keepalive(hello);
  if (!hello.empty()) peer.on_received(id, hello, now, sink);
  while (!stream.empty()) {
    const std::size_t n = std::min<std::size_t>(stream.size(), cut == 0 ? stream.size() : cut);
    peer.on_received(id, stream.first(n), now, sink);
    stream = stream.subspan(n);
    now += milliseconds(10);
    peer.tick(now, sink);
    PERD_ASSERT(peer.unsent() < 65536);
  }
  std::vector<TransportCommand> commands;
  peer.take_commands(commands);
  const auto closes = std::count_if(commands.begin(), commands.end(), [](const auto& c) {
    return std::holds_alternative<CloseConnectionCommand>(c);
  });
  PERD_ASSERT(closes <= 1);
  PERD_ASSERT(peer.has(id) == (closes == 0));
  peer.stop(wire::make_cease(wire::CeaseSubcode::kAdministrativeShutdown), now);
  peer.tick(now, sink);
  PERD_ASSERT(peer.state() == State::kIdle);
}

}  // namespace
}  // namespace perd::session

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  perd::session::run(data[0], data[1], {data + 2, size - 2});
  return 0;
}
