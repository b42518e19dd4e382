// The kernel seam: objects of Linux's tables as values, operations on them, and what the kernel
// says. Spoken by fib (which decides), by netlink (which only carries out), by the dry-run printer
// and by the simulated kernel. No BGP or EVPN word appears here.
//
// Operations carry consecutive numbers (KernelOp::id, from 1). For each batch the driver first
// reports a KernelRefused for every operation that the kernel refused, then KernelAcked{up_to}:
// every number up to there that was not refused has been carried out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "perd/ids.h"
#include "perd/ip.h"
#include "perd/mac.h"

namespace perd {

// ---- objects ------------------------------------------------------------------------------------

enum class LinkKind : std::uint8_t {
  kOther,
  kVrf,
  kBridge,
  kVxlan,
  kVeth,
  kDummy,
  kVlan,
  kLoopback
};

struct VxlanInfo {
  Vni vni{};
  std::optional<IpAddress> local;
  std::uint16_t port = 4789;
  bool learning = false;
  bool external = false;  // collect-metadata device: not one VNI's
  friend bool operator==(const VxlanInfo&, const VxlanInfo&) = default;
};

// A link as dumps and notifications tell it.
struct Link {
  IfIndex index{};
  std::string name;
  LinkKind kind = LinkKind::kOther;
  std::string kind_name;  // as the kernel calls it
  IfIndex master{};
  MacAddress mac{};
  std::uint32_t mtu = 0;
  bool admin_up = false;
  bool running = false;            // IFF_UP and carrier (operational state up or unknown)
  std::string alias;               // perd marks what it made with "perd"
  TableId vrf_table{};             // kVrf
  std::optional<VxlanInfo> vxlan;  // kVxlan
  bool addrgen_none = false;
  IfIndex peer{};               // kVeth: the other end; kVlan: what it stands on; 0: elsewhere
  bool vlan_filtering = false;  // kBridge
  std::uint32_t ageing = 300;   // kBridge: seconds, 0 never
  // As a bridge port:
  std::uint16_t port_vlan = 0;  // PVID in a bridge with vlan_filtering
  bool port_learning = true;
  bool port_neigh_suppress = false;
  std::uint16_t vlan_id = 0;  // kVlan
  friend bool operator==(const Link&, const Link&) = default;
};

struct Address {
  IfIndex link{};
  InterfaceAddress address{};
  friend bool operator==(const Address&, const Address&) = default;
};

// RTM_NEWNEIGH of AF_INET/AF_INET6: address -> MAC on a link.
struct Neighbour {
  IfIndex link{};
  IpAddress address{};
  MacAddress mac{};
  std::uint16_t state = 0;    // NUD_*
  bool extern_learn = false;  // NTF_EXT_LEARNED
  std::uint8_t protocol = 0;  // NDA_PROTOCOL, 0 when the kernel has none
  bool router = false;        // NTF_ROUTER
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

// AF_BRIDGE entries. One RTM_NEWNEIGH with NTF_SELF|NTF_MASTER makes two: the bridge's (master) and
// the VXLAN device's (self, with destination). Both kinds are told apart by `self`.
struct FdbEntry {
  IfIndex link{};
  MacAddress mac{};
  bool self = false;
  IpAddress destination{};  // self: the remote VTEP; unspecified when there is none
  std::optional<Vni> vni;   // self: VNI to send with when it is not the device's own
  IfIndex master{};         // master: the bridge
  std::uint16_t vlan = 0;
  std::uint16_t state = 0;
  bool extern_learn = false;
  bool sticky = false;
  std::uint32_t next_hop_id = 0;  // self: NDA_NH_ID, instead of a destination
  friend bool operator==(const FdbEntry&, const FdbEntry&) = default;
};

// Next-hop object (RTM_NEWNEXTHOP).
struct NextHopMember {
  std::uint32_t id = 0;
  std::uint8_t weight = 1;  // 1..256 stored as 1..255
  friend bool operator==(const NextHopMember&, const NextHopMember&) = default;
  friend auto operator<=>(const NextHopMember&, const NextHopMember&) = default;
};
struct NextHop {
  std::uint32_t id = 0;
  IpFamily family = IpFamily::kIpv4;
  IfIndex link{};                    // of a single next hop
  std::optional<IpAddress> gateway;  // of a single next hop; none: directly on the link
  bool onlink = false;
  bool blackhole = false;
  std::vector<NextHopMember> group;  // not empty: a group, nothing above counts
  std::uint8_t protocol = 0;
  bool fdb = false;  // NHA_FDB: `gateway` is a VTEP, there is no link; in a group: of such ones
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

enum class RouteType : std::uint8_t {
  kUnicast,
  kUnreachable,
  kBlackhole,
  kProhibit,
  kThrow,
  kLocal,
  kOther
};

struct RouteHop {  // a next hop inside a route, for foreign routes and static ones
  IfIndex link{};
  std::optional<IpAddress> gateway;
  bool onlink = false;
  bool link_down = false;  // RTNH_F_DEAD or RTNH_F_LINKDOWN
  std::uint8_t weight = 1;
  friend bool operator==(const RouteHop&, const RouteHop&) = default;
};

struct RouteKey {  // what tells two routes of one table apart
  TableId table{};
  IpPrefix prefix{};
  std::uint32_t metric = 0;
  friend bool operator==(const RouteKey&, const RouteKey&) = default;
  friend auto operator<=>(const RouteKey&, const RouteKey&) = default;
};
struct Route {
  RouteKey key{};
  RouteType type = RouteType::kUnicast;
  std::uint8_t protocol = 0;      // RTPROT_*
  std::uint8_t scope = 0;         // RT_SCOPE_*
  std::uint32_t next_hop_id = 0;  // RTA_NH_ID; 0: see `hops`
  std::vector<RouteHop> hops;
  friend bool operator==(const Route&, const Route&) = default;
};

struct Rule {  // ip rule iif LINK lookup TABLE
  IpFamily family = IpFamily::kIpv4;
  std::uint32_t priority = 0;
  std::string iif;
  TableId table{};
  std::uint8_t protocol = 0;
  friend bool operator==(const Rule&, const Rule&) = default;
};

// ---- operations ---------------------------------------------------------------------------------

// Creates a link with everything that must be right from its first moment; masters by index.
struct LinkCreate {
  std::string name;
  LinkKind kind = LinkKind::kBridge;  // kVrf, kBridge, kVxlan, kDummy, kVeth
  TableId vrf_table{};
  std::optional<VxlanInfo> vxlan;
  IfIndex vxlan_link{};   // the device the tunnel leaves by; 0: any
  std::string peer_name;  // kVeth
  std::optional<MacAddress> mac;
  std::optional<std::uint32_t> mtu;
  IfIndex master{};
  std::string alias;
  bool addrgen_none = false;
  bool up = false;
  friend bool operator==(const LinkCreate&, const LinkCreate&) = default;
};
// Changes only what is set.
struct LinkChange {
  IfIndex link{};
  std::optional<MacAddress> mac;
  std::optional<std::uint32_t> mtu;
  std::optional<IfIndex> master;  // 0 releases
  std::optional<bool> up;
  std::optional<std::string> alias;
  std::optional<bool> addrgen_none;
  std::optional<bool> port_learning;        // IFLA_BRPORT_LEARNING
  std::optional<bool> port_neigh_suppress;  // IFLA_BRPORT_NEIGH_SUPPRESS
  friend bool operator==(const LinkChange&, const LinkChange&) = default;
};
struct LinkErase {
  IfIndex link{};
};
struct AddressPut {
  Address address;
  bool no_dad = false;  // IFA_F_NODAD: an address that other nodes have as well
};
struct AddressErase {
  Address address;
};
struct NeighbourPut {
  Neighbour neighbour;
};  // replace
struct NeighbourErase {
  IfIndex link{};
  IpAddress address;
};
// Creates or replaces; self and master entry in one message when `both`.
struct FdbPut {
  FdbEntry entry;
  bool both = false;
  bool append = false;
};
struct FdbErase {
  FdbEntry entry;
  bool both = false;
};
struct NextHopPut {
  NextHop next_hop;
};  // create or replace
struct NextHopErase {
  std::uint32_t id = 0;
};  // takes the routes along that use it
struct RoutePut {
  Route route;
};  // create or replace
struct RouteErase {
  Route route;
};  // key, type and protocol count
struct RulePut {
  Rule rule;
};
struct RuleErase {
  Rule rule;
};
struct SysctlPut {
  std::string path;
  std::string value;
};  // path below /proc/sys, with slashes

// Tells of hosts behind a link (HostPacket): ARP, RARP, neighbour discovery. As often as one likes.
struct PortListen {
  IfIndex link{};
  bool on = true;
};
// What a frame about a host says. An ARP reply, a gratuitous ARP or a neighbour advertisement names
// a host (`mac`, `address`); RARP only its MAC.
enum class HostPacketKind : std::uint8_t { kRequest, kReply, kAnnouncement, kRarp };
struct HostPacket {
  IfIndex link{};
  HostPacketKind kind{};
  MacAddress mac{};     // of the host it speaks of
  IpAddress address{};  // of that host; unspecified: none
  bool router = false;  // neighbour advertisements
  friend bool operator==(const HostPacket&, const HostPacket&) = default;
};
// Sends one frame out of a link, past the bridge that the link may be a port of.
//   kRequest       ARP request / neighbour solicitation for `packet.address`, to `packet.mac`
//   alone,
//                  from `source` (unspecified: an ARP probe of RFC 5227, a solicitation from ::)
//   kAnnouncement  gratuitous ARP / unsolicited neighbour advertisement (override) that
//                  `packet.address` is at `packet.mac`; the frame comes from that MAC
//   kRarp          RARP request of `packet.mac`, broadcast, as hypervisors send it
struct PacketSend {
  HostPacket packet;
  MacAddress source_mac{};  // kRequest: the frame's source
  IpAddress source{};       // kRequest
};

enum class DumpKind : std::uint8_t {
  kLinks,
  kAddresses,
  kNeighbours,
  kFdb,
  kNextHops,
  kRoutesV4,
  kRoutesV6,
  kRules
};
struct DumpRequest {
  DumpKind kind = DumpKind::kLinks;
};

struct KernelOp {
  std::uint64_t id = 0;
  std::variant<LinkCreate, LinkChange, LinkErase, AddressPut, AddressErase, NeighbourPut,
               NeighbourErase, FdbPut, FdbErase, NextHopPut, NextHopErase, RoutePut, RouteErase,
               RulePut, RuleErase, SysctlPut, PortListen, PacketSend, DumpRequest>
      what;
};

// ---- what the kernel says -----------------------------------------------------------------------

// `gone` false: the object is so now. The same shape for notifications and dumps.
//
// Linux does not tell everything: IPv4 routes and next-hop objects lost with their link, and routes
// lost with their next-hop object, vanish without notification. A gone IPv6 route names the hops
// that went: when they are fewer than the route had, the rest stays. Notifications of routes and
// neighbours that this driver wrote may be left out (LinuxKernel::Options).
template <class T>
struct Seen {
  T object;
  bool gone = false;
  bool from_dump = false;
  bool own_echo = false;  // a notification that an operation of this driver caused
};
// A frame that came in by a link that is listened to.
struct HeardPacket {
  HostPacket packet;
};
struct KernelRefused {
  std::uint64_t id = 0;
  int error = 0;        // errno, positive
  std::string message;  // the kernel's own words (extended acknowledgement), may be empty
};
struct KernelAcked {
  std::uint64_t up_to = 0;
};
// End of an asked dump; one that the kernel refuses ends with KernelRefused alone. `interrupted`
// (NLM_F_DUMP_INTR): the table changed meanwhile; ask again.
struct DumpDone {
  DumpKind kind = DumpKind::kLinks;
  bool interrupted = false;
};
// Notifications were lost (ENOBUFS): everything known may be stale.
struct KernelOverrun {};

using KernelEvent = std::variant<Seen<Link>, Seen<Address>, Seen<Neighbour>, Seen<FdbEntry>,
                                 Seen<NextHop>, Seen<Route>, Seen<Rule>, HeardPacket, KernelRefused,
                                 KernelAcked, DumpDone, KernelOverrun>;

// Takes events one by one; called only from inside KernelDriver::on_readable().
class KernelEventSink {
 public:
  virtual void on_kernel_event(KernelEvent&& event) = 0;

 protected:
  ~KernelEventSink() = default;
};

// Who carries operations out: LinuxKernel, the dry-run printer, the simulated kernel.
class KernelDriver {
 public:
  KernelDriver() = default;
  KernelDriver(const KernelDriver&) = delete;
  KernelDriver& operator=(const KernelDriver&) = delete;
  virtual ~KernelDriver() = default;
  // Takes all; sends as many as its window allows and the rest as answers come.
  virtual void submit(std::vector<KernelOp>&& ops) = 0;
  // Operations taken but not yet answered: the core stops producing above its limit.
  [[nodiscard]] virtual std::size_t in_flight() const = 0;
};

}  // namespace perd
