"""The steps that the scenarios of one stretched subnet share: HOST1 and VM at leaf1, HOST2 and
HOST3 at leaf2, L2VNI 110."""

from . import l2leaf, probes
from .l2leaf import VNI, VTEP1, VTEP2, Host

HOST1, HOST2, HOST3, VM = Host("HOST1", 2), Host("HOST2", 3), Host("HOST3", 4), Host("VM", 5)
BRIDGE1, VXLAN1 = "br110", "vni110"


def leaf2_devices(check):
    """(VXLAN device, bridge) of leaf2."""
    return check.expect("leaf2 has a VXLAN device with VNI 110 on a bridge",
                        lambda: probes.vxlan_of(check["leaf2"], VNI), 30)


def flood_lists(check, vxlan2):
    """Type-3 routes went both ways."""
    for name, other in (("leaf1", VTEP1), ("leaf1", VTEP2), ("leaf2", VTEP1), ("leaf2", VTEP2)):
        if check[name].spec.daemon == "frr":
            check.expect(f"{name} has {l2leaf.vtep_nlri(other)}", lambda n=name, o=other: (
                probes.has_evpn(check[n], "multicast", l2leaf.vtep_nlri(o), o, "ET:8",
                                f":{VNI}")), 30)
    check.expect(f"leaf1 floods to {VTEP2}", lambda: l2leaf.floods_to(
        check["leaf1"], VXLAN1, [VTEP2]), 30)
    check.expect(f"leaf2 floods to {VTEP1}", lambda: l2leaf.floods_to(
        check["leaf2"], vxlan2, [VTEP1]), 30)


def at_leaf1(check, vxlan2, bridge2, hosts):
    """Both leaves know that these hosts are behind leaf1."""
    leaf1, leaf2 = check["leaf1"], check["leaf2"]
    for host in hosts:
        check.expect(f"leaf2 knows {host.name}'s MAC and both its addresses behind {VTEP1}",
                     lambda h=host: known(leaf2, h, VTEP1))
        check.expect(f"leaf1 knows {host.name} as its own", lambda h=host: known(leaf1, h))
        check.expect(f"leaf2's kernel sends it to {VTEP1}", lambda h=host: (
            l2leaf.remote_in_kernel(leaf2, vxlan2, h.mac, VTEP1)))
        for address in host.addresses:
            check.expect(f"leaf2's kernel answers for {address}", lambda h=host, a=address: (
                l2leaf.neighbour_in_kernel(leaf2, bridge2, a, h.mac)))


def at_leaf2(check, hosts):
    """Both leaves know that these hosts are behind leaf2; leaf1 is FRR."""
    leaf1, leaf2 = check["leaf1"], check["leaf2"]
    for host in hosts:
        check.expect(f"leaf1 has the type-2 routes of {host.name} via {VTEP2}", lambda h=host: [
            l2leaf.has_host_route(leaf1, h.mac, a, VTEP2, "ET:8", f":{VNI}")
            for a in (None, *h.addresses)])
        check.expect(f"leaf1 knows {host.name}'s MAC and both its addresses behind {VTEP2}",
                     lambda h=host: known(leaf1, h, VTEP2))
        check.expect(f"leaf2 knows {host.name} as its own", lambda h=host: known(leaf2, h))
        check.expect(f"leaf1's kernel sends it to {VTEP2}", lambda h=host: (
            l2leaf.remote_in_kernel(leaf1, VXLAN1, h.mac, VTEP2)))


def known(node, host, vtep=None, sequence=None):
    """The leaf has the host's MAC and both its addresses in that place."""
    l2leaf.knows_mac(node, host.mac, vtep, sequence=sequence)
    for address in host.addresses:
        l2leaf.knows_address(node, address, host.mac, vtep)


def moved(check, host, now, before, vtep, sequence):
    """Both leaves agree that the host is at `now`; its sequence number went up."""
    sentence = f"{now} has {host.name}, sequence number {sequence} or more"
    check.expect(sentence, lambda: known(check[now], host, sequence=sequence), 5)
    check.expect(f"{before} has it behind {vtep}",
                 lambda: known(check[before], host, vtep, sequence), 5)
