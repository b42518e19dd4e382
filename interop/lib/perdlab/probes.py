"""What can be asked of peers and kernels; each probe returns what it saw or raises Mismatch."""

import ipaddress
import re

from .check import require


def session_up(node, peer, family="ipv4Unicast"):
    """An FRR node has an established session with the peer's address for a family."""
    families = node.vtysh_json("show bgp summary")
    peers = families.get(family, {}).get("peers", {})
    state = peers.get(peer, {}).get("state", "absent")
    require(state == "Established", f"{node.name}: {peer} {family} is {state}")
    return peers[peer]


def gobgp_session_up(node, peer):
    """A GoBGP node has an established session."""
    text = node.gobgp("neighbor")
    require(re.search(rf"^{re.escape(peer)}\s.*\bEstabl\b", text, re.M), text)
    return text


def nlri(prefix):
    """FRR's name of a type-5 route."""
    net = ipaddress.ip_network(prefix)
    return f"[5]:[0]:[{net.prefixlen}]:[{net.network_address}]"


def flatten(paths):
    """FRR nests paths in lists of lists; this gives the paths."""
    for item in paths:
        if isinstance(item, list):
            yield from flatten(item)
        else:
            yield item


def evpn_paths(node, kind, name, next_hop=None):
    """Paths of an EVPN route, by FRR's name, in an FRR node's table, possibly of one next hop."""
    table, found = node.vtysh_json(f"show bgp l2vpn evpn route type {kind}"), []
    for rd, routes in table.items():
        if isinstance(routes, dict) and name in routes:
            for path in flatten(routes[name].get("paths", [])):
                hops = [hop["ip"] for hop in path.get("nexthops", [])]
                if next_hop is None or next_hop in hops:
                    found.append({**path, "rd": rd})
    return found


def has_evpn(node, kind, name, next_hop, *needles):
    """A valid path with the next hop; needles must be among its extended communities."""
    paths = evpn_paths(node, kind, name, next_hop)
    require(paths, f"{node.name} has no {name} via {next_hop}")
    path = paths[0]
    require(path.get("valid"), f"{name} is not valid: {path}")
    communities = path.get("extendedCommunity", {}).get("string", "")
    for needle in needles:
        require(needle in communities, f"{name}: no {needle} in '{communities}'")
    return path


def no_evpn(node, kind, name, next_hop=None):
    """No path of that route is left."""
    paths = evpn_paths(node, kind, name, next_hop)
    require(not paths, f"{node.name} still has {name} via {next_hop}: {paths}")


def type5_paths(node, prefix, next_hop=None):
    """Paths of a type-5 route in an FRR node's EVPN table, possibly of one next hop only."""
    return evpn_paths(node, "prefix", nlri(prefix), next_hop)


def has_type5(node, prefix, next_hop, *needles):
    """A valid type-5 path with the next hop; needles must be among its extended communities."""
    return has_evpn(node, "prefix", nlri(prefix), next_hop, *needles)


def no_type5(node, prefix, next_hop):
    """No path of that route is left."""
    no_evpn(node, "prefix", nlri(prefix), next_hop)


def kernel_routes(node, table, family=4):
    """All unicast routes of a table: {prefix: route} as `ip -j` tells it."""
    routes = node.json(f"ip -j -{family} route show table {table}")
    return {r["dst"]: r for r in routes if r.get("type", "unicast") == "unicast"}


def hops_of(node, route):
    """(gateway, device) pairs of a route, through next-hop objects and groups if it has them."""
    if "nhid" in route and "gateway" not in route and "nexthops" not in route:
        objects = {o["id"]: o for o in node.json("ip -j nexthop show")}
        chosen = objects.get(route["nhid"], {})
        members = [m["id"] for m in chosen.get("group", [])] or [route["nhid"]]
        return sorted((hop_gateway(objects[m]), objects[m].get("dev")) for m in members
                      if m in objects)
    legs = route.get("nexthops") or [route]
    return sorted((hop_gateway(leg), leg.get("dev")) for leg in legs)


def hop_gateway(leg):
    """The gateway of a next hop, in whichever way it is spelled; v4-mapped ones as IPv4."""
    text = leg.get("gateway") or leg.get("via", {}).get("host", "")
    if text.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(text).ipv4_mapped
        return str(mapped or text)
    return text


def has_route(node, table, prefix, gateways, family=4):
    """The kernel's table has the prefix by exactly these gateways, onlink; returns the devices."""
    routes = kernel_routes(node, table, family)
    plain = str(ipaddress.ip_network(prefix))
    short = plain.split("/")[0] if plain.endswith(("/32", "/128")) else plain
    route = routes.get(short) or routes.get(plain)
    require(route, f"{node.name}: no {plain} in table {table}: {sorted(routes)}")
    hops = hops_of(node, route)
    require(sorted(h[0] for h in hops) == sorted(gateways),
            f"{plain} goes by {hops}, expected {gateways}")
    return [device for _, device in hops]


def no_route(node, table, prefix, family=4):
    """The kernel's table does not have the prefix."""
    routes = kernel_routes(node, table, family)
    plain = str(ipaddress.ip_network(prefix))
    short = plain.split("/")[0] if plain.endswith(("/32", "/128")) else plain
    require(short not in routes and plain not in routes, f"{node.name}: {plain} is still there")


def has_neighbour(node, device, address, mac=None):
    """A permanent neighbour entry for a VTEP, with the router MAC; returns it."""
    entries = [e for e in node.json(f"ip -j neigh show dev {device}") if e.get("dst") == address]
    require(entries and entries[0].get("lladdr"), f"{node.name}: no neighbour {address} {device}")
    require(mac is None or entries[0]["lladdr"] == mac, f"{address} is {entries[0]}, not {mac}")
    return entries[0]


def has_fdb(node, device, mac, vtep):
    """The VXLAN device sends a router MAC to a VTEP, and the bridge sends it to that device."""
    entries = [e for e in node.json(f"bridge -j fdb show dev {device}") if e.get("mac") == mac]
    require(any(e.get("dst") == vtep for e in entries),
            f"{node.name}: {mac} does not lead to {vtep} on {device}: {entries}")
    require(any("master" in e for e in entries),
            f"{node.name}: the bridge does not know {mac}: {entries}")
    return entries


def vxlan_of(node, vni):
    """(vxlan device, its bridge) of a VNI."""
    links = node.json("ip -j -d link show type vxlan")
    for link in links:
        if link.get("linkinfo", {}).get("info_data", {}).get("id") == vni:
            require(link.get("master"), f"{link['ifname']} has no bridge")
            return link["ifname"], link["master"]
    return require(False, f"{node.name}: no VXLAN device with VNI {vni}: {links}")


def link(node, name):
    """A link with its details, or Mismatch."""
    links = [entry for entry in node.json("ip -j -d link show") if entry["ifname"] == name]
    require(links, f"{node.name}: no link {name}")
    return links[0]


def mac_of(node, name):
    """The MAC address of a link."""
    return link(node, name)["address"]


def vrf_table(node, name):
    """The table of a VRF."""
    data = link(node, name).get("linkinfo", {})
    require(data.get("info_kind") == "vrf", f"{node.name}: {name} is no VRF: {data}")
    return data["info_data"]["table"]


def pings(node, target, ttl=None, count=1):
    """The target answers all of count pings, with that ttl."""
    text = node.run(f"ping -n -c {count} -i 0.2 -W 1 {target}", check=False)
    answers = re.findall(r"ttl=(\d+)", text)
    require(len(answers) == count, text)
    require(ttl is None or set(answers) == {str(ttl)}, f"ttl {answers}, expected {ttl}")
    return text
