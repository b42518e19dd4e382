"""Layer 2 as seen from either kind of leaf: routes, MACs, neighbours and flood lists."""

import json

from . import probes
from .check import deadline, require
from .traffic import Stream

VTEP1, VTEP2 = "100.64.0.1", "100.65.0.2"
VNI = 110


class Host:
    """A host of a scenario by the last octet of its addresses, and of its MAC if that differs."""

    def __init__(self, name, last, mac=None, net4="192.168.10", net6="fd00:10"):
        self.name, self.mac = name, f"02:00:00:00:00:{mac or last:02x}"
        self.ipv4, self.ipv6 = f"{net4}.{last}", f"{net6}::{last:x}"

    @property
    def addresses(self):
        """Both addresses."""
        return self.ipv4, self.ipv6


def host_nlri(mac, address=None):
    """FRR's name of a type-2 route."""
    if address is None:
        return f"[2]:[0]:[48]:[{mac}]"
    return f"[2]:[0]:[48]:[{mac}]:[{128 if ':' in address else 32}]:[{address}]"


def vtep_nlri(vtep):
    """FRR's name of a type-3 route."""
    return f"[3]:[0]:[{128 if ':' in vtep else 32}]:[{vtep}]"


def has_host_route(node, mac, address, vtep, *needles):
    """FRR has the host's type-2 route by the VTEP; returns the path."""
    return probes.has_evpn(node, "macip", host_nlri(mac, address), vtep, *needles)


def no_host_route(node, mac, address=None, vtep=None):
    """FRR has no such type-2 route (any more)."""
    probes.no_evpn(node, "macip", host_nlri(mac, address), vtep)


def mac_entry(node, vni, mac):
    """What a leaf says about a MAC: {"place", "vtep", "sequence", "frozen"}."""
    if node.spec.daemon == "perd":
        return perd_mac(node, vni, mac)
    table = node.vtysh_json(f"show evpn mac vni {vni}").get("macs", {})
    require(mac in table, f"{node.name} does not know {mac}: {sorted(table)}")
    entry = table[mac]
    local = entry["type"] != "remote"
    return {"place": "local" if local else "remote", "vtep": entry.get("remoteVtep"),
            "sequence": entry.get("localSequence" if local else "remoteSequence", 0),
            "frozen": entry.get("isDuplicate", False)}


def perd_mac(node, vni, mac):
    """The same of perd."""
    rows = json.loads(node.perctl(f"-o json show macs {vni}"))["macs"]
    rows = [row for row in rows if row["mac"] == mac]
    require(rows, f"{node.name} does not know {mac}")
    row = rows[0]
    return {"place": row["place"], "vtep": (row["vteps"] or [None])[0],
            "sequence": row["sequence"], "frozen": row["duplicate"]}


def knows_mac(node, mac, vtep=None, vni=VNI, sequence=None):
    """The leaf has the MAC locally, or behind the VTEP; with that sequence number at least."""
    entry = mac_entry(node, vni, mac)
    wanted = "remote" if vtep else "local"
    require(entry["place"] == wanted and entry["vtep"] == vtep,
            f"{node.name}: {mac} is {entry}, expected {wanted} {vtep or ''}")
    require(sequence is None or entry["sequence"] >= sequence,
            f"{node.name}: {mac} has sequence {entry['sequence']}, expected {sequence}")
    return entry


def knows_address(node, address, mac, vtep=None, vni=VNI):
    """The leaf has the binding of address and MAC locally, or from the VTEP."""
    if node.spec.daemon == "perd":
        rows = json.loads(node.perctl(f"-o json show neighs {vni}"))["neighbors"]
        rows = {row["address"]: row for row in rows}
        require(address in rows, f"{node.name} does not know {address}: {sorted(rows)}")
        row = rows[address]
        seen = (row["mac"], row["place"], row["vtep"] or None)
    else:
        row = node.vtysh_json(f"show evpn arp-cache vni {vni}").get(address)
        require(row, f"{node.name} does not know {address}")
        seen = (row["mac"], row["type"], row.get("remoteVtep"))
    wanted = (mac, "remote" if vtep else "local", vtep)
    require(seen == wanted, f"{node.name}: {address} is {seen}, expected {wanted}")


def forgets_address(node, address, vni=VNI):
    """The leaf has no binding of the address any more."""
    if node.spec.daemon == "perd":
        rows = json.loads(node.perctl(f"-o json show neighs {vni}"))["neighbors"]
        present = any(row["address"] == address for row in rows)
    else:
        present = bool(node.vtysh_json(f"show evpn arp-cache vni {vni}").get(address))
    require(not present, f"{node.name} still knows {address}")


def floods(node, vxlan):
    """The VTEPs in the flood list of a VXLAN device."""
    return sorted(e["dst"] for e in node.json(f"bridge -j fdb show dev {vxlan}")
                  if e.get("mac") == "00:00:00:00:00:00" and "dst" in e)


def floods_to(node, vxlan, vteps):
    """The kernel floods to exactly these VTEPs."""
    seen = floods(node, vxlan)
    require(seen == sorted(vteps), f"{node.name} floods to {seen}, expected {sorted(vteps)}")


def fdb_destination(node, vxlan, mac):
    """Where the VXLAN device sends a MAC: an address, or the addresses of a next-hop group."""
    entries = [e for e in node.json(f"bridge -j fdb show dev {vxlan}") if e.get("mac") == mac]
    for entry in entries:
        if "dst" in entry:
            return [entry["dst"]]
        if "nhid" in entry:
            objects = {o["id"]: o for o in node.json("ip -j nexthop show")}
            chosen = objects.get(entry["nhid"], {})
            members = [m["id"] for m in chosen.get("group", [])] or [entry["nhid"]]
            return sorted(probes.hop_gateway(objects[m]) for m in members if m in objects)
    return []


def remote_in_kernel(node, vxlan, mac, vtep):
    """The kernel sends the MAC to the VTEP; the bridge to the VXLAN device; both as learned."""
    seen = fdb_destination(node, vxlan, mac)
    require(seen == [vtep], f"{node.name}: {mac} leads to {seen} on {vxlan}, expected {vtep}")
    entries = [e for e in node.json(f"bridge -j fdb show dev {vxlan}") if e.get("mac") == mac]
    require(any("master" in e for e in entries), f"the bridge does not know {mac}: {entries}")
    for entry in entries:
        require("extern_learn" in entry.get("flags", []), f"not extern_learn: {entry}")


def not_remote_in_kernel(node, vxlan, mac):
    """The VXLAN device has no entry for the MAC."""
    entries = [e for e in node.json(f"bridge -j fdb show dev {vxlan}") if e.get("mac") == mac]
    require(not entries, f"{node.name}: still there: {entries}")


def neighbour_in_kernel(node, device, address, mac):
    """An entry for a remote host, learned from outside: suppression answers with it."""
    entries = [e for e in node.json(f"ip -j neigh show dev {device}") if e.get("dst") == address]
    require(entries, f"{node.name}: no neighbour {address} on {device}")
    require(entries[0].get("lladdr") == mac, f"{address} is {entries[0]}, expected {mac}")
    require("extern_learn" in entries[0], f"not extern_learn: {entries[0]}")


def no_neighbour_in_kernel(node, device, address):
    """No entry from outside is left."""
    entries = [e for e in node.json(f"ip -j neigh show dev {device}")
               if e.get("dst") == address and "extern_learn" in e]
    require(not entries, f"{node.name}: still there: {entries}")


def both_families(check, source, target, ttl):
    """One host pings another, IPv4 and IPv6."""
    for address in target.addresses:
        check.expect(f"{source.name} pings {target.name}, {address}, ttl {ttl}",
                     lambda a=address: probes.pings(check[source.name], a, ttl))


def introduce(node, *hosts, prefix=""):
    """FRR advertises the address of a host only once it is a neighbour of the bridge.

    The prefix runs ping in a VRF.
    """
    if node.spec.daemon == "frr":
        for host in hosts:
            for address in host.addresses:
                node.run(f"{prefix}ping -n -c 1 -W 1 {address}", check=False)


def pings_all(node, wanted):
    """All of these addresses answer with their ttl: {address: ttl}. They are asked at once."""
    script = ('for a in "$@"; do (ping -n -c 1 -W 2 $a | sed -n "s/.*ttl=\\([0-9]*\\).*/$a \\1/p") '
              '& done; wait')
    rows = node.run(["sh", "-c", script, "sh", *wanted]).splitlines()
    seen = {address: int(ttl) for address, ttl in (row.split() for row in rows)}
    wrong = {a: (seen.get(a), ttl) for a, ttl in wanted.items() if seen.get(a) != ttl}
    require(not wrong, f"{node.name}: (ttl seen, expected): {wrong}")


def known_macs(node, vni):
    """All MACs that a leaf takes for hosts' in a VNI."""
    if node.spec.daemon == "perd":
        return {row["mac"] for row in json.loads(node.perctl(f"-o json show macs {vni}"))["macs"]}
    return set(node.vtysh_json(f"show evpn mac vni {vni}").get("macs", {}))


def move(check, machine, old, new, how, watchers, down=False, within=1.0):
    """Moves a virtual machine under streams of pings from the watchers [(node, address)].

    Says how long each stream was interrupted; it must be less than `within`.
    """
    streams = [Stream(check[name], address) for name, address in watchers]
    for stream in streams:
        check.expect(f"{stream.node.name} reaches {stream.target}", lambda s=stream: probes.pings(
            s.node, s.target))
    machine.run(["python3", check.lab.file("../lib/vm.py"), "move", old, new, *how.split(),
                 *(["--down"] if down else [])])
    for stream in streams:
        check.expect(f"after the move {stream.node.name} reaches {stream.target}",
                     lambda s=stream: probes.pings(s.node, s.target, count=3), 10)
    limit = deadline(within)
    for stream in streams:
        lost = stream.stop().outage()
        sent, back = stream.counts()
        if lost > limit:
            check.fail(f"{stream.node.name} to {stream.target}: interrupted less than {limit} s",
                       f"{lost:.2f} s, {back} of {sent} answered")
        print(f"  ok    {stream.node.name} to {stream.target}: interrupted for {lost:.2f} s, "
              f"{sent - back} of {sent} pings lost", flush=True)
