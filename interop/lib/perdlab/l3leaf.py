"""The common part of the checks of S01: leaf1 (FRR) - spine - leaf2 (perd), VRF red, VNI 100."""

from . import probes
from .check import require

VTEP1, VTEP2 = "100.64.0.1", "100.65.0.2"
NET1, NET2 = "192.168.10.0/24", "192.168.11.0/24"
HOST1, HOST2 = "192.168.10.1", "192.168.11.1"
RMAC1 = "aa:bb:cc:00:00:65"
TABLE, VNI = 1100, 100


def routes_at_leaf1(check, rt="RT:64512:100"):
    """leaf1 has leaf2's type-5 route with everything that belongs to it; returns its path."""
    leaf1, leaf2 = check["leaf1"], check["leaf2"]

    def probe():
        _, bridge = probes.vxlan_of(leaf2, VNI)
        rmac = probes.mac_of(leaf2, bridge)
        return probes.has_type5(leaf1, NET2, VTEP2, rt, "ET:8", f"Rmac:{rmac}")

    return check.expect(f"leaf1 has [5]:[0]:[24]:[192.168.11.0] via {VTEP2} with {rt}, ET:8 and "
                        "the MAC of leaf2's L3VNI bridge", probe, within=30)


def kernel_at_leaf2(check, bridge_name=None):
    """leaf2's kernel holds VRF, VXLAN, route, neighbour and FDB entry for leaf1's prefix."""
    leaf2 = check["leaf2"]
    check.expect("leaf2's VRF red has table 1100",
                 lambda: require(probes.vrf_table(leaf2, "red") == TABLE, "another table"))
    vxlan, bridge = check.expect("leaf2 has a VXLAN device with VNI 100 on a bridge",
                                 lambda: probes.vxlan_of(leaf2, VNI))
    if bridge_name:
        check.expect(f"that bridge is {bridge_name}",
                     lambda: require(bridge == bridge_name, f"it is {bridge}"))
    check.expect(f"leaf2's table 1100 has {NET1} via {VTEP1} dev {bridge}",
                 lambda: require(probes.has_route(leaf2, TABLE, NET1, [VTEP1]) == [bridge],
                                 "another device"))
    check.expect(f"leaf2 has the neighbour {VTEP1} = {RMAC1} on {bridge}",
                 lambda: probes.has_neighbour(leaf2, bridge, VTEP1, RMAC1))
    check.expect(f"leaf2's FDB sends {RMAC1} to {VTEP1} on {vxlan}",
                 lambda: probes.has_fdb(leaf2, vxlan, RMAC1, VTEP1))
    return vxlan, bridge


def pings_both_ways(check, ttl=62):
    """The hosts reach each other through two routers."""
    check.expect(f"HOST1 pings {HOST2}, ttl {ttl}",
                 lambda: probes.pings(check["HOST1"], HOST2, ttl))
    check.expect(f"HOST2 pings {HOST1}, ttl {ttl}",
                 lambda: probes.pings(check["HOST2"], HOST1, ttl))


def sessions_at_spine(check, peers=("192.168.1.1", "192.168.1.3"), spine="spine"):
    """The FRR spine has both leaves up for both families."""
    for peer in peers:
        for family in ("ipv4Unicast", "l2VpnEvpn"):
            check.expect(f"{spine}: {peer} established, {family}",
                         lambda p=peer, f=family: probes.session_up(check[spine], p, f),
                         within=30)


def show_sessions(check):
    """What a user looks at for the sessions."""
    check.see("spine", "vtysh show bgp summary")
    check.see("leaf2", "perctl show neighbors")


def show_routes(check):
    """What a user looks at for the type-5 routes."""
    check.see("leaf1", "vtysh show bgp l2vpn evpn route type prefix")
    check.see("leaf2", "perctl show evpn")


def show_kernel(check, vxlan, bridge):
    """What a user looks at in leaf2's kernel."""
    check.see("leaf2", f"ip route show table {TABLE}")
    check.see("leaf2", "ip nexthop show")
    check.see("leaf2", f"ip neigh show dev {bridge}")
    check.see("leaf2", f"bridge fdb show dev {vxlan}")
    check.see("leaf2", "perctl show vrfs")


def withdrawn_on_stop(check):
    """perd stopped without graceful restart: leaf1 loses the route at once."""
    check["leaf2"].stop()
    check.expect("leaf2 stopped with SIGTERM: leaf1 has withdrawn its route",
                 lambda: probes.no_type5(check["leaf1"], NET2, VTEP2), within=5)
    check.expect("leaf1's kernel has no route to it either",
                 lambda: probes.no_route(check["leaf1"], TABLE, NET2), within=5)
