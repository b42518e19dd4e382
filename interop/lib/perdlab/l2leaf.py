"""The common part of the checks of layer 2: what FRR and the kernel say of MACs and segments."""

from . import probes
from .check import require


def frr_mac(node, vni, mac, vtep=None):
    """FRR knows the MAC: at that VTEP, or local when none is named; returns its entry."""
    macs = node.vtysh_json(f"show evpn mac vni {vni}").get("macs", {})
    entry = macs.get(mac)
    require(entry, f"{node.name}: no {mac} in VNI {vni}: {sorted(macs)}")
    if vtep:
        require(entry.get("type") == "remote" and entry.get("remoteVtep") == vtep,
                f"{node.name}: {mac} is {entry}")
    else:
        require(entry.get("type") == "local", f"{node.name}: {mac} is {entry}")
    return entry


def frr_address(node, vni, address, mac, vtep):
    """FRR's zebra has the binding of a remote host."""
    table = node.vtysh_json(f"show evpn arp-cache vni {vni}")
    entry = table.get(address)
    require(entry and entry.get("mac") == mac and entry.get("remoteVtep") == vtep,
            f"{node.name}: {address} is {entry}")
    return entry


def frr_imet(node, vtep):
    """FRR has the type 3 route of a VTEP."""
    text = node.vtysh("show bgp l2vpn evpn route type multicast")
    require(f"[3]:[0]:[32]:[{vtep}]" in text, text)


def remote_host(node, device, bridge, mac, address, vtep):
    """perd's kernel has everything that belongs to a remote host."""
    probes.has_fdb(node, device, mac, vtep)
    entry = probes.has_neighbour(node, bridge, address, mac)
    require("NOARP" in entry.get("state", []), f"{node.name}: {entry}")


def flood(node, device, vtep):
    """Broadcasts go to that VTEP."""
    entries = node.json(f"bridge -j fdb show dev {device}")
    require(any(e.get("mac") == "00:00:00:00:00:00" and e.get("dst") == vtep for e in entries),
            f"{node.name}: {device} does not flood to {vtep}: {entries}")


def no_mac_via(node, device, vtep):
    """Nothing of that VTEP is left in the VXLAN device."""
    entries = [e for e in node.json(f"bridge -j fdb show dev {device}") if e.get("dst") == vtep]
    require(not entries, f"{node.name}: {device} still has {entries}")
