#include "fib/l2/host_voice.h"

namespace perd::fib {
namespace {

[[nodiscard]] HostPacketKind packet_kind(HostMessageKind kind) {
  switch (kind) {
    case HostMessageKind::kProbe:
      return HostPacketKind::kRequest;
    case HostMessageKind::kAnnounce:
      return HostPacketKind::kAnnouncement;
    case HostMessageKind::kRarp:
      return HostPacketKind::kRarp;
  }
  return HostPacketKind::kRequest;
}

// Who asks: the gateway, when the host is in its subnet. Else nobody, which is the probe of RFC
// 5227 2.1.1; hosts answer it too.
[[nodiscard]] IpAddress asking(const MacVrfDevices& m, const IpAddress& host) {
  if (m.routed) {
    for (const auto& g : m.want.gateways) {
      if (IpPrefix::make(g.address, g.length).contains(host)) return g.address;
    }
  }
  IpAddress nobody;
  nobody.family = host.family;
  return nobody;
}

}  // namespace

void HostVoice::say(const HostMessage& message) {
  if (!shared_.writing) return;
  if (queue_.size() >= kMessagesMax) {
    if (!overflowed_) {
      shared_.say(EventKind::kKernelProblem, Severity::kWarning, "kernel",
                  "too much is to be said to hosts at once, some of it is left out");
    }
    overflowed_ = true;
    return;
  }
  queue_.push_back(message);
}

void HostVoice::step() {
  while (!queue_.empty() && room()) {
    speak(queue_.front());
    queue_.pop_front();
  }
  if (queue_.empty()) overflowed_ = false;
}

void HostVoice::speak(const HostMessage& message) {
  const auto it = mac_vrfs_.mac_vrfs().find(message.mac_vrf);
  if (it == mac_vrfs_.mac_vrfs().end()) return;
  for (const IfIndex port : it->second.ports.local) {
    if (message.port != 0 && message.port != port.value) continue;
    if (places_.reachable(message.mac_vrf, port)) send(it->second, message, port);
  }
}

void HostVoice::send(const MacVrfDevices& m, const HostMessage& message, IfIndex port) {
  PacketSend op;
  op.packet.link = port;
  op.packet.kind = packet_kind(message.kind);
  op.packet.mac = message.mac;
  op.packet.address = message.address;
  if (message.kind == HostMessageKind::kProbe) {
    op.source_mac = m.state.own_mac;
    op.source = asking(m, message.address);
  }
  shared_.ops.push(op, Flight{});
}

}  // namespace perd::fib
