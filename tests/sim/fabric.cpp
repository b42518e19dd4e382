#include "sim/fabric.h"

#include <algorithm>

namespace perd::sim {
namespace {

constexpr std::uint8_t kProtocolStatic = 4;  // RTPROT_STATIC

std::string text(const char* format_before, std::size_t i, const char* after) {
  return format_before + std::to_string(i) + after;
}

NeighborConfig neighbor(const IpAddress& address, Asn asn, bool client) {
  NeighborConfig n;
  n.address = address;
  n.asn = asn;
  n.hold_time_seconds = 9;
  n.keepalive_time_seconds = 3;
  n.connect_time_seconds = 1;
  n.families = {{Family::kIpv4Unicast, client}, {Family::kEvpn, client}};
  n.allow_as_in.count = 3;
  return n;
}

Config node(const std::string& name, Asn asn, const std::string& router_id) {
  Config c;
  c.node.name = name;
  c.bgp.listen = {*parse_ip("0.0.0.0")};
  c.underlay.emplace();
  c.underlay->asn = asn;
  c.underlay->router_id = *parse_router_id(router_id);
  return c;
}

L3VniConfig l3vni(std::size_t k, Asn asn, const IpAddress& vtep) {
  L3VniConfig v;
  v.name = v.vrf = "vrf" + std::to_string(k);
  v.vni = Vni{static_cast<std::uint32_t>(100 + k)};
  v.asn = asn;
  v.vtep = vtep;
  v.import_rts = {RouteTargetMatch{true, {}, v.vni.value}};
  v.export_rts = {make_auto_route_target(asn, v.vni)};
  v.redistribute.connected = true;
  v.table = TableId{static_cast<std::uint32_t>(1100 + k)};
  return v;
}

L2VniConfig l2vni(std::size_t k, std::size_t vrfs, Asn asn, const IpAddress& vtep) {
  L2VniConfig v;
  v.name = segment_name(k);
  v.vni = Vni{static_cast<std::uint32_t>(200 + k)};
  v.vtep = vtep;
  if (vrfs != 0) {
    v.l3vni = "vrf" + std::to_string(k % vrfs);
    v.gateway_ips = {*parse_interface_address(text("192.170.", k, ".1/24")),
                     *parse_interface_address(text("fd00:aa:", k, "::1/64"))};
  }
  v.gateway_mac = default_gateway_mac(v.vni);
  v.import_rts = {RouteTargetMatch{true, {}, v.vni.value}};
  v.export_rts = {make_auto_route_target(asn, v.vni)};
  v.interfaces = {port_name(k, false), port_name(k, true)};
  return v;
}

}  // namespace

std::string segment_name(std::size_t segment) { return "segment" + std::to_string(segment); }
std::string port_name(std::size_t segment, bool second) {
  return text("tap", segment, second ? "b" : "a");
}

IpAddress vtep_of(std::size_t leaf) {
  return IpAddress::v4(0x64400000U + static_cast<std::uint32_t>(leaf));
}

Fabric::Fabric(std::uint64_t seed, const FabricOptions& wanted) : world(seed), options(wanted) {
  const auto asn_of = [&](std::size_t n) {
    return Asn{options.ibgp ? 65000U : 65000U + static_cast<std::uint32_t>(n)};
  };
  Config spine = node("spine", asn_of(0), "10.255.0.1");
  spine.underlay->transit = true;
  for (std::size_t i = 1; i <= options.leaves; ++i) {
    spine.underlay->neighbors.push_back(
        neighbor(*parse_ip(text("192.168.", i, ".1")), asn_of(i), options.ibgp));
  }
  world.add_node(spine);
  for (std::size_t i = 1; i <= options.leaves; ++i) {
    Config c = node(text("leaf", i, ""), asn_of(i), text("10.0.0.", i, ""));
    c.underlay->interfaces = {"eth1"};
    c.underlay->tunnel_addresses = {vtep_of(i)};
    c.underlay->neighbors = {neighbor(*parse_ip(text("192.168.", i, ".0")), asn_of(0), false)};
    for (std::size_t k = 0; k < options.vrfs; ++k) {
      c.l3vnis.push_back(l3vni(k, asn_of(i), vtep_of(i)));
    }
    for (std::size_t k = 0; k < options.segments; ++k) {
      c.l2vnis.push_back(l2vni(k, options.vrfs, asn_of(i), vtep_of(i)));
    }
    const auto leaf_node = world.add_node(c);
    for (std::size_t k = 0; k < options.segments; ++k) {
      for (const bool second : {false, true}) {
        (void)world.kernel(leaf_node).add_link(port_name(k, second));
      }
    }
  }
  for (std::size_t i = 1; i <= options.leaves; ++i) {
    world.connect(0, text("eth", i, ""), text("192.168.", i, ".0/31").c_str(), i, "eth1",
                  text("192.168.", i, ".1/31").c_str());
  }
  if (options.ibgp) {  // a reflector leaves the next hop; the leaves reach each other through it
    for (std::size_t i = 1; i <= options.leaves; ++i) {
      Route route;
      route.key = {kMainTable, *parse_prefix("192.168.0.0/16"), 0};
      route.protocol = kProtocolStatic;
      const auto link = world.kernel(i).link("eth1")->index;
      route.hops = {{link, *parse_ip(text("192.168.", i, ".0")), false, false, 1}};
      world.kernel(i).add_route(route);
    }
  }
}

void Fabric::start_all() {
  for (std::size_t n = 0; n <= options.leaves; ++n) world.start(n);
}

InterfaceAddress Fabric::host_address(std::size_t leaf, unsigned number, bool v6) {
  if (v6) {
    const auto a = "fd00:" + std::to_string(leaf) + ":" + std::to_string(number) + "::1/64";
    return *parse_interface_address(a);
  }
  return {IpAddress::v4(0x0a000001U + (static_cast<std::uint32_t>(leaf) << 16) + (number << 8)),
          24};
}

void Fabric::add_host_prefix(std::size_t leaf, std::size_t vrf, unsigned number, bool v6) {
  auto& kernel = world.kernel(leaf);
  const auto name = "host" + std::to_string(vrf) + "-" + std::to_string(number);
  if (kernel.link(name) == nullptr) kernel.add_link(name);
  const auto device = "vrf" + std::to_string(vrf);
  if (kernel.link(device) != nullptr) kernel.set_master(name, device);
  const auto index = kernel.link(name)->index;
  const auto address = host_address(leaf, number, v6);
  if (kernel.addresses().count({index, address}) == 0) kernel.add_address(index, address);
}

void Fabric::remove_host_prefix(std::size_t leaf, std::size_t vrf, unsigned number, bool v6) {
  auto& kernel = world.kernel(leaf);
  const auto* link = kernel.link("host" + std::to_string(vrf) + "-" + std::to_string(number));
  if (link == nullptr) return;
  const auto address = host_address(leaf, number, v6);
  if (kernel.addresses().count({link->index, address}) != 0) {
    kernel.del_address(link->index, address);
  }
}

std::vector<IpAddress> Fabric::gateways(std::size_t at, std::size_t vrf, const IpPrefix& prefix) {
  const TableId table{static_cast<std::uint32_t>(1100 + vrf)};
  return gateways_of(world.kernel(at), table, prefix);
}

std::vector<IpAddress> gateways_of(const SimKernel& kernel, TableId table, const IpPrefix& prefix) {
  std::vector<IpAddress> list;
  const Route* route = kernel.route(table, prefix, fib::kRouteMetric);
  if (route == nullptr) return list;
  const auto add = [&](std::uint32_t id) {
    const auto it = kernel.next_hops().find(id);
    if (it != kernel.next_hops().end() && it->second.gateway) list.push_back(*it->second.gateway);
  };
  const auto object = kernel.next_hops().find(route->next_hop_id);
  if (object == kernel.next_hops().end()) return list;
  if (object->second.group.empty()) add(route->next_hop_id);
  for (const auto& member : object->second.group) add(member.id);
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace perd::sim
