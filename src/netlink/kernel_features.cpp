#include "netlink/kernel_features.h"

#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/codec.h"
#include "netlink/sysctl.h"

namespace perd::netlink {

namespace {

class Prober {
 public:
  explicit Prober(Socket socket) : socket_(std::move(socket)), buffer_(kReceiveOctetsMax) {}

  // The errno a creation of that kind is refused with: EOPNOTSUPP when the kernel lacks it.
  [[nodiscard]] int device_kind(const std::string& kind) {
    builder_.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
    builder_.header(ifinfomsg{});
    builder_.put_string(IFLA_IFNAME, "perdprobe%d");
    builder_.put_mac(IFLA_ADDRESS, MacAddress{});
    nlattr* info = builder_.nest(IFLA_LINKINFO);
    builder_.put_string(IFLA_INFO_KIND, kind);
    builder_.end(info);
    return ask();
  }
  [[nodiscard]] int next_hop_objects() {
    builder_.begin(RTM_GETNEXTHOP, 0);
    builder_.header(nhmsg{});
    builder_.put_u32(NHA_ID, 0xffff'fffe);
    return ask();
  }
  [[nodiscard]] int rules(std::uint8_t family) {
    fib_rule_hdr h{};
    h.family = family;
    builder_.begin(RTM_GETRULE, NLM_F_DUMP);
    builder_.header(h);
    return ask();
  }

 private:
  // Sends what was built; the first answer's errno (0: an object or an acknowledgement).
  [[nodiscard]] int ask() {
    BatchBuffer out;
    out.next_sequence = next_sequence_++;
    const std::uint32_t mine = out.next_sequence;
    if (!builder_.finish(out)) return EMSGSIZE;
    if (const int e = socket_.send(out.octets); e != 0) return e;
    int result = -1;
    for (;;) {  // the answer waits already; the tail of a dump is read away
      const Receipt r = socket_.receive(buffer_);
      if (r.status != ReceiveStatus::kOctets) break;
      Bytes rest = r.octets;
      while (const auto m = next_message(rest)) {
        if (m->sequence != mine || result >= 0) continue;
        const auto answer = m->type == NLMSG_ERROR ? decode_answer(*m) : std::nullopt;
        result = answer ? answer->error : 0;
      }
    }
    return result >= 0 ? result : EIO;
  }

  Socket socket_;
  MessageBuilder builder_;
  std::vector<std::uint8_t> buffer_;
  std::uint32_t next_sequence_ = 1;
};

}  // namespace

Expected<KernelFeatures, SocketError> probe_kernel(int netns_fd) {
  const NamespaceGuard guard{netns_fd};
  if (guard.error() != 0) {
    return unexpected(SocketError{guard.error(), "cannot enter the network namespace"});
  }
  auto socket = Socket::open({});
  if (!socket) return unexpected(socket.error());
  Prober ask{std::move(*socket)};
  KernelFeatures f;
  const int bridge = ask.device_kind("bridge");
  f.net_admin = bridge != EPERM;
  const auto has = [&](int error) { return f.net_admin && error != EOPNOTSUPP; };
  f.bridge = has(bridge);
  f.vrf = has(ask.device_kind("vrf"));
  f.vxlan = has(ask.device_kind("vxlan"));
  f.veth = has(ask.device_kind("veth"));
  f.dummy = has(ask.device_kind("dummy"));
  f.next_hop_objects = ask.next_hop_objects() == ENOENT;
  f.rules_v4 = ask.rules(AF_INET) == 0;
  f.rules_v6 = ask.rules(AF_INET6) == 0;
  return f;
}

std::vector<std::string> missing_features(const KernelFeatures& f, const NeededFeatures& needs) {
  std::vector<std::string> missing;
  if (!f.net_admin) {
    missing.emplace_back("no right to change the kernel's tables (CAP_NET_ADMIN)");
    return missing;  // nothing else could be probed
  }
  if (needs.tunnels && !f.bridge) missing.emplace_back("no bridge devices (CONFIG_BRIDGE)");
  if (needs.tunnels && !f.vxlan) missing.emplace_back("no VXLAN devices (CONFIG_VXLAN)");
  if (!f.next_hop_objects) missing.emplace_back("no next-hop objects (Linux 5.3 or later)");
  if (needs.vrf_devices && !f.vrf) {
    missing.emplace_back("no VRF devices (CONFIG_NET_VRF); `vrfDevice: false` works without");
  }
  if (needs.rules && !f.rules_v4) {
    missing.emplace_back("no policy routing (CONFIG_IP_MULTIPLE_TABLES)");
  }
  if (needs.rules && !f.rules_v6) {
    missing.emplace_back("no IPv6 policy routing (CONFIG_IPV6_MULTIPLE_TABLES)");
  }
  return missing;
}

}  // namespace perd::netlink
