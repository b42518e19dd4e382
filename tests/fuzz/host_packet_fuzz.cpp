// Goal: no frame makes the decoder read outside it or loop, and a host that it names can be
// announced: the announcement reads back as the same host. Input: one frame.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "netlink/host_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace perd;
  using namespace perd::netlink;
  HostPacket host;
  if (decode_frame({data, size}, host) != FrameKind::kHost) return 0;
  if (!host.mac.is_unicast()) std::abort();
  if (host.address.is_unspecified() != (host.kind == HostPacketKind::kRarp)) std::abort();
  PacketSend send;
  send.packet = host;
  if (host.kind != HostPacketKind::kRarp) send.packet.kind = HostPacketKind::kAnnouncement;
  std::vector<std::uint8_t> frame;
  if (encode_frame(send, frame) != 0) std::abort();
  HostPacket again;
  if (decode_frame(frame, again) != FrameKind::kHost) std::abort();
  if (!(again == send.packet)) std::abort();
  return 0;
}
